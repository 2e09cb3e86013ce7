from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from cdp_relay.chrome import Machine, default_profiles, prepare_profile, profile_folder
from cdp_relay.errors import ProfileRefused
from cdp_relay.settings import Home


@pytest.fixture
def me(tmp_path: Path) -> Path:
    folder = tmp_path / "me"
    folder.mkdir()
    return folder


@pytest.fixture
def machine(me: Path) -> Machine:
    return Machine(platform="linux", environ={}, home=me)


@pytest.fixture
def home(me: Path) -> Home:
    return Home(config=me / "relay", state=me / "relay")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_name_is_a_folder_below_the_relays_own(home: Home, machine: Machine) -> None:
    assert profile_folder(home, "default", machine=machine) == home.profiles / "default"


def test_an_absolute_path_is_that_folder(home: Home, machine: Machine, tmp_path: Path) -> None:
    assert profile_folder(home, str(tmp_path / "x"), machine=machine) == tmp_path / "x"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", "a b", "x" * 65, ".hidden", "a\0b"])
def test_a_name_that_could_lead_elsewhere_is_refused(home: Home, machine: Machine, name: str) -> None:
    with pytest.raises(ProfileRefused, match="a name has letters"):
        profile_folder(home, name, machine=machine)


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".config/google-chrome"),
        ("linux", ".config/google-chrome-beta"),
        ("linux", ".config/chromium"),
        ("linux", ".config/microsoft-edge"),
        ("linux", ".config/BraveSoftware/Brave-Browser"),
        ("linux", "snap/chromium/common/chromium"),
        ("linux", ".var/app/com.google.Chrome/config/google-chrome"),
        ("darwin", "Library/Application Support/Google/Chrome"),
        ("darwin", "Library/Application Support/Chromium"),
        ("darwin", "Library/Application Support/Microsoft Edge"),
        ("darwin", "Library/Application Support/BraveSoftware/Brave-Browser"),
        ("win32", "AppData/Local/Google/Chrome/User Data"),
        ("win32", "AppData/Local/Microsoft/Edge/User Data"),
        ("win32", "AppData/Local/BraveSoftware/Brave-Browser/User Data"),
        ("win32", "AppData/Local/Chromium/User Data"),
    ],
)
@pytest.mark.parametrize("below", ["", "Default", "Profile 1/x"])
@pytest.mark.parametrize("exists", [True, False])
def test_everyday_profiles_are_refused_with_the_reason(
    home: Home, me: Path, platform: str, folder: str, below: str, exists: bool
) -> None:
    if exists:
        (me / folder).mkdir(parents=True)
    machine = Machine(platform=platform, environ={}, home=me)
    with pytest.raises(ProfileRefused, match="belongs to the everyday profile") as caught:
        profile_folder(home, str(me / folder / below), machine=machine)
    assert folder in caught.value.message


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "CHROME_CONFIG_HOME"])
def test_a_moved_configuration_folder_is_known(home: Home, me: Path, variable: str) -> None:
    machine = Machine(platform="linux", environ={variable: str(me / "moved")}, home=me)
    with pytest.raises(ProfileRefused, match="everyday profile"):
        profile_folder(home, str(me / "moved/chromium"), machine=machine)


def test_a_link_to_an_everyday_profile_is_refused(home: Home, me: Path, machine: Machine) -> None:
    (me / ".config/google-chrome").mkdir(parents=True)
    link = me / "innocent"
    link.symlink_to(me / ".config/google-chrome")
    with pytest.raises(ProfileRefused, match="everyday profile"):
        profile_folder(home, str(link), machine=machine)
    with pytest.raises(ProfileRefused, match="everyday profile"):
        profile_folder(home, str(link / "Default"), machine=machine)


def test_a_named_profile_that_is_such_a_link_is_refused(home: Home, me: Path, machine: Machine) -> None:
    (me / ".config/chromium").mkdir(parents=True)
    home.profiles.mkdir(parents=True)
    (home.profiles / "default").symlink_to(me / ".config/chromium")
    with pytest.raises(ProfileRefused, match="everyday profile"):
        profile_folder(home, "default", machine=machine)


def test_an_everyday_profile_behind_a_link_of_its_own_is_known(
    home: Home, me: Path, machine: Machine
) -> None:
    (me / "big-disk/chrome").mkdir(parents=True)
    (me / ".config").mkdir()
    (me / ".config/google-chrome").symlink_to(me / "big-disk/chrome")
    with pytest.raises(ProfileRefused, match="everyday profile"):
        profile_folder(home, str(me / "big-disk/chrome"), machine=machine)


def test_dots_in_a_path_do_not_help(home: Home, me: Path, machine: Machine) -> None:
    with pytest.raises(ProfileRefused, match="everyday profile"):
        profile_folder(home, f"{me}/.config/x/../chromium", machine=machine)


@pytest.mark.parametrize("folder", ["", ".config"])
def test_a_folder_that_contains_everyday_profiles_is_refused(
    home: Home, me: Path, machine: Machine, folder: str
) -> None:
    with pytest.raises(ProfileRefused, match="contains"):
        profile_folder(home, str(me / folder), machine=machine)


def test_a_folder_beside_an_everyday_profile_is_fine(home: Home, me: Path, machine: Machine) -> None:
    folder = me / ".config/chromium-relay"
    assert profile_folder(home, str(folder), machine=machine) == folder


def test_the_real_machines_everyday_profiles_are_known() -> None:
    assert default_profiles()
    assert all(path.is_absolute() for path in default_profiles())


def test_a_new_profile_is_private_and_keeps_session_cookies(home: Home) -> None:
    folder = home.profiles / "default"
    before = os.umask(0)
    try:
        prepare_profile(folder)
    finally:
        os.umask(before)
    assert [mode(one) for one in (folder, folder.parent, home.state)] == [0o700] * 3
    preferences = folder / "Default/Preferences"
    assert json.loads(preferences.read_text())["session"]["restore_on_startup"] == 1
    assert mode(preferences) == 0o600
    assert [one.name for one in preferences.parent.iterdir()] == ["Preferences"]


def test_an_existing_profile_is_closed_to_others_and_else_left_alone(home: Home) -> None:
    folder = home.profiles / "default"
    (folder / "Default").mkdir(parents=True)
    folder.chmod(0o755)
    preferences = folder / "Default/Preferences"
    preferences.write_text('{"mine": 1}')
    prepare_profile(folder)
    assert mode(folder) == 0o700
    assert preferences.read_text() == '{"mine": 1}'


def test_a_folder_with_other_things_in_it_is_refused_and_untouched(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir(mode=0o755)
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(ProfileRefused, match="holds other things"):
        prepare_profile(folder)
    assert mode(folder) == 0o755


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ProfileRefused, match="is a file"):
        prepare_profile(tmp_path / "x")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(ProfileRefused, match="belongs to another user"):
        prepare_profile(folder)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileRefused):
        prepare_profile(tmp_path / "file/profile")
