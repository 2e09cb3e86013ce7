"""Tabs in a real browser: what a page holds is known, and a tab that is too big or unused is closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import attrs
import pytest
import trio

from cdp_relay.cdp import Connection, protocol
from cdp_relay.chat import Step
from cdp_relay.chat.relay import open_relay
from cdp_relay.chat.tabs.weight import page_megabytes
from cdp_relay.page import Tab, open_tab
from cdp_relay.settings import ChatSettings, Home
from tests.chat.conftest import ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess, PlainSite


@pytest.fixture
async def tab(connection: Connection, kept_page: str) -> AsyncGenerator[Tab]:
    async with open_tab(connection, target_id=kept_page, close=False) as opened:
        yield opened


async def test_what_a_page_holds_is_known(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", "<p>little"))
    little = await page_megabytes(tab)
    assert little is not None
    assert little < 20
    await tab.evaluate("() => { globalThis.kept = new Uint8Array(64e6); }")
    much = await page_megabytes(tab)
    assert much is not None
    assert 64 <= much < 64 + 20


async def test_a_page_that_does_not_answer_does_not_say_what_it_holds(tab: Tab) -> None:
    await tab.session.detach()
    assert await page_megabytes(tab) is None


@pytest.mark.parametrize(
    "chat",
    [
        ChatSettings(sites=("chatgpt",), tab_memory_mb=1),
        ChatSettings(sites=("chatgpt",), idle_tab_seconds=0.1),
    ],
    ids=["too big", "unused"],
)
async def test_a_tab_that_is_too_big_or_unused_is_closed_and_the_next_turn_has_another(
    chat: ChatSettings,
    chromium: ChromiumProcess,
    browser_context: str,
    home: Home,
    connection: Connection,
    chatgpt_site: ChatGPTSite,
) -> None:
    settings = attrs.evolve(relay_settings(chromium, "chatgpt", fresh_seconds=0), chat=chat)
    chatgpt_site.say(Answer(text="One."), Answer(text="Two."))
    with connection.root.subscribe(protocol.Target.TargetDestroyed) as closed:
        await connection.root.execute(protocol.Target.set_discover_targets(discover=True))
        async with open_relay(settings, home, browser_context_id=browser_context) as relay:
            first = await ask(relay, question("Which?"))
            with trio.fail_after(20):
                async for event in closed:
                    if event.target_id == first.facts(Step.LEASED)["tab"]:
                        break
            second = await ask(relay, question("And now?"))
    assert (first.text, second.text) == ("One.", "Two.")
    assert second.facts(Step.LEASED)["tab"] != first.facts(Step.LEASED)["tab"]
