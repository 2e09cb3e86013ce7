"""Faults that are made to happen in a Chromium of the test's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from cdp_relay.cdp import ConnectionLimits, Session, open_connection, protocol
from cdp_relay.errors import BrowserError, BrowserGone, BrowserStalled, CommandTimeout, PageCrashed, TabClosed

if TYPE_CHECKING:
    from tests.sites.kit import ChromiumProcess

    StartChromium = Callable[..., Awaitable[ChromiumProcess]]

pytestmark = pytest.mark.browser


async def fails_with(error: type[BrowserError], session: Session, expression: str, seen: list[float]) -> None:
    with pytest.raises(error, match=r"Runtime\.evaluate"):
        await session.execute(protocol.Runtime.evaluate(expression, await_promise=True), timeout=40)
    seen.append(trio.current_time())


async def test_a_crash_fails_what_waits_and_a_reload_cures_it(private_chromium: StartChromium) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        page = await connection.targets.create_page()
        healthy = await connection.targets.create_page()
        ended: list[float] = []
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(fails_with, PageCrashed, page, "new Promise(() => {})", ended)
            await trio.testing.wait_all_tasks_blocked(0.05)
            start = trio.current_time()
            with pytest.raises(PageCrashed):
                await page.execute(protocol.Page.crash(), timeout=40)
        assert max(ended) - start < 5
        assert isinstance(page.error, PageCrashed)

        start = trio.current_time()
        with pytest.raises(PageCrashed, match=r"Input\.dispatchKeyEvent"):
            await page.execute(protocol.Input.dispatch_key_event("char", text="x"))
        assert trio.current_time() - start < 0.1
        assert (await healthy.execute(protocol.Runtime.evaluate("1"))).result.value == 1

        with page.subscribe(protocol.Inspector.TargetReloadedAfterCrash) as reloads:
            await page.execute(protocol.Page.reload())
            await reloads.wait(timeout=10)
        assert (await page.execute(protocol.Runtime.evaluate("2"))).result.value == 2


async def test_a_killed_renderer_is_a_crash_and_a_navigation_cures_it(
    private_chromium: StartChromium,
) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        page = await connection.targets.create_page()
        processes = await connection.root.execute(protocol.SystemInfo.get_process_info())
        ended: list[float] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fails_with, PageCrashed, page, "new Promise(() => {})", ended)
            await trio.testing.wait_all_tasks_blocked(0.05)
            for process in processes:
                if process.type == "renderer":
                    os.kill(process.id, signal.SIGKILL)
        await page.execute(protocol.Page.navigate("about:blank#again"))
        answer = await page.execute(protocol.Runtime.evaluate("location.hash"))
        assert answer.result.value == "#again"


async def test_a_closed_tab_fails_what_waits(private_chromium: StartChromium) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        page = await connection.targets.create_page()
        assert page.target is not None
        ended: list[float] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fails_with, TabClosed, page, "new Promise(() => {})", ended)
            await trio.testing.wait_all_tasks_blocked(0.05)
            start = trio.current_time()
            await connection.targets.close_page(page.target.target_id)
        assert ended[0] - start < 5
        assert page.closed.is_set()
        assert not connection.closed.is_set()


async def test_a_killed_browser_fails_everything_at_once(private_chromium: StartChromium) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        pages = [await connection.targets.create_page() for _ in range(2)]
        ended: list[float] = []
        async with trio.open_nursery() as nursery:
            for page in pages:
                nursery.start_soon(fails_with, BrowserGone, page, "new Promise(() => {})", ended)
            await trio.testing.wait_all_tasks_blocked(0.05)
            start = trio.current_time()
            os.kill(browser.pid, signal.SIGKILL)
        assert max(ended) - start < 3
        assert connection.closed.is_set()
        assert "ended or was killed" in str(connection.close_error)
        assert all(page.closed.is_set() for page in pages)


async def test_a_browser_that_closes_itself_is_gone(private_chromium: StartChromium) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        await connection.root.execute(protocol.Browser.close())
        with trio.fail_after(10):
            await connection.closed.wait()
        assert isinstance(connection.close_error, BrowserGone)


async def test_a_stopped_browser_is_noticed_by_its_pulse(private_chromium: StartChromium) -> None:
    browser = await private_chromium()
    limits = ConnectionLimits(
        ping_interval_seconds=0.1,
        ping_timeout_seconds=0.4,
        degraded_after_misses=2,
        stalled_after_misses=6,
        close_seconds=0.3,
    )
    async with open_connection(browser.ws_url, limits=limits) as connection:
        page = await connection.targets.create_page()
        os.kill(browser.pid, signal.SIGSTOP)
        try:
            with pytest.raises(CommandTimeout, match=r"Browser\.getVersion"):
                await connection.root.execute(protocol.Browser.get_version(), timeout=0.2)
            ended: list[float] = []
            await fails_with(BrowserStalled, page, "1", ended)
            assert isinstance(connection.close_error, BrowserStalled)
        finally:
            os.kill(browser.pid, signal.SIGCONT)


async def test_a_browser_that_was_stopped_for_a_while_goes_on(private_chromium: StartChromium) -> None:
    browser = await private_chromium()
    limits = ConnectionLimits(ping_interval_seconds=0.1, ping_timeout_seconds=0.1)
    async with open_connection(browser.ws_url, limits=limits) as connection:
        page = await connection.targets.create_page()
        os.kill(browser.pid, signal.SIGSTOP)
        try:
            with trio.fail_after(5):
                while not connection.degraded:
                    await trio.testing.wait_all_tasks_blocked(0.02)
        finally:
            os.kill(browser.pid, signal.SIGCONT)
        assert (await page.execute(protocol.Runtime.evaluate("1"))).result.value == 1
        with trio.fail_after(5):
            while connection.degraded:
                await trio.testing.wait_all_tasks_blocked(0.02)


async def test_a_hanging_page_hurts_only_itself(private_chromium: StartChromium) -> None:
    browser = await private_chromium("--site-per-process")
    limits = ConnectionLimits(target_seconds=3)
    async with open_connection(browser.ws_url, limits=limits) as connection:
        sick = await connection.targets.create_page("data:text/html,sick")
        healthy = await connection.targets.create_page("data:text/html,healthy")
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def hang() -> None:
                with pytest.raises(CommandTimeout, match=r"Runtime\.evaluate got no answer within 1 s"):
                    await sick.execute(protocol.Runtime.evaluate("for (;;);"), timeout=1)

            await trio.testing.wait_all_tasks_blocked(0.05)
            with pytest.raises(CommandTimeout):
                await sick.execute(protocol.Runtime.evaluate("1"), timeout=0.3)
            assert (await healthy.execute(protocol.Runtime.evaluate("1"))).result.value == 1
            assert len(await connection.targets.list_pages()) == 3
            assert sick.target is not None
            with pytest.raises(CommandTimeout, match=r"Target\.setAutoAttach"):
                await connection.targets.attach_page(sick.target.target_id)
        await sick.execute(protocol.Runtime.terminate_execution())
        assert (await sick.execute(protocol.Runtime.evaluate("1"))).result.value == 1


async def test_an_evaluation_over_its_own_limit_is_ended_by_the_browser(
    private_chromium: StartChromium,
) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        page = await connection.targets.create_page()
        with pytest.raises(BrowserError, match=r"Runtime\.evaluate was refused"):
            await page.execute(protocol.Runtime.evaluate("for (;;);", timeout=200))
        assert (await page.execute(protocol.Runtime.evaluate("1"))).result.value == 1
