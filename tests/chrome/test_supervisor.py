from __future__ import annotations

import os
import signal
from pathlib import Path

import attrs
import psutil
import pytest
import trio

from cdp_relay.cdp import ConnectionLimits
from cdp_relay.chrome import (
    Browser,
    RestartPolicy,
    Supervisor,
    find_browser,
    lock_profile,
    open_browser,
    profile_folder,
    supervise,
)
from cdp_relay.chrome.processes import free_port
from cdp_relay.errors import (
    BrowserError,
    BrowserGone,
    BrowserNotFound,
    BrowserStalled,
    LaunchFailed,
    ProfileInUse,
    ShuttingDown,
)
from cdp_relay.settings import ChromeSettings, Home
from tests.chrome.conftest import eventually

pytestmark = pytest.mark.browser


def quick(
    *, first_seconds: float = 0.01, deaths_in_window: int = 5, window_seconds: float = 300.0
) -> RestartPolicy:
    return RestartPolicy(
        first_seconds=first_seconds, deaths_in_window=deaths_in_window, window_seconds=window_seconds
    )


def kill(browser: Browser, number: int = signal.SIGKILL) -> None:
    assert browser.pid is not None
    os.kill(browser.pid, number)


async def next_browser(supervisor: Supervisor, browser: Browser) -> Browser:
    await browser.wait_ended()
    return await supervisor.browser(timeout=20)


async def test_the_block_begins_with_a_browser_and_ends_it(home: Home, chrome: ChromeSettings) -> None:
    async with supervise(chrome, home) as supervisor:
        browser = supervisor.current
        assert browser is not None
        assert (supervisor.state, supervisor.generation) == ("up", 1)
        assert await supervisor.browser(timeout=0.1) is browser
    assert browser.process is not None
    assert browser.process.returncode == 0
    assert supervisor.state == "down"
    with pytest.raises(ShuttingDown):
        await supervisor.browser(timeout=1)


async def test_cancelling_ends_the_browser_in_order(home: Home, chrome: ChromeSettings) -> None:
    browser = None
    with trio.CancelScope() as scope:
        async with supervise(chrome, home) as supervisor:
            browser = supervisor.current
            scope.cancel()
            await trio.sleep_forever()
    assert browser is not None
    assert browser.process is not None
    assert browser.process.returncode == 0


async def test_an_error_in_the_block_comes_out_as_it_is(home: Home, chrome: ChromeSettings) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with supervise(chrome, home):
            raise KeyError("mine")


async def test_a_killed_browser_is_started_again_and_what_was_in_flight_fails_at_once(
    home: Home, chrome: ChromeSettings
) -> None:
    caught: list[BrowserError] = []

    async with supervise(chrome, home, policy=quick()) as supervisor:
        first = await supervisor.browser(timeout=1)
        session = await first.connection.targets.create_page()

        async def wait_for_an_answer() -> None:
            with pytest.raises(BrowserGone) as info:
                await session.call(
                    "Runtime.evaluate",
                    {"expression": "new Promise(() => 0)", "awaitPromise": True},
                    timeout=30,
                )
            caught.append(info.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_an_answer)
            await trio.testing.wait_all_tasks_blocked()
            with trio.fail_after(3):
                kill(first)
                await first.wait_ended()
        second = await supervisor.browser(timeout=20)
        assert second is not first
        assert second.pid != first.pid
        assert (supervisor.state, supervisor.generation) == ("up", 2)
        assert (await second.connection.root.call("Browser.getVersion"))["product"]
    assert caught[0].retryable


async def test_pages_of_a_browser_that_died_do_not_come_back_with_the_next(
    home: Home, chrome: ChromeSettings
) -> None:
    async with supervise(chrome, home, policy=quick()) as supervisor:
        first = await supervisor.browser(timeout=1)
        for _ in range(2):
            await first.connection.targets.create_page("data:text/html,<p>Hello", new_window=True)
        # What is restored after a crash is written every few seconds.
        written = home.profiles / "default" / "Default" / "Sessions"
        await eventually(
            lambda: any(b"data:text/html" in one.read_bytes() for one in written.glob("Session_*"))
        )
        kill(first)
        await first.wait_ended()
        second = await supervisor.browser(timeout=20)

        async def only_ours() -> bool:
            return [page.url for page in await second.connection.targets.list_pages()] == ["about:blank"]

        await eventually(only_ours)


