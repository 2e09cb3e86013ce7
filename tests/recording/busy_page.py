"""A page that asks in every way in which pages ask, and what tests look for in its recording."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import trio

from cdp_relay.page import Tab
from cdp_relay.recording.session import Exchange as Recorded
from cdp_relay.recording.session import Session
from tests.sites.kit import Exchange, PlainSite

__all__ = [
    "BINARY",
    "JS",
    "LINES",
    "PAGE",
    "PIXEL",
    "SERVICE",
    "SHARED",
    "SSE",
    "WORKER",
    "body_of",
    "found",
    "furnish",
    "in_the_page",
    "sent_with",
    "until_titled",
]

SSE = "text/event-stream"
LINES = [f"data: {n} é漢😀\n\n".encode() for n in range(12)]
BINARY = bytes(range(256)) * 8
PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ALLOW = [("access-control-allow-origin", "*"), ("access-control-allow-headers", "*")]

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


async def in_the_page(tab: Tab, expression: str) -> Any:
    """Evaluate among the page's own scripts."""
    command = {"expression": expression, "returnByValue": True, "awaitPromise": True}
    return (await tab.session.call("Runtime.evaluate", command))["result"]["value"]


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
