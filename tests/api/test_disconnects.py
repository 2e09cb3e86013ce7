"""A client that goes away ends its turn at once, whatever the service was doing for it."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import AsyncGenerator
from typing import Any

import psutil
import pytest
import trio
import trio.testing

from cdp_relay.api import Server
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Step, TextDelta
from tests.api.kit import (
    ScriptedRelay,
    ask,
    connect,
    finished,
    question,
    reached,
    read_head,
    read_reply,
    request_bytes,
    send,
    serving,
)

AT_ONCE = 1.0
PATH = "/v1/chat/completions"


async def think_for_ever(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    yield reached(Step.SUBMITTED)
    yield reached(Step.STREAMING)
    await trio.sleep_forever()


async def write_for_ever(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    while True:
        yield TextDelta("word ")
        await trio.sleep(0.005)


async def write_a_word(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    yield TextDelta("word")
    yield finished()


async def wait_in_line(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    yield reached(Step.QUEUED)
    await trio.sleep_forever()


async def start(relay: ScriptedRelay, client: trio.SocketStream, server: Server, /, **fields: Any) -> None:
    await client.send_all(request_bytes(server, "POST", PATH, question(**fields)))
    with trio.fail_after(2):
        await relay.started.wait()


async def test_while_it_writes() -> None:
    relay = ScriptedRelay(write_for_ever)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server, stream=True)
        await read_head(stream)
        await stream.aclose()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()
    assert relay.running == 0


async def test_while_the_site_thinks() -> None:
    relay = ScriptedRelay(think_for_ever)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server, stream=True)
        await read_head(stream)
        await stream.aclose()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()


async def test_before_the_headers_went_out() -> None:
    relay = ScriptedRelay(wait_in_line)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server, stream=True)
        await stream.aclose()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()


async def test_while_a_plain_answer_is_awaited() -> None:
    relay = ScriptedRelay(think_for_ever)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server)
        await stream.aclose()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()


async def test_with_a_reset() -> None:
    relay = ScriptedRelay(think_for_ever)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server, stream=True)
        await read_head(stream)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()


@pytest.mark.parametrize("streamed", [True, False])
async def test_half_closing_counts_as_going_away(streamed: bool) -> None:
    relay = ScriptedRelay(think_for_ever)
    async with serving(relay) as server, await connect(server) as stream:
        await start(relay, stream, server, stream=streamed)
        await stream.send_eof()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()


async def test_a_slow_reader_holds_the_turn_back_and_may_then_go() -> None:
    produced = 0

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        nonlocal produced
        while True:
            yield TextDelta("x" * 65536)
            produced += 65536

    relay = ScriptedRelay(script)
    async with serving(relay) as server:
        stream = await connect(server)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await start(relay, stream, server, stream=True)
        await read_head(stream)
        before = -1
        with trio.fail_after(5):
            while before != produced:  # until nothing moves any more
                before = produced
                await trio.sleep(0.3)
        assert produced < 20_000_000
        assert relay.running == 1
        await stream.aclose()
        with trio.fail_after(AT_ONCE):
            await relay.ended.wait()


async def test_a_slow_reader_that_goes_on_gets_everything() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        for number in range(100):
            yield TextDelta(f"{number:06}" + "x" * 65536)
        yield finished()

    relay = ScriptedRelay(script)
    async with serving(relay) as server, await connect(server) as stream:
        await start(relay, stream, server, stream=True)
        await trio.sleep(0.3)
        reply = await read_reply(stream)
    assert reply.whole
    assert all(b'"%06dxxx' % number in reply.body for number in range(100))


async def test_within_the_head_or_the_body_asks_the_relay_nothing() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        whole = request_bytes(server, "POST", PATH, question())
        for cut in (10, whole.index(b"\r\n\r\n"), len(whole) - 5):
            async with await connect(server) as stream:
                await stream.send_all(whole[:cut])
                await stream.send_eof()
                with trio.fail_after(AT_ONCE):
                    while await stream.receive_some():
                        pass
        assert (await ask(server)).status == 200
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert server.open_requests == 0
    assert len(relay.asked) == 1


async def test_a_turn_that_stops_slowly_keeps_nobody_else_waiting() -> None:
    stopped = trio.Event()

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        if request.messages[0].text != "slow":
            yield TextDelta("quick")
            yield finished()
            return
        try:
            yield reached(Step.STREAMING)
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(2, shield=True):
                await trio.sleep(0.5)  # as when the page's stop control is pressed
                stopped.set()

    relay = ScriptedRelay(script)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server, stream=True, messages=[{"role": "user", "content": "slow"}])
        await stream.aclose()
        assert (await ask(server)).status == 200
        assert not stopped.is_set()
        with trio.fail_after(2):
            await stopped.wait()


# --- connections close when they should ------------------------------------------------------------


async def until_closed(stream: trio.SocketStream) -> None:
    with trio.fail_after(AT_ONCE):
        while await stream.receive_some():
            pass


async def test_connection_close_is_honoured() -> None:
    async with serving(ScriptedRelay()) as server:
        for method, path, body in [
            ("GET", "/v1/models", None),
            ("POST", PATH, question()),
            ("GET", "/no", None),
        ]:
            async with await connect(server) as stream:
                await stream.send_all(request_bytes(server, method, path, body, {"Connection": "close"}))
                assert (await read_reply(stream)).whole
                await until_closed(stream)


async def test_an_http_1_0_client_sees_the_end() -> None:
    async with serving(ScriptedRelay()) as server, await connect(server) as stream:
        data = request_bytes(server, "GET", "/v1/models").replace(b"HTTP/1.1", b"HTTP/1.0")
        await stream.send_all(data)
        assert (await read_reply(stream)).whole
        await until_closed(stream)


async def test_a_connection_serves_many_requests() -> None:
    async with serving(ScriptedRelay()) as server, await connect(server) as stream:
        for _ in range(20):
            await stream.send_all(request_bytes(server, "GET", "/v1/models"))
            assert (await read_reply(stream)).status == 200
            await stream.send_all(request_bytes(server, "POST", PATH, question()))
            assert (await read_reply(stream)).status == 200
            await stream.send_all(request_bytes(server, "GET", "/v1/models", None, {"Authorization": None}))
            assert (await read_reply(stream)).status == 401


def open_files() -> int:
    return psutil.Process().num_fds()


@pytest.mark.skipif(os.name != "posix", reason="file descriptors are counted on POSIX")
async def test_abandoned_turns_leave_no_file_open() -> None:
    relay = ScriptedRelay(write_for_ever)
    async with serving(relay) as server:
        await send(server, "GET", "/health")
        before = open_files()
        for _ in range(50):
            relay.started = trio.Event()
            relay.ended = trio.Event()
            stream = await connect(server)
            await start(relay, stream, server, stream=True)
            await stream.aclose()
            with trio.fail_after(AT_ONCE):
                await relay.ended.wait()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert server.open_requests == 0
        assert open_files() <= before + 2


async def test_the_log_says_that_the_client_went(capsys: pytest.CaptureFixture[str]) -> None:
    relay = ScriptedRelay(think_for_ever)
    async with serving(relay) as server:
        stream = await connect(server)
        await start(relay, stream, server, stream=True)
        await stream.aclose()
        await relay.ended.wait()
    relay.script = write_a_word
    async with serving(relay) as server:
        await ask(server, stream=True)
    first, second = [line for line in capsys.readouterr().out.splitlines() if " request " in line]
    assert "client_gone=True" in first
    assert "client_gone" not in second
