"""How a recorded answer is given: its head, each piece of its body at its time, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from cdp_relay.recording.session import Exchange, Timings

__all__ = ["AnswerPlan", "Ending", "Piece", "plan_answer"]

Ending = Literal["end", "cut", "hold"]
"""The whole was said; the connection broke; or it was still open when the recording ended, or when the page
itself broke it off, and stays so."""

_PIECE_BYTES = 1 << 18
"""Of a body whose chunks are not known."""

_BY_THE_PAGE = ("net::ERR_ABORTED", "net::ERR_BLOCKED_BY_CLIENT", "Canceled")


@attrs.frozen
class Piece:
    """Bytes of the body, and when they are due."""

    after: float
    """Seconds after the request began."""
    start: int
    end: int


@attrs.frozen(kw_only=True)
class AnswerPlan:
    """What is sent when; all times are seconds after the request began."""

    head_after: float | None
    """When status and headers are due; None where none ever came."""
    pieces: tuple[Piece, ...] = ()
    end_after: float = 0.0
    ending: Ending = "end"


def plan_answer(recorded: Exchange, size: int) -> AnswerPlan:
    """Plan an answer as it was recorded.

    Args:
      size: bytes of the body that there is.
    """
    ending = _ending(recorded)
    ended = recorded.ended_at if recorded.ended_at is not None else recorded.at
    if recorded.response is None or recorded.response.status < 100:
        return AnswerPlan(head_after=None, end_after=max(ended - recorded.at, 0.0), ending=ending)
    pieces = tuple(_pieces(recorded, size))
    first = pieces[0].after if pieces else max(ended - recorded.at, 0.0)
    head = _until_head(recorded.timings)
    head = first if head is None else min(head, first)
    last = pieces[-1].after if pieces else head
    return AnswerPlan(head_after=head, pieces=pieces, end_after=max(ended - recorded.at, last), ending=ending)


def _pieces(recorded: Exchange, size: int) -> Iterator[Piece]:
    response = recorded.response
    start, after = 0, 0.0
    for chunk in response.chunks if response is not None else ():
        end = min(start + chunk.size, size)
        after = max(chunk.at - recorded.at, after)
        if end > start:
            yield Piece(after, start, end)
        start = end
    if start == 0:
        ended = recorded.ended_at if recorded.ended_at is not None else recorded.at
        after = max(ended - recorded.at, 0.0)
    while start < size:  # what no chunk tells of comes with the last, or at the end
        end = min(start + _PIECE_BYTES, size)
        yield Piece(after, start, end)
        start = end


def _until_head(timings: Timings) -> float | None:
    """When the first byte of the head came; None where nothing is known of it."""
    if not timings.wait and not timings.send:
        return None
    before = (timings.blocked, timings.dns, timings.connect)
    return sum(part for part in before if part is not None and part > 0) + timings.send + timings.wait


def _ending(recorded: Exchange) -> Ending:
    if recorded.error:
        return "hold" if recorded.error.startswith(_BY_THE_PAGE) else "cut"
    if recorded.response is None:
        return "hold"
    return "end" if recorded.ended_at is not None else "hold"
