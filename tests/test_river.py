"""The whole river: a real client, HTTP, a turn, a real Chromium, the ChatGPT replica, and back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, TypeVar

import attrs
import openai
import pytest
import trio

from cdp_relay.api import Server, serve
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.settings import Home, ServerSettings
from tests.chat.conftest import relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.turns import Prompt

pytestmark = pytest.mark.browser

T = TypeVar("T")
KEY = "sk-relay-test-river"
SEED = {
    "model": "gemini-pro",
    "messages": [{"role": "user", "content": "Hello!"}],
    "temperature": 0.7,
    "max_tokens": 100,
}

READ_FILE: Any = {
    "type": "function",
    "function": {
        "name": "read_file",
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    },
}


@pytest.fixture
async def server(
    chromium: ChromiumProcess, browser_context: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[Server, None]:
    """The service over the shared browser; the default site is ChatGPT, or the marked one."""
    settings = relay_settings(chromium)
    default = getattr(request, "param", "chatgpt")
    settings = attrs.evolve(settings, chat=attrs.evolve(settings.chat, default_site=default))
    home = Home(config=tmp_path, state=tmp_path)
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        assert isinstance(relay, Relay)
        async with serve(relay, ServerSettings(port=0, shutdown_seconds=1), KEY) as opened:
            yield opened


async def with_sdk(server: Server, work: Callable[[openai.OpenAI], T]) -> T:
    """Run *work* with the SDK's blocking client in a thread."""

    def run() -> T:
        with openai.OpenAI(base_url=server.base_url, api_key=KEY, max_retries=0, timeout=30) as client:
            return work(client)

    return await trio.to_thread.run_sync(run)


def ask(client: openai.OpenAI, text: str = "Hello!", **fields: Any) -> Any:
    messages: list[Any] = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="chatgpt", messages=messages, **fields)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("server", "content"),
    [("chatgpt", "Hello from the replica."), ("practice", "Hello!")],
    indirect=["server"],
)
async def test_the_seed_request_works_unchanged_but_for_the_key(
    server: Server, chatgpt_site: ChatGPTSite, content: str
) -> None:
    port = server.port
    command = ["curl", "-sS", "-i", "-X", "POST", f"http://localhost:{port}/v1/chat/completions"]
    command += ["-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {KEY}"]
    done = await trio.run_process([*command, "-d", json.dumps(SEED)], capture_stdout=True)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200")
    assert "gemini-pro" in head, "the notice says that the label named no site"
    answer = json.loads(body)
    assert answer["choices"][0]["message"]["content"] == content
    assert answer["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("generation", ["A", "B"])
async def test_the_sdk_streams_an_answer_with_thinking_and_usage(
    server: Server, chatgpt_site: ChatGPTSite, generation: Any
) -> None:
    chatgpt_site.generation(generation)
    text = "```c\n\tint main() {\n\n\n\t}\n```\n漢字 😀"
    chatgpt_site.say(Answer(text=text, thinking=("Which language?",)))

    def work(client: openai.OpenAI) -> list[Any]:
        return list(ask(client, "Write C.", stream=True, stream_options={"include_usage": True}))

    chunks = await with_sdk(server, work)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == text
    assert "language?" in "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens > 0
    assert chatgpt_site.prompts == ["Write C."]


async def test_the_sdk_streams_two_calls_and_sends_back_what_they_gave(
    server: Server, chatgpt_site: ChatGPTSite
) -> None:
    def answer(prompt: Prompt) -> Answer:
        if "port = 8080" in prompt.text:
            return Answer(text="It is 8080.")
        marker = re.findall(r"```(call_\w+)", prompt.text)[-1]
        calls = ({"name": "read_file", "arguments": {"path": path}} for path in ("a.toml", 'b "2".toml'))
        fences = (f"```{marker}\n{json.dumps(call)}\n```\n" for call in calls)
        return Answer(text="I look at both.\n\n" + "\n".join(fences))

    def work(client: openai.OpenAI) -> tuple[Any, Any]:
        messages: list[Any] = [{"role": "user", "content": "Which port?"}]
        with client.chat.completions.stream(model="chatgpt", messages=messages, tools=[READ_FILE]) as stream:
            asked = stream.get_final_completion().choices[0]
        messages.append(asked.message.to_dict())
        ids = [call.id for call in asked.message.tool_calls or ()]
        messages.extend({"role": "tool", "tool_call_id": id_, "content": "port = 8080"} for id_ in ids)
        return asked, client.chat.completions.create(model="chatgpt", messages=messages, tools=[READ_FILE])

    chatgpt_site.answer_with(answer)
    asked, answered = await with_sdk(server, work)
    assert (asked.message.content.strip(), asked.finish_reason) == ("I look at both.", "tool_calls")
    assert [json.loads(call.function.arguments)["path"] for call in asked.message.tool_calls] == [
        "a.toml",
        'b "2".toml',
    ]
    assert answered.choices[0].message.content == "It is 8080."
    assert answered.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("state", "options", "error", "retry_after"),
    [
        ("cap", {"shape": "old", "reset_after": 600}, openai.RateLimitError, 600),
        ("cap", {"shape": "stream", "reset_after": 600}, openai.RateLimitError, 600),
        ("logged_out", {}, openai.InternalServerError, None),
        ("message_too_long", {}, openai.BadRequestError, None),
    ],
)
async def test_a_refusal_of_the_site_is_a_status_before_anything_is_streamed(
    server: Server,
    chatgpt_site: ChatGPTSite,
    state: str,
    options: dict[str, Any],
    error: type[openai.APIStatusError],
    retry_after: int | None,
    stream: bool,
) -> None:
    chatgpt_site.state(state, **options)

    def work(client: openai.OpenAI) -> None:
        list(ask(client, stream=True)) if stream else ask(client)

    with pytest.raises(error) as refused:
        await with_sdk(server, work)
    if retry_after is not None:
        assert int(refused.value.response.headers["retry-after"]) == pytest.approx(retry_after, abs=30)


async def test_a_failure_in_mid_answer_is_an_event_and_no_end(
    server: Server, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("generation_failed", how="frame")
    got: list[str] = []

    def work(client: openai.OpenAI) -> None:
        for chunk in ask(client, stream=True):
            got.extend(choice.delta.content or "" for choice in chunk.choices)
            assert all(choice.finish_reason is None for choice in chunk.choices)

    with pytest.raises(openai.APIError, match="wrong"):
        await with_sdk(server, work)


async def test_a_client_that_closes_its_stream_stops_the_page_within_a_second(
    server: Server, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="a long answer " * 100, delay=0.05))
    left: list[float] = []

    def work(client: openai.OpenAI) -> None:
        stream = ask(client, stream=True)
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                break
        stream.close()

    await with_sdk(server, work)
    left.append(trio.current_time())
    await chatgpt_site.journal.wait("stop")
    assert trio.current_time() - left[0] < 1.0
