"""Removing what is too old, too much or not wanted any more, and giving its room back to the file system."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

__all__ = [
    "give_back",
    "open_to_remove",
    "remove_old",
    "remove_oldest",
    "remove_responses",
    "remove_turns",
    "size_of",
    "transaction",
]

_BUSY_SECONDS = 5.0
"""How long a command waits for the service to end what it is writing."""

_REMOVED_AT_ONCE = 50
_SHARE_REMOVED = 20
"""No more than one in so many is removed at once: they may be large."""
_PAGES_AT_ONCE = 2000
"""Given back to the file system in one go, so that a prompt that comes meanwhile does not wait for long."""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None, None, None]:
    """``BEGIN IMMEDIATE`` to ``COMMIT``, or ``ROLLBACK`` where something fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled it back already.
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def size_of(connection: sqlite3.Connection) -> int:
    """How many bytes the database has, its free pages included."""
    return _number(connection, "page_count") * _number(connection, "page_size")


def give_back(connection: sqlite3.Connection) -> int:
    """Give some of the free pages back to the file system; returns how many are left."""
    # As a script: it gives back one page a step, and other ways take but one step.
    connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
    return _number(connection, "freelist_count")


def remove_old(connection: sqlite3.Connection, before: float) -> None:
    """Remove what was over, or used last, before a moment in unix seconds."""
    with transaction(connection):
        connection.execute("DELETE FROM turns WHERE ended_at < ?", (before,))
        connection.execute("DELETE FROM responses WHERE created_at < ?", (before,))
        connection.execute("DELETE FROM chats WHERE used_at < ?", (before,))
        connection.execute(
            "DELETE FROM runs WHERE ended_at < ? AND id NOT IN (SELECT run FROM turns)", (before,)
        )


def remove_oldest(connection: sqlite3.Connection, target: int) -> bool:
    """Remove some of the oldest of each kind; says whether more has to go to come to so many bytes."""
    with transaction(connection):
        gone = _remove_oldest(connection, "turns", "key", "key", "ended_at IS NOT NULL")
        gone += _remove_oldest(connection, "responses", "id", "created_at", "TRUE")
    used = size_of(connection) - _number(connection, "freelist_count") * _number(connection, "page_size")
    return gone > 0 and used > target


def _remove_oldest(connection: sqlite3.Connection, table: str, key: str, order: str, which: str) -> int:
    (many,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {which}").fetchone()
    return connection.execute(
        f"DELETE FROM {table} WHERE {key} IN "
        f"(SELECT {key} FROM {table} WHERE {which} ORDER BY {order} LIMIT ?)",
        (min(_REMOVED_AT_ONCE, -(-many // _SHARE_REMOVED)),),
    ).rowcount


def remove_turns(connection: sqlite3.Connection, keys: Sequence[int]) -> int:
    """Remove turns that are over, and what stands under their ids elsewhere; returns how many there were."""
    gone = 0
    with transaction(connection):
        for key in keys:
            connection.execute(
                "DELETE FROM responses WHERE id = "
                "(SELECT replace(id, 'req_', 'resp_') FROM turns WHERE key = ? AND ended_at IS NOT NULL)",
                (key,),
            )
            statement = "DELETE FROM turns WHERE key = ? AND ended_at IS NOT NULL"
            gone += connection.execute(statement, (key,)).rowcount
    _clear_away(connection)
    return gone


def remove_responses(connection: sqlite3.Connection) -> None:
    """Remove all responses that are kept."""
    connection.execute("DELETE FROM responses")
    _clear_away(connection)


@contextmanager
def open_to_remove(path: Path) -> Generator[sqlite3.Connection, None, None]:
    """A connection for programs that run no service; makes no file.

    Raises:
      sqlite3.Error: there is no database, or it cannot be used.
    """
    address = f"{path.absolute().as_uri()}?mode=rw"
    with closing(
        sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
    ) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        yield connection


def _clear_away(connection: sqlite3.Connection) -> None:
    """What was removed is to be gone from the file and from the log as well."""
    give_back(connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _number(connection: sqlite3.Connection, name: str) -> int:
    (number,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(number)
