"""A pool of tabs in figures."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["PoolStatistics"]


@attrs.frozen(kw_only=True)
class PoolStatistics:
    """A pool at one moment, and what it has done since the start."""

    size: int
    tabs: int
    """How many are open."""
    busy: int
    """How many turns have a tab, or wait for one to open."""
    waiting: int
    parties: Mapping[str, int] = attrs.field(factory=dict)
    """How many wait of each party that has one waiting."""
    standing: int = 0
    """How many unused tabs stand in a held chat."""
    turn_seconds: float = 0.0
    """What a turn takes, as the estimates have it."""
    opened: int = 0
    closed: int = 0
    """For whatever reason, those below included."""
    unused: int = 0
    """Closed because nobody used them."""
    recycled: int = 0
    """Closed because their pages held too much memory."""
    refused: int = 0
    """Turns that found the queue full."""
    dropped: int = 0
    """Turns that had to leave a full queue for others."""
