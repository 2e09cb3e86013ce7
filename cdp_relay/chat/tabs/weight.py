"""How much memory a page holds."""

from __future__ import annotations

from cdp_relay.cdp import protocol
from cdp_relay.errors import BrowserError
from cdp_relay.page import Tab

__all__ = ["page_megabytes"]

_SECONDS = 2.0
"""A page that is at work answers when it is done; its next turn ends as well."""


async def page_megabytes(tab: Tab) -> float | None:
    """Ask for the memory of a page's scripts, document and buffers; None when it does not say.

    That is most of what its process takes: measured with 0.1 to 2 GB of objects, buffers, elements and
    text, 55 to 88 % of the process's own memory, the more of it the bigger (Chromium 156). Pages of a site
    that share a process answer for all of them.
    """
    try:
        usage = await tab.session.execute(protocol.Runtime.get_heap_usage(), timeout=_SECONDS)
    except BrowserError:
        return None
    # An older browser knows of the scripts' part only.
    parts = (usage.used_size, usage.embedder_heap_used_size, usage.backing_storage_size)
    return sum(part or 0.0 for part in parts) / 1e6
