"""The service as clients of the dialect meet it: by Anthropic's SDK, and byte by byte."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import anthropic
import pytest
import trio
from anthropic.types import MessageParam, ToolParam

from cdp_relay.api import Server
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    ReasoningDelta,
    Role,
    Step,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import (
    AnswerBlocked,
    BrowserStalled,
    GenerationFailed,
    InternalError,
    PromptTooLong,
    RateLimited,
    RelayError,
    SignedOut,
    SiteOverloaded,
)
from tests.api.kit import KEY, Reply, ScriptedRelay, finished, reached, says, send, serving
from tests.api.messages.kit import check_stream, parse_error, parse_message
from tests.api.messages.test_request import CLAUDE_CODE, PNG, PNG_BLOCK

T = TypeVar("T")
HELLO: list[MessageParam] = [{"role": "user", "content": "Hello!"}]
TOOL: ToolParam = {"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}


async def with_sdk(
    server: Server,
    work: Callable[[anthropic.Anthropic], T],
    *,
    api_key: str | None = KEY,
    auth_token: str | None = None,
    retries: int = 0,
) -> T:
    """Run *work* with a client in a thread, as the SDK's own async client does not run on Trio."""

    def run() -> T:
        with anthropic.Anthropic(
            base_url=f"http://127.0.0.1:{server.port}",
            api_key=api_key,
            auth_token=auth_token,
            max_retries=retries,
            timeout=20,
        ) as client:
            return work(client)

    return await trio.to_thread.run_sync(run)


async def post(server: Server, path: str = "/v1/messages?beta=true", /, **fields: Any) -> Reply:
    body = {"model": "practice", "max_tokens": 100, "messages": HELLO, **fields}
    sent = json.dumps({name: value for name, value in body.items() if value is not ...})
    return await send(server, "POST", path, sent.encode())


def calling(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    """A model that reads a file, and says what stood in it."""
    results = [message.text for message in request.messages if message.role is Role.TOOL]
    if results:
        return says(TextDelta(f"It says {results[0]!r}."), finished())(request)
    arguments = '{"file_path": "a.py"}'
    return says(
        TextDelta("I look."),
        ToolCallBegan(index=0, id="call_77", name="Read"),
        ToolCallArguments(0, arguments[:9]),
        ToolCallArguments(0, arguments[9:]),
        ToolCallEnded(index=0, id="call_77", name="Read", arguments=arguments),
        finished(FinishReason.TOOL_CALLS),
    )(request)


# --- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [{"api_key": KEY}, {"api_key": None, "auth_token": KEY}])
async def test_sdk_plain(key: dict[str, Any]) -> None:
    relay = ScriptedRelay()

    def work(client: anthropic.Anthropic) -> Any:
        return client.messages.with_raw_response.create(
            model="claude-opus-4-8",
            max_tokens=100,
            messages=HELLO,
            system="Be kind.",
            metadata={"user_id": "1"},
        )

    async with serving(relay) as server:
        reply = await with_sdk(server, work, **key)
    answer = reply.parse()
    assert answer.content[0].text == "Hello, world"
    assert answer.stop_reason == "end_turn"
    assert answer.model == "claude-opus-4-8"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (5, 7)
    assert reply.headers["request-id"] == reply.headers["x-request-id"] == relay.asked[0].id
    assert reply.headers["x-cdp-relay-ignored"] == "metadata"
    assert "names no site" in reply.headers["x-cdp-relay-notice"]
    assert not relay.asked[0].live
    assert [(message.role, message.text) for message in relay.asked[0].messages] == [
        (Role.SYSTEM, "Be kind."),
        (Role.USER, "Hello!"),
    ]


async def test_sdk_streaming_with_thinking() -> None:
    relay = ScriptedRelay(says(ReasoningDelta("Hm"), TextDelta("Hello"), TextDelta(" 😀"), finished()))

    def work(client: anthropic.Anthropic) -> Any:
        with client.messages.stream(
            model="practice",
            max_tokens=2000,
            messages=HELLO,
            thinking={"type": "enabled", "budget_tokens": 1024},
        ) as stream:
            return "".join(stream.text_stream), stream.get_final_message()

    async with serving(relay) as server:
        text, message = await with_sdk(server, work)
    assert text == "Hello 😀"
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].signature
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == 7


