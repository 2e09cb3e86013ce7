"""What ``cdp-relay top`` draws, and that it draws it in any room."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cdp_relay.cli.top_frame import TopFrame
from tests.cli.conftest import Run

NOW = 1_800_000_000.0


def site(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "state": state,
        "message": "",
        "needs_person": False,
        "resting_models": [],
        "drifts": [],
        "until": None,
        "next_at": None,
        "tabs": 0,
        "busy": 0,
        "waiting": 0,
        "pool": {"size": 4, "standing": 0},
        **more,
    }


def turn(request: str, step: str | None, **more: Any) -> dict[str, Any]:
    return {
        "request": f"req_{request}",
        "client": "claude-cli/2.0.31 (external, cli)",
        "session": "",
        "model": "chatgpt",
        "site": "chatgpt",
        "step": step,
        "seconds": 21.0,
        "step_seconds": 12.0,
        "chat": "held",
        "messages_spared": 31,
        "characters": 3421,
        "characters_per_second": 283.0,
        **more,
    }


def status(**more: Any) -> dict[str, Any]:
    chrome = {"version": "156.0", "headless": True, "owned": True, "pid": 4720, "generation": 2}
    unused = {"version": None, "headless": None, "owned": None, "pid": None, "generation": 0}
    rest = {"model": "gpt-5", "until": "2027-01-15T08:00:00+00:00", "message": ""}
    drift = {"kind": "selector", "count": 3}
    ended = {
        "request": "req_77777777",
        "client": "curl/8",
        "session": "",
        "site": "practice",
        "state": "failed",
        "code": "usage_cap_reached",
        "seconds": 3.2,
        "first_word_seconds": None,
        "characters": 0,
        "chat": "new",
        "messages_spared": 0,
        "ended_at": NOW - 300,
    }
    return {
        "version": "0.1.0",
        "pid": 4711,
        "uptime_seconds": 11543.2,
        "default_site": "chatgpt",
        "browsers": [
            {"profile": "default", "state": "up", **chrome},
            {"profile": "work", "state": "unused", **unused},
        ],
        "sites": [
            site("chatgpt", "busy", tabs=4, busy=4, waiting=1, resting_models=[rest]),
            site("claude", "signed_out", needs_person=True, message="Claude asks to\x1b[2J sign in."),
            site("practice", "ready", drifts=[drift], next_at="2027-01-15T08:00:00+00:00"),
        ],
        "turns": [
            turn("aabbccddee", "queued", position=1, estimated_seconds=8.5, characters=0),
            turn("9f8e7d6c5b", "streaming", session="conversation-ab12cd"),
            turn("1122334455", None, site="", characters=0, characters_per_second=None),
        ],
        "recent": [ended, {**ended, "state": "finished", "code": "", "first_word_seconds": 1.5}],
        "journal": {"state": "failing", "bytes": 12_300_000, "error": "database is locked"},
        **more,
    }


def drawn(width: int = 130, *, height: int = 0, **more: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=width, record=True)
    frame = {"status": status(), "now": NOW, "base_url": "http://127.0.0.1:3003/v1", **more}
    console.print(TopFrame(height=height, **frame))
    return [line.rstrip() for line in console.export_text().splitlines()]


def line_of(lines: list[str], word: str) -> str:
    return next(line for line in lines if word in line)


def test_the_picture_has_the_service_its_browsers_and_sites() -> None:
    lines = drawn()
    assert "up 3 h 12 min" in lines[0]
    assert "journal failing 12.3 MB (database is locked)" in lines[0]
    assert "Chrome 156.0, no window, process 4720, start 2" in line_of(lines, "browser default")
    assert "unused" in line_of(lines, "browser work")
    assert line_of(lines, "busy   ").split()[:7] == ["chatgpt", "busy", "4", "of", "4", "4", "1"]
    assert "gpt-5 rests until" in line_of(lines, "busy   ")
    assert "signed out" in line_of(lines, "claude ")
    assert "drifted: selector ×3" in line_of(lines, "practice")


def test_the_turns_stand_in_the_order_of_the_queue_with_where_they_are() -> None:
    lines = drawn()
    first = lines.index("2 running, 1 waiting") + 2
    streaming, planned, queued = lines[first : first + 3]
    assert streaming.split() == [
        "9f8e7d6c", "claude-cli/2.0.31", "ab12cd", "chatgpt", "streaming",
        "12", "s", "21", "s", "3,421", "283", "held", "31",
    ]  # fmt: skip
    assert "planned" in planned
    assert "queued #1, ~8.5 s" in queued
    assert line_of(lines, "failed").split()[:8] == [
        "77777777", "curl/8", "practice", "failed", "usage", "cap", "reached", "5",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [20, 60, 80, 100, 200])
def test_it_fits_any_width_and_loses_no_turn(width: int) -> None:
    lines = drawn(width)
    assert max(map(len, lines)) <= width
    assert sum("conv" in line or "strea" in line for line in lines) >= (width >= 60)


@pytest.mark.parametrize("height", [16, 18, 24, 40])
def test_it_fits_the_screen_and_says_how_many_are_not_shown(height: int) -> None:
    many = status(turns=[turn(f"{number:010}", "streaming") for number in range(100)])
    lines = drawn(height=height, status=many, footer="q ends this")
    assert len(lines) <= height
    assert any(line.startswith("and ") and line.endswith(" more") for line in lines)
    assert lines[-1] == "q ends this"


def test_what_pages_and_clients_say_does_nothing_to_the_terminal() -> None:
    strange = status(turns=[turn("1", "streaming", client="[red]agent[/red]\x1b]0;x\x07\n", session="\x1b")])
    lines = drawn(status=strange, lost="This is what was.")
    assert not any("\x1b" in line or "\x07" in line for line in lines)
    assert any("[red]agent[/red]" in line for line in lines)
    assert lines[-1] == "This is what was."


def test_with_nothing_to_do_it_says_so() -> None:
    assert "No request is being answered." in drawn(status=status(turns=[], recent=[]))


def test_without_a_service_there_is_nothing_to_see(run: Run) -> None:
    outcome = run("top", "--once")
    assert (outcome.code, outcome.out) == (1, "The service does not run; 'cdp-relay up' starts it.\n")
    assert run("top", "--json").json == {"running": False}
