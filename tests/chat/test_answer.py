"""What a turn knows of its answer while a decoder reads it."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_relay.chat import ChatEvent, Drift, FinishReason, ReasoningDelta, TextDelta
from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    HandedOff,
    ModelSeen,
    SiteFailed,
    TitleSeen,
    UsageSeen,
)
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.usage import TokenCount
from cdp_relay.errors import GenerationFailed


class Script:
    """A decoder that says what its input names."""

    def __init__(self, events: dict[str, list[DecoderEvent]]) -> None:
        self.events = events

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        yield from self.events[data.decode()]

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        yield from self.events[text]

    def end_body(self) -> Iterator[DecoderEvent]:
        yield from self.events.get("end", [])

    def resume(self, request: bytes) -> None:
        del self.events[request.decode()]


async def delivered(delivery: Delivery) -> list[ChatEvent]:
    delivery.close()
    return [event async for event in delivery]


async def test_text_thinking_and_drift_go_to_the_client_and_the_rest_is_remembered() -> None:
    delivery = Delivery()
    reader = AnswerReader(
        Script(
            {
                "1": [ConversationSeen("c"), ModelSeen("early"), ReasoningDelta("hm"), TextDelta("é")],
                "2": [Drift(kind="event", detail="new"), ConversationSeen("c", "m"), ModelSeen("late")],
                "3": [TitleSeen("T"), TextDelta("!"), AnswerEnded()],
            }
        ),
        delivery,
    )
    for part in (b"1", b"2", b"3"):
        assert not reader.over
        reader.body(part)
    assert reader.over
    assert (reader.conversation_id, reader.message_id, reader.model) == ("c", "m", "late")
    assert (reader.title, reader.finish_reason, reader.drifts) == ("T", FinishReason.STOP, 1)
    usage = reader.usage(TokenCount(tokens=10, source="estimate"))
    assert (usage.completion_tokens, usage.reasoning_tokens, usage.total_tokens) == (2, 1, 12)
    assert await delivered(delivery) == [
        ReasoningDelta("hm"),
        TextDelta("é"),
        Drift(kind="event", detail="new"),
        TextDelta("!"),
    ]


def test_what_the_site_counted_takes_the_place_of_the_estimate() -> None:
    counts = [UsageSeen(prompt_tokens=7, completion_tokens=n, reasoning_tokens=n - 1) for n in (1, 30)]
    reader = AnswerReader(Script({"a": [counts[0], TextDelta("x")], "b": [counts[1]]}), Delivery())
    reader.body(b"a")
    reader.body(b"b")
    usage = reader.usage(TokenCount(tokens=1000, source="estimate"))
    assert (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens) == (7, 30, 29)
    assert usage.total_tokens == 37
    assert (usage.estimated, usage.source) == (False, "site")


def test_an_answer_that_came_over_a_socket_says_so() -> None:
    reader = AnswerReader(Script({"a": [HandedOff("topic")], "ping": [], "b": [TextDelta("x")]}), Delivery())
    reader.frame("ping")
    assert (reader.topic, reader.capture) == (None, "stream")
    reader.body(b"a")
    reader.frame("b")
    assert (reader.topic, reader.capture, reader.text_bytes) == ("topic", "socket", 1)


def test_a_failure_is_the_end_of_an_answer() -> None:
    error = GenerationFailed("Something went wrong.")
    reader = AnswerReader(Script({"end": [SiteFailed(error)]}), Delivery())
    reader.end_body()
    assert reader.over
    assert reader.error is error
    assert reader.finish_reason is None
