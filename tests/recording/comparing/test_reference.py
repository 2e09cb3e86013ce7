"""The newest recording of a site, and a look at its page beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.recording.comparing import compare_report, reference
from cdp_relay.recording.folder import ABOUT_FILE, write_recording
from cdp_relay.recording.session import Heard, Look, Session
from cdp_relay.settings import Home
from tests.recording.streams import recorded


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(config=tmp_path / "config", state=tmp_path / "state")


def write(home: Home, name: str, day: str, written: float = 0.0) -> Path:
    session = recorded("claude")
    session = attrs.evolve(session, about=attrs.evolve(session.about, recorded_on=day))
    folder = home.recordings / "claude" / name
    write_recording(folder, session)
    os.utime(folder / ABOUT_FILE, (written, written))
    return folder


def test_the_newest_recording_that_can_be_read_is_the_reference(home: Home) -> None:
    assert reference(home, "claude") is None
    write(home, "code", "2026-10-01", 9.0)
    earlier = write(home, "plain", "2026-11-20", 1.0)
    newest = write(home, "plain-1", "2026-11-20", 2.0)
    found = reference(home, "claude")
    assert found is not None
    assert (found.folder, found.session.about.recorded_on) == (newest, "2026-11-20")
    (newest / "session.har").write_text("{")
    found = reference(home, "claude")
    assert found is not None
    assert found.folder == earlier
    assert reference(home, "gemini") is None


def report(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"site": "claude", "findings": findings, "stamps": {}, "drifts": (), **more}


def finding(key: str, *counts: int, verdict: str = "ok") -> dict[str, Any]:
    names = [f"{key}-{number}" for number in range(len(counts))]
    found = [
        {"selector": name, "matches": count, "visible": count, "usable": count, "valid": True}
        for name, count in zip(names, counts, strict=True)
    ]
    return {"key": key, "verdict": verdict, "alternatives": found}


def looked(**matches: tuple[int, ...]) -> Session:
    looks = []
    for step, counts in matches.items():
        key = "selectors.send"
        looks.append(Look(step=step, matches={key: tuple((f"{key}-{n}", c) for n, c in enumerate(counts))}))
    return attrs.evolve(recorded("claude"), looks=tuple(looks))


@pytest.mark.parametrize(
    ("session", "now", "words"),
    [
        (looked(empty=(0, 0), filled=(1, 0)), finding("selectors.send", 1, 0), []),
        (
            looked(filled=(1, 0)),
            finding("selectors.send", 0, 0),
            ["nothing matches any more at the step 'filled'"],
        ),
        (looked(filled=(1, 0)), finding("selectors.send", 0, 1), ["another alternative matches now"]),
        (looked(filled=(1, 0)), finding("selectors.send", 0, 0, verdict="unchecked"), []),
        (looked(filled=(1, 0)), finding("selectors.stop", 0, 0), []),
        (looked(empty=(0, 0)), finding("selectors.send", 0, 0), []),
    ],
)
def test_selectors_are_measured_by_the_step_at_which_they_matched(
    session: Session, now: dict[str, Any], words: list[str]
) -> None:
    found = [one.sentence for one in compare_report(session, report(now))]
    assert len(found) == len(words)
    assert all(word in one for one, word in zip(found, words, strict=True))


def test_new_builds_and_what_nobody_knew_then_are_told() -> None:
    session = recorded("claude")
    session = attrs.evolve(session, about=attrs.evolve(session.about, stamps={"build": "one"}))
    drift = {"kind": "event", "detail": "novelty", "count": 3, "last": 0.0}
    now = report(stamps={"build": "two", "other": "x"}, drifts=[drift])
    assert [one.sentence for one in compare_report(session, now)] == [
        "Answers hold what the relay does not know (event), and did not then: novelty",
        "The site's build build is two now, and was one.",
    ]
    known = attrs.evolve(session, heard=(Heard(1.0, {"event": "Drift", "kind": "event", "detail": "other"}),))
    assert len(compare_report(known, now)) == 1
