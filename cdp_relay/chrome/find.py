"""Find a browser that speaks the DevTools protocol: Chrome, Chromium, Edge or Brave."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs

from cdp_relay.chrome.machine import Machine
from cdp_relay.errors import BrowserNotFound

__all__ = ["BrowserBinary", "find_browser"]


@attrs.frozen(kw_only=True)
class BrowserBinary:
    """A browser's program file."""

    path: Path
    name: str
    """``chrome``, ``chromium``, ``edge`` or ``brave``; another program's own file name."""

    @property
    def title(self) -> str:
        """The name that people know it by."""
        return _TITLES.get(self.name, self.name)


@attrs.frozen(kw_only=True)
class _Product:
    name: str
    commands: tuple[str, ...]
    """On Linux, looked for in PATH and then in the usual folders."""
    files: tuple[str, ...]
    """On Linux, where packages put the program when no command was linked."""
    app: str
    """On macOS, the bundle's name, which is the program's name as well."""
    folder: str
    """On Windows, below a folder for programs."""
    program: str
    """On Windows, the file."""
    flatpak: str


# In the order of preference: the sites test with Chrome first, and Chromium is nearest to it.
_PRODUCTS = (
    _Product(
        name="chrome",
        commands=("google-chrome-stable", "google-chrome"),
        files=("opt/google/chrome/chrome",),
        app="Google Chrome",
        folder="Google/Chrome",
        program="chrome.exe",
        flatpak="com.google.Chrome",
    ),
    _Product(
        name="chromium",
        commands=("chromium", "chromium-browser"),
        files=("usr/lib/chromium/chromium", "usr/lib64/chromium-browser/chromium-browser"),
        app="Chromium",
        folder="Chromium",
        program="chrome.exe",
        flatpak="org.chromium.Chromium",
    ),
    _Product(
        name="edge",
        commands=("microsoft-edge-stable", "microsoft-edge"),
        files=("opt/microsoft/msedge/msedge",),
        app="Microsoft Edge",
        folder="Microsoft/Edge",
        program="msedge.exe",
        flatpak="com.microsoft.Edge",
    ),
    _Product(
        name="brave",
        commands=("brave-browser", "brave-browser-stable", "brave"),
        files=("opt/brave.com/brave/brave",),
        app="Brave Browser",
        folder="BraveSoftware/Brave-Browser",
        program="brave.exe",
        flatpak="com.brave.Browser",
    ),
)
_TITLES = {"chrome": "Google Chrome", "chromium": "Chromium", "edge": "Microsoft Edge", "brave": "Brave"}
# A service's or a desktop launcher's PATH is often shorter than a shell's.
_COMMAND_FOLDERS = ("usr/local/bin", "usr/bin", "bin")
_PROGRAM_FOLDERS = ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)", "LOCALAPPDATA")
_INSTALL = {
    "linux": "Install one from your distribution ('apt install chromium', 'dnf install chromium', "
    "'pacman -S chromium') or Google's package, or set chrome.executable.",
    "darwin": "Install one ('brew install --cask google-chrome'), or set chrome.executable.",
    "win32": "Install one ('winget install Google.Chrome'), or set chrome.executable.",
}


def find_browser(executable: str = "", *, machine: Machine | None = None) -> BrowserBinary:
    """Return the browser to start: the one that is asked for, else the first that is installed.

    Args:
      executable: a path, a macOS bundle, or a command to look for in PATH; empty looks everywhere.

    Raises:
      BrowserNotFound: there is none, or only ones that cannot be used; the message says why.
    """
    machine = machine or Machine()
    next_step = _INSTALL.get(machine.platform, _INSTALL["linux"])
    if executable:
        found = _named(executable, machine)
        if found is None:
            raise BrowserNotFound(
                f"chrome.executable is {executable!r}, and there is no such program.", next_step=next_step
            )
        reason = _refusal(found.path, machine)
        if reason:
            raise BrowserNotFound(f"{found.path} cannot be used: {reason}", next_step=next_step)
        return found

    refused: list[str] = []
    for candidate in _candidates(machine):
        reason = _refusal(candidate.path, machine)
        if not reason:
            return candidate
        refused.append(f"{candidate.path} cannot be used: {reason}")
    refused += _flatpaks(machine)
    message = "No Chrome, Chromium, Edge or Brave was found in the usual places."
    if refused:
        message = " ".join(["No usable browser was found.", *dict.fromkeys(refused)])
    raise BrowserNotFound(message, next_step=next_step)


