"""Reading the journal: a connection of its own for each question, which writes nothing.

Used by the service in threads, and by commands that need no service. What fails raises ``sqlite3.Error``.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from cdp_relay.chat.record import ChatRow
from cdp_relay.errors import InvalidRequest
from cdp_relay.store.changes import KeptResponse, SentPrompt
from cdp_relay.store.documents import KeptEntry, read_request, unpack
from cdp_relay.store.schema import VERSION
from cdp_relay.store.turns import StoredTurn, TurnSummary, read_told, summary_of

__all__ = ["JournalReader", "TurnFilter", "bare_id", "open_reader"]

_BUSY_SECONDS = 1.0
_SHORTEST_BEGINNING = 4

_PREFIXES = ("req_", "resp_", "chatcmpl-", "cmpl-", "msg_")
"""What the dialects put before the part of an id that all of them have in common."""


def bare_id(id_: str) -> str:
    """An id without what a dialect put before it."""
    return next((id_.removeprefix(one) for one in _PREFIXES if id_.startswith(one)), id_)


@attrs.frozen(kw_only=True)
class TurnFilter:
    """Which turns a list shows."""

    site: str | None = None
    """``chatgpt`` for the site in all profiles, ``chatgpt@work`` for one."""
    state: str | None = None
    since: float | None = None
    """Unix seconds; those that began then or later."""
    until: float | None = None
    text: str | None = None
    """What has to stand in the prompt or the answer, in whatever case."""
    session: str | None = None

    def fits(self, summary: TurnSummary) -> bool:
        """Whether a turn is shown, as far as its texts need not be read."""
        site = summary.site if self.site and "@" in self.site else summary.site.partition("@")[0]
        return (
            (not self.site or site == self.site)
            and (not self.state or summary.state == self.state)
            and (self.since is None or summary.began_at >= self.since)
            and (self.until is None or summary.began_at < self.until)
            and (not self.session or summary.session == self.session)
        )


@attrs.frozen
class JournalReader:
    """Reads what the journal holds. Made by :func:`open_reader`."""

    _connection: sqlite3.Connection

    # --- turns

    def turns(
        self, which: TurnFilter | None = None, *, limit: int | None = None, before: int | None = None
    ) -> list[TurnSummary]:
        """Turns, the newest first.

        Args:
          before: only those with a lower key.
        """
        found: list[TurnSummary] = []
        for summary in self.each_turn(which or TurnFilter(), before=before):
            if limit is not None and len(found) >= limit:
                break
            found.append(summary)
        return found

    def each_turn(self, which: TurnFilter, *, before: int | None = None) -> Iterator[TurnSummary]:
        """Turns one by one, the newest first."""
        words, values = _conditions(which)
        if before is not None:
            words.append("key < ?")
            values.append(before)
        where = f"WHERE {' AND '.join(words)} " if words else ""
        rows = self._connection.execute(f"SELECT * FROM turns {where}ORDER BY key DESC", values)
        for row in rows:
            if which.text is None or self._turn(row).holds(which.text):
                yield _summary(row)

    def turn(self, id_: str, *, beginning: bool = False) -> StoredTurn | None:
        """A turn by its id, in the form of whatever dialect; the newest where there are several.

        Args:
          beginning: take an id's beginning as well, where only one turn's begins so.

        Raises:
          InvalidRequest: several turns' ids begin so.
        """
        bare = bare_id(id_)
        statement = "SELECT * FROM turns WHERE id IN (?, ?, ?) ORDER BY key DESC"
        exact = self._one(statement, id_, bare, f"req_{bare}")
        if exact is not None or not beginning or len(bare) < _SHORTEST_BEGINNING:
            return None if exact is None else self._turn(exact)
        ids = self._connection.execute(
            "SELECT DISTINCT id FROM turns WHERE (id >= ? AND id < ?) OR (id >= ? AND id < ?) LIMIT 5",
            (bare, bare + "\U0010ffff", f"req_{bare}", f"req_{bare}\U0010ffff"),
        ).fetchall()
        if len(ids) > 1:
            some = ", ".join(str(row["id"]) for row in ids[:4]) + (", ..." if len(ids) > 4 else "")
            message = f"Several requests begin with {id_!r}: {some}."
            raise InvalidRequest(message, next_step="Give more of the id.")
        return self.turn(str(ids[0]["id"])) if ids else None

    def row_and_turn(self, key: int) -> tuple[dict[str, Any], StoredTurn] | None:
        """A turn by its key, and its row as it is written; None where there is none."""
        row = self._one("SELECT * FROM turns WHERE key = ?", key)
        return None if row is None else (_columns(row), self._turn(row))

    def ended_turn(self, column: str, value: str, since: float = 0.0) -> StoredTurn | None:
        """The newest turn that has ended after *since*, by its ``idempotency_key`` or ``fingerprint``."""
        assert column in ("idempotency_key", "fingerprint")
        row = self._one(
            f"SELECT * FROM turns WHERE {column} = ? AND ended_at > ? ORDER BY ended_at DESC",
            value,
            since,
        )
        return None if row is None else self._turn(row)

    def keys(self, which: TurnFilter) -> list[int]:
        """The keys of turns, the newest first."""
        return [summary.key for summary in self.each_turn(which)]

    # --- chats and responses

    def chats(self) -> list[ChatRow]:
        """The chats that were held, latest used first."""
        rows = self._connection.execute("SELECT * FROM chats ORDER BY used_at DESC").fetchall()
        return [ChatRow(**dict(row)) for row in rows]

    def response(self, id_: str) -> KeptResponse | None:
        """A response by its id."""
        row = self._one("SELECT * FROM responses WHERE id = ?", id_)
        if row is None:
            return None
        body, items = _inflated(row["body"]), _inflated(row["items"])
        if body is None or items is None:
            return None
        return KeptResponse(id=id_, created_at=row["created_at"], body=body, items=items)

    def response_of_item(self, item: str) -> KeptResponse | None:
        """The newest response that holds an item."""
        row = self._one(
            "SELECT response FROM response_items JOIN responses ON responses.id = response "
            "WHERE item = ? ORDER BY created_at DESC",
            item,
        )
        return None if row is None else self.response(str(row["response"]))

    # --- rows

    def _one(self, statement: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(f"{statement} LIMIT 1", values).fetchone()
        return row

    def _turn(self, row: sqlite3.Row) -> StoredTurn:
        key = row["key"]
        request = self._one("SELECT document FROM requests WHERE turn = ?", key)
        prompts = self._rows("SELECT * FROM prompts WHERE turn = ? ORDER BY number", key)
        told = self._rows("SELECT entries FROM told WHERE turn = ? ORDER BY number", key)
        files = self._rows("SELECT sha256, data FROM files WHERE turn = ?", key)
        return StoredTurn(
            summary=_summary(row),
            fingerprint=row["fingerprint"],
            idempotency_key=row["idempotency_key"],
            tab=row["tab"],
            request=None if request is None else read_request(unpack(request["document"])),
            prompts=tuple(_prompt(one) for one in prompts),
            told=read_told(_entries(told), {one["sha256"]: one["data"] for one in files}),
        )

    def _rows(self, statement: str, *values: Any) -> Sequence[sqlite3.Row]:
        return self._connection.execute(statement, values).fetchall()


@contextmanager
def open_reader(path: Path) -> Generator[JournalReader, None, None]:
    """Read the database for as long as the block lasts.

    Raises:
      FileNotFoundError: there is none.
      sqlite3.Error: it cannot be read.
      ValueError: a later version wrote it.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        # All that is read belongs to one moment.
        connection.execute("BEGIN")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise ValueError("The journal was written by a later version of CDP Relay.")
        # Of a version before there were tables, or of this: an earlier one is brought up by the service.
        if version < VERSION:
            raise FileNotFoundError(path)
        yield JournalReader(connection)
    finally:
        connection.close()


