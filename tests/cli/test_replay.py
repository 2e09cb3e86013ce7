"""``cdp-relay replay``: a recording on this machine, for any Chrome, one of its own, or the relay."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cdp_relay.recording.folder import write_recording
from tests.cli.conftest import Run, Start
from tests.recording.replay.sessions import exchange, session

PAGE = exchange(
    "GET",
    "/",
    "<!doctype html><script>fetch('/said').then(() => fetch('/unheard'))</script>",
    media_type="text/html",
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    folder = tmp_path / "recording"
    write_recording(folder, session(PAGE, exchange("GET", "/said", "[]", at=1)))
    return folder


@pytest.mark.browser
def test_a_chrome_of_its_own_shows_the_page_and_what_was_missing_is_listed(
    start: Start, recording: Path
) -> None:
    replay = start("replay", str(recording), "--open", "--json", "--speed", "full")
    assert replay.ready["url"] == "https://plain.test/"
    assert any(f"MAP plain.test 127.0.0.1:{replay.ready['port']}" in flag for flag in replay.ready["flags"])
    output = replay.process.stdout
    assert output is not None
    asked = [json.loads(output.readline()) for _ in range(3)]
    assert [(one["url"], one["how"], one["status"]) for one in asked] == [
        ("https://plain.test/", "exact", 200),
        ("https://plain.test/said", "exact", 200),
        ("https://plain.test/unheard", "unmatched", 404),
    ]
    assert replay.stop() == 0
    end = [json.loads(line) for line in output][-1]
    [missing] = end["unmatched"]
    assert missing.startswith("GET https://plain.test/unheard: nothing like it was recorded")


def test_a_recording_is_served_until_it_is_interrupted(start: Start, recording: Path) -> None:
    replay = start("replay", str(recording), "--json")
    with socket.create_connection(("127.0.0.1", replay.ready["port"]), timeout=5):
        pass
    assert replay.stop() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", replay.ready["port"]), timeout=5).close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--speed", "0"), "neither a number above 0 nor 'full'"),
        (("--speed", "nan"), "neither a number above 0 nor 'full'"),
        (("--port", "70000"), "70000"),
        (("--open", "--relay"), "choose one"),
        (("--storage",), "the page that --open opens"),
    ],
)
def test_wrong_wishes_are_refused(run: Run, recording: Path, words: tuple[str, ...], told: str) -> None:
    outcome = run("replay", str(recording), *words)
    assert outcome.code == 2
    assert told in outcome.err


def test_what_is_no_recording_is_refused(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "saved.har"
    saved.write_text("{}")
    for path in (tmp_path / "nowhere", tmp_path, saved):
        outcome = run("replay", str(path))
        assert outcome.code == 1
        assert str(path) in outcome.err


def test_a_site_that_the_relay_does_not_know_is_refused(run: Run, recording: Path) -> None:
    outcome = run("replay", str(recording), "--relay")
    assert outcome.code != 0
    assert "plain" in outcome.err


def test_a_port_of_somebody_else_is_left_to_him(run: Run, recording: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        outcome = run("replay", str(recording), "--port", str(port))
    assert outcome.code == 1
    assert f"Port {port}" in outcome.err
    assert "choose another port" in outcome.err
