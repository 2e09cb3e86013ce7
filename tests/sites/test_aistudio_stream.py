"""The replica's bodies are of the form that was recorded, and a decoder reads them as they were meant."""

from __future__ import annotations

import json
import re

import pytest

from cdp_relay.chat.contract import FileSeen, SiteFailed
from tests.providers.aistudio_frames import decode
from tests.sites.aistudio import Answer, Recording
from tests.sites.aistudio.states import refusal
from tests.sites.aistudio.stream import frames_of_recording, sparse_json, stream_answer
from tests.sites.kit.answers import ProducedFile
from tests.sites.kit.turns import Frame, Gate

TEXT = 'Naïve 😀 words, and\n\n"[,null,]" \\ three\tlines of 漢字.'


def body_of(answer: Answer) -> bytes:
    steps = stream_answer(answer, response_id="v1_abc", prompt_tokens=5)
    return b"".join(step.data for step in steps if isinstance(step, Frame))


def test_a_body_is_one_array_of_the_recorded_form() -> None:
    whole = body_of(Answer(text="Hello you", thinking=("Hm.",), holes=False))
    [frames] = json.loads(whole)
    first, *_, last, trailer = frames
    assert whole.startswith(b"[[[[[[[[null,")
    thought = first[0][0][0][0][0]
    assert (thought[1], thought[12]) == ("Hm.\n\n", 1)
    assert last[0][0][0] == [[[None, ""] + [None] * 12 + ["Es4DCssDAb4c2lnbmF0dXJl"]], "model"]
    assert last[0][0][1] == 1
    assert (last[2][:3], last[2][9], last[7]) == ([5, 2, 8], 1, "v1_abc")
    assert re.fullmatch(r"\d{16}", trailer[3][0])


def test_holes_are_left_out_but_at_the_end() -> None:
    assert sparse_json([None, [7, None, None], "null,"]) == '[,[7,,null],"null,"]'
    assert refusal(403, 7, "No.").body == '[,[7,"No."]]'


@pytest.mark.parametrize("holes", [True, False])
@pytest.mark.parametrize("with_text", [True, False])
def test_what_is_meant_is_what_is_read(holes: bool, with_text: bool) -> None:
    picture = ProducedFile(data=b"\x89PNG")
    answer = Answer(
        text=TEXT, thinking=("One.", "Two."), files=(picture,), holes=holes, finish_with_text=with_text,
        ran=("print(1)", "1"), called="f", unknown=True, finish="length", prefix=")]}'\n",
    )  # fmt: skip
    said = decode(body_of(answer))
    assert (said.text, said.ends) == (TEXT, ["length"])
    assert said.reasoning.startswith("One.\n\nTwo.\n\n")
    assert "print(1)" in said.reasoning
    assert said.files == [FileSeen(url="data:image/png;base64,iVBORw==", media_type="image/png")]
    assert said.usage == (5, 12, 2)
    assert said.notices == ["site_tool_used", "function_called"]
    assert said.drift_lines == [
        "frame: a frame's place 5",
        "part: a part's place 20",
        "part: a part's place 21",
    ]


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (Answer(finished=False), []),
        (Answer(complete=False), []),
        (Answer(finish_code=5), ["generation_failed"]),
        (Answer(finish="content_filter"), ["content_filter"]),
        (Answer(blocked=True), ["content_filter"]),
        (Answer(interaction=True), ["stream_drift"]),
        (Answer(finished=False, status=(14, "Overloaded.", ())), ["site_overloaded"]),
    ],
)
def test_ends(answer: Answer, ends: list[str]) -> None:
    assert decode(body_of(answer)).ends == ends


def test_a_recording_is_replayed_to_the_byte() -> None:
    whole = body_of(Answer(text="one two three"))
    steps = list(frames_of_recording(Recording(data=whole)))
    assert b"".join(step.data for step in steps if isinstance(step, Frame)) == whole
    assert [step.name for step in steps if isinstance(step, Gate)] == ["first-byte", "middle", "end", "close"]


def test_a_state_s_details_are_read() -> None:
    said = decode(body_of(Answer(text="x", finished=False, status=(8, "Quota.", ([["perday"]],)))))
    [failed] = [event for event in said.events if isinstance(event, SiteFailed)]
    assert failed.error.code in ("rate_limit_exceeded", "usage_cap_reached")
