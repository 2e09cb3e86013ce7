"""What outlives the service: requests, answers and chats, in one SQLite database.

Knows chat's vocabulary and its record of turns, and nothing else of it: no page, no HTTP. Decisions
(``telling``, ``redaction``) are sans-IO; ``writing`` has the one task that writes, ``database`` what its
thread does; ``reading`` needs neither, nor a service that runs.
"""

from cdp_relay.store.changes import KeptResponse, SentPrompt
from cdp_relay.store.health import JournalHealth
from cdp_relay.store.journal import StoredJournal, open_journal
from cdp_relay.store.reading import JournalReader, TurnFilter, open_reader
from cdp_relay.store.removal import open_to_remove, remove_responses, remove_turns
from cdp_relay.store.turns import StoredTurn, ToldEntry, TurnSummary

__all__ = [
    "JournalHealth",
    "JournalReader",
    "KeptResponse",
    "SentPrompt",
    "StoredJournal",
    "StoredTurn",
    "ToldEntry",
    "TurnFilter",
    "TurnSummary",
    "open_journal",
    "open_reader",
    "open_to_remove",
    "remove_responses",
    "remove_turns",
]
