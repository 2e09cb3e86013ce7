"""OpenAI's SDK on Chat Completions: tools, schemas, images, and answers checked against its own types."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import openai
import pytest
import trio
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from cdp_relay.api import Server
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    OutputFormat,
    ReasoningDelta,
    Role,
    TextDelta,
    Tool,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
    ToolChoice,
    ToolMode,
)
from cdp_relay.errors import OutputInvalid
from tests.api.kit import KEY, ScriptedRelay, finished, says, serving

T = TypeVar("T")
HELLO: list[Any] = [{"role": "user", "content": "Hello!"}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="
ADD = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "add", "parameters": ADD, "strict": True}}]


class City(BaseModel):
    """What the model is to fill in."""

    name: str
    people: int


async def with_sdk(server: Server, work: Callable[[openai.OpenAI], T]) -> T:
    def run() -> T:
        with openai.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0, timeout=10) as client:
            return work(client)

    return await trio.to_thread.run_sync(run)


async def calculate(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    """Ask for two sums at once, then say what came out."""
    results = [message.text for message in request.messages if message.role is Role.TOOL]
    if results:
        yield TextDelta(" and ".join(results))
        yield finished()
        return
    yield ReasoningDelta("Two sums.")
    yield TextDelta("Let me see. ")
    for index, (left, right) in enumerate([("1", "2"), ("3", "4")]):
        arguments = f'{{"a": {left}, "b": {right}}}'
        yield ToolCallBegan(index=index, id=f"call_{index}", name="add")
        for piece in (arguments[:5], arguments[5:]):
            yield ToolCallArguments(index, piece)
        yield ToolCallEnded(index=index, id=f"call_{index}", name="add", arguments=arguments)
    yield finished(FinishReason.TOOL_CALLS)


def add_up(call: Any) -> dict[str, Any]:
    given = json.loads(call.function.arguments)
    return {"role": "tool", "tool_call_id": call.id, "content": str(given["a"] + given["b"])}


async def test_a_round_of_parallel_calls_in_one_piece() -> None:
    def work(client: openai.OpenAI) -> list[Any]:
        first = client.chat.completions.create(
            model="practice", messages=HELLO, tools=TOOLS, parallel_tool_calls=True
        )
        message = first.choices[0].message
        assert message.tool_calls is not None
        answers = [add_up(call) for call in message.tool_calls]
        history: list[Any] = [*HELLO, message.to_dict(), *answers]
        return [first, client.chat.completions.create(model="practice", messages=history, tools=TOOLS)]

    relay = ScriptedRelay(calculate)
    async with serving(relay) as server:
        first, second = await with_sdk(server, work)
    for answer in (first, second):
        ChatCompletion.model_validate(answer.to_dict(), strict=True)
    assert first.choices[0].finish_reason == "tool_calls"
    assert first.choices[0].message.content == "Let me see. "
    assert second.choices[0].message.content == "3 and 7"
    assert relay.asked[0].tools == (Tool(name="add", parameters=ADD),)
    _, called, *results = relay.asked[1].messages
    assert [call.id for call in called.tool_calls] == [result.tool_call_id for result in results]


async def test_a_round_of_parallel_calls_streamed() -> None:
    def work(client: openai.OpenAI) -> list[Any]:
        with client.chat.completions.stream(model="practice", messages=HELLO, tools=TOOLS) as stream:
            events = list(stream)
            return [events, stream.get_final_completion()]

    async with serving(ScriptedRelay(calculate)) as server:
        events, final = await with_sdk(server, work)
    for event in events:
        if event.type == "chunk":
            ChatCompletionChunk.model_validate(event.chunk.to_dict(), strict=True)
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert [event.parsed_arguments for event in done] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert [call.function.arguments for call in final.choices[0].message.tool_calls] == [
        '{"a": 1, "b": 2}',
        '{"a": 3, "b": 4}',
    ]
    assert final.choices[0].finish_reason == "tool_calls"


async def test_choices_of_tools_reach_the_relay_and_what_names_none_is_refused() -> None:
    def work(client: openai.OpenAI) -> openai.BadRequestError:
        named: Any = {"type": "function", "function": {"name": "add"}}
        for choice in ("none", "required", named):
            client.chat.completions.create(
                model="practice", messages=HELLO, tools=TOOLS, tool_choice=choice, parallel_tool_calls=False
            )
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(
                model="practice",
                messages=HELLO,
                tools=TOOLS,
                tool_choice={"type": "function", "function": {"name": "subtract"}},
            )
        return refused.value

    relay = ScriptedRelay()
    async with serving(relay) as server:
        refused = await with_sdk(server, work)
    assert [request.tool_choice for request in relay.asked] == [
        ToolChoice(mode=ToolMode.NONE, parallel=False),
        ToolChoice(mode=ToolMode.REQUIRED, parallel=False),
        ToolChoice(mode=ToolMode.REQUIRED, names=("add",), parallel=False),
    ]
    assert (refused.param, refused.code) == ("tool_choice.function.name", "invalid_request")


async def test_an_answer_of_a_schema_is_parsed() -> None:
    def work(client: openai.OpenAI) -> list[Any]:
        whole = client.chat.completions.parse(model="practice", messages=HELLO, response_format=City)
        with client.chat.completions.stream(model="practice", messages=HELLO, response_format=City) as stream:
            streamed = stream.get_final_completion()
        return [whole.choices[0].message.parsed, streamed.choices[0].message.parsed]

    relay = ScriptedRelay(says(TextDelta('{"name": "Zürich", '), TextDelta('"people": 443037}'), finished()))
    async with serving(relay) as server:
        cities = await with_sdk(server, work)
    assert cities == [City(name="Zürich", people=443037)] * 2
    output = relay.asked[0].output
    assert isinstance(output, OutputFormat)
    assert output.name == "City"
    assert output.schema is not None
    assert output.schema["required"] == ["name", "people"]


async def test_an_answer_that_is_no_json_in_the_end_is_a_server_error_that_is_not_sent_again() -> None:
    def work(client: openai.OpenAI) -> openai.InternalServerError:
        with pytest.raises(openai.InternalServerError) as failed:
            client.with_options(max_retries=2).chat.completions.parse(
                model="practice", messages=HELLO, response_format=City
            )
        return failed.value

    relay = ScriptedRelay(says(OutputInvalid("The answer is no JSON of the schema.")))
    async with serving(relay) as server:
        failed = await with_sdk(server, work)
    assert (failed.status_code, failed.code) == (502, "output_invalid")
    assert len(relay.asked) == 1


async def test_images_and_documents_reach_the_relay() -> None:
    def work(client: openai.OpenAI) -> None:
        note = {"filename": "note.md", "file_data": "data:text/markdown;base64,IyBIaQ=="}
        content: list[Any] = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
            {
                "type": "file",
                "file": {"filename": "plan.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            },
            {"type": "file", "file": note},
        ]
        client.chat.completions.create(model="practice", messages=[{"role": "user", "content": content}])

    relay = ScriptedRelay()
    async with serving(relay) as server:
        await with_sdk(server, work)
    (message,) = relay.asked[0].messages
    assert [(file.name, file.media_type, file.data) for file in message.files] == [
        ("image.png", "image/png", b"\x89PNG\r\n\x1a\n"),
        ("plan.pdf", "application/pdf", b"%PDF-"),
        ("note.md", "text/markdown", b"# Hi"),
    ]


async def test_a_stream_that_is_left_within_a_call_stops_the_turn() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield ToolCallBegan(index=0, id="call_0", name="add")
        yield ToolCallArguments(0, '{"a":')
        await trio.sleep_forever()

    def work(client: openai.OpenAI) -> None:
        with client.chat.completions.create(
            model="practice", messages=HELLO, tools=TOOLS, stream=True
        ) as stream:
            for chunk in stream:
                if chunk.choices[0].delta.tool_calls:
                    return

    relay = ScriptedRelay(script)
    async with serving(relay) as server:
        await with_sdk(server, work)
        with trio.fail_after(5):
            await relay.ended.wait()


async def test_a_request_for_a_title_runs_beside_the_first_real_one() -> None:
    both = trio.Event()

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        # Neither is answered before the other one is there.
        if len(relay.asked) == 2:
            both.set()
        await both.wait()
        yield TextDelta("A title" if "title" in request.messages[0].text else "An answer")
        yield finished()

    def title(client: openai.OpenAI) -> str | None:
        messages: list[Any] = [{"role": "system", "content": "Generate a title."}, *HELLO]
        chunks = client.chat.completions.create(model="practice", messages=messages, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    def answer(client: openai.OpenAI) -> str | None:
        done = client.chat.completions.create(model="practice", messages=HELLO, tools=TOOLS)
        return done.choices[0].message.content

    said: dict[str, str | None] = {}

    async def keep(name: str, work: Callable[[openai.OpenAI], str | None]) -> None:
        said[name] = await with_sdk(server, work)

    relay = ScriptedRelay(script)
    async with serving(relay) as server, trio.open_nursery() as nursery:
        nursery.start_soon(keep, "answer", answer)
        nursery.start_soon(keep, "title", title)
    assert said == {"answer": "An answer", "title": "A title"}
    assert len({request.id for request in relay.asked}) == 2
