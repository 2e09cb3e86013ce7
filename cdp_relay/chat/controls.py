"""Set a page's own controls to what a turn wishes, and prove it by reading them back.

What is wished and can't be set fails the turn before anything is sent: an answer from another model
or at another effort, taken for the one that was asked for, is worse than none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import attrs
import trio

from cdp_relay.chat.contract import ControlRule, StepLimits
from cdp_relay.chat.offers import SeenModels, item_name, model_pattern, wished_pattern
from cdp_relay.chat.opening import SiteTab
from cdp_relay.chat.plan import Value
from cdp_relay.errors import ControlFailed, InsertionFailed, ModelUnavailable, SelectorDrift, UnsupportedValue
from cdp_relay.page import (
    ControlShown,
    EditorPlan,
    MenuItem,
    Slider,
    Tab,
    await_control,
    fill_field,
    find_control,
    insert_text,
    menu_items,
    press_chain,
    press_item,
    put_away,
    read_control,
    remove_all,
    slide,
    tooltip_over,
)

__all__ = ["apply_controls", "look_up_items"]

_ORDER = ("temporary", "model", "effort", "system", "temperature", "max_output_tokens", "stop")
"""What may reset the others comes first: another chat, then another model."""

_PASSING: Mapping[str, Value] = {"temporary": False, "system": "", "stop": ()}
"""What never outlives the turn that wished it, and what it goes back to."""

_PARAMS = {
    "model": "model",
    "effort": "reasoning_effort",
    "system": "messages",
    "max_output_tokens": "max_tokens",
}
"""The request's own names for wishes, where they differ."""

_CEILINGS = ("max_output_tokens",)
"""Wishes of a most, which a control with a lower one of its own fulfils."""

_SHOWN_SECONDS = 2.0
"""How long a page may take to show what was chosen."""
_SOON_SECONDS = 1.0
_PRESS_SECONDS = 6.0
_WRITE_SECONDS = 20.0
_MORE_SECONDS = 0.5
_MENU_SECONDS = 6.0
_MOST_NAMED = 30


async def apply_controls(
    site_tab: SiteTab,
    wanted: Mapping[str, Value],
    limits: StepLimits,
    *,
    seen: SeenModels | None = None,
    learn: Callable[[Sequence[MenuItem]], None] = lambda _: None,
) -> Mapping[str, str]:
    """Bring the page's controls to *wanted*, and back what an earlier turn on this tab had set.

    Controls that show the value already are left alone. Returns what became of each, for the timeline.

    Args:
      learn: told of the items of the menu of models, where it had to be opened.

    Raises:
      ModelUnavailable: the menu does not offer the model, or not now; ``details`` lists what it offers.
      UnsupportedValue: a control does not take such a value.
      ControlFailed: a control is not there, or does not show what it was set to.
    """
    site = site_tab.provider.site
    touched = [
        name for name in _ORDER if name in site.controls and (name in wanted or name in site_tab.controls)
    ]
    outcome: dict[str, str] = {}
    with trio.move_on_after(limits.controls_seconds) as patience:
        for name in touched:
            rule = site.controls[name]
            value = wanted[name] if name in wanted else _back(rule, name)
            if value is None:
                continue
            # A tab whose menu stays open after a failure is no fresh one, and a control that was
            # touched has to be put back, however this ends.
            site_tab.spend()
            site_tab.controls.add(name)
            pattern = model_pattern(site, str(value), seen) if name == "model" and name in wanted else None
            setting = _Setting(site_tab.tab, site.title, name, rule)
            try:
                changed = await setting.bring_to(value, pattern)
            finally:
                if name == "model" and setting.met:
                    learn(tuple(setting.met.values()))
            outcome[name] = "set" if changed else "kept"
            if name not in wanted:
                site_tab.controls.discard(name)
                outcome[name] = "put back"
    if patience.cancelled_caught:
        raise ControlFailed(
            f"{site.title}'s controls could not be set within {limits.controls_seconds:g} s "
            "(limits.controls_seconds).",
            details={"site": site.name, "done": dict(outcome)},
        )
    return outcome


