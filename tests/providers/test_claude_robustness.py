"""Whatever comes, and however it is cut, the decoder says the same and raises nothing."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat.contract import DecoderEvent
from cdp_relay.errors import ProtocolViolation
from tests.providers.claude_frames import (
    delta,
    event,
    limit,
    play,
    provider,
    start,
    stored,
    tail,
    text,
    thinking,
    tool,
)
from tests.providers.outcome import RESUME, Outcome

BODY = b"".join(
    [
        event("conversation_ready", conversation_uuid="c1"),
        start(),
        thinking(0, ("Überblick",), "Ich ", "überlege"),
        text(1, "漢字 ", "\ud83d", "\ude00 "),
        tool(2, "artifacts", {"command": "create", "title": "a", "content": "ä"}),
        b": ping\r\n\r\n",
        text(4, "falsch"),
        event("content_block_retract", from_index=4),
        limit("approaching_limit", windows={"5h": {"utilization": 0.9}}),
        event("unbekannt") * 2,
        text(4, "richtig."),
        tail(),
    ]
)
WHOLE = play([BODY, None])


@given(st.sets(st.integers(0, len(BODY)), max_size=40))
def test_events_do_not_depend_on_how_the_bytes_were_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    said = play([*(BODY[a:b] for a, b in pairwise(edges)), None])
    assert said.gist == WHOLE.gist
    assert (said.text, said.reasoning) == ("漢字 😀 richtig.", "Ich überlege")


@given(st.integers(0, len(BODY)))
def test_a_stream_cut_anywhere_and_read_from_the_chat_gives_the_same_answer(cut: int) -> None:
    content = [{"type": "text", "text": "漢字 😀 "}, {"type": "text", "text": "richtig."}]
    said = play([BODY[:cut], None, RESUME, stored(content), None])
    assert said.text == WHOLE.text
    assert said.ends == ["stop"]


_WORDS = st.sampled_from(
    ["", "a", "text", "thinking", "tool_use", "artifacts", "\ud83d", "m1", "exceeded_limit"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_INDEX = st.integers(-1, 3) | _JSON
_BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "tool_use", "tool_result", "x"]) | _JSON},
    optional={"text": _JSON, "thinking": _JSON, "summaries": _JSON, "name": st.just("artifacts") | _JSON},
)
_DELTA = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["text_delta", "thinking_delta", "thinking_summary_delta", "input_json_delta", "signature_delta"]
        )
        | _JSON
    },
    optional={"text": _JSON, "thinking": _JSON, "summary": _JSON, "partial_json": _JSON},
)
_LIMIT = st.fixed_dictionaries(
    {"type": st.sampled_from(["within_limit", "approaching_limit", "exceeded_limit"]) | _JSON},
    optional={"resetsAt": _JSON, "windows": _JSON, "representativeClaim": _JSON, "resolved": _JSON},
)
_EVENTS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("content_block_start"), "index": _INDEX, "content_block": _BLOCK | _JSON}
    ),
    st.fixed_dictionaries({"type": st.just("content_block_delta"), "index": _INDEX, "delta": _DELTA | _JSON}),
    st.fixed_dictionaries({"type": st.just("content_block_stop"), "index": _INDEX}),
    st.fixed_dictionaries({"type": st.just("content_block_retract"), "from_index": _INDEX}),
    st.fixed_dictionaries({"type": st.just("message_limit"), "message_limit": _LIMIT | _JSON}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["message_start", "message_delta", "message_stop", "error", "completion", "model_update"]
            )
        },
        optional={
            "message": _JSON,
            "delta": st.fixed_dictionaries({"stop_reason": _JSON}) | _JSON,
            "error": _JSON,
            "completion": _JSON,
            "stop_reason": _JSON,
            "model": _JSON,
        },
    ),
    _JSON,
)


@given(st.lists(_EVENTS, max_size=14))
def test_any_json_gives_events_and_at_most_one_end(values: list[Any]) -> None:
    body = [b"data: " + json.dumps(value).encode() + b"\n\n" for value in values]
    said = play([start(), delta(0, "text_delta", text="x"), *body, None])
    assert len(said.ends) <= 1
    said.text.encode()
    said.reasoning.encode()


@given(_JSON, st.lists(_BLOCK | _JSON), _JSON)
def test_any_stored_chat_gives_events_and_at_most_one_end(chat: Any, content: list[Any], reason: Any) -> None:
    broken = start() + delta(0, "text_delta", text="x")
    for document in (json.dumps(chat).encode(), stored(content, reason)):
        said = play([broken, None, RESUME, document, None])
        assert len(said.ends) <= 1
        said.text.encode()


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60), max_size=10))
def test_any_bytes_and_frames_give_events_or_a_violation(steps: list[bytes | str]) -> None:
    decoder = provider().new_decoder()
    events: list[DecoderEvent] = []
    try:
        for step in steps:
            events += decoder.feed(step) if isinstance(step, bytes) else decoder.feed_frame(step)
        events += decoder.end_body()
    except ProtocolViolation:
        pass
    assert len(Outcome(events).ends) <= 1


@given(_JSON | st.lists(_JSON) | _LIMIT, st.binary(max_size=40), st.integers(200, 599))
def test_any_refusal_becomes_an_error(body: Any, raw: bytes, status: int) -> None:
    bodies = [body, {"error": body}, {"error": {"type": body, "message": json.dumps(body), "details": body}}]
    for said in (*(json.dumps(one).encode() for one in bodies), raw):
        assert provider().refusal(status, {}, said).message


@given(_JSON, st.binary(max_size=60))
def test_any_request_is_a_submission(body: Any, raw: bytes) -> None:
    request = {"prompt": body, "files": body, "turn_message_uuids": body, "create_conversation_params": body}
    for sent in (json.dumps(body).encode(), json.dumps(request).encode(), raw, b"\x1f\x8b" + raw):
        assert provider().read_submission(sent) is not None
        assert provider().read_submission(gzip.compress(sent)) is not None
