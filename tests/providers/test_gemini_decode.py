"""Gemini's stream: text that is told anew with every frame, thoughts, files, facts, and its ends."""

from __future__ import annotations

import itertools
import json
import time

import pytest

from cdp_relay.chat.contract import ConversationSeen, FileSeen, ModelSeen, TitleSeen
from tests.providers.gemini_frames import (
    IDS,
    PREFIX,
    body,
    candidate,
    decode,
    end,
    failed,
    frame,
    history,
    payload,
    play,
    sparse,
    text,
    told,
)


def test_cumulative_text_with_a_flickering_tail_comes_out_right() -> None:
    said = told(
        payload(ids=[None, IDS[1]], p2={"18": IDS[1]}),
        text("So 😄 "),
        text(r"So 😄 \*\*bo"),
        text("So 😄 **bold**"),
        text("So 😄 **bold**\n```py\nprint(\n```"),
        text("So 😄 **bold**\n```py\nprint(1)\n```\n\nDo"),
        text("So 😄 **bold**\n```py\nprint(1)\n```\n\nDone.", done=True),
    )
    assert said.text == "So 😄 **bold**\n```py\nprint(1)\n```\n\nDone."
    assert said.ends == ["stop"]
    assert (said.retracted, said.notices, said.drift_lines) == (0, [], [])


def test_text_is_given_out_while_it_comes() -> None:
    steps = ["One", "One two", "One two three", "One two three four"]
    outcomes = [play([body(*map(text, steps[:count]), ended=False)]).text for count in range(5)]
    assert outcomes == ["", "", "One", "One two", "One two three"]


def test_several_envelopes_may_share_a_frame() -> None:
    envelopes = [text("Hello"), text("Hello world", done=True), ["di", 3], end(4)]
    said = decode((PREFIX + frame(*envelopes)).encode())
    assert (said.text, said.ends, said.drift_lines) == ("Hello world", ["stop"], [])


def test_a_rewrite_that_passes_is_only_reported() -> None:
    said = told(
        text("One two"),
        text("One two three"),
        text("Searching ..."),
        text("One two three four"),
        text("One two three four five", done=True),
    )
    assert (said.text, said.retracted) == ("One two three four five", 0)
    assert said.drift_lines == ["text: the site rewrote text that had been given out"]


def test_what_the_site_has_really_rewritten_is_taken_back() -> None:
    said = told(
        text("Let me see."),
        text("Let me see. Well"),
        text("The answer is 4."),
        text("The answer is 42.", done=True),
    )
    assert (said.text, said.ends) == ("The answer is 42.", ["stop"])
    assert said.retracted == len("Let me see.")
    assert said.drift_lines == ["text: the site rewrote text that had been given out"]


def test_white_space_and_backslashes_are_let_pass_with_a_notice() -> None:
    said = told(
        text("It is \\*so\nand on"),
        text("It is \\*so\nand on it"),
        text("It is *so\nand on it goes", done=True),
    )
    assert (said.text, said.retracted) == ("It is \\*so\nand on it goes", 0)
    assert said.notices == ["answer_respelled"]


def test_while_a_tool_runs_text_waits() -> None:
    running = {"p6": [None, ["data_analysis_tool"]]}
    first = [payload(candidate("I look."), **running), payload(candidate("I look. Wait"), **running)]
    assert play([body(*first, ended=False)]).text == ""
    said = told(*first, text("It is Tuesday."), text("It is Tuesday.", done=True))
    assert (said.text, said.retracted) == ("It is Tuesday.", 0)
    assert said.notices == ["site_tool_used"]


def test_an_empty_text_takes_nothing_back() -> None:
    said = told(text("One two"), text("One two"), text(""), payload(candidate("One two", done=True)))
    assert (said.text, said.drift_lines) == ("One two", [])


def test_thoughts_come_apart_and_before_the_answer() -> None:
    said = told(
        text("", thoughts="**Weighing**\n\nI we"),
        text("", thoughts="**Weighing**\n\nI weigh it"),
        text("Yes", thoughts="**Weighing**\n\nI weigh it up."),
        text("Yes.", thoughts=""),
        text("Yes.", done=True),
    )
    assert (said.text, said.reasoning) == ("Yes.", "**Weighing**\n\nI weigh it up.")
    kinds = [type(event).__name__ for event in said.events if "Delta" in type(event).__name__]
    assert kinds == sorted(kinds)


def test_thoughts_that_moved_and_further_thoughts_are_not_told_twice() -> None:
    moved = candidate("A", p37=[[""], ["First thoughts, whole."]])
    said = told(
        text("", thoughts="First thoughts, who"),
        text("", thoughts="First thoughts, whol"),
        payload(moved),
        text("A", thoughts="Then others"),
        text("A b", thoughts="Then others came"),
        text("A b", done=True),
    )
    assert said.reasoning == "First thoughts, whole.\n\nThen others came"
    assert said.text == "A b"


