"""``cdp-relay provider``: what a person who mends or adds a site works with."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def write(home: Path, name: str, text: str) -> Path:
    path = home / "providers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_list_says_where_each_provider_comes_from(run: Run, home: Path) -> None:
    override = write(home, "chatgpt.toml", "order = 5\n")
    lines = run("provider", "list").out.splitlines()
    assert f"chatgpt   built in, overridden by {override}" in [" ".join(line.split(" ")) for line in lines]
    listed = {one["name"]: one for one in run("provider", "list", "--json").json}
    assert listed["practice"] == {"name": "practice", "origin": "built in", "override": None}
    assert listed["chatgpt"]["override"] == str(override)


def test_show_prints_the_definition_with_the_overrides_in_it(run: Run, home: Path) -> None:
    write(home, "chatgpt.toml", "[selectors]\nsend = ['#mine', '...']\n[limits]\nidle_seconds = 7\n")
    shown = tomllib.loads(run("provider", "show", "chatgpt").out)
    assert shown["selectors"]["send"][0] == "#mine"
    assert 'button[data-testid="send-button"]' in shown["selectors"]["send"]
    assert shown["limits"]["idle_seconds"] == 7
    assert "stop_seconds" not in shown["limits"]
    everything = tomllib.loads(run("provider", "show", "chatgpt", "--all").out)
    assert everything["limits"]["stop_seconds"] == 5.0
    assert run("provider", "show", "chatgpt", "--json").json == shown


def test_a_definition_that_was_shown_is_a_definition(run: Run, home: Path) -> None:
    text = run("provider", "show", "practice", "--all").out
    write(home, "practice.toml", text)
    assert run("provider", "check", "practice").code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[selectors]\nsent = ['x']\n", "sent"),
        ("[selectors]\nsend = 'x'\n", "selectors.send"),
        ("[[states]]\ncode = 'no_such_code'\n", "no_such_code"),
        ("[[states]]\ncode = 'challenge'\ntext = '(?i)stop'\n", "(?i)"),
        ("[[states]]\ncode = 'challenge'\ntext = '(a'\n", "not a regular expression"),
        ("[[states]]\ncode = 'challenge'\n", "none of url"),
        ("[submission]\npaths = ['(']\n", "missing ), unterminated subpattern"),
        ("[insertion]\nattachment = 'keep'\n", "insertion.attachment"),
        ("[attachments]\nways = ['email']\n", "email"),
        ("[controls.model]\nkind = 'wish'\ncontrol = []\n", "controls"),
        ("selectors = \n", "line 1"),
    ],
)
def test_check_names_what_is_wrong(run: Run, home: Path, text: str, said: str) -> None:
    path = write(home, "practice.toml", text)
    outcome = run("provider", "check", "practice")
    assert outcome.code == 1
    assert said in outcome.out
    assert str(path) in outcome.out or "states[" in outcome.out
    assert run("provider", "check", "practice", "--json").json["ok"] is False


def test_check_runs_the_code_on_nonsense(run: Run, home: Path) -> None:
    assert run("provider", "new", "mysite").code == 0
    code = home / "providers" / "mysite.py"
    assert run("provider", "check", "mysite").code == 0
    good = code.read_text()
    for broken, said in (
        (good.replace("except (ValueError, LookupError", "except (KeyError, OSError"), "read_submission"),
        (good.replace("class SiteProvider", "class Other"), "SiteProvider"),
        (good + "\n1/0\n", "ZeroDivisionError"),
    ):
        code.write_text(broken)
        outcome = run("provider", "check", "mysite")
        assert outcome.code == 1
        assert said in outcome.out


def test_a_new_provider_works_as_it_stands(run: Run, home: Path, tmp_path: Path) -> None:
    outcome = run("provider", "new", "my_site")
    assert outcome.code == 0
    assert str(home / "providers" / "my_site.toml") in outcome.out
    stream = tmp_path / "answer.sse"
    chunks = [
        {"model": "m-1", "choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"delta": {"reasoning_content": "Hm. "}}]},
        {"choices": [{"delta": {"content": "Hello "}}]},
        {"choices": [{"delta": {"content": "you."}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {"odd": 1},
    ]
    stream.write_text("".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n")
    decoded = run("decode", "my_site", str(stream), "--chunk", "1").json
    assert (decoded["text"], decoded["reasoning"]) == ("Hello you.", "Hm. ")
    assert (decoded["model"], decoded["finish_reason"]) == ("m-1", "stop")
    assert len(decoded["drift"]) == 1
    assert "my_site" in run("models").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("new", "chatgpt"), 2, "already"),
        (("new", "My-Site"), 2, "cannot be a provider's name"),
        (("new", "../x"), 2, "cannot be a provider's name"),
        (("new",), 2, "NAME"),
        (("show", "nowhere"), 2, "nowhere"),
        (("mend", "chatgpt"), 2, "mend"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Run, home: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    outcome = run("provider", *words)
    assert outcome.code == code
    assert said in outcome.err
    assert not (home / "providers").exists()


def test_a_file_that_is_there_is_never_written_over(run: Run, home: Path) -> None:
    path = write(home, "mysite.py", "# mine\n")
    outcome = run("provider", "new", "mysite")
    assert outcome.code == 2
    assert str(path) in outcome.err
    assert path.read_text() == "# mine\n"


def test_doctor_asks_only_a_named_site(run: Run) -> None:
    assert "--ask needs --site" in run("doctor", "--ask").err
    assert run("doctor", "--site", "nowhere").code == 2
