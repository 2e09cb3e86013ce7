"""Telling answers: who joins hears all of it, and a turn stops when it is nobody's any more."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from cdp_relay.chat.answers import Answers
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.record import KeptTurn, NoJournal
from cdp_relay.chat.sharing import SharedTurn, Sharing
from cdp_relay.chat.vocabulary import AnswerShared, ChatEvent, RequestId, TextDelta
from cdp_relay.errors import AnswerStopped, NotFound, ShuttingDown
from tests.chat.test_sharing import ANSWER, COMPOSED, FINISHED, NOW, request


@attrs.define(eq=False)
class OldJournal(NoJournal):
    """Knows one turn, and is slow to say so."""

    kept: KeptTurn
    looked_up: list[str] = attrs.field(factory=list)

    async def find_key(self, key: str) -> KeptTurn | None:
        self.looked_up.append(key)
        await trio.sleep(1)
        return self.kept

    async def find_fingerprint(self, fingerprint: str, since: float) -> KeptTurn | None:
        self.looked_up.append(fingerprint)
        await trio.sleep(1)
        return self.kept


KEPT = KeptTurn(id=RequestId("req_0"), fingerprint="f", events=ANSWER, error=None, ended_at=NOW)


@attrs.define(eq=False)
class Stage:
    answers: Answers
    halted: list[str] = attrs.field(factory=list)

    def begin(self, id_: str = "req_1", **more: Any) -> SharedTurn:
        return self.answers.begin(request(id_, **more), Delivery(), lambda: self.halted.append(id_))


@pytest.fixture
async def stage(nursery: trio.Nursery) -> Stage:
    return Stage(Answers(Sharing(retry_seconds=60), NoJournal(), nursery))


async def collect(events: AsyncGenerator[ChatEvent, None]) -> list[ChatEvent]:
    return [event async for event in events]


async def test_who_joins_hears_all_from_the_start(stage: Stage, nursery: trio.Nursery) -> None:
    turn = stage.begin(key="k")
    heard: list[list[ChatEvent]] = []

    async def read(events: AsyncGenerator[ChatEvent, None]) -> None:
        heard.append(await collect(events))

    nursery.start_soon(read, stage.answers.tell(turn, shared=False))
    turn.delivery.put(TextDelta("a"))
    await trio.testing.wait_all_tasks_blocked()
    found = await stage.answers.find(request("req_2", key="k"))
    assert found is turn
    nursery.start_soon(read, stage.answers.tell(turn))
    await trio.testing.wait_all_tasks_blocked()
    turn.delivery.put(TextDelta("b"))
    turn.delivery.put(FINISHED)
    turn.delivery.close()
    await trio.testing.wait_all_tasks_blocked()
    told = [TextDelta("a"), TextDelta("b"), FINISHED]
    shared = AnswerShared(request=turn.id, begun_at=turn.begun_at, kept=False)
    assert sorted(heard, key=len) == [told, [shared, *told]]
    assert await collect(stage.answers.tell(turn)) == [
        attrs.evolve(shared, kept=True),
        TextDelta("ab"),
        FINISHED,
    ]


async def test_a_client_that_comes_back_at_once_keeps_the_turn_alive(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    turn = stage.begin()
    turn.delivery.put(COMPOSED)
    events = stage.answers.tell(turn, shared=False)
    await anext(events)
    await events.aclose()
    await trio.sleep(0.4)
    found = await stage.answers.find(request("req_2"))
    assert found is turn
    again = stage.answers.tell(turn)
    await anext(again)
    await trio.sleep(5)
    assert stage.halted == []
    await again.aclose()
    await trio.sleep(5)
    assert stage.halted == ["req_1"]
    assert await stage.answers.find(request("req_3", retry=True)) is None


@pytest.mark.parametrize("more", [{}, {"fingerprint": ""}])
async def test_a_turn_that_has_sent_nothing_stops_with_its_client(stage: Stage, more: dict[str, str]) -> None:
    turn = stage.begin(**more)
    turn.delivery.put(TextDelta("") if not more else COMPOSED)
    events = stage.answers.tell(turn, shared=False)
    await anext(events)
    await events.aclose()
    assert stage.halted == ["req_1"]


async def test_a_turn_that_was_stopped_from_outside_says_so_to_whoever_reads(stage: Stage) -> None:
    turn = stage.begin()
    assert stage.answers.stop(turn.id)
    turn.delivery.close()
    with pytest.raises(AnswerStopped):
        await collect(stage.answers.tell(turn, shared=False))
    assert not stage.answers.stop(turn.id)
    assert not stage.answers.stop(RequestId("req_9"))
    cut = stage.begin("req_2")
    cut.delivery.close()
    with pytest.raises(ShuttingDown):
        await collect(stage.answers.tell(cut, shared=False))


async def test_following_is_by_id_and_for_turns_that_are_known(stage: Stage) -> None:
    turn = stage.begin()
    turn.delivery.put(FINISHED)
    turn.delivery.close()
    assert await collect(stage.answers.follow(turn.id)) == [FINISHED]
    stage.answers.forget(turn.id)
    with pytest.raises(NotFound):
        await collect(stage.answers.follow(turn.id))


async def test_what_only_the_journal_knows_is_told_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    journal = OldJournal(KEPT)
    answers = Answers(Sharing(retry_seconds=60), journal, nursery)
    assert await answers.find(request()) is None
    assert journal.looked_up == []
    for wanted in (request(key="k"), request(retry=True)):
        found = await answers.find(wanted)
        assert found is not None
        shared = AnswerShared(request=KEPT.id, begun_at=NOW - 1.5, kept=True)
        assert await collect(answers.tell(found)) == [shared, *ANSWER]
    assert journal.looked_up == ["k", "f"]


async def test_two_at_once_with_one_key_do_not_both_ask(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    answers = Answers(Sharing(retry_seconds=60), OldJournal(attrs.evolve(KEPT, events=())), nursery)
    asked: list[str] = []

    async def ask(id_: str) -> None:
        if await answers.find(request(id_, key="k")) is None:
            asked.append(id_)
            answers.begin(request(id_, key="k"), Delivery(), lambda: None)

    async with trio.open_nursery() as both:
        both.start_soon(ask, "req_1")
        both.start_soon(ask, "req_2")
    assert len(asked) == 1
