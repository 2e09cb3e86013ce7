"""Hand a turn's events to whoever asked, without ever making the turn wait for them.

All that was told is remembered, deltas joined, so that who comes later hears it from the start.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterable

import attrs
import trio

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallEnded,
)

__all__ = ["Delivery", "Reader", "told_again"]

_Delta = TextDelta | ReasoningDelta | ToolCallArguments

_MOST_REMEMBERED = 16 * 1024 * 1024
"""How much of a turn is remembered, in characters and bytes; larger ones are told once."""
_EVENT_SIZE = 64
"""What an event counts besides what it holds."""
_MANY_PIECES = 1024
"""Pieces of a delta that are put together ahead of its end, as each costs more than what it holds."""


def _nobody(_: ChatEvent) -> None:
    """Take no note of an event."""


@attrs.define(eq=False)
class Delivery:
    """A turn's way to those who read its answer: one, or several, or for a while nobody.

    Putting never waits, because the browser must be read whether or not a client reads.
    """

    watch: Callable[[ChatEvent], None] = _nobody
    """Told of every event, whether or not a client still listens."""
    most: int = _MOST_REMEMBERED
    """How much is remembered for those who come later."""
    closed: bool = attrs.field(default=False, init=False)
    error: BaseException | None = attrs.field(default=None, init=False)
    """What it was closed with."""
    size: int = attrs.field(default=0, init=False)
    """How much is remembered, in characters and bytes."""
    _told: list[ChatEvent] = attrs.field(factory=list, init=False)
    _growing: _Delta | None = attrs.field(default=None, init=False)
    """The delta that comes after all of these, its text not filled in yet."""
    _pieces: list[str] = attrs.field(factory=list, init=False)
    """Its text."""
    _readers: list[Reader] = attrs.field(factory=list, init=False)

    def put(self, event: ChatEvent) -> None:
        """Add an event; ignored once closed."""
        self.watch(event)
        if self.closed:
            return
        if self.size <= self.most:
            self._remember(event)
        for reader in self._readers:
            reader.take(event)

    def close(self, error: BaseException | None = None) -> None:
        """End the stream: what is queued is still delivered, then *error* is raised, if any."""
        if not self.closed:
            self.closed = True
            self.error = error
            for reader in self._readers:
                reader.end(error)

    def let_go(self) -> None:
        """Hold nothing of the turn any more but what it told: it is over, and others may come for long."""
        self.watch = _nobody
        if self.error is not None:
            # Its frames are the turn's, with its page and its prompt.
            self.error.__traceback__ = self.error.__context__ = self.error.__cause__ = None

    def read(self, *, raw: bool = False) -> Reader:
        """Read along from the start; what was told before comes first, with its deltas joined.

        Only while it is :attr:`whole`.

        Args:
          raw: what was taken back since is told as well, as it was told at the time.
        """
        reader = Reader(self._readers)
        for event in self.told if raw else told_again(self.told):
            reader.take(event)
        if self.closed:
            reader.end(self.error)
        self._readers.append(reader)
        return reader

    def __aiter__(self) -> Reader:
        return self.read()

    @property
    def readers(self) -> int:
        """How many read along."""
        return len(self._readers)

    @property
    def whole(self) -> bool:
        """Whether all that was told is remembered."""
        return self.size <= self.most

    @property
    def told(self) -> tuple[ChatEvent, ...]:
        """What was told, deltas joined; only the first of it where it was too much."""
        self._settle()
        return tuple(self._told)

    def _remember(self, event: ChatEvent) -> None:
        if isinstance(event, _Delta):
            self.size += len(event.text)
            if type(event) is not type(self._growing):
                self._settle()
                self._growing = event
            self._pieces.append(event.text)
            if len(self._pieces) >= _MANY_PIECES:
                self._pieces[:] = ["".join(self._pieces)]
        else:
            self._settle()
            self._told.append(event)
            self.size += _EVENT_SIZE
            if isinstance(event, FileProduced):
                self.size += len(event.data)
            elif isinstance(event, ToolCallEnded):
                self.size += len(event.arguments)
        if not self.whole:
            self._told.clear()
            self._pieces.clear()
            self._growing = None

    def _settle(self) -> None:
        if self._growing is not None:
            self._told.append(attrs.evolve(self._growing, text="".join(self._pieces)))
            self._growing = None
            self._pieces.clear()


@attrs.define(eq=False)
class Reader:
    """One who reads along; an async iterator. Made by :meth:`Delivery.read`.

    A client that lags finds consecutive deltas joined into one, so that it catches up; one that keeps
    pace gets each delta as it came. What can pile up is bounded by the answer itself.
    """

    _others: list[Reader]
    _events: deque[ChatEvent] = attrs.field(factory=deque, init=False)
    _error: BaseException | None = attrs.field(default=None, init=False)
    _closed: bool = attrs.field(default=False, init=False)
    _news: trio.Event | None = attrs.field(default=None, init=False)
    """Set only while the client waits, so that a burst of deltas costs no event objects."""

    @property
    def at_end(self) -> bool:
        """Whether it has had all there will be."""
        return self._closed and not self._events

    def leave(self) -> None:
        """Read no further."""
        if self in self._others:
            self._others.remove(self)
        self._events.clear()

    def take(self, event: ChatEvent) -> None:
        """Add an event."""
        self._events.append(event)
        if self._news is not None:
            self._wake()

    def end(self, error: BaseException | None) -> None:
        """Say that nothing follows what was added."""
        self._closed = True
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    def __aiter__(self) -> Reader:
        return self

    async def __anext__(self) -> ChatEvent:
        while not self._events:
            if self._closed:
                if self._error is not None:
                    # One of its own for each reader, or the error would gather the frames of all of them.
                    raise copy.copy(self._error)
                raise StopAsyncIteration
            self._news = trio.Event()
            await self._news.wait()
        event = self._events.popleft()
        if isinstance(event, _Delta) and self._events:
            return self._joined(event)
        return event

    def _joined(self, first: _Delta) -> _Delta:
        """A delta with all that follow it at once. Of calls' arguments too: those of two never meet."""
        kind = type(first)
        pieces = [first.text]
        while self._events:
            following = self._events[0]
            if not isinstance(following, kind):
                break
            pieces.append(following.text)
            self._events.popleft()
        return attrs.evolve(first, text="".join(pieces)) if len(pieces) > 1 else first


def told_again(events: Iterable[ChatEvent]) -> tuple[ChatEvent, ...]:
    """The events for somebody who has heard none of them: what was taken back is not told at all."""
    told: list[ChatEvent] = []
    for event in events:
        if isinstance(event, TextRetracted):
            _take_back(told, event.chars)
        else:
            told.append(event)
    return tuple(told)


def _take_back(told: list[ChatEvent], chars: int) -> None:
    for index in range(len(told) - 1, -1, -1):
        event = told[index]
        if chars > 0 and isinstance(event, TextDelta):
            kept = event.text[: max(0, len(event.text) - chars)]
            chars -= len(event.text) - len(kept)
            told[index] = TextDelta(kept)
