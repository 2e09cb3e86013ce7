"""Events reach a client in order, and a lagging client never holds a turn up."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from cdp_relay.chat.delivery import Delivery, told_again
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    Notice,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
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
    reader = delivery.read()
    assert await anext(reader) == TextDelta("half")
    with pytest.raises(BrowserGone):
        await anext(reader)


async def test_a_cancelled_reader_loses_nothing(autojump_clock: trio.testing.MockClock) -> None:
    delivery = Delivery()
    reader = delivery.read()
    with trio.move_on_after(1):
        await anext(reader)
    delivery.put(TextDelta("late"))
    assert await anext(reader) == TextDelta("late")


async def test_who_comes_later_hears_it_from_the_start_and_then_along_with_the_others() -> None:
    delivery = Delivery()
    first = delivery.read()
    delivery.put(TextDelta("a"))
    assert await anext(first) == TextDelta("a")
    delivery.put(TextDelta("b"))
    delivery.put(NOTICE)
    second = delivery.read()
    delivery.put(TextDelta("c"))
    delivery.close(BrowserGone("gone"))
    third = delivery.read()
    for reader, events in (
        (first, [TextDelta("b"), NOTICE, TextDelta("c")]),
        (second, [TextDelta("ab"), NOTICE, TextDelta("c")]),
        (third, [TextDelta("ab"), NOTICE, TextDelta("c")]),
    ):
        assert [await anext(reader) for _ in events] == events
        with pytest.raises(BrowserGone):
            await anext(reader)
        assert reader.at_end


def test_who_comes_later_is_not_told_what_was_taken_back() -> None:
    delivery = Delivery()
    events = (TextDelta("ab"), ReasoningDelta("x"), TextDelta("cd"), TextRetracted(3), TextDelta("!"))
    for event in events:
        delivery.put(event)
    assert delivery.told == events
    told = told_again(delivery.told)
    assert "".join(event.text for event in told if isinstance(event, TextDelta)) == "a!"
    assert not any(isinstance(event, TextRetracted) for event in told)


def test_pieces_of_two_calls_stay_apart() -> None:
    delivery = Delivery()
    for index in (0, 1):
        delivery.put(ToolCallBegan(index=index, id=f"c{index}", name="t"))
        delivery.put(ToolCallArguments(index, "{"))
        delivery.put(ToolCallArguments(index, "}"))
        delivery.put(ToolCallEnded(index=index, id=f"c{index}", name="t", arguments="{}"))
    pieces = [event for event in delivery.told if isinstance(event, ToolCallArguments)]
    assert pieces == [ToolCallArguments(0, "{}"), ToolCallArguments(1, "{}")]


async def test_too_much_is_told_once_and_not_remembered() -> None:
    delivery = Delivery(most=10)
    reader = delivery.read()
    delivery.put(TextDelta("x" * 6))
    delivery.put(TextDelta("y" * 6))
    delivery.put(TextDelta("z"))
    delivery.close()
    assert not delivery.whole
    assert delivery.told == ()
    assert [event async for event in reader] == [TextDelta("x" * 6 + "y" * 6 + "z")]


def test_thousands_of_pieces_are_remembered_as_what_they_hold() -> None:
    delivery = Delivery()
    for _ in range(3000):
        delivery.put(TextDelta("ab"))
    assert delivery.told == (TextDelta("ab" * 3000),)
    assert delivery.size == 6000


async def test_one_that_left_hears_no_more_and_holds_nothing() -> None:
    delivery = Delivery()
    reader, other = delivery.read(), delivery.read()
    reader.leave()
    reader.leave()
    assert delivery.readers == 1
    delivery.put(TextDelta("a"))
    delivery.close()
    assert [event async for event in other] == [TextDelta("a")]