@pytest.mark.parametrize("stream", [False, True])
async def test_sdk_tools_round_trip(stream: bool) -> None:
    relay = ScriptedRelay(calling)

    def work(client: anthropic.Anthropic) -> Any:
        def ask(messages: list[MessageParam]) -> Any:
            if not stream:
                return client.messages.create(model="m", max_tokens=100, messages=messages, tools=[TOOL])
            with client.messages.stream(
                model="m", max_tokens=100, messages=messages, tools=[TOOL]
            ) as running:
                return running.get_final_message()

        first = ask(HELLO)
        call = first.content[-1]
        result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "print(1)"}
        second = ask(
            [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        )
        return first, call, second

    async with serving(relay) as server:
        first, call, second = await with_sdk(server, work)
    assert first.stop_reason == "tool_use"
    assert [block.type for block in first.content] == ["text", "tool_use"]
    assert (call.name, call.input) == ("Read", {"file_path": "a.py"})
    assert second.content[0].text == "It says 'print(1)'."
    *_, asked, result = relay.asked[1].messages
    assert [(one.id, one.name) for one in asked.tool_calls] == [(call.id, "Read")]
    assert (result.tool_call_id, result.name) == (call.id, "Read")


async def test_an_image_arrives() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        alone = await post(server, messages=[{"role": "user", "content": [PNG_BLOCK]}], stream=True)
        resulting = {"type": "tool_result", "tool_use_id": "1", "content": [PNG_BLOCK]}
        seen = await post(server, messages=[*HELLO, {"role": "user", "content": [resulting]}])
    assert (alone.status, seen.status) == (200, 200)
    assert relay.asked[0].messages[0].files[0].data == PNG
    assert relay.asked[1].messages[1].files[0].data == PNG


async def test_a_silence_is_filled_with_pings() -> None:
    heard = trio.Event()

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.STREAMING)
        yield TextDelta("Hel")
        await heard.wait()
        yield TextDelta("lo")
        yield finished()

    async with serving(ScriptedRelay(script), keepalive_seconds=0.05) as server:

        def work(client: anthropic.Anthropic) -> bytes:
            with client.messages.with_streaming_response.create(
                model="practice", max_tokens=100, messages=HELLO, stream=True
            ) as reply:
                body = b""
                for piece in reply.iter_bytes():
                    body += piece
                    if body.count(b"event: ping") > 3:
                        trio.from_thread.run_sync(heard.set)
                return body

        body = await with_sdk(server, work)
    events = check_stream(body)
    assert (
        "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
        == "Hello"
    )


async def test_what_claude_code_sends_is_answered_both_ways() -> None:
    """It falls back to the same request without ``stream`` when a stream breaks."""
    relay = ScriptedRelay()
    async with serving(relay) as server:
        streamed = await post(server, **CLAUDE_CODE)
        whole = await post(server, **{**CLAUDE_CODE, "stream": ...})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.headers["request-id"]
    check_stream(streamed.body)
    assert parse_message(whole.body).content[0].type == "text"
    assert relay.asked[0].messages == relay.asked[1].messages


async def test_a_client_that_goes_away_ends_its_turn() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield TextDelta("word")
        await trio.sleep_forever()

    relay = ScriptedRelay(script)

    def work(client: anthropic.Anthropic) -> None:
        with client.messages.stream(model="practice", max_tokens=100, messages=HELLO) as stream:
            for _ in stream.text_stream:
                break

    async with serving(relay) as server:
        await with_sdk(server, work)
        with trio.fail_after(10):
            await relay.ended.wait()
    assert relay.running == 0


# --- answered here ---------------------------------------------------------------------------------


async def test_tokens_are_counted_without_the_site() -> None:
    relay = ScriptedRelay()
    big: list[MessageParam] = [{"role": "user", "content": "word " * 40_000}]
    counts: list[int] = []

    def work(client: anthropic.Anthropic) -> Any:
        return client.messages.count_tokens(model="m", messages=big, system="Be kind.", tools=[TOOL])

    async with serving(relay) as server:
        counted = await with_sdk(server, work)

        async def count() -> None:
            reply = await post(server, "/v1/messages/count_tokens?beta=true", messages=big, max_tokens=...)
            counts.append(reply.json()["input_tokens"])

        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                for _ in range(15):
                    nursery.start_soon(count)
        wrong = await post(server, "/v1/messages/count_tokens", messages=[])
    assert counted.input_tokens > 10_000
    assert len(counts) == 15
    assert min(counts) > 10_000
    assert wrong.status == 400
    assert parse_error(wrong.body).error.type == "invalid_request_error"
    assert relay.asked == []


