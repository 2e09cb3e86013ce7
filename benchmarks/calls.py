"""What tool calls cost: a coding agent's prompt with its tools, and answers with and without calls.

CPU time of this process, the best of several rounds: the machine's other work is not ours.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.rows import Row
from cdp_relay.chat.calls import CallParser, CallProtocol
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.vocabulary import Message, Role, TextPart, Tool, ToolCall

ROUNDS = 7
TOOLS = 60
SCHEMA_CHARS = 65_000
MESSAGE_CHARS = 400_000
ANSWER_CHARS = 1_000_000
CALL_CHARS = 200_000
CHUNK = 40
"""Characters, as many as a site sends at a time."""


async def run() -> list[Row]:
    """Measure; nothing waits for anything here."""
    tools, messages = _tools(), _messages()
    schemas = sum(len(json.dumps(tool.parameters)) + len(tool.description) for tool in tools)
    size = sum(len(message.text) for message in messages)

    def render() -> object:
        # A protocol of its own each time, as each request has one.
        return render_prompt(messages, calls=CallProtocol("bcdfgh", tools))

    protocol = CallProtocol("bcdfgh", tools)
    text = "".join(itertools.islice(itertools.cycle(_LINES), ANSWER_CHARS // 40))[:ANSWER_CHARS]
    code = '    value = "a\\\\b"  # it\'s `quoted`\n' * (CALL_CHARS // 36)
    arguments = json.dumps({"path": "src/main.py", "content": code})
    call = protocol.render_call(ToolCall(id="1", name=tools[0].name, arguments=arguments))
    broken = call.replace('"}}\n```', '",}}\n```')
    return [
        Row(
            name=f"render {size / 1000:.0f} kB of messages, {len(tools)} tools",
            value=_best(render),
            unit="ms CPU",
            bar=50,
            note=f"{schemas / 1000:.0f} kB of descriptions and schemas",
        ),
        Row(name="parse 1 MB of text without a call", value=_best(_parsing(protocol, text)), unit="ms CPU"),
        Row(
            name=f"parse a call of {len(call) / 1000:.0f} kB as it streams",
            value=_best(_parsing(protocol, call)),
            unit="ms CPU",
        ),
        Row(
            name=f"parse a call of {len(call) / 1000:.0f} kB, held and broken",
            value=_best(_parsing(protocol, broken, held_chars=10**9)),
            unit="ms CPU",
            note="a comma too many, mended",
        ),
    ]


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times) * 1000


def _parsing(protocol: CallProtocol, answer: str, held_chars: int = 2048) -> Callable[[], object]:
    chunks = [answer[start : start + CHUNK] for start in range(0, len(answer), CHUNK)]

    def parse() -> int:
        parser = CallParser(protocol, lambda: "call", held_chars)
        return sum(len(parser.feed(chunk)) for chunk in chunks) + len(parser.close())

    return parse


_LINES = (
    "The function below reads the file, and returns what is in it.\n",
    "\n",
    "```python\n",
    "def read(path: str) -> str:\n",
    "    return Path(path).read_text()\n",
    "```\n",
    "- one of several points, with `code` in it\n",
)


def _tools() -> tuple[Tool, ...]:
    each = SCHEMA_CHARS // TOOLS
    return tuple(
        Tool(
            name=f"tool_{number}",
            description="Does one thing, and does it well. " * (each // 90),
            parameters={
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": dict(_properties(each // 2)),
                "required": ["path", "content"],
                "additionalProperties": False,
            },
        )
        for number in range(TOOLS)
    )


def _properties(chars: int) -> Iterator[tuple[str, Any]]:
    yield "path", {"type": "string", "description": "An absolute path"}
    yield "content", {"type": "string"}
    for number in range(chars // 150):
        yield (
            f"option_{number}",
            {
                "type": "array",
                "description": "What else there is to be said of it.",
                "items": {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}},
            },
        )


def _messages() -> list[Message]:
    messages = [Message(role=Role.SYSTEM, parts=(TextPart("Be brief. " * 2_000),))]
    output = "a line of a tool's output\n" * 300
    for number in itertools.count():
        if sum(len(message.text) for message in messages) >= MESSAGE_CHARS:
            return messages
        call = ToolCall(
            id=f"c{number}", name="tool_1", arguments=json.dumps({"path": "a", "content": "x" * 500})
        )
        messages += [
            Message(role=Role.USER, parts=(TextPart("And the next one?"),)),
            Message(role=Role.ASSISTANT, tool_calls=(call,)),
            Message(role=Role.TOOL, parts=(TextPart(output),), tool_call_id=call.id),
        ]
    raise AssertionError("the count has no end")
