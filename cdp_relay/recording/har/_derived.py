"""What HAR wants said a second time: cookies and query parameters, taken from headers and address."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator
from datetime import UTC
from urllib.parse import parse_qsl, urlsplit

from msgspec import UNSET, UnsetType

from cdp_relay.recording.har._form import Cookie, Pair
from cdp_relay.recording.session import Headers

__all__ = ["query_parameters", "request_cookies", "response_cookies"]


def query_parameters(url: str) -> list[Pair]:
    """The parameters of an address, in order."""
    try:
        query = urlsplit(url).query
    except ValueError:  # "http://[" and the like
        return []
    return [Pair(name=name, value=value) for name, value in parse_qsl(query, keep_blank_values=True)]


def request_cookies(headers: Headers) -> list[Cookie]:
    """The cookies that were sent."""
    pieces = (piece for value in _all(headers, "cookie") for piece in value.split(";"))
    return [_named(piece) for piece in pieces if piece.strip()]


def response_cookies(headers: Headers) -> list[Cookie]:
    """The cookies that were set."""
    lines = (line for value in _all(headers, "set-cookie") for line in value.split("\n"))
    return [_with_attributes(line) for line in lines if line.strip()]


def _all(headers: Headers, wanted: str) -> Iterator[str]:
    return (value for name, value in headers if name.lower() == wanted)


def _named(piece: str) -> Cookie:
    name, equals, value = piece.strip().partition("=")
    # "Set-Cookie: word" sets a cookie without a name.
    return Cookie(name=name, value=value) if equals else Cookie(name="", value=name)


def _with_attributes(line: str) -> Cookie:
    first, *attributes = line.split(";")
    cookie = _named(first)
    for attribute in attributes:
        name, _, value = attribute.strip().partition("=")
        match name.lower():
            case "path":
                cookie.path = value
            case "domain":
                cookie.domain = value
            case "expires":
                cookie.expires = _date(value)
            case "httponly":
                cookie.http_only = True
            case "secure":
                cookie.secure = True
    return cookie


def _date(text: str) -> str | UnsetType:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError):
        return UNSET
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
