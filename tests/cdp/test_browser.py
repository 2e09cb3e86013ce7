"""Against a real Chromium: commands of two bindings, children, large and odd answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mycdp
import pytest
import trio
import trio.testing

from cdp_relay.cdp import (
    Connection,
    Session,
    browser_version,
    browser_websocket_url,
    fetch_protocol,
    open_connection,
    protocol,
)
from cdp_relay.cdp.generate import missing_in
from cdp_relay.errors import BrowserGone, CommandFailed, TabClosed

if TYPE_CHECKING:
    from tests.sites.kit import ChromiumProcess, PlainSite

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(connection: Connection, browser_context: str) -> Session:
    return await connection.targets.create_page(browser_context_id=browser_context)


async def value_of(session: Session, expression: str) -> object:
    command = protocol.Runtime.evaluate(expression, return_by_value=True, await_promise=True)
    return (await session.execute(command)).result.value


async def test_the_browser_has_everything_that_the_package_uses(chromium: ChromiumProcess) -> None:
    assert missing_in(await fetch_protocol(chromium.http_url)) == []


async def test_the_port_tells_the_address_of_the_browser(chromium: ChromiumProcess) -> None:
    assert await browser_websocket_url(chromium.http_url) == chromium.ws_url
    assert "Chrome/" in (await browser_version(chromium.http_url))["Browser"]


async def test_an_address_that_is_no_browsers_is_gone(chromium: ChromiumProcess) -> None:
    with pytest.raises(BrowserGone, match="does not accept"):
        async with open_connection(chromium.ws_url.rpartition("/")[0] + "/nobody"):
            raise AssertionError("it opened")


async def test_commands_of_ours_and_of_mycdp_run_side_by_side(connection: Connection, page: Session) -> None:
    ours = await page.execute(protocol.Runtime.evaluate("6 * 7", return_by_value=True))
    assert (ours.result.type, ours.result.value, ours.exception_details) == ("number", 42, None)
    theirs, failure = await page.execute(mycdp.runtime.evaluate("({a: [1]})", return_by_value=True))
    assert (theirs.value, failure) == ({"a": [1]}, None)
    await page.execute(mycdp.page.enable())
    await page.execute(mycdp.dom.enable())
    document = await page.execute(mycdp.dom.get_document())
    assert document.node_name == "#document"
    version = await connection.root.execute(mycdp.browser.get_version())
    assert version[1].startswith("Chrome/")


async def test_the_browsers_refusal_comes_with_its_code(page: Session) -> None:
    with pytest.raises(CommandFailed) as caught:
        await page.execute(protocol.DOM.resolve_node(node_id=10_000))
    assert caught.value.details["method"] == "DOM.resolveNode"
    assert caught.value.details["code"] == -32000
    with pytest.raises(CommandFailed, match=r"No\.suchMethod was refused"):
        await page.call("No.suchMethod")


async def test_half_of_a_surrogate_pair_goes_there_and_back(page: Session) -> None:
    await page.execute(protocol.Runtime.enable())
    with page.subscribe(protocol.Runtime.ConsoleAPICalled) as events:
        assert (
            await value_of(page, "console.log('\\ud83d'), '\\ud83d' + ' and ' + '\ude00'")
            == "\ud83d and \ude00"
        )
        assert (await events.wait(timeout=5)).raw["args"][0]["value"] == "\ud83d"


async def test_large_values_go_there_and_back(page: Session) -> None:
    sent = "0123456789abcdef" * (1 << 18)
    answer = await page.call(
        "Runtime.evaluate", {"expression": f"'{sent}'.repeat(5)", "returnByValue": True}, timeout=30
    )
    assert answer["result"]["value"] == sent * 5  # 20 MB


async def test_a_cancelled_large_command_leaves_the_connection_whole(page: Session) -> None:
    for _ in range(3):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(value_of, page, f"'{'x' * (20 << 20)}'.length")
            await trio.sleep(0.02)
            nursery.cancel_scope.cancel()
        assert await value_of(page, "1 + 1") == 2


async def test_hundreds_of_cancelled_commands_leave_nothing_behind(
    connection: Connection, page: Session
) -> None:
    for _ in range(200):
        with trio.move_on_after(0.0003):
            await value_of(page, "1")
    assert await value_of(page, "'still here'") == "still here"
    assert connection.statistics().pending == ()


async def test_events_of_a_busy_page_all_arrive_in_order(page: Session) -> None:
    await page.execute(protocol.Runtime.enable())
    with page.subscribe(protocol.Runtime.ConsoleAPICalled, capacity=5000) as events:
        await value_of(page, "for (let i = 0; i < 3000; i++) console.log(i)")
        seen = [(await events.wait(timeout=10)).raw["args"][0]["value"] for _ in range(3000)]
    assert seen == list(range(3000))


async def test_workers_and_cross_site_frames_become_children_and_are_heard_from_the_start(
    connection: Connection, browser_context: str, plain_site: PlainSite
) -> None:
    plain_site.page(
        "/worker.js", "fetch('/from-worker'); new Worker('/nested.js')", content_type="text/javascript"
    )
    plain_site.page("/nested.js", "fetch('/from-nested')", content_type="text/javascript")
    plain_site.page("/frame", "<script>fetch('/from-frame')</script>")
    plain_site.page(
        "/service.js",
        "oninstall = () => fetch('/from-service')",
        content_type="text/javascript",
    )
    url = plain_site.page(
        "/",
        "<iframe src='https://other.test/frame'></iframe><script>new Worker('/worker.js');"
        "navigator.serviceWorker.register('/service.js')</script>",
    )
    prepared: list[str] = []

    async def prepare(session: Session) -> None:
        await session.execute(protocol.Network.enable())
        assert session.target is not None
        prepared.append(session.target.type)

    page = await connection.targets.create_page(browser_context_id=browser_context, prepare=prepare)
    wanted = {"/from-worker", "/from-nested", "/from-frame", "/from-service"}
    heard: dict[str, str] = {}
    with page.subscribe(protocol.Network.RequestWillBeSent, tree=True) as requests, trio.fail_after(15):
        await page.execute(protocol.Page.navigate(url))
        async for event in requests:
            path = event.request.url.partition(".test")[2]
            if path in wanted and requests.last_session.target is not None:
                heard[path] = requests.last_session.target.type
            if heard.keys() == wanted:
                break
    assert heard == {
        "/from-worker": "worker",
        "/from-nested": "worker",
        "/from-frame": "iframe",
        "/from-service": "service_worker",
    }
    assert sorted(prepared) == ["iframe", "page", "service_worker", "worker", "worker"]
    assert connection.targets.unprepared == 0
    assert {child.target.type for child in page.children.values() if child.target} == {
        "iframe",
        "worker",
        "service_worker",
    }

    frame = next(child for child in page.children.values() if child.target and child.target.type == "iframe")
    await page.execute(protocol.Page.navigate("about:blank"))
    with trio.fail_after(5):
        await frame.closed.wait()
    assert isinstance(frame.error, TabClosed)
    assert str(frame.error).startswith("The iframe ended")


async def test_a_page_is_listed_with_its_address_and_gone_when_closed(
    connection: Connection, page: Session, plain_site: PlainSite
) -> None:
    url = plain_site.page("/here", "<title>here</title>")
    await page.execute(protocol.Page.enable())
    with page.subscribe(protocol.Page.LoadEventFired) as loads:
        await page.execute(protocol.Page.navigate(url))
        await loads.wait(timeout=5)
    assert page.target is not None
    target_id = page.target.target_id
    assert url in [info.url for info in await connection.targets.list_pages()]
    await value_of(page, "1")
    assert page.target.url == url

    again = await connection.targets.attach_page(target_id)
    assert await value_of(again, "document.title") == "here"
    await again.detach()
    with trio.fail_after(5):
        await again.closed.wait()
    assert await value_of(page, "document.title") == "here"

    await connection.targets.close_page(target_id)
    with trio.fail_after(5):
        await page.closed.wait()
    assert target_id not in [info.target_id for info in await connection.targets.list_pages()]


async def test_a_target_that_is_no_more_cannot_be_attached(connection: Connection) -> None:
    with pytest.raises(CommandFailed, match=r"Target\.attachToTarget"):
        await connection.targets.attach_page("0" * 32)


async def test_two_connections_do_not_disturb_each_other(chromium: ChromiumProcess, page: Session) -> None:
    assert page.target is not None
    async with open_connection(chromium.ws_url) as other:
        same = await other.targets.attach_page(page.target.target_id)
        await value_of(page, "globalThis.left = 'a note'")
        assert await value_of(same, "left") == "a note"
    assert await value_of(page, "left") == "a note"


async def test_one_response_is_streamed_piece_by_piece(page: Session, plain_site: PlainSite) -> None:
    plain_site.page("/text", "streamed text", content_type="text/plain")
    await page.execute(protocol.Network.enable())
    with page.subscribe(protocol.Network.ResponseReceived, protocol.Network.LoadingFinished) as events:
        await page.execute(protocol.Page.navigate(plain_site.url("/text")))
        event = await events.wait(timeout=5)
        assert isinstance(event, protocol.Network.ResponseReceived)
        assert event.response.status == 200
        assert event.response.mime_type == "text/plain"
        finished = await events.wait(lambda one: isinstance(one, protocol.Network.LoadingFinished), timeout=5)
        assert finished.raw["requestId"] == event.request_id
    body = await page.execute(protocol.Network.get_response_body(event.request_id))
    assert (body.body, body.base64_encoded) == ("streamed text", False)
