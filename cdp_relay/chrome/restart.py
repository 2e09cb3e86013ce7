"""When to start a browser again that died: sooner at first, later, and at some point not at all."""

from __future__ import annotations

from collections import deque

import attrs

__all__ = ["RestartPolicy"]


@attrs.define(kw_only=True)
class RestartPolicy:
    """Counts deaths. Times are seconds on the caller's clock; it has none of its own."""

    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    window_seconds: float = 300.0
    """A browser that lived so long is healthy again: the waiting starts anew."""
    deaths_in_window: int = 5
    """So many deaths within the window open the circuit."""
    _deaths: deque[float] = attrs.field(factory=deque, init=False)
    _in_a_row: int = attrs.field(default=0, init=False)

    def note_death(self, now: float, *, lived_seconds: float) -> None:
        """Count a death; a start that failed is a life of no seconds."""
        self._in_a_row = 1 if lived_seconds >= self.window_seconds else self._in_a_row + 1
        self._deaths.append(now)

    def delay_seconds(self) -> float:
        """How long to wait before the next start."""
        # The exponent is bounded, as a number of any length would be no float.
        doublings = min(max(self._in_a_row - 1, 0), 16)
        return min(self.longest_seconds, self.first_seconds * 2.0**doublings)

    def open_seconds(self, now: float) -> float:
        """How long no start is to be tried; 0 while the circuit is closed."""
        while self._deaths and self._deaths[0] <= now - self.window_seconds:
            self._deaths.popleft()
        if len(self._deaths) < self.deaths_in_window:
            return 0.0
        # Until so many of the oldest have left the window that the rest is below the bound.
        leaving = self._deaths[len(self._deaths) - self.deaths_in_window]
        return max(0.0, leaving + self.window_seconds - now)
