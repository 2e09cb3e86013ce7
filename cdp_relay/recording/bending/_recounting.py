"""What else a text has to say once its strings have changed: lengths of frames, their total, and blanks."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from cdp_relay.recording.telling.told import Document, Edit, documents_of, form_of

__all__ = ["applied", "recounted"]

_DIGITS = re.compile(r"(\d{1,9})\n\Z")
_TOTAL = re.compile(r'\["e",\d+,null,null,(\d+)\]')
_PADDED_TO = 8
"""Bytes; some sites fill their events up with blanks."""


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with its edits, which do not overlap."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def recounted(text: str, media_type: str, edits: Sequence[Edit]) -> list[Edit]:
    """The edits, and those that make the numbers right again that count what was edited.

    A number that was wrong before is as wrong afterwards.
    """
    if not edits:
        return []
    match form_of(text, media_type):
        case "frames":
            return _with_lengths(text, edits, list(documents_of(text, media_type)))
        case "events":
            return [*edits, *_paddings(text, edits, list(documents_of(text, media_type)))]
        case _:
            return list(edits)


def _with_lengths(text: str, edits: Sequence[Edit], documents: Sequence[Document]) -> list[Edit]:
    edits = list(edits)
    last = documents[-1] if documents else None
    total = _TOTAL.search(text, last.start, last.end) if last is not None else None
    lengths = [*edits, *_lengths(text, edits, documents)]
    if total is None:
        return lengths
    said = int(total[1])
    told = said
    for _ in range(4):
        own = Edit(total.start(1), total.end(1), str(told))
        whole = [*edits, own, *_lengths(text, [*edits, own], documents)]
        grown = sum(_size(edit.text) - _size(text[edit.start : edit.end]) for edit in whole)
        if said + grown == told:
            break
        told = said + grown
    return whole


def _lengths(text: str, edits: Sequence[Edit], documents: Sequence[Document]) -> list[Edit]:
    lengths = []
    for document, inside in _inside(edits, documents):
        grown = sum(_units(edit.text) - _units(text[edit.start : edit.end]) for edit in inside)
        digits = _DIGITS.search(text, max(0, document.start - 10), document.start)
        if grown and digits is not None:
            lengths.append(Edit(digits.start(1), digits.end(1), str(int(digits[1]) + grown)))
    return lengths


def _paddings(text: str, edits: Sequence[Edit], documents: Sequence[Document]) -> list[Edit]:
    """New blanks behind the data of events that are filled up with them."""
    names = {one.event for one in documents if text[one.end - 1] == " "}
    names -= {one.event for one in documents if (one.end - one.start) % _PADDED_TO}
    paddings = []
    for one, inside in _inside(edits, documents):
        if one.event in names:
            data = text[one.start : one.end].rstrip(" ")
            size = _size(data) + sum(_size(edit.text) - _size(text[edit.start : edit.end]) for edit in inside)
            paddings.append(Edit(one.start + len(data), one.end, " " * (-size % _PADDED_TO)))
    return paddings


def _inside(
    edits: Sequence[Edit], documents: Sequence[Document]
) -> Iterator[tuple[Document, Sequence[Edit]]]:
    """The documents that are edited, each with its edits."""
    edits = sorted(edits, key=lambda edit: edit.start)
    starts = [edit.start for edit in edits]
    for document in documents:
        inside = edits[bisect_left(starts, document.start) : bisect_left(starts, document.end)]
        if inside:
            yield document, inside


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
