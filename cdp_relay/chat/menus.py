"""The sites' own menus of models: looked up when somebody asks, and learned from as turns open them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import trio

from cdp_relay.chat.controls import look_up_items
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.desk import Desk
from cdp_relay.chat.health import SiteMemory
from cdp_relay.chat.offers import SeenModels, seen_models
from cdp_relay.chat.opening import make_ready, open_chat, step_limit
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import RequestId, Step
from cdp_relay.page import MenuItem

__all__ = ["learn_menu", "look_up_menu"]


async def look_up_menu(desk: Desk, memory: SiteMemory) -> None:
    """Open a site's menu of models on a tab, and remember all that it offers; nothing is sent.

    Raises:
      UnsupportedValue: it has no such menu.
      RelayError: no tab could be opened, its page did not open, or its menu did not.
    """
    pool = desk.pool
    timeline = Timeline(RequestId(f"models-{desk.name}"), Delivery())
    async with pool.lease(timeline) as site_tab:
        await open_chat(site_tab, pool.provider.new_chat_url(None), pool.limits)
        await make_ready(site_tab, pool.limits)
        with step_limit(pool.provider, Step.READY, pool.limits.controls_seconds, "controls_seconds"):
            items = await look_up_items(site_tab)
    memory.menus[desk.name] = _read(desk, items)
    await trio.to_thread.run_sync(memory.write, memory.news())


def learn_menu(desk: Desk, memory: SiteMemory, items: Sequence[MenuItem]) -> None:
    """Add what a turn saw of a menu, which need not be all of it."""
    before, now = memory.menus.get(desk.name), _read(desk, items)
    memory.menus[desk.name] = now if before is None else before.joined(now)


def _read(desk: Desk, items: Sequence[MenuItem]) -> SeenModels:
    found = [(item.name, item.text, not item.disabled, item.why) for item in items]
    return seen_models(desk.provider.site, found, round(time.time(), 3))
