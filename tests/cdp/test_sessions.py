"""Sessions, events and subscriptions over a transport in memory."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from cdp_relay.cdp import Connection, Event, RawEvent, Session, protocol
from cdp_relay.errors import (
    BrowserError,
    BrowserGone,
    CommandTimeout,
    EventsLost,
    PageCrashed,
    TabClosed,
)
from tests.cdp.peer import MemoryTransport, attach_in_memory, open_memory_connection

JSON = dict[str, Any]


def console(text: str) -> JSON:
    return {
        "type": "log",
        "args": [{"type": "string", "value": text}],
        "executionContextId": 1,
        "timestamp": 1,
    }


def say_console(transport: MemoryTransport, session_id: str, *texts: str) -> None:
    for text in texts:
        transport.say(
            {"method": "Runtime.consoleAPICalled", "params": console(text), "sessionId": session_id}
        )


def text_of(event: Event) -> str:
    text: str = event.raw["args"][0]["value"]
    return text


async def test_events_come_in_order_and_typed_and_keep_what_no_attribute_stands_for() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        with session.subscribe(protocol.Network.DataReceived, protocol.Network.LoadingFinished) as events:
            for method, params in (
                ("Network.dataReceived", {"requestId": "1", "dataLength": 3, "futureField": [1]}),
                ("Network.loadingFinished", {"requestId": "1"}),
                ("Network.dataReceived", {"requestId": "2", "dataLength": "odd", "data": None}),
            ):
                transport.say({"method": method, "params": params, "sessionId": "s1"})
            first, second, third = [await events.next() for _ in range(3)]
        assert isinstance(first, protocol.Network.DataReceived)
        assert (first.request_id, first.data_length, first.data) == ("1", 3, None)
        assert first.raw["futureField"] == [1]
        assert isinstance(second, protocol.Network.LoadingFinished)
        assert "encodedDataLength" not in second.raw
        assert isinstance(third, protocol.Network.DataReceived)
        assert third.request_id == "2"


async def test_an_event_without_a_class_comes_raw_by_its_name() -> None:
    async with open_memory_connection() as (connection, transport):
        with connection.root.subscribe("Future.thingHappened") as events:
            transport.say({"method": "Future.thingHappened", "params": {"a": 1}})
            assert await events.next() == RawEvent(method="Future.thingHappened", raw={"a": 1})


async def test_listening_starts_with_subscribe_and_not_with_the_first_iteration() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        say_console(transport, "s1", "before")
        await trio.testing.wait_all_tasks_blocked()
        with session.subscribe(protocol.Runtime.ConsoleAPICalled) as events:
            say_console(transport, "s1", "one", "two")
            await trio.testing.wait_all_tasks_blocked()
            assert [text_of(await events.next()) for _ in range(2)] == ["one", "two"]
            assert events.next_nowait() is None


async def test_waiting_listens_before_anything_is_awaited() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        waiting = session.wait_for(
            protocol.Runtime.ConsoleAPICalled, lambda event: text_of(event) == "two", timeout=1
        )
        say_console(transport, "s1", "one", "two")
        await trio.testing.wait_all_tasks_blocked()
        assert text_of(await waiting) == "two"
        assert connection.statistics().subscriptions == ()


async def test_waiting_ends_with_its_timeout_and_names_the_event(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_memory_connection() as (connection, _):
        with pytest.raises(CommandTimeout, match=r"No Target\.targetCreated came within 3 s"):
            await connection.root.wait_for(protocol.Target.TargetCreated, timeout=3)


async def test_a_subscriber_that_falls_behind_fails_alone() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        with (
            session.subscribe(protocol.Runtime.ConsoleAPICalled, capacity=2) as slow,
            session.subscribe(protocol.Runtime.ConsoleAPICalled, capacity=9) as quick,
        ):
            say_console(transport, "s1", *"abcd")
            await trio.testing.wait_all_tasks_blocked()
            assert [text_of(await slow.next()) for _ in range(2)] == ["a", "b"]
            with pytest.raises(EventsLost, match=r"Runtime\.consoleAPICalled"):
                await slow.next()
            assert [text_of(await quick.next()) for _ in range(4)] == ["a", "b", "c", "d"]
            assert slow.statistics().lost == 1
        assert not connection.closed.is_set()


async def test_a_subscriber_may_choose_to_lose_the_oldest() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        with session.subscribe(
            protocol.Runtime.ConsoleAPICalled, capacity=2, when_full="drop-oldest"
        ) as events:
            say_console(transport, "s1", *"abcde")
            await trio.testing.wait_all_tasks_blocked()
            statistics = connection.statistics().subscriptions[0]
            assert (statistics.depth, statistics.peak, statistics.delivered, statistics.lost) == (2, 2, 5, 3)
            assert [text_of(await events.next()) for _ in range(2)] == ["d", "e"]


async def test_a_closed_subscription_ends_its_iteration() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        events = session.subscribe(protocol.Runtime.ConsoleAPICalled)
        seen = []

        async def iterate() -> None:
            seen.extend([text_of(event) async for event in events])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(iterate)
            say_console(transport, "s1", "one")
            await trio.testing.wait_all_tasks_blocked()
            events.close()
        assert seen == ["one"]


async def test_cancelling_a_subscriber_loses_no_event() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        with session.subscribe(protocol.Runtime.ConsoleAPICalled) as events:
            say_console(transport, "s1", "one")
            await trio.testing.wait_all_tasks_blocked()
            with trio.CancelScope() as scope:
                scope.cancel()
                await events.next()
            assert scope.cancelled_caught
            assert text_of(await events.next()) == "one"


async def attach_worker(transport: MemoryTransport, session_id: str, parent: str) -> None:
    info = {"targetId": session_id.upper(), "type": "worker", "title": "", "url": "", "attached": True}
    params = {"sessionId": session_id, "targetInfo": info, "waitingForDebugger": False}
    transport.say({"method": "Target.attachedToTarget", "params": params, "sessionId": parent})
    await trio.testing.wait_all_tasks_blocked()


async def test_a_tree_subscription_hears_children_present_and_future() -> None:
    async with open_memory_connection() as (connection, transport):
        page = await attach_in_memory(connection, transport)
        await attach_worker(transport, "w1", "s1")
        with (
            page.subscribe(protocol.Runtime.ConsoleAPICalled, tree=True) as tree,
            page.subscribe(protocol.Runtime.ConsoleAPICalled) as flat,
        ):
            await attach_worker(transport, "w2", "w1")
            say_console(transport, "w2", "grandchild")
            say_console(transport, "s1", "page")
            say_console(transport, "w1", "child")
            heard = []
            for _ in range(3):
                event = await tree.next()
                heard.append((tree.last_session.id, text_of(event)))
            assert heard == [("w2", "grandchild"), ("s1", "page"), ("w1", "child")]
            assert text_of(await flat.next()) == "page"
            assert flat.next_nowait() is None


CRASHES = [
    ({"method": "Inspector.targetCrashed", "params": {}, "sessionId": "s1"}, PageCrashed),
    (
        {"method": "Target.targetCrashed", "params": {"targetId": "S1", "status": "killed", "errorCode": 9}},
        PageCrashed,
    ),
    ({"method": "Target.detachedFromTarget", "params": {"sessionId": "s1", "targetId": "S1"}}, TabClosed),
    (
        {"method": "Inspector.detached", "params": {"reason": "Render process gone."}, "sessionId": "s1"},
        TabClosed,
    ),
]


@pytest.mark.parametrize(("message", "error"), CRASHES, ids=lambda value: getattr(value, "__name__", ""))
async def test_the_end_of_a_page_fails_all_that_waits_on_it_before_any_handler_runs(
    message: JSON, error: type[BrowserError]
) -> None:
    order: list[str] = []

    async def ask(session: Session, method: str) -> None:
        with pytest.raises(error, match=method):
            await session.call(method)

    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        events = session.subscribe(protocol.Runtime.ConsoleAPICalled)

        def look(_: Event) -> None:
            order.append(
                f"pending {len(connection.statistics().pending)}, refusing {session.error is not None}"
            )

        session.on(message["method"], look)
        connection.root.on(message["method"], look)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, session, "Runtime.evaluate")
            nursery.start_soon(ask, session, "Page.navigate")
            await trio.testing.wait_all_tasks_blocked()
            transport.say(message)
        assert order == ["pending 0, refusing True"]
        with pytest.raises(error):
            await session.call("Runtime.evaluate", timeout=1)
        with pytest.raises(error):
            await events.next()
        if error is TabClosed:
            with pytest.raises(error):
                session.subscribe(protocol.Runtime.ConsoleAPICalled)
        assert not connection.closed.is_set()


async def test_a_crashed_page_can_be_loaded_anew() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        transport.say({"method": "Inspector.targetCrashed", "params": {}, "sessionId": "s1"})
        await trio.testing.wait_all_tasks_blocked()
        assert session.crashed
        assert not session.closed.is_set()
        session.post("Input.insertText", {"text": "lost"})
        session.post("Page.reload")
        await trio.testing.wait_all_tasks_blocked()
        assert [command["method"] for command in transport.written] == ["Page.reload"]
        with session.subscribe(protocol.Inspector.TargetReloadedAfterCrash) as reloads:
            transport.say({"method": "Inspector.targetReloadedAfterCrash", "params": {}, "sessionId": "s1"})
            await reloads.next()
        assert not session.crashed
        session.post("Runtime.enable")
        await trio.testing.wait_all_tasks_blocked()
        assert transport.written[-1]["method"] == "Runtime.enable"


async def test_children_end_with_their_page() -> None:
    async with open_memory_connection() as (connection, transport):
        page = await attach_in_memory(connection, transport)
        await attach_worker(transport, "w1", "s1")
        worker = page.children["w1"]
        transport.say({"method": "Target.detachedFromTarget", "params": {"sessionId": "s1"}})
        await page.closed.wait()
        assert worker.closed.is_set()
        assert connection.sessions == ()
        say_console(transport, "w1", "a last word")
        await trio.testing.wait_all_tasks_blocked()
        assert connection.statistics().unknown_sessions == 1


async def test_queued_events_are_still_given_out_when_the_session_has_ended() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        with session.subscribe(protocol.Runtime.ConsoleAPICalled) as events:
            say_console(transport, "s1", "one")
            transport.say({"method": "Target.detachedFromTarget", "params": {"sessionId": "s1"}})
            await session.closed.wait()
            assert text_of(await events.next()) == "one"
            with pytest.raises(TabClosed, match="The tab was closed"):
                await events.next()


async def test_a_session_can_be_failed_from_our_side() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def ask() -> None:
                with pytest.raises(TabClosed, match=r"Runtime\.evaluate: taken away"):
                    await session.call("Runtime.evaluate")

            await trio.testing.wait_all_tasks_blocked()
            session.fail(TabClosed("taken away"))
        assert session.closed.is_set()


async def test_handlers_run_before_subscribers_and_their_failures_harm_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        heard: list[str] = []

        def broken(event: protocol.Runtime.ConsoleAPICalled) -> None:
            raise ZeroDivisionError

        session.on(protocol.Runtime.ConsoleAPICalled, broken)
        undo = session.on(protocol.Runtime.ConsoleAPICalled, lambda event: heard.append(text_of(event)))
        with session.subscribe(protocol.Runtime.ConsoleAPICalled) as events:
            say_console(transport, "s1", "one")
            await events.next()
            assert heard == ["one"]
            undo()
            undo()
            say_console(transport, "s1", "two")
            await events.next()
        assert heard == ["one"]
        assert connection.statistics().handler_failures == 2
        assert "a handler of Runtime.consoleAPICalled failed" in caplog.text


async def test_a_handler_answers_without_waiting() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        session.on(
            protocol.Page.JavascriptDialogOpening,
            lambda event: session.post("Page.handleJavaScriptDialog", {"accept": False}),
        )
        transport.say({"method": "Page.javascriptDialogOpening", "params": {}, "sessionId": "s1"})
        await trio.testing.wait_all_tasks_blocked()
        assert transport.written[-1] == {
            "id": transport.written[-1]["id"],
            "method": "Page.handleJavaScriptDialog",
            "params": {"accept": False},
            "sessionId": "s1",
        }


@pytest.mark.parametrize(
    "message",
    [
        "",
        "no json",
        "[1]",
        "null",
        "{}",
        '{"id": "text"}',
        '{"id": 1.5, "result": {}}',
        '{"error": {"code": -32700, "message": "JSON: parse error"}}',
        '{"method": 7}',
        '{"id": 999999, "result": null}',
        '{"method": "Some.event", "params": null}',
        '{"method": "Some.event", "params": [1], "sessionId": 5}',
        '{"method": "Target.attachedToTarget", "params": {"sessionId": [1], "targetInfo": 3}}',
        '{"method": "Target.attachedToTarget", "params": {"sessionId": "x", "targetInfo": {}}}',
        '{"method": "Target.detachedFromTarget", "params": {"sessionId": {}}}',
        '{"method": "Target.targetCrashed", "params": {"targetId": []}}',
        '{"method": "Target.targetInfoChanged", "params": {"targetInfo": {"targetId": {}}}}',
        '{"method": "Inspector.detached", "params": {}}',
        '{"id": 1, "error": "odd"}',
        "[" * 100_000,
    ],
)
async def test_no_message_ends_the_connection(message: str) -> None:
    async with open_memory_connection() as (connection, transport):
        transport.say(message)
        await trio.testing.wait_all_tasks_blocked()
        assert not connection.closed.is_set()
        with connection.root.subscribe("Sane.event") as events:
            transport.say({"method": "Sane.event", "params": {"a": "\ud83d"}})
            assert (await events.next()).raw == {"a": "\ud83d"}


async def test_statistics_tell_what_nobody_wanted_and_what_was_no_message() -> None:
    async with open_memory_connection() as (connection, transport):
        transport.say({"method": "Some.event", "params": {}})
        transport.say({"method": "Some.event", "params": {}, "sessionId": "nobody"})
        transport.say("garbage")
        await trio.testing.wait_all_tasks_blocked()
        statistics = connection.statistics()
        assert (statistics.received, statistics.events, statistics.events_unclaimed) == (3, 1, 1)
        assert (statistics.unknown_sessions, statistics.parse_failures) == (1, 1)


async def test_what_a_target_is_called_is_kept_current() -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport)
        info = {"targetId": "S1", "type": "page", "title": "t", "url": "https://new", "attached": True}
        transport.say({"method": "Target.targetInfoChanged", "params": {"targetInfo": info}})
        await trio.testing.wait_all_tasks_blocked()
        assert session.target.url == "https://new"


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    async def fail(connection: Connection) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        async with open_memory_connection() as (connection, _):
            await fail(connection)
    assert connection.closed.is_set()
    assert isinstance(connection.close_error, BrowserGone)
    with pytest.raises(BrowserGone, match="The relay closed its connection"):
        await connection.root.call("Browser.getVersion")


async def test_the_block_is_not_cancelled_when_the_browser_goes() -> None:
    async with open_memory_connection() as (connection, transport):
        transport.hang_up()
        await connection.closed.wait()
        await trio.lowlevel.checkpoint()
        assert str(connection.close_error) == "The scripted browser hung up."
        with pytest.raises(BrowserGone):
            connection.root.subscribe(protocol.Target.TargetCreated)
