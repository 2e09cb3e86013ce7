"""Tools as clients send them, and an answer run through the parser as it pleases a test to cut it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from cdp_relay.chat.calls import CallFault, CallParser, CallProtocol, Piece
from cdp_relay.chat.vocabulary import (
    TextDelta,
    Tool,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolChoice,
)

NONCE = "bcdfgh"
FENCE = f"```call_{NONCE}\n"

TOOLS = (
    Tool(
        name="read_file",
        description="Read a file.",
        parameters={
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Where it is"},
                "limit": {"type": "integer", "minimum": 1},
                "lines": {"type": "array", "items": {"type": "integer"}},
                "raw": {"type": "boolean"},
                "mode": {"enum": ["text", "bytes"]},
                "options": {"type": "object", "properties": {"depth": {"type": "number"}}},
            },
            "required": ["path"],
            "additionalProperties": False,
        },
    ),
    Tool(
        name="write_file",
        parameters={
            "type": "object",
            "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
            "required": ["path", "content"],
        },
    ),
    Tool(name="mcp__git__log", parameters={"type": "object", "properties": {}}),
    Tool(name="anything"),
    Tool(name="apply_patch", description="Patch files.", freeform=True),
)


PROTOCOL = CallProtocol(NONCE, TOOLS)


def protocol(choice: ToolChoice | None = None, tools: Sequence[Tool] = TOOLS) -> CallProtocol:
    return CallProtocol(NONCE, tuple(tools), choice or ToolChoice())


def parse(
    text: str, cuts: Iterable[int] = (), *, held_chars: int = 2048, by: CallProtocol | None = None
) -> list[Piece]:
    """All that an answer holds; neighbouring pieces of text, and of one call's arguments, made one."""
    numbers = itertools.count(1)
    parser = CallParser(by or PROTOCOL, lambda: f"id_{next(numbers)}", held_chars)
    edges = [0, *sorted(cuts), len(text)]
    pieces = [piece for start, end in itertools.pairwise(edges) for piece in parser.feed(text[start:end])]
    return merged([*pieces, *parser.close()])


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if isinstance(piece, TextDelta) and isinstance(last, TextDelta):
            out[-1] = TextDelta(last.text + piece.text)
        elif isinstance(piece, ToolCallArguments) and isinstance(last, ToolCallArguments):
            out[-1] = ToolCallArguments(piece.index, last.text + piece.text)
        else:
            out.append(piece)
    return out


def text_of(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def calls_of(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """Names and arguments; a call is checked to have come in order, and in pieces that make it up."""
    calls: list[tuple[str, str]] = []
    began: ToolCallBegan | None = None
    arguments = ""
    for piece in pieces:
        match piece:
            case ToolCallBegan():
                assert began is None
                assert piece.index == len(calls)
                began, arguments = piece, ""
            case ToolCallArguments(index, text):
                assert began is not None
                assert index == began.index
                arguments += text
            case ToolCallEnded():
                assert began is not None
                assert (piece.index, piece.id, piece.name) == (began.index, began.id, began.name)
                assert piece.arguments == arguments
                assert piece.freeform is began.freeform
                calls.append((piece.name, piece.arguments))
                began = None
            case TextDelta():
                assert began is None
    assert began is None
    return calls


def faults_of(pieces: Iterable[Piece]) -> list[CallFault]:
    return [piece for piece in pieces if isinstance(piece, CallFault)]
