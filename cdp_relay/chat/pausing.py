"""A tab on which the site asks for the person: shown once, left alone, and watched until that is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from cdp_relay.chat.contract import Provider, StateRule, StepLimits
from cdp_relay.chat.health import SiteHealth, needs_person
from cdp_relay.chat.opening import SiteTab, make_ready, open_chat
from cdp_relay.chat.registry import error_class
from cdp_relay.errors import SiteError
from cdp_relay.page import Tab, find_state, visible_count, watch_clear

__all__ = ["Show", "no_show", "wait_for_person"]

_STEADY_SECONDS = 1.0
"""How long the page has to look usable: while one loads, the composer may come before a dialog does."""

Show = Callable[[Tab], Awaitable[None]]


async def no_show(tab: Tab) -> None:
    """Show a tab to nobody, as there is no window."""
    del tab


async def wait_for_person(site_tab: SiteTab, health: SiteHealth, limits: StepLimits, show: Show) -> bool:
    """Wait until the state that a tab met is over; True when the page was seen to be usable again.

    What only the wire said is looked for on the page once, by loading it anew. Returns as well when the
    state turned out to be over elsewhere.

    Raises:
      BrowserError, or a group of it: the tab was lost, so nobody watches any more.
    """
    met, provider = site_tab.met, site_tab.provider
    rules = _rules(provider)
    if met is not None and not await _stands_in_the_way(site_tab, rules):
        site_tab.spend()
        try:
            await open_chat(site_tab, provider.new_chat_url(None), limits)
            await make_ready(site_tab, limits)
        except SiteError as shown:
            if not needs_person(shown):
                raise
        else:
            # What stood on the page is gone from it; what the wire said may still be so.
            return "state" in met.details
    # A sign-in may go through a window of its own.
    site_tab.tab.keep_popups = True
    try:
        await show(site_tab.tab)
        return await _until_over(site_tab, health, rules)
    finally:
        site_tab.tab.keep_popups = False


async def _until_over(site_tab: SiteTab, health: SiteHealth, rules: tuple[StateRule, ...]) -> bool:
    selectors = site_tab.provider.site.selectors
    usable = False

    async def until_over_elsewhere() -> None:
        while health.paused:
            await health.changed()
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(until_over_elsewhere)
        needed = (selectors.composer, selectors.signed_in)
        await watch_clear(site_tab.tab, rules, needed, steady_seconds=_STEADY_SECONDS)
        usable = True
        nursery.cancel_scope.cancel()
    return usable


async def _stands_in_the_way(site_tab: SiteTab, rules: tuple[StateRule, ...]) -> bool:
    tab, provider = site_tab.tab, site_tab.provider
    if not provider.is_home(tab.url) or await find_state(tab, rules) is not None:
        return True
    return not await visible_count(tab, provider.site.selectors.composer)


def _rules(provider: Provider) -> tuple[StateRule, ...]:
    """The states of the page that need the person."""
    return tuple(
        rule
        for rule in provider.site.states
        if (kind := error_class(rule.code)) is not None and needs_person(kind(""))
    )
