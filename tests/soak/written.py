"""What the service's journal has of a soak, read as ``cdp-relay results`` reads it."""

from __future__ import annotations

from pathlib import Path

from cdp_relay.store.reading import open_reader
from cdp_relay.store.turns import StoredTurn
from tests.soak.plan import marks_in
from tests.soak.verdict import JournalRow

__all__ = ["is_settled", "read_journal"]


def read_journal(home: Path) -> list[JournalRow] | None:
    """Every request that the journal knows, oldest first; None where there is no journal."""
    path = home / "journal.db"
    if not path.exists():
        return None
    with open_reader(path) as reader:
        turns = (reader.turn(summary.id) for summary in reversed(reader.turns()))
        return [_row(turn) for turn in turns if turn is not None]


def is_settled(home: Path) -> bool:
    """Whether every request that the journal knows has ended.

    An answer that is being recovered has not, and between two looks at its chat it needs no tab.
    """
    path = home / "journal.db"
    if not path.exists():
        return True
    with open_reader(path) as reader:
        return all(summary.state != "running" for summary in reader.turns())


def _row(turn: StoredTurn) -> JournalRow:
    messages = () if turn.request is None else turn.request.messages
    marks = marks_in(messages[-1].text) if messages else []
    summary = turn.summary
    return JournalRow(
        id=summary.id,
        mark=marks[-1] if marks else None,
        state=summary.state,
        text=turn.text,
        sent=summary.sent_at is not None,
        told=f"{summary.state}, last step {summary.step}" + (f", {summary.error}" if summary.error else ""),
    )
