"""A page that does everything, recorded: nothing is lost, and nothing made up."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from cdp_relay.cdp import open_connection
from cdp_relay.page import BodyData, BodyEnded, Tab, open_tab, watch_requests
from cdp_relay.recording.recorder import open_recorder
from cdp_relay.recording.session import Session
from tests.conftest import Sites
from tests.recording.busy_page import (
    BINARY,
    LINES,
    PAGE,
    PIXEL,
    SERVICE,
    SHARED,
    WORKER,
    body_of,
    found,
    furnish,
    sent_with,
    until_titled,
)
from tests.recording.sessions import about
from tests.sites.kit import ChromiumProcess, PlainSite

pytestmark = pytest.mark.browser


@attrs.frozen
class Everything:
    """The recording of the page that does everything, and what the relay itself heard meanwhile."""

    session: Session
    captured: list[Any]
    uploads: list[bytes]


async def _record_everything(site: PlainSite, browser: ChromiumProcess) -> Everything:
    captured: list[Any] = []
    async with open_connection(browser.ws_url) as connection:
        new = await connection.root.call("Target.createBrowserContext", {"disposeOnDetach": True}, timeout=30)
        context = new["browserContextId"]
        async with open_tab(connection, browser_context_id=context) as tab, open_recorder(tab) as recorder:
            recorder.mark("empty")
            async with capturing(tab, captured):
                await tab.navigate(furnish(site))
                await until_titled(tab, "done")
            recorder.mark("done")
            await recorder.snapshot("done")
            await tab.navigate(site.url("/again"))
        await connection.root.call("Target.disposeBrowserContext", {"browserContextId": context}, timeout=30)
    uploads = [entry["body"] for entry in site.journal.entries("request") if entry["path"] == "/upload"]
    return Everything(recorder.session(about()), captured, uploads)


@asynccontextmanager
async def capturing(tab: Tab, captured: list[Any]) -> AsyncIterator[None]:
    """Capture the streams as a turn of the relay does."""

    async def listen() -> None:
        while sum(isinstance(event, BodyEnded) for event in captured) < 3:
            captured.append(await capture.__anext__())

    with watch_requests(tab, want=lambda method, url: url.endswith("/stream")) as capture:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            yield


@pytest.fixture(scope="module")
def everything(sites: Sites, chromium: ChromiumProcess) -> Everything:
    """Recorded once for all tests that look at it."""
    sites.plain.reset()
    return trio.run(_record_everything, sites.plain, chromium)


@pytest.mark.parametrize("source", ["page", "worker", "shared_worker"])
def test_whoever_asks_his_stream_is_recorded_whole(everything: Everything, source: str) -> None:
    [stream] = found(everything.session, "/stream", source)
    assert stream.response is not None
    assert body_of(stream) == b"".join(LINES)
    sizes = [chunk.size for chunk in stream.response.chunks]
    assert sum(sizes) == len(b"".join(LINES))
    times = [chunk.at for chunk in stream.response.chunks]
    assert times == sorted(times)
    assert stream.at < times[0]
    assert stream.ended_at is not None
    assert times[-1] <= stream.ended_at
    said = {"page": b"of the page", "worker": b"of a worker", "shared_worker": b"of all"}
    assert (stream.request.method, sent_with(stream)) == ("POST", said[source])


def test_the_relay_hears_the_same_as_without_a_recorder(everything: Everything) -> None:
    bodies: dict[str, bytes] = {}
    for event in everything.captured:
        if isinstance(event, BodyData):
            bodies[event.request_id] = bodies.get(event.request_id, b"") + event.data
    assert list(bodies.values()) == [b"".join(LINES)] * 3
    assert sum(isinstance(event, BodyEnded) for event in everything.captured) == 3


def test_a_service_workers_part_is_told_apart_from_the_pages(everything: Everything) -> None:
    [asked] = found(everything.session, "/through", "page")
    [passed_on] = found(everything.session, "/through", "service_worker")
    assert asked.from_service_worker
    assert not passed_on.from_service_worker
    assert body_of(asked) == b"answer of /through"
    # They went by the worker, which did not look at them; but it was the one who asked the site.
    assert body_of(passed_on) == b"answer of /through"
    [made] = found(everything.session, "/made")
    assert made.from_service_worker
    assert body_of(made) == b"made by a worker"


@pytest.mark.parametrize(
    ("path", "script"),
    [
        *(("/worker.js", WORKER), ("/shared.js", SHARED), ("/service.js", SERVICE)),
        ("/imported.js", "self.x = 1;"),
    ],
)
def test_the_scripts_of_workers_are_in_the_recording(everything: Everything, path: str, script: str) -> None:
    [loaded] = found(everything.session, path)
    assert body_of(loaded) == script.encode()
    assert loaded.response is not None
    assert (loaded.response.status, loaded.response.mime_type) == (200, "text/javascript")


def test_a_redirect_and_where_it_led_are_two(everything: Everything) -> None:
    [hop] = found(everything.session, "/hop")
    [end] = found(everything.session, "plain.test/end", "page")
    assert hop.response is not None
    assert hop.response.status == 307
    assert [value for name, value in hop.response.headers if name.lower() == "set-cookie"] == [
        "seen=1",
        "b=2",
    ]
    assert ("seen=1; b=2") in dict(end.request.headers).get("Cookie", "")
    assert sent_with(hop) == sent_with(end) == b"carried"
    assert body_of(end) == b"answer of /end"


def test_what_failed_says_how(everything: Everything) -> None:
    [broken] = found(everything.session, "/broken")
    assert broken.error == "net::ERR_INCOMPLETE_CHUNKED_ENCODING"
    assert body_of(broken) == b"data: half"
    [forbidden] = found(everything.session, "/forbidden")
    assert forbidden.error == "net::ERR_FAILED"
    assert forbidden.response is not None
    assert (forbidden.response.status, forbidden.response.left_out) == (
        200,
        "the browser kept it from the page",
    )
    [events] = found(everything.session, "/events")
    assert (events.error, body_of(events)) == ("net::ERR_ABORTED", b"data: one\n\n")


def test_requests_to_another_origin_come_without_their_preflight(everything: Everything) -> None:
    [cross] = found(everything.session, "/cross")
    assert (cross.request.method, body_of(cross)) == ("POST", b"from another origin")
    assert (
        "The browser's own questions before requests to other origins were left out."
        in everything.session.about.notes
    )


def test_binary_bodies_are_exact_both_ways(everything: Everything) -> None:
    [binary] = found(everything.session, "/binary")
    assert body_of(binary) == BINARY
    [art] = found(everything.session, "/art.png")
    assert body_of(art) == PIXEL
    packed, form = found(everything.session, "/upload")
    assert [sent_with(packed), sent_with(form)] == everything.uploads
    assert gzip.decompress(everything.uploads[0]) == b"zipped " * 20000


def test_a_sockets_messages_are_kept_with_their_handshake(everything: Everything) -> None:
    [socket] = found(everything.session, "/socket")
    assert [(message.sent, message.data) for message in socket.messages] == [
        *((False, "welcome"), (True, "hé"), (True, b"\x00\xff"), (False, "you said hé"))
    ]
    assert socket.response is not None
    assert socket.response.status == 101
    assert "sec-websocket-accept" in {name.lower() for name, _ in socket.response.headers}
    assert "Sec-WebSocket-Key" in dict(socket.request.headers)


def test_a_frame_of_another_site_is_recorded_as_one(everything: Everything) -> None:
    [frame] = found(everything.session, "/frame")
    [asked] = found(everything.session, "other.test/end")
    assert (frame.source, frame.resource_type, asked.source) == ("iframe", "document", "iframe")
    assert body_of(asked) == b"answer of /end"


def test_what_came_from_the_cache_says_so(everything: Everything) -> None:
    first, second = found(everything.session, "/cached.js")
    assert (first.from_cache, second.from_cache) == (False, True)
    assert body_of(first) == body_of(second) == b"window.cached = 1;"


def test_headers_are_those_of_the_network(everything: Everything) -> None:
    [page] = found(everything.session, "plain.test/")
    names = {name for name, _ in page.request.headers}
    assert {"Host", "Sec-Fetch-Mode", "Accept-Encoding"} <= names
    assert page.response is not None
    assert page.response.http_version == "HTTP/1.1"
    assert page.response.transferred is not None
    assert page.response.transferred > len(PAGE.encode())


def test_nothing_without_a_network_is_recorded_and_every_id_is_its_own(everything: Everything) -> None:
    exchanges = everything.session.exchanges
    assert {one.request.url.partition(":")[0] for one in exchanges} == {"https", "wss"}
    assert len({one.id for one in exchanges}) == len(exchanges)
    assert [one.at for one in exchanges] == sorted(one.at for one in exchanges)


def test_steps_and_requests_are_on_one_clock(everything: Everything) -> None:
    empty, done = everything.session.marks
    [page] = found(everything.session, "plain.test/")
    [made] = found(everything.session, "/made")
    [again] = found(everything.session, "/again")
    assert 0 <= empty.at <= page.at
    assert made.ended_at is not None
    assert made.ended_at <= done.at <= everything.session.snapshots[0].at <= again.at
