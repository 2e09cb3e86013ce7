"""One request and its answer, from the browser's events to ours."""

from __future__ import annotations

import hashlib
import math
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs
import trio

from cdp_relay.cdp import Session, protocol
from cdp_relay.cdp.event import Event
from cdp_relay.errors import BrowserError, RelayError
from cdp_relay.page.bodies import answer_bytes, joined_entries, posted_bytes

__all__ = [
    "BodyData",
    "BodyEnded",
    "Exchange",
    "ExchangeEvent",
    "Lost",
    "RequestSent",
    "ResponseStarted",
]

_BODY_SECONDS = 30.0
"""For answers that come whole, in one message of many megabytes."""


@attrs.frozen(kw_only=True)
class RequestSent:
    """A wanted request left the page (it may still fail on its way)."""

    request_id: str
    method: str
    url: str
    body: bytes | None = attrs.field(repr=False)
    """Complete; None when there is none, or when the browser no longer has it (a file, a stream)."""
    session: Session = attrs.field(repr=False)
    """The page, worker or frame that sent it."""
    headers: dict[str, str] = attrs.field(factory=dict, repr=False)
    """Those that the page set itself, and some of the browser's; names in lower case."""


@attrs.frozen(kw_only=True)
class ResponseStarted:
    """Status and headers of the answer are there."""

    request_id: str
    status: int
    headers: dict[str, str] = attrs.field(repr=False)
    """Names in lower case."""
    mime_type: str


@attrs.frozen(kw_only=True)
class BodyData:
    """The next bytes of the body, decompressed, in order, cut anywhere."""

    request_id: str
    data: bytes = attrs.field(repr=False)
    source: Literal["stream", "body"] = "stream"
    """Whether they came live, or all at the end."""


@attrs.frozen(kw_only=True)
class BodyEnded:
    """The body ended.

    Without an error it is whole. ``net::ERR_ABORTED`` with ``canceled`` does not mean that it is not:
    Chromium 156 ends so about a quarter of the streams that a page's reader read to the very end
    (measured, the capture on or off), so a site's own sign of completion decides.
    """

    request_id: str
    error: str | None
    """Chrome's name for what went wrong (``net::ERR_ABORTED``), or a sentence of ours."""
    canceled: bool
    """Whether the page (or the browser) stopped the request."""
    source: Literal["stream", "body"]
    """Whether the bytes came live, or all at the end."""


ExchangeEvent: TypeAlias = RequestSent | ResponseStarted | BodyData | BodyEnded


@attrs.frozen
class Lost:
    """Nothing more will be said of a request: who would say it has ended."""

    error: RelayError | None


