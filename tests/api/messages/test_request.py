from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_relay.api.json_body import parse_object
from cdp_relay.api.messages.request import MessagesRequest, read_messages
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.vocabulary import (
    FilePart,
    Message,
    RequestId,
    Role,
    TextPart,
    ToolCall,
    ToolChoice,
    ToolMode,
)
from cdp_relay.errors import InvalidRequest, InvalidText, RelayError, UnsupportedValue

HI = [{"role": "user", "content": "Hi"}]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 8
PNG_BLOCK = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": b64encode(PNG).decode()},
}
PDF_SOURCE = {"type": "base64", "media_type": "application/pdf", "data": b64encode(b"%PDF-1.7").decode()}
READ = {
    "name": "Read",
    "description": "Reads a file.",
    "input_schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"file_path": {"type": "string"}},
        "required": ["file_path"],
    },
}


def read(**fields: Any) -> MessagesRequest:
    body = {"model": "claude-opus-4-8", "max_tokens": 1024, "messages": HI, **fields}
    return read_raw(json.dumps({name: value for name, value in body.items() if value is not ...}).encode())


def read_raw(body: bytes) -> MessagesRequest:
    return read_messages(parse_object(body), request_id=RequestId("req_1"), client="test")


def said(*content: Any, role: str = "user", before: list[Any] = HI) -> tuple[Message, ...]:
    """The messages that one message of these blocks becomes."""
    read_request = read(messages=[*before, {"role": role, "content": list(content)}])
    return read_request.request.messages[len(before) :]


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


# --- what Claude Code sends ----------------------------------------------------------------------


CLAUDE_CODE: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "messages": [
        {
            "role": "user",
            "content": [
                text("<system-reminder>\nNever mind.\n</system-reminder>\n"),
                text("Make it green.", cache_control={"type": "ephemeral"}),
            ],
        },
        {"role": "system", "content": "Available agent types: none."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                text("I will look."),
                {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/a"}},
                {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "ls -l"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1\tblue\n"},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "is_error": True,
                    "content": [text("No such file"), PNG_BLOCK],
                },
                text("<system-reminder>Go on.</system-reminder>"),
            ],
        },
    ],
    "system": [
        text("x-anthropic-billing-header: cc_version=2.1.197.b5a; cc_entrypoint=sdk-cli;"),
        text("You are Claude Code.", cache_control={"type": "ephemeral"}),
        text("\nBe brief.\n"),
    ],
    "tools": [READ, {**READ, "name": "Bash"}],
    "metadata": {"user_id": '{"device_id":"x"}'},
    "max_tokens": 64000,
    "thinking": {"type": "adaptive"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "high"},
    "stream": True,
}


def test_what_claude_code_sends_is_read() -> None:
    got = read(**CLAUDE_CODE)
    asked = got.request
    assert [(message.role, message.text) for message in asked.messages] == [
        (Role.SYSTEM, "You are Claude Code."),
        (Role.SYSTEM, "\nBe brief.\n"),
        (Role.USER, "<system-reminder>\nNever mind.\n</system-reminder>\nMake it green."),
        (Role.SYSTEM, "Available agent types: none."),
        (Role.ASSISTANT, "I will look."),
        (Role.TOOL, "1\tblue\n"),
        (Role.TOOL, "No such file"),
        (Role.USER, "<system-reminder>Go on.</system-reminder>"),
    ]
    assert asked.messages[4].tool_calls == (
        ToolCall(id="toolu_1", name="Read", arguments='{"file_path": "/a"}'),
        ToolCall(id="toolu_2", name="Bash", arguments='{"command": "ls -l"}'),
    )
    first, second = asked.messages[5:7]
    assert (first.name, first.tool_call_id, first.failed) == ("Read", "toolu_1", False)
    assert (second.name, second.tool_call_id, second.failed) == ("Bash", "toolu_2", True)
    assert second.files == (FilePart(name="image.png", media_type="image/png", data=PNG),)
    assert [tool.name for tool in asked.tools] == ["Read", "Bash"]
    assert asked.tools[0].parameters == READ["input_schema"]
    assert asked.tools[0].description == "Reads a file."
    assert asked.wishes.effort == "high"
    assert asked.wishes.max_output_tokens == 64000
    assert asked.live
    assert got.stream
    assert got.thinking
    assert got.given == ("metadata", "context_management", "output_config.effort")


