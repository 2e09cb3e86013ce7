"""A connection to a scripted browser over a real WebSocket on loopback."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from cdp_relay.cdp import (
    ConnectionLimits,
    Session,
    browser_websocket_url,
    fetch_protocol,
    open_connection,
)
from cdp_relay.errors import AttachTargetRefused, BrowserGone, BrowserStalled, CommandTimeout
from tests.cdp.peer import Peer, open_peer, open_words


async def test_answers_find_their_callers_in_whatever_order_they_come() -> None:
    async def reorder(peer: Peer) -> None:
        commands = [await peer.command() for _ in range(20)]
        for command in reversed(commands):
            await peer.answer(command, echo=command["params"]["n"])
        await peer.serve()

    echoes: dict[int, int] = {}

    async def ask(n: int) -> None:
        echoes[n] = (await connection.root.call("Some.command", {"n": n}))["echo"]

    async with open_peer(reorder) as url, open_connection(url) as connection:
        async with trio.open_nursery() as nursery:
            for n in range(20):
                nursery.start_soon(ask, n)
        assert echoes == {n: n for n in range(20)}
        assert connection.statistics().sent == 20


async def test_a_dropped_command_times_out_and_the_next_one_works() -> None:
    async def drop_the_first(peer: Peer) -> None:
        await peer.command()
        await peer.serve()

    async with open_peer(drop_the_first) as url, open_connection(url) as connection:
        with pytest.raises(CommandTimeout, match=r"Browser\.getVersion"):
            await connection.root.call("Browser.getVersion", timeout=0.1)
        assert await connection.root.call("Browser.getVersion") == {}


async def test_a_large_answer_arrives_whole_and_does_not_hold_up_the_events_after_it() -> None:
    size = 20 << 20

    async def be_large(peer: Peer) -> None:
        command = await peer.command()
        await peer.answer(command, text="x" * size)
        await peer.say({"method": "Some.event", "params": {}})
        await peer.serve()

    async with open_peer(be_large) as url, open_connection(url) as connection:
        with connection.root.subscribe("Some.event") as events:
            answer = await connection.root.call("Some.command", timeout=20)
            assert len(answer["text"]) == size
            await events.wait(timeout=5)


async def test_a_message_over_the_limit_ends_the_connection_with_the_reason() -> None:
    async def be_too_large(peer: Peer) -> None:
        command = await peer.command()
        await peer.answer(command, text="x" * 100_000)

    limits = ConnectionLimits(max_message_bytes=50_000)
    async with open_peer(be_too_large) as url, open_connection(url, limits=limits) as connection:
        with pytest.raises(BrowserGone, match="larger than allowed"):
            await connection.root.call("Some.command")


@pytest.mark.parametrize("text", [r"\ud83d", r"\ude00 and more", r"text \ud83d\ud83d"])
async def test_half_of_a_surrogate_pair_is_survived(text: str) -> None:
    async def say_half(peer: Peer) -> None:
        command = await peer.command()
        params = f'{{"text": "{text}"}}'
        await peer.say(f'{{"method": "Some.event", "params": {params}}}')
        await peer.say(f'{{"id": {command["id"]}, "result": {params}}}')
        await peer.serve()

    async with open_peer(say_half) as url, open_connection(url) as connection:
        with connection.root.subscribe("Some.event") as events:
            expected = {"text": text.encode().decode("unicode_escape")}
            assert await connection.root.call("Some.command") == expected
            assert (await events.next()).raw == expected


async def test_garbage_between_messages_is_counted_and_skipped() -> None:
    async def mumble(peer: Peer) -> None:
        command = await peer.command()
        for text in ("", "}{", "[]", '"text"', '{"method": 5}', '{"id": "x"}'):
            await peer.say(text)
        await peer.websocket.send_message(b"\xff\xfe")
        await peer.say({"method": "Some.event", "params": {}, "sessionId": "nobody"})
        await peer.answer(command)
        await peer.serve()

    async with open_peer(mumble) as url, open_connection(url) as connection:
        assert await connection.root.call("Some.command") == {}
        statistics = connection.statistics()
        assert (statistics.parse_failures, statistics.unknown_sessions) == (7, 1)


async def test_a_browser_that_stops_reading_is_noticed_and_harms_no_other_task() -> None:
    async def stop_reading(peer: Peer) -> None:
        await trio.sleep_forever()

    limits = ConnectionLimits(write_seconds=0.2, write_bytes_per_second=1e9, close_seconds=0.2)
    async with open_peer(stop_reading, queue=1) as url, open_connection(url, limits=limits) as connection:
        with pytest.raises(BrowserStalled, match=r"Input\.insertText: The browser took no data"):
            await connection.root.call("Input.insertText", {"text": "x" * (60 << 20)}, timeout=20)
        assert connection.closed.is_set()


async def test_a_browser_that_answers_no_pings_is_noticed() -> None:
    async def stop_reading(peer: Peer) -> None:
        await trio.sleep_forever()

    limits = ConnectionLimits(
        ping_interval_seconds=0.05, ping_timeout_seconds=0.05, stalled_after_misses=3, close_seconds=0.2
    )
    async with open_peer(stop_reading, queue=1) as url, open_connection(url, limits=limits) as connection:
        # The first fills the queue of the peer's WebSocket, the second blocks its reader.
        connection.root.post("Some.command")
        connection.root.post("Some.command")
        with pytest.raises(BrowserStalled, match=r"Some\.command: The browser gave no sign of life 3 times"):
            await connection.root.call("Some.command", timeout=20)


async def test_pings_are_answered_by_a_live_browser() -> None:
    limits = ConnectionLimits(ping_interval_seconds=0.02, ping_timeout_seconds=5, stalled_after_misses=1)
    async with open_peer(Peer.serve) as url, open_connection(url, limits=limits) as connection:
        with trio.move_on_after(0.3):
            await connection.closed.wait()
        assert not connection.closed.is_set()
        assert connection.statistics().missed_pings == 0


async def test_a_browser_that_closes_fails_what_waits_with_its_reason() -> None:
    async def leave(peer: Peer) -> None:
        await peer.command()
        await peer.websocket.aclose(1001, "Browser is closing")

    async with open_peer(leave) as url, open_connection(url) as connection:
        with pytest.raises(BrowserGone, match=r"Some\.command: .* 1001 \(Browser is closing\)"):
            await connection.root.call("Some.command")
        await connection.closed.wait()


async def test_a_browser_that_breaks_the_socket_fails_what_waits() -> None:
    async def break_off(peer: Peer) -> None:
        await peer.command()
        await trio.aclose_forcefully(peer.websocket._stream)

    async with open_peer(break_off) as url, open_connection(url) as connection:
        with pytest.raises(BrowserGone, match="ended or was killed"):
            await connection.root.call("Some.command")


async def test_cancelling_in_the_middle_of_a_large_command_leaves_the_connection_whole() -> None:
    begin = trio.Event()

    async def read_late(peer: Peer) -> None:
        await begin.wait()
        await peer.serve()

    async with open_peer(read_late, queue=1) as url, open_connection(url) as connection:
        for _ in range(3):  # enough that the peer's WebSocket reads no further
            connection.root.post("Some.command")
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def insert() -> None:
                await connection.root.call("Input.insertText", {"text": "x" * (40 << 20)}, timeout=20)

            await trio.testing.wait_all_tasks_blocked(0.05)
            assert connection.statistics().sent == 3
            assert connection.statistics().outbox_depth == 0  # so the writer is amidst the frame
            nursery.cancel_scope.cancel()
        begin.set()
        assert await connection.root.call("Some.command", timeout=20) == {}
        assert connection.statistics().sent == 5
        assert connection.statistics().late_answers == 1


async def test_many_commands_at_once_all_arrive_in_order() -> None:
    seen: list[int] = []

    async def note(peer: Peer) -> None:
        while True:
            command = await peer.command()
            seen.append(command["params"]["n"])
            await peer.answer(command)

    async with open_peer(note) as url:
        async with open_connection(url) as connection:
            for n in range(500):
                connection.root.post("Some.command", {"n": n})
            await connection.root.call("Some.command", {"n": 500}, timeout=20)
        assert seen == list(range(501))


async def test_a_child_is_prepared_before_it_is_let_run_and_its_own_children_too() -> None:
    order: list[str] = []

    async def browser(peer: Peer) -> None:
        while True:
            command = await peer.command()
            method, session = command["method"], command.get("sessionId", "")
            order.append(f"{session} {method}".strip())
            if method == "Target.attachToTarget":
                await peer.attach("page")
                await peer.answer(command, sessionId="page")
                continue
            await peer.answer(command)
            if method == "Target.setAutoAttach" and session == "page":
                await peer.attach("worker", "page", kind="worker", wait=True)
            elif method == "Runtime.runIfWaitingForDebugger" and session == "worker":
                await peer.say({"method": "Some.ready", "params": {}, "sessionId": "worker"})

    async def prepare(session: Session) -> None:
        await session.call("Network.enable")

    async with open_peer(browser) as url, open_connection(url) as connection:
        page = await connection.targets.attach_page("PAGE", prepare=prepare)
        with page.subscribe("Some.ready", tree=True) as ready:
            await ready.wait(timeout=5)
        assert page.children["worker"].target is not None
        assert page.children["worker"].target.type == "worker"
    of_worker = [step for step in order if step.startswith("worker")]
    assert of_worker == [
        "worker Target.setAutoAttach",
        "worker Network.enable",
        "worker Runtime.runIfWaitingForDebugger",
    ]
    assert "page Network.enable" in order


@pytest.mark.parametrize("kind", ["stalls", "fails", "breaks"])
async def test_a_child_whose_preparation_goes_wrong_is_let_run_all_the_same(kind: str) -> None:
    released = trio.Event()

    async def browser(peer: Peer) -> None:
        while True:
            command = await peer.command()
            method, session = command["method"], command.get("sessionId", "")
            if method == "Target.attachToTarget":
                await peer.attach("page")
                await peer.answer(command, sessionId="page")
                continue
            if method == "Runtime.runIfWaitingForDebugger" and session == "worker":
                released.set()
            if method == "Network.enable" and session == "worker" and kind != "breaks":
                if kind == "fails":
                    await peer.say(
                        {"id": command["id"], "error": {"code": -1, "message": "no"}, "sessionId": "worker"}
                    )
                continue
            await peer.answer(command)
            if method == "Target.setAutoAttach" and session == "page":
                await peer.attach("worker", "page", kind="worker", wait=True)

    async def prepare(session: Session) -> None:
        if kind == "breaks" and session.id == "worker":
            raise ZeroDivisionError
        await session.call("Network.enable")

    limits = ConnectionLimits(prepare_seconds=0.2)
    async with open_peer(browser) as url, open_connection(url, limits=limits) as connection:
        await connection.targets.attach_page("PAGE", prepare=prepare)
        with trio.fail_after(5):
            await released.wait()
        assert connection.targets.unprepared == 1
        assert not connection.closed.is_set()


async def test_a_page_that_cannot_be_prepared_is_left_again() -> None:
    left = trio.Event()

    async def browser(peer: Peer) -> None:
        while True:
            command = await peer.command()
            if command["method"] == "Target.attachToTarget":
                await peer.attach("page")
                await peer.answer(command, sessionId="page")
            elif command["method"] == "Target.detachFromTarget":
                left.set()
            else:
                await peer.answer(command)

    async def prepare(session: Session) -> None:
        raise CommandTimeout("it hangs")

    async with open_peer(browser) as url, open_connection(url) as connection:
        with pytest.raises(CommandTimeout, match="it hangs"):
            await connection.targets.attach_page("PAGE", prepare=prepare)
        with trio.fail_after(5):
            await left.wait()


async def test_a_page_whose_maker_was_cancelled_is_closed_again() -> None:
    closed = trio.Event()
    asked = trio.Event()

    async def browser(peer: Peer) -> None:
        while True:
            command = await peer.command()
            if command["method"] == "Target.createTarget":
                asked.set()
                await trio.sleep(0.1)
                await peer.answer(command, targetId="PAGE")
            elif command["method"] == "Target.closeTarget":
                assert command["params"] == {"targetId": "PAGE"}
                closed.set()
            else:
                await peer.answer(command)

    async with open_peer(browser) as url, open_connection(url) as connection:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connection.targets.create_page)
            await asked.wait()
            nursery.cancel_scope.cancel()
        with trio.fail_after(5):
            await closed.wait()


async def test_a_page_that_comes_after_its_deadline_is_closed_again() -> None:
    closed = trio.Event()
    late = trio.Event()

    async def browser(peer: Peer) -> None:
        while True:
            command = await peer.command()
            if command["method"] == "Target.createTarget":
                await late.wait()
                await peer.answer(command, targetId="PAGE")
            elif command["method"] == "Target.closeTarget":
                assert command["params"] == {"targetId": "PAGE"}
                closed.set()

    limits = ConnectionLimits(target_seconds=0.05)
    async with open_peer(browser) as url, open_connection(url, limits=limits) as connection:
        with pytest.raises(CommandTimeout):
            await connection.targets.create_page()
        late.set()
        with trio.fail_after(5):
            await closed.wait()
        assert "Target.createTarget" not in connection.statistics().pending


# --- opening and addresses ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/devtools/browser/x", "ws://", "ws://127.0.0.1/x", "ws://127.0.0.1:99999/x", ""],
)
async def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(AttachTargetRefused):
        async with open_connection(url):
            raise AssertionError("it opened")


async def test_nobody_there_is_a_browser_that_is_gone() -> None:
    async with open_peer(Peer.serve) as url:
        pass
    with pytest.raises(BrowserGone, match="Cannot connect to the browser"):
        async with open_connection(url):
            raise AssertionError("it opened")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"", "it hung up"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not accept"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "does not accept"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "does not accept"),
    ],
)
async def test_a_peer_that_is_no_browser_is_refused_as_a_plain_error(words: bytes, reason: str) -> None:
    async with open_words(words) as port:
        with pytest.raises(BrowserGone, match=reason):
            async with open_connection(f"ws://127.0.0.1:{port}/devtools/browser/x"):
                raise AssertionError("it opened")


async def test_a_peer_that_says_nothing_is_given_up() -> None:
    async with open_words(None) as port:
        limits = ConnectionLimits(connect_seconds=0.2)
        with pytest.raises(BrowserGone, match=r"no answer within 0\.2 s"):
            async with open_connection(f"ws://127.0.0.1:{port}/devtools/browser/x", limits=limits):
                raise AssertionError("it opened")


async def test_the_websocket_address_is_asked_for_on_loopback_only() -> None:
    ready = "ws://127.0.0.1:9222/devtools/browser/abc"
    assert await browser_websocket_url(ready) == ready
    body = b'{"webSocketDebuggerUrl": "ws://evil.example:1/devtools/browser/abc"}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with open_words(head + body, linger=True) as port:
        url = await browser_websocket_url(f"http://127.0.0.1:{port}")
        assert url == f"ws://127.0.0.1:{port}/devtools/browser/abc"
    for refused in (
        "http://192.0.2.1:9222",
        "https://127.0.0.1:9222",
        "http://127.0.0.1",
        "ws://example.com:1/x",
    ):
        with pytest.raises(AttachTargetRefused):
            await browser_websocket_url(refused)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
    ],
)
async def test_a_port_of_another_program_is_no_browser(words: bytes) -> None:
    async with open_words(words) as port:
        with pytest.raises(AttachTargetRefused):
            await browser_websocket_url(f"http://127.0.0.1:{port}")


async def test_the_protocol_of_nobody_is_a_browser_that_is_gone() -> None:
    async with open_words(b"") as port:
        pass
    with pytest.raises(BrowserGone):
        await fetch_protocol(f"http://127.0.0.1:{port}")
