"""Whether a page shows the answer that a chat gave last, known without its words.

Of an answer's letters the first and the last few are cut into short blocks, of which digests are kept. A page
draws some things in another way (formulas, links, labels on code), so not every block has to be found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import attrs

from cdp_relay.chat.comparison import plain_form

__all__ = ["ShownAnswer"]

_BLOCK = 8
_MOST_BLOCKS = 24
"""At either end of the answer."""

_ENOUGH = 0.6
"""The share of blocks that has to be found at each end."""

_END_CHARS = 4000
"""How much of each end of an answer is looked at; far more than the blocks are cut from."""


@attrs.frozen
class ShownAnswer:
    """What is known of an answer as its page shows it."""

    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()

    @classmethod
    def of(cls, head: str, tail: str) -> ShownAnswer:
        """What is to be known again of an answer's Markdown.

        Args:
          head: its beginning, or all of it.
          tail: its end.
        """
        first, last = plain_form(head[:_END_CHARS]), plain_form(tail[-_END_CHARS:])
        most = _BLOCK * _MOST_BLOCKS
        return cls(tuple(_blocks(first[:most])), tuple(_blocks(last[-most:])))

    def is_shown_by(self, head: str, tail: str) -> bool:
        """Whether the beginning and the end of what a page shows are this answer's."""
        return _found(self.head, head) and _found(self.tail, tail)

    def document(self) -> list[str]:
        """For JSON."""
        return [" ".join(self.head), " ".join(self.tail)]

    @classmethod
    def read(cls, document: Any) -> ShownAnswer:
        """What :meth:`document` wrote.

        Raises:
          ValueError, TypeError, AttributeError: it is something else.
        """
        head, tail = document
        return cls(tuple(head.split()), tuple(tail.split()))


def _blocks(letters: str) -> Iterable[str]:
    """Digests of a short text, or of the whole blocks in a longer one."""
    if len(letters) < _BLOCK:
        return [_digest(letters)] if letters else []
    return [_digest(letters[at : at + _BLOCK]) for at in range(0, len(letters) - _BLOCK + 1, _BLOCK)]


def _found(wanted: tuple[str, ...], shown: str) -> bool:
    if not wanted:
        return True
    letters = plain_form(shown)
    known = {_digest(letters[at : at + _BLOCK]) for at in range(max(1, len(letters) - _BLOCK + 1))}
    return sum(block in known for block in wanted) >= len(wanted) * _ENOUGH


def _digest(letters: str) -> str:
    return hashlib.blake2b(letters.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
