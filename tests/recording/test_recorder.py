"""Recording a real page: nothing is lost, nothing made up, and the page notices nothing."""

from __future__ import annotations

import gc
import gzip
import statistics
import time
import tracemalloc
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from cdp_relay.cdp import open_connection
from cdp_relay.page import BodyData, BodyEnded, Tab, open_tab, watch_requests
from cdp_relay.recording.recorder import Recorder, open_recorder
from cdp_relay.recording.session import Exchange as Recorded
from cdp_relay.recording.session import Session
from tests.conftest import Sites, StartChromium
from tests.recording.sessions import about
from tests.sites.kit import ChromiumProcess, Exchange, PlainSite

pytestmark = pytest.mark.browser

SSE = "text/event-stream"
LINES = [f"data: {n} é漢😀\n\n".encode() for n in range(12)]
BINARY = bytes(range(256)) * 8
PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ALLOW = [("access-control-allow-origin", "*"), ("access-control-allow-headers", "*")]


@pytest.fixture
async def tab(connection: Any, browser_context: str) -> AsyncGenerator[Tab]:
    """An empty tab in a browser context of its own."""
    async with open_tab(connection, browser_context_id=browser_context) as opened:
        yield opened


def found(session: Session | list[Recorded], path: str, source: str = "") -> list[Recorded]:
    """The exchanges of a path, in their order."""
    exchanges = session if isinstance(session, list) else session.exchanges
    return [
        one for one in exchanges if one.request.url.endswith(path) and (not source or one.source == source)
    ]


def body_of(exchange: Recorded) -> bytes | None:
    assert exchange.response is not None
    return None if exchange.response.body is None else exchange.response.body.read()


def sent_with(exchange: Recorded) -> bytes | None:
    return None if exchange.request.body is None else exchange.request.body.read()


# --- one page that does everything ----------------------------------------------------------------

PAGE = """<!doctype html><meta charset=utf-8><title>begun</title><link rel=icon href="data:,">
<script src=/cached.js></script><img src=/art.png alt=""><iframe src=https://other.test/frame></iframe>
<script type=module>
const text = async (url, init) => (await fetch(url, init)).text();
const until = (target, name) => new Promise((done) => target.addEventListener(name, done, { once: true }));
const shared = new SharedWorker("/shared.js");
const asked = async (port) => { const said = until(port, "message"); port.start?.();
  port.postMessage("/stream"); await said; };
await text("/stream", { method: "POST", body: "of the page" });
await text("/hop", { method: "POST", body: "carried" });
await text("https://api.plain.test/cross", { method: "POST", body: "{}", headers: { "x-own": "1" } });
await fetch("https://api.plain.test/forbidden").catch(() => 0);
const broken = (await fetch("/broken")).body.getReader();
await broken.read(); await text("/cut"); await broken.read().catch(() => 0);
await (await fetch("/binary")).arrayBuffer();
const packed = new Blob(["zipped ".repeat(20000)]).stream().pipeThrough(new CompressionStream("gzip"));
await text("/upload", { method: "PUT", body: await new Response(packed).arrayBuffer() });
const form = new FormData(); form.append("file", new File([new Uint8Array(70000)], "made.bin"));
await text("/upload", { method: "POST", body: form });
const events = new EventSource("/events"); await until(events, "message"); events.close();
const socket = new WebSocket("wss://plain.test/socket"); socket.binaryType = "arraybuffer";
await until(socket, "message"); socket.send("hé"); socket.send(new Uint8Array([0, 255]));
await until(socket, "close");
await asked(new Worker("/worker.js"));
const claimed = until(navigator.serviceWorker, "controllerchange");
await navigator.serviceWorker.register("/service.js"); await claimed;
await text("/through", { method: "POST", body: "of the page" });
await text("/made");
await asked(shared.port);
document.title = "done";
</script>"""

