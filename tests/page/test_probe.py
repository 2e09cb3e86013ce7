"""Controls and states, found in the page and waited for there."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from cdp_relay.errors import ControlCovered, SelectorDrift, SettingsError
from cdp_relay.page import Tab, click_control, find_control, find_state, visible_count, watch_states
from tests.sites.kit import PlainSite

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(kept_tab: Tab) -> Tab:
    """One tab for all: what is found dies with its document."""
    return kept_tab


@attrs.frozen(kw_only=True)
class Rule:
    """A state rule with the fields that the page reads."""

    name: str = ""
    url: str | None = None
    selector: tuple[str, ...] = ()
    text: str | None = None
    text_max: int = 600
    title: str | None = None
    unless: tuple[str, ...] = ()
    after_seconds: float = 0.0


async def show(tab: Tab, plain_site: PlainSite, body: str, *, path: str = "/") -> None:
    await tab.navigate(plain_site.page(path, f"<!doctype html><title>A page</title><body>{body}"))


async def later(tab: Tab, script: str, delay: int = 60) -> None:
    """Let the page change itself a little later, while something waits for it."""
    await tab.evaluate("(script, ms) => { setTimeout(() => eval(script), ms); }", script, delay)


HIDDEN = {
    "display": "<button class=x style='display:none'>no</button>",
    "visibility": "<button class=x style='visibility:hidden'>no</button>",
    "opacity": "<div style='opacity:0'><button class=x>no</button></div>",
    "off the page": "<button class=x style='position:absolute;left:-9999px'>no</button>",
    "inert": "<div inert><button class=x>no</button></div>",
    "aria-hidden": "<div aria-hidden=true><button class=x>no</button></div>",
    "empty": "<button class=x style='width:0;height:0;border:0;padding:0'></button>",
    "closed details": "<details><summary>s</summary><button class=x>no</button></details>",
}


@pytest.mark.parametrize("how", HIDDEN)
async def test_a_hidden_twin_is_passed_over(tab: Tab, plain_site: PlainSite, how: str) -> None:
    await show(tab, plain_site, HIDDEN[how] + "<button class=x id=real style='width:77px'>yes</button>")

    control = await find_control(tab, [".x"], timeout=5)

    assert control.width == 77
    assert control.matches == 1


@pytest.mark.parametrize("how", HIDDEN)
async def test_a_hidden_control_alone_is_drift_that_says_why(
    tab: Tab, plain_site: PlainSite, how: str
) -> None:
    await show(tab, plain_site, HIDDEN[how] + "<button aria-label='Other one'>other</button>")

    with pytest.raises(SelectorDrift) as drift:
        await find_control(tab, [".x"], timeout=0.2)

    assert [one["tag"] for one in drift.value.details["passed_over"]] == ["button"]
    labels = [one["label"] for one in drift.value.details["candidates"]]
    assert "Other one" in labels


async def test_the_best_ranked_selector_wins(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<button id=a>a</button><button id=b>b</button>")

    control = await find_control(tab, ["#gone", "#b", "#a"], timeout=5)

    assert (control.selector, control.rank, control.tag) == ("#b", 1, "button")


@pytest.mark.parametrize(
    "change",
    [
        "document.body.insertAdjacentHTML('beforeend', '<button id=new>new</button>')",
        "document.querySelector('#old').id = 'new'",
        "document.querySelector('#box').hidden = false",
        "document.querySelector('#rule').textContent = ''",
    ],
    ids=["added", "renamed", "shown by an attribute", "shown by a style sheet"],
)
async def test_a_control_is_found_when_it_appears(tab: Tab, plain_site: PlainSite, change: str) -> None:
    by_sheet = "style sheet" in change or "#rule" in change
    twin = "<button id=new class=veiled>v</button>" if by_sheet else ""
    boxed = "<div id=box hidden><button id=new>b</button></div>" if "#box" in change else ""
    await show(
        tab,
        plain_site,
        f"<style id=rule>.veiled {{ display: none }}</style><button id=old>old</button>{twin}{boxed}",
    )
    await later(tab, change)

    assert (await find_control(tab, ["#new"], timeout=10)).rank == 0


async def test_a_wait_goes_on_over_a_navigation(tab: Tab, plain_site: PlainSite) -> None:
    next_page = plain_site.page("/next", "<button id=there>there</button>")
    await show(tab, plain_site, "<p>here</p>")
    await later(tab, f"location.href = '{next_page}'")

    control = await find_control(tab, ["#there"], timeout=10)

    assert control.rank == 0
    assert tab.url == next_page


@pytest.mark.parametrize("mark", ["disabled", "aria-disabled=true", "data-disabled=true"])
async def test_a_disabled_control_is_waited_for(tab: Tab, plain_site: PlainSite, mark: str) -> None:
    await show(tab, plain_site, f"<button id=send {mark}>Send</button><button class=other>Other</button>")
    assert (await find_control(tab, ["#send"], timeout=5)).rank == 0
    with pytest.raises(SelectorDrift, match="disabled"):
        await find_control(tab, ["#send", ".other"], timeout=0.2, enabled=True)
    await later(tab, f"document.querySelector('#send').removeAttribute('{mark.partition('=')[0]}')")

    control = await find_control(tab, ["#send", ".other"], timeout=10, enabled=True)

    assert control.rank == 0


LOG_CLICKS = """<script>
  window.clicks = [];
  addEventListener("click", (event) => {
    window.clicks.push([event.target.id, event.isTrusted, event.detail]);
    document.body.dataset.clicks = JSON.stringify(window.clicks);
  }, true);
  addEventListener("mousemove", () => { document.body.dataset.moved = "yes"; }, true);
