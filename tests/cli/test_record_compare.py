"""``cdp-relay record diff`` and ``record bend``: over folders, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_relay.recording.folder import read_recording, write_recording
from cdp_relay.recording.session import Session
from tests.cli.conftest import Run
from tests.recording.streams import TEXT, body_of, decoded, recorded


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with recordings: the same page twice, and one with shapes that nobody knows."""
    for name, session in (
        ("one", recorded("claude")),
        ("two", recorded("claude", text="Other words.")),
        ("odd", recorded("claude", unknown=True)),
        ("gemini", recorded("gemini")),
    ):
        write_recording(tmp_path / name, session)
    return tmp_path


def test_recordings_of_one_page_differ_in_nothing(run: Run, written: Path) -> None:
    outcome = run("record", "diff", str(written / "one"), str(written / "two"))
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "Nothing changed."
    assert "old  claude plain, 2026-11-21, Chrome/156.0" in outcome.out


def test_what_changed_is_told_in_words_and_as_json(run: Run, written: Path) -> None:
    outcome = run("record", "diff", str(written / "one"), str(written / "odd"))
    assert outcome.code == 1
    assert "a new kind of event came, 'novelty_of_tomorrow'" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("2 changes to look at")
    told = run("record", "diff", str(written / "one"), str(written / "odd"), "--json")
    assert (told.code, told.json["ok"]) == (1, False)
    assert [one["weight"] for one in told.json["differences"]] == ["notable", "notable"]
    same = run("record", "diff", str(written / "one"), str(written / "one"), "--json")
    assert (same.code, same.json) == (0, {"ok": True, "differences": []})


@pytest.mark.parametrize(
    ("other", "words"),
    [("gemini", "different sites, claude and gemini"), ("nowhere", "nowhere is no folder")],
)
def test_what_cannot_be_compared_is_refused(run: Run, written: Path, other: str, words: str) -> None:
    outcome = run("record", "diff", str(written / "one"), str(written / other))
    assert outcome.code == 1
    assert words in outcome.err


def bent(run: Run, written: Path, *words: str) -> Session:
    outcome = run("record", "bend", str(written / "one"), "-o", str(written / "bent"), "--replace", *words)
    assert outcome.code == 0, outcome.err
    session = read_recording(written / "bent")
    for note in session.about.notes:
        assert note in outcome.out
    return session


def test_a_recording_is_bent_into_another(run: Run, written: Path) -> None:
    assert len(body_of(bent(run, written, "--cut", "300"))) == 300
    assert body_of(bent(run, written, "--end", "event:2")).count(b"event: ") == 2
    assert bent(run, written, "--hold", "chunk:5").exchanges[1].ended_at is None
    told = body_of(bent(run, written, "--swap", "Another – answer.", "--duplicate", "event:2"))
    assert decoded("claude", told)["text"] == "Another – answer."
    refused = bent(
        run, written, "--at", "POST *", "--status", "429", "--header", "retry-after: 30", "--body", "{}"
    )
    response = refused.exchanges[1].response
    assert response is not None
    assert (response.status, dict(response.headers)["retry-after"]) == (429, "30")
    late = bent(run, written, "--delay", "2.5", "--from-chunk", "3").exchanges[1].response
    assert late is not None
    assert round(late.chunks[3].at - late.chunks[2].at, 3) == 2.6
    assert len(bent(run, written, "--drop", "request").exchanges) == 1
    # The one that it was made of is as it was.
    assert decoded("claude", body_of(read_recording(written / "one")))["text"] == TEXT


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "Nothing is to be bent"),
        (("--cut", "x"), "'x' is no place"),
        (("--cut", "line:3"), "'line:3' is no place"),
        (("--cut", "999999"), "there is no byte 999999"),
        (("--drop", "3"), "'3' is no part"),
        (("--hold", "chunk:99"), "there is no chunk 99"),
        (("--at", "PUT /x", "--cut", "1"), "No request of the recording matches"),
        (("--number", "2", "--cut", "1"), "--number says"),
        (("--from-chunk", "2"), "--from-chunk says"),
        (("--body", "x"), "go with another --status"),
        (("--status", "429", "--header", "x"), "'x' is no header"),
        (("--drop", "request", "--cut", "1"), "cannot be bent as well"),
        (("--turn", "3", "--swap", "x"), "There is no answer 3"),
    ],
)
def test_what_cannot_be_bent_is_told_and_nothing_is_written(
    run: Run, written: Path, given: tuple[str, ...], words: str
) -> None:
    outcome = run("record", "bend", str(written / "one"), "-o", str(written / "bent"), *given)
    assert outcome.code == 1
    assert words in outcome.err
    assert not (written / "bent").exists()


def test_a_recording_that_is_there_stays(run: Run, written: Path) -> None:
    outcome = run("record", "bend", str(written / "one"), "-o", str(written / "two"), "--cut", "1")
    assert outcome.code == 1
    assert len(body_of(read_recording(written / "two"))) > 1
