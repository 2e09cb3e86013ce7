"""Build streams of ChatGPT's form, and decode them in one go or cut to pieces."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from typing import Any

from cdp_relay.chat.contract import (
    Provider,
)
from cdp_relay.chat.registry import load_provider
from tests.providers.outcome import Outcome, Step, agreed, run

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


def play(steps: Iterable[Step], size: int = 0) -> Outcome:
    """Decode with this site's decoder; see :func:`tests.providers.outcome.run`."""
    return run(provider().new_decoder(), steps, size)


def decode(*steps: Step) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    return agreed(functools.partial(play, steps))


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
