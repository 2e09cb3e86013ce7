"""One HTTP request and its answer, written chunk by chunk."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import trio
import wsproto
from wsproto import events as ws

from cdp_relay.recording.serving.sockets import PageSocket, Stream

__all__ = ["ConnectionCut", "Exchange"]

Headers = Iterable[tuple[str, str]]


class ConnectionCut(Exception):
    """The site cut the connection on purpose; the server drops it without a farewell."""


class Exchange:
    """One request; answer it with :meth:`respond`, or with :meth:`start`, :meth:`write` and :meth:`finish`.

    Each :meth:`write` is one HTTP chunk in one TLS record, flushed at once. When the browser goes away
    in the middle, the task that answers is cancelled by the server.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        protocol: h11.Connection,
        request: h11.Request,
        body: bytes,
    ) -> None:
        self.method = request.method.decode("ascii")
        self.target = request.target.decode("ascii")
        parts = urlsplit(self.target)
        self.path = unquote(parts.path)
        self.query: Mapping[str, str] = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers: Mapping[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers
        }
        self.host = self.headers.get("host", "").partition(":")[0]
        self.body = body
        self.every_answer: list[tuple[str, str]] = []
        """Headers of the answer, whoever makes it: a refusal, a stream, a file."""
        self.started = False
        self.finished = False
        self.upgraded = False
        self._raw_headers = [(bytes(name), bytes(value)) for name, value in request.headers]
        self._stream = stream
        self._protocol = protocol

    @property
    def wants_socket(self) -> bool:
        """Whether the page asks for a WebSocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"

    def json(self) -> Any:
        """The body, parsed; an empty object when there is none."""
        return json.loads(self.body) if self.body else {}

    async def respond(
        self,
        status: int = 200,
        body: bytes | str = b"",
        *,
        content_type: str = "text/plain; charset=utf-8",
        headers: Headers = (),
    ) -> None:
        """Answer in one piece."""
        data = body.encode() if isinstance(body, str) else body
        await self.start(
            status, content_type=content_type, headers=[*headers, ("content-length", str(len(data)))]
        )
        if data and self.method != "HEAD":
            await self.write(data)
        await self.finish()

    async def respond_json(self, value: Any, status: int = 200, *, headers: Headers = ()) -> None:
        """Answer with JSON."""
        await self.respond(status, json.dumps(value), content_type="application/json", headers=headers)

    async def redirect(self, location: str, status: int = 302) -> None:
        """Send the browser somewhere else."""
        await self.respond(status, headers=[("location", location)])

    async def start(self, status: int, *, content_type: str, headers: Headers = ()) -> None:
        """Send status and headers; without a content-length the body is chunked."""
        head = [("content-type", content_type), ("cache-control", "no-store"), *self.every_answer, *headers]
        await self.begin(status, head)

    async def begin(self, status: int, headers: Headers, *, reason: str = "") -> None:
        """Send a status and exactly these headers; without a content-length the body is chunked."""
        self.started = True
        await self._send(
            h11.Response(
                status_code=status,
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
                reason=reason.encode("latin-1"),
            )
        )

    async def write(self, data: bytes) -> None:
        """Send one chunk."""
        await self._send(h11.Data(data=data))

    async def finish(self) -> None:
        """End the body properly."""
        self.finished = True
        await self._send(h11.EndOfMessage())

    def cut(self, *, reset: bool = False) -> None:
        """Cut the connection in the middle of whatever was being sent.

        Args:
          reset: with a TCP reset, which also discards what the browser has not read yet.

        Raises:
          ConnectionCut: always; it ends the handler.
        """
        if reset:
            linger = struct.pack("ii", 1, 0)
            stream = self._stream
            tcp = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
            tcp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise ConnectionCut

    async def accept_socket(self, *, subprotocol: str | None = None) -> PageSocket:
        """Turn the connection into a WebSocket."""
        self.upgraded = True
        protocol = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        protocol.initiate_upgrade_connection(self._raw_headers, self.target)
        await self._stream.send_all(protocol.send(ws.AcceptConnection(subprotocol=subprotocol)))
        return PageSocket(self._stream, protocol)

    async def _send(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._protocol.send(event)
        if data:
            await self._stream.send_all(data)
