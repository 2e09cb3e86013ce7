"""The dedicated profile: a folder of its own, closed to others, never somebody's everyday browser."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from cdp_relay.chrome.machine import Machine
from cdp_relay.errors import ProfileRefused
from cdp_relay.private import write_private
from cdp_relay.settings import Home

__all__ = ["default_profiles", "prepare_profile", "profile_folder"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_LINUX = (
    "google-chrome",
    "google-chrome-beta",
    "google-chrome-unstable",
    "chromium",
    "microsoft-edge",
    "microsoft-edge-beta",
    "microsoft-edge-dev",
    "BraveSoftware/Brave-Browser",
    "BraveSoftware/Brave-Browser-Beta",
    "BraveSoftware/Brave-Browser-Nightly",
    "vivaldi",
    "opera",
)
_LINUX_SANDBOXED = (
    "snap/chromium/common/chromium",
    "snap/brave/current/.config/BraveSoftware/Brave-Browser",
    ".var/app/com.google.Chrome/config/google-chrome",
    ".var/app/org.chromium.Chromium/config/chromium",
    ".var/app/com.microsoft.Edge/config/microsoft-edge",
    ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
)
_MAC = (
    "Google/Chrome",
    "Google/Chrome Beta",
    "Google/Chrome Dev",
    "Google/Chrome Canary",
    "Chromium",
    "Microsoft Edge",
    "Microsoft Edge Beta",
    "Microsoft Edge Dev",
    "Microsoft Edge Canary",
    "BraveSoftware/Brave-Browser",
    "BraveSoftware/Brave-Browser-Beta",
    "BraveSoftware/Brave-Browser-Nightly",
    "Vivaldi",
    "com.operasoftware.Opera",
)
_WINDOWS = (
    "Google/Chrome/User Data",
    "Google/Chrome Beta/User Data",
    "Google/Chrome Dev/User Data",
    "Google/Chrome SxS/User Data",
    "Chromium/User Data",
    "Microsoft/Edge/User Data",
    "Microsoft/Edge Beta/User Data",
    "Microsoft/Edge Dev/User Data",
    "Microsoft/Edge SxS/User Data",
    "BraveSoftware/Brave-Browser/User Data",
    "BraveSoftware/Brave-Browser-Beta/User Data",
    "BraveSoftware/Brave-Browser-Nightly/User Data",
    "Vivaldi/User Data",
)

_FIRST_PREFERENCES = {
    # Only with this do session cookies, and with them many sign-ins, outlive a clean restart.
    "session": {"restore_on_startup": 1},
}


def default_profiles(machine: Machine | None = None) -> tuple[Path, ...]:
    """The folders where people's everyday browsers keep their profiles, whether they exist or not."""
    return tuple(_default_profiles(machine or Machine()))


def _default_profiles(machine: Machine) -> Iterator[Path]:
    if machine.is_windows:
        local = machine.variable("LOCALAPPDATA") or machine.home / "AppData" / "Local"
        yield from (local / name for name in _WINDOWS)
        roaming = machine.variable("APPDATA") or machine.home / "AppData" / "Roaming"
        yield roaming / "Opera Software" / "Opera Stable"
        return
    if machine.is_mac:
        yield from (machine.home / "Library" / "Application Support" / name for name in _MAC)
        return
    # Chrome heeds both variables; a person's profile may be at any of the three places.
    for config in (
        machine.home / ".config",
        machine.variable("XDG_CONFIG_HOME"),
        machine.variable("CHROME_CONFIG_HOME"),
    ):
        if config is not None:
            yield from (config / name for name in _LINUX)
    yield from (machine.home / name for name in _LINUX_SANDBOXED)


def profile_folder(home: Home, name_or_path: str, *, machine: Machine | None = None) -> Path:
    """Say which folder a profile is, without making it; symlinks are resolved.

    Args:
      name_or_path: a name below the relay's own folder, or an absolute path.

    Raises:
      ProfileRefused: it is no valid name, or it is, lies in, or contains an everyday profile.
    """
    machine = machine or Machine()
    given = Path(name_or_path).expanduser()
    if given.is_absolute():
        folder = given
    elif _NAME.fullmatch(name_or_path):
        folder = home.profiles / name_or_path
    else:
        raise ProfileRefused(
            f"chrome.profile is {name_or_path!r}: a name has letters, digits, '.', '_' and '-' only, "
            "and any other folder is given as an absolute path."
        )
    real = Path(os.path.realpath(folder))
    for default in default_profiles(machine):
        if _is_within(real, default):
            raise ProfileRefused(
                f"{folder} belongs to the everyday profile {default}. A debugging port on it would hand out "
                "every site you are signed in to, and Chrome refuses one there since version 136."
            )
        if _is_within(Path(os.path.realpath(default)), real):
            raise ProfileRefused(f"{folder} contains {default}, the place of an everyday profile.")
    return real


def _is_within(folder: Path, ancestor: Path) -> bool:
    target = os.path.normcase(os.path.realpath(ancestor))
    for one in (folder, *folder.parents):
        if os.path.normcase(one) == target:
            return True
        try:
            # Where the file system ignores case, two spellings are one folder.
            if os.path.samefile(one, target):
                return True
        except OSError:
            continue
    return False


def prepare_profile(folder: Path) -> None:
    """Make the folder (mode 0700) with what the browser has to find at its first start.

    An existing profile keeps its contents; only its mode is put right.

    Raises:
      ProfileRefused: the folder belongs to somebody else, holds other things than a profile, or
        cannot be written.
    """
    try:
        _make_private(folder.parent)
        if folder.exists() and not folder.is_dir():
            raise ProfileRefused(f"{folder} is a file, not a folder.")
        if folder.is_dir() and not _is_profile(folder):
            raise ProfileRefused(f"{folder} holds other things and is no browser profile.")
        _make_private(folder)
        _close_to_others(folder)
        preferences = folder / "Default" / "Preferences"
        if not preferences.exists():
            _make_private(preferences.parent)
            write_private(preferences, json.dumps(_FIRST_PREFERENCES))
    except OSError as error:
        raise ProfileRefused(f"The profile folder {folder} cannot be made ready: {error}.") from error


def _is_profile(folder: Path) -> bool:
    # The lock, a link to nowhere, is what a starting browser writes first.
    marks = ("Local State", "Default", "SingletonLock", "lockfile")
    return any(os.path.lexists(folder / mark) for mark in marks) or not any(folder.iterdir())


def _make_private(folder: Path) -> None:
    # mkdir's mode counts for the last folder only, so each missing one is made by itself.
    for one in (*reversed(folder.parents), folder):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)


def _close_to_others(folder: Path) -> None:
    # On Windows a folder in a person's own profile is theirs alone already.
    if sys.platform != "win32":
        facts = folder.stat()
        if facts.st_uid != os.getuid():
            raise ProfileRefused(f"{folder} belongs to another user (uid {facts.st_uid}).")
        if stat.S_IMODE(facts.st_mode) != 0o700:
            folder.chmod(0o700)
