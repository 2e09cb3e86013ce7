"""Three hundred secrets of thirty kinds, planted wherever one can hide: none gets out, each is found."""

from __future__ import annotations

import functools
import gzip
import json
import re
from pathlib import Path

import attrs
import pytest

from cdp_relay.recording.folder import write_recording
from cdp_relay.recording.redaction import Redacted, find_leaks, redact
from cdp_relay.recording.session import Session
from tests.recording.redaction.planted import KINDS, PLACES, plant, secrets_of, spellings

SECRETS = secrets_of()
ABOUT = attrs.evolve(plant(SECRETS[:30]).about, notes=())


@functools.cache
def clean() -> Redacted:
    return redact(plant(SECRETS))


def test_there_are_three_hundred_of_thirty_kinds() -> None:
    assert len({one.value for one in SECRETS}) == 300
    assert {one.kind for one in SECRETS} == set(KINDS)
    assert len(KINDS) == 30


def test_none_is_in_the_folder_that_is_written_in_any_spelling(tmp_path: Path) -> None:
    redacted = clean()
    write_recording(tmp_path / "r", redacted.session)
    written = [path.read_bytes() for path in sorted((tmp_path / "r").rglob("*")) if path.is_file()]
    for exchange in redacted.session.exchanges:
        body = exchange.request.body
        if body is not None and (data := body.read())[:2] == b"\x1f\x8b":
            written.append(gzip.decompress(data))
    together = b"\n".join(written)
    left = [(one.kind, one.value) for one in SECRETS if any(way in together for way in spellings(one.value))]
    assert left == []
    assert [str(leak) for leak in find_leaks(redacted.session, secrets=[one.value for one in SECRETS])] == []
    assert sum(redacted.counts.values()) >= 300


def test_lengths_stay_and_frames_still_count_right() -> None:
    session, redacted = plant(SECRETS), clean().session
    assert len(redacted.exchanges) == len(session.exchanges)
    for before, after in zip(session.exchanges, redacted.exchanges, strict=True):
        assert before.response is not None
        assert after.response is not None
        assert after.response.body is not None
        assert before.response.body is not None
        assert after.response.body.size == before.response.body.size
        assert after.response.chunks == before.response.chunks
        data = after.response.body.read()
        if data.startswith(b")]}'"):
            length, frame = re.findall(rb"\n(\d+)\n(.*)\n", data)[0]
            assert int(length) == len(frame.decode().encode("utf-16-le")) // 2 + 2
            assert json.loads(json.loads(frame)[0][2])
        elif before.response.mime_type == "application/json" and data.startswith(b"{"):
            assert json.loads(data)
        assert [len(one.data) for one in before.messages] == [len(one.data) for one in after.messages]


@pytest.mark.parametrize("place", PLACES)
def test_the_check_finds_each_kind_at_each_place(place: str) -> None:
    missed = []
    for one in SECRETS[: len(KINDS)]:
        session = Session(about=ABOUT, exchanges=(PLACES[place](0, one),))
        if not find_leaks(session):
            missed.append(one.kind)
    assert missed == []


def test_the_check_finds_each_secret_in_what_was_not_redacted() -> None:
    samples = {leak.sample for leak in find_leaks(plant(SECRETS))}
    shown = {f"{one.value[:2]}" for one in SECRETS}
    assert shown - {sample[:2] for sample in samples} == set()


def test_what_was_redacted_is_redacted() -> None:
    once = clean().session
    twice = redact(once).session
    assert twice.exchanges == once.exchanges
    assert twice.snapshots == once.snapshots
    assert twice.heard == once.heard
