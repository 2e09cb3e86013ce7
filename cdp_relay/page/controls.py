"""Controls that hold a value: menus, switches, fields, sliders and lists, worked by mouse and keys.

Every act is trusted input, and none is believed: what the control shows afterwards is read back.
Menus and panels that a page draws elsewhere in the document (portals, overlays) are found like all
else, by selectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import trio

from cdp_relay.errors import SelectorDrift
from cdp_relay.page.probe import Named, click_control, hover_control, visible_count
from cdp_relay.page.tab import Tab

__all__ = [
    "ControlShown",
    "MenuItem",
    "Slider",
    "await_control",
    "fill_field",
    "menu_items",
    "press_chain",
    "press_item",
    "put_away",
    "read_control",
    "remove_all",
    "slide",
    "tooltip_over",
]

_LOOK_SECONDS = 5.0
_QUIET_SECONDS = 1.0
"""A menu that has not changed for so long, without the item that is wanted, does not have it."""
_KEY_SECONDS = 1.0
"""How long a slider may take to answer a key."""
_MOST_STROKES = 250
_ESCAPES = 4
_AWAY_SECONDS = 0.7
_TOOLTIP_SECONDS = 1.5
_MOST_ENTRIES = 32


@attrs.frozen(kw_only=True)
class Slider:
    """Where a slider stands."""

    now: float
    least: float
    most: float


@attrs.frozen(kw_only=True)
class ControlShown:
    """What a control shows."""

    name: str
    """The attribute that was asked for, or the first line of its text."""
    text: str
    """All its words on one line, without icons and without the controls inside it."""
    value: str
    """What a field holds, to the letter; a slider's own words for its place; else the text."""
    on: bool | None
    """Whether a switch is on; None for what is no switch."""
    disabled: bool
    most: float | None
    """The largest number that a field of numbers or a slider says it takes."""
    slider: Slider | None


@attrs.frozen(kw_only=True)
class MenuItem:
    """One thing that can be chosen."""

    name: str
    text: str
    disabled: bool
    why: str
    """What the page says beside a disabled item; may be empty."""
    marked: bool
    """Whether the page marks it as the chosen one."""


async def read_control(
    tab: Tab, selectors: Sequence[str], attribute: str | None = None
) -> ControlShown | None:
    """Say what the first control that is shown holds, also behind a menu; None when none is there."""
    if not selectors:
        return None
    state = await tab.world.look("controlState", list(selectors), attribute, timeout=_LOOK_SECONDS)
    return _shown(state)


async def await_control(
    tab: Tab,
    selectors: Sequence[str],
    fits: Callable[[ControlShown | None], bool],
    *,
    attribute: str | None = None,
    timeout: float,
) -> ControlShown | None:
    """Wait until a control shows what is wanted; returns what it shows at the end, fitting or not.

    Args:
      fits: is given None while there is no such control.
    """
    deadline = trio.current_time() + timeout
    state = await tab.world.look("controlState", list(selectors), attribute, timeout=_LOOK_SECONDS)
    while (left := deadline - trio.current_time()) > 0:
        if fits(_shown(state)):
            break
        answer = await tab.world.wait("changedControl", list(selectors), attribute, state, seconds=left)
        state = answer["state"] if isinstance(answer, dict) else None
    return _shown(state)


async def press_chain(
    tab: Tab, chain: Sequence[Sequence[str]], selectors: Sequence[str], *, timeout: float
) -> bool:
    """Press controls in turn until one of *selectors* is there; says whether any had to be pressed.

    Where a later control of the chain is there already, as in a panel that stands open, those before it
    are left alone: to press them would close it.

    Raises:
      SelectorDrift: a control of the chain is not there.
    """
    pressed = False
    deadline = trio.current_time() + timeout
    for number, link in enumerate(chain):
        if await read_control(tab, selectors) is not None:
            break
        later = [selector for group in chain[number + 1 :] for selector in group]
        if await read_control(tab, later) is not None:
            continue
        await click_control(tab, link, timeout=max(0.1, deadline - trio.current_time()))
        pressed = True
        if number + 1 < len(chain):
            either = [*selectors, *chain[number + 1]]
            await await_control(tab, either, _is_there, timeout=max(0.1, deadline - trio.current_time()))
    return pressed


async def menu_items(
    tab: Tab,
    selectors: Sequence[str],
    *,
    attribute: str | None = None,
    pattern: str | None = None,
    timeout: float,
) -> tuple[MenuItem, ...]:
    """List the items that are shown, once one fits or nothing changes any more; may be empty.

    Args:
      pattern: a regular expression, full match on an item's name or text, case ignored.
    """
    items = await tab.world.wait(
        "settledItems", list(selectors), attribute, pattern, _QUIET_SECONDS * 1000, seconds=timeout
    )
    return tuple(MenuItem(**item) for item in items or ())


