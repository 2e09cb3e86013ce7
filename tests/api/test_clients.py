"""The real clients: openai's SDK and curl."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, TypeVar

import openai
import pytest
import trio

from cdp_relay.api import Server
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, ReasoningDelta, Step, TextDelta
from cdp_relay.errors import CapReached, GenerationFailed, SignedOut, SiteOverloaded, SubmitAmbiguous
from tests.api.kit import (
    KEY,
    ScriptedRelay,
    check_whole_stream,
    finished,
    joined,
    reached,
    says,
    serving,
)

T = TypeVar("T")
HELLO: list[Any] = [{"role": "user", "content": "Hello!"}]


async def with_sdk(
    server: Server, work: Callable[[openai.OpenAI], T], *, key: str = KEY, retries: int = 0
) -> T:
    """Run *work* with a client in a thread, as the SDK's own async client does not run on Trio."""

    def run() -> T:
        with openai.OpenAI(base_url=server.base_url, api_key=key, max_retries=retries, timeout=10) as client:
            return work(client)

    return await trio.to_thread.run_sync(run)


async def test_sdk_plain() -> None:
    relay = ScriptedRelay()

    def work(client: openai.OpenAI) -> Any:
        return client.chat.completions.create(model="chatgpt/gpt-5", messages=HELLO, temperature=0.3)

    async with serving(relay) as server:
        answer = await with_sdk(server, work)
    assert answer.choices[0].message.content == "Hello, world"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 12
    assert answer.model == "chatgpt/gpt-5"


async def test_sdk_streaming_with_thinking_and_usage() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.STREAMING)
        yield ReasoningDelta("hm")
        await trio.sleep(0.15)
        yield TextDelta("Hello")
        yield TextDelta(" 😀")
        yield finished()

    def work(client: openai.OpenAI) -> list[Any]:
        return list(
            client.chat.completions.create(
                model="practice", messages=HELLO, stream=True, stream_options={"include_usage": True}
            )
        )

    async with serving(ScriptedRelay(script), keepalive_seconds=0.05) as server:
        chunks = await with_sdk(server, work)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello 😀"
    deltas = [c.choices[0].delta for c in chunks if c.choices]
    assert [d.reasoning_content for d in deltas if d.model_extra] == ["hm"]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens_details.reasoning_tokens == 2


async def test_sdk_models() -> None:
    def work(client: openai.OpenAI) -> Any:
        return [model.id for model in client.models.list()], client.models.retrieve("practice/echo")

    async with serving(ScriptedRelay()) as server:
        ids, one = await with_sdk(server, work)
    assert ids == ["chatgpt", "practice", "practice/echo"]
    assert (one.id, one.owned_by) == ("practice/echo", "practice")


