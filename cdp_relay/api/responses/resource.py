"""The ``response`` object: what was asked, repeated, and how far the answer is. Sans-IO.

It stands in three events of every stream, and what was asked may be long (instructions, schemas):
that part is written once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from cdp_relay.api.dialect import AnswerFacts
from cdp_relay.api.json_body import Field
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.responses.tools import Offer
from cdp_relay.chat.vocabulary import FinishReason, Usage

__all__ = ["Resource", "State", "asked_fields", "incomplete_reason"]

_INCOMPLETE = {
    FinishReason.LENGTH: "max_output_tokens",
    FinishReason.CONTENT_FILTER: "content_filter",
    # Of the dialect's words only this one says that the text is cut.
    FinishReason.INTERRUPTED: "max_output_tokens",
}


def incomplete_reason(reason: FinishReason) -> str | None:
    """Why an answer that ended so is not whole; None for one that is."""
    return _INCOMPLETE.get(reason)


@attrs.frozen(kw_only=True)
class State:
    """How far an answer is."""

    status: str
    output: list[dict[str, Any]] = attrs.field(factory=list)
    completed_at: int | None = None
    error: dict[str, Any] | None = None
    incomplete: str | None = None
    usage: Usage | None = None
    extension: dict[str, Any] | None = None
    """What really answered, and what else the dialect has no field for."""


@attrs.define(eq=False, kw_only=True)
class Resource:
    """One response, as often as it has to be written."""

    facts: AnswerFacts
    asked: dict[str, Any]
    """From :func:`asked_fields`."""
    conversation_id: str | None = attrs.field(default=None, init=False)
    """The chat that the answer stands in, once the site has named it."""
    _asked_text: bytes = attrs.field(default=b"", init=False)

    @property
    def id(self) -> str:
        """The response's id."""
        return f"resp_{self.facts.id}"

    def render(self, state: State) -> bytes:
        """The object as JSON."""
        if not self._asked_text:
            self._asked_text = dump_json(self.asked)[1:]
        told: dict[str, Any] = {
            "id": self.id,
            "object": "response",
            "created_at": self.facts.created,
            "completed_at": state.completed_at,
            "status": state.status,
            "error": state.error,
            "incomplete_details": None if state.incomplete is None else {"reason": state.incomplete},
            "model": self.facts.label,
            "output": state.output,
            "usage": None if state.usage is None else _usage(state.usage),
        }
        if self.conversation_id is not None:
            told["conversation"] = {"id": self.conversation_id}
        if state.extension is not None:
            told["cdp_relay"] = state.extension
        return dump_json(told)[:-1] + b"," + self._asked_text


def asked_fields(body: Field, offer: Offer) -> dict[str, Any]:
    """What a response repeats of its request, with the dialect's defaults for what was left out.

    Args:
      body: a request's body whose parameters were checked.
    """

    def given(name: str, default: Any, wanted: Callable[[Any], bool]) -> Any:
        value = body.get(name).value
        return value if wanted(value) else default

    reasoning = given("reasoning", {}, _is_object)
    text = given("text", {}, _is_object)
    return {
        "background": given("background", False, _is_flag),
        "frequency_penalty": given("frequency_penalty", 0, _is_number),
        "instructions": given("instructions", None, _is_text),
        "max_output_tokens": given("max_output_tokens", None, _is_number),
        "max_tool_calls": given("max_tool_calls", None, _is_number),
        "metadata": given("metadata", {}, _is_object),
        "parallel_tool_calls": offer.choice.parallel,
        "presence_penalty": given("presence_penalty", 0, _is_number),
        "previous_response_id": given("previous_response_id", None, _is_text),
        "prompt_cache_key": given("prompt_cache_key", None, _is_text),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "safety_identifier": given("safety_identifier", None, _is_text),
        # What the site serves is its own matter.
        "service_tier": "default",
        "store": given("store", True, _is_flag),
        "temperature": given("temperature", 1, _is_number),
        "text": {**text, "format": text.get("format") or {"type": "text"}},
        "tool_choice": offer.shown_choice,
        "tools": offer.shown,
        "top_logprobs": given("top_logprobs", 0, _is_number),
        "top_p": given("top_p", 1, _is_number),
        "truncation": given("truncation", "disabled", lambda value: value in ("auto", "disabled")),
        "user": given("user", None, _is_text),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
