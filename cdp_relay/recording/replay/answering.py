"""How a recorded answer is given: its head, each piece of its body at its time, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import attrs
import msgspec

from cdp_relay.recording.session import Exchange, Response, Session, Timings, header

__all__ = ["AnswerPlan", "Ending", "Piece", "plan_answer", "stop_of", "was_stopped"]

Ending = Literal["end", "cut", "hold"]
"""The whole was said; the connection broke; or it was still open when the recording ended, or when the page
itself broke it off, and stays so."""

_PIECE_BYTES = 1 << 18
"""Of a body whose chunks are not known."""

_TAIL_BYTES = 4096
_END = re.compile(
    rb"""^data:\s*\[DONE\]
    | ^event:\s*(?:done|end|close|complete|completed|finish|finished|message_stop)\s*$
    | "type"\s*:\s*"(?:done|end|close|complete|completed|finish|finished|message_stop|response\.completed)"
    | ^\[\["e",""",
    re.VERBOSE | re.MULTILINE,
)
"""What streams say last."""

_STOP_SECONDS = 2.0
_STOP = re.compile(r"stop|cancel|abort|interrupt", re.IGNORECASE)

_STREAMS = ("event-stream", "ndjson", "jsonl", "grpc", "octet-stream", "connect+")
_STREAM_SECONDS = 1.0
"""Whatever took so long to come is one."""

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


def stop_of(recorded: Exchange, session: Session) -> Exchange | None:
    """The request by which the page had this answer stopped, if there was one."""
    ended = recorded.ended_at
    if ended is None:
        return None
    latest = ended + (_STOP_SECONDS if _is_by_the_page(recorded) else 0)
    return next(
        (
            other
            for other in session.exchanges
            if recorded.at < other.at <= latest
            and ended - other.at < _STOP_SECONDS
            and other.request.method.upper() not in ("GET", "HEAD", "OPTIONS")
            and _STOP.search(urlsplit(other.request.url).path) is not None
        ),
        None,
    )


def was_stopped(recorded: Exchange, session: Session) -> bool:
    """Whether the page broke this answer off on purpose, by what else was recorded.

    The browser's word for it, ``ERR_ABORTED``, is no sign: it says so of many answers that the page had read
    to the end.
    """
    if not _is_by_the_page(recorded):
        return False
    return "stop" in session.about.scenario or stop_of(recorded, session) is not None


def _is_by_the_page(recorded: Exchange) -> bool:
    return recorded.error.startswith(_BY_THE_PAGE)


def plan_answer(recorded: Exchange, body: bytes, *, was_stopped: bool = False) -> AnswerPlan:
    """Plan an answer as it was recorded.

    Args:
      body: all of it that there is.
      was_stopped: whether the page broke it off on purpose.
    """
    ending = _ending(recorded, body, was_stopped=was_stopped)
    ended = recorded.ended_at if recorded.ended_at is not None else recorded.at
    if recorded.response is None or recorded.response.status < 100:
        return AnswerPlan(head_after=None, end_after=max(ended - recorded.at, 0.0), ending=ending)
    pieces = tuple(_pieces(recorded, len(body)))
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


def _ending(recorded: Exchange, body: bytes, *, was_stopped: bool) -> Ending:
    if recorded.error and not _is_by_the_page(recorded):
        return "cut"
    if recorded.response is None:
        return "hold"
    if recorded.ended_at is None:
        # Of what nobody read to its end the browser says no end; held open, each would cost one of the few
        # connections that it makes to a host. What is told to a site is seldom answered by a stream.
        may_go_on = _is_stream(recorded.response) or recorded.request.method.upper() == "GET"
        return "hold" if may_go_on and not _is_whole(recorded.response, body) else "end"
    return "hold" if was_stopped and not _is_whole(recorded.response, body) else "end"


def _is_stream(response: Response) -> bool:
    if any(kind in response.mime_type for kind in _STREAMS):
        return True
    chunks = response.chunks
    return len(chunks) > 1 and chunks[-1].at - chunks[0].at > _STREAM_SECONDS


def _is_whole(response: Response, body: bytes) -> bool:
    """Whether a body says of itself that nothing comes after it."""
    length = header(response.headers, "content-length") or ""
    if length.isdecimal() and int(length) == len(body):
        return True
    if _END.search(body[-_TAIL_BYTES:]):
        return True
    if body.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True
