"""Build bodies of AI Studio's form, and decode them in one go or cut to pieces."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Any

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.registry import load_provider
from tests.providers.outcome import Outcome, Step, agreed, run

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


def play(steps: Iterable[Step], size: int = 0) -> Outcome:
    """Decode with this site's decoder; see :func:`tests.providers.outcome.run`."""
    return run(provider().new_decoder(), steps, size)


def decode(*steps: Step) -> Outcome:
    """Decode whole, at every byte and in sevens; all must say the same."""
    return agreed(functools.partial(play, [*steps, None]))
