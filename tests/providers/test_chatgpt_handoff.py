"""Turns that go on over the WebSocket, or in a resumed body."""

from __future__ import annotations

import json

import pytest

from cdp_relay.chat.vocabulary import Drift, TextDelta
from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire import SSEDecoder
from tests.providers.chatgpt_frames import (
    COMPLETE,
    DONE,
    START,
    TAIL,
    catchups,
    closing,
    decode,
    delta,
    frame,
    handoff,
    item,
    play,
    provider,
    start,
    text,
    typed,
)

WHOLE = START + start() + text("Hello", " world") + closing("!") + TAIL
HEARTBEAT = json.dumps([{"type": "heartbeat"}, {"type": "done"}])


def noise(number: int) -> str:
    return frame(item(START + start("other") + text("not mine"), topic=f"other-{number}"))


def test_a_turn_goes_on_over_the_socket() -> None:
    said = decode(START, handoff(), None, HEARTBEAT, frame(item(WHOLE)))
    assert (said.text, said.ends, said.topics, said.drift) == ("Hello world!", ["stop"], ["t1"], [])


def test_the_end_of_the_body_that_hands_off_is_no_end_of_the_answer() -> None:
    assert decode(START, handoff(), COMPLETE, DONE, None).ends == []
    begun = [START, start(channel=None), text("Hello"), closing()]
    assert decode(*begun, handoff(), COMPLETE, DONE, None).ends == []


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_socket_items_may_be_cut_anywhere(size: int) -> None:
    whole = WHOLE.decode()
    pieces = [frame(item(whole[at : at + size])) for at in range(0, len(whole), size)]
    said = play([START, handoff(), None, *pieces])
    assert (said.text, said.ends, said.drift) == ("Hello world!", ["stop"], [])


def test_an_emoji_cut_between_two_items_is_whole_again() -> None:
    body = json.dumps({"p": "/message/content/parts/0", "o": "append", "v": "a 😀 b"}, ensure_ascii=False)
    sse = f"event: delta\ndata: {body}\n\n"
    halves = sse.encode("utf-16-le", "surrogatepass")
    cut = sse.index("😀") * 2 + 2
    first, second = (part.decode("utf-16-le", "surrogatepass") for part in (halves[:cut], halves[cut:]))
    said = decode(START, handoff(), None, frame(item(START + start())), frame(item(first), item(second)))
    assert said.text == "a 😀 b"


def test_only_frames_of_this_turns_topic_count() -> None:
    said = decode(START, noise(1), handoff(), None, noise(2), frame(item(WHOLE)), noise(1))
    assert (said.text, said.ends) == ("Hello world!", ["stop"])


def test_frames_from_before_the_handoff_are_remembered() -> None:
    said = decode(frame(item(START + start() + text("Hel"))), START, handoff(), None, frame(item(text("lo"))))
    assert said.text == "Hello"


def test_of_early_frames_only_so_many_are_kept_and_catch_ups_mend_the_loss() -> None:
    big = [frame(item(START + start() + text("x" * 60_000), topic="t1"))]
    flood = [frame(item(text("y" * 60_000), topic=f"other-{number}")) for number in range(80)]
    said = play([*big, *flood, START, handoff(), None])
    assert said.text == ""
    assert said.drift == [("socket", "messages from before the hand-off were too many to keep")]
    said = play([*big, *flood, START, handoff(), None, catchups(item(WHOLE))])
    assert (said.text, said.ends) == ("Hello world!", ["stop"])


def test_catch_ups_repeat_the_topic_from_its_beginning_without_repeating_the_text() -> None:
    said = decode(
        START,
        start(),
        text("Hel"),
        handoff(),
        None,
        frame(item(START + start() + text("Hello"))),
        catchups(item(START + start()), item(text("Hello", " w"))),
        frame(item(text("orld") + closing("!") + TAIL)),
    )
    assert (said.text, said.ends, said.drift) == ("Hello world!", ["stop"], [])


def test_catch_ups_that_begin_in_the_middle_go_on_where_the_topic_was() -> None:
    said = decode(
        START,
        handoff(),
        None,
        frame(item(START + start() + text("Hello")[:20])),
        catchups(item(text("Hello")[20:]), item(delta({"v": " world"}))),
    )
    assert said.text == "Hello world"


def test_a_cut_topic_that_starts_anew_forgets_its_half_event() -> None:
    said = decode(
        START,
        handoff(),
        None,
        frame(item(START + start() + text("Hello") + text(" world")[:30])),
        catchups(item(WHOLE)),
    )
    assert (said.text, said.ends, said.drift) == ("Hello world!", ["stop"], [])


def test_a_topic_may_bring_only_the_rest() -> None:
    said = decode(
        START, start(), text("Hello"), handoff(), None, frame(item(delta({"v": " world"}) + closing()))
    )
    assert (said.text, said.ends, said.drift) == ("Hello world", ["stop"], [])


