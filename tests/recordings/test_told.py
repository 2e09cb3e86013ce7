"""What counts as told otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings.told import differences


def step(name: str, **facts: Any) -> dict[str, Any]:
    return {"event": "StepReached", "step": name, "at_seconds": 0.1, "facts": facts}


def delta(text: str) -> dict[str, Any]:
    return {"event": "TextDelta", "text": text}


DRIFT = {"event": "Drift", "kind": "event", "detail": "sparkle"}
END = {
    "event": "Finished",
    "finish_reason": "stop",
    "model": "m",
    "conversation_id": "a",
    "capture": "stream",
}
TURN = [
    step("queued", position=0),
    step("submitted"),
    delta("one "),
    delta("two"),
    DRIFT,
    step("finished"),
    END,
]


@pytest.mark.parametrize(
    "same",
    [
        TURN,
        [step("queued", position=3), step("submitted"), delta("one two"), DRIFT, step("finished"), END],
        [*TURN[:2], delta("onX"), {"event": "TextRetracted", "chars": 1}, delta("e two"), *TURN[4:]],
        [*TURN[:-1], {**END, "conversation_id": "b", "capture": "body"}],
    ],
)
def test_ids_times_and_cuts_make_no_difference(same: list[dict[str, Any]]) -> None:
    assert differences(same, TURN) == ""


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ([*TURN[:2], delta("one"), *TURN[4:]], "text"),
        ([*TURN[:4], *TURN[5:]], "others"),
        ([*TURN[:4], {**DRIFT, "detail": "glitter"}, *TURN[5:]], "others"),
        ([*TURN[:1], *TURN[2:]], "steps"),
        ([*TURN[:4], {"event": "ReasoningDelta", "text": "hm"}, *TURN[4:]], "reasoning"),
        ([*TURN[:-1], {**END, "finish_reason": "length"}], "end"),
        ([*TURN[:-1], {**END, "capture": "page"}], "end"),
        ([*TURN[:-1], {"event": "error", "code": "answer_incomplete"}], "end"),
        ([*TURN, *TURN], "2 turns"),
    ],
)
def test_everything_else_does(other: list[dict[str, Any]], word: str) -> None:
    assert word in differences(other, TURN)


def test_of_a_turn_that_its_client_left_only_the_beginning_counts() -> None:
    left = [step("queued"), step("submitted"), step("streaming"), delta("one")]
    assert differences([*left, *TURN], [*left, delta(" two"), step("stopped"), *TURN]) == ""
    assert differences(left[:2], left) != ""
