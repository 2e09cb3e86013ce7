"""LiteLLM against a relay: the scenarios of test_sdks.py, each in LiteLLM's own words.

Runs in an environment of its own, as LiteLLM's pins are not ours. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import litellm

ROOT, KEY, GIVEN = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
OPENAI: dict[str, Any] = {"model": "openai/practice", "api_base": f"{ROOT}/v1", "api_key": KEY, "timeout": 30}
ANTHROPIC: dict[str, Any] = {
    "model": "anthropic/practice",
    "api_base": ROOT,
    "api_key": KEY,
    "timeout": 30,
    "max_tokens": 1000,
}


def user(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}]


def text_of(stream: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def plain() -> Any:
    answer = litellm.completion(messages=user("plain"), temperature=0, **OPENAI)
    return [answer.choices[0].message.content, answer.usage.total_tokens]


def streamed() -> Any:
    chunks = list(
        litellm.completion(
            messages=user("plain"), stream=True, stream_options={"include_usage": True}, **OPENAI
        )
    )
    usage = [chunk.usage.total_tokens for chunk in chunks if getattr(chunk, "usage", None)]
    return [text_of(chunks), usage[-1:]]


def tools(**where: Any) -> Any:
    messages = user("plain")
    asked = litellm.completion(messages=messages, tools=GIVEN["tools"], **where)
    message = asked.choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    for call in message.tool_calls:
        given = json.loads(call.function.arguments)
        messages.append({"role": "tool", "tool_call_id": call.id, "content": str(given["a"] + given["b"])})
    answer = litellm.completion(messages=messages, tools=GIVEN["tools"], stream=True, **where)
    return [asked.choices[0].finish_reason, text_of(answer)]


def streamed_tools() -> Any:
    chunks = list(litellm.completion(messages=user("plain"), tools=GIVEN["tools"], stream=True, **OPENAI))
    whole = litellm.stream_chunk_builder(chunks)
    return [json.loads(call.function.arguments) for call in whole.choices[0].message.tool_calls]


def schema() -> Any:
    answer = litellm.completion(messages=user("plain"), response_format=GIVEN["response_format"], **OPENAI)
    return json.loads(answer.choices[0].message.content)


def image() -> Any:
    content = [{"type": "text", "text": "image"}, {"type": "image_url", "image_url": {"url": GIVEN["pixel"]}}]
    return litellm.completion(messages=user(content), **OPENAI).choices[0].message.content


def text_completion() -> Any:
    where = OPENAI | {"model": "text-completion-openai/practice"}
    return litellm.text_completion(prompt="plain", **where).choices[0].text


def responses() -> Any:
    where = {name: OPENAI[name] for name in ("model", "api_base", "api_key")}
    return litellm.responses(input="plain", **where).output[0].content[0].text


async def leave() -> None:
    async def read() -> None:
        stream = await litellm.acompletion(messages=user("forever"), stream=True, **OPENAI)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                begun.set()

    begun = asyncio.Event()
    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    await asyncio.wait([reading])
    # The relay has to hear of it while this process still lives.
    await asyncio.to_thread(sys.stdin.readline)


def main() -> None:
    """Run all of it."""
    said = {
        "plain": plain(),
        "streamed": streamed(),
        "tools": tools(**OPENAI),
        "streamed_tools": streamed_tools(),
        "schema": schema(),
        "image": image(),
        "text_completion": text_completion(),
        "responses": responses(),
        "messages": tools(**ANTHROPIC),
    }
    asyncio.run(leave())
    print(json.dumps(said))


if __name__ == "__main__":
    main()
