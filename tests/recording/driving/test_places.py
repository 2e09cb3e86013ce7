"""Where recordings go, and that none is lost there."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_relay.errors import UserError
from cdp_relay.recording.driving.places import check_place, default_folder, put_aside
from cdp_relay.recording.folder import write_recording
from cdp_relay.settings import Home
from tests.recording.streams import recorded


def test_each_scenario_of_a_site_has_a_folder_below_the_state(tmp_path: Path) -> None:
    home = Home(config=tmp_path, state=tmp_path)
    assert default_folder(home, "claude", "code") == tmp_path / "recordings" / "claude" / "code"


def test_older_recordings_are_numbered_and_none_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    assert put_aside(folder) is None
    moved = []
    for number in range(3):
        folder.mkdir()
        (folder / "name").write_text(str(number))
        moved.append(put_aside(folder))
    assert moved == [tmp_path / f"plain-{number}" for number in (1, 2, 3)]
    assert [(one / "name").read_text() for one in moved if one is not None] == ["0", "1", "2"]


def test_a_recording_is_replaced_only_where_that_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    check_place(folder, replace=False)
    folder.mkdir()
    check_place(folder, replace=False)  # an empty folder holds nothing that could be lost
    write_recording(folder, recorded("claude"))
    with pytest.raises(UserError, match="a recording in it"):
        check_place(folder, replace=False)
    check_place(folder, replace=True)


def test_what_is_no_recording_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear ...")
    for place in (tmp_path, tmp_path / "letter"):
        with pytest.raises(UserError, match="no recording"):
            check_place(place, replace=True)
    with pytest.raises(UserError, match="cannot be written"):
        check_place(tmp_path / "letter" / "below", replace=False)
