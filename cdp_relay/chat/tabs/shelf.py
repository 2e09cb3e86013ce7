"""Which of the tabs that stand unused is lent to whom.

Sans-IO: whether a tab is fresh depends on the time, and is asked of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import attrs

from cdp_relay.chat.opening import SiteTab

__all__ = ["Shelf"]


@attrs.define(eq=False)
class Shelf:
    """Tabs that nobody uses, those that were laid by last at the end."""

    _tabs: list[SiteTab] = attrs.field(factory=list, init=False)

    def __len__(self) -> int:
        return len(self._tabs)

    def __contains__(self, site_tab: SiteTab) -> bool:
        return site_tab in self._tabs

    @property
    def standing(self) -> int:
        """How many stand in a held chat."""
        return sum(tab.chat is not None for tab in self._tabs)

    def lay_by(self, site_tab: SiteTab) -> None:
        """Take in a tab that nobody uses any more."""
        self._tabs.append(site_tab)

    def remove(self, site_tab: SiteTab) -> bool:
        """Take a tab away; False when somebody uses it."""
        if site_tab not in self._tabs:
            return False
        self._tabs.remove(site_tab)
        return True

    def take(
        self,
        chat: str | None,
        *,
        is_fresh: Callable[[SiteTab], bool],
        has_room: bool,
        wanted: Collection[str] = (),
    ) -> SiteTab | None:
        """Take the tab for a turn, or None when one should be opened for it.

        The tab that stands in its chat comes first, then one that stands in none. One that stands in
        another chat is the last resort, as that chat then has to be opened again.

        Args:
          chat: the held chat that the turn goes on with.
          is_fresh: whether a tab is ready at a new chat.
          has_room: whether another tab may be opened.
          wanted: chats whose next turn waits already.
        """
        if chat is not None:
            for tab in self._tabs:
                if tab.chat == chat:
                    return self._taken(tab)
        free = [tab for tab in self._tabs if tab.chat is None]
        if free:
            # The last used first, so that those which are not needed come of age. A turn that goes to an
            # old chat has no use for a fresh tab while there are others.
            return self._taken(max(reversed(free), key=lambda tab: is_fresh(tab) is (chat is None)))
        if has_room or not self._tabs:
            return None
        return self._taken(min(self._tabs, key=lambda tab: tab.chat in wanted))

    def spare(self) -> SiteTab:
        """Take the tab that is missed least."""
        free = [tab for tab in self._tabs if tab.chat is None]
        return self._taken((free or self._tabs)[0])

    def _taken(self, site_tab: SiteTab) -> SiteTab:
        self._tabs.remove(site_tab)
        return site_tab
