"""Token counts of sites that report none: by a real tokenizer where one is installed, or else estimated.

No site says which tokenizer counts, so even a real one (o200k, of the ``tokens`` extra) only comes near;
it is far nearer than bytes by four on code and on other scripts than Latin.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import attrs

__all__ = [
    "BYTES_PER_TOKEN",
    "Tally",
    "TokenCount",
    "TokenCounter",
    "estimate_tokens",
    "estimate_tokens_of_bytes",
    "load_tokenizer",
    "size_of",
]

BYTES_PER_TOKEN = 4
"""Measured on mixed prose and code: 1,350 against 1,551 of the o200k vocabulary (STACK notes)."""

_MODULE = "toktok"
_ENCODING = "o200k_base"

_BATCH_CHARS = 8192
"""How much streamed text is counted at once: a call costs 45 µs, the counting of this much 50 µs."""

Count = Callable[[str], int]
"""Counts the tokens of a text."""


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text: its UTF-8 bytes by four, rounded up."""
    return estimate_tokens_of_bytes(size_of(text))


def estimate_tokens_of_bytes(count: int) -> int:
    """Estimate the tokens of that many UTF-8 bytes, for texts that are counted as they stream."""
    return -(-count // BYTES_PER_TOKEN)


def size_of(text: str) -> int:
    """The UTF-8 bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


@cache
def load_tokenizer() -> Count | None:
    """Load the tokenizer, once in a process; None where the ``tokens`` extra is not installed.

    Takes up to a second (measured: 0.6 to 1.0 s), during which no other Python code runs: timers of a
    browser that is being worked with could run out meanwhile.
    """
    if find_spec(_MODULE) is None:
        return None
    batch_count = importlib.import_module(_MODULE).batch_count

    def count(text: str) -> int:
        # One thread: counting is faster than the starting of others.
        try:
            (tokens,) = batch_count([text], _ENCODING, 1)
        except UnicodeEncodeError:
            (tokens,) = batch_count([text.encode("utf-8", "replace").decode()], _ENCODING, 1)
        return int(tokens)

    count("the first call is what takes the time")
    return count


@attrs.frozen(kw_only=True)
class TokenCount:
    """The tokens of a text, and who counted them."""

    tokens: int
    source: str
    """``tokenizer`` or ``estimate``."""


@attrs.define(eq=False)
class TokenCounter:
    """Counts tokens as well as it can."""

    tokenizer: Count | None = None
    """A real one, where there is one."""

    @property
    def source(self) -> str:
        """Who counts: ``tokenizer`` or ``estimate``."""
        return "estimate" if self.tokenizer is None else "tokenizer"

    def count(self, text: str) -> TokenCount:
        """Count the tokens of a whole text."""
        counted = (self.tokenizer or estimate_tokens)(text)
        return TokenCount(tokens=counted, source=self.source)

    def tally(self) -> Tally:
        """Count a text that comes in pieces."""
        return Tally(self.tokenizer)


@attrs.define(eq=False)
class Tally:
    """The tokens of one text that comes in pieces. What a piece costs does not grow with the text."""

    _tokenizer: Count | None = None
    bytes: int = attrs.field(default=0, init=False)
    _counted: int = attrs.field(default=0, init=False)
    _pieces: list[str] = attrs.field(factory=list, init=False)
    """What the tokenizer has not counted yet."""
    _waiting: int = attrs.field(default=0, init=False)

    def add(self, text: str) -> None:
        """The text goes on."""
        self.bytes += size_of(text)
        if self._tokenizer is not None:
            self._pieces.append(text)
            self._waiting += len(text)
            if self._waiting >= _BATCH_CHARS:
                self._count_waiting(self._tokenizer)

    def shrink(self, part: float) -> None:
        """Only *part* of the text is left: what was cut off is known to nobody any more but by its share."""
        if self._tokenizer is not None:
            self._count_waiting(self._tokenizer)
        self.bytes, self._counted = int(self.bytes * part), int(self._counted * part)

    @property
    def tokens(self) -> int:
        """How many there are by now."""
        if self._tokenizer is None:
            return estimate_tokens_of_bytes(self.bytes)
        self._count_waiting(self._tokenizer)
        return self._counted

    def _count_waiting(self, tokenizer: Count) -> None:
        if self._pieces:
            self._counted += tokenizer("".join(self._pieces))
            self._pieces.clear()
            self._waiting = 0
