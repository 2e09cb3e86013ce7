"""LangChain's ChatOpenAI against a relay: the scenarios of test_sdks.py, each in LangChain's own words.

Runs in an environment of its own, beside LiteLLM. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

ROOT, KEY, GIVEN = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


class City(BaseModel):
    """What the model is to fill in."""

    name: str
    people: int


def model(**more: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model="practice", base_url=f"{ROOT}/v1", api_key=SecretStr(KEY), max_retries=0, timeout=30, **more
    )


def plain() -> Any:
    answer = model(temperature=0).invoke("plain")
    return [answer.content, answer.usage_metadata["total_tokens"]]


def streamed() -> Any:
    chunks = list(model(stream_usage=True).stream("plain"))
    usage = [chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata]
    return ["".join(chunk.content for chunk in chunks), usage]


def tools() -> Any:
    bound = model().bind_tools(GIVEN["tools"])
    messages: list[Any] = [HumanMessage("plain")]
    asked = bound.invoke(messages)
    messages.append(asked)
    for call in asked.tool_calls:
        given = call["args"]
        messages.append(ToolMessage(str(given["a"] + given["b"]), tool_call_id=call["id"]))
    return [asked.response_metadata["finish_reason"], bound.invoke(messages).content]


def streamed_tools() -> Any:
    whole: Any = None
    for chunk in model().bind_tools(GIVEN["tools"]).stream("plain"):
        whole = chunk if whole is None else whole + chunk
    return [call["args"] for call in whole.tool_calls]


def structured(method: str) -> Any:
    return model().with_structured_output(City, method=method).invoke("plain as JSON").model_dump()


def image() -> Any:
    content = [{"type": "text", "text": "image"}, {"type": "image_url", "image_url": {"url": GIVEN["pixel"]}}]
    return model().invoke([HumanMessage(content)]).content


def responses() -> Any:
    return model(use_responses_api=True).invoke("plain").text


async def silence() -> Any:
    """A page that thinks for longer than LangChain waits for a chunk."""
    patient = model(stream_chunk_timeout=1.0)
    return "".join([chunk.content async for chunk in patient.astream("silence")])


async def leave() -> None:
    stream = model().astream("forever")
    async for chunk in stream:
        if chunk.content:
            break
    await stream.aclose()
    # The relay has to hear of it while this process still lives.
    await asyncio.to_thread(sys.stdin.readline)


def main() -> None:
    """Run all of it."""
    said = {
        "plain": plain(),
        "streamed": streamed(),
        "tools": tools(),
        "streamed_tools": streamed_tools(),
        "json_schema": structured("json_schema"),
        "function_calling": structured("function_calling"),
        "json_mode": structured("json_mode"),
        "image": image(),
        "responses": responses(),
        "silence": asyncio.run(silence()),
    }
    asyncio.run(leave())
    print(json.dumps(said))


if __name__ == "__main__":
    main()