@pytest.mark.parametrize("most", [0, 1])
async def test_a_probe_for_one_token_is_answered_without_the_site(most: int) -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        whole = await post(server, max_tokens=most, model="claude-haiku-4-5")
        streamed = await post(server, max_tokens=most, stream=True)
    message = parse_message(whole.body)
    assert message.stop_reason == "max_tokens"
    assert message.content == []
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens == most
    assert "not asked of the site" in whole.headers["x-cdp-relay-notice"]
    events = check_stream(streamed.body)
    assert [event["type"] for event in events] == ["message_start", "ping", "message_delta", "message_stop"]
    assert events[0]["message"]["usage"]["input_tokens"] > 0
    assert relay.asked == []


async def test_models_in_both_shapes() -> None:
    def work(client: anthropic.Anthropic) -> Any:
        pages = client.models.list(limit=2)
        return (
            pages,
            [model.id for model in pages],
            client.models.retrieve("practice/echo"),
            [model.id for model in client.models.list(before_id="practice/echo", limit=1).data],
            client.models.list(after_id="practice/echo").data,
            client.models.list(extra_query={"limit": "many"}).has_more,
        )

    async with serving(ScriptedRelay()) as server:
        pages, names, one, before, after, more = await with_sdk(server, work)
        plain = await send(server, "GET", "/v1/models")
        missing = await send(server, "GET", "/v1/models/x", headers={"anthropic-version": "2023-06-01"})
    assert (pages.has_more, pages.first_id, pages.last_id) == (True, "chatgpt", "practice")
    assert names == ["chatgpt", "practice", "practice/echo"]
    assert (one.type, one.display_name, one.created_at.year) == ("model", "Practice/Echo", 2023)
    assert before == ["practice"]
    assert after == []
    assert more is False
    assert plain.json()["object"] == "list"
    assert parse_error(missing.body).error.type == "not_found_error"


# --- errors ----------------------------------------------------------------------------------------


_FAILURES: list[tuple[RelayError, str, str]] = [
    (RateLimited("Too quick.", retry_after_seconds=1.2), "RateLimitError", "rate_limit_error"),
    (SiteOverloaded("Busy."), "ServiceUnavailableError", "overloaded_error"),
    (SignedOut("Nobody is there."), "ServiceUnavailableError", "api_error"),
    (BrowserStalled("It hangs."), "GatewayTimeoutError", "timeout_error"),
    (GenerationFailed("It failed."), "InternalServerError", "api_error"),
    (InternalError("A bug."), "InternalServerError", "api_error"),
    (PromptTooLong("9 is more than 8."), "BadRequestError", "invalid_request_error"),
    (AnswerBlocked("No."), "BadRequestError", "invalid_request_error"),
]


async def test_sdk_raises_what_the_error_is() -> None:
    relay = ScriptedRelay()

    def work(client: anthropic.Anthropic) -> list[Any]:
        raised = []
        for error, _, _ in _FAILURES:
            relay.script = says(reached(Step.QUEUED), error)
            for stream in (False, True):
                with pytest.raises(anthropic.APIStatusError) as caught:
                    client.messages.create(model="m", max_tokens=100, messages=HELLO, stream=stream)
                raised.append((error, caught.value))
        return raised

    async with serving(relay) as server:
        raised = await with_sdk(server, work)
    expected = {error: (name, kind) for error, name, kind in _FAILURES}
    for error, told in raised:
        name, kind = expected[error]
        assert type(told).__name__ == name
        assert told.status_code == error.status
        assert parse_error(json.dumps(told.body).encode()).error.type == kind
        assert told.body["cdp_relay"]["code"] == error.code
        assert told.request_id == told.body["request_id"]
        assert error.message in told.body["error"]["message"]
        assert error.next_step in told.body["error"]["message"]
        assert told.response.headers.get("retry-after") == ("2" if isinstance(error, RateLimited) else None)
        must_not_retry = error.status >= 500 and not error.retryable
        assert told.response.headers.get("x-should-retry") == ("false" if must_not_retry else None)


