"""What a turn told, without what differs from run to run: ids, times, and how its text was cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

__all__ = ["Told", "differences", "told_in"]

_DIFFERENT = frozenset({"conversation_id", "conversation_url", "timeline", "id", "request", "url", "usage"})
"""Tokens are counted by what is installed."""
_STARTS = ("paused", "queued")


@attrs.define
class Told:
    """Of one turn."""

    steps: list[str] = attrs.field(factory=list)
    text: str = ""
    reasoning: str = ""
    others: list[dict[str, Any]] = attrs.field(factory=list)
    """Notices, drifts, files and calls, in order."""
    end: dict[str, Any] | None = None
    """What it finished with, or the code of its error; None for one that its client left."""


def told_in(documents: Iterable[Mapping[str, Any]]) -> list[Told]:
    """What the turns of a session told, one after another."""
    turns: list[Told] = []
    for document in documents:
        if not turns or _begins(document, turns[-1]):
            turns.append(Told())
        _take(document, turns[-1])
    return [_left(turn) if turn.end is None else turn for turn in turns]


def differences(heard: Iterable[Mapping[str, Any]], recorded: Iterable[Mapping[str, Any]]) -> str:
    """What turns told otherwise than in a recording, in words; empty when nothing is."""
    now, then = told_in(heard), told_in(recorded)
    if len(now) != len(then):
        return f"{len(now)} turns, recorded were {len(then)}"
    return "\n".join(
        f"turn {number}: {name}\n  heard:    {value!r}\n  recorded: {getattr(other, name)!r}"
        for number, (turn, other) in enumerate(zip(now, then, strict=True), 1)
        for name, value in attrs.asdict(turn).items()
        if value != getattr(other, name)
    )


def _begins(document: Mapping[str, Any], turn: Told) -> bool:
    step = document.get("step")
    waiting = step in _STARTS and any(one not in _STARTS for one in turn.steps)
    return waiting or (step == "submitted" and "submitted" in turn.steps)


def _take(document: Mapping[str, Any], turn: Told) -> None:
    match document["event"]:
        case "StepReached":
            turn.steps.append(str(document["step"]))
        case "TextDelta":
            turn.text += document["text"]
        case "TextRetracted":
            turn.text = turn.text[: max(0, len(turn.text) - document["chars"])]
        case "ReasoningDelta":
            turn.reasoning += document["text"]
        case "Finished":
            turn.end = _same(document)
        case "error":
            turn.end = {"error": document["code"]}
        case _:
            turn.others.append(_same(document))


def _same(document: Mapping[str, Any]) -> dict[str, Any]:
    same = {name: value for name, value in document.items() if name not in _DIFFERENT}
    if same.get("capture") == "body":  # a stream that was over before it could be listened to
        same["capture"] = "stream"
    return same


def _left(turn: Told) -> Told:
    """A client that leaves hears more or less of the rest, as it happens: only how it began is compared."""
    begun = turn.steps[: turn.steps.index("streaming") + 1] if "streaming" in turn.steps else turn.steps
    return Told(steps=begun)
