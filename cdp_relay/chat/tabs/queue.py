"""Whose turn it is: a bounded number of turns that run, and a bounded queue that is fair to its parties.

Sans-IO: the pool tells what happens and when, and is told whom to call.
"""

from __future__ import annotations

import enum
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

__all__ = ["Joining", "Ticket", "TicketState", "TurnQueue"]

_FIRST_GUESS_SECONDS = 20.0
"""What a turn is assumed to take before one was seen."""


class TicketState(enum.Enum):
    """What has become of one that asked for a tab."""

    WAITING = "waiting"
    RUNNING = "running"
    DROPPED = "dropped"
    """Had waited longest when the queue was full and another came."""
    OVER = "over"
    """Has had its turn, has left the queue, or was never let in."""


@attrs.define(eq=False)
class Ticket:
    """One turn that asks for a tab."""

    party: str
    """Parties take turns; those of one party are served as they came."""
    chat: str | None = None
    """The held chat that it goes on with."""
    call: Callable[[], None] = lambda: None
    """Called once it no longer waits."""
    state: TicketState = attrs.field(default=TicketState.OVER, init=False)
    since: float = attrs.field(default=0.0, init=False)
    """When it began to wait, and later when it began to run."""
    told: int = attrs.field(default=0, init=False)
    """The position that it was told of last."""
    _number: int = attrs.field(default=0, init=False)
    """Counts all that ever joined."""


class Joining(enum.Enum):
    """What joining the queue came to."""

    RUNS = "runs"
    WAITS = "waits"
    REFUSED = "refused"


