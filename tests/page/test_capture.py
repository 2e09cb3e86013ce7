"""Live capture: every byte, in order, once."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from cdp_relay.cdp import open_connection
from cdp_relay.errors import PageCrashed, TabClosed
from cdp_relay.page import (
    BodyData,
    BodyEnded,
    Capture,
    CaptureEvent,
    RequestSent,
    ResponseStarted,
    SocketMessage,
    Tab,
    open_tab,
    watch_requests,
)
from tests.sites.kit import Exchange, PlainSite

pytestmark = pytest.mark.browser

SSE = "text/event-stream; charset=utf-8"

# Reads the body as a chat page does, and says how many bytes it saw.
READ = """async (url, method, body) => {
  const response = await fetch(url, method === "GET" ? {} : { method, body });
  const reader = response.body.getReader();
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return count;
    count += value.length;
  }
}"""


def ends_with(path: str) -> Callable[[str, str], bool]:
    return lambda method, url: url.endswith(path)


@attrs.define
class Seen:
    """What a capture gave for one request."""

    sent: RequestSent | None = None
    response: ResponseStarted | None = None
    pieces: list[bytes] = attrs.field(factory=list)
    ended: BodyEnded | None = None
    order: list[str] = attrs.field(factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def take(self, event: CaptureEvent) -> None:
        self.order.append(type(event).__name__)
        match event:
            case RequestSent():
                assert self.sent is None, "a request was reported twice"
                self.sent = event
            case ResponseStarted():
                self.response = event
            case BodyData():
                self.pieces.append(event.data)
            case BodyEnded():
                self.ended = event


async def one(capture: Capture) -> Seen:
    """Read one request to its end."""
    seen = Seen()
    while seen.ended is None:
        seen.take(await capture.__anext__())
    return seen


@asynccontextmanager
async def fetching(tab: Tab, url: str, *, method: str = "POST", body: str = "x") -> AsyncIterator[list[Any]]:
    """Let the page fetch while the block runs; the list holds what the page saw, afterwards."""
    result: list[Any] = []

    async def fetch() -> None:
        result.append(await tab.evaluate(READ, url, method, body, timeout=30))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch)
        yield result


def whole_order(seen: Seen) -> bool:
    middle = seen.order[2:-1]
    return seen.order[:2] == ["RequestSent", "ResponseStarted"] and set(middle) <= {"BodyData"}


@pytest.fixture
async def page(tab: Tab, plain_site: PlainSite) -> Tab:
    """A tab on a page of the plain site."""
    await tab.navigate(plain_site.page("/", "<!doctype html><title>page</title>"))
    return tab


@pytest.mark.parametrize(
    "first", [b"", b"data: with the headers\n\n"], ids=["headers alone", "bytes at once"]
)
async def test_chunks_come_in_order_and_once_however_fast_they_are_sent(
    page: Tab, plain_site: PlainSite, first: bytes
) -> None:
    chunks = [first, *(f"data: {n:04d} {'é漢😀'[n % 3] * (n % 40)}\n\n".encode() for n in range(120))]
    expected = b"".join(chunks)

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        for chunk in chunks:
            if chunk:
                await exchange.write(chunk)
        await exchange.finish()

    url = plain_site.route("/stream", stream)
    sources = set()
    for _ in range(25):
        with watch_requests(page, want=ends_with("/stream")) as capture:
            async with fetching(page, url) as read:
                seen = await one(capture)
            assert seen.body == expected
            assert seen.ended is not None
            # Chrome calls some streams that a page's reader read to the end canceled.
            assert seen.ended.error in (None, "net::ERR_ABORTED")
            assert whole_order(seen)
            assert read == [len(expected)]
            sources.add(seen.ended.source)
    assert "stream" in sources


async def test_bytes_arrive_while_the_site_still_writes(page: Tab, plain_site: PlainSite) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        for n in range(3):
            await exchange.write(f"data: {n}\n\n".encode())
            await plain_site.gates.pass_through(f"after {n}")
        await exchange.finish()

    url = plain_site.route("/stream", stream)
    plain_site.gates.shut("after 0", "after 1", "after 2")
    with watch_requests(page, want=ends_with("/stream")) as capture:
        async with fetching(page, url):
            seen = Seen()
            for n in range(3):
                while not seen.body.endswith(f"data: {n}\n\n".encode()):
                    seen.take(await capture.__anext__())
                # The site waits for us: what came, came live.
                plain_site.gates.open(f"after {n}")
            while seen.ended is None:
                seen.take(await capture.__anext__())
    assert seen.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert seen.ended.source == "stream"


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=iso-8859-1"])
async def test_an_answer_that_was_over_at_once_is_exact_whatever_its_character_set(
    page: Tab, plain_site: PlainSite, charset: str
) -> None:
    body = "äöü €漢字 \x81\x8d\x9d end".encode() if "iso" not in charset else bytes(range(32, 256))

    async def answer(exchange: Exchange) -> None:
        await exchange.respond(200, body, content_type=f"text/event-stream{charset}")

    url = plain_site.route("/short", answer)
    for _ in range(15):
        with watch_requests(page, want=ends_with("/short")) as capture:
            async with fetching(page, url):
                assert (await one(capture)).body == body


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_compressed_stream_comes_out_plain(page: Tab, plain_site: PlainSite, coding: str) -> None:
    lines = [f"data: {n} {'text ' * 30}\n\n".encode() for n in range(200)]

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE, headers=[("content-encoding", coding)])
        packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
        for line in lines:
            await exchange.write(packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH))
        await exchange.write(packer.flush())
        await exchange.finish()

    url = plain_site.route("/packed", stream)
    for _ in range(5):
        with watch_requests(page, want=ends_with("/packed")) as capture:
            async with fetching(page, url):
                seen = await one(capture)
        assert seen.body == b"".join(lines)


async def test_a_compressed_answer_that_comes_whole_comes_out_plain(page: Tab, plain_site: PlainSite) -> None:
    body = ("é" * 5000).encode()

    async def answer(exchange: Exchange) -> None:
        await exchange.respond(
            200, gzip.compress(body), content_type=SSE, headers=[("content-encoding", "gzip")]
        )

    url = plain_site.route("/packed", answer)
    for _ in range(10):
        with watch_requests(page, want=ends_with("/packed")) as capture:
            async with fetching(page, url):
                assert (await one(capture)).body == body


async def test_five_megabytes_come_whole(page: Tab, plain_site: PlainSite) -> None:
    body = random.Random(5).randbytes(5 * 1024 * 1024)

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type="application/octet-stream")
        for at in range(0, len(body), 40_000):
            await exchange.write(body[at : at + 40_000])
        await exchange.finish()

    url = plain_site.route("/large", stream)
    with watch_requests(page, want=ends_with("/large")) as capture:
        async with fetching(page, url) as read:
            seen = await one(capture)
    assert hashlib.sha256(seen.body).digest() == hashlib.sha256(body).digest()
    assert read == [len(body)]


WORKER = f"const read = {READ}; onmessage = async (m) => {{ postMessage(await read(...m.data)); }};"
SHARED = (
    f"const read = {READ}; onconnect = (e) => {{ const port = e.ports[0]; "
    "port.onmessage = async (m) => { port.postMessage(await read(...m.data)); }; };"
)

ASK_WORKER = {
    "worker": "(script, ...args) => new Promise((done) => { const w = new Worker(script); "
    "w.onmessage = (m) => done(m.data); w.postMessage(args); })",
    "shared worker": "(script, ...args) => new Promise((done) => { const w = new SharedWorker(script); "
    "w.port.onmessage = (m) => done(m.data); w.port.postMessage(args); })",
}


@pytest.mark.parametrize("kind", ASK_WORKER)
async def test_a_workers_request_is_captured_once(page: Tab, plain_site: PlainSite, kind: str) -> None:
    lines = [f"data: {n}\n\n".encode() for n in range(50)]

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        for line in lines:
            await exchange.write(line)
        await plain_site.gates.pass_through("end")
        await exchange.finish()

    plain_site.gates.shut("end")
    script = plain_site.page(
        "/worker.js", WORKER if kind == "worker" else SHARED, content_type="text/javascript"
    )
    url = plain_site.route("/stream", stream)
    with watch_requests(page, want=ends_with("/stream")) as capture:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                lambda: page.evaluate(ASK_WORKER[kind], script, url, "POST", "from a worker", timeout=20)
            )
            seen = Seen()
            while seen.body != b"".join(lines):
                seen.take(await capture.__anext__())
            plain_site.gates.open("end")
            while seen.ended is None:
                seen.take(await capture.__anext__())
    assert seen.sent is not None
    assert seen.sent.body == b"from a worker"
    assert seen.ended.source == "stream"
    assert whole_order(seen)


@pytest.mark.parametrize("size", [10, 60_000, 70_000, 1_000_000])
async def test_a_requests_body_is_complete(page: Tab, plain_site: PlainSite, size: int) -> None:
    text = ("é😀x" * size)[: size // 3]
    url = plain_site.page("/take", "ok", content_type="text/plain")
    with watch_requests(page, want=ends_with("/take")) as capture:
        async with fetching(page, url, body=text):
            seen = await one(capture)
    assert seen.sent is not None
    assert seen.sent.body == text.encode()
    assert plain_site.journal.entries("request")[-1]["body"] == text.encode()


async def test_a_binary_request_body_is_complete(page: Tab, plain_site: PlainSite) -> None:
    url = plain_site.page("/take", "ok", content_type="text/plain")
    send = """async (url) => {
      const stream = new Blob(["text ".repeat(2000)]).stream().pipeThrough(new CompressionStream("gzip"));
      const body = new Uint8Array(await new Response(stream).arrayBuffer());
      await (await fetch(url, { method: "POST", body })).text();
    }"""
    with watch_requests(page, want=ends_with("/take")) as capture:
        await page.evaluate(send, url, timeout=10)
        seen = await one(capture)
    assert seen.sent is not None
    assert seen.sent.body is not None
    assert gzip.decompress(seen.sent.body) == b"text " * 2000


async def test_only_what_is_wanted_is_reported(page: Tab, plain_site: PlainSite) -> None:
    wanted = plain_site.page("/wanted", "yes", content_type="text/plain")
    other = plain_site.page("/other", "no", content_type="text/plain")
    with watch_requests(page, want=lambda method, url: method == "POST" and url == wanted) as capture:
        await page.evaluate(READ, other, "POST", "", timeout=10)
        await page.evaluate(READ, wanted, "GET", "", timeout=10)
        await page.evaluate(READ, wanted, "POST", "", timeout=10)
        seen = await one(capture)
        assert seen.sent is not None
        assert (seen.sent.method, seen.sent.url) == ("POST", wanted)
        with trio.move_on_after(0):
            pytest.fail(f"more came: {await capture.__anext__()}")


async def test_a_request_to_another_origin_is_reported_without_its_preflight(
    page: Tab, plain_site: PlainSite
) -> None:
    allowed = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "*"),
        ("access-control-allow-methods", "*"),
    ]

    async def answer(exchange: Exchange) -> None:
        await exchange.respond(200, "from another origin", headers=allowed)

    plain_site.route("/cross", answer)
    url = plain_site.url("/cross", host="api.plain.test")
    send = (
        "async (url) => (await fetch(url, { method: 'POST', body: '{}', headers: { 'x-own': '1' } })).text()"
    )
    with watch_requests(page, want=ends_with("/cross")) as capture:
        await page.evaluate(send, url, timeout=10)
        seen = await one(capture)
    assert seen.sent is not None
    assert seen.sent.method == "POST"
    assert seen.body == b"from another origin"
    methods = [entry["method"] for entry in plain_site.journal.entries("request")]
    assert "OPTIONS" in methods  # there was one


async def test_a_redirect_is_the_same_request(page: Tab, plain_site: PlainSite) -> None:
    async def hop(exchange: Exchange) -> None:
        await exchange.redirect("/end", 307)

    url = plain_site.route("/hop", hop)
    plain_site.page("/end", "arrived", content_type="text/plain")
    with watch_requests(page, want=lambda method, url: url.endswith(("/hop", "/end"))) as capture:
        async with fetching(page, url):
            seen = await one(capture)
    assert seen.sent is not None
    assert seen.sent.url == url
    assert seen.body == b"arrived"
    assert whole_order(seen)


async def test_status_and_headers_are_reported(page: Tab, plain_site: PlainSite) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.respond_json({"detail": "slow down"}, 429, headers=[("Retry-After", "7")])

    url = plain_site.route("/refuse", refuse)
    with watch_requests(page, want=ends_with("/refuse")) as capture:
        async with fetching(page, url):
            seen = await one(capture)
    assert seen.response is not None
    assert seen.response.status == 429
    assert seen.response.headers["retry-after"] == "7"
    assert seen.response.mime_type == "application/json"
    assert seen.body == b'{"detail": "slow down"}'


ABORTABLE = """async (url) => {
  window.stopper = new AbortController();
  try { await (await fetch(url, { method: "POST", body: "x", signal: window.stopper.signal })).text(); }
  catch (error) { return error.name; }
}"""


async def test_a_stream_that_the_page_stops_ends_as_canceled(page: Tab, plain_site: PlainSite) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: begun\n\n")
        await trio.sleep_forever()

    url = plain_site.route("/stream", stream)
    with watch_requests(page, want=ends_with("/stream")) as capture:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: page.evaluate(ABORTABLE, url, timeout=10))
            seen = Seen()
            while not seen.body:
                seen.take(await capture.__anext__())
            await page.evaluate("() => window.stopper.abort()")
            while seen.ended is None:
                seen.take(await capture.__anext__())
    assert seen.body == b"data: begun\n\n"
    assert seen.ended.canceled
    assert seen.ended.error == "net::ERR_ABORTED"


async def test_a_stream_that_the_site_cuts_ends_with_an_error(page: Tab, plain_site: PlainSite) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: begun\n\n")
        await plain_site.gates.pass_through("cut")
        exchange.cut()

    url = plain_site.route("/stream", stream)
    plain_site.gates.shut("cut")
    swallow = (
        "async (url) => { try { await (await fetch(url, { method: 'POST', body: 'x' })).text(); } catch {} }"
    )
    with watch_requests(page, want=ends_with("/stream")) as capture:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: page.evaluate(swallow, url, timeout=10))
            seen = Seen()
            while not seen.body:
                seen.take(await capture.__anext__())
            plain_site.gates.open("cut")
            while seen.ended is None:
                seen.take(await capture.__anext__())
    assert seen.body == b"data: begun\n\n"
    assert seen.ended.error is not None
    assert seen.ended.error.startswith("net::ERR_")
    assert not seen.ended.canceled


async def test_a_request_that_never_reaches_a_server_ends_with_an_error(page: Tab) -> None:
    swallow = "async (url) => { try { await fetch(url, { method: 'POST' }); } catch {} }"
    with watch_requests(page, want=ends_with("/nowhere")) as capture:
        await page.evaluate(swallow, "https://plain.test:1/nowhere", timeout=10)
        seen = await one(capture)
    assert seen.order == ["RequestSent", "BodyEnded"]
    assert seen.ended is not None
    assert seen.ended.error is not None
    assert seen.ended.error.startswith("net::ERR_")


SOCKET = """(url) => new Promise((done, fail) => {
  window.socket = new WebSocket(url);
  window.socket.onopen = () => done(true);
  window.socket.onerror = fail;
})"""


async def test_messages_of_a_socket_that_was_open_before_are_heard(page: Tab, plain_site: PlainSite) -> None:
    async def serve(exchange: Exchange) -> None:
        socket = await exchange.accept_socket()
        while True:
            word = await socket.receive()
            for n in range(3):
                await socket.send(f"{word} {n} é😀")

    plain_site.route("/socket", serve)
    url = plain_site.url("/socket").replace("https", "wss")
    await page.evaluate(SOCKET, url, timeout=10)
    assert page.sockets.urls == (url,)
    with watch_requests(
        page, want=lambda *_: False, want_socket=lambda address: "/socket" in address
    ) as capture:
        await page.evaluate("() => window.socket.send('word')")
        heard = [await capture.__anext__() for _ in range(3)]
    assert heard == [SocketMessage(url=url, text=f"word {n} é😀") for n in range(3)]


async def test_other_sockets_are_not_reported(page: Tab, plain_site: PlainSite) -> None:
    async def serve(exchange: Exchange) -> None:
        socket = await exchange.accept_socket()
        await socket.send(exchange.query["name"])
        await socket.receive()

    plain_site.route("/socket", serve)
    url = plain_site.url("/socket").replace("https", "wss")
    with watch_requests(
        page, want=lambda *_: False, want_socket=lambda address: "mine" in address
    ) as capture:
        await page.evaluate(SOCKET, url + "?name=theirs", timeout=10)
        await page.evaluate(SOCKET, url + "?name=mine", timeout=10)
        message = await capture.__anext__()
    assert isinstance(message, SocketMessage)
    assert message.text == "mine"


async def test_a_worker_that_ends_in_the_middle_ends_its_bodies(page: Tab, plain_site: PlainSite) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: begun\n\n")
        await trio.sleep_forever()

    script = plain_site.page("/worker.js", WORKER, content_type="text/javascript")
    url = plain_site.route("/stream", stream)
    start = "(script, ...args) => { window.worker = new Worker(script); window.worker.postMessage(args); }"
    with watch_requests(page, want=ends_with("/stream")) as capture:
        await page.evaluate(start, script, url, "POST", "x")
        seen = Seen()
        while not seen.body:
            seen.take(await capture.__anext__())
        await page.evaluate("() => window.worker.terminate()")
        while seen.ended is None:
            seen.take(await capture.__anext__())
    assert seen.ended.error is not None


async def test_what_came_before_the_tab_was_closed_is_given_and_then_the_reason(
    tab: Tab, plain_site: PlainSite
) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: begun\n\n")
        await trio.sleep_forever()

    url = plain_site.route("/stream", stream)
    await tab.navigate(plain_site.page("/", "<title>page</title>"))
    seen = Seen()
    with watch_requests(tab, want=ends_with("/stream")) as capture:
        start = "(url) => { fetch(url, { method: 'POST', body: 'x' }).then((r) => r.text()); }"
        await tab.evaluate(start, url)
        while not seen.body:
            seen.take(await capture.__anext__())
        await tab.session.connection.targets.close_page(tab.target_id)
        with pytest.raises(TabClosed):  # noqa: PT012
            while True:
                seen.take(await capture.__anext__())
    assert seen.ended is not None
    assert seen.ended.error is not None


async def test_a_crash_ends_the_capture_with_its_reason(
    private_chromium: Callable[..., Any], plain_site: PlainSite
) -> None:
    browser = await private_chromium()
    url = plain_site.page("/", "<title>page</title>")
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(open_connection(browser.ws_url))
        tab = await stack.enter_async_context(open_tab(connection, url=url))
        with watch_requests(tab, want=ends_with("/never")) as capture:
            tab.session.post("Page.crash")
            with pytest.raises(PageCrashed):
                await capture.__anext__()
        await tab.gone.wait()
        assert isinstance(tab.gone_error, PageCrashed)
        assert not tab.alive
