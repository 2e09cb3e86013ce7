"""Answers that have to be JSON: what the model is told, and what is found in what it wrote."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat.structured import (
    check_output,
    output_closing,
    output_correction,
    output_instructions,
    read_output,
)
from cdp_relay.chat.vocabulary import OutputFormat
from cdp_relay.errors import InvalidRequest

ANY = OutputFormat()
PERSON = OutputFormat(
    name="person",
    description="Who it is.",
    schema={
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name", "age"],
        "additionalProperties": False,
    },
)
ADA = '{"name": "Ada", "age": 36}'


def read(text: str, output: OutputFormat = PERSON, *, whole: bool = True) -> str | None:
    return read_output(text, output, whole=whole).text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ADA, ADA),
        (f"\n  {ADA}\n", ADA),
        (f"```json\n{ADA}\n```", ADA),
        (f"Here you are:\n\n~~~\n{ADA}\n~~~\n\nAnything else?", ADA),
        (f"The person is {ADA}.", ADA),
        # Its own spelling is kept where it is JSON to the letter.
        ('{ "age":36,\n\t"name":"A\\u0064a" }', '{ "age":36,\n\t"name":"A\\u0064a" }'),
        # The one that fits, wherever it stands.
        (f'For example {{"name": "X"}} is short. Yours:\n```json\n{ADA}\n```', ADA),
        # Mended, and then told anew.
        ("{'name': 'Ada', 'age': 36,}", '{"name":"Ada","age":36}'),
        ('{"name": "Ada", "age": "36"}', '{"name":"Ada","age":36}'),
        ('{"name": "Ada", "age": 36, "tags": "math"}', '{"name":"Ada","age":36,"tags":["math"]}'),
        ('{"name": "A\nda", "age": 36}', '{"name":"A\\nda","age":36}'),
        # Never guessed.
        ('{"name": "Ada", "age": "many"}', None),
        ('{"name": "Ada"}', None),
        ('{"name": "Ada", "age": 36, "more": 1}', None),
        ('{"name": "Ada", "age": 3', None),
        ("I cannot help with that.", None),
        ("", None),
    ],
)
def test_the_json_of_an_answer(answer: str, expected: str | None) -> None:
    assert read(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [('{"a": [1, 2]}', '{"a": [1, 2]}'), ("[1, 2]", None), ("NaN", None), ("{}", "{}")],
)
def test_without_a_schema_any_object_will_do(answer: str, expected: str | None) -> None:
    assert read(answer, ANY) == expected


def test_a_schema_need_not_want_an_object() -> None:
    assert (
        read("Sure: [1, 2]", OutputFormat(schema={"type": "array", "items": {"type": "integer"}})) == "[1, 2]"
    )


def test_what_broke_off_is_not_mended() -> None:
    assert read("{'name': 'Ada', 'age': 36}", whole=False) is None
    assert read(ADA, whole=False) == ADA


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ('{"name": "Ada", "age": "many"}', "the answer.age: 'many' is not of type 'integer'"),
        ('{"name": "Ada"}', "'age' is a required property"),
        ("No.", "there is no JSON in the answer"),
        ('{"name": "Ada", "age": 3', "the answer is no valid JSON"),
        ("", "the answer is empty"),
    ],
)
def test_what_is_wrong_is_said_in_words(answer: str, problem: str) -> None:
    problems = read_output(answer, PERSON, whole=True).problems
    assert problem in problems[0]
    assert problem in output_correction(problems, PERSON)


def test_the_prompt_holds_the_whole_schema_on_one_line() -> None:
    told = output_instructions(PERSON, tools=False)
    assert json.loads(told.splitlines()[-1]) == PERSON.schema
    assert "Who it is." in told
    assert "person" in told
    assert "tool" not in told + output_closing(tools=False)
    assert "tool" in output_instructions(PERSON, tools=True)
    assert "one JSON object" in output_instructions(ANY, tools=False)


@pytest.mark.parametrize(
    "schema", [{"type": "objekt"}, {"properties": []}, {"type": "object", "required": "a"}]
)
def test_a_schema_that_is_none_is_refused_before_anything_is_asked(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="JSON Schema"):
        check_output(OutputFormat(schema=schema))
    check_output(PERSON)
    check_output(ANY)


def test_a_schema_that_cannot_be_followed_lets_the_answer_through() -> None:
    # No other document is ever fetched for a client's schema.
    far = OutputFormat(schema={"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema"}}})
    assert read('{"a": 1}', far) == '{"a": 1}'


@given(
    value=st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none() | st.lists(st.text()))
)
def test_any_object_survives_its_wrapping(value: dict[str, Any]) -> None:
    written = json.dumps(value, ensure_ascii=False)
    for answer in (written, f"```json\n{written}\n```", f"It is {written}"):
        assert json.loads(read(answer, ANY) or "null") == value


def test_prose_full_of_brackets_is_read_in_time() -> None:
    began = time.process_time()
    assert read("{[" * 100_000 + " no JSON") is None
    assert read('{"a": ' * 50_000) is None
    assert time.process_time() - began < 10
