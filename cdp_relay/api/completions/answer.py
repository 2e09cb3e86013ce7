"""From neutral :class:`ChatEvent` values to the bytes of a ``text_completion``. No I/O, no clock.

The dialect has a place for text alone: thinking is left out, and of a file there is a notice.
"""

from __future__ import annotations

from typing import Any

import attrs

from cdp_relay.api.dialect import text_taken_back
from cdp_relay.api.ending import extension_object, usage_object
from cdp_relay.api.failure import error_object
from cdp_relay.api.gathered import Gathered
from cdp_relay.api.json_out import dump_json, quote_json
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    Finished,
    FinishReason,
    Notice,
    TextDelta,
    TextRetracted,
)
from cdp_relay.errors import RelayError

__all__ = ["TextChunkWriter", "WholeText"]

_FINISH_REASONS = {
    FinishReason.LENGTH: "length",
    FinishReason.CONTENT_FILTER: "content_filter",
    FinishReason.INTERRUPTED: "length",
}
"""All others are ``stop``."""


@attrs.define(eq=False, kw_only=True)
class WholeText(Gathered):
    """The events of a turn as one ``text_completion`` object."""

    id: str
    created: int
    label: str
    echo: str = ""
    """The prompt, where the answer is to begin with it."""

    def render(self) -> bytes:
        """The answer as JSON."""
        end = self.end
        choice = _choice(self.echo + self.text, _finish_reason(end))
        notices = self.notices + [_no_place(file) for file in self.files]
        return dump_json(
            _object(self.id, self.created, self.label, [choice])
            | {"usage": usage_object(end.usage), "cdp_relay": extension_object(end, notices)}
        )


@attrs.define(eq=False, kw_only=True)
class TextChunkWriter:
    """Write the events of a turn as server-sent ``text_completion`` events."""

    id: str
    created: int
    label: str
    echo: str
    include_usage: bool
    request_id: str
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    _before: bytes = attrs.field(init=False)
    """All of a chunk that stands before its text."""

    def __attrs_post_init__(self) -> None:
        head = dump_json(_object(self.id, self.created, self.label, []))
        self._before = b"data: " + head.removesuffix(b"]}") + b'{"index":0,"text":'

    def open(self) -> bytes:
        """The first chunk: the prompt, or nothing yet."""
        return self._chunk(self.echo)

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          GenerationFailed: the site took back text that the client has; no chunk can say that.
        """
        if isinstance(event, TextDelta):
            return self._chunk(event.text) if event.text else b""
        if isinstance(event, TextRetracted):
            raise text_taken_back(event.chars)
        if isinstance(event, Finished):
            return self._finish(event)
        if isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, FileProduced):
            self.notices.append(_no_place(event))
        return b""

    def keep_alive(self) -> bytes:
        """A chunk without text."""
        return self._chunk("")

    def fail(self, error: RelayError) -> bytes:
        """The last event of a stream that broke."""
        return _event(error_object(error, self.request_id))

    def _chunk(self, text: str) -> bytes:
        return self._before + quote_json(text) + b',"logprobs":null,"finish_reason":null}]}\n\n'

    def _finish(self, end: Finished) -> bytes:
        self.finished = True
        extension = {"cdp_relay": extension_object(end, self.notices)}
        last = _object(self.id, self.created, self.label, [_choice("", _finish_reason(end))]) | extension
        usage = b""
        if self.include_usage:
            counts = _object(self.id, self.created, self.label, []) | {"usage": usage_object(end.usage)}
            usage = _event(counts)
        return _event(last) + usage + b"data: [DONE]\n\n"


def _no_place(file: FileProduced) -> str:
    return f"The answer's file {file.name} has no place in a text completion."


def _object(id_: str, created: int, label: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": id_, "object": "text_completion", "created": created, "model": label, "choices": choices}


def _choice(text: str, finish_reason: str) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}


def _finish_reason(end: Finished) -> str:
    return _FINISH_REASONS.get(end.finish_reason, "stop")


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + dump_json(value) + b"\n\n"
