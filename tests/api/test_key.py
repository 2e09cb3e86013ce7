from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdp_relay.api import read_or_create_key
from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home

posix = pytest.mark.skipif(os.name != "posix", reason="modes mean something on POSIX only")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    root = tmp_path / "relay"
    return Home(config=root, state=root)


def test_the_first_call_makes_a_key_and_later_calls_return_it(home: Home) -> None:
    key, created = read_or_create_key(home)
    assert created
    assert re.fullmatch(r"sk-relay-[A-Za-z0-9_-]{43}", key)
    assert read_or_create_key(home) == (key, False)


@posix
def test_only_the_owner_can_read_it(home: Home) -> None:
    previous = os.umask(0)
    try:
        read_or_create_key(home)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.state.stat().st_mode) == 0o700
    assert [path.name for path in home.state.iterdir()] == ["key"]


def test_starts_at_the_same_moment_agree_on_one_key(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(read_or_create_key, home) for _ in range(16)]]
    assert len({key for key, _ in results}) == 1
    assert sum(created for _, created in results) == 1
    assert [path.name for path in home.state.iterdir()] == ["key"]


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_key_that_others_can_read_is_refused_and_left_as_it_is(home: Home, mode: int) -> None:
    key, _ = read_or_create_key(home)
    home.key_file.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        read_or_create_key(home)
    assert str(home.key_file) in caught.value.message
    assert "chmod 600" in caught.value.next_step
    assert key not in caught.value.message
    assert stat.S_IMODE(home.key_file.stat().st_mode) == mode


@posix
def test_a_folder_that_others_can_change_is_refused(home: Home) -> None:
    read_or_create_key(home)
    home.state.chmod(0o777)
    with pytest.raises(SettingsError) as caught:
        read_or_create_key(home)
    assert "chmod 700" in caught.value.next_step


@pytest.mark.parametrize("content", [b"", b"short\n", b"sk-relay-" + b"x" * 42, b"\xff" * 60, b"x" * 5000])
def test_a_file_that_holds_no_key_is_refused(home: Home, content: bytes) -> None:
    read_or_create_key(home)
    home.key_file.write_bytes(content)
    with pytest.raises(SettingsError, match="does not hold a key"):
        read_or_create_key(home)


def test_a_folder_in_the_way_is_said(home: Home) -> None:
    home.key_file.mkdir(parents=True, mode=0o700)
    home.state.chmod(0o700)
    home.key_file.chmod(0o700)
    with pytest.raises(SettingsError, match="cannot be used"):
        read_or_create_key(home)


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(home: Home) -> None:
    home.state.mkdir(mode=0o500)
    with pytest.raises(SettingsError, match="cannot be used"):
        read_or_create_key(home)
