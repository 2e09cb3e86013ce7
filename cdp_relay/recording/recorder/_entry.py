"""One request while it is recorded: its hops, its body as it comes, and what is still asked for."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from cdp_relay.recording.recorder._headers import headers_of, headers_of_text
from cdp_relay.recording.recorder._phases import phases
from cdp_relay.recording.session import (
    Body,
    BodyWriter,
    Chunk,
    Exchange,
    Headers,
    Request,
    Response,
    Source,
    header,
)

__all__ = ["Answer", "Entry", "Extra", "Hop"]

_VERSIONS = {"h2": "HTTP/2", "h3": "HTTP/3", "http/1.0": "HTTP/1.0", "http/1.1": "HTTP/1.1"}
_ART = frozenset({"script", "stylesheet", "font", "image", "media", "manifest", "texttrack", "prefetch"})
"""The site's own code and pictures, of which another visit brings the same again."""
_FRAMING_BYTES = 32
"""What an empty body may take on the wire: a chunk's end, or a frame's head."""
_BODILESS = frozenset({101, 204, 205, 304})

Streaming: TypeAlias = Literal["no", "asked", "on"]


@attrs.frozen(kw_only=True)
class Extra:
    """What the network said of a request or an answer, as opposed to what the page was told."""

    headers: Headers = attrs.field(repr=False)
    status: int = 0
    text: str = attrs.field(default="", repr=False)

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Extra:
        """Read either of the two ExtraInfo events."""
        text = params.get("headersText") or ""
        found = headers_of_text(text) if text else headers_of(params.get("headers"))
        return cls(headers=found, status=int(params.get("statusCode") or 0), text=text.partition("\r\n")[0])


@attrs.frozen(kw_only=True)
class Answer:
    """The head of an answer as the page was told of it."""

    at: float
    status: int
    status_text: str
    headers: Headers = attrs.field(repr=False)
    version: str
    mime_type: str
    charset: str
    timing: Mapping[str, Any] | None = attrs.field(repr=False)
    head_size: int
    cached: bool
    from_service_worker: bool

    @classmethod
    def read(cls, response: Mapping[str, Any], at: float) -> Answer:
        """Read a ``Network.Response``."""
        return cls(
            at=at,
            status=int(response.get("status") or 0),
            status_text=response.get("statusText") or "",
            headers=headers_of(response.get("headers")),
            version=_VERSIONS.get(str(response.get("protocol") or "").lower(), ""),
            mime_type=response.get("mimeType") or "",
            charset=response.get("charset") or "",
            timing=response.get("timing"),
            head_size=int(response.get("encodedDataLength") or 0),
            cached=bool(response.get("fromDiskCache") or response.get("fromPrefetchCache")),
            from_service_worker=bool(response.get("fromServiceWorker")),
        )

    @classmethod
    def of_script(cls, at: float) -> Answer:
        """Of a script that runs, as far as that tells of its answer."""
        return cls.read({"status": 200, "mimeType": "text/javascript", "charset": "utf-8"}, at)


@attrs.define(eq=False, kw_only=True)
class Hop:
    """One request on the wire; a redirected one has several."""

    number: int
    at: float
    method: str
    url: str
    headers: Headers = attrs.field(repr=False)
    body: Body | None = None
    has_extra: bool | None = None
    """Whether the network's own words about it come; None when nobody said so."""
    answer: Answer | None = None
    ended_at: float | None = None


