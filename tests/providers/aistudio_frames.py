"""Build bodies of AI Studio's form, and decode them in one go or cut to pieces."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Any

import attrs

from cdp_relay.chat.contract import AnswerEnded, DecoderEvent, FileSeen, Provider, SiteFailed, UsageSeen
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.vocabulary import Drift, Notice, ReasoningDelta, TextDelta

NOW = 1_790_000_000.0


@functools.cache
def provider() -> Provider:
    """The provider as the registry loads it, with a clock that stands still."""
    site = load_provider("aistudio")
    return type(site)(site.site, now=lambda: NOW)  # type: ignore[call-arg]  # the class of this module


def part(text: Any = None, /, thought: Any = False, **places: Any) -> list[Any]:
    """A part of an answer; *places* are named ``p<number>``."""
    wanted = {1: text, 12: 1 if thought else None, **{int(key[1:]): value for key, value in places.items()}}
    wanted = {place: value for place, value in wanted.items() if value is not None}
    return [wanted.get(place) for place in range(max(wanted, default=0) + 1)]


def frame(
    *parts: Any, finish: Any = None, usage: Any = None, message: str | None = None, role: Any = "model"
) -> list[Any]:
    candidate: list[Any] = [[[*parts], role]]
    if finish is not None:
        candidate.append(finish)
    if message is not None:
        candidate += [None, message]
    return [[candidate], None, usage, None, None, None, None, "v1_abc"]


def text(piece: str) -> list[Any]:
    return frame(part(piece))


def usage(prompt: int, output: int | None, thoughts: int | None = None) -> list[Any]:
    total = prompt + (output or 0) + (thoughts or 0)
    return [prompt, output, total, None, [[1, prompt]], None, None, None, None, thoughts]


LAST = frame(part(""), finish=1)
TRAILER = [None, None, None, ["1771093314497317", 77875770, 1764529208]]


def body(*frames: Any, status: Any = None, closed: bool = True, holes: bool = False) -> bytes:
    """A body; with *holes*, empty places are left out, as the site writes them now and then."""
    document: list[Any] = [[*frames]]
    if status is not None:
        document.append(status)
    written = json.dumps(document, separators=(",", ":"))
    if holes:
        written = written.replace("null,", ",")
    return (written if closed else written[:-2]).encode()


@attrs.define(eq=False)
class Outcome:
    """What a decoder said."""

    events: list[DecoderEvent]

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

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
    def drift(self) -> list[str]:
        return [f"{event.kind}: {event.detail}" for event in self.events if isinstance(event, Drift)]

    @property
    def notices(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Notice)]

    @property
    def files(self) -> list[FileSeen]:
        return [event for event in self.events if isinstance(event, FileSeen)]

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


def play(steps: Iterable[bytes | None], size: int = 0) -> Outcome:
    """Decode bytes (in pieces of *size*); None ends a body."""
    decoder = provider().new_decoder()
    events: list[DecoderEvent] = []
    for step in steps:
        if step is None:
            events += decoder.end_body()
            continue
        for at in range(0, len(step), size or len(step) or 1):
            events += decoder.feed(step[at : at + (size or len(step))])
    return Outcome(events)


def decode(*steps: bytes | None) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    whole = play([*steps, None])
    for size in (1, 7):
        assert play([*steps, None], size).gist == whole.gist
    assert len(whole.ends) <= 1
    return whole
