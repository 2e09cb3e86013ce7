"""What happened on a site, in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import attrs
import trio

__all__ = ["Entry", "Journal"]


@attrs.frozen(kw_only=True)
class Entry:
    """One thing that happened."""

    kind: str
    at: float
    """Seconds on ``time.perf_counter``, which tests in the same process can compare with their own."""
    data: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


_MAX_ENTRIES = 1 << 20

Where = Callable[[Entry], bool]


class Journal:
    """An append-only list of entries.

    The server's thread writes, tests read; waiting is done by events and works from any Trio loop.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_MAX_ENTRIES)
        self._waiting: set[tuple[trio.lowlevel.TrioToken, trio.Event]] = set()

    def record(self, kind: str, **data: Any) -> Entry:
        """Add an entry and wake whoever waits."""
        entry = Entry(kind=kind, at=time.perf_counter(), data=data)
        with self._lock:
            self._entries.append(entry)
            waiting, self._waiting = self._waiting, set()
        for token, event in waiting:
            try:
                token.run_sync_soon(event.set)
            except trio.RunFinishedError:  # its test is over
                continue
        return entry

    def entries(self, kind: str | None = None, where: Where | None = None) -> list[Entry]:
        """Return what happened so far, oldest first; of one kind, where a condition holds."""
        with self._lock:
            found = list(self._entries)
        return [
            entry
            for entry in found
            if (kind is None or entry.kind == kind) and (where is None or where(entry))
        ]

    def count(self, kind: str, where: Where | None = None) -> int:
        """How often something happened."""
        return len(self.entries(kind, where))

    async def wait(
        self, kind: str, *, count: int = 1, where: Where | None = None, timeout: float = 10.0
    ) -> Entry:
        """Wait until something happened ``count`` times in all, and return the last of these entries.

        Raises:
          AssertionError: it did not happen in time; the message lists what did.
        """
        try:
            with trio.fail_after(timeout):
                return await self._wait_for(kind, count, where)
        except trio.TooSlowError:
            happened = ", ".join(entry.kind for entry in self.entries()) or "nothing"
            raise AssertionError(
                f"{kind!r} did not happen {count} time(s) within {timeout} s; there was: {happened}"
            ) from None

    async def _wait_for(self, kind: str, count: int, where: Where | None) -> Entry:
        token = trio.lowlevel.current_trio_token()
        while True:
            event = trio.Event()
            ticket = (token, event)
            with self._lock:
                self._waiting.add(ticket)
            try:
                found = self.entries(kind, where)
                if len(found) >= count:
                    return found[count - 1]
                await event.wait()
            finally:
                with self._lock:
                    self._waiting.discard(ticket)
