"""The queue is fair to its parties, loses nobody, and says how long it takes."""

from __future__ import annotations

from typing import Any

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from cdp_relay.chat.tabs.queue import Joining, Ticket, TicketState, TurnQueue

PARTIES = st.sampled_from("abcd")


@attrs.define(eq=False)
class Asker:
    """One that joined, and what it was told."""

    ticket: Ticket
    calls: int = 0
    overtakers: set[str] | None = None
    """Parties that may still be served before it, once it is the first of its own."""

    @property
    def party(self) -> str:
        return self.ticket.party


class QueueMachine(RuleBasedStateMachine):
    """A queue against a plain list of those that wait, in the order in which they came."""

    askers = Bundle("askers")

    @initialize(size=st.integers(1, 3), capacity=st.integers(0, 6), drops=st.booleans())
    def begin(self, size: int, capacity: int, drops: bool) -> None:
        self.queue = TurnQueue(size, capacity, drops)
        self.now = 0.0
        self.waiting: list[Asker] = []
        self.running: list[Asker] = []
        self.making_ready = 0

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=askers, party=PARTIES)
    def join(self, party: str) -> Any:
        asker = Asker(Ticket(party))
        asker.ticket.call = lambda: self.called(asker)
        was_full = len(self.waiting) >= self.queue.capacity
        whom = self.whom_to_drop(party) if was_full and self.queue.drops else None
        came_to = self.queue.join(asker.ticket, self.now)
        if came_to is Joining.RUNS:
            assert not self.waiting, "past those who wait"
            self.running.append(asker)
        elif came_to is Joining.WAITS:
            assert not was_full or (whom is not None and whom.ticket.state is TicketState.DROPPED)
            self.waiting.append(asker)
            self.note_firsts()
        else:
            assert was_full
            assert whom is None
            return multiple()
        return asker

    @rule(asker=consumes(askers))
    def go(self, asker: Asker) -> None:
        """End a turn, or leave the queue; its slot goes on at once."""
        self.waiting = [one for one in self.waiting if one is not asker]
        self.running = [one for one in self.running if one is not asker]
        self.queue.leave(asker.ticket, self.now)
        self.note_firsts()

    @rule(asker=consumes(askers))
    def finish(self, asker: Asker) -> None:
        """End a turn whose tab is made ready for the next one meanwhile."""
        if asker in self.running:
            self.queue.finish(asker.ticket, self.now)
            self.running.remove(asker)
            self.making_ready += 1

    @rule()
    def be_ready(self) -> None:
        if self.making_ready:
            self.making_ready -= 1
            self.queue.release(self.now)

    def called(self, asker: Asker) -> None:
        """The queue has called: let it run, or drop it."""
        asker.calls += 1
        assert asker.calls == 1
        if asker.ticket.state is TicketState.RUNNING:
            ours = [one for one in self.waiting if one.party == asker.party]
            assert ours[0] is asker, "within a party first come, first served"
            for other in self.waiting:
                if other is not asker and other.overtakers is not None:
                    assert asker.party in other.overtakers, "overtaken twice, or by one who came later"
                    other.overtakers.discard(asker.party)
            self.running.append(asker)
        else:
            assert asker.ticket.state is TicketState.DROPPED
        self.waiting.remove(asker)
        self.note_firsts()

    def note_firsts(self) -> None:
        """Fix for each that has become the first of its party who may still come before it."""
        firsts: dict[str, Asker] = {}
        for asker in self.waiting:
            firsts.setdefault(asker.party, asker)
        for first in firsts.values():
            if first.overtakers is None:
                first.overtakers = set(firsts) - {first.party}

    def whom_to_drop(self, party: str) -> Asker | None:
        counts = {party: 1}
        for asker in self.waiting:
            counts[asker.party] = counts.get(asker.party, 0) + 1
        most = [name for name, count in counts.items() if count == max(counts.values())]
        if counts[party] > 1 and party in most:
            most = [party]
        return next((asker for asker in self.waiting if asker.party in most), None)

    @invariant()
    def nobody_is_forgotten(self) -> None:
        assert len(self.queue) == len(self.waiting) <= self.queue.capacity
        assert self.queue.running == len(self.running)
        held = len(self.running) + self.making_ready
        assert held <= self.queue.size
        assert not self.waiting or held == self.queue.size, "a slot is free while somebody waits"
        assert {id(ticket) for ticket in self.queue.in_order()} == {id(one.ticket) for one in self.waiting}

    @invariant()
    def those_who_wait_know_where_they_are(self) -> None:
        self.queue.news(self.now)
        for at, ticket in enumerate(self.queue.in_order(), 1):
            assert abs(ticket.told - at) * 5 < max(ticket.told, 1)
            assert self.queue.position(ticket) == at
        waits = [self.queue.seconds_until(at, self.now) for at in range(1, len(self.queue) + 1)]
        assert waits == sorted(waits)
        assert all(seconds >= 0 for seconds in waits)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def joined(queue: TurnQueue, *parties: str) -> list[Ticket]:
    """Let some join, all at the same time."""
    tickets = [Ticket(party) for party in parties]
    for ticket in tickets:
        queue.join(ticket, 0.0)
    return tickets


