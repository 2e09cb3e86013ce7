"""The lock by which one relay at a time holds a profile.

It is a file beside the profile, locked by the system and not by its existence, so that no crash
leaves it behind. The browser does not inherit it. What the file says is for messages, and for
finding a browser that a killed relay left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import attrs

from cdp_relay.chrome.processes import ProcessName, describe_process, is_same_process
from cdp_relay.errors import ProfileInUse, ProfileRefused

__all__ = ["LeftBrowser", "ProfileLock", "lock_profile"]


@attrs.frozen(kw_only=True)
class LeftBrowser:
    """A living browser that an earlier holder of a profile started and did not stop."""

    process: ProcessName
    port: int | None = None
    """Its debugging port; None when it had none yet."""
    start: str = ""
    """A digest of the command that started it, so that another start is told from the same one."""


@attrs.define(eq=False)
class ProfileLock:
    """A profile that is held; :meth:`note_browser` keeps who runs on it."""

    profile: Path
    left_behind: LeftBrowser | None
    """A browser that is on the profile already."""
    last_host: str
    """The host of the holder before us, as it called itself."""
    _file: int = attrs.field(repr=False)

    @classmethod
    def acquire(cls, profile: Path) -> Self:
        """Take the lock or fail at once.

        Raises:
          ProfileInUse: somebody holds it; the message names the process.
          ProfileRefused: the file beside the profile cannot be written.
        """
        path = _lock_path(profile)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ProfileRefused(f"The lock {path} cannot be opened: {error}.") from error
        if not _try_lock(file):
            facts = _read(file)
            os.close(file)
            raise _in_use(profile, facts)
        facts = _read(file)
        last_host = str(facts.get("host", ""))
        # Ids of processes mean something on their own host only.
        here = last_host == socket.gethostname()
        left = _left_browser(facts.get("browser")) if here else None
        lock = cls(profile, left, last_host, file)
        # Whoever is killed before this one has ended leaves it known.
        lock._write(left)
        return lock

    def note_browser(self, pid: int | None, *, port: int | None = None, start: str = "") -> None:
        """Write down which browser runs on the profile, None when none does any more."""
        process = describe_process(pid) if pid is not None else None
        self._write(LeftBrowser(process=process, port=port, start=start) if process is not None else None)

    def release(self) -> None:
        """Give the profile back; a second call does nothing."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)  # which ends the lock, too
            self._file = -1

    def _write(self, browser: LeftBrowser | None) -> None:
        holder = describe_process(os.getpid())
        facts = {
            "host": socket.gethostname(),
            "holder": attrs.asdict(holder) if holder else None,
            "browser": {**attrs.asdict(browser.process), "port": browser.port, "start": browser.start}
            if browser
            else None,
        }
        data = json.dumps(facts).encode()
        # What it says is a courtesy: a full disk must not keep the browser from starting.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, data)


@contextmanager
def lock_profile(profile: Path) -> Generator[ProfileLock]:
    """Hold a profile for as long as the block lasts; see :meth:`ProfileLock.acquire`."""
    lock = ProfileLock.acquire(profile)
    try:
        yield lock
    finally:
        lock.release()


def _lock_path(profile: Path) -> Path:
    return profile.with_name(f"{profile.name}.lock")


if sys.platform == "win32":
    import msvcrt

    # Windows forbids others to read what is locked, so a byte far behind the text is.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(file: int) -> bool:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _read(file: int) -> dict[str, Any]:
    try:
        os.lseek(file, 0, os.SEEK_SET)
        facts = json.loads(os.read(file, 65536) or b"{}")
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _living(facts: Any) -> ProcessName | None:
    try:
        pid, started = int(facts["pid"]), float(facts["started"])
    except (TypeError, KeyError, ValueError):
        return None
    return describe_process(pid) if is_same_process(pid, started) else None


def _left_browser(facts: Any) -> LeftBrowser | None:
    process = _living(facts)
    if process is None:
        return None
    port, start = facts.get("port"), facts.get("start")
    return LeftBrowser(
        process=process,
        port=port if isinstance(port, int) else None,
        start=start if isinstance(start, str) else "",
    )


def _in_use(profile: Path, facts: dict[str, Any]) -> ProfileInUse:
    holder = _living(facts.get("holder"))
    browser = _living(facts.get("browser"))
    who = str(holder) if holder else "another process"
    details: dict[str, Any] = {"profile": str(profile)}
    if holder:
        details |= {"pid": holder.pid, "command": holder.command}
    if browser:
        details["browser_pid"] = browser.pid
    return ProfileInUse(f"The profile {profile} is held by {who}.", details=details)
