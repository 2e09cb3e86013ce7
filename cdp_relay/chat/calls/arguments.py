"""From what a model proposed to arguments that fit the tool's schema, or to a fault that says why not.

The order is: JSON to the letter; then repair of the finished text (``_repair``), which has to lose
nothing; then the schema; then values coerced to it, without loss as well; then the fault. What needed
no help is passed on as the model wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from cdp_relay.chat.calls._coercion import coerce
from cdp_relay.chat.calls._names import find_tool
from cdp_relay.chat.calls._repair import canonical, loads, repair
from cdp_relay.chat.calls._shapes import Proposal, read_proposals
from cdp_relay.chat.calls.pieces import CallFault, FaultKind
from cdp_relay.chat.calls.protocol import CallProtocol
from cdp_relay.chat.vocabulary import Tool

__all__ = ["FittedCall", "check_arguments", "choose_tool", "fit_proposal", "read_calls"]

_TOLD_ERRORS = 3
_TOLD_CHARS = 300
_LONE_SURROGATES = ("utf-16", "surrogatepass")


@attrs.frozen
class FittedCall:
    """A call that can be passed on."""

    tool: Tool
    arguments: str


def read_calls(text: str, protocol: CallProtocol, *, strict: bool = True) -> list[FittedCall | CallFault]:
    """Read the finished text of a call fence: one JSON value, which may hold several calls.

    Args:
      strict: whether it may be JSON to the letter; a text known to be none is repaired at once.
    """
    try:
        value, mended = _load(text, strict=strict)
    except ValueError as error:
        return [CallFault(kind=FaultKind.SYNTAX, message=f"The call cannot be read: {error}.", raw=text)]
    names = {tool.name for tool in protocol.tools}
    proposals = list(read_proposals(value, names))
    if not proposals:
        return [CallFault(kind=FaultKind.SYNTAX, message="The fence holds no call.", raw=text)]
    return [fit_proposal(proposal, protocol, raw=text, mended=mended) for proposal in proposals]


def _load(text: str, *, strict: bool = True) -> tuple[Any, bool]:
    """A value, and whether its text had to be repaired."""
    if strict:
        try:
            return loads(text), False
        except ValueError:
            pass
    return repair(text), True


def fit_proposal(
    proposal: Proposal, protocol: CallProtocol, *, raw: str = "", mended: bool = False
) -> FittedCall | CallFault:
    """Fit a call to the tool that it names.

    Args:
      mended: its text had to be repaired; an argument that the tool does not know is a repair that
        went wrong then.
    """
    tool = choose_tool(proposal.name, protocol)
    if isinstance(tool, CallFault):
        return attrs.evolve(tool, raw=raw)
    if tool.freeform:
        return _fit_text(proposal, tool, raw)
    value, text = proposal.arguments, proposal.text
    if isinstance(value, str):
        text = value.strip() or "{}"
        try:
            value, repaired = _load(text)
        except ValueError as error:
            message = f"The arguments of {tool.name} cannot be read: {error}."
            return CallFault(kind=FaultKind.SYNTAX, message=message, raw=raw)
        mended = mended or repaired
        if any(character < " " for character in text):
            text = None  # perhaps raw inside of a string, which no client's parser takes
    if value is None:
        value, text = {}, None
    fitted = check_arguments(tool, value, protocol)
    if isinstance(fitted, CallFault):
        return attrs.evolve(fitted, raw=raw)
    if mended and (unknown := _unknown(tool, fitted.value)):
        message = f"The call of {tool.name} cannot be read: is {unknown[0]!r} one of its arguments?"
        return CallFault(kind=FaultKind.SYNTAX, message=message, raw=raw)
    as_written = text is not None and not fitted.changed and not mended
    return FittedCall(tool, text.strip() if as_written and text is not None else canonical(fitted.value))


def choose_tool(name: str | None, protocol: CallProtocol) -> Tool | CallFault:
    """The tool of that name, when it may be called."""
    if name is None:
        message = 'The object has no "name", which has to be that of a tool.'
        return CallFault(kind=FaultKind.SYNTAX, message=message)
    tool = find_tool(name, protocol.tools)
    if tool is None:
        message = f"There is no tool {_short(name)!r}. The tools are: {_listed(protocol.callable_names)}."
        return CallFault(kind=FaultKind.UNDECLARED, message=message)
    if tool.name not in protocol.callable_names:
        message = f"{tool.name} must not be called now, only: {_listed(protocol.callable_names)}."
        return CallFault(kind=FaultKind.NOT_ALLOWED, message=message)
    return tool


@attrs.frozen
class FittedArguments:
    """Arguments that fit their schema."""

    value: dict[str, Any]
    changed: bool
    """Whether they had to be coerced to it."""


def check_arguments(tool: Tool, value: Any, protocol: CallProtocol) -> FittedArguments | CallFault:
    """Hold arguments against the tool's schema; coerced to it where they do not fit as they are."""
    fits = protocol.fit_of(tool)
    if isinstance(value, dict) and not (errors := fits.errors(value)):
        return FittedArguments(value, changed=False)
    coerced = coerce(value, {"type": "object", **tool.parameters}, tool.parameters, fits)
    if isinstance(coerced, dict) and not fits.errors(coerced):
        return FittedArguments(coerced, changed=True)
    if not isinstance(value, dict):
        errors = [f"arguments: {_short(canonical(value))} is no object"]
    message = f"The arguments of {tool.name} do not fit its parameters: {'; '.join(errors)}."
    return CallFault(kind=FaultKind.SCHEMA, message=message)


def _fit_text(proposal: Proposal, tool: Tool, raw: str) -> FittedCall | CallFault:
    value = proposal.arguments
    if isinstance(value, dict) and len(value) == 1:
        [value] = value.values()
    if not isinstance(value, str):
        message = f'{tool.name} takes plain text: {{"name": "{tool.name}", "input": "the text"}}.'
        return CallFault(kind=FaultKind.SCHEMA, message=message, raw=raw)
    return FittedCall(tool, value.encode(*_LONE_SURROGATES).decode("utf-16", "replace"))


def _unknown(tool: Tool, value: Mapping[str, Any]) -> list[str]:
    properties = tool.parameters.get("properties")
    if not isinstance(properties, Mapping) or not properties or tool.parameters.get("additionalProperties"):
        return []
    return [key for key in value if key not in properties]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")


def _short(text: str) -> str:
    return text if len(text) <= _TOLD_CHARS else f"{text[: _TOLD_CHARS - 60]} ... {text[-50:]}"
