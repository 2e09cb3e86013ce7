"""``cdp-relay connect``: what it prints, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_relay.cli.clients import CLIENTS, KEY_VARIABLE, Endpoint, FileEdit, Places, Plan, fresh, plan_for
from cdp_relay.cli.clients.shell import exports
from cdp_relay.cli.clients.writing import undo_edit, write_edit
from cdp_relay.cli.running import announce
from cdp_relay.settings import Home
from tests.cli.conftest import Run

KEY = "sk-relay-of-a-test"
ROOT = "http://localhost:3999"
ENDPOINT = Endpoint(root=ROOT, key=KEY, model="chatgpt")
READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home folder of this test's own."""
    folder = tmp_path / "user"
    folder.mkdir()
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    return folder


def texts(plan: Plan) -> str:
    """All that a plan says."""
    files = [fresh(edit) for edit in plan.edits]
    variables = [f"{name}={value}" for name, value in plan.environment.items()]
    return "\n".join([*files, *variables, *plan.steps, plan.run, plan.check, *plan.notes])


# --- every client ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_a_plan_has_the_address_the_key_and_the_model(name: str, system: str, tmp_path: Path) -> None:
    plan = plan_for(name, ENDPOINT, Places(home=tmp_path, current=tmp_path, system=system))
    said = texts(plan)
    assert ROOT in said
    assert KEY in said
    assert "chatgpt" in said
    assert plan.check
    for edit in plan.edits:
        assert edit.path.is_relative_to(tmp_path)
        READERS[edit.kind](fresh(edit))
        assert edit.secret == (KEY in fresh(edit))


@pytest.mark.parametrize("name", CLIENTS)
def test_without_the_key_nothing_has_it(name: str, tmp_path: Path) -> None:
    plan = plan_for(
        name, Endpoint(root=ROOT, key=None, model="chatgpt"), Places(home=tmp_path, current=tmp_path)
    )
    said = texts(plan)
    assert KEY not in said
    assert "None" not in said
    assert not any(edit.secret for edit in plan.edits)


@pytest.mark.parametrize("name", CLIENTS)
def test_the_base_url_is_the_one_that_this_kind_of_client_wants(name: str, tmp_path: Path) -> None:
    said = texts(plan_for(name, ENDPOINT, Places(home=tmp_path, current=tmp_path)))
    if name in ("claude-code", "anthropic"):
        assert f"{ROOT}/v1" not in said
    else:
        assert not re.search(rf"{ROOT}(?!/v1)", said)