@attrs.define(eq=False)
class TurnQueue:
    """Lets *size* turns run at once; of those that wait, one of each party in turn.

    A party whose turn has come goes to the end of the round. So whoever is first of its party is served
    after at most one turn of each other party that waits then, however many those have in the queue.
    """

    size: int
    capacity: int
    """How many may wait."""
    drops: bool = False
    """When the queue is full: drop who has waited longest of the party with the most, and not refuse."""
    turn_seconds: float = attrs.field(default=_FIRST_GUESS_SECONDS, init=False)
    """What a turn takes: a moving mean, which is enough for "come back in about so long"."""
    dropped: int = attrs.field(default=0, init=False)
    """How many were dropped so far."""
    refused: int = attrs.field(default=0, init=False)
    """How many were refused so far."""
    _held: int = attrs.field(default=0, init=False)
    """How many slots are taken: by turns, and by what makes a tab ready after one."""
    _running: set[Ticket] = attrs.field(factory=set, init=False)
    _round: dict[str, deque[Ticket]] = attrs.field(factory=dict, init=False)
    """Those that wait by party, in the order in which the parties' turns come; no empty ones."""
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False)

    def __len__(self) -> int:
        return sum(len(tickets) for tickets in self._round.values())

    @property
    def running(self) -> int:
        """How many turns run."""
        return len(self._running)

    @property
    def parties(self) -> Mapping[str, int]:
        """How many wait of each party, of those that have one waiting."""
        return {party: len(tickets) for party, tickets in self._round.items()}

    @property
    def wanted_chats(self) -> frozenset[str]:
        """The chats that those who wait go on with."""
        return frozenset(ticket.chat for ticket in self.in_order() if ticket.chat is not None)

    def in_order(self) -> Sequence[Ticket]:
        """Those that wait, in the order in which they are served when nobody else comes."""
        rounds = itertools.zip_longest(*self._round.values())
        return [ticket for one_of_each in rounds for ticket in one_of_each if ticket is not None]

    # --- coming and going

    def join(self, ticket: Ticket, now: float) -> Joining:
        """Let a turn run, or wait; one that is refused has left no trace but in the count.

        To make room another may be dropped, and called.
        """
        ticket.since, ticket._number = now, next(self._numbers)
        if self._held < self.size and not self._round:
            self._held += 1
            self._start(ticket, now)
            return Joining.RUNS
        if len(self) >= self.capacity:
            longest = self._whom_to_drop(ticket.party) if self.drops else None
            if longest is None:
                self.refused += 1
                return Joining.REFUSED
            self._remove(longest)
            self.dropped += 1
            self._end(longest, TicketState.DROPPED)
        ticket.state = TicketState.WAITING
        self._round.setdefault(ticket.party, deque()).append(ticket)
        return Joining.WAITS

    def leave(self, ticket: Ticket, now: float) -> None:
        """End a turn before it could use its slot, whether it waits or was just let run."""
        if ticket.state is TicketState.WAITING:
            self._remove(ticket)
            ticket.state = TicketState.OVER
        elif ticket.state is TicketState.RUNNING:
            self.finish(ticket, now)
            self.release(now)

    def finish(self, ticket: Ticket, now: float) -> None:
        """End a turn; its slot stays taken until :meth:`release`."""
        self._running.remove(ticket)
        ticket.state = TicketState.OVER
        self.turn_seconds += (now - ticket.since - self.turn_seconds) / 4

    def release(self, now: float) -> None:
        """Hand a slot to whoever is next, or free it."""
        if not self._round:
            self._held -= 1
            return
        party, tickets = next(iter(self._round.items()))
        ticket = tickets.popleft()
        del self._round[party]
        if tickets:
            self._round[party] = tickets
        self._start(ticket, now)
        ticket.call()

    def empty(self) -> None:
        """Send all away that wait; they find themselves over."""
        waiting = self.in_order()
        self._round.clear()
        for ticket in waiting:
            self._end(ticket, TicketState.OVER)

    # --- how long it takes

    def position(self, ticket: Ticket) -> int:
        """The place of one that waits in :meth:`in_order`, from 1."""
        ahead = self._round[ticket.party].index(ticket)
        rounds_before = sum(min(len(tickets), ahead) for tickets in self._round.values())
        parties = itertools.takewhile(lambda party: party != ticket.party, self._round)
        return rounds_before + sum(len(self._round[party]) > ahead for party in parties) + 1

    def seconds_until(self, position: int, now: float) -> float:
        """Estimate in how many seconds the one at this place in the queue is served."""
        # One that takes longer than most may take longer still.
        least = self.turn_seconds / 4
        free_in = [max(self.turn_seconds - (now - ticket.since), least) for ticket in self._running]
        # Slots in which a tab is made ready are free soon.
        free_in += [0.0] * max(0, self.size - len(free_in))
        # None is a whole turn later than another, so they come free in the same order again and again.
        turns, slot = divmod(position - 1, len(free_in))
        return sorted(free_in)[slot] + turns * self.turn_seconds

    def news(self, now: float) -> list[tuple[Ticket, int, float]]:
        """Those whose position differs by a fifth from what they were told: ticket, position and seconds.

        One is so told a few times on its way through a long queue, and of each step near its end.
        """
        news = []
        for position, ticket in enumerate(self.in_order(), 1):
            if position != ticket.told and abs(position - ticket.told) * 5 >= ticket.told:
                ticket.told = position
                news.append((ticket, position, self.seconds_until(position, now)))
        return news

    # --- within

    def _start(self, ticket: Ticket, now: float) -> None:
        ticket.state, ticket.since = TicketState.RUNNING, now
        self._running.add(ticket)

    def _end(self, ticket: Ticket, state: TicketState) -> None:
        ticket.state = state
        ticket.call()

    def _remove(self, ticket: Ticket) -> None:
        tickets = self._round[ticket.party]
        tickets.remove(ticket)
        if not tickets:
            del self._round[ticket.party]

    def _whom_to_drop(self, party: str) -> Ticket | None:
        """Who has waited longest of the party with the most that wait, the newcomer counted; of several
        such parties the newcomer's own, and else the one whose first has waited longest."""
        if not self._round:
            return None

        def weight(item: tuple[str, deque[Ticket]]) -> tuple[int, bool, int]:
            name, tickets = item
            own = name == party
            return len(tickets) + own, own, -tickets[0]._number

        return max(self._round.items(), key=weight)[1][0]
