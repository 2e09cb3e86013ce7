"""What the journal answers: of turns that run, of those that are over, and after a restart."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest
import trio

from cdp_relay.chat.record import ChatRow, Journal
from cdp_relay.chat.vocabulary import (
    ChatNamed,
    FileProduced,
    Finished,
    Notice,
    RequestId,
    Step,
    StepReached,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import CapReached, InvalidRequest, ShuttingDown
from cdp_relay.store import open_reader
from cdp_relay.store.redaction import MARK
from tests.store.kit import as_killed, asked, begin, finish, flush, journal_in


def files_in(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


SECRET = "sk-abcdefghijklmnop1234"


def test_it_is_what_the_relay_wants_of_a_journal(tmp_path: Path) -> None:
    async def main() -> None:
        async with journal_in(tmp_path) as journal:
            wanted: Journal = journal
            assert wanted is journal

    trio.run(main)


async def test_a_turn_is_kept_with_all_that_happened_in_it(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        record = begin(journal, asked("Say it.", file=b"FILE", key="k", fingerprint="f", session="s"))
        record.event(StepReached(step=Step.LEASED, at_seconds=0.1, facts={"tab": "T"}))
        await record.sending("Say it, please.", None)
        record.event(StepReached(step=Step.SUBMITTED, at_seconds=0.2))
        record.event(ChatNamed(conversation_id="c", conversation_url="https://chat.example/c"))
        for word in ("It ", "is ", "said."):
            record.event(TextDelta(word))
        finish(record)
        await flush(journal)
        assert journal.writer.records == {}

        (listed,) = await journal.turns()
        assert (listed.state, listed.site, listed.first_words) == ("finished", "chatgpt", "Say it.")
        assert (listed.sent_chars, listed.answer_chars, listed.model) == (15, 11, "gpt-5")
        assert (listed.conversation_url, listed.submitted) == ("https://chat.example/c", True)
        turn = await journal.turn(listed.id)
        assert turn is not None
        assert turn.text == "It is said."
        assert [prompt.text for prompt in turn.prompts] == ["Say it, please."]
        assert [step.step for step in turn.steps] == [
            Step.QUEUED,
            Step.LEASED,
            Step.SUBMITTED,
            Step.FINISHED,
        ]
        assert turn.request is not None
        assert (turn.request.session, turn.request.messages[0].files[0].name) == ("s", "notes.txt")
        last = turn.events[-1]
        assert isinstance(last, Finished)
        assert last.timeline == turn.steps
    assert b"FILE" not in (tmp_path / "journal.db").read_bytes()


@pytest.mark.parametrize("written", [True, False])
async def test_a_turn_is_told_again_by_key_and_by_fingerprint(tmp_path: Path, written: bool) -> None:
    async with journal_in(tmp_path) as journal:
        record = begin(journal, asked(key="k", fingerprint="f"))
        assert await journal.find_key("k") is None
        for event in (
            TextDelta("ab"),
            TextDelta("cd"),
            TextRetracted(1),
            FileProduced(name="a.png", media_type="image/png", data=b"PNG"),
            ToolCallBegan(index=0, id="1", name="t"),
            ToolCallArguments(0, "{"),
            ToolCallArguments(0, "}"),
            ToolCallEnded(index=0, id="1", name="t", arguments="{}"),
        ):
            record.event(event)
        finish(record)
        if written:
            await flush(journal)
        before = time.time() - 60
        kept = await journal.find_key("k")
        assert kept is not None
        assert kept.events[1:6] == (
            TextDelta("abc"),
            FileProduced(name="a.png", media_type="image/png", data=b"PNG"),
            ToolCallBegan(index=0, id="1", name="t"),
            ToolCallArguments(0, "{}"),
            ToolCallEnded(index=0, id="1", name="t", arguments="{}"),
        )
        assert isinstance(kept.events[-1], Finished)
        assert kept.fingerprint == "f"
        assert await journal.find_fingerprint("f", before) == kept
        assert await journal.find_fingerprint("f", kept.ended_at + 1) is None
        assert await journal.find_key("other") is None
        assert await journal.find_key("") is None


async def test_the_newest_of_a_key_is_told_again_with_its_error(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        finish(begin(journal, asked(key="k")))
        failed = begin(journal, asked(key="k"))
        failed.event(TextDelta("half"))
        failed.ended("failed", CapReached("Enough.", retry_after_seconds=9.0))
        await flush(journal)
        kept = await journal.find_key("k")
    assert kept is not None
    assert isinstance(kept.error, CapReached)
    assert kept.error.retry_after_seconds == 9.0
    assert kept.events[-1] == TextDelta("half")


async def test_a_running_turn_is_known_at_once_and_soon_on_the_disk(
    tmp_path: Path,
) -> None:
    async with journal_in(tmp_path) as journal:
        record = begin(journal, asked())
        words = [f"word{number} " for number in range(200)]
        for word in words[:100]:
            record.event(TextDelta(word))
        (listed,) = await journal.turns()
        assert (listed.state, listed.answer_chars) == ("running", sum(map(len, words[:100])))
        await flush(journal)
        for word in words[100:]:
            record.event(TextDelta(word))
        await flush(journal)
        with open_reader(tmp_path / "journal.db") as reader:
            stored = reader.turn(str(listed.id))
        assert stored is not None
        assert "".join(words).startswith(stored.text)
        assert len(stored.text) > len("".join(words)) - 200
        record.event(TextRetracted(900))
        record.event(TextDelta("other"))
        await flush(journal)
        with open_reader(tmp_path / "journal.db") as reader:
            stored = reader.turn(str(listed.id))
        assert stored is not None
        whole = "".join(words)
        assert stored.text.startswith(whole[:450])
        assert (whole[: len(whole) - 900] + "other").startswith(stored.text)
        more = " and so on" * 50
        record.event(TextDelta(more))
        await flush(journal)
        with open_reader(tmp_path / "journal.db") as reader:
            stored = reader.turn(str(listed.id))
        assert stored is not None
        assert f"{whole[: len(whole) - 900]}other{more}".startswith(stored.text)
        assert len(stored.text) > len(whole) - 900 + 300


async def test_no_secret_of_a_turn_is_on_the_disk(tmp_path: Path) -> None:
    async with journal_in(tmp_path, redact=("Falcon",)) as journal:
        # The list's first words end within the second secret.
        record = begin(journal, asked(f"use {SECRET} for Falcon {'x' * 110} {SECRET}", session="s"))
        await record.sending(f"use {SECRET} for Falcon", None)
        record.event(Notice(code="n", message=SECRET))
        for piece in ("key ", SECRET[:9], SECRET[9:], " of Fal", "con ", "x" * 2000):
            record.event(TextDelta(piece))
            await flush(journal)
        record.event(ToolCallEnded(index=0, id="1", name="t", arguments=f'{{"key":"{SECRET}"}}'))
        (live,) = await journal.turns()
        assert MARK in live.first_words
        assert SECRET[:8] not in live.first_words
        record.ended("failed", CapReached(f"Not with {SECRET}."))
        journal.put_response("resp_1", f'{{"output":[{{"id":"o","text":"{SECRET}"}}]}}'.encode(), b"[]")
        chat = ChatRow(
            id="c",
            desk="d",
            conversation_id="c",
            url=None,
            used_at=time.time(),
            document=f'{{"a":"{SECRET}"}}',
        )
        journal.put_chat(chat)
        await flush(journal)
        turn = await journal.turn(live.id)
        assert turn is not None
        told = f"{turn} {await journal.get_response('resp_1')} {await journal.chats()}"
        response = await journal.get_response("resp_1")
        assert response is not None
        with open_reader(tmp_path / "journal.db") as reader:
            kept = f"{reader.turn(str(live.id))}{reader.chats()}{response.body!r}"
        for secret in (SECRET[:12], "Falcon"):
            assert secret not in kept
            assert secret not in told.replace(f"{chat}", "")
        assert turn.text.startswith(f"key {MARK} of {MARK} xxx")


async def test_who_is_told_a_blotted_answer_again_is_told_that_it_is(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        record = begin(journal, asked(key="k"))
        record.event(TextDelta(f"it is {SECRET}"))
        finish(record)
        await flush(journal)
        kept = await journal.find_key("k")
    assert kept is not None
    assert [event.code for event in kept.events if isinstance(event, Notice)] == ["redacted"]


async def test_without_content_it_knows_how_it_went_and_no_word(tmp_path: Path) -> None:
    async with journal_in(tmp_path, content=False) as journal:
        record = begin(journal, asked("a hidden plan", key="k"))
        await record.sending("a hidden plan", None)
        record.event(TextDelta("a hidden answer"))
        finish(record)
        journal.put_response("resp_1", b'{"hidden":1}', b"[]")
        await flush(journal)
        turn = await journal.turn(record.row["id"])
        assert turn is not None
        assert "hidden" not in str(turn)
        assert (turn.summary.state, turn.summary.sent_chars, turn.summary.answer_chars) == (
            "finished",
            13,
            15,
        )
        assert await journal.find_key("k") is None
        assert await journal.get_response("resp_1") is None


async def test_with_deltas_the_time_of_each_piece_is_kept(tmp_path: Path) -> None:
    async with journal_in(tmp_path, deltas=True) as journal:
        record = begin(journal, asked())
        for piece in ("a", "bc", "def"):
            record.event(TextDelta(piece))
        finish(record)
        await flush(journal)
        turn = await journal.turn(record.row["id"])
    assert turn is not None
    (entry,) = [entry for entry in turn.told if isinstance(entry.event, TextDelta)]
    assert [chars for _, chars in entry.cuts] == [1, 2, 3]


async def test_turns_are_listed_newest_first_and_found(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        records = [
            begin(journal, asked(f"number {number}", session=f"s{number % 2}"), desk=desk)
            for number, desk in enumerate(("chatgpt", "claude", "chatgpt@work", "chatgpt"))
        ]
        records[0].event(TextDelta("the Needle in it"))
        for record in records[:3]:
            finish(record)
        await flush(journal)
        everything = [turn.first_words for turn in await journal.turns()]
        assert everything == ["number 3", "number 2", "number 1", "number 0"]
        first = await journal.turns(limit=2)
        rest = await journal.turns(before=first[-1].key)
        assert [turn.first_words for turn in (*first, *rest)] == everything
        assert [turn.first_words for turn in await journal.turns(site="chatgpt")] == [
            "number 3",
            "number 2",
            "number 0",
        ]
        assert len(await journal.turns(site="chatgpt@work")) == 1
        assert len(await journal.turns(state="running")) == 1
        assert len(await journal.turns(session="s0")) == 2
        assert [turn.first_words for turn in await journal.turns(text="needle")] == ["number 0"]
        assert [turn.first_words for turn in await journal.turns(text="NUMBER 3")] == ["number 3"]
        assert await journal.turns(since=time.time() + 60) == []


async def test_an_id_is_understood_in_the_form_of_every_dialect(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        for number in (1, 2):
            finish(begin(journal, asked(id=RequestId(f"req_{number}{'ab' * 15}"))))
        for _ in range(2):  # in memory, then in the database
            for id_ in ("req_1", "resp_1", "chatcmpl-1", "msg_1", "1"):
                turn = await journal.turn(id_ + "ab" * 15)
                assert turn is not None
                assert turn.summary.id == "req_1" + "ab" * 15
            assert await journal.turn("req_1abab") is None
            assert await journal.turn("req_" + "9" * 31) is None
            await flush(journal)
        turn = await journal.turn("chatcmpl-2aba", beginning=True)
        assert turn is not None
        assert turn.summary.id == "req_2" + "ab" * 15
        assert await journal.turn("2ab", beginning=True) is None
        finish(begin(journal, asked(id=RequestId("req_2aba9"))))
        await flush(journal)
        with pytest.raises(InvalidRequest, match="Several requests begin with '2aba'"):
            await journal.turn("2aba", beginning=True)


async def test_a_turn_that_is_removed_is_gone_from_the_disk(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        record, other = begin(journal, asked("plain words")), begin(journal, asked())
        finish(record)
        await flush(journal)
        assert await journal.remove_turn(record.row["id"])
        assert not await journal.remove_turn(record.row["id"])
        assert not await journal.remove_turn(other.row["id"])
        assert await journal.turn(record.row["id"]) is None
    assert b"plain words" not in b"".join(files_in(tmp_path))


async def test_chats_and_responses_outlive_a_restart(tmp_path: Path) -> None:
    now = time.time()
    rows = [
        ChatRow(id=name, desk="chatgpt", conversation_id=name, url=None, used_at=now + place, document="{}")
        for place, name in enumerate(("a", "b", "c"))
    ]
    async with journal_in(tmp_path) as journal:
        for row in rows:
            journal.put_chat(row)
        journal.put_response("resp_1", b'{"output":[{"id":"o1"}]}', b'[{"id":"i1"}]')
        journal.put_response("resp_2", b'{"output":[{"id":"o2"}]}', b'[{"id":"i1"},{"id":"o1"}]')
    async with journal_in(tmp_path) as journal:
        journal.remove_chat("b")
        assert await journal.chats() == [rows[2], rows[0]]
        response = await journal.get_response("resp_1")
        assert response is not None
        assert (response.body, response.items) == (b'{"output":[{"id":"o1"}]}', b'[{"id":"i1"}]')
        newest = await journal.find_response_item("i1")
        assert newest is not None
        assert newest.id == "resp_2"
        journal.remove_response("resp_2")
        assert await journal.get_response("resp_2") is None
        assert await journal.find_response_item("o2") is None
    async with journal_in(tmp_path) as journal:
        assert [row.id for row in await journal.chats()] == ["c", "a"]
        assert await journal.get_response("resp_2") is None


# --- restarts ------------------------------------------------------------------------------------


async def test_what_a_killed_service_left_is_known_to_the_next_start(tmp_path: Path) -> None:
    async with journal_in(tmp_path / "a") as journal:
        sent = begin(journal, asked("Go on.", key="k", fingerprint="f"))
        sent.event(StepReached(step=Step.LEASED, at_seconds=0.0, facts={"tab": "T"}))
        await sent.sending("typed", "c")
        sent.event(ChatNamed(conversation_id="c", conversation_url="https://chat.example/c"))
        sent.event(TextDelta("half of an answer " * 20))
        begin(journal, asked("Never sent."))
        finish(begin(journal, asked("Over.")))
        await flush(journal)
        home = as_killed(tmp_path / "a", tmp_path / "b")
    async with journal_in(home) as journal:
        (left,) = await journal.left_turns()
        assert (left.request.key, left.request.fingerprint, left.desk) == ("k", "f", "chatgpt")
        assert (left.prompt, left.conversation_id, left.url) == ("typed", "c", "https://chat.example/c")
        assert (left.submitted, left.continued, left.tab) == (False, True, "T")
        assert await journal.left_turns() == []
        never, partial = (await journal.turns())[1:]
        assert never.state == "failed"
        assert isinstance(never.error, ShuttingDown)
        assert partial.state == "running"
        record = journal.resume(left)
        record.event(TextDelta("the whole answer"))
        record.ended("finished")
        await flush(journal)
        turn = await journal.turn(left.request.id)
        assert turn is not None
        assert (turn.text, turn.summary.state) == ("the whole answer", "finished")
        assert [prompt.text for prompt in turn.prompts] == ["typed"]
        kept = await journal.find_key("k")
        assert kept is not None


async def test_a_lost_turn_keeps_what_there_was_of_its_answer(tmp_path: Path) -> None:
    async with journal_in(tmp_path / "a") as journal:
        record = begin(journal, asked())
        await record.sending("typed", None)
        record.event(TextDelta("half of an answer " * 20))
        await flush(journal)
        home = as_killed(tmp_path / "a", tmp_path / "b")
    async with journal_in(home) as journal:
        (left,) = await journal.left_turns()
        journal.resume(left).ended("lost", ShuttingDown("It cannot be found again."))
        await flush(journal)
        turn = await journal.turn(left.request.id)
    assert turn is not None
    assert turn.summary.state == "lost"
    assert turn.text.startswith("half of an answer half")


async def test_a_turn_that_is_not_recovered_before_the_end_is_left_to_the_next_start(tmp_path: Path) -> None:
    async with journal_in(tmp_path / "a") as journal:
        record = begin(journal, asked())
        await record.sending("typed", None)
        home = as_killed(tmp_path / "a", tmp_path / "b")
    async with journal_in(home) as journal:
        (left,) = await journal.left_turns()
        journal.resume(left).event(StepReached(step=Step.QUEUED, at_seconds=0.0))
    async with journal_in(home) as journal:
        (again,) = await journal.left_turns()
        assert again.request == left.request


async def test_the_turns_of_a_service_that_lives_are_its_own(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as one:
        record = begin(one, asked())
        await record.sending("typed", None)
        async with journal_in(tmp_path) as other:
            assert await other.left_turns() == []
            finish(begin(other, asked()))
            await flush(other)
        finish(record)
        await flush(one)
        assert [turn.state for turn in await one.turns()] == ["finished", "finished"]


async def test_turns_that_the_services_end_cuts_off_are_stopped(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        begin(journal, asked()).event(TextDelta("half"))
    async with journal_in(tmp_path) as journal:
        (turn,) = await journal.turns()
        assert turn.state == "stopped"
        assert await journal.left_turns() == []


_KILLED = """
import os, signal, sys, trio
from pathlib import Path
from cdp_relay.chat.vocabulary import TextDelta
from tests.store.kit import asked, begin, flush, journal_in