@pytest.mark.parametrize("name", [name for name, client in CLIENTS.items() if client.project])
def test_a_project_keeps_its_settings_in_its_folder(name: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    plan = plan_for(name, ENDPOINT, Places(home=tmp_path, folder=project))
    assert plan.edits
    assert all(edit.path.is_relative_to(project) for edit in plan.edits)


@pytest.mark.parametrize(
    ("name", "variable", "file"),
    [
        ("codex", "CODEX_HOME", "config.toml"),
        ("claude-code", "CLAUDE_CONFIG_DIR", "settings.json"),
        ("opencode", "XDG_CONFIG_HOME", "opencode/opencode.json"),
        ("zed", "XDG_CONFIG_HOME", "zed/settings.json"),
        ("continue", "CONTINUE_GLOBAL_DIR", "config.yaml"),
        ("cline", "CLINE_DATA_DIR", "settings/providers.json"),
        ("llm", "LLM_USER_PATH", "extra-openai-models.yaml"),
    ],
)
def test_a_client_that_was_moved_is_found(name: str, variable: str, file: str, tmp_path: Path) -> None:
    places = Places(home=tmp_path, system="linux", environ={variable: str(tmp_path / "else")})
    assert plan_for(name, ENDPOINT, places).edits[0].path == tmp_path / "else" / file


def test_opencode_goes_on_in_the_file_that_there_is(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.jsonc").touch()
    plan = plan_for("opencode", ENDPOINT, Places(home=tmp_path, system="linux"))
    assert plan.edits[0].path.name == "opencode.jsonc"


@pytest.mark.parametrize(
    ("system", "lines"),
    [
        (
            "linux",
            [
                f"export {KEY_VARIABLE}=$('/a b/cdp-relay' key)",
                f'export A="${KEY_VARIABLE}"',
                "export B='x y'",
            ],
        ),
        (
            "win32",
            [
                f"$env:{KEY_VARIABLE} = $(& '/a b/cdp-relay' key)",
                f"$env:A = $env:{KEY_VARIABLE}",
                "$env:B = 'x y'",
            ],
        ),
    ],
)
def test_variables_are_written_as_the_shell_takes_them(system: str, lines: list[str]) -> None:
    environment = {"A": f"${KEY_VARIABLE}", "B": "x y"}
    assert exports(environment, program="/a b/cdp-relay", system=system) == lines


# --- the command -----------------------------------------------------------------------------------


def test_alone_it_lists_the_clients(run: Run) -> None:
    outcome = run("connect")
    assert outcome.code == 0
    for name in CLIENTS:
        assert re.search(rf"^{name} ", outcome.out, re.MULTILINE)


def test_it_prints_what_to_put_where(run: Run, user: Path) -> None:
    outcome = run("connect", "codex")
    key = run("key").out.strip()
    assert outcome.code == 0
    assert str(user / ".codex" / "config.toml") in outcome.out
    assert 'base_url = "http://localhost:3003/v1"' in outcome.out
    assert f'experimental_bearer_token = "{key}"' in outcome.out
    assert 'model = "practice"' in outcome.out, "the default site while nobody is signed in"
    assert "codex exec" in outcome.out
    assert "does not run now" in outcome.err
    assert not (user / ".codex").exists()


def test_it_asks_where_the_service_is(run: Run, user: Path, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text('[server]\nport = 4000\n[chat]\ndefault_site = "claude"\n')
    said = run("connect", "openai").out
    assert "http://localhost:4000/v1" in said
    assert "model='claude'" in said
    assert "http://[::1]:4000/v1" in run("connect", "openai", "--base-url", "http://[::1]:4000/v1/").out
    with announce(Home.locate(), "http://localhost:4567/v1"):
        # The card is there, and nobody answers: what it says of the models cannot be had.
        assert run("connect", "openai").code == 1
    (home / "config.toml").write_text("[server]\nport = 0\n")
    outcome = run("connect", "openai")
    assert outcome.code == 2
    assert "cdp-relay up" in outcome.err


def test_the_key_can_stay_out_of_it(run: Run, user: Path) -> None:
    key = run("key").out.strip()
    outcome = run("connect", "opencode", "--write", "--no-key")
    written = (user / ".config" / "opencode" / "opencode.json").read_text()
    assert "{env:CDP_RELAY_API_KEY}" in written
    assert key not in written + outcome.out
    assert re.search(r"export CDP_RELAY_API_KEY=\$\(.*cdp-relay key\)", outcome.out)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cluade-code"], "Did you mean 'claude-code'?"),
        (["quux"], "There are: codex, claude-code"),
        (["codex", "--dir", "."], "for a user only"),
        (["openai", "--write"], "no file to write"),
        (["codex", "--write", "--undo"], "exclude each other"),
        (["--write"], "Which client?"),
        (["codex", "--base-url", "localhost:3003"], "no address"),
        (["aider", "--dir", "/not/there"], "does not exist"),
        (["codex", "--undo"], "no backup"),
    ],
)
def test_wrong_words_are_told(run: Run, user: Path, words: list[str], says: str) -> None:
    outcome = run("connect", *words)
    assert outcome.code == 2
    assert says in outcome.err


def test_the_variable_of_the_key_is_no_unknown_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "x")
    assert run("config", "--json").json["unknown_variables"] == []


def test_a_name_may_be_written_freely(run: Run, user: Path) -> None:
    assert "settings.json" in run("connect", "Claude_Code").out


def test_a_model_that_is_not_listed_is_warned_of(run: Run, user: Path) -> None:
    outcome = run("connect", "openai", "-m", "chatgtp")
    assert outcome.code == 0
    assert "Did you mean 'chatgpt'?" in outcome.err
    assert "model='chatgtp'" in outcome.out
    assert "lists no model" not in run("connect", "openai", "-m", "practice/echo").err


def test_a_project_with_the_key_in_it_is_warned_of(run: Run, user: Path, tmp_path: Path) -> None:
    outcome = run("connect", "claude-code", "--write", "--dir", str(tmp_path))
    assert (tmp_path / ".claude" / "settings.local.json").exists()
    assert "out of version control" in outcome.err


# --- writing ---------------------------------------------------------------------------------------


