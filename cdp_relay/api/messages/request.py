"""From a Messages body to the neutral :class:`ChatRequest`.

What is understood has to have its type. What is not, or cannot be had from a chat page, is let through
and named: clients send the same body to every server of the dialect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from cdp_relay.api.dialect import AnswerFacts, Asked
from cdp_relay.api.json_body import Field
from cdp_relay.api.messages._blocks import BlockReader
from cdp_relay.api.messages._tools import read_choice, read_tools
from cdp_relay.api.messages.stream import MessageStream
from cdp_relay.api.messages.whole import WholeMessage
from cdp_relay.api.parameters import read_label
from cdp_relay.api.parts import check_said
from cdp_relay.api.tools import read_schema
from cdp_relay.chat.vocabulary import (
    ChatChoice,
    ChatRequest,
    Message,
    OutputFormat,
    RequestId,
    Role,
    Wishes,
)
from cdp_relay.errors import InvalidRequest

__all__ = ["MessagesRequest", "read_messages"]

_BILLING = "x-anthropic-billing-header:"
"""How the first block of Claude Code's instructions begins; it is meant for a server."""
_MAX_STOPS = 64
_MAX_STOP_CHARS = 1000
_EFFORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")

_UNDERSTOOD = frozenset(
    {
        *("model", "messages", "system", "stream", "max_tokens", "stop_sequences"),
        *("tools", "tool_choice", "thinking", "output_config", "output_format", "temperature"),
        # What it asks for is that a server may do less work.
        "cache_control",
    }
)


@attrs.frozen(kw_only=True)
class MessagesRequest:
    """A request to ``/v1/messages``, understood."""

    request: ChatRequest
    stream: bool
    thinking: bool
    """Whether the client wants to see what the site shows of the model's thinking."""
    given: tuple[str, ...]
    """What was given and is not always honoured, by name."""

    @property
    def is_probe(self) -> bool:
        """Whether the client wants no answer, but to know that there would be one, or the tokens' count.

        Claude Code asks so for its quota, and for counts where a server cannot count.
        """
        most = self.request.wishes.max_output_tokens
        return most is not None and most <= 1

    def asked(self, input_tokens: int = 0) -> Asked:
        """The request as the rest of the door takes it.

        Args:
          input_tokens: the prompt's, which a stream names before there is an answer.
        """

        def new_stream(facts: AnswerFacts) -> MessageStream:
            return MessageStream(facts=facts, thinking=self.thinking, input_tokens=input_tokens)

        def new_whole(facts: AnswerFacts) -> WholeMessage:
            return WholeMessage(facts=facts, thinking=self.thinking)

        return Asked(
            request=self.request,
            stream=self.stream,
            given=self.given,
            new_stream=new_stream,
            new_whole=new_whole,
        )


def read_messages(
    body: Field, *, request_id: RequestId, client: str, chat: ChatChoice | None = None
) -> MessagesRequest:
    """Convert a body; one for ``count_tokens`` has the same form.

    Args:
      chat: which chat the request goes to, from its header.

    Raises:
      InvalidRequest: a field is missing or of the wrong type; ``param`` names it.
      InvalidText: a text holds a lone surrogate or a NUL.
      UnsupportedValue: something that would be lost on the way to the page.
    """
    label = read_label(body.get("model"))
    blocks, stream = BlockReader(), body.get("stream")
    try:
        messages = (*_system(body.get("system"), blocks), *_messages(body.get("messages"), blocks))
    except RecursionError:
        raise InvalidRequest("messages is nested too deeply.", param="messages") from None
    check_said(messages)
    box = read_tools(body.get("tools"))
    choice = read_choice(body.get("tool_choice"), box, body.get("tools"))
    live = not stream.is_null and stream.boolean()
    wishes, output, unmet = _wishes(body)
    return MessagesRequest(
        request=ChatRequest(
            id=request_id,
            model=label,
            messages=messages,
            wishes=wishes,
            chat=chat or ChatChoice(),
            tools=box.tools,
            tool_choice=choice,
            output=output,
            live=live,
            client=client,
        ),
        stream=live,
        thinking=_shows_thinking(body.get("thinking").value),
        given=(*_given(body.value), *unmet, *box.ignored, *blocks.ignored),
    )


