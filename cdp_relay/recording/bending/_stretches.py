"""Where each event of a body begins and ends, with all that frames it."""

from __future__ import annotations

import re

from cdp_relay.recording.telling.told import documents_of, form_of, text_of

__all__ = ["stretches_of"]

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def stretches_of(body: bytes, media_type: str = "") -> list[tuple[int, int]]:
    """The bytes of each event, frame, element or line of a body; they do not overlap.

    A server-sent event goes from its first field to behind its blank line, comments and all.
    """
    text = text_of(body)
    media_type = "text/event-stream" if "event-stream" in media_type else ""
    match form_of(text, media_type):
        case "events":
            return _events(body)
        case "frames":
            return [
                (start, end) for start, end in _between(body, re.compile(rb"^\d{1,9}\n(?=\[)", re.MULTILINE))
            ]
        case "growing":
            return _elements(text)
        case "lines":
            return _between(body, re.compile(rb"^(?=[^\r\n])", re.MULTILINE))
        case _:
            return [(0, len(body))] if body else []


def _events(body: bytes) -> list[tuple[int, int]]:
    stretches, start = [], 0
    for blank in _BLANK_LINE.finditer(body):
        if body[start : blank.start()].strip():
            stretches.append((start, blank.end()))
        start = blank.end()
    if body[start:].strip():
        stretches.append((start, len(body)))
    return stretches


def _between(body: bytes, begin: re.Pattern[bytes]) -> list[tuple[int, int]]:
    starts = [found.start() for found in begin.finditer(body)]
    return list(zip(starts, [*starts[1:], len(body)], strict=True))


def _elements(text: str) -> list[tuple[int, int]]:
    """Elements of a growing array, each with the comma that parts it from the one before."""
    stretches: list[tuple[int, int]] = []
    chars = size = 0
    for document in documents_of(text):
        start = document.start - 1 if stretches and text[document.start - 1] == "," else document.start
        before = size + _bytes(text[chars:start])
        size = before + _bytes(text[start : document.end])
        chars = document.end
        stretches.append((before, size))
    return stretches


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
