"""What a recording holds: requests with the arrival of every chunk, sockets, pages, and what the relay heard.

Times are seconds since the recording began, on the browser's own clock. A session lives in memory, its
bodies packed; nothing of it is on a disk before it has been redacted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias

import attrs
import zstandard

__all__ = [
    "FORMAT",
    "About",
    "Body",
    "BodyWriter",
    "Chunk",
    "Exchange",
    "Headers",
    "Heard",
    "Keep",
    "KnownText",
    "Look",
    "Mark",
    "Message",
    "Request",
    "Response",
    "Session",
    "Snapshot",
    "Source",
    "Timings",
    "header",
]

FORMAT = 1
"""Of the folder; a reader refuses what is newer."""

_PACKED_FROM = 512
"""Bytes; below that a frame of its own costs more than it saves."""
_LEVEL = 1
"""4.6 times smaller at 373 MB/s, for what pages say (STACK.md, measured)."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names as they were sent, in order; a name may come more than once."""


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, by its name in lower case; None where there is none."""
    return next((value for known, value in headers if known.lower() == name), None)


Source = Literal["page", "iframe", "worker", "service_worker", "shared_worker"]
"""Who asked."""

Keep = Literal["prompt", "answer", "files"]
"""What stays only where the person said so."""


@attrs.frozen(eq=False)
class Body:
    """Bytes, packed in memory; equal to others with the same bytes."""

    size: int
    """Bytes, unpacked."""
    _data: bytes = attrs.field(repr=False)
    _is_packed: bool = attrs.field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Pack these bytes."""
        writer = BodyWriter()
        writer.feed(data)
        body = writer.close()
        return cls(body.size, body._data, body._is_packed)

    @property
    def held(self) -> int:
        """Bytes of memory that it takes."""
        return len(self._data)

    def read(self) -> bytes:
        """The bytes."""
        if not self._is_packed:
            return self._data
        return zstandard.ZstdDecompressor().decompress(self._data, max_output_size=self.size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Body) and self.size == other.size and self.read() == other.read()

    def __hash__(self) -> int:
        return hash(self.size)


@attrs.define(eq=False)
class BodyWriter:
    """Packs a body that comes in pieces."""

    size: int = attrs.field(default=0, init=False)
    _start: bytearray = attrs.field(factory=bytearray, init=False)
    """All of a short one."""
    _packer: zstandard.ZstdCompressionObj | None = attrs.field(default=None, init=False)
    _packed: list[bytes] = attrs.field(factory=list, init=False)
    _packed_size: int = attrs.field(default=0, init=False)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        if self._packer is None:
            self._start += data
            if self.size < _PACKED_FROM:
                return
            self._packer = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
            data, self._start = bytes(self._start), bytearray()
        self._keep(self._packer.compress(data))

    @property
    def held(self) -> int:
        """Bytes of memory that it takes so far, about."""
        return len(self._start) + self._packed_size

    def so_far(self) -> Body:
        """What there is by now; more can be added all the same."""
        if self._packer is None:
            return Body(self.size, bytes(self._start), False)
        self._keep(self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        return Body.of(zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(self._packed)))

    def close(self) -> Body:
        """The whole body; nothing can be added any more."""
        if self._packer is None:
            return Body(self.size, bytes(self._start), False)
        self._keep(self._packer.flush())
        return Body(self.size, b"".join(self._packed), True)

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._packed.append(piece)
            self._packed_size += len(piece)


@attrs.frozen
class Chunk:
    """Bytes of a body that came at one time."""

    at: float
    size: int
    """Bytes of the body, decompressed."""


@attrs.frozen(kw_only=True)
class Message:
    """One message on a WebSocket."""

    at: float
    sent: bool
    """By the page; received otherwise."""
    data: str | bytes = attrs.field(repr=False)
    """A text, or bytes of a binary message."""


@attrs.frozen(kw_only=True)
class Request:
    """What was asked."""

    method: str
    url: str
    http_version: str = "HTTP/2"
    headers: Headers = attrs.field(default=(), repr=False)
    body: Body | None = None


