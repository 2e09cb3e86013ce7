"""A turn's way past the state of its site: refused, let through, or kept until the person has acted."""

from __future__ import annotations

import attrs
import trio

from cdp_relay.chat.health import SiteHealth, needs_person
from cdp_relay.chat.timeline import Timeline
from cdp_relay.chat.vocabulary import Step
from cdp_relay.errors import RelayError

__all__ = ["Admission"]


@attrs.define(eq=False)
class Admission:
    """Asks the site's health before a turn, waits for the person where that is wished, and reports back."""

    health: SiteHealth
    timeline: Timeline
    model: str | None
    """The model that is asked for, None where the site chooses."""
    person_seconds: float
    """How long to wait for the person, all in all; 0 refuses at once."""
    _deadline: float | None = attrs.field(default=None, init=False)
    _looking: bool = attrs.field(default=False, init=False)
    """Whether this turn looks for itself how a paused site is."""
    _refusal: RelayError | None = attrs.field(default=None, init=False)

    async def enter(self) -> None:
        """Return once the turn may begin.

        Raises:
          RelayError: the site is cooling down, or the person is needed and did not act in time.
        """
        while True:
            try:
                self.check()
                return
            except RelayError as refusal:
                if not self.may_wait(refusal):
                    raise
            assert self._deadline is not None
            seconds = min(self._deadline - trio.current_time(), self.health.look_in_seconds)
            # At least a moment: the two clocks round differently.
            with trio.move_on_after(max(seconds, 0.001)):
                await self.health.changed()

    def check(self) -> None:
        """Raise why the turn can't begin, or go on, now."""
        try:
            self._looking = self.health.check(self.model, looking=self._looking)
        except RelayError as refusal:
            self._refusal = refusal
            raise

    def may_wait(self, error: RelayError) -> bool:
        """Whether the turn waits for the person to end the state that *error* tells of."""
        if not self.person_seconds or not needs_person(error):
            return False
        if self._deadline is None:
            self._deadline = trio.current_time() + self.person_seconds
            self.timeline.reach(Step.PAUSED, state=self.health.state, seconds=self.person_seconds)
        return trio.current_time() < self._deadline

    def failed(self, error: RelayError) -> None:
        """The turn met *error*: let the site's health learn from it, unless it came from there."""
        if error is not self._refusal:
            self._looking = False
            self.health.failed(error, self.model)

    def worked(self) -> None:
        """The turn came to an answer."""
        self.health.worked(looking=self._looking)
