"""A recording without the site's own code and art, for sharing: these are not ours to publish."""

from __future__ import annotations

import hashlib
import re

import attrs

from cdp_relay.recording.session import Exchange, Headers, Response, Session, header

__all__ = ["make_lean"]

_LEFT_OUT = "the site's own; left out of what is shared"

_RESOURCES = frozenset({"script", "stylesheet", "font", "image", "media", "manifest", "texttrack"})
"""What the browser says that it asked for."""

_DESTINATIONS = frozenset(
    {"script", "style", "font", "image", "audio", "video", "track", "manifest"}
    | {"worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet"}
)
"""The same by ``Sec-Fetch-Dest``, which also tells it of what a service worker fetched for the page."""

_MEDIA_TYPES = re.compile(
    r"(?:text|application)/(?:x-)?(?:java|ecma)script\b|text/css\b|application/wasm\b"
    r"|application/(?:x-)?font|(?:font|image|audio|video)/"
)

_LONG_SECONDS = 86_400
"""An answer that may be kept for a day is nobody's own."""


def make_lean(session: Session) -> Session:
    """Leave out the bodies of what the site serves to everybody: scripts, styles, fonts, pictures, sounds,
    WebAssembly, and whatever else may be cached for long.

    Of each, its size, SHA-256 and headers stay, so that a replay can put the same body in from elsewhere and
    a comparison sees that it changed. Documents, answers of the site's interfaces, streams, what was sent,
    and the pages at each step stay as they are. It is done after redacting: a digest tells what it is of.
    """
    exchanges = tuple(_lean(exchange) for exchange in session.exchanges)
    return attrs.evolve(session, about=attrs.evolve(session.about, lean=True), exchanges=exchanges)


def _lean(exchange: Exchange) -> Exchange:
    response = exchange.response
    if response is None or response.body is None or not _is_of_site(exchange, response):
        return exchange
    lean = attrs.evolve(
        response,
        body=None,
        left_out=_LEFT_OUT,
        digest=hashlib.sha256(response.body.read()).hexdigest(),
        size=response.body.size,
    )
    return attrs.evolve(exchange, response=lean)


def _is_of_site(exchange: Exchange, response: Response) -> bool:
    if exchange.request.method != "GET" or exchange.resource_type in ("document", "eventsource", "websocket"):
        return False
    if exchange.resource_type in _RESOURCES:
        return True
    if (header(exchange.request.headers, "sec-fetch-dest") or "") in _DESTINATIONS:
        return True
    if _may_be_kept(response.headers):
        return True
    # A script may ask for anything and be given it as a script; the others asked for what they got.
    asked_by_script = exchange.resource_type in ("fetch", "xhr")
    return not asked_by_script and _MEDIA_TYPES.match(response.mime_type.lower()) is not None


def _may_be_kept(headers: Headers) -> bool:
    words = [word.strip().lower() for word in (header(headers, "cache-control") or "").split(",")]
    if any(word.partition("=")[0] in ("no-store", "no-cache", "private") for word in words):
        return False
    ages = (word.partition("=")[2] for word in words if word.startswith(("max-age=", "s-maxage=")))
    return "immutable" in words or any(age.isdigit() and int(age) >= _LONG_SECONDS for age in ages)
