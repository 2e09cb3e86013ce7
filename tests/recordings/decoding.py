"""Whether a recording's streams decode to what was heard when it was made, however they are cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from cdp_relay.chat.contract import Provider
from cdp_relay.recording.driving.hearing import hear_exchanges
from cdp_relay.recording.session import Chunk, Exchange, Session
from tests.recordings.told import Told, told_in

__all__ = ["CUTS", "Cut", "decoded_otherwise"]

Cut = Callable[[Sequence[Chunk], int], tuple[Chunk, ...]]


def _as_recorded(chunks: Sequence[Chunk], size: int) -> tuple[Chunk, ...]:
    return tuple(chunks)


def _whole(chunks: Sequence[Chunk], size: int) -> tuple[Chunk, ...]:
    return (Chunk(chunks[-1].at, size),)


def _in_sevens(chunks: Sequence[Chunk], size: int) -> tuple[Chunk, ...]:
    return tuple(Chunk(chunks[-1].at, min(7, size - at)) for at in range(0, size, 7))


CUTS: Mapping[str, Cut] = {"as recorded": _as_recorded, "whole": _whole, "in sevens": _in_sevens}


def decoded_otherwise(session: Session, provider: Provider, cut: Cut) -> list[str]:
    """What the streams tell otherwise than was heard; nothing when they agree.

    Turns that their client left are not compared: nobody heard their streams to the end.
    """
    heard, _ = hear_exchanges(provider, [_cut(one, cut) for one in session.exchanges])
    decoded, recorded = (told_in(one.event for one in events) for events in (heard, session.heard))
    if len(decoded) != len(recorded):
        return [f"{len(decoded)} turns, heard were {len(recorded)}"]
    return [
        f"decoded {_of_stream(now)}, heard was {_of_stream(then)}"
        for now, then in zip(decoded, recorded, strict=True)
        if then.end is not None and _of_stream(now) != _of_stream(then)
    ]


def _cut(exchange: Exchange, cut: Cut) -> Exchange:
    response = exchange.response
    if response is None or response.body is None or not response.chunks or not response.body.size:
        return exchange
    chunks = cut(response.chunks, response.body.size)
    return attrs.evolve(exchange, response=attrs.evolve(response, chunks=chunks))


def _of_stream(turn: Told) -> tuple[Any, ...]:
    """What the stream alone tells: the page's part of it is another test's."""
    end = turn.end or {}
    drifts = [one for one in turn.others if one["event"] == "Drift" and one["kind"] != "selector"]
    return turn.text, turn.reasoning, drifts, end.get("finish_reason"), end.get("model"), "error" in end
