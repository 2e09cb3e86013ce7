"""Fetch the answers of turns that an earlier run of the service left on their way.

Best from the tab that was left with them, where its browser lives on: there the answer is still coming in.
Else their chats are opened in a tab like any other's, and only while no turn waits for that tab.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext

import attrs
import structlog
import trio
from structlog.contextvars import bound_contextvars

from cdp_relay.chat.answers import Answers
from cdp_relay.chat.desk import Desk, ProfileBrowser
from cdp_relay.chat.left_answer import LeftAnswer
from cdp_relay.chat.left_tabs import TabNotes
from cdp_relay.chat.measures import Measures
from cdp_relay.chat.opening import open_conversation
from cdp_relay.chat.record import Journal, LeftTurn
from cdp_relay.chat.sharing import SharedTurn
from cdp_relay.chat.usage import TokenCounter
from cdp_relay.chat.vocabulary import Step
from cdp_relay.errors import (
    AnswerBlocked,
    AnswerLost,
    BrowserError,
    GenerationFailed,
    OutputInvalid,
    RelayError,
    ShuttingDown,
    ToolCallInvalid,
)
from cdp_relay.nursery import sole_error
from cdp_relay.page import RenderedText, Tab, open_tab

__all__ = ["Recovery"]

_log = structlog.stdlib.get_logger("cdp_relay.recovery")

_PARTY = "recovery"
_KNOWN_SECONDS = 3.0
"""How long the service's start may wait for the journal to say what was left."""
_INTERRUPTIONS = 3
"""How often the reading gives its tab away to turns that wait for one."""

_PATIENCE = 10
"""How many times ``limits.recover_seconds`` a chat may take to show an answer."""

_SURE_SECONDS = 15.0
"""Between two looks at a chat that is loaded anew: no site is silent for so long in what it writes."""

_OF_NO_USE = (OutputInvalid, ToolCallInvalid)
"""What is said of an answer that was read."""

_OWN_WORD = (*_OF_NO_USE, AnswerBlocked, GenerationFailed)
"""What is said of the answer itself; everything else only means that it was not seen."""