async def main():
    async with journal_in(Path(sys.argv[1])) as journal:
        record = begin(journal, asked("Killed?"))
        await record.sending("typed", None)
        record.event(TextDelta("it was said " * 50))
        await flush(journal)
        os.kill(os.getpid(), signal.SIGKILL)

trio.run(main)
"""


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL there")
async def test_a_service_that_is_killed_leaves_its_prompt_and_the_partial_answer(tmp_path: Path) -> None:
    run = await trio.run_process([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    assert run.returncode == -9
    async with journal_in(tmp_path) as journal:
        (left,) = await journal.left_turns()
        assert left.prompt == "typed"
        turn = await journal.turn(left.request.id)
    assert turn is not None
    assert len(turn.text) > 450


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes say nothing there")
async def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "new"
    async with journal_in(home) as journal:
        begin(journal, asked())
        await flush(journal)
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    (home / "journal.db").chmod(0o644)
    async with journal_in(home) as journal:
        begin(journal, asked())
        await flush(journal)
        assert stat.S_IMODE((home / "journal.db").stat().st_mode) == 0o600


async def test_old_turns_are_removed(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        for age in (40, 20):
            record = begin(journal, asked(f"{age} days"))
            record.row["began_at"] -= age * 86400
            finish(record)
            record.row["ended_at"] -= age * 86400
        await flush(journal)
    async with journal_in(tmp_path, days=30) as journal:
        finish(begin(journal, asked("new")))
        await flush(journal)
        assert [turn.first_words for turn in await journal.turns()] == ["new", "20 days"]


async def test_the_database_stays_below_its_bound_and_keeps_the_newest(tmp_path: Path) -> None:
    bound = 1 << 20
    async with journal_in(tmp_path, max_bytes=bound) as journal:
        for number in range(40):
            record = begin(journal, asked(f"number {number}"))
            record.event(TextDelta(os.urandom(40_000).hex()))
            finish(record)
            await flush(journal)
        names = [turn.first_words for turn in await journal.turns(limit=100)]
        assert journal.health.bytes <= bound
        assert sum(map(len, files_in(tmp_path))) <= 1.5 * bound
    assert 5 < len(names) < 40
    assert names == [f"number {number}" for number in range(39, 39 - len(names), -1)]


async def test_without_a_journal_only_the_running_turns_are_known(tmp_path: Path) -> None:
    async with journal_in(tmp_path, enabled=False) as journal:
        assert journal.health.state == "off"
        record = begin(journal, asked(key="k"))
        await record.sending("typed", None)
        (listed,) = await journal.turns()
        assert listed.state == "running"
        finish(record)
        assert await journal.turns() == []
        assert await journal.find_key("k") is None
        assert await journal.left_turns() == ()
        assert await journal.chats() == ()
    assert files_in(tmp_path) == []
