"""Where a site's work is done: one site in one browser profile, with all that the relay has for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs

from cdp_relay.cdp import protocol
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.drift import DriftRecord
from cdp_relay.chat.health import SiteHealth
from cdp_relay.chat.left_tabs import TabNotes
from cdp_relay.chat.pacing import Pacer
from cdp_relay.chat.status import BrowserStatus
from cdp_relay.chat.tabs import TabPool
from cdp_relay.chrome import Supervisor
from cdp_relay.errors import BrowserError
from cdp_relay.page import Tab, open_tab
from cdp_relay.settings import ChromeSettings

__all__ = ["Desk", "ProfileBrowser"]


@attrs.frozen(kw_only=True, eq=False)
class ProfileBrowser:
    """The browser of one profile, as the desks use it."""

    profile: str
    supervisor: Supervisor
    settings: ChromeSettings
    context: str | None = None
    """The browser context that all tabs are opened in; None for the profile's own."""
    _leaving: set[str] = attrs.field(factory=set, init=False)
    """Pages that are about to be closed."""
    notes: TabNotes = attrs.field(factory=TabNotes)
    """Which tabs are ours, over restarts."""

    @property
    def has_window(self) -> bool:
        """Whether a person can see it."""
        browser = self.supervisor.current
        return not (self.settings.headless if browser is None else browser.headless)

    @property
    def status(self) -> BrowserStatus:
        """How it is, as the supervisor sees it."""
        browser = self.supervisor.current
        return BrowserStatus(
            profile=self.profile,
            state=self.supervisor.state,
            generation=self.supervisor.generation,
            version=browser.version if browser else None,
            headless=browser.headless if browser else None,
            owned=browser.owned if browser else None,
            pid=browser.pid if browser else None,
        )

    @asynccontextmanager
    async def open_tab(self) -> AsyncGenerator[Tab, None]:
        """Open a tab in the living browser, waiting for it when it has to be started."""
        browser = await self.supervisor.browser(timeout=self.settings.start_seconds)
        await self.notes.clear(browser)
        async with open_tab(browser.connection, browser_context_id=self.context) as tab:
            with self.notes.noted(browser, tab.target_id):
                yield tab

    async def can_spare(self, tab: Tab) -> bool:
        """Whether a tab may be closed, which then has to be done: with the last one, a browser that has
        windows ends. One that the relay has started keeps a page for that.
        """
        browser = self.supervisor.current
        if browser is None or browser.owned:
            return True
        try:
            pages = {page.target_id for page in await browser.connection.targets.list_pages()}
        except BrowserError:
            return True  # it is going away with all its tabs
        self._leaving.intersection_update(pages)
        if pages <= self._leaving | {tab.target_id}:
            return False
        self._leaving.add(tab.target_id)
        return True

    async def show(self, tab: Tab) -> None:
        """Bring a tab before the person, where there is a window."""
        if self.has_window:
            await tab.session.execute(protocol.Page.bring_to_front())


@attrs.frozen(kw_only=True, eq=False)
class Desk:
    """One site in one profile: its tabs, its pace, its health, and what of it has drifted."""

    name: str
    """As labels have it: ``chatgpt``, and ``chatgpt@work`` in a further profile."""
    provider: Provider
    browser: ProfileBrowser
    pool: TabPool
    pacer: Pacer
    health: SiteHealth
    drifts: DriftRecord

    @property
    def site(self) -> str:
        """The site's name, without the profile."""
        return self.provider.site.name
