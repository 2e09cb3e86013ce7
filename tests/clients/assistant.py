"""A scripted model that plays a competent assistant behind a replica page.

It does one job, by whatever tools a client offers: it looks at the file, edits it, has the result
shown and says what it did. Each step follows from what the prompt shows of the steps before; what it
has not seen a result of, it does not claim.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from tests.clients.job import Job
from tests.clients.reading import Call, Offer, Parameter, Reading, read_prompt
from tests.sites.kit.turns import Prompt

__all__ = ["DONE", "TITLE", "Assistant", "Reply"]

DONE = "Done: greet.py says good evening now, and I ran it."
TITLE = "Say good evening"
_SMALL = re.compile(r"You are a title generator|one-line Git commit messages")
"""What agents ask for beside the work."""


@attrs.frozen
class Reply:
    """What was asked and what was answered."""

    reading: Reading
    text: str


@attrs.define
class Assistant:
    """Does a job, prompt by prompt; it knows what its chat holds, and remembers nothing else but for the
    test's eyes."""

    job: Job
    picture: Path | None = None
    """What is to be looked at, instead of the job."""
    replies: list[Reply] = attrs.field(factory=list)

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls that a prompt showed with their results."""
        return tuple(call for reply in self.replies for call in reply.reading.calls)

    def answer(self, prompt: Prompt) -> str:
        """The answer to a prompt."""
        reading = read_prompt(prompt)
        text = self._answer(reading)
        self.replies.append(Reply(reading, text))
        return text

    def _answer(self, reading: Reading) -> str:
        if reading.schema is not None:
            return json.dumps(_instance(reading.schema))
        if _SMALL.search(reading.text):
            return TITLE
        if self.picture is not None:
            return self._look_at(self.picture, reading)
        if reading.tools:
            return self._work(reading)
        return _search_replace(self.job) if "SEARCH/REPLACE" in reading.text else DONE

    def _look_at(self, picture: Path, reading: Reading) -> str:
        """Say what is in the picture, once it is there."""
        if reading.pictures or not reading.tools:
            return DONE
        if reading.calls:
            return f"I see no picture: {reading.calls[-1].result}"
        return _say(reading, "I'll look at the picture.", _Skills.of(reading.tools).look(picture))

    def _work(self, reading: Reading) -> str:
        """The next step, from what the steps so far have shown."""
        job, skills = self.job, _Skills.of(reading.tools)
        if any(job.proof in (call.result or "") for call in reading.calls):
            return DONE
        for call in reading.calls:
            if call.failed or call.result is None:
                return f"I cannot go on: {call.name} said {call.result!r}."
        edited = [call for call in reading.calls if job.new.split("\n")[-2].strip() in _flat(call)]
        if edited:
            if edited[-1] is not reading.calls[-1]:
                return f"It does not work: {reading.calls[-1].result}"
            checks = [job.check, "git diff --stat"]
            calls = [skills.run(one) for one in checks]
            return _say(reading, "Now I run it.", *calls)
        if any(job.old.strip() in (call.result or "") for call in reading.calls):
            return _say(reading, "I replace the line that says hello.", skills.edit(job))
        if reading.calls:
            return f"I did not find the greeting: {reading.calls[-1].result}"
        return _say(reading, "I'll look at the file first.", skills.look(job.file))


def _say(reading: Reading, words: str, *calls: tuple[Offer, Any]) -> str:
    fences = [
        f"```{reading.marker}\n"
        + json.dumps(
            {"name": tool.name, "input" if tool.freeform else "arguments": arguments}, ensure_ascii=False
        )
        + "\n```"
        for tool, arguments in calls
    ]
    return "\n\n".join([words, *fences])


def _flat(call: Call) -> str:
    """The texts of a call's arguments."""
    values = call.arguments.values() if isinstance(call.arguments, Mapping) else [call.arguments]
    return "\n".join(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values
    )


# --- tools, told by their names and parameters ------------------------------------------------------------

