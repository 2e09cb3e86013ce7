"""A turn's wishes reach the page's own controls, are read back, and go back when nobody wishes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from cdp_relay.cdp import Connection
from cdp_relay.chat.contract import Provider, StepLimits
from cdp_relay.chat.controls import NOT_OFFERED, apply_controls, look_up_items
from cdp_relay.chat.opening import SiteTab, make_ready
from cdp_relay.chat.registry import read_definition
from cdp_relay.errors import ControlFailed, ModelUnavailable, UnsupportedValue
from cdp_relay.page import open_tab
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser

PAGE = Path(__file__).parents[1] / "page" / "controls.html"

DEFINITION: dict[str, Any] = {
    "name": "plain",
    "title": "Plain",
    "pages": {"new_chat": "https://plain.test/"},
    "selectors": {"composer": ["#entry"], "send": ["#entry"], "stop": ["#entry"]},
    "insertion": {"ladder": {}},
    "submission": {"paths": ["/x"]},
    "controls": {
        "model": {
            "kind": "choice",
            "control": ["#model"],
            "items": ["[role=menuitemradio]"],
            "more": [["#nothing"], ["#more"]],
        },
        "effort": {
            "kind": "choice",
            "control": ["#model"],
            "current": ["#trigger"],
            "current_attribute": "data-effort",
            "items": ["#effort [role=slider]"],
            "values": {"xhigh": "max", "high": "high", "medium": "medium", "none": "low"},
            "default": "medium",
        },
        "temporary": {
            "kind": "switch",
            "open": [["#dots"]],
            "control": ["#toggle"],
            "current": ["#incognito"],
        },
        "system": {"kind": "text", "open": [["#settings"]], "control": ["#system"], "close": ["#close"]},
        "temperature": {"kind": "number", "control": ["#number"], "default": "1"},
        "max_output_tokens": {
            "kind": "number",
            "open": [["#settings"]],
            "control": ["#tokens"],
            "close": ["#close"],
        },
        "stop": {
            "kind": "list",
            "control": ["#entry"],
            "items": [".chip"],
            "remove": [".chip button"],
        },
    },
    "models": [{"id": "big", "label": "Big", "menu": "ultra|pro"}],
}
LIMITS = StepLimits(controls_seconds=60)


def provider(**changes: Any) -> Provider:
    controls = {name: {**DEFINITION["controls"][name], **rule} for name, rule in changes.items()}
    return Provider(
        read_definition({**DEFINITION, "controls": {**DEFINITION["controls"], **controls}}, "test")
    )


@pytest.fixture
async def site_tab(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> AsyncGenerator[SiteTab]:
    """A tab on a page with one control of every kind."""
    url = plain_site.page("/controls", PAGE.read_text("utf-8"))
    async with open_tab(connection, browser_context_id=browser_context, url=url) as tab:
        yield SiteTab(tab, provider())


async def held(site_tab: SiteTab) -> dict[str, Any]:
    """What the page holds, by its own account."""
    found: dict[str, Any] = await site_tab.tab.evaluate(
        """() => ({
            ...JSON.parse(document.body.dataset.state),
            system: document.querySelector("#system").value,
            tokens: document.querySelector("#tokens").value,
            temporary: !document.querySelector("#incognito").hidden,
            open: [...document.querySelectorAll(".portal, #panel:not([hidden])")].length,
        })"""
    )
    return found


WISHES: dict[str, Any] = {
    "temporary": True,
    "model": "flash-1",
    "effort": "xhigh",
    "system": "Be brief.\n\n\tAnd 'exact'.",
    "temperature": 0.25,
    "max_output_tokens": 100_000,
    "stop": ("END", "a b"),
}


async def test_every_kind_of_control_is_set_once_and_put_back_once(site_tab: SiteTab) -> None:
    assert await apply_controls(site_tab, WISHES, LIMITS) == dict.fromkeys(WISHES, "set") | {
        "max_output_tokens": "kept"  # the page's own most is lower
    }
    wanted = {
        "model": "Flash 1",
        "effort": "max",
        "system": WISHES["system"],
        "number": "0.25",
        "tokens": "8192",
        "chips": ["END", "a b"],
        "temporary": True,
        "open": 0,
        "untrusted": 0,
    }
    assert (await held(site_tab)).items() >= wanted.items()

    assert await apply_controls(site_tab, WISHES, LIMITS) == dict.fromkeys(WISHES, "kept")

    back = await apply_controls(site_tab, {"effort": "none", "max_output_tokens": 50}, LIMITS)
    assert back == {
        "temporary": "put back",
        "effort": "set",
        "system": "put back",
        "temperature": "put back",
        "max_output_tokens": "set",
        "stop": "put back",
    }
    left = {"system": "", "number": "1", "tokens": "50", "chips": [], "temporary": False, "effort": "low"}
    assert (await held(site_tab)).items() >= left.items()
    assert await apply_controls(site_tab, {}, LIMITS) == {"effort": "put back"}
    assert await apply_controls(site_tab, {}, LIMITS) == {}


async def test_what_cannot_be_chosen_is_said_with_what_can(site_tab: SiteTab) -> None:
    with pytest.raises(ModelUnavailable) as missing:
        await apply_controls(site_tab, {"model": "gpt-9"}, LIMITS)
    assert missing.value.details["offered"] == ["Pro", "Flash", "Flash 2", "Flash 1"]
    assert "'gpt-9' is not offered; there are Pro, Flash, Flash 2, Flash 1." in missing.value.message

    url = site_tab.tab.url
    await site_tab.tab.navigate(url)
    with pytest.raises(ModelUnavailable, match=r"'ultra' cannot be chosen now \(Resets at 17:00\)"):
        await apply_controls(site_tab, {"model": "ultra"}, LIMITS)

    await site_tab.tab.navigate(url)
    with pytest.raises(UnsupportedValue, match="'extreme' is not offered; there are medium, low, high, max"):
        await apply_controls(site_tab, {"effort": "extreme"}, LIMITS)
    wishes = {"effort": "extreme"}
    assert await apply_controls(site_tab, wishes, LIMITS, optional=("effort",)) == {"effort": NOT_OFFERED}
    with pytest.raises(UnsupportedValue, match=r"2\.5 is more than 2\."):
        await apply_controls(
            SiteTab(site_tab.tab, provider(temperature={"control": ["#range"]})), {"temperature": 2.5}, LIMITS
        )
    for stop in ("\n", "two\nlines", " ", "end "):
        with pytest.raises(UnsupportedValue, match=r"stop\[1\]"):
            await apply_controls(site_tab, {"stop": ("END", stop)}, LIMITS)
    assert (await held(site_tab))["chips"] == []


async def test_a_control_that_does_not_obey_fails_the_turn(site_tab: SiteTab) -> None:
    await site_tab.tab.evaluate(
        """() => {
            for (const id of ["number", "switch", "system"])
                document.getElementById(id).replaceWith(document.getElementById(id).cloneNode(true));
            document.querySelector("#number").oninput = ({ target }) => { target.value = "1"; };
            document.querySelector("#system").oninput = ({ target }) => { target.value = "no"; };
        }"""
    )
    with pytest.raises(ControlFailed, match=r"was set to 0\.5, but holds '1'"):
        await apply_controls(site_tab, {"temperature": 0.5}, LIMITS)
    with pytest.raises(ControlFailed, match="was pressed, but is not on"):
        await apply_controls(
            SiteTab(
                site_tab.tab,
                provider(temporary={"open": [], "control": ["#switch"], "current": []}),
            ),
            {"temporary": True},
            LIMITS,
        )
    with pytest.raises(ControlFailed, match="does not take the text"):
        await apply_controls(site_tab, {"system": "yes"}, LIMITS)
    with pytest.raises(ControlFailed, match="is not to be used") as gone:
        await apply_controls(
            SiteTab(site_tab.tab, provider(stop={"control": ["#gone"]})), {"stop": ("x",)}, LIMITS
        )
    assert gone.value.details["candidates"]


async def test_the_menu_of_models_is_read_with_its_further_places_and_closed(site_tab: SiteTab) -> None:
    items = await look_up_items(site_tab)
    assert [(item.name, item.disabled) for item in items] == [
        ("Pro", False),
        ("Flash", False),
        ("Ultra", True),
        ("Flash 2", False),
        ("Flash 1", False),
    ]
    assert (await held(site_tab))["open"] == 0
    # A number between two of a slider's places is the nearest that there is.
    ranged = SiteTab(site_tab.tab, provider(temperature={"control": ["#range"]}))
    assert await apply_controls(ranged, {"temperature": 0.87, "model": "big"}, LIMITS) == {
        "model": "kept",
        "temperature": "set",
    }
    assert await site_tab.tab.evaluate("() => document.querySelector('#range').value") == "0.85"
    with pytest.raises(UnsupportedValue, match="no menu of models"):
        await look_up_items(SiteTab(site_tab.tab, provider(model={"items": []})))


NOTICES = """<!doctype html><meta charset=utf-8><title>Notices</title>
<main id=app aria-hidden=true><textarea id=entry></textarea></main>
<section id=tour style="position:fixed;inset:0;background:#fff">
  News! <button class=close>Got it</button>
