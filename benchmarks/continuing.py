"""An agent's session of 30 turns, going on in its chat and asking in a new one each time.

The sizes are those of a real agent: 12,160 characters of system text, 24 tools of 64,493 characters as JSON,
and from then on a call and its result with each turn, of 300 to 30,000 characters. The site answers at once;
what is measured is what the relay types, and how long its client waits.
"""

from __future__ import annotations

import json
import math
import random
import re
import statistics
import time
from typing import Any

import trio

from benchmarks.rows import Row, print_table
from benchmarks.stand import Stand, open_stand, post
from tests.sites.chatgpt import Answer
from tests.sites.kit.turns import Prompt

TURNS = 30
SYSTEM_CHARS = 12_160
TOOLS, TOOLS_CHARS = 24, 64_493
RESULT_CHARS = (300, 30_000)
SEED = 7
_WORDS = ("the", "file", "holds", "a", "list", "of", "names", "test", "reads", "it", "before", "each", "run")


def _text(random_: random.Random, chars: int) -> str:
    lines: list[str] = []
    left = chars
    while left > 0:
        line = " ".join(random_.choices(_WORDS, k=12))
        lines.append(line)
        left -= len(line) + 1
    return "\n".join(lines)[:chars]


def _tools(random_: random.Random) -> list[dict[str, Any]]:
    empty = {"type": "function", "function": {"name": "tool_00", "description": "", "parameters": {}}}
    each = TOOLS_CHARS // TOOLS - len(json.dumps(empty)) - 200
    parameters = {
        "type": "object",
        "properties": {name: {"type": "string", "description": f"The {name}."} for name in ("path", "text")},
        "required": ["path"],
    }
    return [
        {
            "type": "function",
            "function": {
                "name": f"tool_{number:02d}",
                "description": _text(random_, each),
                "parameters": parameters,
            },
        }
        for number in range(TOOLS)
    ]


def _call(prompt: Prompt) -> Answer:
    """What the model says to every prompt: a few words and a call."""
    marker = re.findall(r"```(call_\w+)", prompt.text)[-1]
    body = json.dumps({"name": "tool_03", "arguments": {"path": "src/names.txt", "text": "x" * 100}})
    return Answer(text=f"I look at the next file.\n\n```{marker}\n{body}\n```\n", title=None)


async def _ask(stand: Stand, body: dict[str, Any]) -> dict[str, Any]:
    stream = await post(stand, body)
    data = b""
    async with stream:
        async for piece in stream:
            data += piece
    head, _, payload = data.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        payload = b"".join(re.split(rb"\r\n[0-9a-f]+\r\n", b"\r\n" + payload))
    message: dict[str, Any] = json.loads(payload.strip())["choices"][0]["message"]
    return message


async def _session(policy: str) -> tuple[list[int], list[float]]:
    """Run the session; return the characters typed and the seconds waited for with each turn."""
    random_ = random.Random(SEED)
    async with open_stand("--set", f"chat.conversations={policy}") as stand:
        stand.site.answer_with(_call)
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": _text(random_, SYSTEM_CHARS)},
            {"role": "user", "content": "Make the tests pass."},
        ]
        tools, seconds = _tools(random_), []
        for _ in range(TURNS):
            started = time.perf_counter()
            answer = await _ask(stand, {"model": "chatgpt", "messages": messages, "tools": tools})
            seconds.append(time.perf_counter() - started)
            low, high = map(math.log, RESULT_CHARS)
            result = _text(random_, round(math.exp(random_.uniform(low, high))))
            call = answer["tool_calls"][0]["id"]
            messages += [answer, {"role": "tool", "tool_call_id": call, "content": result}]
        assert len(stand.site.prompts) == TURNS
        return [len(prompt) for prompt in stand.site.prompts], seconds


async def run() -> list[Row]:
    """Measure both policies on the same session."""
    typed, waited = await _session("auto")
    all_typed, all_waited = await _session("new")
    rows = [
        Row(name="new chats: characters typed", value=sum(all_typed), unit="chars"),
        Row(
            name="going on: characters typed",
            value=sum(typed),
            unit="chars",
            against="new chats",
            ratio=sum(typed) / sum(all_typed),
        ),
        Row(name="new chats: characters in the last turn", value=all_typed[-1], unit="chars"),
        Row(
            name="going on: characters in a later turn, median",
            value=statistics.median(typed[1:]),
            unit="chars",
            against="new chats",
            ratio=statistics.median(typed[1:]) / statistics.median(all_typed[1:]),
        ),
    ]
    for name, ours, theirs in (
        ("seconds in all", sum(waited), sum(all_waited)),
        (
            "seconds for a later turn, median",
            statistics.median(waited[1:]),
            statistics.median(all_waited[1:]),
        ),
    ):
        rows.append(Row(name=f"new chats: {name}", value=theirs, unit="s"))
        rows.append(
            Row(name=f"going on: {name}", value=ours, unit="s", against="new chats", ratio=ours / theirs)
        )
    return rows


if __name__ == "__main__":
    print_table("Going on in a chat", trio.run(run))
