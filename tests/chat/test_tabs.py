"""A site's tabs are lent first come, first served; the queue is bounded, and every slot comes back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import attrs
import pytest
import trio
import trio.testing

from cdp_relay.chat import RequestId, Step
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.tabs import TabPool
from cdp_relay.chat.timeline import Timeline
from cdp_relay.errors import BrowserGone, LaunchFailed, QueueFull, QueueTimeout, ShuttingDown
from cdp_relay.page import Tab


@attrs.define(eq=False)
class StandInTab:
    """A tab for the pool's own logic; what it shows is for the browser tests."""

    gone: trio.Event = attrs.field(factory=trio.Event)
    closed: bool = False
    visited: list[str] = attrs.field(factory=list)

    async def navigate(self, url: str, *, timeout: float) -> None:
        await trio.lowlevel.checkpoint()
        self.visited.append(url)
        raise BrowserGone("This stand-in goes nowhere.")


@attrs.define(eq=False)
class Browser:
    """Opens stand-in tabs, or fails to."""

    opened: list[StandInTab] = attrs.field(factory=list)
    failing: bool = False

    @property
    def visited(self) -> list[str]:
        """Where its tabs were led."""
        return [url for tab in self.opened for url in tab.visited]

    @asynccontextmanager
    async def open_tab(self) -> AsyncGenerator[Tab, None]:
        if self.failing:
            raise LaunchFailed("No browser today.")
        tab = StandInTab()
        self.opened.append(tab)
        try:
            yield cast(Tab, tab)
        finally:
            tab.closed = True


@pytest.fixture
def provider() -> Provider:
    return load_provider("practice")


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def pool(provider: Provider, browser: Browser, nursery: trio.Nursery) -> TabPool:
    return make_pool(provider, browser, nursery)


def make_pool(provider: Provider, browser: Browser, nursery: trio.Nursery, **fields: Any) -> TabPool:
    return TabPool(
        provider=provider,
        open_tab=browser.open_tab,
        nursery=nursery,
        **{"limits": provider.site.limits, "size": 1, "queue": 2, "queue_seconds": 100.0, **fields},
    )


def new_timeline() -> Timeline:
    return Timeline(RequestId("r"), Delivery())


async def hold(pool: TabPool, order: list[str], name: str, release: trio.Event) -> None:
    async with pool.lease(new_timeline()):
        order.append(name)
        await release.wait()


async def test_a_tab_is_opened_once_and_used_again(pool: TabPool, browser: Browser) -> None:
    for _ in range(3):
        async with pool.lease(new_timeline()) as site_tab:
            turns = site_tab.turns
        await trio.testing.wait_all_tasks_blocked()
    assert turns == 3
    assert len(browser.opened) == 1
    assert browser.visited == [pool.provider.new_chat_url(None)] * 3, "led to a new chat after each turn"
    assert pool.statistics.busy == 0


async def test_no_chat_is_opened_ahead_where_none_may_stand_unused(
    provider: Provider, browser: Browser, nursery: trio.Nursery
) -> None:
    limits = attrs.evolve(provider.site.limits, fresh_seconds=0)
    pool = make_pool(provider, browser, nursery, limits=limits)
    async with pool.lease(new_timeline()):
        pass
    await trio.testing.wait_all_tasks_blocked()
    async with pool.lease(new_timeline()) as site_tab:
        assert not site_tab.is_fresh(provider.new_chat_url(None), 0)
    assert browser.visited == []
    assert len(browser.opened) == 1


async def test_turns_are_served_in_the_order_they_came(pool: TabPool, nursery: trio.Nursery) -> None:
    order: list[str] = []
    releases = {name: trio.Event() for name in "abc"}
    for name, release in releases.items():
        nursery.start_soon(hold, pool, order, name, release)
        await trio.testing.wait_all_tasks_blocked()
    assert order == ["a"]
    assert pool.statistics.waiting == 2
    for name in "abc":
        releases[name].set()
        await trio.testing.wait_all_tasks_blocked()
    assert order == ["a", "b", "c"]


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(
    pool: TabPool, nursery: trio.Nursery
) -> None:
    order: list[str] = []
    release = trio.Event()
    for name in "abc":
        nursery.start_soon(hold, pool, order, name, release)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(QueueFull) as refused:
        async with pool.lease(new_timeline()):
            pass
    assert refused.value.retry_after_seconds is not None
    assert refused.value.status == 429
    release.set()