def test_its_request_for_a_title_is_read() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    got = read(
        tools=[],
        thinking={"type": "disabled"},
        temperature=1,
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": schema}},
    )
    assert got.request.output is not None
    assert got.request.output.schema == schema
    assert got.request.tools == ()
    assert not got.thinking


def test_the_least_is_a_model_and_a_message() -> None:
    got = read_raw(b'{"model": "practice", "messages": [{"role": "user", "content": "Hi"}]}')
    assert got.request.messages == (Message(role=Role.USER, parts=(TextPart("Hi"),)),)
    assert got.request.wishes.max_output_tokens is None
    assert not got.is_probe
    assert not got.stream
    assert not got.thinking
    assert got.given == ()


# --- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "texts"),
    [
        ("Be kind.", ["Be kind."]),
        ("", []),
        (None, []),
        ([], []),
        ([text("A"), text(""), "B"], ["A", "B"]),
        ([text("x-anthropic-billing-header: a=b;")], []),
        ("x-anthropic-billing-header: a\nBe kind.", ["x-anthropic-billing-header: a\nBe kind."]),
        ([text("Say x-anthropic-billing-header: a")], ["Say x-anthropic-billing-header: a"]),
    ],
)
def test_instructions_come_as_text_or_blocks(system: Any, texts: list[str]) -> None:
    asked = read(system=system).request
    assert [message.text for message in asked.messages if message.role is Role.SYSTEM] == texts


@pytest.mark.parametrize(
    ("role", "read_as"),
    [("system", Role.SYSTEM), ("developer", Role.SYSTEM), ("human", Role.USER), ("", Role.USER)],
)
def test_any_role_is_taken(role: str, read_as: Role) -> None:
    assert said(text("Hello"), role=role)[0].role is read_as


def test_blocks_of_the_user_are_kept_apart_and_those_of_the_assistant_are_not() -> None:
    pieces = [text("One"), text("two\n"), text("three"), text("\nfour"), text("")]
    assert said(*pieces)[0].text == "One\ntwo\nthree\nfour"
    assert said(*pieces, role="assistant")[0].text == "Onetwo\nthree\nfour"


def test_text_after_a_call_stays_after_it() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    first, second = said(text("Before."), call, text("After."), role="assistant")
    assert (first.text, [one.id for one in first.tool_calls]) == ("Before.", ["toolu_1"])
    assert (second.text, second.tool_calls) == ("After.", ())


def test_results_of_tools_come_in_every_form() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": None}
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_1"},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": None, "is_error": None},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": []},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text("a"), text("b")]},
        {
            "type": "tool_result",
            "tool_use_id": "other",
            "content": [
                {"type": "search_result", "source": "https://x", "title": "T", "content": [text("found")]},
                {"type": "tool_reference", "tool_name": "g"},
            ],
        },
    ]
    before = [*HI, {"role": "assistant", "content": [call]}]
    got = said(*results, before=before)
    assert [message.text for message in got] == [
        "",
        "",
        "",
        "a\nb",
        '<search_result title="T" source="https://x">\nfound\n</search_result>',
    ]
    assert {message.role for message in got} == {Role.TOOL}
    assert [message.name for message in got] == ["f"] * 4 + [None]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "secret", "signature": "x"},
        {"type": "redacted_thinking", "data": "secret"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "secret"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"title": "secret"}]},
        {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "secret"}},
        {"type": "mcp_tool_use", "id": "m", "name": "secret", "server_name": "s", "input": {}},
        {"type": "mcp_tool_result", "tool_use_id": "m", "is_error": False, "content": [text("secret")]},
        {"type": "container_upload", "file_id": "file_1"},
    ],
)
def test_what_only_a_server_makes_is_left_out_of_earlier_answers(block: Any) -> None:
    got = read(messages=[*HI, {"role": "assistant", "content": [block, text("Well.")]}, *HI])
    assert [message.text for message in got.request.messages] == ["Hi", "Well.", "Hi"]
    assert got.given == ()


def test_blocks_that_are_not_known_are_named() -> None:
    got = read(
        system=[text("S"), {"type": "hologram"}],
        messages=[
            {"role": "user", "content": [text("Hi"), {"type": "note", "text": "kept"}, {"type": "mood"}]},
            {"role": "assistant", "content": [{"type": "sparkle", "id": "1"}, text("Well.")]},
            {"role": "system", "content": [{"type": "tool_removal", "tool": {}}, text("More.")]},
        ],
    )
    assert [message.text for message in got.request.messages] == ["S", "Hi\nkept", "Well.", "More."]
    assert got.given == (
        "system[1] (hologram)",
        "messages[0].content[1] (note, all but its text)",
        "messages[0].content[2] (mood)",
        "messages[1].content[0] (sparkle)",
        "messages[2].content[0] (tool_removal)",
    )


