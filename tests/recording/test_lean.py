from __future__ import annotations

import hashlib

import attrs
import pytest

from cdp_relay.recording.lean import make_lean
from cdp_relay.recording.session import Body, Chunk, Exchange, Headers, Response, Session
from tests.recording.sessions import about, exchange

LONG: Headers = (("Cache-Control", "public, max-age=31536000, immutable"),)


def asked(
    resource_type: str, mime_type: str = "", *, headers: Headers = (), sent: Headers = (), method: str = "GET"
) -> Exchange:
    one = exchange(body=b"what was said", mime_type=mime_type, headers=headers, chunks=(Chunk(0.75, 13),))
    request = attrs.evolve(one.request, method=method, headers=sent)
    return attrs.evolve(one, resource_type=resource_type, request=request)


def answer(one: Exchange) -> Response:
    (lean,) = make_lean(Session(about=about(), exchanges=(one,))).exchanges
    assert lean.response is not None
    assert lean.request == one.request
    return lean.response


@pytest.mark.parametrize(
    "one",
    [
        asked("script", "text/javascript"),
        asked("stylesheet", "text/css"),
        asked("font", "font/woff2"),
        asked("image", "image/svg+xml"),
        asked("media", "audio/mpeg"),
        asked("manifest", "application/manifest+json"),
        asked("fetch", "application/json", headers=LONG),
        asked("xhr", "application/json", headers=(("cache-control", "max-age=86400"),)),
        asked("fetch", "application/wasm", headers=LONG),
        asked("other", "application/wasm"),
        asked("other", "text/javascript; charset=utf-8"),
        asked("fetch", "text/javascript", sent=(("Sec-Fetch-Dest", "script"),)),
        asked("other", "", sent=(("sec-fetch-dest", "sharedworker"),)),
    ],
)
def test_the_sites_own_code_and_art_goes_and_can_be_recognised(one: Exchange) -> None:
    lean = answer(one)

    assert lean.body is None
    assert lean.size == 13
    assert lean.digest == hashlib.sha256(b"what was said").hexdigest()
    assert lean.left_out
    assert one.response
    assert (lean.headers, lean.chunks) == (one.response.headers, one.response.chunks)


@pytest.mark.parametrize(
    "one",
    [
        asked("document", "text/html", headers=LONG),
        asked("fetch", "application/json"),
        asked("fetch", "text/event-stream", headers=(("cache-control", "no-cache"),)),
        asked("fetch", "text/javascript"),
        asked("xhr", "application/json", headers=(("cache-control", "private, max-age=31536000"),)),
        asked("xhr", "application/json", headers=(("cache-control", "no-store, immutable"),)),
        asked("xhr", "application/json", headers=(("cache-control", "max-age=60"),)),
        asked("xhr", "application/json", headers=(("cache-control", "max-age=forever"),)),
        asked("fetch", "application/json", headers=LONG, method="POST"),
        asked("eventsource", "text/event-stream", headers=LONG),
    ],
)
def test_what_was_said_stays(one: Exchange) -> None:
    assert answer(one) == one.response


def test_what_has_no_body_stays_as_it_is() -> None:
    gone = attrs.evolve(asked("script"), response=None)
    empty = attrs.evolve(asked("script"), response=Response(status=304))
    session = Session(about=about(), exchanges=(gone, empty))

    assert make_lean(session).exchanges == (gone, empty)


def test_a_lean_recording_says_so_and_is_the_same_made_lean_again() -> None:
    session = Session(about=about(), exchanges=(asked("script"), asked("fetch")))
    lean = make_lean(session)

    assert lean.about == attrs.evolve(session.about, lean=True)
    assert make_lean(lean) == lean
    assert session.exchanges[0].response
    assert session.exchanges[0].response.body == Body.of(b"what was said")