async def test_who_waits_while_it_starts_again_gets_the_new_one(home: Home, chrome: ChromeSettings) -> None:
    got: list[Browser] = []

    async with supervise(chrome, home, policy=quick(first_seconds=0.3)) as supervisor:
        first = await supervisor.browser(timeout=1)
        kill(first)
        await first.wait_ended()

        async def want() -> None:
            got.append(await supervisor.browser(timeout=20))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(want)
        assert {id(browser) for browser in got} == {id(supervisor.current)}
        assert supervisor.generation == 2


async def test_waiting_is_bounded_by_the_callers_time(home: Home, chrome: ChromeSettings) -> None:
    async with supervise(chrome, home, policy=quick(first_seconds=30)) as supervisor:
        first = await supervisor.browser(timeout=1)
        kill(first)
        await first.wait_ended()
        await eventually(lambda: supervisor.state == "restarting")
        with pytest.raises(BrowserGone, match=r"did not come up within 0\.1 s") as caught:
            await supervisor.browser(timeout=0.1)
        assert caught.value.retry_after_seconds == 30
        assert caught.value.retryable


async def test_the_circuit_opens_after_too_many_deaths(home: Home, chrome: ChromeSettings) -> None:
    async with supervise(chrome, home, policy=quick(deaths_in_window=2)) as supervisor:
        first = await supervisor.browser(timeout=1)
        kill(first)
        second = await next_browser(supervisor, first)
        kill(second)
        await eventually(lambda: supervisor.state == "down")
        with pytest.raises(
            BrowserGone, match=r"died 2 times .* left alone for .* died with signal 9"
        ) as caught:
            await supervisor.browser(timeout=20)
        assert caught.value.retry_after_seconds is not None
        assert 250 < caught.value.retry_after_seconds <= 300
        assert supervisor.generation == 2


async def test_the_circuit_closes_by_itself_and_the_next_request_starts_one(
    home: Home, chrome: ChromeSettings
) -> None:
    async with supervise(chrome, home, policy=quick(deaths_in_window=1, window_seconds=0.5)) as supervisor:
        first = await supervisor.browser(timeout=1)
        kill(first)
        await eventually(lambda: supervisor.state == "down")
        await eventually(lambda: supervisor._policy.open_seconds(trio.current_time()) == 0)
        assert (await supervisor.browser(timeout=20)) is supervisor.current
        assert supervisor.generation == 2


@pytest.mark.parametrize("way", ["Browser.close", "SIGINT"])
async def test_a_browser_that_a_person_closed_stays_closed_until_it_is_wanted(
    home: Home, chrome: ChromeSettings, way: str
) -> None:
    async with supervise(chrome, home, policy=quick()) as supervisor:
        first = await supervisor.browser(timeout=1)
        if way == "SIGINT":
            kill(first, signal.SIGINT)
        else:
            first.connection.root.post("Browser.close")
        await eventually(lambda: supervisor.state == "down")
        assert supervisor.current is None
        # The profile is free: 'cdp-relay sign-in' can have it now.
        with lock_profile(profile_folder(home, "default")):
            pass
        assert supervisor.generation == 1
        second = await supervisor.browser(timeout=20)
        assert second.pid != first.pid
        assert supervisor.generation == 2


async def test_a_stopped_browser_is_noticed_and_replaced(home: Home, chrome: ChromeSettings) -> None:
    limits = ConnectionLimits(ping_interval_seconds=0.1, ping_timeout_seconds=0.2, stalled_after_misses=5)
    async with supervise(chrome, home, policy=quick(), limits=limits) as supervisor:
        first = await supervisor.browser(timeout=1)
        kill(first, signal.SIGSTOP)
        second = await next_browser(supervisor, first)
        assert isinstance(first.connection.close_error, BrowserStalled)
        assert second.pid != first.pid
        assert first.pid is not None
        assert not psutil.pid_exists(first.pid)