def _system(field: Field, blocks: BlockReader) -> Iterable[Message]:
    if field.is_null:
        return ()
    read = list(blocks.system(field))
    if isinstance(field.value, list) and read and read[0].text.startswith(_BILLING):
        return read[1:]
    return read


def _messages(field: Field, blocks: BlockReader) -> Iterable[Message]:
    items = list(field.items())
    if not items:
        raise InvalidRequest(
            "messages is empty.", param="messages", next_step="Send at least one message with some text."
        )
    for item in items:
        role, content = item.object().get("role").string(), item.get("content")
        if role == Role.ASSISTANT:
            yield from blocks.assistant(content)
        elif role in ("system", "developer"):
            yield from blocks.system(content)
        else:
            yield from blocks.user(content)


# --- parameters --------------------------------------------------------------------------------------


def _wishes(body: Field) -> tuple[Wishes, OutputFormat | None, list[str]]:
    """The wishes, the answer's form, and the names of those that cannot be met by every site."""
    most = body.get("max_tokens")
    if not most.is_null and most.integer() < 0:
        raise InvalidRequest("max_tokens is less than 0.", param="max_tokens")
    unmet: list[str] = []
    config = body.get("output_config")
    wanted = Field(path="output_config", value={}) if config.is_null else config.object()
    temperature = _granted(body.get("temperature"), _is_temperature, unmet)
    effort = _granted(wanted.get("effort"), _is_effort, unmet)
    older, newer = body.get("output_format"), wanted.get("format")
    output = _output(older if newer.is_null else newer, unmet)
    wishes = Wishes(
        effort=effort,
        temperature=None if temperature is None else float(temperature),
        max_output_tokens=None if most.is_null else most.integer(),
        stop=_stops(body.get("stop_sequences")),
    )
    return wishes, output, unmet


def _granted(field: Field, fits: Callable[[Any], bool], unmet: list[str]) -> Any:
    """A wish that some pages have a control for; one that no control could have is named and no more."""
    if field.is_null:
        return None
    fit = fits(field.value)
    unmet.append(field.path if fit else f"{field.path} (not usable)")
    return field.value if fit else None


def _is_temperature(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 2


def _is_effort(value: Any) -> bool:
    return isinstance(value, str) and _EFFORT.fullmatch(value) is not None


def _output(field: Field, unmet: list[str]) -> OutputFormat | None:
    if field.is_null:
        return None
    kind = field.object().get("type").value
    if kind != "json_schema":
        unmet.append(f"{field.path} ({kind})")
        return None
    schema, name = field.get("schema"), field.get("name").value
    if schema.is_null:
        schema.refuse("an object")
    return OutputFormat(schema=read_schema(schema), name=name if isinstance(name, str) else "")


def _stops(field: Field) -> tuple[str, ...]:
    if field.is_null:
        return ()
    stops = tuple(text for item in field.items() if (text := item.text()))
    if len(stops) > _MAX_STOPS:
        raise InvalidRequest(f"{field.path} has more than {_MAX_STOPS} entries.", param=field.path)
    if any(len(stop) > _MAX_STOP_CHARS for stop in stops):
        raise InvalidRequest(
            f"{field.path} has an entry of more than {_MAX_STOP_CHARS} characters.", param=field.path
        )
    return stops


def _shows_thinking(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return value.get("type") in ("enabled", "adaptive") and value.get("display") != "omitted"


def _given(body: Mapping[str, Any]) -> Iterable[str]:
    for name, value in body.items():
        if name in _UNDERSTOOD or value is None or value is False or value in ([], {}):
            continue
        yield name