@attrs.define(eq=False)
class Entry:
    """All that one request id stands for, in whichever sessions it is spoken of."""

    id: str
    hops: list[Hop] = attrs.field(factory=list, init=False)
    owner: Any = attrs.field(default=None, init=False)
    """The session that knows the answer's body."""
    source: Source = attrs.field(default="page", init=False)
    type: str = attrs.field(default="", init=False)
    sent: list[Extra] = attrs.field(factory=list, init=False)
    received: list[Extra] = attrs.field(factory=list, init=False)
    streaming: Streaming = attrs.field(default="no", init=False)
    early: list[bytes] = attrs.field(factory=list, init=False, repr=False)
    """Bytes that came before the browser's answer, which holds those before them."""
    writer: BodyWriter | None = attrs.field(factory=BodyWriter, init=False, repr=False)
    """None once the body is whole, or given up."""
    body: Body | None = attrs.field(default=None, init=False)
    left_out: str = attrs.field(default="", init=False)
    digest: str = attrs.field(default="", init=False)
    chunk_times: array[float] = attrs.field(factory=lambda: array("d"), init=False, repr=False)
    chunk_sizes: array[int] = attrs.field(factory=lambda: array("q"), init=False, repr=False)
    counted: int = attrs.field(default=0, init=False)
    """Body bytes that the browser said it received, decompressed."""
    transferred: int | None = attrs.field(default=None, init=False)
    error: str = attrs.field(default="", init=False)
    served_from_cache: bool = attrs.field(default=False, init=False)
    ended: bool = attrs.field(default=False, init=False)

    @property
    def hop(self) -> Hop | None:
        """The newest; None as long as the request itself has not been heard."""
        return self.hops[-1] if self.hops else None

    @property
    def answer(self) -> Answer | None:
        """The newest hop's."""
        return self.hops[-1].answer if self.hops else None

    @property
    def is_art(self) -> bool:
        """Whether it is the site's own code or a picture of its."""
        return self.type in _ART

    @property
    def rank(self) -> int:
        """What goes last when there is no room for all: 0 the site's art, 2 the turns' streams."""
        if self.is_art:
            return 0
        mime = self.answer.mime_type if self.answer is not None else ""
        asked = self.hop is not None and self.hop.method not in ("GET", "HEAD", "OPTIONS")
        return 2 if asked or self.type == "eventsource" or mime == "text/event-stream" else 1

    @property
    def has_no_body(self) -> bool:
        """Whether HTTP lets the answer have none."""
        hop = self.hop
        return hop is not None and (
            hop.method == "HEAD" or (hop.answer is not None and hop.answer.status in _BODILESS)
        )

    @property
    def went_by(self) -> bool:
        """Whether bytes came over the wire of which nobody here saw any."""
        answer = self.answer
        if self.counted or self.has_no_body or answer is None:
            return False
        declared = header(answer.headers, "content-length")
        if declared is not None and declared.isdecimal():
            return int(declared) > 0
        return (self.transferred or 0) - answer.head_size > _FRAMING_BYTES

    @property
    def lacks_its_end(self) -> bool:
        """Whether there may be more of it than was told; a stream that goes on has told all so far."""
        if self.ended or self.answer is None or self.writer is None:
            return False
        return self.writer.size < self.counted or (self.went_by and self.type == "document") or self.is_art

    @property
    def held(self) -> int:
        """Bytes of memory that its answer's body takes."""
        return self.writer.held if self.writer is not None else self.body.held if self.body is not None else 0

    def is_redirect(self, hop: Hop) -> bool:
        """Whether another request followed this one."""
        return hop is not self.hops[-1]

    @property
    def lacks_files(self) -> bool:
        """Whether more was sent than the browser tells."""
        for hop, sent in zip(self.hops, self.sent, strict=False):
            declared = header(sent.headers, "content-length") or ""
            if hop.body is not None and declared.isdecimal() and int(declared) > hop.body.size:
                return True
        return False

    def count(self, at: float, size: int) -> None:
        """Note that bytes came."""
        self.chunk_times.append(at)
        self.chunk_sizes.append(size)
        self.counted += size

    def give_up(self, why: str) -> None:
        """Keep no body."""
        self.writer, self.body, self.left_out = None, None, why
        self.early.clear()

    def close(self) -> None:
        """The body is whole."""
        if self.writer is not None:
            self.body, self.writer = self.writer.close(), None

    def replace(self, data: bytes) -> None:
        """The body came whole; what came of it before does not count."""
        self.writer, self.body, self.left_out = None, Body.of(data), ""

    # --- as a recording has it ----------------------------------------------------------------

    def exchanges(self, zero: float) -> list[Exchange]:
        """What it is by now, times counted from *zero*."""
        sent, received = iter(self.sent), iter(self.received)
        return [
            self._exchange(
                hop,
                zero,
                next(sent, None) if hop.has_extra is not False else None,
                next(received, None) if hop.has_extra is not False else None,
            )
            for hop in self.hops
        ]

    def _exchange(self, hop: Hop, zero: float, sent: Extra | None, received: Extra | None) -> Exchange:
        answer = hop.answer
        version = answer.version if answer is not None and answer.version else "HTTP/1.1"
        heard_at = hop.ended_at
        if heard_at is None and self.chunk_times and not self.is_redirect(hop):
            heard_at = self.chunk_times[-1]
        return Exchange(
            id=str(hop.number),
            at=_moment(hop.at - zero),
            ended_at=None if hop.ended_at is None else _moment(max(hop.at, hop.ended_at) - zero),
            request=Request(
                method=hop.method,
                url=hop.url,
                http_version=version,
                headers=sent.headers if sent is not None else hop.headers,
                body=hop.body,
            ),
            response=self._response(hop, zero, received, version),
            error="" if self.is_redirect(hop) else self.error,
            timings=phases(
                hop.at,
                answer.timing if answer is not None else None,
                answer.at if answer is not None else None,
                heard_at,
            ),
            source=self.source,
            resource_type=self.type,
            from_cache=self._is_cached(hop, received),
            from_service_worker=answer is not None and answer.from_service_worker,
        )

    def _is_cached(self, hop: Hop, received: Extra | None) -> bool:
        if hop.answer is None or hop.answer.from_service_worker:
            return False
        asked_anew = received is not None and received.status == 304 != hop.answer.status
        own = not self.is_redirect(hop) and self.served_from_cache
        return hop.answer.cached or own or asked_anew

    def _response(self, hop: Hop, zero: float, received: Extra | None, version: str) -> Response | None:
        answer = hop.answer
        if answer is None:
            if received is None or not received.status:
                return None
            # The network had an answer, of which the page was not told.
            return Response(
                status=received.status,
                status_text=_reason(received.text),
                http_version=version,
                headers=received.headers,
                mime_type=(header(received.headers, "content-type") or "").partition(";")[0].strip(),
                left_out="the browser kept it from the page" if self.error else "the page had gone before it",
            )
        # A cached answer that the site confirmed has the cache's headers, not those of the 304.
        true = received is not None and received.status == answer.status
        headers = received.headers if received is not None and true else answer.headers
        if self.is_redirect(hop):
            empty = header(headers, "content-length") in (None, "0")
            body, left_out = None, "" if empty else "the browser keeps no body of a redirect"
        else:
            body, left_out = self._body()
        return Response(
            status=answer.status,
            status_text=answer.status_text,
            http_version=version,
            headers=headers,
            mime_type=answer.mime_type,
            body=body,
            chunks=self._chunks(zero, body) if not self.is_redirect(hop) else (),
            transferred=answer.head_size if self.is_redirect(hop) else self.transferred,
            left_out=left_out,
            digest="" if self.is_redirect(hop) else self.digest,
        )

    def _body(self) -> tuple[Body | None, str]:
        if self.body is not None or self.left_out:
            return self.body, self.left_out
        if self.has_no_body:
            return None, ""
        if self.writer is not None and self.streaming == "on":
            return self.writer.so_far(), ""
        return None, "it was not whole when the recording ended"

    def _chunks(self, zero: float, body: Body | None) -> tuple[Chunk, ...]:
        if body is not None and body.size != self.counted:
            return ()
        return tuple(
            Chunk(_moment(at - zero), size)
            for at, size in zip(self.chunk_times, self.chunk_sizes, strict=True)
        )


def _moment(seconds: float) -> float:
    """To the microsecond, which is what the browser's clock has."""
    return round(seconds, 6)


def _reason(line: str) -> str:
    parts = line.split(" ", 2)
    return parts[2].strip() if len(parts) > 2 else ""
