"""From bodies of ``/api/chat`` and ``/api/generate`` to the neutral :class:`ChatRequest`.

Beside other dialects: an answer is streamed unless that is refused, a call's arguments are an object,
and neither calls nor their results have ids, so that they are paired here in their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import attrs

from cdp_relay.api.dialect import AnswerFacts, Asked
from cdp_relay.api.json_body import Field
from cdp_relay.api.ollama.answer import LineWriter, Manner, WholeReply
from cdp_relay.api.parameters import (
    check_parameters,
    given_parameters,
    read_effort,
    read_label,
    read_wishes,
)
from cdp_relay.api.parts import decode_base64, decode_data_url
from cdp_relay.api.tools import ToolBox, read_schema
from cdp_relay.chat.media import ending_of, sniff_type
from cdp_relay.chat.vocabulary import (
    ChatChoice,
    ChatRequest,
    FilePart,
    Message,
    OutputFormat,
    Part,
    RequestId,
    Role,
    TextPart,
    ToolCall,
    Wishes,
)
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["OllamaRequest", "read_chat_request", "read_generate_request"]

_LINES_TYPE = "application/x-ndjson"
_LATEST = ":latest"
_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}
_HONOURED = frozenset({"model", "messages", "prompt", "system", "images", "tools", "format", "stream"})
_WITHOUT_EFFECT = frozenset({"options", "keep_alive", "raw", "suffix"})
"""Said elsewhere (``options``), refused, or about what a page has not: memory for models, templates."""
_OPTIONS_HONOURED = frozenset({"stop", "num_predict"})


@attrs.frozen(kw_only=True)
class OllamaRequest:
    """A request in this dialect, understood."""

    request: ChatRequest
    manner: Manner
    stream: bool
    given: tuple[str, ...]

    @property
    def only_loads(self) -> bool:
        """Whether nothing is asked: clients have a model loaded in this way, or thrown out of memory."""
        return not self.request.messages

    def asked(self) -> Asked:
        """The request as the rest of the door takes it."""
        return Asked(
            request=self.request,
            stream=self.stream,
            given=self.given,
            new_stream=self.new_stream,
            new_whole=self.new_whole,
            stream_type=_LINES_TYPE,
        )

    def new_stream(self, facts: AnswerFacts) -> LineWriter:
        """A writer of lines."""
        return LineWriter(manner=self.manner, created=facts.created, request_id=facts.request_id)

    def new_whole(self, facts: AnswerFacts) -> WholeReply:
        """A writer of one object."""
        return WholeReply(manner=self.manner, created=facts.created)


def read_chat_request(
    body: Field, *, request_id: RequestId, client: str, chat: ChatChoice | None = None
) -> OllamaRequest:
    """Convert a body of ``/api/chat``.

    Raises:
      InvalidRequest: a field is missing or of the wrong type; ``param`` names it.
      InvalidText: a text holds a lone surrogate or a NUL.
    """
    messages = body.get("messages")
    box = ToolBox()
    for tool in _items(body.get("tools")):
        kind = tool.object().get("type")
        if kind.is_null or kind.value == "function":
            box.add(tool.get("function").object())
        else:
            box.leave_out(tool, kind.string()[:40])
    read = _Reader(body, request_id, client, chat).read(
        () if messages.is_null else tuple(_messages(messages)), chatting=True
    )
    return attrs.evolve(
        read,
        request=attrs.evolve(read.request, tools=box.tools),
        given=(*read.given, *box.ignored),
    )


def read_generate_request(
    body: Field, *, request_id: RequestId, client: str, chat: ChatChoice | None = None
) -> OllamaRequest:
    """Convert a body of ``/api/generate``.

    Raises:
      InvalidRequest: a field is missing or of the wrong type; ``param`` names it.
      InvalidText: a text holds a lone surrogate or a NUL.
      UnsupportedValue: a text for a gap is asked for.
    """
    suffix, prompt, system = body.get("suffix"), body.get("prompt"), body.get("system")
    if not suffix.is_null and suffix.text():
        raise UnsupportedValue(
            "suffix asks for a text between two others, but a chat page answers prompts only.",
            param="suffix",
            next_step="Leave suffix out, or describe the gap in a chat message.",
        )
    parts: list[Part] = [] if prompt.is_null or not prompt.text() else [TextPart(prompt.text())]
    parts += _images(body)
    messages = []
    if parts:
        if not system.is_null and system.text():
            messages.append(Message(role=Role.SYSTEM, parts=(TextPart(system.text()),)))
        messages.append(Message(role=Role.USER, parts=tuple(parts)))
    return _Reader(body, request_id, client, chat).read(tuple(messages), chatting=False)


@attrs.frozen
class _Reader:
    """Reads what both paths share."""

    body: Field
    id: RequestId
    client: str
    chat: ChatChoice | None

    def read(self, messages: tuple[Message, ...], *, chatting: bool) -> OllamaRequest:
        body = self.body
        label, stream, think = read_label(body.get("model")), body.get("stream"), body.get("think")
        options = body.get("options")
        options = Field(path="options", value={}) if options.is_null else options.object()
        check_parameters(options)
        streams = stream.is_null or stream.boolean()
        request = ChatRequest(
            id=self.id,
            # Clients add the tag that every model of Ollama's has.
            model=label.removesuffix(_LATEST) or label,
            messages=messages,
            wishes=_wishes(options, think),
            chat=self.chat or ChatChoice(),
            output=_format(body.get("format")),
            live=streams,
            client=self.client,
        )
        if messages and all(message.is_blank for message in messages):
            raise InvalidRequest("No message holds any text or image.", param="messages")
        return OllamaRequest(
            request=request,
            manner=Manner(label=label, chatting=chatting, thinking=think.value is not False),
            stream=streams,
            given=tuple(self._given(options)),
        )

    def _given(self, options: Field) -> Iterator[str]:
        for name in given_parameters(self.body.value, _HONOURED | _WITHOUT_EFFECT):
            if name != "think" or isinstance(self.body.value[name], str):
                yield name
        for name in given_parameters(options.value, _OPTIONS_HONOURED):
            yield f"options.{name}"


def _wishes(options: Field, think: Field) -> Wishes:
    wishes, most = read_wishes(options), options.get("num_predict")
    # Below 1 it means: without end, or as far as the context goes.
    tokens = None if most.is_null or most.integer() < 1 else most.integer()
    effort = None
    if not think.is_null and not isinstance(think.value, bool):
        effort = read_effort(think)
    return attrs.evolve(wishes, effort=effort, max_output_tokens=tokens)


def _format(field: Field) -> OutputFormat | None:
    if field.is_null or field.value == "":
        return None
    if field.value == "json":
        return OutputFormat()
    if isinstance(field.value, str):
        raise UnsupportedValue(f"{field.path} is neither 'json' nor a JSON Schema.", param=field.path)
    return OutputFormat(schema=read_schema(field))


# --- messages ------------------------------------------------------------------------------------


def _items(field: Field) -> Iterator[Field]:
    return iter(()) if field.is_null else field.items()


def _messages(field: Field) -> Iterator[Message]:
    open_calls: list[ToolCall] = []
    for message in field.items():
        role = _ROLES.get(message.object().get("role").string(), Role.USER)
        calls: tuple[ToolCall, ...] = ()
        if role is Role.ASSISTANT:
            calls = tuple(_calls(message))
            open_calls = list(calls)
        name = message.get("name") if message.get("tool_name").is_null else message.get("tool_name")
        called = None if name.is_null else name.text()
        yield Message(
            role=role,
            parts=(*_said(message.get("content"), role), *_images(message)),
            name=called,
            tool_calls=calls,
            tool_call_id=_answered(message, called, open_calls) if role is Role.TOOL else None,
        )


def _said(content: Field, role: Role) -> Iterator[Part]:
    if not content.is_null:
        yield TextPart(content.printed() if role is Role.TOOL else content.text())


def _calls(message: Field) -> Iterator[ToolCall]:
    for number, call in enumerate(_items(message.get("tool_calls"))):
        body, id_ = call.object().get("function").object(), call.get("id")
        arguments = body.get("arguments")
        yield ToolCall(
            id=f"call_{message.path}_{number}" if id_.is_null else id_.text(),
            name=body.get("name").text(),
            arguments=_arguments(arguments),
        )


def _arguments(field: Field) -> str:
    if field.is_null:
        return "{}"
    if isinstance(field.value, str):
        return field.text()
    text = json.dumps(field.object().value, ensure_ascii=False)
    return Field(path=field.path, value=text).text()


def _answered(message: Field, name: str | None, open_calls: list[ToolCall]) -> str | None:
    """The id of the call that a result belongs to: the first of that name that has none yet."""
    id_ = message.get("tool_call_id")
    if not id_.is_null:
        return id_.text()
    for call in open_calls:
        if name in (None, call.name):
            open_calls.remove(call)
            return call.id
    return None


def _images(field: Field) -> Iterator[Part]:
    for image in _items(field.get("images")):
        text = image.string()
        data = decode_data_url(image)[0] if text[:5].lower() == "data:" else decode_base64(text, image)
        found = sniff_type(data) or ""
        if not found.startswith("image/"):
            raise InvalidRequest(f"{image.path} holds no image.", param=image.path)
        yield FilePart(name="image" + ending_of(found), media_type=found, data=data)
