"""How the site's definition fitted the page then, and how it does now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdp_relay.recording.comparing.difference import Difference, Weight
from cdp_relay.recording.session import Look

__all__ = ["Alternatives", "differences_of_key", "differences_of_looks", "matched"]

Alternatives = Sequence[tuple[str, int]]
"""The selectors of a key, each with the number of its usable matches."""

_VITAL = ("selectors.", "answer.", "attachments.")
_SEVERAL = ("answer.", "states", "controls.", "tidy.", "selectors.signed_in", "selectors.dismiss")
"""Keys of which a page may show several."""


def differences_of_looks(old: Sequence[Look], new: Sequence[Look]) -> Iterator[Difference]:
    """Every step's looks, key by key; steps that only one recording came to are told apart."""
    now = {look.step: look for look in new}
    then = {look.step: look for look in old}
    for step, look in then.items():
        if step not in now:
            yield Difference(
                kind="page",
                weight="notable",
                sentence=f"The step {step!r} was looked at in the old recording, and not in the new one.",
                where=step,
                old=step,
            )
            continue
        for key, alternatives in look.matches.items():
            yield from differences_of_key(key, alternatives, now[step].matches.get(key, ()), step)
        for key, alternatives in now[step].matches.items():
            if key not in look.matches:
                yield from differences_of_key(key, (), alternatives, step)


def differences_of_key(key: str, old: Alternatives, new: Alternatives, step: str) -> Iterator[Difference]:
    """What became of the selectors of one key at one step."""
    then, now = matched(old), matched(new)
    if then is None:
        if now is not None and key.startswith("states"):
            yield Difference(
                kind="selector",
                weight="notable",
                sentence=f"{key} ({now[1]}) matches now at the step {step!r}: the page shows a state.",
                where=key,
                new=now[1],
            )
        return
    if now is None:
        yield _gone(key, then, len(old), step)
    elif now[1] != then[1]:
        yield Difference(
            kind="selector",
            weight="notable",
            sentence=f"{key}: at the step {step!r} another alternative matches now: {now[1]} "
            f"({_place(now[0], len(new))}) instead of {then[1]}.",
            where=key,
            old=then[1],
            new=now[1],
        )
    elif now[2] > 1 >= then[2] and not key.startswith(_SEVERAL):
        yield Difference(
            kind="selector",
            weight="notable",
            sentence=f"{key}: {now[1]} matches {now[2]} elements now at the step {step!r}, and matched one.",
            where=key,
            old="1",
            new=str(now[2]),
        )


def matched(alternatives: Alternatives) -> tuple[int, str, int] | None:
    """The first alternative that matches: its rank from 0, its selector, its number of matches."""
    for rank, (selector, count) in enumerate(alternatives):
        if count:
            return rank, selector, count
    return None


def _gone(key: str, then: tuple[int, str, int], count: int, step: str) -> Difference:
    if key.startswith("states"):
        weight: Weight = "minor"
        sentence = f"{key} ({then[1]}) does not match any more at the step {step!r}: the state is gone."
    else:
        weight = "breaks" if key.startswith(_VITAL) else "notable"
        sentence = (
            f"{key}: nothing matches any more at the step {step!r}; it was {then[1]} "
            f"({_place(then[0], count)})."
        )
    return Difference(kind="selector", weight=weight, sentence=sentence, where=key, old=then[1])


def _place(rank: int, count: int) -> str:
    return f"alternative {rank + 1} of {count}" if count > 1 else "the only alternative"


def at_any_step(looks: Sequence[Look]) -> Mapping[str, tuple[str, Alternatives]]:
    """For each key the step at which it matched best, and how."""
    best: dict[str, tuple[str, Alternatives]] = {}
    for look in looks:
        for key, alternatives in look.matches.items():
            found = matched(alternatives)
            known = best.get(key)
            if found is None:
                continue
            known_rank = matched(known[1]) if known is not None else None
            if known_rank is None or found[0] < known_rank[0]:
                best[key] = (look.step, alternatives)
    return best
