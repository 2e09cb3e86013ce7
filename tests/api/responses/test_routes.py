"""``/v1/responses`` over real HTTP: bytes as they are sent, and OpenAI's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import openai
import pytest
import trio

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    Notice,
    Role,
    Step,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import AnswerIncomplete, QueueFull, SignedOut
from tests.api.kit import (
    ScriptedRelay,
    connect,
    finished,
    reached,
    read_head,
    request_bytes,
    say_hello,
    says,
    send,
    serving,
)
from tests.api.responses.kit import body_of, check_response, check_stream, create, text_of
from tests.api.test_clients import with_sdk

IMAGE = {"type": "input_image", "image_url": "https://example.com/a.png"}
TOOLS: list[Any] = [
    {
        "type": "function",
        "name": "add",
        "description": "Adds.",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "strict": False,
    }
]


async def use_tools(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    """Calls the tool until its result is there."""
    results = [message for message in request.messages if message.role is Role.TOOL]
    if results:
        yield TextDelta(f"It is {results[-1].text}.")
        yield finished()
    else:
        yield ToolCallBegan(index=0, id="call_1", name="add")
        yield ToolCallArguments(0, '{"a":')
        yield ToolCallArguments(0, "2}")
        yield ToolCallEnded(index=0, id="call_1", name="add", arguments='{"a":2}')
        yield finished(FinishReason.TOOL_CALLS)


class Held:
    """A script that says one word, and the next when it is let."""

    def __init__(self) -> None:
        self.go = trio.Event()

    async def __call__(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        del request
        yield reached(Step.STREAMING)
        yield TextDelta("One")
        await self.go.wait()
        yield TextDelta(", two")
        yield finished()


# --- bytes ---------------------------------------------------------------------------------------


async def test_a_whole_answer() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        reply = await create(server, temperature=0.5, tools=[{"type": "web_search"}])
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    response = check_response(reply.json())
    assert response["id"].startswith("resp_")
    assert response["status"] == "completed"
    assert response["model"] == "practice"
    assert text_of(response["output"][0]) == "Hello, world"
    assert response["cdp_relay"]["site"] == "practice"
    assert reply.headers["x-cdp-relay-ignored"] == "temperature, tools.web_search"
    assert not relay.asked[0].live


async def test_a_streamed_answer() -> None:
    relay = ScriptedRelay(says(Notice(code="n", message="Mind."), TextDelta("Hi"), finished()))
    async with serving(relay) as server:
        reply = await create(server, stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    check = check_stream(reply.body)
    assert check.last is not None
    assert text_of(check.last["output"][0]) == "Hi"
    assert check.last["cdp_relay"]["notices"] == ["Mind."]
    assert relay.asked[0].live


async def test_a_long_silence_is_filled_with_events() -> None:
    script = Held()
    relay = ScriptedRelay(script)
    async with serving(relay, keepalive_seconds=0.05) as server:
        stream = await connect(server)
        async with stream:
            await stream.send_all(request_bytes(server, "POST", "/v1/responses", body_of(stream=True)))
            _, _, data = await read_head(stream)
            while data.count(b"event: response.in_progress") < 4:
                data += await stream.receive_some(65536)
    assert data.count(b"output_text.delta") > 0


async def test_tokens_are_counted_without_a_turn() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        counted = await send(server, "POST", "/v1/responses/input_tokens", b'{"input": "Hi there"}')
        picture = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
        drawn = await send(
            server,
            "POST",
            "/v1/responses/input_tokens",
            body_of(input=[{"role": "user", "content": [picture]}]),
        )
        wrong = await send(server, "POST", "/v1/responses/input_tokens", body_of(input=5))
    assert counted.json()["object"] == "response.input_tokens"
    assert counted.json()["input_tokens"] > 0
    assert drawn.json()["input_tokens"] > 0
    assert relay.asked == []
    assert wrong.error["param"] == "input"


async def test_failures_before_the_first_event_are_statuses_and_after_it_the_last_event() -> None:
    relay = ScriptedRelay(says(QueueFull("Busy.", retry_after_seconds=3)))
    async with serving(relay) as server:
        early = await create(server, stream=True)
        relay.script = says(TextDelta("Hal"), AnswerIncomplete("It ended."))
        late = await create(server, stream=True)
        whole = await create(server)
    assert (early.status, early.headers["retry-after"]) == (429, "3")
    assert early.error["code"] == "queue_full"
    check = check_stream(late.body)
    assert check.last is not None
    assert check.last["error"]["code"] == "server_error"
    assert check.last["output"][0]["status"] == "incomplete"
    assert (whole.status, whole.error["code"]) == (502, "answer_incomplete")


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"", 400, None),
        (b"[]", 400, None),
        (b'{"model": "practice"', 400, None),
        (b"\xff", 400, None),
        (
            body_of(input=[{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]),
            400,
            "image",
        ),
        (body_of(previous_response_id="resp_0"), 400, "previous_response_id"),
    ],
)
async def test_bad_bodies(body: bytes, status: int, param: str | None) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, "POST", "/v1/responses", body)
    assert reply.status == status
    assert reply.error["type"] == "invalid_request_error"
    assert (param or "") in (reply.error["param"] or "")


async def test_what_is_not_there() -> None:
    async with serving(ScriptedRelay()) as server:
        for method, path in (
            ("GET", "/v1/responses/resp_0"),
            ("DELETE", "/v1/responses/resp_0"),
            ("POST", "/v1/responses/resp_0/cancel"),
            ("GET", "/v1/responses/resp_0/input_items"),
        ):
            reply = await send(server, method, path, b"" if method == "POST" else None)
            assert (reply.status, reply.error["param"]) == (404, "response_id"), path
            assert "resp_0" in reply.error["message"]
        wrong = await send(server, "GET", "/v1/responses")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")


async def test_a_client_that_leaves_stops_the_answer_and_nothing_is_kept() -> None:
    relay = ScriptedRelay(Held())
    async with serving(relay) as server:
        stream = await connect(server)
        async with stream:
            await stream.send_all(request_bytes(server, "POST", "/v1/responses", body_of(stream=True)))
            _, _, data = await read_head(stream)
            while b"\n\n" not in data:
                data += await stream.receive_some(65536)
        with trio.fail_after(10):
            await relay.ended.wait()
        response_id = json.loads(data.partition(b"data: ")[2].partition(b"\n")[0])["response"]["id"]
        gone = await send(server, "GET", f"/v1/responses/{response_id}")
    assert gone.status == 404


# --- what is kept --------------------------------------------------------------------------------


async def test_answers_are_kept_listed_and_deleted() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        whole = await create(server, input=[{"role": "user", "content": c} for c in "abc"])
        path = f"/v1/responses/{whole.json()['id']}"
        again = await send(server, "GET", path)
        last = (await send(server, "GET", f"{path}/input_items?limit=2")).json()
        first = (await send(server, "GET", f"{path}/input_items?order=asc&limit=1")).json()
        rest = (await send(server, "GET", f"{path}/input_items?order=asc&after={first['last_id']}")).json()
        bad = [
            await send(server, "GET", f"{path}/input_items?{query}")
            for query in ("limit=0", "limit=x", "after=none")
        ]
        live = await send(server, "GET", f"{path}?stream=true")
        cancelled = await send(server, "POST", f"{path}/cancel", b"")
        deleted = await send(server, "DELETE", path)
        after = await send(server, "GET", path)
    assert again.body == whole.body

    def texts(page: dict[str, Any]) -> str:
        return "".join(item["content"][0]["text"] for item in page["data"])

    assert (texts(last), texts(first), texts(rest)) == ("cb", "a", "bc")
    assert (last["has_more"], rest["has_more"]) == (True, False)
    assert [(reply.status, reply.error["param"]) for reply in bad] == [
        (400, "limit"),
        (400, "limit"),
        (400, "after"),
    ]
    assert (live.status, live.error["param"]) == (400, "stream")
    assert (cancelled.status, cancelled.error["param"]) == (400, "response_id")
    assert deleted.json() == {"id": whole.json()["id"], "object": "response", "deleted": True}
    assert after.status == 404


async def test_answers_that_were_not_to_be_kept_are_not() -> None:
    async with serving(ScriptedRelay()) as server:
        unkept = (await create(server, store=False)).json()
        kept = check_stream((await create(server, stream=True)).body).last
        assert kept is not None
        assert (await send(server, "GET", f"/v1/responses/{unkept['id']}")).status == 404
        again = await send(server, "GET", f"/v1/responses/{kept['id']}")
        after = await create(server, previous_response_id=unkept["id"])
    assert again.json() == kept
    assert after.error["code"] == "previous_response_not_found"


async def test_the_oldest_answers_make_room() -> None:
    async with serving(ScriptedRelay(), stored_responses=2) as server:
        ids = [(await create(server)).json()["id"] for _ in range(3)]
        statuses = [(await send(server, "GET", f"/v1/responses/{one}")).status for one in ids]
    assert statuses == [404, 200, 200]
    async with serving(ScriptedRelay(), stored_bytes=0) as server:
        one = (await create(server)).json()["id"]
        assert (await send(server, "GET", f"/v1/responses/{one}")).status == 404


# --- in the background ---------------------------------------------------------------------------


async def test_an_answer_in_the_background_outlives_its_client_and_can_be_joined() -> None:
    script = Held()
    relay = ScriptedRelay(script)
    async with serving(relay) as server:
        stream = await connect(server)
        async with stream:
            body = body_of(stream=True, background=True)
            await stream.send_all(request_bytes(server, "POST", "/v1/responses", body))
            _, _, data = await read_head(stream)
            while data.count(b"output_text.delta") < 2:
                data += await stream.receive_some(65536)
        response_id = json.loads(data.partition(b"data: ")[2].partition(b"\n")[0])["response"]["id"]
        path = f"/v1/responses/{response_id}"
        running = (await send(server, "GET", path)).json()
        script.go.set()
        joined = await send(server, "GET", f"{path}?stream=true")
        rest = await send(server, "GET", f"{path}?stream=true&starting_after=5")
        done = (await send(server, "GET", path)).json()
        bad = await send(server, "GET", f"{path}?stream=true&starting_after=x")
    assert (running["status"], running["background"], running["output"]) == ("in_progress", True, [])
    check = check_stream(joined.body)
    assert check.last == done
    assert text_of(done["output"][0]) == "One, two"
    assert joined.body.endswith(rest.body)
    assert b'"sequence_number":6' in rest.body.split(b"\n\n")[0]
    assert bad.error["param"] == "starting_after"


async def test_a_reader_of_an_answer_in_the_background_hears_that_it_runs() -> None:
    async with serving(ScriptedRelay(Held()), keepalive_seconds=0.05) as server:
        stream = await connect(server)
        async with stream:
            body = body_of(stream=True, background=True)
            await stream.send_all(request_bytes(server, "POST", "/v1/responses", body))
            _, _, data = await read_head(stream)
            while data.count(b"event: response.in_progress") < 4:
                data += await stream.receive_some(65536)
        # Beside the numbered events, so that what is asked for after the last of them is complete.
        assert b'"sequence_number":7' not in data


async def test_an_answer_in_the_background_can_be_cancelled_once_and_again() -> None:
    relay = ScriptedRelay(Held())
    async with serving(relay) as server:
        queued = await create(server, background=True)
        path = f"/v1/responses/{queued.json()['id']}"
        await relay.started.wait()
        first = await send(server, "POST", f"{path}/cancel", b"")
        with trio.fail_after(10):
            await relay.ended.wait()
        second = await send(server, "POST", f"{path}/cancel", b"")
        events = await send(server, "GET", f"{path}?stream=true")
        relay.script = say_hello
        after = await create(server, input="More", previous_response_id=queued.json()["id"])
    assert check_response(queued.json())["status"] == "queued"
    assert check_response(first.json())["status"] == "cancelled"
    assert second.body == first.body
    last = check_stream(events.body).last
    assert last is not None
    assert last["status"] == "cancelled"
    assert after.status == 200


async def test_an_answer_in_the_background_that_fails_tells_it_when_asked() -> None:
    relay = ScriptedRelay(says(SignedOut("Nobody is signed in.")))
    async with serving(relay) as server:
        first = await create(server, background=True)
        await relay.ended.wait()
        relay.script = says(RuntimeError("secret words"))
        second = await create(server, background=True)
        replies = []
        for reply in (first, second):
            path = f"/v1/responses/{reply.json()['id']}"
            await send(server, "GET", f"{path}?stream=true")  # until it is over
            replies.append((await send(server, "GET", path)).json())
    failed, broken = replies
    assert (failed["status"], failed["error"]["type"]) == ("failed", "signed_out")
    assert (failed["error"]["code"], broken["error"]["code"]) == ("invalid_prompt", "server_error")
    assert "secret words" not in broken["error"]["message"]


async def test_deleting_an_answer_that_runs_stops_it_for_good() -> None:
    relay = ScriptedRelay(Held())
    async with serving(relay, stored_responses=0) as server:  # what runs is kept whatever the bounds
        queued = await create(server, background=True)
        path = f"/v1/responses/{queued.json()['id']}"
        await relay.started.wait()
        assert (await send(server, "DELETE", path)).status == 200
        with trio.fail_after(10):
            await relay.ended.wait()
        assert (await send(server, "GET", path)).status == 404


# --- OpenAI's client -----------------------------------------------------------------------------


async def test_sdk_tools_round_trip_with_previous_response_id() -> None:
    relay = ScriptedRelay(use_tools)

    def work(client: openai.OpenAI) -> tuple[Any, Any, Any]:
        first = client.responses.create(model="practice", input="2?", tools=TOOLS, instructions="Count.")
        (call,) = first.output
        assert call.type == "function_call"
        assert call.arguments == '{"a":2}'
        result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "2"}
        second = client.responses.create(
            model="practice", input=[result], tools=TOOLS, previous_response_id=first.id
        )
        items = client.responses.input_items.list(second.id, order="asc")
        return first, second, [item.type for item in items]

    async with serving(relay) as server:
        _, second, items = await with_sdk(server, work)
    assert second.output_text == "It is 2."
    assert items == ["message", "function_call", "function_call_output"]
    roles = [message.role for message in relay.asked[1].messages]
    assert roles == [Role.USER, Role.ASSISTANT, Role.TOOL]  # instructions are not inherited
    assert relay.asked[1].messages[1].tool_calls[0].id == "call_1"


async def test_sdk_streams_and_gathers_the_same() -> None:
    relay = ScriptedRelay(use_tools)

    def work(client: openai.OpenAI) -> tuple[list[str], Any]:
        with client.responses.stream(model="practice", input="2?", tools=TOOLS) as stream:
            kinds = [str(event.type) for event in stream]
            return kinds, stream.get_final_response()

    async with serving(relay) as server:
        kinds, response = await with_sdk(server, work)
    assert kinds.count("response.function_call_arguments.delta") == 2
    assert response.output[0].arguments == '{"a":2}'


async def test_sdk_background_retrieve_and_delete() -> None:
    relay = ScriptedRelay()

    def work(client: openai.OpenAI) -> tuple[str, str]:
        queued = client.responses.create(model="practice", input="Hi", background=True)
        events = list(client.responses.retrieve(queued.id, stream=True))
        assert events[-1].type == "response.completed"
        text = client.responses.retrieve(queued.id).output_text
        client.responses.delete(queued.id)
        with pytest.raises(openai.NotFoundError) as missing:
            client.responses.retrieve(queued.id)
        return text, str(missing.value)

    async with serving(relay) as server:
        text, missing = await with_sdk(server, work)
    assert text == "Hello, world"
    assert "not found" in missing


async def test_sdk_parses_structured_output() -> None:
    relay = ScriptedRelay(says(TextDelta('{"answer": 42}'), finished()))
    schema: Any = {"type": "object", "properties": {"answer": {"type": "integer"}}}

    def work(client: openai.OpenAI) -> str:
        form: Any = {"format": {"type": "json_schema", "name": "a", "schema": schema}}
        return client.responses.create(model="practice", input="6*7", text=form).output_text

    async with serving(relay) as server:
        assert json.loads(await with_sdk(server, work)) == {"answer": 42}
    output = relay.asked[0].output
    assert output is not None
    assert output.schema == schema