async def test_a_turn_that_waits_too_long_leaves_the_queue(
    pool: TabPool, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    release = trio.Event()
    nursery.start_soon(hold, pool, [], "a", release)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(QueueTimeout, match="100 s"):
        async with pool.lease(new_timeline()):
            pass
    assert pool.statistics.waiting == 0
    release.set()


async def test_a_client_that_leaves_the_queue_lets_the_others_pass(
    pool: TabPool, nursery: trio.Nursery
) -> None:
    order: list[str] = []
    release = trio.Event()
    nursery.start_soon(hold, pool, order, "first", release)
    await trio.testing.wait_all_tasks_blocked()
    leaver = trio.CancelScope()

    async def leave() -> None:
        with leaver:
            await hold(pool, order, "leaver", trio.Event())

    nursery.start_soon(leave)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(hold, pool, order, "last", release)
    await trio.testing.wait_all_tasks_blocked()
    leaver.cancel()
    release.set()
    await trio.testing.wait_all_tasks_blocked()
    assert order == ["first", "last"]
    async with pool.lease(new_timeline()):
        pass


async def test_the_place_in_the_queue_is_told(pool: TabPool, nursery: trio.Nursery) -> None:
    release = trio.Event()
    nursery.start_soon(hold, pool, [], "a", release)
    await trio.testing.wait_all_tasks_blocked()
    timeline = new_timeline()

    async def wait() -> None:
        async with pool.lease(timeline):
            pass

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    assert timeline.steps[0].step is Step.QUEUED
    assert timeline.steps[0].facts["position"] == 1
    release.set()


async def test_a_lost_tab_is_replaced(pool: TabPool, browser: Browser) -> None:
    async with pool.lease(new_timeline()):
        browser.opened[0].gone.set()
    await trio.testing.wait_all_tasks_blocked()
    assert browser.opened[0].closed
    async with pool.lease(new_timeline()) as site_tab:
        assert cast(Any, site_tab.tab) is browser.opened[1]


async def test_a_tab_in_doubt_is_closed_and_never_lent_again(pool: TabPool, browser: Browser) -> None:
    async with pool.lease(new_timeline()) as site_tab:
        site_tab.doubtful = True
    await trio.testing.wait_all_tasks_blocked()
    assert browser.opened[0].closed
    assert pool.statistics.tabs == 0


async def test_a_browser_that_does_not_start_costs_the_turn_and_not_the_slot(
    pool: TabPool, browser: Browser
) -> None:
    browser.failing = True
    with pytest.raises(LaunchFailed):
        async with pool.lease(new_timeline()):
            pass
    browser.failing = False
    async with pool.lease(new_timeline()):
        pass


async def test_several_tabs_answer_at_once(
    provider: Provider, browser: Browser, nursery: trio.Nursery
) -> None:
    pool = make_pool(provider, browser, nursery, size=3)
    order: list[str] = []
    release = trio.Event()
    for name in "abc":
        nursery.start_soon(hold, pool, order, name, release)
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(order) == ["a", "b", "c"]
    assert len(browser.opened) == 3
    release.set()


async def test_closing_refuses_those_who_wait_and_those_who_come(
    pool: TabPool, nursery: trio.Nursery
) -> None:
    release = trio.Event()
    nursery.start_soon(hold, pool, [], "a", release)
    await trio.testing.wait_all_tasks_blocked()
    refused: list[str] = []

    async def wait() -> None:
        try:
            async with pool.lease(new_timeline()):
                refused.append("served")
        except ShuttingDown as error:
            refused.append(error.code)

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    pool.close()
    await trio.testing.wait_all_tasks_blocked()
    await wait()
    assert refused == ["shutting_down", "shutting_down"]
    release.set()
