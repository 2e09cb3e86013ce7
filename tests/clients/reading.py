"""What a chat model reads in a prompt of the relay's: the tools, how to call them, and what came of calls.

It knows no more than its chat says. The form of a call, with its nonce, is taken from the prompt's own
instructions, so that instructions which a model could not follow fail here as well.
"""

from __future__ import annotations

import json
import re
from typing import Any

import attrs

from tests.sites.kit.answers import Attached
from tests.sites.kit.turns import Prompt

__all__ = ["Call", "Offer", "Parameter", "Reading", "read_prompt"]

_MARKER = re.compile(r"info string is exactly `(\S+)`")
_RESULT_TAG = re.compile(r"as `<(\S+) \.\.\.>`")
_TOOL = re.compile(
    r"^### (\S+)\n(.*?)^(?:arguments: (.*?)|(input: plain text))(?=\n\n|\n# |\Z)", re.MULTILINE | re.DOTALL
)
_PARAMETER = re.compile(r"^  (\w+)(\??): ([^\n]*?)(?: // [^\n]*)?$", re.MULTILINE)
_SCHEMA = re.compile(r"valid against the JSON Schema below.*?^(\{.*?\})$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Parameter:
    """One argument that a tool takes."""

    name: str
    kind: str
    """Its type, in TypeScript."""
    required: bool


@attrs.frozen
class Offer:
    """A tool that may be called."""

    name: str
    parameters: tuple[Parameter, ...]
    freeform: bool = False


@attrs.frozen
class Call:
    """A call that was made, and its result as far as there is one."""

    name: str
    arguments: Any
    result: str | None
    failed: bool


@attrs.frozen(kw_only=True)
class Reading:
    """A prompt, understood."""

    text: str
    """All of it, attached texts included."""
    marker: str
    """The info string of a call's fence; empty when there are no tools."""
    tools: tuple[Offer, ...]
    calls: tuple[Call, ...]
    pictures: tuple[Attached, ...]
    schema: Any
    """The JSON Schema that the answer has to fit, or None."""


def read_prompt(prompt: Prompt) -> Reading:
    """Read a prompt in its chat, and the texts that are attached to it."""
    text = "\n\n".join(one if isinstance(one, str) else _whole(one) for one in (*prompt.earlier, prompt))
    marker = _MARKER.search(text)
    schema = _SCHEMA.search(text)
    return Reading(
        text=text,
        marker=marker[1] if marker else "",
        tools=tuple(_offers(text)) if marker else (),
        calls=_calls(text, marker[1]) if marker else (),
        pictures=tuple(file for file in prompt.attachments if file.media_type.startswith("image/")),
        schema=json.loads(schema[1]) if schema else None,
    )


def _whole(prompt: Prompt) -> str:
    papers = [file.data.decode() for file in prompt.attachments if file.media_type.startswith("text/")]
    return "\n\n".join([*papers, prompt.text])


def _offers(text: str) -> list[Offer]:
    _, _, tools = text.partition("\n## The tools\n")
    tools, _, _ = tools.partition("\n# Conversation so far\n")
    return [
        Offer(
            name=match[1],
            parameters=tuple(
                Parameter(name, kind, required=not optional)
                for name, optional, kind in _PARAMETER.findall(match[3] or "")
            ),
            freeform=bool(match[4]),
        )
        for match in _TOOL.finditer(tools)
    ]


def _calls(text: str, marker: str) -> tuple[Call, ...]:
    """The calls of the conversation so far, each with its result: they come in the same order."""
    found = _RESULT_TAG.search(text)
    assert found, "the prompt does not say how results come"
    tag = re.escape(found[1])
    said = re.findall(rf"^```{re.escape(marker)}\n(\{{.*?\}})\n```$", text, re.MULTILINE | re.DOTALL)
    made = [call for call in map(json.loads, said) if call["name"] != "TOOL_NAME"]
    results = re.findall(rf"^<{tag}([^>\n]*)>\n(.*?)\n</{tag}>$", text, re.MULTILINE | re.DOTALL)
    results += [("", None)] * (len(made) - len(results))
    return tuple(
        Call(call["name"], call.get("arguments", call.get("input")), result, 'status="failed"' in attributes)
        for call, (attributes, result) in zip(made, results, strict=True)
    )
