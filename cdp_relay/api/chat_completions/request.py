"""From a Chat Completions body to the neutral :class:`ChatRequest`.

Fields that are known have to have their type, whether they are honoured or not: a wrong type is a
bug of the caller's, who wants to hear of it. Fields that are not known are let through and named.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cdp_relay.api.chat_completions.answer import ChunkWriter, WholeAnswer
from cdp_relay.api.chat_completions.tools import read_offer, read_output_format
from cdp_relay.api.dialect import AnswerFacts, Asked
from cdp_relay.api.json_body import Field
from cdp_relay.api.parameters import check_parameters, given_parameters, read_label, read_wishes
from cdp_relay.api.parts import check_said, read_part, spaced
from cdp_relay.chat.vocabulary import (
    ChatChoice,
    ChatRequest,
    FilePart,
    Message,
    Part,
    RequestId,
    Role,
    TextPart,
    ToolCall,
)
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["ChatCompletion", "read_chat_completion"]

_PREFIX = "chatcmpl-"
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}


@attrs.frozen(kw_only=True)
class ChatCompletion:
    """A request to ``/v1/chat/completions``, understood."""

    request: ChatRequest
    stream: bool
    include_usage: bool
    """Whether a streamed answer ends with a chunk that holds the usage."""
    legacy: bool
    """Whether tools are called in the older spelling."""
    given: tuple[str, ...]
    """Parameters that were given and that not every site honours, and what else may be left out."""

    def asked(self) -> Asked:
        """The request as the rest of the door takes it."""
        return Asked(
            request=self.request,
            stream=self.stream,
            given=self.given,
            new_stream=self._new_stream,
            new_whole=self._new_whole,
        )

    def _new_stream(self, facts: AnswerFacts) -> ChunkWriter:
        return ChunkWriter(
            id=_PREFIX + facts.id,
            created=facts.created,
            label=facts.label,
            include_usage=self.include_usage,
            legacy=self.legacy,
            request_id=facts.request_id,
        )

    def _new_whole(self, facts: AnswerFacts) -> WholeAnswer:
        return WholeAnswer(
            id=_PREFIX + facts.id, created=facts.created, label=facts.label, legacy=self.legacy
        )


def read_chat_completion(
    body: Field, *, request_id: RequestId, client: str, chat: ChatChoice | None = None
) -> ChatCompletion:
    """Convert a body.

    Args:
      chat: which chat the request goes to, from its header.

    Raises:
      InvalidRequest: a field is missing or of the wrong type; ``param`` names it.
      InvalidText: a text holds a lone surrogate or a NUL.
      UnsupportedValue: something that would be lost on the way to the page.
    """
    label = read_label(body.get("model"))
    check_parameters(body)
    messages = tuple(_message(item) for item in body.get("messages").items())
    if not messages:
        raise InvalidRequest(
            "messages is empty.", param="messages", next_step="Send at least one message with some text."
        )
    check_said(messages)
    offer = read_offer(body)
    options, stream = body.get("stream_options"), bool(body.get("stream").value)
    return ChatCompletion(
        request=ChatRequest(
            id=request_id,
            model=label,
            messages=messages,
            wishes=read_wishes(body),
            chat=chat or ChatChoice(),
            tools=offer.tools,
            tool_choice=offer.choice,
            output=read_output_format(body.get("response_format")),
            live=stream,
            client=client,
        ),
        stream=stream,
        include_usage=not options.is_null and bool(options.get("include_usage").value),
        legacy=offer.legacy,
        given=(*given_parameters(body.value), *offer.ignored, *_unknown(body.get("messages"))),
    )


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
    # Whatever speaks there, the model is to read it.
    return _ROLES.get(field.string(), Role.USER)


def _unknown(messages: Field) -> Iterable[str]:
    """Name the roles that nobody knows, and the calls of kinds that are left out."""
    for message in messages.items():
        role, calls = message.get("role"), message.get("tool_calls")
        if role.value not in _ROLES:
            yield f"{role.path} ({role.value[:40]})"
        if _ROLES.get(role.value) is Role.ASSISTANT and not calls.is_null:
            for call in calls.items():
                if not _is_ours(call):
                    yield f"{call.path} ({call.get('type').value[:40]})"


def _tool_call_id(field: Field) -> str | None:
    if field.get("role").value == "tool":
        return field.get("tool_call_id").text()
    if field.get("role").value == "function":
        field.get("name").text()
    return None


def _content(message: Field, role: Role) -> tuple[Part, ...]:
    content = message.get("content")
    if role is Role.TOOL and (content.is_null or isinstance(content.value, str | list)):
        return _printed(content)
    if isinstance(content.value, str):
        return (TextPart(content.text()), *_returned_files(message, role))
    if isinstance(content.value, list):
        parts = tuple(read_part(item) for item in content.items())
        for index, part in enumerate(parts):
            if role is Role.SYSTEM and isinstance(part, FilePart):
                raise UnsupportedValue(
                    f"{content.path}[{index}]: instructions are text; a file belongs into a user message.",
                    param=f"{content.path}[{index}]",
                )
        if role is not Role.ASSISTANT:
            return spaced(parts)
        return (*parts, *_returned_files(message, role))
    if content.is_null and role is Role.ASSISTANT:
        refusal = message.get("refusal")
        said = () if refusal.is_null else (TextPart(refusal.text()),)
        return (*said, *_returned_files(message, role))
    return content.refuse("a string or an array of parts")


def _printed(content: Field) -> tuple[Part, ...]:
    """What a tool printed."""
    if content.is_null:
        return ()
    if isinstance(content.value, str):
        return (TextPart(content.printed()),)
    return spaced(
        TextPart(item.get("text").printed())
        if isinstance(item.value, dict) and item.get("type").value == "text"
        else read_part(item)
        for item in content.items()
    )


def _is_ours(call: Field) -> bool:
    """Whether a call is one of a tool that the client runs, as far as this dialect knows."""
    kind = call.get("type")
    return kind.is_null or kind.string() in ("function", "custom") or not call.get("function").is_null


def _returned_files(message: Field, role: Role) -> Iterable[Part]:
    """The images and files of an earlier answer, in the places where this service puts them."""
    for name in ("images", "files"):
        files = message.get(name)
        if role is Role.ASSISTANT and not files.is_null:
            for file in files.items():
                yield read_part(file)


def _tool_calls(message: Field) -> Iterable[ToolCall]:
    calls = message.get("tool_calls")
    if not calls.is_null:
        for call in calls.items():
            if not _is_ours(call.object()):
                continue
            freeform = call.get("type").value == "custom"
            body = call.get("custom" if freeform else "function").object()
            arguments = body.get("input" if freeform else "arguments")
            yield ToolCall(
                id=call.get("id").text(),
                name=body.get("name").text(),
                arguments="" if arguments.is_null else arguments.text(),
                freeform=freeform,
            )
    legacy = message.get("function_call")
    if not legacy.is_null:
        body = legacy.object()
        yield ToolCall(id="", name=body.get("name").text(), arguments=body.get("arguments").text())
