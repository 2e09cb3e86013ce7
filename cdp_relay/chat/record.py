"""What a turn tells of itself to whoever keeps it: the seam between chat and its journal.

None of these waits for a disk but :meth:`TurnRecord.sending`, and none of them raises: a journal that is
full, locked or broken costs the journal, never an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, RequestId
from cdp_relay.errors import RelayError

__all__ = ["NO_JOURNAL", "ChatRow", "Journal", "KeptTurn", "LeftTurn", "NoJournal", "NoRecord", "TurnRecord"]


@attrs.frozen(kw_only=True)
class ChatRow:
    """A chat that the relay goes on with, as it outlives a restart."""

    id: str
    """The relay's own name for it."""
    desk: str
    """The site, with the profile: ``chatgpt``, ``chatgpt@work``."""
    conversation_id: str
    url: str | None
    used_at: float
    """Unix seconds."""
    document: str
    """What the matcher knows of it, as JSON; no text of the conversation but where the journal keeps
    content."""


@attrs.frozen(kw_only=True)
class LeftTurn:
    """A turn whose prompt may have left, and whose end no run of the service has seen."""

    request: ChatRequest
    """As it was asked; its files, and the texts where the journal keeps none, are missing."""
    desk: str
    prompt: str
    """What was typed last, secrets blotted out; empty where the journal keeps no content."""
    conversation_id: str | None
    url: str | None
    submitted: bool
    """Whether the prompt was seen to leave; when not, nobody knows."""
    continued: bool = False
    """Whether the chat was there before this turn: its last answer need not be this turn's."""
    tab: str | None = None
    """The page's target in the browser, as the step ``leased`` had it; it may stand there still."""
    began_at: float | None = None
    """When the request came, in unix seconds."""
    blot: str = ""
    """What stands in the place of a secret; empty where none is blotted out."""


@attrs.frozen(kw_only=True)
class KeptTurn:
    """A turn that is over, to be told again."""

    id: RequestId
    fingerprint: str
    events: tuple[ChatEvent, ...]
    """What its client was told, deltas joined; ends with ``Finished`` where there is no error."""
    error: RelayError | None
    ended_at: float
    """Unix seconds."""


class TurnRecord(Protocol):
    """Keeps one turn."""

    def routed(self, desk: str, model: str | None) -> None:
        """The turn goes to this site (again, where a chain led it on)."""
        ...

    def event(self, event: ChatEvent) -> None:
        """Whatever its client is told, as it comes; on the hot path."""
        ...

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        """The prompt is about to leave: this has to be on the disk before it does, or else be known lost.

        Args:
          conversation_id: of the chat that it goes on with, None for a new one.
        """
        ...

    def ended(self, state: str, error: RelayError | None = None) -> None:
        """The turn is over: ``finished``, ``stopped``, ``failed`` or ``lost``."""
        ...


class Journal(Protocol):
    """Keeps turns and chats."""

    def begin(self, request: ChatRequest) -> TurnRecord:
        """Begin the record of a request."""
        ...

    async def find_key(self, key: str) -> KeptTurn | None:
        """The newest turn of this key that has ended."""
        ...

    async def find_fingerprint(self, fingerprint: str, since: float) -> KeptTurn | None:
        """The newest turn of this fingerprint that ended after *since*, in unix seconds."""
        ...

    async def left_turns(self) -> Sequence[LeftTurn]:
        """The turns that an earlier run left on their way."""
        ...

    def resume(self, turn: LeftTurn) -> TurnRecord:
        """Go on with the record of a turn that was left."""
        ...

    async def chats(self) -> Sequence[ChatRow]:
        """The chats that were held, latest used first."""
        ...

    def put_chat(self, row: ChatRow) -> None:
        """Keep a chat, or what has changed of it."""
        ...

    def remove_chat(self, id_: str) -> None:
        """Forget a chat."""
        ...


class NoRecord:
    """Keeps nothing."""

    def routed(self, desk: str, model: str | None) -> None:
        """Nothing."""

    def event(self, event: ChatEvent) -> None:
        """Nothing."""

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        """Nothing."""

    def ended(self, state: str, error: RelayError | None = None) -> None:
        """Nothing."""


class NoJournal:
    """Keeps nothing; for relays that have no journal."""

    def begin(self, request: ChatRequest) -> TurnRecord:
        """A record that keeps nothing."""
        return NoRecord()

    async def find_key(self, key: str) -> KeptTurn | None:
        """None."""
        return None

    async def find_fingerprint(self, fingerprint: str, since: float) -> KeptTurn | None:
        """None."""
        return None

    async def left_turns(self) -> Sequence[LeftTurn]:
        """None."""
        return ()

    def resume(self, turn: LeftTurn) -> TurnRecord:
        """A record that keeps nothing."""
        return NoRecord()

    async def chats(self) -> Sequence[ChatRow]:
        """None."""
        return ()

    def put_chat(self, row: ChatRow) -> None:
        """Nothing."""

    def remove_chat(self, id_: str) -> None:
        """Nothing."""


NO_JOURNAL = NoJournal()
