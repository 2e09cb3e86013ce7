"""One turn on the server, with the names that it has on the wire."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

import attrs

from tests.sites.gemini.answer import Answer
from tests.sites.gemini.frames import places
from tests.sites.kit.turns import ChatTurn

__all__ = ["MODELS", "Turn", "TurnIds", "history_of", "label_of"]

MODELS: dict[str, tuple[str, str]] = {
    "8c46e95b1a07cecc": ("Flash-Lite", "3.5 Flash-Lite"),
    "56fdd199312815e2": ("Flash", "3.8 Flash"),
    "e6fa609c3fa255c0": ("Pro", "3.1 Pro"),
}
"""By mode id: the name on the picker and in answers, and the one in the menu."""


def label_of(mode: str | None) -> str:
    """A mode's name."""
    return MODELS.get(mode or "", ("Flash", ""))[0]


def _hex() -> str:
    return secrets.token_hex(8)


@attrs.frozen(kw_only=True)
class TurnIds:
    """The names that a turn's frames carry."""

    conversation: str = attrs.field(factory=lambda: f"c_{_hex()}")
    response: str = attrs.field(factory=lambda: f"r_{_hex()}")
    candidate: str = attrs.field(factory=lambda: f"rc_{_hex()}")
    mode: str = "56fdd199312815e2"
    new_chat: bool = True


@attrs.define(eq=False, kw_only=True)
class Turn(ChatTurn):
    """A prompt and its answer. Tests read it; only the server's loop changes it."""

    ids: TurnIds
    telling: list[Any] = attrs.field(factory=list)
    """The newest telling of the answer, as the chat's history has it."""


def history_of(turns: Sequence[Turn]) -> list[Any]:
    """A chat's turns as the page reads them: newest first."""
    told = [
        [
            [turn.ids.conversation, turn.ids.response],
            [turn.ids.conversation, turn.ids.response, turn.ids.candidate],
            [[turn.prompt], 1, None],
            places({0: [turn.telling or _finished(turn)], 8: "XX", 21: label_of(turn.ids.mode)}),
            [int(time.time()), 0],
        ]
        for turn in reversed(turns)
    ]
    return [told, None, None, []]


def _finished(turn: Turn) -> list[Any]:
    text = turn.reply.whole_text if isinstance(turn.reply, Answer) else ""
    return places({0: turn.ids.candidate, 1: [text], 8: [2]})
