"""Google AI Studio: its stream format, its refusals, and the proof of what the page sent.

The page asks one remote procedure on a host of its own, across origins, and sends the whole
conversation with every turn. Request and answer are arrays in which places stand for field names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from cdp_relay.chat.contract import Provider, SiteDefinition, Submission
from cdp_relay.errors import ChallengeShown, RelayError
from cdp_relay.wire import decode_sparse

from ._aistudio_errors import error_of, is_check, read_body
from ._aistudio_stream import AIStudioDecoder

__all__ = ["SiteProvider"]

# Places in a request, in its generation settings, and in a part of a message.
_MODEL, _CONTENTS, _SETTINGS, _SYSTEM = 0, 1, 3, 5
_STOP, _MAX_TOKENS, _TEMPERATURE, _THINKING = 1, 3, 4, 16
_TEXT, _THOUGHT = 1, 12
_FILES = (2, 5, 6)

_LEVELS = {1: "low", 2: "medium", 3: "high", 4: "minimal"}


class SiteProvider(Provider):
    """AI Studio on aistudio.google.com, as redesigned in 2026."""

    def __init__(self, site: SiteDefinition, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(site)
        self._now = now

    def new_decoder(self) -> AIStudioDecoder:
        """Return a decoder for one turn."""
        return AIStudioDecoder(now=self._now)

    def read_submission(self, body: bytes) -> Submission | None:
        """Read the page's own request: of the whole conversation, the newest message of the person."""
        try:
            request = decode_sparse(body)
        except ValueError:
            return None
        contents = _list(_at(request, _CONTENTS))
        for content in reversed(contents):
            if _at(content, 1) == "user":
                return _submission(request, _list(_at(content, 0)))
        return None

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> RelayError:
        """Turn a refused submission into an error, in the site's own words where it has some."""
        if is_check(status, headers, body):
            return ChallengeShown(
                f"Google has noticed unusual traffic and wants proof that a person is there (HTTP {status}).",
                details={"site": self.site.name, "http_status": status},
            )
        return error_of(
            read_body(body), status=status, retry_after=headers.get("retry-after", ""), now=self._now
        )


def _submission(request: Any, parts: list[Any]) -> Submission | None:
    texts = [text for part in parts if isinstance(text := _at(part, _TEXT), str) and not _at(part, _THOUGHT)]
    files = sum(any(_at(part, place) is not None for place in _FILES) for part in parts)
    if not texts and not files:
        return None
    model = _at(request, _MODEL)
    return Submission(
        prompt="".join(texts) if texts else None,
        model=model.removeprefix("models/") if isinstance(model, str) and model else None,
        attachments=files,
        wishes=_wishes(request),
    )


def _wishes(request: Any) -> dict[str, str | float | tuple[str, ...]]:
    """What the request says of the run settings, by the names of the page's controls."""
    settings = _at(request, _SETTINGS)
    system = [_at(part, _TEXT) for part in _list(_at(_at(request, _SYSTEM), 0))]
    stop = _list(_at(settings, _STOP))
    wishes: dict[str, str | float | tuple[str, ...]] = {
        "system": "".join(text for text in system if isinstance(text, str)),
        "stop": tuple(text for text in stop if isinstance(text, str)),
    }
    for name, place in (("temperature", _TEMPERATURE), ("max_output_tokens", _MAX_TOKENS)):
        value = _at(settings, place)
        if isinstance(value, int | float) and not isinstance(value, bool):
            wishes[name] = float(value)
    thinking = _at(settings, _THINKING)
    level, budget = _at(thinking, 3), _at(thinking, 1)
    if isinstance(level, int) and level in _LEVELS:
        wishes["effort"] = _LEVELS[level]
    elif budget == 0 and isinstance(budget, int) and not isinstance(budget, bool):
        wishes["effort"] = "none"
    return wishes


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, list) and place < len(values) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
