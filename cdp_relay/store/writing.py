"""What is waiting to be written, and how that goes: the journal's one writer.

Everything that waits is kept as it is now, not as a list of changes: what could not be written is simply
written whole the next time, into an old database or a new one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs
import structlog
import trio

from cdp_relay.chat.record import ChatRow
from cdp_relay.store.changes import Batch, KeptResponse
from cdp_relay.store.database import Database, is_corrupt
from cdp_relay.store.health import JournalHealth
from cdp_relay.store.record import StoredRecord
from cdp_relay.store.redaction import Redaction

__all__ = ["Writer"]

_log = structlog.stdlib.get_logger("cdp_relay.store")

_T = TypeVar("_T")

_GATHER_SECONDS = 1.0
"""How long a piece of an answer waits for others to be written with it: so much of a text a killed service
loses at most."""

_BARRIER_SECONDS = 2.0
"""How long a prompt waits for the disk."""

_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""The waits from one try to the next while the database fails."""

_CLOSE_SECONDS = 5.0
_FLUSH_SECONDS = 3.0

_MAX_WAITING_CHARS = 64 * 1024 * 1024
_MAX_WAITING_TURNS = 2_000
_MAX_WAITING_RESPONSES = 200
"""What is kept in memory of what cannot be written; the oldest go first."""


_NOTHING = object()


