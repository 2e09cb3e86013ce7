"""A turn and the chat that it goes on in: found, opened and proven, told what is new, and kept for the next.

What the chats hold is known in :mod:`cdp_relay.chat.conversations`; this is one turn's use of it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import attrs
import trio

from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.conversations import (
    AnswerFacts,
    Claim,
    Contents,
    Conversations,
    HeldChat,
    MatchKind,
    ShownAnswer,
    read_units,
)
from cdp_relay.chat.exchange import Exchange
from cdp_relay.chat.opening import Readiness, SiteTab, make_ready, open_conversation
from cdp_relay.chat.place import Place
from cdp_relay.chat.plan import Plan, wants_temporary
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Message, Notice, Role
from cdp_relay.chat.wording import form_digest, tools_digest, word_continuation
from cdp_relay.errors import (
    ControlFailed,
    ConversationNotFound,
    ConversationTooLong,
    ModelUnavailable,
    PromptTooLong,
    RelayError,
    SelectorDrift,
    SubmitAmbiguous,
    SubmitFailed,
    UnsupportedValue,
)
from cdp_relay.page import read_last_turn

__all__ = ["ChatTie", "HeldChats", "Tail"]

_TAIL_SECONDS = 12.0
"""How long a turn waits until the one before it in its chat has left the page: it may have to stop the
answer there, or to hear the end of what follows one."""

_FULL = (ConversationTooLong, PromptTooLong)
"""What a site says of a chat that takes no more; some say it of the message."""

_GONE = (*_FULL, ConversationNotFound)
"""What will not be right in this chat again."""

_LEAVING = (*_GONE, ControlFailed, ModelUnavailable, SelectorDrift, UnsupportedValue)
"""What may be wrong with one chat, and be right in a new one."""


@attrs.define(eq=False)
class Tail:
    """What a turn still does on its page once its client has the answer."""

    _leisure: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    over: trio.Event = attrs.field(factory=trio.Event, init=False)

    @contextmanager
    def leisure(self) -> Generator[None, None, None]:
        """Run the block only until somebody wants the chat."""
        with self._leisure:
            yield

    def hurry(self) -> None:
        """Somebody wants it."""
        self._leisure.cancel()


@attrs.define(eq=False)
class HeldChats:
    """The chats of a relay, and the turns that are just leaving them."""

    conversations: Conversations
    tails: dict[str, Tail] = attrs.field(factory=dict)
    """By the chats' ids."""


