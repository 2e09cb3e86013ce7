"""Each state of the replica is what its name says, in the DOM or on the wire."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cdp_relay.cdp import Connection, protocol
from tests.sites.claude import STATES, UNAVAILABLE, Answer, ClaudeSite
from tests.sites.kit.answers import Refusal
from tests.sites.kit.states import COMMON_STATES
from tests.sites.visitor import Visitor, visit

pytestmark = pytest.mark.browser

HOME = "https://claude.ai/new"
COMPOSER = "[data-testid=chat-input]"
SEND = "[data-testid=chat-input-send]"
STOP = "button[aria-label='Stop response']"
RETRY = "[data-testid=action-bar-retry]"
BANNER = "[data-composer-banner-layer]"

SHOWN_AT_LOAD = {
    "logged_out": ("[data-testid=login-with-google]", ""),
    "login_redirect": ("[data-testid=login-with-google]", ""),
    "session_expired": ("[data-testid=login-with-google]", ""),
    "consent": ("[role=dialog]", "Consumer Terms"),
    "challenge": ("#challenge-form", "Verify you are human"),
    "challenge_in_page": ("iframe[src*='challenges.cloudflare.com']", ""),
    "cap_banner": (BANNER, "limit reached ∙ resets at"),
    "cap_near": (BANNER, "75% of your weekly limit"),
    "error_banner": ("[role=alert]", "Something went wrong"),
    "left_over_attachment": ("fieldset [data-cds-attachment]", "old.txt"),
    "localised": (f"{SEND}[aria-label='Nachricht senden']", ""),
    "stale_draft": (COMPOSER, "an old draft"),
}
REFUSED: dict[str, tuple[int, str, str]] = {
    "cap": (429, BANNER, "limit reached"),
    "challenged_answer": (403, "[role=alert]", "Something went wrong"),
    "concurrent": (429, "[role=alert]", "reached your limit"),
    "conversation_gone": (404, BANNER, "not found"),
    "conversation_too_large": (400, BANNER, "too long to continue"),
    "message_too_long": (400, BANNER, "exceed the length limit"),
    "overloaded": (529, ".toast", "capacity constraints"),
    "too_many_requests": (429, ".toast", "rate limit"),
    "unusual_activity": (403, ".error", "Unusual activity"),
}
STREAMED = {
    "approval": ("[data-testid=tool-approval]", "save_project"),
    "body_only": (RETRY, ""),
    "cap_in_stream": (BANNER, "limit reached"),
    "double_send": (f"[data-test-render-count='2'] ~ [data-test-render-count='2'] {RETRY}", ""),
    "generation_failed": (".error", "Internal server error"),
    "moderation": (".notice", "another model"),
    "network_lost": (RETRY, ""),
    "page_only": (RETRY, ""),
    "refused": (".notice", "another model"),
    "smoothed": (RETRY, ""),
    "tool_limit": (".notice", "tool-use limit"),
    "truncated": (".error", "Failed to fetch"),
}
TESTED_BELOW = {
    "alert", "attachment_refused", "dead_send", "duplicate_composer", "first_click_ignored", "frozen",
    "late_enable", "never_sends", "overlay", "renamed_send", "silent", "slow_hydration", "stop_flickers",
}  # fmt: skip


@pytest.fixture
async def page(
    connection: Connection, browser_context: str, claude_site: ClaudeSite
) -> AsyncGenerator[Visitor]:
    async with visit(connection, browser_context, "about:blank") as visitor:
        yield visitor


@contextmanager
def of_state(name: str) -> Iterator[None]:
    """Say of a failure which state it belongs to."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the state {name}")
        raise


async def write(page: Visitor, text: str = "Hello") -> None:
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type(text)


async def ask(page: Visitor) -> None:
    await write(page)
    await page.click(f"{SEND}:enabled")


def test_every_state_has_a_test_and_every_common_one_is_there_or_excused() -> None:
    tested = SHOWN_AT_LOAD.keys() | REFUSED.keys() | STREAMED.keys() | TESTED_BELOW
    assert tested == STATES.keys() - {"usual"}
    assert not UNAVAILABLE.keys() & STATES.keys()
    assert STATES.keys() | UNAVAILABLE.keys() >= COMMON_STATES


async def test_states_are_shown_at_load(page: Visitor, claude_site: ClaudeSite) -> None:
    for state, (selector, text) in SHOWN_AT_LOAD.items():
        with of_state(state):
            claude_site.state(state)
            if "login" in selector:  # the page goes there by itself
                there = page.session.wait_for(
                    protocol.Page.FrameNavigated, lambda one: "/login" in one.frame.url, timeout=15
                )
                await page.session.call("Page.navigate", {"url": HOME})
                await there
            else:
                await page.open(HOME)
            await page.see(selector, text)
        await page.ask("() => localStorage.clear()")


