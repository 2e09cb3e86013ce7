"""The socket under a connection: whole texts out, whole texts in.

:class:`Transport` is the seam. Whatever has ``send`` and ``receive`` carries a connection: the
WebSocket here, or two memory channels in a test.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

import trio
import trio_websocket
from wsproto.utilities import LocalProtocolError

from cdp_relay.cdp.limits import ConnectionLimits
from cdp_relay.errors import AttachTargetRefused, BrowserGone

__all__ = ["Pinging", "Transport", "WebSocketTransport", "connect_transport"]


class Transport(Protocol):
    """Texts both ways. One task sends and one task receives; both raise BrowserGone at the end."""

    async def send(self, *texts: str) -> None:
        """Write the texts in order. Cancelling this may leave half of one on the wire."""

    async def receive(self) -> str:
        """Return the next text."""


class Pinging(Protocol):
    """A transport that can ask its peer for a sign of life."""

    async def ping(self) -> None:
        """Ask, and return when the peer has answered."""


class WebSocketTransport:
    """A trio-websocket connection as a transport. Made by :func:`connect_transport`."""

    def __init__(self, websocket: trio_websocket.WebSocketConnection, stream: _JoiningStream) -> None:
        self._websocket = websocket
        self._stream = stream

    async def send(self, *texts: str) -> None:
        """Write each text as one message, all of them with one system call."""
        try:
            with self._stream.hold():
                for text in texts:
                    await self._websocket.send_message(text)
            await self._stream.flush()
        except trio_websocket.ConnectionClosed as closed:
            raise _gone(closed.reason) from None
        except (trio.BrokenResourceError, trio.ClosedResourceError, LocalProtocolError):
            raise _gone(self._websocket.closed) from None

    async def receive(self) -> str:
        """Return the next message; a binary one is read as UTF-8."""
        try:
            message: str | bytes = await self._websocket.get_message()
        except trio_websocket.ConnectionClosed as closed:
            raise _gone(closed.reason) from None
        return message if isinstance(message, str) else message.decode("utf-8", "replace")

    async def ping(self) -> None:
        """Send a ping frame and wait for its pong."""
        try:
            await self._websocket.ping()
        except trio_websocket.ConnectionClosed as closed:
            raise _gone(closed.reason) from None
        except LocalProtocolError:
            raise _gone(self._websocket.closed) from None

    async def aclose(self) -> None:
        """Say goodbye and close; when cancelled, just close."""
        try:
            await self._websocket.aclose()
        finally:
            # The library leaves the socket open when the peer said goodbye first.
            await trio.aclose_forcefully(self._stream)


class _JoiningStream(trio.abc.Stream):
    """A stream that can hold back whole frames and write them together.

    A system call costs more than everything else that we do for a small command.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._lock = trio.Lock()
        self._held: list[bytes | bytearray | memoryview] = []
        self._holding = False
        self.ended = trio.Event()
        """Set when the peer will send nothing more."""

    @contextmanager
    def hold(self) -> Generator[None]:
        """Keep what is written inside of the block until :meth:`flush`."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False

    async def flush(self) -> None:
        """Write what was held back."""
        if self._lock.locked():
            await self._lock.acquire()
        else:
            self._lock.acquire_nowait()  # without giving way, which would cost as much as the write
        try:
            held, self._held = self._held, []
            data = held[0] if len(held) == 1 else b"".join(held)
            await self._stream.send_all(memoryview(data))
        finally:
            self._lock.release()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._holding:
            self._held.append(data)
            return
        # The library's reader answers pings on its own, perhaps in the middle of our flush.
        async with self._lock:
            await self._stream.send_all(memoryview(data))

    async def wait_send_all_might_not_block(self) -> None:
        async with self._lock:
            await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        try:
            data = await self._stream.receive_some(max_bytes)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.ended.set()
            raise
        if not data:
            self.ended.set()
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()


async def connect_transport(nursery: trio.Nursery, url: str, limits: ConnectionLimits) -> WebSocketTransport:
    """Open a WebSocket to ``ws://HOST:PORT/PATH``; its reading task lives in *nursery*.

    When the peer does not shake hands as it should, that task raises in the nursery.

    Raises:
      AttachTargetRefused: *url* is no such address.
      BrowserGone: nobody answers there, or not in time.
    """
    host, port, path = _split(url)
    where = f"{host}:{port}"
    websocket: trio_websocket.WebSocketConnection | None = None
    try:
        with trio.fail_after(limits.connect_seconds):
            stream = _JoiningStream(await trio.open_tcp_stream(host, port))
            try:
                websocket = await _shake_hands(nursery, stream, where, path, limits)
            finally:
                if websocket is None:
                    await trio.aclose_forcefully(stream)
    except trio.TooSlowError:
        reason = f"no answer within {limits.connect_seconds:g} s"
    except OSError as error:
        reason = str(error)
    else:
        if websocket is not None:
            return WebSocketTransport(websocket, stream)
        reason = "it hung up"
    raise BrowserGone(f"Cannot connect to the browser at {where}: {reason}.")


async def _shake_hands(
    nursery: trio.Nursery, stream: _JoiningStream, where: str, path: str, limits: ConnectionLimits
) -> trio_websocket.WebSocketConnection | None:
    """Return an open WebSocket, or None when the peer hung up."""
    websocket = None

    async def give_up_at_the_end(scope: trio.CancelScope) -> None:
        # The library waits for the end of the handshake only, and not for that of the stream.
        await stream.ended.wait()
        scope.cancel()

    async with trio.open_nursery() as waiting:
        waiting.start_soon(give_up_at_the_end, waiting.cancel_scope)
        websocket = await trio_websocket.wrap_client_stream(
            nursery,
            stream,  # type: ignore[arg-type]  # any trio.abc.Stream does
            where,
            path,
            message_queue_size=limits.receive_queue_messages,
            max_message_size=limits.max_message_bytes,
            receive_buffer_size=limits.receive_buffer_bytes,
        )
        waiting.cancel_scope.cancel()
    return websocket


def _split(url: str) -> tuple[str, int, str]:
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "ws" and parts.hostname and parts.port:
            return parts.hostname, parts.port, parts.path or "/"
    except ValueError:
        pass
    raise AttachTargetRefused(f"{url!r} is not of the form ws://127.0.0.1:PORT/devtools/browser/ID.")


def _gone(reason: trio_websocket.CloseReason | None) -> BrowserGone:
    if reason is None or reason.code == 1006:
        return BrowserGone("The connection to the browser broke: the browser ended or was killed.")
    if reason.code == 1009:
        return BrowserGone("The connection to the browser was closed: a message was larger than allowed.")
    text = f" ({reason.reason})" if reason.reason else ""
    return BrowserGone(f"The browser closed the connection with code {reason.code}{text}.")
