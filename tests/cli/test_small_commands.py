"""config, key, decode, models, status, sign-in: what needs no browser."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdp_relay.cli.options import SHORT_FORMS
from cdp_relay.cli.running import announce, read_running
from cdp_relay.settings import Home, setting_fields
from tests.cli.conftest import Run

# --- config ----------------------------------------------------------------------------------------


def test_config_shows_every_setting(run: Run, home: Path) -> None:
    outcome = run("config")
    assert outcome.code == 0
    for field in setting_fields():
        assert re.search(rf"^{re.escape(field.name)} +=", outcome.out, re.MULTILINE), field.name
    assert str(home / "config.toml") in outcome.out


def test_config_says_where_a_value_came_from(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[chat]\ntabs = 2\n[sites.chatgpt]\ntabs = 3\n")
    monkeypatch.setenv("CDP_RELAY_CHAT_QUEUE", "5")
    report = run("config", "--json", "--port", "0", "--headless", "--chrome-args=--a '--b c'").json
    settings = report["settings"]
    assert report["config_file_exists"] is True
    assert settings["server.port"]["value"] == 0
    assert settings["server.port"]["default"] == 3003
    assert settings["server.port"]["origin"] == "command line"
    assert settings["chrome.headless"]["value"] is True
    assert settings["chrome.args"]["value"] == ["--a", "--b c"]
    assert settings["chat.queue"]["origin"] == "environment CDP_RELAY_CHAT_QUEUE"
    assert settings["chat.tabs"]["origin"] == f"file {home / 'config.toml'}"
    assert settings["sites.chatgpt.tabs"]["value"] == 3
    assert settings["limits.idle_seconds"]["origin"] == "default"


def test_config_names_variables_that_set_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_RELAY_SERVR_PORT", "1")
    assert "CDP_RELAY_SERVR_PORT" in run("config").err
    assert run("config", "--json").json["unknown_variables"] == ["CDP_RELAY_SERVR_PORT"]


def test_config_path_says_where_the_file_goes(run: Run, home: Path) -> None:
    assert run("config", "path").out == f"{home / 'config.toml'}\n"
    assert run("config", "path", "--json").json == {"path": str(home / "config.toml"), "exists": False}


@pytest.mark.parametrize("name", ["up", "serve", "launch", "chat", "doctor", "config", "models", "sign-in"])
def test_every_setting_is_a_flag_of_the_command(name: str) -> None:
    module = name.replace("-", "_")
    command = getattr(importlib.import_module(f"cdp_relay.cli.{module}"), module)
    flags = {flag for param in command.params for flag in param.opts}
    for field in setting_fields():
        assert "--" + field.name.replace(".", "-").replace("_", "-") in flags
    for short in SHORT_FORMS.values():
        assert f"--{short}" in flags


# --- key -------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_kept_private(run: Run, home: Path) -> None:
    first = run("key")
    assert re.fullmatch(r"sk-relay-[\w-]{43}\n", first.out)
    assert "A new key" in first.err
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    again = run("key")
    assert (again.out, again.err) == (first.out, "")


def test_a_new_key_replaces_the_old_one_and_says_that_the_service_knows_it_not(run: Run, home: Path) -> None:
    first = run("key").out
    with announce(Home.locate(), "http://localhost:1/v1"):
        second = run("key", "--new")
    assert second.out != first
    assert "http://localhost:1/v1" in second.err
    assert run("key").out == second.out


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing there")
def test_a_key_that_others_can_read_is_refused(run: Run, home: Path) -> None:
    run("key")
    (home / "key").chmod(0o644)
    outcome = run("key")
    assert outcome.code == 2
    assert "can be read by others" in outcome.err
    assert "chmod 600" in outcome.err


# --- the card of the running service -------------------------------------------------------------


def test_the_card_lasts_as_long_as_the_service(home: Path) -> None:
    place = Home.locate()
    assert read_running(place) is None
    with announce(place, "http://localhost:3003/v1") as path:
        card = read_running(place)
        assert card is not None
        assert (card.pid, card.base_url) == (os.getpid(), "http://localhost:3003/v1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert read_running(place, kind="browser") is None
    assert read_running(place) is None
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"pid": 1}', '{"pid": 1, "started": 5.0, "base_url": "x"}',
     '{"pid": 99999999, "started": 5.0, "base_url": "x"}'],
)  # fmt: skip
def test_a_card_that_a_dead_process_left_counts_for_nothing(home: Path, text: str) -> None:
    home.mkdir()
    (home / "service.json").write_text(text)
    assert read_running(Home.locate()) is None


def test_status_without_a_service_says_so(run: Run) -> None:
    outcome = run("status")
    assert outcome.code == 1
    assert "'cdp-relay up' starts it" in outcome.out
    assert run("status", "--json").json == {"running": False}


# --- decode ----------------------------------------------------------------------------------------

STREAM = (
    'data: {"type":"start","conversation_id":"c","message_id":"m","model":"echo"}\n\n'
    'data: {"type":"thinking","text":"hm"}\n\n'
    'data: {"type":"text","text":"Grüße \\ud83d"}\n\n'
    'data: {"type":"weather"}\n\n'
    'data: {"type":"end","reason":"stop"}\n\n'
).encode()


@pytest.mark.parametrize("chunk", ["0", "1", "7", "1000000"])
def test_decode_prints_one_object_however_the_file_is_cut(run: Run, tmp_path: Path, chunk: str) -> None:
    file = tmp_path / "answer.sse"
    file.write_bytes(STREAM)
    outcome = run("decode", "practice", str(file), "--chunk", chunk)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) == 1
    got = outcome.json
    assert (got["text"], got["reasoning"], got["finish_reason"]) == ("Grüße \ud83d", "hm", "stop")
    assert (got["conversation_id"], got["message_id"], got["model"]) == ("c", "m", "echo")
    assert got["error"] is None
    assert len(got["drift"]) == 1


def test_decode_reads_a_refusal_by_its_status(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "refusal.json"
    file.write_text('{"error": "Too many requests."}')
    got = run("decode", "practice", str(file), "--status", "429").json
    assert "rate_limit_exceeded" in json.dumps(got["error"]) or "429" in json.dumps(got["error"])
    assert got["text"] == ""


# --- models, sign-in, chat's prompt --------------------------------------------------------------


def test_models_lists_labels_without_a_service(run: Run) -> None:
    rows = run("models", "--json").json
    assert {"practice", "practice/lorem"} <= {row["id"] for row in rows}
    assert "practice/lorem" in run("models").out
    only = run("models", "--json", "--set", "chat.sites=practice").json
    assert {row["site"] for row in only} == {"practice"}


def test_a_site_without_accounts_needs_no_sign_in(run: Run) -> None:
    outcome = run("sign-in", "practice")
    assert outcome.code == 0
    assert "needs no account" in outcome.out


PROFILES = """
[chat]
sites = ["chatgpt", "practice"]
[profiles.work]
sites = ["practice"]
[chains.best]
models = ["chatgpt", "practice@work"]
"""


def test_profiles_and_chains_are_listed_and_shown(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text(PROFILES)
    rows = {row["id"]: row for row in run("models", "--json").json}
    assert rows["practice@work"]["title"] == "Practice page (work)"
    assert "chatgpt@work" not in rows
    assert (rows["best"]["site"], rows["best"]["title"]) == ("chain", "chatgpt, then practice@work")
    settings = run("config", "--json").json["settings"]
    assert settings["profiles.work.sites"]["value"] == ["practice"]
    assert settings["chains.best.models"]["origin"] == f"file {home / 'config.toml'}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sign-in", "chatgpt", "--profile", "wrok"), "There is no [profiles.wrok]; there are default, work"),
        (("sign-in", "chatgpt@wrok"), "There is no profile 'wrok'"),
        (("sign-in", "chatgpt@work", "--profile", "default"), "SITE names the profile 'work'"),
        (("launch", "--profile", "wrok"), "There is no [profiles.wrok]"),
        (("doctor", "--site", "practice@wrok"), "There is no profile 'wrok'"),
        (("models", "--set", "profiles.other.profile=work"), "a folder of its own"),
        (("models", "--set", "chains.best.models=chatgpt chatgpt@work"), "names no site that is offered"),
        (("launch", "--set", "profiles.a/b.sites="), "[profiles.a/b]"),
    ],
)
def test_a_profile_that_there_is_not_is_never_made(
    run: Run, home: Path, words: tuple[str, ...], said: str
) -> None:
    home.mkdir()
    (home / "config.toml").write_text(PROFILES)
    outcome = run(*words)
    assert outcome.code == 2
    assert said in outcome.err
    assert not (home / "profiles").exists()


def test_each_profile_s_browser_is_told_and_one_that_was_not_needed_as_such() -> None:
    show = importlib.import_module("cdp_relay.cli.status")._browser
    up = {"profile": "default", "state": "up", "version": "156", "headless": True, "owned": True, "pid": 7}
    unused = {**up, "profile": "work", "state": "unused", "version": None, "pid": None}
    assert show(up) == "Chrome 156, up, no window, process 7"
    assert show(unused) == "of work: not started, as no request has needed it yet"
    assert show({**unused, "state": "down"}) == "of work: down"


def test_signing_in_needs_a_display(run_apart: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    outcome = run_apart("sign-in", "chatgpt")
    assert outcome.code == 1
    assert "no display" in outcome.err


@pytest.mark.parametrize(
    ("words", "given", "prompt"),
    [
        (("Hello", "there"), b"", "Hello there"),
        (("-",), "\ufeffä\n".encode(), "ä\n"),
        ((), b"from a pipe", "from a pipe"),
        (("before", "-"), b"text\n", "before\n\ntext\n"),
        (("a", "b", "-", "c"), b"x", "a b\n\nx\n\nc"),
    ],
)
def test_the_prompt_may_come_from_words_and_standard_input(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], given: bytes, prompt: str
) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(given), isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert importlib.import_module("cdp_relay.cli.chat")._prompt(words) == prompt


def test_a_prompt_that_is_not_utf_8_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a\xff"), isatty=lambda: False))
    outcome = run("chat", "-")
    assert outcome.code == 2
    assert "not UTF-8 (at byte 1)" in outcome.err