@pytest.mark.parametrize(
    ("relay", "fields", "key", "error", "code"),
    [
        (ScriptedRelay(), {}, "wrong", openai.AuthenticationError, "invalid_api_key"),
        (ScriptedRelay(), {"n": 2}, KEY, openai.BadRequestError, "unsupported_value"),
        (ScriptedRelay(), {"messages": []}, KEY, openai.BadRequestError, "invalid_request"),
        (
            ScriptedRelay(says(CapReached("Used up.", retry_after_seconds=90.0))),
            {},
            KEY,
            openai.RateLimitError,
            "usage_cap_reached",
        ),
        (ScriptedRelay(says(SignedOut("Nobody."))), {}, KEY, openai.InternalServerError, "signed_out"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_sdk_errors_have_their_class_and_code(
    relay: ScriptedRelay,
    fields: dict[str, Any],
    key: str,
    error: type[openai.APIStatusError],
    code: str,
    stream: bool,
) -> None:
    def work(client: openai.OpenAI) -> Any:
        asked: dict[str, Any] = {"model": "practice", "messages": HELLO, "stream": stream, **fields}
        with pytest.raises(error) as caught:
            client.chat.completions.create(**asked)
        return caught.value

    async with serving(relay) as server:
        raised = await with_sdk(server, work, key=key)
    assert raised.code == code
    assert raised.request_id.startswith("req_")


async def test_sdk_sees_an_error_within_a_stream() -> None:
    def work(client: openai.OpenAI) -> Any:
        seen: list[str | None] = []
        stream = client.chat.completions.create(model="practice", messages=HELLO, stream=True)
        texts = (chunk.choices[0].delta.content for chunk in stream)
        with pytest.raises(openai.APIError) as caught:
            seen.extend(texts)
        return seen, caught.value

    script = says(TextDelta("half"), GenerationFailed("Something went wrong."))
    async with serving(ScriptedRelay(script)) as server:
        seen, error = await with_sdk(server, work)
    assert seen == ["", "half"]
    assert error.code == "generation_failed"


async def test_sdk_sends_again_what_may_be_sent_again_and_nothing_else() -> None:
    def work(client: openai.OpenAI) -> Any:
        return client.chat.completions.create(model="practice", messages=HELLO)

    failures: list[Exception] = [SiteOverloaded("Busy.", retry_after_seconds=0.1)]

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        if failures:
            raise failures.pop()
        yield TextDelta("now")
        yield finished()

    mended = ScriptedRelay(script)
    unsure = ScriptedRelay(says(SubmitAmbiguous("Who knows.")))
    async with serving(mended) as server:
        answer = await with_sdk(server, work, retries=2)
    assert answer.choices[0].message.content == "now"
    assert len(mended.asked) == 2
    async with serving(unsure) as server:
        with pytest.raises(openai.InternalServerError):
            await with_sdk(server, work, retries=2)
    assert len(unsure.asked) == 1


async def test_sdk_closing_a_stream_stops_the_turn() -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield TextDelta("first")
        await trio.sleep_forever()

    def work(client: openai.OpenAI) -> None:
        with client.chat.completions.create(model="practice", messages=HELLO, stream=True) as stream:
            for chunk in stream:
                if chunk.choices[0].delta.content == "first":
                    return

    relay = ScriptedRelay(script)
    async with serving(relay) as server:
        await with_sdk(server, work)
        with trio.fail_after(1):
            await relay.ended.wait()


# --- curl ----------------------------------------------------------------------------------------

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

# As the README has it, but for key, host and port.
SEED = (
    '{"model": "gemini-pro", "messages": [{ "role": "user", "content": "Hello!" }], '
    '"temperature": 0.7, "max_tokens": 100}'
)


async def curl(*arguments: str) -> tuple[int, bytes, bytes]:
    run = partial(trio.run_process, capture_stdout=True, capture_stderr=True, check=False)
    done = await run(["curl", "-sS", "--max-time", "10", *arguments])
    return done.returncode, done.stdout, done.stderr


@needs_curl
async def test_curl_as_in_the_readme() -> None:
    async with serving(ScriptedRelay()) as server:
        code, out, err = await curl(
            "-i", "-X", "POST", f"{server.base_url}/chat/completions", "-H", "Content-Type: application/json",
            "-H", f"Authorization: Bearer {KEY}", "-d", SEED,
        )  # fmt: skip
    assert (code, err) == (0, b"")
    assert b"HTTP/1.1 200" in out
    assert b"x-cdp-relay-ignored: temperature\r\n" in out
    assert b"x-cdp-relay-notice: The label 'gemini-pro' names no site" in out
    assert b'"content":"Hello, world"' in out


@needs_curl
async def test_curl_streams_to_a_clean_end() -> None:
    async with serving(ScriptedRelay()) as server:
        code, out, err = await curl(
            "-N", f"{server.base_url}/chat/completions", "-H", "Content-Type: application/json",
            "-H", f"Authorization: Bearer {KEY}", "-d", SEED[:-1] + ', "stream": true}',
        )  # fmt: skip
    assert (code, err) == (0, b"")
    assert joined(check_whole_stream(out)) == "Hello, world"


@needs_curl
@pytest.mark.parametrize("flag", ["--http2-prior-knowledge", "--http2"])
async def test_http_2_is_refused_with_a_reason(flag: str) -> None:
    async with serving(ScriptedRelay()) as server:
        _, out, _ = await curl(flag, f"{server.base_url}/models", "-H", f"Authorization: Bearer {KEY}")
        # A request with a body is never upgraded, so that an offer to upgrade does no harm there.
        _, posted, _ = await curl(
            "--http2", f"{server.base_url}/chat/completions", "-H", "Content-Type: application/json",
            "-H", f"Authorization: Bearer {KEY}", "-d", SEED,
        )  # fmt: skip
    assert b"Use HTTP/1.1." in out
    assert b"Hello, world" in posted


@needs_curl
async def test_curl_reads_why_a_large_upload_was_refused() -> None:
    async with serving(ScriptedRelay(), max_body_bytes=100_000) as server:
        run = partial(trio.run_process, capture_stdout=True, check=False, stdin=b" " * 5_000_000)
        done = await run(
            [
                "curl", "-sS", "-w", "%{http_code}", f"{server.base_url}/chat/completions",
                "--data-binary", "@-", "-H", "Content-Type: application/json",
                "-H", f"Authorization: Bearer {KEY}",
            ]
        )  # fmt: skip
    assert done.returncode == 0
    assert b"request_too_large" in done.stdout
    assert done.stdout.endswith(b"413")