def test_ids_title_and_model_are_told() -> None:
    said = told(
        payload(ids=[None, IDS[1]]),
        text("Hi"),
        payload(candidate("Hi", done=True), p39="e6fa609c3fa255c0", p42="3 Pro", p10=["Greetings"]),
        payload(p2={"11": ["A greeting"], "44": False}),
    )
    assert said.facts == [
        ConversationSeen(IDS[0], IDS[1]),
        TitleSeen("Greetings"),
        ModelSeen("3 Pro"),
        TitleSeen("A greeting"),
    ]


def test_a_model_without_a_name_is_told_by_its_id() -> None:
    assert told(payload(candidate("Hi", done=True), p39="e6fa609c3fa255c0")).facts[-1] == ModelSeen(
        "e6fa609c3fa255c0"
    )


@pytest.mark.parametrize("sign", [{"p25": "context"}, {"p14": True}])
def test_the_answers_end_has_several_signs(sign: dict[str, object]) -> None:
    assert told(text("Hi"), payload(candidate("Hi."), **sign)).ends == ["stop"]


def test_a_stream_that_ends_early_is_no_whole_answer() -> None:
    said = told(text("One two"), text("One two three"))
    assert (said.text, said.ends) == ("One two", [])


def test_the_chat_that_the_page_reads_again_has_the_rest() -> None:
    first = body(text("One two"), text("One two three"))
    half = (PREFIX + frame(history((IDS[1], candidate("One two three fo")))) + frame(end(2))).encode()
    whole = history(
        (IDS[1], candidate("One two three four", done=True)), ("r_0", candidate("Older", done=True))
    )
    said = decode(first, None, half, None, (PREFIX + frame(whole) + frame(end(2))).encode())
    assert (said.text, said.ends, said.drift_lines) == ("One two three four", ["stop"], [])
    assert said.facts[-1] == ModelSeen("3 Pro")


def test_a_chat_without_our_turn_says_nothing() -> None:
    other = body(history(("r_0", candidate("Older", done=True))), ["wrb.fr", "otAQ7b", "[1]"], ended=False)
    said = decode(body(text("One two"), text("One two")), None, other)
    assert (said.text, said.ends, said.drift_lines) == ("One two", [], [])


def test_the_draft_that_was_begun_with_is_gone_on_with() -> None:
    mine, other = candidate("One two"), candidate("Eins zwei", p0="rc_2")
    last = candidate("One two three", done=True)
    said = told(payload(mine, other), payload(other, mine), payload(other, last))
    assert (said.text, said.retracted) == ("One two three", 0)


def test_placeholders_of_cards_are_left_out() -> None:
    host = "http://googleusercontent.com"
    steps = [
        "Look:\n",
        f"Look:\n{host}",
        f"Look:\n{host}/image_gen/1",
        f"Look:\n{host}/image_gen/10\n\nAnd on",
    ]
    said = told(*map(text, steps), text(f"{steps[-1]} see {host}/map/1.\n{host}/chip/0\n", done=True))
    assert said.text == "Look:\n\nAnd on see ."
    assert (said.retracted, said.notices) == (0, [])


def test_a_placeholder_is_never_given_out_while_it_comes() -> None:
    whole = "Look here:\nhttp://googleusercontent.com/card_content/12\nand so on"
    steps = [text(whole[:cut]) for cut in range(1, len(whole) + 1)]
    said = told(*steps, text(whole, done=True))
    assert (said.text, said.retracted, said.drift_lines) == ("Look here:\nand so on", 0, [])


def test_a_card_that_is_the_answer_is_taken_for_it() -> None:
    card = candidate("http://googleusercontent.com/card_content/0", done=True, p22=["Sunny, 20 °C."])
    assert told(payload(card)).text == "Sunny, 20 °C."


def test_an_answer_that_goes_on_in_a_document_says_so() -> None:
    said = told(text("I begin.\nhttp://googleusercontent.com/immersive_entry_chip/0\n", done=True))
    assert (said.text, said.notices) == ("I begin.", ["answer_elsewhere"])


def test_leaked_marks_of_thinking_are_left_out() -> None:
    said = told(
        text("<ctrl94>thought\nHm"),
        text("<ctrl94>thought\nHm.<ctrl95>Yes"),
        text("<ctrl94>thought\nHm.<ctrl95>Yes.", done=True),
    )
    assert said.text == "Yes."


def test_generated_images_are_files_once_the_answer_is_whole() -> None:
    def image(url: str, words: str) -> list[object]:
        return [[None, None, None, [None, None, words, url]]]

    url = "https://lh3.googleusercontent.com/gg-dl/abc"
    drafts = [None] * 7 + [[[image(f"{url}-draft", "a draft")]]]
    web = [[["https://example.org/seen.png"], None, None, None, "seen on the web"]]
    media: list[object] = [
        None,
        web,
        None,
        None,
        None,
        None,
        None,
        [[image(url, "a cat"), image(url, "a cat")]],
    ]
    said = told(payload(candidate("", p12=drafts)), payload(candidate("", done=True, p12=media)))
    assert said.files == [FileSeen(url=f"{url}=s2048", description="a cat")]
    assert said.ends == ["stop"]


