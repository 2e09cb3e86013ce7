from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from cdp_relay.api.chat_completions.request import ChatCompletion, read_chat_completion
from cdp_relay.api.json_body import parse_object
from cdp_relay.chat.vocabulary import RequestId, Role, ToolCall
from cdp_relay.errors import InvalidRequest, InvalidText, UnsupportedValue

HI = [{"role": "user", "content": "Hi"}]


def read(**fields: Any) -> ChatCompletion:
    body = {"model": "practice", "messages": HI, **fields}
    return read_raw(json.dumps({name: value for name, value in body.items() if value is not ...}))


def read_raw(body: str) -> ChatCompletion:
    return read_chat_completion(parse_object(body.encode()), request_id=RequestId("req_1"), client="test")


def roles_and_texts(completion: ChatCompletion) -> list[tuple[Role, str]]:
    return [(message.role, message.text) for message in completion.request.messages]


def test_a_plain_question_is_read() -> None:
    completion = read()
    assert completion.request.id == "req_1"
    assert completion.request.model == "practice"
    assert completion.request.client == "test"
    assert roles_and_texts(completion) == [(Role.USER, "Hi")]
    assert not completion.stream
    assert not completion.include_usage
    assert completion.given == ()


def test_roles_of_newer_and_older_clients_are_read() -> None:
    completion = read(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Q", "name": "anna"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "42"},
        ]
    )
    assert roles_and_texts(completion) == [
        (Role.SYSTEM, "Be brief."),
        (Role.SYSTEM, "Be kind."),
        (Role.USER, "Q"),
        (Role.ASSISTANT, ""),
        (Role.TOOL, "42"),
    ]
    assert completion.request.messages[2].name == "anna"
    assert completion.request.messages[3].tool_calls == (ToolCall(id="", name="f", arguments="{}"),)
    assert completion.request.messages[4].name == "f"


def test_tool_calls_and_their_results_are_kept() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "run", "arguments": '{"a": "\\t"}'}}
    custom = {"id": "call_2", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    completion = read(
        messages=[
            *HI,
            {
                "role": "assistant",
                "content": "On it.",
                "tool_calls": [call, custom],
                "reasoning_content": "hm",
            },
            {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "ok"}]},
        ]
    )
    _, assistant, result = completion.request.messages
    assert assistant.tool_calls == (
        ToolCall(id="call_1", name="run", arguments='{"a": "\\t"}'),
        ToolCall(id="call_2", name="patch", arguments="*** Begin", freeform=True),
    )
    assert assistant.text == "On it."
    assert (result.role, result.tool_call_id, result.text) == (Role.TOOL, "call_1", "ok")


def test_part_lists_are_read_and_old_thinking_is_left_out() -> None:
    completion = read(
        messages=[
            {
                "role": "user",
                "content": [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}, "c"],
            },
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "refusal", "refusal": "no"}],
            },
        ]
    )
    assert roles_and_texts(completion) == [(Role.USER, "a\nb\nc"), (Role.ASSISTANT, "no")]


def test_text_comes_through_unchanged() -> None:
    text = '\t\\n "quotes" `ticks` <b>&amp;</b> $x \u202eעברית 漢字 😀\r\n\n\n  end '
    assert roles_and_texts(read(messages=[{"role": "user", "content": text}])) == [(Role.USER, text)]


def test_what_a_page_cannot_honour_is_named_and_let_through() -> None:
    completion = read(
        stream=True,
        stream_options={"include_usage": True},
        n=1,
        temperature=0,
        max_tokens=100,
        top_p=None,
        stop=[],
        store=False,
        seed=1,
        tools=[{"type": "function", "function": {"name": "f"}}, {"type": "web_search"}],
        tool_choice="required",
        response_format={"type": "json_object"},
        brand_new={"x": 1},
        messages=[*HI, {"role": "robot", "content": "Beep."}],
    )
    assert roles_and_texts(completion)[-1] == (Role.USER, "Beep.")
    assert completion.stream
    assert completion.include_usage
    assert completion.given == (
        "temperature",
        "seed",
        "brand_new",
        "tools.web_search",
        "messages[1].role (robot)",
    )


