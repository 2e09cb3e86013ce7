"""The documents say what the code does: those that are generated, and the commands in the others."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from cdp_relay import __version__
from cdp_relay.cli.app import COMMANDS

ROOT = Path(__file__).parents[1]
PROSE = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/agents.md",
    "docs/models.md",
    "docs/practice.md",
    "docs/new-provider.md",
    "docs/files.md",
    "docs/journal.md",
    "docs/reliability.md",
    "docs/many-at-once.md",
    "docs/conversations.md",
    "docs/restarts.md",
    "docs/recording.md",
    "docs/replay.md",
    "docs/observability.md",
    "docs/testing.md",
]


def _load_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["settings.md", "errors.md", "cli.md", "definition.md"])
def test_a_generated_page_is_what_the_code_says(page: str) -> None:
    written = (ROOT / "docs" / page).read_text("utf-8")
    assert written == _load_build().PAGES[page](), "run: python docs/build.py"


@pytest.mark.parametrize("page", PROSE)
def test_every_command_in_the_prose_exists(page: str) -> None:
    known = {name for section in COMMANDS.values() for name in section}
    text = (ROOT / page).read_text("utf-8")
    for name in re.findall(r"\bcdp-relay ([a-z][a-z-]*)", text):
        assert name in known, f"{page}: cdp-relay {name}"


@pytest.mark.parametrize(
    "page",
    [
        "docs/clients.md",
        *PROSE,
        "docs/cli.md",
        "docs/settings.md",
        "docs/errors.md",
        "docs/definition.md",
        "CHANGELOG.md",
    ],
)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).exists(), f"{page}: {target}"


def test_every_promise_is_shown_by_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    cited = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(cited) > 20
    for path, name in cited:
        assert re.search(
            rf"(def|class) {name}\b|^{name} = ", (ROOT / path).read_text("utf-8"), re.MULTILINE
        ), name


def test_the_readme_names_every_dependency_and_no_other() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = {re.split(r"[><=]", one)[0] for one in document["project"]["dependencies"]}
    table = (ROOT / "README.md").read_text("utf-8").partition("## Dependencies")[2].partition("\n## ")[0]
    assert {name.lower() for name in re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE)} == declared


def test_the_changelog_has_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
