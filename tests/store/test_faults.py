"""A database that is full, locked, broken or slow costs the journal for as long as it is so, and no turn."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio
from trio.testing import MockClock

from cdp_relay.chat.vocabulary import Step, StepReached, TextDelta
from cdp_relay.store import StoredJournal
from cdp_relay.store.database import Database
from tests.store.kit import as_killed, asked, begin, finish, flush, journal_in


@contextmanager
def logged() -> Generator[list[str], None, None]:
    """The names of what is logged within the block."""
    with structlog.testing.capture_logs() as lines:
        names: list[str] = []
        yield names
    names += [str(line["event"]) for line in lines]


def read(path: Path) -> bytes:
    return path.read_bytes()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the writer's thread brings about; nobody is told of it."""
    for _ in range(500):
        if condition():
            return
        await trio.sleep(0.02)
    pytest.fail("It never came about.")


async def until_state(journal: StoredJournal, state: str) -> None:
    await until(lambda: journal.health.state == state)


async def test_a_locked_database_is_written_once_it_is_free(tmp_path: Path) -> None:
    with logged() as names:
        async with journal_in(tmp_path) as journal:
            await flush(journal)
            with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                record = begin(journal, asked("locked", key="k"))
                with trio.fail_after(3):
                    await record.sending("typed", None)
                assert journal.health.state == "failing"
                assert "locked" in (journal.health.error or "")
                with trio.fail_after(0.5):
                    await record.sending("not held up again", None)
                record.event(TextDelta("said"))
                finish(record)
                # What the database does not have, memory has.
                kept = await journal.find_key("k")
                assert kept is not None
                assert journal.health.waiting == 1
                other.execute("ROLLBACK")
            await until_state(journal, "ok")
            await flush(journal)
            assert journal.writer.records == {}
            turn = await journal.turn(record.row["id"])
            assert turn is not None
            assert (turn.text, len(turn.prompts)) == ("said", 2)
    assert names.count("journal_failing") == 1
    assert names.count("journal_recovered") == 1


async def test_a_full_disk_costs_nothing_once_there_is_room_again(tmp_path: Path) -> None:
    def fill(database: Database) -> None:
        # Holds for the connection: the next one finds room.
        database.open().execute("PRAGMA max_page_count = 1")

    long = " ".join(os.urandom(20).hex() for _ in range(3000))
    async with journal_in(tmp_path) as journal:
        before = begin(journal, asked("before"))
        before.event(TextDelta("begun before " * 50))
        await flush(journal)
        await journal.writer.do(fill, None)
        before.event(TextDelta(long))
        record = begin(journal, asked("full"))
        await record.sending("typed", None)
        assert journal.health.state == "failing"
        assert "full" in (journal.health.error or "")
        finish(record)
        before.event(TextDelta(" and ended after"))
        finish(before)
        await until_state(journal, "ok")
        await flush(journal)
        assert [turn.first_words for turn in await journal.turns()] == ["full", "before"]
        turn = await journal.turn(before.row["id"])
        assert turn is not None
        assert turn.text == "begun before " * 50 + long + " and ended after"


@pytest.mark.parametrize(
    "damage", [b"this is no database at all, and was never one", b"SQLite format 3\0" * 300]
)
async def test_a_broken_file_is_set_aside_at_the_start(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "journal.db").write_bytes(damage)
    with logged() as names:
        async with journal_in(tmp_path) as journal:
            assert await journal.left_turns() == []
            record = begin(journal, asked())
            await record.sending("typed", None)
            finish(record)
            await until_state(journal, "ok")
            await flush(journal)
            assert len(await journal.turns()) == 1
            assert journal.health.set_aside is not None
            aside = journal.health.set_aside
    assert "journal_set_aside" in names
    assert read(Path(aside)) == damage


