"""Whether a tool's result is the one that a chat was given, or what a client has left of it.

Agents shorten old results to save room: they cut them off, cut out their middle, or put a note in their
place. The chat still holds the whole result, so nothing is lost by going on in it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import attrs

__all__ = ["ResultFacts"]

_FIRST_MARK = 16
_GROWTH = 1.25
"""Prefixes are known at lengths that grow so: a text that was cut off is seen to within a fifth."""

_LEAST_SHARE = 0.75
"""How much of a shorter text has to stand at the beginning of the longer one, where it says nothing of
having been shortened."""

_SHORTENED = re.compile(
    r"truncat|omitted|elided|cleared|removed|compacted|shortened|collapsed|snipp|pruned|\bcut\b|…|\.{3}"
    r"|\[\s*old |\bmore (?:lines|characters|chars|bytes|tokens)\b",
    re.IGNORECASE,
)

_NOTE_CHARS = 200
"""The longest note that stands in the place of a whole result. Theirs are short: ``[Old tool result content
cleared]``."""


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()


@attrs.frozen
class ResultFacts:
    """One result, told apart from others without its text."""

    chars: int
    digest: str
    """Of its text, and of the files that came with it."""
    marks: tuple[str, ...] = ()
    """Short digests of its beginnings, at growing lengths."""

    @classmethod
    def of(cls, text: str, files: str) -> ResultFacts:
        """The facts of a result.

        Args:
          text: loosened, as :func:`cdp_relay.chat.conversations.facts.loose_text` does.
          files: a digest of its files; empty where there are none.
        """
        return cls(len(text), _digest(f"{files}\n{text}".encode("utf-8", "surrogatepass")), _marks(text))

    def is_met_by(self, other: ResultFacts, text: str) -> bool:
        """Whether a request's result is this one, or a shortened form of it.

        Args:
          text: the other's, loosened.
        """
        if other.digest == self.digest:
            return True
        if other.chars >= self.chars:
            return False
        if not text:
            return True
        says_so = _SHORTENED.search(text) is not None
        if says_so and len(text) <= _NOTE_CHARS and text[0] in "[<(*":
            return True
        shared = self._shared(other)
        return shared > 0 if says_so else shared >= other.chars * _LEAST_SHARE

    def _shared(self, other: ResultFacts) -> int:
        """How long a beginning both have in common, as far as the marks tell."""
        shared = 0
        for length, ours, theirs in zip(_lengths(other.chars), self.marks, other.marks, strict=False):
            if ours != theirs:
                break
            shared = length
        return shared

    def document(self) -> list[Any]:
        """For JSON."""
        return [self.chars, self.digest, "".join(self.marks)]

    @classmethod
    def read(cls, document: Any) -> ResultFacts:
        """What :meth:`document` wrote.

        Raises:
          ValueError, TypeError: it is something else.
        """
        chars, digest, marks = document
        return cls(int(chars), str(digest), tuple(re.findall("." * _MARK_CHARS, str(marks))))


_MARK_CHARS = 8


def _lengths(chars: int) -> list[int]:
    lengths = []
    length = float(_FIRST_MARK)
    while length <= chars:
        lengths.append(int(length))
        length *= _GROWTH
    return lengths


def _marks(text: str) -> tuple[str, ...]:
    marks, done = [], 0
    running = hashlib.blake2b(digest_size=_MARK_CHARS // 2)
    for length in _lengths(len(text)):
        running.update(text[done:length].encode("utf-8", "surrogatepass"))
        marks.append(running.hexdigest())
        done = length
    return tuple(marks)