def test_a_compacted_past_is_kept() -> None:
    (summary,) = said({"type": "compaction", "content": "So far: nothing."}, role="assistant")
    assert summary.text == "So far: nothing."
    assert said({"type": "compaction", "content": None}, role="assistant") == ()


def test_an_answer_that_was_begun_is_to_be_gone_on_with() -> None:
    messages = [*HI, {"role": "assistant", "content": [text("The best answer is (")]}]
    prompt = render_prompt(read(messages=messages).request.messages)
    assert "The best answer is (" in prompt
    assert "from its very last character" in prompt


# --- files -----------------------------------------------------------------------------------------


def test_images_and_documents_are_read() -> None:
    (message,) = said(
        text("Look:"),
        PNG_BLOCK,
        {
            "type": "image",
            "source": {"type": "url", "url": "data:image/png;base64," + b64encode(PNG).decode()},
        },
        {"type": "document", "source": PDF_SOURCE, "title": "Report", "context": "From June."},
        {"type": "document", "source": PDF_SOURCE, "title": "a.pdf", "citations": {"enabled": True}},
    )
    assert [(file.name, file.media_type) for file in message.files] == [
        ("image.png", "image/png"),
        ("image.png", "image/png"),
        ("Report.pdf", "application/pdf"),
        ("a.pdf", "application/pdf"),
    ]
    assert message.text == "Look:From June."


def test_documents_of_text_are_text() -> None:
    (message,) = said(
        {
            "type": "document",
            "title": "Notes",
            "source": {"type": "text", "media_type": "text/plain", "data": "one\n  two"},
        },
        {"type": "document", "source": {"type": "content", "content": [text("three"), PNG_BLOCK]}},
        {"type": "document", "source": {"type": "content", "content": "four"}},
        text("Compare."),
    )
    assert message.text == (
        '<document title="Notes">\none\n  two\n</document>\n'
        "<document>\nthree</document>\n<document>\nfour\n</document>\nCompare."
    )
    assert len(message.files) == 1


def test_a_file_that_this_service_made_comes_back_as_the_file() -> None:
    note = text("[image cat.png, image/png, 16 bytes]", cdp_relay={**PNG_BLOCK, "name": "cat.png"})
    (message,) = said(note, text("There."), role="assistant")
    assert message.parts == (
        FilePart(name="cat.png", media_type="image/png", data=PNG),
        TextPart("There."),
    )


_LOST: list[tuple[Any, str]] = [
    ({"type": "image", "source": {"type": "url", "url": "https://x/a.png"}}, "source.url"),
    ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "source.file_id"),
    ({"type": "image", "source": {"type": "cloud", "bucket": "b"}}, "source.type"),
    ({"type": "document", "source": {"type": "url", "url": "https://x/a.pdf"}}, "source.url"),
    ({"type": "document", "source": {"type": "file", "file_id": "file_1"}}, "source.file_id"),
    ({"type": "container_upload", "file_id": "file_1"}, "file_id"),
    ({"type": "audio", "source": {"type": "base64", "data": "AAAA"}}, "type"),
]


@pytest.mark.parametrize(("block", "place"), _LOST)
def test_what_would_be_lost_on_the_way_is_refused(block: Any, place: str) -> None:
    with pytest.raises(UnsupportedValue) as caught:
        said(text("Look:"), block)
    assert caught.value.param == f"messages[1].content[1].{place}"


def test_a_file_among_instructions_is_refused() -> None:
    with pytest.raises(UnsupportedValue) as caught:
        read(system=[PNG_BLOCK])
    assert caught.value.param == "system[0]"


# --- tools -----------------------------------------------------------------------------------------


def test_tools_that_anthropic_defines_and_the_client_runs_have_their_schemas() -> None:
    got = read(
        tools=[
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9},
            {"type": "text_editor_20241022", "name": "str_replace_editor"},
            {"type": "memory_20250818"},
        ]
    )
    tools = {tool.name: tool.parameters["properties"] for tool in got.request.tools}
    assert list(tools) == ["bash", "str_replace_based_edit_tool", "str_replace_editor", "memory"]
    assert set(tools["bash"]) == {"command", "restart"}
    assert "insert_text" in tools["str_replace_based_edit_tool"]
    assert "undo_edit" not in tools["str_replace_based_edit_tool"]["command"]["enum"]
    assert "insert_text" not in tools["str_replace_editor"]
    assert "undo_edit" in tools["str_replace_editor"]["command"]["enum"]
    assert set(tools["memory"]["command"]["enum"]) == {
        "view",
        "create",
        "str_replace",
        "insert",
        "delete",
        "rename",
    }
    assert got.given == ()