async def test_prompts_are_refused(page: Visitor, claude_site: ClaudeSite) -> None:
    await page.session.call("Network.enable")
    for state, (status, selector, text) in REFUSED.items():
        with of_state(state):
            claude_site.state(state)
            answered = page.session.wait_for(
                protocol.Network.ResponseReceived,
                lambda event: event.response.url.endswith("/completion"),
                timeout=15,
            )
            await ask(page)
            await page.see(selector, text)
            assert (await answered).response.status == status
    assert not claude_site.turns


async def test_states_show_in_answers(page: Visitor, claude_site: ClaudeSite) -> None:
    for state, (selector, text) in STREAMED.items():
        with of_state(state):
            claude_site.state(state)
            claude_site.configure(pollEvery=20)
            await ask(page)
            await page.see(selector, text)
            if state in ("body_only", "network_lost", "page_only", "smoothed"):
                assert await page.see(".standard-markdown") == "Hello from the replica."
        claude_site.release()


def test_a_cap_is_json_in_json_and_says_when_it_resets() -> None:
    reply = STATES["cap"](reset_after=90).reply
    assert isinstance(reply, Refusal)
    limit: dict[str, Any] = json.loads(json.loads(json.dumps(reply.body))["error"]["message"])
    assert reply.status == 429
    assert limit["type"] == "exceeded_limit"
    assert limit["representativeClaim"] == "five_hour"
    assert 0 < limit["resetsAt"] - time.time() < 91


async def test_send_controls_that_sulk(page: Visitor, claude_site: ClaudeSite) -> None:
    claude_site.state("first_click_ignored")
    await ask(page)
    await claude_site.journal.wait("click")
    await page.click(SEND)
    await claude_site.prompted(1)
    claude_site.state("late_enable", milliseconds=200)
    await write(page)
    assert await page.count(f"{SEND}:disabled") == 1
    await page.click(f"{SEND}:enabled")
    await claude_site.prompted(2)
    claude_site.state("renamed_send")
    await write(page)
    assert await page.count(SEND) == 0
    await page.click("[data-action=submit-turn]")
    await claude_site.prompted(3)
    claude_site.state("never_sends")
    await ask(page)
    await page.until("(s) => document.querySelector(s).textContent === ''", COMPOSER)
    claude_site.state("dead_send")
    await ask(page)
    await page.press("Enter")
    await claude_site.journal.wait("click", count=7)
    assert await page.see(COMPOSER) == "Hello"
    assert claude_site.journal.count("prompt") == 3


async def test_pages_that_are_in_the_way(page: Visitor, claude_site: ClaudeSite) -> None:
    claude_site.state("slow_hydration", milliseconds=50)
    await page.open(HOME)
    await page.see(COMPOSER)
    claude_site.state("overlay")
    await page.see("[data-replica-overlay]")
    focused = "() => document.activeElement.dataset.testid ?? ''"
    await page.click(COMPOSER)
    assert await page.ask(focused) == ""
    await page.click(COMPOSER)
    assert await page.ask(focused) == "chat-input"
    claude_site.state("duplicate_composer")
    await page.open(HOME)
    await page.see(COMPOSER)
    visible = "(s) => [...document.querySelectorAll(s)].map((one) => one.checkVisibility())"
    assert await page.ask(visible, COMPOSER) == [False, True]
    claude_site.state("attachment_refused")
    claude_site.configure(attachments=["a.txt"])
    await page.open(HOME)
    await page.see(".toast", "not supported")
    assert await page.count("[data-cds-attachment]") == 0


async def test_answers_that_are_slow_to_show(page: Visitor, claude_site: ClaudeSite) -> None:
    claude_site.state("silent")
    await ask(page)
    await claude_site.held("first-byte")
    assert not claude_site.turns[0].writes
    claude_site.release()
    await page.see(RETRY)
    claude_site.state("stop_flickers", milliseconds=50)
    claude_site.say(Answer(text="one two three", hold=["end"]))
    await ask(page)
    await claude_site.held("end")
    await page.see(f"{SEND}:disabled")
    await page.see(STOP)
    claude_site.release()
    await claude_site.journal.wait("received", count=2)
    claude_site.state("frozen")
    await ask(page)
    received = await claude_site.journal.wait("received", count=3)
    assert sum(size for _, size in received["times"]) > 1000
    assert await page.count(RETRY) == 0
    claude_site.state("alert", when="answer")
    opened = page.session.wait_for(protocol.Page.JavascriptDialogOpening, timeout=10)
    await ask(page)
    assert (await opened).message == "A message from the page"
    await page.session.call("Page.handleJavaScriptDialog", {"accept": True})
