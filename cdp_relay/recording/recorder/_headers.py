"""Headers as they were on the wire, from the forms in which the browser tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdp_relay.recording.session import Headers

__all__ = ["headers_of", "headers_of_text"]


def headers_of(named: Mapping[str, Any] | None) -> Headers:
    """Names and values in order; several headers of one name, which the browser joins by line ends, apart.

    HTTP/2's own (``:path``) are left out: they are the request's method and address.
    """
    return tuple(
        (name, value)
        for name, values in (named or {}).items()
        if not name.startswith(":")
        for value in str(values).split("\n")
    )


def headers_of_text(text: str) -> Headers:
    """Those of a raw HTTP/1 head, without its first line."""
    pairs = (line.partition(":") for line in text.replace("\r\n", "\n").split("\n")[1:])
    return tuple((name.strip(), value.strip()) for name, colon, value in pairs if colon and name.strip())
