"""Ollama's dialect: lines of JSON, arguments as objects, and its own client."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import ollama
import pytest
import trio

from cdp_relay.api import Server
from cdp_relay.api.dialect import AnswerFacts
from cdp_relay.api.json_body import parse_object
from cdp_relay.api.ollama.request import OllamaRequest, read_chat_request, read_generate_request
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FileProduced,
    FinishReason,
    OutputFormat,
    ReasoningDelta,
    RequestId,
    Role,
    Step,
    StepReached,
    TextDelta,
    TextRetracted,
    Tool,
    ToolCall,
    ToolCallBegan,
    ToolCallEnded,
    Wishes,
)
from cdp_relay.errors import CapReached, GenerationFailed, InvalidRequest, InvalidText, UnsupportedValue
from tests.api.kit import KEY, Reply, ScriptedRelay, finished, says, send, serving

T = TypeVar("T")
HI = [{"role": "user", "content": "Hi"}]
PIXEL = b64encode(b"\x89PNG\r\n\x1a\n").decode()
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "W", "parameters": SCHEMA}}
CALL = ToolCallEnded(index=0, id="call_1", name="weather", arguments='{"city": "Zürich"}')
TIMELINE = (
    StepReached(step=Step.SUBMITTED, at_seconds=0.5),
    StepReached(step=Step.STREAMING, at_seconds=1.0),
    StepReached(step=Step.FINISHED, at_seconds=3.0),
)


def chat(**fields: Any) -> OllamaRequest:
    return _read(read_chat_request, {"messages": HI, **fields})


def generate(**fields: Any) -> OllamaRequest:
    return _read(read_generate_request, {"prompt": "Hi", **fields})


def _read(read: Callable[..., OllamaRequest], fields: dict[str, Any]) -> OllamaRequest:
    body = json.dumps({"model": "practice", **fields}).encode()
    return read(parse_object(body), request_id=RequestId("req_1"), client="test")


async def post(relay: ScriptedRelay, path: str, **fields: Any) -> Reply:
    async with serving(relay) as server:
        return await send(server, "POST", path, json.dumps({"model": "practice", **fields}).encode())


def lines(reply: Reply) -> list[Any]:
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert reply.body.endswith(b"\n")
    return [json.loads(line) for line in reply.body.splitlines()]


# --- reading -------------------------------------------------------------------------------------


def test_options_are_wishes_and_the_rest_is_named() -> None:
    read = chat(
        model="chatgpt:latest",
        options={"temperature": 0.5, "num_predict": 9, "stop": ["END"], "num_ctx": 4096, "top_k": 40},
        think="high",
        keep_alive="5m",
        brand_new=1,
    )
    assert read.request.model == "chatgpt"
    assert read.manner.label == "chatgpt:latest"
    assert read.stream
    assert read.request.live
    assert read.request.wishes == Wishes(effort="high", temperature=0.5, max_output_tokens=9, stop=("END",))
    assert read.given == ("think", "brand_new", "options.temperature", "options.num_ctx", "options.top_k")
    endless = chat(options={"num_predict": -1, "stop": "x"}, think=False, stream=False)
    assert endless.request.wishes == Wishes(stop=("x",))
    assert not endless.manner.thinking
    assert (endless.stream, endless.given) == (False, ())


def test_formats_and_tools_are_read() -> None:
    assert chat(format="json").request.output == OutputFormat()
    assert chat(format=SCHEMA).request.output == OutputFormat(schema=SCHEMA)
    assert chat(format="").request.output is None
    read = chat(tools=[WEATHER, {"type": "web_search"}])
    assert read.request.tools == (Tool(name="weather", description="W", parameters=SCHEMA),)
    assert read.given == ("tools.web_search",)


def test_calls_and_results_without_ids_are_paired_in_their_order() -> None:
    def called(name: str, **arguments: str) -> dict[str, Any]:
        return {"function": {"name": name, "arguments": arguments}}

    request = chat(
        messages=[
            *HI,
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [called("weather", city="Zürich"), called("time"), called("weather")],
            },
            {"role": "tool", "tool_name": "weather", "content": "rain"},
            {"role": "tool", "tool_name": "weather", "content": "sun"},
            {"role": "tool", "content": "noon"},
            {"role": "tool", "tool_name": "unasked", "content": "?"},
        ]
    ).request
    calls = request.messages[1].tool_calls
    assert calls[0] == ToolCall(id=calls[0].id, name="weather", arguments='{"city": "Zürich"}')
    assert len({call.id for call in calls}) == 3
    answered = [message.tool_call_id for message in request.messages if message.role is Role.TOOL]
    assert answered == [calls[0].id, calls[2].id, calls[1].id, None]


def test_images_and_instructions_are_read() -> None:
    seen = chat(messages=[{"role": "user", "content": "See", "images": [PIXEL]}]).request.messages[0]
    assert [(file.name, file.media_type) for file in seen.files] == [("image.png", "image/png")]
    told = generate(system="Be brief.", images=[f"data:image/png;base64,{PIXEL}"]).request.messages
    assert [(message.role, message.text) for message in told] == [
        (Role.SYSTEM, "Be brief."),
        (Role.USER, "Hi"),
    ]
    assert told[1].files


@pytest.mark.parametrize(
    ("read", "fields", "param"),
    [
        (chat, {"messages": "Hi"}, "messages"),
        (chat, {"messages": [1]}, "messages[0]"),
        (chat, {"messages": [{"content": "x"}]}, "messages[0].role"),
        (chat, {"messages": [{"role": "user", "content": " "}]}, "messages"),
        (chat, {"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content"),
        (chat, {"messages": [{"role": "user", "content": "x", "images": ["?"]}]}, "messages[0].images[0]"),
        (chat, {"messages": [{"role": "user", "content": "x", "images": ["QUJD"]}]}, "messages[0].images[0]"),
        (
            chat,
            {
                "messages": [
                    *HI,
                    {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": []}}]},
                ]
            },
            "messages[1].tool_calls[0].function.arguments",
        ),
        (chat, {"tools": [{"function": {"name": ""}}]}, "tools[0].function.name"),
        (chat, {"stream": "no"}, "stream"),
        (chat, {"options": []}, "options"),
        (chat, {"options": {"temperature": "hot"}}, "options.temperature"),
        (chat, {"options": {"num_predict": "many"}}, "options.num_predict"),
        (chat, {"options": {"stop": [1]}}, "options.stop[0]"),
        (chat, {"think": "</b>"}, "think"),
        (chat, {"format": "yaml"}, "format"),
        (chat, {"format": [1]}, "format"),
        (chat, {"model": None}, "model"),
        (generate, {"prompt": 1}, "prompt"),
        (generate, {"prompt": "a\0"}, "prompt"),
        (generate, {"suffix": "}"}, "suffix"),
        (generate, {"system": 1}, "system"),
    ],
)
def test_a_wrong_value_names_its_place(
    read: Callable[..., OllamaRequest], fields: dict[str, Any], param: str
) -> None:
    with pytest.raises((InvalidRequest, InvalidText, UnsupportedValue)) as caught:
        read(**fields)
    assert caught.value.param == param


# --- writing -------------------------------------------------------------------------------------


async def test_a_chat_is_streamed_as_lines_with_the_counts_in_the_last() -> None:
    relay = ScriptedRelay(
        says(ReasoningDelta("hm"), TextDelta('He said "hi"\n'), TextDelta("😀"), finished(timeline=TIMELINE))
    )
    *deltas, last = lines(await post(relay, "/api/chat", messages=HI))
    assert "".join(line["message"]["content"] for line in deltas) == 'He said "hi"\n😀'
    assert "".join(line["message"].get("thinking", "") for line in deltas) == "hm"
    assert {(line["model"], line["done"], line["message"]["role"]) for line in deltas} == {
        ("practice", False, "assistant")
    }
    assert (last["done"], last["done_reason"], last["message"]["content"]) == (True, "stop", "")
    assert (last["prompt_eval_count"], last["eval_count"]) == (5, 7)
    durations = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    assert [last[name] for name in durations] == [3 * 10**9, 5 * 10**8, 5 * 10**8, 2 * 10**9]
    assert last["cdp_relay"]["usage_source"] == "estimate"


async def test_an_answer_in_one_piece_has_all_of_it() -> None:
    picture = FileProduced(name="cat.png", media_type="image/png", data=b"cat")
    table = FileProduced(name="a.csv", media_type="text/csv", data=b"1")
    events: list[ChatEvent] = [
        ReasoningDelta("hm"),
        TextDelta("Hello?"),
        TextRetracted(1),
        picture,
        table,
        CALL,
        finished(FinishReason.TOOL_CALLS),
    ]
    whole = (await post(ScriptedRelay(says(*events)), "/api/chat", messages=HI, stream=False)).json()
    assert whole["message"] == {
        "role": "assistant",
        "content": "Hello",
        "thinking": "hm",
        "images": [b64encode(b"cat").decode()],
        "tool_calls": [
            {"id": "call_1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Zürich"}}}
        ],
    }
    assert whole["done_reason"] == "stop"
    assert whole["cdp_relay"]["notices"] == ["The answer's file a.csv has no place in Ollama's dialect."]
    quiet = await post(ScriptedRelay(says(*events)), "/api/generate", prompt="Hi", stream=False, think=False)
    assert quiet.json()["response"] == "Hello"
    assert "thinking" not in quiet.json()


@pytest.mark.parametrize("asked", [chat(model='a "model"'), generate(model='a "model"')])
def test_silence_is_filled_with_lines_that_say_nothing(asked: OllamaRequest) -> None:
    facts = AnswerFacts(id="1", request_id="req_1", created=1_700_000_000, label="practice")
    writer = asked.new_stream(facts)
    silent = json.loads(writer.keep_alive())
    assert writer.keep_alive() == writer.open()
    assert (silent["model"], silent["created_at"], silent["done"]) == (
        'a "model"',
        "2023-11-14T22:13:20Z",
        False,
    )
    assert silent.get("response", silent.get("message", {}).get("content")) == ""


async def test_an_error_is_a_sentence_beside_what_programs_read() -> None:
    capped = ScriptedRelay(says(CapReached("Used up.", retry_after_seconds=90.0)))
    refused = await post(capped, "/api/chat", messages=HI)
    assert (refused.status, refused.headers["retry-after"]) == (429, "90")
    assert refused.json()["error"].startswith("Used up.")
    assert (refused.json()["code"], refused.json()["retryable"]) == ("usage_cap_reached", True)
    for event in (GenerationFailed("It failed."), TextRetracted(2)):
        *_, last = lines(await post(ScriptedRelay(says(TextDelta("half"), event)), "/api/chat", messages=HI))
        assert last["code"] == "generation_failed"
        assert isinstance(last["error"], str)


async def test_nothing_is_asked_of_a_site_to_load_a_model() -> None:
    relay = ScriptedRelay()
    loaded = (await post(relay, "/api/generate")).json()
    unloaded = (await post(relay, "/api/chat", messages=[], keep_alive=0)).json()
    assert (loaded["response"], loaded["done"], loaded["done_reason"]) == ("", True, "load")
    assert (unloaded["message"]["content"], unloaded["done_reason"]) == ("", "unload")
    assert relay.asked == []


@pytest.mark.parametrize(
    ("method", "path", "status", "hint"),
    [
        ("POST", "/api/pull", 404, "none is kept here"),
        ("POST", "/api/push", 404, "none is kept here"),
        ("POST", "/api/create", 404, "none is kept here"),
        ("DELETE", "/api/delete", 404, "none is kept here"),
        ("POST", "/api/embed", 404, "no embeddings"),
        ("POST", "/api/embeddings", 404, "no embeddings"),
        ("GET", "/api/unheard-of", 404, "/api/chat"),
        ("GET", "/api/chat", 405, "POST"),
    ],
)
async def test_what_is_not_offered_says_so(method: str, path: str, status: int, hint: str) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, method, path, b"{}" if method == "POST" else None)
    assert reply.status == status
    assert hint in reply.json()["error"]


# --- its own client ------------------------------------------------------------------------------


async def with_client(server: Server, work: Callable[[ollama.Client], T], **headers: str) -> T:
    def run() -> T:
        host, given = server.base_url.removesuffix("/v1"), headers or {"Authorization": f"Bearer {KEY}"}
        with ollama.Client(host=host, headers=given, timeout=10) as client:
            return work(client)

    return await trio.to_thread.run_sync(run)


async def test_the_client_chats_calls_tools_and_generates() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        if request.tools and request.messages[-1].role is not Role.TOOL:
            which = {"index": 0, "id": "call_1", "name": "weather"}
            yield ToolCallBegan(index=0, id="call_1", name="weather")
            yield ToolCallEnded(**which, arguments='{"city": "Zürich"}')  # type: ignore[arg-type]  # a dict of both
            yield finished(FinishReason.TOOL_CALLS)
        else:
            yield TextDelta("It is ")
            yield TextDelta(request.messages[-1].text)
            yield finished()

    def work(client: ollama.Client) -> list[Any]:
        messages: list[Any] = [{"role": "user", "content": "How is it in Zürich?"}]
        asked = client.chat(model="practice", messages=messages, tools=[WEATHER])
        messages += [asked.message, {"role": "tool", "tool_name": "weather", "content": "rainy"}]
        streamed = client.chat(model="practice", messages=messages, tools=[WEATHER], stream=True)
        texts = [part.message.content for part in streamed]
        made = client.generate(model="practice", prompt="late", system="Be brief.")
        return [asked, texts, made]

    relay = ScriptedRelay(script)
    async with serving(relay) as server:
        asked, texts, made = await with_client(server, work)
    assert asked.message.tool_calls[0].function.arguments == {"city": "Zürich"}
    assert "".join(texts) == "It is rainy"
    assert (made.response, made.done_reason, made.eval_count) == ("It is late", "stop", 7)
    result = relay.asked[1].messages[-1]
    assert result.tool_call_id == relay.asked[1].messages[1].tool_calls[0].id


async def test_the_client_lists_and_shows_models() -> None:
    def work(client: ollama.Client) -> list[Any]:
        names = [model.model for model in client.list().models]
        with pytest.raises(ollama.ResponseError, match="not found") as unknown:
            client.show("nobody")
        assert client.ps().models == []
        return [names, client.show("practice:latest"), unknown.value.status_code]

    async with serving(ScriptedRelay()) as server:
        names, shown, status = await with_client(server, work)
        assert (await send(server, "HEAD", "/api/tags")).status == 200
        assert (await send(server, "GET", "/api/version")).json() == {"version": "0.13.0"}
    assert names == ["chatgpt", "practice", "practice/echo"]
    assert "tools" in shown.capabilities
    assert shown.modelinfo["cdp-relay.context_length"] > 100_000
    assert status == 404


async def test_the_client_without_a_key_hears_how_to_give_one() -> None:
    def work(client: ollama.Client) -> ollama.ResponseError:
        with pytest.raises(ollama.ResponseError) as refused:
            client.chat(model="practice", messages=HI)
        return refused.value

    async with serving(ScriptedRelay()) as server:
        refused = await with_client(server, work, accept="*/*")
    assert refused.status_code == 401
    assert "OLLAMA_API_KEY" in refused.error
