"""Lends the tabs of one site to turns."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import Protocol

import attrs
import structlog
import trio
from structlog.contextvars import unbind_contextvars

from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.health import SiteHealth, needs_person
from cdp_relay.chat.opening import SiteTab, make_ready, open_chat
from cdp_relay.chat.pausing import Show, no_show, wait_for_person
from cdp_relay.chat.tabs.answering import page_answers
from cdp_relay.chat.tabs.queue import TurnQueue
from cdp_relay.chat.tabs.shelf import Shelf
from cdp_relay.chat.tabs.statistics import PoolStatistics
from cdp_relay.chat.tabs.waiting import WaitingRoom
from cdp_relay.chat.tabs.weight import page_megabytes
from cdp_relay.chat.timeline import Timeline
from cdp_relay.errors import RelayError
from cdp_relay.nursery import sole_error
from cdp_relay.page import Tab

__all__ = ["TabPool", "Tabs"]

_log = structlog.stdlib.get_logger("cdp_relay.tabs")

OpenTab = Callable[[], AbstractAsyncContextManager[Tab]]


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
class _Stay:
    """What keeps a tab open."""

    closing: trio.Event = attrs.field(factory=trio.Event)
    unused: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Its deadline is when an unused tab is closed."""


async def _spare_any(tab: Tab) -> bool:
    del tab
    return True


