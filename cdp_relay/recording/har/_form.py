"""HAR 1.2, as far as it is written and read here; what begins with ``_`` is ours or Chrome's own.

Chrome's DevTools export uses ``_resourceType``, ``_webSocketMessages``, ``_error``, ``_transferSize``,
``_fromCache`` and ``_fetchedViaServiceWorker`` in the same places. Fields without which nothing can be done
have no default; all others do, because exports of other programs leave some of them out, or say null.

Source: the HTTP Archive specification 1.2, and HARLog of Chromium's DevTools front end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType, field

__all__ = [
    "Content",
    "Cookie",
    "Entry",
    "Head",
    "Page",
    "Pair",
    "PostData",
    "Program",
    "Request",
    "Response",
    "SocketMessage",
    "Timings",
]

Number: TypeAlias = float | None
"""Of another program; ours are never null."""


class Pair(msgspec.Struct, kw_only=True):
    """A header, or a parameter of a query."""

    name: str
    value: str | None = ""


class Cookie(msgspec.Struct, kw_only=True, rename="camel"):
    """A cookie, taken apart; never read, since the headers hold it as it was."""

    name: str
    value: str
    path: str | UnsetType = UNSET
    domain: str | UnsetType = UNSET
    expires: str | UnsetType = UNSET
    http_only: bool = False
    secure: bool = False


class PostData(msgspec.Struct, kw_only=True, rename="camel"):
    """A request's body."""

    mime_type: str | None = ""
    params: list[Any] | None = field(default_factory=list)
    text: str | None = None
    encoding: str | UnsetType | None = field(name="_encoding", default=UNSET)
    """``base64``; HAR knows that for answers alone."""


class Request(msgspec.Struct, kw_only=True, rename="camel"):
    """What was asked."""

    method: str
    url: str
    http_version: str | None = ""
    cookies: list[Any] | None = None
    headers: list[Pair] | None = None
    query_string: list[Any] | None = None
    post_data: PostData | UnsetType | None = UNSET
    headers_size: Number = -1
    body_size: Number = -1


class Content(msgspec.Struct, kw_only=True, rename="camel"):
    """An answer's body, decompressed."""

    size: Number = 0
    mime_type: str | None = ""
    text: str | UnsetType | None = UNSET
    encoding: str | UnsetType | None = UNSET
    chunks: list[tuple[float, int]] | UnsetType = field(name="_chunks", default=UNSET)
    """Milliseconds since the entry's ``startedDateTime``, and bytes."""
    left_out: str | UnsetType = field(name="_leftOut", default=UNSET)
    digest: str | UnsetType = field(name="_digest", default=UNSET)
    left_out_size: int | UnsetType = field(name="_size", default=UNSET)
    file: str | UnsetType = field(name="_file", default=UNSET)
    """Where Playwright's export put it, beside the HAR; read, and never written."""


class Response(msgspec.Struct, kw_only=True, rename="camel"):
    """What was answered; a status of 0 or less where nothing was."""

    status: int
    status_text: str | None = ""
    http_version: str | None = ""
    cookies: list[Any] | None = None
    headers: list[Pair] | None = None
    content: Content | None = None
    redirect_url: str | None = field(name="redirectURL", default="")
    headers_size: Number = -1
    body_size: Number = -1
    transfer_size: Number | UnsetType = field(name="_transferSize", default=UNSET)
    error: str | UnsetType | None = field(name="_error", default=UNSET)
    from_service_worker: bool | UnsetType | None = field(name="_fetchedViaServiceWorker", default=UNSET)


class Timings(msgspec.Struct, kw_only=True):
    """Milliseconds; -1 where a phase does not apply."""

    blocked: Number = -1
    dns: Number = -1
    connect: Number = -1
    send: Number = 0
    wait: Number = 0
    receive: Number = 0
    ssl: Number = -1


class SocketMessage(msgspec.Struct, kw_only=True):
    """A message on a WebSocket, as Chrome's export has it."""

    type: str
    """``send`` or ``receive``."""
    time: float
    """Seconds since 1970."""
    opcode: int
    """1 for text; 2 for bytes, which stand as base64."""
    data: str


class Entry(msgspec.Struct, kw_only=True, rename="camel"):
    """A request, and all that became of it."""

    pageref: str | UnsetType | None = UNSET
    started_date_time: str
    time: Number = 0
    request: Request
    response: Response
    cache: dict[str, Any] | None = field(default_factory=dict)
    timings: Timings | None = None
    id: str | UnsetType = field(name="_id", default=UNSET)
    source: str | UnsetType = field(name="_source", default=UNSET)
    resource_type: str | UnsetType | None = field(name="_resourceType", default=UNSET)
    from_cache: Any = field(name="_fromCache", default=UNSET)
    """True, or Chrome's word for which cache."""
    ended_after: Number | UnsetType = field(name="_endedAfter", default=UNSET)
    """Milliseconds since ``startedDateTime``; not there where it had not ended with the recording."""
    messages: list[SocketMessage] | UnsetType = field(name="_webSocketMessages", default=UNSET)


class Program(msgspec.Struct, kw_only=True):
    """Who wrote the file, or what browser it is of."""

    name: str | None = ""
    version: str | None = ""


class Page(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, or a step of a recording on it."""

    started_date_time: str
    id: str
    title: str | None = ""
    page_timings: dict[str, Any] | None = field(default_factory=dict)
    mark: str | UnsetType = field(name="_mark", default=UNSET)
    """The step's name."""


class Head(msgspec.Struct, kw_only=True):
    """All of a log but its entries."""

    version: str
    creator: Program | None = None
    browser: Program | UnsetType | None = UNSET
    about: dict[str, Any] | UnsetType = field(name="_about", default=UNSET)
    pages: list[Page] | UnsetType | None = UNSET
