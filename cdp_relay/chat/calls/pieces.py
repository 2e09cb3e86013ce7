"""What a parser of calls finds in an answer, beside its text and its calls."""

from __future__ import annotations

import enum

import attrs

from cdp_relay.chat.vocabulary import TextDelta, ToolCallArguments, ToolCallBegan, ToolCallEnded

__all__ = ["CallFault", "FaultKind", "Piece"]


class FaultKind(enum.StrEnum):
    """What is wrong with a call."""

    SYNTAX = "syntax"
    """It is no JSON, or not whole, and cannot be mended without a guess."""
    UNDECLARED = "undeclared"
    """There is no such tool."""
    NOT_ALLOWED = "not_allowed"
    """The request's choice of tools leaves this one out."""
    SCHEMA = "schema"
    """The arguments do not fit the tool's parameters."""
    FORMAT = "format"
    """It was written in a form of the model's own, so it stands in the answer's text."""
    MISSING = "missing"
    """A call had to come, and none did."""


@attrs.frozen(kw_only=True)
class CallFault:
    """A call that cannot be passed on."""

    kind: FaultKind
    message: str
    """What was wrong and what is wanted; it is written for the model."""
    raw: str = attrs.field(default="", repr=False)
    """The call as the model wrote it."""
    began: bool = False
    """Whether a part of it was passed on already, so that nothing can be mended any more."""


Piece = TextDelta | ToolCallBegan | ToolCallArguments | ToolCallEnded | CallFault
"""What ``CallParser`` gives out."""
