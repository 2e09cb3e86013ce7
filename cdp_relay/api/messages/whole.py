"""From neutral :class:`ChatEvent` values to a message in one piece. No I/O, no clock."""

from __future__ import annotations

import json
from typing import Any

import attrs

from cdp_relay.api.dialect import AnswerFacts, require_end
from cdp_relay.api.ending import extension_object
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.messages._shape import (
    EXTENSION,
    SIGNATURE,
    call_id,
    file_block,
    stop_reason,
    usage_object,
)
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    Finished,
    Notice,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallEnded,
)

__all__ = ["WholeMessage"]


@attrs.define(eq=False)
class _Spoken:
    """A block that grows: ``text`` or ``thinking``."""

    kind: str
    pieces: list[str] = attrs.field(factory=list)

    @property
    def content(self) -> str:
        return "".join(self.pieces)


@attrs.define(eq=False, kw_only=True)
class WholeMessage:
    """Collect the events of a turn into one ``message`` object."""

    facts: AnswerFacts
    thinking: bool
    """Whether what the site shows of the model's thinking is passed on."""
    notices: list[str] = attrs.field(factory=list)
    _blocks: list[_Spoken | dict[str, Any]] = attrs.field(factory=list, init=False)
    _end: Finished | None = attrs.field(default=None, init=False)

    def feed(self, event: ChatEvent) -> None:
        """Take the next event."""
        if isinstance(event, TextDelta):
            self._speak("text", event.text)
        elif isinstance(event, TextRetracted):
            self._retract(event.chars)
        elif isinstance(event, ReasoningDelta):
            if self.thinking:
                self._speak("thinking", event.text)
        elif isinstance(event, ToolCallEnded):
            called = {"type": "tool_use", "id": call_id(event.id), "name": event.name}
            self._blocks.append(called | {"input": json.loads(event.arguments)})
        elif isinstance(event, FileProduced):
            text, held = file_block(event)
            self._blocks.append({"type": "text", "text": text, EXTENSION: held})
        elif isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            self._end = event

    @property
    def end(self) -> Finished:
        """The turn's last event.

        Raises:
          InternalError: there was none.
        """
        return require_end(self._end)

    def render(self) -> bytes:
        """The answer as JSON."""
        return dump_json(
            {
                "id": f"msg_{self.facts.id}",
                "type": "message",
                "role": "assistant",
                "model": self.facts.label,
                "content": [_shown(block) for block in self._blocks],
                **stop_reason(self.end),
                "usage": usage_object(self.end.usage),
                EXTENSION: extension_object(self.end, self.notices),
            }
        )

    def _speak(self, kind: str, text: str) -> None:
        if not text:
            return
        last = self._blocks[-1] if self._blocks else None
        if not isinstance(last, _Spoken) or last.kind != kind:
            last = _Spoken(kind)
            self._blocks.append(last)
        last.pieces.append(text)

    def _retract(self, chars: int) -> None:
        for block in reversed(self._blocks):
            if isinstance(block, _Spoken) and block.kind == "text":
                text = block.content
                block.pieces = [text[: max(0, len(text) - chars)]]
                chars -= min(chars, len(text))
        self._blocks = [block for block in self._blocks if not isinstance(block, _Spoken) or block.content]


def _shown(block: _Spoken | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(block, _Spoken):
        return block
    if block.kind == "thinking":
        return {"type": "thinking", "thinking": block.content, "signature": SIGNATURE}
    return {"type": "text", "text": block.content}
