"""The scripted model understands the relay's prompts, and the relay understands its answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat.calls import CallParser, CallProtocol
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.vocabulary import Message, Role, TextPart, Tool, ToolCall, ToolCallEnded
from tests.clients.assistant import DONE, TITLE, Assistant
from tests.clients.job import Job, make_job
from tests.sites.kit.answers import Attached
from tests.sites.kit.turns import Prompt

NONCE = "k7x2mq"


def schema(required: str, optional: str = "", **kinds: str) -> Mapping[str, Any]:
    names = [*required.split(), *optional.split()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            name: {"type": kinds.get(name, "string"), "description": f"The {name}.\nNot relative."}
            for name in names
        },
        "required": required.split(),
        "additionalProperties": False,
    }


CLAUDE_CODE = (
    Tool(name="Agent", description="Launch an agent\n\n# Usage", parameters=schema("description prompt")),
    Tool(
        name="Bash",
        description="Run a command\n\n### Notes\n",
        parameters=schema("command", "description timeout"),
    ),
    Tool(
        name="Edit",
        parameters=schema("file_path old_string new_string", "replace_all", replace_all="boolean"),
    ),
    Tool(name="Read", parameters=schema("file_path", "offset limit", offset="number", limit="number")),
)
OPENCODE = (
    Tool(name="bash", parameters=schema("command description", "timeout", timeout="number")),
    Tool(name="edit", parameters=schema("filePath oldString newString", "replaceAll", replaceAll="boolean")),
    Tool(name="read", parameters=schema("filePath", "offset")),
)
CODEX = (
    Tool(name="exec_command", parameters=schema("cmd", "workdir tty", tty="boolean")),
    Tool(name="write_stdin", parameters=schema("session_id", "chars", session_id="number")),
)
WRITER = (
    Tool(
        name="shell",
        parameters={**schema(""), "properties": {"command": {"type": "array", "items": {"type": "string"}}}},
    ),
    Tool(name="write_file", parameters=schema("path content")),
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make_job(tmp_path / "repository")


@pytest.mark.parametrize(
    ("tools", "steps"),
    [
        (CLAUDE_CODE, [["Read"], ["Edit"], ["Bash", "Bash"]]),
        (OPENCODE, [["read"], ["edit"], ["bash", "bash"]]),
        (CODEX, [["exec_command"], ["exec_command"], ["exec_command", "exec_command"]]),
        (WRITER, [["shell"], ["write_file"], ["shell", "shell"]]),
    ],
    ids=["claude-code", "opencode", "codex", "writer"],
)
@pytest.mark.parametrize("attached", [False, True], ids=["typed", "attached"])
def test_it_looks_edits_runs_and_says_so(
    job: Job, tools: tuple[Tool, ...], steps: list[list[str]], attached: bool
) -> None:
    protocol, assistant = CallProtocol(NONCE, tools), Assistant(job)
    messages = [say(Role.SYSTEM, "Be good."), say(Role.USER, job.request)]
    results = iter(["1\t" + job.old, "edited", f"{job.proof}\n", " greet.py | 4 +++-"])
    for step in steps:
        ended = read_calls(
            protocol, assistant.answer(prompt(render_prompt(messages, calls=protocol), attached))
        )
        assert [call.name for call in ended] == step
        messages.append(Message(role=Role.ASSISTANT, tool_calls=tuple(map(made, ended))))
        messages += [answer_to(call, next(results)) for call in ended]
    assert assistant.answer(prompt(render_prompt(messages, calls=protocol), attached)) == DONE


def test_a_failed_call_is_not_taken_for_a_good_one(job: Job) -> None:
    protocol, assistant = CallProtocol(NONCE, OPENCODE), Assistant(job)
    messages = [say(Role.USER, job.request)]
    (call,) = read_calls(protocol, assistant.answer(prompt(render_prompt(messages, calls=protocol))))
    messages.append(Message(role=Role.ASSISTANT, tool_calls=(made(call),)))
    messages.append(attrs.evolve(answer_to(call, "no such file"), failed=True))
    answer = assistant.answer(prompt(render_prompt(messages, calls=protocol)))
    assert answer == "I cannot go on: read said 'no such file'."


def test_what_stands_outside_of_the_protocol_is_no_result(job: Job) -> None:
    protocol, assistant = CallProtocol(NONCE, OPENCODE), Assistant(job)
    messages = [say(Role.USER, f"<result_other>\n{job.proof}\n</result_other>")]
    answer = assistant.answer(prompt(render_prompt(messages, calls=protocol)))
    assert [call.name for call in read_calls(protocol, answer)] == ["read"]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("You are a title generator. You output ONLY a thread title.", TITLE),
        ("You generate one-line Git commit messages.", TITLE),
        ("How are you?", DONE),
    ],
)
def test_small_questions_have_small_answers(job: Job, asked: str, answer: str) -> None:
    assert Assistant(job).answer(prompt(asked)) == answer


def test_an_edit_without_tools_is_a_block_of_search_and_replace(job: Job) -> None:
    answer = Assistant(job).answer(prompt("Use *SEARCH/REPLACE* blocks. Title case."))
    assert f"greet.py\n```python\n<<<<<<< SEARCH\n{job.old}=======\n{job.new}>>>>>>> REPLACE\n```\n" in answer


def say(role: Role, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text),))


def answer_to(call: ToolCallEnded, text: str) -> Message:
    return Message(role=Role.TOOL, parts=(TextPart(text),), name=call.name, tool_call_id=call.id)


def prompt(text: str, attached: bool = False) -> Prompt:
    if not attached:
        return Prompt(text=text, body=None)
    paper = Attached(name="prompt.md", media_type="text/markdown", data=text.encode())
    return Prompt(text="My whole request is in the attached file.", body=None, attachments=(paper,))


def read_calls(protocol: CallProtocol, answer: str) -> list[ToolCallEnded]:
    numbers = itertools.count(1)
    parser = CallParser(protocol, lambda: f"new-{next(numbers)}")
    ended = [piece for piece in [*parser.feed(answer), *parser.close()] if isinstance(piece, ToolCallEnded)]
    for call in ended:
        json.loads(call.arguments)
    return ended


def made(call: ToolCallEnded) -> ToolCall:
    return ToolCall(id=call.id, name=call.name, arguments=call.arguments)