def _inflated(data: bytes) -> bytes | None:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return None


def _conditions(which: TurnFilter) -> tuple[list[str], list[Any]]:
    words: list[str] = []
    values: list[Any] = []
    if which.site:
        words.append("desk = ?" if "@" in which.site else "(desk = ? OR substr(desk, 1, ?) = ?)")
        values += [which.site] if "@" in which.site else [which.site, len(which.site) + 1, f"{which.site}@"]
    for word, value in (
        ("state = ?", which.state),
        ("began_at >= ?", which.since),
        ("began_at < ?", which.until),
        ("session = ?", which.session),
    ):
        if value is not None and value != "":
            words.append(word)
            values.append(value)
    return words, values


def _summary(row: sqlite3.Row) -> TurnSummary:
    columns = _columns(row)
    return summary_of(columns, columns["error"])


def _columns(row: sqlite3.Row) -> dict[str, Any]:
    columns = dict(zip(row.keys(), row, strict=True))
    return dict(columns, error=None if row["error"] is None else unpack(row["error"]))


def _prompt(row: sqlite3.Row) -> SentPrompt:
    text = None if row["text"] is None else unpack(row["text"])
    return SentPrompt(
        number=row["number"],
        at=row["at"],
        conversation_id=row["conversation_id"],
        chars=row["chars"],
        text=text if isinstance(text, str) else None,
    )


def _entries(rows: Sequence[sqlite3.Row]) -> Iterator[KeptEntry]:
    for row in rows:
        for entry in unpack(row["entries"]) or ():
            yield KeptEntry(at=entry[0], document=entry[1])
