"""From neutral :class:`ChatEvent` values to the lines of an answer in Ollama's dialect. No I/O, no clock.

Each line is one JSON object; the last one has ``done`` and the counts. Durations are those of the turn's
own steps: until the prompt was sent, until the site began its answer, until the answer was whole.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import attrs

from cdp_relay.api.dialect import text_taken_back
from cdp_relay.api.ending import extension_object
from cdp_relay.api.gathered import Gathered
from cdp_relay.api.json_out import dump_json, quote_json
from cdp_relay.api.ollama.failure import ollama_error
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    Finished,
    FinishReason,
    Notice,
    ReasoningDelta,
    Step,
    TextDelta,
    TextRetracted,
    ToolCallEnded,
)
from cdp_relay.errors import RelayError

__all__ = ["LineWriter", "Manner", "WholeReply", "loaded"]

_DONE_REASONS = {FinishReason.LENGTH: "length", FinishReason.INTERRUPTED: "length"}
"""All others are ``stop``, calls included."""


@attrs.frozen(kw_only=True)
class Manner:
    """How the answers to a request look."""

    label: str
    chatting: bool
    """Whether there are messages, as of ``/api/chat``, or plain text, as of ``/api/generate``."""
    thinking: bool = True
    """Whether the client wants to see the model think."""

    def head(self, created: int) -> dict[str, Any]:
        """How every line begins."""
        moment = datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
        return {"model": self.label, "created_at": moment}

    def said(self, text: str, **more: Any) -> dict[str, Any]:
        """What was said, where the path has it."""
        if self.chatting:
            return {"message": {"role": "assistant", "content": text, **more}}
        return {"response": text, **more}


@attrs.define(eq=False, kw_only=True)
class WholeReply(Gathered):
    """The events of a turn as one object."""

    manner: Manner
    created: int

    def render(self) -> bytes:
        """The answer as JSON."""
        more: dict[str, Any] = {}
        if self.reasoning and self.manner.thinking:
            more["thinking"] = self.reasoning
        images = [file for file in self.files if _is_image(file)]
        if images:
            more["images"] = [_encoded(image) for image in images]
        if self.calls:
            more["tool_calls"] = [_call(call) for call in self.calls]
        notices = self.notices + [_no_place(file) for file in self.files if not _is_image(file)]
        return dump_json(
            {
                **self.manner.head(self.created),
                **self.manner.said(self.text, **more),
                **_ending(self.end, notices),
            }
        )


@attrs.define(eq=False, kw_only=True)
class LineWriter:
    """Write the events of a turn as lines of JSON."""

    manner: Manner
    created: int
    request_id: str
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    _before: bytes = attrs.field(init=False)
    """All of a line that stands before its text, and what stands after it."""
    _after: bytes = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        before, _, after = self._line(self.manner.said("")).rpartition(b'""')
        self._before, self._after = before, after

    def open(self) -> bytes:
        """A first line that says nothing yet."""
        return self.keep_alive()

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          GenerationFailed: the site took back text that the client has.
        """
        if isinstance(event, TextDelta):
            return self._before + quote_json(event.text) + self._after if event.text else b""
        if isinstance(event, ReasoningDelta):
            shown = event.text and self.manner.thinking
            return self._line(self.manner.said("", thinking=event.text)) if shown else b""
        if isinstance(event, ToolCallEnded):
            return self._line(self.manner.said("", tool_calls=[_call(event)]))
        if isinstance(event, TextRetracted):
            raise text_taken_back(event.chars)
        if isinstance(event, FileProduced):
            if _is_image(event):
                return self._line(self.manner.said("", images=[_encoded(event)]))
            self.notices.append(_no_place(event))
        elif isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            self.finished = True
            ending = {**self.manner.said(""), **_ending(event, self.notices)}
            return dump_json({**self.manner.head(self.created), **ending}) + b"\n"
        return b""

    def keep_alive(self) -> bytes:
        """A line without text."""
        return self._before + b'""' + self._after

    def fail(self, error: RelayError) -> bytes:
        """The last line of a stream that broke."""
        return dump_json(ollama_error(error, self.request_id)) + b"\n"

    def _line(self, said: dict[str, Any]) -> bytes:
        return dump_json({**self.manner.head(self.created), **said, "done": False}) + b"\n"


def loaded(manner: Manner, created: int, *, unload: bool) -> bytes:
    """The answer to a request that asks nothing."""
    reason = "unload" if unload else "load"
    return dump_json({**manner.head(created), **manner.said(""), "done": True, "done_reason": reason})


def _call(call: ToolCallEnded) -> dict[str, Any]:
    # The core has checked that the arguments are an object.
    function = {"index": call.index, "name": call.name, "arguments": json.loads(call.arguments)}
    return {"id": call.id, "function": function}


def _is_image(file: FileProduced) -> bool:
    return file.media_type.startswith("image/")


def _encoded(file: FileProduced) -> str:
    return b64encode(file.data).decode()


def _no_place(file: FileProduced) -> str:
    return f"The answer's file {file.name} has no place in Ollama's dialect."


def _ending(end: Finished, notices: list[str]) -> dict[str, Any]:
    at = {reached.step: reached.at_seconds for reached in end.timeline}
    submitted = at.get(Step.SUBMITTED, 0.0)
    streaming = max(submitted, at.get(Step.STREAMING, submitted))
    over = max(streaming, *at.values(), 0.0)
    return {
        "done": True,
        "done_reason": _DONE_REASONS.get(end.finish_reason, "stop"),
        "total_duration": _nanoseconds(over),
        "load_duration": _nanoseconds(submitted),
        "prompt_eval_count": end.usage.prompt_tokens,
        "prompt_eval_duration": _nanoseconds(streaming - submitted),
        "eval_count": end.usage.completion_tokens,
        "eval_duration": _nanoseconds(over - streaming),
        "cdp_relay": extension_object(end, notices),
    }


def _nanoseconds(seconds: float) -> int:
    # At least one: clients divide by it for tokens in a second.
    return max(1, round(seconds * 1e9))
