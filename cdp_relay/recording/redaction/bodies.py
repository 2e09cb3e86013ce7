"""What kind of body a request or an answer has, and what stands in the place of one that nobody may see."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Literal
from urllib.parse import urlsplit

from cdp_relay.recording.redaction.names import is_secret_name
from cdp_relay.recording.session import Exchange, Headers, header

__all__ = [
    "BodyKind",
    "filler",
    "kind_of_answer",
    "kind_of_question",
    "pack_like",
    "unpacked",
]

BodyKind = Literal["code", "script", "art", "blob", "page", "form", "multipart", "words", "data", "binary"]
"""``code`` and ``art`` are the site's own; a ``script`` is, unless it hands data over; a ``blob`` is a file
of somebody's."""

_MAX_AGE = re.compile(r"max-age=(\d+)")
_DAY = 86_400
_MAX_UNPACKED = 64 << 20

_CODE = re.compile(r"javascript|ecmascript|text/css|wasm|sourcemap|manifest\+json")
_MEDIA = re.compile(r"(image|audio|video|font)/|application/(font|x-font|vnd\.ms-font)")
_FILES = re.compile(r"application/(pdf|zip|octet-stream|x-tar|gzip|msword|vnd\.)|text/csv")
_GRAMMAR = re.compile(r"application/(x-)?(protobuf|grpc)|application/vnd\.google.*proto")

_PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x80\x80\x80\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
"""A grey one; browsers go by what a picture is, whatever it is called."""
_MAGIC = (b"%PDF", b"PK\x03\x04", b"RIFF", b"OggS", b"ID3\x03", b"ID3\x04", b"\x1aE\xdf\xa3")


def kind_of_answer(exchange: Exchange) -> BodyKind:
    """What the answer's body is."""
    response = exchange.response
    if response is None:
        return "data"
    media = (response.mime_type or header(response.headers, "content-type") or "").lower()
    static = is_static(exchange)
    if _CODE.search(media):
        return "code" if static or "css" in media else "script"
    if "svg" in media:
        return "code" if static else "page"
    if _MEDIA.match(media) or exchange.resource_type in ("image", "media", "font"):
        is_own = static or "font" in media or exchange.resource_type == "font"
        return "art" if is_own else "blob"
    if "attachment" in (header(response.headers, "content-disposition") or "").lower():
        return "blob"
    if _FILES.match(media):
        return "art" if static else "blob"
    if _GRAMMAR.match(media):
        return "binary"
    if "html" in media or (media.endswith("xml") and "json" not in media):
        return "page"
    if static and exchange.resource_type not in ("document", "eventsource"):
        return "code"
    if exchange.resource_type == "script":
        return "code"
    return "data"


def is_static(exchange: Exchange) -> bool:
    """Whether everybody is given the same, for a long time: what a site is made of."""
    response = exchange.response
    if response is None or exchange.request.method != "GET" or response.status not in (200, 203, 206, 304):
        return False
    caching = (header(response.headers, "cache-control") or "").lower()
    if "private" in caching or "no-store" in caching or header(response.headers, "set-cookie"):
        return False
    names = (pair.partition("=")[0] for pair in urlsplit(exchange.request.url).query.split("&"))
    if any(is_secret_name("query", name) for name in names if name):
        return False
    age = _MAX_AGE.search(caching)
    return "immutable" in caching or (age is not None and int(age[1]) >= _DAY)


def kind_of_question(exchange: Exchange) -> BodyKind:
    """What the request's body is."""
    media = (header(exchange.request.headers, "content-type") or "").lower()
    if "x-www-form-urlencoded" in media:
        return "form"
    if media.startswith("multipart/"):
        return "multipart"
    if _GRAMMAR.match(media):
        return "binary"
    if _MEDIA.match(media) or _FILES.match(media):
        return "blob"
    if exchange.request.method == "PUT" and "json" not in media:
        return "blob" if not media.startswith("text/") else "words"
    return "data"


def filler(data: bytes, media: str = "") -> bytes:
    """As many bytes of nothing: a grey pixel for a picture, the first bytes of a known kind of file."""
    if media.startswith("image/") or data[:4] in (
        b"\x89PNG",
        b"GIF8",
        b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe1",
    ):
        start = _PIXEL if len(data) >= len(_PIXEL) else b""
    else:
        start = data[:4] if data[:4] in _MAGIC else b""
    return start + bytes(len(data) - len(start))


def unpacked(data: bytes, headers: Headers) -> tuple[bytes, str]:
    """A request's body as it is meant, and how it was packed: ``gzip``, ``deflate``, or empty."""
    coding = (header(headers, "content-encoding") or "").lower()
    is_gzip = data[:2] == b"\x1f\x8b"
    if not is_gzip and coding != "deflate":
        return data, ""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(data, _MAX_UNPACKED)
    except zlib.error:
        return data, ""
    if not unpacker.eof:
        return data, ""
    return plain, "gzip" if is_gzip else "deflate"


def pack_like(data: bytes, coding: str) -> bytes:
    """Pack a body as it was."""
    if coding == "gzip":
        return gzip.compress(data, mtime=0)
    return zlib.compress(data) if coding == "deflate" else data
