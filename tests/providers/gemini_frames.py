"""Build bodies of Gemini's form, and decode them in one go or cut to pieces."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from cdp_relay.chat.contract import (
    Provider,
)
from cdp_relay.chat.registry import load_provider
from tests.providers.outcome import RESUME, Outcome, Step, agreed, run

NOW = 1_790_000_000.0
IDS = ["c_0123456789abcdef", "r_fedcba9876543210"]
PREFIX = ")]}'\n\n"


@functools.cache
def provider() -> Provider:
    """The provider as the registry loads it, with a clock that stands still."""
    site = load_provider("gemini")
    return type(site)(site.site, now=lambda: NOW)  # type: ignore[call-arg]  # the class of this module


def sparse(places: dict[int, Any]) -> list[Any]:
    """A list that holds the values at their places."""
    return [places.get(place) for place in range(max(places, default=-1) + 1)]


def candidate(text: Any = None, *, done: bool = False, thoughts: Any = None, **places: Any) -> list[Any]:
    """An answer as far as it has come; further *places* are named ``p<number>``."""
    wanted: dict[int, Any] = {0: "rc_1", 8: [2 if done else 1]}
    if text is not None:
        wanted[1] = [text]
    if thoughts is not None:
        wanted[37] = [[thoughts]]
    return sparse(wanted | {int(key[1:]): value for key, value in places.items()})


def payload(*candidates: Any, ids: Any = IDS, **places: Any) -> list[Any]:
    """The envelope of a payload."""
    wanted: dict[int, Any] = {1: ids}
    if candidates:
        wanted[4] = list(candidates)
    inner = sparse(wanted | {int(key[1:]): value for key, value in places.items()})
    return ["wrb.fr", None, json.dumps(inner, ensure_ascii=False)]


def text(text: str, **more: Any) -> list[Any]:
    return payload(candidate(text, **more))


def failed(code: Any, grpc: int = 13) -> list[Any]:
    kind = "type.googleapis.com/assistant.boq.bard.application.BardErrorInfo"
    return ["wrb.fr", None, None, None, None, [grpc, None, [[kind, [code]]]]]


def history(*turns: Any) -> list[Any]:
    """The envelope of a chat that the page reads: turns of response id and candidate, newest first."""
    told = [
        [[IDS[0], response], None, [["asked"]], sparse({0: [one], 21: "3 Pro"})] for response, one in turns
    ]
    return ["wrb.fr", "hNvQHb", json.dumps([told])]


def frame(*envelopes: Any) -> str:
    """One frame; its length counts UTF-16 units and the newlines around it."""
    written = json.dumps(envelopes, ensure_ascii=False, separators=(",", ":"))
    return f"{len(written.encode('utf-16-le')) // 2 + 2}\n{written}\n"


def end(count: int) -> list[Any]:
    return ["e", count, None, None, 1]


def body(*envelopes: Any, ended: bool = True) -> bytes:
    """A body, each envelope in a frame of its own."""
    frames = [frame(envelope) for envelope in envelopes]
    if ended:
        frames += [frame(["di", 5], ["af.httprm", 5, "1", 2]), frame(end(len(envelopes) + 3))]
    return (PREFIX + "".join(frames)).encode()


def play(steps: Iterable[Step], size: int = 0) -> Outcome:
    """Decode with this site's decoder; see :func:`tests.providers.outcome.run`."""
    return run(provider().new_decoder(), _with_resumes(steps), size)


def decode(*steps: Step) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    return agreed(functools.partial(play, [*steps, None]))


def _with_resumes(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, and after each body the page's reading of the chat."""
    for step in steps:
        yield step
        if step is None:
            yield RESUME


def told(*envelopes: Any, ended: bool = True) -> Outcome:
    """Decode one body, each envelope in a frame of its own."""
    return decode(body(*envelopes, ended=ended))
