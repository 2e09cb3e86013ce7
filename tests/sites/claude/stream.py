"""An answer as the site's stream of server-sent events, in Anthropic's form with the site's additions."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from tests.sites.claude.answer import Answer, Retract, Text, Thinking, Tool
from tests.sites.kit.answers import Answer as AnyAnswer
from tests.sites.kit.answers import Recording
from tests.sites.kit.turns import Frame, Gate, Pause, Step

__all__ = ["TurnIds", "event", "frames_of_recording", "message_limit", "now", "stream_answer"]


@attrs.frozen(kw_only=True)
class TurnIds:
    """The names that a turn's events carry; the page makes those of both messages."""

    conversation: str
    human: str
    assistant: str


def event(value: Mapping[str, Any], name: str | None = None) -> Frame:
    """One event; its name is also its type."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Frame(f"event: {name or value['type']}\ndata: {text}\n\n".encode())


def stream_answer(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    """The answer's steps, from the first byte to ``message_stop``."""
    yield Gate("first-byte")
    for step in _completions(answer) if answer.dialect == "completion" else _messages(answer, ids):
        yield _padded(step) if answer.padded and isinstance(step, Frame) else step
    yield Gate("close")


def frames_of_recording(recording: Recording) -> Iterator[Step]:
    """A recorded stream's steps, event by event."""
    events = [one + b"\n\n" for one in recording.data.split(b"\n\n") if one.strip()]
    yield Gate("first-byte")
    for index, one in enumerate(events):
        if index == len(events) // 2:
            yield Gate("middle")
        if one.startswith(b"event: message_stop"):
            yield Gate("end")
        yield Frame(one)
        if recording.delay:
            yield Pause(recording.delay)
    yield Gate("close")


def message_limit(
    kind: str = "within_limit", *, resets_at: float | None = None, **more: Any
) -> dict[str, Any]:
    """The members of a ``message_limit``; a limit that is exceeded says when it ends."""
    soon = int(resets_at or time.time() + 3 * 3600)
    exceeded = kind == "exceeded_limit"
    used = {"exceeded_limit": 1.02, "approaching_limit": 0.92}.get(kind, 0.32)
    status = kind if kind != "approaching_limit" else "allowed_warning"
    return {
        "type": kind,
        "resetsAt": soon if kind != "within_limit" else None,
        "remaining": 0 if exceeded else None,
        "perModelLimit": False if exceeded else None,
        "representativeClaim": "five_hour",
        "overageDisabledReason": "overage_not_provisioned",
        "overageInUse": False,
        "windows": {
            "5h": {"status": status, "resets_at": soon, "utilization": used},
            "7d": {"status": "within_limit", "resets_at": soon + 300_000, "utilization": 0.29},
        },
        **more,
    }


