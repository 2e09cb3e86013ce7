"""All chats that the relay can go on with: found, claimed by one turn at a time, and kept over restarts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence

import attrs
import structlog

from cdp_relay.chat.conversations.claim import Claim, MatchKind, may_go_on
from cdp_relay.chat.conversations.facts import Unit, read_units
from cdp_relay.chat.conversations.held import Contents, HeldChat, new_chat_id
from cdp_relay.chat.conversations.tree import ChatTree
from cdp_relay.chat.record import NO_JOURNAL, Journal
from cdp_relay.chat.vocabulary import Message, Role

__all__ = ["Conversations"]

_log = structlog.stdlib.get_logger("cdp_relay.chats")

Allowed = Callable[[HeldChat], bool]


@attrs.define(eq=False)
class Conversations:
    """Knows what each chat holds. Nothing in here waits but :meth:`load`."""

    journal: Journal = NO_JOURNAL
    most: int = 200
    """Beyond so many the one used longest ago is forgotten; it stays on the site."""
    clock: Callable[[], float] = time.time
    """Unix seconds."""
    _chats: dict[str, HeldChat] = attrs.field(factory=dict, init=False)
    """By their ids; the one used longest ago comes first."""
    _trees: dict[str, ChatTree] = attrs.field(factory=dict, init=False)
    """By desk."""

    async def load(self) -> None:
        """Take up the chats that an earlier run has kept."""
        rows = sorted(await self.journal.chats(), key=lambda row: row.used_at)
        for row in rows[-self.most :]:
            chat = HeldChat.of_row(row)
            if chat is None:
                self.journal.remove_chat(row.id)
            elif chat.id not in self._chats:
                self._add(chat)
        if rows:
            _log.debug("chats_loaded", chats=len(self._chats))

    @property
    def chats(self) -> tuple[HeldChat, ...]:
        """Those that are held, latest used last."""
        return tuple(self._chats.values())

    # --- finding

    def claim(
        self, desk: str, messages: Sequence[Message], allowed: Allowed = lambda _: True
    ) -> Claim | None:
        """Find the chat that a request goes on in, and let no other turn have it.

        The longest that is held whole goes before those whose last exchange the request lets go. Every
        claim is ended by :meth:`release`, :meth:`grown` or :meth:`forget`.

        Args:
          allowed: says of a chat whether it may be gone on in.
        """
        claim = next(self._matches(desk, read_units(messages), allowed), None)
        if claim is not None:
            claim.chat.busy = True
        return claim

    def find_desk(self, messages: Sequence[Message], desks: Collection[str]) -> str | None:
        """Say which of some desks holds most of a conversation, where it could be gone on with now."""
        units = read_units(messages)
        found = [claim for desk in desks for claim in self._matches(desk, units, lambda _: True)]
        best = max(found, key=lambda claim: (claim.kind is MatchKind.CLEAN, claim.known), default=None)
        return None if best is None else best.chat.desk

    def _matches(self, desk: str, units: tuple[Unit, ...], allowed: Allowed) -> Iterator[Claim]:
        tree = self._trees.get(desk)
        if tree is None or not may_go_on(units):
            return
        keys = [unit.key for unit in units]

        def fits(chat: HeldChat, count: int) -> bool:
            return not chat.busy and chat.contents.meets(units, count) and allowed(chat)

        for count, chat in tree.holding(keys):
            if count < len(units) and _holds_an_answer(units, count) and fits(chat, count):
                yield Claim(chat=chat, kind=MatchKind.CLEAN, units=units, known=count)
        for count, chat in tree.held_before(keys):
            if count < len(units) and _holds_an_answer(units, count) and fits(chat, count):
                yield Claim(chat=chat, kind=MatchKind.SUPERSEDING, units=units, known=count)

    # --- what becomes of a chat

    def release(self, claim: Claim) -> None:
        """The turn ended without telling the chat anything."""
        claim.chat.busy = False

    def grown(self, claim: Claim, contents: Contents, conversation_id: str | None, url: str | None) -> None:
        """The turn ended, and the chat holds more.

        Args:
          conversation_id: what the site calls it now.
        """
        chat = claim.chat
        chat.busy = False
        if chat.id not in self._chats:
            return  # forgotten meanwhile
        self._remove(chat)
        chat.contents, chat.conversation_id, chat.url = contents, conversation_id, url
        self._keep(chat)

    def begin(
        self,
        desk: str,
        contents: Contents,
        *,
        conversation_id: str | None,
        url: str | None,
        model: str | None,
        temporary: bool = False,
    ) -> HeldChat:
        """A new chat was begun; from now on it can be gone on with."""
        chat = HeldChat(
            id=new_chat_id(),
            desk=desk,
            conversation_id=conversation_id,
            url=url,
            model=model,
            temporary=temporary,
            contents=contents,
        )
        if conversation_id is not None:
            self.forget_named(desk, conversation_id)
        self._keep(chat)
        return chat

    def forget(self, chat: HeldChat) -> None:
        """The chat cannot be gone on with any more."""
        chat.busy = False
        if self._chats.get(chat.id) is chat:
            self._remove(chat)
            self.journal.remove_chat(chat.id)

    def forget_named(self, desk: str, conversation_id: str) -> None:
        """The same for what the site calls so: somebody else has gone on in it, or put it away."""
        for chat in self.chats:
            if chat.desk == desk and chat.conversation_id == conversation_id:
                self.forget(chat)

    def is_busy(self, desk: str, conversation_id: str) -> bool:
        """Whether a turn is at work in what the site calls so."""
        return any(
            chat.busy and chat.desk == desk and chat.conversation_id == conversation_id for chat in self.chats
        )

    def _keep(self, chat: HeldChat) -> None:
        chat.used_at = self.clock()
        self._add(chat)
        row = chat.row()
        if row is not None:
            self.journal.put_chat(row)
        while len(self._chats) > self.most:
            oldest = next((one for one in self._chats.values() if not one.busy), None)
            if oldest is None:
                break
            self.forget(oldest)

    def _add(self, chat: HeldChat) -> None:
        self._chats[chat.id] = chat
        self._trees.setdefault(chat.desk, ChatTree()).add(chat)

    def _remove(self, chat: HeldChat) -> None:
        del self._chats[chat.id]
        self._trees[chat.desk].remove(chat)


def _holds_an_answer(units: Sequence[Unit], count: int) -> bool:
    """Whether there is an answer among the first units: without one, what two conversations have in common
    is how they begin."""
    return any(unit.role is Role.ASSISTANT for unit in units[:count])
