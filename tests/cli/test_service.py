"""up, serve, launch, chat, doctor: real processes with a real browser on the practice page."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM, Run, Service, Start, allow_root, set_home, starting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SEED: dict[str, Any] = {
    "model": "gemini-pro",
    "messages": [{"role": "user", "content": "Hello!"}],
    "temperature": 0.7,
    "max_tokens": 100,
}


def curl(service: Service, body: dict[str, Any]) -> bytes:
    """As the README has it."""
    assert shutil.which("curl"), "the README's request is made with curl"
    words = ["curl", "-sS", "-X", "POST", f"{service.ready['base_url']}/chat/completions"]
    words += ["-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {service.ready['key']}"]
    return subprocess.run(
        [*words, "-d", json.dumps(body)], capture_output=True, timeout=50, check=True
    ).stdout


@pytest.fixture
def service(start: Start) -> Service:
    return start("up", "--json", "--headless", "--port", "0")


def test_up_answers_the_seed_request_and_stops_at_ctrl_c(service: Service, run: Run, home: Path) -> None:
    assert set(service.ready) >= {"base_url", "key", "models", "pid"}
    assert service.ready["pid"] == service.process.pid
    answer = json.loads(curl(service, SEED))
    assert answer["model"] == "gemini-pro"
    assert answer["choices"][0]["message"]["content"] == "Hello!"
    assert answer["choices"][0]["finish_reason"] == "stop"

    streamed = curl(service, {**SEED, "model": "practice", "stream": True}).decode()
    assert streamed.endswith("data: [DONE]\n\n")
    assert '"content":"Hello!"' in streamed

    listed = run("models", "--json").json
    assert [row["id"] for row in listed] == service.ready["models"]
    status = run("status", "--json").json
    assert (status["running"], status["base_url"]) == (True, service.ready["base_url"])
    said = run("status").out
    assert "practice: ready" in said
    assert "journal  ok, " in said
    assert run("key").out.strip() == service.ready["key"]
    assert run("results", "show", answer["id"], "--text").out == "Hello!\n"

    refused = run("chat", "-m", "practice", "/error rate-limit")
    assert (refused.code, refused.out) == (1, "")
    assert "HTTP 429" in refused.err

    assert service.stop() == 0
    assert service.process.stdout is not None
    assert service.process.stdout.read() == "", "stdout has the one line of JSON and nothing else"
    assert run("status").code == 1
    assert not (home / "service.json").exists()


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "home"


@pytest.fixture(scope="module")
def running(shared_home: Path) -> Generator[Service]:
    """One service for the tests that leave it as it was; a start costs more than what they ask of it."""
    with pytest.MonkeyPatch.context() as patched:
        set_home(patched, shared_home)
        allow_root(patched)
        with starting() as start_command:
            yield start_command("up", "--json", "--headless", "--port", "0")


@pytest.fixture
def shared_service(
    running: Service, shared_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Service:
    """The service that runs already, in a home that the test's commands share with it."""
    monkeypatch.setenv("CDP_RELAY_HOME", str(shared_home))
    return running


def test_top_shows_the_running_service_once_and_until_q(shared_service: Service, run: Run) -> None:
    assert run("chat", "-m", "practice", "Hello!").code == 0
    picture = run("top", "--once").out
    assert shared_service.ready["base_url"] in picture
    assert "practice" in picture
    assert "the last that ended" in picture
    seen = run("top", "--json").json
    assert (seen["running"], seen["pid"]) == (True, shared_service.process.pid)
    assert seen["recent"][0]["state"] == "finished"
    assert "Hello!" not in json.dumps(seen)

    code, drawn = in_terminal("top", seen="q ends this view", keys="xq")
    assert code == 0
    assert "CDP Relay" in drawn
    assert drawn.endswith("\x1b[?1049l"), "the terminal is as it was"


