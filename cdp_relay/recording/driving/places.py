"""Where recordings of this machine are kept, and whether one can be written."""

from __future__ import annotations

import os
from pathlib import Path

from cdp_relay.errors import UserError
from cdp_relay.recording.folder import is_recording
from cdp_relay.settings import Home

__all__ = ["check_place", "check_writable", "default_folder", "put_aside"]


def default_folder(home: Home, site: str, scenario: str) -> Path:
    """Where the newest recording of a site's scenario is."""
    return home.recordings / site / scenario


def check_place(folder: Path, *, replace: bool) -> None:
    """See, before anything is recorded, that a recording can be written there.

    Raises:
      UserError: something is there that is not to be replaced, or nothing can be written there.
    """
    if folder.exists() and not (replace and is_recording(folder)) and not _is_empty(folder):
        kind = "a recording" if is_recording(folder) else "something that is no recording"
        next_step = "Name another folder" + (", or give --replace." if is_recording(folder) else ".")
        raise UserError(f"{folder} is there already, with {kind} in it.", next_step=next_step)
    check_writable(folder)


def check_writable(folder: Path) -> None:
    """See that a folder of this name can be made.

    Raises:
      UserError: it cannot.
    """
    above = next((one for one in folder.absolute().parents if one.exists()), None)
    if above is None or not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise UserError(f"{folder} cannot be written: {above} does not allow it.", next_step="Name another.")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is None


def put_aside(folder: Path) -> Path | None:
    """Give an older recording a number behind its name, and say which; None where there is none."""
    if not folder.exists():
        return None
    number = 1
    while (older := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    folder.rename(older)
    return older
