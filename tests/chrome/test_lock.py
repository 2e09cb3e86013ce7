from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from cdp_relay.chrome import lock_profile
from cdp_relay.chrome.lock import ProfileLock
from cdp_relay.errors import ProfileInUse, ProfileRefused

HOLD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from cdp_relay.chrome.lock import ProfileLock
    lock = ProfileLock.acquire(Path(sys.argv[1]))
    lock.note_browser(int(sys.argv[2]) or None)
    print("held", flush=True)
    sys.stdin.read()
    """
)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return tmp_path / "default"


@pytest.fixture
def sleeper() -> Generator[subprocess.Popen[bytes]]:
    """A process that stands for a browser."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1) as process:
        yield process
        process.kill()


def hold_elsewhere(profile: Path, browser: int = 0) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(profile), str(browser)], stdin=-1, stdout=-1, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_profile_that_another_process_holds_names_that_process(profile: Path) -> None:
    with hold_elsewhere(profile) as holder:
        with pytest.raises(ProfileInUse, match=f"held by process {holder.pid} ") as caught:
            ProfileLock.acquire(profile)
        holder.kill()
    assert caught.value.details["pid"] == holder.pid
    assert "import ProfileLock" in caught.value.details["command"]
    assert not caught.value.retryable


def test_a_second_lock_in_one_process_is_refused_too(profile: Path) -> None:
    with lock_profile(profile), pytest.raises(ProfileInUse, match=f"process {os.getpid()} "):
        ProfileLock.acquire(profile)


def test_two_profiles_in_one_folder_do_not_hinder_each_other(profile: Path) -> None:
    with lock_profile(profile), lock_profile(profile.with_name("other")):
        pass


def test_a_killed_holder_holds_nothing(profile: Path) -> None:
    with hold_elsewhere(profile) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with lock_profile(profile) as lock:
            assert lock.left_behind is None


def test_a_browser_that_a_killed_holder_left_is_known(
    profile: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    with hold_elsewhere(profile, sleeper.pid) as holder:
        holder.kill()
        holder.wait()
        with lock_profile(profile) as lock:
            assert lock.left_behind is not None
            assert lock.left_behind.process.pid == sleeper.pid


def test_another_process_with_the_id_of_an_earlier_browser_is_not_taken_for_it(
    profile: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    with lock_profile(profile) as lock:
        lock.note_browser(sleeper.pid)
    path = profile.with_name("default.lock")
    facts = json.loads(path.read_text())
    facts["browser"]["started"] -= 60
    path.write_text(json.dumps(facts))
    with lock_profile(profile) as lock:
        assert lock.left_behind is None


def test_a_browser_of_another_host_is_not_looked_for_here(
    profile: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    with lock_profile(profile) as lock:
        lock.note_browser(sleeper.pid)
    path = profile.with_name("default.lock")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"host": "elsewhere"}))
    with lock_profile(profile) as lock:
        assert lock.left_behind is None
        assert lock.last_host == "elsewhere"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"browser": 7}', b'{"holder": {"pid": "x"}}', b"\xff"]
)
def test_what_the_file_says_is_never_trusted(profile: Path, content: bytes) -> None:
    profile.with_name("default.lock").write_bytes(content)
    with lock_profile(profile) as lock:
        assert lock.left_behind is None
        with pytest.raises(ProfileInUse):
            ProfileLock.acquire(profile)


def test_the_file_is_private_and_no_child_inherits_it(profile: Path) -> None:
    with lock_profile(profile):
        assert profile.with_name("default.lock").stat().st_mode & 0o777 == 0o600
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1, close_fds=False
        )
        assert not any("default.lock" in file.path for file in psutil.Process(child.pid).open_files())
    with lock_profile(profile):
        pass
    child.communicate()


def test_releasing_twice_does_no_harm(profile: Path) -> None:
    lock = ProfileLock.acquire(profile)
    lock.release()
    lock.release()
    with lock_profile(profile):
        pass


def test_a_lock_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileRefused, match="cannot be opened"):
        ProfileLock.acquire(tmp_path / "missing" / "default")
