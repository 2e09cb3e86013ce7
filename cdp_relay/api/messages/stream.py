"""From neutral :class:`ChatEvent` values to the events of a streamed message. No I/O, no clock.

A message is a row of content blocks. A block is opened by the first thing that belongs into it and
closed by the first that does not, so that none is ever empty.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs

from cdp_relay.api.dialect import AnswerFacts, text_taken_back
from cdp_relay.api.ending import extension_object
from cdp_relay.api.json_out import dump_json, quote_json
from cdp_relay.api.messages._shape import (
    EXTENSION,
    SIGNATURE,
    call_id,
    file_block,
    stop_reason,
    usage_object,
)
from cdp_relay.api.messages.failure import messages_error
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    Finished,
    Notice,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    Usage,
)
from cdp_relay.errors import RelayError

__all__ = ["MessageStream"]

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA_END = b"}}\n\n"


class _Open(enum.Enum):
    """What kind of block is open."""

    NONE = enum.auto()
    TEXT = enum.auto()
    THINKING = enum.auto()
    CALL = enum.auto()


@attrs.define(eq=False, kw_only=True)
class MessageStream:
    """Write the events of a turn as the dialect's server-sent events.

    After :meth:`fail` the stream is over: no ``message_stop``.
    """

    facts: AnswerFacts
    thinking: bool
    """Whether what the site shows of the model's thinking is passed on."""
    input_tokens: int
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    _open: _Open = attrs.field(default=_Open.NONE, init=False)
    _index: int = attrs.field(default=-1, init=False)
    """Of the block that was opened last."""
    _delta: bytes = attrs.field(default=b"", init=False)
    """All that stands before the text in a delta of the open block: the same each time, so made once."""
    _arguments_out: bool = attrs.field(default=False, init=False)
    """Whether the open call has had any of its arguments."""

    def open(self) -> bytes:
        """The message without its content, and a first ping."""
        usage = usage_object(Usage(prompt_tokens=self.input_tokens, completion_tokens=0))
        message: dict[str, Any] = {
            "id": f"msg_{self.facts.id}",
            "type": "message",
            "role": "assistant",
            "model": self.facts.label,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return _event("message_start", message=message) + _PING

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          GenerationFailed: the site took back text that the client has; no event can say that.
        """
        # Nearly all events are this one.
        if isinstance(event, TextDelta):
            if not event.text:
                return b""
            opened = b"" if self._open is _Open.TEXT else self._open_text()
            return opened + self._delta + quote_json(event.text) + _DELTA_END
        if isinstance(event, ReasoningDelta):
            if not self.thinking or not event.text:
                return b""
            opened = b"" if self._open is _Open.THINKING else self._open_thinking()
            return opened + self._delta + quote_json(event.text) + _DELTA_END
        if isinstance(event, ToolCallArguments):
            return self._arguments(event.text)
        if isinstance(event, ToolCallBegan):
            return self._open_call(event)
        if isinstance(event, ToolCallEnded):
            return (b"" if self._arguments_out else self._arguments(event.arguments)) + self._close()
        if isinstance(event, TextRetracted):
            raise text_taken_back(event.chars)
        if isinstance(event, FileProduced):
            return self._file(event)
        if isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            return self._finish(event)
        return b""

    def keep_alive(self) -> bytes:
        """An event that says nothing."""
        return _PING

    def fail(self, error: RelayError) -> bytes:
        """The last event of a stream that broke."""
        return b"event: error\ndata: " + dump_json(messages_error(error, self.facts.request_id)) + b"\n\n"

    # blocks

    def _open_text(self) -> bytes:
        return self._begin(_Open.TEXT, {"type": "text", "text": ""}, "text_delta", "text")

    def _open_thinking(self) -> bytes:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return self._begin(_Open.THINKING, block, "thinking_delta", "thinking")

    def _open_call(self, call: ToolCallBegan) -> bytes:
        self._arguments_out = False
        block = {"type": "tool_use", "id": call_id(call.id), "name": call.name, "input": {}}
        return self._begin(_Open.CALL, block, "input_json_delta", "partial_json")

    def _begin(self, kind: _Open, block: dict[str, Any], delta: str, member: str) -> bytes:
        closed = self._close()
        self._open = kind
        self._index += 1
        self._delta = (
            f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{self._index},'
            f'"delta":{{"type":"{delta}","{member}":'
        ).encode()
        return closed + _event("content_block_start", index=self._index, content_block=block)

    def _close(self) -> bytes:
        if self._open is _Open.NONE:
            return b""
        signed = b""
        if self._open is _Open.THINKING:
            delta = {"type": "signature_delta", "signature": SIGNATURE}
            signed = _event("content_block_delta", index=self._index, delta=delta)
        self._open = _Open.NONE
        return signed + _event("content_block_stop", index=self._index)

    def _arguments(self, text: str) -> bytes:
        if not text:
            return b""
        self._arguments_out = True
        return self._delta + quote_json(text) + _DELTA_END

    def _file(self, file: FileProduced) -> bytes:
        text, held = file_block(file)
        block = {"type": "text", "text": "", EXTENSION: held}
        began = self._begin(_Open.TEXT, block, "text_delta", "text")
        return began + self._delta + quote_json(text) + _DELTA_END + self._close()

    def _finish(self, end: Finished) -> bytes:
        self.finished = True
        closed = self._close()
        last = _event(
            "message_delta",
            delta=stop_reason(end),
            usage=usage_object(end.usage),
            **{EXTENSION: extension_object(end, self.notices)},
        )
        return closed + last + _STOP


def _event(name: str, **members: Any) -> bytes:
    return f"event: {name}\ndata: ".encode() + dump_json({"type": name, **members}) + b"\n\n"
