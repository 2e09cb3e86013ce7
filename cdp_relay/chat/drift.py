"""What of a site no longer fits its definition, as the last turns met it."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
import structlog

from cdp_relay.chat.vocabulary import Drift

__all__ = ["DriftRecord", "DriftSeen"]

_log = structlog.stdlib.get_logger("cdp_relay.site")

_KINDS_KEPT = 32
_LINES_TOLD = 200
"""A site that changed may give the same drift in every frame: each is logged once."""

_DETAIL_CHARS = 300


@attrs.frozen(kw_only=True)
class DriftSeen:
    """One kind of drift."""

    kind: str
    count: int
    """Since the service started."""
    last: float
    """In unix seconds."""
    detail: str
    """Of the last one; names and shapes, never any of a page's text."""


@attrs.define(eq=False)
class DriftRecord:
    """Counts a site's drifts by kind, and keeps the last of each."""

    site: str
    clock: Callable[[], float] = time.time
    _seen: dict[str, DriftSeen] = attrs.field(factory=dict, init=False)
    _told: set[tuple[str, str]] = attrs.field(factory=set, init=False)

    @property
    def seen(self) -> tuple[DriftSeen, ...]:
        """What was met, the latest first."""
        return tuple(sorted(self._seen.values(), key=lambda seen: seen.last, reverse=True))

    def note(self, drift: Drift) -> None:
        """Count a drift, and log it the first time that it comes in these words."""
        before = self._seen.get(drift.kind)
        if before is None and len(self._seen) >= _KINDS_KEPT:
            return
        detail = drift.detail[:_DETAIL_CHARS]
        if len(self._told) < _LINES_TOLD and (drift.kind, detail) not in self._told:
            self._told.add((drift.kind, detail))
            _log.warning("site_drift", site=self.site, kind=drift.kind, detail=detail)
        count = 1 if before is None else before.count + 1
        self._seen[drift.kind] = DriftSeen(kind=drift.kind, count=count, last=self.clock(), detail=detail)
