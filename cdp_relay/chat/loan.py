"""A tab that somebody holds, for turns to run on while he looks on: an examination, a recording."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import attrs

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.desk import Desk
from cdp_relay.chat.opening import Readiness, SiteTab, make_ready, open_chat
from cdp_relay.chat.record import TurnRecord
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.turn import Turn
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Step
from cdp_relay.errors import RelayError
from cdp_relay.nursery import open_nursery
from cdp_relay.page import Tab

__all__ = ["Loan", "run_on_tab"]

BeforeSending = Callable[[str], Awaitable[None]]


async def _at_once(_: str) -> None:
    """Hold nothing up."""


def _unheard(_: ChatEvent) -> None:
    """Take no note of an event."""


@attrs.define(eq=False, kw_only=True)
class Loan:
    """An empty tab of a site, apart from those that its turns share. Made by ``Relay.loan``."""

    desk: Desk
    site_tab: SiteTab
    _turn_of: Callable[[ChatRequest], Turn]

    @property
    def tab(self) -> Tab:
        """The tab; it stands at ``about:blank`` until :meth:`open`."""
        return self.site_tab.tab

    @property
    def provider(self) -> Provider:
        """The site."""
        return self.desk.provider

    @property
    def browser_version(self) -> str:
        """As the browser has it: ``156.0.8078.79``."""
        return self.desk.browser.status.version or "unknown"

    @property
    def has_window(self) -> bool:
        """Whether a person can see it."""
        return self.desk.browser.has_window

    async def show(self) -> None:
        """Bring the tab before the person, where there is a window."""
        await self.desk.browser.show(self.tab)

    async def go(self) -> None:
        """Lead the tab to a new chat, whatever the page shows there.

        Raises:
          SiteError, BrowserError: the page did not open.
        """
        await open_chat(self.site_tab, self.provider.new_chat_url(None), self.desk.pool.limits)

    async def open(self) -> Readiness:
        """Lead the tab to a new chat, and wait until it can be used; the next turn finds it so.

        Raises:
          SiteError, BrowserError: the page did not open, or something stands in its way.
        """
        await self.go()
        return await make_ready(self.site_tab, self.desk.pool.limits)

    def ask(
        self,
        request: ChatRequest,
        *,
        before_sending: BeforeSending = _at_once,
        on_event: Callable[[ChatEvent], None] = _unheard,
    ) -> AbstractAsyncContextManager[Turn]:
        """Run a turn on the tab, as :func:`run_on_tab` does; the request's label has to lead to its site."""
        turn = self._turn_of(request)
        return run_on_tab(turn, self.site_tab, before_sending=before_sending, on_event=on_event)


@asynccontextmanager
async def run_on_tab(
    turn: Turn,
    site_tab: SiteTab,
    *,
    before_sending: BeforeSending = _at_once,
    on_event: Callable[[ChatEvent], None] = _unheard,
) -> AsyncGenerator[Turn, None]:
    """Run a turn on a tab that the caller holds; its ``delivery`` tells the events, and raises its error.

    The block may end before the turn: leaving it waits for the turn's end, after which the page is at rest.

    Args:
      before_sending: awaited once, with the prompt, when that stands in the composer and is about to leave.
      on_event: told of each event in the moment in which it is, whether or not anybody reads.
    """
    turn.pool = _OneTab(site_tab)
    turn.record = _Watched(turn.record, before_sending, on_event)
    async with open_nursery() as nursery:
        nursery.start_soon(turn.run)
        yield turn


@attrs.frozen
class _OneTab:
    """Stands in for the pool of a turn that works on one tab."""

    site_tab: SiteTab

    @asynccontextmanager
    async def lease(
        self, timeline: Timeline, *, party: str = "", chat: str | None = None
    ) -> AsyncGenerator[SiteTab, None]:
        timeline.reach(Step.QUEUED, position=0)
        yield self.site_tab

    @contextmanager
    def while_unwanted(self) -> Generator[None, None, None]:
        yield


@attrs.define(eq=False)
class _Watched:
    """A turn's record that holds the turn up before its prompt leaves; a correction is not held up."""

    record: TurnRecord
    before_sending: BeforeSending
    on_event: Callable[[ChatEvent], None]

    def routed(self, desk: str, model: str | None) -> None:
        self.record.routed(desk, model)

    def event(self, event: ChatEvent) -> None:
        self.record.event(event)
        self.on_event(event)

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        await self.record.sending(prompt, conversation_id)
        before, self.before_sending = self.before_sending, _at_once
        await before(prompt)

    def ended(self, state: str, error: RelayError | None = None) -> None:
        self.record.ended(state, error)
