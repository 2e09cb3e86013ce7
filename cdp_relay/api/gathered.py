"""The events of a turn put together, for answers that are sent whole. Dialects add how it is written."""

from __future__ import annotations

import attrs

from cdp_relay.api.dialect import require_end
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

__all__ = ["Gathered"]


@attrs.define(eq=False, kw_only=True)
class Gathered:
    """What a turn has said so far."""

    notices: list[str] = attrs.field(factory=list)
    calls: list[ToolCallEnded] = attrs.field(factory=list, init=False)
    files: list[FileProduced] = attrs.field(factory=list, init=False)
    _text: list[str] = attrs.field(factory=list, init=False)
    _reasoning: list[str] = attrs.field(factory=list, init=False)
    _end: Finished | None = attrs.field(default=None, init=False)

    def feed(self, event: ChatEvent) -> None:
        """Take the next event."""
        if isinstance(event, TextDelta):
            self._text.append(event.text)
        elif isinstance(event, TextRetracted):
            text = self.text
            self._text[:] = [text[: max(0, len(text) - event.chars)]]
        elif isinstance(event, ReasoningDelta):
            self._reasoning.append(event.text)
        elif isinstance(event, ToolCallEnded):
            self.calls.append(event)
        elif isinstance(event, FileProduced):
            self.files.append(event)
        elif isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            self._end = event

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """What the site showed of the model's thinking."""
        return "".join(self._reasoning)

    @property
    def end(self) -> Finished:
        """The turn's last event.

        Raises:
          InternalError: there was none.
        """
        return require_end(self._end)
