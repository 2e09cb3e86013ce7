"""What a client was told, as server-sent events with lasting ids: who lost its place goes on there.

An id says which event it is, counted from 0, and of a text how many of its characters were told by then:
``7`` is the eighth event, ``8.120`` the first 120 characters of the ninth. Texts come in other pieces each
time; put together, and in their order among the others, they are the same. Sans-IO.
"""

from __future__ import annotations

import re
from typing import Any

import attrs

from cdp_relay.api.failure import error_object
from cdp_relay.api.json_out import dump_json
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    Drift,
    FileProduced,
    Finished,
    Notice,
    ReasoningDelta,
    StepReached,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import InvalidRequest, RelayError
from cdp_relay.store.documents import event_document

__all__ = ["EventWriter", "Place", "read_place"]

_Delta = TextDelta | ReasoningDelta | ToolCallArguments

_NAMES: dict[type[Any], str] = {
    StepReached: "step",
    ChatNamed: "chat",
    TextDelta: "text",
    TextRetracted: "text_taken_back",
    ReasoningDelta: "reasoning",
    ToolCallBegan: "tool_call",
    ToolCallArguments: "tool_call_arguments",
    ToolCallEnded: "tool_call_done",
    FileProduced: "file",
    Notice: "notice",
    Drift: "drift",
    Finished: "finished",
}
_PLACE = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


@attrs.frozen(order=True)
class Place:
    """How far somebody has read."""

    event: int = -1
    """The number of the last event."""
    chars: int = 0
    """How much of it, where it is a text."""

    def __str__(self) -> str:
        return f"{self.event}.{self.chars}" if self.chars else str(self.event)


def read_place(text: str, param: str) -> Place:
    """Read the id of an event.

    Raises:
      InvalidRequest: it is none.
    """
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest(
            f"{param} is not the id of an event.", param=param, next_step="Send the last id that was read."
        )
    return Place(int(found[1]), int(found[2] or 0))


@attrs.define(eq=False, kw_only=True)
class EventWriter:
    """Writes the events that come after a place; a :class:`~cdp_relay.api.dialect.StreamWriter`."""

    request_id: str
    after: Place = attrs.field(factory=Place)
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    _place: Place = attrs.field(factory=Place, init=False)
    _kind: type[Any] | None = attrs.field(default=None, init=False)
    """Of the text that the last event was a piece of."""

    def open(self) -> bytes:
        """Nothing needs to be said first."""
        return b""

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it was read before."""
        if type(event) not in _NAMES:
            return b""
        self.finished = isinstance(event, Finished)
        if isinstance(event, _Delta):
            return self._feed_text(event)
        self._kind = None
        self._place = Place(self._place.event + 1)
        return b"" if self._place.event <= self.after.event else self._event(event)

    def keep_alive(self) -> bytes:
        """A comment."""
        return b": \n\n"

    def fail(self, error: RelayError) -> bytes:
        """The last event of a turn that has no answer."""
        told = dump_json(error_object(error, self.request_id)["error"])
        return b"event: error\nid: %d\ndata: %b\n\n" % (self._place.event + 1, told)

    def _feed_text(self, event: _Delta) -> bytes:
        begun = self._place.chars if type(event) is self._kind else 0
        number = self._place.event + (type(event) is not self._kind)
        self._kind = type(event)
        self._place = Place(number, begun + len(event.text))
        if not event.text or self._place <= self.after:
            return b""
        if number == self.after.event and begun < self.after.chars:
            event = attrs.evolve(event, text=event.text[self.after.chars - begun :])
        return self._event(event)

    def _event(self, event: ChatEvent) -> bytes:
        document = event_document(event)
        del document["event"]
        # The steps were told one by one.
        document.pop("timeline", None)
        name, place = _NAMES[type(event)].encode(), str(self._place).encode()
        return b"event: %b\nid: %b\ndata: %b\n\n" % (name, place, dump_json(document))
