"""Where turns wait until one of the site's slots is theirs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import attrs
import trio
from structlog.contextvars import unbind_contextvars

from cdp_relay.chat.tabs.queue import Joining, Ticket, TicketState, TurnQueue
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Step
from cdp_relay.errors import QueueFull, QueueTimeout, ShuttingDown

__all__ = ["WaitingRoom"]

_TELL_SECONDS = 0.25
"""How long changes of positions are gathered before those who wait are told."""

_LONGEST_RETRY_SECONDS = 60.0


@attrs.define(eq=False)
class WaitingRoom:
    """Lets turns wait for :class:`TurnQueue` to call them, and tells them where they are in it."""

    title: str
    """The site's name for people."""
    queue: TurnQueue
    longest_seconds: float
    """How long a turn may wait."""
    nursery: trio.Nursery
    """Owns the task that tells of new positions."""
    closed: bool = attrs.field(default=False, init=False)
    _waiting: dict[Ticket, Timeline] = attrs.field(factory=dict, init=False)
    _leisure: set[trio.CancelScope] = attrs.field(factory=set, init=False)
    _telling: bool = attrs.field(default=False, init=False)

    async def enter(self, timeline: Timeline, party: str, chat: str | None) -> Ticket:
        """Wait for a slot, which the ticket then holds.

        Raises:
          QueueFull: too many wait already; or this one had to make room for another.
          QueueTimeout: no slot came free in time.
          ShuttingDown: the room is closed.
        """
        if self.closed:
            raise self._shutting_down()
        called = trio.Event()
        ticket = Ticket(party, chat, called.set)
        match self.queue.join(ticket, trio.current_time()):
            case Joining.RUNS:
                timeline.reach(Step.QUEUED, position=0)
                return ticket
            case Joining.REFUSED:
                raise self._full(f"{len(self.queue)} requests already wait for {self.title}.")
        for scope in self._leisure:
            scope.cancel()
        self._waiting[ticket] = timeline
        self._tell_first(ticket)
        self._moved()
        try:
            with trio.move_on_after(self.longest_seconds):
                await called.wait()
        except BaseException:
            self._leave(ticket)
            raise
        finally:
            del self._waiting[ticket]
        return self._called(ticket)

    def finish(self, ticket: Ticket) -> None:
        """Note the end of a turn; its slot stays taken until :meth:`release`."""
        self.queue.finish(ticket, trio.current_time())

    def release(self) -> None:
        """Hand a slot to whoever is next, or free it."""
        self.queue.release(trio.current_time())
        self._moved()

    @contextmanager
    def while_empty(self) -> Generator[None, None, None]:
        """Run the block only until somebody waits."""
        with trio.CancelScope() as scope:
            if len(self.queue):
                scope.cancel()
            self._leisure.add(scope)
            try:
                yield
            finally:
                self._leisure.discard(scope)

    def close(self) -> None:
        """Refuse those who wait, and those who come."""
        self.closed = True
        self.queue.empty()

    def _called(self, ticket: Ticket) -> Ticket:
        """Go on with one that no longer waits."""
        if self.closed:
            self._leave(ticket)
            raise self._shutting_down()
        if ticket.state is TicketState.DROPPED:
            raise self._full(
                f"The queue for {self.title} is full, and this request, which waited longest, had to leave "
                "it for a newer one (chat.when_full)."
            )
        if ticket.state is TicketState.WAITING:
            self._leave(ticket)
            raise QueueTimeout(
                f"No tab of {self.title} came free within {self.longest_seconds:g} s (limits.queue_seconds)."
            )
        return ticket

    def _leave(self, ticket: Ticket) -> None:
        self.queue.leave(ticket, trio.current_time())
        self._moved()

    def _full(self, message: str) -> QueueFull:
        soonest = self.queue.seconds_until(1, trio.current_time())
        return QueueFull(message, retry_after_seconds=min(_LONGEST_RETRY_SECONDS, max(1.0, soonest)))

    def _shutting_down(self) -> ShuttingDown:
        return ShuttingDown("The service is stopping.")

    # --- positions

    def _tell_first(self, ticket: Ticket) -> None:
        """Tell one that has just begun to wait."""
        ticket.told = self.queue.position(ticket)
        seconds = self.queue.seconds_until(ticket.told, trio.current_time())
        _reach(self._waiting[ticket], ticket.told, seconds)

    def _moved(self) -> None:
        """Tell those who wait of their new positions, soon."""
        if self._waiting and not self._telling and not self.closed:
            self._telling = True
            self.nursery.start_soon(self._tell_all)

    async def _tell_all(self) -> None:
        unbind_contextvars("request")  # of whichever turn moved the queue
        await trio.sleep(_TELL_SECONDS)
        self._telling = False
        for ticket, position, seconds in self.queue.news(trio.current_time()):
            if ticket in self._waiting:
                _reach(self._waiting[ticket], position, seconds)


def _reach(timeline: Timeline, position: int, seconds: float) -> None:
    timeline.reach(Step.QUEUED, position=position, estimated_seconds=round(seconds, 1))
