"""A site of one's own, served to a page and to the relay."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from cdp_relay.testing import Exchange, ServeReplica, Site
from tests.providers.documented import write_documented_provider
from tests.sites.deepseek import DeepSeekSite

pytestmark = pytest.mark.browser


class Clock(Site):
    name = "clock"
    hosts = ("plain.test",)

    async def handle(self, exchange: Exchange) -> None:
        self.journal.record("request", path=exchange.path)
        if exchange.path == "/broken":
            raise ValueError("the clock stands still")
        await exchange.respond(200, "<title>Clock</title><p>noon", content_type="text/html")


async def test_a_page_finds_the_site_at_its_true_address(replica_site: ServeReplica) -> None:
    served = replica_site(Clock())
    async with served.open_page("/hall") as tab:
        assert tab.url == "https://plain.test/hall"
        assert await tab.evaluate("() => document.body.textContent.trim()") == "noon"
    assert "/hall" in [entry["path"] for entry in served.site.journal.entries("request")]


async def test_pages_share_no_storage(replica_site: ServeReplica) -> None:
    served = replica_site(Clock())
    async with served.open_page() as first:
        await first.evaluate("() => localStorage.setItem('a', '1')")
    async with served.open_page() as second:
        assert await second.evaluate("() => localStorage.getItem('a')") is None


def test_the_relay_asks_a_site_that_only_its_own_files_know(
    replica_site: ServeReplica, tmp_path: Path
) -> None:
    write_documented_provider(tmp_path)
    replica = DeepSeekSite()
    replica.say(replica.answers(text="It works."))
    served = replica_site(replica, providers=tmp_path)
    reply = trio.run(served.ask, "Does it?")
    assert reply.text == "It works."
    assert replica.prompts == ["Does it?"]
