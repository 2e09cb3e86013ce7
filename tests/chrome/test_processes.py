from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from cdp_relay.chrome.processes import (
    describe_process,
    free_port,
    is_same_process,
    listens_on,
    port_holder,
    process_tree,
    profile_holder,
)

LISTEN = """
import socket, sys
s = socket.create_server((sys.argv[1], 0), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print(s.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def listener(request: pytest.FixtureRequest) -> Generator[tuple[int, int]]:
    """A process that listens: its id and its port."""
    address = getattr(request, "param", "127.0.0.1")
    with subprocess.Popen([sys.executable, "-c", LISTEN, address], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.kill()


def test_a_listener_is_known_by_its_process(listener: tuple[int, int]) -> None:
    pid, port = listener
    assert listens_on(pid, port)
    assert not listens_on(pid, free_port())


def test_a_listener_of_a_descendant_counts(listener: tuple[int, int]) -> None:
    assert listens_on(os.getpid(), listener[1])


@pytest.mark.parametrize("listener", ["::1"], indirect=True)
def test_a_listener_on_the_other_loopback_does_not_count(listener: tuple[int, int]) -> None:
    assert not listens_on(*listener)


def test_a_strangers_listener_does_not_count(listener: tuple[int, int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        assert not listens_on(listener[0], ours.getsockname()[1])


def test_the_holder_of_a_port_is_named(listener: tuple[int, int]) -> None:
    holder = port_holder(listener[1])
    assert holder is not None
    assert holder.pid == listener[0]
    assert str(holder).startswith(f"process {holder.pid} (")
    assert port_holder(free_port()) is None


def test_a_free_port_can_be_taken() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_a_process_is_known_by_its_id_and_its_start() -> None:
    me = describe_process(os.getpid())
    assert me is not None
    assert is_same_process(me.pid, me.started)
    assert not is_same_process(me.pid, me.started - 10)


def test_a_process_that_ended_is_nobody() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert describe_process(process.pid) is None
    assert not process_tree(process.pid)
    assert not listens_on(process.pid, 1)


def test_a_zombie_is_nobody() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=-1)
    assert process.stdout is not None
    process.stdout.read()  # ends with the process, which nobody has waited for
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert describe_process(process.pid) is None
    process.stdout.close()
    process.wait()


def test_a_long_command_is_cut() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", "x" * 500], stdin=-1
    ) as process:
        described = describe_process(process.pid)
        process.kill()
    assert described is not None
    assert len(described.command) <= 200
    assert described.command.endswith("…")


def test_a_browser_on_a_profile_is_found_by_its_command_line(tmp_path: Path) -> None:
    arguments = ["-c", "import sys; sys.stdin.read()", f"--user-data-dir={tmp_path}"]
    assert profile_holder(tmp_path) is None
    with subprocess.Popen([sys.executable, *arguments], stdin=-1) as process:
        holder = profile_holder(tmp_path)
        process.kill()
    assert holder is not None
    assert holder.pid == process.pid


def test_a_renderer_or_another_profiles_browser_does_not_hold_it(tmp_path: Path) -> None:
    code = "import sys; sys.stdin.read()"
    with (
        subprocess.Popen(
            [sys.executable, "-c", code, "--type=renderer", f"--user-data-dir={tmp_path}"], stdin=-1
        ) as renderer,
        subprocess.Popen([sys.executable, "-c", code, f"--user-data-dir={tmp_path}-2"], stdin=-1) as other,
    ):
        holder = profile_holder(tmp_path)
        renderer.kill()
        other.kill()
    assert holder is None


def test_the_mark_of_a_dead_browser_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "SingletonLock").symlink_to(f"{socket.gethostname()}-{os.getpid()}")
    assert profile_holder(tmp_path) is None  # this process lives, but is no browser on it
