"""What a decoder said to some steps of a turn, however its bytes were cut; the same for every site."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    FileSeen,
    HandedOff,
    ModelSeen,
    SiteFailed,
    StreamDecoder,
    TitleSeen,
    UsageSeen,
)
from cdp_relay.chat.vocabulary import Drift, Notice, ReasoningDelta, TextDelta, TextRetracted

__all__ = ["RESUME", "Outcome", "Resume", "Step", "agreed", "run"]


class Resume:
    """A step: the page asks for the rest, or for the chat anew."""


RESUME = Resume()

Step = bytes | str | Resume | None
"""Bytes of a body, a message of a socket, a request to resume; None ends a body."""


@attrs.define(eq=False)
class Outcome:
    """What a decoder said."""

    events: list[DecoderEvent]

    @property
    def text(self) -> str:
        said = ""
        for event in self.events:
            if isinstance(event, TextDelta):
                said += event.text
            elif isinstance(event, TextRetracted):
                assert 0 < event.chars <= len(said)
                said = said[: -event.chars]
        return said

    @property
    def streamed(self) -> list[str | int]:
        """The text as a client that reads along gets it; a number is of characters taken back."""
        return [
            event.text if isinstance(event, TextDelta) else event.chars
            for event in self.events
            if isinstance(event, (TextDelta, TextRetracted))
        ]

    @property
    def retracted(self) -> int:
        return sum(event.chars for event in self.events if isinstance(event, TextRetracted))

    @property
    def files(self) -> list[FileSeen]:
        return [event for event in self.events if isinstance(event, FileSeen)]

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))

    @property
    def ends(self) -> list[str]:
        """How the answer ended: finish reasons and error codes, of which there is never more than one."""
        return [
            str(event.finish_reason) if isinstance(event, AnswerEnded) else event.error.code
            for event in self.events
            if isinstance(event, (AnswerEnded, SiteFailed))
        ]

    @property
    def error(self) -> Any:
        return next(event.error for event in self.events if isinstance(event, SiteFailed))

    @property
    def drift(self) -> list[tuple[str, str]]:
        return [(event.kind, event.detail) for event in self.events if isinstance(event, Drift)]

    @property
    def drift_lines(self) -> list[str]:
        return [f"{kind}: {detail}" for kind, detail in self.drift]

    @property
    def notices(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Notice)]

    @property
    def model(self) -> str | None:
        return next((one.model for one in reversed(self.events) if isinstance(one, ModelSeen)), None)

    @property
    def title(self) -> str | None:
        return next((one.title for one in reversed(self.events) if isinstance(one, TitleSeen)), None)

    @property
    def conversation(self) -> tuple[str | None, str | None] | None:
        seen = [one for one in self.events if isinstance(one, ConversationSeen)]
        return (seen[-1].conversation_id, seen[-1].message_id) if seen else None

    @property
    def facts(self) -> list[Any]:
        return [one for one in self.events if isinstance(one, (ConversationSeen, ModelSeen, TitleSeen))]

    @property
    def topics(self) -> list[str]:
        return [event.topic for event in self.events if isinstance(event, HandedOff)]

    @property
    def usage(self) -> tuple[int, int, int] | None:
        seen = [one for one in self.events if isinstance(one, UsageSeen)]
        if not seen:
            return None
        return seen[-1].prompt_tokens, seen[-1].completion_tokens, seen[-1].reasoning_tokens

    @property
    def gist(self) -> tuple[Any, ...]:
        """What must not depend on how the bytes were cut."""
        others = [repr(one) for one in self.events if not isinstance(one, (TextDelta, ReasoningDelta))]
        return self.text, self.reasoning, self.ends, [one for one in others if "SiteFailed" not in one]


def run(decoder: StreamDecoder, steps: Iterable[Step], size: int = 0) -> Outcome:
    """Decode, bodies in pieces of *size* bytes; 0 feeds each step whole."""
    events: list[DecoderEvent] = []
    for step in steps:
        if step is None:
            events += decoder.end_body()
        elif isinstance(step, Resume):
            decoder.resume(b"")
        elif isinstance(step, str):
            events += decoder.feed_frame(step)
        else:
            for at in range(0, len(step), size or len(step) or 1):
                events += decoder.feed(step[at : at + (size or len(step))])
    return Outcome(events)


def agreed(play: Callable[[int], Outcome]) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    whole = play(0)
    for size in (1, 7):
        assert play(size).gist == whole.gist
    assert len(whole.ends) <= 1
    return whole
