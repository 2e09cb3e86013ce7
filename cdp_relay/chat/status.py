"""What a relay says of itself: the models it lists, where a label leads, how the sites are.

Frozen values only, so that every door can show them without touching a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from cdp_relay.chat.drift import DriftSeen
from cdp_relay.chat.labels import DEFAULT_PROFILE, desk_name

if TYPE_CHECKING:
    # By type alone: commands that only list models start without what drives a browser.
    from cdp_relay.chat.tabs.statistics import PoolStatistics

__all__ = ["BrowserStatus", "ModelInfo", "ModelRest", "RelayStatus", "Route", "SiteStatus"]


@attrs.frozen(kw_only=True)
class ModelInfo:
    """One entry of the model list."""

    id: str
    """``SITE``, ``SITE@PROFILE``, each with ``/MODEL`` or without, or the name of a chain; what a client
    sends as ``model``."""
    site: str
    """The site, with its profile where that is a further one; ``chain`` for a chain."""
    title: str
    created: int
    """Unix seconds; the same value for as long as the service runs."""
    source: str = "definition"
    """Who says that there is such a model: ``definition``, ``site`` (its own menu had it) or ``both``."""
    seen_at: float | None = None
    """When the site's menu had it, in unix seconds."""
    available: bool | None = None
    """Whether that menu let it be chosen; None where it was not seen there."""
    state: str = "unknown"
    """The site's state, as in :attr:`SiteStatus.state`."""


@attrs.frozen(kw_only=True)
class Route:
    """Where a model label leads."""

    site: str
    profile: str = DEFAULT_PROFILE
    """The browser profile whose sign-in is used."""
    model: str | None
    """The site's own model that was asked for, or None where the site chooses."""
    by_default: bool
    """The label names no site, so the default site takes it."""
    effort: str | None = None
    """The effort that the label names."""
    honours: frozenset[str] = frozenset()
    """The wishes that are met: by the site's page (the names of its ``controls``), or by the relay itself."""
    chain: str = ""
    """The chain that the label names; where the site can't take work, another one of it is asked."""

    @property
    def desk(self) -> str:
        """The site, with its profile where that is a further one."""
        return desk_name(self.site, self.profile)

    @property
    def name(self) -> str:
        """What the label stands for, without the model: the chain, or else the desk."""
        return self.chain or self.desk


@attrs.frozen(kw_only=True)
class BrowserStatus:
    """The browser, as the supervisor sees it."""

    profile: str = DEFAULT_PROFILE
    """Which of the profiles it is."""
    state: str
    """``unused`` (no request has needed it yet), ``starting``, ``up``, ``restarting`` or ``down``."""
    version: str | None = None
    generation: int = 0
    """Rises with every start."""
    headless: bool | None = None
    owned: bool | None = None
    """False for a browser that somebody else started."""
    pid: int | None = None


@attrs.frozen(kw_only=True)
class ModelRest:
    """A model whose allowance is used up, while the site goes on with others."""

    model: str
    """Empty for the one that the site chooses when none is asked for."""
    until: float
    """Unix seconds."""
    message: str = ""


@attrs.frozen(kw_only=True)
class SiteStatus:
    """One site, as far as is known without asking it."""

    name: str
    """With the profile where that is a further one, as labels have it."""
    title: str
    profile: str = DEFAULT_PROFILE
    """The browser profile whose sign-in is used."""
    state: str
    """``unknown`` (never opened), ``ready``, ``busy``, ``signed_out``, ``account_chooser``, ``challenge``,
    ``consent_needed``, ``account_blocked``, ``cooling_down``, ``drift`` or ``unavailable``."""
    message: str = ""
    """A sentence for a person; empty where the state says it all."""
    next_step: str = ""
    """What a person can do about it."""
    needs_person: bool = False
    """Whether only the person can end the state."""
    resting_models: tuple[ModelRest, ...] = ()
    drifts: tuple[DriftSeen, ...] = ()
    """What of the site no longer fits its definition, as the turns since the start met it, latest first."""
    until: float | None = None
    """When the state is expected to end, in unix seconds, where that is known."""
    tabs: int = 0
    busy: int = 0
    """Tabs that are answering."""
    waiting: int = 0
    """Requests that wait for a tab."""
    pool: PoolStatistics | None = None
    """All that is counted of its tabs and its queue."""
    next_at: float | None = None
    """When the site's pace lets the next prompt go, in unix seconds; None when that is now."""
    ready: bool = False
    """Whether a request can be taken now; a busy site with room in its queue is ready."""


@attrs.frozen(kw_only=True)
class RelayStatus:
    """The whole service."""

    browser: BrowserStatus
    """The one of the default profile."""
    browsers: tuple[BrowserStatus, ...] = ()
    """Those of all profiles, the default one first."""
    sites: tuple[SiteStatus, ...]
    uptime_seconds: float
