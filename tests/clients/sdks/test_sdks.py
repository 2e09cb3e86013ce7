"""LiteLLM and LangChain talk to the real service, with scripted turns behind it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    Role,
    Step,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from tests.api.kit import KEY, ScriptedRelay, finished, reached, serving

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

_HERE = Path(__file__).parent
_PYTHON = _HERE / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
_ADD = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
_CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["name", "people"],
    "additionalProperties": False,
}
_ZURICH = {"name": "Zürich", "people": 443037}
_GIVEN = {
    "tools": [{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": _ADD}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "City", "schema": _CITY}},
    "pixel": "data:image/png;base64,iVBORw0KGgo=",
}


@attrs.define(eq=False)
class Model:
    """Answers as a model would that is asked by one of the programs."""

    left: trio.Event = attrs.field(factory=trio.Event)
    """Set when the answer without an end was stopped."""

    async def answer(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """One turn."""
        yield reached(Step.STREAMING)
        last = request.messages[-1]
        if last.role is Role.TOOL:
            results = [message.text for message in request.messages if message.role is Role.TOOL]
            yield TextDelta(" and ".join(results))
        elif request.tools:
            for event in _calls(request.tools[0].name):
                yield event
            yield finished(FinishReason.TOOL_CALLS)
            return
        elif request.output is not None:
            yield TextDelta(json.dumps(_ZURICH))
        elif last.text == "forever":
            yield TextDelta("on and on")
            try:
                await trio.sleep_forever()
            finally:
                self.left.set()
        elif last.text == "image":
            yield TextDelta(f"{last.files[0].media_type}, {len(last.files[0].data)} bytes")
        else:
            if last.text == "silence":
                await trio.sleep(3)
            yield TextDelta("Tabs\t and ")
            yield TextDelta("emoji 😀")
        yield finished()


def _calls(name: str) -> list[ChatEvent]:
    arguments = [_ZURICH] if name == "City" else [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    events: list[ChatEvent] = []
    for index, given in enumerate(arguments):
        which: dict[str, Any] = {"index": index, "id": f"call_{index}", "name": name}
        text = json.dumps(given)
        events += [
            ToolCallBegan(**which),
            ToolCallArguments(index, text[:6]),
            ToolCallArguments(index, text[6:]),
        ]
        events.append(ToolCallEnded(**which, arguments=text))
    return events


async def run_program(name: str) -> dict[str, Any]:
    """Run a program against the service; what it printed."""
    if not _PYTHON.exists():
        pytest.skip("run launch/clients, which installs it")
    model = Model()
    nowhere = "http://127.0.0.1:9"  # the port of 'discard', where nobody listens
    environment = {
        **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        "PYTHONPATH": "",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LANGSMITH_TRACING": "false",
    }
    async with (
        serving(ScriptedRelay(model.answer), keepalive_seconds=0.2) as server,
        trio.open_nursery() as nursery,
    ):
        command = [
            _PYTHON,
            _HERE / f"{name}_program.py",
            f"http://127.0.0.1:{server.port}",
            KEY,
            json.dumps(_GIVEN),
        ]
        process: trio.Process = await nursery.start(
            partial(
                trio.run_process,
                command,
                stdin=subprocess.PIPE,
                capture_stdout=False,
                stdout=subprocess.PIPE,
                check=False,
                env=environment,
            )
        )
        assert process.stdin is not None
        assert process.stdout is not None
        nursery.start_soon(_tell_when_left, model, process.stdin)
        printed = b""
        async for piece in process.stdout:
            printed += piece
        nursery.cancel_scope.cancel()
    assert model.left.is_set(), "the program failed, or the turn that it had left went on"
    said: dict[str, Any] = json.loads(printed.splitlines()[-1])  # LiteLLM says other things before
    return said


async def _tell_when_left(model: Model, stdin: trio.abc.SendStream) -> None:
    await model.left.wait()
    await stdin.send_all(b"\n")


async def test_litellm() -> None:
    assert await run_program("litellm") == {
        "plain": ["Tabs\t and emoji 😀", 12],
        "streamed": ["Tabs\t and emoji 😀", [12]],
        "tools": ["tool_calls", "3 and 7"],
        "streamed_tools": [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
        "schema": _ZURICH,
        "image": "image/png, 8 bytes",
        "text_completion": "Tabs\t and emoji 😀",
        "responses": "Tabs\t and emoji 😀",
        "messages": ["tool_calls", "3 and 7"],
    }


async def test_langchain() -> None:
    assert await run_program("langchain") == {
        "plain": ["Tabs\t and emoji 😀", 12],
        "streamed": ["Tabs\t and emoji 😀", [12]],
        "tools": ["tool_calls", "3 and 7"],
        "streamed_tools": [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
        "json_schema": _ZURICH,
        "function_calling": _ZURICH,
        "json_mode": _ZURICH,
        "image": "image/png, 8 bytes",
        "responses": "Tabs\t and emoji 😀",
        "silence": "Tabs\t and emoji 😀",
    }
