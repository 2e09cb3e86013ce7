"""The API key: made once, kept in a file that only its owner can read."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home

__all__ = ["read_or_create_key"]

_FORM = re.compile(r"sk-relay-[A-Za-z0-9_-]{43}")
_MAX_FILE_BYTES = 1024


def read_or_create_key(home: Home) -> tuple[str, bool]:
    """Return the key, and whether it was made just now.

    A new key has 256 random bits. Its file appears whole or not at all, and when two processes
    start at the same moment both return the same key.

    Raises:
      SettingsError: the key's file or folder can be read by others, belongs to somebody else, or
        holds something else than a key. Nothing is changed: a key that others could have read has
        to be replaced by a person who knows who uses it.
    """
    path = home.key_file
    try:
        created = not path.exists() and _create(path)
        _check_private(path.parent, "folder", forbidden=0o022, mode=0o700)
        _check_private(path, "file", forbidden=0o077, mode=0o600)
        return _read(path), created
    except OSError as error:
        raise SettingsError(
            f"The key file {path} cannot be used: {error.strerror or error}.",
            next_step="Make the folder writable, or set CDP_RELAY_HOME to another one.",
        ) from None


def _create(path: Path) -> bool:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"sk-relay-{secrets.token_urlsafe(32)}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link fails where the name exists, a rename would replace a key that another
            # process has just handed out.
            os.link(draft, path)
        except FileExistsError:
            return False
        except OSError:
            # A file system without hard links.
            if not path.exists():
                draft.rename(path)
        return True
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        text = file.read(_MAX_FILE_BYTES).decode("ascii", "replace").strip()
    if not _FORM.fullmatch(text):
        raise SettingsError(
            f"The key file {path} does not hold a key.",
            next_step="Delete the file; the next start makes a new key.",
        )
    return text


def _check_private(path: Path, what: str, *, forbidden: int, mode: int) -> None:
    if os.name != "posix":  # elsewhere the modes say nothing; the user's own folder is private
        return
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise SettingsError(
            f"The key's {what} {path} belongs to another user.",
            next_step=f"Take it over with chown, or set CDP_RELAY_HOME to a {what} of your own.",
        )
    if found.st_mode & forbidden:
        access = "changed" if what == "folder" else "read"
        raise SettingsError(
            f"The key's {what} {path} can be {access} by others (mode {stat.S_IMODE(found.st_mode):04o}).",
            next_step=f"Run 'chmod {mode:o} {path}', and delete the key file if somebody may have read it.",
        )
