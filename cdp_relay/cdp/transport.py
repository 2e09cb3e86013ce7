"""The socket under a connection: whole texts out, whole texts in.

:class:`Transport` is the seam. Whatever has ``send`` and ``receive`` carries a connection: the
WebSocket here, or two memory channels in a test.
"""

from __future__ import annotations

import urllib.parse
from typing import Protocol

import trio
import trio_websocket

from cdp_relay.cdp.limits import ConnectionLimits
from cdp_relay.errors import AttachTargetRefused, BrowserGone

__all__ = ["Pinging", "Transport", "WebSocketTransport", "connect_transport"]


class Transport(Protocol):
    """Texts both ways. One task sends and one task receives; both raise BrowserGone at the end."""

    async def send(self, text: str) -> None:
        """Write one text. Cancelling this may leave half of it on the wire."""

    async def receive(self) -> str:
        """Return the next text."""


class Pinging(Protocol):
    """A transport that can ask its peer for a sign of life."""

    async def ping(self) -> None:
        """Ask, and return when the peer has answered."""


class WebSocketTransport:
    """A trio-websocket connection as a transport."""

    def __init__(self, websocket: trio_websocket.WebSocketConnection) -> None:
        self._websocket = websocket

    async def send(self, text: str) -> None:
        """Write one text message."""
        try:
            await self._websocket.send_message(text)
        except trio_websocket.ConnectionClosed as closed:
            raise _gone(closed) from None

    async def receive(self) -> str:
        """Return the next message; a binary one is read as UTF-8."""
        try:
            message: str | bytes = await self._websocket.get_message()
        except trio_websocket.ConnectionClosed as closed:
            raise _gone(closed) from None
        return message if isinstance(message, str) else message.decode("utf-8", "replace")

    async def ping(self) -> None:
        """Send a ping frame and wait for its pong."""
        try:
            await self._websocket.ping()
        except trio_websocket.ConnectionClosed as closed:
            raise _gone(closed) from None

    async def aclose(self) -> None:
        """Say goodbye and close; when cancelled, just close."""
        await self._websocket.aclose()


async def connect_transport(nursery: trio.Nursery, url: str, limits: ConnectionLimits) -> WebSocketTransport:
    """Open a WebSocket to ``ws://HOST:PORT/PATH``; its reading task lives in *nursery*.

    Raises:
      AttachTargetRefused: *url* is no such address.
      BrowserGone: nobody answers there, or not as a browser does.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "ws" or not parts.hostname or not parts.port:
        raise AttachTargetRefused(f"{url!r} is not of the form ws://127.0.0.1:PORT/devtools/browser/ID.")
    try:
        with trio.fail_after(limits.connect_seconds):
            websocket = await trio_websocket.connect_websocket(
                nursery,
                parts.hostname,
                parts.port,
                parts.path or "/",
                use_ssl=False,
                message_queue_size=limits.receive_queue_messages,
                max_message_size=limits.max_message_bytes,
                receive_buffer_size=limits.receive_buffer_bytes,
            )
    except trio.TooSlowError:
        reason = f"no answer within {limits.connect_seconds:g} s"
    except (OSError, trio_websocket.HandshakeError) as error:
        reason = str(error) or type(error).__name__
    except trio_websocket.ConnectionClosed:
        reason = "it closed the connection during the handshake"
    else:
        return WebSocketTransport(websocket)
    raise BrowserGone(f"Cannot connect to the browser at {parts.netloc}: {reason}.")


def _gone(closed: trio_websocket.ConnectionClosed) -> BrowserGone:
    reason = closed.reason
    if reason is None or reason.code == 1006:
        return BrowserGone("The connection to the browser broke: the browser ended or was killed.")
    if reason.code == 1009:
        return BrowserGone("The connection to the browser was closed: a message was larger than allowed.")
    text = f" ({reason.reason})" if reason.reason else ""
    return BrowserGone(f"The browser closed the connection with code {reason.code}{text}.")
