"""Somebody else's reader: a page opened from the HAR alone, by Playwright itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from playwright.sync_api import Browser, sync_playwright

from cdp_relay.recording.har import read_har, write_har
from cdp_relay.recording.session import Body, Chunk, Exchange, Headers, Request, Response, Session
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
    path: str, body: bytes | None, mime_type: str, *, status: int = 200, headers: Headers = ()
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
        asked("/", PAGE.encode(), "text/html"),
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
