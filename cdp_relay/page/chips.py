"""The chips by which a composer shows what is attached: counted, and taken away again."""

from __future__ import annotations

from collections.abc import Sequence

from cdp_relay.errors import InsertionFailed
from cdp_relay.page.tab import Tab

__all__ = ["chip_count", "chip_labels", "remove_chips"]

_LOOK_SECONDS = 5.0
_REMOVE_SECONDS = 3.0
_TRIES = 3


async def chip_count(tab: Tab, selectors: Sequence[str]) -> int:
    """Count the visible chips; of nested matches the innermost counts."""
    if not selectors:
        return 0
    count: int = await tab.world.look("chipCount", list(selectors), timeout=_LOOK_SECONDS)
    return count


async def chip_labels(tab: Tab, selectors: Sequence[str]) -> tuple[str, ...]:
    """What each chip says of its file, in labels and in text."""
    return tuple(await tab.world.look("chipLabels", list(selectors), timeout=_LOOK_SECONDS))


async def remove_chips(
    tab: Tab, selectors: Sequence[str], remove_selectors: Sequence[str], *, keep: int = 0
) -> int:
    """Take away all chips but the first *keep*, and see them go; returns how many went.

    Raises:
      InsertionFailed: a chip stays, or has no control that removes it.
    """
    first = count = await chip_count(tab, selectors)
    tries = 0
    while count > keep:
        if tries == _TRIES:
            raise InsertionFailed("An attachment in the composer could not be removed.")
        await _remove_last(tab, selectors, remove_selectors, count)
        left = await chip_count(tab, selectors)
        tries = 0 if left < count else tries + 1
        count = left
    return max(0, first - count)


async def _remove_last(
    tab: Tab, selectors: Sequence[str], remove_selectors: Sequence[str], count: int
) -> None:
    place = await tab.world.look("lastChip", list(selectors), timeout=_LOOK_SECONDS)
    if place is None:
        return
    await tab.mouse.move(place["x"], place["y"])
    control = await tab.world.wait(
        "removeControl", list(selectors), list(remove_selectors), seconds=_REMOVE_SECONDS
    )
    if control is None:
        raise InsertionFailed(
            "An attachment in the composer has no control that removes it.",
            details={"selectors": list(remove_selectors)},
        )
    if not control["gone"]:
        await tab.mouse.click(control["x"], control["y"])
        await tab.world.wait("fewerChips", list(selectors), count, seconds=_REMOVE_SECONDS)
