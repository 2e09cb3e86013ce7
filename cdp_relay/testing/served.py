"""A site at its true address, and the ways to it: the browser, a page, the relay."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from cdp_relay.cdp import Connection, open_connection
from cdp_relay.chat import ChatRequest, Message, RequestId, Role, TextPart
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.page import Tab, open_tab
from cdp_relay.recording.serving import Site
from cdp_relay.settings import (
    ChatSettings,
    ChromeSettings,
    Home,
    LimitSettings,
    Settings,
    SiteSettings,
)
from cdp_relay.testing.chromium import ChromiumProcess
from cdp_relay.testing.reply import Reply

if TYPE_CHECKING:
    from cdp_relay.testing.service import RunningService

__all__ = ["ServedSite"]

_CONTEXT_SECONDS = 30.0
"""A machine full of tests is slow at this, and that is nobody's failure."""

_numbers = itertools.count(1)


@attrs.define(eq=False, kw_only=True)
class ServedSite:
    """A site that answers at its true address, and the browser that finds it there.

    Whatever is opened has a browser context of its own: other cookies, storage and caches than the next.
    """

    name: str
    """What a model label calls the site."""
    site: Site
    origin: str
    chrome: ChromiumProcess
    """Drive it with whatever speaks DevTools: ``chrome.ws_url``, ``chrome.http_url``."""
    home: Home
    """Where relays of this site keep what they keep."""

    def use_providers(self, folder: str | Path) -> None:
        """Let relays know the site by the files in a folder, such as ``mysite.toml`` and ``mysite.py``."""
        shutil.copytree(folder, self.home.providers, dirs_exist_ok=True)

    @asynccontextmanager
    async def open_context(self) -> AsyncGenerator[tuple[Connection, str], None]:
        """A DevTools connection and a browser context that goes with the block."""
        async with open_connection(self.chrome.ws_url) as connection:
            options = {"disposeOnDetach": True}
            made = await connection.root.call(
                "Target.createBrowserContext", options, timeout=_CONTEXT_SECONDS
            )
            context: str = made["browserContextId"]
            yield connection, context
            gone = {"browserContextId": context}
            await connection.root.call("Target.disposeBrowserContext", gone, timeout=_CONTEXT_SECONDS)

    @asynccontextmanager
    async def open_page(self, path: str = "/") -> AsyncGenerator[Tab, None]:
        """A page of the site, loaded.

        Raises:
          SiteError: it could not be loaded.
        """
        async with self.open_context() as (connection, context):
            url = self.origin + path
            async with open_tab(connection, url=url, browser_context_id=context) as tab:
                yield tab

    @asynccontextmanager
    async def open_relay(
        self, *, settings: Settings | None = None, limits: LimitSettings | None = None
    ) -> AsyncGenerator[Relay, None]:
        """A relay that offers this site alone, and spares it nothing.

        Args:
          settings: instead of those; the browser is this one in any case.
          limits: time limits, such as short ones for a site that is to fail.

        Raises:
          SettingsError: a setting or a provider's file is wrong.
        """
        settings = settings or Settings(
            chat=ChatSettings(sites=(self.name,)),
            # A page that is opened ahead of the next question is one more than anybody asked for.
            limits=attrs.evolve(limits or LimitSettings(), fresh_seconds=0.0),
            sites={self.name: SiteSettings(gap_seconds=0, per_hour=0)},
        )
        settings = attrs.evolve(settings, chrome=ChromeSettings(attach=self.chrome.http_url))
        async with (
            self.open_context() as (_, context),
            open_relay(settings, self.home, browser_context_id=context) as relay,
        ):
            yield relay

    def open_service(
        self, *, settings: Settings | None = None, limits: LimitSettings | None = None
    ) -> AbstractContextManager[RunningService]:
        """The relay's HTTP service over such a relay, for any client; a plain ``with`` block.

        It runs on a thread of its own, so that a test which is not asynchronous can use it.
        """
        from cdp_relay.testing.service import run_service  # a server is much to load for those who need none

        return run_service(partial(self.open_relay, settings=settings, limits=limits))

    async def ask(self, text: str, *, relay: Relay | None = None, model: str = "") -> Reply:
        """Ask one question through the whole relay, and listen to the end.

        Args:
          relay: one that is open; one is opened for this question when left out.
          model: a label, where the site's name is not enough.

        Raises:
          RelayError: there is no (whole) answer.
        """
        if relay is None:
            async with self.open_relay() as opened:
                return await self.ask(text, relay=opened, model=model)
        request = ChatRequest(
            id=RequestId(f"test-{next(_numbers)}"),
            model=model or self.name,
            messages=(Message(role=Role.USER, parts=(TextPart(text),)),),
        )
        reply = Reply()
        async with aclosing(relay.ask(request)) as events:
            async for event in events:
                reply.events.append(event)
        return reply
