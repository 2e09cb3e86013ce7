"""Stand-ins for a browser: a real WebSocket server with a script, and a transport in memory."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import trio
import trio_websocket

from cdp_relay.cdp import Connection, ConnectionLimits, run_connection
from cdp_relay.errors import BrowserGone

JSON = dict[str, Any]


class Peer:
    """One client of the scripted browser, as the script sees it."""

    def __init__(self, websocket: trio_websocket.WebSocketConnection) -> None:
        self.websocket = websocket

    async def command(self) -> JSON:
        """The next command."""
        message: JSON = json.loads(await self.websocket.get_message())
        return message

    async def say(self, message: JSON | str) -> None:
        await self.websocket.send_message(message if isinstance(message, str) else json.dumps(message))

    async def answer(self, command: JSON, **result: Any) -> None:
        """Answer a command, in its session."""
        session = {"sessionId": command["sessionId"]} if "sessionId" in command else {}
        await self.say({"id": command["id"], "result": result, **session})

    async def attach(
        self, session_id: str, parent: str = "", *, kind: str = "page", wait: bool = False
    ) -> None:
        """Say that a target was attached to; its target id is that of the session, in capitals."""
        info = {"targetId": session_id.upper(), "type": kind, "title": "", "url": "", "attached": True}
        params = {"sessionId": session_id, "targetInfo": info, "waitingForDebugger": wait}
        above = {"sessionId": parent} if parent else {}
        await self.say({"method": "Target.attachedToTarget", "params": params, **above})

    async def serve(self) -> None:
        """Answer all that comes, with an empty result, until the client leaves."""
        while True:
            await self.answer(await self.command())


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def open_peer(script: Script, *, queue: int = 64) -> AsyncGenerator[str]:
    """Run *script* for each client of a WebSocket server on a free loopback port; gives its address."""

    async def converse(request: trio_websocket.WebSocketRequest) -> None:
        websocket = await request.accept()
        with suppress(trio_websocket.ConnectionClosed):  # the client left, as clients do
            await script(Peer(websocket))

    async def serve(task_status: trio.TaskStatus[trio_websocket.WebSocketServer]) -> None:
        await trio_websocket.serve_websocket(
            converse,
            "127.0.0.1",
            0,
            None,
            message_queue_size=queue,
            max_message_size=1 << 28,
            task_status=task_status,
        )

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve)
        yield f"ws://127.0.0.1:{server.port}/devtools/browser/scripted"
        nursery.cancel_scope.cancel()


@attrs.define(eq=False)
class MemoryTransport:
    """Texts through two channels: what the connection wrote, and what it reads."""

    written: list[JSON] = attrs.field(factory=list)
    write_seconds: float = 0.0
    """How long each write takes."""
    pings: int = 0
    answer_pings: bool = True
    _incoming: Any = attrs.field(factory=lambda: trio.open_memory_channel[str](1000))

    async def send(self, *texts: str) -> None:
        await trio.sleep(self.write_seconds)
        self.written += map(json.loads, texts)

    async def receive(self) -> str:
        try:
            text: str = await self._incoming[1].receive()
        except trio.EndOfChannel:
            raise BrowserGone("The scripted browser hung up.") from None
        return text

    async def ping(self) -> None:
        self.pings += 1
        if not self.answer_pings:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()

    def say(self, message: JSON | str) -> None:
        """Let the connection read this next."""
        self._incoming[0].send_nowait(message if isinstance(message, str) else json.dumps(message))

    def hang_up(self) -> None:
        self._incoming[0].close()


@asynccontextmanager
async def open_memory_connection(
    *, ping: bool = False, transport: MemoryTransport | None = None, **limits: Any
) -> AsyncGenerator[tuple[Connection, MemoryTransport]]:
    """A connection without a socket, so that a test may set the clock."""
    transport = transport or MemoryTransport()
    async with run_connection(
        transport, limits=ConnectionLimits(**limits), ping=transport if ping else None
    ) as connection:
        yield connection, transport


async def attach_in_memory(connection: Connection, transport: MemoryTransport, session_id: str = "s1") -> Any:
    """Open a page's session on a memory connection."""
    info = {"targetId": session_id.upper(), "type": "page", "title": "", "url": "", "attached": True}
    transport.say(
        {
            "method": "Target.attachedToTarget",
            "params": {"sessionId": session_id, "targetInfo": info, "waitingForDebugger": False},
        }
    )
    await trio.testing.wait_all_tasks_blocked()
    return next(session for session in connection.sessions if session.id == session_id)


@asynccontextmanager
async def open_words(words: bytes | None, *, linger: bool = False) -> AsyncGenerator[int]:
    """A server that answers whatever comes with the same words and hangs up; gives its port.

    Args:
      words: None to say nothing at all, for ever.
      linger: leave the socket open behind the words.
    """

    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        if words is not None:
            await stream.send_all(words)
        if words is None or linger:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(functools.partial(trio.serve_tcp, host="127.0.0.1"), answer, 0)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()
