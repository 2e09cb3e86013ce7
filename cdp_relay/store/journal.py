"""The journal: every request, what was sent for it, what came of it, and the chats that are held."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs
import structlog
import trio

from cdp_relay.chat.record import ChatRow, KeptTurn, LeftTurn, TurnRecord
from cdp_relay.chat.vocabulary import ChatRequest, RequestId
from cdp_relay.errors import ShuttingDown
from cdp_relay.nursery import open_nursery
from cdp_relay.settings import Home, JournalSettings
from cdp_relay.store.changes import KeptResponse
from cdp_relay.store.database import Database
from cdp_relay.store.documents import read_request, request_document
from cdp_relay.store.health import JournalHealth
from cdp_relay.store.reading import JournalReader, TurnFilter, bare_id, open_reader
from cdp_relay.store.record import StoredRecord, new_row
from cdp_relay.store.redaction import MARK, Redaction
from cdp_relay.store.runs import is_process_alive, this_run
from cdp_relay.store.telling import Telling, kept_entries
from cdp_relay.store.turns import StoredTurn, TurnSummary, read_told, summary_of
from cdp_relay.store.writing import Writer

__all__ = ["StoredJournal", "open_journal"]

_log = structlog.stdlib.get_logger("cdp_relay.store")

_T = TypeVar("_T")
_Left: TypeAlias = tuple[dict[str, Any], StoredTurn]
"""A turn that was left, and its row."""

_READERS = 4
"""Questions that read the database at once."""

_FLUSH_SECONDS = 1.0
_CLOSE_SECONDS = 6.0
"""The writer's own bound comes before it."""


@asynccontextmanager
async def open_journal(settings: JournalSettings, home: Home) -> AsyncGenerator[StoredJournal, None]:
    """Keep a journal for as long as the block lasts; leaving it writes what is not yet written.

    A database that cannot be used is told in the log and in :attr:`StoredJournal.health`, and is tried
    again; nothing is raised. Where the settings want no journal, there is one that knows the running
    turns alone.
    """
    run = this_run()
    redaction = Redaction(settings.redact)
    journal = StoredJournal(settings, Writer(Database(home.journal_file, settings, run, redaction)), run.id)
    if not settings.enabled:
        yield journal
        return
    async with open_nursery() as nursery:
        nursery.start_soon(journal.writer.run)
        try:
            yield journal
        finally:
            journal.end_turns()
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await journal.writer.close()
            nursery.cancel_scope.cancel()


