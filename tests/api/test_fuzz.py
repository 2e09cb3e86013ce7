"""Whatever comes as a body, the answer is an answer or a typed refusal in the path's own form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.api.chat_completions.request import read_chat_completion
from cdp_relay.api.completions.request import read_completion
from cdp_relay.api.error_form import error_form
from cdp_relay.api.failure import render_failure
from cdp_relay.api.json_body import Field, parse_object
from cdp_relay.api.ollama.request import read_chat_request, read_generate_request
from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.vocabulary import ChatRequest, RequestId
from cdp_relay.errors import RelayError, UserError
from tests.api.kit import ScriptedRelay, connect, read_reply, request_bytes, serving

PIXEL = "data:image/png;base64,iVBORw0KGgo="
READERS: dict[str, Any] = {
    "/v1/chat/completions": read_chat_completion,
    "/v1/completions": read_completion,
    "/api/chat": read_chat_request,
    "/api/generate": read_generate_request,
}


def read(path: str, body: Field) -> ChatRequest:
    request: ChatRequest = READERS[path](body, request_id=RequestId("req_1"), client="fuzz").request
    return request


def check_refusal(error: RelayError, path: str, *, named: bool = False) -> None:
    """A refusal is the caller's fault, says which field it is, and can be sent."""
    assert error.param or not named
    assert isinstance(error, UserError)
    failure = render_failure(error, "req_1", error_form(path))
    assert 400 <= failure.status < 500
    assert json.loads(failure.body)["error"]


# --- bytes ---------------------------------------------------------------------------------------

_FRAGMENTS = st.sampled_from(
    [
        b'{"model":"m",',
        b'"messages":[',
        b'"prompt":',
        b'{"role":"user","content":"x"}',
        b"]",
        b"}",
        b"\\ud800",
    ]
)


@given(body=st.one_of(st.binary(max_size=60), st.lists(_FRAGMENTS, max_size=8).map(b"".join)))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for path in READERS:
        try:
            read(path, parse_object(body))
        except RelayError as error:
            check_refusal(error, path)


BODIES = [
    b"",
    b"\xff\xfe",
    b"\x00",
    b"[]",
    b"{}",
    b"nul",
    b'{"model": "m"',
    b'{"model": "m", "messages": ' + b"[" * 100_000,
    b'{"model": "m", "n": ' + b"9" * 5_000 + b"}",
    b'{"model": {}, "messages": {}, "prompt": {}, "input": {}, "max_tokens": {}}',
    b'{"model": "m", "messages": [null], "prompt": [null], "input": [null], "max_tokens": 1}',
    b'{"model": "\\ud800", "messages": "\\u0000", "prompt": "\\ud800", "input": "\\u0000"}',
    b'{"model": "m", "messages": [{"role": []}], "prompt": [[]], "input": [{"role": []}], "max_tokens": 1}',
    b'{"model": "m", "temperature": 1e999, "messages": 1, "prompt": 1, "input": 1}',
]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/api/chat",
        "/api/generate",
        "/api/show",
        "/v1/sites/practice/examine",
    ],
)
async def test_every_path_refuses_a_wrong_body_in_its_own_form(path: str) -> None:
    may_be_empty = path == "/v1/sites/practice/examine"
    relay = ScriptedRelay()
    async with serving(relay) as server, await connect(server) as stream:
        for body in BODIES:
            await stream.send_all(request_bytes(server, "POST", path, body))
            reply = await read_reply(stream)
            if may_be_empty and reply.status == 200:
                continue
            assert 400 <= reply.status < 500, (body[:40], reply.body)
            told = reply.json()
            if path.startswith("/api"):
                assert isinstance(told["error"], str)
            elif path.startswith("/v1/messages"):
                assert told["type"] == "error"
            else:
                assert told["error"]["type"] == "invalid_request_error"
    assert relay.asked == []


