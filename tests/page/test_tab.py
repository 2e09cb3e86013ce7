"""A tab's life: addresses, dialogs, crashes, popups, downloads, background."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio

from cdp_relay.cdp import Connection, open_connection
from cdp_relay.errors import (
    CommandFailed,
    PageCrashed,
    PageNavigated,
    SiteError,
    SiteTimeout,
    TabClosed,
)
from cdp_relay.page import Tab, click_control, open_tab
from tests.sites.kit import Exchange, PlainSite

pytestmark = pytest.mark.browser

BLANK = "<!doctype html><title>page</title>"


async def in_page(tab: Tab, expression: str) -> Any:
    """Evaluate in the page's own world."""
    answer = await tab.session.call(
        "Runtime.evaluate",
        {"expression": expression, "returnByValue": True, "awaitPromise": True, "userGesture": True},
        timeout=10,
    )
    return answer["result"].get("value")


async def test_the_address_is_kept_current(tab: Tab, plain_site: PlainSite) -> None:
    url = plain_site.page("/", BLANK)
    await tab.navigate(url)
    first = tab.loader_id
    with tab.watch_url() as addresses:
        await in_page(tab, "history.pushState({}, '', '/chat/1'); location.hash = 'x'")
        seen = [await addresses.__anext__(), await addresses.__anext__()]
    assert seen == [url + "chat/1", url + "chat/1#x"]
    assert tab.url == url + "chat/1#x"
    assert tab.loader_id == first

    await tab.navigate(plain_site.page("/b", BLANK))
    assert tab.url == url + "b"
    assert tab.loader_id != first


async def test_a_redirect_ends_at_the_last_address(tab: Tab, plain_site: PlainSite) -> None:
    end = plain_site.page("/end", BLANK)

    async def hop(exchange: Exchange) -> None:
        await exchange.redirect("/end")

    await tab.navigate(plain_site.route("/hop", hop))

    assert tab.url == end


async def test_a_page_that_leads_on_is_followed_to_a_parsed_document(tab: Tab, plain_site: PlainSite) -> None:
    plain_site.page("/b", BLANK)
    await tab.navigate(plain_site.page("/a", "<script>location.replace('/b')</script>" + BLANK))

    assert await tab.evaluate("() => document.readyState") in ("interactive", "complete")


async def test_only_the_fragment_changes(tab: Tab, plain_site: PlainSite) -> None:
    url = plain_site.page("/", BLANK)
    await tab.navigate(url)
    await tab.navigate(url + "#part", timeout=5)

    assert tab.url == url + "#part"


@pytest.mark.parametrize("url", ["https://plain.test:1/", "https://nowhere.invalid/"])
async def test_an_address_that_cannot_be_loaded_is_an_error_with_chromes_reason(tab: Tab, url: str) -> None:
    with pytest.raises(SiteError, match="net::ERR_") as failed:
        await tab.navigate(url, timeout=10)
    assert failed.value.details["net_error"].startswith("net::ERR_")


async def test_a_site_that_never_answers_runs_into_the_limit_and_the_tab_stays_usable(
    tab: Tab, plain_site: PlainSite
) -> None:
    async def never(exchange: Exchange) -> None:
        await trio.sleep_forever()

    with pytest.raises(SiteTimeout):
        await tab.navigate(plain_site.route("/never", never), timeout=0.5)

    await tab.navigate(plain_site.page("/", BLANK))
    assert await tab.evaluate("() => document.title") == "page"


async def test_a_download_is_refused(tab: Tab, plain_site: PlainSite) -> None:
    async def file(exchange: Exchange) -> None:
        headers = [("content-disposition", "attachment; filename=x.bin")]
        await exchange.respond(200, b"x" * 100, content_type="application/octet-stream", headers=headers)

    await tab.navigate(plain_site.page("/", BLANK))
    with pytest.raises(SiteError, match="download"):
        await tab.navigate(plain_site.route("/file", file), timeout=10)
    assert tab.url == plain_site.url("/")


