"""A chat on a site that the relay can go on with, and what is known of what it holds."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

import attrs

from cdp_relay.chat.conversations.facts import RESULT_KEY, Unit
from cdp_relay.chat.conversations.results import ResultFacts
from cdp_relay.chat.conversations.shown import ShownAnswer
from cdp_relay.chat.record import ChatRow

__all__ = ["Contents", "HeldChat", "new_chat_id"]

_FORMAT = 1


@attrs.frozen(kw_only=True)
class Contents:
    """What a chat holds, in the words of its client: the conversation up to its last answer."""

    keys: tuple[str, ...] = ()
    """Of the units of the conversation."""
    results: tuple[ResultFacts, ...] = ()
    """Of the tools' results among them, in order: as the chat was given them."""
    before: int = 0
    """How many units it held before its last exchange."""
    nonce: str = ""
    """That of the calls it was taught; empty where it was taught none."""
    tools: str = ""
    """A digest of the tools it was told of last."""
    form: str = ""
    """A digest of the form of answers it was told last."""
    shown: ShownAnswer | None = None
    """Its last answer, as the page shows it; None where nobody knows."""

    def meets(self, units: Sequence[Unit], count: int) -> bool:
        """Whether the tools' results among a request's first *count* units are those that the chat was
        given, whole or shortened."""
        asked = [unit for unit in units[:count] if unit.result is not None]
        return len(asked) <= len(self.results) and all(
            unit.result is not None and ours.is_met_by(unit.result, unit.text)
            for ours, unit in zip(self.results, asked, strict=False)
        )

    def grown(self, units: Sequence[Unit], known: int, answer: str | None) -> Contents:
        """What the chat holds after an exchange.

        Args:
          units: all of the request's.
          known: how many of them it held already.
          answer: the key of the answer; None where there is none.
        """
        held = self.keys[:known].count(RESULT_KEY)
        new = tuple(unit.result for unit in units[known:] if unit.result is not None)
        keys = (*self.keys[:known], *(unit.key for unit in units[known:]))
        return attrs.evolve(
            self,
            keys=keys if answer is None else (*keys, answer),
            results=self.results[:held] + new,
            before=known,
        )


@attrs.define(eq=False, kw_only=True)
class HeldChat:
    """One chat."""

    id: str
    """The relay's own name for it."""
    desk: str
    conversation_id: str | None
    """What the site calls it; None for one that can only be gone on with where it stands."""
    url: str | None
    model: str | None
    """The model that was asked for in it; None for the site's own choice."""
    temporary: bool = False
    """Whether the site does not keep it."""
    contents: Contents = attrs.field(factory=Contents)
    used_at: float = 0.0
    """Unix seconds."""
    busy: bool = False
    """Whether a turn is on its way in it."""

    def row(self) -> ChatRow | None:
        """As it outlives a restart; None for one that does not."""
        if self.conversation_id is None or self.temporary:
            return None
        contents = self.contents
        document = {
            "format": _FORMAT,
            "model": self.model,
            "keys": contents.keys,
            "results": [result.document() for result in contents.results],
            "before": contents.before,
            "nonce": contents.nonce,
            "tools": contents.tools,
            "form": contents.form,
            "shown": None if contents.shown is None else contents.shown.document(),
        }
        return ChatRow(
            id=self.id,
            desk=self.desk,
            conversation_id=self.conversation_id,
            url=self.url,
            used_at=self.used_at,
            document=json.dumps(document, separators=(",", ":")),
        )

    @classmethod
    def of_row(cls, row: ChatRow) -> HeldChat | None:
        """The chat of a row; None where the row is of another format, or broken."""
        try:
            return cls(
                id=row.id,
                desk=row.desk,
                conversation_id=row.conversation_id,
                url=row.url,
                used_at=row.used_at,
                **_read(json.loads(row.document)),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def _read(document: Any) -> dict[str, Any]:
    if document["format"] != _FORMAT:
        raise ValueError("another format")
    keys = tuple(str(key) for key in document["keys"])
    results = tuple(ResultFacts.read(one) for one in document["results"])
    before, model, shown = document["before"], document["model"], document["shown"]
    whole = isinstance(before, int) and 0 <= before <= len(keys) and keys.count(RESULT_KEY) == len(results)
    if not whole or not isinstance(model, str | None):
        raise ValueError("its parts do not fit together")
    contents = Contents(
        keys=keys,
        results=results,
        before=before,
        nonce=str(document["nonce"]),
        tools=str(document["tools"]),
        form=str(document["form"]),
        shown=None if shown is None else ShownAnswer.read(shown),
    )
    return {"model": model, "contents": contents}


def new_chat_id() -> str:
    """A name for a chat."""
    return f"chat_{secrets.token_hex(8)}"
