"""``results``: what happened to a request, out of the journal's file alone."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
import trio

from cdp_relay.chat.vocabulary import (
    ChatNamed,
    Notice,
    RequestId,
    Step,
    StepReached,
    TextDelta,
    ToolCallEnded,
)
from cdp_relay.errors import CapReached
from tests.cli.conftest import Run
from tests.store.kit import asked, begin, finish, journal_in

FINISHED, FAILED, LEFT = (RequestId(f"req_{digit * 32}") for digit in "1ef")


@pytest.fixture
def kept(home: Path) -> Path:
    """A home whose journal holds a request that worked, one that failed, and one that was left."""

    async def write() -> None:
        async with journal_in(home) as journal:
            record = begin(journal, asked("What is a relay?", id=FINISHED, client="curl", session="s1"))
            record.event(StepReached(step=Step.LEASED, at_seconds=0.1, facts={"tab": "AB12"}))
            await record.sending("What is a relay?\n" + "long " * 1000, None)
            record.event(StepReached(step=Step.SUBMITTED, at_seconds=0.2))
            record.event(ChatNamed(conversation_id="c", conversation_url="https://chat.example/c"))
            record.event(Notice(code="restarted", message="The page was lost."))
            record.event(TextDelta("A relay \x1b[31mpasses on."))
            record.event(ToolCallEnded(index=0, id="1", name="edit", arguments='{"path":"a.py"}'))
            finish(record)
            record = begin(journal, asked("Another?", id=FAILED), desk="claude@work")
            await record.sending("Another?", "c")
            record.event(StepReached(step=Step.SUBMITTED, at_seconds=0.2))
            record.event(TextDelta("half an ans"))
            record.ended("failed", CapReached("The limit is reached."))
            record = begin(journal, asked("Left?", id=LEFT))
            record.was_left = True  # which the end of a service leaves alone

    trio.run(write)
    return home


def test_requests_are_listed_with_what_became_of_them(run: Run, kept: Path) -> None:
    lines = run("results").out.splitlines()
    assert [line.split()[0] for line in lines] == ["f" * 12, "e" * 12, "1" * 12]
    assert "left" in lines[0]
    assert "failed" in lines[1]
    assert "usage_cap_reached" in lines[1]
    assert "What is a relay?" in lines[2]
    assert [one["state"] for one in run("results", "--json").json] == ["running", "failed", "finished"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--state", "failed"], [FAILED]),
        (["--site", "claude"], [FAILED]),
        (["--site", "claude@home"], []),
        (["--search", "PASSES"], [FINISHED]),
        (["--since", "1h"], [LEFT, FAILED, FINISHED]),
        (["--since", "2200-01-01"], []),
        (["--before", "1h"], []),
        (["--limit", "1"], [LEFT]),
    ],
)
def test_a_list_can_be_narrowed(run: Run, kept: Path, words: list[str], found: list[str]) -> None:
    assert [one["id"] for one in run("results", "--json", *words).json] == found


def test_one_command_says_what_happened_to_a_request(run: Run, kept: Path) -> None:
    page = run("results", "show", "chatcmpl-1111").out
    for words in (
        f"{FINISHED}  finished",
        "Answered in",
        "by curl, session s1",
        "https://chat.example/c",
        "leased     tab=AB12",
        "notice restarted: The page was lost.",
        "Sent at",
        "more characters; --full shows them",
        "A relay  [31mpasses on.",
        "Call of edit",
        '{"path":"a.py"}',
    ):
        assert words in page
    assert "\x1b" not in page
    assert "long long" in run("results", "show", "1111", "--full").out
    failed = run("results", "show", FAILED).out
    for words in (
        "It failed after",
        "Its prompt was sent, once.",
        "not whole",
        "half an ans",
        "gone on with",
    ):
        assert words in failed
    assert "error: usage_cap_reached: The limit is reached." in failed
    assert " next: " in failed
    left = run("results", "show").out
    assert "The service ended meanwhile. Nothing was sent" in left


def test_an_answer_can_be_printed_alone(run: Run, kept: Path) -> None:
    outcome = run("results", "show", FINISHED, "--text")
    assert (outcome.code, outcome.out) == (0, "A relay \x1b[31mpasses on.\n")
    outcome = run("results", "show", FAILED, "--text")
    assert (outcome.code, outcome.out) == (1, "half an ans\n")
    shown = run("results", "show", FINISHED, "--json").json
    assert shown["answer"]["tool_calls"][0]["name"] == "edit"
    assert shown["timeline"][0]["step"] == "queued"


def test_requests_are_exported_a_line_each_oldest_first(run: Run, kept: Path) -> None:
    lines = [json.loads(line) for line in run("results", "export").out.splitlines()]
    assert [line["id"] for line in lines] == [FINISHED, FAILED, LEFT]
    assert lines[0]["prompts"][0]["text"].startswith("What is a relay?")


def test_requests_are_removed_but_for_those_that_are_not_over(run: Run, kept: Path) -> None:
    assert "is not over" in run("results", "remove", LEFT).err
    assert run("results", "remove", "eeee").out == "Removed 1 request.\n"
    assert run("results", "remove", "eeee").code == 1
    assert run("results", "remove", "--before", "1h", "--json").json == {"removed": 0}
    assert run("results", "remove", "--all").out == "Removed 1 request.\n"
    assert [one["id"] for one in run("results", "--json").json] == [LEFT]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "9999"], 1, "No request '9999' is kept."),
        (["show", "1"], 1, "four characters"),
        (["show", "'; DROP TABLE turns; --"], 1, "is kept"),
        (["show", "%%%%"], 1, "is kept"),
        (["list", "1111"], 2, "takes no ID"),
        (["remove"], 2, "remove takes an ID"),
        (["remove", "--all", "1111"], 2, "remove takes an ID"),
        (["--since", "yesterday"], 2, "neither so long ago"),
        (["--since", "99999999999999w"], 0, ""),
        (["--state", "odd"], 2, "odd"),
        (["--limit", "0"], 2, "limit"),
    ],
)
def test_what_is_asked_wrongly_is_said_clearly(
    run: Run, kept: Path, words: list[str], code: int, said: str
) -> None:
    outcome = run("results", *words)
    assert outcome.code == code
    assert said in outcome.err
    assert "bug" not in outcome.err


def test_without_a_journal_there_are_clear_words(run: Run, home: Path) -> None:
    assert "There is no journal yet" in run("results").err
    assert not home.exists()
    assert "turned off" in run("results", "--no-journal-enabled").err


def test_an_empty_journal_is_told(run: Run, home: Path) -> None:
    async def write() -> None:
        async with journal_in(home) as journal:
            assert await journal.left_turns() == []

    trio.run(write)
    assert run("results").out == "No request is kept yet.\n"
    assert run("results", "--json").out == "[]\n"
    assert run("results", "show").code == 1


def test_a_broken_or_a_locked_journal_is_told(run: Run, kept: Path) -> None:
    with closing(sqlite3.connect(kept / "journal.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        assert "Another program holds the journal" in run("results").err
        other.execute("ROLLBACK")
    (kept / "journal.db").write_bytes(b"no database")
    assert "cannot be read" in run("results").err


def test_many_requests_are_listed_at_once(run: Run, home: Path) -> None:
    async def write() -> None:
        async with journal_in(home) as journal:
            for number in range(30):
                finish(begin(journal, asked(f"number {number}")))

    trio.run(write)
    outcome = run("results")
    assert len(outcome.out.splitlines()) == 20
    assert "There are more" in outcome.err
    began = time.perf_counter()
    assert len(run("results", "--limit", "30").out.splitlines()) == 30
    assert time.perf_counter() - began < 5
