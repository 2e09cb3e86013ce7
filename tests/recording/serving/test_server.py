"""One site answers in another's place; sockets; a port that is somebody else's."""

from __future__ import annotations

import socket

import pytest
import trio

from cdp_relay.cdp import Connection
from cdp_relay.recording.serving import Exchange, Site, SiteServer
from tests.conftest import Sites
from tests.sites.kit import PlainSite
from tests.sites.visitor import visit

ECHO = """(messages) => new Promise((resolve, reject) => {
  const socket = new WebSocket("wss://plain.test/socket");
  socket.binaryType = "arraybuffer";
  const heard = [];
  socket.onopen = () => { socket.send("text"); socket.send(new Uint8Array([0, 255])); };
  socket.onmessage = ({ data }) => {
    heard.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
    if (heard.length === 2) resolve(heard);
  };
  socket.onerror = () => reject(new Error("no socket"));
})"""


class OneWord(Site):
    """Says its word on every path."""

    name = "one word"

    def __init__(self, word: str, *hosts: str) -> None:
        super().__init__()
        self._word = word
        self._hosts = hosts

    @property
    def hosts(self) -> tuple[str, ...]:
        return self._hosts

    async def handle(self, exchange: Exchange) -> None:
        await exchange.respond(200, self._word, content_type="text/html")


@pytest.mark.browser
async def test_a_site_answers_in_anothers_place_as_long_as_a_block_lasts(
    connection: Connection, browser_context: str, plain_site: PlainSite, sites: Sites
) -> None:
    async with visit(connection, browser_context, plain_site.page("/", "<p>the first")) as page:
        with sites.server.serve(OneWord("another", "plain.test", "new.test")):
            assert await page.ask("() => fetch('/').then((answer) => answer.text())") == "another"
            assert "new.test" in sites.server.sites
        assert await page.ask("() => fetch('/').then((answer) => answer.text())") == "<p>the first"
    assert "new.test" not in sites.server.sites


@pytest.mark.browser
async def test_a_socket_carries_text_and_bytes(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> None:
    async def echo(exchange: Exchange) -> None:
        channel = await exchange.accept_socket()
        while True:
            await channel.send(await channel.receive_any())

    plain_site.route("/socket", echo)
    async with visit(connection, browser_context, plain_site.page("/", "<p>hello")) as page:
        assert await page.ask(ECHO) == ["text", [0, 255]]


async def test_a_port_that_is_taken_is_refused_and_not_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        server = SiteServer([OneWord("hello", "one.test")], port=holder.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await trio.to_thread.run_sync(server.start)
        server.stop()
