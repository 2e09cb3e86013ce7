from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import psutil
import pytest
import trio

from cdp_relay.cdp import Connection, browser_version, protocol
from cdp_relay.chrome import Browser, find_browser, open_browser, profile_folder
from cdp_relay.chrome.launch import child_environment, launch
from cdp_relay.chrome.process import run_process
from cdp_relay.chrome.processes import free_port, listens_on, port_holder
from cdp_relay.errors import (
    BrowserNotFound,
    LaunchFailed,
    PortTaken,
    ProfileInUse,
    ProfileRefused,
    SettingsError,
)
from cdp_relay.settings import ChromeSettings, Home
from tests.chrome.conftest import eventually, is_root, relay_elsewhere
from tests.conftest import Sites
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser


def wrapper(tmp_path: Path, text: str) -> str:
    path = tmp_path / "chrome-wrapper"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def is_marked(profile: Path) -> bool:
    return os.path.lexists(profile / "SingletonLock")


async def pages(browser: Browser) -> list[str]:
    return [page.target_id for page in await browser.connection.targets.list_pages()]


async def has_pages(browser: Browser, count: int) -> bool:
    return len(await pages(browser)) == count


async def evaluate(connection: Connection, url: str, expression: str) -> object:
    """Open a page, evaluate, close it."""
    session = await connection.targets.create_page()
    await session.call("Page.enable")
    loaded = session.wait_for(protocol.Page.LoadEventFired, timeout=10)
    await session.call("Page.navigate", {"url": url})
    await loaded
    reply = await session.call("Runtime.evaluate", {"expression": expression, "returnByValue": True})
    assert session.target is not None
    await connection.targets.close_page(session.target.target_id)
    value: object = reply["result"].get("value")
    return value


async def test_a_browser_listens_on_a_port_of_its_own_and_answers(home: Home, chrome: ChromeSettings) -> None:
    async with open_browser(chrome, home) as browser:
        assert browser.owned
        assert browser.headless
        assert browser.pid is not None
        port = int(browser.http_url.rpartition(":")[2])
        assert listens_on(browser.pid, port)
        assert (await browser_version(browser.http_url))["Browser"].endswith(browser.version)
        assert browser.profile == profile_folder(home, "default")
        assert browser.binary == find_browser()
        assert len(await browser.connection.targets.list_pages()) == 1


async def test_leaving_closes_it_cleanly_and_leaves_nothing(home: Home, chrome: ChromeSettings) -> None:
    async with open_browser(chrome, home) as browser:
        assert browser.process is not None
        family = [process.pid for process in psutil.Process(browser.pid).children(recursive=True)]
        assert family
    assert browser.process.returncode == 0
    assert browser.profile is not None
    assert not is_marked(browser.profile)
    await eventually(lambda: not any(psutil.pid_exists(pid) for pid in family))


async def test_cancelling_closes_it_cleanly_too(home: Home, chrome: ChromeSettings) -> None:
    process = None
    with trio.CancelScope() as scope:
        async with open_browser(chrome, home) as browser:
            process = browser.process
            scope.cancel()
            await trio.sleep_forever()
    assert process is not None
    assert process.returncode == 0
    assert process.closing  # it was asked over the protocol, not only by a signal


async def test_cancelling_a_start_leaves_no_browser(home: Home, chrome: ChromeSettings) -> None:
    for seconds in (0.02, 0.1, 0.2, 0.4):
        with trio.move_on_after(seconds):
            async with open_browser(chrome, home):
                await trio.sleep_forever()
    async with open_browser(chrome, home) as browser:  # nothing holds the profile
        assert browser.pid


async def test_an_error_in_the_block_comes_out_as_it_is(home: Home, chrome: ChromeSettings) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_browser(chrome, home):
            raise KeyError("mine")


async def test_cookies_outlive_a_stop_and_a_start(
    home: Home, chrome: ChromeSettings, sites: Sites, plain_site: PlainSite
) -> None:
    settings = attrs.evolve(chrome, args=(*chrome.args, *sites.server.chromium_flags))
    url = plain_site.page("/", "<title>cookies</title>")
    put = "document.cookie = 'kept=yes; Max-Age=86400; Secure'; document.cookie = 'session=yes; Secure'; 1"
    async with open_browser(settings, home) as browser:
        assert await evaluate(browser.connection, url, put) == 1
    async with open_browser(settings, home) as browser:
        cookies = str(await evaluate(browser.connection, url, "document.cookie"))
    assert sorted(cookies.split("; ")) == ["kept=yes", "session=yes"]