@attrs.define(eq=False)
class ChatTie:
    """Ties one turn to its chat."""

    request: ChatRequest
    chats: HeldChats | None
    """None where each request gets a new chat."""
    claim: Claim | None = attrs.field(default=None, init=False)
    """The chat that the turn goes on in; None for a new one, or one that the request names."""
    _place: Place | None = attrs.field(default=None, init=False)
    _answer: AnswerFacts = attrs.field(factory=AnswerFacts, init=False)
    """What the client has been told of the answer."""
    _kept: HeldChat | None = attrs.field(default=None, init=False)
    """The chat as it is known once the turn has ended in it."""
    _tail: Tail | None = attrs.field(default=None, init=False)

    @property
    def chat(self) -> HeldChat | None:
        """The chat that is gone on with."""
        return None if self.claim is None else self.claim.chat

    @property
    def continued(self) -> int:
        """How many messages of the request are not said again."""
        return 0 if self.claim is None else self.claim.known_messages

    @property
    def stays(self) -> bool:
        """Whether the tab is to be left standing in the chat: agents, and conversations, go on."""
        return bool(self.request.tools) or any(
            message.role is Role.ASSISTANT for message in self.request.messages
        )

    def hear(self, event: ChatEvent) -> None:
        """Take what the client is told; on the hot path."""
        if self.chats is not None:
            self._answer.hear(event)

    # --- before the page

    def seek(self, place: Place) -> None:
        """Look for a chat that the request goes on in."""
        self.release()
        self._place = place
        if self.chats is None:
            return
        conversations, choice, desk = self.chats.conversations, self.request.chat, place.desk.name
        if choice.conversation_id is not None:
            # From here on that chat holds more than anybody has told the relay.
            conversations.forget_named(desk, choice.conversation_id)
        elif choice.temporary is not False:
            self.claim = conversations.claim(desk, self.request.messages, self._may_go_on)

    def _may_go_on(self, chat: HeldChat) -> bool:
        assert self._place is not None
        site, model = self._place.desk.provider.site, self._place.route.model
        if chat.temporary != wants_temporary(self.request, site, default=self._place.temporary):
            return False
        return chat.model == model or (model is not None and "model" in site.controls)

    def calls(self, own: CallProtocol | None) -> CallProtocol | None:
        """How calls stand in the chat: as it was taught, where it was.

        Args:
          own: the request's own way, for a new chat.
        """
        if own is None or self.claim is None or not self.claim.chat.contents.nonce:
            return own
        return CallProtocol(self.claim.chat.contents.nonce, own.tools, own.choice)

    def word(self, messages: Sequence[Message], calls: CallProtocol | None) -> str:
        """Render what the chat has to be told.

        Args:
          messages: those that are new.

        Raises:
          InvalidRequest, InvalidText: there is nothing to say, or it cannot be said.
        """
        assert self.claim is not None
        contents = self.claim.chat.contents
        return word_continuation(
            self.request,
            messages,
            calls,
            tools=contents.tools,
            form=contents.form,
            superseding=self.claim.kind is MatchKind.SUPERSEDING,
        )

    async def arrive(self) -> None:
        """Wait until the turn before this one has left the chat's page."""
        if self.chats is not None and self.chat is not None:
            tail = self.chats.tails.get(self.chat.id)
            if tail is not None:
                tail.hurry()
                with trio.move_on_after(_TAIL_SECONDS):
                    await tail.over.wait()

    # --- on the page

    async def open(self, site_tab: SiteTab, limits: StepLimits) -> tuple[str, Readiness]:
        """Have the tab show the chat, and see that it ends with the answer that it ended with.

        Returns:
          ``held`` where the tab stood in it, ``reopened`` where its address was opened; and the composer.

        Raises:
          ConversationNotFound: it is gone, or somebody has gone on in it.
          SiteError, BrowserError: as :func:`make_ready`.
        """
        chat, provider = self.chat, site_tab.provider
        assert chat is not None
        if site_tab.chat == chat.id and await self._is_shown(site_tab, proven=False):
            return "held", await make_ready(site_tab, limits)
        title, id_ = provider.site.title, chat.conversation_id
        if chat.temporary or chat.url is None or id_ is None:
            raise ConversationNotFound(f"The chat on {title} is no longer open, and cannot be opened again.")
        readiness = await open_conversation(site_tab, chat.url, id_, limits)
        if not await self._is_shown(site_tab, proven=True):
            raise ConversationNotFound(
                f"The chat {id_!r} on {title} does not end with the answer that it gave last."
            )
        return "reopened", readiness

    async def _is_shown(self, site_tab: SiteTab, *, proven: bool) -> bool:
        """Whether the page shows the chat as it was left.

        Args:
          proven: False is enough where nobody knows what the answer looks like.
        """
        chat, provider = self.chat, site_tab.provider
        assert chat is not None
        if not provider.site.answer.turn:
            return True
        turn = await read_last_turn(site_tab.tab, provider.site.answer)
        if not _is_at(chat, provider, turn.address) or turn.head is None or turn.tail is None:
            return False
        shown = chat.contents.shown
        return not proven if shown is None else shown.is_shown_by(turn.head, turn.tail)

    def leaves(self, error: BaseException, exchange: Exchange | None) -> bool:
        """Whether the turn goes on in a new chat after *error*: only while the site has taken nothing of it.

        A prompt that the site refuses because the chat is full, or gone, was not taken.
        """
        if self.claim is None or not isinstance(error, _LEAVING):
            return False
        if exchange is None or not exchange.may_have_sent:
            return True
        return isinstance(error, _GONE) and not exchange.reader.text_chars and not exchange.reader.files

    def leave(self, error: RelayError) -> Notice:
        """Give the chat up, and say so for the client; one that is gone or full is known no more."""
        if isinstance(error, _GONE):
            self.lose()
        self.release()
        code = "chat_full" if isinstance(error, _FULL) else "chat_not_continued"
        return Notice(code=code, message=f"A new chat with the whole conversation was begun: {error.message}")

    # --- afterwards

    def release(self) -> None:
        """The turn is over, or goes elsewhere; a chat that was told nothing is as it was."""
        if self.claim is not None and self.chats is not None and self._kept is None:
            self.chats.conversations.release(self.claim)
        self.claim = None

    def keep(
        self, plan: Plan, calls: CallProtocol | None, last: Exchange, conversation_id: str | None
    ) -> None:
        """The prompt has left, and the answer is whole or will not become it: note what the chat holds now.

        Args:
          calls: how they stand in the chat.
          last: the exchange whose answer the page shows last.
          conversation_id: what the site calls the chat.
        """
        if self.chats is None or self._kept is not None or self.request.chat.conversation_id is not None:
            return
        assert self._place is not None
        conversations, claim, desk = self.chats.conversations, self.claim, self._place.desk
        units = read_units(self.request.messages) if claim is None else claim.units
        url = (
            None
            if conversation_id is None or plan.temporary
            else desk.provider.conversation_url(conversation_id)
        )
        if (
            not units
            or units[-1].role is Role.ASSISTANT
            or self._answer.lost
            or (url is None and not self.stays)
        ):
            self.lose()
            return
        contents = self._contents(calls, last)
        answer = None if self._answer.is_empty else self._answer.key()
        if claim is None:
            if answer is None:
                return
            self._kept = conversations.begin(
                desk.name,
                contents.grown(units, 0, answer),
                conversation_id=conversation_id,
                url=url,
                model=self._place.route.model,
                temporary=plan.temporary,
            )
        else:
            self._kept = claim.chat
            grown = contents.grown(units, claim.known, answer)
            conversations.grown(claim, grown, conversation_id, url)
        self._tail = self.chats.tails[self._kept.id] = Tail()

    def _contents(self, calls: CallProtocol | None, last: Exchange) -> Contents:
        """What the chat knows beside the conversation."""
        before = Contents() if self.chat is None else self.chat.contents
        tools = before.tools if self.request.tools else ""
        if calls is not None and calls.callable_names:
            tools = tools_digest(self.request)
        text = last.reader.text
        return attrs.evolve(
            before,
            nonce=before.nonce if calls is None else calls.nonce,
            tools=tools,
            form=form_digest(self.request),
            shown=ShownAnswer.of(text, text) if text else None,
        )

    def lose(self) -> None:
        """Nobody knows what the chat holds by now."""
        if self.claim is not None and self.chats is not None:
            self.chats.conversations.forget(self.claim.chat)
            self.claim = None

    def broke_off(
        self, error: BaseException | None, plan: Plan, calls: CallProtocol | None, exchange: Exchange
    ) -> None:
        """The turn failed or was stopped once its prompt may have left.

        Args:
          error: why; None where it was stopped.
        """
        if isinstance(error, SubmitAmbiguous):
            self.lose()
        elif not isinstance(error, SubmitFailed) and not exchange.refused:
            self.keep(plan, calls, exchange, exchange.reader.conversation_id)

    @contextmanager
    def leisure(self) -> Generator[None, None, None]:
        """Run the block only until another turn wants to go on in the chat."""
        if self._tail is None:
            yield
        else:
            with self._tail.leisure():
                yield

    def stand(self, site_tab: SiteTab) -> None:
        """The page is at rest in the chat."""
        if self._kept is not None and self.stays and site_tab.usable:
            site_tab.chat = self._kept.id

    def gone(self) -> None:
        """The turn has left its tab."""
        if self._tail is not None and self._kept is not None and self.chats is not None:
            self._tail.over.set()
            if self.chats.tails.get(self._kept.id) is self._tail:
                del self.chats.tails[self._kept.id]


def _is_at(chat: HeldChat, provider: Provider, address: str) -> bool:
    if chat.conversation_id is None or chat.url is None:
        return True
    return provider.id_in_address(chat.conversation_id) in address