async def test_a_file_that_breaks_while_it_runs_is_set_aside_and_what_is_in_memory_written_anew(
    tmp_path: Path,
) -> None:
    async with journal_in(tmp_path / "a") as journal:
        for number in range(30):
            finish(begin(journal, asked(f"number {number} " * 100)))
        await flush(journal)
        home = as_killed(tmp_path / "a", tmp_path / "b")
    with closing(sqlite3.connect(home / "journal.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    async with journal_in(home) as journal:
        running = begin(journal, asked("running"))
        running.event(TextDelta("half of it " * 50))
        await flush(journal)
        with (home / "journal.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 20 * 4096)
        # A reader's eyes are fresh; the writer may know the pages by heart.
        await journal.turns()
        finish(running)
        await until_state(journal, "ok")
        await flush(journal)
        turn = await journal.turn(running.row["id"])
        assert turn is not None
        assert turn.text == "half of it " * 50
        assert [turn.first_words for turn in await journal.turns()] == ["running"]
        assert journal.health.set_aside is not None


async def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    async with journal_in(tmp_path) as journal:
        record = begin(journal, asked(key="k"))
        await record.sending("typed", None)
        finish(record)
        await until_state(journal, "failing")
        assert "later version" in (journal.health.error or "")
        assert await journal.find_key("k") is not None
        assert await journal.find_key("other") is None
        assert journal.health.set_aside is None


async def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    async with journal_in(tmp_path / "file" / "state") as journal:
        record = begin(journal, asked())
        await record.sending("typed", None)
        finish(record)
        await until_state(journal, "failing")
        assert len(await journal.turns()) == 1


async def test_a_disk_that_does_not_answer_holds_a_prompt_up_for_two_seconds_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    free = threading.Event()
    async with journal_in(tmp_path) as journal, trio.open_nursery() as nursery:
        nursery.start_soon(journal.writer.do, lambda _: free.wait(10), False)
        await trio.testing.wait_all_tasks_blocked()
        record = begin(journal, asked())
        began = trio.current_time()
        await record.sending("typed", None)
        assert trio.current_time() - began == pytest.approx(2.0)
        assert journal.health.state == "failing"
        await record.sending("typed", None)
        assert trio.current_time() - began == pytest.approx(2.0)
        free.set()


async def test_what_cannot_be_written_is_bounded_and_the_oldest_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdp_relay.store.writing._MAX_WAITING_CHARS", 10_000)
    (tmp_path / "file").write_text("in the way")
    async with journal_in(tmp_path / "file" / "state") as journal:
        await until_state(journal, "failing")
        for number in range(10):
            record = begin(journal, asked(f"number {number}"))
            record.event(TextDelta("x" * 3000))
            finish(record)
        await until(lambda: journal.health.dropped > 0)
        assert journal.health.dropped == 7
        assert [turn.first_words for turn in await journal.turns()] == ["number 9", "number 8", "number 7"]


async def test_a_failing_journal_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with trio.fail_after(8):
        async with journal_in(tmp_path) as journal:
            await flush(journal)
            other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            finish(begin(journal, asked()))
    other.close()


async def test_it_is_tried_again_where_there_is_nothing_to_write(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        await journal.left_turns()
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert await journal.left_turns() == []
            assert journal.health.state == "failing"
        await until_state(journal, "ok")


async def test_what_cannot_be_made_a_document_costs_itself_alone(tmp_path: Path) -> None:
    with logged() as names:
        async with journal_in(tmp_path) as journal:
            odd = begin(journal, asked("odd"))
            facts: Any = {("a", "b"): "no key of a document"}
            odd.event(StepReached(step=Step.LEASED, at_seconds=0.0, facts=facts))
            await odd.sending("typed", None)
            finish(odd)
            await until(lambda: not journal.writer.records)
            record = begin(journal, asked("other"))
            await record.sending("typed", None)
            finish(record)
            await until_state(journal, "ok")
            await flush(journal)
            assert [turn.first_words for turn in await journal.turns()] == ["other"]
    assert "journal_bug" in names
