"""How the journal is: for readiness, for figures and for the log."""

from __future__ import annotations

import attrs

__all__ = ["JournalHealth"]


@attrs.frozen(kw_only=True)
class JournalHealth:
    """How the journal is."""

    state: str
    """``off``, ``ok`` or ``failing``."""
    since: float | None = None
    """When it began to fail, in unix seconds."""
    error: str | None = None
    """Why it fails."""
    bytes: int = 0
    """How large the database is."""
    waiting: int = 0
    """Turns that are over, and not yet in the database."""
    dropped: int = 0
    """Turns that were never kept, because it failed for too long."""
    writes: int = 0
    """Transactions of this run."""
    set_aside: str | None = None
    """Where a broken database of this run's was moved."""