async def test_empty_pages_do_not_pile_up_over_starts(home: Home, chrome: ChromeSettings) -> None:
    for _ in range(3):
        async with open_browser(chrome, home) as browser:
            await eventually(partial(has_pages, browser, 1))


async def test_a_second_start_names_the_relay_that_holds_the_profile(
    home: Home, chrome: ChromeSettings
) -> None:
    async with open_browser(chrome, home):
        with pytest.raises(ProfileInUse, match=f"held by process {os.getpid()} "):
            async with open_browser(chrome, home):
                pass


async def test_a_start_beside_another_relay_names_its_process(home: Home, chrome: ChromeSettings) -> None:
    other, browser_pid = await trio.to_thread.run_sync(relay_elsewhere, home, chrome)
    try:
        with pytest.raises(ProfileInUse, match=f"held by process {other.pid} ") as caught:
            async with open_browser(chrome, home):
                pass
        assert caught.value.details["browser_pid"] == browser_pid
        assert psutil.pid_exists(browser_pid)
    finally:
        other.send_signal(signal.SIGINT)
        await trio.to_thread.run_sync(other.wait)
        assert other.stdout is not None
        other.stdout.close()
    assert not psutil.pid_exists(browser_pid)


async def test_a_browser_that_somebody_else_started_on_the_profile_is_named_and_left_alone(
    home: Home, chrome: ChromeSettings
) -> None:
    profile = profile_folder(home, "default")
    command = [str(find_browser().path), "--headless=new", f"--user-data-dir={profile}", *chrome.args]
    async with run_process(command, environ=os.environ) as theirs:
        await eventually(lambda: is_marked(profile))
        with pytest.raises(ProfileInUse, match=f"already runs on the profile .*process {theirs.pid} "):
            async with open_browser(chrome, home):
                pass
        assert theirs.returncode is None


async def test_the_mark_of_a_browser_on_another_host_is_explained(home: Home, chrome: ChromeSettings) -> None:
    profile = profile_folder(home, "default")
    (profile / "Default").mkdir(parents=True)
    (profile / "SingletonLock").symlink_to("elsewhere-123")
    with pytest.raises(ProfileInUse, match="on another host, 'elsewhere'") as caught:
        async with open_browser(chrome, home):
            pass
    assert "SingletonLock" in caught.value.next_step


async def test_the_mark_of_this_relays_last_container_is_cleared(home: Home, chrome: ChromeSettings) -> None:
    async with open_browser(chrome, home):
        pass
    profile = profile_folder(home, "default")
    lock = profile.with_name("default.lock")
    lock.write_text(lock.read_text().replace(f'"host": "{socket.gethostname()}"', '"host": "elsewhere"'))
    (profile / "SingletonLock").symlink_to("elsewhere-123")
    async with open_browser(chrome, home) as browser:
        assert browser.pid


def ports_of(*ports: int) -> Callable[[], int]:
    rest: Iterator[int] = iter(ports)
    return lambda: next(rest)


async def test_a_port_that_was_lost_to_somebody_is_replaced_by_another(
    home: Home, chrome: ChromeSettings
) -> None:
    good = free_port()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        lost = stranger.getsockname()[1]
        async with launch(chrome, home, headless=True, ports=ports_of(lost, good)) as launched:
            assert launched.port == good
            assert launched.websocket_url is not None
            assert f"127.0.0.1:{good}/" in launched.websocket_url
            assert listens_on(launched.process.pid, good)
        stranger.settimeout(0)
        with pytest.raises(BlockingIOError):
            stranger.accept()  # nobody ever talked to the stranger


async def test_a_port_that_was_asked_for_is_used(home: Home, chrome: ChromeSettings) -> None:
    port = free_port()
    async with open_browser(chrome, home, port=port) as browser:
        assert browser.http_url == f"http://127.0.0.1:{port}"


