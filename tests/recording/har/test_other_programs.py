"""Other programs' readers and writers: Playwright's, and that of Chromium's DevTools."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from playwright.sync_api import Browser, sync_playwright

from cdp_relay.recording.har import read_har, write_har
from cdp_relay.recording.session import (
    Body,
    Chunk,
    Exchange,
    Headers,
    Mark,
    Message,
    Request,
    Response,
    Session,
)
from tests.recording.sessions import about

ORIGIN = "https://chatgpt.com"
PAGE = """<!doctype html><meta charset=utf-8><title>waiting</title><link rel=icon href=data:,>
<script src=/moved.js></script>
<script>
async function ask() {
  const answer = await fetch("/backend/conversation", {method: "POST", body: JSON.stringify({prompt: "ä"})});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let all = "";
  for (let next; !(next = await reader.read()).done;) all += next.value;
  const picture = new Uint8Array(await (await fetch("/dot.bin")).arrayBuffer());
  const missing = (await fetch("/missing")).status;
  document.title = JSON.stringify([word, all, answer.headers.get("x-twice"), [...picture], missing]);
}
ask();
</script>"""
STREAM = 'data: {"v": "Grü"}\n\ndata: {"v": "ße"}\n\n'


def asked(
    path: str,
    body: bytes | None,
    mime_type: str,
    *,
    status: int = 200,
    headers: Headers = (),
    by: str = "fetch",
) -> Exchange:
    return Exchange(
        id=path,
        at=0.5,
        ended_at=1.0,
        request=Request(method="GET", url=ORIGIN + path),
        response=Response(
            status=status,
            headers=(("content-type", mime_type), *headers),
            mime_type=mime_type,
            body=None if body is None else Body.of(body),
        ),
        resource_type=by,
    )


def conversation() -> Exchange:
    twice = (("x-twice", "1"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
    answered = asked("/backend/conversation", STREAM.encode(), "text/event-stream", headers=twice)
    assert answered.response
    size = len(STREAM.encode())
    chunks = (Chunk(0.6, 10), Chunk(0.9, size - 10))
    return attrs.evolve(
        answered,
        request=attrs.evolve(answered.request, method="POST", body=Body.of('{"prompt":"ä"}'.encode())),
        response=attrs.evolve(answered.response, chunks=chunks),
    )


SESSION = Session(
    about=about(),
    exchanges=(
        asked("/", PAGE.encode(), "text/html", by="document"),
        asked("/moved.js", None, "text/plain", status=302, headers=(("location", "/word.js"),)),
        asked("/word.js", b"var word = 'moved';", "text/javascript"),
        conversation(),
        asked("/dot.bin", b"\x00\xff\x80", "application/octet-stream"),
        asked("/missing", b"no", "text/plain", status=404),
        attrs.evolve(asked("/failed", None, ""), response=None, error="net::ERR_CONNECTION_RESET"),
    ),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=["--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.mark.browser
def test_playwright_opens_a_page_and_its_stream_from_the_har_alone(browser: Browser, tmp_path: Path) -> None:
    with (tmp_path / "session.har").open("wb") as file:
        write_har(SESSION, file)
    with browser.new_page() as page:
        page.route_from_har(tmp_path / "session.har", not_found="abort")
        page.goto(f"{ORIGIN}/")
        page.wait_for_function("document.title != 'waiting'", timeout=20_000)

        assert json.loads(page.title()) == ["moved", STREAM, "1", [0, 255, 128], 404]


@pytest.mark.browser
def test_what_playwright_records_is_read(browser: Browser, tmp_path: Path) -> None:
    with browser.new_context(record_har_path=tmp_path / "recorded.har") as context:
        page = context.new_page()
        page.route("**/*", lambda route: route.fulfill(body="<p>Grüße", content_type="text/html"))
        page.goto(f"{ORIGIN}/c/1?q=2")

    session = read_har(tmp_path / "recorded.har")

    assert session.about.origin == ORIGIN
    (one,) = session.exchanges
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


@pytest.mark.browser
def test_devtools_shows_what_was_recorded_and_its_own_export_is_read(
    browser: Browser, tmp_path: Path
) -> None:
    socket = Exchange(
        id="socket",
        at=0.75,
        ended_at=1.0,
        request=Request(method="GET", url="wss://chatgpt.com/socket"),
        response=Response(status=101),
        resource_type="websocket",
        messages=(Message(at=0.8, sent=True, data="hi"), Message(at=0.9, sent=False, data=b"\0\xff")),
    )
    file = io.BytesIO()
    marks = (Mark(name="empty", at=0.25),)
    write_har(attrs.evolve(SESSION, exchanges=(*SESSION.exchanges, socket), marks=marks), file)
    with browser.new_page() as page:
        page.goto("devtools://devtools/bundled/models/har/har.js")
        titles, shown, export = page.evaluate(IMPORT, file.getvalue().decode())

    assert titles == [ORIGIN, "empty"]
    at = 1795219200.5
    assert shown[0] == [f"{ORIGIN}/", "GET", 200, "document", at, PAGE, []]
    assert shown[3] == [f"{ORIGIN}/backend/conversation", "POST", 200, "fetch", at, STREAM, []]
    assert shown[4][5] == "AP+A"
    assert shown[-1][3:] == ["websocket", at + 0.25, "", [["send", "hi"], ["receive", "AP8="]]]

    (tmp_path / "export.har").write_text(export, encoding="utf-8")
    session = read_har(tmp_path / "export.har")
    assert [one.request.url for one in session.exchanges] == [entry[0] for entry in shown]
    assert session.exchanges[3].request.body == Body.of('{"prompt":"ä"}'.encode())
    (sent, received) = session.exchanges[-1].messages
    assert (sent.data, received.data) == ("hi", b"\0\xff")
    assert (sent.at, received.at) == (0.3, 0.4)
