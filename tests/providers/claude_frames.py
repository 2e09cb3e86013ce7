"""Build streams of Claude's form, and decode them in one go or cut to pieces."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Any

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.registry import load_provider
from tests.providers.outcome import Outcome, Step, agreed, run

NOW = 1_790_000_000.0


@functools.cache
def provider() -> Provider:
    """The provider as the registry loads it, with a clock that stands still."""
    site = load_provider("claude")
    return type(site)(site.site, now=lambda: NOW)  # type: ignore[call-arg]  # the class of this module


def event(kind: str, /, **members: Any) -> bytes:
    data = json.dumps({"type": kind, **members})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def start(uuid: str = "m1", model: str = "") -> bytes:
    return event("message_start", message={"uuid": uuid, "model": model, "role": "assistant", "content": []})


def block(index: int, kind: str = "text", **content: Any) -> bytes:
    defaults = {"text": {"text": "", "citations": []}, "thinking": {"thinking": "", "summaries": []}}
    return event(
        "content_block_start",
        index=index,
        content_block={"type": kind, **defaults.get(kind, {}), **content},
    )


def delta(index: int, kind: str, **members: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **members})


def stop(index: int) -> bytes:
    return event("content_block_stop", index=index)


def text(index: int, *pieces: str) -> bytes:
    """A whole text block."""
    deltas = b"".join(delta(index, "text_delta", text=piece) for piece in pieces)
    return block(index) + deltas + stop(index)


def thinking(index: int, *pieces: str | tuple[str]) -> bytes:
    """A whole block of thinking; a tuple is a summary."""
    deltas = b"".join(
        delta(index, "thinking_delta", thinking=piece)
        if isinstance(piece, str)
        else delta(index, "thinking_summary_delta", summary={"summary": piece[0]})
        for piece in pieces
    )
    return block(index, "thinking") + deltas + stop(index)


def tool(index: int, name: str, given: Any) -> bytes:
    """A whole use of one of the site's tools, its input cut in two, and its result."""
    whole = json.dumps(given)
    pieces = (whole[: len(whole) // 2], whole[len(whole) // 2 :])
    deltas = b"".join(delta(index, "input_json_delta", partial_json=piece) for piece in pieces)
    result = delta(index + 1, "input_json_delta", partial_json='[{"type":"text","text":"done"}]')
    return b"".join(
        [
            block(index, "tool_use", name=name, input={}),
            deltas,
            stop(index),
            block(index + 1, "tool_result", name=name, content=[]),
            result,
            stop(index + 1),
        ]
    )


def limit(kind: str = "within_limit", **members: Any) -> bytes:
    return event("message_limit", message_limit={"type": kind, "resetsAt": None, **members})


def tail(reason: str | None = "end_turn") -> bytes:
    return (
        event("message_delta", delta={"stop_reason": reason, "stop_sequence": None})
        + limit()
        + event("message_stop")
    )


def stored(content: list[dict[str, Any]], reason: str | None = "stop_sequence", uuid: str = "m1") -> bytes:
    """The whole chat, as the page reads it anew."""
    question = {"uuid": "q1", "sender": "human", "content": [{"type": "text", "text": "q"}]}
    answer = {"uuid": uuid, "sender": "assistant", "content": content, "stop_reason": reason}
    return json.dumps(
        {
            "uuid": "c1",
            "name": "A title",
            "model": "claude-opus-5-5",
            "current_leaf_message_uuid": uuid,
            "chat_messages": [question, answer],
        }
    ).encode()


def play(steps: Iterable[Step], size: int = 0) -> Outcome:
    """Decode with this site's decoder; see :func:`tests.providers.outcome.run`."""
    return run(provider().new_decoder(), steps, size)


def decode(*steps: Step) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    return agreed(functools.partial(play, steps))
