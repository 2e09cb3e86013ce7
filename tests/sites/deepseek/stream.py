"""What the server writes for an answer: patches of a message made of fragments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.sites.kit.answers import Answer
from tests.sites.kit.turns import Frame, Gate, Step, with_gates

__all__ = ["stream_answer"]

_STATUS = {"stop": "FINISHED", "length": "INCOMPLETE", "content_filter": "CONTENT_FILTER", "failed": "FAILED"}


def stream_answer(answer: Answer) -> Iterator[Step]:
    """Frames, pauses and gates of one answer."""
    yield Gate("first-byte")
    yield _event({"request_message_id": 1, "response_message_id": 2}, "ready")
    yield _event({"v": {"response": {"message_id": 2, "status": "WIP", "fragments": []}}})
    if answer.thinking:
        yield _fragment("THINK", "")
        path = {"p": "response/fragments/-1/content", "o": "APPEND"}
        for word in " ".join(answer.thinking).split(" "):
            yield _event({"v": f"{word} ", **path})
            path = {}
        yield _event({"v": 1.5, "p": "response/fragments/0/elapsed_secs", "o": "SET"})
    if answer.unknown:
        yield _event({"kind": "confetti"}, "celebrate")
    pieces = answer.text_pieces()
    yield _fragment("RESPONSE", "")
    frames = (
        _event({"v": piece, "p": "response/fragments/-1/content", "o": "APPEND"} if first else {"v": piece})
        for first, piece in ((index == 0, piece) for index, piece in enumerate(pieces))
    )
    yield from with_gates(frames, count=len(pieces), delay=answer.delay)
    if answer.finished:
        changes = [{"v": _STATUS[answer.finish], "p": "status"}, {"v": 83, "p": "accumulated_token_usage"}]
        yield _event({"v": changes, "p": "response", "o": "BATCH"})
        yield _event({}, "finish")
        if answer.title:
            yield _event({"content": answer.title}, "title")
    if answer.complete:
        yield _event({"click_behavior": "none", "auto_resume": False}, "close")
    yield Gate("close")


def _fragment(kind: str, content: str) -> Frame:
    return _event(
        {"v": [{"type": kind, "content": content}], "p": "response/fragments", "o": "APPEND"},
    )


def _event(data: Any, name: str = "") -> Frame:
    head = f"event: {name}\n" if name else ""
    return Frame(f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode())