@attrs.define(eq=False)
class Writer:
    """Writes what changes, about once a second, and at once where somebody waits for it."""

    _database: Database
    records: dict[int, StoredRecord] = attrs.field(factory=dict, init=False)
    """All turns that run or are not yet written, by key, oldest first."""
    chats: dict[str, ChatRow] = attrs.field(factory=dict, init=False)
    """All chats that are held, so that they can be written into a new database."""
    responses: dict[str, KeptResponse | None] = attrs.field(factory=dict, init=False)
    """Those that are not yet written; None for one that is to be forgotten."""
    _changed: dict[int, StoredRecord] = attrs.field(factory=dict, init=False)
    _changed_chats: dict[str, None] = attrs.field(factory=dict, init=False)
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)
    """There is something to write."""
    _hurry: trio.Event = attrs.field(factory=trio.Event, init=False)
    """It should not wait for more."""
    _barriers: list[trio.Event] = attrs.field(factory=list, init=False)
    _idle: trio.Event | None = attrs.field(default=None, init=False)
    """Set once all is written, or a try failed, while somebody waits for that."""
    _thread: trio.CapacityLimiter = attrs.field(factory=partial(trio.CapacityLimiter, 1), init=False)
    """The connection is one thread's at a time."""
    _busy: bool = attrs.field(default=False, init=False)
    """Whether it writes just now."""
    _failures: int = attrs.field(default=0, init=False)
    """How often it failed in a row."""
    _since: float | None = attrs.field(default=None, init=False)
    _error: str | None = attrs.field(default=None, init=False)
    _dropped: int = attrs.field(default=0, init=False)
    _writes: int = attrs.field(default=0, init=False)
    _set_aside: str | None = attrs.field(default=None, init=False)

    @property
    def health(self) -> JournalHealth:
        """How it goes."""
        return JournalHealth(
            state="ok" if self._since is None else "failing",
            since=self._since,
            error=self._error,
            bytes=self._database.size,
            waiting=sum(record.is_over for record in self.records.values()),
            dropped=self._dropped,
            writes=self._writes,
            set_aside=self._set_aside,
        )

    @property
    def failing(self) -> bool:
        """Whether what is told is not written at the moment."""
        return self._since is not None

    @property
    def path(self) -> Path:
        """Where the database is."""
        return self._database.path

    @property
    def redaction(self) -> Redaction:
        """What blots out secrets."""
        return self._database.redaction

    # --- what there is to write

    def note(self, record: StoredRecord, *, urgent: bool) -> None:
        """A turn has something to write."""
        self._changed[record.key] = record
        self._wake(urgent=urgent)

    def note_chat(self, id_: str, chat: ChatRow | None) -> None:
        """A chat has changed, or is to be forgotten."""
        if chat is None:
            self.chats.pop(id_, None)
        else:
            self.chats[id_] = chat
        self._changed_chats[id_] = None
        self._wake(urgent=False)

    def know_chats(self, rows: Iterable[ChatRow]) -> None:
        """Learn what the database holds; what has changed since is known better here."""
        for row in rows:
            if row.id not in self._changed_chats:
                self.chats.setdefault(row.id, row)

    def forget(self, key: int) -> None:
        """Let go of a turn that is not yet written."""
        self.records.pop(key, None)
        self._changed.pop(key, None)

    def note_response(self, id_: str, response: KeptResponse | None) -> None:
        """A response is to be kept, or forgotten."""
        self.responses.pop(id_, None)
        self.responses[id_] = response
        while len(self.responses) > _MAX_WAITING_RESPONSES:
            del self.responses[next(iter(self.responses))]
        self._wake(urgent=False)

    def _wake(self, *, urgent: bool) -> None:
        self._news.set()
        # While it fails, the next try comes in its own time.
        if urgent and not self._failures:
            self._hurry.set()

    async def keep_prompt(self) -> None:
        """Wait until what was noted is on the disk, or until that takes too long; not while it fails."""
        if self.failing:
            return
        written = trio.Event()
        self._barriers.append(written)
        self._wake(urgent=True)
        with trio.move_on_after(_BARRIER_SECONDS):
            await written.wait()
            return
        if not self.failing:
            self._fail(f"The disk did not take a prompt within {_BARRIER_SECONDS:g} s.")

    # --- writing

    async def run(self) -> None:
        """Write until cancelled."""
        # Before somebody waits for it.
        await self.do(lambda database: bool(database.open()), False)
        while True:
            # What failed is tried again even where there is nothing to write: so that it is known to work.
            if not self._is_waiting and not self._failures:
                self._news = trio.Event()
                self._hurry = trio.Event()
                self._tell_idle()
                await self._news.wait()
            with trio.move_on_after(self._pause()):
                await self._hurry.wait()
            self._hurry = trio.Event()
            self._busy = True
            await self._write()
            self._busy = False

    def _tell_idle(self) -> None:
        if self._idle is not None:
            self._idle.set()
            self._idle = None

    @property
    def _is_waiting(self) -> bool:
        return bool(self._changed or self._changed_chats or self.responses or self._barriers)

    def _pause(self) -> float:
        if self._failures:
            return _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS)) - 1]
        return _GATHER_SECONDS

    async def _write(self) -> None:
        self._bound()
        barriers, self._barriers = self._barriers, []
        changed, self._changed = self._changed, {}
        chats, self._changed_chats = self._changed_chats, {}
        responses = dict(self.responses)
        ended = [record for record in changed.values() if record.is_over]
        written = False
        try:
            batch = Batch(
                turns=tuple(record.take_change() for record in changed.values()),
                chats=tuple((id_, self.chats.get(id_)) for id_ in chats),
                responses=tuple(responses.items()),
                durable=bool(barriers),
            )
            await self._in_thread(partial(self._database.write, batch))
        except (sqlite3.Error, OSError, ValueError) as error:
            await self.look_after(error)
            for record in changed.values():
                record.write_anew()
            self._changed = changed | self._changed
            self._changed_chats = chats | self._changed_chats
        except Exception as error:
            # The edge of the component: a bug in here costs what was to be written, and no answer.
            _log.error("journal_bug", exc_info=error)
            self._fail(f"A bug in CDP Relay ({type(error).__name__}).")
            for record in changed.values():
                record.write_anew()
            self._written(ended, responses)
        else:
            self._worked()
            self._written(ended, responses)
            written = True
        if not written:
            self._tell_idle()
        for barrier in barriers:
            barrier.set()
        # After everybody has been told: this can take longer. A prompt that comes meanwhile goes first.
        while written and not self._barriers and await self.do(lambda database: database.make_room(), False):
            pass

    def _written(self, ended: Iterable[StoredRecord], responses: Mapping[str, KeptResponse | None]) -> None:
        """Let go of what need not be in memory any more."""
        for record in ended:
            self.forget(record.key)
        for id_, response in responses.items():
            if self.responses.get(id_, _NOTHING) is response:
                del self.responses[id_]

    async def do(self, work: Callable[[Database], _T], nothing: _T) -> _T:
        """Do something else with the database, between two writes; *nothing* where it fails."""
        try:
            return await self._in_thread(partial(work, self._database))
        except (sqlite3.Error, OSError, ValueError) as error:
            await self.look_after(error)
            return nothing

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await trio.to_thread.run_sync(work, limiter=self._thread, abandon_on_cancel=True)

    def _bound(self) -> None:
        """Let go of the oldest that cannot be written."""
        if not self.failing:
            return
        over = [record for record in self.records.values() if record.is_over]
        chars = sum(record.held_chars for record in over)
        for number, record in enumerate(over):
            if chars <= _MAX_WAITING_CHARS and len(over) - number <= _MAX_WAITING_TURNS:
                return
            chars -= record.held_chars
            self._changed.pop(record.key, None)
            self.records.pop(record.key, None)
            self._dropped += 1

    # --- failures

    async def doubt(self, error: Exception) -> None:
        """Look into what somebody who read the file met: the file may have been another one by then."""
        if is_corrupt(error) and await self.do(lambda database: database.is_broken(), False):
            await self.look_after(error)

    async def look_after(self, error: Exception) -> None:
        """Do what can be done about a failure: wait for better times, or begin a new database."""
        self._failures += 1
        self._fail(str(error) or type(error).__name__)
        self._news.set()  # for the next try
        if not is_corrupt(error):
            await self._in_thread(self._database.disconnect)
            return
        try:
            aside = await self._in_thread(self._database.set_aside)
        except OSError as failure:
            self._fail(str(failure))
            return
        self._set_aside = str(aside)
        _log.error("journal_set_aside", path=self._set_aside)
        for key, record in self.records.items():
            record.write_anew()
            self._changed[key] = record
        self._changed_chats |= dict.fromkeys(self.chats)
        self._hurry.set()

    def _fail(self, why: str) -> None:
        self._error = why
        if self._since is None:
            self._since = time.time()
            _log.error("journal_failing", error=why, path=str(self._database.path))

    def _worked(self) -> None:
        self._writes += 1
        self._failures = 0
        if self._since is not None:
            seconds = round(time.time() - self._since, 1)
            _log.warning("journal_recovered", seconds=seconds, dropped=self._dropped)
            self._since = self._error = None

    # --- the end

    async def flush(self, seconds: float) -> None:
        """Wait until all is written, or for so long; where it fails, until it has been tried once more."""
        failures = self._failures
        with trio.move_on_after(seconds):
            while (self._is_waiting or self._busy) and (not self._failures or self._failures == failures):
                self._idle = self._idle or trio.Event()
                self._hurry.set()
                await self._idle.wait()

    async def close(self) -> None:
        """Write what there is, and close the database; within some seconds, whatever happens."""
        with trio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self.flush(_FLUSH_SECONDS)
            await self._in_thread(self._database.close)
