"""Bodies of ``/v1/responses``: what they become, and what is wrong with them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.api.json_body import Field, parse_object
from cdp_relay.api.responses.request import ResponseAsked, read_response_request
from cdp_relay.api.responses.store import ResponseStore, StoredResponse
from cdp_relay.chat.vocabulary import (
    FilePart,
    Message,
    OutputFormat,
    RequestId,
    Role,
    TextPart,
    ToolChoice,
    ToolMode,
)
from cdp_relay.errors import RelayError, UserError
from tests.api.responses.kit import body_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
PNG_URL = f"data:image/png;base64,{b64encode(PNG).decode()}"


def read(kept: ResponseStore | None = None, **body: Any) -> ResponseAsked:
    fields = {"model": "practice", "input": "Hi", **body}
    return read_response_request(
        Field(path="", value={name: value for name, value in fields.items() if value is not ...}),
        kept or ResponseStore(10, 1 << 20),
        request_id=RequestId("req_1"),
        client="",
    )


def said(*items: Any, **body: Any) -> list[Message]:
    return list(read(input=list(items), **body).request.messages)


def message(role: str, content: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def text(role: Role, *texts: str) -> Message:
    return Message(role=role, parts=tuple(TextPart(one) for one in texts))


FUNCTION = {"type": "function", "name": "read", "parameters": {"type": "object"}, "strict": False}
CUSTOM = {"type": "custom", "name": "patch", "description": "Edits."}
GROUP = {
    "type": "namespace",
    "name": "agents",
    "description": "Agents.",
    "tools": [FUNCTION, {"type": "custom", "name": "go"}],
}


# --- input ---------------------------------------------------------------------------------------


def test_a_text_is_one_message() -> None:
    assert read(input="Hello").request.messages == (text(Role.USER, "Hello"),)


def test_roles_and_instructions() -> None:
    assert said(
        message("developer", "D"),
        message("system", [{"type": "input_text", "text": "S"}]),
        {"role": "user", "content": "U"},
        message("critic", "C"),
        message("assistant", [{"type": "output_text", "text": "A"}, {"type": "refusal", "refusal": "R"}]),
        instructions="I",
    ) == [
        text(Role.SYSTEM, "I"),
        text(Role.SYSTEM, "D"),
        text(Role.SYSTEM, "S"),
        text(Role.USER, "U"),
        text(Role.USER, "C"),
        text(Role.ASSISTANT, "A", "R"),
    ]


def test_images_and_files() -> None:
    document = {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,aGk="}
    picture = {"type": "input_image", "image_url": PNG_URL, "detail": "auto"}
    (one,) = said(message("user", [{"type": "input_text", "text": "See"}, picture, document]))
    assert one.files == (
        FilePart(name="image.png", media_type="image/png", data=PNG),
        FilePart(name="a.txt", media_type="text/plain", data=b"hi"),
    )


def test_calls_belong_to_what_the_assistant_said_and_results_follow() -> None:
    messages = said(
        message("user", "Go"),
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        message("assistant", "Reading."),
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "read", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "go", "namespace": "agents", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "text\x00"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": PNG_URL}],
        },
        {"type": "custom_tool_call", "call_id": "c3", "name": "patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c3", "output": "ok"},
    )
    assert [one.role for one in messages] == [
        *(Role.USER, Role.ASSISTANT, Role.TOOL, Role.TOOL, Role.ASSISTANT, Role.TOOL)
    ]
    assistant, first, second, third = messages[1:5]
    assert assistant.text == "Reading."
    assert [(call.id, call.name) for call in assistant.tool_calls] == [("c1", "read"), ("c2", "agents__go")]
    assert (first.tool_call_id, first.text) == ("c1", "text\ufffd")  # what a page cannot be given
    assert second.files[0].data == PNG
    assert third.tool_calls[0].freeform
    assert third.tool_calls[0].arguments == "*** Begin"


def test_an_image_of_an_earlier_answer_comes_along() -> None:
    image = {"type": "image_generation_call", "id": "ig_1", "result": b64encode(PNG).decode()}
    assert said(message("user", "Draw"), image)[1].files[0].data == PNG
    assert len(said(message("user", "Draw"), {**image, "result": None})) == 1


def test_items_that_say_nothing_to_a_page_are_left_out_and_named() -> None:
    kinds = ["web_search_call", "local_shell_call", "compaction", "something_new", "web_search_call"]
    asked = read(input=[{"type": kind} for kind in kinds] + [message("user", "Hi")])
    assert asked.request.messages == (text(Role.USER, "Hi"),)
    assert asked.given == tuple(f"input.{kind}" for kind in kinds[:4])


# --- tools ---------------------------------------------------------------------------------------


def test_tools_of_all_kinds() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"}
    hosted = [{"type": "web_search", "external_web_access": True}, {"type": "mcp", "server_label": "x"}]
    nested = {"type": "function", "function": {"name": "old", "parameters": {}}}
    asked = read(tools=[FUNCTION, {**CUSTOM, "format": grammar}, GROUP, nested, *hosted])
    read_tool, patch, spaced, go, old = asked.request.tools
    assert (read_tool.name, read_tool.parameters, read_tool.freeform) == ("read", {"type": "object"}, False)
    assert patch.freeform
    assert patch.description == "Edits.\n\nThe input has to follow this lark grammar:\nstart: /a+/"
    assert (spaced.name, go.name, go.freeform, old.name) == ("agents__read", "agents__go", True, "old")
    assert asked.given == ("tools.web_search", "tools.mcp")


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice(mode=ToolMode.NONE)),
        ("required", ToolChoice(mode=ToolMode.REQUIRED)),
        ({"type": "function", "name": "read"}, ToolChoice(mode=ToolMode.REQUIRED, names=("read",))),
        ({"type": "custom", "name": "patch"}, ToolChoice(mode=ToolMode.REQUIRED, names=("patch",))),
        (
            {"type": "function", "name": "read", "namespace": "agents"},
            ToolChoice(mode=ToolMode.REQUIRED, names=("agents__read",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "patch"}]},
            ToolChoice(mode=ToolMode.REQUIRED, names=("patch",)),
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "namespace", "name": "agents"}]},
            ToolChoice(names=("agents__read", "agents__go")),
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search"}]},
            ToolChoice(mode=ToolMode.NONE),
        ),
        ({"type": "web_search"}, ToolChoice()),
    ],
)
def test_choices_of_tools(choice: Any, wanted: ToolChoice) -> None:
    request = read(tools=[FUNCTION, CUSTOM, GROUP], tool_choice=choice, parallel_tool_calls=False).request
    assert request.tool_choice == attrs.evolve(wanted, parallel=False)


def test_a_choice_of_a_hosted_tool_is_left_to_the_model_and_named() -> None:
    asked = read(tools=[{"type": "web_search"}], tool_choice="required")
    assert asked.request.tool_choice == ToolChoice()
    assert asked.given == ("tools.web_search", "tool_choice")
    assert asked.offer.shown_choice == "auto"


# --- parameters ----------------------------------------------------------------------------------


def test_wishes_and_formats() -> None:
    schema = {"type": "object", "properties": {}}
    request = read(
        reasoning={"effort": "high", "summary": "auto"},
        temperature=0.5,
        max_output_tokens=50,
        text={"format": {"type": "json_schema", "name": "s", "schema": schema, "strict": True}},
        stream=True,
    ).request
    assert (request.wishes.effort, request.wishes.temperature) == ("high", 0.5)
    assert request.wishes.max_output_tokens == 50
    assert request.output == OutputFormat(schema=schema, name="s")
    assert request.live
    assert read(text={"format": {"type": "json_object"}}).request.output == OutputFormat()
    assert read(text={"format": {"type": "text"}}).request.output is None


def test_what_nobody_honours_is_named_and_never_refused() -> None:
    asked = read(
        include=["reasoning.encrypted_content"],
        prompt_cache_key="k",
        client_metadata={"a": "b"},
        service_tier="flex",
        truncation="auto",
        user="me",
        top_p=0.5,
        text={"verbosity": "low", "format": {"type": "grammar"}},
        something_new=[1],
        reasoning={"summary": "auto"},
        store=False,
    )
    assert asked.given == (
        *("include", "prompt_cache_key", "client_metadata", "service_tier", "truncation", "user", "top_p"),
        *("something_new", "text.verbosity", "text.format.grammar"),
    )
    assert read(truncation="disabled", service_tier="auto", metadata={"a": "b"}).given == ()


# --- earlier answers -----------------------------------------------------------------------------


def kept_answer() -> ResponseStore:
    store = ResponseStore(10, 1 << 20)
    asked = read(input="What is 6 times 7?", instructions="Be brief.")
    output = {"id": "msg_9", "type": "message", "role": "assistant", "content": "42", "status": "completed"}
    store.put(StoredResponse(id="resp_1", body=b"{}", items=asked.items, output=(output,)))
    return store


def test_an_earlier_answer_is_gone_on_from_without_its_instructions() -> None:
    asked = read(kept_answer(), previous_response_id="resp_1", input="Are you sure?")
    assert [(one.role, one.text) for one in asked.request.messages] == [
        (Role.USER, "What is 6 times 7?"),
        (Role.ASSISTANT, "42"),
        (Role.USER, "Are you sure?"),
    ]


def test_items_of_kept_answers_can_be_referred_to() -> None:
    asked = read(kept_answer(), input=[{"type": "item_reference", "id": "msg_9"}, message("user", "Why?")])
    assert [one.text for one in asked.request.messages] == ["42", "Why?"]
    assert read(kept_answer(), input=[{"id": "msg_9"}]).request.messages[0].text == "42"


def test_kept_items_have_ids_and_parts() -> None:
    items = read(
        input=[
            message("user", "Hi"),
            {"id": "msg_own", "role": "assistant", "content": "Yes"},
            {"type": "function_call_output", "call_id": "c", "output": "o"},
        ]
    ).items
    assert items[0]["content"] == [{"type": "input_text", "text": "Hi"}]
    assert items[1]["id"] == "msg_own"
    assert items[1]["content"][0]["type"] == "output_text"
    assert items[2]["id"].startswith("fco_")
    assert len({item["id"] for item in items}) == 3


# --- bad bodies ----------------------------------------------------------------------------------

REMOTE = {"type": "input_image", "image_url": "https://example.com/a.png"}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"model": ...}, "model", "missing"),
        ({"model": " "}, "model", "empty"),
        ({"model": 5}, "model", "string"),
        ({"input": ...}, "input", "missing"),
        ({"input": ""}, "input", "no text"),
        ({"input": []}, "input", "no text"),
        ({"input": 5}, "input", "string or an array"),
        ({"input": ["Hi"]}, "input[0]", "object"),
        ({"input": "a\x00"}, "input", "NUL"),
        ({"input": [{"type": 5}]}, "input[0].type", "string"),
        ({"input": [{"type": "message", "content": "x"}]}, "input[0].role", "missing"),
        ({"input": [message("user", None)]}, "input[0].content", "string or an array"),
        ({"input": [message("user", [{"type": "hologram"}])]}, "input[0].content[0].type", "unknown"),
        ({"input": [message("user", [REMOTE])]}, "input[0].content[0].image_url", "fetches none"),
        ({"input": [message("system", [{**REMOTE, "image_url": PNG_URL}])]}, "input[0].content[0]", "text"),
        ({"input": [{"type": "function_call", "name": "x", "arguments": "{}"}]}, "input[0].call_id", "miss"),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "x"}]}, "input[0].arguments", "miss"),
        ({"input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output", "missing"),
        ({"input": [{"type": "custom_tool_call", "call_id": "c", "name": "x"}]}, "input[0].input", "missing"),
        ({"input": [{"type": "item_reference", "id": "msg_0"}]}, "input[0]", "not kept"),
        ({"previous_response_id": "resp_0"}, "previous_response_id", "not found"),
        ({"previous_response_id": 5}, "previous_response_id", "string"),
        ({"instructions": ["x"]}, "instructions", "string"),
        ({"conversation": 3}, "conversation", "id of a chat"),
        ({"conversation": {"id": ""}}, "conversation", "id of a chat"),
        ({"conversation": {"id": "../x"}}, "conversation.id", "not the id"),
        ({"conversation": "conv_1", "previous_response_id": "resp_1"}, "conversation", "both"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", "templates"),
        ({"stream": "yes"}, "stream", "true or false"),
        ({"store": "yes"}, "store", "true or false"),
        ({"background": 1}, "background", "true or false"),
        ({"background": True, "store": False}, "background", "needs store"),
        ({"max_output_tokens": 0}, "max_output_tokens", "less than 1"),
        ({"temperature": 3}, "temperature", "between"),
        ({"reasoning": {"effort": "!"}}, "reasoning.effort", "effort"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata", "more than 16"),
        ({"metadata": {"a": 5}}, "metadata.a", "string"),
        ({"metadata": {"a" * 65: "x"}}, "metadata", "longer"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a", "longer"),
        ({"tools": {}}, "tools", "array"),
        ({"tools": [{"name": "x"}]}, "tools[0].type", "missing"),
        ({"tools": [{"type": "function"}]}, "tools[0].name", "missing"),
        ({"tools": [{**FUNCTION, "parameters": 5}]}, "tools[0].parameters", "object"),
        ({"tools": [{**GROUP, "tools": [{"type": "function"}]}]}, "tools[0].tools[0].name", "missing"),
        ({"tool_choice": "required"}, "tool_choice", "no tools"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice.name", "none"),
        ({"tool_choice": 5}, "tool_choice", "string or an object"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls", "true or false"),
        ({"text": "json"}, "text", "object"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema", "missing"),
    ],
)
def test_bad_bodies(body: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        read(**body)
    assert caught.value.param == param
    assert words in caught.value.message


ODD = st.text(st.characters(categories=["L", "Cs", "Cc"]), max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        *("input", "instructions", "tools", "tool_choice", "text", "reasoning", "metadata", "stream"),
        *("type", "role", "content", "name", "namespace", "call_id", "output", "arguments", "id", "summary"),
        *("format", "schema", "image_url", "file_data", "previous_response_id"),
    ]
)
KIND = st.sampled_from(
    [
        *("message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"),
        *("reasoning", "item_reference", "image_generation_call", "function", "custom", "namespace"),
        *("allowed_tools", "json_schema", "input_text", "input_image"),
    ]
)
LIKELY = st.recursive(
    KIND | JSON,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.fixed_dictionaries({"type": KIND}, optional={"role": KIND, "content": inner, "tools": inner})
    ),
    max_leaves=15,
)


def outcome(work: Callable[[], ResponseAsked]) -> ResponseAsked | RelayError:
    try:
        return work()
    except RelayError as error:
        return error


def is_fit_to_be_told(result: ResponseAsked | RelayError) -> bool:
    return isinstance(result, ResponseAsked) or (400 <= result.status < 500 and bool(result.message))


@settings(max_examples=200, deadline=None)
@given(body=st.dictionaries(KEYS, LIKELY, max_size=6))
def test_any_object_is_a_request_or_a_clear_error(body: dict[str, Any]) -> None:
    assert is_fit_to_be_told(outcome(lambda: read(**body)))


@settings(deadline=None)
@given(data=st.binary(max_size=60) | JSON.map(lambda value: body_of(input=value)))
def test_any_bytes_are_a_request_or_a_clear_error(data: bytes) -> None:
    def work() -> ResponseAsked:
        body, store = parse_object(data), ResponseStore(1, 1)
        return read_response_request(body, store, request_id=RequestId("req_1"), client="")

    assert is_fit_to_be_told(outcome(work))