def test_tools_of_anthropics_servers_are_named_and_left_out() -> None:
    got = read(
        tools=[
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
            {"type": "custom", **READ},
            {"type": "computer_20250124", "name": "computer", "display_width_px": 1},
            {"type": "code_execution_20250825", "name": "code_execution"},
            {"type": "mcp_toolset", "mcp_server_name": "x"},
            {"type": "brand_new_20290101", "name": "n"},
        ]
    )
    assert [tool.name for tool in got.request.tools] == ["Read"]
    assert got.given == (
        "tools.web_search_20250305",
        "tools.computer_20250124",
        "tools.code_execution_20250825",
        "tools.mcp_toolset",
        "tools.brand_new_20290101",
    )


@pytest.mark.parametrize(
    ("choice", "read_as"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice()),
        ("auto", ToolChoice()),
        ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice(parallel=False)),
        ({"type": "any"}, ToolChoice(mode=ToolMode.REQUIRED)),
        ({"type": "none"}, ToolChoice(mode=ToolMode.NONE)),
        (
            {"type": "tool", "name": "Read", "disable_parallel_tool_use": True},
            ToolChoice(mode=ToolMode.REQUIRED, names=("Read",), parallel=False),
        ),
        ({"type": "tool", "name": "web_search"}, ToolChoice()),
    ],
)
def test_choices_of_tools(choice: Any, read_as: ToolChoice) -> None:
    tools = [READ, {"type": "web_search_20250305", "name": "web_search"}]
    assert read(tools=tools, tool_choice=choice).request.tool_choice == read_as


# --- parameters --------------------------------------------------------------------------------------


def test_parameters_that_no_page_has_are_named_whatever_they_are() -> None:
    got = read(
        temperature="hot",
        top_p=2,
        top_k="many",
        metadata=7,
        service_tier="auto",
        container={"id": "c"},
        mcp_servers=[{"type": "url", "url": "https://x"}],
        betas=["a", "b"],
        speed=None,
        inference_geo="",
        thinking="hard",
        output_config={"effort": {"deep": 1}, "format": {"type": "grammar"}},
        cache_control={"type": "ephemeral"},
        brand_new=[],
    )
    assert got.given == (
        *("top_p", "top_k", "metadata", "service_tier", "container", "mcp_servers", "betas"),
        "inference_geo",
        "temperature (not usable)",
        "output_config.effort (not usable)",
        "output_config.format (grammar)",
    )
    assert got.request.wishes.effort is None
    assert not got.thinking


def test_wishes_and_forms_are_read() -> None:
    got = read(
        temperature=0.5,
        stop_sequences=["END", "", "\n\n"],
        output_format={"type": "json_schema", "schema": {"type": "object"}},
        output_config={"effort": "xhigh"},
    )
    assert got.request.wishes.temperature == 0.5
    assert got.request.wishes.stop == ("END", "\n\n")
    assert got.request.wishes.effort == "xhigh"
    assert got.request.output is not None
    assert got.request.output.schema == {"type": "object"}
    assert got.given == ("temperature", "output_config.effort")


@pytest.mark.parametrize(
    ("thinking", "shown"),
    [
        (None, False),
        ({"type": "disabled"}, False),
        ({"type": "enabled", "budget_tokens": 1024}, True),
        ({"type": "adaptive"}, True),
        ({"type": "adaptive", "display": "summarized"}, True),
        ({"type": "adaptive", "display": "omitted"}, False),
        ({}, False),
    ],
)
def test_thinking_is_shown_when_it_is_asked_for(thinking: Any, shown: bool) -> None:
    assert read(thinking=thinking).thinking is shown


@pytest.mark.parametrize(("most", "probe"), [(0, True), (1, True), (1.0, True), (2, False), (None, False)])
def test_who_wants_one_token_wants_no_answer(most: Any, probe: bool) -> None:
    assert read(max_tokens=most).is_probe is probe


# --- what is wrong -----------------------------------------------------------------------------------

