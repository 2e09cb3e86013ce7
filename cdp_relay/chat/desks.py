"""Open the desks: for each site in each profile its tabs, its pace and its health."""

from __future__ import annotations

import attrs
import trio

from cdp_relay.chat.contract import Pacing, Provider, StepLimits
from cdp_relay.chat.desk import Desk, ProfileBrowser
from cdp_relay.chat.drift import DriftRecord
from cdp_relay.chat.health import SiteMemory
from cdp_relay.chat.labels import desk_name
from cdp_relay.chat.pacing import Pacer
from cdp_relay.chat.tabs import TabPool
from cdp_relay.settings import LimitSettings, Settings

__all__ = ["open_desk"]


def open_desk(
    provider: Provider, browser: ProfileBrowser, settings: Settings, memory: SiteMemory, tabs: trio.Nursery
) -> Desk:
    """Make one desk; nothing is opened before the first request needs it.

    Args:
      tabs: owns the desk's tabs.
    """
    site = provider.site.name
    name = desk_name(site, browser.profile)
    health = memory.health(name)
    health.has_window = lambda: browser.has_window
    pool = TabPool(
        provider=provider,
        open_tab=browser.open_tab,
        nursery=tabs,
        limits=_limits(provider, settings.limits),
        size=settings.site(site).tabs or settings.chat.tabs,
        queue=settings.chat.queue,
        drops=settings.chat.when_full == "drop",
        queue_seconds=settings.limits.queue_seconds,
        idle_seconds=settings.chat.idle_tab_seconds,
        memory_mb=settings.chat.tab_memory_mb,
        can_spare=browser.can_spare,
        health=health,
        show=browser.show,
    )
    pacer = Pacer(
        site=name,
        title=provider.site.title,
        pace=memory.pace(name, _pacing(provider, settings)),
        longest_seconds=settings.limits.queue_seconds,
    )
    return Desk(
        name=name,
        provider=provider,
        browser=browser,
        pool=pool,
        pacer=pacer,
        health=health,
        drifts=DriftRecord(name),
    )


def _pacing(provider: Provider, settings: Settings) -> Pacing:
    """The site's own pace, with what the user set over it."""
    own, chosen = provider.site.pacing, settings.site(provider.site.name)
    return Pacing(
        gap_seconds=own.gap_seconds if chosen.gap_seconds is None else chosen.gap_seconds,
        per_hour=own.per_hour if chosen.per_hour is None else chosen.per_hour,
    )


def _limits(provider: Provider, settings: LimitSettings) -> StepLimits:
    """The site's own limits, with those that the user set over them."""
    names = {field.name for field in attrs.fields(StepLimits)}
    chosen = {
        name: value for name, value in attrs.asdict(settings).items() if name in names and value is not None
    }
    return attrs.evolve(provider.site.limits, **chosen)
