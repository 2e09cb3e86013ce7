"""The tabs of one site: a bounded number that work, a bounded queue of turns that wait."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from typing import Protocol

import attrs
import structlog
import trio

from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.health import SiteHealth, needs_person
from cdp_relay.chat.opening import SiteTab, make_ready, open_chat
from cdp_relay.chat.pausing import Show, no_show, wait_for_person
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Step
from cdp_relay.errors import QueueFull, QueueTimeout, RelayError, ShuttingDown
from cdp_relay.nursery import sole_error
from cdp_relay.page import Tab

__all__ = ["PoolStatistics", "TabPool", "Tabs"]

_log = structlog.stdlib.get_logger("cdp_relay.tabs")

_FIRST_GUESS_SECONDS = 20.0
"""What a turn is assumed to take before one was seen."""

OpenTab = Callable[[], AbstractAsyncContextManager[Tab]]


@attrs.frozen(kw_only=True)
class PoolStatistics:
    """A pool at one moment."""

    size: int
    tabs: int
    busy: int
    waiting: int


class Tabs(Protocol):
    """Where a turn gets its tab from; :class:`TabPool` is the one in the product."""

    def lease(
        self, timeline: Timeline, *, party: str = "", chat: str | None = None
    ) -> AbstractAsyncContextManager[SiteTab]:
        """Lend a tab for one turn.

        Args:
          party: who asks; parties take turns.
          chat: the held chat that the turn goes on with; a tab that stands in it is lent, where it is free.
        """
        ...

    def while_unwanted(self) -> AbstractContextManager[None]:
        """Run the block only until a turn waits for a tab."""
        ...


@attrs.define(eq=False)
class _Waiter:
    granted: trio.Event = attrs.field(factory=trio.Event)


@attrs.define(eq=False)
class TabPool:
    """Leases the tabs of one site to turns, first come, first served.

    A tab is opened when it is first needed, led to a new chat when its turn is over (so that the next
    turn finds it ready), and closed when its state is in doubt. What fails in that is never a turn's
    error: the next turn opens another tab.

    A tab on which the site asks for the person stays there, watched, until the person has acted.
    """

    provider: Provider
    open_tab: OpenTab
    """Opens a tab in the living browser, waiting for it when it has to be started."""
    nursery: trio.Nursery
    """Owns the tabs and their renewal."""
    limits: StepLimits
    size: int = 1
    queue: int = 32
    queue_seconds: float = 300.0
    health: SiteHealth = attrs.field(factory=lambda: SiteHealth(name="site"))
    """Learns from errors met while a tab is made ready; while it waits for the person, idle tabs are left
    where they are."""
    show: Show = no_show
    """Brings a tab before the person."""
    _idle: deque[SiteTab] = attrs.field(factory=deque, init=False)
    _all: dict[SiteTab, trio.Event] = attrs.field(factory=dict, init=False)
    """Every open tab, with the event that closes it."""
    _waiters: deque[_Waiter] = attrs.field(factory=deque, init=False)
    _leisure: set[trio.CancelScope] = attrs.field(factory=set, init=False)
    _busy: int = attrs.field(default=0, init=False)
    _answering: int = attrs.field(default=0, init=False)
    _turn_seconds: float = attrs.field(default=_FIRST_GUESS_SECONDS, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    @property
    def statistics(self) -> PoolStatistics:
        """How full the pool is."""
        return PoolStatistics(
            size=self.size, tabs=len(self._all), busy=self._answering, waiting=len(self._waiters)
        )

    @asynccontextmanager
    async def lease(
        self, timeline: Timeline, *, party: str = "", chat: str | None = None
    ) -> AsyncGenerator[SiteTab, None]:
        """Lend a tab for one turn.

        Args:
          party: who asks; parties take turns.
          chat: the held chat that the turn goes on with; a tab that stands in it is lent, where it is free.

        Raises:
          QueueFull: too many turns wait already.
          QueueTimeout: no tab came free in time.
          BrowserError: no tab could be opened.
        """
        await self._enter(timeline)
        self._answering += 1
        started = trio.current_time()
        site_tab: SiteTab | None = None
        try:
            site_tab = await self._take(chat)
            site_tab.turns += 1
            yield site_tab
        finally:
            self._answering -= 1
            # A moving mean is enough for "come back in about so long".
            self._turn_seconds += (trio.current_time() - started - self._turn_seconds) / 4
            self._give_back(site_tab)

    @contextmanager
    def while_unwanted(self) -> Generator[None, None, None]:
        """Run the block only until a turn waits for a tab; for what is nice to have."""
        with trio.CancelScope() as scope:
            if self._waiters:
                scope.cancel()
            self._leisure.add(scope)
            try:
                yield
            finally:
                self._leisure.discard(scope)

    def close(self) -> None:
        """Close all tabs and refuse whoever waits; running turns are left to their own end."""
        self._closed = True
        for waiter in self._waiters:
            waiter.granted.set()
        self._waiters.clear()
        for closing in self._all.values():
            closing.set()

    # --- the queue

    async def _enter(self, timeline: Timeline) -> None:
        if self._closed:
            raise ShuttingDown("The service is stopping.")
        if self._busy < self.size and not self._waiters:
            self._busy += 1
            timeline.reach(Step.QUEUED, position=0)
            return
        if len(self._waiters) >= self.queue:
            raise QueueFull(
                f"{len(self._waiters)} requests already wait for {self.provider.site.title}.",
                retry_after_seconds=min(60.0, self._turn_seconds),
            )
        waiter = _Waiter()
        self._waiters.append(waiter)
        for scope in self._leisure:
            scope.cancel()
        position = len(self._waiters)
        timeline.reach(
            Step.QUEUED,
            position=position,
            estimated_seconds=round(self._turn_seconds * position / self.size, 1),
        )
        try:
            with trio.move_on_after(self.queue_seconds) as scope:
                await waiter.granted.wait()
            if scope.cancelled_caught and not waiter.granted.is_set():
                raise QueueTimeout(
                    f"No tab of {self.provider.site.title} came free within {self.queue_seconds:g} s "
                    "(limits.queue_seconds)."
                )
        except BaseException:
            if waiter.granted.is_set() and not self._closed:
                self._release_slot()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise
        if self._closed:
            raise ShuttingDown("The service is stopping.")

    def _release_slot(self) -> None:
        """Hand the slot to whoever waits longest, or free it."""
        if self._waiters:
            self._waiters.popleft().granted.set()
        else:
            self._busy -= 1

    # --- the tabs

    async def _take(self, chat: str | None) -> SiteTab:
        standing = next(
            (tab for tab in self._idle if chat is not None and tab.chat == chat and tab.usable), None
        )
        if standing is not None:
            self._idle.remove(standing)
            return standing
        while self._idle:
            site_tab = self._idle.pop()
            if site_tab.usable:
                return site_tab
            self._discard(site_tab)
        return await self._open()

    async def _open(self) -> SiteTab:
        site_tab: SiteTab = await self.nursery.start(self._hold)
        return site_tab

    async def _hold(self, task_status: trio.TaskStatus[SiteTab]) -> None:
        """Own one tab from its opening to its closing."""
        closing = trio.Event()
        site_tab: SiteTab | None = None
        try:
            async with self.open_tab() as tab:
                site_tab = SiteTab(tab, self.provider)
                self._all[site_tab] = closing
                task_status.started(site_tab)
                await closing.wait()
        except (RelayError, BaseExceptionGroup) as raised:
            error = sole_error(raised)
            if site_tab is None or not isinstance(error, RelayError):
                raise error from None
            # The tab was lost or would not close: the turn that used it has been told by the tab itself.
            _log.info("tab_lost", site=self.provider.site.name, code=error.code)
        finally:
            if site_tab is not None:
                self._all.pop(site_tab, None)

    def _give_back(self, site_tab: SiteTab | None) -> None:
        if site_tab is None or self._closed:
            self._release_slot()
        elif not site_tab.usable:
            self._discard(site_tab)
            self._release_slot()
        elif site_tab.met is not None:
            self.nursery.start_soon(self._watch_over, site_tab)
            self._release_slot()
        elif (
            self._waiters or self.health.paused or not self.limits.fresh_seconds or site_tab.chat is not None
        ):
            # Whoever waits, or comes later, leads the tab where it needs it.
            self._idle.append(site_tab)
            self._release_slot()
        else:
            self.nursery.start_soon(self._renew, site_tab)

    def _discard(self, site_tab: SiteTab) -> None:
        closing = self._all.get(site_tab)
        if closing is not None:
            closing.set()

    async def _renew(self, site_tab: SiteTab) -> None:
        """Lead a used tab to a new chat; its slot stays taken for that time."""
        try:
            await open_chat(site_tab, self.provider.new_chat_url(None), self.limits)
            await make_ready(site_tab, self.limits)
        except RelayError as error:
            site_tab.spend()
            self.health.failed(error)
            if needs_person(error):
                site_tab.met = error
            _log.info("tab_not_renewed", site=self.provider.site.name, code=error.code)
        finally:
            if site_tab.met is not None:
                self.nursery.start_soon(self._watch_over, site_tab)
            else:
                self._lay_by(site_tab)
            self._release_slot()

    async def _watch_over(self, site_tab: SiteTab) -> None:
        """Keep a tab where the site asks for the person, and notice when that is over."""
        mended = False
        try:
            mended = await wait_for_person(site_tab, self.health, self.limits, self.show)
        except (RelayError, BaseExceptionGroup) as raised:
            error = sole_error(raised)
            if not isinstance(error, RelayError):
                raise
            site_tab.doubtful = True
            self.health.look_now()
            _log.info("watch_ended", site=self.provider.site.name, code=error.code)
        finally:
            site_tab.met = None
            site_tab.spend()
            self._lay_by(site_tab)
        if mended:
            self.health.mended()

    def _lay_by(self, site_tab: SiteTab) -> None:
        if site_tab.usable:
            self._idle.append(site_tab)
        else:
            self._discard(site_tab)
