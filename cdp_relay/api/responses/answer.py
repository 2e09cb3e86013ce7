"""From neutral :class:`ChatEvent` values to a Responses answer: its events, or the object alone.

An answer in one piece is what the last event of its stream would hold. No I/O, no clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from cdp_relay.api.dialect import require_end, text_taken_back
from cdp_relay.api.ending import extension_object
from cdp_relay.api.responses.events import EventNumbers
from cdp_relay.api.responses.failure import response_error
from cdp_relay.api.responses.output import OutputWriter
from cdp_relay.api.responses.resource import Resource, State, incomplete_reason
from cdp_relay.api.responses.tools import Offer
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    FileProduced,
    Finished,
    Notice,
    ReasoningDelta,
    Step,
    StepReached,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import RelayError

__all__ = ["Keep", "ResponseStream", "WholeResponse"]

Keep = Callable[[str, bytes, list[dict[str, Any]]], None]
"""Takes the id, the JSON and the output of a response that ended."""

_WAITING = frozenset({Step.QUEUED, Step.PAUSED})


@attrs.define(eq=False, kw_only=True)
class ResponseStream:
    """Write the events of a turn as the events of a response.

    After its last event (``completed``, ``incomplete`` or ``failed``) it is over; nothing follows.
    """

    resource: Resource
    offer: Offer
    now: Callable[[], int]
    """Unix seconds."""
    keep: Keep
    """Called once, before the last event is out."""
    queued: bool = False
    """Whether the answer waits in the background until the site has time for it."""
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    body: bytes = attrs.field(default=b"", init=False)
    """The response as it ended, as JSON."""
    events: EventNumbers = attrs.field(factory=EventNumbers, init=False)
    _output: OutputWriter = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._output = OutputWriter(events=self.events, offer=self.offer, id=self.resource.facts.id)

    @property
    def status(self) -> str:
        """Of a response that runs."""
        return "queued" if self.queued else "in_progress"

    def snapshot(self) -> bytes:
        """The response as it is while it runs, without its output."""
        return self.resource.render(State(status=self.status))

    def open(self) -> bytes:
        """The first two events."""
        body = self.snapshot()
        created = self.events.about_response("response.created", body)
        return created + self.events.about_response(f"response.{self.status}", body)

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          GenerationFailed: the site took back text that the client has; no event can say that.
        """
        if self.queued and not (isinstance(event, StepReached) and event.step in _WAITING):
            self.queued = False
            return self.keep_alive() + self.feed(event)
        if isinstance(event, TextDelta):
            return self._output.add_text(event.text) if event.text else b""
        if isinstance(event, ReasoningDelta):
            return self._output.add_thought(event.text) if event.text else b""
        if isinstance(event, ToolCallArguments):
            return self._output.add_arguments(event)
        if isinstance(event, ToolCallBegan):
            return self._output.begin_call(event)
        if isinstance(event, ToolCallEnded):
            return self._output.end_call(event)
        if isinstance(event, FileProduced):
            return self._output.add_file(event)
        if isinstance(event, TextRetracted):
            raise text_taken_back(event.chars)
        if isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, ChatNamed):
            self.resource.conversation_id = event.conversation_id
        elif isinstance(event, Finished):
            return self._finish(event)
        return b""

    def keep_alive(self) -> bytes:
        """Codex counts parsed events only; this one it knows and passes over."""
        return self.events.about_response(f"response.{self.status}", self.snapshot())

    def heartbeat(self) -> bytes:
        """A keep-alive beside the numbered events, for one reader out of several."""
        numbers = EventNumbers(max(0, self.events.count - 1))
        return numbers.about_response(f"response.{self.status}", self.snapshot())

    def fail(self, error: RelayError) -> bytes:
        """The last event of a stream that broke; the output is what came until then."""
        return self._end(State(status="failed", error=response_error(error), output=self._output.items()))

    def render(
        self, status: str, *, error: dict[str, Any] | None = None, extension: dict[str, Any] | None = None
    ) -> bytes:
        """The response as it stands, with what came of its output, as JSON."""
        state = State(status=status, error=error, output=self._output.items(), extension=extension)
        return self.resource.render(state)

    def cancel(self) -> bytes:
        """The last event of a response that was cancelled; the dialect has none of that name."""
        return self._end(State(status="cancelled", output=self._output.items()))

    def _finish(self, end: Finished) -> bytes:
        reason = incomplete_reason(end.finish_reason)
        self.resource.conversation_id = end.conversation_id or self.resource.conversation_id
        status = "completed" if reason is None else "incomplete"
        closed = self._output.close(status)
        extension = extension_object(end, self.notices)
        if self._output.files:
            extension["files"] = self._output.files
        state = State(
            status=status,
            output=self._output.items(),
            completed_at=self.now() if reason is None else None,
            incomplete=reason,
            usage=end.usage,
            extension=extension,
        )
        return closed + self._end(state)

    def _end(self, state: State) -> bytes:
        self.finished = True
        self.body = self.resource.render(state)
        self.keep(self.resource.id, self.body, state.output)
        named = state.status if state.status != "cancelled" else "incomplete"
        return self.events.about_response(f"response.{named}", self.body)


@attrs.define(eq=False, kw_only=True)
class WholeResponse:
    """Collect the events of a turn into one ``response`` object."""

    stream: ResponseStream
    """One that nobody reads along."""
    notices: list[str] = attrs.field(factory=list)
    _events: list[ChatEvent] = attrs.field(factory=list, init=False)

    def feed(self, event: ChatEvent) -> None:
        """Take the next event."""
        if isinstance(event, TextRetracted):
            self._take_back(event.chars)
        elif isinstance(event, Notice):
            self.notices.append(event.message)
        elif not isinstance(event, StepReached):
            self._events.append(event)

    def _take_back(self, chars: int) -> None:
        """Cut off the end of the text, whatever came after it."""
        for index in range(len(self._events) - 1, -1, -1):
            event = self._events[index]
            if chars > 0 and isinstance(event, TextDelta):
                kept = event.text[: max(0, len(event.text) - chars)]
                chars -= len(event.text) - len(kept)
                self._events[index] = TextDelta(kept)

    @property
    def end(self) -> Finished:
        """The turn's last event.

        Raises:
          InternalError: there was none.
        """
        return require_end(self._events[-1] if self._events else None)

    def render(self) -> bytes:
        """The answer as JSON."""
        self.stream.notices = self.notices
        for event in self._events:
            self.stream.feed(event)
        return self.stream.body
