from __future__ import annotations

import attrs
import pytest
import trio

from cdp_relay.chrome import open_browser
from cdp_relay.chrome.processes import free_port
from cdp_relay.errors import AttachTargetRefused, BrowserGone
from cdp_relay.settings import ChromeSettings, Home

pytestmark = pytest.mark.browser


async def test_an_open_port_is_attached_to_and_left_running(home: Home, chrome: ChromeSettings) -> None:
    async with open_browser(chrome, home) as theirs:
        before = len(await theirs.connection.targets.list_pages())
        for address in (theirs.http_url, theirs.http_url.replace("127.0.0.1", "localhost")):
            async with open_browser(attrs.evolve(chrome, attach=address), home) as browser:
                assert not browser.owned
                assert (browser.pid, browser.profile, browser.process) == (None, None, None)
                assert (browser.version, browser.headless) == (theirs.version, True)
                assert browser.http_url == theirs.http_url
                assert len(await browser.connection.targets.list_pages()) == before
        assert theirs.process is not None
        assert theirs.process.returncode is None
        assert not theirs.connection.closed.is_set()


async def test_a_websocket_address_is_taken_as_well(home: Home, chrome: ChromeSettings) -> None:
    async with open_browser(chrome, home) as theirs:
        assert theirs.process is not None
        assert theirs.process.websocket_url is not None
        async with open_browser(attrs.evolve(chrome, attach=theirs.process.websocket_url), home) as browser:
            assert browser.http_url == theirs.http_url


@pytest.mark.parametrize(
    "address",
    [
        "http://192.168.1.7:9222",
        "http://example.com:9222",
        "ws://10.0.0.1:9222/devtools/browser/x",
        "http://127.0.0.1.nip.io:9222",
        "https://127.0.0.1:9222",
        "file:///etc/passwd",
        "http://127.0.0.1",
        "nonsense",
    ],
)
async def test_what_is_no_debugging_port_of_this_machine_is_refused(
    home: Home, chrome: ChromeSettings, address: str
) -> None:
    with pytest.raises(AttachTargetRefused):
        async with open_browser(attrs.evolve(chrome, attach=address), home):
            pass


async def test_a_port_without_a_listener_is_a_browser_that_is_gone(
    home: Home, chrome: ChromeSettings
) -> None:
    with pytest.raises(BrowserGone):
        async with open_browser(attrs.evolve(chrome, attach=f"http://127.0.0.1:{free_port()}"), home):
            pass


async def test_another_service_is_not_taken_for_a_browser(home: Home, chrome: ChromeSettings) -> None:
    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(AttachTargetRefused):
            async with open_browser(attrs.evolve(chrome, attach=f"http://127.0.0.1:{port}"), home):
                pass
        nursery.cancel_scope.cancel()
