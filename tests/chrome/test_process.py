from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog.testing
import trio

from cdp_relay.chrome.process import run_process
from cdp_relay.errors import LaunchFailed
from tests.chrome.conftest import eventually

ENVIRON: Mapping[str, str] = os.environ


def script(tmp_path: Path, text: str) -> list[str]:
    """A shell script in the place of a browser."""
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


async def test_the_debugging_address_is_heard_on_either_stream(tmp_path: Path) -> None:
    for stream in ("", ">&2"):
        command = script(tmp_path, f"echo 'DevTools listening on ws://127.0.0.1:5/x' {stream}; exec sleep 60")
        async with run_process(command, environ=ENVIRON) as process:
            with trio.fail_after(5):
                await process.listening.wait()
            assert process.websocket_url == "ws://127.0.0.1:5/x"


async def test_the_last_words_are_kept_without_the_bus_noise_and_bounded(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        "i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done\n"
        "echo '[1:2:ERROR:dbus/bus.cc:405] Failed to connect to the bus'\n"
        "head -c 200000 /dev/zero | tr '\\0' x; echo; "
        "printf 'the end'",
    )
    async with run_process(command, environ=ENVIRON) as process:
        with trio.fail_after(10):
            assert await process.wait() == 0
            await process.drained.wait()
        lines = process.last_words().splitlines()
    assert lines[-1] == "the end"
    assert lines[0] == "line 33"
    assert max(map(len, lines)) == 300
    assert "dbus" not in process.last_words()


async def test_it_is_asked_with_sigint_first(tmp_path: Path) -> None:
    command = script(
        tmp_path, f"trap 'echo asked > {tmp_path}/asked; exit 0' INT; echo up; while :; do sleep 0.05; done"
    )
    async with run_process(command, environ=ENVIRON) as process:
        await eventually(lambda: process.last_words() == "up")
    assert process.returncode == 0
    assert (tmp_path / "asked").exists()


async def test_what_does_not_end_is_killed_with_its_descendants(tmp_path: Path) -> None:
    command = script(tmp_path, "trap '' INT; (exec sleep 60.25) & echo up; wait")
    with structlog.testing.capture_logs() as logs:
        async with run_process(command, environ=ENVIRON) as process:
            process.stop_seconds = 0.2
            await eventually(lambda: process.last_words() == "up")
    assert process.returncode == -signal.SIGKILL
    assert [entry["event"] for entry in logs] == ["chrome.killed"]
    with trio.fail_after(5):
        await process.drained.wait()  # its descendant held the pipe as well


async def test_a_wrapper_that_ends_first_does_not_cut_the_browser_short(tmp_path: Path) -> None:
    browser = tmp_path / "real-browser"
    browser.write_text(
        f"#!/bin/sh\ntrap 'sleep 0.5; echo saved > {tmp_path}/saved; exit 0' INT\n"
        "echo up; while :; do sleep 0.05; done\n"
    )
    browser.chmod(0o755)
    wrapper = (
        "import signal, subprocess, sys\n"
        "subprocess.Popen([sys.argv[1]])\n"
        "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"
        "signal.pause()"
    )
    command = [sys.executable, "-c", wrapper, str(browser)]
    async with run_process(command, environ=ENVIRON) as process:
        await eventually(lambda: process.last_words() == "up")
    assert process.returncode == -signal.SIGINT
    assert (tmp_path / "saved").exists()


async def test_one_that_promised_to_close_is_given_time(tmp_path: Path) -> None:
    command = script(tmp_path, "trap 'exit 7' INT; echo up; sleep 0.5; exit 0")
    async with run_process(command, environ=ENVIRON) as process:
        await eventually(lambda: process.last_words() == "up")
        process.closing = True
    assert process.returncode == 0


async def test_cancellation_ends_it_in_order_as_well(tmp_path: Path) -> None:
    command = script(tmp_path, "trap 'sleep 0.3; exit 0' INT; echo up; while :; do sleep 0.05; done")
    with trio.move_on_after(10) as scope:
        async with run_process(command, environ=ENVIRON) as process:
            await eventually(lambda: process.last_words() == "up")
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert process.returncode == 0


async def test_an_error_in_the_block_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with run_process(script(tmp_path, "exec sleep 60"), environ=ENVIRON) as process:
            raise KeyError("mine")
    assert process.returncode is not None


async def test_its_end_is_an_event(tmp_path: Path) -> None:
    async with run_process(script(tmp_path, "exit 3"), environ=ENVIRON) as process:
        with trio.fail_after(5):
            await process.exited.wait()
        assert process.returncode == 3


async def test_a_program_that_cannot_be_executed_is_a_launch_failure(tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed, match="cannot be started"):
        async with run_process([str(tmp_path / "missing")], environ=ENVIRON):
            pass


async def test_a_terminals_signals_do_not_reach_it(tmp_path: Path) -> None:
    async with run_process(script(tmp_path, "exec sleep 60"), environ=ENVIRON) as process:
        assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
