"""Writing a settings file: whole or not at all, private where the key is in it, with a backup beside it."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import attrs

from cdp_relay.cli.clients.edits import Unreadable, edited
from cdp_relay.cli.clients.plan import FileEdit

__all__ = ["Written", "read_text", "undo_edit", "write_edit"]

_STAMP = "%Y%m%d-%H%M%S"
_BACKUP_MARK = ".bak-"
_OURS = re.compile(re.escape(_BACKUP_MARK) + r"(\d{8}-\d{6})(?:-(\d+))?")
"""How a backup's name goes on after the file's: others make backups too, which are theirs."""


@attrs.frozen(kw_only=True)
class Written:
    """What became of one file."""

    path: Path
    """The file itself, where a link led to it."""
    changed: bool
    backup: Path | None = None
    """The file as it was; None where it was not there, or nothing changed."""


def write_edit(edit: FileEdit, *, dry: bool = False, now: datetime | None = None) -> Written:
    """Merge an edit into its file. The file is replaced at once, or left as it is.

    Args:
      dry: only find out whether it can be done, as far as that can be known beforehand.
      now: what the backup is named after.

    Raises:
      Unreadable, Unmergeable: nothing was changed.
      OSError: the file or its folder cannot be read or written; nothing was changed.
    """
    path = _real(edit.path)
    before = read_text(path)
    after = edited(edit, before or "")
    if before == after:
        if edit.secret and not dry:
            _tighten(path)
        return Written(path=path, changed=False)
    # A folder would let a file be replaced that was made read-only on purpose.
    _check_writable(path)
    if dry:
        return Written(path=path, changed=True)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    backup = None
    if before is not None:
        backup = _free_name(path, now or datetime.now())
        _put(backup, path.read_bytes(), like=path, private=True)
    _put(path, after.encode(), like=path, private=edit.secret)
    return Written(path=path, changed=True, backup=backup)


def undo_edit(path: Path) -> Path | None:
    """Put the newest backup back in a file's place, which uses it up; None when there is none.

    Raises:
      OSError: nothing was changed.
    """
    path = _real(path)
    found = [
        (match[1], int(match[2] or 1), name)
        for name in _names_beside(path)
        if name.startswith(path.name) and (match := _OURS.fullmatch(name, len(path.name)))
    ]
    if not found:
        return None
    backup = path.with_name(max(found)[2])
    backup.replace(path)
    return backup


def read_text(path: Path) -> str | None:
    """The text of a file, line ends as they are; None when it is not there.

    Raises:
      Unreadable: it is no UTF-8.
      OSError: it cannot be read.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start} is no UTF-8") from None


def _check_writable(path: Path) -> None:
    folder = next(parent for parent in path.parents if parent.exists())
    for place in (path, folder):
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def _real(path: Path) -> Path:
    # A link stays a link: what it leads to is what gets written, even if that is not there yet.
    return Path(os.path.realpath(path))


def _free_name(path: Path, now: datetime) -> Path:
    stem = f"{path.name}{_BACKUP_MARK}{now.strftime(_STAMP)}"
    name, number = stem, 1
    while os.path.lexists(path.with_name(name)):
        number += 1
        name = f"{stem}-{number}"
    return path.with_name(name)


def _put(path: Path, data: bytes, *, like: Path, private: bool) -> None:
    """Write a file whole, with the owner of another, and its mode unless it has to be private."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            found = like.stat()
            if not private:
                draft.chmod(stat.S_IMODE(found.st_mode))
            if hasattr(os, "chown") and (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(PermissionError):
                    os.chown(draft, found.st_uid, found.st_gid)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _tighten(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        path.chmod(mode & 0o700)


def _names_beside(path: Path) -> list[str]:
    try:
        return os.listdir(path.parent)
    except (FileNotFoundError, NotADirectoryError):
        return []
