"""What no database is to hold: keys, tokens and passwords, blotted out of a text.

Sans-IO. What is built in is only what says by its form that it is a secret, because a text in which
something harmless is blotted out is no longer the answer that a program asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from cdp_relay.secret_forms import SECRET_FORMS, SecretForm

__all__ = ["MARK", "Redaction", "RunningText"]

MARK = "[redacted]"
"""Stands where something was blotted out; without a character that JSON would escape."""

_HELD_BACK = 96
"""Characters at the end of a text that goes on which may yet turn out to be the beginning of a secret, as
with a word such as ``Bearer`` before it."""

_HELD_BACK_OWN = 512
"""The same where there are patterns of the user's, of which nobody knows how far they reach."""

_MAX_HELD_BACK = 16 * 1024
"""A text without any place to cut is cut after so many characters all the same."""

_BEGINNING = 160

_PLACE_TO_CUT = re.compile(r"[^A-Za-z0-9_\-+/=.:@%~]")
"""No key or token holds such a character."""


@attrs.frozen
class Redaction:
    """Blots secrets out.

    Args:
      own: regular expressions of the user's, valid ones; what they find is blotted out as well, only their
        first group where they have one.
    """

    own: tuple[str, ...] = ()
    _patterns: tuple[SecretForm, ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        mine = tuple(SecretForm((), re.compile(one)) for one in self.own)
        object.__setattr__(self, "_patterns", (*SECRET_FORMS, *mine))

    @property
    def held_back(self) -> int:
        """How much of a text's end nobody can judge while it goes on."""
        return _HELD_BACK_OWN if self.own else _HELD_BACK

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand, in order and apart from each other."""
        return _joined((start, end) for _, start, end in self.found(text))

    def found(self, text: str) -> list[tuple[int, int, int]]:
        """Where secrets start and end, with where starts what shows that they are; in no order."""
        return [one for pattern in self._patterns for one in pattern.found(text)]

    def blot(self, text: str) -> str:
        """The text without its secrets."""
        spans = self.spans(text)
        return _without(text, spans) if spans else text

    def beginning(self, text: str) -> str:
        """The first words of a text, without the secrets of the whole."""
        return self.blot(text)[:_BEGINNING]

    def blot_pieces(self, pieces: Sequence[str]) -> list[str]:
        """The pieces of one text without the secrets of the whole; a mark stands in the piece where the
        secret begins."""
        spans = self.spans("".join(pieces))
        if not spans:
            return list(pieces)
        out, offset = [], 0
        for piece in pieces:
            end = offset + len(piece)
            kept, at = [], offset
            for start, stop in spans:
                if stop <= offset or start >= end:
                    continue
                kept.append(piece[at - offset : max(start, at) - offset])
                kept.append(MARK if start >= offset else "")
                at = min(stop, end)
            kept.append(piece[at - offset :])
            out.append("".join(kept))
            offset = end
        return out

    def blot_all(self, value: Any) -> Any:
        """A value as JSON knows them, without the secrets of its texts."""
        if isinstance(value, str):
            return self.blot(value)
        if isinstance(value, dict):
            return {key: self.blot_all(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.blot_all(one) for one in value]
        return value


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept += [text[at:start], MARK]
        at = end
    return "".join([*kept, text[at:]])


@attrs.define(eq=False)
class RunningText:
    """Blots secrets out of a text that goes on: gives out what is certain, and keeps the rest.

    What it gave out never holds the beginning of a secret that is found later, save of one that is longer
    than what is held back, and holds white space.
    """

    redaction: Redaction
    _rest: str = attrs.field(default="", init=False)
    _looked: int = attrs.field(default=0, init=False)
    """So much of it has no place to cut."""

    def feed(self, text: str) -> str:
        """Take the next piece, and return what can be told."""
        self._rest += text
        cut = self._cut()
        if cut <= 0:
            return ""
        found = sorted(self.redaction.found(self._rest), reverse=True)
        moved = True
        while moved:
            moved = False
            for begins, _, end in found:
                if begins < cut <= end:
                    cut, moved = begins, True
        spans = _joined((start, end) for _, start, end in found if end <= cut)
        told = _without(self._rest[:cut], spans)
        self._rest = self._rest[cut:]
        self._looked = 0
        return told

    def close(self) -> str:
        """The rest: the text is at its end."""
        rest, self._rest = self._rest, ""
        return self.redaction.blot(rest)

    def _cut(self) -> int:
        """Before what may go on as a secret."""
        certain = len(self._rest) - self.redaction.held_back
        last = certain
        while last > self._looked and not _PLACE_TO_CUT.match(self._rest, last - 1):
            last -= 1
        if last > self._looked:
            return last
        self._looked = max(certain, 0)
        return 0 if len(self._rest) < _MAX_HELD_BACK else len(self._rest) - _HELD_BACK_OWN
