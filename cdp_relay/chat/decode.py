"""Say what a site's decoder makes of a saved stream: the ``decode`` command's work, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    FileSeen,
    HandedOff,
    ModelSeen,
    Provider,
    SiteFailed,
    TitleSeen,
    UsageSeen,
)
from cdp_relay.chat.vocabulary import Drift, Notice, ReasoningDelta, TextDelta, TextRetracted
from cdp_relay.errors import ProtocolViolation, RelayError

__all__ = ["decode_stream"]

_MAX_REFUSAL_BYTES = 1 << 20


def decode_stream(
    provider: Provider,
    chunks: Iterable[bytes],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Decode one saved response body and return what came out, JSON-ready.

    A body that holds nothing that the decoder knows is read as a refusal: saved bodies seldom come
    with their HTTP status.

    Args:
      status: the HTTP status of the response.
      headers: its headers, names in lower case.
    """
    head = bytearray()
    heard = _Heard()
    decoder = provider.new_decoder()
    try:
        for chunk in chunks:
            if len(head) < _MAX_REFUSAL_BYTES:
                head += chunk[: _MAX_REFUSAL_BYTES - len(head)]
            if status == 200:
                heard.take(decoder.feed(chunk))
        if status == 200:
            heard.take(decoder.end_body())
    except ProtocolViolation as error:
        heard.error = error
    if status != 200 or (not heard.anything and head.strip()):
        heard.error = provider.refusal(status, headers or {}, bytes(head))
    return heard.result()


class _Heard:
    """What a decoder said, gathered."""

    def __init__(self) -> None:
        self.anything = False
        self.error: RelayError | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._drift: list[dict[str, str]] = []
        self._files: list[dict[str, str]] = []
        self._notices: list[dict[str, str]] = []
        self._facts: dict[str, Any] = {}

    def take(self, events: Iterable[DecoderEvent]) -> None:
        for event in events:
            self.anything = self.anything or not isinstance(event, Drift)
            match event:
                case TextDelta(text):
                    self._text.append(text)
                case TextRetracted(chars):
                    text = "".join(self._text)
                    self._text = [text[: max(0, len(text) - chars)]]
                case ReasoningDelta(text):
                    self._reasoning.append(text)
                case ConversationSeen(conversation_id, message_id):
                    if conversation_id is not None:
                        self._facts["conversation_id"] = conversation_id
                    if message_id is not None:
                        self._facts["message_id"] = message_id
                case ModelSeen(model):
                    self._facts["model"] = model
                case TitleSeen(title):
                    self._facts["title"] = title
                case HandedOff(topic):
                    self._facts["handed_off"] = topic
                case UsageSeen():
                    self._facts["usage"] = {
                        "prompt_tokens": event.prompt_tokens,
                        "completion_tokens": event.completion_tokens,
                        "reasoning_tokens": event.reasoning_tokens,
                    }
                case FileSeen():
                    self._files.append({"url": event.url, "sign": event.sign, "name": event.name})
                case AnswerEnded(reason):
                    self._facts["finish_reason"] = str(reason)
                case SiteFailed(error):
                    self.error = error
                case Drift(kind=kind, detail=detail):
                    self._drift.append({"kind": kind, "detail": detail})
                case Notice(code=code, message=message):
                    self._notices.append({"code": code, "message": message})

    def result(self) -> dict[str, Any]:
        error = self.error
        result: dict[str, Any] = {
            "text": "".join(self._text),
            "reasoning": "".join(self._reasoning),
            "finish_reason": None,
            "conversation_id": None,
            "message_id": None,
            "model": None,
            "title": None,
            **self._facts,
            "error": None if error is None else error.message,
            "drift": self._drift,
            "notices": self._notices,
            "files": self._files,
        }
        if error is not None:
            result["finish_reason"] = "error"
            result["error_code"] = error.code
            result["retry_after_seconds"] = error.retry_after_seconds
        return result
