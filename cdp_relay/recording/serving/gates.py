"""Named places where a site stops until a test lets it go on."""

from __future__ import annotations

import threading

import trio

from cdp_relay.recording.serving.journal import Entry, Journal

__all__ = ["Gates"]


class Gates:
    """The gates of one site during one test.

    A gate is open unless it was shut. Shutting and opening work from every thread; passing is
    for tasks on the server's loop. Each stop at a shut gate is journalled as ``held``.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._shut: set[str] = set()
        self._released = False
        self._waiting: dict[str, list[tuple[trio.lowlevel.TrioToken, trio.Event]]] = {}

    def shut(self, *names: str) -> None:
        """From now on, hold whatever comes to these gates."""
        with self._lock:
            self._shut.update(names)

    def open(self, *names: str) -> None:
        """Open these gates, or all of them, and let go what is held there."""
        with self._lock:
            chosen = set(names) or set(self._shut) | set(self._waiting)
            self._shut -= chosen
            freed = [ticket for name in chosen for ticket in self._waiting.pop(name, [])]
        for token, event in freed:
            token.run_sync_soon(event.set)

    def release_for_good(self) -> None:
        """Open everything and hold nothing ever again: the test is over."""
        with self._lock:
            self._released = True
        self.open()

    async def pass_through(self, name: str, *, shut: bool = False) -> None:
        """Go through a gate; waits there while it is shut.

        Args:
          shut: hold this one passer even though nobody shut the gate.
        """
        with self._lock:
            if self._released or not (shut or name in self._shut):
                return
            event = trio.Event()
            self._waiting.setdefault(name, []).append((trio.lowlevel.current_trio_token(), event))
        self._journal.record("held", gate=name)
        await event.wait()

    async def held(self, name: str, *, count: int = 1, timeout: float = 10.0) -> Entry:
        """Wait until something has come to a shut gate."""
        return await self._journal.wait(
            "held", count=count, where=lambda entry: entry["gate"] == name, timeout=timeout
        )
