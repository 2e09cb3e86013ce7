"""The facts of the machine that finding and starting a browser depend on, as one value."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

__all__ = ["Machine"]


def _registered_program(program: str) -> str | None:
    """The path that Windows keeps under "App Paths" for a program, the user's entry first."""
    if sys.platform == "win32":
        import winreg

        key = rf"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\{program}"
        for hive in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            try:
                value = winreg.QueryValue(hive, key)
            except OSError:
                continue
            if value:
                # The entry may be quoted, and may hold variables such as %ProgramFiles%.
                return os.path.expandvars(value.strip().strip('"'))
    return None


@attrs.frozen(kw_only=True)
class Machine:
    """A platform, its environment and its folders. Tests describe other machines with it."""

    platform: str = sys.platform
    """As ``sys.platform`` has it: ``linux``, ``darwin``, ``win32``."""
    environ: Mapping[str, str] = attrs.field(factory=lambda: os.environ, repr=False)
    home: Path = attrs.field(factory=Path.home)
    root: Path = Path("/")
    """Where absolute paths of the system start; a folder of a test's own in tests."""
    registered_program: Callable[[str], str | None] = _registered_program
    """The App Paths entry of a program such as ``chrome.exe``."""

    @property
    def is_windows(self) -> bool:
        """Whether paths, signals and locks are those of Windows."""
        return self.platform == "win32"

    @property
    def is_mac(self) -> bool:
        """Whether browsers are application bundles."""
        return self.platform == "darwin"

    @property
    def has_display(self) -> bool:
        """Whether a window can be shown, as far as the environment tells."""
        if self.is_windows or self.is_mac:
            return True
        return bool(self.environ.get("DISPLAY") or self.environ.get("WAYLAND_DISPLAY"))

    def variable(self, name: str) -> Path | None:
        """The folder that an environment variable names, None when it is not set."""
        value = self.environ.get(name, "")
        return Path(value) if value else None
