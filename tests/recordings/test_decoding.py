"""Recorded streams decode to what was heard when they were recorded, however they are cut; no browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat.registry import load_provider
from cdp_relay.recording.bending import bend
from cdp_relay.recording.folder import read_recording
from cdp_relay.settings import Home
from tests.contract.scenarios import RECORDED
from tests.recordings.decoding import CUTS, decoded_otherwise
from tests.recordings.shelf import LIVE, RECORDED_SITES, folder_of, recordings_in
from tests.recordings.told import told_in
from tests.sites.kit import ChatSite


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("kind", RECORDED_SITES, ids=lambda kind: kind.name)
def test_a_recorded_stream_decodes_to_what_was_heard(
    kind: type[ChatSite[Any]], cut: str, tmp_path: Path
) -> None:
    provider = load_provider(kind.name, Home(config=tmp_path, state=tmp_path))
    for scenario in RECORDED:
        session = read_recording(folder_of(kind.name, scenario))
        assert any(turn.end for turn in told_in(one.event for one in session.heard)), scenario
        assert decoded_otherwise(session, provider, CUTS[cut]) == [], scenario


def test_every_recording_of_a_live_site_decodes_to_what_was_heard(tmp_path: Path) -> None:
    for folder in recordings_in(LIVE):
        session = read_recording(folder)
        provider = load_provider(session.about.site, Home(config=tmp_path, state=tmp_path))
        for name, cut in CUTS.items():
            assert decoded_otherwise(session, provider, cut) == [], f"{folder.name}, {name}"


def test_an_answer_that_was_changed_is_seen(tmp_path: Path) -> None:
    provider = load_provider("claude", Home(config=tmp_path, state=tmp_path))
    session = read_recording(folder_of("claude", "plain_answer"))
    bent = attrs.evolve(bend(session).swap("Something else.").session, heard=session.heard)
    (trouble,) = decoded_otherwise(bent, provider, CUTS["as recorded"])
    assert "Something else." in trouble
