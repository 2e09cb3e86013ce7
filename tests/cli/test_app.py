"""The command table, its help, its exit codes and what a failure looks like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from cdp_relay import __version__, errors
from cdp_relay.cli import app
from cdp_relay.cli.app import COMMANDS, cli
from tests.cli.conftest import PROGRAM, Run

ALL = [name for section in COMMANDS.values() for name in section]


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    outcome = run()
    assert outcome.code == 0
    assert outcome.out == run("--help").out
    for name in ALL:
        assert f"  {name} " in outcome.out


@pytest.mark.parametrize("name", ALL)
def test_every_command_explains_itself_with_examples(run: Run, name: str) -> None:
    outcome = run(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: cdp-relay {name}")
    assert f"  cdp-relay {name}" in outcome.out.partition("Examples:")[2]


def test_the_help_imports_nothing_heavy() -> None:
    heavy = ("trio", "quart", "hypercorn", "structlog", "msgspec", "psutil", "attrs", "cattrs")
    code = (
        "import sys\nfrom cdp_relay.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize("words", [("config",), ("key", "--help"), ("models",)])
def test_small_commands_do_without_the_service_and_the_browser(home: Path, words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom cdp_relay.cli import main\n"
        f"try: main({list(words)!r})\nexcept SystemExit: pass\n"
        "print([name for name in ('quart', 'trio_websocket') if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


def test_the_version_is_the_package_s(run: Run) -> None:
    assert run("--version").out == f"cdp-relay {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("confg",), "No such command 'confg'"),
        (("config", "--nope"), "No such option '--nope'"),
        (("config", "--port"), "Option '--port' requires an argument"),
        (("config", "--set", "port"), "'port' is not NAME=VALUE"),
        (("config", "elsewhere"), "'elsewhere' is not one of 'show', 'path'"),
        (("decode", "practice"), "Missing argument 'FILE'"),
        (("decode", "practice", "/does/not/exist"), "No such file or directory"),
        (("decode", "practice", "-", "--status", "9"), "'--status'"),
        (("sign-in",), "Missing argument 'SITE'"),
        (("up", "extra"), "unexpected extra argument"),
        (("config", "--port", "many"), "command line: server.port is whole number, not 'many'"),
        (("config", "--set", "server.prt=1"), "Did you mean 'server.port'?"),
        (("sign-in", "nowhere"), "There is no provider 'nowhere'"),
        (("models", "--set", "chat.sites=nowhere"), "'nowhere'"),
        (("serve",), "There is no Chrome to attach to"),
    ],
)
def test_wrong_usage_or_settings_are_two_lines_and_a_two(run: Run, words: tuple[str, ...], said: str) -> None:
    outcome = run(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    lines = [
        line for line in outcome.err.splitlines() if not line.startswith(("0", "1", "2"))
    ]  # a log's time
    assert len(lines) == 2, outcome.err
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert lines[1].startswith(" next: ")


def _failing(error: BaseException) -> click.Command:
    @click.command(cls=app.Command, name="key")
    def key() -> None:
        raise error

    return key


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (errors.BrowserGone("Chrome is gone.\nIt said: x"), 1, "error: Chrome is gone. It said: x\n next: "),
        (errors.RateLimited("Slow.", retry_after_seconds=7), 1, "Retry-After says. (7 s)\n"),
        (ExceptionGroup("g", [errors.SettingsError("Wrong.")]), 2, "error: Wrong.\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "Permission denied: '/x'"),
        (
            KeyError("x"),
            1,
            "error: This is a bug in CDP Relay: KeyError: 'x'\n next: Run the command again",
        ),
        (KeyboardInterrupt(), 130, ""),
        (BaseExceptionGroup("g", [KeyboardInterrupt()]), 130, ""),
    ],
)
def test_a_failure_is_told_in_two_lines_and_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    monkeypatch.setattr(type(cli), "get_command", lambda *_: _failing(error))
    outcome = run("key")
    assert outcome.code == code
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert len(outcome.err.strip().splitlines()) == (2 if said else 0)


@pytest.mark.parametrize("words", [("--debug", "key"), ("key", "--debug")])
def test_debug_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setattr(type(cli), "get_command", lambda *_: _failing(errors.BrowserGone("Gone.")))
    outcome = run(*words)
    assert outcome.code == 1
    assert "Traceback (most recent call last)" in outcome.err
    assert outcome.err.endswith("error: Gone.\n next: Send the request again.\n")


def test_a_service_that_does_not_start_says_why_in_two_lines(run_apart: Run) -> None:
    outcome = run_apart("up", "--profile", "../elsewhere", "--port", "0")
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.splitlines()[-2].startswith("error: chrome.profile is '../elsewhere'")
    assert outcome.err.splitlines()[-1].startswith(" next: ")
    assert "Traceback" not in outcome.err


def test_a_reader_who_leaves_early_is_no_error(home: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "config", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(20) == 1
