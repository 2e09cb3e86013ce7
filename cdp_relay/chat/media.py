"""What kind of file some bytes are, and what a file of a kind is called. Sans-IO."""

from __future__ import annotations

import mimetypes

__all__ = ["as_text", "ending_of", "guess_type", "sniff_type"]

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"BM", "image/bmp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "image/bmp": ".bmp",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/json": ".json",
    "application/zip": ".zip",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/html": ".html",
    "text/csv": ".csv",
    "video/mp4": ".mp4",
    "audio/mpeg": ".mp3",
}
"""First of all, as what a machine's own table says differs from one to the next."""

_TYPES = {ending: kind for kind, ending in _ENDINGS.items()} | {
    ".jpeg": "image/jpeg",
    ".markdown": "text/markdown",
}


def sniff_type(data: bytes) -> str:
    """The media type that the first bytes tell of; empty when they tell of none."""
    return next((kind for at, magic, kind in _MAGIC if data[at : at + len(magic)] == magic), "")


def ending_of(media_type: str) -> str:
    """The usual ending of a file of a type, with its dot; empty when there is none."""
    return _ENDINGS.get(media_type) or mimetypes.guess_extension(media_type) or ""


def guess_type(name: str, data: bytes) -> str:
    """The media type of a file that came without one: by its name, then by its bytes."""
    dot = name.rfind(".")
    by_name = _TYPES.get(name[dot:].lower()) if dot >= 0 else None
    return (
        by_name
        or mimetypes.guess_type(name)[0]
        or sniff_type(data)
        or ("application/octet-stream" if as_text(data) is None else "text/plain")
    )


def as_text(data: bytes) -> str | None:
    """The text that a file is, or None when it is none that a page could be given."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
