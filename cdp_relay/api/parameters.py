"""The parameters of a request beside its messages: checked, and read as wishes where a page can grant them.

Fields that are known have to have their type, whether they are honoured or not. Whether a wish is
honoured is the routed site's matter: only some pages have a control for a temperature.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from cdp_relay.api.json_body import Field
from cdp_relay.chat.vocabulary import ChatChoice, Wishes
from cdp_relay.errors import InvalidRequest, UnsupportedValue

__all__ = [
    "CHAT_HEADER",
    "CHAT_PARAMETERS",
    "check_parameters",
    "given_parameters",
    "ignored_parameters",
    "read_chat",
    "read_effort",
    "read_label",
    "read_wishes",
]

CHAT_HEADER = "X-CDP-Relay-Chat"
"""The request header that says which chat a request goes to."""

CHAT_PARAMETERS = frozenset(
    {
        *("model", "messages", "stream", "stream_options", "n"),
        *("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "response_format"),
        # The relay cuts the answer itself where the page has no control for it.
        *("stop", "max_tokens", "max_completion_tokens"),
    }
)
"""What Chat Completions honours on every site."""

_EFFORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
_CHAT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:-]{3,199}")
_MAX_LABEL_CHARS = 256
_MOST_STOPS = 16
_MOST_STOP_CHARS = 200


def read_label(field: Field) -> str:
    """Read which model is asked for; any name is a label.

    Raises:
      InvalidRequest, InvalidText: it is missing, empty, far too long, or no text.
    """
    label = field.text()
    if not label.strip():
        raise InvalidRequest(
            f"{field.path} is empty.", param=field.path, next_step="GET /v1/models lists the ids."
        )
    if len(label) > _MAX_LABEL_CHARS:
        raise InvalidRequest(f"{field.path} is longer than {_MAX_LABEL_CHARS} characters.", param=field.path)
    return label


def read_effort(field: Field) -> str:
    """Read a word for how hard to think.

    Raises:
      InvalidRequest: it is none.
    """
    if _EFFORT.fullmatch(field.string()) is None:
        raise InvalidRequest(f"{field.path} is not a word for an effort.", param=field.path)
    return field.string()


def check_parameters(body: Field, *, but: Collection[str] = ()) -> None:
    """Check the types and ranges of all known parameters.

    Args:
      but: names that mean something else in the dialect.

    Raises:
      InvalidRequest, InvalidText: one is wrong; ``param`` names it.
      UnsupportedValue: it asks for what no chat page can do.
    """
    for name, check in _PARAMETERS.items():
        parameter = body.get(name)
        if not parameter.is_null and name not in but:
            check(parameter)


def read_wishes(body: Field) -> Wishes:
    """Read what a site's page may have controls for, from a body that was checked."""
    temperature = body.get("temperature").value
    most = body.get("max_completion_tokens")
    most = body.get("max_tokens") if most.is_null else most
    stop = body.get("stop").value
    stops = [stop] if isinstance(stop, str) else stop or []
    effort = body.get("reasoning_effort").value
    if effort is None:
        effort = (body.get("reasoning").value or {}).get("effort")
    return Wishes(
        effort=effort,
        temperature=None if temperature is None else float(temperature),
        max_output_tokens=None if most.is_null else most.integer(),
        stop=tuple(one for one in stops if one),
    )


def given_parameters(body: Mapping[str, Any], honoured: Collection[str] = CHAT_PARAMETERS) -> tuple[str, ...]:
    """Name the parameters that say something and that not every site honours, in the body's order.

    Args:
      honoured: the names that the dialect honours on every site.
    """
    return tuple(
        name
        for name, value in body.items()
        if name not in honoured and value is not None and value is not False and value not in ([], {}, "")
    )


def ignored_parameters(given: Iterable[str], honours: Collection[str]) -> tuple[str, ...]:
    """Name those that the routed site cannot honour.

    Args:
      honours: the names of the controls that the site's page has.
    """
    return tuple(name for name in given if _WISHES.get(name) not in honours)


def read_chat(named: str | None, *, param: str = CHAT_HEADER) -> ChatChoice:
    """Read what names a chat: ``auto``, ``new``, ``temporary`` or the id of one that the site keeps.

    Args:
      param: where it stood.

    Raises:
      InvalidRequest: it is none of these.
    """
    value = (named or "").strip()
    if value.lower() in ("new", "temporary"):
        return ChatChoice(temporary=value.lower() == "temporary")
    if value.lower() in ("", "auto"):
        return ChatChoice()
    if _CHAT_ID.fullmatch(value) is None:
        raise InvalidRequest(
            f"{param} is not the id of a chat.",
            param=param,
            next_step="Send 'auto', 'new', 'temporary', or the id that x-cdp-relay-conversation named.",
        )
    return ChatChoice(conversation_id=value)


# --- checks --------------------------------------------------------------------------------------


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
        texts = list(field.items())
    elif isinstance(field.value, str):
        texts = [field]
    else:
        field.refuse("a string or an array of strings")
    if len(texts) > _MOST_STOPS:
        raise InvalidRequest(f"{field.path} has more than {_MOST_STOPS} entries.", param=field.path)
    for item in texts:
        if len(item.text()) > _MOST_STOP_CHARS:
            raise InvalidRequest(
                f"{item.path} is longer than {_MOST_STOP_CHARS} characters.", param=item.path
            )


def _reasoning(field: Field) -> None:
    effort = field.object().get("effort")
    if not effort.is_null:
        read_effort(effort)


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
    "reasoning_effort": read_effort,
    "reasoning": _reasoning,
    "user": Field.string,
    "store": Field.boolean,
    "metadata": Field.object,
}
"""Every known parameter but ``model`` and ``messages``, and what it has to be unless it is null."""

_WISHES = {
    "temperature": "temperature",
    "options.temperature": "temperature",
    "think": "effort",
    "reasoning_effort": "effort",
    "reasoning": "effort",
    "output_config.effort": "effort",
}
"""The control that grants each wish."""
