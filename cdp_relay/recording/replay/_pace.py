"""When what was recorded is due."""

from __future__ import annotations

import attrs
import trio

__all__ = ["Pace"]

_ON_THE_WAY = 0.005
"""Seconds from Chrome's request to us and from our bytes to Chrome's event, on one machine: recorded times
hold the way from the site already (6.8 ms at the median, ``python -m benchmarks replaying``)."""


@attrs.frozen
class Pace:
    """A replay's speed: 1 is as recorded, 2 twice as fast, 0 at once with the same cuts."""

    speed: float

    def seconds(self, recorded: float) -> float:
        """How long a recorded time takes now."""
        return recorded / self.speed if self.speed else 0.0

    async def until(self, begun: float, after: float) -> None:
        """Wait for a recorded time after a beginning; an absolute one, so that no delays add up."""
        if self.speed:
            await trio.sleep_until(begun + after / self.speed - _ON_THE_WAY)
        else:
            await trio.lowlevel.checkpoint()