WORKER = (
    "onmessage = async (m) => "
    '{ await (await fetch(m.data, { method: "POST", body: "of a worker" })).text(); postMessage(1); };'
)
SHARED = (
    "onconnect = ({ ports: [port] }) => { port.onmessage = async (m) => "
    '{ await (await fetch(m.data, { method: "POST", body: "of all" })).text(); port.postMessage(1); }; };'
)
SERVICE = """importScripts("/imported.js");
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (event.request.url.endsWith("/through")) event.respondWith(fetch(event.request));
  if (event.request.url.endsWith("/made")) event.respondWith(new Response("made by a worker"));
});"""
JS = "text/javascript; charset=utf-8"


def furnish(site: PlainSite) -> str:
    """Let a site serve the page that does everything; returns its address."""

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        for line in LINES:
            await exchange.write(line)
        await exchange.finish()

    async def events(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: one\n\n")
        await trio.sleep_forever()

    async def broken(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: half")
        await site.gates.pass_through("half")
        exchange.cut()

    async def cut(exchange: Exchange) -> None:
        site.release("half")
        await exchange.respond()

    async def cached(exchange: Exchange) -> None:
        await exchange.begin(200, [("content-type", JS), ("cache-control", "max-age=600")])
        await exchange.write(b"window.cached = 1;")
        await exchange.finish()

    async def binary(exchange: Exchange) -> None:
        await exchange.respond(200, BINARY, content_type="application/octet-stream")

    async def art(exchange: Exchange) -> None:
        await exchange.respond(200, PIXEL, content_type="image/png")

    async def socket(exchange: Exchange) -> None:
        page = await exchange.accept_socket()
        await page.send("welcome")
        await page.send(f"you said {await page.receive()}")
        await page.close()

    async def hop(exchange: Exchange) -> None:
        await exchange.respond(
            307, headers=[("location", "/end"), ("set-cookie", "seen=1"), ("set-cookie", "b=2")]
        )

    async def cross(exchange: Exchange) -> None:
        await exchange.respond(200, "from another origin", headers=ALLOW)

    site.hold("half")
    for path, handler in {
        "/stream": stream,
        "/events": events,
        "/broken": broken,
        "/cut": cut,
        "/cached.js": cached,
        "/binary": binary,
        "/art.png": art,
        "/socket": socket,
        "/hop": hop,
        "/cross": cross,
    }.items():
        site.route(path, handler)
    for path, text in {
        "/worker.js": WORKER,
        "/shared.js": SHARED,
        "/service.js": SERVICE,
        "/imported.js": "self.x = 1;",
    }.items():
        site.page(path, text, content_type=JS)
    for path in ("/end", "/upload", "/through", "/forbidden"):
        site.page(path, f"answer of {path}", content_type="text/plain")
    site.page("/frame", "<script>fetch('/end').then((answer) => answer.text())</script>")
    site.page("/again", "<script src=/cached.js></script>")
    return site.page("/", PAGE)


async def until_titled(tab: Tab, title: str) -> None:
    """Wait until a page says so by its title."""
    await tab.evaluate(
        "(title) => new Promise((done) => { const look = () => document.title === title ? done() :"
        " setTimeout(look, 5); look(); })",
        title,
        timeout=20,
    )


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


# --- speed and truth --------------------------------------------------------------------------------

READ = """async (url) => {
  const reader = (await fetch(url, { method: "POST", body: "x" })).body.getReader();
  for (let count = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return count;
    count += value.length;
  }
}"""


async def test_five_hundred_chunks_a_second_come_whole_in_order_and_in_time(
    tab: Tab, plain_site: PlainSite
) -> None:
    chunks = [f"data: {n:05d} {'word ' * (n % 30)}\n\n".encode() for n in range(1500)]
    written: list[float] = []

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        begun = trio.current_time()
        for number, chunk in enumerate(chunks):
            await trio.sleep_until(begun + number * 0.002)
            written.append(time.perf_counter())
            await exchange.write(chunk)
        await exchange.finish()

    url = plain_site.route("/stream", stream)
    async with open_recorder(tab) as recorder:
        offset = time.perf_counter() - recorder.now
        await tab.navigate(plain_site.page("/", "<title>page</title>"))
        assert await tab.evaluate(READ, url, timeout=30) == len(b"".join(chunks))
    [recorded] = found(recorder.exchanges(), "/stream")
    assert body_of(recorded) == b"".join(chunks)
    assert recorded.response is not None
    arrivals = recorded.response.chunks
    assert sum(chunk.size for chunk in arrivals) == len(b"".join(chunks))
    # The browser may take several writes at once; each has the time of the read that ended it.
    ends, have = [], 0
    for chunk in arrivals:
        have += chunk.size
        ends.append((have, chunk.at + offset))
    late, wanted, at = [], 0, 0
    for one, when in zip(chunks, written, strict=True):
        wanted += len(one)
        while ends[at][0] < wanted:
            at += 1
        late.append(ends[at][1] - when)
    assert min(late) > -0.005
    assert statistics.median(late) < 0.1
    assert len(arrivals) > 300
    assert recorder.notes == ()


async def test_the_phases_of_a_slow_answer_are_those_of_the_servers_own_log(
    tab: Tab, plain_site: PlainSite
) -> None:
    log: dict[str, float] = {}

    async def slow(exchange: Exchange) -> None:
        log["asked"] = time.perf_counter()
        await trio.sleep(0.4)
        log["answered"] = time.perf_counter()
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"begun")
        await trio.sleep(0.4)
        await exchange.write(b"ended")
        log["ended"] = time.perf_counter()
        await exchange.finish()

    url = plain_site.route("/slow", slow)
    async with open_recorder(tab) as recorder:
        offset = time.perf_counter() - recorder.now
        await tab.navigate(plain_site.page("/", "<title>page</title>"))
        await tab.evaluate(READ, url, timeout=30)
    [recorded] = found(recorder.exchanges(), "/slow")
    timings = recorded.timings
    assert timings.wait == pytest.approx(log["answered"] - log["asked"], rel=0.1)
    assert timings.receive == pytest.approx(log["ended"] - log["answered"], rel=0.1)
    assert recorded.ended_at is not None
    phases = (timings.blocked, timings.dns, timings.connect, timings.send, timings.wait, timings.receive)
    assert sum(phase or 0 for phase in phases) == pytest.approx(recorded.ended_at - recorded.at, abs=0.002)
    assert recorded.at + offset < log["asked"] + 0.002
    assert recorded.ended_at + offset == pytest.approx(log["ended"], abs=0.04)


async def test_five_megabytes_are_held_in_a_fraction_of_it(tab: Tab, plain_site: PlainSite) -> None:
    data = b"".join(
        b'{"id": "%08d", "role": "assistant", "content": "a word and another"}\n' % n for n in range(75_000)
    )

    async def large(exchange: Exchange) -> None:
        await exchange.start(200, content_type="application/json")
        for at in range(0, len(data), 60_000):
            await exchange.write(data[at : at + 60_000])
        await exchange.finish()

    url = plain_site.route("/large", large)
    async with open_recorder(tab) as recorder:
        await tab.navigate(plain_site.page("/", "<title>page</title>"))
        tracemalloc.start()
        try:
            await tab.evaluate(READ, url, timeout=30)
            await recorder.settle()
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    [recorded] = found(recorder.exchanges(), "/large")
    assert len(data) > 5_000_000
    assert recorder.held_bytes < len(data) / 5
    assert kept < len(data) / 5  # what else was made meanwhile included
    assert body_of(recorded) == data


# --- pages ------------------------------------------------------------------------------------------

FORM = """<!doctype html><html lang=en><meta charset=utf-8><title>A &amp; B</title>
<script>if (1 < 2 && "</ script>") window.seen = [];</script>
<template><b>in a template</b></template><!-- a remark -->
<input id=line value=old><input id=ticked type=checkbox><input id=secret type=password value=hunter2>
<textarea id=area>old</textarea><select id=choice><option>one<option>two</select>
<div id=composer contenteditable=true><p>old</p></div><div id=host>light</div>
<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>
<script>
host.attachShadow({ mode: "open" }).innerHTML = "<p>in the <slot></slot> shadow</p>";
line.value = 'new "line" & <more>'; ticked.checked = true; area.value = "\\nnew <area>"; choice.value = "two";
secret.value = ["typed", "secret"].join(" ");
composer.innerHTML = "<p>a prompt\\u00a0with 漢字 😀</p>"; localStorage.setItem("kept", "välue");
composer.focus(); getSelection().selectAllChildren(composer);
for (const name of ["focus", "blur", "input", "change", "selectionchange"])
  document.addEventListener(name, () => seen.push(name), true);
new MutationObserver(() => seen.push("mutation")).observe(document,
  { subtree: true, childList: true, attributes: true, characterData: true });
</script>"""

LOOK = """() => {
  const [line, ticked, area, choice, composer, host] =
    ["line", "ticked", "area", "choice", "composer", "host"].map((id) => document.getElementById(id));
  return [line.value, ticked.checked, area.value, choice.value, composer.textContent, host.textContent,
    host.shadowRoot.textContent, document.querySelector("template").content.textContent, document.title,
    document.querySelector("path").namespaceURI, document.documentElement.lang];
}"""


async def test_a_snapshot_is_the_page_as_it_looks_and_disturbs_nothing(
    tab: Tab, plain_site: PlainSite
) -> None:
    async with open_recorder(tab) as recorder:
        await tab.navigate(plain_site.page("/", FORM))
        before = await tab.evaluate(LOOK)
        await in_the_page(tab, FORGET)
        taken = await recorder.snapshot("filled")
        assert taken is not None
        assert await tab.evaluate("() => [document.activeElement.id, String(getSelection())]") == [
            *("composer", "a prompt\u00a0with 漢字 😀")
        ]
        html = taken.html.read().decode()
        assert "typed secret" not in html
        assert "hunter2" not in html
        assert (taken.title, taken.url, dict(taken.storage)) == (
            "A & B",
            plain_site.url("/"),
            {"kept": "välue"},
        )
        seen = await in_the_page(tab, "seen")
        # What was kept, shown again without its scripts, looks the same.
        scripts = html.split("<script>")
        still = scripts[0] + "".join(part.split("</script>", 1)[1] for part in scripts[1:])
        await tab.navigate(plain_site.page("/kept", still))
        after = await tab.evaluate(LOOK)
    assert seen == []
    assert after == before
    assert after[:5] == ['new "line" & <more>', True, "\nnew <area>", "two", "a prompt\u00a0with 漢字 😀"]


FORGET = """new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done((seen.length = 0)))))"""
"""Once the page's own doings were told to its listeners."""


async def in_the_page(tab: Tab, expression: str) -> Any:
    """Evaluate among the page's own scripts."""
    command = {"expression": expression, "returnByValue": True, "awaitPromise": True}
    return (await tab.session.call("Runtime.evaluate", command))["result"]["value"]


# --- ends -------------------------------------------------------------------------------------------


async def open_stream(tab: Tab, site: PlainSite, recorder: Recorder) -> None:
    """Lead the tab to a page whose stream has begun and does not end."""

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: begun\n\n")
        await trio.sleep_forever()

    site.route("/stream", stream)
    await tab.navigate(
        site.page("/", "<script>fetch('/stream').then((a) => a.body.getReader().read())</script>")
    )
    with trio.fail_after(10):
        while not any(body_of(one) for one in found(recorder.exchanges(), "/stream") if one.response):
            await recorder.settle()


async def test_a_recording_can_be_looked_at_while_a_stream_goes_on(tab: Tab, plain_site: PlainSite) -> None:
    async with open_recorder(tab) as recorder:
        await open_stream(tab, plain_site, recorder)
    [stream] = found(recorder.session(about(notes=("first",))), "/stream")
    assert (body_of(stream), stream.ended_at, stream.error) == (b"data: begun\n\n", None, "")
    assert recorder.session(about(notes=("first",))).about.notes == ("first",)


async def test_a_tab_that_is_closed_leaves_what_was_gathered(
    connection: Any, browser_context: str, plain_site: PlainSite
) -> None:
    async with (
        open_tab(connection, browser_context_id=browser_context) as tab,
        open_recorder(tab) as recorder,
    ):
        await open_stream(tab, plain_site, recorder)
        await connection.targets.close_page(tab.target_id)
        assert await recorder.snapshot("done") is None
    assert body_of(found(recorder.exchanges(), "/stream")[0]) == b"data: begun\n\n"
    assert recorder.notes == (
        "The recording ended early: The tab was closed: Render process gone.",
        "There is no page of the step 'done': tab_closed.",
    )


async def test_a_crash_is_noted_and_what_comes_after_it_is_recorded(
    private_chromium: StartChromium, plain_site: PlainSite
) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        async with open_tab(connection) as tab, open_recorder(tab) as recorder:
            await open_stream(tab, plain_site, recorder)
            tab.session.post("Page.crash")
            with trio.fail_after(10):
                await tab.gone.wait()
            await tab.session.call("Page.reload", timeout=20)
            await plain_site.journal.wait("request", count=2, where=lambda entry: entry["path"] == "/stream")
        first, _ = found(recorder.exchanges(), "/stream")
        assert body_of(first) == b"data: begun\n\n"
        assert len(found(recorder.exchanges(), "plain.test/")) == 2
        assert recorder.notes[0] == "The page crashed."
        # And when all of the browser goes:
        async with open_tab(connection) as tab, open_recorder(tab) as recorder:
            await open_stream(tab, plain_site, recorder)
            await trio.to_thread.run_sync(browser.stop)
            with trio.fail_after(10):
                await connection.closed.wait()
        assert body_of(found(recorder.exchanges(), "/stream")[0]) == b"data: begun\n\n"
        assert recorder.notes[0].startswith("The recording ended early: ")


async def test_a_page_that_was_there_before_is_noted(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", "<title>page</title>"))
    async with open_recorder(tab) as recorder:
        pass
    assert recorder.notes[0] == "The page was there before the recording began: what loaded it is not in it."


async def test_a_page_that_leads_on_at_once_is_recorded_all_the_same(tab: Tab, plain_site: PlainSite) -> None:
    first = "<title>first</title>Please wait.<script>location.replace('/last')</script>"
    plain_site.page("/last", "<title>last</title>")
    async with open_recorder(tab) as recorder:
        for _ in range(3):
            await tab.navigate(plain_site.page("/first", first))
            await until_titled(tab, "last")
    assert [body_of(one) for one in found(recorder.exchanges(), "/first")] == [first.encode()] * 3


async def test_a_page_for_which_there_is_no_room_is_noted(tab: Tab) -> None:
    async with open_recorder(tab, max_held_bytes=10) as recorder:
        assert await recorder.snapshot("empty") is None
    assert recorder.notes == ("There is no page of the step 'empty': the recording held what it may.",)
    assert recorder.session(about()).snapshots == ()


async def test_a_service_worker_from_before_is_heard_and_its_missing_script_noted(
    connection: Any, browser_context: str, plain_site: PlainSite
) -> None:
    plain_site.page("/service.js", SERVICE, content_type=JS)
    plain_site.page("/imported.js", "self.x = 1;", content_type=JS)
    plain_site.page("/through", "through", content_type="text/plain")
    first = """<script type=module>
        const claimed = new Promise((done) => { navigator.serviceWorker.oncontrollerchange = done; });
        await navigator.serviceWorker.register("/service.js"); await claimed;
        document.title = "done"; </script>"""
    async with open_tab(connection, browser_context_id=browser_context) as before:
        await before.navigate(plain_site.page("/first", first))
        await until_titled(before, "done")
    async with (
        open_tab(connection, browser_context_id=browser_context) as tab,
        open_recorder(tab) as recorder,
    ):
        await tab.navigate(plain_site.page("/second", "<title>page</title>"))
        with trio.fail_after(10):
            # Nobody holds up a worker that runs already until it is listened to.
            while not found(recorder.exchanges(), "/through", "service_worker"):
                await in_the_page(tab, "fetch('/through').then((answer) => answer.text())")
                await recorder.settle()
    *_, asked, passed_on = found(recorder.exchanges(), "/through")
    assert (asked.source, asked.from_service_worker) == ("page", True)
    assert (passed_on.source, passed_on.from_service_worker) == ("service_worker", False)
    assert body_of(asked) == body_of(passed_on) == b"through"
    assert recorder.notes == ("A worker ran before the recording began; its script is not in it.",)


async def test_what_goes_wrong_in_the_block_comes_out_as_it_is(tab: Tab) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with open_recorder(tab):
            raise LookupError("mine")
    assert tab.alive
