"""Menus, switches, fields, sliders and lists, worked as a person would and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_relay.errors import SelectorDrift
from cdp_relay.page import (
    ControlShown,
    Tab,
    await_control,
    fill_field,
    menu_items,
    press_chain,
    press_item,
    put_away,
    read_control,
    remove_all,
    slide,
    tooltip_over,
    visible_count,
)
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("controls.html").read_text("utf-8")
ITEMS = ["[role=menuitemradio]"]


@pytest.fixture
def tab(kept_tab: Tab) -> Tab:
    """One tab for all: what is set dies with its document."""
    return kept_tab


@pytest.fixture
async def page(tab: Tab, plain_site: PlainSite) -> Tab:
    """A page with one control of every kind."""
    await tab.navigate(plain_site.page("/controls", PAGE))
    return tab


async def chosen(tab: Tab) -> dict[str, object]:
    """What the page's own script believes."""
    state: dict[str, object] = await tab.evaluate("() => JSON.parse(document.body.dataset.state)")
    return state


async def test_a_menu_item_is_chosen_by_its_first_line_and_the_menu_goes_away(page: Tab) -> None:
    assert await press_chain(page, [["#model"]], ITEMS, timeout=10)
    items = await menu_items(page, ITEMS, pattern="flash", timeout=10)

    assert [(item.name, item.disabled, item.marked) for item in items] == [
        ("Pro", False, True),
        ("Flash", False, False),
        ("Ultra", True, False),
    ]
    assert items[1].text == "Flash For everyday work"
    assert items[2].why == "Resets at 17:00"
    assert await tooltip_over(page, ITEMS, items[2]) == "Only with the larger plan"

    await press_item(page, ITEMS, items[1], timeout=10)
    assert await put_away(page, ITEMS)
    shown = await read_control(page, ["#model"])
    assert shown is not None
    assert shown.name == "Flash"
    assert (await chosen(page))["model"] == "Flash"
    assert (await chosen(page))["untrusted"] == 0


async def test_further_items_are_known_by_an_attribute_and_escape_closes_every_level(page: Tab) -> None:
    assert await press_chain(page, [["#model"], ["#more"]], ["[data-id=flash-2]"], timeout=10)
    items = await menu_items(page, ITEMS, attribute="data-id", pattern="flash-2", timeout=10)
    assert [item.name for item in items] == ["pro", "flash", "ultra", "flash-2", "flash-1"]

    assert await put_away(page, ITEMS)
    assert await visible_count(page, ITEMS) == 0
    assert (await chosen(page))["model"] == "Pro"
    assert await press_chain(page, [["#model"]], ["#model"], timeout=10) is False
    assert await menu_items(page, ITEMS, pattern="x", timeout=0) == ()
    with pytest.raises(SelectorDrift):
        await press_chain(page, [["#nowhere"]], ITEMS, timeout=0.2)


async def test_fields_switches_and_lists_show_what_they_hold(page: Tab) -> None:
    await fill_field(page, ["#number"], "0.25", commit="Tab", timeout=10)
    number = await read_control(page, ["#number"])
    assert number is not None
    assert number.value == "0.25"

    assert await press_chain(page, [["#switch"]], ["#nothing"], timeout=10)
    on = await await_control(page, ["#switch"], is_on, timeout=10)
    assert is_on(on)

    for word in ("END", "a b"):
        await fill_field(page, ["#entry"], word, commit="Enter", timeout=10)
    entries = await menu_items(page, [".chip"], timeout=0)
    assert [entry.name for entry in entries] == ["END", "a b"]
    assert await chosen(page) == {
        "model": "Pro",
        "number": "0.25",
        "switch": True,
        "chips": ["END", "a b"],
        "effort": "medium",
        "untrusted": 0,
    }
    assert await remove_all(page, [".chip"], [".chip button"], timeout=10)
    assert (await chosen(page))["chips"] == []
    assert await read_control(page, ["#nothing"]) is None


def is_on(shown: ControlShown | None) -> bool:
    return shown is not None and shown.on is True


async def test_sliders_go_by_arrow_keys_and_stop_at_their_end(page: Tab) -> None:
    def to_high(_: ControlShown, reading: ControlShown | None) -> int:
        return 0 if reading is not None and reading.name == "high" else 1

    thumb = await slide(page, ["#effort [role=slider]"], ["#trigger"], to_high, attribute="data-effort")
    assert thumb is not None
    assert thumb.value == "High, 3 of 4."
    assert (await chosen(page))["effort"] == "high"

    thumb = await slide(page, ["#effort [role=slider]"], [], lambda *_: 1)
    assert thumb is not None
    assert thumb.slider is not None
    assert thumb.slider.now == thumb.slider.most

    # A range that the page makes see-through and draws something else over.
    seen: list[float] = []

    def left_twice(shown: ControlShown, _: ControlShown | None) -> int:
        assert shown.slider is not None
        seen.append(shown.slider.now)
        return -1 if len(seen) < 3 else 0

    assert await slide(page, ["#range"], [], left_twice) is not None
    assert seen == [1.0, 0.95, 0.9]
    assert await slide(page, ["#nothing"], [], left_twice) is None
