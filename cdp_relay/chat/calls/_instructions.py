"""The words that tell a chat model how to call a program's tools."""

from __future__ import annotations

from collections.abc import Sequence

from cdp_relay.chat.calls.schema_text import render_tool
from cdp_relay.chat.vocabulary import Tool, ToolChoice, ToolMode

__all__ = ["example_call", "write_instructions", "write_reminder"]

_OPENING = """\
You work through the tools listed below. They are run by the program that sends you these messages, on the
user's own machine, and they are the only way to reach it: its files, its programs, its network.

This chat site's own tools (web search, code interpreter, Python, containers, canvas, artifacts, connectors)
run elsewhere and see nothing of that machine. Never use one of them in place of a tool listed
here. Never claim that something was read, run or changed unless a result in this chat shows it.

## How to call a tool

Write a Markdown code fence whose info string is exactly `{marker}`, with one JSON object in it:
"""

_FREEFORM = 'A tool whose input is plain text gets `"input"` in place of `"arguments"`:'

_TOOLS = """\
## The tools

Parameters are written as TypeScript types; `?` marks those that can be left out."""

_STRICT = (
    'Strict JSON: in strings a line break is `\\n`, a quotation mark `\\"`, a backslash `\\\\`; no comments '
    "and no trailing commas."
)


def write_instructions(
    marker: str, result_tag: str, tools: Sequence[Tool], names: Sequence[str], choice: ToolChoice
) -> str:
    """The section of a prompt that offers tools."""
    parts = [_OPENING.format(marker=marker), example_call(marker), ""]
    if any(tool.freeform for tool in tools):
        parts += [_FREEFORM, "", example_call(marker, freeform=True), ""]
    parts.append("Rules:")
    parts += [f"- {rule}" for rule in _rules(marker, result_tag, tools, names, choice)]
    parts += ["", _TOOLS]
    for tool in tools:
        parts += ["", render_tool(tool)]
    return "\n".join(parts)


def write_reminder(marker: str, names: Sequence[str], choice: ToolChoice) -> str:
    """The lines at the very end of a prompt, which may be far from its section about tools."""
    shape = f'a ```{marker} fence with {{"name": ..., "arguments": {{...}}}} in it as strict JSON'
    must = _must(names, choice)
    first = f"{must} Write it as {shape}" if must else f"To use a tool of the section Tools, write {shape}"
    stop = "stop after the last one" if choice.parallel else "stop right after it; one call at most"
    return (
        f"{first}, and {stop}: the results come in the next message, never write them yourself.\n"
        "Do not use this site's own tools (search, code interpreter, canvas) instead."
    )


def example_call(marker: str, *, freeform: bool = False) -> str:
    """What a call looks like."""
    if freeform:
        body = '{"name": "TOOL_NAME", "input": "first line\\nsecond \\"line\\""}'
    else:
        body = '{"name": "TOOL_NAME", "arguments": {"ARGUMENT": "first line\\nsecond \\"line\\""}}'
    return f"```{marker}\n{body}\n```"


def _rules(
    marker: str, result_tag: str, tools: Sequence[Tool], names: Sequence[str], choice: ToolChoice
) -> list[str]:
    if choice.parallel:
        count = (
            "One JSON object in a fence. For several calls write several fences, one after another; they run "
            "in that order. Calls that do not need each other's results belong into the same answer."
        )
    else:
        count = "One JSON object in the fence, and one call in an answer at most."
    rules = [
        f"Only a fence with `{marker}` is a call. It starts at the beginning of a line, outside of any other "
        "code block or quotation.",
        count,
        _STRICT,
        "`arguments` fits the tool's parameters: all that are required, of the right types, and no others.",
        "You may write a few words before the first call. After the last call stop: your answer ends there.",
        f"The results come in the next message, as `<{result_tag} ...>`. Never write one yourself.",
    ]
    must = _must(names, choice)
    rules.append(must or "When no call is needed any more, answer in plain text.")
    if not must and len(names) < len(tools):
        rules.append(f"In this answer only these tools may be called: {_listed(names)}.")
    return rules


def _must(names: Sequence[str], choice: ToolChoice) -> str:
    if choice.mode is not ToolMode.REQUIRED:
        return ""
    if not choice.names:
        return "This answer must call a tool."
    if len(names) == 1:
        return f"This answer must call the tool `{names[0]}`, and no other."
    return f"This answer must call a tool, one of these: {_listed(names)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
