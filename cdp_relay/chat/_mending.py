"""Putting a corrected answer together from what was held of the first and what came of the second."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from cdp_relay.chat.calls import CallFault, FaultKind, Piece
from cdp_relay.chat.vocabulary import ChatEvent, TextDelta, ToolCallArguments, ToolCallBegan, ToolCallEnded

__all__ = ["after_text", "joined_text", "new_calls", "with_taken", "without_lookalikes"]


def joined_text(pieces: Sequence[Piece] | Sequence[ChatEvent]) -> str:
    """The text in some pieces."""
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def with_taken(correction: str, taken: Sequence[ToolCallEnded]) -> str:
    """The words of a correction, where some calls have gone out: those are run by now."""
    if not taken:
        return correction
    names = ", ".join(call.name for call in taken)
    return (
        f"{correction}\n\nThis does not hold for the first {len(taken)} of your calls ({names}): they were "
        "taken. Do not send them again."
    )


def new_calls(pieces: Sequence[Piece], known: Sequence[ToolCallEnded]) -> list[Piece]:
    """The calls of a corrective answer, numbered on, without those that the model only repeated."""
    said = {(call.name, call.arguments) for call in known}
    number = len(known)
    out: list[Piece] = []
    call: list[ToolCallBegan | ToolCallArguments | ToolCallEnded] = []
    for piece in pieces:
        if isinstance(piece, TextDelta | CallFault):
            continue
        call.append(attrs.evolve(piece, index=number))
        if isinstance(piece, ToolCallEnded):
            if (piece.name, piece.arguments) not in said:
                out += call
                number += 1
            call = []
    return out


def without_lookalikes(pieces: Sequence[Piece], faults: Sequence[CallFault]) -> list[Piece]:
    """What was held, without calls in a form of the model's own: they were made again in the right one."""
    out = list(pieces)
    for raw in [fault.raw for fault in faults if fault.kind is FaultKind.FORMAT and fault.raw]:
        out = _merged(out)
        for place, piece in enumerate(out):
            if isinstance(piece, TextDelta) and raw in piece.text:
                out[place] = TextDelta(piece.text.replace(raw, "", 1))
                break
    return [piece for piece in out if piece != TextDelta("")]


def after_text(events: Sequence[ChatEvent], given: str) -> tuple[int, list[ChatEvent]]:
    """Compare events with the text that went out before.

    Returns:
      How many characters of the end of that text are void, and what follows the rest of it.
    """
    again = ""
    for event in events:
        if not isinstance(event, TextDelta):
            break
        again += event.text
    shorter = min(len(given), len(again))
    kept = next((place for place in range(shorter) if given[place] != again[place]), shorter)
    out: list[ChatEvent] = []
    skipping = kept
    for event in events:
        if skipping and isinstance(event, TextDelta):
            skipped = min(skipping, len(event.text))
            skipping -= skipped
            if skipped == len(event.text):
                continue
            event = TextDelta(event.text[skipped:])
        out.append(event)
    return len(given) - kept, out


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with one text where several followed on each other."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if isinstance(piece, TextDelta) and isinstance(last, TextDelta):
            out[-1] = TextDelta(last.text + piece.text)
        else:
            out.append(piece)
    return out
