"""Recording a tab: every request with the arrival of every chunk, every socket, and pages at chosen steps."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import attrs
import trio

from cdp_relay.errors import BrowserError
from cdp_relay.page import Tab
from cdp_relay.recording.recorder._ears import Ears
from cdp_relay.recording.recorder._snapshot import take_snapshot
from cdp_relay.recording.recorder._traffic import Traffic
from cdp_relay.recording.session import About, Exchange, Heard, KnownText, Look, Mark, Session, Snapshot

__all__ = ["MAX_BODY_BYTES", "MAX_HELD_BYTES", "Recorder", "open_recorder"]

MAX_HELD_BYTES = 256 << 20
"""Of memory, for all that a recording holds."""
MAX_BODY_BYTES = 64 << 20
"""Of one body, unpacked."""

_SETTLE_SECONDS = 3.0
_LEAVE_SECONDS = 5.0
"""For the scripts of workers, which are read last."""


@attrs.define(eq=False)
class Recorder:
    """What a tab has said and shown since the recording began. Made by :func:`open_recorder`.

    All of it is in memory, packed; :meth:`session` gives it at any time, also after the end.
    """

    _tab: Tab
    _traffic: Traffic
    _ears: Ears
    _marks: list[Mark] = attrs.field(factory=list, init=False)
    _snapshots: list[Snapshot] = attrs.field(factory=list, init=False)

    @property
    def now(self) -> float:
        """Seconds since the recording began, as all times in it are counted."""
        return trio.current_time() - self._ears.began

    @property
    def held_bytes(self) -> int:
        """Memory that the bodies and messages take, packed."""
        return self._traffic.held_bytes

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever reads the recording should know: what is missing from it, and why."""
        return tuple(self._traffic.notes)

    def mark(self, name: str) -> Mark:
        """Note that a step was reached now."""
        mark = Mark(name=name, at=round(self.now, 6))
        self._marks.append(mark)
        return mark

    async def snapshot(self, step: str) -> Snapshot | None:
        """Keep the page as it is now. It is only read: focus, selection and scripts notice nothing.

        None when it cannot be had (the tab is gone, or on its way to another document): a recording
        is not worth a turn, so that is noted and nothing is raised.
        """
        at = self.now
        try:
            taken = await take_snapshot(self._tab, step, at)
        except BrowserError as error:
            self._traffic.note(f"There is no page of the step {step!r}: {error.code}.")
            return None
        if taken is None:
            self._traffic.note(f"There is no page of the step {step!r}: it was too large.")
        elif not self._traffic.reserve(taken.html.held):
            self._traffic.note(f"There is no page of the step {step!r}: the recording held what it may.")
        else:
            self._snapshots.append(taken)
            return taken
        return None

    def exchanges(self) -> list[Exchange]:
        """All requests and sockets by now, in the order in which they began."""
        return self._traffic.exchanges(self._ears.zero or 0.0)

    async def settle(self, seconds: float = _SETTLE_SECONDS) -> None:
        """Wait until what the page has done by now is heard, and bodies that ended are here.

        Leaving the recorder's block does so as well; streams that still run are not waited for.
        """
        await self._ears.settle(seconds)

    def session(
        self,
        about: About,
        *,
        heard: Sequence[Heard] = (),
        looks: Sequence[Look] = (),
        texts: Sequence[KnownText] = (),
    ) -> Session:
        """The whole recording, with what others know of it; its notes are added to those of *about*."""
        return Session(
            about=attrs.evolve(about, notes=(*about.notes, *self.notes)),
            exchanges=self.exchanges(),
            marks=tuple(self._marks),
            snapshots=tuple(self._snapshots),
            looks=tuple(looks),
            heard=tuple(heard),
            texts=tuple(texts),
        )


@asynccontextmanager
async def open_recorder(
    tab: Tab, *, max_held_bytes: int = MAX_HELD_BYTES, max_body_bytes: int = MAX_BODY_BYTES
) -> AsyncGenerator[Recorder, None]:
    """Record a tab for as long as the block lasts; open it on ``about:blank`` and navigate in the block.

    Leaving the block waits for bodies that the browser still has to hand out (3 s at most). When the
    tab crashes or the browser goes, the block goes on: what was gathered stays, and a note says so.

    Args:
      max_held_bytes: bounds the memory. What does not fit is left out and noted: the site's own code
        and pictures first, the turns' streams last.
      max_body_bytes: the largest body that is kept.

    Raises:
      BrowserError: the tab is gone, or does not answer.
    """
    traffic = Traffic(tab.target_id, max_held_bytes=max_held_bytes, max_body_bytes=max_body_bytes)
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        ears = Ears(tab, traffic, nursery)
        try:
            await ears.begin()
            yield Recorder(tab, traffic, ears)
            await ears.settle(_SETTLE_SECONDS, at_the_end=True)
        except Exception as error:
            # Raised again outside of the nursery, where nothing wraps it into a group.
            failure = error
        finally:
            with trio.move_on_after(_LEAVE_SECONDS, shield=True):
                await ears.end()
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
