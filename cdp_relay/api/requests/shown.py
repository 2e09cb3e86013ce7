"""Requests as JSON objects: in a list, and with everything that is kept of one. Sans-IO."""

from __future__ import annotations

from typing import Any

from cdp_relay.api.failure import whole_seconds
from cdp_relay.chat.vocabulary import Drift, FileProduced, Message, Notice
from cdp_relay.errors import RelayError
from cdp_relay.store import StoredTurn, TurnSummary

__all__ = ["request_object", "summary_object"]


def summary_object(summary: TurnSummary) -> dict[str, Any]:
    """A request as a list shows it."""
    seconds = summary.seconds
    return {
        "id": summary.id,
        "object": "request",
        "state": summary.state,
        "step": summary.step,
        "began_at": round(summary.began_at, 3),
        "ended_at": None if summary.ended_at is None else round(summary.ended_at, 3),
        "seconds": None if seconds is None else round(seconds, 3),
        "model": summary.label,
        "site": summary.site,
        "site_model": summary.model,
        "client": summary.client,
        "session": summary.session,
        "first_words": summary.first_words,
        "prompt_left": summary.sent_at is not None,
        "submitted": summary.submitted,
        "continued": summary.continued,
        "sent_characters": summary.sent_chars,
        "answer_characters": summary.answer_chars,
        "capture": summary.capture,
        "conversation_id": summary.conversation_id,
        "conversation_url": summary.conversation_url,
        "error": None if summary.error is None else _error(summary.error),
    }


def request_object(turn: StoredTurn) -> dict[str, Any]:
    """A request with all that is kept of it; where no content is kept, the texts are null."""
    content, told = turn.summary.content, [entry.event for entry in turn.told]
    asked = turn.request
    return {
        **summary_object(turn.summary),
        "idempotency_key": turn.idempotency_key or None,
        "content": content,
        "timeline": [
            {"step": step.step.value, "at_seconds": step.at_seconds, "facts": dict(step.facts)}
            for step in turn.steps
        ],
        "messages": [_message(one) for one in asked.messages] if asked is not None and content else None,
        "tools": [tool.name for tool in asked.tools] if asked is not None and content else None,
        "prompts": [
            {
                "at_seconds": round(prompt.at, 4),
                "conversation_id": prompt.conversation_id,
                "characters": prompt.chars,
                "text": prompt.text,
            }
            for prompt in turn.prompts
        ],
        "answer": _answer(turn) if content else None,
        "notices": [
            {"code": event.code, "message": event.message} for event in told if isinstance(event, Notice)
        ],
        "drifts": [
            {"kind": event.kind, "detail": event.detail} for event in told if isinstance(event, Drift)
        ],
    }


def _answer(turn: StoredTurn) -> dict[str, Any]:
    return {
        "text": turn.text,
        "reasoning": turn.reasoning,
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in turn.calls
        ],
        "files": [
            {"name": event.name, "media_type": event.media_type, "bytes": len(event.data)}
            for event in (entry.event for entry in turn.told)
            if isinstance(event, FileProduced)
        ],
    }


def _message(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role.value, "text": message.text}
    if message.files:
        told["files"] = [{"name": file.name, "media_type": file.media_type} for file in message.files]
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        told["tool_call_id"] = message.tool_call_id
    return told


def _error(error: RelayError) -> dict[str, Any]:
    told = {
        "code": error.code,
        "status": error.status,
        "message": error.message,
        "next_step": error.next_step,
        "retryable": error.retryable,
    }
    if error.retry_after_seconds is not None:
        told["retry_after_seconds"] = whole_seconds(error.retry_after_seconds)
    return told
