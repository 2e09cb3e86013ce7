"""Requests, and what is told of them, in a line each; and a database as a killed service leaves it."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from cdp_relay.chat.vocabulary import (
    ChatRequest,
    FilePart,
    Finished,
    FinishReason,
    Message,
    RequestId,
    Role,
    Step,
    StepReached,
    TextPart,
    Usage,
)
from cdp_relay.settings import Home, JournalSettings
from cdp_relay.store import StoredJournal, open_journal
from cdp_relay.store.record import StoredRecord

_numbers = itertools.count(1)


def asked(text: str = "What is a relay?", *, file: bytes | None = None, **fields: Any) -> ChatRequest:
    """A request of one user message."""
    number = next(_numbers)
    parts: list[Any] = [TextPart(text)]
    if file is not None:
        parts.append(FilePart(name="notes.txt", media_type="text/plain", data=file))
    fields = {"id": RequestId(f"req_{number:032x}"), "model": "chatgpt"} | fields
    return ChatRequest(messages=(Message(role=Role.USER, parts=tuple(parts)),), **fields)


def home_in(path: Path) -> Home:
    return Home(config=path, state=path)


@asynccontextmanager
async def journal_in(path: Path, **settings: Any) -> AsyncGenerator[StoredJournal, None]:
    async with open_journal(JournalSettings(**settings), home_in(path)) as journal:
        yield journal


def begin(journal: StoredJournal, request: ChatRequest, *, desk: str = "chatgpt") -> StoredRecord:
    """Begin a turn that goes to a site."""
    record = journal.begin(request)
    assert isinstance(record, StoredRecord)
    record.routed(desk, None)
    record.event(StepReached(step=Step.QUEUED, at_seconds=0.0))
    return record


def finished(**fields: Any) -> Finished:
    usage = Usage(prompt_tokens=1, completion_tokens=2)
    return Finished(finish_reason=FinishReason.STOP, usage=usage, site="chatgpt", model="gpt-5", **fields)


def finish(record: StoredRecord) -> None:
    """End a turn as one that worked."""
    record.event(StepReached(step=Step.FINISHED, at_seconds=1.0))
    record.event(finished())
    record.ended("finished")


async def flush(journal: StoredJournal) -> None:
    """Wait until the database has everything."""
    await journal.writer.flush(5)
    assert journal.health.state == "ok", journal.health


def as_killed(path: Path, target: Path) -> Path:
    """What the disk holds now, as if the service had been killed: its process is no more."""
    shutil.copytree(path, target)
    with closing(sqlite3.connect(target / "journal.db")) as connection, connection:
        connection.execute("UPDATE runs SET pid = 2147483646")
    return target
