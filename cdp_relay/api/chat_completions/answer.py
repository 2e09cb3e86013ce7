"""From neutral :class:`ChatEvent` values to the bytes of a Chat Completions answer. No I/O, no clock.

``model`` is the label that the client asked for, as clients compare it with what they sent; what
really answered stands in the extension object ``cdp_relay``. Images and files of an answer stand in
``images`` and ``files`` beside the content, as parts of the same forms that a request may hold.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import attrs

from cdp_relay.api.failure import error_object
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    Finished,
    FinishReason,
    Notice,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    Usage,
)
from cdp_relay.errors import GenerationFailed, InternalError, RelayError

__all__ = ["ChunkWriter", "WholeAnswer"]

_FINISH_REASONS = {
    FinishReason.STOP: "stop",
    FinishReason.LENGTH: "length",
    FinishReason.CONTENT_FILTER: "content_filter",
    # Of the dialect's words only this one says that the text is cut: after "stop" an agent would
    # apply half an edit.
    FinishReason.INTERRUPTED: "length",
}


@attrs.define(eq=False, kw_only=True)
class WholeAnswer:
    """Collect the events of a turn into one ``chat.completion`` object."""

    id: str
    created: int
    label: str
    notices: list[str] = attrs.field(factory=list)
    _text: list[str] = attrs.field(factory=list, init=False)
    _reasoning: list[str] = attrs.field(factory=list, init=False)
    _files: _FileWriter = attrs.field(factory=lambda: _FileWriter(), init=False)
    _parts: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict, init=False)
    _end: Finished | None = attrs.field(default=None, init=False)

    def feed(self, event: ChatEvent) -> None:
        """Take the next event."""
        if isinstance(event, TextDelta):
            self._text.append(event.text)
        elif isinstance(event, TextRetracted):
            text = "".join(self._text)
            self._text[:] = [text[: max(0, len(text) - event.chars)]]
        elif isinstance(event, ReasoningDelta):
            self._reasoning.append(event.text)
        elif isinstance(event, FileProduced):
            name, part = self._files.write(event)
            self._parts.setdefault(name, []).append(part)
        elif isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            self._end = event

    @property
    def end(self) -> Finished:
        """The turn's last event.

        Raises:
          InternalError: there was none.
        """
        if self._end is None:
            raise InternalError("The turn ended without saying how.")
        return self._end

    def render(self) -> bytes:
        """The answer as JSON."""
        end = self.end
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text), "refusal": None}
        if self._reasoning:
            message["reasoning_content"] = "".join(self._reasoning)
        message |= self._parts
        return _dump(
            {
                "id": self.id,
                "object": "chat.completion",
                "created": self.created,
                "model": self.label,
                "choices": [
                    {
                        "index": 0,
                        "message": message,
                        "logprobs": None,
                        "finish_reason": _FINISH_REASONS[end.finish_reason],
                    }
                ],
                "usage": _usage(end.usage),
                "cdp_relay": _extension(end, self.notices),
            }
        )


@attrs.define(eq=False, kw_only=True)
class ChunkWriter:
    """Write the events of a turn as server-sent ``chat.completion.chunk`` events.

    One id and one time for the whole stream; the role comes first, ``finish_reason`` exactly once.
    After :meth:`fail` the stream is over: no ``finish_reason``, no ``[DONE]``.
    """

    id: str
    created: int
    label: str
    include_usage: bool
    request_id: str
    notices: list[str] = attrs.field(factory=list)
    finished: bool = attrs.field(default=False, init=False)
    _files: _FileWriter = attrs.field(factory=lambda: _FileWriter(), init=False)

    def open(self) -> bytes:
        """The first chunk, with the role."""
        return self._chunk({"role": "assistant", "content": ""})

    def feed(self, event: ChatEvent) -> bytes:
        """The bytes for the next event; empty when it shows nothing.

        Raises:
          GenerationFailed: the site took back text that the client has; no chunk can say that.
        """
        if isinstance(event, TextDelta):
            return self._chunk({"content": event.text}) if event.text else b""
        if isinstance(event, TextRetracted):
            raise GenerationFailed(
                f"The site took back {event.chars} characters of its answer, which had been streamed.",
                next_step="Send the request again; without 'stream' such an answer comes out right.",
            )
        if isinstance(event, ReasoningDelta):
            return self._chunk({"reasoning_content": event.text}) if event.text else b""
        if isinstance(event, FileProduced):
            name, part = self._files.write(event)
            return self._chunk({name: [part]})
        if isinstance(event, Notice):
            self.notices.append(event.message)
        elif isinstance(event, Finished):
            return self._finish(event)
        return b""

    def keep_alive(self) -> bytes:
        """A chunk that says nothing. Idle timers of clients count chunks, and not comments."""
        return self._chunk({"content": ""})

    def fail(self, error: RelayError) -> bytes:
        """The last event of a stream that broke."""
        return _event(error_object(error, self.request_id))

    def _finish(self, end: Finished) -> bytes:
        self.finished = True
        last = self._object(
            [_choice({}, _FINISH_REASONS[end.finish_reason])],
            cdp_relay=_extension(end, self.notices),
        )
        usage = _event(self._object([], usage=_usage(end.usage))) if self.include_usage else b""
        return _event(last) + usage + b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any]) -> bytes:
        return _event(self._object([_choice(delta, None)]))

    def _object(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.label,
            "choices": choices,
            **more,
        }


@attrs.define
class _FileWriter:
    """Writes an answer's files as parts, and counts them."""

    _counts: dict[str, int] = attrs.field(factory=dict)

    def write(self, file: FileProduced) -> tuple[str, dict[str, Any]]:
        """The name of the list that the part belongs to, and the part."""
        url = f"data:{file.media_type};base64,{b64encode(file.data).decode()}"
        part: dict[str, Any]
        if file.media_type.startswith("image/"):
            # OpenRouter's form, which others took over.
            name, part = "images", {"type": "image_url", "image_url": {"url": url}, "name": file.name}
        else:
            name, part = "files", {"type": "file", "file": {"filename": file.name, "file_data": url}}
        if file.description:
            part["description"] = file.description
        index = self._counts[name] = self._counts.get(name, -1) + 1
        return name, part | {"index": index}


def _choice(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _extension(end: Finished, notices: list[str]) -> dict[str, Any]:
    return {
        "site": end.site,
        "model": end.model,
        "conversation_id": end.conversation_id,
        "conversation_url": end.conversation_url,
        "capture": end.capture,
        "finish_reason": end.finish_reason.value,
        "usage_estimated": end.usage.estimated,
        "notices": list(notices),
    }


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + _dump(value) + b"\n\n"


def _dump(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair in an answer. UTF-8 has no form for it.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
