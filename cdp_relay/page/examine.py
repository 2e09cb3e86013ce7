"""How selectors fare on a page: which match, which are usable, and what could stand in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from cdp_relay.page.tab import Tab

__all__ = ["Alternative", "Candidate", "examine_selectors", "read_stamps", "suggest_controls"]

_LOOK_SECONDS = 5.0


@attrs.frozen(kw_only=True)
class Alternative:
    """One selector, and what it finds. Counts stop at 200."""

    selector: str
    matches: int
    visible: int
    usable: int
    """Visible, and neither inert nor hidden from assistive technology."""
    valid: bool = True
    """False for what is no CSS selector."""


@attrs.frozen(kw_only=True)
class Candidate:
    """An element that could be the one that is looked for."""

    selector: str
    """Made from lasting marks (test ids, roles, labels), never from made-up class names alone."""
    matches: int
    """How many usable elements it finds; 1 is what is wanted."""
    tag: str
    role: str
    label: str
    because: tuple[str, ...]


async def examine_selectors(
    tab: Tab, groups: Mapping[str, Sequence[str]]
) -> Mapping[str, tuple[Alternative, ...]]:
    """Look at every alternative of every group, in order, as the page is now."""
    names = {name: list(selectors) for name, selectors in groups.items()}
    report = await tab.world.look("examine", names, timeout=_LOOK_SECONDS)
    return {name: tuple(Alternative(**one) for one in report[name]) for name in names}


async def suggest_controls(tab: Tab, purpose: str, composer: Sequence[str]) -> tuple[Candidate, ...]:
    """The likeliest elements for a purpose, best first, by label, role and position.

    Args:
      purpose: ``composer``, ``send`` or ``stop``; for anything else there is no guess.
      composer: the selectors of the composer; the controls are looked for around it.
    """
    found = await tab.world.look("suggest", purpose, list(composer), timeout=_LOOK_SECONDS)
    return tuple(
        Candidate(
            selector=one["selector"],
            matches=one["matches"],
            tag=one["tag"],
            role=one["role"],
            label=one["label"],
            because=tuple(one["because"]),
        )
        for one in found
    )


async def read_stamps(tab: Tab, stamps: Mapping[str, str]) -> Mapping[str, str | None]:
    """What the page says at each ``SELECTOR@ATTRIBUTE``; None where there is nothing."""
    read: Mapping[str, str | None] = await tab.world.look("readStamps", dict(stamps), timeout=_LOOK_SECONDS)
    return read
