from __future__ import annotations

import os
from pathlib import Path

import pytest

from cdp_relay.chrome import Machine, find_browser
from cdp_relay.errors import BrowserNotFound

MAC = "Contents/MacOS"


def put(path: Path, text: str = "") -> Path:
    """Make a program file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def linux(root: Path, *, path: str = "", **environ: str) -> Machine:
    return Machine(platform="linux", environ={"PATH": path, **environ}, home=root / "home/me", root=root)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("usr/bin/google-chrome-stable", "chrome"),
        ("usr/bin/google-chrome", "chrome"),
        ("opt/google/chrome/chrome", "chrome"),
        ("usr/bin/chromium", "chromium"),
        ("usr/bin/chromium-browser", "chromium"),
        ("usr/lib/chromium/chromium", "chromium"),
        ("usr/bin/microsoft-edge-stable", "edge"),
        ("usr/bin/brave-browser", "brave"),
        ("usr/local/bin/brave", "brave"),
    ],
)
def test_linux_browsers_are_found_with_an_empty_path(tmp_path: Path, file: str, name: str) -> None:
    program = put(tmp_path / file)
    found = find_browser(machine=linux(tmp_path))
    assert (found.path, found.name) == (program, name)


def test_a_command_in_path_is_found(tmp_path: Path) -> None:
    program = put(tmp_path / "nix/profile/bin/chromium")
    found = find_browser(machine=linux(tmp_path, path=str(program.parent)))
    assert (found.path, found.name) == (program, "chromium")


def test_chrome_is_preferred_to_chromium_and_brave(tmp_path: Path) -> None:
    for command in ("brave-browser", "chromium", "google-chrome-stable"):
        put(tmp_path / "usr/bin" / command)
    assert find_browser(machine=linux(tmp_path)).name == "chrome"


@pytest.mark.parametrize(
    ("app", "name"),
    [
        ("Google Chrome", "chrome"),
        ("Chromium", "chromium"),
        ("Microsoft Edge", "edge"),
        ("Brave Browser", "brave"),
    ],
)
@pytest.mark.parametrize("folder", ["Applications", "Users/me/Applications"])
def test_mac_bundles_are_found(tmp_path: Path, app: str, name: str, folder: str) -> None:
    program = put(tmp_path / folder / f"{app}.app" / MAC / app)
    machine = Machine(platform="darwin", environ={}, home=tmp_path / "Users/me", root=tmp_path)
    found = find_browser(machine=machine)
    assert (found.path, found.name) == (program, name)


def test_a_mac_bundle_can_be_named(tmp_path: Path) -> None:
    program = put(tmp_path / "Elsewhere/Google Chrome.app" / MAC / "Google Chrome")
    machine = Machine(platform="darwin", environ={}, home=tmp_path, root=tmp_path)
    found = find_browser(str(tmp_path / "Elsewhere/Google Chrome.app"), machine=machine)
    assert (found.path, found.name) == (program, "chrome")


@pytest.mark.parametrize("variable", ["ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"])
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Google/Chrome/Application/chrome.exe", "chrome"),
        ("Chromium/Application/chrome.exe", "chromium"),
        ("Microsoft/Edge/Application/msedge.exe", "edge"),
        ("BraveSoftware/Brave-Browser/Application/brave.exe", "brave"),
    ],
)
def test_windows_programs_are_found(tmp_path: Path, variable: str, file: str, name: str) -> None:
    folder = tmp_path / variable
    program = put(folder / file)
    machine = Machine(
        platform="win32",
        environ={variable: str(folder)},
        home=tmp_path,
        root=tmp_path,
        registered_program=lambda _: None,
    )
    found = find_browser(machine=machine)
    assert (found.path, found.name) == (program, name)


def test_windows_app_paths_lead_to_a_browser_elsewhere(tmp_path: Path) -> None:
    program = put(tmp_path / "D/Tools/Google/Chrome/Application/chrome.exe")
    machine = Machine(
        platform="win32",
        environ={},
        home=tmp_path,
        root=tmp_path,
        registered_program=lambda name: str(program) if name == "chrome.exe" else None,
    )
    found = find_browser(machine=machine)
    assert (found.path, found.name) == (program, "chrome")


def test_a_stale_app_paths_entry_is_no_browser(tmp_path: Path) -> None:
    machine = Machine(
        platform="win32",
        environ={},
        home=tmp_path,
        root=tmp_path,
        registered_program=lambda name: str(tmp_path / "gone" / name),
    )
    with pytest.raises(BrowserNotFound):
        find_browser(machine=machine)


def test_a_snap_is_refused_with_the_reason(tmp_path: Path) -> None:
    put(tmp_path / "snap/bin/chromium")
    machine = linux(tmp_path, path=str(tmp_path / "snap/bin"))
    with pytest.raises(BrowserNotFound, match="is a Snap, which may not write") as caught:
        find_browser(machine=machine)
    assert "snap/bin/chromium" in caught.value.message


def test_a_link_to_the_snap_program_is_refused(tmp_path: Path) -> None:
    snap = put(tmp_path / "real/bin/snap")
    command = tmp_path / "usr/bin/chromium"
    command.parent.mkdir(parents=True)
    command.symlink_to(snap)
    with pytest.raises(BrowserNotFound, match="is a Snap"):
        find_browser(machine=linux(tmp_path))


def test_ubuntus_script_that_hands_over_to_the_snap_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "usr/bin/chromium-browser", '#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    with pytest.raises(BrowserNotFound, match="is a Snap"):
        find_browser(machine=linux(tmp_path))


def test_a_refused_snap_does_not_hide_a_usable_browser(tmp_path: Path) -> None:
    put(tmp_path / "usr/bin/chromium-browser", '#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    put(tmp_path / "usr/bin/brave-browser")
    assert find_browser(machine=linux(tmp_path)).name == "brave"


def test_a_flatpak_alone_is_named_as_the_reason(tmp_path: Path) -> None:
    put(tmp_path / "var/lib/flatpak/exports/bin/com.google.Chrome", "#!/bin/sh\nexec flatpak run x\n")
    with pytest.raises(BrowserNotFound, match="is a Flatpak"):
        find_browser(machine=linux(tmp_path))


def test_a_named_snap_is_refused_too(tmp_path: Path) -> None:
    program = put(tmp_path / "snap/bin/chromium")
    with pytest.raises(BrowserNotFound, match="is a Snap"):
        find_browser(str(program), machine=linux(tmp_path))


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_nothing_installed_says_how_to_install_one(tmp_path: Path, platform: str) -> None:
    machine = Machine(
        platform=platform, environ={}, home=tmp_path, root=tmp_path, registered_program=lambda _: None
    )
    with pytest.raises(BrowserNotFound) as caught:
        find_browser(machine=machine)
    assert "nstall one" in caught.value.next_step
    assert "chrome.executable" in caught.value.next_step


def test_a_named_path_is_taken_as_it_is(tmp_path: Path) -> None:
    program = put(tmp_path / "my-build/chrome")
    found = find_browser(str(program), machine=linux(tmp_path))
    assert (found.path, found.name, found.title) == (program, "chrome", "Google Chrome")


def test_a_program_of_another_name_is_called_by_it(tmp_path: Path) -> None:
    found = find_browser(str(put(tmp_path / "thorium")), machine=linux(tmp_path))
    assert (found.name, found.title) == ("thorium", "thorium")


@pytest.mark.parametrize("kind", ["missing", "folder", "not executable"])
def test_a_named_path_that_is_no_program_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "chrome"
    if kind == "folder":
        path.mkdir()
    elif kind == "not executable":
        path.write_text("")
        path.chmod(0o644)
    with pytest.raises(BrowserNotFound, match="there is no such program"):
        find_browser(str(path), machine=linux(tmp_path))


def test_a_named_command_is_looked_up_in_path_only(tmp_path: Path) -> None:
    put(tmp_path / "usr/bin/chromium")
    with pytest.raises(BrowserNotFound, match="there is no such program"):
        find_browser("chromium", machine=linux(tmp_path))
    found = find_browser("chromium", machine=linux(tmp_path, path=str(tmp_path / "usr/bin") + os.pathsep))
    assert found.name == "chromium"
