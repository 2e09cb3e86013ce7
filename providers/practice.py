"""The practice page: a chat site that the relay brings along, with scripted answers.

Its stream is a plain server-sent one: every event is a JSON object whose ``type`` is ``start``,
``thinking``, ``text``, ``picture``, ``error`` or ``end``, and an answer is whole only when ``end`` came.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    FileSeen,
    ModelSeen,
    Provider,
    SiteFailed,
    Submission,
)
from cdp_relay.chat.vocabulary import Drift, FinishReason, ReasoningDelta, TextDelta
from cdp_relay.errors import AnswerBlocked, CapReached, GenerationFailed, RelayError
from cdp_relay.wire.sse import SSEDecoder

from ._practice_site import serve_practice

__all__ = ["PracticeDecoder", "SiteProvider"]

_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "stopped": FinishReason.INTERRUPTED,
}


class PracticeDecoder:
    """Decodes the practice page's stream of one answer."""

    def __init__(self) -> None:
        self._events = SSEDecoder()

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of the answer's body."""
        for event in self._events.feed(data):
            yield from _read_event(event.data)

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """The practice page opens no WebSocket."""
        yield Drift(kind="frame", detail=f"a WebSocket message of {len(text)} characters")

    def end_body(self) -> Iterator[DecoderEvent]:
        """Nothing is held back at an end: an event that is not whole is no event."""
        return iter(())

    def resume(self, request: bytes) -> None:
        """The practice page never goes on with a stream that broke."""


def _read_event(data: str) -> Iterator[DecoderEvent]:
    try:
        event = json.loads(data)
    except ValueError:
        yield Drift(kind="event", detail="not JSON")
        return
    match event:
        case {"type": "text", "text": str(text)}:
            yield TextDelta(text)
        case {"type": "thinking", "text": str(text)}:
            yield ReasoningDelta(text)
        case {
            "type": "start",
            "conversation_id": str(conversation),
            "message_id": str(message),
            "model": str(model),
        }:
            yield ConversationSeen(conversation, message)
            yield ModelSeen(model)
        case {"type": "picture", "url": str(url), "description": str(description)}:
            yield FileSeen(url=url, media_type="image/png", description=description)
        case {"type": "end", "reason": str(reason)} if reason in _REASONS:
            yield AnswerEnded(_REASONS[reason])
        case {"type": "error", "code": str(code), "message": str(message)}:
            yield SiteFailed(_error(code, message))
        case {"type": str(kind)}:
            yield Drift(kind="event", detail=kind[:100])
        case _:
            yield Drift(kind="event", detail="an event without a type")


def _error(code: str, message: str) -> RelayError:
    if code == "usage_cap_reached":
        return CapReached(f"The practice page says: {message}", retry_after_seconds=60)
    if code == "content_filter":
        return AnswerBlocked(f"The practice page says: {message}")
    return GenerationFailed(f"The practice page says: {message}")


class SiteProvider(Provider):
    """The practice page."""

    def new_decoder(self) -> PracticeDecoder:
        """Return a decoder for one turn."""
        return PracticeDecoder()

    def read_submission(self, body: bytes) -> Submission | None:
        """Read what the page sends to ``/answer``."""
        try:
            question = json.loads(body)
        except ValueError:
            return None
        match question:
            case {"prompt": str(prompt), "conversation_id": str(conversation), "message_id": str(message)}:
                model = question.get("model")
                return Submission(
                    prompt=prompt,
                    conversation_id=conversation,
                    message_id=message,
                    model=model if isinstance(model, str) and model else None,
                )
        return None

    def open_site(self) -> AbstractAsyncContextManager[str]:
        """Serve the page on a free port of 127.0.0.1."""
        files = importlib.resources.files(__package__)
        return serve_practice(
            files.joinpath("practice.html").read_bytes(), files.joinpath("practice.js").read_bytes()
        )