@attrs.define(eq=False)
class Exchange:
    """Follows one request. Fed by the sorting task without waiting, read by a task of its own."""

    _session: Session
    _sent: protocol.Network.RequestWillBeSent
    _own_page: bool = attrs.field(kw_only=True)
    _put: trio.MemorySendChannel[Event | Lost] = attrs.field(init=False)
    _get: trio.MemoryReceiveChannel[Event | Lost] = attrs.field(init=False)
    _charset: str = attrs.field(default="", init=False)
    _streaming: bool = attrs.field(default=False, init=False)
    _given: int = attrs.field(default=0, init=False)
    """Body bytes given out."""
    _received: int = attrs.field(default=0, init=False)
    """Body bytes that Chrome said it received, decompressed."""
    _seen: hashlib.blake2b = attrs.field(factory=hashlib.blake2b, init=False)
    """Over the bytes given out."""

    def __attrs_post_init__(self) -> None:
        # Unbounded, but bounded in effect: it drains as fast as one command is answered.
        self._put, self._get = trio.open_memory_channel(math.inf)

    @property
    def id(self) -> str:
        """The request's name, unique in the tab: workers number their requests on their own."""
        number = self._sent.request_id
        return number if self._own_page else f"{self._session.id[:8]}/{number}"

    def put(self, event: Event | Lost) -> None:
        """Add the browser's next event of this request."""
        self._put.send_nowait(event)

    async def events(self) -> AsyncIterator[ExchangeEvent]:
        """Give what happens, to the end of the body."""
        request = self._sent.request
        yield RequestSent(
            request_id=self.id,
            method=request.method,
            url=request.url,
            body=await self._request_body(request),
            session=self._session,
            headers=_lower_names(request.headers),
        )
        async for event in self._get:
            match event:
                case protocol.Network.ResponseReceived(response=response) if response is not None:
                    self._charset = (response.charset or "").lower()
                    yield ResponseStarted(
                        request_id=self.id,
                        status=response.status,
                        headers=_lower_names(response.headers),
                        mime_type=response.mime_type or "",
                    )
                    buffered = await self._start_streaming()
                    if buffered:
                        yield self._data(buffered)
                case protocol.Network.DataReceived():
                    self._received += event.data_length or 0
                    # Without data it was reported before streaming began, and its bytes are in the
                    # buffered part: Chrome answers and reports from one thread, in order (measured).
                    if event.data:
                        yield self._data(b64decode(event.data))
                case protocol.Network.LoadingFinished():
                    async for last in self._finished():
                        yield last
                    return
                case protocol.Network.LoadingFailed():
                    yield self._ended(event.error_text or "net::ERR_FAILED", canceled=bool(event.canceled))
                    return
                case Lost(error=error):
                    why = error.code if error is not None else "the worker or frame ended"
                    yield self._ended(why, canceled=error is None)
                    return
                case _:
                    pass

    def _data(self, data: bytes) -> BodyData:
        self._given += len(data)
        self._seen.update(data)
        return BodyData(request_id=self.id, data=data, source=self._source)

    def _ended(self, error: str | None, *, canceled: bool = False) -> BodyEnded:
        return BodyEnded(request_id=self.id, error=error, canceled=canceled, source=self._source)

    @property
    def _source(self) -> Literal["stream", "body"]:
        return "stream" if self._streaming else "body"

    async def _start_streaming(self) -> bytes:
        try:
            command = protocol.Network.stream_resource_content(self._sent.request_id)
            buffered = await self._session.execute(command)
        except BrowserError:
            # Refused (it ended already), or too slow: the whole body is asked for at the end.
            return b""
        self._streaming = True
        return b64decode(buffered or "")

    async def _finished(self) -> AsyncIterator[BodyData | BodyEnded]:
        if self._streaming and self._given == self._received:
            yield self._ended(None)
            return
        try:
            command = protocol.Network.get_response_body(self._sent.request_id)
            answer = await self._session.execute(command, timeout=_BODY_SECONDS)
        except BrowserError as error:
            # A live body is whole all the same unless Chrome counted more.
            lost = not self._streaming or self._given < self._received
            yield self._ended(f"the body was lost: {error.code}" if lost else None)
            return
        body = answer_bytes(
            answer.body,
            base64_encoded=bool(answer.base64_encoded),
            charset=self._charset,
            received=self._received,
        )
        if hashlib.blake2b(body[: self._given]).digest() == self._seen.digest() and body[self._given :]:
            self._streaming = False
            yield self._data(body[self._given :])
        yield self._ended(None)

    async def _request_body(self, request: protocol.Network.Request) -> bytes | None:
        whole = joined_entries(request.post_data_entries)
        if whole is not None:
            return whole
        if request.post_data is not None:
            return request.post_data.encode("utf-8", "surrogatepass")
        if not request.has_post_data:
            return None
        try:
            command = protocol.Network.get_request_post_data(self._sent.request_id)
            answer = await self._session.execute(command)
        except BrowserError:
            return None
        return posted_bytes(answer.post_data, base64_encoded=bool(answer.base64_encoded))


def _lower_names(headers: Mapping[str, Any] | None) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (headers or {}).items()}
