"""Whether a page still does what it is told."""

from __future__ import annotations

from cdp_relay.cdp import protocol
from cdp_relay.errors import BrowserError
from cdp_relay.page import Tab

__all__ = ["page_answers"]

_SECONDS = 3.0
"""A page that is only busy answers sooner; one whose script loops for ever would cost its next turn all the
time that opening a page may take."""


async def page_answers(tab: Tab) -> bool:
    """Whether a page answers; costs one command."""
    try:
        await tab.session.execute(protocol.Runtime.evaluate("0"), timeout=_SECONDS)
    except BrowserError:
        return False
    return True
