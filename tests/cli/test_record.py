"""``cdp-relay record``: from a site to a folder that may be shared, and what is done with such a folder."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from cdp_relay.cli.running import announce
from cdp_relay.recording.driving.scenarios import SCENARIOS
from cdp_relay.settings import Home
from tests.cli.conftest import Outcome, Run
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess

browser = pytest.mark.browser

TEXT = "The sky is blue.\n\nAnd that was the second paragraph of it."
PROMPT = "Who was Ada Lovelace?"


@pytest.fixture
def record(run_apart: Run, chromium: ChromiumProcess) -> Run:
    """Record in the tests' browser."""

    def run_record(*words: str, given: bytes = b"") -> Outcome:
        flags = ("--attach", chromium.http_url, "--set", "sites.chatgpt.gap_seconds=0")
        outcome: Outcome = run_apart("record", *words, *flags, given=given)
        return outcome

    return run_record


@browser
def test_a_site_is_recorded_redacted_checked_and_looked_at(
    record: Run, run: Run, home: Path, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text=TEXT, delay=0.02))

    outcome = record("chatgpt", "--prompt", PROMPT, "--keep", "prompt", "--lean")

    assert outcome.code == 0, outcome.err
    folder = home / "recordings" / "chatgpt" / "plain"
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "check clean: nothing was found that would tell of you" in lines
    assert "kept prompt" in lines
    assert f"folder {folder}" in lines
    assert [line.split()[-1] for line in outcome.err.splitlines()[:4]] == [
        "empty",
        "filled",
        "streaming",
        "done",
    ]
    assert chatgpt_site.prompts == [PROMPT]
    # Nobody else can read it, and the answer is nowhere in it.
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    everything = b"".join(path.read_bytes() for path in files)
    assert PROMPT.encode() in everything
    assert b"second paragraph" not in everything

    shown = run("record", "show", str(folder), "--json").json
    assert (shown["about"]["kept"], shown["about"]["lean"]) == (["prompt"], True)
    assert shown["figures"]["left_out"] > 0
    assert list(shown["marks"]) == ["empty", "filled", "streaming", "done"]
    assert shown["figures"]["chunks"] >= 5
    assert "chatgpt, plain: a short answer in plain words" in run("record", "show", str(folder)).out

    plain = run("record", "check", str(folder))
    assert (plain.code, plain.out.splitlines()[-1]) == (
        0,
        "Clean: nothing was found that would tell of a person.",
    )
    packed = run("record", "pack", str(folder))
    assert packed.code == 0
    assert sorted(path.name for path in folder.glob("*")) == [
        "events.jsonl.zst",
        "pages",
        "recording.json",
        "session.har.zst",
    ]
    given = run("record", "check", str(folder), "--secret", "Ada Lovelace", "--json")
    assert given.code == 1
    assert not given.json["clean"]
    assert "Ada Lovelace" not in given.out
    assert run("record", "unpack", str(folder)).code == 0
    har = json.loads((folder / "session.har").read_bytes())
    assert har["log"]["version"] == "1.2"


@browser
def test_what_cannot_be_recorded_leaves_nothing_behind(
    record: Run, home: Path, chatgpt_site: ChatGPTSite, tmp_path: Path
) -> None:
    chatgpt_site.state("account_chooser")
    outcome = record("chatgpt", "-o", str(tmp_path / "kept"))
    assert outcome.code == 1
    assert outcome.out == ""
    assert "error:" in outcome.err
    assert not (tmp_path / "kept").exists()
    assert not (home / "recordings").exists()
    assert chatgpt_site.prompts == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "There is no provider 'nowhere'"),
        (("chatgpt@work",), "work"),
        (("chatgpt", "--scenario", "plian"), "There is no scenario 'plian'"),
        (("chatgpt", "--scenario", "cap"), "only you can"),
        (("chatgpt", "--keep", "name"), "'--keep'"),
        (("chatgpt", "--prompt", " "), "The prompt is empty"),
        (("chatgpt", "--prompt", "x", "--by-hand"), "By hand you type"),
        (("--json", "check"), "is a command"),
        ((), "Missing argument 'SITE'"),
        (("check",), "Missing argument 'FOLDER'"),
        (("check", "/does/not/exist"), "There is no folder"),
        (("show", "/does/not/exist"), "There is no folder"),
        (("pack", "/does/not/exist"), "There is no folder"),
        (("unpack", "/does/not/exist"), "There is no folder"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_started(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    outcome = run("record", *words)
    assert outcome.code in (1, 2)
    assert outcome.out == ""
    assert said in outcome.err
    assert "This is a bug" not in outcome.err


def test_the_help_names_every_scenario(run: Run) -> None:
    told = " ".join(run("record", "--help").out.split())
    assert all(name in told.partition("--scenario NAME")[2][:200] for name in SCENARIOS)


def test_a_service_that_runs_on_the_profile_is_in_the_way(run: Run, home: Path) -> None:
    with announce(Home(config=home, state=home), "http://127.0.0.1:1/v1"):
        outcome = run("record", "chatgpt")
    assert (outcome.code, outcome.out) == (1, "")
    assert "The service runs on the profile" in outcome.err
    assert "Stop the service" in outcome.err


def test_a_window_is_needed_to_drive_by_hand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "no display" in run("record", "chatgpt", "--by-hand").err
    assert "chrome.headless is set" in run("record", "chatgpt", "--by-hand", "--headless").err


def test_a_place_that_cannot_take_a_recording_is_said_before_it_is_made(run: Run, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").write_text("Dear ...")
    for words in ((), ("--replace",)):
        outcome = run("record", "chatgpt", "-o", str(taken), *words)
        assert (outcome.code, outcome.out) == (1, "")
        assert "no recording" in outcome.err
    assert (taken / "letter.txt").exists()
    below = run("record", "chatgpt", "-o", str(taken / "letter.txt" / "here"))
    assert "cannot be written" in below.err


def test_a_folder_that_is_no_recording_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text("{")
    for word in ("check", "show", "pack", "unpack"):
        outcome = run("record", word, str(tmp_path))
        assert (outcome.code, outcome.out) == (1, ""), word
        assert "recording.json" in outcome.err, word
    assert "--secret" in run("record", "check", str(tmp_path), "--secret", " ").err