@attrs.define(eq=False, kw_only=True)
class Recovery:
    """Brings every turn that was left to its end. Run by ``open_relay``."""

    desks: Mapping[str, Desk]
    notes: TabNotes
    journal: Journal
    answers: Answers
    counter: TokenCounter
    measures: Measures
    wanted: bool = True
    """Whether pages are looked at; what was left is lost otherwise."""
    _known: trio.Event = attrs.field(factory=trio.Event, init=False)

    async def known(self) -> None:
        """Wait until what was left can be joined by those who ask for it again, though not for ever."""
        with trio.move_on_after(_KNOWN_SECONDS):
            await self._known.wait()

    async def run(self) -> None:
        """Recover what was left, and close the tabs that were left; returns when that is done."""
        left = await self.journal.left_turns()
        self.notes.claimed = {turn.tab for turn in left if turn.tab is not None}
        taken = [self._take_up(turn) for turn in left]
        self._known.set()
        await self._clear_tabs()
        async with trio.open_nursery() as nursery:
            for answer, shared in taken:
                nursery.start_soon(self._recover, answer, shared)
        self.notes.claimed.clear()
        await self._clear_tabs()

    def _take_up(self, turn: LeftTurn) -> tuple[LeftAnswer, SharedTurn]:
        answer = LeftAnswer(
            turn=turn, record=self.journal.resume(turn), counter=self.counter, measures=self.measures
        )
        shared = self.answers.begin(turn.request, answer.delivery, answer.scope.cancel)
        # It was wanted once, and costs the site nothing more; to ask anew would send it twice.
        shared.finishes = shared.was_sent = True
        return answer, shared

    async def _recover(self, answer: LeftAnswer, shared: SharedTurn) -> None:
        with bound_contextvars(request=answer.turn.request.id):
            try:
                with answer.scope:
                    await self._bring_home(answer)
                if answer.scope.cancelled_caught:
                    answer.stop()
            except Exception as raised:
                # The edge of the component: a bug costs this turn alone.
                _log.error("recovery_bug", exc_info=raised)
                answer.lose("A bug in CDP Relay kept its answer from being fetched.")
            finally:
                self.answers.ended(shared)

    async def _bring_home(self, answer: LeftAnswer) -> None:
        turn = answer.turn
        desk = self.desks.get(turn.desk)
        if desk is None:
            answer.lose(f"{turn.desk} is not offered any more, so its answer was not fetched.")
        elif not self.wanted:
            answer.lose("Its answer was not fetched, as journal.recover is off.", desk.provider)
        elif not turn.request.messages:
            answer.lose("Its texts are not kept (journal.content), so its answer cannot be.", desk.provider)
        elif not desk.provider.site.answer.turn:
            answer.lose(
                f"The relay cannot read answers off {desk.provider.site.title}'s page.", desk.provider
            )
        else:
            await self._read(answer, desk)

    async def _read(self, answer: LeftAnswer, desk: Desk) -> None:
        seconds = desk.pool.limits.total_seconds
        why = f"Its answer was not whole after {seconds:g} s."
        with trio.move_on_after(seconds):
            try:
                why = await self._read_where_it_was(answer, desk) or await self._read_in_its_chat(
                    answer, desk
                )
            except _OWN_WORD as error:
                answer.fail(error)
            except ShuttingDown:
                return  # the next start goes on with it
            except RelayError as error:
                why = error.message
        if not answer.over:
            answer.lose(why, desk.provider)

    # --- the tab that was left

    async def _read_where_it_was(self, answer: LeftAnswer, desk: Desk) -> str:
        """Read the answer in the tab that the prompt was sent from, if it is still there.

        Returns:
          Why there is no use in looking at the chat in another tab; mostly nothing.
        """
        browser, target, why = desk.browser, answer.turn.tab, ""
        if target is None:
            return ""
        living = await browser.supervisor.browser(timeout=browser.settings.start_seconds)
        if target not in self.notes.left(living):
            return ""
        try:
            # Until it is of no use any more it stays noted, should this service be ended as well.
            async with open_tab(
                living.connection, browser_context_id=browser.context, target_id=target, close=False
            ) as tab:
                if self._shows_its_chat(tab, answer, desk):
                    answer.timeline.reach(Step.OPENED, chat="left", recovered=True)
                    seconds = desk.pool.limits.total_seconds
                    shown = await answer.look(tab, desk.provider, seconds=seconds, its_own=True)
                    answer.tell(shown, desk.provider)
        except (RelayError, BaseExceptionGroup) as raised:
            error = sole_error(raised)
            if not isinstance(error, RelayError) or isinstance(error, (ShuttingDown, *_OF_NO_USE)):
                raise error from None
            _log.info("left_tab_of_no_use", site=desk.name, code=error.code)
            why = error.message if answer.url(desk.provider) is None else ""
        if self.notes.claimed is not None:
            self.notes.claimed.discard(target)
        await self.notes.clear(living)
        # What a page shows that is loaded anew may be more.
        return why

    def _shows_its_chat(self, tab: Tab, answer: LeftAnswer, desk: Desk) -> bool:
        provider, known = desk.provider, answer.conversation_id
        at = provider.conversation_at(tab.url)
        if known is not None and at is not None and at != provider.id_in_address(known):
            return False
        return provider.is_home(tab.url)

    # --- the chat, in another tab

    async def _read_in_its_chat(self, answer: LeftAnswer, desk: Desk) -> str:
        """Open the chat and read the answer there.

        A chat that is loaded anew while the site still writes may show nothing yet, or a part that looks
        whole. So it is opened until it shows the same answer twice.

        Returns:
          Why there is no answer.
        """
        if answer.over:
            return ""
        url, id_ = answer.url(desk.provider), answer.conversation_id
        if url is None or id_ is None:
            return (
                f"{desk.provider.site.title} had not named its chat yet."
                if answer.turn.submitted
                else "Nobody saw whether its prompt left, and its chat has no name."
            )
        seconds = desk.pool.limits.recover_seconds
        pause = min(seconds, _SURE_SECONDS)
        until = trio.current_time() + (seconds * _PATIENCE if answer.turn.submitted else pause)
        before: RenderedText | None = None
        while True:
            why = ""
            try:
                shown = await self._look_at(answer, desk, url, id_)
            except (ShuttingDown, *_OWN_WORD):
                raise
            except RelayError as error:
                shown, why = None, error.message
            if shown is not None and before is not None and shown.markdown == before.markdown:
                answer.tell(shown, desk.provider)
                return ""
            if shown is None and trio.current_time() >= until:
                return why
            await trio.sleep(pause)
            pause *= 1 if shown is not None else 2
            before = shown

    async def _look_at(self, answer: LeftAnswer, desk: Desk, url: str, id_: str) -> RenderedText:
        """Look at the chat in a tab, which turns that wait for one get first, though not for ever."""
        for interruption in range(_INTERRUPTIONS + 1):
            patient = interruption == _INTERRUPTIONS
            shown = await self._look_once(answer, desk, url, id_, patient=patient)
            if shown is not None:
                break
        else:
            raise AnswerLost(f"Other requests wanted the tabs of {desk.provider.site.title}.")
        return shown

    async def _look_once(
        self, answer: LeftAnswer, desk: Desk, url: str, id_: str, *, patient: bool
    ) -> RenderedText | None:
        """Look at the chat; None when the tab was given away before its answer was whole."""
        pool, shown = desk.pool, None
        async with pool.lease(answer.timeline, party=_PARTY) as site_tab:
            answer.timeline.reach(Step.LEASED, tab=site_tab.tab.target_id, turns=site_tab.turns)
            try:
                with nullcontext() if patient else pool.while_unwanted():
                    await open_conversation(site_tab, url, id_, pool.limits)
                    answer.timeline.reach(Step.OPENED, chat="reopened", recovered=True)
                    seconds = pool.limits.total_seconds
                    shown = await answer.look(site_tab.tab, desk.provider, seconds=seconds, its_own=False)
            except RelayError as error:
                site_tab.doubtful = isinstance(error, BrowserError)
                raise
        return shown

    # --- tabs

    async def _clear_tabs(self) -> None:
        """Close what was left in browsers that are up; those of others are closed once they are."""
        for browser in self._browsers():
            living = browser.supervisor.current
            if living is not None:
                await self.notes.clear(living)

    def _browsers(self) -> Iterable[ProfileBrowser]:
        return {id(desk.browser): desk.browser for desk in self.desks.values()}.values()
