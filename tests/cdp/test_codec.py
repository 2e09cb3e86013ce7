"""JSON on the wire, both ways."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cdp_relay.cdp.codec import decode_envelope, decode_payload, encode_command

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Lone surrogates are among them.
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), JSON_VALUES, max_size=5)


@given(params=OBJECTS)
def test_a_command_is_read_back_as_it_was_written(params: dict[str, Any]) -> None:
    message = json.loads(encode_command(7, "Some.command", params, "s1"))
    assert message == {"id": 7, "method": "Some.command", "params": params, "sessionId": "s1"}


def test_a_command_to_the_browser_itself_names_no_session() -> None:
    assert json.loads(encode_command(1, "A.a", None, "")) == {"id": 1, "method": "A.a", "params": {}}


@given(params=OBJECTS, ascii_only=st.booleans())
def test_an_event_is_read_whatever_its_strings_hold(params: dict[str, Any], ascii_only: bool) -> None:
    text = json.dumps(
        {"method": "A.a", "params": params, "sessionId": "s", "new": "\ud83d"}, ensure_ascii=True
    )
    if ascii_only:
        text = json.dumps({"method": "A.a", "params": params, "sessionId": "s"})
    message = decode_envelope(text)
    assert message is not None
    assert (message.id, message.method, message.session_id) == (None, "A.a", "s")
    assert decode_payload(message.payload()) == params


@given(result=OBJECTS)
def test_an_answer_is_read_whatever_its_strings_hold(result: dict[str, Any]) -> None:
    message = decode_envelope(json.dumps({"id": 3, "result": result}))
    assert message is not None
    assert (message.id, message.method, message.error) == (3, None, None)
    assert decode_payload(message.payload()) == result


@given(text=st.text(max_size=200))
def test_any_text_is_a_message_or_none(text: str) -> None:
    message = decode_envelope(text)
    if message is not None:
        assert isinstance(decode_payload(message.payload()), dict)


@given(value=JSON_VALUES, key=st.sampled_from(["id", "method", "params", "result", "error", "sessionId"]))
def test_any_value_in_any_place_is_survived(value: Any, key: str) -> None:
    message = decode_envelope(json.dumps({"id": 1, "method": "A.a", "params": {}, key: value}))
    if message is not None:
        assert isinstance(decode_payload(message.payload()), dict)
        assert message.id is None or isinstance(message.id, int)
        assert message.method is None or isinstance(message.method, str)
        assert isinstance(message.session_id, str)


@pytest.mark.parametrize("text", ["NaN", '{"id": 1, "result": {"value": NaN}}'])
def test_what_only_python_calls_json_harms_nobody(text: str) -> None:
    decode_envelope(text)