_ROLES: Mapping[str, re.Pattern[str]] = {
    "path": re.compile(r"(abs(olute)?_?)?(file_?)?(path|name)|target_file|file", re.IGNORECASE),
    "old": re.compile(r"old_?(string|str|text)|search", re.IGNORECASE),
    "new": re.compile(r"new_?(string|str|text)|replace(ment)?", re.IGNORECASE),
    "content": re.compile(r"(file_?)?(content|contents|text)", re.IGNORECASE),
    "command": re.compile(r"command|cmd|script", re.IGNORECASE),
    "purpose": re.compile(r"description|explanation|summary|reason", re.IGNORECASE),
}
_READING = re.compile(r"(read|view|open|cat)(_?file)?", re.IGNORECASE)
_SHELL = re.compile(r"bash|shell|exec|command|terminal", re.IGNORECASE)


def _role(parameter: Parameter) -> str:
    return next((role for role, name in _ROLES.items() if name.fullmatch(parameter.name)), "")


def _roles(tool: Offer) -> set[str]:
    return {_role(parameter) for parameter in tool.parameters}


@attrs.frozen
class _Skills:
    """Which tool does what."""

    shell: Offer | None
    reader: Offer | None
    editor: Offer | None
    writer: Offer | None

    @classmethod
    def of(cls, tools: tuple[Offer, ...]) -> _Skills:
        def first(fits: Callable[[Offer], bool]) -> Offer | None:
            return next((tool for tool in tools if fits(tool)), None)

        return cls(
            shell=first(lambda tool: bool(_SHELL.search(tool.name)) and "command" in _roles(tool)),
            reader=first(lambda tool: bool(_READING.fullmatch(tool.name)) and "path" in _roles(tool)),
            editor=first(lambda tool: {"path", "old", "new"} <= _roles(tool)),
            writer=first(lambda tool: {"path", "content"} <= _roles(tool)),
        )

    def look(self, file: Path) -> tuple[Offer, Any]:
        if self.reader is None:
            return self.run(f"cat {file.name}")
        return self.reader, _arguments(self.reader, path=str(file), purpose="Look at the file")

    def edit(self, job: Job) -> tuple[Offer, Any]:
        if self.editor is not None:
            return self.editor, _arguments(self.editor, path=str(job.file), old=job.old, new=job.new)
        if self.writer is not None:
            whole = job.file.read_text("utf-8").replace(job.old, job.new)
            return self.writer, _arguments(self.writer, path=str(job.file), content=whole)
        program = (
            f"from pathlib import Path\nfile = Path({job.file.name!r})\n"
            f"file.write_text(file.read_text('utf-8').replace({job.old!r}, {job.new!r}), 'utf-8')"
        )
        return self.run(f"python3 - <<'END'\n{program}\nEND")

    def run(self, command: str) -> tuple[Offer, Any]:
        assert self.shell is not None, "there is no tool that runs commands"
        kinds = {_role(one): one.kind for one in self.shell.parameters}
        value = ["bash", "-lc", command] if kinds["command"].endswith("[]") else command
        return self.shell, _arguments(self.shell, command=value, purpose="Run a command")


def _arguments(tool: Offer, **given: Any) -> dict[str, Any]:
    """What a tool takes: what it is given by its role, and something harmless for the rest that it needs."""
    harmless = {"boolean": False, "number": 1, "integer": 1, "string": ""}
    return {
        one.name: given[_role(one)] if _role(one) in given else harmless[one.kind]
        for one in tool.parameters
        if one.required or (_role(one) in given and _role(one) != "purpose")
    }


# --- answers without tools ----------------------------------------------------------------------------------


def _search_replace(job: Job) -> str:
    block = f"<<<<<<< SEARCH\n{job.old}=======\n{job.new}>>>>>>> REPLACE\n"
    return f"I replace the line that says hello.\n\n{job.file.name}\n```python\n{block}```\n\n{DONE}"


def _instance(schema: Any) -> Any:
    """Something that fits a JSON Schema, of the simple kind."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: _instance(one) for name, one in schema.get("properties", {}).items()}
    return {"string": TITLE, "boolean": False, "array": [], "null": None}.get(str(kind), 1)