@attrs.define(eq=False)
class TabPool:
    """Leases the tabs of one site to turns; parties take turns, each in the order of its requests.

    A tab is opened when it is first needed, led to a new chat when its turn is over (so that the next
    turn finds it ready) or left in a chat that is to go on, and closed when its state is in doubt, when
    nobody has used it for long, and when its page has grown too big. What fails in that is never a turn's
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
    drops: bool = False
    """Whether a full queue drops one that waits for one that comes."""
    queue_seconds: float = 300.0
    idle_seconds: float = 0.0
    """How long a tab may stand unused; 0 closes none for that."""
    memory_mb: float = 0.0
    """How much a page may hold after a turn; 0 never asks."""
    weigh: Callable[[Tab], Awaitable[float | None]] = page_megabytes
    answers: Callable[[Tab], Awaitable[bool]] = page_answers
    """Whether a tab that stood unused still does what it is told."""
    can_spare: Callable[[Tab], Awaitable[bool]] = _spare_any
    """Whether an unused tab may be closed; it is, then."""
    health: SiteHealth = attrs.field(factory=lambda: SiteHealth(name="site"))
    """Learns from errors met while a tab is made ready; while it waits for the person, idle tabs are left
    where they are."""
    show: Show = no_show
    """Brings a tab before the person."""
    _room: WaitingRoom = attrs.field(init=False)
    _shelf: Shelf = attrs.field(factory=Shelf, init=False)
    _stays: dict[SiteTab, _Stay] = attrs.field(factory=dict, init=False)
    """Every open tab."""
    _watched: set[SiteTab] = attrs.field(factory=set, init=False)
    """Those that wait for the person, and take no turns."""
    _too_big: set[SiteTab] = attrs.field(factory=set, init=False)
    """Those that were found too big when their next turn had begun."""
    _opening: int = attrs.field(default=0, init=False)
    _opened: int = attrs.field(default=0, init=False)
    _closed_tabs: int = attrs.field(default=0, init=False)
    _unused: int = attrs.field(default=0, init=False)
    _recycled: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        queue = TurnQueue(self.size, self.queue, self.drops)
        self._room = WaitingRoom(self.provider.site.title, queue, self.queue_seconds, self.nursery)

    @property
    def statistics(self) -> PoolStatistics:
        """How full the pool is."""
        queue = self._room.queue
        return PoolStatistics(
            size=self.size,
            tabs=len(self._stays),
            busy=queue.running,
            waiting=len(queue),
            parties=queue.parties,
            standing=self._shelf.standing,
            turn_seconds=queue.turn_seconds,
            opened=self._opened,
            closed=self._closed_tabs,
            unused=self._unused,
            recycled=self._recycled,
            refused=queue.refused,
            dropped=queue.dropped,
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
          QueueFull: too many turns wait already; or this one had to make room for another.
          QueueTimeout: no tab came free in time.
          BrowserError: no tab could be opened.
        """
        ticket = await self._room.enter(timeline, party, chat)
        site_tab: SiteTab | None = None
        try:
            site_tab = await self._take(chat)
            site_tab.turns += 1
            yield site_tab
        finally:
            self._room.finish(ticket)
            self._give_back(site_tab)

    def while_unwanted(self) -> AbstractContextManager[None]:
        """Run the block only until a turn waits for a tab; for what is nice to have."""
        return self._room.while_empty()

    def close(self) -> None:
        """Close all tabs and refuse whoever waits; running turns are left to their own end."""
        self._room.close()
        for stay in self._stays.values():
            stay.closing.set()

    # --- the tabs

    async def _take(self, chat: str | None) -> SiteTab:
        while True:
            site_tab = self._shelf.take(
                chat,
                is_fresh=self._is_fresh,
                has_room=self._open_tabs < self.size,
                wanted=self._room.queue.wanted_chats if self._shelf.standing else (),
            )
            if site_tab is None:
                return await self._open()
            if site_tab.usable and await self._is_alive(site_tab):
                if site_tab.chat is not None and site_tab.chat != chat:
                    site_tab.spend()
                return site_tab
            self._discard(site_tab)

    async def _is_alive(self, site_tab: SiteTab) -> bool:
        """Whether a tab off the shelf can be lent; it is back there when nobody waits for the answer."""
        self._stays[site_tab].unused.deadline = math.inf
        try:
            answers = await self.answers(site_tab.tab)
        except BaseException:
            self._lay_by(site_tab)
            raise
        if not answers:
            _log.info("tab_hangs", site=self.provider.site.name)
        return answers and site_tab.usable

    def _is_fresh(self, site_tab: SiteTab) -> bool:
        return site_tab.is_fresh(self.provider.new_chat_url(None), self.limits.fresh_seconds)

    @property
    def _open_tabs(self) -> int:
        """How many tabs take turns, or are about to."""
        staying = sum(
            not stay.closing.is_set() for tab, stay in self._stays.items() if tab not in self._watched
        )
        return staying + self._opening

    async def _open(self) -> SiteTab:
        self._opening += 1
        try:
            site_tab: SiteTab = await self.nursery.start(self._hold)
        finally:
            self._opening -= 1
        return site_tab

    async def _hold(self, task_status: trio.TaskStatus[SiteTab]) -> None:
        """Own one tab from its opening to its closing."""
        unbind_contextvars("request")  # it outlives the turn that it was opened for
        stay = _Stay()
        site_tab: SiteTab | None = None
        try:
            async with self.open_tab() as tab:
                site_tab = SiteTab(tab, self.provider)
                self._stays[site_tab] = stay
                self._opened += 1
                task_status.started(site_tab)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._notice_loss, site_tab)
                    await self._until_closed(site_tab, stay)
                    nursery.cancel_scope.cancel()
        except (RelayError, BaseExceptionGroup) as raised:
            error = sole_error(raised)
            if site_tab is None or not isinstance(error, RelayError):
                raise error from None
            # The tab was lost or would not close: the turn that used it has been told by the tab itself.
            _log.info("tab_lost", site=self.provider.site.name, code=error.code)
        finally:
            if site_tab is not None:
                del self._stays[site_tab]
                self._too_big.discard(site_tab)
                self._closed_tabs += 1

    async def _until_closed(self, site_tab: SiteTab, stay: _Stay) -> None:
        """Wait until the tab is to be closed, or nobody has used it for long."""
        while not stay.closing.is_set():
            with stay.unused:
                await stay.closing.wait()
            if stay.closing.is_set():
                return
            stay.unused = trio.CancelScope()
            # Somebody may have taken it in the moment of its deadline.
            if self._shelf.remove(site_tab):
                if await self.can_spare(site_tab.tab):
                    _log.info("tab_unused", site=self.provider.site.name, seconds=self.idle_seconds)
                    self._unused += 1
                    stay.closing.set()
                else:
                    self._lay_by(site_tab)

    async def _notice_loss(self, site_tab: SiteTab) -> None:
        """Let go of an unused tab that is closed by hand or dies; others are found lost by who uses them."""
        await site_tab.tab.gone.wait()
        if self._shelf.remove(site_tab):
            self._discard(site_tab)

    def _give_back(self, site_tab: SiteTab | None) -> None:
        if site_tab is None or self._room.closed:
            self._room.release()
        elif not site_tab.usable:
            self._discard(site_tab)
            self._room.release()
        elif site_tab.met is not None:
            self._watched.add(site_tab)
            self.nursery.start_soon(self._watch_over, site_tab)
            self._room.release()
        elif site_tab in self._too_big:
            self._recycle(site_tab)
            self._room.release()
        elif not self._is_to_be_renewed(site_tab):
            # Whoever waits, or comes later, leads the tab where it needs it.
            if not self.memory_mb:
                self._lay_by(site_tab)
                self._room.release()
            elif len(self._room.queue):
                self.nursery.start_soon(self._weigh_for_next, site_tab)
            else:
                self._lay_by(site_tab)
                self._room.release()
                self.nursery.start_soon(self._weigh_unused, site_tab)
        else:
            self.nursery.start_soon(self._renew, site_tab)

    def _is_to_be_renewed(self, site_tab: SiteTab) -> bool:
        goes_on = len(self._room.queue) or site_tab.chat is not None
        return not (goes_on or self.health.paused or not self.limits.fresh_seconds)

    def _discard(self, site_tab: SiteTab) -> None:
        stay = self._stays.get(site_tab)
        if stay is not None:
            stay.closing.set()

    async def _renew(self, site_tab: SiteTab) -> None:
        """Lead a used tab to a new chat, or a new tab in place of one that has grown too big; the slot stays
        taken for that time."""
        renewed: SiteTab | None = site_tab
        try:
            if await self._is_too_big(site_tab):
                self._recycle(site_tab)
                renewed = None
                renewed = site_tab = await self._open()
            await open_chat(site_tab, self.provider.new_chat_url(None), self.limits)
            await make_ready(site_tab, self.limits)
        except RelayError as error:
            site_tab.spend()
            self.health.failed(error)
            if needs_person(error):
                site_tab.met = error
            _log.info("tab_not_renewed", site=self.provider.site.name, code=error.code)
        finally:
            if renewed is not None and renewed.met is not None:
                self._watched.add(renewed)
                self.nursery.start_soon(self._watch_over, renewed)
            elif renewed is not None:
                self._lay_by(renewed)
            self._room.release()

    async def _watch_over(self, site_tab: SiteTab) -> None:
        """Keep a tab where the site asks for the person, and notice when that is over."""
        unbind_contextvars("request")  # whoever sends the next one may end it
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
            self._watched.discard(site_tab)
            self._lay_by(site_tab)
            # Others were opened while this one stood aside.
            while self._open_tabs > self.size and len(self._shelf):
                self._discard(self._shelf.spare())
        if mended:
            self.health.mended()

    def _lay_by(self, site_tab: SiteTab) -> None:
        stay = self._stays.get(site_tab)
        if stay is None or not site_tab.usable:
            self._discard(site_tab)
            return
        self._shelf.lay_by(site_tab)
        if self.idle_seconds:
            stay.unused.deadline = trio.current_time() + self.idle_seconds

    # --- their pages' memory

    async def _is_too_big(self, site_tab: SiteTab) -> bool:
        if not self.memory_mb:
            return False
        megabytes = await self.weigh(site_tab.tab)
        if megabytes is None or megabytes <= self.memory_mb:
            return False
        _log.info("tab_too_big", site=self.provider.site.name, megabytes=round(megabytes))
        return True

    async def _weigh_for_next(self, site_tab: SiteTab) -> None:
        """Lay a tab by, unless it has grown too big, and let the next turn have its slot."""
        too_big = False
        try:
            too_big = await self._is_too_big(site_tab)
        finally:
            if too_big:
                self._recycle(site_tab)
            else:
                self._lay_by(site_tab)
            self._room.release()

    async def _weigh_unused(self, site_tab: SiteTab) -> None:
        """Close a tab that has grown too big; after its turn, if the next one has it already."""
        if not await self._is_too_big(site_tab):
            return
        if self._shelf.remove(site_tab):
            self._recycle(site_tab)
        elif site_tab in self._stays:
            self._too_big.add(site_tab)

    def _recycle(self, site_tab: SiteTab) -> None:
        self._recycled += 1
        self._discard(site_tab)
