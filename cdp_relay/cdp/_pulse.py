"""Whether the browser still lives: a stopped one closes nothing and answers nothing."""

from __future__ import annotations

from collections.abc import Callable

import trio

from cdp_relay.cdp.limits import ConnectionLimits
from cdp_relay.cdp.transport import Pinging
from cdp_relay.errors import BrowserError, BrowserStalled


class Pulse:
    """Asks for a sign of life at regular times and counts those that do not come."""

    def __init__(self, limits: ConnectionLimits, ping: Pinging, received: Callable[[], int]) -> None:
        self._limits = limits
        self._ping = ping
        self._received = received
        self.missed = 0
        """Signs of life missing in a row."""

    async def feel(self) -> None:
        """Ask for ever.

        Raises:
          BrowserStalled: ``stalled_after_misses`` signs of life in a row did not come.
        """
        limits = self._limits
        async with trio.open_nursery() as nursery:
            while self.missed < limits.stalled_after_misses:
                await trio.sleep(limits.ping_interval_seconds)
                before, answered = self._received(), trio.Event()
                # A ping is left to itself: cancelling it could cut its frame, and an answer to
                # any later one answers it too.
                nursery.start_soon(self._ask, answered)
                with trio.move_on_after(limits.ping_timeout_seconds):
                    await answered.wait()
                # A large message on its way holds up the pong, but then messages do come.
                alive = answered.is_set() or self._received() != before
                self.missed = 0 if alive else self.missed + 1
            nursery.cancel_scope.cancel()
        raise BrowserStalled(f"The browser gave no sign of life {self.missed} times in a row.")

    async def _ask(self, answered: trio.Event) -> None:
        try:
            await self._ping.ping()
        except BrowserError:
            return  # the reader notices the same, and knows more
        answered.set()