async def test_reload_loads_the_page_anew(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", BLANK))
    await tab.evaluate("() => { document.title = 'changed'; }")
    await tab.reload()

    assert await tab.evaluate("() => document.title") == "page"


async def test_arguments_and_results_are_json(tab: Tab) -> None:
    values = [None, True, 1.5, "é😀\u2028'\"\\", [1, [2]], {"a": {"b": None}}]
    assert await tab.evaluate("(...values) => values", *values) == values
    assert await tab.evaluate("() => undefined") is None
    assert await tab.evaluate("async () => 7") == 7
    assert await tab.evaluate("() => Infinity") == float("inf")


async def test_a_function_that_throws_is_an_error_that_says_so(tab: Tab) -> None:
    with pytest.raises(CommandFailed, match="on purpose"):
        await tab.evaluate("() => { throw new Error('on purpose'); }")


async def test_a_promise_is_lost_with_its_document(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", BLANK))
    other = plain_site.page("/b", BLANK)
    with pytest.raises(PageNavigated):
        await tab.evaluate("(url) => new Promise(() => { location.href = url; })", other, timeout=10)
    assert await tab.evaluate("() => 1") == 1


async def test_the_page_sees_nothing_of_our_world(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", BLANK))
    before = await in_page(tab, "Object.getOwnPropertyNames(window).length")
    await tab.evaluate("() => { window.ours = 1; }")

    assert await in_page(tab, "typeof window.ours") == "undefined"
    assert await in_page(tab, "Object.getOwnPropertyNames(window).length") == before


@pytest.mark.parametrize(
    ("call", "result"), [("alert('a')", None), ("confirm('b')", False), ("prompt('c', 'd')", None)]
)
async def test_a_dialog_is_dismissed_and_recorded(
    tab: Tab, plain_site: PlainSite, call: str, result: object
) -> None:
    await tab.navigate(plain_site.page("/", BLANK))

    assert await in_page(tab, call) == result

    dialog = tab.dialogs[-1]
    assert (dialog.type, dialog.accepted) == (call.partition("(")[0], False)
    assert await tab.evaluate("() => 1") == 1


async def test_leaving_a_page_that_asks_to_stay_is_accepted(tab: Tab, plain_site: PlainSite) -> None:
    body = (
        "<button id=b>b</button><script>addEventListener('beforeunload', (e) => e.preventDefault())</script>"
    )
    await tab.navigate(plain_site.page("/", BLANK + body))
    await click_control(tab, ["#b"], timeout=5)  # without a gesture there is no question

    await tab.navigate(plain_site.page("/b", BLANK), timeout=10)

    assert [(dialog.type, dialog.accepted) for dialog in tab.dialogs] == [("beforeunload", True)]


async def test_a_frames_dialog_is_dismissed_too(tab: Tab, plain_site: PlainSite) -> None:
    plain_site.page("/frame", "<script>alert('from a frame'); parent.postMessage('past it', '*')</script>")
    frame = plain_site.url("/frame", host="other.test")
    page = (
        f"{BLANK}<script>addEventListener('message', (m) => document.title = m.data)</script>"
        f"<iframe src='{frame}'></iframe>"
    )
    await tab.navigate(plain_site.page("/", page))

    done = """() => new Promise((done) => {
      const look = () => (document.title === "past it" ? done(1) : setTimeout(look, 20));
      look();
    })"""
    assert await tab.evaluate(done, timeout=10) == 1
    assert [dialog.type for dialog in tab.dialogs] == ["alert"]


async def test_a_tab_that_is_closed_says_so(tab: Tab) -> None:
    await tab.session.connection.targets.close_page(tab.target_id)
    with trio.fail_after(5):
        await tab.gone.wait()

    assert not tab.alive
    assert isinstance(tab.gone_error, TabClosed)
    with pytest.raises(TabClosed):
        await tab.evaluate("() => 1")


async def test_a_crash_fails_what_is_under_way_at_once(
    private_chromium: Callable[..., Any], plain_site: PlainSite
) -> None:
    browser = await private_chromium()
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(open_connection(browser.ws_url))
        url = plain_site.page("/", BLANK)
        tab = await stack.enter_async_context(open_tab(connection, url=url))

        async def crash() -> None:
            tab.session.post("Page.crash")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash)
            with pytest.raises(PageCrashed):
                await tab.evaluate("() => new Promise(() => {})", timeout=30)
        assert isinstance(tab.gone_error, PageCrashed)


async def test_a_popup_is_closed_and_the_page_goes_on(
    tab: Tab, plain_site: PlainSite, connection: Connection
) -> None:
    popup = plain_site.page("/popup", BLANK)
    opener = f"<button id=b onclick=\"window.open('{popup}')\">b</button>"
    other = "<button id=c onclick=\"document.title = 'clicked'\">c</button>"
    await tab.navigate(plain_site.page("/", opener + other))
    with connection.root.subscribe("Target.targetDestroyed") as closed:
        await click_control(tab, ["#b"], timeout=5)
        with trio.fail_after(10):
            await closed.next()

    assert len(tab.popups) == 1
    urls = [page.url for page in await connection.targets.list_pages()]
    assert popup not in urls
    await click_control(tab, ["#c"], timeout=5)
    assert await tab.evaluate("() => document.title") == "clicked"


async def test_a_file_chooser_does_not_open(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", "<input id=f type=file>"))
    with tab.session.subscribe("Page.fileChooserOpened") as opened:
        await click_control(tab, ["#f"], timeout=5)
        with trio.fail_after(5):
            await opened.next()

    assert await tab.evaluate("() => 1") == 1


async def test_a_tab_in_the_background_is_visible_focused_and_animates(
    tab: Tab, plain_site: PlainSite, connection: Connection, browser_context: str
) -> None:
    await tab.navigate(plain_site.page("/", "<button id=b onclick=\"document.title = 'clicked'\">b</button>"))
    async with open_tab(connection, url=plain_site.url("/"), browser_context_id=browser_context) as front:
        await front.session.call("Page.bringToFront")

        await click_control(tab, ["#b"], timeout=5)

        state = "() => [document.visibilityState, document.hasFocus(), document.title]"
        assert await tab.evaluate(state) == ["visible", True, "clicked"]
        frames = """() => new Promise((done) => {
          let count = 0;
          const frame = () => (++count === 20 ? done(count) : requestAnimationFrame(frame));
          frame();
        })"""
        assert await tab.evaluate(frames, timeout=5) == 20


async def test_a_page_can_be_taken_over_and_left_open(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> None:
    url = plain_site.page("/", BLANK)
    async with open_tab(connection, url=url, browser_context_id=browser_context, close=False) as tab:
        target = tab.target_id
    async with open_tab(connection, target_id=target) as again:
        assert again.url == url
        assert again.loader_id
        assert await again.evaluate("() => document.title") == "page"
    assert target not in [page.target_id for page in await connection.targets.list_pages()]


async def test_an_error_inside_the_block_comes_out_as_it_is(
    connection: Connection, browser_context: str
) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_tab(connection, browser_context_id=browser_context):
            raise KeyError("mine")


LOG_KEYS = """<textarea id=t></textarea><script>
  const log = [];
  for (const kind of ["keydown", "keyup"]) addEventListener(kind, (e) => {
    log.push([kind, e.key, e.code, e.keyCode, e.ctrlKey, e.shiftKey, e.isTrusted]);
    document.body.dataset.log = JSON.stringify(log);
  }, true);
</script>"""


async def keys(tab: Tab) -> Any:
    return await tab.evaluate("() => JSON.parse(document.body.dataset.log)")


async def test_keys_carry_their_names_and_codes(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", LOG_KEYS))
    await click_control(tab, ["#t"], timeout=5)
    for chord in ("a", "A", "Enter", "!", "ArrowLeft", "Shift+;", "Control++"):
        await tab.keyboard.press(chord)

    down = [entry[1:6] for entry in await keys(tab) if entry[0] == "keydown"]
    assert down == [
        ["a", "KeyA", 65, False, False],
        ["A", "KeyA", 65, False, False],
        ["Enter", "Enter", 13, False, False],
        ["!", "Digit1", 49, False, False],
        ["ArrowLeft", "ArrowLeft", 37, False, False],
        ["Shift", "ShiftLeft", 16, False, True],
        [":", "Semicolon", 186, False, True],
        ["Control", "ControlLeft", 17, True, False],
        ["+", "Equal", 187, True, False],
    ]
    assert all(entry[6] for entry in await keys(tab))
    assert await tab.evaluate("() => document.querySelector('#t').value") == "aA\n:!"


async def test_a_chord_selects_all_and_types_nothing(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", LOG_KEYS))
    await click_control(tab, ["#t"], timeout=5)
    await tab.keyboard.insert_text("one two")
    await tab.keyboard.press("ControlOrMeta+A", commands=["selectAll"])
    await tab.keyboard.press("x")

    assert await tab.evaluate("() => document.querySelector('#t').value") == "x"
    assert tab.keyboard.modifiers == 0


LOG_MOUSE = """<div id=pad style='position:fixed;inset:0'></div><script>
  const log = [];
  const kinds = ["mousedown", "mouseup", "dblclick", "contextmenu", "wheel"];
  for (const kind of kinds) addEventListener(kind, (e) => {
    e.preventDefault();
    log.push([kind, e.button, e.clientX, e.clientY, e.deltaY || 0]);
    document.body.dataset.log = JSON.stringify(log);
  }, { capture: true, passive: false });
</script>"""


async def test_the_mouse_clicks_twice_drags_and_scrolls(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", LOG_MOUSE))
    await tab.mouse.click(10, 20, count=2)
    await tab.mouse.click(30, 40, button="right")
    await tab.mouse.drag((50, 60), (90, 80))
    await tab.mouse.wheel(0, 120)

    log = await keys(tab)
    assert [entry[0] for entry in log] == [
        "mousedown",
        "mouseup",
        "mousedown",
        "mouseup",
        "dblclick",
        "mousedown",
        "contextmenu",
        "mouseup",
        "mousedown",
        "mouseup",
        "wheel",
    ]
    assert log[5][1] == 2
    assert (log[8][2:4], log[9][2:4]) == ([50, 60], [90, 80])
    assert log[10][4] == 120
