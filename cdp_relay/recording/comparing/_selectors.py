"""How the site's definition fitted the page then, and how it does now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from cdp_relay.recording.comparing.difference import Difference, Weight
from cdp_relay.recording.session import Look

__all__ = ["Alternatives", "differences_of_key", "differences_of_looks", "matched"]

Alternatives = Sequence[tuple[str, int]]
"""The selectors of a key, each with the number of its usable matches."""

_VITAL = ("selectors.", "answer.", "attachments.")
_PASSING = frozenset(
    (
        "answer.working",
        "answer.exclude",
        "answer.thinking",
        "answer.files",
        "attachments.busy",
        "selectors.dismiss",
    )
)
"""Keys of what comes and goes while an answer comes, or by what it holds."""
_SEVERAL = ("answer.", "states", "controls.", "tidy.", "selectors.signed_in", "selectors.dismiss")
"""Keys of which a page may show several."""


def differences_of_looks(old: Sequence[Look], new: Sequence[Look]) -> Iterator[Difference]:
    """Each key over all steps: what passes while an answer comes is seen at one look and not at another."""
    then, now = {look.step: look for look in old}, {look.step: look for look in new}
    for step in then:
        if step not in now:
            yield Difference(
                kind="page",
                weight="notable",
                sentence=f"The step {step!r} was looked at in the old recording, and not in the new one.",
                where=step,
                old=step,
            )
    steps = [step for step in then if step in now]
    for key in dict.fromkeys(key for look in (*old, *new) for key in look.matches):
        told: list[Difference] = []
        fits = False
        for step in steps:
            was = then[step].matches.get(key, ())
            found = list(differences_of_key(key, was, now[step].matches.get(key, ()), step))
            fits = fits or (matched(was) is not None and not found)
            told += found
        for one in told:
            yield _elsewhere(one) if fits else one


def _elsewhere(difference: Difference) -> Difference:
    """What fits at another step as it did was there a little sooner or later."""
    return attrs.evolve(
        difference, weight="minor", sentence=f"{difference.sentence} It fits as it did at another step."
    )


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
    weight: Weight = "minor" if key in _PASSING else "notable"
    if now is None:
        yield _gone(key, then, len(old), step)
    elif now[1] != then[1]:
        yield Difference(
            kind="selector",
            weight=weight,
            sentence=f"{key}: at the step {step!r} another alternative matches now: {now[1]} "
            f"({_place(now[0], len(new))}) instead of {then[1]}.",
            where=key,
            old=then[1],
            new=now[1],
        )
    elif now[2] > 1 >= then[2] and not key.startswith(_SEVERAL):
        yield Difference(
            kind="selector",
            weight=weight,
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
        weight = "minor" if key in _PASSING else "breaks" if key.startswith(_VITAL) else "notable"
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
