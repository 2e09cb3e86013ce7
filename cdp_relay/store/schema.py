"""The tables of the journal, and how a database of an earlier version becomes one of this."""

from __future__ import annotations

import sqlite3

__all__ = ["TURN_COLUMNS", "VERSION", "migrate"]

TURN_COLUMNS = (
    "key",
    "id",
    "run",
    "began_at",
    "ended_at",
    "state",
    "step",
    "label",
    "desk",
    "model",
    "client",
    "session",
    "idempotency_key",
    "fingerprint",
    "content",
    "sent_at",
    "submitted",
    "continued",
    "tab",
    "conversation_id",
    "conversation_url",
    "sent_chars",
    "answer_chars",
    "capture",
    "first_words",
    "error",
)
"""What is known of each turn, one row each; the bulk is in tables of its own."""

_FIRST = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    process_started REAL NOT NULL,
    began_at REAL NOT NULL,
    ended_at REAL
);
CREATE TABLE turns (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    run TEXT NOT NULL,
    began_at REAL NOT NULL,
    ended_at REAL,
    state TEXT NOT NULL,
    step TEXT,
    label TEXT NOT NULL,
    desk TEXT NOT NULL,
    model TEXT,
    client TEXT NOT NULL,
    session TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    content INTEGER NOT NULL,
    sent_at REAL,
    submitted INTEGER NOT NULL,
    continued INTEGER NOT NULL,
    tab TEXT,
    conversation_id TEXT,
    conversation_url TEXT,
    sent_chars INTEGER NOT NULL,
    answer_chars INTEGER NOT NULL,
    capture TEXT,
    first_words TEXT NOT NULL,
    error BLOB
);
CREATE INDEX turns_by_id ON turns (id);
CREATE INDEX turns_running ON turns (run) WHERE state = 'running';
CREATE INDEX turns_by_key ON turns (idempotency_key, ended_at) WHERE idempotency_key != '';
CREATE INDEX turns_by_fingerprint ON turns (fingerprint, ended_at) WHERE fingerprint != '';
CREATE TABLE requests (turn INTEGER PRIMARY KEY, document BLOB NOT NULL);
CREATE TABLE prompts (
    turn INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    conversation_id TEXT,
    chars INTEGER NOT NULL,
    text BLOB,
    PRIMARY KEY (turn, number)
) WITHOUT ROWID;
CREATE TABLE told (
    turn INTEGER NOT NULL,
    number INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (turn, number)
);
CREATE TABLE files (
    turn INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (turn, sha256)
);
CREATE TABLE chats (
    id TEXT PRIMARY KEY,
    desk TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    url TEXT,
    used_at REAL NOT NULL,
    document TEXT NOT NULL
);
CREATE TABLE responses (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    body BLOB NOT NULL,
    items BLOB NOT NULL
);
CREATE TABLE response_items (item TEXT NOT NULL, response TEXT NOT NULL, PRIMARY KEY (item, response))
    WITHOUT ROWID;
CREATE INDEX response_items_by_response ON response_items (response);
CREATE TRIGGER turn_removed AFTER DELETE ON turns BEGIN
    DELETE FROM requests WHERE turn = old.key;
    DELETE FROM prompts WHERE turn = old.key;
    DELETE FROM told WHERE turn = old.key;
    DELETE FROM files WHERE turn = old.key;
END;
CREATE TRIGGER response_removed AFTER DELETE ON responses BEGIN
    DELETE FROM response_items WHERE response = old.id;
END;
"""

_MIGRATIONS = (_FIRST,)
"""Each leads from the version of its place to the next; what has been published is never changed."""

VERSION = len(_MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version, all or nothing.

    Raises:
      sqlite3.Error: it cannot be done.
      ValueError: the database was written by a later version.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise ValueError(
            f"It was written by a later version of CDP Relay (its tables are version {version})."
        )
    for number in range(version, VERSION):
        # In a transaction of its own making: executescript would end ours.
        script = f"BEGIN IMMEDIATE;{_MIGRATIONS[number]}PRAGMA user_version = {number + 1};COMMIT;"
        try:
            connection.executescript(script)
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
