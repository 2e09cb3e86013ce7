"""Answers that have to be JSON: what the model is told, and what is made of what it wrote. Sans-IO.

The JSON is looked for in the whole answer: bare, in a fence, or as the outermost value amid prose. What
is JSON to the letter and fits goes out as the model wrote it; what had to be mended goes out anew, and
only where nothing of it was lost by that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from cdp_relay.chat.calls import canonical, coerce, loads, repair
from cdp_relay.chat.fitting import SchemaFit
from cdp_relay.chat.vocabulary import OutputFormat
from cdp_relay.errors import InvalidRequest

__all__ = [
    "OutputReading",
    "check_output",
    "output_closing",
    "output_correction",
    "output_instructions",
    "read_output",
]

_OBJECT: Mapping[str, Any] = {"type": "object"}
"""What stands for the schema where there is none: any JSON object."""

_ALONE = "Write the JSON alone: nothing before it, nothing after it, no code fence."

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*\n(.*?)\n {0,3}\1[`~]*[ \t]*$", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"[{\[]")
_CLOSING = re.compile(r"[}\]]\s*\Z")

_MAX_TRIES = 64
"""How many opening brackets amid prose are tried, as each try may read all that follows."""

_NO_JSON = "there is no JSON in the answer"


@attrs.frozen
class OutputReading:
    """What an answer is, read as the JSON that it has to be."""

    text: str | None
    """The JSON; None when there is none, or none that fits."""
    problems: tuple[str, ...] = ()
    """What is wrong with it, in words for the model and for the client."""


def check_output(output: OutputFormat) -> None:
    """Refuse a schema that is none, before anything is asked.

    Raises:
      InvalidRequest: the schema breaks the rules of JSON Schema.
    """
    if output.schema is not None and (broken := SchemaFit(output.schema).broken):
        raise InvalidRequest(f"The JSON Schema that the answer has to meet is itself invalid: {broken}")


def output_instructions(output: OutputFormat, *, tools: bool) -> str:
    """The section of the prompt that says what the answer has to be.

    Args:
      tools: whether the model may call tools instead.
    """
    unless = "Unless you call a tool, your" if tools else "Your"
    if output.schema is None:
        return f"{unless} whole answer must be one JSON object. {_ALONE}"
    named = f" ({output.name})" if output.name else ""
    about = f"\n\n{output.description.strip()}" if output.description.strip() else ""
    schema = json.dumps(output.schema, ensure_ascii=False, separators=(",", ":"))
    return (
        f"{unless} whole answer must be one JSON value that is valid against the JSON Schema below{named}. "
        f"{_ALONE} It is read by a program, so it must hold every required property under its exact name, "
        f"and no comments.{about}\n\n{schema}"
    )


def output_closing(*, tools: bool) -> str:
    """What a prompt ends with, where models heed it best."""
    return f"Answer with {'a tool call or with ' if tools else ''}JSON as instructed. {_ALONE}"


def output_correction(problems: Sequence[str], output: OutputFormat) -> str:
    """What the one corrective turn says."""
    wanted = "one JSON object" if output.schema is None else "JSON that is valid against the schema"
    listed = "\n".join(f"- {problem}" for problem in problems)
    return (
        f"Your last answer cannot be used, as it has to be {wanted}:\n{listed}\n\n"
        f"Write the whole answer again, corrected. {_ALONE}"
    )


def read_output(text: str, output: OutputFormat, *, whole: bool) -> OutputReading:
    """Find the JSON in an answer.

    Args:
      whole: whether the model came to its end; what broke off is not mended.
    """
    schema = _OBJECT if output.schema is None else output.schema
    fit = SchemaFit(schema, name="the answer")
    found: list[Any] = []
    for candidate in _candidates(text):
        try:
            value = loads(candidate)
        except ValueError:
            continue
        if not fit.errors(value):
            return OutputReading(candidate if _is_strict(candidate) else canonical(value))
        found.append(value)
    if whole and not found:
        found = list(_repaired(text))
    for value in found:
        coerced = coerce(value, schema, schema, fit)
        if not fit.errors(coerced):
            return OutputReading(canonical(coerced))
    return OutputReading(None, tuple(fit.errors(found[0])) if found else (_why_none(text),))


def _candidates(text: str) -> Iterator[str]:
    """What may be the JSON, the likeliest first."""
    yield text.strip()
    yield from (match[2].strip() for match in reversed(list(_FENCE.finditer(text))))
    yield from sorted(_amid(text), key=len, reverse=True)


def _amid(text: str) -> Iterator[str]:
    """The outermost objects and arrays that stand amid prose."""
    decoder = json.JSONDecoder(strict=False)
    at = 0
    for _ in range(_MAX_TRIES):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        try:
            _, end = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.end()
        else:
            yield text[opening.start() : end]
            at = end


def _repaired(text: str) -> Iterator[Any]:
    """What is nearly JSON, mended. It has to end as JSON does: half a value can look whole when mended."""
    opening = _OPENING.search(text)
    amid = text[opening.start() : text.rfind("}") + 1] if opening else ""
    fenced = [match[2].strip() for match in reversed(list(_FENCE.finditer(text)))]
    for candidate in dict.fromkeys([text.strip(), *fenced, amid]):
        if _OPENING.match(candidate) and _CLOSING.search(candidate):
            try:
                yield repair(candidate)
            except ValueError:
                continue


def _is_strict(text: str) -> bool:
    """Whether every parser takes it: raw line breaks in strings are let pass by ours."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _why_none(text: str) -> str:
    if _OPENING.match(text.strip()):
        return "the answer is no valid JSON"
    return _NO_JSON if text.strip() else "the answer is empty"
