"""From a Chat Completions body to the neutral :class:`ChatRequest`.

Fields that are known have to have their type, whether they are honoured or not: a wrong type is a
bug of the caller's, who wants to hear of it. Fields that are not known are let through and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from cdp_relay.api.json_body import Field
from cdp_relay.chat.vocabulary import ChatRequest, Message, RequestId, Role, TextPart, ToolCall
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["ChatCompletion", "read_chat_completion"]

_MAX_LABEL_CHARS = 256
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}
_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_THINKING_PARTS = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""What a model thought in an earlier answer; clients send it back, and it is not said again."""
_FILE_PARTS = frozenset(
    {"image_url", "input_image", "image", "input_audio", "audio", "video_url", "video"}
    | {"file", "input_file", "document"}
)


@attrs.frozen(kw_only=True)
class ChatCompletion:
    """A request to ``/v1/chat/completions``, understood."""

    request: ChatRequest
    stream: bool
    include_usage: bool
    """Whether a streamed answer ends with a chunk that holds the usage."""
    ignored: tuple[str, ...]
    """Parameters that were given and that a chat page cannot honour, in the order of the body."""


def read_chat_completion(body: Field, *, request_id: RequestId, client: str) -> ChatCompletion:
    """Convert a body.

    Raises:
      InvalidRequest: a field is missing or of the wrong type; ``param`` names it.
      InvalidText: a text holds a lone surrogate or a NUL.
      UnsupportedValue: something that would be lost on the way to the page.
    """
    label = body.get("model").text()
    if not label.strip():
        raise InvalidRequest("model is empty.", param="model", next_step="GET /v1/models lists the ids.")
    if len(label) > _MAX_LABEL_CHARS:
        raise InvalidRequest(f"model is longer than {_MAX_LABEL_CHARS} characters.", param="model")
    for name, check in _PARAMETERS.items():
        parameter = body.get(name)
        if not parameter.is_null:
            check(parameter)
    messages = tuple(_message(item) for item in body.get("messages").items())
    if not messages:
        raise InvalidRequest(
            "messages is empty.", param="messages", next_step="Send at least one message with some text."
        )
    if not any(message.text.strip() or message.tool_calls for message in messages):
        raise InvalidRequest(
            "No message holds any text.",
            param="messages",
            next_step="Send at least one message with some text.",
        )
    options = body.get("stream_options")
    return ChatCompletion(
        request=ChatRequest(id=request_id, model=label, messages=messages, client=client),
        stream=bool(body.get("stream").value),
        include_usage=not options.is_null and bool(options.get("include_usage").value),
        ignored=tuple(_ignored(body.value)),
    )


# --- parameters --------------------------------------------------------------------------------


def _one_choice(field: Field) -> None:
    count = field.integer()
    if count < 1:
        raise InvalidRequest("n is less than 1.", param="n")
    if count > 1:
        raise UnsupportedValue(
            f"n is {count}, but a chat page gives one answer to a prompt.",
            param="n",
            next_step="Leave n out, or send the request several times.",
        )


def _stream_options(field: Field) -> None:
    include_usage = field.object().get("include_usage")
    if not include_usage.is_null:
        include_usage.boolean()


def _stop(field: Field) -> None:
    if isinstance(field.value, list):
        for item in field.items():
            item.string()
    elif not isinstance(field.value, str):
        field.refuse("a string or an array of strings")


def _named_object(field: Field) -> None:
    field.object().get("type").string()


def _objects(field: Field) -> None:
    for item in field.items():
        item.object()


def _string_or_object(field: Field) -> None:
    if not isinstance(field.value, str | dict):
        field.refuse("a string or an object")


def _positive(field: Field) -> None:
    if field.integer() < 1:
        raise InvalidRequest(f"{field.path} is less than 1.", param=field.path)


def _between(low: float, high: float) -> Callable[[Field], None]:
    def check(field: Field) -> None:
        if not low <= field.number() <= high:
            raise InvalidRequest(f"{field.path} is not between {low:g} and {high:g}.", param=field.path)

    return check


