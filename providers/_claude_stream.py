"""Decode one turn of Claude: the typed events of its stream, and the stored chat when it broke.

Blocks come one after the other, each with an index. The answer is the text of all text blocks; the
site's own tools may stand between them. What comes out of a block, and how, is in ``_claude_blocks``.

**Text that is taken back.** ``content_block_retract`` drops all blocks from an index on, and others
follow. Nothing is held back for its sake, as it is rare and waiting would cost every answer its
stream. Text that had gone out is taken back by a :class:`TextRetracted`: a client that waits for the
whole answer gets the right one, a client that reads along is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    ModelSeen,
    SiteFailed,
    TitleSeen,
)
from cdp_relay.chat.vocabulary import Drift, FinishReason, Notice, TextDelta, TextRetracted
from cdp_relay.errors import GenerationFailed, RelayError
from cdp_relay.wire import ServerSentEvent, SSEDecoder, decode_json

from ._claude_blocks import Blocks
from ._claude_errors import Limit, error_of, limit_error, read_error, read_limit

__all__ = ["ClaudeDecoder"]

_MAX_DRIFTS = 64
_MAX_STORED_BYTES = 64 << 20

# Events that say nothing a client needs.
_QUIET_EVENTS = frozenset({"cache_performance", "heartbeat", "ping", "tool_use_block_update"})

_FINISH_REASONS = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "tool_use": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    # The page offers to go on: the answer is not whole.
    "pause_turn": FinishReason.LENGTH,
    "tool_use_limit": FinishReason.LENGTH,
    "refusal": FinishReason.CONTENT_FILTER,
    "cyber_refusal": FinishReason.CONTENT_FILTER,
    "prompt_injection_risk": FinishReason.CONTENT_FILTER,
    "user_canceled": FinishReason.INTERRUPTED,
    "user_cancelled": FinishReason.INTERRUPTED,
}

_LENGTH_NOTICES = {
    "tool_use_limit": "Claude reached its limit of tool uses for one turn; the page offers to go on.",
    "pause_turn": "Claude paused its turn; the page offers to go on.",
}

# Events that a person may want to know of, as notices.
_TOLD_EVENTS = {
    "compaction_status": ("history_compacted", "Claude shortens the chat's history by itself."),
    "mcp_auth_required": ("connector_sign_in", "One of Claude's connectors wants to be signed in to."),
    "tool_approval": ("tool_approval", "Claude waits for leave to use a tool: answer on its page."),
}


class ClaudeDecoder:
    """Turns the bytes of one turn into events. Sans-IO but for *now*, which reset times are told by."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._out: list[DecoderEvent] = []
        self._events = SSEDecoder()
        self._blocks = Blocks(self._out, self._report, self._notice)
        self._stored: bytearray | None = None
        """The stored chat, while the page reads it anew."""
        self._over = False
        self._stop_reason: str | None = None
        self._limit: Limit | None = None
        self._conversation: str | None = None
        self._message: str | None = None
        self._model = ""
        self._notices: set[Notice] = set()
        self._drifts: dict[tuple[str, str], int] = {}

    # --- what the contract asks for

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of a response body."""
        if self._stored is None:
            for event in self._events.feed(data):
                self._event(event)
        elif len(self._stored) <= _MAX_STORED_BYTES:
            self._stored += data
        return self._drain()

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """Claude uses no WebSocket; one that the definition may name some day says nothing yet."""
        del text
        self._report("socket", "a message of a WebSocket")
        return self._drain()

    def end_body(self) -> Iterator[DecoderEvent]:
        """A response body ended; whether the answer is whole was said by its events or not at all."""
        if self._stored is not None:
            stored, self._stored = self._stored, None
            self._read_stored(bytes(stored))
        else:
            # An event that no blank line ended may be half of one: the stored chat has the whole.
            self._events.close()
        self._blocks.settle()
        if self._limit is not None and not (self._blocks.any_text and self._stop_reason):
            self._fail_limited(self._limit)
        if not self._over:
            self._recap()
        return self._drain()

    def resume(self, request: bytes) -> None:
        """The page reads the whole chat anew; the next body is that, as one JSON document."""
        del request
        self._stored = bytearray()

    # --- events

    def _drain(self) -> Iterator[DecoderEvent]:
        out = self._out[:]
        self._out.clear()
        return iter(out)

    def _event(self, event: ServerSentEvent) -> None:
        try:
            value = decode_json(event.data)
        except ValueError:
            if event.data.strip():
                self._report("event", "an event that is no JSON")
            return
        if not isinstance(value, dict):
            self._report("event", f"an event of {type(value).__name__}")
            return
        kind = value.get("type")
        if kind == "content_block_delta":
            if self._over:
                self._report("text", "the answer went on after its end")
            else:
                self._blocks.delta(value.get("index"), value.get("delta"))
        else:
            self._typed(kind if isinstance(kind, str) else event.event, value)

    def _typed(self, kind: str, value: dict[str, Any]) -> None:
        match kind:
            case "content_block_start":
                self._blocks.start(value.get("index"), value.get("content_block"))
            case "content_block_stop":
                self._blocks.stop(value.get("index"))
            case "content_block_retract":
                self._retract(value.get("from_index"))
            case "message_start":
                self._start(value.get("message"))
            case "message_delta":
                self._heed_stop_reason(value.get("delta"))
            case "message_limit":
                self._heed_limit(value.get("message_limit"))
            case "message_stop":
                self._end()
            case "conversation_ready":
                self._heed_conversation(value.get("conversation_uuid"))
            case "model_update" | "model_fallback":
                self._heed_new_model(value)
            case "error":
                self._fail(error_of(read_error(value), now=self._now))
            case "completion":
                self._legacy(value)
            case _ if kind in _TOLD_EVENTS:
                self._notice(*_TOLD_EVENTS[kind])
            case _ if kind not in _QUIET_EVENTS:
                self._report("event", kind[:80])

    def _start(self, message: Any) -> None:
        if not isinstance(message, dict):
            self._report("event", "message_start without a message")
            return
        uuid = message.get("uuid")
        if self._message is not None and uuid != self._message:
            self._report("event", "a second message_start")
        self._heed_model(message.get("model"))
        if isinstance(uuid, str) and uuid and uuid != self._message:
            self._message = uuid
            self._out.append(ConversationSeen(self._conversation, uuid))

    def _legacy(self, value: dict[str, Any]) -> None:
        """The events of the form before typed ones: pieces of text, the last with a reason to stop."""
        self._heed_model(value.get("model"))
        self._heed_limit(value.get("messageLimit"))
        text = value.get("completion")
        if self._over:
            self._report("text", "the answer went on after its end")
        elif isinstance(text, str):
            self._blocks.legacy(text)
        if isinstance(value.get("stop_reason"), str):
            self._heed_stop_reason(value)
            self._end()

    def _retract(self, first: Any) -> None:
        if self._over or not isinstance(first, int):
            self._report("event", "content_block_retract without a block to begin from")
            return
        chars, kept = self._blocks.retract(first)
        if chars:
            self._out.append(TextRetracted(chars))
            self._notice("text_retracted", "Claude took back a part of its answer and wrote it anew.")
        if kept:
            self._out.append(TextDelta(kept))

    # --- the end

    def _end(self) -> None:
        """``message_stop``: the stream's only sign that nothing more comes."""
        if self._over:
            return
        self._blocks.close()
        reason = self._stop_reason
        if self._limit is not None:
            if not self._blocks.any_text or reason is None:
                self._fail_limited(self._limit)
                return
            self._notice("limit_reached", f"Claude: {self._limit.window or 'the'} allowance is used up now.")
        if reason == "error":
            self._fail(GenerationFailed("Claude says that the answer ended in an error."))
            return
        finish = _FINISH_REASONS.get(reason or "end_turn")
        if finish is None:
            self._report("finish", str(reason)[:80])
        if reason is not None and reason in _LENGTH_NOTICES:
            self._notice(reason, _LENGTH_NOTICES[reason])
        self._recap()
        self._over = True
        self._out.append(AnswerEnded(finish or FinishReason.STOP))

    def _fail(self, error: RelayError) -> None:
        if not self._over:
            self._blocks.close()
            self._recap()
            self._over = True
            self._out.append(SiteFailed(error))

    def _fail_limited(self, limit: Limit) -> None:
        self._fail(limit_error(limit, now=self._now, details={"site": "claude"}))

    # --- the stored chat

    def _read_stored(self, body: bytes) -> None:
        """Go on with an answer from the stored chat: it is the truth, whatever the stream had said."""
        try:
            chat = decode_json(body)
        except ValueError:
            chat = None
        if self._over or not isinstance(chat, dict):
            return
        message = self._stored_answer(chat)
        if message is None:
            return
        self._heed_conversation(chat.get("uuid"))
        self._heed_model(chat.get("model"))
        if isinstance(title := chat.get("name"), str) and title:
            self._out.append(TitleSeen(title))
        reason = message.get("stop_reason")
        content = message.get("content")
        blocks = [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []
        texts = [one.get("text") for one in blocks if one.get("type") == "text"]
        text = "".join(one for one in texts if isinstance(one, str))
        chars, rest = self._blocks.replace(text, whole=isinstance(reason, str))
        if chars:
            self._out.append(TextRetracted(chars))
        if rest:
            self._out.append(TextDelta(rest))
        if isinstance(reason, str):
            self._stop_reason = self._stop_reason or reason
            self._end()

    def _stored_answer(self, chat: dict[str, Any]) -> dict[str, Any] | None:
        """This turn's answer: the message that the stream named, or else the chat's newest."""
        wanted = self._message or chat.get("current_leaf_message_uuid")
        messages = chat.get("chat_messages")
        for message in reversed(messages if isinstance(messages, list) else []):
            if (
                isinstance(message, dict)
                and message.get("uuid") == wanted
                and message.get("sender") == "assistant"
            ):
                return message
        return None

    # --- facts

    def _heed_conversation(self, uuid: Any) -> None:
        if isinstance(uuid, str) and uuid and uuid != self._conversation:
            self._conversation = uuid
            self._out.append(ConversationSeen(uuid, self._message))

    def _heed_model(self, model: Any) -> None:
        # Mostly empty in streams: then the request's own model is all that is known.
        if isinstance(model, str) and model and model != self._model:
            self._model = model
            self._out.append(ModelSeen(model))

    def _heed_new_model(self, value: dict[str, Any]) -> None:
        names: list[Any] = [value.get(key) for key in ("model", "new_model", "to_model", "fallback_model")]
        model = next((name for name in names if isinstance(name, str) and name), "")
        self._heed_model(model)
        said = f": {model}" if model else ""
        self._notice("model_changed", f"Claude answers with another model than the chat's{said}.")

    def _heed_stop_reason(self, delta: Any) -> None:
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if isinstance(reason, str):
            self._stop_reason = reason

    def _heed_limit(self, value: Any) -> None:
        limit = read_limit(value)
        if limit is None:
            return
        if limit.exceeded:
            # Also said with the last answer that the allowance had room for: the end decides.
            self._limit = limit
        elif limit.kind == "approaching_limit":
            used = "" if limit.used is None else f" ({limit.used:.0%} used)"
            self._notice(
                "limit_near", f"Claude: the {limit.window or 'usage'} allowance nears its end{used}."
            )
        elif limit.kind != "within_limit":
            self._report("limit", limit.kind[:80])

    # --- what is told beside the answer

    def _notice(self, code: str, message: str) -> None:
        notice = Notice(code=code, message=message)
        if notice not in self._notices and len(self._notices) < _MAX_DRIFTS:
            self._notices.add(notice)
            self._out.append(notice)

    def _report(self, kind: str, detail: str) -> None:
        """Report something unknown: at once when it is new, and how often it came at the end."""
        seen = self._drifts.get((kind, detail), 0)
        if not seen and len(self._drifts) >= _MAX_DRIFTS:
            return
        self._drifts[kind, detail] = seen + 1
        if not seen:
            self._out.append(Drift(kind=kind, detail=detail))

    def _recap(self) -> None:
        for (kind, detail), count in self._drifts.items():
            if count > 1:
                self._out.append(Drift(kind=kind, detail=f"{detail} ({count} times)"))
                self._drifts[kind, detail] = 1