def in_terminal(*words: str, seen: str, keys: str) -> tuple[int, str]:
    """Run a command in a terminal, and press keys once something is seen."""
    ours, theirs = os.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    process = subprocess.Popen([*PROGRAM, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    drawn = b""
    try:
        while seen.encode() not in drawn:
            drawn += os.read(ours, 65536)
        os.write(ours, keys.encode())
        while piece := os.read(ours, 65536):
            drawn += piece
    except OSError:
        pass  # the other end was closed
    finally:
        os.close(ours)
    return process.wait(timeout=10), drawn.decode()


def test_chat_asks_the_running_service(shared_service: Service, run: Run, run_apart: Run) -> None:
    text = "Grüße,\n\tzwei  Wörter 👩‍👩‍👧\n"
    outcome = run_apart("chat", "-m", "practice", "-", given=text.encode())
    assert (outcome.code, outcome.out, outcome.err) == (0, text, "")

    whole = run("chat", "-m", "practice", "--json", "/thinking 1").json
    assert whole["text"].startswith("The thinking came first")
    assert whole["reasoning"].startswith("The person wants")
    assert (whole["finish_reason"], whole["site"], whole["model"]) == ("stop", "practice", "thinking")
    assert "The person wants" in run("chat", "-m", "practice", "--reasoning", "/thinking 1").err

    assert len(run("chat", "-m", "practice", "/lorem 2000").out.split()) == 2000

    failed = run("chat", "-m", "practice", "/error frame")
    assert failed.code == 1
    assert failed.out == "This answer begins well, "
    assert failed.err.splitlines()[-2:] == [
        "error: The practice page says: Something went wrong.",
        " next: Send the request again.",
    ]


def test_chat_sends_files_along_and_keeps_those_that_come_back(
    shared_service: Service, run: Run, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Plan\n", "utf-8")
    said = run("chat", "-m", "practice", "--file", str(notes), "Read this:").out
    assert said == "Read this:\n\n[file: notes.md]\n```\n# Plan\n```"

    folder = tmp_path / "pictures"
    first = run("chat", "-m", "practice", "--save", str(folder), "/picture")
    second = run("chat", "-m", "practice", "--save", str(folder), "--json", "/picture").json
    assert (first.code, first.out, first.err) == (0, "", f"river.png, 877 bytes: {folder / 'river.png'}\n")
    assert second["files"] == [
        {
            "name": "river.png",
            "media_type": "image/png",
            "bytes": 877,
            "path": str(folder / "river-2.png"),
        }
    ]
    assert sorted(file.name for file in folder.iterdir()) == ["river-2.png", "river.png"]
    assert (folder / "river.png").read_bytes()[:4] == b"\x89PNG"
    gone = run("chat", "-m", "practice", "/picture gone")
    assert (gone.code, gone.out) == (0, "This picture is gone already.")

    refused = run("chat", "-m", "practice", "--file", str(folder / "river.png"), "What is this?")
    assert refused.code == 1
    assert "Practice page takes no files, and 'river.png' (image/png) is no text" in refused.err
    (tmp_path / "empty").touch()
    assert "is empty" in run("chat", "--file", str(tmp_path / "empty"), "hi").err


def test_a_second_start_names_who_holds_the_profile(shared_service: Service, run_apart: Run) -> None:
    outcome = run_apart("up", "--headless", "--port", "0")
    assert outcome.code == 1
    assert str(shared_service.process.pid) in outcome.err
    assert outcome.err.splitlines()[-1].startswith(" next: Use the running relay")


def test_doctor_asks_the_running_service(shared_service: Service, run: Run) -> None:
    outcome = run("doctor", "--json")
    checks = {check["name"]: check for check in outcome.json["checks"]}
    assert outcome.code == 0, checks
    assert checks["turn"]["message"] == "the practice page answered, word for word"
    assert shared_service.ready["base_url"] in checks["port"]["message"]


def test_a_second_ctrl_c_cuts_off_what_still_runs(service: Service, run: Run) -> None:
    words = ["curl", "-sN", f"{service.ready['base_url']}/chat/completions"]
    words += ["-H", "Content-Type: application/json", "-H", f"Authorization: Bearer {service.ready['key']}"]
    body = {"model": "practice", "stream": True, "messages": [{"role": "user", "content": "/slow 200 5000"}]}
    with subprocess.Popen([*words, "-d", json.dumps(body)], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        while b'"content":"' not in client.stdout.readline().replace(b'"content":""', b""):
            pass
        service.process.send_signal(signal.SIGINT)
        while not any("Once more cuts them off" in line for line in service.errors):
            assert service.process.poll() is None
        service.process.send_signal(signal.SIGINT)
        rest = client.stdout.read()
    assert service.process.wait(20) in (0, 130)
    assert b"[DONE]" not in rest
    assert b'"finish_reason":"stop"' not in rest


def test_terminate_stops_it_as_well(service: Service, home: Path) -> None:
    assert service.stop(signal.SIGTERM) == 0
    assert not (home / "service.json").exists()


def test_launch_and_serve_share_the_work_of_up(start: Start, run: Run) -> None:
    browser = start("launch", "--json", "--headless")
    assert browser.ready["url"].startswith("http://127.0.0.1:")
    served = start("serve", "--json", "--port", "0")
    assert json.loads(curl(served, SEED))["choices"][0]["message"]["content"] == "Hello!"
    assert run("status", "--json").json["browser"]["owned"] is False
    assert served.stop() == 0
    assert browser.process.poll() is None, "the browser is not the service's to close"
    assert browser.stop() == 0


def test_chat_without_a_service_starts_a_browser_for_the_one_question(run_apart: Run, home: Path) -> None:
    kept = home.parent / "kept"
    drawn = run_apart("chat", "-m", "practice", "--headless", "--save", str(kept), "/picture")
    assert (drawn.code, drawn.out) == (0, "")
    assert (kept / "river.png").stat().st_size == 877
    outcome = run_apart("chat", "-m", "practice", "--headless", "Hello!")
    assert (outcome.code, outcome.out, outcome.err) == (0, "Hello!", "")
    assert not (home / "service.json").exists()


def test_doctor_starts_a_browser_where_nothing_runs(run_apart: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = run_apart("doctor", "--json", "--port", str(taken.getsockname()[1]))
    checks = {check["name"]: check for check in outcome.json["checks"]}
    assert outcome.code == 1
    assert [name for name, check in checks.items() if not check["ok"]] == ["port"]
    assert "--port" in checks["port"]["next_step"]
    assert {"devtools", "protocol", "turn", "browser", "profile", "key", "python"} <= set(checks)


@pytest.mark.parametrize(
    ("words", "name", "said"),
    [
        (("--executable", "/does/not/exist"), "browser", "/does/not/exist"),
        (("--profile", "../x"), "profile", "chrome.profile"),
        (("--attach", "http://192.0.2.1:9222"), "devtools", "192.0.2.1"),
        (("--chrome-args=--user-data-dir=/tmp/x",), "devtools", "user-data-dir"),
        (("--chat-sites", "nowhere"), "providers", "nowhere"),
        (("--set", "server.port=x"), "settings", "server.port"),
    ],
)
def test_doctor_names_what_is_broken_and_its_mend(
    run_apart: Run, words: tuple[str, ...], name: str, said: str
) -> None:
    outcome = run_apart("doctor", "--json", *words)
    assert outcome.code == 1
    failed = next(check for check in outcome.json["checks"] if not check["ok"])
    assert failed["name"] == name
    assert said in failed["message"]
    assert failed["next_step"]
