"""Keep sign-in pages out of recordings."""

from __future__ import annotations

from cdp_relay.chat.health import PERSON_STATES
from cdp_relay.chat.interruptions import state_error
from cdp_relay.chat.loan import Loan
from cdp_relay.errors import BrowserError, PageNavigated
from cdp_relay.nursery import open_nursery
from cdp_relay.page import watch_states

__all__ = ["watch_for_sign_in"]


async def watch_for_sign_in(loan: Loan) -> None:
    """Watch the tab of a recording; what this raises, nothing of the session may be kept after.

    Returns when the tab ends, which whoever works on it learns by himself.

    Raises:
      SiteError: the site asks the person to sign in, to choose an account, or to prove something.
      PageNavigated: the tab left the site.
    """
    async with open_nursery() as nursery:
        nursery.start_soon(_until_asked, loan)
        nursery.start_soon(_until_led_away, loan)


async def _until_asked(loan: Loan) -> None:
    provider = loan.provider
    rules = [rule for rule in provider.site.states if rule.code in PERSON_STATES]
    try:
        shown = await watch_states(loan.tab, rules)
    except BrowserError:
        return
    raise state_error(provider, shown)


async def _until_led_away(loan: Loan) -> None:
    provider = loan.provider
    try:
        with loan.tab.watch_url() as addresses:
            url = loan.tab.url
            # The relay leads a tab that it takes away from the site to an empty page.
            while provider.is_home(url) or not url.startswith(("https:", "http:")):
                url = await anext(addresses)
    except (BrowserError, StopAsyncIteration):
        return
    raise PageNavigated(
        f"The tab left {provider.site.title} while it was recorded, so nothing was kept.",
        details={"site": provider.site.name},
    )
