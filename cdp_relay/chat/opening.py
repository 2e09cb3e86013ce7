"""Lead a tab to a new chat that is ready to take a prompt."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import attrs
import structlog
import trio

from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.interruptions import shown_error
from cdp_relay.chat.vocabulary import Drift, Step
from cdp_relay.errors import (
    AttachmentRefused,
    ConversationNotFound,
    PageNavigated,
    RelayError,
    SelectorDrift,
    SiteTimeout,
)
from cdp_relay.page import Control, Tab, find_control, find_state, visible_count

__all__ = [
    "Readiness",
    "SiteTab",
    "chat_name",
    "make_ready",
    "open_chat",
    "open_conversation",
    "step_limit",
]

_log = structlog.stdlib.get_logger("cdp_relay.tabs")

_STILL_SECONDS = 1.0
"""An old chat that has not changed for so long is whole. Measured elsewhere on ChatGPT: three looks at
250 ms were not enough for large ones."""

_MOST_NOTICES = 5
_NOTICE_SECONDS = 2.0

_SIGNED_IN_SECONDS = 5.0
"""How long the sign of a signed-in page may lag behind the composer."""


@attrs.define(eq=False)
class SiteTab:
    """A tab that works for one site."""

    tab: Tab
    provider: Provider
    turns: int = 0
    doubtful: bool = False
    """Set when nobody can say what the page is doing: such a tab is closed, never used again."""
    controls: set[str] = attrs.field(factory=set, init=False)
    """Controls that turns have set, and that nothing has put back since."""
    failed_rungs: set[str] = attrs.field(factory=set, init=False)
    """Ways of putting a prompt in that did not work: an editor that rewrites one text does so with the
    next, and an agent's next is as long."""
    chat: str | None = None
    """The held chat that the page stands in, whole and at rest; None where it is another, or nobody knows."""
    lent: bool = False
    """Whether one holder makes it ready for the turns that run on it, so that no time makes that old."""
    met: RelayError | None = None
    """What the site asks of the person on this tab, which stays where it is until that is over."""
    _fresh_url: str | None = attrs.field(default=None, init=False)
    _fresh_at: float = attrs.field(default=0.0, init=False)

    @property
    def usable(self) -> bool:
        """Whether the tab can take a turn."""
        return not self.doubtful and not self.tab.gone.is_set()

    def is_fresh(self, url: str, seconds: float) -> bool:
        """Whether the tab has stood, unused, at this new-chat address for less than *seconds*."""
        return self._fresh_url == url and (self.lent or trio.current_time() - self._fresh_at < seconds)

    def freshen(self, url: str) -> None:
        """Note that the tab stands at a new chat."""
        self._fresh_url, self._fresh_at = url, trio.current_time()

    def spend(self) -> None:
        """Note that what the tab shows is about to change."""
        self._fresh_url = self.chat = None


@contextmanager
def step_limit(
    provider: Provider, step: Step, seconds: float, name: str
) -> Generator[trio.CancelScope, None, None]:
    """Bound a step of a turn.

    Args:
      name: of the limit, for the message.

    Raises:
      SiteTimeout: the block took longer.
    """
    with trio.move_on_after(seconds) as scope:
        yield scope
    if scope.cancelled_caught:
        raise SiteTimeout(
            f"{provider.site.title} did not get to {step.value!r} within {seconds:g} s (limits.{name}).",
            details={"site": provider.site.name, "step": step.value, "seconds": seconds},
        )


async def open_chat(site_tab: SiteTab, url: str, limits: StepLimits) -> bool:
    """Lead the tab to *url*; False when it stood there already, unused.

    Raises:
      SiteTimeout, SiteError, BrowserError: the page did not open.
    """
    if site_tab.is_fresh(url, limits.fresh_seconds):
        return False
    site_tab.spend()
    with step_limit(site_tab.provider, Step.OPENED, limits.open_seconds, "open_seconds"):
        await site_tab.tab.navigate(url, timeout=limits.open_seconds)
    site_tab.freshen(url)
    return True


@attrs.frozen(kw_only=True)
class Readiness:
    """A composer that can be used."""

    composer_rank: int
    """Which of the definition's alternatives matched, from 0; several builds of a page are alive at once."""
    drift: tuple[Drift, ...] = ()
    """What of the definition no longer fits the page."""
    dismissed: int = 0
    """How many notices were pressed away."""


