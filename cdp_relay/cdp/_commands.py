"""The table of commands that wait for an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import outcome
import trio

from cdp_relay.cdp.codec import Payload
from cdp_relay.cdp.event import JSON
from cdp_relay.cdp.failure import command_error, fresh
from cdp_relay.errors import BrowserError

if TYPE_CHECKING:
    from cdp_relay.cdp.session import Session

_log = logging.getLogger("cdp_relay.cdp")


class Pending:
    """A command on its way: who waits for it, and whether anybody still does."""

    __slots__ = ("abandoned", "late", "method", "session", "task")

    def __init__(
        self,
        session: Session,
        method: str,
        task: trio.lowlevel.Task | None,
        late: Callable[[Payload], None] | None = None,
    ) -> None:
        self.session = session
        self.method = method
        self.task = task
        """None for a command that was sent and forgotten."""
        self.late = late
        """Told of an answer that nobody waited for any more."""
        self.abandoned = False


class CommandTable:
    """Wakes each waiting task exactly once: with its answer, or with its failure."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._last_number = 0
        self.late_answers = 0
        self.post_failures = 0

    @property
    def methods(self) -> tuple[str, ...]:
        """What waits, the oldest first."""
        return tuple(pending.method for pending in self._pending.values())

    def next_number(self) -> int:
        """Return an id that no command of this connection ever had."""
        self._last_number += 1
        return self._last_number

    def add(self, number: int, pending: Pending) -> None:
        """Expect an answer."""
        self._pending[number] = pending

    async def wait(self, number: int, pending: Pending) -> Payload:
        """Wait for the answer; cancelling forgets the command, save for whoever wants its late answer."""

        def abandon(_: Callable[[], None]) -> trio.lowlevel.Abort:
            pending.abandoned = True
            pending.task = None
            if pending.late is None:
                self._pending.pop(number, None)
            return trio.lowlevel.Abort.SUCCEEDED

        payload: Payload = await trio.lowlevel.wait_task_rescheduled(abandon)
        return payload

    def answer(self, number: int, payload: Payload, error: JSON | None) -> None:
        """Take an answer of the browser."""
        pending = self._pending.pop(number, None)
        if pending is None:
            self.late_answers += 1
            return
        task, pending.task = pending.task, None
        if task is None:
            if pending.late is not None and error is None:
                self.late_answers += 1
                pending.late(payload)
            elif error is not None:
                self.post_failures += 1
                _log.debug("%s was refused: %s", pending.method, error.get("message"))
        elif error is None:
            trio.lowlevel.reschedule(task, outcome.Value(payload))
        else:
            # Raised in the waiting task, so the traceback is the caller's.
            trio.lowlevel.reschedule(task, outcome.Error(command_error(pending.method, error)))

    def fail(self, session: Session | None, error: BrowserError) -> None:
        """Fail what waits on *session*, or everything when None, each with an error of its own."""
        for number, pending in tuple(self._pending.items()):
            if session is None or pending.session is session:
                del self._pending[number]
                pending.abandoned = True
                task, pending.task = pending.task, None
                if task is not None:
                    trio.lowlevel.reschedule(task, outcome.Error(fresh(error, pending.method)))
