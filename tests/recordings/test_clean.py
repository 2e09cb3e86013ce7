"""What is in the repository tells of nobody, holds no code of others, and is small."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat.registry import load_provider
from cdp_relay.recording.driving._literals import known_words
from cdp_relay.recording.folder import read_recording
from cdp_relay.recording.redaction import find_leaks
from cdp_relay.recording.session import Body, Session
from cdp_relay.settings import Home
from tests.contract.scenarios import RECORDED
from tests.recordings.shelf import FOLDER, LIVE, RECORDED_SITES, folder_of, recordings_in
from tests.sites.kit import ChatSite

_MOST_BYTES = 1_500_000
"""Of all of them: they are in every clone."""


@pytest.mark.parametrize("kind", RECORDED_SITES, ids=lambda kind: kind.name)
def test_a_recording_of_a_replica_is_clean_and_lean(kind: type[ChatSite[Any]], tmp_path: Path) -> None:
    for scenario in RECORDED:
        session = read_recording(folder_of(kind.name, scenario))
        assert (session.about.site, session.about.scenario) == (kind.name, scenario)
        assert _faults(session, tmp_path) == []
        assert [snapshot.step for snapshot in session.snapshots][:2] == ["empty", "filled"]


def test_every_recording_of_a_live_site_is_clean_and_lean(tmp_path: Path) -> None:
    for folder in recordings_in(LIVE):
        assert _faults(read_recording(folder), tmp_path) == [], folder.name


def test_what_must_not_be_in_the_repository_is_seen(tmp_path: Path) -> None:
    session = read_recording(folder_of("claude", "plain_answer"))
    first, *others = session.exchanges
    told = (*first.request.headers, ("authorization", "Bearer kJ8sX2mQ9vT4wZ7bN1cR5yL0"))
    tells = attrs.evolve(first, request=attrs.evolve(first.request, headers=told))
    assert len(_faults(attrs.evolve(session, exchanges=(tells, *others)), tmp_path)) == 1
    place, script = next(
        (place, one) for place, one in enumerate(session.exchanges) if one.resource_type == "script"
    )
    assert script.response is not None
    whole = attrs.evolve(script, response=attrs.evolve(script.response, body=Body.of(b"let a"), chunks=()))
    fat = (*session.exchanges[:place], whole, *session.exchanges[place + 1 :])
    assert _faults(attrs.evolve(session, exchanges=fat), tmp_path) == [f"{script.request.url} has its body"]


@functools.cache
def _known(site: str, home: Path) -> frozenset[str]:
    return known_words(load_provider(site, Home(config=home, state=home)))


def _faults(session: Session, home: Path) -> list[str]:
    code = [one for one in session.exchanges if one.resource_type in ("script", "stylesheet", "font")]
    bodies = [
        one.request.url for one in code if one.response and one.response.body and one.response.body.size
    ]
    return [
        *map(str, find_leaks(session, known=_known(session.about.site, home))),
        *(f"{url} has its body" for url in bodies),
        *([] if session.about.redacted else ["not redacted"]),
    ]


def test_there_is_one_of_each_scenario_and_no_other() -> None:
    found = (folder for folder in recordings_in(FOLDER) if not folder.is_relative_to(LIVE))
    there = {folder.relative_to(FOLDER).as_posix() for folder in found}
    assert there == {f"{kind.name}/{scenario}" for kind in RECORDED_SITES for scenario in RECORDED}


def test_all_of_them_are_small_and_packed() -> None:
    files = [file for file in FOLDER.rglob("*") if file.is_file() and len(file.relative_to(FOLDER).parts) > 2]
    assert sum(file.stat().st_size for file in files) < _MOST_BYTES
    assert {file.suffix for file in files if file.name != "recording.json"} == {".zst"}
