"""The ASGI door around the application: checks, the body, request ids, the log, and closing.

Everything that must hold for each request whatever its path is done here, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import attrs
import structlog
import trio
from structlog.contextvars import bound_contextvars

from cdp_relay.api.exchange import Exchange, new_request_id
from cdp_relay.api.failure import header_text, render_failure
from cdp_relay.api.gate import Gate, Head, body_too_large
from cdp_relay.api.traffic import Traffic
from cdp_relay.errors import BodyTimeout, MethodNotAllowed, RelayError, ShuttingDown

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

__all__ = ["Door"]

_log = structlog.get_logger("cdp_relay.api")

_LAST_SEND_SECONDS = 10.0
_LINGER_SECONDS = 2.0
"""How long a refused upload is read on and thrown away. Closing at once would reset the connection,
and the client would see that instead of the reason."""


class _ClientGone(Exception):
    """The client closed the connection before its request was whole."""


@attrs.define(eq=False)
class Door:
    """An ASGI application that lets checked requests through to another one."""

    application: ASGIFramework
    gate: Gate
    traffic: Traffic = attrs.field(factory=Traffic)
    body_seconds: float = 60.0
    """Longest time for a whole body."""
    _exchanges: set[Exchange] = attrs.field(factory=set, init=False)
    _asking: set[Exchange] = attrs.field(factory=set, init=False)
    """Those that the service finishes before it stops: they ask for something, and do not only look on."""
    _emptied: trio.Event = attrs.field(factory=trio.Event, init=False)
    _reopens_at: float | None = attrs.field(default=None, init=False)
    """When to try again, on trio's clock, once the door is closed."""

    @property
    def open_exchanges(self) -> int:
        """How many requests are being answered."""
        return len(self._exchanges)

    def close(self, retry_after_seconds: float) -> None:
        """Refuse whatever comes from now on; what is inside goes on."""
        self._reopens_at = trio.current_time() + retry_after_seconds

    @property
    def asking(self) -> int:
        """How many requests that ask for something are being answered."""
        return len(self._asking)

    async def emptied(self) -> None:
        """Wait until nothing is asked any more."""
        while self._asking:
            self._emptied = trio.Event()
            await self._emptied.wait()

    def interrupt_all(self) -> None:
        """Cut off every turn; each client is told so, in the form that its answer has."""
        for exchange in tuple(self._exchanges):
            exchange.interrupt()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._refuse_websocket(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    # one request

    async def _serve(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        head = Head(
            method=scope["method"],
            path=scope["path"],
            http_version=scope["http_version"],
            headers=tuple(scope["headers"]),
        )
        async with trio.open_nursery() as nursery:
            exchange = _open_exchange(head, nursery)
            outgoing = _Outgoing(send, exchange)
            with self._kept(exchange):
                if await self._admit(head, exchange, receive, outgoing):
                    exchange.enter(scope)
                    await self.application(scope, _Incoming(receive), outgoing)
                nursery.cancel_scope.cancel()

    async def _admit(
        self, head: Head, exchange: Exchange, receive: ASGIReceiveCallable, outgoing: _Outgoing
    ) -> bool:
        """Check the head and read the body; False when the client was refused, or has gone."""
        try:
            self.gate.check(head)
            self._check_open()
            exchange.body = await self._read_body(head, receive)
            self._check_open()
        except _ClientGone:
            return False
        except RelayError as error:
            exchange.error = error
        if exchange.error is not None:
            await _refuse(exchange.error, exchange, receive, outgoing)
            return False
        if exchange.method == "POST":
            self._asking.add(exchange)
        return True

    def _check_open(self) -> None:
        if self._reopens_at is not None:
            seconds = max(1.0, self._reopens_at - trio.current_time())
            raise ShuttingDown("The service is stopping.", retry_after_seconds=seconds)

    @contextmanager
    def _kept(self, exchange: Exchange) -> Iterator[None]:
        self._exchanges.add(exchange)
        self.traffic.open += 1
        # Whatever logs a line on the way of the request says which one it is.
        with bound_contextvars(request=exchange.id):
            try:
                yield
            finally:
                self._exchanges.remove(exchange)
                self._asking.discard(exchange)
                if not self._asking:
                    self._emptied.set()
                self.traffic.open -= 1
                self.traffic.note(exchange)
                _write_log(exchange)

    async def _read_body(self, head: Head, receive: ASGIReceiveCallable) -> bytes:
        body = bytearray()
        with trio.move_on_after(self.body_seconds) as patience:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise _ClientGone
                body += message["body"]
                if len(body) > self.gate.max_body_bytes:
                    raise body_too_large(self.gate.max_body_bytes)
                if not message["more_body"]:
                    break
        if patience.cancelled_caught:
            raise BodyTimeout(f"The body was not whole after {self.body_seconds:g} s.")
        return bytes(body)

    async def _refuse_websocket(self, scope: Any, receive: Any, send: Any) -> None:
        head = Head(
            method="GET",
            path=scope["path"],
            http_version=scope["http_version"],
            headers=tuple(scope["headers"]),
        )
        async with trio.open_nursery() as nursery:
            exchange = _open_exchange(head, nursery)
            with self._kept(exchange):
                try:
                    self.gate.check(head)
                    error: RelayError = MethodNotAllowed(
                        "There is no WebSocket here.",
                        next_step="Send the request over plain HTTP.",
                        details={"allow": "POST"},
                    )
                except RelayError as refused:
                    error = refused
                exchange.error = error
                await receive()  # websocket.connect
                failure = render_failure(error, exchange.id, exchange.form)
                exchange.status = failure.status
                headers = _encoded({**failure.headers, **_ids(exchange)})
                headers.append((b"content-length", str(len(failure.body)).encode()))
                await send(
                    {"type": "websocket.http.response.start", "status": failure.status, "headers": headers}
                )
                with trio.move_on_after(_LAST_SEND_SECONDS, shield=True):
                    await send(
                        {"type": "websocket.http.response.body", "body": failure.body, "more_body": False}
                    )
                    exchange.whole = True


def _open_exchange(head: Head, nursery: trio.Nursery) -> Exchange:
    request_id = new_request_id()
    return Exchange(
        id=request_id,
        method=head.method,
        path=head.path,
        client=header_text(head.text(b"user-agent"), 200),
        client_request_id=header_text(head.text(b"x-request-id"), 100),
        nursery=nursery,
        started=trio.current_time(),
        anthropic=bool(head.values(b"anthropic-version")),
    )


@attrs.define(eq=False)
class _Incoming:
    """What the application receives: an empty body (the door has read it), then the disconnect."""

    receive: ASGIReceiveCallable
    _told: bool = attrs.field(default=False, init=False)

    async def __call__(self) -> Any:
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return await self.receive()


@attrs.define(eq=False)
class _Outgoing:
    """What the application sends: headers are added, and the last send is not cut off."""

    send: ASGISendCallable
    exchange: Exchange

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.exchange.status = message["status"]
            extra = {**_ids(self.exchange), **self.exchange.headers}
            message = {**message, "headers": [*message["headers"], *_encoded(extra)]}
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            # The server announces the disconnect to the application inside of this very send. The
            # application then cancels itself, which would also cancel the server's closing of
            # the connection: it would stay open for ever.
            with trio.move_on_after(_LAST_SEND_SECONDS, shield=True):
                await self.send(cast(Any, message))
                self.exchange.whole = True
        else:
            await self.send(message)


async def _refuse(
    error: RelayError, exchange: Exchange, receive: ASGIReceiveCallable, outgoing: _Outgoing
) -> None:
    failure = render_failure(error, exchange.id, exchange.form)
    body_over = trio.Event()

    async def drain() -> None:
        # For as long as the answer takes, for the server's reader waits until somebody takes what it read.
        more = True
        while more:
            message = await receive()
            more = message["type"] == "http.request"
            if not more or not cast(Any, message)["more_body"]:
                body_over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drain)
        headers = {**failure.headers, "content-length": str(len(failure.body))}
        await outgoing(
            {"type": "http.response.start", "status": failure.status, "headers": _encoded(headers)}
        )
        body = b"" if exchange.method == "HEAD" else failure.body
        await outgoing({"type": "http.response.body", "body": body, "more_body": True})
        with trio.move_on_after(_LINGER_SECONDS):
            await body_over.wait()
        await outgoing({"type": "http.response.body", "body": b"", "more_body": False})
        nursery.cancel_scope.cancel()


def _ids(exchange: Exchange) -> dict[str, str]:
    """The request's id under the names by which OpenAI's and Anthropic's clients read it."""
    return {"x-request-id": exchange.id, "request-id": exchange.id}


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]


def _write_log(exchange: Exchange) -> None:
    facts: dict[str, Any] = {
        "request": exchange.id,
        "method": exchange.method,
        "path": header_text(exchange.path, 200),
        "status": exchange.status,
        "seconds": round(trio.current_time() - exchange.started, 3),
        "site": exchange.site,
        "model": exchange.model,
        "client": exchange.client,
    }
    if exchange.client_request_id:
        facts["client_request_id"] = exchange.client_request_id
    if exchange.error is not None:
        facts["error"] = exchange.error.code
    if not exchange.whole:
        facts["client_gone"] = True
    _log.info("request", **facts)
