"""The coding agents that are run: where they are installed, and how one asks them without a terminal.

What tells them of the relay is written by ``cdp-relay connect``'s own plans.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from cdp_relay.cli.clients import Endpoint, Places, plan_for, write_edit

__all__ = ["PROGRAMS", "SITES", "Place", "Program", "settle"]

_HERE = Path(__file__).parent
_NPM = _HERE / "node_modules"

SITES = ("chatgpt", "claude", "gemini")
"""The sites whose replicas are asked."""


@attrs.frozen(kw_only=True)
class Place:
    """Where a run of a program happens, and what it talks to."""

    home: Path
    """A home folder of its own."""
    root_url: str
    """The relay's address, without a path."""
    key: str
    model: str


@attrs.frozen(kw_only=True)
class Program:
    """One coding agent."""

    name: str
    """As ``cdp-relay connect`` has it."""
    title: str
    package: str
    """As ``package.json`` or ``requirements.txt`` has it."""
    dialect: str
    site: str
    """The site that it is run on where one has to do."""
    executable: Path
    words: Callable[[str, tuple[str, ...]], list[str]]
    """The arguments that have it do what is asked, with files given along."""
    has_tools: bool = True
    """Whether it works by tools; else its model writes the edits into the text."""
    quiet: Mapping[str, str] = attrs.field(factory=dict)
    """Variables that keep it from what needs the Internet."""

    @property
    def installed(self) -> bool:
        """Whether it can be run here."""
        return self.executable.exists()


def settle(program: Program, place: Place) -> dict[str, str]:
    """Make a program's home, and return its environment: nothing of the tester's own, and no network."""
    place.home.mkdir(exist_ok=True)
    plan = plan_for(
        program.name,
        Endpoint(root=place.root_url, key=place.key, model=place.model),
        Places(home=place.home),
    )
    for edit in plan.edits:
        write_edit(edit)
    nowhere = "http://127.0.0.1:9"  # the port of 'discard', where nobody listens
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place.home),
        "TMPDIR": str(place.home),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "NO_COLOR": "1",
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost,::1"),
        **program.quiet,
        **plan.environment,
    }


PROGRAMS = (
    Program(
        name="codex",
        title="Codex CLI",
        package="@openai/codex",
        dialect="Responses",
        site="chatgpt",
        executable=_NPM / ".bin" / "codex",
        # Its own sandbox needs what a container does not have.
        words=lambda request, files: [
            "exec",
            "--dangerously-bypass-approvals-and-sandbox",
            *(f"--image={file}" for file in files),
            "--",
            request,
        ],
    ),
    Program(
        name="claude-code",
        title="Claude Code",
        package="@anthropic-ai/claude-code",
        dialect="Anthropic Messages",
        site="claude",
        executable=_NPM / "@anthropic-ai" / "claude-code-linux-x64" / "claude",
        words=lambda request, files: [
            "--print",
            "--permission-mode=acceptEdits",
            "--allowedTools=Bash(*)",
            "--",
            " ".join([request, *(f"@{file}" for file in files)]),
        ],
    ),
    Program(
        name="opencode",
        title="OpenCode",
        package="opencode-linux-x64-baseline",
        dialect="Chat Completions",
        site="gemini",
        executable=_NPM / "opencode-linux-x64-baseline" / "bin" / "opencode",
        words=lambda request, files: ["run", *(f"--file={file}" for file in files), "--", request],
        quiet={
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        },
    ),
    Program(
        name="aider",
        title="Aider",
        package="aider-chat",
        dialect="Chat Completions",
        site="chatgpt",
        executable=_HERE / ".venv" / "bin" / "aider",
        words=lambda request, files: [
            "--yes-always",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-show-model-warnings",
            "--no-analytics",
            "--no-gitignore",
            f"--message={request}",
            "greet.py",
            *files,
        ],
        has_tools=False,
        quiet={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    ),
)
