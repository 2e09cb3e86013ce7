"""The Open Responses compliance tests, by a checkout of theirs where one is given, and their rows here.

``OPEN_RESPONSES_CHECKOUT`` is the folder of github.com/openresponses/openresponses after ``bun install``.
"""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import Any

import openresponses_types.types as types
import pytest
import trio
from pydantic import BaseModel

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    ReasoningDelta,
    Role,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import AnswerIncomplete
from tests.api.kit import KEY, ScriptedRelay, finished, says, serving
from tests.api.responses.kit import check_stream, create

CHECKOUT = os.environ.get("OPEN_RESPONSES_CHECKOUT", "")
BUN = shutil.which("bun")

NOT_OFFERED = ("websocket", "compact")
"""The beginnings of the ids of rows that the relay cannot pass: docs/dialects.md says why."""


async def be_competent(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    """Does what the rows ask: calls the tool that there is, once, and speaks otherwise."""
    if request.tools and not any(message.role is Role.TOOL for message in request.messages):
        arguments = '{"location":"San Francisco, CA"}'
        name = request.tools[0].name
        yield ToolCallBegan(index=0, id="call_1", name=name)
        yield ToolCallArguments(0, arguments)
        yield ToolCallEnded(index=0, id="call_1", name=name, arguments=arguments)
        yield finished(FinishReason.TOOL_CALLS)
    else:
        yield TextDelta("One, two, ")
        yield TextDelta("three.")
        yield finished()


@pytest.mark.skipif(not CHECKOUT or BUN is None, reason="needs OPEN_RESPONSES_CHECKOUT and bun")
async def test_their_compliance_tests() -> None:
    async with serving(ScriptedRelay(be_competent)) as server:
        with trio.fail_after(50):
            run = await trio.run_process(
                [
                    *(str(BUN), "run", "bin/compliance-test.ts", "--json"),
                    *("--base-url", server.base_url, "--api-key", KEY, "--model", "practice"),
                ],
                cwd=CHECKOUT,
                capture_stdout=True,
                check=False,
            )
    rows = json.loads(run.stdout)["results"]
    assert rows
    assert {
        row["id"]: row["errors"]
        for row in rows
        if row["status"] == "failed" and not row["id"].startswith(NOT_OFFERED)
    } == {}


EVENTS: dict[str, type[BaseModel]] = {
    next(iter(model.model_fields["type"].annotation)).value: model
    for name, model in vars(types).items()
    if name.endswith("StreamingEvent")
}
"""The specification's events, by their names."""


WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}},
}
PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8)).decode()
PDF = b64encode(b"%PDF-1.1\n").decode()


def user(content: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": content}


ROWS: dict[str, dict[str, Any]] = {
    "basic-response": {"input": [user("Say hello.")]},
    "system-prompt": {"input": [{**user("Be a pirate."), "role": "system"}, user("Say hello.")]},
    "tool-calling": {"input": [user("What is the weather?")], "tools": [WEATHER]},
    "image-input": {"input": [user([{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}])]},
    "file-input": {
        "input": [
            user(
                [
                    {"type": "input_text", "text": "Its title?"},
                    {
                        "type": "input_file",
                        "filename": "a.pdf",
                        "file_data": f"data:application/pdf;base64,{PDF}",
                    },
                ]
            )
        ]
    },
    "multi-turn": {
        "input": [user("I am Alice."), {**user("Hello Alice!"), "role": "assistant"}, user("My name?")]
    },
}


async def test_their_rows() -> None:
    async with serving(ScriptedRelay(be_competent)) as server:
        for name, body in ROWS.items():
            whole = (await create(server, **body)).json()
            live = check_stream((await create(server, stream=True, **body)).body)
            for event in live.events:
                EVENTS[event["type"]].model_validate(event)
            for response in (whole, live.events[-1]["response"]):
                types.ResponseResource.model_validate(response)
                assert response["status"] == "completed", name
                kinds = [item["type"] for item in response["output"]]
                assert kinds == ["function_call" if "tools" in body else "message"], name
        called = (await create(server, tools=[WEATHER], tool_choice=WEATHER)).json()
        result = {"type": "function_call_output", "call_id": "call_1", "output": "18 degrees"}
        last = await create(server, tools=[WEATHER], previous_response_id=called["id"], input=[result])
    assert last.json()["output"][0]["type"] == "message"


async def test_thoughts_and_failures_fit_their_specification() -> None:
    relay = ScriptedRelay(says(ReasoningDelta("hm"), TextDelta("x"), AnswerIncomplete("It ended.")))
    async with serving(relay) as server:
        check = check_stream((await create(server, stream=True)).body)
    for event in check.events:
        EVENTS[event["type"]].model_validate(event)
    assert check.events[-1]["type"] == "response.failed"
