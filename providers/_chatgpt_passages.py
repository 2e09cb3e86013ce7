"""The text of one message of ChatGPT, and the tellings of it: each is read forward only."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs

from cdp_relay.chat.vocabulary import FinishReason
from cdp_relay.wire import MarkedRun, MarkedRuns, Rope, SurrogateJoiner

from ._chatgpt_messages import Kind, References, node_at

__all__ = ["Passage", "Reading"]


@attrs.define(eq=False)
class Passage:
    """The text of one message, as far as any telling of it has come."""

    message_id: str
    thinking: bool = False
    held: bool = False
    """Its text is kept, because it may turn out to be a preamble instead of the answer."""
    given: bool = False
    """Some of its text was given out."""
    closed: bool = False
    """The next message has started; this one can say no more."""
    finished: bool = False
    reason: FinishReason | None = None
    """Why it ended, once it is finished."""
    length: int = 0
    pieces: list[str] = attrs.field(factory=list)
    references: References = attrs.field(factory=References)
    runs: MarkedRuns = attrs.field(factory=MarkedRuns)
    waiting: deque[str | MarkedRun] = attrs.field(factory=deque)
    """Text that could still change, since a citation before it is not resolved."""
    waiting_chars: int = 0

    def add(self, text: str) -> None:
        """Add text at the end of what is known."""
        self.pieces.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self.pieces)


@attrs.define(eq=False)
class Reading:
    """One telling of a message: how far it was read, and where that is in the passage."""

    kind: Kind
    passage: Passage
    position: int = 0
    restarted: bool = False
    """The telling replaced its text by a shorter one."""
    _piece: int = attrs.field(default=0, init=False)
    _offset: int = attrs.field(default=0, init=False)
    _node: int = attrs.field(default=0, init=False)
    _value: Any = attrs.field(default=None, init=False)
    _seen: int = attrs.field(default=0, init=False)
    """How many pieces of the node's value were read."""
    _joiner: SurrogateJoiner = attrs.field(factory=SurrogateJoiner, init=False)

    def news(self, message: dict[str, Any]) -> str:
        """The text that came since the last call; after a replacement all of it, from position 0."""
        here = node_at(self.kind, message, self._node)
        if self._value is not None and not self._goes_on(None if here is None else here[1]):
            self._restart(message)
            here = node_at(self.kind, message, 0)
        found: list[str] = []
        while here is not None:
            separator, value = here
            pieces = self._unread(value)
            if pieces:
                if not self._seen and (self.position or found):
                    found.append(separator)
                found += pieces
                self._seen += len(pieces)
            if not _text_after(self.kind, message, self._node):
                break
            self._node += 1
            self._value, self._seen = None, 0
            here = node_at(self.kind, message, self._node)
        return self._joiner.feed("".join(found)) if found else ""

    def rest(self) -> str:
        """What of a cut character was held back, now that the message is finished."""
        return self._joiner.close()

    def advance(self, text: str) -> tuple[str, bool]:
        """Go forward over *text*: give what of it is new, and whether the rest was as known."""
        known = min(len(text), self.passage.length - self.position)
        self.position += len(text)
        agrees = True
        at = 0
        while at < known:
            piece = self.passage.pieces[self._piece]
            size = min(known - at, len(piece) - self._offset)
            if not piece.startswith(text[at : at + size], self._offset):
                agrees = False
            at += size
            self._offset += size
            if self._offset == len(piece):
                self._piece, self._offset = self._piece + 1, 0
        return text[known:], agrees

    def at_end(self) -> None:
        """Note that this telling is the one that is furthest."""
        self._piece, self._offset = len(self.passage.pieces), 0

    def _unread(self, value: Any) -> list[str]:
        if isinstance(value, Rope):
            self._value = value
            return value.pieces[self._seen :]
        if isinstance(value, str):
            self._value = value
            return [value] if value and not self._seen else []
        return []

    def _goes_on(self, value: Any) -> bool:
        if value is self._value:
            return True
        if isinstance(self._value, str) and isinstance(value, Rope):
            # The first append turned the string into a rope that begins with it.
            return not self._value or (bool(value.pieces) and value.pieces[0] is self._value)
        return isinstance(value, str) and value == self._value

    def _restart(self, message: dict[str, Any]) -> None:
        had = self.position
        self.position = self._piece = self._offset = self._node = self._seen = 0
        self._value = None
        self._joiner = SurrogateJoiner()
        self.restarted = _length(self.kind, message) < had


def _text_after(kind: Kind, message: dict[str, Any], number: int) -> bool:
    """Whether any place after this one has text yet."""
    place = node_at(kind, message, number + 1)
    while place is not None:
        number += 1
        if isinstance(place[1], (str, Rope)) and len(place[1]):
            return True
        place = node_at(kind, message, number + 1)
    return False


def _length(kind: Kind, message: dict[str, Any]) -> int:
    """How many characters a message has, separators left out."""
    total, number = 0, 0
    place = node_at(kind, message, 0)
    while place is not None:
        if isinstance(place[1], (str, Rope)):
            total += len(place[1])
        number += 1
        place = node_at(kind, message, number)
    return total
