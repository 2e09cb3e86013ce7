"""Sessions for tests: a small one by hand, and Hypothesis' of every kind."""

from __future__ import annotations

import datetime
import json
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from cdp_relay.recording.session import (
    About,
    Body,
    Chunk,
    Exchange,
    Heard,
    Look,
    Mark,
    Message,
    Request,
    Response,
    Session,
    Snapshot,
    Timings,
)

__all__ = ["about", "exchange", "sessions"]

T = TypeVar("T")


def about(**changes: Any) -> About:
    facts: dict[str, Any] = {
        "site": "chatgpt",
        "scenario": "plain",
        "recorded_on": "2026-11-21",
        "relay_version": "0.1.0",
        "browser": "Chrome/156.0.6999.0",
        "origin": "https://chatgpt.com",
        "redacted": True,
    }
    return About(**facts | changes)


def exchange(url: str = "https://chatgpt.com/", body: bytes | None = b"<p>Hello", **changes: Any) -> Exchange:
    """A GET that was answered; *changes* are of the answer."""
    facts: dict[str, Any] = {"status": 200, "mime_type": "text/html"}
    return Exchange(
        id=url,
        at=0.5,
        ended_at=1.5,
        request=Request(method="GET", url=url),
        response=Response(body=None if body is None else Body.of(body), **facts | changes),
        resource_type="document",
    )


# --- of every kind -------------------------------------------------------------------------------


def whole(kind: type[T], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Of a class, every field of it, so that a new one cannot be forgotten on its way to the disk."""
    names = {field.name for field in attrs.fields(kind)}  # type: ignore[arg-type]  # they are all of attrs
    assert names == set(fields), names ^ set(fields)
    return st.builds(kind, **fields)


TEXTS = st.text(st.characters(exclude_categories=()), max_size=12).map(json.dumps).map(json.loads)
"""As DevTools gives a page's: with NUL, and with halves of surrogate pairs, but never both of one pair."""
WORDS = st.text("abcXYZ-09", min_size=1, max_size=8)
TIMES = st.integers(0, 10**11).map(lambda us: us / 1e6)
"""Seconds, exact to the microsecond."""
MAYBE_TIMES = st.none() | TIMES
SIZES = st.none() | st.integers(0, 1 << 40)
HEADERS = st.lists(
    st.tuples(WORDS | st.sampled_from(["Cookie", "set-cookie", "content-type", "Location"]), TEXTS),
    max_size=4,
).map(tuple)
DATA = st.binary(max_size=40) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
BODIES = st.none() | (DATA | DATA.map(lambda data: data * 60)).map(Body.of)
URLS = st.builds("https://{}.example/{}".format, WORDS, TEXTS) | TEXTS


@st.composite
def responses(draw: st.DrawFn) -> Response:
    body = draw(BODIES)
    sizes = draw(st.lists(st.integers(0, 999), max_size=4))
    if body is not None and sizes:
        cuts = sorted(min(size, body.size) for size in sizes)
        sizes = [end - start for start, end in zip([0, *cuts], [*cuts, body.size], strict=True)]
    return Response(
        status=draw(st.integers(100, 599)),
        status_text=draw(TEXTS),
        http_version=draw(WORDS),
        headers=draw(HEADERS),
        mime_type=draw(TEXTS),
        body=body,
        chunks=tuple(
            Chunk(at, size) for at, size in zip(sorted(draw(TIMES) for _ in sizes), sizes, strict=True)
        ),
        transferred=draw(SIZES),
        left_out=draw(TEXTS),
        digest=draw(TEXTS),
        size=draw(SIZES),
    )


MESSAGES = whole(Message, at=TIMES, sent=st.booleans(), data=TEXTS | st.binary(max_size=20))
EXCHANGES = whole(
    Exchange,
    id=TEXTS,
    at=TIMES,
    ended_at=MAYBE_TIMES,
    request=whole(Request, method=WORDS, url=URLS, http_version=WORDS, headers=HEADERS, body=BODIES),
    response=st.none() | responses(),
    error=TEXTS,
    timings=whole(
        Timings,
        blocked=MAYBE_TIMES,
        dns=MAYBE_TIMES,
        connect=MAYBE_TIMES,
        ssl=MAYBE_TIMES,
        send=TIMES,
        wait=TIMES,
        receive=TIMES,
    ),
    source=st.sampled_from(["page", "iframe", "worker", "service_worker", "shared_worker"]),
    resource_type=TEXTS,
    from_cache=st.booleans(),
    from_service_worker=st.booleans(),
    messages=st.lists(MESSAGES, max_size=3).map(tuple),
)
ABOUTS = st.builds(
    about,
    title=TEXTS,
    recorded_on=st.dates(datetime.date(1970, 1, 1), datetime.date(2100, 1, 1)).map(str),
    driven_by=st.sampled_from(["relay", "person"]),
    language=TEXTS,
    stamps=st.dictionaries(TEXTS, st.none() | TEXTS, max_size=2),
    kept=st.just(("prompt",)) | st.just(()),
    lean=st.booleans(),
    site_words=st.lists(TEXTS, max_size=2).map(tuple),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
)
SNAPSHOTS = whole(
    Snapshot,
    step=TEXTS,
    at=TIMES,
    url=TEXTS,
    title=TEXTS,
    html=DATA.map(Body.of),
    storage=st.dictionaries(TEXTS, TEXTS, max_size=3),
)
MATCHES = st.lists(st.tuples(TEXTS, st.integers(0, 9)), max_size=2).map(tuple)
LOOKS = whole(Look, step=TEXTS, matches=st.dictionaries(TEXTS, MATCHES, max_size=2))
EVENTS = st.dictionaries(
    TEXTS, TEXTS | st.integers(-(1 << 70), 1 << 70) | st.none() | st.booleans(), max_size=3
)


def sessions() -> st.SearchStrategy[Session]:
    """Whole ones; no known texts, which are never written."""
    return whole(
        Session,
        texts=st.just(()),
        about=ABOUTS,
        exchanges=st.lists(EXCHANGES, max_size=3).map(tuple),
        marks=st.lists(whole(Mark, name=TEXTS, at=TIMES), max_size=3).map(tuple),
        snapshots=st.lists(SNAPSHOTS, max_size=2).map(tuple),
        looks=st.lists(LOOKS, max_size=2).map(tuple),
        heard=st.lists(whole(Heard, at=TIMES, event=EVENTS), max_size=2).map(tuple),
    )
