"""The unit files and scripts that cannot be run here are at least read by those who know their form."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cdp_relay.cli.launch import launch
from cdp_relay.cli.serve import serve
from cdp_relay.cli.service import LAST_SECONDS
from cdp_relay.settings import ServerSettings

LAUNCH = Path(__file__).parents[2] / "launch"
UNITS = sorted((LAUNCH / "systemd").glob("*.service"))
AGENTS = sorted((LAUNCH / "macos").glob("*.plist"))


SECONDS_TO_STOP = {
    "cdp-relay-chrome": 20,
    "cdp-relay": round(ServerSettings().shutdown_seconds + LAST_SECONDS) + 5,
}


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser


def agent(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = plistlib.loads(path.read_bytes())
    return loaded


@pytest.mark.parametrize("script", ["relay", "chrome", "test", "clients"])
def test_the_shell_scripts_are_clean(script: str) -> None:
    path = LAUNCH / script
    assert os.access(path, os.X_OK)
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", path], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_there_is_a_unit_and_an_agent_for_each() -> None:
    assert [path.stem for path in UNITS] == ["cdp-relay-chrome", "cdp-relay"]
    assert [path.stem for path in AGENTS] == ["cdp-relay-chrome", "cdp-relay"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_stop_in_order_and_keep_files_private(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["KillSignal"] == "SIGINT"
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) == SECONDS_TO_STOP[path.stem]
    assert service["UMask"] == "0077"


def test_units_are_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    program = tmp_path / ".venv/bin/cdp-relay"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copies = [tmp_path / path.name for path in UNITS]
    for path, copy in zip(UNITS, copies, strict=True):
        copy.write_text(path.read_text().replace("%h/cdp-relay", str(tmp_path)))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *copies],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", AGENTS, ids=lambda path: path.name)
def test_agents_are_private_and_start_again_after_failures_only(path: Path) -> None:
    facts = agent(path)
    assert facts["Label"] == path.stem
    assert facts["Umask"] == 0o077
    assert facts["KeepAlive"] == {"SuccessfulExit": False}
    assert facts["ExitTimeOut"] == SECONDS_TO_STOP[path.stem]


def commands() -> dict[str, str]:
    found = {path.name: unit(path)["Service"]["ExecStart"] for path in UNITS}
    return found | {path.name: agent(path)["ProgramArguments"][-1] for path in AGENTS}


@pytest.mark.parametrize("name", ["cdp-relay-chrome.service", "cdp-relay-chrome.plist"])
def test_chromes_command_is_one_that_the_program_knows(name: str) -> None:
    [port] = re.findall(r'cdp-relay"? launch --debugging-port (\d+)', commands()[name])
    assert port == "9333"
    assert "--debugging-port" in CliRunner().invoke(launch, ["--help"]).output


@pytest.mark.parametrize("name", ["cdp-relay.service", "cdp-relay.plist"])
def test_the_services_command_attaches_to_that_port(name: str) -> None:
    [url] = re.findall(r'cdp-relay"? serve --attach (\S+)', commands()[name])
    assert url == "http://127.0.0.1:9333"
    assert "--attach" in CliRunner().invoke(serve, ["--help"]).output


def test_the_folder_is_described() -> None:
    text = (LAUNCH / "README.md").read_text()
    files = [path for path in LAUNCH.rglob("*") if path.is_file() and path.name != "README.md"]
    assert all(str(path.relative_to(LAUNCH)) in text for path in files)
