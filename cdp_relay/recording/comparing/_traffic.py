"""What a recording's network traffic comes to: its endpoints, and what each was asked and told."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from cdp_relay.recording.comparing.shape import Shape, fold_ids, is_word
from cdp_relay.recording.session import Exchange, Session
from cdp_relay.recording.telling.told import documents_of, form_of, text_of
from cdp_relay.wire import decode_sparse

__all__ = ["Endpoint", "Kinds", "endpoints_of", "is_all_at_once", "site_of"]

_MAX_BODY_BYTES = 16 << 20
_STATIC = frozenset(
    ("script", "stylesheet", "image", "font", "media", "manifest", "texttrack", "signedexchange")
)
_NO_API = ("javascript", "css", "html", "image/", "font", "wasm", "video/", "audio/")


@attrs.define
class Kinds:
    """The documents of streams or sockets, by kind, in the order in which the kinds first came."""

    shapes: dict[str, Shape] = attrs.field(factory=dict)

    def add(self, kind: str, value: Any) -> None:
        """Take a document."""
        self.shapes[kind] = self.shapes.get(kind, Shape()).merged(Shape.of(value))

    @property
    def order(self) -> list[str]:
        """The kinds, the first that came first."""
        return list(self.shapes)


@attrs.define
class Endpoint:
    """All requests of one method to one place."""

    name: str
    """``POST chatgpt.com/backend-api/conversation/{id}``."""
    own: bool
    """Whether it belongs to the site."""
    document: bool = False
    """Whether pages come from it."""
    count: int = 0
    query: set[str] = attrs.field(factory=set)
    headers: set[str] = attrs.field(factory=set)
    asked: Shape = attrs.field(factory=Shape)
    errors: set[str] = attrs.field(factory=set)
    """How requests failed; one that the page gave up itself did not."""
    statuses: set[int] = attrs.field(factory=set)
    content_types: set[str] = attrs.field(factory=set)
    forms: set[str] = attrs.field(factory=set)
    told: Kinds = attrs.field(factory=Kinds)
    sent: Kinds = attrs.field(factory=Kinds)
    """What the page said on a socket."""
    exchanges: list[Exchange] = attrs.field(factory=list)

    def add(self, exchange: Exchange) -> None:
        """Take one request and its answer."""
        request, response = exchange.request, exchange.response
        self.count += 1
        self.exchanges.append(exchange)
        self.document = self.document or exchange.resource_type == "document"
        self.query |= {name for name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)}
        self.headers |= {name.lower() for name, _ in request.headers if not _is_usual(name.lower())}
        if request.body is not None and 0 < request.body.size <= _MAX_BODY_BYTES:
            self.asked = self.asked.merged(_asked(_unzipped(request.body.read())))
        if exchange.error and exchange.error != "net::ERR_ABORTED":
            self.errors.add(exchange.error)
        if response is None:
            return
        self.statuses.add(response.status)
        if response.mime_type:
            self.content_types.add(response.mime_type)
        body = response.body
        if body is not None and 0 < body.size <= _MAX_BODY_BYTES and not _is_code(response.mime_type):
            text = text_of(body.read())
            media_type = "text/event-stream" if "event-stream" in response.mime_type else ""
            self.forms.add(form_of(text, media_type))
            _tell(self.told, text, media_type)
        for message in exchange.messages:
            text = message.data if isinstance(message.data, str) else text_of(message.data)
            _tell(self.sent if message.sent else self.told, text, "")


def endpoints_of(session: Session) -> dict[str, Endpoint]:
    """The endpoints of a recording, by name; the site's code and art are none."""
    endpoints: dict[str, Endpoint] = {}
    site = site_of(session.about.origin)
    for exchange in session.exchanges:
        if exchange.resource_type in _STATIC or exchange.request.method == "OPTIONS":
            continue
        url = urlsplit(exchange.request.url)
        if url.scheme not in ("http", "https", "ws", "wss"):
            continue
        path = "/".join(map(fold_ids, url.path.split("/"))) or "/"
        verb = "socket" if exchange.resource_type == "websocket" else exchange.request.method
        name = f"{verb} {url.netloc}{path}{_operation(url.query)}"
        if name not in endpoints:
            endpoints[name] = Endpoint(name, own=site_of(exchange.request.url) == site)
        endpoints[name].add(exchange)
    return endpoints


