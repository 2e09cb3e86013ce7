"""What the writer is given to write: values alone, made where the turns run and read in its thread."""

from __future__ import annotations

from typing import Any

import attrs

from cdp_relay.chat.record import ChatRow
from cdp_relay.chat.vocabulary import ChatRequest
from cdp_relay.store.documents import KeptEntry
from cdp_relay.store.telling import TellEntry

__all__ = ["Batch", "KeptResponse", "SentPrompt", "TurnChange"]


@attrs.frozen(kw_only=True)
class SentPrompt:
    """One prompt as it was typed."""

    number: int
    at: float
    """Seconds since the turn began."""
    conversation_id: str | None
    """Of the chat that it went on with."""
    chars: int
    text: str | None = attrs.field(repr=False)
    """None where no content is kept."""


@attrs.frozen(kw_only=True)
class TurnChange:
    """What has changed of one turn."""

    row: dict[str, Any]
    """All that is known of it, by the columns of the table."""
    request: ChatRequest | None = None
    """To be written where it is not yet."""
    prompts: tuple[SentPrompt, ...] = ()
    news: tuple[KeptEntry, ...] = ()
    """What was told since the last time."""
    anew: bool = False
    """Whether that takes the place of what stands there."""
    files: tuple[tuple[str, bytes], ...] = ()
    """The answer's files by their digests."""
    whole: tuple[TellEntry, ...] | None = None
    """All that was told, in place of what stands there."""


@attrs.frozen(kw_only=True)
class KeptResponse:
    """A response of the API's, as it outlives a restart."""

    id: str
    created_at: float
    body: bytes = attrs.field(repr=False)
    items: bytes = attrs.field(repr=False)
    """The conversation up to it."""


@attrs.frozen(kw_only=True)
class Batch:
    """What is written in one transaction."""

    turns: tuple[TurnChange, ...] = ()
    chats: tuple[tuple[str, ChatRow | None], ...] = ()
    """By id; None for one that is to be forgotten."""
    responses: tuple[tuple[str, KeptResponse | None], ...] = ()
    durable: bool = False
    """Whether it has to outlive a power failure from the moment on that it is written."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.turns or self.chats or self.responses)