def test_what_is_there_is_kept_and_comes_back(run: Run, user: Path) -> None:
    path = user / ".claude" / "settings.json"
    path.parent.mkdir()
    before = '{\n  "env": {"MY": "own"},\n  "hooks": {}\n}\n'
    path.write_text(before)
    path.chmod(0o644)

    first = run("connect", "claude-code", "--write", "-m", "claude")
    assert first.code == 0
    assert f"written    {path}" in first.out
    data = json.loads(path.read_text())
    assert data["hooks"] == {}
    assert data["env"]["MY"] == "own"
    assert data["env"]["ANTHROPIC_BASE_URL"] == "http://localhost:3003"
    assert data["env"]["ANTHROPIC_MODEL"] == "claude"
    [backup] = path.parent.glob("settings.json.bak-*")
    assert re.fullmatch(r"settings\.json\.bak-\d{8}-\d{6}", backup.name)
    assert backup.name in first.out
    assert backup.read_text() == before
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, "the key is in it"
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600

    again = run("connect", "claude-code", "--write", "-m", "claude")
    assert f"unchanged  {path}" in again.out
    assert len(list(path.parent.iterdir())) == 2

    undone = run("connect", "claude-code", "--undo")
    assert f"restored   {path}" in undone.out
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_broken_file_stays_as_it_is_and_so_do_the_others(run: Run, user: Path) -> None:
    broken = user / ".aider.model.settings.yml"
    broken.write_text("- name: [a\n")
    outcome = run("connect", "aider", "--write")
    assert outcome.code == 2
    assert f"{broken} is broken at line 2, column 1" in outcome.err
    assert "by hand" in outcome.err
    assert [path.name for path in user.iterdir()] == [broken.name]
    assert broken.read_text() == "- name: [a\n"


def test_a_form_that_takes_no_addition_is_left_alone(run: Run, user: Path) -> None:
    path = user / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"env": [ // none\n]}')
    outcome = run("connect", "claude-code", "--write")
    assert outcome.code == 2
    assert f"{path} cannot be added to" in outcome.err
    assert path.read_text() == '{"env": [ // none\n]}'


def test_what_cannot_be_written_is_named(run: Run, user: Path) -> None:
    (user / ".codex").touch()
    outcome = run("connect", "codex", "--write")
    assert outcome.code == 2
    assert f"{user / '.codex' / 'config.toml'} cannot be written: Not a directory" in outcome.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_file_is_not_replaced(run: Run, user: Path) -> None:
    path = user / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text("a = 1\n")
    path.chmod(0o400)
    outcome = run("connect", "codex", "--write")
    assert "cannot be written: Permission denied" in outcome.err
    assert path.read_text() == "a = 1\n"


def test_no_utf_8_is_named(run: Run, user: Path) -> None:
    path = user / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(b"# \xff\n")
    assert "byte 2 is no UTF-8" in run("connect", "codex", "--write").err
    assert "add to what is there" in run("connect", "codex").out


EDIT_TIME = datetime(2026, 11, 21, 14, 0, 0)


def edit_of(path: Path, value: int = 1) -> FileEdit:
    return FileEdit(path=path, kind="json", values={"a": value})


def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "settings.json", tmp_path / "settings.json"
    real.parent.mkdir()
    real.write_text("{}")
    link.symlink_to(real)
    written = write_edit(edit_of(link))
    assert link.is_symlink()
    assert json.loads(real.read_text()) == {"a": 1}
    assert written.path == real
    assert written.backup is not None
    assert written.backup.parent == real.parent


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing there")
def test_a_file_without_a_key_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    path.chmod(0o640)
    write_edit(edit_of(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_backups_of_one_second_do_not_meet_and_come_back_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"a": 0}')
    (tmp_path / "settings.json.bak-old").write_text("somebody else's")
    names = [write_edit(edit_of(path, value), now=EDIT_TIME).backup for value in (1, 2, 3)]
    assert [name and name.name for name in names] == [
        "settings.json.bak-20261121-140000",
        "settings.json.bak-20261121-140000-2",
        "settings.json.bak-20261121-140000-3",
    ]
    for value in (2, 1, 0):
        undo_edit(path)
        assert json.loads(path.read_text()) == {"a": value}
    assert undo_edit(path) is None


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    assert write_edit(edit_of(path), dry=True).changed
    assert not path.parent.exists()
