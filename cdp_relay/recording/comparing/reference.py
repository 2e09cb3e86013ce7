"""The newest recording of a site as what its page is measured against today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from cdp_relay.errors import RecordingInvalid
from cdp_relay.recording.comparing._heard import drifts_heard
from cdp_relay.recording.comparing._selectors import at_any_step, differences_of_key
from cdp_relay.recording.comparing.difference import Difference, sorted_differences
from cdp_relay.recording.folder import ABOUT_FILE, is_recording, read_about, read_recording
from cdp_relay.recording.session import Session
from cdp_relay.settings import Home

__all__ = ["Reference", "compare_report", "reference"]


@attrs.frozen(kw_only=True)
class Reference:
    """A recording on the disk, and what it holds."""

    folder: Path
    session: Session = attrs.field(repr=False)


def reference(home: Home, site: str) -> Reference | None:
    """The newest recording of a site that can be read; None where there is none.

    Newest is the one with the latest date; of one day, the one that was written last.
    """
    for folder in _newest_first(home.recordings / site):
        try:
            return Reference(folder=folder, session=read_recording(folder))
        except (RecordingInvalid, OSError):
            continue  # a damaged one is no reason to do without an older one
    return None


def _newest_first(folder: Path) -> list[Path]:
    try:
        folders = [one for one in folder.iterdir() if not one.name.startswith(".") and is_recording(one)]
    except OSError:
        return []
    dated: list[tuple[str, float, Path]] = []
    for one in folders:
        try:
            dated.append((read_about(one).recorded_on, (one / ABOUT_FILE).stat().st_mtime, one))
        except (RecordingInvalid, OSError):
            continue
    return [one for _, _, one in sorted(dated, reverse=True)]


def compare_report(recorded: Session, report: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What a look at a site's page found otherwise than the recording has it, the gravest first.

    Args:
      report: a ``SiteReport`` as JSON has it.
    """
    return sorted_differences(_differences(recorded, report))


def _differences(recorded: Session, report: Mapping[str, Any]) -> Iterator[Difference]:
    best = at_any_step(recorded.looks)
    for finding in report["findings"]:
        key = finding["key"]
        if finding["verdict"] == "unchecked" or key not in best:
            continue
        step, then = best[key]
        now = [(one["selector"], one["usable"]) for one in finding["alternatives"]]
        if key == "attachments.input":  # need not be visible
            now = [(one["selector"], one["matches"]) for one in finding["alternatives"]]
        yield from differences_of_key(key, then, now, step)
    for name, found in report["stamps"].items():
        was = recorded.about.stamps.get(name)
        if was != found and was is not None:
            yield Difference(
                kind="build",
                weight="minor",
                sentence=f"The site's build {name} is {found or 'not told'} now, and was {was}.",
                where=name,
                old=was,
                new=found or "",
            )
    known = drifts_heard(recorded.heard)
    for drift in report["drifts"]:
        kind, detail = str(drift["kind"]), str(drift["detail"])
        if not any(kind == was for was, _ in known):
            yield Difference(
                kind="heard",
                weight="notable",
                sentence=f"Answers hold what the relay does not know ({kind}), and did not then: {detail}",
                where=kind,
                new=detail,
            )
