"""Masked words keep their shape, and commute with whatever a stream does to a text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.recording.redaction.masks import is_masked, mask, mask_json_text

TEXTS = st.text(max_size=40) | st.text(st.characters(codec="ascii"), max_size=40)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Dear Ann, call 0171-5559", "Xxxx Xxx, xxxx 0000-0000"),
        ("1. **Bold** `code`\n```python\nprint(7)\n```", "0. **Xxxx** `xxxx`\n```xxxxxx\nxxxxx(0)\n```"),
        ("José Ångström", "Xxxø Øxxxxxøx"),
        ("你好，世界。ひらがな 한국어", "文文，文文。文文文文 文文文"),
        ("สวัสดี", "กกกกกก"),
        ("Привет", "Øøøøøø"),
        ("🎉 party 👩‍💻 ☀️", "🙂 xxxxx 🙂‍🙂 ★️"),
        ("→ ├── 3 € “quoted” …", "→ ├── 0 € “xxxxxx” …"),
        ("\ue200cite\ue202turn0\ue201", "\ue200xxxx\ue202xxxx0\ue201"),
        ("", ""),
    ],
)
def test_words_go_and_the_shape_stays(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert is_masked(masked)
    assert is_masked(text) == (text == masked)


@settings(max_examples=50)
@given(TEXTS, TEXTS)
def test_a_mask_commutes_with_cuts_and_has_every_length(one: str, other: str) -> None:
    assert mask(one + other) == mask(one) + mask(other)
    masked = mask(one)
    assert mask(masked) == masked
    assert len(masked) == len(one)
    for encoding in ("utf-8", "utf-16-le"):
        old, new = (text.encode(encoding, "surrogatepass") for text in (one, masked))
        assert len(old) == len(new)


@settings(max_examples=50)
@given(st.characters(min_codepoint=0x10000))
def test_a_pair_may_be_cut_between_its_halves(character: str) -> None:
    data = character.encode("utf-16-le")
    high, low = (data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in (0, 2))
    told = (mask(high) + mask(low)).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    assert told == mask(character)


@settings(max_examples=50)
@given(TEXTS, st.integers(1, 3), st.booleans())
def test_a_json_string_is_masked_as_it_is_spelled(text: str, depth: int, ascii_only: bool) -> None:
    raw = text
    for _ in range(depth):
        raw = json.dumps(raw, ensure_ascii=ascii_only)[1:-1]
    told = mask_json_text(raw, depth=depth)
    assert len(told) == len(raw)
    assert len(told.encode("utf-8", "surrogatepass")) == len(raw.encode("utf-8", "surrogatepass"))
    for _ in range(depth):
        told = json.loads(f'"{told}"')
    # Halves that were escaped apart are one character when they are read.
    whole = mask(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert told.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass") == whole


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        (r"caf\u00e9 \u003D \u00C9", r"xxx\u00f8 \u003D \u00D8"),
        (r"a\/b\n\"c\\d", r"x\/x\n\"x\\x"),
        (r"\ud83c\udf89", r"\ud83d\ude42"),
        (r"\\u0041 is text", r"\\x0000 xx xxxx"),
        (r"cut at \u9", r"xxx xx \u0"),
        ("cut at \\", "xxx xx \\"),
    ],
)
def test_escapes_keep_their_length(raw: str, masked: str) -> None:
    assert mask_json_text(raw) == masked
