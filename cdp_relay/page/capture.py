"""What a page asks for and what it is answered, live: the truth that the DOM only renders.

One task reads the events of the page, its workers and its frames in the order of the wire; every
wanted request has a task of its own that asks for its body and keeps the request's events in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias

import attrs
import trio

from cdp_relay.cdp import Session, Subscription, protocol
from cdp_relay.errors import InternalError, ProtocolViolation, RelayError
from cdp_relay.page._exchange import (
    BodyData,
    BodyEnded,
    Exchange,
    ExchangeEvent,
    Lost,
    RequestSent,
    ResponseStarted,
)
from cdp_relay.page.tab import Tab

__all__ = [
    "BodyData",
    "BodyEnded",
    "Capture",
    "CaptureEvent",
    "RequestSent",
    "ResponseStarted",
    "SocketMessage",
    "watch_requests",
]

_Heard: TypeAlias = (
    protocol.Network.RequestWillBeSent
    | protocol.Network.ResponseReceived
    | protocol.Network.DataReceived
    | protocol.Network.LoadingFinished
    | protocol.Network.LoadingFailed
    | protocol.Network.WebSocketFrameReceived
    | protocol.Target.DetachedFromTarget
)

_HTTP_EVENTS: tuple[type[_Heard], ...] = (
    protocol.Network.RequestWillBeSent,
    protocol.Network.ResponseReceived,
    protocol.Network.DataReceived,
    protocol.Network.LoadingFinished,
    protocol.Network.LoadingFailed,
    protocol.Target.DetachedFromTarget,
)

_QUEUE_EVENTS = 16384
"""Events that may wait to be sorted. A page's other traffic passes through here as well; sorting
takes some 20 µs an event, so this is far from any real page."""

_HELD_BYTES = 256 * 1024 * 1024
"""Body bytes that may wait for the consumer; the largest answer that is promised is 5 MB."""

_TEXT_FRAME = 1


@attrs.frozen(kw_only=True)
class SocketMessage:
    """A text message that came in on a WebSocket."""

    url: str
    text: str = attrs.field(repr=False)


CaptureEvent: TypeAlias = ExchangeEvent | SocketMessage
"""What a :class:`Capture` gives."""


def watch_requests(
    tab: Tab,
    *,
    want: Callable[[str, str], bool],
    want_socket: Callable[[str], bool] | None = None,
) -> Capture:
    """Capture from the moment the returned context manager is entered.

    Args:
      want: says of a request's method and address whether to follow it.
      want_socket: says of a WebSocket's address whether its messages are wanted; only sockets that
        were opened after the tab was attached to can be heard.
    """
    return Capture(tab, want, want_socket)


class Capture:
    """A context manager, and an async iterator of what happens on the wire.

    Events of one request keep their order: RequestSent, ResponseStarted, BodyData in any number,
    BodyEnded. A redirect makes no new RequestSent; CORS preflights and the second half of a request
    that a service worker passes on are left out. Iterating is safe to cancel: no event is lost.

    Raises, on iterating, after all that came before:
      BrowserError: the tab ended (TabClosed, PageCrashed, BrowserGone), or events were lost.
    """

    def __init__(
        self, tab: Tab, want: Callable[[str, str], bool], want_socket: Callable[[str], bool] | None
    ) -> None:
        self._tab = tab
        self._want = want
        self._want_socket = want_socket
        self._exchanges: dict[tuple[str, str], Exchange] = {}
        self._scopes: list[trio.CancelScope] = []
        self._send, self._receive = trio.open_memory_channel[CaptureEvent](math.inf)
        self._held_bytes = 0
        self._error: RelayError | None = None
        self._events: list[Subscription[_Heard]] = []
        self._unwatch: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        self._listen(self._tab.session)
        for worker in self._tab.shared_workers.sessions:
            if not worker.closed.is_set():
                self._listen(worker)
        self._unwatch = self._tab.shared_workers.watch(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._unwatch is not None:
            self._unwatch()
        for events in self._events:
            events.close()
        for scope in self._scopes:
            scope.cancel()
        self._receive.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> CaptureEvent:
        try:
            event = await self._receive.receive()
        except trio.EndOfChannel:
            if self._error is not None:
                raise self._error from None
            raise StopAsyncIteration from None
        if isinstance(event, BodyData):
            self._held_bytes -= len(event.data)
        return event

    # --- the capture's own tasks

    def _listen(self, session: Session) -> None:
        kinds: tuple[type[_Heard], ...] = _HTTP_EVENTS
        if self._want_socket is not None:
            kinds = (*kinds, protocol.Network.WebSocketFrameReceived)
        events = session.subscribe(*kinds, capacity=_QUEUE_EVENTS, tree=True)
        self._events.append(events)
        self._tab.tasks.start_soon(self._run, events)

    async def _run(self, events: Subscription[_Heard]) -> None:
        own = events.session is self._tab.session
        with trio.CancelScope() as scope:
            self._scopes.append(scope)
            try:
                async with trio.open_nursery() as nursery:
                    lost: RelayError | None = None
                    try:
                        await self._sort(events, nursery)
                    except RelayError as error:
                        lost = error
                    # What came before the end is still given out; commands fail at once by now.
                    for (owner, _), exchange in tuple(self._exchanges.items()):
                        if own or owner == events.session.id:
                            exchange.put(Lost(lost))
                if own and lost is not None:
                    self._end(lost)
            except Exception as bug:
                # The task belongs to the tab, but a bug must reach the one who iterates.
                broken = InternalError(f"A bug in the capture ended it ({type(bug).__name__}).")
                broken.__cause__ = bug
                self._end(broken)

    def _end(self, error: RelayError) -> None:
        """Give *error* to who iterates, after all that came before."""
        if self._error is None:
            self._error = error
        self._send.close()

    async def _sort(self, events: Subscription[_Heard], nursery: trio.Nursery) -> None:
        async for event in events:
            session = events.last_session
            if isinstance(event, protocol.Target.DetachedFromTarget):
                self._child_ended(event.session_id)
            elif isinstance(event, protocol.Network.WebSocketFrameReceived):
                self._socket_message(session, event)
            elif session.target is not None and session.target.type == "service_worker":
                continue  # the page reports the same request, with the body that it got
            elif isinstance(event, protocol.Network.RequestWillBeSent):
                self._request(session, event, nursery)
            else:
                exchange = self._exchanges.get((session.id, event.request_id))
                if exchange is not None:
                    exchange.put(event)
            if self._held_bytes > _HELD_BYTES:
                raise ProtocolViolation(
                    f"{self._held_bytes} bytes of answers wait and nobody takes them.",
                    details={"limit": _HELD_BYTES},
                )

    def _request(
        self, session: Session, event: protocol.Network.RequestWillBeSent, nursery: trio.Nursery
    ) -> None:
        key = session.id, event.request_id
        if key in self._exchanges or event.request is None:
            return  # redirected: still the same request
        # The browser asks for leave on its own account; the page's request is reported as well.
        preflight = (event.initiator or {}).get("type") == "preflight"
        if preflight or not self._want(event.request.method, event.request.url):
            return
        exchange = Exchange(session, event, own_page=session is self._tab.session)
        self._exchanges[key] = exchange
        nursery.start_soon(self._follow, key, exchange)

    async def _follow(self, key: tuple[str, str], exchange: Exchange) -> None:
        async for event in exchange.events():
            self._give(event)
        self._exchanges.pop(key, None)

    def _child_ended(self, session_id: str) -> None:
        for (owner, _), exchange in tuple(self._exchanges.items()):
            if owner == session_id:
                exchange.put(Lost(None))

    def _socket_message(self, session: Session, event: protocol.Network.WebSocketFrameReceived) -> None:
        url = self._tab.sockets.url(session.id, event.request_id)
        frame = event.response
        if url is None or frame is None or self._want_socket is None or not self._want_socket(url):
            return
        # The sites talk text; a binary message could not be given out as text.
        if frame.opcode == _TEXT_FRAME:
            self._give(SocketMessage(url=url, text=frame.payload_data))

    def _give(self, event: CaptureEvent) -> None:
        if isinstance(event, BodyData):
            self._held_bytes += len(event.data)
        # Closed when the consumer left, or was told of the end already.
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            self._send.send_nowait(event)
