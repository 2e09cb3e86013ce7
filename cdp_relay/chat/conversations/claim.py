"""One request's way to the chat that it goes on in."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from cdp_relay.chat.conversations.facts import Unit
from cdp_relay.chat.conversations.held import HeldChat
from cdp_relay.chat.vocabulary import Message, Role

__all__ = ["Claim", "MatchKind", "may_go_on"]


class MatchKind(enum.StrEnum):
    """How a request fits a chat."""

    CLEAN = "clean"
    """It begins with all that the chat holds, and says something new."""
    SUPERSEDING = "superseding"
    """It begins with what the chat held before its last exchange, and goes on in another way."""


@attrs.frozen(kw_only=True, eq=False)
class Claim:
    """A chat that belongs to one turn for as long as it is on its way."""

    chat: HeldChat
    kind: MatchKind
    units: tuple[Unit, ...]
    """Of the request."""
    known: int
    """How many of them the chat holds."""

    @property
    def known_messages(self) -> int:
        """How many messages of the request need not be said again."""
        return self.units[self.known - 1].end if self.known else 0

    def new(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Those of the request's messages that the chat has to be told."""
        return tuple(
            message
            for message in messages[self.known_messages :]
            if message.role is Role.TOOL or not message.is_blank
        )


def may_go_on(units: Sequence[Unit]) -> bool:
    """Whether a request is such that a chat can be gone on with by it.

    Not one that ends with an assistant's message: that is to be finished to the letter, and a page's model
    cannot take back the end of its own turn. Nor one that holds no answer yet: what begins like another
    conversation is not its continuation.
    """
    return (
        bool(units)
        and units[-1].role is not Role.ASSISTANT
        and any(unit.role is Role.ASSISTANT for unit in units)
    )