@attrs.define(eq=False)
class StoredJournal:
    """Keeps turns and chats, and reads them back. Made by :func:`open_journal`.

    What it reads is what is in the database, with what is still in memory on top; a database that cannot
    be read costs what is in it.
    """

    settings: JournalSettings
    writer: Writer
    run: str
    """The id of this run of the service."""
    _last_key: int = attrs.field(default=0, init=False)
    _left: dict[RequestId, int] = attrs.field(factory=dict, init=False)
    """The keys of turns that an earlier run left."""
    _rows: dict[int, _Left] = attrs.field(factory=dict, init=False)
    """What is kept of them."""
    _readers: trio.CapacityLimiter = attrs.field(
        factory=partial(trio.CapacityLimiter, _READERS), init=False, repr=False
    )

    @property
    def health(self) -> JournalHealth:
        """How it is."""
        return self.writer.health if self.settings.enabled else JournalHealth(state="off")

    # --- turns that run

    def begin(self, request: ChatRequest) -> TurnRecord:
        """Begin the record of a request."""
        content = self.settings.content or not self.settings.enabled
        self._last_key = max(self._last_key + 1, time.time_ns())
        record = StoredRecord(
            row=new_row(request, key=self._last_key, run=self.run, content=content),
            request=request,
            telling=self._telling(content=content),
            keeper=self,
        )
        self.writer.records[record.key] = record
        self.note(record, urgent=False)
        return record

    def _telling(self, *, content: bool) -> Telling:
        return Telling(content=content, deltas=self.settings.deltas, redaction=self._redaction)

    @property
    def _redaction(self) -> Redaction:
        return self.writer.redaction

    def note(self, record: StoredRecord, *, urgent: bool) -> None:
        """A record has something to write."""
        if self.settings.enabled:
            self.writer.note(record, urgent=urgent)
        elif record.is_over:
            self.writer.records.pop(record.key, None)

    async def keep_prompt(self) -> None:
        """Wait until what was noted is on the disk, or until that takes too long."""
        if self.settings.enabled:
            await self.writer.keep_prompt()

    def end_turns(self) -> None:
        """End the records of turns that the service's end has cut off. Those that were being recovered go
        on with the next start."""
        for record in list(self.writer.records.values()):
            if not record.was_left:
                record.ended("stopped", ShuttingDown("The service stopped before the answer was whole."))

    # --- turns that are over

    async def find_key(self, key: str) -> KeptTurn | None:
        """The newest turn of this key that has ended."""
        return await self._find_ended("idempotency_key", key, 0.0)

    async def find_fingerprint(self, fingerprint: str, since: float) -> KeptTurn | None:
        """The newest turn of this fingerprint that ended after *since*, in unix seconds."""
        return await self._find_ended("fingerprint", fingerprint, since)

    async def _find_ended(self, column: str, value: str, since: float) -> KeptTurn | None:
        if not value:
            return None
        for record in reversed(self.writer.records.values()):
            if record.row[column] == value and record.is_over and record.row["ended_at"] > since:
                return self._turn_of(record).kept()
        found = await self._read(lambda reader: reader.ended_turn(column, value, since), None)
        return None if found is None else found.kept()

    async def turn(self, id_: str, *, beginning: bool = False) -> StoredTurn | None:
        """Everything that is kept of a turn, by its id in the form of whatever dialect.

        Args:
          beginning: take an id's beginning as well, where only one turn's begins so.

        Raises:
          InvalidRequest: several turns' ids begin so.
        """
        ids = {id_, bare_id(id_), f"req_{bare_id(id_)}"}
        for record in reversed(self.writer.records.values()):
            if record.row["id"] in ids:
                return self._turn_of(record)
        if beginning and self.writer.records:
            await self.writer.flush(_FLUSH_SECONDS)
        return await self._read(lambda reader: reader.turn(id_, beginning=beginning), None)

    async def turns(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        site: str | None = None,
        state: str | None = None,
        since: float | None = None,
        session: str | None = None,
        text: str | None = None,
    ) -> list[TurnSummary]:
        """What lists show of turns, the newest first.

        Args:
          before: only those with a lower key.
          site: of all profiles, or ``SITE@PROFILE``.
          since: those that began then or later, in unix seconds.
          text: what has to stand in the prompt or the answer.
        """
        which = TurnFilter(site=site, state=state, since=since, session=session, text=text)
        live = dict(self.writer.records)
        # What is in memory is newer than its row, which need not be there yet.
        room = limit + len(live)
        rows: list[TurnSummary] = await self._read(
            lambda reader: reader.turns(which, limit=room, before=before), []
        )
        found = [row for row in rows if row.key not in live]
        for key, record in live.items():
            summary = self._summary_of(record)
            shown = (before is None or key < before) and which.fits(summary)
            if shown and (text is None or self._turn_of(record).holds(text)):
                found.append(summary)
        return sorted(found, key=lambda summary: -summary.key)[:limit]

    async def remove_turn(self, id_: str) -> bool:
        """Remove a turn that is over; says whether there was one."""
        turn = await self.turn(id_)
        if turn is None or turn.summary.ended_at is None:
            return False
        key = turn.summary.key
        self.writer.forget(key)
        if self.settings.enabled:
            await self.writer.do(lambda database: database.remove_turns([key]), 0)
        return True

    def _summary_of(self, record: StoredRecord) -> TurnSummary:
        row = record.row
        words = self._redaction.beginning(row["first_words"])
        return summary_of(dict(row, answer_chars=record.telling.text_chars, first_words=words), row["error"])

    def _turn_of(self, record: StoredRecord) -> StoredTurn:
        """What is known of a turn that is not yet, or not wholly, in the database."""
        row, redaction = record.row, self._redaction
        entries = kept_entries(record.telling.entries, redaction)
        document = redaction.blot_all(request_document(record.request, content=bool(row["content"])))
        return StoredTurn(
            summary=self._summary_of(record),
            fingerprint=row["fingerprint"],
            idempotency_key=row["idempotency_key"],
            tab=row["tab"],
            request=read_request(document),
            prompts=tuple(
                attrs.evolve(one, text=None if one.text is None else redaction.blot(one.text))
                for one in record.prompts
            ),
            told=read_told(entries, record.files),
        )

    # --- turns that were left

    async def left_turns(self) -> Sequence[LeftTurn]:
        """The turns that an earlier run left on their way, oldest first; this run's own from now on.

        Those whose prompt never left are ended as failed, and are not among them.
        """
        if not self.settings.enabled:
            return ()
        keys: list[int] = await self.writer.do(lambda database: database.take_left(is_process_alive), [])
        found: list[_Left | None] = await self._read(
            lambda reader: [reader.row_and_turn(key) for key in keys], []
        )
        left = []
        for row, turn in filter(None, found):
            id_ = turn.summary.id
            self._left[id_], self._rows[row["key"]] = row["key"], (row, turn)
            as_left = _left_turn(turn)
            if turn.summary.sent_at is not None:
                left.append(as_left)
            else:
                why = ShuttingDown("The service ended before the prompt was sent; nothing has left.")
                self.resume(as_left).ended("failed", why)
        return left

    def resume(self, turn: LeftTurn) -> TurnRecord:
        """Go on with the record of a turn that was left."""
        key = self._left.pop(turn.request.id, None)
        if key is None:
            return self.begin(turn.request)
        row, stored = self._rows.pop(key)
        telling = self._telling(content=bool(row["content"]))
        for entry in stored.told:
            telling.add(entry.event, entry.at)
        record = StoredRecord(
            row=row,
            request=turn.request,
            telling=telling,
            keeper=self,
            prompts=list(stored.prompts),
            was_left=True,
        )
        self.writer.records[key] = record
        return record

    # --- chats

    async def chats(self) -> Sequence[ChatRow]:
        """The chats that were held, latest used first."""
        if not self.settings.enabled:
            return ()
        rows: list[ChatRow] = await self._read(lambda reader: reader.chats(), [])
        self.writer.know_chats(rows)
        return sorted(self.writer.chats.values(), key=lambda row: -row.used_at)

    def put_chat(self, row: ChatRow) -> None:
        """Keep a chat, or what has changed of it."""
        if self.settings.enabled:
            self.writer.note_chat(row.id, row)

    def remove_chat(self, id_: str) -> None:
        """Forget a chat."""
        if self.settings.enabled:
            self.writer.note_chat(id_, None)

    # --- responses of the API

    def put_response(self, id_: str, body: bytes, items: bytes) -> None:
        """Keep a response, as JSON, and the conversation up to it, as a JSON list of items."""
        if self.settings.enabled and self.settings.content:
            kept = KeptResponse(id=id_, created_at=time.time(), body=body, items=items)
            self.writer.note_response(id_, kept)

    def remove_response(self, id_: str) -> None:
        """Forget a response."""
        if self.settings.enabled:
            self.writer.note_response(id_, None)

    async def get_response(self, id_: str) -> KeptResponse | None:
        """A response that is kept."""
        if id_ in self.writer.responses:
            return self.writer.responses[id_]
        return await self._read(lambda reader: reader.response(id_), None)

    async def find_response_item(self, item_id: str) -> KeptResponse | None:
        """The newest response that holds an item."""
        if self.writer.responses:
            await self.writer.flush(_FLUSH_SECONDS)
        return await self._read(lambda reader: reader.response_of_item(item_id), None)

    # --- reading

    async def _read(self, question: Callable[[JournalReader], _T], nothing: _T) -> _T:
        """Ask the database; *nothing* where it is not there or cannot be read."""
        if not self.settings.enabled:
            return nothing
        path = self.writer.path

        def ask() -> _T:
            with open_reader(path) as reader:
                return question(reader)

        try:
            return await trio.to_thread.run_sync(ask, limiter=self._readers, abandon_on_cancel=True)
        except FileNotFoundError:
            return nothing
        except (sqlite3.Error, OSError, ValueError) as error:
            _log.warning("journal_not_read", error=str(error))
            await self.writer.doubt(error)
            return nothing


def _left_turn(turn: StoredTurn) -> LeftTurn:
    summary = turn.summary
    request = turn.request or ChatRequest(id=summary.id, model=summary.label, messages=())
    prompt = (turn.prompts[-1].text if turn.prompts else None) or ""
    return LeftTurn(
        request=request,
        desk=summary.site,
        prompt=prompt,
        conversation_id=summary.conversation_id,
        url=summary.conversation_url,
        submitted=summary.submitted,
        continued=summary.continued,
        tab=turn.tab,
        began_at=summary.began_at,
        blot=MARK,
    )
