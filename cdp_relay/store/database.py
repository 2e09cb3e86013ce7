"""The writer's side of the database: one connection, used by one thread at a time.

Nothing here knows of tasks. What fails raises ``sqlite3.Error`` or ``OSError``, and leaves the database as it
was before the transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import attrs

from cdp_relay.chat.record import ChatRow
from cdp_relay.settings import JournalSettings
from cdp_relay.store.changes import Batch, KeptResponse, TurnChange
from cdp_relay.store.documents import pack, request_document
from cdp_relay.store.redaction import Redaction
from cdp_relay.store.removal import give_back, remove_old, remove_oldest, remove_turns, size_of, transaction
from cdp_relay.store.runs import ServiceRun
from cdp_relay.store.schema import TURN_COLUMNS, migrate
from cdp_relay.store.telling import kept_entries

__all__ = ["Database", "is_corrupt"]

_BUSY_SECONDS = 1.0
"""How long a statement waits for another program that holds the database."""

_PAGE_BYTES = 4096
_LOG_BYTES = 4 * 1024 * 1024
"""How large the write-ahead log gets before it is written back."""
_ROOM = 0.9
"""How much of the bound is left standing once it was passed, so that not every turn makes room anew."""
_PRUNE_SECONDS = 3600.0

_UPSERT = (
    f"INSERT INTO turns ({', '.join(TURN_COLUMNS)}) VALUES ({', '.join(f':{c}' for c in TURN_COLUMNS)}) "
    f"ON CONFLICT (key) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in TURN_COLUMNS[1:])}"
)


def is_corrupt(error: BaseException) -> bool:
    """Whether an error says that the file is no sound database, and will never be one again."""
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", None) in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        *(code for name, code in vars(sqlite3).items() if name.startswith("SQLITE_CORRUPT_")),
    }


@attrs.define(eq=False)
class Database:
    """Writes batches, makes room, and sets a broken file aside."""

    path: Path
    settings: JournalSettings
    run: ServiceRun
    redaction: Redaction
    size: int = attrs.field(default=0, init=False)
    """How many bytes it had when it was written last."""
    _connection: sqlite3.Connection | None = attrs.field(default=None, init=False)
    _pruned_at: float = attrs.field(default=0.0, init=False)
    _cramped: bool = attrs.field(default=False, init=False)
    """Whether room is being made."""

    def open(self) -> sqlite3.Connection:
        """The connection, made on first use; the file and its tables as well."""
        if self._connection is None:
            self._connection = self._connect()
            self.size = size_of(self._connection)
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The log and the index beside it take over the file's mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        if os.name == "posix" and self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            log_pages = min(_LOG_BYTES, self.settings.max_bytes // 4) // _PAGE_BYTES
            # Before there are tables: it cannot be had later.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {log_pages}")
            connection.execute(f"PRAGMA journal_size_limit = {log_pages * _PAGE_BYTES}")
            migrate(connection)
            connection.execute(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, NULL)",
                (self.run.id, self.run.pid, self.run.process_started, self.run.began_at),
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Note that this run is over, and close the file; what fails of it is of no more use."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error), closing(connection):
                connection.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (time.time(), self.run.id))
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def disconnect(self) -> None:
        """Let go of a connection that has failed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def is_broken(self) -> bool:
        """Whether the file is no sound database; reads all of it."""
        self.disconnect()
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
                (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            return is_corrupt(error)
        return bool(found != "ok")

    def set_aside(self) -> Path:
        """Move a broken file out of the way; returns where it is now."""
        self.disconnect()
        stamp = time.strftime("%Y%m%dT%H%M%S")
        target = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        number = 1
        while target.exists():
            number += 1
            target = self.path.with_name(f"{self.path.name}.corrupt-{stamp}-{number}")
        self.path.replace(target)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).replace(target.with_name(target.name + suffix))
        return target

    # --- writing

    def write(self, batch: Batch) -> None:
        """Write a batch, all or nothing."""
        connection = self.open()
        if batch.durable:
            connection.execute("PRAGMA synchronous = FULL")
        try:
            with transaction(connection):
                for change in batch.turns:
                    self._write_turn(connection, change)
                for id_, chat in batch.chats:
                    self._write_chat(connection, id_, chat)
                for id_, response in batch.responses:
                    self._write_response(connection, id_, response)
        finally:
            if batch.durable:
                connection.execute("PRAGMA synchronous = NORMAL")
        self.size = size_of(connection)

    def _write_turn(self, connection: sqlite3.Connection, change: TurnChange) -> None:
        key = change.row["key"]
        row = dict(change.row, first_words=self.redaction.beginning(change.row["first_words"]))
        if row["error"] is not None:
            row["error"] = pack(self.redaction.blot_all(row["error"]))
        connection.execute(_UPSERT, row)
        if change.request is not None:
            document = request_document(change.request, content=bool(row["content"]))
            packed = pack(self.redaction.blot_all(document))
            connection.execute("INSERT OR REPLACE INTO requests VALUES (?, ?)", (key, packed))
        for prompt in change.prompts:
            text = None if prompt.text is None else pack(self.redaction.blot(prompt.text))
            connection.execute(
                "INSERT OR REPLACE INTO prompts VALUES (?, ?, ?, ?, ?, ?)",
                (key, prompt.number, prompt.at, prompt.conversation_id, prompt.chars, text),
            )
        entries = change.news
        if change.anew or change.whole is not None:
            connection.execute("DELETE FROM told WHERE turn = ?", (key,))
        if change.whole is not None:
            entries = tuple(kept_entries(change.whole, self.redaction))
        if entries:
            connection.execute(
                "INSERT INTO told SELECT ?, coalesce(max(number), 0) + 1, ? FROM told WHERE turn = ?",
                (key, pack([[entry.at, entry.document] for entry in entries]), key),
            )
        for digest, data in change.files:
            connection.execute("INSERT OR IGNORE INTO files VALUES (?, ?, ?)", (key, digest, data))

    def _write_chat(self, connection: sqlite3.Connection, id_: str, chat: ChatRow | None) -> None:
        connection.execute("DELETE FROM chats WHERE id = ?", (id_,))
        if chat is not None:
            document = self._blotted(chat.document.encode()).decode()
            row = (chat.id, chat.desk, chat.conversation_id, chat.url, chat.used_at, document)
            connection.execute("INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?)", row)

    def _write_response(
        self, connection: sqlite3.Connection, id_: str, response: KeptResponse | None
    ) -> None:
        connection.execute("DELETE FROM responses WHERE id = ?", (id_,))
        if response is not None:
            body, items = (zlib.compress(self._blotted(one), 1) for one in (response.body, response.items))
            row = (response.id, response.created_at, body, items)
            connection.execute("INSERT INTO responses VALUES (?, ?, ?, ?)", row)
            connection.executemany(
                "INSERT OR IGNORE INTO response_items VALUES (?, ?)",
                [(item, response.id) for item in _item_ids(response)],
            )

    def _blotted(self, document: bytes) -> bytes:
        """JSON without its secrets; parsed only where there are any, and text by text, as a secret without
        an end would take the rest of the document with it."""
        text = document.decode("utf-8", "replace")
        if not self.redaction.spans(text):
            return document
        try:
            return json.dumps(self.redaction.blot_all(json.loads(text)), separators=(",", ":")).encode()
        except ValueError:
            return self.redaction.blot(text).encode()

    # --- room

    def make_room(self) -> bool:
        """Remove some of what is too old or too much, if anything is; says whether there may be more."""
        connection = self.open()
        now = time.time()
        if now - self._pruned_at > _PRUNE_SECONDS:
            self._pruned_at = now
            remove_old(connection, now - self.settings.days * 86400)
        self._cramped = self._cramped or size_of(connection) > self.settings.max_bytes
        if self._cramped:
            self._cramped = remove_oldest(connection, int(self.settings.max_bytes * _ROOM))
        free = give_back(connection)
        self.size = size_of(connection)
        return self._cramped or free > 0

    def remove_turns(self, keys: Sequence[int]) -> int:
        """Remove turns that are over; returns how many there were."""
        return remove_turns(self.open(), keys)

    # --- turns that earlier runs left

    def take_left(self, is_alive: Callable[[int, float], bool]) -> list[int]:
        """Make the running turns of runs that are over this run's own; returns their keys, oldest first.

        Args:
          is_alive: says of a process's id and its start whether it still lives.
        """
        connection = self.open()
        open_runs = connection.execute(
            "SELECT id, pid, process_started FROM runs WHERE ended_at IS NULL AND id != ?", (self.run.id,)
        ).fetchall()
        dead = [id_ for id_, pid, started in open_runs if not is_alive(pid, started)]
        with transaction(connection):
            for id_ in dead:
                connection.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (time.time(), id_))
            rows = connection.execute(
                "UPDATE turns SET run = ? WHERE state = 'running' AND run != ? "
                "AND run NOT IN (SELECT id FROM runs WHERE ended_at IS NULL) RETURNING key",
                (self.run.id, self.run.id),
            ).fetchall()
        return sorted(key for (key,) in rows)


def _item_ids(response: KeptResponse) -> set[str]:
    """Of all items that a response holds: those before it, and its own."""
    try:
        body, items = json.loads(response.body), json.loads(response.items)
    except ValueError:
        return set()
    output = body.get("output") if isinstance(body, dict) else None
    held = [one for some in (items, output) if isinstance(some, list) for one in some]
    return {str(one["id"]) for one in held if isinstance(one, dict) and one.get("id")}