async def test_a_port_that_was_asked_for_and_is_taken_names_its_holder(
    home: Home, chrome: ChromeSettings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(PortTaken, match=f"held by process {os.getpid()} ") as caught:
            async with open_browser(chrome, home, port=port):
                pass
    assert caught.value.details == {"port": port, "pid": os.getpid()}
    assert not (profile_folder(home, "default") / "Local State").exists()


async def test_a_program_that_ends_at_once_is_quoted(
    home: Home, chrome: ChromeSettings, tmp_path: Path
) -> None:
    program = wrapper(tmp_path, "echo 'error while loading shared libraries: libnss3.so' >&2; exit 127")
    with pytest.raises(LaunchFailed, match=r"exit status 127.*libnss3\.so") as caught:
        async with open_browser(attrs.evolve(chrome, executable=program), home):
            pass
    assert "Install the library" in caught.value.next_step


@pytest.mark.skipif(not is_root(), reason="only root cannot have the sandbox")
async def test_a_missing_sandbox_is_explained(home: Home, chrome: ChromeSettings) -> None:
    with pytest.raises(LaunchFailed, match="no-sandbox") as caught:
        async with open_browser(attrs.evolve(chrome, args=()), home):
            pass
    assert "ordinary user" in caught.value.next_step


async def test_a_program_that_never_listens_is_given_up(
    home: Home, chrome: ChromeSettings, tmp_path: Path
) -> None:
    program = wrapper(tmp_path, f"echo $$ > {tmp_path}/pid; echo 'thinking'; exec sleep 60")
    settings = attrs.evolve(chrome, executable=program, start_seconds=0.5)
    with pytest.raises(LaunchFailed, match=r"within 0\.5 s \(chrome\.start_seconds\).*thinking"):
        async with open_browser(settings, home):
            pass
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


async def test_a_wrapper_that_swallows_the_messages_does_no_harm(
    home: Home, chrome: ChromeSettings, tmp_path: Path
) -> None:
    program = wrapper(tmp_path, f'exec {find_browser().path} "$@" >/dev/null 2>&1')
    async with open_browser(attrs.evolve(chrome, executable=program), home) as browser:
        assert not browser.connection.closed.is_set()


async def test_a_wrapper_that_stays_the_parent_does_no_harm(
    home: Home, chrome: ChromeSettings, tmp_path: Path
) -> None:
    program = wrapper(tmp_path, f'{find_browser().path} "$@"; exit $?')
    async with open_browser(attrs.evolve(chrome, executable=program), home) as browser:
        assert browser.pid is not None
        holder = port_holder(int(browser.http_url.rpartition(":")[2]))
        assert holder is not None
        assert holder.pid != browser.pid
    assert browser.process is not None
    assert browser.process.returncode == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"executable": "/nowhere/chrome"}, BrowserNotFound),
        ({"args": ("--remote-allow-origins=*",)}, SettingsError),
        ({"profile": "../x"}, ProfileRefused),
        ({"profile": "~/.config/chromium"}, ProfileRefused),
    ],
)
async def test_wrong_settings_start_nothing(
    home: Home, chrome: ChromeSettings, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with open_browser(attrs.evolve(chrome, **change), home):
            pass


async def test_without_a_display_it_runs_headless_with_a_warning(
    home: Home, chrome: ChromeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    async with open_browser(attrs.evolve(chrome, headless=None), home) as browser:
        assert browser.headless


def test_the_browser_does_not_get_the_relays_environment() -> None:
    assert child_environment({"CDP_RELAY_KEY": "x", "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.usefixtures("display")
async def test_closing_the_last_page_of_a_window_does_not_end_the_browser(
    home: Home, chrome: ChromeSettings
) -> None:
    async with open_browser(attrs.evolve(chrome, headless=None), home) as browser:
        assert not browser.headless
        session = await browser.connection.targets.create_page()
        assert session.target is not None
        await browser.connection.targets.close_page(session.target.target_id)
        await session.closed.wait()
        assert len(await pages(browser)) == 1


@pytest.mark.usefixtures("display")
async def test_the_page_that_stays_is_opened_again_when_somebody_closed_it(
    home: Home, chrome: ChromeSettings
) -> None:
    async with open_browser(attrs.evolve(chrome, headless=False), home) as browser:
        [pinned] = await pages(browser)
        session = await browser.connection.targets.create_page()
        await browser.connection.targets.close_page(pinned)
        assert session.target is not None

        async def is_replaced() -> bool:
            now = await pages(browser)
            return len(now) == 2 and pinned not in now

        await eventually(is_replaced)
        await browser.connection.targets.close_page(session.target.target_id)
        await session.closed.wait()
        assert len(await pages(browser)) == 1


@pytest.mark.usefixtures("display")
async def test_closing_all_pages_ends_a_browser_with_windows(home: Home, chrome: ChromeSettings) -> None:
    async with open_browser(attrs.evolve(chrome, headless=False), home) as browser:
        [pinned] = await pages(browser)
        browser.connection.root.post("Target.closeTarget", {"targetId": pinned})
        with trio.fail_after(5):
            await browser.wait_ended()
        assert await browser.was_closed_by_hand()
