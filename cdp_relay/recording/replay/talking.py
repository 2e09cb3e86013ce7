"""What a recorded WebSocket says, and to what: each message is anchored to what caused it.

A cause is the opening of the socket, a message that the page sent on it, or a request that changed something
(any but a GET) and that the page made before. A message comes as long after its cause as it did when it was
recorded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs

from cdp_relay.recording.replay._contents import Contents, read_body
from cdp_relay.recording.session import Exchange, Message

__all__ = ["OPENED", "Cause", "Said", "TalkPlan"]

Cause: TypeAlias = str | int
"""``""`` is the opening; the id of an exchange; or the number of a message that was sent."""
OPENED: Cause = ""

_HEARTBEAT_BYTES = 256
_HEARTBEATS = 3
"""So many short messages of one shape are a pulse."""
_REPLY_SECONDS = 2.0
_LEAST_SHAPE = 0.5
_CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")


@attrs.frozen(kw_only=True)
class Said:
    """A message that is due after its cause; None in place of one is where the connection broke."""

    after: float
    message: str | bytes | None = attrs.field(repr=False)


class TalkPlan:
    """A recorded socket: what it says after each cause, and which recorded message a sent one is.

    Args:
      recorded: the socket's exchange.
      others: all exchanges of the recording.
    """

    def __init__(self, recorded: Exchange, others: Sequence[Exchange]) -> None:
        self._sent = [
            (number, one.data, _contents(one.data))
            for number, one in enumerate(recorded.messages)
            if one.sent
        ]
        self._given: set[int] = set()
        self._due = _anchored(recorded, others, self._heartbeats())

    def due(self, cause: Cause) -> tuple[Said, ...]:
        """What is said after this, in order."""
        return self._due.get(cause, ())

    def recognise(self, message: str | bytes) -> tuple[int, str | bytes] | None:
        """The recorded message that the page sends now, with its number; None for one of another kind."""
        now = _contents(message)
        fitting = [
            (number, data) for number, data, then in self._sent if _are_alike(data, then, message, now)
        ]
        if not fitting:
            return None
        fresh = [(number, data) for number, data in fitting if number not in self._given]
        same = [one for one in fresh if one[1] == message]
        number, data = (same or fresh or fitting[-1:])[0]
        self._given.add(number)
        return number, data

    def _heartbeats(self) -> frozenset[int]:
        short = [one for one in self._sent if len(one[1]) <= _HEARTBEAT_BYTES]
        return frozenset(
            number
            for number, data, then in short
            if sum(_are_alike(other, there, data, then) for _, other, there in short) >= _HEARTBEATS
        )


def _anchored(
    recorded: Exchange, others: Sequence[Exchange], heartbeats: frozenset[int]
) -> dict[Cause, tuple[Said, ...]]:
    causes: list[tuple[float, Cause]] = [
        (one.at, one.id)
        for one in others
        if one.at >= recorded.at and one.request.method.upper() not in _CHANGES_NOTHING
    ]
    causes += [(one.at, number) for number, one in enumerate(recorded.messages) if one.sent]
    causes.sort(key=lambda one: one[0])
    opened = _opened_at(recorded)
    due: dict[Cause, list[Said]] = {}
    at, cause = opened, OPENED
    pulse: tuple[float, int] | None = None
    waiting = iter([*causes, (float("inf"), OPENED)])
    following = next(waiting)
    for message in recorded.messages:
        while following[0] <= message.at:
            if following[1] in heartbeats:
                pulse = following[0], int(following[1])
            else:
                at, cause = following
            following = next(waiting)
        if message.sent:
            continue
        if pulse is not None and message.at - pulse[0] < _REPLY_SECONDS and _is_short(message):
            due.setdefault(pulse[1], []).append(Said(after=message.at - pulse[0], message=message.data))
            pulse = None
            continue
        due.setdefault(cause, []).append(Said(after=max(message.at - at, 0.0), message=message.data))
    if recorded.error and recorded.ended_at is not None:
        due.setdefault(cause, []).append(Said(after=max(recorded.ended_at - at, 0.0), message=None))
    return {cause: tuple(said) for cause, said in due.items()}


def _opened_at(recorded: Exchange) -> float:
    """When the handshake was over."""
    return recorded.at + recorded.timings.send + recorded.timings.wait


def _is_short(message: Message) -> bool:
    return len(message.data) <= _HEARTBEAT_BYTES


def _contents(data: str | bytes) -> Contents | None:
    """What a JSON message says, whatever stands before it (numbers of engine.io); None for others."""
    if isinstance(data, bytes):
        return None
    starts = [at for at in (data.find("{"), data.find("[")) if at >= 0]
    if not starts or min(starts) > 16:
        return None
    try:
        json.loads(data[min(starts) :])
    except (ValueError, RecursionError):
        return None
    return read_body(data[min(starts) :].encode("utf-8", "surrogatepass"))


def _are_alike(
    then: str | bytes, then_contents: Contents | None, now: str | bytes, now_contents: Contents | None
) -> bool:
    if then == now:
        return True
    if type(then) is not type(now):
        return False
    if then_contents is None or now_contents is None:
        return then_contents is now_contents and isinstance(then, bytes)
    if _words(then_contents) != _words(now_contents):
        return False
    both = then_contents.shape | now_contents.shape
    return not both or len(then_contents.shape & now_contents.shape) / len(both) >= _LEAST_SHAPE


def _words(contents: Contents) -> set[tuple[Any, ...]]:
    """The types and commands that it names; they tell messages of one shape apart."""
    return {
        ("[]" if isinstance(place[0], int) else place[0], value)
        for place, value in contents.values.items()
        if place and place[-1] in ("type", "event", "action", "command", "op", "method") and value
        if isinstance(value, str)
    }
