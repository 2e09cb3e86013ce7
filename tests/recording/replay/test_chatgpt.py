"""The replica of chatgpt.com, recorded and replayed: its own page sends, streams and shows the answer."""

from __future__ import annotations

import pytest

from cdp_relay.cdp import Connection
from cdp_relay.page import open_tab
from cdp_relay.recording.recorder import open_recorder
from cdp_relay.recording.replay import ReplayedSite
from cdp_relay.recording.session import Session
from tests.conftest import Sites
from tests.recording.replay.sessions import about
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.visitor import Visitor, revisit, visit

pytestmark = pytest.mark.browser

COMPOSER = "#prompt-textarea.ProseMirror[contenteditable=true]"
SEND = "[data-testid=send-button]"
STOP = "[data-testid=stop-button]"
ANSWER = "[data-message-author-role=assistant] .markdown"
HOME = "https://chatgpt.com/"
PROMPT = "https://chatgpt.com/backend-api/f/conversation"
TEXT = "One two three, four five six."


async def converse(page: Visitor, prompt: str) -> None:
    await page.click(COMPOSER)
    await page.type(prompt)
    await page.click(SEND)
    await page.until(f"(s) => document.querySelector(s)?.innerText === {TEXT!r}", ANSWER)
    await page.until("(s) => !document.querySelector(s)", STOP)


async def record(connection: Connection, browser_context: str) -> Session:
    async with (
        open_tab(connection, browser_context_id=browser_context) as tab,
        revisit(connection, tab.target_id, HOME) as page,
        open_recorder(tab) as recorder,
    ):
        await tab.navigate(HOME)
        await converse(page, "Hello")
        await recorder.settle()
        return recorder.session(about(site="chatgpt", origin="https://chatgpt.com"))


async def test_a_recorded_turn_runs_again_in_the_recorded_page(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite, sites: Sites
) -> None:
    chatgpt_site.say(Answer(text=TEXT, delay=0.05))
    recording = await record(connection, browser_context)
    replayed = ReplayedSite(recording)
    with sites.server.serve(replayed):
        async with visit(connection, browser_context, HOME) as page:
            for prompt in ("Hello", "Another prompt, in a chat of its own"):
                await page.open(HOME)
                await converse(page, prompt)
    assert chatgpt_site.journal.count("prompt") == 1
    assert [str(one) for one in replayed.unmatched] == []
    assert [one.url for one in replayed.asked if b"messages" in one.body] == [PROMPT, PROMPT]
