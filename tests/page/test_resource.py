"""Files of a page, fetched in its name: with its cookies, across origins, bounded."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import trio

from cdp_relay.errors import SiteError
from cdp_relay.page import Tab, fetch_resource, shown_address
from tests.sites.kit import Exchange, PlainSite

pytestmark = pytest.mark.browser

DATA = bytes(range(256)) * 10_000


async def fetch_fails(tab: Tab, url: str, words: str, *, max_bytes: int = 1000, timeout: float = 10) -> None:
    with pytest.raises(SiteError, match=words) as failed:
        await fetch_resource(tab, url, max_bytes=max_bytes, timeout=timeout)
    assert "secret" not in failed.value.message


async def test_a_file_is_fetched_as_the_page_would(tab: Tab, plain_site: PlainSite) -> None:
    async def serve(exchange: Exchange) -> None:
        if exchange.host == "plain.test" and "key=1" not in exchange.headers.get("cookie", ""):
            await exchange.respond(403)
            return
        named = ("content-disposition", "attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.bin")
        kind = "application/Octet-Stream; charset=x"
        await exchange.respond(200, DATA, content_type=kind, headers=[named])

    async def lead_on(exchange: Exchange) -> None:
        await exchange.redirect("https://other.test/file?token=secret")

    async def hang(exchange: Exchange) -> None:
        await exchange.start(200, content_type="image/png")
        await exchange.write(b"a beginning")
        await trio.sleep_forever()

    for path, handler in (("/file", serve), ("/away", lead_on), ("/hangs", hang)):
        plain_site.route(path, handler)
    await tab.navigate(plain_site.page("/", "<title>A page</title>"))
    await tab.evaluate("() => { document.cookie = 'key=1; path=/; secure'; }")

    # Another origin, without any header that would allow the page itself to read it.
    for url in ("/file", "https://other.test/file", "/away"):
        file = await fetch_resource(tab, url, max_bytes=len(DATA), timeout=20)
        assert (file.data, file.media_type, file.name) == (DATA, "application/octet-stream", "grüße.bin")

    blob = await tab.evaluate("() => URL.createObjectURL(new Blob(['made ', 'here'], {type: 'text/plain'}))")
    made = await fetch_resource(tab, blob, max_bytes=9, timeout=10)
    assert (made.data, made.media_type) == (b"made here", "text/plain")
    plain = await fetch_resource(tab, "data:,in%20place", max_bytes=100, timeout=10)
    assert plain.data == b"in place"

    await fetch_fails(tab, "/file?token=secret", "larger than 1000 bytes")
    await fetch_fails(tab, blob, "larger than 3 bytes", max_bytes=3)
    await fetch_fails(tab, "/nothing?token=secret", "HTTP 404")
    await fetch_fails(tab, "https://nowhere.invalid/secret", "could not be fetched")
    await fetch_fails(tab, "blob:https://plain.test/secret", "no longer has")
    await fetch_fails(tab, "https://:0/secret", "fetch")
    await fetch_fails(tab, "file:///etc/secret", "'file'")
    await fetch_fails(tab, "javascript:alert('secret')", "'javascript'")
    await fetch_fails(tab, "/hangs?token=secret", "within 1 s", timeout=1)


async def test_the_address_of_a_file_is_where_the_page_shows_it(tab: Tab, plain_site: PlainSite) -> None:
    async def picture(exchange: Exchange) -> None:
        await exchange.respond(
            200,
            "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
            content_type="image/svg+xml",
        )

    plain_site.route("/picture", picture)
    html = "<div id=old><img src='/picture?id=f1&v=old'></div><div id=new></div>"
    await tab.navigate(plain_site.page("/", html))
    await tab.evaluate("() => fetch('/picture?id=f2&question').then(() => null)")
    assert await shown_address(tab, "id=f2", timeout=0.5) is None

    async with trio.open_nursery() as nursery:

        async def show_later() -> None:
            # After the search has begun, as its watch in the page shows.
            while not await tab.world.call("watching", timeout=5):
                await trio.lowlevel.checkpoint()
            await tab.evaluate(
                "() => { document.querySelector('#new').innerHTML = \"<img src='/picture?id=f2&sig=1'>\"; }"
            )

        nursery.start_soon(show_later)
        address = await shown_address(tab, "id=f2", timeout=20)
    assert address is not None
    assert urlsplit(address).query == "id=f2&sig=1"

    old = await shown_address(tab, "/picture", timeout=5)
    assert old is not None
    assert old.endswith("v=old")
    assert await shown_address(tab, "/picture", places=["#new"], known=[old], timeout=5) == address
