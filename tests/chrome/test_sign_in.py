from __future__ import annotations

import os
import signal
from pathlib import Path

import attrs
import psutil
import pytest
import trio

from cdp_relay.chrome import Machine, find_browser, open_browser, open_plain, profile_folder, sign_in_command
from cdp_relay.chrome.processes import process_tree
from cdp_relay.errors import LaunchFailed, ProfileInUse, ProfileRefused
from cdp_relay.settings import ChromeSettings, Home

URL = "https://example.invalid/sign-in"


def test_the_command_opens_the_profile_without_a_debugging_port(home: Home, chrome: ChromeSettings) -> None:
    command = sign_in_command(chrome, home, URL)
    assert command[0] == str(find_browser().path)
    assert command[-1] == URL
    assert f"--user-data-dir={home.profiles / 'default'}" in command
    assert not any("remote-debugging" in one or one.startswith("--headless") for one in command)


async def test_without_a_display_it_says_so(home: Home, chrome: ChromeSettings) -> None:
    nowhere = Machine(platform="linux", environ={})
    with pytest.raises(LaunchFailed, match="no display"):
        async with open_plain(chrome, home, URL, machine=nowhere):
            pass


async def test_an_everyday_profile_is_refused_here_too(home: Home, chrome: ChromeSettings) -> None:
    settings = attrs.evolve(chrome, profile=str(Path.home() / ".config/chromium"))
    screen = Machine(environ={**os.environ, "DISPLAY": ":0"})
    with pytest.raises(ProfileRefused):
        async with open_plain(settings, home, URL, machine=screen):
            pass


@attrs.frozen
class Visited:
    """A page that knows when it was asked for: by then a window is up."""

    url: str
    event: trio.Event

    async def wait(self) -> None:
        with trio.fail_after(20):
            await self.event.wait()


@pytest.fixture
async def page(nursery: trio.Nursery) -> Visited:
    event = trio.Event()

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            event.set()

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, serve, listeners)
    return Visited(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/", event)


@pytest.mark.browser
@pytest.mark.usefixtures("display")
async def test_a_person_gets_a_window_that_nobody_listens_to(
    home: Home, chrome: ChromeSettings, page: Visited
) -> None:
    async with open_plain(chrome, home, page.url) as plain:
        await page.wait()
        sockets = [
            one for process in process_tree(plain.process.pid) for one in process.net_connections("tcp")
        ]
        assert not [one for one in sockets if one.status == psutil.CONN_LISTEN]
        with pytest.raises(ProfileInUse) as caught:
            async with open_browser(chrome, home):
                pass
        assert caught.value.details["browser_pid"] == plain.process.pid
        os.kill(plain.process.pid, signal.SIGINT)  # as the desktop does for a person who quits it
        with trio.fail_after(10):
            await plain.wait_closed()
    async with open_browser(chrome, home):
        pass


@pytest.mark.browser
@pytest.mark.usefixtures("display")
async def test_a_window_that_was_killed_is_not_taken_for_closed(
    home: Home, chrome: ChromeSettings, page: Visited
) -> None:
    async with open_plain(chrome, home, page.url) as plain:
        await page.wait()
        os.kill(plain.process.pid, signal.SIGKILL)
        with pytest.raises(LaunchFailed, match="exit status -9"):
            await plain.wait_closed()


@pytest.mark.browser
@pytest.mark.usefixtures("display")
async def test_giving_up_closes_the_window_in_order(
    home: Home, chrome: ChromeSettings, page: Visited
) -> None:
    async with open_plain(chrome, home, page.url) as plain:
        await page.wait()
        assert plain.profile == profile_folder(home, "default")
    assert plain.process.returncode == 0
