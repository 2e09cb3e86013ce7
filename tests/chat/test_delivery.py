"""Events reach a client in order, and a lagging client never holds a turn up."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from cdp_relay.chat import ChatEvent, Notice, ReasoningDelta, TextDelta
from cdp_relay.chat.delivery import Delivery
from cdp_relay.errors import BrowserGone

NOTICE = Notice(code="a", message="b")


async def collect(delivery: Delivery) -> list[ChatEvent]:
    return [event async for event in delivery]


async def test_a_client_that_lags_finds_deltas_of_a_kind_joined() -> None:
    delivery = Delivery()
    for event in (
        ReasoningDelta("hm"),
        ReasoningDelta("m"),
        TextDelta("a"),
        TextDelta("b"),
        NOTICE,
        TextDelta("c"),
    ):
        delivery.put(event)
    delivery.close()
    assert await collect(delivery) == [ReasoningDelta("hmm"), TextDelta("ab"), NOTICE, TextDelta("c")]


async def test_a_client_that_keeps_pace_gets_each_delta_as_it_came(nursery: trio.Nursery) -> None:
    delivery = Delivery()
    got: list[ChatEvent] = []

    async def read() -> None:
        async for event in delivery:
            got.append(event)  # noqa: PERF401 - one by one is the point

    nursery.start_soon(read)
    for text in ("a", "b", "c"):
        await trio.testing.wait_all_tasks_blocked()
        delivery.put(TextDelta(text))
    await trio.testing.wait_all_tasks_blocked()
    delivery.close()
    await trio.testing.wait_all_tasks_blocked()
    assert got == [TextDelta("a"), TextDelta("b"), TextDelta("c")]


async def test_what_was_said_before_an_error_is_delivered_first() -> None:
    delivery = Delivery()
    delivery.put(TextDelta("half"))
    delivery.close(BrowserGone("Chrome is gone."))
    delivery.put(TextDelta("ignored"))
    delivery.close()
    assert await delivery.__anext__() == TextDelta("half")
    with pytest.raises(BrowserGone):
        await delivery.__anext__()


async def test_a_cancelled_reader_loses_nothing(autojump_clock: trio.testing.MockClock) -> None:
    delivery = Delivery()
    with trio.move_on_after(1):
        await delivery.__anext__()
    delivery.put(TextDelta("late"))
    assert await delivery.__anext__() == TextDelta("late")