def _named(executable: str, machine: Machine) -> BrowserBinary | None:
    given = Path(executable).expanduser()
    path: Path | None = given
    if given.suffix == ".app" and given.is_dir():
        path = given / "Contents" / "MacOS" / given.stem
    elif os.sep not in executable and "/" not in executable:
        command = shutil.which(executable, path=machine.environ.get("PATH", ""))
        path = Path(command) if command else None
    if path is None or not _is_program(path, machine):
        return None
    return BrowserBinary(path=path.absolute(), name=_name_of(path))


def _candidates(machine: Machine) -> Iterator[BrowserBinary]:
    for product in _PRODUCTS:
        for path in _places(product, machine):
            if _is_program(path, machine):
                yield BrowserBinary(path=path, name=product.name)


def _places(product: _Product, machine: Machine) -> Iterator[Path]:
    if machine.is_mac:
        for applications in (machine.root / "Applications", machine.home / "Applications"):
            yield applications / f"{product.app}.app" / "Contents" / "MacOS" / product.app
        return
    if machine.is_windows:
        for variable in _PROGRAM_FOLDERS:
            folder = machine.variable(variable)
            if folder is not None:
                yield folder / product.folder / "Application" / product.program
        registered = machine.registered_program(product.program)
        # Chrome and Chromium register the same file name; the folder tells which one it is.
        if registered and _name_of(Path(registered)) == product.name:
            yield Path(registered)
        return
    for command in product.commands:
        found = shutil.which(command, path=machine.environ.get("PATH", ""))
        if found:
            yield Path(found)
        for folder_name in _COMMAND_FOLDERS:
            yield machine.root / folder_name / command
    for file in product.files:
        yield machine.root / file


def _is_program(path: Path, machine: Machine) -> bool:
    try:
        return path.is_file() and (machine.is_windows or os.access(path, os.X_OK))
    except OSError:
        return False


def _name_of(path: Path) -> str:
    """Which product a program file is, by its own name and its folders."""
    text = path.as_posix().replace("\\", "/").lower()
    file = text.rpartition("/")[2]
    for mark, name in (("brave", "brave"), ("edge", "edge"), ("chromium", "chromium")):
        if mark in file or f"/{mark}" in text:
            return name
    if "chrome" in file:
        return "chrome"
    return path.stem


def _refusal(path: Path, machine: Machine) -> str:
    """Why a browser that is installed cannot be used; empty when it can."""
    if machine.is_windows or machine.is_mac:
        return ""
    names = [str(path), os.path.realpath(path)]
    script = _script_start(path)
    if any("/snap/" in name or name.endswith("/bin/snap") for name in names) or "/snap/bin/" in script:
        return (
            "it is a Snap, which may not write to the relay's profile folder. "
            "Install a browser that is not a Snap."
        )
    if any("/flatpak/" in name for name in names) or "flatpak run" in script:
        return _FLATPAK_REASON
    return ""


_FLATPAK_REASON = (
    "it is a Flatpak, whose sandbox hides the relay's profile folder and its own processes. "
    "Install a browser that is not a Flatpak."
)


def _script_start(path: Path) -> str:
    # Ubuntu's /usr/bin/chromium-browser is a shell script that hands over to the Snap.
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return ""
    return start.decode("utf-8", "replace") if start.startswith(b"#!") else ""


def _flatpaks(machine: Machine) -> Iterator[str]:
    if machine.is_windows or machine.is_mac:
        return
    for folder in (machine.root / "var/lib/flatpak", machine.home / ".local/share/flatpak"):
        for product in _PRODUCTS:
            path = folder / "exports" / "bin" / product.flatpak
            if path.exists():
                yield f"{path} cannot be used: {_FLATPAK_REASON}"
