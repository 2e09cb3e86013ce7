"""The slips that leave no doubt about what was meant, mended in one linear pass."""

from __future__ import annotations

import re

__all__ = ["is_doubtful", "mend_slips"]

# Strings first, so that nothing inside of one is taken for anything else.
_SLIP = re.compile(r'"(?:[^"\\]++|\\.)*+"|,(?=\s*+[}\]])|\b(?:True|False|None)\b', re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null", ",": ""}
_ANY_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_VALID = frozenset('"\\/bfnrtu')
_LETTERS = frozenset("bfnrt")


def mend_slips(text: str) -> str:
    """JSON without its commas too many, Python's words for true and null, and escapes that JSON has not.

    Raises:
      ValueError: a string's backslashes can be read in two ways.
    """
    return _SLIP.sub(_mend, text)


def is_doubtful(written: str) -> bool:
    r"""Whether some backslashes must be meant as such, and others need not: ``C:\dir\new``."""
    escapes = set(_ANY_ESCAPE.findall(written))
    return not escapes <= _VALID | {"'"} and not escapes.isdisjoint(_LETTERS)


def _mend(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] != '"':
        return _WORDS[text]
    if "\\" not in text:
        return text
    if is_doubtful(text):
        raise ValueError("it has backslashes that are no JSON escapes")
    return _ANY_ESCAPE.sub(_mend_escape, text)


def _mend_escape(match: re.Match[str]) -> str:
    if match[1] in _VALID:
        return match[0]
    return "'" if match[1] == "'" else f"\\{match[0]}"
