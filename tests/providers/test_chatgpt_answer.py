"""What of ChatGPT's stream is the answer, and how it is carried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdp_relay.chat.contract import AnswerEnded, TitleSeen
from cdp_relay.chat.vocabulary import Notice, TextDelta
from tests.providers.chatgpt_frames import (
    COMPLETE,
    DONE,
    START,
    TAIL,
    TEXT,
    closing,
    decode,
    delta,
    message,
    patch,
    play,
    provider,
    root,
    start,
    text,
    typed,
)

TOKENS = {"p": "/message/metadata/token_count", "o": "replace", "v": 7}


def append(piece: str) -> dict[str, Any]:
    return {"p": TEXT, "o": "append", "v": piece}


def test_a_plain_answer() -> None:
    said = decode(
        START,
        typed("resume_conversation_token", kind="topic", token="x", conversation_id="c1"),
        start("sys", role="system", channel=None, metadata={"is_visually_hidden_from_conversation": True}),
        typed("input_message", input_message=message("u1", "hi", role="user"), conversation_id="c1"),
        start("a1", metadata={"model_slug": "gpt-5-6"}),
        typed("message_marker", conversation_id="c1", message_id="a1", marker="user_visible_token"),
        text("Hello"),
        delta({"v": " world"}),
        closing("!"),
        typed("title_generation", title="Greeting", conversation_id="c1"),
        TAIL,
        None,
    )
    assert said.text == "Hello world!"
    assert said.ends == ["stop"]
    assert (said.model, said.title, said.conversation) == ("gpt-5-6", "Greeting", ("c1", "a1"))
    assert said.drift == []


@pytest.mark.parametrize(
    "frames",
    [
        [append("Hello"), append(" world")],
        [append("Hello"), {"v": " world"}],
        [append("Hel"), {"v": "lo"}, {"c": 3}, {"v": " world"}],
        [{"o": "patch", "v": [append("Hello"), TOKENS]}, {"v": [append(" world"), TOKENS]}],
        [{"p": "", "o": "patch", "v": [append("Hello world"), TOKENS]}],
        [{"v": [TOKENS, append("Hello")]}, {"v": " world"}],
        [append("Hello"), {"v": [append(" wor"), append("ld")]}],
        [{"o": "patch", "v": [append("Hello")]}, append(" world")],
        [{"v": [append("Hello")]}, {"v": [append(" world"), TOKENS]}],
        [{"p": "/message/content", "o": "replace", "v": {"content_type": "text", "parts": ["Hello world"]}}],
        [{"p": TEXT, "o": "replace", "v": "Hello"}, append(" world")],
        [{"p": "/message/content/parts", "o": "replace", "v": ["Hello world"]}],
        [{"p": "/message/content/parts", "o": "append", "v": ["Hello", " world"]}],
        [{"v": root("a1", "Hello world")}],
        [{"o": "add", "v": root("a1", "Hello")}, append(" world")],
    ],
)
def test_every_batch_form_carries_the_whole_text(frames: list[Any]) -> None:
    said = decode(START, start(), *map(delta, frames), closing(), TAIL, None)
    assert (said.text, said.ends, said.drift) == ("Hello world", ["stop"], [])


def test_each_delta_gives_its_text_at_once() -> None:
    steps = [START, start(), text("Hello"), delta({"v": " world"})]
    assert [event.text for event in play(steps).events if isinstance(event, TextDelta)] == ["Hello", " world"]


def test_typed_events_between_deltas_do_not_touch_what_is_inherited() -> None:
    title = typed("title_generation", title="First", conversation_id="c1")
    later = typed("title_generation", title="Second", conversation_id="c1")
    said = decode(
        START, start(), text("one "), title, delta({"v": "two "}), later, delta({"v": "three"}), closing()
    )
    assert said.text == "one two three"
    assert said.title == "Second"


def test_the_last_words_may_sit_in_the_closing_patch() -> None:
    assert decode(START, start(), text("almost"), closing(" all"), TAIL).text == "almost all"


@pytest.mark.parametrize(
    "other",
    [
        start("m", "no", role="system", channel=None),
        start("m", "no", role="user"),
        start("m", "no", role="tool", name="web", channel=None),
        start("m", "no", channel="commentary"),
        start("m", "no", recipient="bio", channel="commentary"),
        start("m", "no", recipient="t2uay3k.sj1i4kz", channel=None),
        start("m", "no", metadata={"is_visually_hidden_from_conversation": True}),
        start("m", content={"content_type": "code", "language": "python3", "text": "no"}, recipient="python"),
        start("m", content={"content_type": "code", "language": "json", "text": "no"}, channel=None),
        start(
            "m", content={"content_type": "model_editable_context", "model_set_context": "no"}, channel=None
        ),
        start("m", content={"content_type": "user_editable_context", "user_profile": "no"}, role="user"),
        start("m", content={"content_type": "execution_output", "text": "no"}, role="tool", channel=None),
    ],
)
def test_what_is_not_the_answer_is_left_out_and_does_not_end_it(other: bytes) -> None:
    said = decode(START, other, text("no"), closing("no"), start(), text("yes"), closing(), TAIL, None)
    assert (said.text, said.reasoning, said.ends) == ("yes", "", ["stop"])


def test_a_tool_of_the_sites_is_named_once_an_answer() -> None:
    said = decode(
        START,
        start("a", "search", recipient="web.run", channel="commentary"),
        start("b", "found", role="tool", name="web.run", channel=None),
        start("c", "search again", recipient="web.search", channel="commentary"),
        start("d", content={"content_type": "code", "language": "python3", "text": "1"}, recipient="python"),
        start(),
        text("yes"),
        closing(),
        TAIL,
    )
    notices = [event for event in said.events if isinstance(event, Notice)]
    assert {notice.code for notice in notices} == {"site_tool_used"}
    assert [notice.message for notice in notices] == [
        "ChatGPT used a tool of its own: web.",
        "ChatGPT used a tool of its own: python.",
    ]


def test_a_message_that_turns_to_a_tool_is_no_longer_the_answer() -> None:
    said = decode(
        START,
        start("m", channel=None),
        patch(("/message/recipient", "replace", "web.run"), (TEXT, "append", "search()")),
        closing(end_turn=False),
        start(),
        text("yes"),
        closing(),
    )
    assert said.text == "yes"


def test_the_answer_may_come_without_a_channel_and_then_waits_for_the_streams_end() -> None:
    steps = [START, start(channel=None), text("old style"), closing()]
    assert decode(*steps).ends == []
    assert decode(*steps, TAIL).ends == ["stop"]
    assert decode(*steps, DONE).ends == ["stop"]


def test_the_answer_ends_with_its_final_message_and_not_only_with_the_stream() -> None:
    said = play([START, start(), text("yes"), closing("."), typed("title_generation", title="T"), TAIL])
    kinds = [type(event) for event in said.events]
    assert kinds.index(AnswerEnded) < kinds.index(TitleSeen)
    assert kinds.count(AnswerEnded) == 1


def test_two_visible_messages_make_one_answer_of_two_paragraphs() -> None:
    said = decode(
        START,
        start("a1", channel=None),
        text("I will look."),
        closing(end_turn=False),
        start("t1", "result", role="tool", name="web", channel=None),
        start("a2", channel=None),
        text("Found it."),
        closing(),
        TAIL,
    )
    assert said.text == "I will look.\n\nFound it."
    assert said.conversation == ("c1", "a2")


def test_an_empty_message_with_all_signs_of_the_end_does_not_end_the_answer() -> None:
    said = decode(START, start("a1", ""), closing(), start("a1", ""), text("the real one"), closing(), TAIL)
    assert (said.text, said.ends) == ("the real one", ["stop"])


def test_several_parts_are_joined_and_a_picture_among_them_is_a_file() -> None:
    parts = ["Look: ", {"content_type": "image_asset_pointer", "asset_pointer": "sediment://x"}, "nice"]
    content = {"content_type": "multimodal_text", "parts": parts}
    said = decode(START, start(content=content), closing(), TAIL)
    assert (said.text, [file.sign for file in said.files], said.ends) == ("Look: nice", ["x"], ["stop"])


def picture(file: str, *, made: str = "", **metadata: Any) -> dict[str, Any]:
    """A part that points to a picture; *made* is the id of its making."""
    if made:
        metadata["dalle"] = {"gen_id": made, "prompt": "a river"}
    return {"content_type": "image_asset_pointer", "asset_pointer": file, "metadata": metadata}


def test_pictures_that_a_tool_made_are_files_drafts_and_seen_ones_are_not() -> None:
    def shown(name: str, *parts: dict[str, Any]) -> bytes:
        content = {"content_type": "multimodal_text", "parts": list(parts)}
        return start(name, role="tool", name="t2uay3k.sj1i4kz", channel=None, content=content)

    said = decode(
        START,
        shown("looked", picture("sediment://file_own")),
        shown("draft", picture("sediment://file_draft", made="g1")),
        shown("none"),
        patch(("/message/content/parts", "append", [picture("file-service://file-B#p1", made="g2")])),
        shown("last", picture("sediment://file_a1", made="g1")),
        TAIL,
        None,
    )
    assert [file.sign for file in said.files] == ["file_a1", "file-B"]
    assert said.files[0].url == "https://chatgpt.com/backend-api/estuary/content?id=file_a1"
    assert said.files[0].description == "a river"
    assert (said.text, said.ends, said.drift) == ("", ["stop"], [])


def test_text_of_a_later_part_goes_on_after_the_first() -> None:
    more = {"p": "/message/content/parts/1", "o": "append", "v": " two"}
    said = decode(START, start(), text("one"), delta(more), delta({"v": " three"}), closing(), TAIL)
    assert said.text == "one two three"


def test_cumulative_frames_of_older_builds_give_only_what_is_new() -> None:
    frames = [
        {"message": message(text=so_far, channel=None), "conversation_id": "c1", "error": None}
        for so_far in ("", "Hel", "Hello", "Hello world")
    ]
    last = message(text="Hello world", channel=None, status="finished_successfully", end_turn=True)
    frames.append({"message": last, "conversation_id": "c1", "error": None})
    body = b"".join(b"data: " + json.dumps(frame).encode() + b"\n\n" for frame in frames)
    said = decode(body, DONE, None)
    assert (said.text, said.ends, said.conversation) == ("Hello world", ["stop"], ("c1", "a1"))


def test_a_cut_emoji_is_whole_again() -> None:
    said = decode(START, start(), text("a \ud83d", "\ude00 b"), closing("\ud83d"), TAIL)
    assert said.text == "a 😀 b\ufffd"


def test_events_with_empty_data_and_padding_are_passed_over() -> None:
    said = decode(START, b"data: \n\n", start(), b": ping\n\n", text("x"), b"data:    \n\n", closing(), TAIL)
    assert (said.text, said.drift) == ("x", [])


@pytest.mark.parametrize(
    ("change", "given"),
    [
        ({"p": TEXT, "o": "replace", "v": "Hello"}, "Hello world"),
        ({"p": TEXT, "o": "truncate", "v": 5}, "Hello world"),
        ({"p": "/message/content/parts", "o": "replace", "v": []}, "Hello world"),
        # The first version of each character counts; what is beyond the length so far is new.
        ({"p": TEXT, "o": "replace", "v": "HELLO WORLD, again"}, "Hello world, again"),
    ],
)
def test_a_retraction_is_told_and_never_taken_back(change: dict[str, Any], given: str) -> None:
    said = decode(START, start(), text("Hello world"), delta(change), closing(), TAIL)
    assert said.drift == [("text", "the site changed text that had been given out")]
    assert (said.text, said.ends) == (given, ["stop"])


def test_text_after_a_truncation_is_given_out_once_it_is_new() -> None:
    cut = delta({"p": TEXT, "o": "truncate", "v": 5})
    said = decode(START, start(), text("Hello world"), cut, text(" world, and more"), closing(), TAIL)
    assert said.text == "Hello world, and more"


def test_a_long_answer_is_kept_in_the_pieces_it_came_in() -> None:
    # Joining at each delta would copy 5 MB five thousand times over.
    piece = "0123456789abcdef" * 64
    decoder = provider().new_decoder()
    for chunk in (START, start(), text("x"), *[delta({"v": piece})] * 5 * 1024):
        given = [event.text for event in decoder.feed(chunk) if isinstance(event, TextDelta)]
        assert given in ([], ["x"], [piece])
    passage = decoder._answer.last  # type: ignore[attr-defined]  # how it is kept is the point
    assert len(passage.pieces) == 1 + 5 * 1024
    assert passage.length == 1 + 5 * 1024 * 1024


def test_the_end_needs_a_message_and_done_alone_is_none() -> None:
    assert decode(DONE, None).ends == ["empty_answer"]
    assert decode(START, start("s", role="system", channel=None), DONE, None).ends == ["empty_answer"]
    assert decode(START, start(), closing(), TAIL, None).ends == ["empty_answer"]


def test_a_stream_that_stops_is_no_end() -> None:
    assert decode(START, start(), text("half"), None).ends == []
    assert decode(START, start(), text("half"), DONE, None).ends == []
    assert decode(b"", None).ends == []


def test_completion_ends_an_answer_whose_closing_patch_never_came() -> None:
    said = decode(START, start(), text("all"), TAIL)
    assert (said.text, said.ends) == ("all", ["stop"])


def test_an_end_that_no_blank_line_follows_counts_but_a_delta_does_not() -> None:
    steps = [START, start(channel=None), text("all"), closing()]
    assert decode(*steps, COMPLETE.rstrip(), None).ends == ["stop"]
    assert decode(*steps, DONE.rstrip(), None).ends == ["stop"]
    assert decode(*steps, text("more").rstrip(), None).text == "all"
    half = decode(*steps, COMPLETE[:30], None)
    assert (half.ends, half.drift) == ([], [])


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "stop"),
        ("max_tokens", "length"),
        ("interrupted", "interrupted"),
        ("content_filter", "content_filter"),
        (None, "stop"),
    ],
)
def test_the_finish_details_say_why_it_ended(finish: str | None, reason: str) -> None:
    assert decode(START, start(), text("x"), closing(finish=finish)).ends == [reason]


def test_an_unknown_finish_is_a_stop_and_reported() -> None:
    said = decode(START, start(), text("x"), closing(finish="tired"))
    assert (said.ends, said.drift) == (["stop"], [("finish", "tired")])


@pytest.mark.parametrize("channel", ["final", None])
@pytest.mark.parametrize(
    ("finish", "reason"), [("interrupted", "interrupted"), (None, "interrupted"), ("max_tokens", "length")]
)
def test_an_answer_that_was_cut_short_ends_without_the_streams_tail(
    channel: str | None, finish: str | None, reason: str
) -> None:
    status = "finished_partial_completion"
    said = decode(
        START,
        start(channel=channel),
        text("half"),
        closing(finish=finish, end_turn=None, status=status),
        None,
    )
    assert said.ends == [reason]


@pytest.mark.parametrize("image", [True, False])
def test_an_image_turn_ends_without_text_and_the_page_will_show_the_picture(image: bool) -> None:
    about = {"image_gen_task_id": "task-1"} if image else {}
    card = message(
        "t", "Working on it", role="tool", name="t2uay3k", channel=None, end_turn=True, metadata=about
    )
    said = decode(
        START,
        start("m", content={"content_type": "code", "text": "{}"}, recipient="t2uay3k", channel=None),
        typed("conversation_async_status", conversation_id="c1", async_status=7),
        delta({"p": "", "o": "add", "v": {"message": card, "conversation_id": "c1"}, "c": 1}),
        TAIL,
        None,
    )
    elsewhere = [] if image else ["answer_elsewhere"]
    assert (said.text, said.ends, said.notices) == ("", ["stop"], ["site_tool_used", *elsewhere])
    assert [(file.url, file.sign) for file in said.files] == (
        [("", "/backend-api/estuary/content")] if image else []
    )


def test_models_come_from_the_answer_first() -> None:
    other = typed("server_ste_metadata", metadata={"model_slug": "gpt-5-3-instant"})
    auto = {"model_slug": "auto", "resolved_model_slug": "gpt-5-3"}
    assert decode(START, start(metadata=auto), text("x"), closing(), other).model == "gpt-5-3"
    assert decode(START, start(), text("x"), closing(), other).model == "gpt-5-3-instant"


@pytest.mark.parametrize("where", ["message", "event"])
def test_a_smaller_model_is_told_of_once(where: str) -> None:
    adjusted = {"model_adjustments": ["auto:smaller_model:reached_message_cap"]}
    first = start(metadata=adjusted if where == "message" else {})
    event = typed("server_ste_metadata", metadata=adjusted)
    said = decode(START, first, text("x"), text("y"), closing(), event if where == "event" else b"")
    assert said.notices == ["model_changed"]


@pytest.mark.parametrize(
    ("frames", "drift"),
    [
        ([typed("brand_new"), typed("brand_new")], [("event", "brand_new")]),
        ([b"data: nonsense\n\n", b"data: more\n\n"], [("event", "an event that is no JSON")]),
        ([b"data: 12\n\n"], [("event", "an event of int")]),
        ([b'data: {"x": 1}\n\n'], [("event", "no type, but x")]),
        ([b'event: delta_encoding\ndata: "v2"\n\n'], [("encoding", "delta encoding v2")]),
        (
            [delta({"p": "", "o": "shuffle", "v": 1}), delta({"p": "", "o": "shuffle", "v": 2})],
            [("operation", "shuffle on the whole document")],
        ),
        (
            [delta({"p": "/x/y", "o": "add", "v": 1}), delta({"p": "/z/y", "o": "add", "v": 1})],
            [("path", "a delta's path")],
        ),
        ([start("m", content={"content_type": "hologram"})], [("content", "content type hologram")]),
        ([start("m", "x", channel="backstage")], [("content", "channel backstage")]),
    ],
)
def test_what_is_unknown_is_reported_once_and_passed_over(
    frames: list[bytes], drift: list[tuple[str, str]]
) -> None:
    said = decode(START, *frames, start(), text("fine"), closing(), TAIL)
    assert (said.text, said.ends, said.drift) == ("fine", ["stop"], drift)


def test_deltas_without_any_message_are_reported() -> None:
    said = decode(START, text("lost"), delta({"v": "more"}), DONE, None)
    assert (said.text, said.ends) == ("", ["empty_answer"])
    assert said.drift == [("path", "a delta's path")]


def choice(*frames: bytes) -> bytes:
    return (
        START
        + typed("num_variants_in_stream", num_variants_in_stream=2, display_treatment="skippable")
        + (b"".join(frames))
    )


def at(cursor: int, frame: dict[str, Any]) -> bytes:
    return delta({**frame, "c": cursor})


def test_of_two_answers_to_choose_from_the_first_is_taken_and_it_is_said() -> None:
    second = {"metadata": {"parent_id": "s2"}}
    stream = choice(
        at(1, {"p": "", "o": "add", "v": root("a1", metadata={"parent_id": "s1"})}),
        at(2, {"v": root("a2", **second)}),
        at(1, {"p": TEXT, "o": "append", "v": "The first "}),
        at(2, {"p": TEXT, "o": "append", "v": "The second "}),
        delta({"v": "answer, "}),
        at(1, {"v": "answer."}),
        at(2, {"p": "/message/end_turn", "o": "replace", "v": True}),
        at(2, {"p": "/message/status", "o": "replace", "v": "finished_successfully"}),
        at(1, {"p": "", "o": "patch", "v": [{"p": TEXT, "o": "append", "v": " Whole."}]}),
        delta({"v": root("a3", "It goes on.", metadata={"parent_id": "a1"}), "c": 3}),
        TAIL,
    )
    outcome = decode(stream)
    assert outcome.text == "The first answer. Whole.\n\nIt goes on."
    assert outcome.notices == ["answer_choice"]
    assert outcome.ends == ["stop"]
    assert outcome.drift == []


def test_a_choice_that_is_announced_late_keeps_the_answer_that_has_begun() -> None:
    stream = (
        START
        + start("a1")
        + text("One")
        + typed("num_variants_in_stream", num_variants_in_stream=2)
        + delta({"v": root("b1", "Two"), "c": 9})
        + delta({"v": " of it", "p": TEXT, "o": "append", "c": 0})
        + TAIL
    )
    assert decode(stream).text == "One of it"


def test_one_variant_is_no_choice() -> None:
    stream = (
        START + typed("num_variants_in_stream", num_variants_in_stream=1) + start("a1") + text("x") + TAIL
    )
    outcome = decode(stream)
    assert (outcome.text, outcome.notices, outcome.drift) == ("x", [], [])