async def test_a_prompt_that_is_too_long_is_told_in_the_words_that_make_clients_compact() -> None:
    async with serving(ScriptedRelay(says(PromptTooLong("9 is more than 8.")))) as server:
        reply = await post(server)
    assert reply.error["message"].startswith("prompt is too long: 9 is more than 8.")


async def test_a_stream_that_breaks_raises_in_the_sdk() -> None:
    def work(client: anthropic.Anthropic) -> Any:
        got: list[Any] = []
        stream = client.messages.create(model="m", max_tokens=100, messages=HELLO, stream=True)
        with pytest.raises(anthropic.APIStatusError) as caught:
            got.extend(stream)
        return got, caught.value

    async with serving(ScriptedRelay(says(TextDelta("half"), SiteOverloaded("Busy.")))) as server:
        got, error = await with_sdk(server, work)
        raw = await post(server, stream=True)
    assert [event.type for event in got] == ["message_start", "content_block_start", "content_block_delta"]
    assert error.body["error"]["type"] == "overloaded_error"
    check_stream(raw.body, broken=True)


async def test_a_service_that_stops_says_so_in_the_dialect() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield TextDelta("word")
        await trio.sleep_forever()

    replies: list[Reply] = []
    relay = ScriptedRelay(script)
    async with trio.open_nursery() as nursery, serving(relay) as server:

        async def ask() -> None:
            replies.append(await post(server, stream=True))

        nursery.start_soon(ask)
        await relay.started.wait()
    (reply,) = replies
    events = check_stream(reply.body, broken=True)
    assert events[-1]["error"]["type"] == "overloaded_error"


async def test_whoever_is_refused_before_the_routes_is_told_in_the_dialect() -> None:
    async with serving(ScriptedRelay(), max_body_bytes=2048) as server:
        keyless = await send(server, "POST", "/v1/messages", b"{}", {"Authorization": None})
        large = await post(server, messages=[{"role": "user", "content": "x" * 3000}])
        typed = await send(server, "POST", "/v1/messages", b"{}", {"Content-Type": "text/plain"})
        method = await send(server, "GET", "/v1/messages")
        batches = await send(server, "POST", "/v1/messages/batches", b"{}")
        deeper = await send(server, "GET", "/v1/messages/batches/b1/results")
        version: dict[str, str | None] = {"anthropic-version": "2023-06-01"}
        twice = await send(server, "POST", "/v1/v1/messages", b"{}", version)
        short = await send(server, "POST", "/messages?beta=true", b"{}", version)
    told = [keyless, large, typed, method, batches, deeper, twice, short]
    assert [(reply.status, parse_error(reply.body).error.type) for reply in told if reply is not large] == [
        (401, "authentication_error"),
        (415, "invalid_request_error"),
        (405, "invalid_request_error"),
        (404, "not_found_error"),
        (404, "not_found_error"),
        (404, "not_found_error"),
        (404, "not_found_error"),
    ]
    # The SDK's types have no name for this one, though its documentation has.
    assert (large.status, large.error["type"]) == (413, "request_too_large")
    assert all(reply.headers["request-id"] == reply.json()["request_id"] for reply in told)
    assert method.headers["allow"] == "POST"
    assert "/v1/messages" in batches.error["message"]
    for lost in (twice, short):
        assert f"http://localhost:{server.port} for clients that add /v1/messages" in lost.error["message"]


async def test_sdk_with_a_wrong_key() -> None:
    def work(client: anthropic.Anthropic) -> None:
        client.messages.create(model="m", max_tokens=100, messages=HELLO)

    async with serving(ScriptedRelay()) as server:
        with pytest.raises(anthropic.AuthenticationError):
            await with_sdk(server, work, api_key="sk-wrong")


async def test_a_body_that_is_none_is_told_in_the_dialect() -> None:
    bodies = [b"", b"null", b"[]", b"{", b'{"model":', b"\xff", b'{"model": NaN}', b"[" * 100_000]
    async with serving(ScriptedRelay()) as server:
        replies = [await send(server, "POST", "/v1/messages", body) for body in bodies]
    assert {reply.status for reply in replies} == {400}
    assert {parse_error(reply.body).error.type for reply in replies} == {"invalid_request_error"}
