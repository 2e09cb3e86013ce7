"""Variables as the user's shell sets them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

from cdp_relay.cli.clients.plan import KEY_REFERENCE, KEY_VARIABLE

__all__ = ["exports"]


def exports(
    environment: Mapping[str, str], *, program: str | None = None, system: str = sys.platform
) -> list[str]:
    """Lines that set variables: for PowerShell on Windows, for a POSIX shell elsewhere.

    Args:
      program: this program, where the key is to be read from it into a variable first.
    """
    lines = []
    if program is not None:
        lines.append(_line(KEY_VARIABLE, f"$({_called(program, system)} key)", system))
    for name, value in environment.items():
        if value == KEY_REFERENCE:
            reference = f"$env:{KEY_VARIABLE}" if system == "win32" else f'"{KEY_REFERENCE}"'
            lines.append(_line(name, reference, system))
        else:
            lines.append(_line(name, _quoted(value, system), system))
    return lines


def _called(program: str, system: str) -> str:
    quoted = _quoted(program, system)
    return f"& {quoted}" if system == "win32" else quoted


def _quoted(value: str, system: str) -> str:
    return "'" + value.replace("'", "''") + "'" if system == "win32" else shlex.quote(value)


def _line(name: str, value: str, system: str) -> str:
    return f"$env:{name} = {value}" if system == "win32" else f"export {name}={value}"
