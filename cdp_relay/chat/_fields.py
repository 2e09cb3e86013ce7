"""Controls that hold a value of their own: switches, fields for text and numbers, lists of entries."""

from __future__ import annotations

import math
import re

import attrs

from cdp_relay.chat._control import PRESS_SECONDS, SHOWN_SECONDS, SOON_SECONDS, PageControl
from cdp_relay.chat.plan import Value
from cdp_relay.errors import InsertionFailed, UnsupportedValue
from cdp_relay.page import (
    ControlShown,
    EditorPlan,
    Slider,
    await_control,
    fill_field,
    insert_text,
    menu_items,
    press_chain,
    read_control,
    remove_all,
    slide,
)

__all__ = ["EntryList", "NumberField", "Switch", "TextField"]

_CEILINGS = ("max_output_tokens",)
"""Wishes of a most, which a control with a lower one of its own fulfils."""

_WRITE_SECONDS = 20.0


@attrs.define(eq=False)
class Switch(PageControl):
    """On or off; or two states that several words stand for."""

    async def bring_to(self, value: Value) -> bool:
        """Switch it; False when it stood so."""
        on = self._is_on_for(value)
        if not self.rule.current:
            await self.reveal()
        changed = self._is_on(await read_control(self.tab, self.shows)) is not on
        if changed:
            await self.reveal()
            await press_chain(self.tab, (self.rule.control,), (), timeout=PRESS_SECONDS)
            if not self.rule.current and await read_control(self.tab, self.rule.control) is None:
                # The menu that it stands in closed over it.
                await self.reveal()
            shown = await await_control(
                self.tab, self.shows, lambda now: self._is_on(now) is on, timeout=SHOWN_SECONDS
            )
            if self._is_on(shown) is not on:
                self.fail(f"was pressed, but is not {'on' if on else 'off'}.")
        await self.leave()
        return changed

    def _is_on_for(self, value: Value) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value)
        state = re.compile(self.rule.values.get(word.lower(), word), re.IGNORECASE)
        if state.fullmatch("on"):
            return True
        if not state.fullmatch("off"):
            known = ", ".join(self.rule.values) or "on, off"
            self.refuse(f"{word!r} is not offered; there are {known}.")
        return False

    def _is_on(self, shown: ControlShown | None) -> bool:
        if shown is None:
            return False
        if shown.on is not None:
            return shown.on
        # What shows only while the switch is on.
        return bool(self.rule.current)


@attrs.define(eq=False)
class TextField(PageControl):
    """A field for a text of any length."""

    async def bring_to(self, value: Value) -> bool:
        """Make a text the field's whole content; False when it was."""
        await self.reveal()
        text = _line_feeds(str(value))
        changed = await self._held() != text
        if changed and text:
            try:
                plan = EditorPlan(ladder={})
                await insert_text(self.tab, self.rule.control, text, plan, timeout=_WRITE_SECONDS)
            except InsertionFailed as failed:
                self.fail(f"does not take the text: {failed.message}", failed.details)
            await self.tab.keyboard.press("Tab")
        elif changed:
            await fill_field(self.tab, self.rule.control, "", commit="Tab", timeout=PRESS_SECONDS)
        if await self._held() != text:
            self.fail("does not hold the text that was put into it.")
        await self.leave()
        return changed

    async def _held(self) -> str | None:
        shown = await read_control(self.tab, self.rule.control)
        return None if shown is None else _line_feeds(shown.value)


@attrs.define(eq=False)
class NumberField(PageControl):
    """A field for a number, or a slider."""

    async def bring_to(self, value: Value) -> bool:
        """Set a number; between two places of a slider, the nearest. False when it stood so."""
        assert isinstance(value, int | float)
        number: float = value
        await self.reveal()
        shown = await read_control(self.tab, self.rule.control)
        if shown is not None and shown.most is not None and number > shown.most:
            if self.name not in _CEILINGS:
                self.refuse(f"{number:g} is more than {shown.most:g}.")
            number = shown.most
        changed = _number(shown) != number
        if changed and shown is not None and shown.slider is not None:
            await self._slide_near(number, shown.slider)
        elif changed:
            await self._type(number)
        await self.leave()
        return changed

    async def _type(self, number: float) -> None:
        text = str(int(number)) if float(number).is_integer() else repr(float(number))
        shown: ControlShown | None = None
        for commit in ("Tab", "Enter"):
            await fill_field(self.tab, self.rule.control, text, commit=commit, timeout=PRESS_SECONDS)
            shown = await await_control(
                self.tab, self.rule.control, lambda now: _number(now) == number, timeout=SOON_SECONDS
            )
            if _number(shown) == number:
                return
        held = "nothing" if shown is None else repr(shown.value)
        self.fail(f"was set to {text}, but holds {held}.")

    async def _slide_near(self, number: float, slider: Slider) -> None:
        if number < slider.least:
            self.refuse(f"{number:g} is less than {slider.least:g}.")
        before: list[float] = []

        def way(shown: ControlShown, _: ControlShown | None) -> int:
            assert shown.slider is not None
            now = shown.slider.now
            passed = bool(before) and (before[-1] - number) * (now - number) < 0
            before.append(now)
            # Between two places: the one beyond is as near as it gets.
            return 0 if passed or math.isclose(now, number) else int(math.copysign(1, number - now))

        last = await slide(self.tab, self.rule.control, (), way)
        step = abs(before[-1] - before[-2]) if len(before) > 1 else 0.0
        reached = _number(last)
        if reached is None or abs(reached - number) > step + 1e-9:
            self.fail(f"could not be moved to {number:g}.")


@attrs.define(eq=False)
class EntryList(PageControl):
    """A field whose entries, each ended by Enter, become chips."""

    async def bring_to(self, value: Value) -> bool:
        """Make these all the entries, in this order; False when they were."""
        assert isinstance(value, tuple)
        entries = value
        for index, entry in enumerate(entries):
            if not entry.strip() or entry != entry.strip() or "\n" in entry or "\r" in entry:
                raise UnsupportedValue(
                    f"{self.title}: {self.name}[{index}] begins or ends with white space or holds a line "
                    "break, which the page's field does not take.",
                    param=f"{self.name}[{index}]",
                )
        await self.reveal()
        if await self._entries() == entries:
            await self.leave()
            return False
        if not await remove_all(self.tab, self.rule.items, self.rule.remove, timeout=PRESS_SECONDS):
            self.fail("does not let its entries be removed.")
        for count, entry in enumerate(entries, start=1):
            await fill_field(self.tab, self.rule.control, entry, commit="Enter", timeout=PRESS_SECONDS)
            await menu_items(self.tab, self.rule.items, pattern=re.escape(entry), timeout=SHOWN_SECONDS)
            if await self._entries() != entries[:count]:
                self.fail(f"does not hold entry {count} as it was put in.")
        await self.leave()
        return True

    async def _entries(self) -> tuple[str, ...]:
        items = await menu_items(self.tab, self.rule.items, attribute=self.rule.item_attribute, timeout=0)
        return tuple(item.name for item in items)


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _number(shown: ControlShown | None) -> float | None:
    if shown is None:
        return None
    if shown.slider is not None:
        return shown.slider.now
    try:
        return float(shown.value.replace(",", ".").strip())
    except ValueError:
        return None
