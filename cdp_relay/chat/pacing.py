"""How often a site is asked: when the next prompt may go, and turns that wait for that moment.

:class:`Pace` decides and knows no clock; :class:`Pacer` waits.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

import attrs
import trio

from cdp_relay.chat.contract import Pacing
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Step
from cdp_relay.errors import PaceExceeded

__all__ = ["Pace", "Pacer", "Slot"]

_HOUR = 3600.0


@attrs.frozen
class Slot:
    """When a prompt may go, in unix seconds, and what keeps it until then."""

    at: float
    why: Literal["gap", "hour"] | None


@attrs.define(eq=False)
class Pace:
    """The pace of one site: what was sent within the last hour, and what may follow it.

    All times are unix seconds, passed in; one that lies in the future (the clock was set back) is
    dropped, as it would hold the site up for nobody knows how long.
    """

    pacing: Pacing
    _sent: deque[float] = attrs.field(factory=deque, init=False)
    """When prompts left, oldest first; at most ``per_hour``."""
    _ended: float = attrs.field(default=-math.inf, init=False)
    """When the last turn ended."""

    @property
    def sent(self) -> tuple[float, ...]:
        """When prompts were sent, oldest first, as far as that counts towards an hour."""
        return tuple(self._sent) if self.pacing.per_hour else ()

    def remember(self, times: Iterable[float]) -> None:
        """Take up what was sent before a restart."""
        self._sent.extend(sorted(times))
        self._trim()

    def slot(self, now: float, ahead: int = 0) -> Slot:
        """When the next prompt may go.

        Args:
          ahead: how many others wait already, and go first.
        """
        self._forget_the_future(now)
        planned: list[float] = []
        for _ in range(ahead):
            planned.append(self._next(now, planned).at)
        return self._next(now, planned)

    def send(self, now: float) -> None:
        """A prompt goes now."""
        self._sent.append(now)
        self._trim()

    def take_back(self, at: float) -> None:
        """The prompt of :meth:`send` did not leave after all."""
        if at in self._sent:
            self._sent.remove(at)

    def end(self, now: float) -> None:
        """A turn ended."""
        self._ended = now

    def _next(self, now: float, planned: list[float]) -> Slot:
        slot = Slot(now, None)
        last = max([self._ended, *planned[-1:], *self._latest])
        if self.pacing.gap_seconds > 0 and last + self.pacing.gap_seconds > slot.at:
            slot = Slot(last + self.pacing.gap_seconds, "gap")
        limit = self.pacing.per_hour
        if limit > 0 and len(self._sent) + len(planned) >= limit:
            place = len(self._sent) + len(planned) - limit
            before = self._sent[place] if place < len(self._sent) else planned[place - len(self._sent)]
            if before + _HOUR > slot.at:
                slot = Slot(before + _HOUR, "hour")
        return slot

    @property
    def _latest(self) -> list[float]:
        return [self._sent[-1]] if self._sent else []

    def _trim(self) -> None:
        # Without a limit only the last one counts, for the gap.
        while len(self._sent) > max(1, self.pacing.per_hour):
            self._sent.popleft()

    def _forget_the_future(self, now: float) -> None:
        while self._sent and self._sent[-1] > now:
            self._sent.pop()
        if self._ended > now:
            self._ended = -math.inf


@attrs.define(eq=False)
class Pacer:
    """Makes the turns of one site wait for its pace, first come, first served."""

    site: str
    title: str
    pace: Pace
    longest_seconds: float
    """A longer wait is refused at once."""
    clock: Callable[[], float] = time.time
    """Unix seconds: the hour has to survive a restart."""
    _turnstile: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    _waiting: int = attrs.field(default=0, init=False)

    @property
    def next_at(self) -> float | None:
        """When the next prompt may go, in unix seconds; None when that is now."""
        now = self.clock()
        at = self.pace.slot(now, self._waiting).at
        return at if at > now else None

    async def enter(self, timeline: Timeline) -> float:
        """Wait until a prompt may go; returns when that was, for :meth:`leave`.

        Cancelling leaves no trace.

        Raises:
          PaceExceeded: the wait would be too long.
        """
        now = self.clock()
        slot = self.pace.slot(now, self._waiting)
        if slot.at - now > self.longest_seconds:
            raise self._too_long(slot, slot.at - now)
        if slot.why is not None:
            timeline.reach(Step.PACED, seconds=round(slot.at - now, 1), why=slot.why)
        self._waiting += 1
        try:
            async with self._turnstile:
                # Again after the sleep: the clock may have been set meanwhile.
                while (at := self.pace.slot(self.clock()).at) > (now := self.clock()):  # noqa: ASYNC110
                    await trio.sleep(max(at - now, 0.001))
                self.pace.send(now)
        finally:
            self._waiting -= 1
        return now

    def leave(self, entered: float, *, sent: bool) -> None:
        """The turn that entered is over.

        Args:
          sent: whether its prompt may have left; if not, it does not count.
        """
        if sent:
            self.pace.end(self.clock())
        else:
            self.pace.take_back(entered)

    def _too_long(self, slot: Slot, seconds: float) -> PaceExceeded:
        pacing = self.pace.pacing
        if slot.why == "hour":
            rule, setting = f"{pacing.per_hour} prompts an hour", f"sites.{self.site}.per_hour"
        else:
            rule, setting = f"{pacing.gap_seconds:g} s between prompts", f"sites.{self.site}.gap_seconds"
        return PaceExceeded(
            f"The relay's own pace for {self.title} is {rule}; the next prompt may go in {seconds:.0f} s.",
            next_step=f"Wait as long as Retry-After says, or change {setting} (0 for no limit).",
            retry_after_seconds=seconds,
            details={"site": self.site, "setting": setting},
        )
