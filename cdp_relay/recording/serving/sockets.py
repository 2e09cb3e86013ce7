"""A WebSocket as a site has it: messages of text and of bytes, both ways."""

from __future__ import annotations

from collections import deque

import trio
import wsproto
from wsproto import events as ws
from wsproto.connection import ConnectionState

__all__ = ["PageSocket", "SocketClosed", "Stream"]

Stream = trio.SSLStream[trio.SocketStream] | trio.SocketStream

_MAX_MESSAGE_BYTES = 64 << 20
"""No page sends that much; one that does is hung up on."""


class SocketClosed(Exception):
    """The page closed its WebSocket, or went away."""


class PageSocket:
    """A WebSocket that a page opened."""

    def __init__(self, stream: Stream, protocol: wsproto.WSConnection) -> None:
        self._stream = stream
        self._protocol = protocol
        self._sending = trio.Lock()
        self._inbox: deque[str | bytes] = deque()
        self._partial: list[str | bytes] = []
        self._partial_size = 0

    async def send(self, message: str | bytes) -> None:
        """Send one message: text, or bytes as a binary one.

        Raises:
          SocketClosed: the connection is gone.
        """
        event: ws.Event = (
            ws.TextMessage(data=message) if isinstance(message, str) else ws.BytesMessage(data=message)
        )
        async with self._sending:
            if self._protocol.state is not ConnectionState.OPEN:
                raise SocketClosed
            await self._send_event(event)

    async def receive(self) -> str:
        """Wait for the next message, which is expected to be text.

        Raises:
          SocketClosed: the page closed the socket, or went away.
          TypeError: it is a binary one.
        """
        message = await self.receive_any()
        if not isinstance(message, str):
            raise TypeError(f"a binary message of {len(message)} bytes where text was expected")
        return message

    async def receive_any(self) -> str | bytes:
        """Wait for the next message.

        Raises:
          SocketClosed: the page closed the socket, or went away.
        """
        while not self._inbox:
            try:
                data = await self._stream.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise SocketClosed from None
            try:
                self._protocol.receive_data(bytes(data) or None)
                for event in self._protocol.events():
                    await self._take(event)
            except wsproto.utilities.RemoteProtocolError:
                raise SocketClosed from None
        return self._inbox.popleft()

    async def close(self, code: int = 1000) -> None:
        """Close from our side."""
        async with self._sending:
            if self._protocol.state is ConnectionState.OPEN:
                await self._send_event(ws.CloseConnection(code=code))

    async def _take(self, event: ws.Event) -> None:
        if isinstance(event, (ws.TextMessage, ws.BytesMessage)):
            self._take_piece(event)
        elif isinstance(event, ws.Ping):
            async with self._sending:
                await self._send_event(event.response())
        elif isinstance(event, ws.CloseConnection):
            async with self._sending:
                if self._protocol.state is ConnectionState.REMOTE_CLOSING:
                    await self._send_event(event.response())
            raise SocketClosed

    def _take_piece(self, event: ws.TextMessage | ws.BytesMessage) -> None:
        piece = event.data if isinstance(event, ws.TextMessage) else bytes(event.data)
        self._partial.append(piece)
        self._partial_size += len(piece)
        if self._partial_size > _MAX_MESSAGE_BYTES:
            raise SocketClosed
        if event.message_finished:
            empty: str | bytes = "" if isinstance(event, ws.TextMessage) else b""
            self._inbox.append(empty.join(self._partial))  # type: ignore[arg-type]  # all of one kind
            self._partial.clear()
            self._partial_size = 0

    async def _send_event(self, event: ws.Event) -> None:
        try:
            await self._stream.send_all(self._protocol.send(event))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise SocketClosed from None