def now() -> str:
    """The time as the site writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _messages(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    yield event({"type": "conversation_ready", "conversation_uuid": ids.conversation})
    yield event({"type": "message_start", "message": _message(answer, ids)})
    if answer.pings:
        yield event({"type": "ping"})
        yield Frame(b": ping\n\n")
    for one in answer.events:
        yield event(one)
    yield from _Blocks(answer).steps()
    if answer.unknown:
        yield event({"type": "novelty_of_tomorrow", "value": [1, {"text": "no answer"}]})
    for one in answer.late_events:
        yield event(one)
    yield from _end(answer)


def _message(answer: Answer, ids: TurnIds) -> dict[str, Any]:
    return {
        "id": f"chatcompl_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": answer.model if answer.names_model else "",
        "parent_uuid": ids.human,
        "uuid": ids.assistant,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "trace_id": uuid.uuid4().hex,
        "request_id": f"req_{uuid.uuid4().hex[:24]}",
    }


def _end(answer: Answer) -> Iterator[Step]:
    delta = {"stop_reason": answer.reason, "stop_sequence": None}
    over = event({"type": "message_delta", "delta": delta})
    limit = event({"type": "message_limit", "message_limit": {**message_limit(), **answer.limit}})
    if answer.finished:
        yield from (limit, over) if answer.limit_first else (over, limit)
    if answer.complete and answer.finished:
        yield event({"type": "message_stop"})


class _Blocks:
    """Writes blocks, and counts the pieces of text on the way to the answer's middle."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._blocks = answer.all_blocks()
        count = sum(len(_pieces(answer, one.text)) for one in self._blocks if isinstance(one, Text))
        self._left = (count + 1) // 2
        self._passed = False
        self._index = 0

    def steps(self) -> Iterator[Step]:
        for block in self._blocks:
            match block:
                case Thinking():
                    yield from self._thinking(block)
                case Text():
                    yield from self._text(block)
                case Tool():
                    yield from self._tool(block)
                case Retract():
                    yield event({"type": "content_block_retract", "from_index": block.from_index})
                    self._index = block.from_index
        if not self._passed:
            yield Gate("middle")
        yield Gate("end")

    def _thinking(self, block: Thinking) -> Iterator[Step]:
        yield self._start({"type": "thinking", "thinking": "", "summaries": [], "cut_off": False})
        summaries = list(block.summaries)
        for index, piece in enumerate(AnyAnswer(text=block.text).text_pieces()):
            yield self._delta({"type": "thinking_delta", "thinking": piece})
            if summaries and index % 2 == 0:
                yield self._summary(summaries.pop(0))
            yield from self._rest()
        for summary in summaries:
            yield self._summary(summary)
        yield self._delta({"type": "signature_delta", "signature": uuid.uuid4().hex})
        yield from self._stop()

    def _text(self, block: Text) -> Iterator[Step]:
        yield self._start({"type": "text", "text": "", "citations": []})
        pieces = _pieces(self._answer, block.text)
        cited = list(block.citations)
        for index, piece in enumerate(pieces):
            if cited and index == len(pieces) - 1:
                for citation in cited:
                    yield self._delta({"type": "citation_start_delta", "citation": dict(citation)})
            if not self._passed and self._left == 0:
                self._passed = True
                yield Gate("middle")
            self._left -= 1
            yield self._delta({"type": "text_delta", "text": piece})
            if self._answer.unknown and index == 0:
                yield self._delta({"type": "sparkle_delta", "sparkle": "no answer"})
            yield from self._rest()
        for citation in cited:
            yield self._delta({"type": "citation_end_delta", "citation_uuid": citation.get("uuid")})
        yield from self._stop()

    def _tool(self, tool: Tool) -> Iterator[Step]:
        call = f"toolu_{uuid.uuid4().hex[:24]}"
        about = {"name": tool.name, "message": tool.name.replace("_", " "), "integration_name": None}
        yield self._start({"type": "tool_use", "id": call, "input": {}, **about})
        words = json.dumps(dict(tool.arguments))
        for start in range(0, len(words), 12):
            yield self._delta({"type": "input_json_delta", "partial_json": words[start : start + 12]})
        if tool.approval:
            yield event({"type": "tool_approval", "tool_use_id": call, "name": tool.name})
        yield from self._stop()
        display = {"type": "json_block", "json_block": json.dumps(list(tool.result))}
        yield self._start(
            {
                "type": "tool_result",
                "tool_use_id": call,
                "content": [],
                "is_error": False,
                "display_content": display,
                **about,
            }
        )
        result = json.dumps([dict(one) for one in tool.result])
        yield self._delta({"type": "input_json_delta", "partial_json": result})
        yield from self._stop()

    def _start(self, block: dict[str, Any]) -> Frame:
        times = {"start_timestamp": now(), "stop_timestamp": None, "flags": None}
        return event(
            {"type": "content_block_start", "index": self._index, "content_block": {**times, **block}}
        )

    def _delta(self, delta: dict[str, Any]) -> Frame:
        return event({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _summary(self, words: str) -> Frame:
        return self._delta({"type": "thinking_summary_delta", "summary": {"summary": words}})

    def _stop(self) -> Iterator[Step]:
        if self._answer.closes_blocks:
            yield event({"type": "content_block_stop", "index": self._index, "stop_timestamp": now()})
        self._index += 1

    def _rest(self) -> Iterator[Step]:
        if self._answer.delay:
            yield Pause(self._answer.delay)


def _completions(answer: Answer) -> Iterator[Step]:
    pieces = answer.text_pieces()
    for index, piece in enumerate(pieces):
        if index == (len(pieces) + 1) // 2:
            yield Gate("middle")
        yield event({"type": "completion", "completion": piece, "stop_reason": None, "model": answer.model})
        if answer.delay:
            yield Pause(answer.delay)
    if len(pieces) < 2:
        yield Gate("middle")
    yield Gate("end")
    if answer.finished:
        last = {"completion": "", "stop_reason": "stop_sequence", "model": answer.model}
        yield event({"type": "completion", **last, "messageLimit": {**message_limit(), **answer.limit}})


def _padded(frame: Frame) -> Frame:
    return Frame(frame.data.removesuffix(b"\n\n") + b" " * (-len(frame.data) % 64) + b"\n\n")


def _pieces(answer: Answer, text: str) -> tuple[str, ...]:
    if not answer.blocks:
        return answer.text_pieces()
    return AnyAnswer(text=text, piece_chars=answer.piece_chars).text_pieces()
