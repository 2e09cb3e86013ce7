"""Whatever comes, and however it is cut, the decoder says the same and raises nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from tests.providers.chatgpt_frames import (
    START,
    TAIL,
    TEXT,
    catchups,
    closing,
    delta,
    frame,
    handoff,
    item,
    play,
    provider,
    root,
    start,
    text,
    typed,
)

RUN = "\ue200cite\ue202turn0\ue201"
BODY = b"".join(
    [
        START,
        typed("resume_conversation_token", conversation_id="c1"),
        start("th", channel=None, content={"content_type": "thoughts", "thoughts": []}),
        delta(
            {
                "p": "/message/content/thoughts",
                "o": "append",
                "v": [{"summary": "Ich überlege", "content": ""}],
            }
        ),
        delta({"v": root("a1"), "c": 2}),
        delta({"o": "patch", "v": [{"p": TEXT, "o": "append", "v": "漢字 "}]}),
        typed("title_generation", title="Tïtle"),
        delta({"v": [{"p": TEXT, "o": "append", "v": f"see {RUN} \ud83d"}]}),
        text("\ude00."),
        closing(" Ende"),
        TAIL,
    ]
)
WHOLE = play([BODY, None])


@given(st.sets(st.integers(0, len(BODY)), max_size=40))
def test_events_do_not_depend_on_how_the_bytes_were_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    said = play([*(BODY[a:b] for a, b in pairwise(edges)), None])
    assert said.gist == WHOLE.gist
    assert (said.text, said.reasoning) == ("漢字 see  😀. Ende", "Ich überlege")


@given(st.integers(0, len(BODY)), st.booleans())
def test_a_stream_cut_anywhere_and_told_again_gives_the_same_answer(cut: int, by_socket: bool) -> None:
    again: list[bytes | str | None] = [BODY, None]
    if by_socket:
        again = [handoff(), None, frame(item(BODY)), catchups(item(BODY))]
    said = play([BODY[:cut], None, *again])
    assert (said.text, said.reasoning) == (WHOLE.text, WHOLE.reasoning)
    assert said.ends == ["stop"]


_WORDS = st.sampled_from(
    ["", "a", "final", "assistant", "text", "thoughts", "\ue200", "\ue201", "\ud83d", "all"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_PARTIAL = st.fixed_dictionaries(
    {},
    optional={
        "id": _JSON,
        "author": st.just({"role": "assistant"}) | _JSON,
        "content": st.fixed_dictionaries(
            {},
            optional={
                "content_type": st.sampled_from(["text", "thoughts", "reasoning_recap", "system_error"])
                | _JSON,
                "parts": st.lists(_WORDS | _JSON, max_size=3) | _JSON,
                "thoughts": st.lists(st.fixed_dictionaries({"summary": _JSON, "content": _JSON}), max_size=2),
                "content": _JSON,
            },
        )
        | _JSON,
        "metadata": st.dictionaries(
            st.sampled_from(["content_references", "finish_details", "model_slug", "model_adjustments"]),
            _JSON,
        )
        | _JSON,
        "status": st.sampled_from(["finished_successfully", "in_progress"]) | _JSON,
        "channel": st.sampled_from([None, "final"]) | _JSON,
        "end_turn": _JSON,
        "recipient": _JSON,
    },
)
_FRAMES = st.one_of(
    st.fixed_dictionaries({"v": st.fixed_dictionaries({"message": _PARTIAL | _JSON})}),
    st.fixed_dictionaries(
        {"v": _JSON | _PARTIAL},
        optional={
            "p": st.sampled_from(["", TEXT, "/message", "/message/content", "/message/content/parts"])
            | _JSON,
            "o": st.sampled_from(["add", "append", "replace", "patch", "truncate", "remove"]) | _JSON,
        },
    ),
    st.fixed_dictionaries({"message": _PARTIAL | _JSON}, optional={"error": _JSON, "conversation_id": _JSON}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                [
                    "error",
                    "moderation",
                    "stream_handoff",
                    "title_generation",
                    "server_ste_metadata",
                    "message_stream_complete",
                    "conversation_detail_metadata",
                    "conversation_async_status",
                    "safety_review_update",
                ]
            )
        },
        optional={
            "error": _JSON,
            "options": _JSON,
            "metadata": _JSON,
            "moderation_response": _JSON,
            "limits_progress": _JSON,
            "model_limits": _JSON,
            "title": _JSON,
        },
    ),
    _JSON,
)


@given(st.lists(_FRAMES, max_size=10), st.booleans())
def test_any_json_gives_events_and_at_most_one_end(values: list[Any], as_deltas: bool) -> None:
    body = [
        delta(value) if as_deltas else b"data: " + json.dumps(value).encode() + b"\n\n" for value in values
    ]
    said = play([START, start(), text("x"), *body, None])
    assert len(said.ends) <= 1
    said.text.encode()
    said.reasoning.encode()


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60), max_size=10))
def test_any_bytes_and_frames_give_events_or_a_violation(steps: list[bytes | str]) -> None:
    decoder = provider().new_decoder()
    try:
        for step in steps:
            list(decoder.feed(step) if isinstance(step, bytes) else decoder.feed_frame(step))
        list(decoder.end_body())
    except ProtocolViolation:
        pass


@given(_JSON | st.lists(_JSON), st.binary(max_size=40), st.integers(200, 599))
def test_any_refusal_becomes_an_error(body: Any, raw: bytes, status: int) -> None:
    for said in (json.dumps(body).encode(), raw):
        assert provider().refusal(status, {}, said).message
        assert provider().refusal(status, {}, json.dumps({"detail": body, "error": body}).encode()).message
        provider().read_submission(said)
        provider().read_submission(json.dumps({"messages": body}).encode())
