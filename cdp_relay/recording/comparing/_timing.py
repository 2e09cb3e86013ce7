"""How an answer comes: only changes of class are told, since no two answers take the same time."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence

from cdp_relay.recording.chunks import chunks_of
from cdp_relay.recording.comparing._traffic import Endpoint, is_all_at_once
from cdp_relay.recording.comparing.difference import Difference
from cdp_relay.recording.session import Exchange

__all__ = ["differences_of_timing"]

_FIRST_BYTE = ((0.5, "at once"), (2.0, "within 2 s"), (8.0, "within 8 s"), (30.0, "within 30 s"))
_GAP = ((0.03, "every few ms"), (0.2, "several times a second"), (1.0, "every second"))
_LATER = "later"


def differences_of_timing(old: Endpoint, new: Endpoint) -> Iterator[Difference]:
    """Streaming or all at once; classes of the first byte and of the gaps, where they are two apart."""
    then, now = _longest(old.exchanges), _longest(new.exchanges)
    if then is None or now is None:
        return
    was, found = is_all_at_once(then), is_all_at_once(now)
    if was is not None and found is not None and was != found:
        words = ("in one piece", "in many pieces")
        yield Difference(
            kind="timing",
            weight="notable",
            sentence=f"{new.name}: the answer comes {words[not found]} now, and came {words[not was]}.",
            where=new.name,
            old=words[not was],
            new=words[not found],
        )
    for name, classes, values in (
        ("the first byte comes", _FIRST_BYTE, (_first_byte(then), _first_byte(now))),
        ("pieces come", _GAP, (_gap(then), _gap(now))),
    ):
        ranks = [_rank(value, classes) for value in values if value is not None]
        if len(ranks) == 2 and abs(ranks[0] - ranks[1]) > 1:
            labels = [*(label for _, label in classes), _LATER]
            yield Difference(
                kind="timing",
                weight="minor",
                sentence=f"{new.name}: {name} {labels[ranks[1]]} now; it was {labels[ranks[0]]}.",
                where=new.name,
                old=labels[ranks[0]],
                new=labels[ranks[1]],
            )


def _longest(exchanges: Sequence[Exchange]) -> Exchange | None:
    answered = [one for one in exchanges if one.response is not None and one.response.body is not None]
    return max(answered, key=_size, default=None)


def _size(exchange: Exchange) -> int:
    response = exchange.response
    return response.body.size if response is not None and response.body is not None else 0


def _first_byte(exchange: Exchange) -> float | None:
    chunks = chunks_of(exchange)
    return chunks[0].at - exchange.at if chunks else None


def _gap(exchange: Exchange) -> float | None:
    times = [chunk.at for chunk in chunks_of(exchange)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    return statistics.median(gaps) if len(gaps) > 4 else None


def _rank(value: float, classes: Sequence[tuple[float, str]]) -> int:
    return sum(value > limit for limit, _ in classes)