_DEEP: Any = []
for _ in range(100):
    _DEEP = {"a": [_DEEP]}

_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": ...}, "model"),
    ({"model": 1}, "model"),
    ({"model": " "}, "model"),
    ({"messages": ...}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": ["Hi"]}, "messages[0]"),
    ({"messages": [{"content": "Hi"}]}, "messages[0].role"),
    ({"messages": [{"role": 1, "content": "Hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": {}}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [1]}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
    ({"messages": [{"role": "user", "content": " \n"}]}, "messages"),
    ({"messages": [{"role": "assistant", "content": None}]}, "messages"),
    ({"system": 1}, "system"),
    ({"system": [{"type": "text", "text": 1}]}, "system[0].text"),
    ({"stream": "yes"}, "stream"),
    ({"max_tokens": "many"}, "max_tokens"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"max_tokens": True}, "max_tokens"),
    ({"stop_sequences": "END"}, "stop_sequences"),
    ({"stop_sequences": ["END", 1]}, "stop_sequences[1]"),
    ({"stop_sequences": ["x"] * 65}, "stop_sequences"),
    ({"stop_sequences": ["x" * 1001]}, "stop_sequences"),
    ({"tools": {}}, "tools"),
    ({"tools": [1]}, "tools[0]"),
    ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
    ({"tools": [{**READ, "name": " "}]}, "tools[0].name"),
    ({"tools": [{**READ, "input_schema": []}]}, "tools[0].input_schema"),
    ({"tools": [{**READ, "input_schema": _DEEP}]}, "tools[0].input_schema"),
    ({"tools": [{**READ, "description": 1}]}, "tools[0].description"),
    ({"tools": [{"type": 1}]}, "tools[0].type"),
    ({"tool_choice": 1}, "tool_choice"),
    ({"tool_choice": {}}, "tool_choice.type"),
    ({"tool_choice": {"type": "any"}}, "tool_choice.type"),
    ({"tool_choice": {"type": "tool", "name": "Read"}}, "tool_choice.name"),
    ({"tools": [READ], "tool_choice": {"type": "tool", "name": "Write"}}, "tool_choice.name"),
    ({"tools": [READ], "tool_choice": {"type": "tool"}}, "tool_choice.name"),
    (
        {"tools": [READ], "tool_choice": {"type": "auto", "disable_parallel_tool_use": 1}},
        "tool_choice.disable_parallel_tool_use",
    ),
    ({"output_config": 1}, "output_config"),
    ({"output_config": {"format": "json"}}, "output_config.format"),
    ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ({"output_format": {"type": "json_schema", "schema": 1}}, "output_format.schema"),
]


@pytest.mark.parametrize(("fields", "param"), _WRONG)
def test_a_wrong_value_names_its_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    assert caught.value.param == param


_WRONG_BLOCKS: list[tuple[str, Any, str]] = [
    ("user", {"type": "image"}, "source"),
    ("user", {"type": "image", "source": {"type": "base64"}}, "source.data"),
    ("user", {"type": "image", "source": {"type": "base64", "data": "%"}}, "source.data"),
    ("user", {"type": "image", "source": {"type": "base64", "data": ""}}, "source.data"),
    (
        "user",
        {"type": "image", "source": {"type": "base64", "data": "QUJD", "media_type": 1}},
        "source.media_type",
    ),
    ("user", {"type": "image", "source": {**PDF_SOURCE}}, "source"),
    ("user", {"type": "image", "source": {"type": "url"}}, "source.url"),
    ("user", {"type": "document", "source": {"type": "text"}}, "source.data"),
    ("user", {"type": "document", "source": {"type": "content", "content": [1]}}, "source.content[0]"),
    ("user", {"type": "document", "source": PDF_SOURCE, "title": 1}, "title"),
    ("user", {"type": "search_result", "content": 1}, "content"),
    ("user", {"type": "tool_result", "content": "x"}, "tool_use_id"),
    ("user", {"type": "tool_result", "tool_use_id": "1", "content": 1}, "content"),
    ("user", {"type": "tool_result", "tool_use_id": "1", "is_error": "no"}, "is_error"),
    ("user", {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text"}]}, "content[0].text"),
    ("assistant", {"type": "tool_use", "name": "f", "input": {}}, "id"),
    ("assistant", {"type": "tool_use", "id": "1", "input": {}}, "name"),
    ("assistant", {"type": "tool_use", "id": "1", "name": "f", "input": "{}"}, "input"),
    ("assistant", {"type": "compaction", "content": 1}, "content"),
]


@pytest.mark.parametrize(("role", "block", "place"), _WRONG_BLOCKS)
def test_a_wrong_value_in_a_block_names_its_place(role: str, block: Any, place: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        said(block, role=role)
    assert caught.value.param == f"messages[1].content[0].{place}"


_UNTYPEABLE: list[tuple[str, str]] = [
    ('{"role": "user", "content": "a\\u0000"}', "messages[0].content"),
    ('{"role": "user", "content": [{"type": "text", "text": "\\ud83d"}]}', "messages[0].content[0].text"),
]


@pytest.mark.parametrize(("message", "param"), _UNTYPEABLE)
def test_what_no_page_takes_is_refused_with_its_place(message: str, param: str) -> None:
    with pytest.raises(InvalidText) as caught:
        read_raw(f'{{"model": "m", "messages": [{message}]}}'.encode())
    assert caught.value.param == param


def test_what_tools_printed_and_what_the_model_wrote_is_mended() -> None:
    """A client sends it with every request from now on."""
    call = '{"type": "tool_use", "id": "1", "name": "f", "input": {"a": "x\\ud83d"}}'
    result = '{"type": "tool_result", "tool_use_id": "1", "content": "y\\u0000\\ud83d"}'
    deeper = '{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "z\\u0000"}]}'
    asked = read_raw(
        f'{{"model": "m", "messages": [{{"role": "assistant", "content": [{call}]}},'
        f'{{"role": "user", "content": [{result}, {deeper}]}}]}}'.encode()
    ).request
    assert asked.messages[0].tool_calls[0].arguments == '{"a": "x\ufffd"}'
    assert [message.text for message in asked.messages[1:]] == ["y\ufffd\ufffd", "z\ufffd"]


@pytest.mark.parametrize("depth", [50, 400, 900])
@pytest.mark.parametrize(
    ("beginning", "end"),
    [
        ('{"type": "document", "source": {"type": "content", "content": [', "]}}"),
        ('{"type": "tool_result", "tool_use_id": "1", "content": [', "]}"),
        ('{"type": "tool_use", "id": "1", "name": "f", "input": {"a": [', "]}}"),
    ],
)
def test_nesting_has_an_end(beginning: str, end: str, depth: int) -> None:
    inner = beginning * depth + '{"type": "text", "text": "x"}' + end * depth
    body = f'{{"model": "m", "messages": [{{"role": "user", "content": [{inner}]}}]}}'
    with suppress(InvalidRequest, UnsupportedValue):
        read_raw(body.encode())


# --- anything at all ---------------------------------------------------------------------------------

# Values of every kind, and some that are nearly right; made of few, as large ones take long to draw.
_odd: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, "", "x", "\0", "\ud800", [], {}, [1], ["x"], PNG_BLOCK),
        *({"type": 1}, {"type": "text"}, {"type": "x", "name": ["f"]}, {"type": "tool", "name": "f"}),
        *(
            {"type": "base64", "data": "%"},
            {"type": "url", "url": "x:"},
            {"type": "json_schema", "schema": [1]},
        ),
        {"type": "content", "content": [{"type": "document"}]},
        [{"type": "bash_1", "name": 1}],
        [{"name": "f", "input_schema": {"a": "\ud800"}}],
    ]
)
_KINDS = ["text", "image", "document", "tool_use", "tool_result", "search_result", "compaction", "x"]
_MEMBERS = ("text", "source", "id", "name", "input", "tool_use_id", "content", "is_error", "cdp_relay")
_PARAMETERS = (
    *("system", "tools", "tool_choice", "thinking", "output_config", "output_format", "stream"),
    *("max_tokens", "stop_sequences", "temperature", "metadata"),
)
_blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(_KINDS) | _odd}, optional=dict.fromkeys(_MEMBERS, _odd)
)
_messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant", "system"]) | _odd,
        "content": st.lists(_blocks, max_size=3) | _odd,
    }
)
_bodies = st.fixed_dictionaries(
    {"model": st.just("m") | _odd, "messages": st.lists(_messages | _odd, max_size=3)},
    optional=dict.fromkeys(_PARAMETERS, _odd),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=64) | (_odd | _bodies).map(json.dumps).map(str.encode))
def test_any_body_is_read_or_refused_as_the_clients_fault(body: bytes) -> None:
    try:
        read_raw(body)
    except RelayError as error:
        refused = error
    else:
        return
    assert 400 <= refused.status < 500
