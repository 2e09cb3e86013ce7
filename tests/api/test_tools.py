"""Tools in Chat Completions: read in all their spellings, and calls written as the SDK's types have them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from openai.types.chat import ChatCompletion as SdkCompletion
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageFunctionToolCall

from cdp_relay.api.chat_completions.answer import ChunkWriter, WholeAnswer
from cdp_relay.api.chat_completions.request import ChatCompletion, read_chat_completion
from cdp_relay.api.json_body import parse_object
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FinishReason,
    OutputFormat,
    RequestId,
    TextDelta,
    TextPart,
    Tool,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolChoice,
    ToolMode,
)
from cdp_relay.errors import InvalidRequest, InvalidText, UnsupportedValue
from tests.api.kit import ScriptedRelay, ask, check_whole_stream, finished, says, serving

HI = [{"role": "user", "content": "Hi"}]
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
READ = {"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}
RUN = {"type": "function", "function": {"name": "run", "strict": True, "parameters": None}}
PATCH = {"type": "custom", "custom": {"name": "patch", "description": "Edits."}}


def read(**fields: Any) -> ChatCompletion:
    body = json.dumps({"model": "practice", "messages": HI, **fields}).encode()
    return read_chat_completion(parse_object(body), request_id=RequestId("req_1"), client="test")


# --- reading -------------------------------------------------------------------------------------


def test_tools_are_read_in_all_their_spellings() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": 'start: "x"'}}
    flat = {"type": "function", "name": "flat", "parameters": SCHEMA, "strict": False}
    made = {"type": "custom", "custom": {"name": "made", "format": grammar}}
    request = read(tools=[READ, RUN, PATCH, flat, made, {"type": "custom", "name": "free"}]).request
    assert request.tools == (
        Tool(name="read", description="Reads.", parameters=SCHEMA),
        Tool(name="run"),
        Tool(name="patch", description="Edits.", freeform=True),
        Tool(name="flat", parameters=SCHEMA),
        Tool(
            name="made",
            description='The input has to follow this lark grammar:\nstart: "x"',
            freeform=True,
        ),
        Tool(name="free", freeform=True),
    )
    assert request.tool_choice == ToolChoice()


def test_functions_of_older_clients_are_tools_of_which_one_is_called_at_a_time() -> None:
    completion = read(functions=[READ["function"]], function_call={"name": "read"})
    assert completion.legacy
    assert [tool.name for tool in completion.request.tools] == ["read"]
    assert completion.request.tool_choice == ToolChoice(
        mode=ToolMode.REQUIRED, names=("read",), parallel=False
    )
    assert not read(tools=[READ], functions=[]).legacy


def test_what_cannot_be_offered_is_named_and_never_refused() -> None:
    completion = read(
        tools=[{"type": "web_search"}, READ, {"type": "mcp", "server_url": "x"}, {"type": "mcp"}, READ],
        tool_choice={"type": "web_search"},
    )
    assert completion.given == (
        "tools.web_search",
        "tools.mcp",
        "tools[1].function (declared again)",
        "tool_choice.web_search",
    )
    assert completion.request.tool_choice == ToolChoice()
    only_theirs = read(tools=[{"type": "web_search"}], tool_choice="required")
    assert (only_theirs.request.tools, only_theirs.request.tool_choice) == ((), ToolChoice())
    assert only_theirs.given == ("tools.web_search", "tool_choice")


def test_a_tool_that_is_declared_again_is_what_it_was_declared_last() -> None:
    again = {"type": "function", "function": {"name": "read", "description": "Newer."}}
    assert read(tools=[READ, again]).request.tools == (Tool(name="read", description="Newer."),)


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice(mode=ToolMode.NONE)),
        ("required", ToolChoice(mode=ToolMode.REQUIRED)),
        ("any", ToolChoice(mode=ToolMode.REQUIRED)),
        ({"type": "function", "function": {"name": "read"}}, (ToolMode.REQUIRED, "read")),
        ({"type": "function", "name": "read"}, (ToolMode.REQUIRED, "read")),
        ({"type": "custom", "custom": {"name": "patch"}}, (ToolMode.REQUIRED, "patch")),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [READ, PATCH]}},
            (ToolMode.REQUIRED, "read", "patch"),
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "run"}]},
            (ToolMode.AUTO, "run"),
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "mcp"}]}},
            (ToolMode.NONE,),
        ),
    ],
)
def test_a_choice_is_read(choice: Any, wanted: ToolChoice | tuple[Any, ...]) -> None:
    if isinstance(wanted, tuple):
        wanted = ToolChoice(mode=wanted[0], names=wanted[1:])
    assert read(tools=[READ, RUN, PATCH], tool_choice=choice).request.tool_choice == wanted


def test_calls_one_at_a_time_when_that_is_asked_for() -> None:
    assert read(tools=[READ], parallel_tool_calls=True).request.tool_choice.parallel
    one = read(tools=[READ], tool_choice="required", parallel_tool_calls=False).request.tool_choice
    assert one == ToolChoice(mode=ToolMode.REQUIRED, parallel=False)


def _deep(levels: int) -> dict[str, Any]:
    return {"properties": {"x": _deep(levels - 1)}} if levels else {}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": " "}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "x" * 300}}]}, "tools[0].function.name"),
        ({"tools": [{"type": 1}]}, "tools[0].type"),
        ({"tools": [{"type": "custom", "custom": "x"}]}, "tools[0].custom"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "description": 1}}]},
            "tools[0].function.description",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": _deep(50)}}]},
            "tools[0].function.parameters",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"title": "\ud83d"}}}]},
            "tools[0].function.parameters",
        ),
        ({"functions": [{"name": 1}]}, "functions[0].name"),
        ({"tools": [READ], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [READ], "tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tools": [READ], "tool_choice": {"type": {}}}, "tool_choice.type"),
        (
            {"tools": [READ], "tool_choice": {"type": "function", "function": {"name": "write"}}},
            "tool_choice.function.name",
        ),
        ({"functions": [READ["function"]], "function_call": {"name": "write"}}, "function_call.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        (
            {
                "tools": [READ],
                "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
            },
            "tool_choice.allowed_tools.tools",
        ),
        ({"tools": [READ], "parallel_tool_calls": "yes"}, "parallel_tool_calls"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": []}}},
            "response_format.json_schema.schema",
        ),
        ({"response_format": {"type": "json_object", "schema": "x"}}, "response_format.schema"),
    ],
)
def test_a_wrong_tool_choice_or_format_names_its_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises((InvalidRequest, InvalidText, UnsupportedValue)) as caught:
        read(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, OutputFormat()),
        ({"type": "json_object", "schema": SCHEMA}, OutputFormat(schema=SCHEMA)),
        (
            {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": SCHEMA}},
            OutputFormat(schema=SCHEMA, name="r"),
        ),
        (
            {"type": "json_schema", "json_schema": {"name": None, "description": "D", "schema": {}}},
            OutputFormat(schema={}, description="D"),
        ),
    ],
)
def test_the_form_of_the_answer_is_read(form: Any, wanted: OutputFormat | None) -> None:
    assert read(response_format=form).request.output == wanted


def test_a_round_of_calls_is_read_from_the_history() -> None:
    pixel = "data:image/png;base64,iVBORw0KGgo="
    call = {"id": "1", "type": "function", "function": {"name": "read", "arguments": None}}
    request = read(
        tools=[READ],
        messages=[
            *HI,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": None},
            {"role": "tool", "tool_call_id": "2", "content": ""},
            {
                "role": "tool",
                "tool_call_id": "3",
                "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image_url", "image_url": {"url": pixel}},
                ],
            },
        ],
    ).request
    _, assistant, nothing, empty, parts = request.messages
    assert assistant.tool_calls[0].arguments == ""
    assert nothing.parts == ()
    assert empty.text == ""
    assert parts.parts[0] == TextPart("see")
    assert [file.media_type for file in parts.files] == ["image/png"]


def test_calls_of_kinds_that_nobody_knows_are_left_out_by_name() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    searched = {"id": "2", "type": "web_search", "query": "x"}
    messages = [*HI, {"role": "assistant", "content": None, "tool_calls": [searched, call]}]
    completion = read(messages=messages)
    assert [one.id for one in completion.request.messages[1].tool_calls] == ["1"]
    assert completion.given == ("messages[1].tool_calls[0] (web_search)",)


def test_what_a_tool_printed_is_mended_as_no_client_can_take_it_back() -> None:
    for content in ("a\0b\ud83d", [{"type": "text", "text": "a\0b\ud83d"}]):
        messages = [*HI, {"role": "tool", "tool_call_id": "1", "content": content}]
        assert read(messages=messages).request.messages[1].text == "a\ufffdb\ufffd"


# --- writing -------------------------------------------------------------------------------------


def called(index: int, name: str, *pieces: str, freeform: bool = False) -> list[ChatEvent]:
    """The events of one call."""
    which: dict[str, Any] = {"index": index, "id": f"call_{index}", "name": name, "freeform": freeform}
    return [
        ToolCallBegan(**which),
        *(ToolCallArguments(index, piece) for piece in pieces),
        ToolCallEnded(**which, arguments="".join(pieces)),
    ]


HARD = '{"text": "\\t\\\\ \\"q\\" `t` 漢 😀 \\ud83d"}'
CALLS: list[ChatEvent] = [
    TextDelta("First "),
    *called(0, "read", '{"path"', ': "a"}'),
    *called(1, "run", HARD),
    *called(2, "patch", "*** Begin\n", "x", freeform=True),
    finished(FinishReason.TOOL_CALLS),
]
WRITTEN = [
    {"id": "call_0", "type": "function", "function": {"name": "read", "arguments": '{"path": "a"}'}},
    {"id": "call_1", "type": "function", "function": {"name": "run", "arguments": HARD}},
    {"id": "call_2", "type": "custom", "custom": {"name": "patch", "input": "*** Begin\nx"}},
]


def gathered(chunks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls of a stream, put together as clients do it."""
    calls: list[dict[str, Any]] = []
    for chunk in chunks:
        for delta in chunk["choices"][0]["delta"].get("tool_calls", ()) if chunk["choices"] else ():
            if "id" in delta:
                assert delta["index"] == len(calls)
                calls.append({key: value for key, value in delta.items() if key != "index"})
                continue
            assert delta["index"] == len(calls) - 1
            kind = calls[-1]["type"]
            for key, value in delta[kind].items():
                calls[-1][kind][key] += value
    return calls