_PARAMETERS: dict[str, Callable[[Field], object]] = {
    "stream": Field.boolean,
    "stream_options": _stream_options,
    "n": _one_choice,
    "temperature": _between(0, 2),
    "top_p": _between(0, 1),
    "presence_penalty": _between(-2, 2),
    "frequency_penalty": _between(-2, 2),
    "max_tokens": _positive,
    "max_completion_tokens": _positive,
    "seed": Field.integer,
    "stop": _stop,
    "logit_bias": Field.object,
    "logprobs": Field.boolean,
    "top_logprobs": Field.integer,
    "tools": _objects,
    "tool_choice": _string_or_object,
    "parallel_tool_calls": Field.boolean,
    "functions": _objects,
    "function_call": _string_or_object,
    "response_format": _named_object,
    "reasoning_effort": Field.string,
    "user": Field.string,
    "store": Field.boolean,
    "metadata": Field.object,
}
"""Every known parameter but ``model`` and ``messages``, and what it has to be unless it is null."""

_HONOURED = frozenset({"model", "messages", "stream", "stream_options", "n"})


def _ignored(body: dict[str, Any]) -> Iterable[str]:
    for name, value in body.items():
        if name in _HONOURED or value is None or value is False or value in ([], {}):
            continue
        if name in ("tool_choice", "function_call") and value == "none":
            continue
        if name == "response_format" and value.get("type") == "text":
            continue
        yield name


# --- messages ----------------------------------------------------------------------------------


def _message(field: Field) -> Message:
    role = _role(field.object().get("role"))
    name = field.get("name")
    if not field.get("audio").is_null:
        raise UnsupportedValue(
            f"{field.path}.audio cannot be sent to a chat page.", param=f"{field.path}.audio"
        )
    calls = tuple(_tool_calls(field)) if role is Role.ASSISTANT else ()
    return Message(
        role=role,
        parts=_content(field, role),
        name=None if name.is_null else name.text(),
        tool_calls=calls,
        tool_call_id=_tool_call_id(field),
    )


def _role(field: Field) -> Role:
    role = _ROLES.get(field.string())
    if role is None:
        known = ", ".join(_ROLES)
        raise InvalidRequest(f"{field.path} is none of {known}.", param=field.path)
    return role


def _tool_call_id(field: Field) -> str | None:
    if field.get("role").value == "tool":
        return field.get("tool_call_id").text()
    if field.get("role").value == "function":
        field.get("name").text()
    return None


def _content(message: Field, role: Role) -> tuple[TextPart, ...]:
    content = message.get("content")
    if isinstance(content.value, str):
        return (TextPart(content.text()),)
    if isinstance(content.value, list):
        return tuple(TextPart(text) for item in content.items() if (text := _part(item)) is not None)
    if content.is_null and role is Role.ASSISTANT:
        refusal = message.get("refusal")
        return () if refusal.is_null else (TextPart(refusal.text()),)
    return content.refuse("a string or an array of parts")


def _part(field: Field) -> str | None:
    if isinstance(field.value, str):
        return field.text()
    kind = field.object().get("type")
    name = kind.string()
    if name in _TEXT_PARTS:
        return field.get(_TEXT_PARTS[name]).text()
    if name in _THINKING_PARTS:
        return None
    if name in _FILE_PARTS:
        problem = f"{kind.path} is {name!r}: images, audio and files cannot be sent to a chat page yet."
    else:
        problem = f"{kind.path} is unknown: {name[:40]!r}."
    raise UnsupportedValue(problem, param=kind.path, next_step="Send text, in parts of type 'text'.")


def _tool_calls(message: Field) -> Iterable[ToolCall]:
    calls = message.get("tool_calls")
    if not calls.is_null:
        for call in calls.items():
            kind = call.object().get("type")
            if kind.value == "custom":
                custom = call.get("custom").object()
                body, arguments = custom, custom.get("input")
            else:
                if not kind.is_null and kind.string() != "function":
                    kind.refuse("'function' or 'custom'")
                body = call.get("function").object()
                arguments = body.get("arguments")
            yield ToolCall(id=call.get("id").text(), name=body.get("name").text(), arguments=arguments.text())
    legacy = message.get("function_call")
    if not legacy.is_null:
        body = legacy.object()
        yield ToolCall(id="", name=body.get("name").text(), arguments=body.get("arguments").text())
