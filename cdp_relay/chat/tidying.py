"""Put away, on the sites' own pages, the chats that the relay began and that are out of use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import attrs
import structlog
import trio

from cdp_relay.chat.begun import BegunChat, BegunChats
from cdp_relay.chat.contract import StepLimits
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.desk import Desk
from cdp_relay.chat.opening import SiteTab, open_conversation
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import RequestId
from cdp_relay.errors import ControlFailed, ConversationNotFound, RelayError
from cdp_relay.page import click_control

__all__ = ["Tidier", "put_away_chat"]

_log = structlog.stdlib.get_logger("cdp_relay.chats")

_GAP_SECONDS = 20.0
"""Between two chats: nothing waits for it, and a site need not be hurried."""
_AGAIN_SECONDS = 3600.0
"""How soon at the earliest a chat that could not be put away is tried again."""
_PRESS_SECONDS = 6.0
_LEFT_SECONDS = 10.0
"""How long a page may take to leave a chat that is put away."""


async def put_away_chat(site_tab: SiteTab, how: str, conversation_id: str, limits: StepLimits) -> None:
    """Archive or delete a chat that the site keeps; *how* is ``archive`` or ``delete``.

    Raises:
      ConversationNotFound: there is no such chat any more.
      SelectorDrift, ControlFailed: the page does not do it.
      SiteError, BrowserError: the chat's page did not open.
    """
    provider, tab = site_tab.provider, site_tab.tab
    url = provider.conversation_url(conversation_id)
    if url is None or how not in provider.site.tidy:
        raise ControlFailed(f"{provider.site.title} has no way to {how} a chat that the relay knows of.")
    await open_conversation(site_tab, url, conversation_id, limits)
    with tab.watch_url() as addresses:
        for step in provider.site.tidy[how].steps:
            await click_control(tab, step, timeout=_PRESS_SECONDS)
        with trio.move_on_after(_LEFT_SECONDS) as patience:
            while provider.conversation_at(tab.url) is not None:
                await anext(addresses)
    if patience.cancelled_caught:
        raise ControlFailed(f"{provider.site.title} was told to {how} the chat, and still shows it.")


@attrs.define(eq=False)
class Tidier:
    """Does so one chat at a time, when it is due, on a tab that is lent like any other."""

    how: str
    chats: BegunChats
    desks: Mapping[str, Desk]
    forget: Callable[[str, str], None] = lambda _desk, _id: None
    """Told of each chat that is about to be put away, by its desk and id, so that no turn goes on with it."""
    is_held: Callable[[str, str], bool] = lambda _desk, _id: False
    """Whether a turn is at work in a chat."""
    clock: Callable[[], float] = time.time
    """Unix seconds."""
    gap_seconds: float = _GAP_SECONDS
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)

    async def note(self, desk: str, conversation_id: str, *, begun: bool) -> None:
        """A turn in a chat is over.

        Args:
          begun: whether the turn began it; a chat of the person's own is never put away.
        """
        can = self.how in self.desks[desk].provider.site.tidy
        if can and self.chats.used(BegunChat(desk, conversation_id), self.clock(), begun=begun):
            self._news.set()
            await self._write()

    async def run(self) -> None:
        """Put away what falls out of use, for as long as the relay runs."""
        await trio.to_thread.run_sync(self.chats.load)
        while True:
            self._news = trio.Event()
            due = self.chats.next_at()
            seconds = float("inf") if due is None else max(0.0, due - self.clock())
            with trio.move_on_after(seconds):
                await self._news.wait()
            chat = self.chats.take(self.clock())
            if chat is None:
                continue
            if chat.desk in self.desks:
                await self._put_away(chat, self.desks[chat.desk])
            await self._write()
            await trio.sleep(self.gap_seconds)

    async def _put_away(self, chat: BegunChat, desk: Desk) -> None:
        id_, health = chat.conversation_id, desk.health
        health.thaw()
        if health.paused or health.cool_down is not None or self.is_held(chat.desk, id_):
            self._put_off(chat)
            return
        self.forget(chat.desk, id_)
        timeline = Timeline(RequestId(f"tidy-{desk.name}"), Delivery())
        try:
            async with desk.pool.lease(timeline, party="tidy") as site_tab:
                site_tab.spend()
                await put_away_chat(site_tab, self.how, id_, desk.pool.limits)
        except ConversationNotFound:
            _log.info("chat_gone", site=desk.name, conversation=id_)
        except RelayError as error:
            _log.warning(
                "chat_not_put_away", site=desk.name, conversation=id_, code=error.code, why=error.message
            )
            self._put_off(chat)
        else:
            _log.info("chat_put_away", site=desk.name, conversation=id_, how=self.how)

    def _put_off(self, chat: BegunChat) -> None:
        """Come back to it as if it had been used now, and not too soon."""
        now = self.clock()
        self.chats.used(chat, max(now, now + _AGAIN_SECONDS - self.chats.rest_seconds), begun=True)

    async def _write(self) -> None:
        await trio.to_thread.run_sync(self.chats.write, self.chats.document())
