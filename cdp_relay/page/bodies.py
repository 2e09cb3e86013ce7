"""The bytes of a request's or an answer's body, from the forms in which the browser hands them out."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["answer_bytes", "joined_entries", "posted_bytes"]


def answer_bytes(body: str | None, *, base64_encoded: bool, charset: str, received: int) -> bytes:
    """The bytes of what ``Network.getResponseBody`` gave.

    Args:
      charset: as the answer declared it, or empty.
      received: bytes of it that the browser counted, decompressed.
    """
    if base64_encoded:
        return b64decode(body or "")
    data = (body or "").encode("utf-8", "surrogatepass")
    if len(data) == received or charset.lower() in ("utf-8", "utf8"):
        return data
    # Without a declared character set Chrome reads the bytes as windows-1252 (measured).
    raw = _from_windows_1252(body or "")
    return raw if raw is not None and len(raw) == received else data


def posted_bytes(body: str | None, *, base64_encoded: bool) -> bytes:
    """The bytes of what ``Network.getRequestPostData`` gave."""
    return b64decode(body or "") if base64_encoded else (body or "").encode("utf-8", "surrogatepass")


def joined_entries(entries: Iterable[Mapping[str, Any]] | None) -> bytes | None:
    """A request's body from its parts; None when there are none or one is missing (it is a file, say)."""
    parts = [entry.get("bytes") for entry in entries or ()]
    if not parts or not all(isinstance(part, str) for part in parts):
        return None
    return b"".join(b64decode(part) for part in parts if part is not None)


def _from_windows_1252(text: str) -> bytes | None:
    """The bytes that were read as windows-1252, as the WHATWG Encoding Standard has it."""
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        pass
    # Python's table leaves five bytes out, which the standard makes control characters.
    try:
        return b"".join(char.encode("latin-1" if "\x80" <= char <= "\x9f" else "cp1252") for char in text)
    except UnicodeEncodeError:
        return None
