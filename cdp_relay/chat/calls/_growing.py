"""A JSON string that is decoded while it comes in."""

from __future__ import annotations

import json
import re

import attrs

__all__ = ["GrowingString"]

_WHOLE = re.compile(r'(?:[^"\\]++|\\[^u]|\\u[0-9a-fA-F]{4})*+', re.DOTALL)
_HIGH_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")


@attrs.define(eq=False)
class GrowingString:
    """Decodes a string of strict JSON, its quotation marks included, that comes in pieces."""

    _pieces: list[str] = attrs.field(factory=list)
    _tail: str = ""
    _opened: bool = False

    @property
    def text(self) -> str:
        """All that was decoded."""
        return "".join(self._pieces)

    def feed(self, raw: str) -> str:
        """Take the next piece of the string as it was written, and return what it adds to the text."""
        if not self._opened and raw:
            raw, self._opened = raw[1:], True
        raw = self._tail + raw
        match = _WHOLE.match(raw)
        end = match.end() if match else 0
        if end == len(raw) or raw[end] != '"':
            # The other half of a pair may follow.
            half = _HIGH_SURROGATE.search(raw, max(0, end - 6), end)
            end = half.start() if half else end
        self._tail = raw[end:]
        decoded = json.loads(f'"{raw[:end]}"', strict=False)
        text: str = decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self._pieces.append(text)
        return text
