"""The matrix of clients and what works with them, as Markdown for the docs. Each cell names its tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from tests.clients.programs import PROGRAMS, SITES, Program

__all__ = ["COLUMNS", "DOCUMENT", "ROWS", "Row", "cited_tests", "documented", "render"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "clients.md"
COLUMNS = ("chat", "stream", "tools", "edit", "images", "cancel")

Passed = Mapping[str, bool]
"""By a test's node id, whether it passed."""

_HERE = Path(__file__).parent
_YES, _NO, _UNKNOWN = "✓", "✗", "?"
_LIBRARY = "A library: what becomes of the calls is its program's business."
_IN_TEXT = "Aider declares no tools: its model writes the edits into the text, which passes untouched."
_INTRODUCTION = """\
<!-- Written by: launch/clients --write-clients -->

# Clients

What was run, in the versions named here. ✓ passed; a number is a reason why there is nothing to run. How to
tell a client of the relay is in [agents.md](agents.md).

## Coding agents

Each is the real program, from npm or PyPI, with the settings that `cdp-relay connect` writes, and with no
network but loopback. It talks to `cdp-relay up`, which drives a real Chromium on replicas of the sites'
pages. Behind a page plays a scripted model, which knows of tools and of their results what the prompt says.

* **chat, stream**: a question is answered and shown; the answer's beginning came while the page still wrote.
* **tools, edit**: the agent looks at a file of a scratch repository, edits it, runs it and ends well. The
  file is as wanted, to the byte, the page saw each result, and no prompt was sent twice. Through each of
  ChatGPT's, Claude's and Gemini's pages.
* **images**: a picture that the agent is given is uploaded to the page.
* **cancel**: Ctrl+C stops the page in mid-answer, and the next job is done all the same.
"""
_LIBRARIES = """\
## Libraries

Against the HTTP service with scripted turns; openai's streams, tools and cancelling through a page.
"""


@attrs.frozen(kw_only=True)
class Row:
    """A client."""

    title: str
    package: str
    """Its name where its version stands."""
    dialect: str
    cells: Mapping[str, tuple[str, ...] | str]
    """By column: the tests that have to pass, or the reason why there are none."""


def _agent(program: Program) -> Row:
    where = "tests/clients/test_agents.py::test_"
    edits = tuple(f"{where}an_agent_edits_a_file[{program.name}-{site}]" for site in SITES)
    shown = (f"{where}an_answer_is_shown_and_comes_while_the_page_still_writes[{program.name}]",)
    return Row(
        title=program.title,
        package=program.package,
        dialect=program.dialect,
        cells={
            "chat": shown,
            "stream": shown,
            "tools": edits if program.has_tools else _IN_TEXT,
            "edit": edits,
            "images": (f"{where}a_picture_reaches_the_page[{program.name}]",),
            "cancel": (f"{where}an_agent_that_is_interrupted_stops_the_page[{program.name}]",),
        },
    )


def _library(title: str, package: str, dialect: str, **tests: str) -> Row:
    cells = {column: tuple(tests[column].split()) for column in COLUMNS if column != "edit"}
    return Row(title=title, package=package, dialect=dialect, cells={**cells, "edit": _LIBRARY})


_RIVER = "tests/test_river.py::test_"
_OPENAI = "tests/api/test_openai_sdk.py::test_"
_MESSAGES = "tests/api/messages/test_http.py::test_"
_LITELLM = "tests/clients/sdks/test_sdks.py::test_litellm"
_LANGCHAIN = "tests/clients/sdks/test_sdks.py::test_langchain"