def test_defaults_that_say_nothing_are_not_named() -> None:
    assert read(tool_choice="none", response_format={"type": "text"}, logprobs=False).given == ()


_WRONG_BY_TYPE: dict[str, list[Any]] = {
    "model": [..., None, 1, [], {}, True],
    "messages": [..., None, "Hi", {}, 1],
    "stream": ["true", 1, []],
    "stream_options": ["x", [], True],
    "n": ["1", 1.5, True, []],
    "temperature": ["0.7", True, []],
    "top_p": ["1", {}],
    "presence_penalty": ["0", True],
    "frequency_penalty": [[], "0"],
    "max_tokens": ["100", 1.5, True],
    "max_completion_tokens": ["100", {}],
    "seed": ["1", 0.5],
    "stop": [1, {}, True],
    "logit_bias": [[], "x"],
    "logprobs": ["yes", 1],
    "top_logprobs": ["3", True],
    "tools": ["x", {}, 1],
    "tool_choice": [1, [], True],
    "parallel_tool_calls": ["x", 1],
    "functions": [{}, "x"],
    "function_call": [1, []],
    "response_format": ["json", [], 1],
    "reasoning_effort": [1, {}],
    "user": [1, {}],
    "store": ["x", 1],
    "metadata": ["x", []],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in _WRONG_BY_TYPE.items() for value in values]
)
def test_a_wrong_type_in_a_field_names_the_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**{field: value})
    assert caught.value.param == field
    assert field in caught.value.message


_WRONG_DEEPER: list[tuple[dict[str, Any], str]] = [
    ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
    ({"stop": ["a", 1]}, "stop[1]"),
    ({"tools": [{"type": "x"}, 1]}, "tools[1]"),
    ({"response_format": {"type": 1}}, "response_format.type"),
    ({"response_format": {}}, "response_format.type"),
    ({"temperature": 3}, "temperature"),
    ({"top_p": -0.1}, "top_p"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"n": 0}, "n"),
    ({"model": "  "}, "model"),
    ({"model": "x" * 300}, "model"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "user", "content": " \n"}]}, "messages"),
    ({"messages": ["Hi"]}, "messages[0]"),
    ({"messages": [*HI, None]}, "messages[1]"),
    ({"messages": [{"content": "Hi"}]}, "messages[0].role"),
    ({"messages": [{"role": 1, "content": "Hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": {"type": "text"}}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"type": 1}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
    ({"messages": [{"role": "user", "content": "Hi", "name": 1}]}, "messages[0].name"),
    ({"messages": [*HI, {"role": "tool", "content": "x"}]}, "messages[1].tool_call_id"),
    ({"messages": [*HI, {"role": "tool", "content": "x", "tool_call_id": 1}]}, "messages[1].tool_call_id"),
    ({"messages": [*HI, {"role": "function", "content": "x"}]}, "messages[1].name"),
    ({"messages": [*HI, {"role": "assistant", "tool_calls": {}}]}, "messages[1].tool_calls"),
    ({"messages": [*HI, {"role": "assistant", "tool_calls": [1]}]}, "messages[1].tool_calls[0]"),
    (
        {"messages": [*HI, {"role": "assistant", "tool_calls": [{"id": "1", "type": 1}]}]},
        "messages[1].tool_calls[0].type",
    ),
    (
        {"messages": [*HI, {"role": "assistant", "tool_calls": [{"id": "1", "function": "f"}]}]},
        "messages[1].tool_calls[0].function",
    ),
    (
        {
            "messages": [
                *HI,
                {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
            ]
        },
        "messages[1].tool_calls[0].id",
    ),
    (
        {
            "messages": [
                *HI,
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}],
                },
            ]
        },
        "messages[1].tool_calls[0].function.arguments",
    ),
    ({"messages": [*HI, {"role": "assistant", "function_call": "f"}]}, "messages[1].function_call"),
    ({"messages": [*HI, {"role": "assistant", "refusal": 1}]}, "messages[1].refusal"),
]


