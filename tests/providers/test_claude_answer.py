"""What a client gets of Claude's stream: the answer, the thinking, and what is told beside it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from cdp_relay.chat.contract import ModelSeen
from tests.providers.claude_frames import (
    block,
    decode,
    delta,
    event,
    limit,
    play,
    provider,
    start,
    stop,
    stored,
    tail,
    text,
    thinking,
    tool,
)
from tests.providers.outcome import RESUME

WIRE = Path(__file__).parents[3] / "shared" / "wire"


def test_an_answer_with_its_thinking() -> None:
    said = decode(
        event("conversation_ready", conversation_uuid="c1"),
        start(),
        thinking(0, "Let me ", "see."),
        text(1, "Grüße ", "😀"),
        tail(),
        None,
    )
    assert (said.text, said.reasoning, said.ends) == ("Grüße 😀", "Let me see.", ["stop"])
    assert said.conversation == ("c1", "m1")
    assert said.model is None
    assert said.drift == []


def test_each_piece_of_text_goes_out_as_it_comes() -> None:
    decoder = provider().new_decoder()
    list(decoder.feed(start() + block(0)))
    for piece in ("a", "b\n", "c"):
        assert [getattr(one, "text", None) for one in decoder.feed(delta(0, "text_delta", text=piece))] == [
            piece
        ]


def test_all_text_blocks_are_the_answer_and_tools_are_not() -> None:
    said = decode(
        start(),
        text(0, "First, "),
        tool(1, "web_search", {"query": "x"}),
        block(3, "server_tool_use", name="repl") + stop(3) + block(4, "web_search_tool_result") + stop(4),
        text(5, "then."),
        tail(),
    )
    assert said.text == "First, then."
    assert said.notices == ["site_tool_used", "site_tool_used"]
    assert said.drift == []


def test_citations_leave_the_text_alone() -> None:
    said = decode(
        start(),
        block(0) + delta(0, "text_delta", text="It is "),
        delta(0, "citation_start_delta", citation={"uuid": "x", "url": "https://example.org"}),
        delta(0, "text_delta", text="so"),
        delta(0, "citation_end_delta", citation_uuid="x"),
        delta(0, "text_delta", text=".") + stop(0),
        tail(),
    )
    assert (said.text, said.drift) == ("It is so.", [])


def test_half_an_emoji_waits_for_its_other_half() -> None:
    said = decode(start(), text(0, "a\ud83d", "\ude00b\ud83d"), tail())
    assert said.text == "a😀b\ufffd"


# --- thinking --------------------------------------------------------------------------------------


def test_thoughts_go_before_their_summaries() -> None:
    said = decode(start(), thinking(0, "I", ("Weighing",), " think.", ("Done",)), text(1, "x"), tail())
    assert said.reasoning == "I think."


def test_a_summary_that_heads_its_own_thoughts_is_left_out() -> None:
    said = decode(start(), thinking(0, ("Weighing",), "I think."), text(1, "x"), tail())
    assert said.reasoning == "I think."


def test_summaries_stand_in_for_thoughts_that_the_site_hides() -> None:
    said = decode(start(), thinking(0, ("Weighing",), ("Choosing",)), text(1, "x"), tail())
    assert said.reasoning == "Weighing\n\nChoosing"
    # Told once, they are the block's voice.
    said = decode(start(), thinking(0, ("Weighing",), ("Choosing",), "late thoughts"), text(1, "x"), tail())
    assert said.reasoning == "Weighing\n\nChoosing"


def test_blocks_of_thinking_are_parted() -> None:
    said = decode(start(), thinking(0, "one"), text(1, "x"), thinking(2, "two"), text(3, "y"), tail())
    assert (said.reasoning, said.text) == ("one\n\ntwo", "xy")


# --- ends -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "end", "notices"),
    [
        ("end_turn", "stop", []),
        ("stop_sequence", "stop", []),
        ("tool_use", "stop", []),
        ("max_tokens", "length", []),
        ("tool_use_limit", "length", ["tool_use_limit"]),
        ("refusal", "content_filter", []),
        ("cyber_refusal", "content_filter", []),
        ("prompt_injection_risk", "content_filter", []),
        ("user_canceled", "interrupted", []),
        ("error", "generation_failed", []),
        (None, "stop", []),
    ],
)
def test_reasons_to_stop(reason: str | None, end: str, notices: list[str]) -> None:
    said = decode(start(), text(0, "x"), tail(reason))
    assert (said.ends, said.notices, said.drift) == ([end], notices, [])


def test_an_unknown_reason_to_stop_is_an_end_and_drift() -> None:
    said = decode(start(), text(0, "x"), tail("tired"))
    assert (said.ends, said.drift) == (["stop"], [("finish", "tired")])


def test_only_message_stop_ends_an_answer() -> None:
    cut = tail().removesuffix(event("message_stop"))
    assert decode(start(), text(0, "x"), cut, None).ends == []
    # An event whose blank line is missing may be half of one.
    assert decode(start(), text(0, "x"), tail()[:-1], None).ends == []


def test_what_follows_the_end_changes_nothing() -> None:
    said = decode(start(), text(0, "x"), tail(), delta(0, "text_delta", text="y"), tail("refusal"), None)
    assert (said.text, said.ends) == ("x", ["stop"])
    assert said.drift == [("text", "the answer went on after its end")]


# --- text that is taken back ------------------------------------------------------------------------


def test_blocks_without_text_are_taken_back_for_free() -> None:
    said = decode(
        start(),
        text(0, "kept "),
        block(1, "tool_use", name="x") + event("content_block_retract", from_index=1),
        delta(1, "input_json_delta", partial_json="late"),
        text(1, "and more"),
        tail(),
    )
    assert said.streamed == ["kept ", "and more"]
    assert said.drift == []


def test_text_that_went_out_is_taken_back() -> None:
    said = decode(
        start(),
        text(0, "kept "),
        text(1, "wro", "ng"),
        block(2) + delta(2, "text_delta", text=" too"),
        event("content_block_retract", from_index=1),
        delta(2, "text_delta", text="late"),
        text(1, "right"),
        tail(),
    )
    assert said.text == "kept right"
    assert said.streamed == ["kept ", "wro", "ng", " too", 9, "right"]
    assert "text_retracted" in said.notices


def test_a_whole_answer_may_be_taken_back_and_another_model_writes_it() -> None:
    said = decode(
        start(),
        text(0, "no"),
        event("content_block_retract", from_index=0),
        event("model_fallback", model="claude-sonnet-5"),
        text(0, "yes"),
        tail(),
    )
    assert (said.text, said.model) == ("yes", "claude-sonnet-5")
    assert said.notices == ["text_retracted", "model_changed"]


# --- the stored chat --------------------------------------------------------------------------------


def _content(*texts: str) -> list[dict[str, str]]:
    return [{"type": "thinking", "thinking": "hm"}, *({"type": "text", "text": one} for one in texts)]


@pytest.mark.parametrize("given", ["", "The ans", "The answer"])
def test_the_rest_of_a_broken_answer_comes_from_the_stored_chat(given: str) -> None:
    said = decode(
        start(),
        block(0),
        delta(0, "text_delta", text=given),
        None,
        RESUME,
        stored(_content("The ", "answer")),
        None,
    )
    assert (said.text, said.ends, said.title) == ("The answer", ["stop"], "A title")
    assert said.model == "claude-opus-5-5"
    assert said.conversation == ("c1", "m1")


def test_a_stored_answer_that_is_not_ready_is_waited_for() -> None:
    said = decode(
        start(),
        text(0, "The answer is "),
        None,
        RESUME,
        stored(_content("The answ"), None),
        None,
        RESUME,
        stored(_content("The answer is 42."), "end_turn"),
        None,
    )
    assert (said.streamed, said.ends) == (["The answer is ", "42."], ["stop"])


def test_the_stored_answer_is_the_truth() -> None:
    said = decode(start(), text(0, "The wrong"), None, RESUME, stored(_content("The right one")), None)
    assert said.streamed == ["The wrong", 5, "right one"]


def test_another_message_is_not_taken_for_the_answer() -> None:
    said = decode(start("m1"), text(0, "x"), None, RESUME, stored(_content("other"), uuid="m0"), None)
    assert (said.text, said.ends) == ("x", [])
    for rest in (b"", b"{", b"[]", b'{"chat_messages":{}}'):
        assert decode(start(), text(0, "x"), None, RESUME, rest, None).ends == []


def test_a_recorded_chat_goes_on_with_its_recorded_stream() -> None:
    stream, chat = WIRE / "claude/001-thinking-short.sse", WIRE / "claude/101-conversation-get.json.txt"
    if not stream.exists():
        pytest.skip(f"no recorded streams in {WIRE}")
    whole = play([stream.read_bytes(), None])
    for cut in range(0, stream.stat().st_size, 97):
        said = play([stream.read_bytes()[:cut], None, RESUME, chat.read_bytes(), None])
        assert (said.text, said.ends, said.model) == (whole.text, ["stop"], "claude-opus-4-6")


# --- limits -----------------------------------------------------------------------------------------


WINDOWS = {"5h": {"status": "exceeded_limit", "resets_at": 1_790_000_600, "utilization": 1.02}}


def test_an_allowance_that_nears_its_end_is_a_notice() -> None:
    windows = {"5h": {"status": "within_limit", "utilization": 0.91}, "7d": {"utilization": 0.3}}
    near = limit("approaching_limit", representativeClaim="five_hour", windows=windows)
    said = decode(start(), text(0, "x"), near, tail())
    assert (said.ends, said.notices) == (["stop"], ["limit_near"])


def test_an_allowance_that_this_answer_used_up_does_not_spoil_the_answer() -> None:
    over = limit("exceeded_limit", resetsAt=1_790_000_600, windows=WINDOWS)
    reason = event("message_delta", delta={"stop_reason": "end_turn"})
    said = decode(start(), text(0, "x"), reason, over, event("message_stop"), None)
    assert (said.text, said.ends, said.notices) == ("x", ["stop"], ["limit_reached"])


@pytest.mark.parametrize(
    "members", [{"resetsAt": 1_790_000_600}, {"windows": WINDOWS}], ids=["said", "window"]
)
@pytest.mark.parametrize("ended", [True, False])
def test_an_allowance_that_is_used_up_instead_of_an_answer_fails(
    members: dict[str, object], ended: bool
) -> None:
    over = limit("exceeded_limit", **members)
    said = decode(start(), over, event("message_stop") if ended else b"", None)
    assert said.ends == ["usage_cap_reached"]
    assert said.error.retry_after_seconds == 600


# --- what is told beside the answer -----------------------------------------------------------------


CAT = {"type": "image/svg+xml", "title": "Cat", "content": "<svg/>"}


def test_artifacts_and_files_for_the_person_come_out_as_files() -> None:
    said = decode(
        start(),
        tool(
            0,
            "artifacts",
            {"command": "create", "type": "image/svg+xml", "title": "Cat", "content": "<svg/>"},
        ),
        tool(2, "artifacts", {"command": "update", "id": "Cat", "old_str": "a", "new_str": "b"}),
        tool(4, "create_file", {"path": "/mnt/user-data/outputs/a b.py", "file_text": "print('ä')\n"}),
        tool(6, "create_file", {"path": "/home/claude/draft.txt", "file_text": "x"}),
        tool(8, "artifacts", {"shape": "new"}),
        tail(),
    )
    cat, program = said.files
    assert (cat.name, cat.media_type) == ("Cat.svg", "image/svg+xml")
    assert base64.b64decode(cat.url.partition(",")[2]) == b"<svg/>"
    assert (program.name, base64.b64decode(program.url.partition(",")[2])) == (
        "a b.py",
        b"print('\xc3\xa4')\n",
    )
    assert said.drift == [("tool", "tool_use of artifacts without a document")]


def test_a_file_that_the_answer_hands_over_is_fetched_from_beside_its_chat() -> None:
    path = "/mnt/user-data/outputs/a dot.png"
    resource = {"type": "local_resource", "file_path": path, "name": "a dot", "mime_type": "image/png"}
    result = delta(1, "input_json_delta", partial_json=json.dumps([resource, {"type": "text", "text": "x"}]))
    said = decode(
        start(),
        block(0, "tool_use", name="present_files") + stop(0),
        block(1, "tool_result", name="present_files") + result + stop(1),
        tail(),
    )
    (file,) = said.files
    assert (file.name, file.media_type) == ("a dot.png", "image/png")
    submitted = "https://claude.ai/api/organizations/o1/chat_conversations/c1/completion?x=1"
    assert provider().file_url(file.url, submitted) == (
        "/api/organizations/o1/conversations/c1/wiggle/download-file"
        "?path=%2Fmnt%2Fuser-data%2Foutputs%2Fa%20dot.png"
    )
    assert provider().file_url("https://example.org/x", submitted) == "https://example.org/x"


def test_what_a_person_may_want_to_know() -> None:
    said = decode(
        start(model="claude-opus-5-5"),
        event("compaction_status", status="compacting") * 2,
        event("tool_approval", tool_name="x"),
        text(0, "x"),
        tail(),
    )
    assert said.notices == ["history_compacted", "tool_approval"]
    assert said.model == "claude-opus-5-5"


def test_unknown_shapes_are_counted_and_skipped() -> None:
    said = decode(
        start(),
        event("surprise", x=1) * 3,
        b"data: no json\n\ndata: [1]\n\n",
        block(0, "hologram") + delta(0, "beam_delta", beam="x") + stop(0),
        block(1) + delta(1, "text_delta", text="whole") + delta(1, "odd_delta") * 2 + stop(1),
        delta(7, "text_delta", text=" answer"),
        tail(),
    )
    assert (said.text, said.ends) == ("whole answer", ["stop"])
    assert said.drift == [
        ("event", "surprise"),
        ("event", "an event that is no JSON"),
        ("event", "an event of list"),
        ("block", "hologram"),
        ("delta", "beam_delta"),
        ("delta", "odd_delta"),
        ("delta", "one of a block that had not started"),
        ("event", "surprise (3 times)"),
        ("delta", "odd_delta (2 times)"),
    ]


def test_pings_are_nothing() -> None:
    said = decode(b": ping - 2026-11-21\n\n", event("ping"), start(), text(0, "x"), event("ping"), tail())
    assert (said.text, said.drift) == ("x", [])


def test_the_form_before_typed_events() -> None:
    def piece(completion: str, reason: str | None = None) -> bytes:
        record = {"completion": completion, "stop_reason": reason, "model": "claude-2", "messageLimit": None}
        return event("completion", **record)

    said = decode(piece(" Hel"), piece("lo"), piece("", "stop_sequence"), None)
    assert (said.text, said.ends, said.model, said.drift) == (" Hello", ["stop"], "claude-2", [])


def test_a_model_is_said_once() -> None:
    said = decode(start(model="m"), event("model_update", model="m"), text(0, "x"), tail())
    assert [one for one in said.events if isinstance(one, ModelSeen)] == [ModelSeen("m")]


def test_records_padded_inside_the_json() -> None:
    padded = json.dumps({"type": "message_stop"})[:-1] + "      }"
    said = decode(start(), text(0, "x"), f"event: message_stop\ndata: {padded}\n\n".encode())
    assert said.ends == ["stop"]