def _back(rule: ControlRule, name: str) -> Value | None:
    if rule.default is None:
        return _PASSING.get(name)
    if rule.kind == "list":
        return tuple(rule.default.split())
    return float(rule.default) if rule.kind == "number" else rule.default


async def look_up_items(site_tab: SiteTab) -> tuple[MenuItem, ...]:
    """Open the menu of models, read all that it offers, and close it again.

    Raises:
      UnsupportedValue: the site has no such menu.
      ControlFailed: it did not open.
    """
    site = site_tab.provider.site
    rule = site.controls.get("model")
    site_tab.spend()
    if rule is None or rule.kind != "choice" or not rule.items:
        raise UnsupportedValue(
            f"{site.title} has no menu of models that the relay knows.",
            next_step="GET /v1/models lists what is known without one.",
        )
    return await _Setting(site_tab.tab, site.title, "model", rule).offered()


@attrs.define(eq=False)
class _Setting:
    """One control of one page."""

    tab: Tab
    title: str
    name: str
    rule: ControlRule
    met: dict[str, MenuItem] = attrs.field(factory=dict, init=False)
    """Every item that was seen while its menu was open."""

    async def bring_to(self, value: Value, pattern: str | None = None) -> bool:
        """Set the control; False when it showed that already.

        Args:
          pattern: of the item, for a choice; made of the value when left out.
        """
        try:
            match self.rule.kind:
                case "choice":
                    wanted = str(value)
                    return await self._choose(wanted, pattern or wished_pattern(wanted, self.rule.values))
                case "switch":
                    return await self._switch(self._is_on_for(value))
                case "text":
                    return await self._write(str(value))
                case "number":
                    assert isinstance(value, int | float)
                    return await self._count(value)
                case "list":
                    assert isinstance(value, tuple)
                    return await self._list(value)
        except SelectorDrift as missing:
            self._fail(f"is not to be used: {missing.message}", missing.details)

    def _fail(self, why: str, details: Mapping[str, Any] | None = None) -> NoReturn:
        raise ControlFailed(
            f"{self.title}'s control for {self.name!r} {why}",
            details={"control": self.name, **(details or {})},
        )

    def _refuse(self, message: str) -> NoReturn:
        raise UnsupportedValue(f"{self.title}: {message}", param=_PARAMS.get(self.name, self.name))

    # --- opening and closing

    async def _reveal(self) -> bool:
        """Make the control visible; says whether something had to be opened for it.

        Raises:
          SelectorDrift: it does not come, or what opens it is not there.
        """
        opened = await press_chain(self.tab, self.rule.open, self.rule.control, timeout=_PRESS_SECONDS)
        self._revealed = self._revealed or opened
        shown = await await_control(self.tab, self.rule.control, _is_there, timeout=_PRESS_SECONDS)
        if shown is None:
            await find_control(self.tab, self.rule.control, timeout=0)
        return opened

    async def _leave(self, opened: bool, *more: Sequence[str]) -> None:
        """Close what was opened, so that nothing lies over the composer."""
        if not opened:
            return
        shown = [selector for group in more for selector in group]
        close = self.rule.close
        if self._revealed:
            shown += self.rule.control
        elif self.rule.open:
            close = ()  # what the control stands in was open before, and stays so
        if not await put_away(self.tab, shown, close):
            self._fail("was set, but what it stands in does not close.")

    # --- a choice

    async def _choose(self, wanted: str, pattern: str) -> bool:
        fits = re.compile(pattern, re.IGNORECASE)
        if self._names(await self._current(), fits):
            return False
        opened = await self._open_menu()
        shown = self._names(await self._current(), fits)
        if shown:
            self._meet(
                await menu_items(self.tab, self.rule.items, attribute=self.rule.item_attribute, timeout=0)
            )
        changed = not shown and await self._pick(wanted, fits)
        await self._leave(opened, self.rule.items)
        if changed and (await self._current() is None or not await self._comes_to_show(fits, _SOON_SECONDS)):
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
                self.tab, self.rule.items, item, attribute=self.rule.item_attribute, timeout=_PRESS_SECONDS
            )
        return not item.marked

    async def _open_menu(self) -> bool:
        """Show the items; says whether something had to be opened for them."""
        opened = await self._reveal()
        return (
            await press_chain(self.tab, (self.rule.control,), self.rule.items, timeout=_PRESS_SECONDS)
            or opened
        )

    @property
    def _shows(self) -> tuple[str, ...]:
        return self.rule.current or self.rule.control

    async def _current(self) -> ControlShown | None:
        return await read_control(self.tab, self._shows, self.rule.current_attribute)

    def _names(self, shown: ControlShown | MenuItem | None, fits: re.Pattern[str]) -> bool:
        if shown is None:
            return False
        known = item_name(self.rule, shown.name)
        return any(fits.fullmatch(text) is not None for text in (known, shown.name, shown.text))

    async def _comes_to_show(self, fits: re.Pattern[str], seconds: float) -> bool:
        shown = await await_control(
            self.tab,
            self._shows,
            lambda now: self._names(now, fits),
            attribute=self.rule.current_attribute,
            timeout=seconds,
        )
        return self._names(shown, fits)

    async def _look_again(self, wanted: str, fits: re.Pattern[str]) -> None:
        """Open the menu once more, as many pages say only in it what is chosen."""
        opened = await self._open_menu()
        first = await read_control(self.tab, self.rule.items)
        if first is not None and first.slider is not None:
            seen = fits.fullmatch(first.value) is not None
        else:
            item = await self._find(fits)
            seen = (item is not None and item.marked) or await self._comes_to_show(fits, _SHOWN_SECONDS)
        await self._leave(opened, self.rule.items)
        if not seen:
            shown = await self._current()
            self._fail(
                f"was set to {wanted!r}, but the page does not show that.",
                {"shown": None if shown is None else shown.name},
            )

    async def _find(self, fits: re.Pattern[str] | None) -> MenuItem | None:
        """Find an item, opening the menu's further places while it is not there; None looks at them all."""
        begins = [*self.rule.items, *(selector for place in self.rule.more for selector in place)]
        await await_control(self.tab, begins, _is_there, timeout=_MENU_SECONDS)
        for place in (None, *self.rule.more):
            shows = self.rule.items if place is None else place
            there = await await_control(
                self.tab, shows, _is_there, timeout=0 if place is None else _MORE_SECONDS
            )
            if there is None:
                continue  # another build of the page, or another plan, has no such place
            if place is not None:
                await press_chain(self.tab, (place,), (), timeout=_PRESS_SECONDS)
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
        try:
            opened = await self._open_menu()
            await self._find(None)
            await self._leave(opened, self.rule.items)
        except SelectorDrift as missing:
            self._fail(f"is not to be used: {missing.message}", missing.details)
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
            self._refuse(problem)
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

        last = await slide(self.tab, self.rule.items, self._shows, way, attribute=self.rule.current_attribute)
        if last is None or not (fits.fullmatch(last.value) or self._names(await self._current(), fits)):
            self._refuse(f"{wanted!r} is not offered; there are {', '.join(dict.fromkeys(places))}.")
        return len(places) > 1

    # --- a switch

    def _is_on_for(self, value: Value) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value)
        state = re.compile(self.rule.values.get(word.lower(), word), re.IGNORECASE)
        if state.fullmatch("on"):
            return True
        if not state.fullmatch("off"):
            known = ", ".join(self.rule.values) or "on, off"
            self._refuse(f"{word!r} is not offered; there are {known}.")
        return False

    def _is_on(self, shown: ControlShown | None) -> bool:
        if shown is None:
            return False
        if shown.on is not None:
            return shown.on
        # What shows only while the switch is on.
        return bool(self.rule.current)

    async def _switch(self, on: bool) -> bool:
        opened = not self.rule.current and await self._reveal()
        changed = self._is_on(await read_control(self.tab, self._shows)) is not on
        if changed:
            opened = await self._reveal() or opened
            await press_chain(self.tab, (self.rule.control,), (), timeout=_PRESS_SECONDS)
            if not self.rule.current and await read_control(self.tab, self.rule.control) is None:
                # The menu that it stands in closed over it.
                opened = await self._reveal() or opened
            shown = await await_control(
                self.tab, self._shows, lambda now: self._is_on(now) is on, timeout=_SHOWN_SECONDS
            )
            if self._is_on(shown) is not on:
                self._fail(f"was pressed, but is not {'on' if on else 'off'}.")
        await self._leave(opened)
        return changed

    # --- fields

    async def _write(self, text: str) -> bool:
        opened = await self._reveal()
        text = _line_feeds(text)
        changed = await self._held() != text
        if changed and text:
            try:
                plan = EditorPlan(ladder={})
                await insert_text(self.tab, self.rule.control, text, plan, timeout=_WRITE_SECONDS)
            except InsertionFailed as failed:
                self._fail(f"does not take the text: {failed.message}", failed.details)
            await self.tab.keyboard.press("Tab")
        elif changed:
            await fill_field(self.tab, self.rule.control, "", commit="Tab", timeout=_PRESS_SECONDS)
        if await self._held() != text:
            self._fail("does not hold the text that was put into it.")
        await self._leave(opened)
        return changed

    async def _held(self) -> str | None:
        shown = await read_control(self.tab, self.rule.control)
        return None if shown is None else _line_feeds(shown.value)

    async def _count(self, number: float) -> bool:
        opened = await self._reveal()
        shown = await read_control(self.tab, self.rule.control)
        if shown is not None and shown.most is not None and number > shown.most:
            if self.name not in _CEILINGS:
                self._refuse(f"{number:g} is more than {shown.most:g}.")
            number = shown.most
        changed = _number(shown) != number
        if changed and shown is not None and shown.slider is not None:
            await self._slide_near(number, shown.slider)
        elif changed:
            await self._type(number)
        await self._leave(opened)
        return changed

    async def _type(self, number: float) -> None:
        text = str(int(number)) if float(number).is_integer() else repr(float(number))
        shown: ControlShown | None = None
        for commit in ("Tab", "Enter"):
            await fill_field(self.tab, self.rule.control, text, commit=commit, timeout=_PRESS_SECONDS)
            shown = await await_control(
                self.tab, self.rule.control, lambda now: _number(now) == number, timeout=_SOON_SECONDS
            )
            if _number(shown) == number:
                return
        held = "nothing" if shown is None else repr(shown.value)
        self._fail(f"was set to {text}, but holds {held}.")

    async def _slide_near(self, number: float, slider: Slider) -> None:
        if number < slider.least:
            self._refuse(f"{number:g} is less than {slider.least:g}.")
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
            self._fail(f"could not be moved to {number:g}.")

    # --- a list

    async def _list(self, entries: tuple[str, ...]) -> bool:
        for index, entry in enumerate(entries):
            if not entry.strip() or entry != entry.strip() or "\n" in entry or "\r" in entry:
                raise UnsupportedValue(
                    f"{self.title}: {self.name}[{index}] begins or ends with white space or holds a line "
                    "break, which the page's field does not take.",
                    param=f"{self.name}[{index}]",
                )
        opened = await self._reveal()
        if await self._entries() == entries:
            await self._leave(opened)
            return False
        if not await remove_all(self.tab, self.rule.items, self.rule.remove, timeout=_PRESS_SECONDS):
            self._fail("does not let its entries be removed.")
        for count, entry in enumerate(entries, start=1):
            await fill_field(self.tab, self.rule.control, entry, commit="Enter", timeout=_PRESS_SECONDS)
            await menu_items(self.tab, self.rule.items, pattern=re.escape(entry), timeout=_SHOWN_SECONDS)
            if await self._entries() != entries[:count]:
                self._fail(f"does not hold entry {count} as it was put in.")
        await self._leave(opened)
        return True

    async def _entries(self) -> tuple[str, ...]:
        items = await menu_items(self.tab, self.rule.items, attribute=self.rule.item_attribute, timeout=0)
        return tuple(item.name for item in items)


def _is_there(shown: ControlShown | None) -> bool:
    return shown is not None


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