async def open_conversation(site_tab: SiteTab, url: str, id_: str, limits: StepLimits) -> Readiness:
    """Lead the tab to a chat that the site keeps, and wait until its old messages stand still.

    A page that still fills in an old chat may wipe what is typed meanwhile.

    Raises:
      ConversationNotFound: the site says so, or leads to another page.
      SiteError, BrowserError: as :func:`open_chat` and :func:`make_ready`.
    """
    provider = site_tab.provider
    missing = ConversationNotFound(
        f"{provider.site.title} does not show the chat {id_!r}: it is gone, or belongs to another account.",
        param="chat",
        details={"site": provider.site.name},
    )
    site_tab.spend()
    with step_limit(provider, Step.OPENED, limits.open_seconds, "open_seconds"):
        await site_tab.tab.navigate(url, timeout=limits.open_seconds)
    try:
        readiness = await make_ready(site_tab, limits)
    except (SelectorDrift, PageNavigated):
        if not await _stands_at(site_tab, id_, 0.0):
            raise missing from None
        raise
    if not await _stands_at(site_tab, id_, limits.ready_seconds):
        raise missing
    return readiness


async def chat_name(site_tab: SiteTab, seconds: float) -> str | None:
    """Wait until the page's address names the chat; None when it does not."""
    provider, tab = site_tab.provider, site_tab.tab
    with tab.watch_url() as addresses, trio.move_on_after(seconds):
        name = provider.conversation_at(tab.url)
        while name is None:
            name = provider.conversation_at(await anext(addresses))
        return name
    return None


async def _stands_at(site_tab: SiteTab, id_: str, seconds: float) -> bool:
    """Whether the page shows that chat, and its messages, once these have come to rest."""
    provider = site_tab.provider
    turns = list(provider.site.answer.turn)
    id_ = provider.id_in_address(id_)
    seen = await site_tab.tab.world.wait("settledThread", id_, turns, _STILL_SECONDS * 1000, seconds=seconds)
    return isinstance(seen, dict) and seen["here"] and (seen["turns"] > 0 or not turns or not seconds)


async def make_ready(site_tab: SiteTab, limits: StepLimits) -> Readiness:
    """Wait until the composer can be used, and nothing stands in its way.

    Raises:
      SiteError: a state that the definition names (signed out, challenge, ...), or no composer.
      PageNavigated: the site led the tab somewhere else.
    """
    tab, provider = site_tab.tab, site_tab.provider
    selectors = provider.site.selectors
    with step_limit(provider, Step.READY, limits.ready_seconds + 1, "ready_seconds"):
        dismissed = await _dismiss_notices(site_tab, limits.ready_seconds)
        composer = await _look_for(tab, selectors.composer, limits.ready_seconds)
        if isinstance(composer, SelectorDrift):
            # Whatever shows after all that time will not clear by itself any more.
            await _refuse_states(site_tab, passing=True)
            if not provider.is_home(tab.url):
                raise PageNavigated(
                    f"{provider.site.title} led the tab away from its chat page.",
                    details={"site": provider.site.name},
                )
            raise composer
        await _refuse_states(site_tab)
        drift: tuple[Drift, ...] = ()
        if selectors.signed_in and not await visible_count(tab, selectors.signed_in):
            sign = await _look_for(tab, selectors.signed_in, _SIGNED_IN_SECONDS)
            if isinstance(sign, SelectorDrift):
                await _refuse_states(site_tab)
                # No sign of being signed out either: the definition is old, the page may be fine.
                drift = (Drift(kind="selector", detail="signed_in: no alternative matches"),)
    return Readiness(composer_rank=composer.rank, drift=drift, dismissed=dismissed)


async def _dismiss_notices(site_tab: SiteTab, seconds: float) -> int:
    """Press away what only informs, until the composer can be used; says how many were pressed."""
    selectors = site_tab.provider.site.selectors
    if not selectors.dismiss:
        return 0
    tab = site_tab.tab
    for count in range(_MOST_NOTICES):
        found = await tab.world.wait(
            "composerOrNotice", list(selectors.composer), list(selectors.dismiss), seconds=seconds
        )
        notice = found["notice"] if isinstance(found, dict) else None
        if notice is None:
            return count
        _log.info("notice_dismissed", site=site_tab.provider.site.name, label=notice["label"])
        await tab.mouse.click(notice["x"], notice["y"])
        await tab.world.wait("noticeGone", seconds=_NOTICE_SECONDS)
    return _MOST_NOTICES


async def _look_for(tab: Tab, selectors: tuple[str, ...], seconds: float) -> Control | SelectorDrift:
    """Find a control, or what is to be said of its absence once the reason is known."""
    try:
        return await find_control(tab, selectors, timeout=seconds)
    except SelectorDrift as missing:
        return missing


async def _refuse_states(site_tab: SiteTab, *, passing: bool = False) -> None:
    """Raise what the page shows now.

    Args:
      passing: also the states that often clear by themselves, which are left to the watcher otherwise.
    """
    rules = tuple(
        rule
        for rule in site_tab.provider.site.states
        # What the page says of a file is about one of an unsent message, or of an earlier one.
        if (passing or not rule.after_seconds) and rule.code != AttachmentRefused.code
    )
    rule = await find_state(site_tab.tab, rules) if rules else None
    if rule is not None:
        raise await shown_error(site_tab.tab, site_tab.provider, rule)
