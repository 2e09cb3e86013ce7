"""Commands over a transport in memory, on a clock that jumps: deadlines, cancellation, failure."""

from __future__ import annotations

import traceback
from typing import Any

import mycdp
import pytest
import trio
import trio.testing

from cdp_relay.cdp import Connection, protocol
from cdp_relay.errors import (
    BrowserGone,
    BrowserStalled,
    CommandFailed,
    CommandTimeout,
    ProtocolViolation,
    TabClosed,
)
from tests.cdp.peer import MemoryTransport, attach_in_memory, open_memory_connection

JSON = dict[str, Any]


@pytest.mark.parametrize(
    ("method", "params", "on_page", "seconds"),
    [
        ("Browser.getVersion", {}, False, 2),
        ("Target.getTargets", {}, False, 5),
        ("Target.setAutoAttach", {}, True, 5),
        ("Runtime.evaluate", {"expression": "1"}, True, 5),
        ("Runtime.evaluate", {"expression": "1", "timeout": 500}, True, 5),
        ("Runtime.evaluate", {"expression": "1", "timeout": 60_000}, True, 61),
        ("Page.navigate", {"url": "x"}, True, 30),
    ],
)
async def test_every_command_has_the_deadline_of_its_class(
    autojump_clock: trio.testing.MockClock, method: str, params: JSON, on_page: bool, seconds: float
) -> None:
    async with open_memory_connection() as (connection, transport):
        session = await attach_in_memory(connection, transport) if on_page else connection.root
        start = trio.current_time()
        with pytest.raises(CommandTimeout, match=method) as caught:
            await session.call(method, params)
        assert trio.current_time() - start == pytest.approx(seconds)
        assert caught.value.details["method"] == method


async def test_a_timeout_of_the_callers_own_counts_instead(autojump_clock: trio.testing.MockClock) -> None:
    async with open_memory_connection() as (connection, _):
        start = trio.current_time()
        with pytest.raises(CommandTimeout, match=r"0\.25 s"):
            await connection.root.execute(protocol.Browser.get_version(), timeout=0.25)
        assert trio.current_time() - start == pytest.approx(0.25)


