from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_relay.api.dialect import AnswerFacts
from cdp_relay.api.messages.stream import MessageStream
from cdp_relay.api.messages.whole import WholeMessage
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    Drift,
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
    Usage,
)
from cdp_relay.errors import GenerationFailed, InternalError, SiteOverloaded
from tests.api.kit import finished, reached
from tests.api.messages.kit import accumulate, check_stream, parse_error, parse_message, plain

FACTS = AnswerFacts(id="0" * 32, request_id="req_1", created=1700000000, label="claude-opus-4-8")
CAT = FileProduced(name="cat.png", media_type="image/png", data=b"\x89PNG", description="a cat")


def streamed(*events: ChatEvent, thinking: bool = True) -> list[dict[str, Any]]:
    writer = MessageStream(facts=FACTS, thinking=thinking, input_tokens=5)
    body = writer.open() + b"".join(writer.feed(event) for event in events)
    assert writer.finished
    return check_stream(body)


def whole(*events: ChatEvent, thinking: bool = True) -> dict[str, Any]:
    writer = WholeMessage(facts=FACTS, thinking=thinking)
    for event in events:
        writer.feed(event)
    return plain(parse_message(writer.render()))


def call(index: int, name: str, arguments: str, *pieces: str) -> list[ChatEvent]:
    call_id = f"call_{index}"
    return [
        ToolCallBegan(index=index, id=call_id, name=name),
        *(ToolCallArguments(index, piece) for piece in pieces),
        ToolCallEnded(index=index, id=call_id, name=name, arguments=arguments),
    ]


def test_a_stream_of_everything_has_its_events_in_order() -> None:
    events = streamed(
        reached(Step.STREAMING),
        ReasoningDelta("Hm"),
        ReasoningDelta("."),
        TextDelta("I look."),
        *call(0, "Read", '{"path":"a"}', '{"path"', ':"a"}'),
        TextDelta("And again."),
        *call(1, "Read", "{}"),
        Notice(code="x", message="Mind this."),
        finished(FinishReason.TOOL_CALLS),
    )
    assert [(event["type"], event.get("index")) for event in events] == [
        ("message_start", None),
        ("ping", None),
        *[("content_block_start", 0), *[("content_block_delta", 0)] * 3, ("content_block_stop", 0)],
        *[("content_block_start", 1), ("content_block_delta", 1), ("content_block_stop", 1)],
        *[("content_block_start", 2), *[("content_block_delta", 2)] * 2, ("content_block_stop", 2)],
        *[("content_block_start", 3), ("content_block_delta", 3), ("content_block_stop", 3)],
        *[("content_block_start", 4), ("content_block_delta", 4), ("content_block_stop", 4)],
        ("message_delta", None),
        ("message_stop", None),
    ]
    assert events[0]["message"]["usage"]["input_tokens"] == 5
    assert events[0]["message"]["id"] == "msg_" + "0" * 32
    assert events[0]["message"]["model"] == "claude-opus-4-8"
    assert events[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert events[-2]["usage"]["output_tokens"] == 7
    assert events[-2]["cdp_relay"]["notices"] == ["Mind this."]
    message = accumulate(events)
    assert [block["type"] for block in message["content"]] == [
        "thinking",
        "text",
        "tool_use",
        "text",
        "tool_use",
    ]
    assert message["content"][0]["signature"]
    assert message["content"][2] == {
        "type": "tool_use",
        "id": "toolu_0",
        "name": "Read",
        "input": {"path": "a"},
    }


@pytest.mark.parametrize(
    ("reason", "sequence", "told"),
    [
        (FinishReason.STOP, None, ("end_turn", None)),
        (FinishReason.STOP, "END", ("stop_sequence", "END")),
        (FinishReason.LENGTH, None, ("max_tokens", None)),
        (FinishReason.TOOL_CALLS, None, ("tool_use", None)),
        (FinishReason.CONTENT_FILTER, None, ("refusal", None)),
        (FinishReason.INTERRUPTED, None, ("max_tokens", None)),
    ],
)
def test_why_an_answer_ended(
    reason: FinishReason, sequence: str | None, told: tuple[str, str | None]
) -> None:
    end = finished(reason, stop_sequence=sequence)
    shown = whole(TextDelta("x"), end)
    assert (shown["stop_reason"], shown.get("stop_sequence")) == told
    last = streamed(TextDelta("x"), end)[-2]
    assert (last["delta"]["stop_reason"], last["delta"]["stop_sequence"]) == told


def test_a_whole_answer() -> None:
    usage = Usage(prompt_tokens=11, completion_tokens=13, reasoning_tokens=3)
    shown = whole(ReasoningDelta("Hm"), TextDelta("Hel"), TextDelta("lo"), finished(usage=usage))
    assert shown == {
        "id": "msg_" + "0" * 32,
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "content": [
            {"type": "thinking", "thinking": "Hm", "signature": shown["content"][0]["signature"]},
            {"type": "text", "text": "Hello"},
        ],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 11,
            "output_tokens": 13,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens_details": {"thinking_tokens": 3},
        },
    }


