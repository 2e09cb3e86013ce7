"""The kit: a server that decides about every write, a journal across threads, and browsers of one's own."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from unittest.mock import ANY

import pytest

from cdp_relay.cdp import Connection, open_connection
from tests.conftest import Sites, StartChromium
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.kit import ChromiumProcess, Exchange, Journal, PlainSite
from tests.sites.visitor import visit

FIRST_CHUNK = """(path) => fetch(path).then(async (answer) => {
  window.reader = answer.body.getReader();
  return new TextDecoder().decode((await window.reader.read()).value);
})"""
THE_REST = """async () => {
  const chunks = [];
  const decoder = new TextDecoder();
  try {
    for (let step; !(step = await window.reader.read()).done; ) chunks.push(decoder.decode(step.value));
  } catch (error) {
    chunks.push(error.name);
  }
  return chunks.join("|");
}"""


async def test_a_wait_in_vain_tells_what_happened_instead() -> None:
    journal = Journal()
    journal.record("something")
    with pytest.raises(AssertionError, match=r"'else' did not happen .* there was: something"):
        await journal.wait("else", timeout=0.01)


@pytest.mark.browser
async def test_a_chunk_arrives_while_the_site_is_held(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type="text/event-stream")
        await exchange.write(b"one")
        await plain_site.gates.pass_through("middle", shut=True)
        await exchange.write(b"two")
        await exchange.finish()

    plain_site.route("/stream", stream)
    async with visit(connection, browser_context, plain_site.page("/", "<p>hello")) as page:
        assert await page.ask("() => isSecureContext")
        assert await page.ask(FIRST_CHUNK, "/stream") == "one"
        await plain_site.held("middle")
        plain_site.release()
        assert await page.ask(THE_REST) == "two"


@pytest.mark.browser
@pytest.mark.parametrize("reset", [False, True])
async def test_a_cut_is_a_network_error_in_the_page(
    connection: Connection, browser_context: str, plain_site: PlainSite, reset: bool
) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type="text/event-stream")
        await exchange.write(b"one")
        await plain_site.gates.pass_through("cut", shut=True)
        exchange.cut(reset=reset)

    plain_site.route("/stream", stream)
    async with visit(connection, browser_context, plain_site.page("/", "<p>hello")) as page:
        assert await page.ask(FIRST_CHUNK, "/stream") == "one"
        await plain_site.held("cut")
        plain_site.release()
        assert await page.ask(THE_REST) == "TypeError"


@pytest.mark.browser
async def test_the_site_notices_when_the_page_goes_away(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type="text/event-stream")
        await exchange.write(b"one")
        await plain_site.gates.pass_through("never", shut=True)

    plain_site.route("/stream", stream)
    async with visit(connection, browser_context, plain_site.page("/", "<p>hello")) as page:
        assert await page.ask(FIRST_CHUNK, "/stream") == "one"
    assert (await plain_site.journal.wait("gone"))["path"] == "/stream"


@pytest.mark.browser
async def test_a_broken_handler_is_noticed(
    connection: Connection, browser_context: str, plain_site: PlainSite, sites: Sites
) -> None:
    async def broken(exchange: Exchange) -> None:
        raise ZeroDivisionError(exchange.path)

    async with visit(connection, browser_context, plain_site.route("/", broken)) as page:
        assert "handler broke" in await page.see("body")
    [failure] = sites.server.failures
    assert "ZeroDivisionError" in failure
    sites.server.failures.clear()


def test_the_control_desk_steers_a_site_over_http(sites: Sites, chatgpt_site: ChatGPTSite) -> None:
    desk = f"http://127.0.0.1:{sites.server.control_port}/__control"

    def order(do: str, **values: object) -> tuple[int, object]:
        body = json.dumps({"site": "chatgpt", "do": do, "with": values}).encode()
        try:
            with urllib.request.urlopen(desk, data=body, timeout=5) as answer:
                return answer.status, json.load(answer)["result"]
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)["error"]

    assert order("say", text="Hello", delay=0.1) == (200, None)
    assert order("state", name="cap", reset_after=60) == (200, None)
    chatgpt_site.journal.record("prompt", text="seen")
    assert order("journal")[1] == [{"kind": "prompt", "text": "seen", "at": ANY}]
    assert order("say", words="Hello")[0] == 400
    assert order("state", name="none of them") == (400, "KeyError: 'none of them'")


@pytest.mark.browser
async def test_other_hosts_do_not_exist(connection: Connection, browser_context: str) -> None:
    session = await connection.targets.create_page(browser_context_id=browser_context, new_window=True)
    reply = await session.call("Page.navigate", {"url": "https://example.com/"})
    assert reply["errorText"] == "net::ERR_NAME_NOT_RESOLVED"


@pytest.mark.browser
async def test_a_private_browser_can_be_killed(
    chromium: ChromiumProcess, private_chromium: StartChromium
) -> None:
    browser = await private_chromium()
    assert browser.pid != chromium.pid
    async with open_connection(browser.ws_url) as connection:
        os.kill(browser.pid, signal.SIGKILL)
        await connection.closed.wait()
    assert chromium.alive