@pytest.mark.parametrize(("fields", "param"), _WRONG_DEEPER)
def test_a_wrong_value_deep_inside_names_its_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "kind",
    ["image", "document", "input_audio", "audio", "video_url", "hologram"],
)
def test_parts_that_would_be_lost_are_refused_by_name(kind: str) -> None:
    part = {"type": kind, kind: {"url": "data:,"}}
    with pytest.raises(UnsupportedValue) as caught:
        read(messages=[*HI, {"role": "user", "content": [{"type": "text", "text": "see"}, part]}])
    assert caught.value.param == "messages[1].content[1].type"
    assert kind in caught.value.message


def test_several_answers_are_refused() -> None:
    with pytest.raises(UnsupportedValue) as caught:
        read(n=2)
    assert caught.value.param == "n"


def test_a_spoken_answer_in_the_history_is_refused() -> None:
    with pytest.raises(UnsupportedValue) as caught:
        read(messages=[*HI, {"role": "assistant", "audio": {"id": "audio_1"}}])
    assert caught.value.param == "messages[1].audio"


_BAD_TEXTS: list[tuple[str, str, int]] = [
    (r'{"role": "user", "content": "ab\ud83d"}', "messages[0].content", 2),
    (r'{"role": "user", "content": "\ude00x"}', "messages[0].content", 0),
    (r'{"role": "user", "content": "😀\u0000"}', "messages[0].content", 1),
    (
        r'{"role": "user", "content": [{"type": "text", "text": "a\u0000\ud83d"}]}',
        "messages[0].content[0].text",
        1,
    ),
    (r'{"role": "user", "content": "x", "name": "\ud83d"}', "messages[0].name", 0),
    (
        r'{"role": "assistant", "tool_calls":'
        r' [{"id": "1", "function": {"name": "f", "arguments": "\ud83d"}}]}',
        "messages[0].tool_calls[0].function.arguments",
        0,
    ),
]


@pytest.mark.parametrize(("message", "param", "position"), _BAD_TEXTS)
def test_half_an_emoji_or_a_nul_is_refused_with_its_position(message: str, param: str, position: int) -> None:
    with pytest.raises(InvalidText) as caught:
        read_raw(f'{{"model": "practice", "messages": [{message}]}}')
    assert caught.value.param == param
    assert caught.value.details["position"] == position
    assert f"position {position}" in caught.value.message


def test_a_surrogate_pair_in_two_escapes_is_a_whole_emoji() -> None:
    completion = read_raw(r'{"model": "practice", "messages": [{"role": "user", "content": "\ud83d\ude00"}]}')
    assert roles_and_texts(completion) == [(Role.USER, "😀")]


_BAD_BODIES: list[tuple[bytes, str]] = [
    (b"", "empty"),
    (b"  \n", "empty"),
    (b"{", "line 1, column 2"),
    (b'{"model": "x",\n "messages": [}', "line 2, column 15"),
    (b'{"model": "x"} trailing', "character 15"),
    (b"[]", "an array"),
    (b'"text"', "a string"),
    (b"null", "null"),
    (b"true", "true"),
    (b"12", "a number"),
    (b'{"temperature": NaN}', "NaN"),
    (b'{"temperature": -Infinity}', "-Infinity"),
    (b'{"seed": ' + b"9" * 5000 + b"}", "number"),
    (b'{"model": "\xff"}', "byte 11"),
    (b"\xef\xbb\xbf{}", "BOM"),
    (b'{"x": ' + b"[" * 200_000 + b"}", "nested"),
]


@pytest.mark.parametrize(("body", "hint"), _BAD_BODIES, ids=lambda value: repr(value)[:24])
def test_a_body_that_is_no_json_object_says_where_it_breaks(body: bytes, hint: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_object(body)
    assert hint in caught.value.message


def test_every_known_parameter_may_be_null() -> None:
    fields = dict.fromkeys(set(_WRONG_BY_TYPE) - {"model", "messages"})
    assert read(**fields).given == ()


_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    [[]],
    [None],
    {},
    {"type": "text"},
    {"role": "user"},
]


@pytest.mark.parametrize("name", [*_WRONG_BY_TYPE, "audio", "unknown"])
def test_no_value_of_a_field_is_more_than_a_bad_request(name: str) -> None:
    for value in _VALUES:
        for fields in ({name: value}, {"messages": [{"role": "assistant", "content": "x", name: value}]}):
            with suppress(InvalidRequest, InvalidText, UnsupportedValue):
                read(**fields)
