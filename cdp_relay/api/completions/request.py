"""From a body of ``/v1/completions`` to the neutral :class:`ChatRequest`.

A chat page answers a prompt and continues none, so the prompt goes as the user's message.
"""

from __future__ import annotations

import attrs

from cdp_relay.api.completions.answer import TextChunkWriter, WholeText
from cdp_relay.api.dialect import AnswerFacts, Asked
from cdp_relay.api.json_body import Field
from cdp_relay.api.parameters import check_parameters, given_parameters, read_label, read_wishes
from cdp_relay.chat.vocabulary import ChatChoice, ChatRequest, Message, RequestId, Role, TextPart
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = ["TextCompletion", "read_completion"]

_PREFIX = "cmpl-"
_HONOURED = frozenset(
    {"model", "prompt", "stream", "stream_options", "n", "best_of", "stop", "max_tokens", "echo"}
)
_OTHER_MEANING = frozenset({"logprobs", "tools", "tool_choice", "functions", "function_call"})
"""Names that mean something else here than in Chat Completions, or nothing at all."""


@attrs.frozen(kw_only=True)
class TextCompletion:
    """A request to ``/v1/completions``, understood."""

    request: ChatRequest
    stream: bool
    include_usage: bool
    echo: str
    """What the answer begins with: the prompt, if that was asked for."""
    given: tuple[str, ...]

    def asked(self) -> Asked:
        """The request as the rest of the door takes it."""
        return Asked(
            request=self.request,
            stream=self.stream,
            given=self.given,
            new_stream=self._new_stream,
            new_whole=self._new_whole,
        )

    def _new_stream(self, facts: AnswerFacts) -> TextChunkWriter:
        return TextChunkWriter(
            id=_PREFIX + facts.id,
            created=facts.created,
            label=facts.label,
            echo=self.echo,
            include_usage=self.include_usage,
            request_id=facts.request_id,
        )

    def _new_whole(self, facts: AnswerFacts) -> WholeText:
        return WholeText(id=_PREFIX + facts.id, created=facts.created, label=facts.label, echo=self.echo)


def read_completion(
    body: Field, *, request_id: RequestId, client: str, chat: ChatChoice | None = None
) -> TextCompletion:
    """Convert a body.

    Args:
      chat: which chat the request goes to, from its header.

    Raises:
      InvalidRequest: a field is missing or of the wrong type; ``param`` names it.
      InvalidText: a text holds a lone surrogate or a NUL.
      UnsupportedValue: something that a chat page cannot do.
    """
    label = read_label(body.get("model"))
    check_parameters(body, but=_OTHER_MEANING)
    _check_counts(body)
    suffix, echo = body.get("suffix"), body.get("echo")
    if not suffix.is_null and suffix.text():
        raise UnsupportedValue(
            "suffix asks for a text between two others, but a chat page answers prompts only.",
            param="suffix",
            next_step="Leave suffix out, or describe the gap in a chat message.",
        )
    prompt = _prompt(body.get("prompt"))
    options, stream = body.get("stream_options"), bool(body.get("stream").value)
    return TextCompletion(
        request=ChatRequest(
            id=request_id,
            model=label,
            messages=(Message(role=Role.USER, parts=(TextPart(prompt),)),),
            wishes=read_wishes(body),
            chat=chat or ChatChoice(),
            live=stream,
            client=client,
        ),
        stream=stream,
        include_usage=not options.is_null and bool(options.get("include_usage").value),
        echo=prompt if not echo.is_null and echo.boolean() else "",
        given=given_parameters(body.value, _HONOURED),
    )


def _check_counts(body: Field) -> None:
    logprobs, best_of = body.get("logprobs"), body.get("best_of")
    if not logprobs.is_null and not isinstance(logprobs.value, bool):
        logprobs.integer()
    if not best_of.is_null and best_of.integer() > 1:
        raise UnsupportedValue(
            f"best_of is {best_of.integer()}, but a chat page gives one answer to a prompt.",
            param="best_of",
            next_step="Leave best_of out.",
        )


def _prompt(field: Field) -> str:
    """The one prompt of a body."""
    if isinstance(field.value, list):
        items = list(field.items())
        if items and all(_is_token(item.value) for item in items):
            raise UnsupportedValue(
                f"{field.path} is made of token ids, but a chat page is given text.",
                param=field.path,
                next_step="Send the prompt as a string.",
            )
        if len(items) != 1:
            raise UnsupportedValue(
                f"{field.path} holds {len(items)} prompts, but one request asks one question.",
                param=field.path,
                next_step="Send a request for each prompt.",
            )
        (field,) = items
    if not isinstance(field.value, str):
        field.refuse("a string")
    prompt = field.text()
    if not prompt.strip():
        raise InvalidRequest(
            f"{field.path} holds no text.", param=field.path, next_step="Send a prompt with some text."
        )
    return prompt


def _is_token(value: object) -> bool:
    """Whether this is a token's id, or a list of them."""
    if isinstance(value, list):
        return bool(value) and all(type(one) is int for one in value)
    return type(value) is int
