"""A control that chooses one item: of a menu, with its further places, or one place of a slider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

import attrs

from cdp_relay.chat._control import PRESS_SECONDS, SHOWN_SECONDS, SOON_SECONDS, PageControl, is_there
from cdp_relay.chat.offers import item_name, wished_pattern
from cdp_relay.chat.plan import Value
from cdp_relay.errors import ModelUnavailable
from cdp_relay.page import (
    ControlShown,
    MenuItem,
    await_control,
    menu_items,
    press_chain,
    press_item,
    read_control,
    slide,
    tooltip_over,
)

__all__ = ["Choice"]

_MORE_SECONDS = 0.5
_MENU_SECONDS = 6.0
_MOST_NAMED = 30


@attrs.define(eq=False)
class Choice(PageControl):
    """Chooses an item, and sees it shown as the chosen one."""

    async def bring_to(self, value: Value) -> bool:
        """Choose an item by name; False when it was chosen already."""
        wanted = str(value)
        fits = re.compile(self.pattern or wished_pattern(wanted, self.rule.values), re.IGNORECASE)
        if self._names(await self._current(), fits):
            return False
        await self._open_menu()
        shown = self._names(await self._current(), fits)
        if shown:
            self._meet(
                await menu_items(self.tab, self.rule.items, attribute=self.rule.item_attribute, timeout=0)
            )
        changed = not shown and await self._pick(wanted, fits)
        await self.leave(self.rule.items)
        if changed and (await self._current() is None or not await self._comes_to_show(fits, SOON_SECONDS)):
            await self._look_again(wanted, fits)
        return changed

    async def _pick(self, wanted: str, fits: re.Pattern[str]) -> bool:
        """Choose in the open menu; False when that is chosen already."""
        first = await read_control(self.tab, self.rule.items)
        if first is not None and first.slider is not None:
            return await self._slide_to(wanted, fits)
        item = await self._find(fits)
        if item is None or item.disabled:
            await self._not_offered(wanted, item)
        if not item.marked:
            await press_item(
                self.tab, self.rule.items, item, attribute=self.rule.item_attribute, timeout=PRESS_SECONDS
            )
        return not item.marked

    async def _open_menu(self) -> None:
        """Show the items."""
        await self.reveal()
        pressed = await press_chain(self.tab, (self.rule.control,), self.rule.items, timeout=PRESS_SECONDS)
        self._opened = self._opened or pressed

    async def _current(self) -> ControlShown | None:
        return await read_control(self.tab, self.shows, self.rule.current_attribute)

    def _names(self, shown: ControlShown | MenuItem | None, fits: re.Pattern[str]) -> bool:
        if shown is None:
            return False
        known = item_name(self.rule, shown.name)
        return any(fits.fullmatch(text) is not None for text in (known, shown.name, shown.text))

    async def _comes_to_show(self, fits: re.Pattern[str], seconds: float) -> bool:
        shown = await await_control(
            self.tab,
            self.shows,
            lambda now: self._names(now, fits),
            attribute=self.rule.current_attribute,
            timeout=seconds,
        )
        return self._names(shown, fits)

    async def _look_again(self, wanted: str, fits: re.Pattern[str]) -> None:
        """Open the menu once more, as many pages say only in it what is chosen."""
        await self._open_menu()
        first = await read_control(self.tab, self.rule.items)
        if first is not None and first.slider is not None:
            seen = fits.fullmatch(first.value) is not None
        else:
            item = await self._find(fits)
            seen = (item is not None and item.marked) or await self._comes_to_show(fits, SHOWN_SECONDS)
        await self.leave(self.rule.items)
        if not seen:
            shown = await self._current()
            self.fail(
                f"was set to {wanted!r}, but the page does not show that.",
                {"shown": None if shown is None else shown.name},
            )

    async def _find(self, fits: re.Pattern[str] | None) -> MenuItem | None:
        """Find an item, opening the menu's further places while it is not there; None looks at them all."""
        begins = [*self.rule.items, *(selector for place in self.rule.more for selector in place)]
        await await_control(self.tab, begins, is_there, timeout=_MENU_SECONDS)
        for place in (None, *self.rule.more):
            shows = self.rule.items if place is None else place
            there = await await_control(
                self.tab, shows, is_there, timeout=0 if place is None else _MORE_SECONDS
            )
            if there is None:
                continue  # another build of the page, or another plan, has no such place
            if place is not None:
                await press_chain(self.tab, (place,), (), timeout=PRESS_SECONDS)
            for item in await self._items(None if fits is None else fits.pattern):
                if fits is not None and self._names(item, fits):
                    return item
        return None

    async def _items(self, pattern: str | None = None) -> tuple[MenuItem, ...]:
        items = await menu_items(
            self.tab,
            self.rule.items,
            attribute=self.rule.item_attribute,
            pattern=pattern,
            timeout=_MENU_SECONDS,
        )
        self._meet(items)
        return items

    def _meet(self, items: Sequence[MenuItem]) -> None:
        self.met |= {item.name: item for item in items if item.name}

    async def offered(self) -> tuple[MenuItem, ...]:
        """Everything that the menu has, its further places included; it is closed afterwards."""
        await self._open_menu()
        await self._find(None)
        await self.leave(self.rule.items)
        return tuple(self.met.values())

    async def _not_offered(self, wanted: str, item: MenuItem | None) -> NoReturn:
        why = "" if item is None else await self._reason(item)
        items = await menu_items(self.tab, self.rule.items, attribute=self.rule.item_attribute, timeout=0)
        names = [item_name(self.rule, one.name) for one in items if not one.disabled][:_MOST_NAMED]
        listed = ", ".join(names) or "nothing"
        if item is None:
            problem = f"{wanted!r} is not offered; there are {listed}."
        else:
            problem = f"{wanted!r} cannot be chosen now" + (f" ({why})." if why else ".")
        if self.name != "model":
            self.refuse(problem)
        raise ModelUnavailable(
            f"{self.title}: the model {problem}", param="model", details={"offered": names, "why": why}
        )

    async def _reason(self, item: MenuItem) -> str:
        """Why an item can't be chosen: what is tied to it, else its tooltip, else its own further words."""
        tip = item.why or await tooltip_over(
            self.tab, self.rule.items, item, attribute=self.rule.item_attribute
        )
        return tip or item.text.removeprefix(item.name).strip()

    async def _slide_to(self, wanted: str, fits: re.Pattern[str]) -> bool:
        """Go through a slider's places, all to the left and then to the right; False if it stood right."""
        places: list[str] = []
        at_least = False

        def way(slider: ControlShown, reading: ControlShown | None) -> int:
            nonlocal at_least
            names = [slider.value] if reading is None else [slider.value, reading.name]
            places.append(names[-1])
            if any(fits.fullmatch(name) for name in names):
                return 0
            assert slider.slider is not None
            at_least = at_least or slider.slider.now <= slider.slider.least
            return 1 if at_least else -1

        last = await slide(self.tab, self.rule.items, self.shows, way, attribute=self.rule.current_attribute)
        if last is None or not (fits.fullmatch(last.value) or self._names(await self._current(), fits)):
            self.refuse(f"{wanted!r} is not offered; there are {', '.join(dict.fromkeys(places))}.")
        return len(places) > 1