async def press_item(
    tab: Tab, selectors: Sequence[str], item: MenuItem, *, attribute: str | None = None, timeout: float
) -> None:
    """Click one item, by its name.

    Raises:
      SelectorDrift, ControlCovered: it went away, or cannot be reached.
    """
    await click_control(tab, selectors, timeout=timeout, named=Named(item.name, attribute))


async def tooltip_over(
    tab: Tab, selectors: Sequence[str], item: MenuItem, *, attribute: str | None = None
) -> str:
    """Hold the mouse over an item and read the tooltip that comes; empty when none does."""
    try:
        await hover_control(tab, selectors, timeout=_LOOK_SECONDS, named=Named(item.name, attribute))
    except SelectorDrift:
        return ""
    text = await tab.world.wait("tooltipText", seconds=_TOOLTIP_SECONDS)
    return text if isinstance(text, str) else ""


async def put_away(tab: Tab, shown: Sequence[str], close: Sequence[str] = ()) -> bool:
    """Close what was opened: by its own control, else by Escape, once for each level.

    Args:
      shown: what is visible for as long as it is open.

    Returns:
      Whether it is closed.
    """
    if close:
        if await visible_count(tab, close):
            await click_control(tab, close, timeout=_LOOK_SECONDS)
        return bool(await tab.world.wait("noneShown", list(shown), seconds=_LOOK_SECONDS))
    for _ in range(_ESCAPES):
        # A menu often closes by itself after a choice, and Escape means something else then.
        if await tab.world.wait("noneShown", list(shown), seconds=_AWAY_SECONDS):
            return True
        await tab.keyboard.press("Escape")
    return bool(await tab.world.wait("noneShown", list(shown), seconds=_AWAY_SECONDS))


async def fill_field(tab: Tab, selectors: Sequence[str], text: str, *, commit: str, timeout: float) -> None:
    """Replace what a field holds by typing; reading it back is the caller's.

    Args:
      commit: the key that ends it (``Tab``, ``Enter``), as many fields take their text only then.

    Raises:
      SelectorDrift, ControlCovered: the field cannot be reached.
    """
    await click_control(tab, selectors, timeout=timeout)
    await tab.keyboard.press("ControlOrMeta+A", commands=["selectAll"])
    await tab.keyboard.press("Backspace")
    if text:
        await tab.keyboard.insert_text(text)
    await tab.keyboard.press(commit)


async def slide(
    tab: Tab,
    selectors: Sequence[str],
    reading: Sequence[str],
    direction: Callable[[ControlShown, ControlShown | None], int],
    *,
    attribute: str | None = None,
) -> ControlShown | None:
    """Move a slider by arrow keys, step by step, until *direction* says 0 or it moves no more.

    Args:
      reading: where its value is named besides the slider itself; may be empty.
      direction: from the slider and the reading: -1 to the left, 1 to the right, 0 when it is there.

    Returns:
      What the slider showed last; None when there is none.
    """
    if not await tab.world.look("focusControl", list(selectors), timeout=_LOOK_SECONDS):
        return None
    for _ in range(_MOST_STROKES):
        shown = await read_control(tab, selectors)
        if shown is None or shown.slider is None:
            return None
        way = direction(shown, await read_control(tab, reading, attribute))
        if way == 0:
            return shown
        await tab.keyboard.press("ArrowRight" if way > 0 else "ArrowLeft")
        moved = await await_control(tab, selectors, _is_elsewhere(shown.slider), timeout=_KEY_SECONDS)
        if moved is None or moved.slider == shown.slider:
            return moved
    return await read_control(tab, selectors)


async def remove_all(tab: Tab, entries: Sequence[str], remove: Sequence[str], *, timeout: float) -> bool:
    """Press the controls that remove a list's entries until none is left; says whether that worked."""
    for _ in range(_MOST_ENTRIES):
        count = await visible_count(tab, entries)
        if not count:
            return True
        await click_control(tab, remove, timeout=timeout)
        if not await tab.world.wait("fewerShown", list(entries), count, seconds=timeout):
            return False
    return not await visible_count(tab, entries)


def _is_there(shown: ControlShown | None) -> bool:
    return shown is not None


def _is_elsewhere(before: Slider) -> Callable[[ControlShown | None], bool]:
    return lambda shown: shown is None or shown.slider != before


def _shown(state: object) -> ControlShown | None:
    if not isinstance(state, dict):
        return None
    slider = state.get("slider")
    return ControlShown(**{**state, "slider": Slider(**slider) if slider else None})
