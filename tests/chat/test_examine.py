"""A site that changed: what ``doctor --site`` finds, and a user's one line that mends it."""

from __future__ import annotations

import pytest

from cdp_relay.chat.examine import Finding, SiteReport
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.errors import NotFound
from cdp_relay.settings import Home
from tests.chat.conftest import ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser


def finding(report: SiteReport, key: str) -> Finding:
    return next(one for one in report.findings if one.key == key)


async def test_a_page_that_fits_is_said_to_fit(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.say(Answer(text="one two three", delay=0.2, events=({"type": "confetti"},)))

    report = await relay.examine("chatgpt", ask=True)

    assert report.ok
    assert report.answered
    assert {one.key: one.verdict for one in report.findings if one.verdict == "missing"} == {}
    for key in (
        "selectors.composer",
        "selectors.send",
        "selectors.signed_in",
        "selectors.stop",
        "answer.turn",
    ):
        assert finding(report, key).verdict in ("ok", "fallback"), key
    assert report.stamps["build"] == "prod-replica-20261001"
    assert [(drift.kind, drift.detail) for drift in report.drifts] == [("event", "confetti")]
    # Only the question that was asked for was sent, and the word that was typed is gone.
    assert len(chatgpt_site.prompts) == 1
    assert (await ask(relay, question("Hello"))).text


async def test_a_state_is_told_instead(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("consent")

    report = await relay.examine("chatgpt", ask=True)

    assert (report.state, report.answered) == ("consent_needed", None)
    assert not report.ok
    assert chatgpt_site.prompts == []


async def test_a_users_line_mends_a_site_that_changed(
    relay: Relay, chatgpt_site: ChatGPTSite, home: Home, chromium: ChromiumProcess, browser_context: str
) -> None:
    override = home.providers / "chatgpt.toml"
    chatgpt_site.state("renamed_send")
    # Enter still does it, which is said.
    heard = await ask(relay, question("Hello"))
    assert ["send: No control" in drift.detail for drift in heard.drifts] == [True]

    report = await relay.examine("chatgpt")

    assert not report.ok
    send = finding(report, "selectors.send")
    assert send.verdict == "missing"
    best = send.candidates[0].selector
    override.write_text(f"[submission]\nenter = false\n[selectors]\nsend = ['''{best}''', '...']\n")
    async with open_relay(relay_settings(chromium), home, browser_context_id=browser_context) as mended:
        assert finding(await mended.examine("chatgpt"), "selectors.send").rank == 0
        again = await ask(mended, question("Hello again"))
    assert (again.text, again.drifts) == (Answer().text, [])
    assert chatgpt_site.prompts == ["Hello", "Hello again"]


async def test_an_unknown_site_is_refused(relay: Relay) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        await relay.examine("nowhere")