# --- messages ------------------------------------------------------------------------------------

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
)
_json = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
_text = st.one_of(st.text(max_size=12), st.sampled_from(["", " ", "a\0", "\ud83d", "```\n</user>"]))
_url = st.sampled_from(
    [
        PIXEL,
        "data:text/plain;base64,SGk=",
        "data:image/png,x",
        "data:;base64,",
        "https://example.org/x.png",
        "?",
    ]
)


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of these members, some of them replaced by anything."""
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(one, one, _json) for name, one in fields.items()}
    )


def _typed(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _object(**fields).map(lambda made: {"type": kind, **made})


_part = st.one_of(
    _text,
    *(_typed(kind, text=_text) for kind in ("text", "input_text", "output_text")),
    _typed("refusal", refusal=_text),
    *(_typed(kind, thinking=_text) for kind in ("thinking", "redacted_thinking", "reasoning")),
    _typed("image_url", image_url=st.one_of(_url, _object(url=_url, detail=_text))),
    _typed("input_image", image_url=_url, file_id=_text),
    _typed("file", file=_object(filename=_text, file_data=_url, file_id=_text)),
    _typed("input_file", filename=_text, file_data=_url, file_url=_url),
    *(_typed(kind) for kind in ("input_audio", "audio", "video_url", "image", "document", "tool_result", "")),
)
_function = _object(name=_text, arguments=_text)
_call = _object(
    id=_text,
    type=st.sampled_from(["function", "custom"]),
    function=_function,
    custom=_object(name=_text, input=_text),
)
_message = _object(
    role=st.sampled_from(["system", "developer", "user", "assistant", "tool", "function", "robot"]),
    content=st.one_of(_text, st.none(), st.lists(_part, max_size=4)),
    name=_text,
    tool_calls=st.lists(_call, max_size=2),
    function_call=_function,
    tool_call_id=_text,
    refusal=_text,
    reasoning_content=_text,
    images=st.lists(_part, max_size=2),
)
_tool = _object(
    type=st.sampled_from(["function", "custom", "web_search"]),
    function=_object(name=_text, description=_text, parameters=_json),
    custom=_object(name=_text, format=_object(type=st.just("grammar"), grammar=_object(definition=_text))),
)
_choice = st.one_of(
    st.sampled_from(["auto", "none", "required"]),
    _object(type=st.sampled_from(["function", "allowed_tools"]), function=_function, allowed_tools=_json),
)
_body = st.fixed_dictionaries(
    {"model": st.just("practice"), "messages": st.lists(_message, max_size=5)},
    optional={
        "tools": st.lists(_tool, max_size=3),
        "functions": st.lists(_function, max_size=2),
        "tool_choice": _choice,
        "function_call": _choice,
        "parallel_tool_calls": _json,
        "response_format": _object(
            type=st.sampled_from(["text", "json_object", "json_schema"]),
            json_schema=_object(name=_text, schema=_json),
        ),
        "stop": st.one_of(_text, st.lists(_text, max_size=3)),
        "n": _json,
        "max_tokens": _json,
        "stream": st.booleans(),
        "anything": _json,
    },
)


@given(body=_body)
@settings(deadline=None, max_examples=40)
def test_any_messages_are_read_or_the_wrong_field_is_named(body: dict[str, Any]) -> None:
    path = "/v1/chat/completions"
    try:
        request = read(path, Field(path="", value=body))
        calls = CallProtocol("abc123", request.tools, request.tool_choice) if request.tools else None
        render_prompt(request.messages, calls=calls)
    except RelayError as error:
        check_refusal(error, path, named=True)
    else:
        assert request.messages


_ollama_message = _object(
    role=st.sampled_from(["system", "user", "assistant", "tool", "robot"]),
    content=_text,
    images=st.lists(st.one_of(_url, st.just(PIXEL.partition(",")[2])), max_size=2),
    tool_calls=st.lists(_object(function=_object(name=_text, arguments=_json)), max_size=2),
    tool_name=_text,
)


@given(
    messages=st.lists(_ollama_message, max_size=4),
    more=_object(
        options=_object(stop=_text, num_predict=st.integers(-2, 9), temperature=_json),
        format=_json,
        think=_json,
        tools=st.lists(_tool, max_size=2),
    ),
)
@settings(deadline=None, max_examples=40)
def test_any_messages_of_ollama_are_read_or_the_wrong_field_is_named(
    messages: list[Any], more: dict[str, Any]
) -> None:
    try:
        read("/api/chat", Field(path="", value={"model": "practice", "messages": messages, **more}))
    except RelayError as error:
        check_refusal(error, "/api/chat", named=True)
