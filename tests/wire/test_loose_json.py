from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.wire import decode_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        (b'"\xc3\xa9"', "é"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ud83d"),
        ('{"v": "x\\ude00"}   ', {"v": "x\ude00"}),
    ],
)
def test_json_is_read_with_lone_surrogates_and_padding(text: str | bytes, value: Any) -> None:
    assert decode_json(text) == value


@pytest.mark.parametrize("text", ["", "{", "[DONE]", b"\xff", "[" * 100_000, "nul", '{"a":1}x'])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each parser words it in its own way
        decode_json(text)


@given(st.text() | st.binary())
def test_anything_gives_a_value_or_a_value_error(text: str | bytes) -> None:
    with contextlib.suppress(ValueError):
        decode_json(text)