async def test_a_start_that_fails_fails_who_waits_and_is_tried_again(
    home: Home, chrome: ChromeSettings, tmp_path: Path
) -> None:
    program = tmp_path / "browser"
    program.write_text(
        f'#!/bin/sh\n[ -e {tmp_path}/broken ] && {{ echo "no luck"; exit 3; }}\n'
        f'exec {find_browser().path} "$@"\n'
    )
    program.chmod(0o755)
    settings = attrs.evolve(chrome, executable=str(program))
    async with supervise(settings, home, policy=quick(first_seconds=0.2, deaths_in_window=50)) as supervisor:
        first = await supervisor.browser(timeout=1)
        (tmp_path / "broken").touch()
        kill(first)
        await first.wait_ended()
        with pytest.raises(LaunchFailed, match=r"exit status 3.*no luck"):
            await supervisor.browser(timeout=20)
        (tmp_path / "broken").unlink()
        await eventually(lambda: supervisor.state == "up")
        assert supervisor.generation == 2


async def test_without_restart_a_dead_browser_stays_dead(home: Home, chrome: ChromeSettings) -> None:
    async with supervise(attrs.evolve(chrome, restart=False), home, policy=quick()) as supervisor:
        first = await supervisor.browser(timeout=1)
        kill(first)
        await eventually(lambda: supervisor.state == "down")
        with pytest.raises(BrowserGone, match="died with signal 9"):
            await supervisor.browser(timeout=20)
        assert supervisor.generation == 1


async def test_a_first_start_that_fails_is_raised(home: Home, chrome: ChromeSettings) -> None:
    with pytest.raises(BrowserNotFound):
        async with supervise(attrs.evolve(chrome, executable="/nowhere/chrome"), home):
            pass
    async with open_browser(chrome, home):
        with pytest.raises(ProfileInUse):
            async with supervise(chrome, home):
                pass


async def test_an_attached_browser_that_went_is_attached_to_again_when_it_is_back(
    home: Home, chrome: ChromeSettings
) -> None:
    port = free_port()
    attach = attrs.evolve(chrome, attach=f"http://127.0.0.1:{port}")
    with pytest.raises(BrowserGone):
        async with supervise(attach, home):
            pass
    async with open_browser(chrome, home, port=port) as theirs:
        async with supervise(attach, home) as supervisor:
            assert supervisor.current is not None
            assert not supervisor.current.owned
        assert theirs.process is not None
        assert theirs.process.returncode is None
    async with trio.open_nursery() as nursery:
        ended = trio.Event()

        async def run(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
            async with open_browser(chrome, home, port=port):
                task_status.started()
                await ended.wait()

        await nursery.start(run)
        async with supervise(attach, home) as supervisor:
            ended.set()
            await eventually(lambda: supervisor.state == "down")
            with pytest.raises(BrowserGone):
                await supervisor.browser(timeout=20)
            await eventually(lambda: not nursery.child_tasks)
            async with open_browser(chrome, home, port=port):
                assert not (await supervisor.browser(timeout=20)).owned
                assert supervisor.generation == 2


async def test_a_lazy_one_starts_nothing_until_somebody_wants_it(home: Home, chrome: ChromeSettings) -> None:
    missing = attrs.evolve(chrome, executable=str(home.state / "no-such-browser"))
    async with supervise(missing, home, lazy=True) as supervisor:
        assert (supervisor.state, supervisor.generation, supervisor.last_error) == ("unused", 0, None)
        assert supervisor.current is None
        for _ in range(2):  # each request tries, and fails by itself
            with pytest.raises(BrowserNotFound):
                await supervisor.browser(timeout=20)
            assert supervisor.state == "down"


async def test_a_lazy_one_that_nobody_wants_ends_at_once(home: Home, chrome: ChromeSettings) -> None:
    async with supervise(chrome, home, lazy=True):
        pass
    assert not home.profiles.exists()
