"""The wire between a program and the relay, tapped: what was asked for, and what came back by when."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

__all__ = ["Wire", "tapped"]

_STREAMED = re.compile(rb'"stream"\s*:\s*true')


@attrs.define(eq=False)
class Wire:
    """What went over a port of its own to the relay, and back."""

    port: int
    asked: bytearray = attrs.field(factory=bytearray)
    answered: bytearray = attrs.field(factory=bytearray)
    _grown: trio.Event = attrs.field(factory=trio.Event)

    @property
    def streamed(self) -> bool:
        """Whether an answer was asked for as a stream, and came as one."""
        return bool(_STREAMED.search(self.asked)) and b"text/event-stream" in self.answered

    async def has_answered(self, text: str, *, seconds: float = 90.0) -> None:
        """Wait until a text has come from the relay.

        Raises:
          AssertionError: it did not come in time.
        """
        with trio.move_on_after(seconds):
            while text.encode() not in self.answered:
                await self._grown.wait()
            return
        raise AssertionError(
            f"{text!r} did not come within {seconds} s; there was:\n{self.answered.decode()}"
        )

    async def _pass_on(
        self, source: trio.SocketStream, target: trio.SocketStream, kept: bytearray, host: bytes
    ) -> None:
        # Whoever hangs up, the other one is to learn of it.
        async with source, target:
            async for data in source:
                kept += data
                grown, self._grown = self._grown, trio.Event()
                grown.set()
                # The relay answers only to its own name.
                own = f"127.0.0.1:{self.port}".encode()
                await target.send_all(data.replace(b": " + own, b": " + host) if host else data)


@asynccontextmanager
async def tapped(port: int) -> AsyncGenerator[Wire]:
    """Listen in front of the relay's *port* for as long as the block lasts."""
    async with trio.open_nursery() as nursery:
        listener, *_ = await trio.open_tcp_listeners(0, host="127.0.0.1")
        wire = Wire(listener.socket.getsockname()[1])

        async def serve(client: trio.SocketStream) -> None:
            relay = await trio.open_tcp_stream("127.0.0.1", port)
            try:
                async with trio.open_nursery() as both:
                    both.start_soon(wire._pass_on, client, relay, wire.asked, f"127.0.0.1:{port}".encode())
                    both.start_soon(wire._pass_on, relay, client, wire.answered, b"")
            except* (trio.BrokenResourceError, trio.ClosedResourceError):
                pass

        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield wire
        nursery.cancel_scope.cancel()
