"""A site is asked no faster than its pace, over tabs and restarts; nobody waits without being told."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing

from cdp_relay.chat import RequestId, Step
from cdp_relay.chat.contract import Pacing
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.health import SiteMemory
from cdp_relay.chat.pacing import Pace, Pacer
from cdp_relay.chat.timeline import Timeline
from cdp_relay.errors import PaceExceeded


def make_pacer(gap: float = 0.0, per_hour: int = 0, longest: float = 300.0) -> Pacer:
    pace = Pace(Pacing(gap_seconds=gap, per_hour=per_hour))
    return Pacer(site="chatgpt", title="ChatGPT", pace=pace, longest_seconds=longest, clock=trio.current_time)


def new_timeline() -> Timeline:
    return Timeline(RequestId("r"), Delivery())


async def take_turn(pacer: Pacer, seconds: float = 0.0, *, sent: bool = True) -> tuple[float, Timeline]:
    """A turn; returns when its prompt went, since the test began, and its timeline."""
    timeline = new_timeline()
    entered = await pacer.enter(timeline)
    await trio.sleep(seconds)
    pacer.leave(entered, sent=sent)
    return entered, timeline


async def test_the_gap_counts_from_the_end_of_a_turn(autojump_clock: trio.testing.MockClock) -> None:
    pacer = make_pacer(gap=2)
    first, quiet = await take_turn(pacer, seconds=10)
    second, told = await take_turn(pacer)
    assert second - first == pytest.approx(12)
    assert quiet.steps == []
    (step,) = told.steps
    assert (step.step, dict(step.facts)) == (Step.PACED, {"seconds": 2.0, "why": "gap"})


async def test_turns_of_several_tabs_go_one_gap_apart_and_in_order(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pacer = make_pacer(gap=2)
    began = trio.current_time()
    went: list[tuple[int, float]] = []

    async def turn(number: int) -> None:
        entered, _ = await take_turn(pacer)
        went.append((number, round(entered - began, 3)))

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(turn, number)
            await trio.testing.wait_all_tasks_blocked()
    assert went == [(0, 0), (1, 2), (2, 4), (3, 6)]


async def test_an_hour_takes_only_so_many_prompts_and_frees_them_one_by_one(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pacer = make_pacer(per_hour=3, longest=10_000)
    began = trio.current_time()
    went = []
    for _ in range(5):
        entered, timeline = await take_turn(pacer, seconds=60)
        went.append(round(entered - began))
    assert went == [0, 60, 120, 3600, 3660]
    assert timeline.steps == [], "the fifth came when the second was an hour old"


async def test_a_wait_longer_than_the_queue_allows_is_refused_with_its_reason(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pacer = make_pacer(per_hour=1, longest=300)
    await take_turn(pacer, seconds=100)
    with pytest.raises(PaceExceeded, match="relay's own pace") as refused:
        await take_turn(pacer)
    assert refused.value.status == 429
    assert refused.value.retry_after_seconds == pytest.approx(3500)
    assert "sites.chatgpt.per_hour" in refused.value.next_step
    await trio.sleep(3300)
    assert (await take_turn(pacer))[1].steps[0].facts["why"] == "hour"


async def test_who_leaves_while_paced_and_who_sends_nothing_costs_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pacer = make_pacer(gap=100)
    began = trio.current_time()
    await take_turn(pacer)
    with trio.move_on_after(50):
        await take_turn(pacer)
    assert pacer.next_at == pytest.approx(began + 100)
    failed, _ = await take_turn(pacer, sent=False)
    again, _ = await take_turn(pacer)
    assert failed == again == pytest.approx(began + 100)


async def test_the_wait_counts_those_who_wait_already(autojump_clock: trio.testing.MockClock) -> None:
    pacer = make_pacer(gap=200, longest=300)
    await take_turn(pacer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turn, pacer)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(PaceExceeded):
            await take_turn(pacer)
        nursery.cancel_scope.cancel()


async def test_no_pace_means_no_wait(autojump_clock: trio.testing.MockClock) -> None:
    pacer = make_pacer()
    began = trio.current_time()
    for _ in range(100):
        await take_turn(pacer)
    assert trio.current_time() == began
    assert pacer.next_at is None


def test_the_hour_survives_a_restart_and_a_clock_that_was_set_back(tmp_path: Path) -> None:
    pacing = Pacing(gap_seconds=0, per_hour=2)
    memory = SiteMemory(tmp_path / "sites.json")
    memory.health("a")
    pace = memory.pace("a", pacing)
    for at in (1000.0, 1500.0):
        pace.send(at)
    memory.save()

    again = SiteMemory(tmp_path / "sites.json")
    again.load(("a",))
    pace = again.pace("a", pacing)
    assert pace.slot(2000.0).at == 4600.0
    assert pace.slot(5200.0).at == 5200.0
    assert pace.slot(1200.0).at == 1200.0, "what lies in the future is no reason to wait"
