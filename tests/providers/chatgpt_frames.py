"""Build streams of ChatGPT's form, and decode them in one go or cut to pieces."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    FileSeen,
    HandedOff,
    ModelSeen,
    Provider,
    SiteFailed,
    StreamDecoder,
    TitleSeen,
)
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.vocabulary import Drift, Notice, ReasoningDelta, TextDelta, TextRetracted

TEXT = "/message/content/parts/0"
START = b'event: delta_encoding\ndata: "v1"\n\n'
DONE = b"data: [DONE]\n\n"
NOW = 1_790_000_000.0


@functools.cache
def provider() -> Provider:
    """The provider as the registry loads it, with a clock that stands still."""
    site = load_provider("chatgpt")
    return type(site)(site.site, now=lambda: NOW)  # type: ignore[call-arg]  # the class of this module


def typed(kind: str, /, **members: Any) -> bytes:
    return b"data: " + json.dumps({"type": kind, **members}).encode() + b"\n\n"


def delta(value: Any) -> bytes:
    text = json.dumps(value)
    return b"event: delta\ndata: " + (text + " " * (-len(text) % 8)).encode() + b"\n\n"


def message(
    id: str = "a1",
    text: str | None = "",
    *,
    role: str = "assistant",
    channel: str | None = "final",
    kind: str = "text",
    name: str | None = None,
    content: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    return {
        "id": id,
        "author": {"role": role, "name": name, "metadata": {}},
        "content": content or {"content_type": kind, "parts": [text]},
        "status": "in_progress",
        "end_turn": None,
        "weight": 1.0,
        "metadata": metadata or {},
        "recipient": "all",
        "channel": channel,
        **members,
    }


def root(*args: Any, **members: Any) -> dict[str, Any]:
    """The value of a frame that starts a message."""
    return {"message": message(*args, **members), "conversation_id": "c1", "error": None, "error_code": None}


def start(*args: Any, **members: Any) -> bytes:
    return delta({"p": "", "o": "add", "v": root(*args, **members), "c": 0})


def text(*pieces: str) -> bytes:
    return b"".join(delta({"p": TEXT, "o": "append", "v": piece}) for piece in pieces)


def patch(*changes: tuple[str, str, Any]) -> bytes:
    return delta({"p": "", "o": "patch", "v": [{"p": path, "o": op, "v": v} for path, op, v in changes]})


def closing(
    last: str = "", *, finish: str | None = "stop", end_turn: bool | None = True, **status: str
) -> bytes:
    changes: list[tuple[str, str, Any]] = [
        ("/message/status", "replace", status.get("status", "finished_successfully")),
        ("/message/end_turn", "replace", end_turn),
    ]
    if last:
        changes.insert(0, (TEXT, "append", last))
    if finish:
        metadata = {"is_complete": True, "finish_details": {"type": finish}}
        changes.append(("/message/metadata", "append", metadata))
    return patch(*changes)


COMPLETE = typed("message_stream_complete", conversation_id="c1")
TAIL = COMPLETE + DONE


@attrs.define(eq=False)
class Outcome:
    """What a decoder said."""

    events: list[DecoderEvent]

    @property
    def text(self) -> str:
        text = ""
        for event in self.events:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, TextRetracted):
                text = text[: len(text) - event.chars]
        return text

    @property
    def streamed(self) -> list[str | int]:
        """The text as a client that reads along gets it; a number is of characters taken back."""
        return [
            event.text if isinstance(event, TextDelta) else event.chars
            for event in self.events
            if isinstance(event, (TextDelta, TextRetracted))
        ]

    @property
    def files(self) -> list[FileSeen]:
        return [event for event in self.events if isinstance(event, FileSeen)]

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def ends(self) -> list[str]:
        """How the answer ended: finish reasons and error codes, of which there is never more than one."""
        return [
            str(event.finish_reason) if isinstance(event, AnswerEnded) else event.error.code
            for event in self.events
            if isinstance(event, (AnswerEnded, SiteFailed))
        ]

    @property
    def error(self) -> Any:
        return next(event.error for event in self.events if isinstance(event, SiteFailed))

    @property
    def drift(self) -> list[tuple[str, str]]:
        return [(event.kind, event.detail) for event in self.events if isinstance(event, Drift)]

    @property
    def notices(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Notice)]

    @property
    def model(self) -> str | None:
        return next((one.model for one in reversed(self.events) if isinstance(one, ModelSeen)), None)

    @property
    def title(self) -> str | None:
        return next((one.title for one in reversed(self.events) if isinstance(one, TitleSeen)), None)

    @property
    def conversation(self) -> tuple[str | None, str | None] | None:
        seen = [one for one in self.events if isinstance(one, ConversationSeen)]
        return (seen[-1].conversation_id, seen[-1].message_id) if seen else None

    @property
    def topics(self) -> list[str]:
        return [event.topic for event in self.events if isinstance(event, HandedOff)]

    @property
    def gist(self) -> tuple[Any, ...]:
        """What must not depend on how the bytes were cut."""
        others = [repr(one) for one in self.events if not isinstance(one, (TextDelta, ReasoningDelta))]
        return self.text, self.reasoning, self.ends, [one for one in others if "SiteFailed" not in one]


def play(steps: Iterable[bytes | str | None], size: int = 0) -> Outcome:
    """Decode: bytes are of the body (in pieces of *size*), texts are socket frames, None ends a body."""
    decoder: StreamDecoder = provider().new_decoder()
    events: list[DecoderEvent] = []
    for step in steps:
        if step is None:
            events += decoder.end_body()
        elif isinstance(step, str):
            events += decoder.feed_frame(step)
        else:
            for at in range(0, len(step), size or len(step) or 1):
                events += decoder.feed(step[at : at + (size or len(step))])
    return Outcome(events)


def decode(*steps: bytes | str | None) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    whole = play(steps)
    for size in (1, 7):
        assert play(steps, size).gist == whole.gist
    assert len(whole.ends) <= 1
    return whole


def item(data: bytes | str, topic: str = "t1") -> dict[str, Any]:
    """One message of the socket."""
    encoded = data if isinstance(data, str) else data.decode()
    payload = {"type": "stream-item", "encoded_item": encoded}
    return {
        "type": "message",
        "topic_id": topic,
        "payload": {"type": "conversation-turn-stream", "payload": payload},
    }


def frame(*messages: dict[str, Any]) -> str:
    return json.dumps(messages)


def catchups(*messages: dict[str, Any], topic: str = "t1") -> str:
    reply = {"type": "subscribe", "topic_id": topic, "recovered": True, "catchups": messages}
    return frame({"type": "reply", "reply": reply})


def handoff(topic: str = "t1", kind: str = "subscribe_ws_topic") -> bytes:
    options: Sequence[dict[str, str]] = [{"type": kind, "topic_id": topic}]
    return typed("stream_handoff", conversation_id="c1", turn_exchange_id="x1", options=options) + DONE
