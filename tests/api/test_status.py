"""What ``/v1/status`` tells of the turns, once and as they go on."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
import trio

from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Step, TextDelta
from cdp_relay.errors import CapReached
from tests.api.kit import (
    ScriptedRelay,
    ask,
    connect,
    finished,
    reached,
    read_head,
    request_bytes,
    says,
    send,
    serving,
)
from tests.api.test_metrics import WatchedRelay


class Stream:
    """The pushes of a status stream, as they come."""

    def __init__(self, stream: trio.SocketStream, data: bytes) -> None:
        self._stream = stream
        self._data = data

    async def next(self) -> tuple[str, dict[str, Any]]:
        while b"\n\n" not in self._data:
            piece = await self._stream.receive_some(65536)
            if not piece:
                raise EOFError(self._data)
            self._data += piece
        event, _, self._data = self._data.partition(b"\n\n")
        # Each event is a chunk of the body: its size stands before it, and a line break after it.
        lines = event.decode().split("\n")
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        return fields["event"], json.loads(fields["data"])


async def test_the_present_has_sites_turns_and_the_last_ends() -> None:
    over = trio.Event()

    async def half(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.OPENED, chat="held", continued=3)
        yield reached(Step.STREAMING)
        yield TextDelta("Hello")
        await over.wait()
        yield finished()

    relay = WatchedRelay(half)
    async with serving(relay) as server, trio.open_nursery() as nursery:
        nursery.start_soon(partial(ask, server, {"User-Agent": "agent/1.0"}))
        await relay.started.wait()
        while not any(turn.pieces for turn in relay.board.running.values()):
            await trio.testing.wait_all_tasks_blocked()
        present = (await send(server, "GET", "/v1/status")).json()
        over.set()
        while relay.board.running:
            await relay.board.changed(relay.board.version)
        relay.script = says(CapReached("The cap is reached."))
        await ask(server)
        later = (await send(server, "GET", "/v1/status")).json()
    assert present["default_site"] == "practice"
    assert {site["name"]: site["state"] for site in present["sites"]} == {
        "chatgpt": "signed_out",
        "practice": "ready",
    }
    [turn] = present["turns"]
    assert turn["request"].startswith("req_")
    expected = {
        "client": "agent/1.0",
        "model": "practice",
        "site": "practice",
        "step": "streaming",
        "chat": "held",
        "messages_spared": 3,
        "characters": 5,
    }
    assert expected.items() <= turn.items()
    assert present["recent"] == []
    assert later["turns"] == []
    failed, whole = later["recent"]
    assert (failed["state"], failed["code"]) == ("failed", "usage_cap_reached")
    assert (whole["state"], whole["code"], whole["request"]) == ("finished", "", turn["request"])
    assert "Hello" not in json.dumps([present, later]), "no word of a conversation"


async def test_each_step_is_pushed_and_a_service_that_stops_says_so() -> None:
    go_on, over = trio.Event(), trio.Event()

    async def slow(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.QUEUED, position=2, estimated_seconds=12.5)
        await go_on.wait()
        yield reached(Step.STREAMING)
        await over.wait()
        yield finished()

    relay = WatchedRelay(slow)
    async with serving(relay) as server:
        stream = await connect(server)
        async with stream, trio.open_nursery() as nursery:
            await stream.send_all(request_bytes(server, "GET", "/v1/status?stream=1"))
            status, headers, rest = await read_head(stream)
            assert (status, headers["content-type"]) == (200, "text/event-stream")
            pushes = Stream(stream, rest)
            assert (await pushes.next())[1]["turns"] == []
            nursery.start_soon(ask, server)
            [turn] = await _turns(pushes, "queued")
            assert (turn["position"], turn["estimated_seconds"]) == (2, 12.5)
            go_on.set()
            [turn] = await _turns(pushes, "streaming")
            assert "position" not in turn
            over.set()
            while (push := await pushes.next())[1]["turns"]:
                pass
            assert push[1]["recent"][0]["request"] == turn["request"]
        viewer = await connect(server)
        await viewer.send_all(request_bytes(server, "GET", "/v1/status?stream=1"))
        _, _, rest = await read_head(viewer)
        pushes = Stream(viewer, rest)
        await pushes.next()
        ending = trio.current_time()
    assert trio.current_time() - ending < 3, "a viewer does not hold the end up"
    async with viewer:
        while (await pushes.next())[0] != "end":
            pass


async def _turns(pushes: Stream, step: str) -> list[dict[str, Any]]:
    """The turns of the first push in which one is at this step."""
    while True:
        _, body = await pushes.next()
        if any(turn["step"] == step for turn in body["turns"]):
            turns: list[dict[str, Any]] = body["turns"]
            return turns


@pytest.mark.parametrize("query", ["stream=yes", "stream=2"])
async def test_a_stream_is_wanted_or_not(query: str) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, "GET", f"/v1/status?{query}")
    assert (reply.status, reply.error["param"]) == (400, "stream")


async def test_the_present_needs_the_key() -> None:
    async with serving(ScriptedRelay()) as server:
        assert (await send(server, "GET", "/v1/status", headers={"Authorization": None})).status == 401