def test_thinking_is_kept_from_who_has_not_asked_for_it() -> None:
    events: list[ChatEvent] = [
        ReasoningDelta("secret"),
        TextDelta("x"),
        ReasoningDelta("secret"),
        TextDelta("y"),
        finished(),
    ]
    assert whole(*events, thinking=False)["content"] == [{"type": "text", "text": "xy"}]
    assert b"secret" not in json.dumps(streamed(*events, thinking=False)).encode()


def test_a_file_lies_on_a_text_block_that_speaks_of_it() -> None:
    events: list[ChatEvent] = [TextDelta("Here:"), CAT, TextDelta("Nice?"), finished()]
    shown = whole(*events)
    assert shown == accumulate(streamed(*events))
    assert [block["text"] for block in shown["content"]] == [
        "Here:",
        "[image cat.png, image/png, 4 bytes: a cat]",
        "Nice?",
    ]
    assert shown["content"][1]["cdp_relay"] == {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
        "name": "cat.png",
    }


def test_text_that_the_site_took_back_is_not_in_a_whole_answer() -> None:
    shown = whole(
        TextDelta("Hello, wor"),
        TextRetracted(3),
        TextDelta("you"),
        *call(0, "f", "{}"),
        TextDelta("ab"),
        TextRetracted(5),
        finished(),
    )
    assert shown["content"][0] == {"type": "text", "text": "Hello, "}
    assert [block["type"] for block in shown["content"]] == ["text", "tool_use"]


def test_text_that_was_streamed_cannot_be_taken_back() -> None:
    writer = MessageStream(facts=FACTS, thinking=False, input_tokens=5)
    writer.feed(TextDelta("Hello"))
    with pytest.raises(GenerationFailed):
        writer.feed(TextRetracted(2))


def test_half_of_a_surrogate_pair_does_not_end_an_answer() -> None:
    events: list[ChatEvent] = [TextDelta("a\ud83d"), ReasoningDelta("\udc00"), finished()]
    assert whole(*events)["content"][0]["text"] == "a\ufffd"
    assert accumulate(streamed(*events))["content"][0]["text"] == "a\ufffd"


def test_an_answer_without_an_end_is_a_bug() -> None:
    writer = WholeMessage(facts=FACTS, thinking=False)
    writer.feed(TextDelta("x"))
    with pytest.raises(InternalError):
        writer.render()


def test_a_broken_stream_says_so_in_its_last_event() -> None:
    writer = MessageStream(facts=FACTS, thinking=False, input_tokens=5)
    body = writer.open() + writer.feed(TextDelta("half")) + writer.keep_alive()
    body += writer.fail(SiteOverloaded("Too many people."))
    *_, ping, last = check_stream(body, broken=True)
    assert ping == {"type": "ping"}
    error = parse_error(json.dumps(last).encode())
    assert error.error.type == "overloaded_error"
    assert error.request_id == "req_1"


# --- any answer at all -------------------------------------------------------------------------------


_PATIENT = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
"""Each event is held against the SDK's types, which takes its time."""

_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _calls(draw: st.DrawFn) -> list[ChatEvent]:
    arguments = json.dumps(draw(st.dictionaries(st.text(), _values, max_size=3)), ensure_ascii=False)
    cuts = sorted(draw(st.sets(st.integers(0, len(arguments)), max_size=4)))
    edges = [0, *cuts, len(arguments)]
    pieces = [arguments[a:b] for a, b in itertools.pairwise(edges)]
    return call(0, draw(st.sampled_from(["Read", "Edit"])), arguments, *(pieces if cuts else ()))


_quiet: st.SearchStrategy[ChatEvent] = st.sampled_from(
    [reached(Step.STREAMING), Notice(code="c", message="m"), Drift(kind="event", detail="d")]
)
_spoken: st.SearchStrategy[ChatEvent] = st.builds(TextDelta, st.text()) | st.builds(ReasoningDelta, st.text())
_answers = st.lists(
    st.one_of(
        _spoken.map(lambda event: [event]), _calls(), _quiet.map(lambda event: [event]), st.just([CAT])
    ),
    max_size=12,
).map(lambda groups: [event for group in groups for event in group])


@_PATIENT
@given(events=_answers, thinking=st.booleans(), reason=st.sampled_from(list(FinishReason)))
def test_a_stream_says_the_same_as_a_whole_answer(
    events: Sequence[ChatEvent], thinking: bool, reason: FinishReason
) -> None:
    events = [*events, finished(reason)]
    expected = whole(*events, thinking=thinking)
    got = accumulate(streamed(*events, thinking=thinking))
    assert got == expected


@_PATIENT
@given(events=_answers, thinking=st.booleans(), data=st.data())
def test_a_stream_that_breaks_anywhere_keeps_its_grammar(
    events: Sequence[ChatEvent], thinking: bool, data: st.DataObject
) -> None:
    writer = MessageStream(facts=FACTS, thinking=thinking, input_tokens=5)
    body = writer.open()
    for event in events[: data.draw(st.integers(0, len(events)))]:
        body += writer.feed(event)
        if data.draw(st.booleans()):
            body += writer.keep_alive()
    check_stream(body + writer.fail(SiteOverloaded("Too many people.")), broken=True)
    assert not writer.finished
