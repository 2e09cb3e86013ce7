"""When what was recorded is due."""

from __future__ import annotations

import attrs
import trio

__all__ = ["Pace"]


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
            await trio.sleep_until(begun + after / self.speed)
        else:
            await trio.lowlevel.checkpoint()
