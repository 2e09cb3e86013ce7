"""What AI Studio's decoder makes of an answer: text, thinking, files, counts and ends."""

from __future__ import annotations

import time

import pytest

from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import FileSeen
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.usage import TokenCount
from tests.providers.aistudio_frames import (
    LAST,
    TRAILER,
    body,
    decode,
    frame,
    part,
    play,
    provider,
    text,
    usage,
)


@pytest.mark.parametrize("holes", [False, True])
def test_an_answer_with_thinking_and_counts(holes: bool) -> None:
    said = decode(
        body(
            frame(part("**Hm**\n", thought=True), usage=usage(15, None)),
            frame(part("Hello, "), usage=usage(15, 2, 72)),
            frame(part('"[,null,]" 😀\n'), usage=usage(15, 43, 72)),
            frame(part("", p14="Es4D"), finish=1, usage=usage(15, 43, 72)),
            TRAILER,
            holes=holes,
        )
    )
    quoted = '"[,,]"' if holes else '"[,null,]"'  # the writer of these holes does not know strings
    assert (said.text, said.reasoning) == (f"Hello, {quoted} 😀\n", "**Hm**\n")
    assert said.usage == (15, 115, 72)
    assert said.ends == ["stop"]
    assert (said.drift_lines, said.notices) == ([], [])


def test_text_comes_with_the_frame_that_brought_it() -> None:
    decoder = provider().new_decoder()
    whole = body(text("a"), text("b"), LAST)
    at = whole.index(b'"b"') - 10
    assert [type(event).__name__ for event in decoder.feed(whole[:at])] == ["TextDelta"]


def test_an_emoji_that_was_cut_in_two_is_whole_again() -> None:
    said = decode(
        body(text("a\ud83d"), text("\ude00b"), frame(part("\ud83d", thought=True)), text("c\ud83d"), LAST)
    )
    assert (said.text, said.reasoning) == ("a😀bc\ufffd", "\ufffd")


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        (1, "stop"),
        (2, "length"),
        *((code, "content_filter") for code in (3, 4, 6, 7, 8, 9, 11, 14, 15, 16, 17, 19)),
        *((code, "generation_failed") for code in (5, 10, 12, 13, 18, 99)),
    ],
)
def test_finish_codes(code: int, ends: str) -> None:
    said = decode(body(text("x"), frame(finish=code, message="Because.")))
    assert said.ends == [ends]
    assert said.text == "x"
    assert said.drift_lines == (["finish: finish code 99"] if code == 99 else [])
    if ends == "generation_failed":
        assert said.error.message.endswith(": Because.")


def test_the_last_finish_code_counts() -> None:
    assert decode(body(frame(part("x"), finish=1), frame(part("y"), finish=2))).ends == ["length"]


@pytest.mark.parametrize(
    "steps",
    [
        body(text("half")),
        body(text("half"), closed=False),
        body(text("half"), closed=False)[:-1],
        body(text("half"), LAST, closed=False),
        body(text("half"), text("never whole")).partition(b"whole")[0],
        b")]}'\n\n" + body(text("half")),
    ],
)
def test_an_answer_that_breaks_off_has_no_end(steps: bytes) -> None:
    said = decode(steps)
    assert said.text == "half"
    assert (said.ends, said.drift_lines) == ([], [])


def test_half_of_a_part_is_nothing_for_it_could_be_a_thought() -> None:
    whole = body(text("a"), frame(part("thought, and not text", thought=True)))
    said = decode(whole[: whole.index(b" not text")])
    assert (said.text, said.reasoning) == ("a", "")


def test_a_status_after_half_an_answer_is_its_end() -> None:
    said = decode(body(text("half"), status=[14, "The model is overloaded."]))
    assert said.text == "half"
    assert said.ends == ["site_overloaded"]
    assert "The model is overloaded." in said.error.message


@pytest.mark.parametrize("whole", [b'[,[7,"The caller does not have permission"]]', b'[[],[8,"no",[]]]'])
def test_a_refusal_in_place_of_an_answer(whole: bytes) -> None:
    assert decode(whole).ends in (["site_error"], ["rate_limit_exceeded"])


def test_a_blocked_prompt() -> None:
    assert decode(body([None, [1, []], usage(5, 0)])).ends == ["content_filter"]
    # What is said of a prompt that passed is no block.
    assert decode(body([[[[[part("x")], "model"], 1]], [None, []], None])).ends == ["stop"]


def test_pictures_are_files_and_their_drafts_are_not() -> None:
    said = decode(
        body(
            frame(part(p2=["image/png", "ZHJhZnQ="], thought=True)),
            frame(part("Here: "), part(p2=["image/png", "iVB_-g=="])),
            frame(part(p6=["video/mp4", "https://storage.example/v.mp4"]), finish=1),
        )
    )
    assert said.files == [
        FileSeen(url="data:image/png;base64,iVB/+g==", media_type="image/png"),
        FileSeen(url="https://storage.example/v.mp4", media_type="video/mp4"),
    ]
    assert (said.text, said.drift_lines) == ("Here: ", [])


