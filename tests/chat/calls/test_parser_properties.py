"""What holds of the parser for any answer, any cut and any call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.vocabulary import TextDelta, Tool, ToolCall
from tests.chat.calls.kit import FENCE, NONCE, PROTOCOL, calls_of, faults_of, parse, text_of

FRAGMENTS = [
    *("```", "~~~", "````md", "``", "`", f"call_{NONCE}", FENCE, f"~~~call_{NONCE}\n", "<result"),
    *(
        f"<result_{NONCE}>",
        "\n",
        "\r\n",
        "\n\n",
        " ",
        "   ",
        "\t",
        "- ",
        "1. ",
        "> ",
        "word",
        "ü",
        "😀",
        "\u2028",
    ),
    *("\\", '"', "\\u", "\\ud83d", "{", "}", "[", "]", ",", ":", "true", "None", "1.5", "'", "//"),
    *(
        '"arguments": {',
        '{"name": "read_file", "arguments": {"path": "a"}}',
        '{"name": "apply_patch", "input": "',
    ),
    '{"name": "write_file", "arguments": {"path": "a", "content": "',
]

ANSWERS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=25).map("".join)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40) | ANSWERS.map(
    lambda text: text.encode("utf-8", "replace").decode()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=4)
NAMES = st.text(
    st.characters(codec="ascii", categories=("L", "N"), include_characters="_-."), min_size=1, max_size=12
)


def cuts_of(data: st.DataObject, text: str) -> list[int]:
    return data.draw(st.lists(st.integers(0, len(text)), max_size=8), label="cuts")


@given(ANSWERS, st.data(), st.sampled_from([0, 5, 2048]))
@settings(max_examples=100, deadline=None)
def test_no_cut_changes_what_comes_out_of_any_answer(
    answer: str, data: st.DataObject, held_chars: int
) -> None:
    whole = parse(answer, held_chars=held_chars)
    assert parse(answer, cuts_of(data, answer), held_chars=held_chars) == whole
    assert parse(answer, range(len(answer)), held_chars=held_chars) == whole


@given(ANSWERS)
@settings(max_examples=40, deadline=None)
def test_text_comes_in_its_order_and_nothing_is_made_up(answer: str) -> None:
    # Whatever the parser takes for a call: the text is what is left of the answer.
    position = 0
    for piece in parse(answer):
        if isinstance(piece, TextDelta):
            for line in piece.text.splitlines(keepends=True):
                position = answer.index(line, position) + len(line)


@given(st.text(max_size=300) | ANSWERS)
@settings(max_examples=40, deadline=None)
def test_an_answer_without_the_marker_passes_byte_for_byte(answer: str) -> None:
    answer = answer.replace(NONCE, "nonce").replace(NONCE.upper(), "nonce")
    assert text_of(parse(answer)) == answer


@given(ARGUMENTS, NAMES, st.data(), st.sampled_from([5, 2048]))
@settings(max_examples=40, deadline=None)
def test_any_call_comes_back_as_it_was_rendered(
    arguments: dict[str, Any], name: str, data: st.DataObject, held_chars: int
) -> None:
    text = json.dumps(arguments, ensure_ascii=data.draw(st.booleans()))
    protocol = CallProtocol(NONCE, (Tool(name=name),))
    answer = protocol.render_call(ToolCall(id="1", name=name, arguments=text))
    pieces = parse(answer, cuts_of(data, answer), held_chars=held_chars, by=protocol)
    assert faults_of(pieces) == []
    [(called, received)] = calls_of(pieces)
    assert called == name
    assert json.loads(received) == arguments
    assert text_of(pieces) == ""


@given(TEXTS, st.data(), st.sampled_from([0, 2048]))
@settings(max_examples=40, deadline=None)
def test_any_plain_text_comes_back_as_it_was_rendered(
    text: str, data: st.DataObject, held_chars: int
) -> None:
    call = ToolCall(id="1", name="apply_patch", arguments=text, freeform=True)
    answer = PROTOCOL.render_call(call)
    pieces = parse(answer, cuts_of(data, answer), held_chars=held_chars)
    assert calls_of(pieces) == [("apply_patch", text)]


@given(st.lists(TEXTS, min_size=2, max_size=4), ARGUMENTS)
@settings(max_examples=40, deadline=None)
def test_calls_between_any_texts_are_found(texts: list[str], arguments: dict[str, Any]) -> None:
    # Texts whose own lines could open a block are another test's matter.
    texts = [
        text.translate({ord("`"): "'", ord("~"): "-", ord("<"): "("}).replace("\n ", "\n") for text in texts
    ]
    call = ToolCall(id="1", name="anything", arguments=json.dumps(arguments))
    answer = f"\n{PROTOCOL.render_call(call)}\n".join(texts)
    pieces = parse(answer)
    assert [name for name, _ in calls_of(pieces)] == ["anything"] * (len(texts) - 1)
    assert "".join(text_of(pieces).split()) == "".join("".join(texts).split())


@pytest.mark.parametrize(
    "answer",
    [
        f"{FENCE}{'[' * 5000}",
        f"{FENCE}{'[' * 900}{']' * 900}\n```",
        FENCE + '[{"name": "anything", "arguments": {"a":' + "[" * 980 + "]" * 980 + "}}]\n```",
        f"{FENCE}{'[' * 5000}{']' * 5000}\n```",
        FENCE + '{"name": "anything", "arguments": {"a":' * 400 + "1" + "}" * 900 + "\n```",
        FENCE + '{"name": "anything", "arguments": {"n": ' + "9" * 6000 + "}}\n```",
        FENCE + '{"name": "anything", "arguments": {"n": NaN}}\n```',
        FENCE + '{"name": "anything", "arguments": {"n": 1e999}}\n```',
        f"{FENCE}{{'name': 'anything', 'arguments': {{{'a' * 300_000}}}}}\n```",
        "`" * 10_000,
        FENCE + '{"name": "anything"}\n```' + " " * 3_000 + "x",
        FENCE + "oh\n```" + " " * 3_000 + "x",
        " " * 10_000 + FENCE,
        f"```call_{NONCE}" + "x" * 10_000,
        f"```call_{NONCE} " + "x " * 10_000 + "\n{}",
    ],
)
def test_extremes_are_calls_faults_or_text_and_never_raise(answer: str) -> None:
    for held_chars in (10, 2048):
        pieces = parse(answer, held_chars=held_chars)
        assert pieces
        assert parse(answer, range(0, len(answer), 997), held_chars=held_chars) == pieces


def test_time_is_linear_in_the_answer() -> None:
    # Character by character, with everything held that can be: a second look at what came before would
    # take long here.
    body = json.dumps({"path": "a", "content": 'x = "y"\n```\n' * 2_000})
    answer = f'{"word " * 5_000}\n{FENCE}{{"name": "write_file", "arguments": {body}}}\n```\n'
    pieces = parse(answer, range(len(answer)), held_chars=10**9)
    assert calls_of(pieces) == [("write_file", body)]
