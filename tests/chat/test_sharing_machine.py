"""Whatever clients do: a key's prompt leaves at most once, and nothing runs for nobody."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from cdp_relay.chat.delivery import Delivery, Reader
from cdp_relay.chat.sharing import SharedTurn, Sharing
from cdp_relay.chat.vocabulary import Finished, Step, StepReached, TextDelta
from cdp_relay.errors import AnswerIncomplete, AnswerNotKept, AnswerStopped, IdempotencyKeyReused, QueueFull
from tests.chat.test_sharing import FINISHED, request


@attrs.define(eq=False)
class Client:
    turn: SharedTurn
    reader: Reader
    gone: bool = False


class SharingMachine(RuleBasedStateMachine):
    """Clients that come, leave and come back, and turns that go on meanwhile."""

    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.sharing = Sharing(retry_seconds=60)
        self.now = 1000.0
        self.numbers = itertools.count()
        self.turns: list[SharedTurn] = []
        self.sent: dict[str, int] = {}
        """How many prompts of a key have left."""
        self.halted: set[str] = set()

    @rule(
        target=clients,
        key=st.sampled_from(["", "", "k", "l"]),
        mark=st.sampled_from("ab"),
        client=st.sampled_from("xy"),
        retry=st.booleans(),
    )
    def ask(self, key: str, mark: str, client: str, retry: bool) -> Client | None:
        number = next(self.numbers)
        wanted = request(f"req_{number}", key=key, fingerprint=mark, client=client, retry=retry)
        try:
            turn = self.sharing.find(wanted, self.now)
        except (IdempotencyKeyReused, AnswerNotKept, AnswerStopped):
            assert key
            return None
        if turn is None:
            turn = self.sharing.begin(
                wanted, Delivery(most=600), lambda: self.halted.add(wanted.id), self.now
            )
            self.turns.append(turn)
        else:
            assert turn.request.fingerprint == mark
            assert key in ("", turn.request.key)
            assert key or turn.request.client == client
            # Without a key an answer is shared only where somebody repeats what it has not got.
            assert key or retry or turn.missed or not turn.delivery.readers
        return Client(turn, turn.delivery.read())

    @rule(client=clients)
    def leave(self, client: Client | None) -> None:
        if client is None or client.gone:
            return
        client.gone = True
        self.sharing.leave(client.turn, client.reader)
        if client.turn.deserted:
            client.turn.stop()

    @rule(data=st.data())
    def send(self, data: Any) -> None:
        turn = self._pick(data, lambda turn: turn.running and not turn.stopped and not turn.sent)
        if turn is not None:
            turn.delivery.put(StepReached(step=Step.COMPOSED, at_seconds=0.0))
            self.sent[turn.request.key] = self.sent.get(turn.request.key, 0) + 1

    @rule(data=st.data(), chars=st.integers(1, 200))
    def say(self, data: Any, chars: int) -> None:
        turn = self._pick(data, lambda turn: turn.running and turn.sent)
        if turn is not None:
            turn.delivery.put(TextDelta(turn.request.fingerprint * chars))

    @rule(data=st.data(), how=st.sampled_from(["finished", "broken", "unsent"]))
    def end(self, data: Any, how: str) -> None:
        turn = self._pick(data, lambda turn: turn.running)
        if turn is None:
            return
        error: AnswerIncomplete | QueueFull | None = None
        if turn.stopped:
            pass
        elif not turn.sent:
            error = QueueFull("full")
        elif how == "finished":
            turn.delivery.put(FINISHED)
        else:
            error = AnswerIncomplete("broke")
        turn.delivery.close(error)
        self.sharing.ended(turn, self.now)

    @rule(seconds=st.sampled_from([1.0, 59.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def _pick(self, data: Any, fits: Any) -> SharedTurn | None:
        found = [turn for turn in self.turns if fits(turn)]
        return data.draw(st.sampled_from(found)) if found else None

    @invariant()
    def a_key_is_sent_at_most_once(self) -> None:
        assert all(count <= 1 for key, count in self.sent.items() if key)

    @invariant()
    def nothing_runs_for_nobody(self) -> None:
        for turn in self.turns:
            assert not turn.deserted or turn.stopped or turn.id in self.halted
            assert turn.running or turn.ended_at is not None
            ends = [event for event in turn.delivery.told if isinstance(event, Finished)]
            assert len(ends) == (1 if turn.finished else 0)


SharingMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestSharing = SharingMachine.TestCase
