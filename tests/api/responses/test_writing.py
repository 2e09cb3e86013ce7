"""The events of a response, and its object, out of the events of a turn."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.api.dialect import AnswerFacts
from cdp_relay.api.json_body import Field
from cdp_relay.api.responses.answer import ResponseStream, WholeResponse
from cdp_relay.api.responses.resource import Resource, asked_fields
from cdp_relay.api.responses.tools import read_offer
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    FinishReason,
    Notice,
    ReasoningDelta,
    Step,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import (
    AnswerBlocked,
    AnswerIncomplete,
    CapReached,
    ConversationTooLong,
    GenerationFailed,
    QueueFull,
    RateLimited,
    RelayError,
    SubmitAmbiguous,
)
from tests.api.kit import finished, reached
from tests.api.responses.kit import StreamCheck, check_response, check_stream, text_of

FACTS = AnswerFacts(id="0" * 31 + "a", request_id="req_1", created=1_700_000_000, label="practice")
TOOLS = [
    {"type": "function", "name": "read", "parameters": {"type": "object"}},
    {"type": "custom", "name": "patch"},
    {"type": "namespace", "name": "agents", "description": "", "tools": [{"type": "function", "name": "go"}]},
]


def new_stream(*, queued: bool = False, **body: Any) -> ResponseStream:
    field = Field(path="", value={"tools": TOOLS, **body})
    offer = read_offer(field)
    return ResponseStream(
        resource=Resource(facts=FACTS, asked=asked_fields(field, offer)),
        offer=offer,
        now=lambda: 1_700_000_005,
        keep=lambda status, body, output: None,
        queued=queued,
    )


def write(*events: ChatEvent, error: RelayError | None = None, **body: Any) -> StreamCheck:
    stream = new_stream(**body)
    data = stream.open() + b"".join(stream.feed(event) for event in events)
    if error is not None:
        data += stream.fail(error)
    assert stream.finished
    return check_stream(data)


def write_whole(*events: ChatEvent, **body: Any) -> dict[str, Any]:
    whole = WholeResponse(stream=new_stream(**body))
    for event in events:
        whole.feed(event)
    return check_response(json.loads(whole.render()))


def call(index: int, name: str, arguments: str, *pieces: str, freeform: bool = False) -> list[ChatEvent]:
    return [
        ToolCallBegan(index=index, id=f"call_{index}", name=name, freeform=freeform),
        *(ToolCallArguments(index, piece) for piece in pieces),
        ToolCallEnded(index=index, id=f"call_{index}", name=name, arguments=arguments, freeform=freeform),
    ]


def names(check: StreamCheck) -> list[str]:
    return [event["type"].removeprefix("response.") for event in check.events]


# --- order ---------------------------------------------------------------------------------------


def test_text_is_one_message() -> None:
    check = write(reached(Step.STREAMING), TextDelta("Hel"), TextDelta("lo \u05d0 \U0001f600\n"), finished())
    assert names(check) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert check.last is not None
    (message,) = check.last["output"]
    assert text_of(message) == "Hello \u05d0 \U0001f600\n"
    assert message["status"] == "completed"
    assert check.last["usage"] == {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 12,
    }


def test_thoughts_come_before_the_text() -> None:
    check = write(ReasoningDelta("Let me "), ReasoningDelta("see"), TextDelta("42"), finished())
    assert check.last is not None
    assert [(item["type"], text_of(item)) for item in check.last["output"]] == [
        ("reasoning", "Let me see"),
        ("message", "42"),
    ]
    assert names(check)[2:9] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]


def test_thoughts_in_the_middle_do_not_cut_a_message() -> None:
    check = write(TextDelta("a"), ReasoningDelta("hm"), TextDelta("b"), finished())
    assert check.last is not None
    assert [text_of(item) for item in check.last["output"]] == ["ab", "hm"]


def test_calls_are_items_and_text_after_them_is_a_message_of_its_own() -> None:
    check = write(
        TextDelta("I read. "),
        *call(0, "read", '{"p":"a\\tb"}', '{"p":', '"a\\tb"}'),
        *call(1, "read", "{}"),
        TextDelta("Done."),
        finished(FinishReason.TOOL_CALLS),
    )
    assert check.last is not None
    assert [(item["type"], text_of(item)) for item in check.last["output"]] == [
        ("message", "I read. "),
        ("function_call", '{"p":"a\\tb"}'),
        ("function_call", "{}"),
        ("message", "Done."),
    ]
    assert [item["call_id"] for item in check.last["output"][1:3]] == ["call_0", "call_1"]
    assert check.last["status"] == "completed"
    deltas = [event["delta"] for event in check.events if event["type"].endswith("arguments.delta")]
    assert deltas == ['{"p":', '"a\\tb"}', "{}"]  # what came checked and whole is one delta


def test_freeform_calls_and_calls_of_a_namespace_come_back_as_the_client_named_them() -> None:
    check = write(
        *call(0, "patch", "*** Begin\n", freeform=True),
        *call(1, "agents__go", "{}"),
        finished(FinishReason.TOOL_CALLS),
    )
    assert check.last is not None
    freeform, spaced = check.last["output"]
    assert freeform == {
        "id": freeform["id"],
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": "call_0",
        "name": "patch",
        "input": "*** Begin\n",
    }
    assert (spaced["name"], spaced["namespace"]) == ("go", "agents")
    assert "custom_tool_call_input.done" in names(check)


def test_images_are_items_and_other_files_stand_in_the_extension() -> None:
    picture = FileProduced(name="cat.png", media_type="image/png", data=b"PNG", description="a cat")
    table = FileProduced(name="t.csv", media_type="text/csv", data=b"a,b")
    check = write(TextDelta("Look"), picture, table, TextDelta("!"), finished())
    assert check.last is not None
    message, image = check.last["output"]
    assert text_of(message) == "Look!"
    assert (image["result"], image["revised_prompt"]) == ("UE5H", "a cat")
    assert check.last["cdp_relay"]["files"] == [
        {"type": "input_file", "filename": "t.csv", "file_data": "data:text/csv;base64,YSxi"}
    ]


def test_a_queued_answer_says_so_until_its_turn_comes() -> None:
    stream = new_stream(queued=True, background=True)
    data = stream.open() + stream.feed(reached(Step.QUEUED)) + stream.keep_alive()
    data += stream.feed(reached(Step.LEASED)) + stream.feed(TextDelta("x")) + stream.feed(finished())
    assert names(check_stream(data))[:4] == ["created", "queued", "queued", "in_progress"]


def test_a_keep_alive_is_a_numbered_event() -> None:
    stream = new_stream()
    data = stream.open() + stream.feed(TextDelta("x")) + stream.keep_alive() + stream.feed(finished())
    assert names(check_stream(data)).count("in_progress") == 2


# --- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (FinishReason.LENGTH, "max_output_tokens"),
        (FinishReason.INTERRUPTED, "max_output_tokens"),
        (FinishReason.CONTENT_FILTER, "content_filter"),
    ],
)
def test_an_answer_that_was_cut_is_incomplete(reason: FinishReason, told: str) -> None:
    check = write(TextDelta("Hal"), finished(reason))
    assert check.last is not None
    assert check.events[-1]["type"] == "response.incomplete"
    assert check.last["status"] == check.last["output"][0]["status"] == "incomplete"
    assert check.last["incomplete_details"] == {"reason": told}
    assert check.last["completed_at"] is None


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConversationTooLong("Full."), "context_length_exceeded", "Full."),
        (RateLimited("Slow down.", retry_after_seconds=2.1), "rate_limit_exceeded", "try again in 3s"),
        (QueueFull("Busy."), "rate_limit_exceeded", "Busy."),
        (CapReached("Used up.", retry_after_seconds=30), "rate_limit_exceeded", "try again in 30s"),
        (CapReached("Used up.", retry_after_seconds=7200), "insufficient_quota", "Used up."),
        (CapReached("Used up."), "insufficient_quota", "Used up."),
        (AnswerBlocked("Not that."), "invalid_prompt", "Not that."),
        (SubmitAmbiguous("Perhaps."), "invalid_prompt", "Look at the site"),
        (AnswerIncomplete("Cut."), "server_error", "Cut."),
    ],
)
def test_a_stream_that_breaks_says_what_its_client_can_do(error: RelayError, code: str, words: str) -> None:
    check = write(TextDelta("Hal"), error=error)
    assert check.last is not None
    assert check.events[-1]["type"] == "response.failed"
    assert check.last["status"] == "failed"
    assert check.last["error"]["code"] == code
    assert words in check.last["error"]["message"]
    assert check.last["output"][0]["status"] == "incomplete"


def test_text_that_was_streamed_cannot_be_taken_back() -> None:
    stream = new_stream()
    stream.open()
    stream.feed(TextDelta("No."))
    with pytest.raises(GenerationFailed, match="took back 2 characters"):
        stream.feed(TextRetracted(2))


def test_text_that_was_taken_back_is_not_in_the_whole_answer() -> None:
    answer = write_whole(
        TextDelta("ab"), TextDelta("cd"), ReasoningDelta("hm"), TextRetracted(3), TextDelta("!"), finished()
    )
    assert text_of(answer["output"][0]) == "a!"


def test_what_was_asked_is_repeated() -> None:
    answer = write_whole(
        TextDelta("x"),
        finished(),
        instructions="Be brief.",
        metadata={"a": "b"},
        max_output_tokens=99,
        temperature=0.5,
        text={"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}}},
        reasoning={"effort": "low"},
        user="me",
        tool_choice={"type": "function", "name": "read"},
        parallel_tool_calls=False,
    )
    assert answer["instructions"] == "Be brief."
    assert answer["metadata"] == {"a": "b"}
    assert (answer["max_output_tokens"], answer["temperature"], answer["user"]) == (99, 0.5, "me")
    assert answer["text"]["format"]["name"] == "s"
    assert answer["reasoning"] == {"effort": "low", "summary": None}
    assert answer["tool_choice"] == {"type": "function", "name": "read"}
    assert answer["parallel_tool_calls"] is False
    assert [tool["type"] for tool in answer["tools"]] == ["function", "custom", "namespace"]


def test_half_of_a_surrogate_pair_does_not_break_a_stream() -> None:
    check = write(TextDelta("a\ud83d"), TextDelta("b"), finished())
    assert [event["delta"] for event in check.events if "delta" in event] == ["a\ufffd", "b"]


# --- any turn ------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


KINDS = ["text", "thought", "call", "image", "file", "notice", "step"]


@st.composite
def turns(draw: st.DrawFn) -> list[ChatEvent]:
    events: list[ChatEvent] = []
    calls = 0
    for kind in draw(
        st.lists(st.sampled_from(["text", "thought", "call", "image", "file", "notice", "step"]))
    ):
        if kind == "text":
            events.append(TextDelta(draw(TEXT)))
        elif kind == "thought":
            events.append(ReasoningDelta(draw(TEXT)))
        elif kind == "call":
            name = draw(st.sampled_from(["read", "patch", "agents__go"]))
            pieces = draw(st.lists(TEXT, max_size=3))
            arguments = "".join(pieces) if pieces else draw(TEXT)
            events += call(calls, name, arguments, *pieces, freeform=name == "patch")
            calls += 1
        elif kind in ("image", "file"):
            media_type = "image/webp" if kind == "image" else "application/zip"
            events.append(FileProduced(name="f", media_type=media_type, data=draw(st.binary(max_size=3))))
        elif kind == "notice":
            events.append(Notice(code="n", message=draw(TEXT)))
        else:
            events.append(reached(Step.STREAMING))
    return [*events, finished(draw(st.sampled_from(list(FinishReason))))]


@settings(max_examples=40, deadline=None)  # each event is held against the SDK's types, which takes its time
@given(events=turns())
def test_any_turn_is_a_stream_that_clients_can_follow_and_the_whole_answer_is_its_end(
    events: list[ChatEvent],
) -> None:
    assert write(*events).last == write_whole(*events)


@settings(max_examples=20, deadline=None)
@given(events=turns(), data=st.data())
def test_a_turn_may_break_anywhere(events: list[ChatEvent], data: st.DataObject) -> None:
    kept = events[: data.draw(st.integers(0, len(events) - 1))]
    check = write(*kept, error=GenerationFailed("It broke."))
    said = "".join(event.text for event in kept if isinstance(event, TextDelta))
    assert check.last is not None
    assert "".join(text_of(i) for i in check.last["output"] if i["type"] == "message") == said


# --- cost ----------------------------------------------------------------------------------------


def test_a_chunk_costs_next_to_nothing() -> None:
    stream = new_stream(instructions="x" * 100_000)
    stream.open()
    chunks = [TextDelta(f"word {index} ") for index in range(20_000)]
    began = time.process_time()
    for chunk in chunks:
        stream.feed(chunk)
    spent = time.process_time() - began
    # Measured: 0.9 microseconds each; the limit leaves room for a busy machine.
    assert spent / len(chunks) < 20e-6