</section>
<script>
const pressed = [];
document.body.dataset.pressed = "[]";
addEventListener("click", ({ target, isTrusted }) => {
  pressed.push([target.id || target.className, isTrusted]);
  document.body.dataset.pressed = JSON.stringify(pressed);
  if (target.className !== "close") return;
  document.querySelector("#tour").remove();
  // Another notice that comes after the first, and does not go away when it is closed.
  const stubborn = document.createElement("button");
  stubborn.id = "stubborn";
  stubborn.textContent = "Later";
  document.body.append(stubborn);
  setTimeout(() => document.querySelector("#app").removeAttribute("aria-hidden"), 50);
});
</script>"""


async def test_notices_are_pressed_away_before_anything_else_each_once(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> None:
    url = plain_site.page("/notices", NOTICES)
    dismiss = [".close", "#stubborn", "#never"]
    site = read_definition(
        {**DEFINITION, "selectors": {**DEFINITION["selectors"], "dismiss": dismiss}}, "test"
    )
    async with open_tab(connection, browser_context_id=browser_context, url=url) as tab:
        site_tab = SiteTab(tab, Provider(site))
        assert (await make_ready(site_tab, StepLimits())).dismissed == 2
        assert (await make_ready(site_tab, StepLimits())).dismissed == 0
        pressed = await tab.evaluate("() => JSON.parse(document.body.dataset.pressed)")
    assert pressed == [["close", True], ["stubborn", True]]
