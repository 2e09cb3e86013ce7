"""One turn on the server, with the names that it has on the wire."""

from __future__ import annotations

from typing import Any

import attrs

from tests.sites.chatgpt.answer import Answer
from tests.sites.chatgpt.frames import DONE
from tests.sites.chatgpt.stream import TurnIds, picture_message
from tests.sites.kit.turns import ChatTurn, Send

__all__ = ["Turn"]


@attrs.define(eq=False, kw_only=True)
class Turn(ChatTurn):
    """A prompt and its answer. Tests read it; only the server's loop changes it."""

    ids: TurnIds

    @property
    def topic(self) -> str:
        """The name of the turn's topic on the WebSocket."""
        return f"conversation-turn-{self.ids.exchange}"

    def final_message(self) -> dict[str, Any]:
        """What the chat's history shows for an answer."""
        reply = self.reply
        if isinstance(reply, Answer) and reply.image and self.ids.pictures:
            return picture_message(self.ids.pictures)
        text = reply.whole_text if isinstance(reply, Answer) and not reply.image else ""
        return {
            "id": self.ids.answer,
            "author": {"role": "assistant", "name": None, "metadata": {}},
            "content": {"content_type": "text", "parts": [text]},
            "status": "finished_successfully",
            "end_turn": True,
            "metadata": {"model_slug": reply.model if isinstance(reply, Answer) else "auto"},
            "recipient": "all",
            "channel": "final",
        }

    async def replay(self, send: Send, *, skip: int) -> None:
        """Write the turn's own frames from the beginning, without so many counted events.

        Counted as the page does: every event but empty ones and ``[DONE]``.
        """
        index = counted = 0
        while (frame := await self.frame(index)) is not None:
            index += 1
            is_event = frame.data not in (b"data: \n\n", DONE.data)
            counted += is_event
            if frame.shared and (counted > skip or not is_event):
                await send(frame.data)