def test_the_inner_done_does_not_end_the_answer_but_completion_does() -> None:
    body = [START, handoff(), None, frame(item(START + start(channel=None) + text("x") + closing() + DONE))]
    assert decode(*body).ends == []
    assert decode(*body, frame(item(COMPLETE))).ends == ["stop"]


def test_a_resumed_body_goes_on_with_bare_deltas() -> None:
    said = decode(START, start(), text("Hello"), None, delta({"v": " world"}) + closing() + TAIL, None)
    assert (said.text, said.ends, said.drift) == ("Hello world", ["stop"], [])


def test_a_resumed_body_that_tells_all_again_repeats_nothing() -> None:
    said = decode(START, start(), text("Hel", "lo"), None, WHOLE, None)
    assert (said.text, said.ends, said.drift) == ("Hello world!", ["stop"], [])


def test_a_resumed_body_may_tell_the_message_whole() -> None:
    members = {"status": "finished_successfully", "end_turn": True}
    again = start("a1", "Hello world!", **members)
    said = decode(START, start(), text("Hello"), text(" wor")[:25], None, START, again, TAIL, None)
    assert (said.text, said.ends, said.drift) == ("Hello world!", ["stop"], [])


def test_a_resumed_body_that_tells_another_text_is_reported() -> None:
    said = decode(
        START, start(), text("Hello"), None, START, start("a1", "Howdy, you"), closing(), TAIL, None
    )
    assert (said.text, said.ends) == ("Hello, you", ["stop"])
    assert said.drift == [("text", "the site changed text that had been given out")]


def test_a_handed_off_turn_may_come_back_in_a_resumed_body() -> None:
    handed = handoff(kind="resume_sse_endpoint")
    said = decode(START, start(), text("Hel"), handed, None, delta({"v": "lo"}), closing(), TAIL, None)
    assert (said.text, said.ends) == ("Hello", ["stop"])
    old = decode(
        START, start(channel=None), text("Hel"), handed, None, delta({"v": "lo"}), closing(), DONE, None
    )
    assert (old.text, old.ends) == ("Hello", ["stop"])


def test_after_the_end_the_topic_says_nothing_more() -> None:
    said = decode(
        START, start(), text("Hi"), closing(), handoff(), None, frame(item(START + start() + text("Hi")))
    )
    assert (said.text, said.ends, said.drift) == ("Hi", ["stop"], [])


@pytest.mark.parametrize(
    ("text_frame", "drift"),
    [
        ("no json", [("socket", "a message that is no JSON")]),
        ('[{"type": "brand-new"}]', [("socket", "brand-new")]),
        ('[{"type": "message", "topic_id": "t1", "payload": {"type": "conversation-update"}}]', []),
        ('[{"type": "reply", "reply": {"type": "subscribe", "topic_id": "t1", "catchups": null}}]', []),
        ('{"type": "heartbeat"}', []),
        ("[1, null]", []),
        ("null", []),
    ],
)
def test_other_frames_say_nothing(text_frame: str, drift: list[tuple[str, str]]) -> None:
    said = decode(START, handoff(), None, text_frame, frame(item(WHOLE)))
    assert (said.text, said.drift) == ("Hello world!", drift)


def test_a_handoff_without_a_topic_is_reported() -> None:
    assert decode(START, typed("stream_handoff", options=[])).drift == [
        ("event", "stream_handoff without a topic")
    ]


def test_a_frame_beyond_all_measure_is_a_violation() -> None:
    decoder = provider().new_decoder()
    with pytest.raises(ProtocolViolation):
        decoder.feed_frame(" " * ((64 << 20) + 1))


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_events_that_the_page_asks_for_again_are_not_read_twice(lost: int) -> None:
    # START is two events; a message and its words follow.
    events = [start(), text("one"), delta({"v": " two"}), delta({"v": " three"})]
    decoder = provider().new_decoder()
    said = [*decoder.feed(START + b"".join(events)), *decoder.end_body()]
    counted = len(list(SSEDecoder().feed(START))) + len(events)
    decoder.resume(json.dumps({"conversation_id": "c1", "offset": counted - lost}).encode())
    rest = b"".join(events[len(events) - lost :]) + delta({"v": " four"}) + closing() + TAIL
    said += [*decoder.feed(rest), *decoder.end_body()]
    assert "".join(event.text for event in said if isinstance(event, TextDelta)) == "one two three four"
    assert not [event for event in said if isinstance(event, Drift)]


@pytest.mark.parametrize("request_body", [b"", b"{", b"[]", b'{"offset": "3"}'])
def test_a_request_to_resume_without_an_offset_is_drift(request_body: bytes) -> None:
    decoder = provider().new_decoder()
    decoder.resume(request_body)
    assert [event.kind for event in decoder.feed(b"") if isinstance(event, Drift)] == ["resume"]
