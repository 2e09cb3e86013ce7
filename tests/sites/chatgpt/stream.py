"""An answer as the site's own stream of server-sent events.

The forms follow recorded streams: fields that the last delta had already are left out or repeated,
patches inherit, the last words may sit in the closing patch, and each delta is padded with blanks.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from tests.sites.chatgpt.answer import Answer
from tests.sites.chatgpt.frames import DONE, Deltas, typed_event
from tests.sites.kit.answers import Recording
from tests.sites.kit.turns import Frame, Gate, Pause, Step

__all__ = ["TurnIds", "frames_of_recording", "picture_message", "stream_answer"]

_TEXT = "/message/content/parts/0"


@attrs.frozen(kw_only=True)
class TurnIds:
    """The names that a turn's frames carry."""

    conversation: str
    exchange: str
    user_message: Mapping[str, Any]
    new_chat: bool = True
    pictures: tuple[str, ...] = ()
    """The ids of the answer's files."""
    answer: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    request: str = attrs.field(factory=lambda: str(uuid.uuid4()))


def stream_answer(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    """The answer's steps, from the first byte to ``[DONE]``."""
    body = _cumulative(answer, ids) if answer.dialect == "cumulative" else _delta_encoded(answer, ids)
    yield Gate("first-byte")
    yield from body
    if answer.done:
        yield DONE
    yield Gate("close")


def frames_of_recording(recording: Recording) -> Iterator[Step]:
    """A recorded stream's steps, event by event."""
    events = [event + b"\n\n" for event in recording.data.split(b"\n\n") if event.strip()]
    middle = len(events) // 2
    yield Gate("first-byte")
    for index, event in enumerate(events):
        if index == middle:
            yield Gate("middle")
        if event == DONE.data:
            yield Gate("end")
        yield Frame(event)
        if recording.delay:
            yield Pause(recording.delay)
    yield Gate("close")


def _delta_encoded(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    deltas = Deltas()
    typed = answer.dialect == "delta"
    conversation = {"conversation_id": ids.conversation}
    yield Frame(b'event: delta_encoding\ndata: "v1"\n\n')
    if typed:
        token = {"type": "resume_conversation_token", "kind": "topic", "token": "replica-token"}
        yield typed_event({**token, **conversation})
        if answer.hidden_messages:
            for message in _hidden_messages(ids):
                yield deltas.message(message, ids.conversation)
        yield deltas.message(ids.user_message, ids.conversation)
        yield typed_event({"type": "input_message", "input_message": ids.user_message, **conversation})
        for event in answer.events:
            yield typed_event({**event, **conversation})
        if answer.unknown:
            yield typed_event({"type": "orbital_status", "orbit": 3, **conversation})
            hologram = _message("assistant", {"content_type": "hologram", "beams": ["x"]}, channel="final")
            yield deltas.message(hologram, ids.conversation)
        if answer.via != "http" and answer.handoff_after == 0:
            yield from _handoff(answer, ids)
        yield from _thinking(answer, ids, deltas)
        if answer.preamble:
            yield from _preamble(answer, ids, deltas)
        if answer.tool_text or answer.image:
            yield from _tool_call(answer, ids, deltas)
    if not answer.image:
        if ids.pictures:
            # What is seen of a picture on its way has an id of its own, and goes.
            yield deltas.message(picture_message(["file_draft"]), ids.conversation)
            yield deltas.message(picture_message(ids.pictures), ids.conversation)
        yield from _text(answer, ids, deltas)
    else:
        yield Gate("middle")
        yield Gate("end")
    if typed:
        yield from _tail(answer, ids)
    else:
        yield Frame(b"data: \n\n")


def _text(answer: Answer, ids: TurnIds, deltas: Deltas) -> Iterator[Step]:
    pieces = answer.text_pieces()
    yield deltas.message(_answer_message(answer, ids), ids.conversation)
    if answer.dialect == "delta":
        marker = {"type": "message_marker", "conversation_id": ids.conversation, "message_id": ids.answer}
        yield typed_event({**marker, "marker": "user_visible_token", "event": "first"})
    last_words = ""
    if answer.last_words_in_closing_patch and answer.finished and len(pieces) > 1:
        *head, last_words = pieces
        pieces = tuple(head)
    forms = itertools.cycle(("patch", "list", "explicit", "bare", "bare", "list-anyway", "rooted", "list"))
    for index, piece in enumerate(pieces):
        if index == (len(pieces) + 1) // 2:
            yield Gate("middle")
        form = next(forms) if answer.form == "mixed" else answer.form
        yield _text_delta(deltas, form, piece, index)
        if answer.via != "http" and index + 1 == answer.handoff_after:
            yield from _handoff(answer, ids)
        if answer.unknown and index == 0:
            yield typed_event({"type": "orbital_status", "orbit": 4, "conversation_id": ids.conversation})
        if answer.delay:
            yield Pause(answer.delay)
    if len(pieces) < 2:
        yield Gate("middle")
    yield Gate("end")
    for event in answer.late_events:
        yield typed_event({**event, "conversation_id": ids.conversation})
    if answer.finished:
        yield from _closing(answer, deltas, last_words, len(pieces))


def _text_delta(deltas: Deltas, form: str, piece: str, index: int) -> Frame:
    if form in ("explicit", "bare"):
        return deltas.change(_TEXT, "append", piece, explicit=form == "explicit")
    changes: list[dict[str, Any]] = [
        {"p": _TEXT, "o": "append", "v": piece},
        {"p": "/message/metadata/token_count", "o": "replace", "v": index + 1},
    ]
    if form == "list-anyway":
        return deltas.bare_list(changes)
    return deltas.batch(changes, rooted=form == "rooted", explicit=form == "patch")


def _closing(answer: Answer, deltas: Deltas, last_words: str, count: int) -> Iterator[Step]:
    metadata: dict[str, Any] = {"is_complete": True, "finish_details": {"type": answer.finish}}
    if answer.finish == "stop":
        metadata["finish_details"]["stop_tokens"] = [200002]
    changes: list[dict[str, Any]] = [
        {"p": "/message/status", "o": "replace", "v": "finished_successfully"},
        {"p": "/message/end_turn", "o": "replace", "v": True},
    ]
    if last_words:
        changes.insert(0, {"p": _TEXT, "o": "append", "v": last_words})
    if answer.dialect == "2024":
        yield deltas.batch(changes, rooted=True)
        yield deltas.change("/message/metadata", "append", metadata)
        return
    if answer.references:
        urls = [str(reference.get("url", "")) for reference in answer.references]
        yield deltas.change("/message/metadata/content_references", "append", list(answer.references))
        yield deltas.change("/message/metadata/safe_urls", "append", urls)
    changes.append({"p": "/message/metadata/token_count", "o": "replace", "v": count})
    changes.append({"p": "/message/metadata", "o": "append", "v": metadata})
    yield deltas.batch(changes)


def _tail(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    conversation = {"conversation_id": ids.conversation}
    if not answer.complete:
        return
    if not answer.image:
        yield typed_event({"type": "message_marker", **conversation, "marker": "last_token", "event": "last"})
    if answer.title and ids.new_chat:
        yield typed_event({"type": "title_generation", "title": answer.title, **conversation})
    served = answer.served_model or answer.model
    metadata: dict[str, Any] = {
        "plan_type": "plus",
        "is_first_turn": ids.new_chat,
        "model_slug": served,
        "request_id": ids.request,
        "turn_exchange_id": ids.exchange,
        "resume_with_websockets": True,
        "turn_use_case": "text",
    }
    if answer.downgraded:
        metadata["model_adjustments"] = ["auto:smaller_model:reached_message_cap"]
    yield typed_event({"type": "server_ste_metadata", "metadata": metadata, **conversation})
    yield typed_event({"type": "message_stream_complete", **conversation})
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    detail: dict[str, Any] = {
        "banner_info": None,
        "blocked_features": [],
        "model_limits": [],
        "limits_progress": [{"feature_name": "file_upload", "remaining": 80, "reset_after": tomorrow}],
        "default_model_slug": "auto",
        **answer.limits,
    }
    yield typed_event({"type": "conversation_detail_metadata", **detail, **conversation})


def _handoff(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    kind = "subscribe_ws_topic" if answer.via == "socket" else "resume_sse_endpoint"
    event = typed_event(
        {
            "type": "stream_handoff",
            "conversation_id": ids.conversation,
            "turn_exchange_id": ids.exchange,
            "options": [{"type": kind, "topic_id": f"conversation-turn-{ids.exchange}"}],
        }
    )
    yield attrs.evolve(event, shared=False)
    yield attrs.evolve(DONE, shared=False, ends=True)


def _thinking(answer: Answer, ids: TurnIds, deltas: Deltas) -> Iterator[Step]:
    if not answer.thinking:
        return
    if answer.thinking_style == "tool":
        message = _message("tool", {"content_type": "text", "parts": [""]}, name="a8km123", weight=0.0)
        message["metadata"] |= {"initial_text": "Thinking", "finished_text": "Thought for 3 seconds"}
        yield deltas.message(message, ids.conversation)
        for piece in _words("\n\n".join(answer.thinking)):
            yield deltas.change(_TEXT, "append", piece)
            if answer.delay:
                yield Pause(answer.delay)
        done = {"p": "/message/metadata", "o": "append", "v": {"finished_duration_sec": 3}}
        yield deltas.batch([{"p": "/message/status", "o": "replace", "v": "finished_successfully"}, done])
        return
    message = _message("assistant", {"content_type": "thoughts", "thoughts": []}, channel=None)
    message["metadata"] |= {"reasoning_status": "is_reasoning", "model_slug": answer.model}
    yield deltas.message(message, ids.conversation)
    for index, thought in enumerate(answer.thinking):
        summary, *words = _words(thought)
        start = {"summary": summary, "content": ""}
        yield deltas.change("/message/content/thoughts", "append", [start])
        for word in words:
            yield deltas.change(f"/message/content/thoughts/{index}/content", "append", word)
            if answer.delay:
                yield Pause(answer.delay)
    yield deltas.change("/message/status", "replace", "finished_successfully")
    recap = {"content_type": "reasoning_recap", "content": "Thought for 3 seconds"}
    message = _message("assistant", recap, status="finished_successfully")
    message["metadata"] |= {"reasoning_status": "reasoning_ended", "finished_duration_sec": 3}
    yield deltas.message(message, ids.conversation)


def _preamble(answer: Answer, ids: TurnIds, deltas: Deltas) -> Iterator[Step]:
    message = _message("assistant", {"content_type": "text", "parts": [""]}, channel="commentary")
    yield deltas.message(message, ids.conversation)
    for piece in _words(answer.preamble):
        yield deltas.change(_TEXT, "append", piece)
    yield deltas.batch(
        [
            {"p": "/message/status", "o": "replace", "v": "finished_successfully"},
            {"p": "/message/end_turn", "o": "replace", "v": True},
        ],
        rooted=True,
    )


def _tool_call(answer: Answer, ids: TurnIds, deltas: Deltas) -> Iterator[Step]:
    tool = "t2uay3k.sj1i4kz"
    call = {"content_type": "code", "language": "python3", "text": '{"skipped_mainline":true}'}
    message = _message("assistant", call, recipient=tool, channel="commentary")
    yield deltas.message(message, ids.conversation)
    yield deltas.change("/message/status", "replace", "finished_successfully")
    if answer.image:
        status = {"type": "conversation_async_status", "conversation_id": ids.conversation, "async_status": 7}
        yield typed_event(status)
    text = answer.tool_text or "Processing image"
    card = _message("tool", {"content_type": "text", "parts": [text]}, name=tool, end_turn=True)
    card["metadata"] |= {"ui_card": True, "ui_card_title": text}
    if answer.image:
        card["metadata"]["image_gen_task_id"] = "chatimagegen-replica"
    card["status"] = "finished_successfully"
    yield deltas.message(card, ids.conversation)


def _cumulative(answer: Answer, ids: TurnIds) -> Iterator[Step]:
    message = _answer_message(answer, ids)
    pieces = answer.text_pieces()
    text = ""
    for index, piece in enumerate(pieces):
        if index == (len(pieces) + 1) // 2:
            yield Gate("middle")
        text += piece
        message["content"] = {"content_type": "text", "parts": [text]}
        yield typed_event({"message": message, "conversation_id": ids.conversation, "error": None})
        if answer.delay:
            yield Pause(answer.delay)
    if len(pieces) < 2:
        yield Gate("middle")
    yield Gate("end")
    if answer.finished:
        message |= {"status": "finished_successfully", "end_turn": True}
        message["metadata"] |= {"is_complete": True, "finish_details": {"type": answer.finish}}
        yield typed_event({"message": message, "conversation_id": ids.conversation, "error": None})
    if answer.title and ids.new_chat:
        title = {"type": "title_generation", "title": answer.title, "conversation_id": ids.conversation}
        yield typed_event(title)


def _answer_message(answer: Answer, ids: TurnIds) -> dict[str, Any]:
    message = _message("assistant", {"content_type": "text", "parts": [""]}, channel="final")
    message["id"] = ids.answer
    message["metadata"] |= {
        "citations": [],
        "content_references": [],
        "safe_urls": [],
        "resolved_model_slug": answer.model,
        "model_slug": answer.model,
        "default_model_slug": "auto",
        "message_type": "next",
        "request_id": ids.request,
        "turn_exchange_id": ids.exchange,
        "parent_id": ids.user_message["id"],
        "token_count": 0,
    }
    return message


def picture_message(ids: Sequence[str]) -> dict[str, Any]:
    """A tool's message that shows pictures."""
    parts = [
        {
            "content_type": "image_asset_pointer",
            "asset_pointer": f"sediment://{one}",
            "size_bytes": 1,
            "width": 1024,
            "height": 1024,
            "metadata": {"dalle": {"gen_id": f"making-{number}", "prompt": ""}},
        }
        for number, one in enumerate(ids)
    ]
    content = {"content_type": "multimodal_text", "parts": parts}
    return _message("tool", content, name="t2uay3k.sj1i4kz", status="finished_successfully")


def _hidden_messages(ids: TurnIds) -> Iterator[dict[str, Any]]:
    hidden = {"is_visually_hidden_from_conversation": True}
    for end_turn in (True, False):
        message = _message("system", {"content_type": "text", "parts": [""]}, end_turn=end_turn, weight=0.0)
        message["metadata"] |= hidden
        message["status"] = "finished_successfully"
        yield message
    profile = {"content_type": "user_editable_context", "user_profile": "", "user_instructions": "Be brief."}
    message = _message("user", profile, weight=0.0, status="finished_successfully")
    message["metadata"] |= hidden
    yield message
    context = {"content_type": "model_editable_context", "model_set_context": "", "repository": None}
    yield _message("assistant", context, status="finished_successfully")


def _message(
    role: str,
    content: Mapping[str, Any],
    *,
    name: str | None = None,
    channel: str | None = None,
    recipient: str = "all",
    status: str = "in_progress",
    end_turn: bool | None = None,
    weight: float = 1.0,
) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "author": {"role": role, "name": name, "metadata": {}},
        "create_time": round(time.time(), 6),
        "update_time": None,
        "content": dict(content),
        "status": status,
        "end_turn": end_turn,
        "weight": weight,
        "metadata": {"model_switcher_deny": []},
        "recipient": recipient,
        "channel": channel,
    }


def _words(text: str) -> tuple[str, ...]:
    return Answer(text=text).text_pieces()