</script>"""


async def clicks(tab: Tab) -> Any:
    return await tab.evaluate("() => JSON.parse(document.body.dataset.clicks || '[]')")


async def test_a_click_is_trusted_and_comes_after_a_move(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<button id=b>b</button>" + LOG_CLICKS)

    await click_control(tab, ["#b"], timeout=5)

    assert await clicks(tab) == [["b", True, 1]]
    assert await tab.evaluate("() => document.body.dataset.moved") == "yes"


async def test_a_control_below_the_fold_is_scrolled_to_and_clicked(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<div style='height:5000px'></div><button id=b>b</button>" + LOG_CLICKS)

    await click_control(tab, ["#b"], timeout=5)

    assert await clicks(tab) == [["b", True, 1]]


async def test_a_covered_control_is_not_clicked_and_the_cover_is_named(
    tab: Tab, plain_site: PlainSite
) -> None:
    cover = "<div id=c role=dialog aria-label='Cookie banner' style='position:fixed;inset:0'></div>"
    await show(tab, plain_site, "<button id=b>b</button>" + cover + LOG_CLICKS)

    with pytest.raises(ControlCovered, match="Cookie banner"):
        await click_control(tab, ["#b"], timeout=0.3)

    assert await clicks(tab) == []


@pytest.mark.parametrize("inside", ["Accept our terms", "<button>OK</button>", "<a href='#x'><i></i></a>"])
async def test_a_cover_that_says_or_offers_anything_is_never_clicked(
    tab: Tab, plain_site: PlainSite, inside: str
) -> None:
    cover = f"<div id=c style='position:fixed;inset:0'>{inside}</div>"
    await show(tab, plain_site, "<button id=b>b</button>" + cover + LOG_CLICKS)

    with pytest.raises(ControlCovered):
        await click_control(tab, ["#b"], timeout=2)

    assert await clicks(tab) == []


async def test_an_empty_layer_is_clicked_away_once(tab: Tab, plain_site: PlainSite) -> None:
    cover = "<div id=c style='position:fixed;inset:0'><span></span></div>"
    leaves = "<script>document.querySelector('#c').onpointerup = (e) => e.currentTarget.remove()</script>"
    await show(tab, plain_site, "<button id=b>b</button>" + cover + LOG_CLICKS + leaves)

    await click_control(tab, ["#b"], timeout=5)

    assert (await clicks(tab))[-1] == ["b", True, 1]


async def test_a_cover_that_goes_away_is_waited_for(tab: Tab, plain_site: PlainSite) -> None:
    cover = "<div id=c style='position:fixed;inset:0'></div>"
    await show(tab, plain_site, "<button id=b>b</button>" + cover + LOG_CLICKS)
    await later(tab, "document.querySelector('#c').remove()")

    await click_control(tab, ["#b"], timeout=10)

    assert await clicks(tab) == [["b", True, 1]]


async def test_a_partly_covered_control_is_clicked_where_it_is_free(tab: Tab, plain_site: PlainSite) -> None:
    body = (
        "<button id=b style='position:absolute;left:0;top:0;width:200px;height:40px'>b</button>"
        "<div style='position:absolute;left:60px;top:0;width:140px;height:40px;background:red'></div>"
    )
    await show(tab, plain_site, body + LOG_CLICKS)

    await click_control(tab, ["#b"], timeout=5)

    assert (await clicks(tab))[0][0] == "b"


async def test_a_moving_control_is_clicked_where_it_comes_to_rest(tab: Tab, plain_site: PlainSite) -> None:
    body = (
        "<style>@keyframes go { from { transform: translateX(600px) } }"
        "#b { animation: go 0.4s linear }</style><button id=b>b</button>"
    )
    await show(tab, plain_site, body + LOG_CLICKS)

    await click_control(tab, ["#b"], timeout=5)

    assert await clicks(tab) == [["b", True, 1]]


async def test_visible_elements_are_counted_once(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<i class='a b'>1</i><i class=a>2</i><i class=a hidden>3</i>")

    assert await visible_count(tab, [".a", ".b"]) == 2
    assert await visible_count(tab, [".none"]) == 0
    assert await visible_count(tab, []) == 0


async def test_a_selector_that_is_not_css_is_a_wrong_setting(tab: Tab) -> None:
    with pytest.raises(SettingsError, match=r"\[\[nonsense"):
        await find_control(tab, ["[[nonsense"], timeout=1)


async def test_a_page_with_a_hundred_thousand_matches_is_still_read(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<i class=x></i>" * 100_000 + "<button id=b>b</button>")

    assert (await find_control(tab, [".x", "#b"], timeout=10)).selector == "#b"


async def test_the_page_cannot_change_what_is_read(tab: Tab, plain_site: PlainSite) -> None:
    script = (
        "<script>Element.prototype.getBoundingClientRect = () => { throw 1 };"
        "Array.prototype.slice = null; document.querySelectorAll = null;</script>"
    )
    await show(tab, plain_site, "<button id=b>b</button>" + script)

    assert (await find_control(tab, ["#b"], timeout=5)).rank == 0


STATES = (
    Rule(name="address", url="/challenge"),
    Rule(name="title", title="^Just a moment"),
    Rule(name="dialog", selector=("[role=dialog]", ".dialog"), text=r"too many\s+requests"),
    Rule(name="signed out", selector=("#login",), unless=("#profile",)),
)


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ("<p>fine</p>", "/", None),
        ("<p>fine</p>", "/challenge", "address"),
        ("<script>document.title = 'Just a moment...'</script>", "/", "title"),
        ("<div role=dialog>Too  many requests</div>", "/", "dialog"),
        ("<div role=dialog hidden>Too many requests</div>", "/", None),
        ("<div role=dialog>Too many requests " + "x" * 700 + "</div>", "/", None),
        ("<p>Too many requests</p>", "/", None),
        ("<a id=login>Log in</a>", "/", "signed out"),
        ("<a id=login>Log in</a><i id=profile>me</i>", "/", None),
    ],
)
async def test_a_state_is_seen_by_its_rule(
    tab: Tab, plain_site: PlainSite, body: str, path: str, expected: str | None
) -> None:
    await show(tab, plain_site, body, path=path)

    found = await find_state(tab, STATES)

    assert (found.name if found is not None else None) == expected


async def test_a_state_is_reported_when_it_comes(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<p>fine</p>")
    await later(tab, "document.body.insertAdjacentHTML('beforeend', '<a id=login>Log in</a>')")

    with trio.fail_after(10):
        assert (await watch_states(tab, STATES)).name == "signed out"


async def test_a_state_is_watched_for_over_navigations(tab: Tab, plain_site: PlainSite) -> None:
    plain_site.page("/b", "<a id=login>Log in</a>")
    plain_site.page("/a", "<script>setTimeout(() => { location.href = '/b' }, 60)</script>")
    await show(tab, plain_site, "<p>fine</p>")
    await later(tab, "location.href = '/a'")

    with trio.fail_after(10):
        assert (await watch_states(tab, STATES)).name == "signed out"


async def test_a_state_that_clears_in_time_is_not_reported(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<a id=login>Log in</a>")
    slow = (Rule(name="slow", selector=("#login",), after_seconds=0.5), Rule(name="end", selector=("#end",)))
    await later(tab, "document.querySelector('#login').remove()", 100)
    await later(tab, "document.body.insertAdjacentHTML('beforeend', '<p id=end>end</p>')", 900)

    with trio.fail_after(10):
        assert (await watch_states(tab, slow)).name == "end"


async def test_a_state_that_stays_is_reported(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<a id=login>Log in</a>")
    slow = (Rule(name="slow", selector=("#login",), after_seconds=0.3),)
    began = trio.current_time()

    with trio.fail_after(10):
        await watch_states(tab, slow)

    assert trio.current_time() - began >= 0.29


async def test_a_pattern_that_the_page_cannot_read_is_a_wrong_setting(tab: Tab) -> None:
    with pytest.raises(SettingsError, match="python only"):
        await find_state(tab, [Rule(url="(?P<python only>)")])


async def test_a_watch_that_was_cancelled_stops_in_the_page(tab: Tab, plain_site: PlainSite) -> None:
    await show(tab, plain_site, "<p>fine</p>")
    with trio.move_on_after(0.2):
        await watch_states(tab, STATES)

    running = "function () { return this.watching(); }"
    assert await tab.evaluate(running) == 0