@attrs.frozen(kw_only=True)
class Response:
    """What was answered."""

    status: int
    status_text: str = ""
    http_version: str = "HTTP/2"
    headers: Headers = attrs.field(default=(), repr=False)
    mime_type: str = ""
    body: Body | None = None
    """Decompressed; None where the browser did not hand it out, or where it was left out on purpose."""
    chunks: tuple[Chunk, ...] = ()
    """When its bytes came, all of them in order; empty where only the whole is known."""
    transferred: int | None = None
    """Bytes on the wire, headers included; None when unknown."""
    left_out: str = ""
    """Why there is no body, in words; empty where there is one, or none was sent."""
    digest: str = ""
    """SHA-256 (hex) of a body that was left out, so that it can be recognised elsewhere."""
    size: int | None = None
    """Bytes of a body that was left out, decompressed; None when unknown, or where there is the body."""


@attrs.frozen(kw_only=True)
class Timings:
    """Phases of a request as HAR 1.2 has them: seconds, None where one does not apply."""

    blocked: float | None = None
    dns: float | None = None
    connect: float | None = None
    """With ``ssl`` in it, as HAR wants."""
    ssl: float | None = None
    send: float = 0.0
    wait: float = 0.0
    receive: float = 0.0


@attrs.frozen(kw_only=True)
class Exchange:
    """A request, what came back, and, on a socket, what was said."""

    id: str
    at: float
    """When it began."""
    ended_at: float | None = None
    """None where it had not ended when the recording did."""
    request: Request
    response: Response | None = None
    """None where none came."""
    error: str = ""
    """What the browser said when it failed (``net::ERR_ABORTED``)."""
    timings: Timings = attrs.field(factory=Timings)
    source: Source = "page"
    resource_type: str = ""
    """The browser's word in lower case: ``document``, ``script``, ``fetch``, ``websocket``, ..."""
    from_cache: bool = False
    from_service_worker: bool = False
    """Whether a service worker answered: the page's request, which itself never left the browser."""
    messages: tuple[Message, ...] = ()
    """Of a WebSocket."""


@attrs.frozen(kw_only=True)
class Mark:
    """A step of the session, such as ``empty``, ``filled``, ``streaming``, ``done``."""

    name: str
    at: float


@attrs.frozen(kw_only=True)
class Snapshot:
    """The page at a step."""

    step: str
    at: float
    url: str
    title: str = ""
    html: Body
    storage: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """The local storage of the page's origin."""


@attrs.frozen(kw_only=True)
class Look:
    """How the site's definition fitted the page at a step."""

    step: str
    matches: Mapping[str, tuple[tuple[str, int], ...]]
    """By key of the definition (``selectors.send``), each alternative with its number of usable matches."""


@attrs.frozen
class Heard:
    """What the relay said of its turn: a step, a delta, a notice, ..."""

    at: float
    event: Mapping[str, Any]
    """As ``store.documents`` writes a ``ChatEvent``; ``{"event": "error", ...}`` says how it failed."""


@attrs.frozen
class KnownText:
    """Words that are known to stand in the recording; they are needed to find them, and are never written."""

    kind: Literal["prompt", "answer", "reasoning", "file", "person"]
    text: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class About:
    """What a recording is of."""

    site: str
    scenario: str
    title: str = ""
    recorded_on: str
    """A date, ``2026-11-21``; the time of day is nobody's business."""
    relay_version: str
    browser: str
    """As the browser says: ``Chrome/156.0.6999.0``."""
    driven_by: Literal["relay", "person"] = "relay"
    origin: str
    """Where the page stands: ``https://chatgpt.com``."""
    language: str = ""
    """Of the page, by its ``lang``."""
    stamps: Mapping[str, str | None] = attrs.field(factory=dict)
    """What the page says of its own build."""
    kept: tuple[Keep, ...] = ()
    redacted: bool = False
    lean: bool = False
    """Whether the site's own code (scripts, styles, fonts, pictures) was left out."""
    site_words: tuple[str, ...] = ()
    """The site's own words, by its code, that its pages show: they were not masked, and whoever checks a
    recording can read them here."""
    notes: tuple[str, ...] = ()
    """What whoever reads it should know: a body that was too large, a worker that was not heard, ..."""


@attrs.frozen(kw_only=True)
class Session:
    """A whole recording."""

    about: About
    exchanges: Sequence[Exchange] = ()
    """By the time at which they began."""
    marks: tuple[Mark, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    looks: tuple[Look, ...] = ()
    heard: tuple[Heard, ...] = ()
    texts: tuple[KnownText, ...] = attrs.field(default=(), repr=False)
