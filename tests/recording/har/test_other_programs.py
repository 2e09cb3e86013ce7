"""Other programs' readers and writers: Playwright's, and that of Chromium's DevTools."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import jsonschema
import pytest
import trio
from playwright.sync_api import Browser, sync_playwright

from cdp_relay.cdp import open_connection
from cdp_relay.page import open_tab
from cdp_relay.recording.har import read_har, write_har
from cdp_relay.recording.recorder import open_recorder
from cdp_relay.recording.session import Body, Exchange, Mark, Message, Request, Response, Session
from tests.conftest import Sites
from tests.recording.har.schema import HAR
from tests.recording.sessions import about
from tests.sites.kit import ChromiumProcess, PlainSite
from tests.sites.kit import Exchange as Asked

pytestmark = pytest.mark.browser

ORIGIN = "https://plain.test"
LINES = [f'data: {{"v": "{word}"}}\n\n' for word in ("Grü", "ße", ", ", "\N{ROCKET}")]
DOT = bytes(range(256))
PAGE = """<!doctype html><meta charset=utf-8><title>waiting</title><link rel=icon href=data:,>
<script src=/word.js></script>
<script>
async function ask() {
  const answer = await fetch("/conversation", {method: "POST", body: JSON.stringify({prompt: "ä"})});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let all = "";
  for (let next; !(next = await reader.read()).done;) all += next.value;
  const dot = new Uint8Array(await (await fetch("/dot.bin")).arrayBuffer());
  const moved = await (await fetch("/moved")).text();
  const missing = await fetch("/missing").then(async found => [found.status, await found.text()]);
  document.title = JSON.stringify([word, all, dot.length, dot[255], moved, missing]);
}
ask();
</script>"""
SHOWN = ["of the site", "".join(LINES), 256, 255, "of the site", [404, "nothing here"]]

UNTIL_SHOWN = """() => new Promise((done) => {
  const look = () => document.title === "waiting" ? setTimeout(look, 5) : done(document.title);
  look();
})"""


def furnish(site: PlainSite) -> str:
    async def conversation(exchange: Asked) -> None:
        await exchange.start(200, content_type="text/event-stream")
        for line in LINES:
            await exchange.write(line.encode())
        await exchange.finish()

    async def dot(exchange: Asked) -> None:
        await exchange.respond(200, DOT, content_type="application/octet-stream")

    async def moved(exchange: Asked) -> None:
        await exchange.respond(302, headers=[("location", "/word")])

    site.route("/conversation", conversation)
    site.route("/dot.bin", dot)
    site.route("/moved", moved)
    site.page("/word", "of the site", content_type="text/plain")
    site.page("/word.js", "var word = 'of the site';", content_type="text/javascript")
    return site.page("/", PAGE)


async def record(site: PlainSite, browser: ChromiumProcess) -> Session:
    async with open_connection(browser.ws_url) as connection:
        made = await connection.root.call(
            "Target.createBrowserContext", {"disposeOnDetach": True}, timeout=30
        )
        async with (
            open_tab(connection, browser_context_id=made["browserContextId"]) as tab,
            open_recorder(tab) as recorder,
        ):
            await tab.navigate(furnish(site))
            assert json.loads(await tab.evaluate(UNTIL_SHOWN, timeout=20)) == SHOWN
            recorder.mark("done")
    return recorder.session(about(origin=ORIGIN))


@pytest.fixture(scope="module")
def session(sites: Sites, chromium: ChromiumProcess) -> Session:
    """The page, by the recorder."""
    sites.plain.reset()
    return trio.run(record, sites.plain, chromium)


@pytest.fixture(scope="module")
def browser(session: Session) -> Iterator[Browser]:
    """Playwright's own, which knows nothing of the sites."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=["--disable-gpu"]
        )
        yield browser
        browser.close()


def written(session: Session) -> bytes:
    file = io.BytesIO()
    write_har(session, file)
    return file.getvalue()