def served(queue: TurnQueue) -> str:
    """Serve all that wait, one after another; the parties in the order of their turns."""
    order = ""
    while len(queue):
        order += queue.in_order()[0].party
        queue.release(0.0)
    return order


def test_a_party_with_much_to_ask_lets_the_others_through() -> None:
    queue = TurnQueue(1, 100)
    joined(queue, "x", *"aaaaaa", *"bb", "c")
    assert [ticket.party for ticket in queue.in_order()] == list("abcabaaaa")
    assert served(queue) == "abcabaaaa"


def test_one_who_comes_again_goes_behind_those_who_wait() -> None:
    queue = TurnQueue(1, 100)
    joined(queue, "x", "a", "b", "b")
    queue.release(0.0)
    joined(queue, "a")
    assert served(queue) == "bab"


def test_the_wait_is_estimated_from_what_turns_take_and_how_far_they_are() -> None:
    queue = TurnQueue(2, 100)
    first, second = joined(queue, "a", "b")
    queue.leave(first, 20.0)
    queue.leave(second, 20.0)
    assert queue.turn_seconds == pytest.approx(20.0)
    for at in (20.0, 25.0):
        queue.join(Ticket("a"), at)
    joined(queue, "a", "a", "a")
    assert [queue.seconds_until(at, 30.0) for at in (1, 2, 3)] == pytest.approx([10.0, 15.0, 30.0])
    assert queue.seconds_until(1, 500.0) == pytest.approx(5.0), "a turn that takes long may take longer"


@pytest.mark.parametrize(
    ("waiting", "comes", "dropped"),
    [
        ("abb", "c", 1),  # the oldest of the party with the most
        ("abc", "c", 2),  # the newcomer's own counts as well, and comes first among equals
        ("abc", "d", 0),  # all have one: whoever has waited longest
        ("bba", "a", 2),
    ],
)
def test_a_full_queue_drops_the_oldest_of_whoever_asks_most(waiting: str, comes: str, dropped: int) -> None:
    queue = TurnQueue(1, 3, drops=True)
    _, *tickets = joined(queue, "x", *waiting)
    assert queue.join(Ticket(comes), 1.0) is Joining.WAITS
    assert [ticket.state is TicketState.DROPPED for ticket in tickets].index(True) == dropped
    assert queue.dropped == 1


def test_without_a_queue_nobody_can_be_dropped() -> None:
    queue = TurnQueue(1, 0, drops=True)
    joined(queue, "x")
    assert queue.join(Ticket("a"), 0.0) is Joining.REFUSED
    assert (queue.refused, queue.dropped) == (1, 0)


def test_a_long_way_is_told_in_a_few_steps_and_its_end_in_each() -> None:
    queue = TurnQueue(1, 1000)
    tickets = joined(queue, "x", *"a" * 200)
    queue.news(0.0)
    told = []
    while len(queue):
        queue.release(0.0)
        told += [position for ticket, position, _ in queue.news(0.0) if ticket is tickets[-1]]
    assert told[-5:] == [5, 4, 3, 2, 1]
    assert len(told) < 25
