"""What ``decode`` prints of a saved stream."""

from __future__ import annotations

import json

from cdp_relay.chat.decode import decode_stream
from tests.providers.chatgpt_frames import (
    DONE,
    START,
    TAIL,
    closing,
    handoff,
    provider,
    start,
    text,
    typed,
)

BODY = (
    START
    + start(metadata={"model_slug": "gpt-5-6"})
    + text("Hello")
    + closing()
    + typed("title_generation", title="T")
    + TAIL
)


def test_a_whole_stream() -> None:
    said = decode_stream(provider(), [BODY])
    assert said == {
        "text": "Hello",
        "reasoning": "",
        "finish_reason": "stop",
        "conversation_id": "c1",
        "message_id": "a1",
        "model": "gpt-5-6",
        "title": "T",
        "error": None,
        "drift": [],
        "notices": [],
        "files": [],
    }


def test_a_cut_stream_has_no_finish_reason_and_no_error() -> None:
    said = decode_stream(provider(), [BODY[:-400]])
    assert (said["finish_reason"], said["error"]) == (None, None)


def test_what_is_unknown_is_listed() -> None:
    said = decode_stream(provider(), [START, typed("brand_new"), BODY])
    assert said["drift"] == [{"kind": "event", "detail": "brand_new"}]


def test_a_refusal_by_status_and_by_looks() -> None:
    body = json.dumps(
        {"detail": {"code": "model_cap_exceeded", "message": "Enough.", "clears_in": 60}}
    ).encode()
    for said in (
        decode_stream(provider(), [body], status=429),
        decode_stream(provider(), [body[:9], body[9:]]),
    ):
        assert said["finish_reason"] == "error"
        assert said["error_code"] == "usage_cap_reached"
        assert said["retry_after_seconds"] == 60
        assert "Enough." in said["error"]


def test_headers_of_a_refusal_count() -> None:
    said = decode_stream(provider(), [b"<html>"], status=403, headers={"cf-mitigated": "challenge"})
    assert said["error_code"] == "challenge"


def test_a_stream_of_nothing_but_its_end_is_an_error() -> None:
    said = decode_stream(provider(), [DONE])
    assert (said["finish_reason"], said["error_code"]) == ("error", "empty_answer")


def test_an_empty_file_is_neither_an_answer_nor_an_error() -> None:
    said = decode_stream(provider(), [])
    assert (said["text"], said["finish_reason"], said["error"]) == ("", None, None)


def test_a_handed_off_turn_names_its_topic() -> None:
    assert decode_stream(provider(), [START, handoff()])["handed_off"] == "t1"


def test_an_outgrown_limit_is_an_error_and_what_came_before_it_stays() -> None:
    said = decode_stream(provider(), [START + start() + text("x"), b"data: ", *[b"y" * (1 << 20)] * 65])
    assert (said["text"], said["finish_reason"]) == ("x", "error")
    assert "larger than" in said["error"]


def test_the_result_is_json() -> None:
    assert json.loads(json.dumps(decode_stream(provider(), [BODY])))["text"] == "Hello"