def test_what_the_recorder_gives_is_har_and_is_read_as_it_was(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    path.write_bytes(written(session))

    document = json.loads(path.read_bytes())
    jsonschema.Draft202012Validator(HAR).validate(document)
    entries = {entry["request"]["url"]: entry for entry in document["log"]["entries"]}
    chunks = entries[f"{ORIGIN}/conversation"]["response"]["content"]["_chunks"]
    assert sum(size for _, size in chunks) == len("".join(LINES).encode())
    assert written(read_har(path)) == path.read_bytes()


def test_playwright_opens_the_page_and_its_stream_from_the_har_alone(
    session: Session, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "session.har").write_bytes(written(session))
    with browser.new_page() as page:
        page.route_from_har(tmp_path / "session.har", not_found="abort")
        page.goto(f"{ORIGIN}/")
        page.wait_for_function("document.title !== 'waiting'", timeout=20_000)

        assert json.loads(page.title()) == SHOWN


def test_what_playwright_records_is_read(browser: Browser, tmp_path: Path) -> None:
    with browser.new_context(record_har_path=tmp_path / "recorded.har") as context:
        page = context.new_page()
        page.route("**/*", lambda route: route.fulfill(body="<p>Grüße", content_type="text/html"))
        page.goto(f"{ORIGIN}/c/1?q=2")

    read = read_har(tmp_path / "recorded.har")

    assert read.about.origin == ORIGIN
    (one,) = read.exchanges
    assert one.request.url == f"{ORIGIN}/c/1?q=2"
    assert one.response
    assert one.response.body == Body.of("<p>Grüße".encode())


IMPORT = """async (text) => {
  const {HARFormat, Importer, Log} = await import("devtools://devtools/bundled/models/har/har.js");
  const {log} = new HARFormat.HARRoot(JSON.parse(text));
  const requests = Importer.Importer.requestsFromHARLog(log);
  const shown = [];
  for (const request of requests) {
    const content = await request.requestContentData();
    shown.push([
      request.url(), request.requestMethod, request.statusCode, request.resourceType().name(),
      Math.round(request.startTime * 1000) / 1000, content.isTextContent ? content.text : content.base64,
      request.frames().map(frame => [frame.type, frame.text]),
    ]);
  }
  return [log.pages.map(page => page.title), shown, JSON.stringify({log: await Log.Log.build(requests, {})})];
}"""


SOCKET = Exchange(
    id="socket",
    at=0.75,
    ended_at=1.0,
    request=Request(method="GET", url="wss://plain.test/socket"),
    response=Response(status=101),
    resource_type="websocket",
    messages=(Message(at=0.8, sent=True, data="hi"), Message(at=0.9, sent=False, data=b"\0\xff")),
)


def test_devtools_shows_what_was_recorded_and_its_own_export_is_read(
    session: Session, browser: Browser, tmp_path: Path
) -> None:
    with_socket = attrs.evolve(
        session, exchanges=(SOCKET, *session.exchanges), marks=(Mark(name="empty", at=0.25),)
    )
    with browser.new_page() as page:
        page.goto("devtools://devtools/bundled/models/har/har.js")
        titles, shown, export = page.evaluate(IMPORT, written(with_socket).decode())

    assert titles == [ORIGIN, "empty"]
    begin = 1795219200  # JavaScript knows whole milliseconds only
    by_address = {entry[0]: entry[1:] for entry in shown}
    at = {one.request.url: begin + round(one.at * 1e6) // 1000 / 1000 for one in session.exchanges}
    document, stream = f"{ORIGIN}/", f"{ORIGIN}/conversation"
    assert by_address[document] == ["GET", 200, "document", at[document], PAGE, []]
    assert by_address[stream] == ["POST", 200, "fetch", at[stream], "".join(LINES), []]
    said = [["send", "hi"], ["receive", "AP8="]]
    assert by_address[SOCKET.request.url] == ["GET", 101, "websocket", begin + 0.75, "", said]
    assert base64.b64decode(by_address[f"{ORIGIN}/dot.bin"][4]) == DOT

    (tmp_path / "export.har").write_text(export, encoding="utf-8")
    exchanges = {one.request.url: one for one in read_har(tmp_path / "export.har").exchanges}
    assert set(exchanges) == set(by_address)
    assert exchanges[stream].request.body == Body.of('{"prompt":"ä"}'.encode())
    assert [one.data for one in exchanges[SOCKET.request.url].messages] == ["hi", b"\0\xff"]
