"""A turn's timeline: which step was reached when, with what."""

from __future__ import annotations

from typing import Any

import attrs
import structlog
import trio

from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.vocabulary import RequestId, Step, StepReached

__all__ = ["Timeline"]

_log = structlog.stdlib.get_logger("cdp_relay.turn")


@attrs.define(eq=False)
class Timeline:
    """Records a turn's steps, tells the client of each, and logs them under the request's id."""

    request: RequestId
    delivery: Delivery
    started: float = attrs.field(factory=trio.current_time)
    steps: list[StepReached] = attrs.field(factory=list, init=False)

    @property
    def seconds(self) -> float:
        """Since the request arrived."""
        return trio.current_time() - self.started

    @property
    def last(self) -> Step | None:
        """The last step that was reached."""
        return self.steps[-1].step if self.steps else None

    def reached(self, step: Step) -> bool:
        """Whether the turn has come to a step."""
        return any(one.step is step for one in self.steps)

    def reach(self, step: Step, **facts: Any) -> StepReached:
        """Note that a step is reached. Facts must hold no page text, prompt or key."""
        reached = StepReached(step=step, at_seconds=round(self.seconds, 4), facts=facts)
        self.steps.append(reached)
        self.delivery.put(reached)
        _log.debug("turn_step", request=self.request, step=step.value, at=reached.at_seconds, **facts)
        return reached