def site_of(url: str) -> str:
    """The name that a site's hosts share, as far as its last two labels tell."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def is_all_at_once(exchange: Exchange) -> bool | None:
    """Whether an answer came in one piece; None where it was too short or too quick to say."""
    response = exchange.response
    chunks = response.chunks if response is not None else ()
    sizes = [chunk.size for chunk in chunks]
    if sum(sizes) < _LONG_BYTES:
        return None
    if max(sizes) > _MOST * sum(sizes):
        return True
    return False if chunks[-1].at - chunks[0].at > _LONG_SECONDS else None


_LONG_BYTES = 600
_LONG_SECONDS = 0.5
_MOST = 0.8


def _operation(query: str) -> str:
    """The call that a query names, where one place takes calls of all kinds."""
    named = [(key, value) for key, value in parse_qsl(query) if key in _OPERATIONS and value]
    return f"?{named[0][0]}={named[0][1]}" if named else ""


_OPERATIONS = ("rpcids", "operationName", "opName")

# --- requests ----------------------------------------------------------------------------------------

_USUAL = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "dnt",
        "host",
        "if-modified-since",
        "if-none-match",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "te",
        "upgrade-insecure-requests",
        "user-agent",
    ]
)


def _is_usual(header: str) -> bool:
    """Whether the browser sends it to everybody."""
    return header in _USUAL or header.startswith((":", "sec-"))


def _unzipped(body: bytes) -> bytes:
    """The body as it was before the page packed it."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, _MAX_BODY_BYTES)
    except zlib.error:
        return b""


_GZIP = b"\x1f\x8b"


def _asked(body: bytes) -> Shape:
    text = text_of(body)
    values = [value for _, value in _documents(text, "")]
    if not values and "=" in text[:200] and "\n" not in text[:200]:
        values = [dict(parse_qsl(text, keep_blank_values=True))]
    shape = Shape()
    for value in values:
        shape = shape.merged(Shape.of(value))
    return shape


# --- what is told --------------------------------------------------------------------------------------


def _tell(kinds: Kinds, text: str, media_type: str) -> None:
    for event, value in _documents(text, media_type):
        for kind, document in _parted(event, value):
            kinds.add(kind, document)
            for stream in _streams_in(document, 0):
                _tell(kinds, stream, "text/event-stream")


def _documents(text: str, media_type: str) -> Iterator[tuple[str, Any]]:
    for document in documents_of(text, media_type):
        data = text[document.start : document.end].encode("utf-8", "surrogateescape")
        try:
            yield document.event, decode_sparse(data)
        except ValueError:
            continue  # it broke off, or is no JSON


def _parted(event: str, value: Any) -> Iterable[tuple[str, Any]]:
    """A document by its kind; a frame's envelopes and a socket's items each on their own."""
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return [(_kind(event, one), one) for one in value]
    if isinstance(value, list) and value and all(_is_envelope(one) for one in value):
        return [(_envelope_kind(one), one) for one in value]
    return [(_kind(event, value), value)]


def _is_envelope(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str) and is_word(value[0])


def _envelope_kind(value: list[Any]) -> str:
    name = value[1] if len(value) > 1 and isinstance(value[1], str) else ""
    return f"{value[0]} {name}" if value[0] == "wrb.fr" and name else value[0]


def _kind(event: str, value: Any) -> str:
    """The name of an event, and what its document says of its own type."""
    names = [event] if event and event != "message" else []
    if isinstance(value, dict):
        if isinstance(own := value.get("type"), str) and is_word(own) and own not in names:
            names.append(own)
        for inner in value.values():
            if isinstance(inner, dict) and isinstance(kind := inner.get("type"), str) and is_word(kind):
                names.append(kind)
                break
    return "/".join(names)


def _streams_in(value: Any, depth: int) -> Iterator[str]:
    """Strings that are pieces of a stream themselves, as a socket's items are."""
    if isinstance(value, str):
        if value.startswith(("data:", "event:")) and "\n" in value:
            yield value
    elif depth < _MAX_STREAM_DEPTH:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _streams_in(inner, depth + 1)


_MAX_STREAM_DEPTH = 6


def _is_code(media_type: str) -> bool:
    return any(word in media_type for word in _NO_API)