async def test_a_command_that_timed_out_or_was_cancelled_leaves_nothing_behind(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_memory_connection() as (connection, transport):
        with trio.move_on_after(1):
            await connection.root.call("Browser.getVersion")
        with pytest.raises(CommandTimeout):
            await connection.root.call("Browser.getVersion")
        assert connection.statistics().pending == ()

        for command in transport.written:
            transport.say({"id": command["id"], "result": {"product": "too late"}})
        await trio.testing.wait_all_tasks_blocked()
        assert connection.statistics().late_answers == 2
        assert not connection.closed.is_set()


async def test_the_log_has_each_command_and_how_it_ended_but_never_what_it_says(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_memory_connection() as (connection, _):
        with caplog.at_level("INFO", "cdp_relay.cdp"), pytest.raises(CommandTimeout):
            await connection.root.call("Input.insertText", {"text": "a secret"})
        assert caplog.records == []
        with caplog.at_level("DEBUG", "cdp_relay.cdp"):
            with pytest.raises(CommandTimeout):
                await connection.root.call("Input.insertText", {"text": "a secret"}, timeout=0.25)
            with trio.move_on_after(0.5):
                await connection.root.call("Input.insertText", {"text": "a secret"})
    assert [record.getMessage() for record in caplog.records] == [
        "Input.insertText command_timeout after 250.0 ms, in session ",
        "Input.insertText cancelled after 500.0 ms, in session ",
    ]


async def test_a_cancelled_command_that_was_not_yet_written_is_never_sent(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_memory_connection(transport=MemoryTransport(write_seconds=1)) as (connection, transport):
        connection.root.post("Browser.first")
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0.5):
            await connection.root.call("Browser.abandoned")
        connection.root.post("Browser.last")
        await trio.sleep(5)
        assert [command["method"] for command in transport.written] == ["Browser.first", "Browser.last"]


async def test_a_cancelled_caller_never_cuts_a_write(autojump_clock: trio.testing.MockClock) -> None:
    async with open_memory_connection(transport=MemoryTransport(write_seconds=3)) as (connection, transport):
        with trio.move_on_after(1):
            await connection.root.call("Browser.begun")
        assert transport.written == []
        await trio.sleep(5)
        assert [command["method"] for command in transport.written] == ["Browser.begun"]


async def test_a_write_that_goes_nowhere_ends_the_connection(autojump_clock: trio.testing.MockClock) -> None:
    transport = MemoryTransport(write_seconds=1e9)
    async with open_memory_connection(transport=transport, write_seconds=10) as (connection, _):
        start = trio.current_time()
        with pytest.raises(BrowserStalled, match=r"Browser\.getVersion: The browser took no data"):
            await connection.root.call("Browser.getVersion", timeout=60)
        assert trio.current_time() - start == pytest.approx(10, abs=0.1)
        assert connection.closed.is_set()
        assert isinstance(connection.close_error, BrowserStalled)
        with pytest.raises(BrowserStalled):
            await connection.root.call("Browser.getVersion")


async def test_a_full_outbox_refuses_and_says_so(autojump_clock: trio.testing.MockClock) -> None:
    transport = MemoryTransport(write_seconds=1)
    async with open_memory_connection(transport=transport, outbox_messages=3) as (connection, _):
        connection.root.post("Browser.begun")
        await trio.testing.wait_all_tasks_blocked()
        for _i in range(4):
            connection.root.post("Browser.waits")
        with pytest.raises(BrowserStalled, match=r"Browser\.getVersion was not sent"):
            await connection.root.call("Browser.getVersion")
        assert connection.statistics().outbox_depth == 3
        assert connection.statistics().post_failures == 1


async def test_what_was_posted_is_still_written_when_the_block_ends(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_memory_connection(transport=MemoryTransport(write_seconds=0.5)) as (
        connection,
        transport,
    ):
        connection.root.post("Browser.close")
    assert [command["method"] for command in transport.written] == ["Browser.close"]


async def test_leaving_by_cancellation_does_not_wait_for_a_blocked_write(
    autojump_clock: trio.testing.MockClock,
) -> None:
    start = trio.current_time()
    with trio.move_on_after(1):
        async with open_memory_connection(transport=MemoryTransport(write_seconds=1e9)) as (connection, _):
            connection.root.post("Browser.close")
            await trio.sleep_forever()
    assert trio.current_time() - start == pytest.approx(1)


async def test_a_command_larger_than_the_browser_takes_is_refused_before_it_is_sent() -> None:
    async with open_memory_connection(max_command_bytes=1000) as (connection, transport):
        with pytest.raises(CommandFailed, match=r"Input\.insertText was not sent: its 1\d\d\d bytes"):
            await connection.root.call("Input.insertText", {"text": "ü" * 500})
        assert connection.statistics().pending == ()
        connection.root.post("Browser.after")
        await trio.testing.wait_all_tasks_blocked()
        assert [command["method"] for command in transport.written] == ["Browser.after"]


async def test_a_refusal_names_the_method_and_shows_the_caller() -> None:
    async def an_innocent_caller() -> None:
        await connection.root.call("Page.navigate", {"url": "nowhere"})

    async with open_memory_connection() as (connection, transport), trio.open_nursery() as nursery:

        @nursery.start_soon
        async def refuse() -> None:
            await trio.testing.wait_all_tasks_blocked()
            error = {"code": -32000, "message": "Cannot navigate", "data": "bad URL"}
            transport.say({"id": transport.written[-1]["id"], "error": error})

        with pytest.raises(CommandFailed) as caught:
            await an_innocent_caller()

    assert str(caught.value) == "Page.navigate was refused: Cannot navigate (bad URL) [-32000]."
    assert caught.value.details == {"method": "Page.navigate", "code": -32000, "data": "bad URL"}
    frames = [frame.name for frame in traceback.extract_tb(caught.tb)]
    assert "an_innocent_caller" in frames


async def test_the_answer_that_a_session_is_no_more_is_a_closed_tab() -> None:
    async with open_memory_connection() as (connection, transport), trio.open_nursery() as nursery:

        @nursery.start_soon
        async def refuse() -> None:
            await trio.testing.wait_all_tasks_blocked()
            error = {"code": -32001, "message": "Session with given id not found."}
            transport.say({"id": transport.written[-1]["id"], "error": error})

        with pytest.raises(TabClosed, match=r"Runtime\.evaluate"):
            await connection.root.call("Runtime.evaluate")


async def test_all_that_waits_fails_at_once_when_the_browser_hangs_up() -> None:
    failures: list[str] = []

    async def ask(method: str) -> None:
        try:
            await connection.root.call(method)
        except BrowserGone as error:
            failures.append(str(error))

    async with open_memory_connection() as (connection, transport), trio.open_nursery() as nursery:
        for name in ("A.a", "B.b", "C.c"):
            nursery.start_soon(ask, name)
        await trio.testing.wait_all_tasks_blocked()
        transport.hang_up()
    assert sorted(failures) == [f"{name}: The scripted browser hung up." for name in ("A.a", "B.b", "C.c")]


async def test_commands_of_the_pycdp_family_run_as_they_are() -> None:
    async with open_memory_connection() as (connection, transport), trio.open_nursery() as nursery:

        @nursery.start_soon
        async def answer() -> None:
            await trio.testing.wait_all_tasks_blocked()
            targets = [
                {
                    "targetId": "T",
                    "type": "page",
                    "title": "t",
                    "url": "u",
                    "attached": False,
                    "canAccessOpener": False,
                }
            ]
            transport.say({"id": transport.written[-1]["id"], "result": {"targetInfos": targets}})

        infos = await connection.root.execute(mycdp.target.get_targets())
    assert [type(info) for info in infos] == [mycdp.target.TargetInfo]
    assert infos[0].target_id == "T"


async def test_a_command_object_that_wants_to_send_twice_is_a_violation() -> None:
    def greedy() -> Any:
        yield {"method": "A.a", "params": {}}
        yield {"method": "B.b", "params": {}}

    async with open_memory_connection() as (connection, transport), trio.open_nursery() as nursery:

        @nursery.start_soon
        async def answer() -> None:
            await trio.testing.wait_all_tasks_blocked()
            transport.say({"id": 1, "result": {}})

        with pytest.raises(ProtocolViolation, match="twice"):
            await connection.root.execute(greedy())


async def test_a_lone_surrogate_is_sent_as_an_escape() -> None:
    async with open_memory_connection() as (connection, transport):
        connection.root.post("Input.insertText", {"text": "half \ud83d"})
        await trio.testing.wait_all_tasks_blocked()
        assert transport.written[0]["params"]["text"] == "half \ud83d"


async def test_parameters_that_json_cannot_say_fail_in_the_caller_and_nowhere_else() -> None:
    async with open_memory_connection() as (connection, _):
        with pytest.raises(TypeError):
            await connection.root.call("A.a", {"value": object()})
        assert connection.statistics().pending == ()
        assert not connection.closed.is_set()


def is_degraded(connection: Connection) -> bool:
    return connection.degraded


async def test_the_pulse_of_a_stopped_browser_is_missed(autojump_clock: trio.testing.MockClock) -> None:
    transport = MemoryTransport(answer_pings=False)
    async with open_memory_connection(ping=True, transport=transport) as (connection, _):
        await trio.sleep(15)
        assert not is_degraded(connection)
        await trio.sleep(6)
        assert is_degraded(connection)
        assert connection.statistics().missed_pings == 2
        await connection.closed.wait()
        assert trio.current_time() == pytest.approx(100)
        assert isinstance(connection.close_error, BrowserStalled)
        assert transport.pings == 10


async def test_a_browser_that_comes_back_is_no_longer_degraded(
    autojump_clock: trio.testing.MockClock,
) -> None:
    transport = MemoryTransport(answer_pings=False)
    async with open_memory_connection(ping=True, transport=transport) as (connection, _):
        await trio.sleep(21)
        assert is_degraded(connection)
        transport.answer_pings = True
        await trio.sleep(5)
        assert not is_degraded(connection)
        await trio.sleep(1000)
        assert not connection.closed.is_set()


async def test_any_message_is_a_sign_of_life(autojump_clock: trio.testing.MockClock) -> None:
    transport = MemoryTransport(answer_pings=False)
    async with open_memory_connection(ping=True, transport=transport) as (connection, _):
        for _i in range(60):
            transport.say({"method": "Some.event", "params": {}})
            await trio.sleep(4)
        assert connection.statistics().missed_pings == 0
        assert not connection.closed.is_set()