@pytest.mark.parametrize(("code_at", "result_at"), [("p7", "p8"), ("p8", "p9")])
def test_code_that_the_model_ran_is_its_work_and_not_its_answer(code_at: str, result_at: str) -> None:
    said = decode(
        body(
            frame(part(None, **{code_at: [1, 'print("```")\n']})),
            frame(part(None, **{result_at: [1, "42\n"]})),
            text("It is 42."),
            LAST,
        )
    )
    assert said.text == "It is 42."
    assert said.reasoning == '\n````python\nprint("```")\n````\n\n```\n42\n```\n'
    assert said.notices == ["site_tool_used"]
    assert said.drift_lines == []


def test_a_search_of_the_sites_is_told_once() -> None:
    grounded = frame(part("It rains."))
    grounded[0][0] += [None] * 6 + [[["https://example.org"]]]
    assert decode(body(grounded, grounded, LAST)).notices == ["site_tool_used"]


def test_a_function_call_is_told_once() -> None:
    call = frame(part(p10=["get_weather", [["city", [None, None, "Bern"]]], "c1"]))
    said = decode(body(call, call, frame(part(p3=["other", []])), LAST))
    assert said.notices == ["function_called", "function_called"]
    assert said.drift_lines == []


def test_a_file_that_only_drive_has() -> None:
    assert decode(body(frame(part(p5=["1AbC"])), LAST)).notices == ["file_in_drive"]


@pytest.mark.parametrize(
    ("odd", "drift"),
    [
        (7, "frame: a frame that is int"),
        ([{"a": 1}], "frame: candidates that are dict"),
        ([["x"]], "candidate: a candidate that is str"),
        ([[["x"]]], "candidate: content that is str"),
        ([[[["x"]]]], "content: parts that are str"),
        ([[[[["x"], "user"]]]], "content: content of the role user"),
        ([[[[["x"]]]]], "content: a part that is str"),
        (frame(part(p1=5)), "part: text that is int"),
        (frame(part(p20="x")), "part: a part's place 20"),
        (frame(part(p7="x")), "part: a part's place 7 that is str"),
        ([[[[[]], "odd"]]], "candidate: a finish code that is str"),
        ([None, None, "x"], "usage: usage that is str"),
        ([None, None, None, None, 1], "frame: a frame's place 4"),
        ([None, None, None, [[1]]], "frame: an interaction instead of candidates"),
        ([[[[[]]], [[[]]]]], "frame: more than one candidate"),
    ],
)
def test_what_is_unknown_is_reported_and_skipped(odd: object, drift: str) -> None:
    said = decode(body(text("a"), odd, odd, text("b"), LAST))
    assert said.text == "ab"
    assert said.ends == ["stop"]
    assert said.drift_lines == [drift]


def test_a_frame_that_is_no_json_is_skipped() -> None:
    whole = body(text("a"), [[7]], text("b"), LAST).replace(b"[[7]]", b"[[7 7]]")
    said = decode(whole)
    assert (said.text, said.ends, said.drift_lines) == ("ab", ["stop"], ["frame: a frame that is no JSON"])


def test_an_answer_of_another_form_altogether_is_drift() -> None:
    said = decode(body([None, None, None, [["interaction"]]], TRAILER))
    assert said.ends == ["stream_drift"]


def test_padding_that_keeps_the_connection_alive_says_nothing() -> None:
    whole = body(text("a"), LAST)[:-1] + b",null" * 13 + b',["x","y"]]'
    said = decode(whole)
    assert (said.text, said.ends, said.drift_lines) == ("a", ["stop"], [])


def test_the_site_s_own_count_is_reported() -> None:
    reader = AnswerReader(provider().new_decoder(), Delivery())
    reader.body(body(frame(part("x"), usage=usage(9, 1, 3)), LAST))
    told = reader.usage(TokenCount(tokens=1000, source="estimate"))
    assert (told.prompt_tokens, told.completion_tokens, told.reasoning_tokens) == (9, 4, 3)
    assert (told.estimated, told.source) == (False, "site")


def test_tokens_of_tools_count_as_prompt() -> None:
    counted = usage(5, 2, 4)
    counted[7] = 10
    assert decode(body(frame(part("x"), usage=counted), LAST)).usage == (15, 6, 4)


def test_five_megabytes_decode_without_going_back() -> None:
    piece = (
        'A line of some 100 characters, with "quotes", [brackets], {braces}, \\ and an emoji 😀.\n' + "x" * 20
    )
    frames = [
        frame(part(piece), usage=usage(9, count), finish=None) for count in range(5_000_000 // len(piece))
    ]
    whole = body(*frames, LAST)
    started = time.process_time()
    said = play([whole, None], 16384)
    spent = time.process_time() - started
    assert len(said.text) == len(piece) * len(frames)
    assert said.ends == ["stop"]
    assert spent < 20  # 0.6 s on an idle machine; quadratic time takes minutes
