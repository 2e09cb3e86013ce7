"""Where a turn may be answered: a desk, with what the request's label means there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from cdp_relay.chat.desk import Desk
from cdp_relay.chat.offers import SeenModels
from cdp_relay.chat.status import Route
from cdp_relay.page import MenuItem

__all__ = ["Place"]


@attrs.frozen(kw_only=True, eq=False)
class Place:
    """One of the places that a turn may be answered at; most have only one."""

    desk: Desk
    route: Route
    temporary: bool = False
    """Whether the settings want a temporary chat, for a request that does not say."""
    seen_models: SeenModels | None = None
    """What the site's menu of models had when it was last open."""
    learn_models: Callable[[Sequence[MenuItem]], None] = lambda _: None
    """Told of what the menu of models has, where it had to be opened."""