ROWS: Mapping[str, tuple[Row, ...]] = {
    "agents": tuple(map(_agent, PROGRAMS)),
    "libraries": (
        _library(
            "openai (Python)",
            "openai",
            "Chat Completions",
            chat="tests/api/test_clients.py::test_sdk_plain",
            stream=f"{_RIVER}the_sdk_streams_an_answer_with_thinking_and_usage",
            tools=f"{_RIVER}the_sdk_streams_two_calls_and_sends_back_what_they_gave",
            images=f"{_OPENAI}images_and_documents_reach_the_relay",
            cancel=f"{_RIVER}a_client_that_closes_its_stream_stops_the_page_within_a_second",
        ),
        _library(
            "anthropic (Python)",
            "anthropic",
            "Anthropic Messages",
            chat=f"{_MESSAGES}sdk_plain",
            stream=f"{_MESSAGES}sdk_streaming_with_thinking",
            tools=f"{_MESSAGES}sdk_tools_round_trip",
            images=f"{_MESSAGES}an_image_arrives",
            cancel=f"{_MESSAGES}a_client_that_goes_away_ends_its_turn",
        ),
        _library(
            "LiteLLM",
            "litellm",
            "Chat Completions, Responses, Anthropic Messages",
            **dict.fromkeys(COLUMNS, _LITELLM),
        ),
        _library(
            "LangChain",
            "langchain-openai",
            "Chat Completions, Responses",
            **dict.fromkeys(COLUMNS, _LANGCHAIN),
        ),
    ),
}


def cited_tests() -> list[str]:
    """The tests that the cells name, each once; without the parameters where none are named."""
    return list(
        dict.fromkeys(
            test
            for rows in ROWS.values()
            for row in rows
            for cell in row.cells.values()
            for test in _tests(cell)
        )
    )


def render(passed: Passed, before: str) -> str:
    """The whole document.

    Args:
      before: the document as it was; what none of the tests that were run is about stays as it says.
    """
    reasons: dict[str, str] = {}
    old, versions = documented(before), _versions()
    parts = [_INTRODUCTION]
    for name, rows in ROWS.items():
        if name == "libraries":
            parts.append(_LIBRARIES)
        lines = [_line(["client", "dialect", *COLUMNS]), _line(["---"] * (len(COLUMNS) + 2))]
        for row in rows:
            title = f"{row.title} {versions.get(row.package, '')}".strip()
            marks = [
                reasons.setdefault(cell, str(len(reasons) + 1))
                if isinstance(cell, str)
                else _mark(cell, passed) or old.get(row.title, {}).get(column, _UNKNOWN)
                for column, cell in ((column, row.cells[column]) for column in COLUMNS)
            ]
            lines.append(_line([title, row.dialect, *marks]))
        parts.append("\n".join(lines) + "\n")
    parts.append("\n".join(f"{number}. {reason}" for reason, number in reasons.items()) + "\n")
    return "\n".join(parts)


def documented(text: str) -> dict[str, dict[str, str]]:
    """What a document says: by client, without its version, and column."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and len(cells) == len(COLUMNS) + 2 and cells[0] not in ("client", "---"):
            title = re.sub(r" [\d.]+$", "", cells[0])
            found[title] = dict(zip(COLUMNS, cells[2:], strict=True))
    return found


def _tests(cell: tuple[str, ...] | str) -> tuple[str, ...]:
    return () if isinstance(cell, str) else cell


def _mark(tests: Iterable[str], passed: Passed) -> str:
    """Whether all of the tests passed, with all of their parameters; empty when one of them was not run."""
    found = [
        [good for name, good in passed.items() if name == test or name.startswith(f"{test}[")]
        for test in tests
    ]
    if not all(all(one) for one in found):
        return _NO
    return _YES if all(found) else ""


def _versions() -> dict[str, str]:
    """The versions of what is pinned, by package."""
    packages = json.loads((_HERE / "package.json").read_text("utf-8"))
    versions: dict[str, str] = {**packages["devDependencies"], **packages["optionalDependencies"]}
    for file in (_HERE / "requirements.txt", _HERE / "sdks" / "requirements.txt"):
        versions |= dict(re.findall(r"^([\w-]+)==(\S+)$", file.read_text("utf-8"), re.MULTILINE))
    return versions


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
