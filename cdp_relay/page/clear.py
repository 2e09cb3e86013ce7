"""Wait until nothing stands in a page's way any more, and read what stood there."""

from __future__ import annotations

from collections.abc import Sequence

from cdp_relay.errors import CommandTimeout, PageNavigated
from cdp_relay.page.probe import StateLike, plain_rule
from cdp_relay.page.tab import Tab

__all__ = ["state_text", "watch_clear"]

_WATCH_SECONDS = 20.0
"""One watch in the page. It bounds what a watcher that nobody stopped leaves behind."""


async def watch_clear(
    tab: Tab,
    rules: Sequence[StateLike],
    needed: Sequence[Sequence[str]],
    *,
    steady_seconds: float,
) -> None:
    """Wait until no rule's state shows and what is needed is visible; over all navigations, for any time.

    Args:
      needed: groups of selectors; of each group that is not empty, one has to have a visible match.
      steady_seconds: how long the page has to stay so.

    Raises:
      BrowserError: the tab ended.
    """
    plain = [plain_rule(rule) for rule in rules]
    groups = [list(group) for group in needed]
    while True:
        try:
            clear = await tab.world.wait(
                "untilClear", plain, groups, steady_seconds * 1000, seconds=_WATCH_SECONDS
            )
        except (PageNavigated, CommandTimeout):
            # A person at work on the page: it goes from one document to the next, or loads slowly.
            if tab.gone_error is not None:
                raise tab.gone_error from None
            continue
        if clear:
            return


async def state_text(tab: Tab, rule: StateLike) -> str:
    """The text of the element by which a state is seen; empty when there is none any more."""
    text = await tab.world.look("stateText", plain_rule(rule), timeout=5.0)
    return text if isinstance(text, str) else ""
