"""What came back for one question."""

from __future__ import annotations

from typing import Any

import attrs

from cdp_relay.chat import (
    ChatEvent,
    Drift,
    Finished,
    Notice,
    ReasoningDelta,
    Step,
    StepReached,
    TextDelta,
    TextRetracted,
)

__all__ = ["Reply"]


@attrs.define
class Reply:
    """The events of one turn, in order, and what tests mostly want of them."""

    events: list[ChatEvent] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        """The answer, without what was taken back."""
        text = ""
        for event in self.events:
            if isinstance(event, TextDelta):
                text += event.text
            elif isinstance(event, TextRetracted):
                text = text[: max(0, len(text) - event.chars)]
        return text

    @property
    def reasoning(self) -> str:
        """What the site showed of the model's thinking."""
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def steps(self) -> list[Step]:
        """The steps that the turn reached."""
        return [event.step for event in self.events if isinstance(event, StepReached)]

    @property
    def finished(self) -> Finished:
        """The last event: how the turn ended."""
        last = self.events[-1]
        if not isinstance(last, Finished):
            raise LookupError(f"The turn has not ended; its last event is {last}")
        return last

    @property
    def notices(self) -> list[str]:
        """The codes of what the client was told beside the answer."""
        return [event.code for event in self.events if isinstance(event, Notice)]

    @property
    def drifts(self) -> list[Drift]:
        """What the site did that its definition or decoder does not know."""
        return [event for event in self.events if isinstance(event, Drift)]

    def facts(self, step: Step) -> dict[str, Any]:
        """The facts of a step, of the last time it was reached."""
        return dict(
            next(
                event.facts
                for event in reversed(self.events)
                if isinstance(event, StepReached) and event.step is step
            )
        )
