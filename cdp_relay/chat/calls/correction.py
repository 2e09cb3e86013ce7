"""What a model is told when its calls cannot be passed on."""

from __future__ import annotations

from collections.abc import Sequence

from cdp_relay.chat.calls._instructions import example_call
from cdp_relay.chat.calls.pieces import CallFault, FaultKind
from cdp_relay.chat.calls.protocol import CallProtocol

__all__ = ["correction_text", "is_correction"]

_TOLD = 8

_OPENING = "Your last message could not be used, and no tool was run. What was wrong:"


def correction_text(faults: Sequence[CallFault], protocol: CallProtocol) -> str:
    """The one message that asks for the calls again, in the right form, and for nothing else."""
    told = list(dict.fromkeys(fault.message for fault in faults))
    tools = [tool for tool in protocol.tools if tool.name in protocol.callable_names]
    freeform = bool(tools) and all(tool.freeform for tool in tools)
    if protocol.choice.parallel:
        wish = "Send all calls of that message again, whole and corrected, one fence each, and nothing else:"
    else:
        wish = "Send the call again, whole and corrected, and nothing else:"
    lines = [
        _OPENING,
        *(f"- {message}" for message in told[:_TOLD]),
        "",
        "A call is a code fence at the beginning of a line, with one strict JSON object in it:",
        "",
        example_call(protocol.marker, freeform=freeform),
        "",
        f"{wish} no apology, no explanation, no results.",
    ]
    if all(fault.kind is FaultKind.FORMAT for fault in faults):
        lines.append("If you did not mean to call a tool, repeat your answer as it was.")
    return "\n".join(lines)


def is_correction(text: str, protocol: CallProtocol) -> bool:
    """Whether a prompt asks for calls again, in the form of this protocol."""
    examples = (example_call(protocol.marker, freeform=freeform) for freeform in (False, True))
    return text.startswith(_OPENING) and any(example in text for example in examples)
