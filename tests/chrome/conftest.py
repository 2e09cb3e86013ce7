"""A home and settings for browsers of the tests' own, and the check that none stays behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import psutil
import pytest
import trio

from cdp_relay.settings import ChromeSettings, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(config=tmp_path / "relay", state=tmp_path / "relay")


@pytest.fixture
def chrome() -> ChromeSettings:
    """A headless browser; root, as which containers run tests, cannot have the sandbox."""
    return ChromeSettings(headless=True, args=("--no-sandbox",) if is_root() else ())


def is_root() -> bool:
    return hasattr(os, "getuid") and os.getuid() == 0


@pytest.fixture(autouse=True)
def nothing_stays_behind(tmp_path: Path) -> Generator[None]:
    """Fail a test that leaves a process with its folder in the command line, and end it."""
    yield
    left = [process for process in psutil.process_iter(["cmdline"]) if mentions(process, tmp_path)]
    _, alive = psutil.wait_procs(left, timeout=3)
    for process in alive:
        process.kill()
    assert not alive, f"left behind: {[process.info['cmdline'] for process in alive]}"


async def eventually(holds: Callable[[], bool | Awaitable[bool]], *, seconds: float = 10.0) -> None:
    """Wait for what no event tells: a process's end, a file, a page that the browser lists."""
    with trio.fail_after(seconds):
        while True:
            answer = holds()
            if answer is True or (not isinstance(answer, bool) and await answer):
                return
            await trio.sleep(0.02)


def mentions(process: psutil.Process, folder: Path) -> bool:
    arguments = process.info["cmdline"] or ()
    return process.pid != os.getpid() and any(str(folder) in argument for argument in arguments)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A display without a screen, for browsers with windows."""
    read, write = os.pipe()
    try:
        server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write),
                "-screen",
                "0",
                "1400x1000x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        pytest.skip("Xvfb is not installed")
    os.close(write)
    with os.fdopen(read) as said:
        ready, _, _ = select.select([said], [], [], 10)
        assert ready, "Xvfb did not start"
        # The whole line: it fails when nobody takes the line's end.
        number = said.readline().strip()
    monkeypatch.setenv("DISPLAY", f":{number}")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    yield f":{number}"
    server.terminate()
    server.wait(10)


ELSEWHERE = textwrap.dedent(
    """
    import sys, trio
    from pathlib import Path
    from cdp_relay.chrome import open_browser
    from cdp_relay.settings import ChromeSettings, Home

    async def main():
        home = Home(config=Path(sys.argv[1]), state=Path(sys.argv[1]))
        settings = ChromeSettings(headless=True, args=tuple(sys.argv[2:]))
        async with open_browser(settings, home) as browser:
            print(f"up {browser.pid}", flush=True)
            await trio.sleep_forever()

    trio.run(main)
    """
)


def relay_elsewhere(home: Home, chrome: ChromeSettings) -> tuple[subprocess.Popen[str], int]:
    """Another process that runs a browser on the same profile; it and its browser's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, str(home.state), *chrome.args],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("up "):
            return process, int(line.split()[1])
    raise AssertionError("the other relay did not start")


def killed_relay(home: Home, chrome: ChromeSettings) -> int:
    """Kill another process that runs a browser on the profile; the id of the browser that it leaves."""
    process, browser = relay_elsewhere(home, chrome)
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert psutil.pid_exists(browser)
    return browser