def test_media_that_have_no_address_are_named() -> None:
    media = [None] * 59 + [["a film"]]
    assert told(payload(candidate("Here.", done=True, p12=media))).notices == ["media_left_out"]


def test_half_an_emoji_at_the_end_is_never_given_out() -> None:
    inner = json.dumps(sparse({1: IDS, 4: [candidate("Hi \ud83d")]}))
    said = told(["wrb.fr", None, inner], ["wrb.fr", None, inner], text("Hi 😄", done=True))
    assert (said.text, said.retracted) == ("Hi 😄", 0)


@pytest.mark.parametrize(
    ("code", "error", "status", "retryable"),
    [
        (1013, "generation_failed", 502, True),
        (1037, "usage_cap_reached", 429, True),
        (1050, "model_unavailable", 404, False),
        (1052, "model_unavailable", 404, False),
        (1060, "site_error", 502, False),
        (1095, "generation_failed", 502, True),
        (1096, "generation_failed", 502, True),
        (1097, "generation_failed", 502, True),
    ],
)
def test_refusals_within_a_stream(code: int, error: str, status: int, retryable: bool) -> None:
    said = told(failed(code))
    assert (said.ends, said.drift_lines) == ([error], [])
    assert (said.error.status, said.error.retryable) == (status, retryable)
    assert str(code) in said.error.message
    assert said.error.details["site_code"] == code


def test_a_cap_says_when_it_ends_where_the_stream_does() -> None:
    allowances = [[[[1], 1, 6, [1_790_000_500, 0], 15, 0], [[2], 1, 1, [1_790_009_000, 0], 200, 3]], "id"]
    said = told(failed(1037), payload(p2={"28": allowances}))
    assert said.error.retry_after_seconds == 500
    assert told(failed(1037)).error.retry_after_seconds is None


def test_an_error_after_a_whole_answer_is_nothing() -> None:
    said = told(text("Yes."), text("Yes.", done=True), failed(1096))
    assert (said.text, said.ends) == ("Yes.", ["stop"])


def test_an_error_in_the_middle_fails_the_answer() -> None:
    said = told(text("One two"), text("One two three"), failed(1095))
    assert (said.text, said.ends) == ("One two", ["generation_failed"])
    # The stream may also break off before it says its own end.
    assert told(text("One two"), failed(1037), ended=False).ends == ["usage_cap_reached"]


@pytest.mark.parametrize(
    ("place", "error"),
    [([8], "rate_limit_exceeded"), ([14], "site_overloaded"), ([16], "signed_out"), ([7], "site_error")],
)
def test_errors_without_a_code_of_the_sites_own(place: list[int], error: str) -> None:
    assert told(["wrb.fr", None, None, None, None, place]).ends == [error]


def test_a_queue_is_no_error() -> None:
    said = told(["wrb.fr", None, None, None, None, [["waiting", 3]]], text("Hi", done=True))
    assert (said.text, said.notices, said.ends) == ("Hi", ["queued"], ["stop"])


@pytest.mark.parametrize(
    ("envelope", "drift"),
    [
        (["new.kind", 1], "event: an envelope new.kind"),
        ("text", "event: an envelope None"),
        (["wrb.fr", None, "{"], "event: a payload that is no JSON"),
        (["wrb.fr", None, '{"a":1}'], "event: a payload of dict"),
        (payload(p2={"99": 1}), "event: a side frame 99"),
        (payload(candidate("Hi", p8=[7])), "content: an answer of state 7"),
        (failed(2222), "error: error 13, 2222"),
    ],
)
def test_what_is_unknown_is_reported_and_passed_over(envelope: object, drift: str) -> None:
    said = told(envelope, envelope, text("Hi", done=True))
    assert (said.text, said.ends, said.drift_lines) == ("Hi", ["stop"], [drift])


@pytest.mark.parametrize(
    ("raw", "drift"),
    [
        ("7\n[[1]]\n", "event: an envelope 1"),
        ("6\n{nope\n", "frame: a frame of another length than it says"),
        ("8\n{nope}\n", "frame: a frame that is no JSON"),
        ("4\n{}\n", "frame: a frame of dict"),
        ("4\n[[1]]\n", "frame: a frame of another length than it says"),
        (frame(end(9)), "frame: another number of envelopes than the stream says"),
    ],
)
def test_odd_frames_are_reported_and_passed_over(raw: str, drift: str) -> None:
    said = decode((PREFIX + raw + frame(text("Hi", done=True))).encode())
    assert (said.text, said.ends) == ("Hi", ["stop"])
    assert drift in said.drift_lines


def test_five_megabytes_decode_without_going_back() -> None:
    line = "Une ligne avec **gras**, `code` et 😄.\n"
    whole = list(itertools.accumulate(itertools.repeat(line, 470)))
    stream = body(*map(text, whole), text(whole[-1], done=True))
    assert len(stream) > 4_500_000
    started = time.process_time()
    said = play([stream, None], 16384)
    assert time.process_time() - started < 20  # quadratic time takes minutes
    assert (said.text, said.retracted) == (whole[-1], 0)
