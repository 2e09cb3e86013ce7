"""From neutral :class:`ChatEvent` values to the bytes of a Chat Completions answer. No I/O, no clock.

``model`` is the label that the client asked for, as clients compare it with what they sent; what
really answered stands in the extension object ``cdp_relay``. Images and files of an answer stand in
``images`` and ``files`` beside the content, as parts of the same forms that a request may hold.
"""

from __future__ import annotations

from typing import Any

import attrs

from cdp_relay.api.chat_completions._files import FileWriter
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
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import RelayError

__all__ = ["ChunkWriter", "WholeAnswer"]

_FINISH_REASONS = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.TOOL_CALLS: "tool_calls",
    FinishReason.CONTENT_FILTER: "content_filter",
    # Of the dialect's words only this one says that the text is cut: after "stop" an agent would
    # apply half an edit.
    FinishReason.INTERRUPTED: "length",
}

_AFTER_DELTA = b',"logprobs":null,"finish_reason":null}]}\n\n'


@attrs.define(eq=False, kw_only=True)
class WholeAnswer(Gathered):
    """The events of a turn as one ``chat.completion`` object."""

    id: str
    created: int
    label: str
    legacy: bool = False
    """Whether the client calls tools in the older spelling, ``function_call``."""

    def render(self) -> bytes:
        """The answer as JSON."""
        end = self.end
        return dump_json(
            {
                "id": self.id,
                "object": "chat.completion",
                "created": self.created,
                "model": self.label,
                "choices": [
                    {
                        "index": 0,
                        "message": self._message(),
                        "logprobs": None,
                        "finish_reason": _finish_reason(end, self.legacy),
                    }
                ],
                "usage": usage_object(end.usage),
                "cdp_relay": extension_object(end, self.notices),
            }
        )

    def _message(self) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": self.text if self.text or not self.calls else None,
            "refusal": None,
        }
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls and self.legacy:
            call = self.calls[0]
            message["function_call"] = {"name": call.name, "arguments": call.arguments}
        elif self.calls:
            message["tool_calls"] = [
                {"id": call.id, **_called(call.freeform, call.name, call.arguments)} for call in self.calls
            ]
        writer = FileWriter()
        for file in self.files:
            name, part = writer.write(file)
            message.setdefault(name, []).append(part)
        return message


@attrs.define(eq=False, kw_only=True)
class ChunkWriter:
    """Write the events of a turn as server-sent ``chat.completion.chunk`` events.

    One id and one time for the whole stream; the role comes first, ``finish_reason`` exactly once.
    After :meth:`fail` the stream is over: no ``finish_reason``, no ``[DONE]``.
    """

    id: str
    created: int
    label: str
    include_usage: bool
    request_id: str
    legacy: bool = False
    """Whether the client calls tools in the older spelling, which holds one call in an answer."""
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    _files: FileWriter = attrs.field(factory=FileWriter, init=False)
    _before: bytes = attrs.field(init=False)
    """All of a chunk that stands before its delta. It is the same in every chunk, and so made once."""
    _before_piece: bytes = attrs.field(default=b"", init=False)
    """What stands around a piece of the arguments of the call that began last; empty to leave it out."""
    _after_piece: bytes = attrs.field(default=b"", init=False)
    _arguments_out: bool = attrs.field(default=False, init=False)
    """Whether a piece of that call's arguments was written."""

    def __attrs_post_init__(self) -> None:
        head = dump_json(self._object([]))
        self._before = b"data: " + head.removesuffix(b"]}") + b'{"index":0,"delta":'

    def open(self) -> bytes:
        """The first chunk, with the role."""
        return self._chunk(b'{"role":"assistant","content":""}')

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          GenerationFailed: the site took back text that the client has.
        """
        # Nearly all events are this one.
        if isinstance(event, TextDelta):
            return self._chunk(b'{"content":%b}' % quote_json(event.text)) if event.text else b""
        if isinstance(event, ReasoningDelta):
            return self._chunk(b'{"reasoning_content":%b}' % quote_json(event.text)) if event.text else b""
        if isinstance(event, ToolCallArguments):
            return self._arguments(event.text)
        if isinstance(event, ToolCallBegan):
            return self._began(event)
        if isinstance(event, ToolCallEnded):
            # A call that came in one piece may have had no pieces.
            return b"" if self._arguments_out else self._arguments(event.arguments)
        if isinstance(event, TextRetracted):
            raise text_taken_back(event.chars)
        if isinstance(event, FileProduced):
            name, part = self._files.write(event)
            return self._chunk(dump_json({name: [part]}))
        if isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            return self._finish(event)
        return b""

    def keep_alive(self) -> bytes:
        """A chunk that says nothing. Idle timers of clients count chunks, and not comments."""
        return self._chunk(b'{"content":""}')

    def fail(self, error: RelayError) -> bytes:
        """The last event of a stream that broke."""
        return _event(error_object(error, self.request_id))

    # calls

    def _began(self, call: ToolCallBegan) -> bytes:
        self._arguments_out = False
        if self.legacy and call.index > 0:  # there is no place for a second call
            self._before_piece = b""
            return b""
        if self.legacy:
            before, after = b'{"function_call":{"arguments":', b"}}"
            began: dict[str, Any] = {"function_call": {"name": call.name, "arguments": ""}}
        else:
            member = b'"custom":{"input":' if call.freeform else b'"function":{"arguments":'
            before, after = b'{"tool_calls":[{"index":%d,' % call.index + member, b"}}]}"
            named = {"index": call.index, "id": call.id, **_called(call.freeform, call.name, "")}
            began = {"tool_calls": [named]}
        self._before_piece, self._after_piece = self._before + before, after + _AFTER_DELTA
        return self._chunk(dump_json(began))

    def _arguments(self, text: str) -> bytes:
        if not text or not self._before_piece:
            return b""
        self._arguments_out = True
        return self._before_piece + quote_json(text) + self._after_piece

    # chunks

    def _finish(self, end: Finished) -> bytes:
        self.finished = True
        choice = {
            "index": 0,
            "delta": {},
            "logprobs": None,
            "finish_reason": _finish_reason(end, self.legacy),
        }
        last = self._object([choice], cdp_relay=extension_object(end, self.notices))
        usage = _event(self._object([], usage=usage_object(end.usage))) if self.include_usage else b""
        return _event(last) + usage + b"data: [DONE]\n\n"

    def _chunk(self, delta: bytes) -> bytes:
        return self._before + delta + _AFTER_DELTA

    def _object(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        # The choices come last, as the writing of chunks goes on from there.
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.label,
            **more,
            "choices": choices,
        }


def _called(freeform: bool, name: str, arguments: str) -> dict[str, Any]:
    if freeform:
        return {"type": "custom", "custom": {"name": name, "input": arguments}}
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def _finish_reason(end: Finished, legacy: bool) -> str:
    if legacy and end.finish_reason is FinishReason.TOOL_CALLS:
        return "function_call"
    return _FINISH_REASONS[end.finish_reason]


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + dump_json(value) + b"\n\n"
