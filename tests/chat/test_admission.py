"""A turn is let in, refused, or kept until the person has acted; one turn a minute looks for itself."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from cdp_relay.chat import RequestId, Step
from cdp_relay.chat.admission import Admission
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.health import SiteHealth
from cdp_relay.chat.timeline import Timeline
from cdp_relay.errors import CapReached, ChallengeShown, RelayError, SignedOut

Clock = trio.testing.MockClock


@pytest.fixture
def health() -> SiteHealth:
    return SiteHealth(name="chatgpt", clock=trio.current_time, monotonic=trio.current_time)


def admission(health: SiteHealth, person_seconds: float = 0.0) -> Admission:
    return Admission(health, Timeline(RequestId("r"), Delivery()), None, person_seconds)


@pytest.mark.parametrize("error", [ChallengeShown("A check."), CapReached("Full.", retry_after_seconds=600)])
async def test_a_closed_site_refuses_at_once(
    health: SiteHealth, autojump_clock: Clock, error: RelayError
) -> None:
    health.failed(error)
    began = trio.current_time()
    turn = admission(health)
    with pytest.raises(type(error)) as refused:
        await turn.enter()
    assert trio.current_time() == began
    turn.failed(refused.value)
    health.mended()
    if health.cool_down is not None:
        assert health.cool_down.until == began + 600, "a refusal of our own teaches nothing"


async def test_nobody_waits_for_a_cap(health: SiteHealth, autojump_clock: Clock) -> None:
    health.failed(CapReached("Full.", retry_after_seconds=30))
    with pytest.raises(CapReached):
        await admission(health, person_seconds=100).enter()


async def test_whoever_waits_goes_on_when_the_person_has_acted(
    health: SiteHealth, autojump_clock: Clock
) -> None:
    health.failed(SignedOut("Nobody."))
    turns = [admission(health, person_seconds=50) for _ in range(3)]
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for turn in turns:
            nursery.start_soon(turn.enter)
        await trio.sleep(20)
        health.mended()
    assert trio.current_time() == began + 20
    for turn in turns:
        (step,) = turn.timeline.steps
        assert (step.step, dict(step.facts)) == (Step.PAUSED, {"state": "signed_out", "seconds": 50})


async def test_whoever_has_waited_long_enough_is_refused(health: SiteHealth, autojump_clock: Clock) -> None:
    health.failed(SignedOut("Nobody."))
    began = trio.current_time()
    with pytest.raises(SignedOut):
        await admission(health, person_seconds=50).enter()
    assert trio.current_time() == began + 50


async def test_of_those_who_wait_one_looks_after_a_minute_and_lets_the_others_in(
    health: SiteHealth, autojump_clock: Clock
) -> None:
    health.failed(ChallengeShown("A check."))
    began = trio.current_time()
    first, second = admission(health, 300), admission(health, 300)
    let_in: list[Admission] = []

    async def enter(turn: Admission) -> None:
        await turn.enter()
        let_in.append(turn)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(enter, first)
        nursery.start_soon(enter, second)
        await trio.sleep(61)
        assert len(let_in) == 1
        let_in[0].check()
        let_in[0].failed(ChallengeShown("Still a check."))
        await trio.sleep(61)
        assert len(let_in) == 2, "the next minute's look"
        let_in[1].worked()
    assert health.state == "ready"
    assert trio.current_time() == began + 122
    await admission(health).enter()
