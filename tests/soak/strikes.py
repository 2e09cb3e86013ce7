"""What goes wrong for everybody: processes killed, pages closed, sites in a state."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs
import psutil
import trio

from tests.sites.kit import ChatSite
from tests.soak.plan import STATES, Strike, StrikeKind
from tests.soak.service import Service

__all__ = ["Blow", "Striker"]

_STOPPED_SECONDS = 3.0


@attrs.define(eq=False)
class Blow:
    """A strike that was carried out."""

    strike: Strike
    began: float
    ended: float = float("inf")
    hit: str = ""
    """What it hit; empty when there was nothing to hit at that moment."""


@attrs.define(eq=False)
class Striker:
    """Carries out strikes. One at a time but for states, which last for as long as planned."""

    service: Service
    sites: Mapping[str, ChatSite[Any]]
    until_begun: Callable[[int], Awaitable[None]]
    """Waits until so many requests were begun."""
    blows: list[Blow] = attrs.field(factory=list, init=False)

    async def run(self, strikes: Sequence[Strike]) -> None:
        """Carry them out, each in its turn."""
        async with trio.open_nursery() as nursery:
            for strike in strikes:
                await self.until_begun(strike.at)
                await self.service.up()
                blow = Blow(strike, began=trio.current_time())
                self.blows.append(blow)
                if strike.kind is StrikeKind.STATE:
                    nursery.start_soon(self._hold_state, blow)
                    continue
                blow.hit = await self._strike(strike)
                blow.ended = trio.current_time()

    async def _hold_state(self, blow: Blow) -> None:
        strike, site = blow.strike, self.sites[blow.strike.site]
        site.state(strike.state, **STATES[strike.state])
        blow.hit = f"{strike.site}: {strike.state}"
        try:
            await self.until_begun(strike.until)
        finally:
            site.state("usual")
            blow.ended = trio.current_time()

    async def _strike(self, strike: Strike) -> str:
        match strike.kind:
            case StrikeKind.SERVICE_KILL | StrikeKind.SERVICE_STOP:
                return await self._restart_service(strike.kind)
            case StrikeKind.BROWSER_KILL | StrikeKind.BROWSER_STOPPED:
                return await self._strike_browser(strike.kind)
            case StrikeKind.RENDERER_KILL:
                return self._kill_renderer(strike)
            case StrikeKind.TAB_CLOSED:
                return await self._close_tab(strike)
            case _:
                return self._tell_page(strike)

    async def _restart_service(self, kind: StrikeKind) -> str:
        pid = self.service.pid
        await self.service.end("kill" if kind is StrikeKind.SERVICE_KILL else "terminate")
        await self.service.start()
        return f"pid {pid}, then {self.service.pid}"

    async def _strike_browser(self, kind: StrikeKind) -> str:
        browser = self.service.browser()
        if browser is None:
            return ""
        try:
            if kind is StrikeKind.BROWSER_KILL:
                browser.kill()
            else:
                browser.send_signal(signal.SIGSTOP)
                await trio.sleep(_STOPPED_SECONDS)
                browser.send_signal(signal.SIGCONT)
        except psutil.NoSuchProcess:
            return ""
        return f"pid {browser.pid}"

    def _kill_renderer(self, strike: Strike) -> str:
        browser = self.service.browser()
        if browser is None:
            return ""
        try:
            processes = browser.children(recursive=True)
            renderers = [one for one in processes if "--type=renderer" in one.cmdline()]
            if not renderers:
                return ""
            chosen = renderers[int(strike.luck * len(renderers))]
            chosen.kill()
        except psutil.Error:
            return ""
        return f"renderer {chosen.pid}, one of {len(renderers)}"

    async def _close_tab(self, strike: Strike) -> str:
        host = f"https://{self.sites[strike.site].hosts[0]}/"
        pages = [page for page in await self.service.pages() if page["url"].startswith(host)]
        if not pages:
            return ""
        page = pages[int(strike.luck * len(pages))]
        await self.service.close_page(page["id"])
        return f"{page['url']}, one of {len(pages)}"

    def _tell_page(self, strike: Strike) -> str:
        """Have all pages of a site do something of their own accord."""
        site = self.sites[strike.site]
        commands: dict[StrikeKind, tuple[str, dict[str, str]]] = {
            StrikeKind.TAB_LED_AWAY: ("navigate", {"url": f"https://{site.hosts[0]}/"}),
            StrikeKind.PAGE_LOOPS: ("loop", {}),
            StrikeKind.PAGE_ALERT: ("alert", {"text": "Hello from the soak."}),
        }
        name, details = commands[strike.kind]
        site.tell(name, **details)
        return f"{strike.site}: {name}"