async def test_calls_are_the_same_whole_and_streamed() -> None:
    async with serving(ScriptedRelay(says(*CALLS))) as server:
        whole = (await ask(server, tools=[READ, RUN, PATCH])).json()
        stream = await ask(server, tools=[READ, RUN, PATCH], stream=True)
    (choice,) = whole["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("First ", "tool_calls")
    assert choice["message"]["tool_calls"] == WRITTEN
    assert SdkCompletion.model_validate(whole, strict=True).choices[0].message.tool_calls
    chunks = check_whole_stream(stream.body)
    assert gathered(chunks) == WRITTEN
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def whole_of(*events: ChatEvent, legacy: bool = False) -> dict[str, Any]:
    writer = WholeAnswer(id="c", created=1, label="m", legacy=legacy)
    for event in events:
        writer.feed(event)
    answer: dict[str, Any] = json.loads(writer.render())
    return answer


def chunks_of(*events: ChatEvent, legacy: bool = False) -> list[dict[str, Any]]:
    writer = ChunkWriter(
        id="c", created=1, label='a "model" 😀', include_usage=False, request_id="req_1", legacy=legacy
    )
    return check_whole_stream(writer.open() + b"".join(writer.feed(event) for event in events))


def test_an_answer_of_calls_alone_has_no_content() -> None:
    message = whole_of(*called(0, "read", "{}"), finished(FinishReason.TOOL_CALLS))["choices"][0]["message"]
    assert message["content"] is None
    assert message["tool_calls"][0]["function"] == {"name": "read", "arguments": "{}"}
    call = (
        SdkCompletion.model_validate(
            whole_of(*called(0, "read", "{}"), finished(FinishReason.TOOL_CALLS)), strict=True
        )
        .choices[0]
        .message.tool_calls
    )
    assert call is not None
    assert isinstance(call[0], ChatCompletionMessageFunctionToolCall)


def test_a_call_whose_arguments_came_in_no_pieces_has_them_all_the_same() -> None:
    began, ended = (
        called(0, "read")[0],
        ToolCallEnded(index=0, id="call_0", name="read", arguments='{"a": 1}'),
    )
    chunks = chunks_of(began, ended, *called(1, "run", "{}"), finished(FinishReason.TOOL_CALLS))
    assert [call["function"]["arguments"] for call in gathered(chunks)] == ['{"a": 1}', "{}"]
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)


def test_functions_of_older_clients_are_answered_in_their_spelling() -> None:
    events = [
        *called(0, "read", '{"path"', ': "a"}'),
        *called(1, "run", "{}"),
        finished(FinishReason.TOOL_CALLS),
    ]
    (choice,) = whole_of(*events, legacy=True)["choices"]
    assert choice["message"]["function_call"] == {"name": "read", "arguments": '{"path": "a"}'}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"
    chunks = chunks_of(*events, legacy=True)
    deltas = [chunk["choices"][0]["delta"].get("function_call", {}) for chunk in chunks]
    assert "".join(delta.get("name", "") for delta in deltas) == "read"
    assert "".join(delta.get("arguments", "") for delta in deltas) == '{"path": "a"}'
    assert chunks[-1]["choices"][0]["finish_reason"] == "function_call"


def test_the_extension_says_what_cut_the_answer_and_who_counted() -> None:
    extension = chunks_of(TextDelta("x"), finished(stop_sequence="END"))[-1]["cdp_relay"]
    assert (extension["stop_sequence"], extension["usage_source"]) == ("END", "estimate")
