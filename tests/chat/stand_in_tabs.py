"""A browser of stand-in tabs, for the pool's own logic; what tabs show is for the browser tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import attrs
import trio

from cdp_relay.chat import RequestId
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.tabs import TabPool
from cdp_relay.chat.timeline import Timeline
from cdp_relay.errors import BrowserGone, LaunchFailed, TabClosed
from cdp_relay.page import Tab


@attrs.define(eq=False)
class StandInTab:
    """One that goes nowhere."""

    gone: trio.Event = attrs.field(factory=trio.Event)
    closed: bool = False
    hangs: bool = False
    megabytes: float | None = 1.0
    """What its page holds."""
    visited: list[str] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        """Asked for by who waits for a person, who then finds the tab lost."""
        raise TabClosed("This stand-in is nowhere.")

    async def navigate(self, url: str, *, timeout: float) -> None:
        await trio.lowlevel.checkpoint()
        self.visited.append(url)
        raise BrowserGone("This stand-in goes nowhere.")


@attrs.define(eq=False)
class StandInBrowser:
    """Opens stand-in tabs, or fails to."""

    opened: list[StandInTab] = attrs.field(factory=list)
    failing: bool = False
    weighed: int = 0
    weighing: trio.Event = attrs.field(factory=trio.Event)
    """Until this is set, no page says what it holds."""

    def __attrs_post_init__(self) -> None:
        self.weighing.set()

    @property
    def visited(self) -> list[str]:
        """Where its tabs were led."""
        return [url for tab in self.opened for url in tab.visited]

    @property
    def open(self) -> list[StandInTab]:
        """The tabs that are open."""
        return [tab for tab in self.opened if not tab.closed]

    @asynccontextmanager
    async def open_tab(self) -> AsyncGenerator[Tab, None]:
        await trio.lowlevel.checkpoint()
        if self.failing:
            raise LaunchFailed("No browser today.")
        tab = StandInTab()
        self.opened.append(tab)
        try:
            yield cast(Tab, tab)
        finally:
            tab.closed = True

    async def answers(self, tab: Tab) -> bool:
        """Whether a page does what it is told."""
        await trio.lowlevel.checkpoint()
        return not stand_in(tab).hangs

    async def weigh(self, tab: Tab) -> float | None:
        """What a page holds."""
        await self.weighing.wait()
        await trio.lowlevel.checkpoint()
        self.weighed += 1
        return stand_in(tab).megabytes


def stand_in(tab: Tab | SiteTab) -> StandInTab:
    """The stand-in that the pool takes for a tab."""
    return cast(StandInTab, tab.tab if isinstance(tab, SiteTab) else tab)


def make_pool(provider: Provider, browser: StandInBrowser, nursery: trio.Nursery, **fields: Any) -> TabPool:
    """A pool of one tab, unless the fields say otherwise."""
    return TabPool(
        provider=provider,
        open_tab=browser.open_tab,
        nursery=nursery,
        weigh=browser.weigh,
        answers=browser.answers,
        **{"limits": provider.site.limits, "size": 1, "queue": 2, "queue_seconds": 100.0, **fields},
    )


def new_timeline() -> Timeline:
    """The timeline of a turn that nobody listens to."""
    return Timeline(RequestId("r"), Delivery())
