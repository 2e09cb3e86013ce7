"""Hand a turn's events to its client without ever making the turn wait for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs
import trio

from cdp_relay.chat.vocabulary import ChatEvent, ReasoningDelta, TextDelta, ToolCallArguments

__all__ = ["Delivery"]

_Delta = TextDelta | ReasoningDelta | ToolCallArguments


@attrs.define(eq=False)
class Delivery:
    """A queue of events between a turn and the one client that asked.

    Putting never waits, because the browser must be read whether or not the client reads. A client
    that lags finds consecutive deltas joined into one, so that it catches up; one that keeps pace
    gets each delta as it came. What can pile up is bounded by the answer itself.
    """

    watch: Callable[[ChatEvent], None] = lambda _: None
    """Told of every event, whether or not a client still listens."""
    _events: deque[ChatEvent] = attrs.field(factory=deque, init=False)
    _error: BaseException | None = attrs.field(default=None, init=False)
    _closed: bool = attrs.field(default=False, init=False)
    _news: trio.Event | None = attrs.field(default=None, init=False)
    """Set only while the client waits, so that a burst of deltas costs no event objects."""

    def put(self, event: ChatEvent) -> None:
        """Add an event; ignored once closed."""
        self.watch(event)
        if not self._closed:
            self._events.append(event)
            self._wake()

    def close(self, error: BaseException | None = None) -> None:
        """End the stream: what is queued is still delivered, then *error* is raised, if any."""
        if not self._closed:
            self._closed = True
            self._error = error
            self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    def __aiter__(self) -> Delivery:
        return self

    async def __anext__(self) -> ChatEvent:
        while not self._events:
            if self._closed:
                if self._error is not None:
                    raise self._error
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
