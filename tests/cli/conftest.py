"""Running the command line: in this process, or as a real one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.cli import main

PROGRAM = [sys.executable, "-c", "from cdp_relay.cli import main; main()"]


@attrs.frozen
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, and no other setting from the environment."""
    folder = tmp_path / "home"
    set_home(monkeypatch, folder)
    return folder


def set_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have commands live in this folder, with no other setting from the environment."""
    for name in list(os.environ):
        if name.startswith("CDP_RELAY_") and name != "CDP_RELAY_CHROME_ARGS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("CDP_RELAY_HOME", str(folder))


@pytest.fixture
def run(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process."""

    def run_command(*words: str) -> Outcome:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfdbinary.readouterr()
        return Outcome(int(ended.value.code or 0), out.decode(), err.decode())

    return run_command


@pytest.fixture
def run_apart(home: Path, chrome_flags: None) -> Run:
    """Run a command in a process of its own: for what sets up logs, signals or a browser."""

    def run_command(*words: str, given: bytes = b"") -> Outcome:
        ended = subprocess.run([*PROGRAM, *words], capture_output=True, input=given, timeout=50, check=False)
        return Outcome(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return run_command


@attrs.define
class Service:
    """A ``cdp-relay`` process that runs on."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    errors: list[str]

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(20)


Start = Callable[..., Service]


@pytest.fixture
def chrome_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_root(monkeypatch)


def allow_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have browsers start as root, who cannot have the sandbox."""
    if "CDP_RELAY_CHROME_ARGS" not in os.environ and getattr(os, "geteuid", lambda: 1)() == 0:
        monkeypatch.setenv("CDP_RELAY_CHROME_ARGS", "--no-sandbox")


@pytest.fixture
def start(home: Path, chrome_flags: None) -> Generator[Start]:
    """Start a command that prints one line of JSON when it is ready, and end it with the test."""
    with starting() as start_command:
        yield start_command


@contextlib.contextmanager
def starting() -> Generator[Start]:
    """Start commands in the present environment, and end them with the block."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*words: str) -> Service:
        process = subprocess.Popen(
            [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[str] = []
        reader = threading.Thread(target=errors.extend, args=(process.stderr,), daemon=True)
        reader.start()
        line = process.stdout.readline()
        if not line:
            process.wait(20)
            reader.join(5)
        assert line, "".join(errors)
        return Service(process, json.loads(line), errors)

    yield start_command
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
