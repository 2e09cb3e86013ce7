"""Browsers that outlive the relay that started them, and the relay that comes after it."""

from __future__ import annotations

import os
import signal

import attrs
import pytest
import trio

from cdp_relay.chrome import Browser, RestartPolicy, open_browser, supervise
from cdp_relay.chrome.launch import hold_profile
from cdp_relay.chrome.processes import describe_process
from cdp_relay.chrome.profile import profile_folder
from cdp_relay.settings import ChromeSettings, Home
from tests.chrome.conftest import eventually, killed_relay

pytestmark = pytest.mark.browser


@pytest.fixture
def kept(chrome: ChromeSettings) -> ChromeSettings:
    return attrs.evolve(chrome, keep_running=True)


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait for its parent to notice."""
    return describe_process(pid) is not None


async def urls(browser: Browser) -> list[str]:
    return sorted(page.url for page in await browser.connection.targets.list_pages())


async def test_a_browser_that_a_killed_relay_left_is_taken_over_and_ended_in_order(
    home: Home, chrome: ChromeSettings
) -> None:
    left = await trio.to_thread.run_sync(killed_relay, home, chrome)
    async with open_browser(chrome, home) as browser:
        assert (browser.pid, browser.owned, browser.taken_over) == (left, True, True)
        assert await urls(browser) == ["about:blank"]
        assert (await browser.connection.root.call("Browser.getVersion"))["product"]
    assert browser.process is not None
    assert browser.process.returncode == 0
    assert not lives(left)


async def test_one_that_was_started_otherwise_is_ended_and_replaced(
    home: Home, chrome: ChromeSettings
) -> None:
    left = await trio.to_thread.run_sync(killed_relay, home, chrome)
    other = attrs.evolve(chrome, args=(*chrome.args, "--lang=de-DE"))
    async with open_browser(other, home) as browser:
        assert browser.pid != left
        assert not browser.taken_over
        assert not lives(left)


async def test_one_that_hangs_is_killed_and_replaced(home: Home, chrome: ChromeSettings) -> None:
    left = await trio.to_thread.run_sync(killed_relay, home, chrome)
    os.kill(left, signal.SIGSTOP)
    async with open_browser(chrome, home) as browser:
        assert browser.pid != left
        assert not lives(left)


async def test_a_browser_that_is_to_keep_running_is_left_with_its_pages_and_taken_over(
    home: Home, kept: ChromeSettings
) -> None:
    async with open_browser(kept, home) as first:
        root = first.connection.root
        await root.call("Target.createTarget", {"url": "data:text/html,a person's"})
    assert first.pid is not None
    async with open_browser(kept, home) as second:
        assert (second.pid, second.name, second.http_url) == (first.pid, first.name, first.http_url)
        assert await urls(second) == ["about:blank", "data:text/html,a person's"]
    assert lives(first.pid)
    with trio.CancelScope() as scope:
        async with open_browser(kept, home) as third:
            assert third.pid == first.pid
            scope.cancel()
            await trio.sleep_forever()
    assert lives(first.pid)
    # Whoever needs the profile for something else ends it.
    async with hold_profile(profile_folder(home, "default")):
        assert not lives(first.pid)


async def test_what_becomes_of_a_browser_that_was_taken_over_is_seen(
    home: Home, kept: ChromeSettings
) -> None:
    async with open_browser(kept, home) as before:
        pass
    assert before.pid is not None
    async with supervise(kept, home, policy=RestartPolicy(first_seconds=0.01)) as supervisor:
        taken = await supervisor.browser(timeout=1)
        assert taken.pid == before.pid
        os.kill(before.pid, signal.SIGKILL)
        await taken.wait_ended()
        assert not await taken.was_closed_by_hand()
        fresh = await supervisor.browser(timeout=20)
        assert fresh.pid != before.pid
    async with supervise(attrs.evolve(kept, keep_running=False), home) as supervisor:
        taken = await supervisor.browser(timeout=1)
        assert taken.pid == fresh.pid
        await taken.connection.root.call("Browser.close")
        await eventually(lambda: supervisor.state == "down")
        assert supervisor.last_error is not None
        assert supervisor.last_error.message == "The browser was closed."
