"""Forms of values in requests: which is an id that differs each time, and which a word with a meaning."""

from __future__ import annotations

import re

from cdp_relay.recording.redaction.placeholders import is_placeholder

__all__ = ["find_uuids", "id_form", "is_changing", "may_stand_for", "normal_segment"]

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEX = re.compile(r"(?:[A-Za-z]{1,8}[_-])?(?=[^0-9]*[0-9])(?:[0-9a-f]{8,}|[0-9A-F]{8,})")
"""After the kind of id that it is, where that is said (``c_``, ``file-``)."""
_TOKEN = re.compile(r"[A-Za-z0-9_\-+/=.~%!]{16,}")
_DIGITS = re.compile(r"-?\d{5,}(?:\.\d+)?")
_WORD = re.compile(r"[a-z]{6,}|[A-Z][a-z]{5,}")
"""In a token of chance there is hardly one: six small letters in a row."""
_SHORTEST_PLACEHOLDER = 6
"""Shorter ones cannot be told from words and numbers."""


def id_form(text: str) -> str | None:
    """What kind of id a text is, with its length where that belongs to it; None for everything else."""
    if _UUID.fullmatch(text):
        return "uuid"
    if _DIGITS.fullmatch(text):
        return f"digits{len(text)}"
    if _HEX.fullmatch(text):
        return f"hex{len(text)}"
    if _TOKEN.fullmatch(text) and not _WORD.search(text):
        mixed = sum(1 for character in text if character.isdigit()) >= 2
        if mixed or (text != text.lower() and text != text.upper()):
            return f"token{len(text)}"
    return None


def is_changing(text: str) -> bool:
    """Whether a text is likely to be another one the next time: an id, a token, a time, or what hides one."""
    return id_form(text) is not None or (len(text) >= _SHORTEST_PLACEHOLDER and is_placeholder(text))


def may_stand_for(asked: str, recorded: str) -> bool:
    """Whether a page may have made the one anew where it had the other when it was recorded.

    Short numbers are left alone: they stand for too much else in an answer.
    """
    form = id_form(asked)
    if form is None or len(asked) != len(recorded) or asked == recorded:
        return False
    if len(asked) < 16:
        return False
    return form == id_form(recorded) or is_placeholder(recorded)


def normal_segment(segment: str) -> str:
    """A part of a path, with a star for an id."""
    return "*" if is_changing(segment) else segment


def find_uuids(text: str) -> list[tuple[int, str]]:
    """Those in a longer text, and where."""
    return [(found.start(), found[0]) for found in _UUID.finditer(text)]
