"""Each state of the replica is what its name says, in the DOM or on the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from cdp_relay.cdp import Connection, protocol
from tests.sites.chatgpt import STATES, Answer, ChatGPTSite
from tests.sites.visitor import Visitor, revisit

pytestmark = pytest.mark.browser

HOME = "https://chatgpt.com/"
COMPOSER = "#prompt-textarea.ProseMirror"
SEND = "[data-testid=send-button]"
STOP = "[data-testid=stop-button]"
ASK_BARE = """(body) => fetch("/backend-api/f/conversation", { method: "POST", body: JSON.stringify(body) })
  .then((answer) => answer.json())"""
ACTIONS = "[data-testid=copy-turn-action-button]"

SHOWN_AT_LOAD: dict[str, tuple[str, str]] = {
    "cap_banner": ("[role=dialog]", "limit"),
    "error_banner": ("[role=alert]", "Something went wrong"),
    "logged_out": ("[data-testid=login-button]", "Log in"),
    "account_chooser": ("[role=dialog]", "Welcome back"),
    "session_expired": ("[role=dialog]", "Your session has expired"),
    "suspicious_activity": ("[role=dialog]", "Suspicious activity detected"),
    "consent": ("[role=dialog]", "Accept all"),
    "temporary_notice": ("[role=dialog]", "Memory off"),
    "challenge_in_page": ("iframe[src*='challenges.cloudflare.com']", ""),
    "stale_draft": (COMPOSER, "an old draft"),
    "left_over_attachment": ("[data-testid*=chip]", "old.txt"),
    "work_mode": ("[role=radio][aria-checked=true]", "Work"),
    "challenge": ("#challenge-form", "Verify you are human"),
    "login_redirect": ("h1", "auth.openai.com"),
}
REFUSED: dict[str, tuple[int, str, str]] = {
    "too_many_requests": (429, "[role=dialog]", "Too many requests"),
    "cap": (429, ".banner", "You've hit the limit"),
    "message_too_long": (413, ".error", "too long"),
    "conversation_too_large": (400, "[role=alert]", "maximum length"),
    "conversation_gone": (404, "[role=alert]", "Start new chat"),
    "unusual_activity": (403, ".error", "Unusual activity"),
    "challenged_answer": (403, ".error", "Something went wrong"),
    "overloaded": (503, ".error", "unavailable"),
}
STREAMED: dict[str, tuple[str, str]] = {
    "answer_choice": (".markdown", "Hello from the replica."),
    "cap_in_stream": (".error", "Something went wrong"),
    "refused": (".markdown", "I can't help with that"),
    "generation_failed": (".error", "Something went wrong"),
    "moderation": (".error", "usage policies"),
    "safety_review": (".markdown", "Hello from the replica."),
    "downgraded": (".markdown", "Hello from the replica."),
}
TESTED_BELOW = {
    "alert", "approval", "attachment_refused", "body_only", "challenge_on_calls", "dead_send", "done_only",
    "double_send", "duplicate_composer", "editor_wiped", "first_click_ignored", "frozen", "late_enable",
    "localised", "network_lost", "never_sends", "overlay", "page_only", "renamed_send", "silent",
    "slow_hydration", "stop_flickers", "stuck_turn",
}  # fmt: skip


@pytest.fixture
async def page(connection: Connection, kept_page: str, chatgpt_site: ChatGPTSite) -> AsyncGenerator[Visitor]:
    async with revisit(connection, kept_page, "https://chatgpt.com") as visitor:
        yield visitor


async def ask(page: Visitor, text: str = "Hello") -> None:
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type(text)
    await page.click(SEND)


def test_every_state_has_a_test() -> None:
    tested = SHOWN_AT_LOAD.keys() | REFUSED.keys() | STREAMED.keys() | TESTED_BELOW
    assert tested == STATES.keys() - {"usual"}


@pytest.mark.parametrize("state", SHOWN_AT_LOAD)
async def test_a_state_is_shown_at_load(page: Visitor, chatgpt_site: ChatGPTSite, state: str) -> None:
    selector, text = SHOWN_AT_LOAD[state]
    chatgpt_site.state(state)
    await page.open(HOME)
    await page.see(selector, text)


@pytest.mark.parametrize("state", REFUSED)
async def test_a_prompt_is_refused(page: Visitor, chatgpt_site: ChatGPTSite, state: str) -> None:
    status, selector, text = REFUSED[state]
    chatgpt_site.state(state)
    await page.session.call("Network.enable")
    answered = page.session.wait_for(
        protocol.Network.ResponseReceived, lambda event: event.response.status == status, timeout=10
    )
    await ask(page)
    await page.see(selector, text)
    assert (await answered).response.url.endswith("/f/conversation")
    assert not chatgpt_site.turns


@pytest.mark.parametrize("state", STREAMED)
async def test_a_state_shows_in_the_answer(page: Visitor, chatgpt_site: ChatGPTSite, state: str) -> None:
    selector, text = STREAMED[state]
    chatgpt_site.state(state)
    await ask(page)
    await page.see(selector, text)


@pytest.mark.parametrize("how", ["frame", "event", "message"])
async def test_a_failed_generation_comes_in_three_forms(
    page: Visitor, chatgpt_site: ChatGPTSite, how: str
) -> None:
    chatgpt_site.state("generation_failed", how=how)
    await ask(page)
    await page.see(".error", "Retry")


async def test_a_cap_says_when_it_resets_in_all_shapes(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    bodies: dict[str, Any] = {}
    for shape in ("old", "new"):
        chatgpt_site.state("cap", shape=shape, reset_after=90)
        await page.open(HOME)
        bodies[shape] = await page.ask(ASK_BARE, {"messages": [{"content": {"parts": ["Hello"]}}]})
    assert bodies["old"]["detail"]["clears_in"] == 90
    assert bodies["new"]["error"]["code"] == "model_cap_exceeded"
    assert bodies["new"]["model_limits"][0]["resets_after"]
    chatgpt_site.state("cap", shape="stream", reset_after=90)
    await ask(page)
    await chatgpt_site.journal.wait("answered")
    data = b"".join(write.data for write in chatgpt_site.turns[0].writes)
    assert b'"model_cap_exceeded"' in data
    assert b'"resets_after"' in data


async def test_done_only_is_a_good_status_without_an_answer(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("done_only")
    await ask(page)
    await chatgpt_site.journal.wait("received", where=lambda received: len(received["times"]) == 1)
    assert await page.count(".markdown") == 0


async def test_a_guest_asks_another_backend(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("logged_out")
    await ask(page)
    assert (await chatgpt_site.prompted())["path"] == "/backend-anon/f/conversation"
    assert await page.ask("() => fetch('/api/auth/session').then((answer) => answer.json())") == {}


async def test_a_challenge_can_clear_by_itself(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("challenge", clears=True)
    await page.open(HOME)
    assert await page.ask("() => document.title") == "Just a moment..."
    await page.open(HOME)
    await page.see(COMPOSER)


async def test_calls_are_challenged_behind_a_healthy_page(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("challenge_on_calls")
    await ask(page)
    await page.see(".error")
    assert not chatgpt_site.prompts


async def test_an_overlay_swallows_the_first_click(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("overlay")
    await page.open(HOME)
    await page.see(COMPOSER)
    focused = "() => document.activeElement.id"
    await page.click(COMPOSER)
    assert await page.ask(focused) == ""
    await page.click(COMPOSER)
    assert await page.ask(focused) == "prompt-textarea"


async def test_the_first_click_on_send_can_be_ignored(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("first_click_ignored")
    await ask(page)
    await chatgpt_site.journal.wait("click")
    await page.click(SEND)
    await chatgpt_site.prompted()
    assert chatgpt_site.journal.count("prompt") == 1


async def test_send_can_be_enabled_late(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("late_enable", milliseconds=200)
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type("Hello")
    await page.see(f"{SEND}:disabled")
    await page.click(f"{SEND}:enabled")
    await chatgpt_site.prompted()


async def test_a_send_can_prepare_and_never_leave(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("never_sends")
    await ask(page)
    await chatgpt_site.journal.wait("prepare")
    assert await page.see(COMPOSER) in ("", "\n")
    assert await page.count(STOP) == 0
    assert not chatgpt_site.prompts


async def test_a_send_can_be_dead(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("dead_send")
    await ask(page)
    await page.press("Enter")
    await chatgpt_site.journal.wait("click", count=2)
    assert await page.see(COMPOSER) == "Hello"
    assert not chatgpt_site.prompts


async def test_one_click_can_send_twice(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("double_send")
    await ask(page)
    await chatgpt_site.prompted(2)
    assert chatgpt_site.prompts == ["Hello", "Hello"]


async def test_a_hidden_copy_of_the_composer_comes_first(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("duplicate_composer")
    await page.open(HOME)
    await page.see(COMPOSER)
    visible = "(s) => [...document.querySelectorAll(s)].map((one) => one.checkVisibility())"
    assert await page.ask(visible, COMPOSER) == [False, True]


@pytest.mark.parametrize(("language", "label"), [("zh", "发送提示"), ("ru", "Отправить запрос")])
async def test_labels_can_be_in_another_language(
    page: Visitor, chatgpt_site: ChatGPTSite, language: str, label: str
) -> None:
    chatgpt_site.state("localised", language=language)
    await page.open(HOME)
    assert await page.ask("() => document.documentElement.lang") == language
    await page.click(COMPOSER)
    await page.type("Hello")
    await page.see(f"{SEND}[aria-label='{label}']")


async def test_a_turn_can_stay_in_progress(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.generation("B")
    chatgpt_site.state("stuck_turn")
    await page.open(HOME)
    await page.click("[data-composer-markdown]")
    await page.type("Hello")
    await page.press("Enter")
    await page.see("[aria-label='Copy response']")
    assert await page.count("[data-talvt-turn-state=in_progress]") == 1


async def test_a_frozen_page_receives_and_paints_nothing(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("frozen")
    await ask(page)
    received = await chatgpt_site.journal.wait("received")
    assert sum(size for _, size in received["times"]) > 1000
    assert await page.count(".markdown") == 0


async def test_an_answer_can_come_in_one_flush_or_past_the_wire_or_after_a_break(
    page: Visitor, chatgpt_site: ChatGPTSite
) -> None:
    text = "one two three four"
    for number, state in enumerate(("body_only", "page_only", "network_lost")):
        chatgpt_site.state(state)
        chatgpt_site.say(Answer(text=text, rendered="something else" if state == "body_only" else None))
        await ask(page)
        await chatgpt_site.journal.wait("received", count=number + 1)
        await page.see(ACTIONS)
        shown = await page.see(".markdown")
        assert shown == ("something else" if state == "body_only" else text)
    assert len(chatgpt_site.turns[0].writes) == 1
    assert chatgpt_site.journal.count("resume") == 1


async def test_a_file_can_be_refused(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("attachment_refused")
    chatgpt_site.configure(attachments=["a.txt"])
    await page.open(HOME)
    await page.see("[role=alert]", "not supported")
    assert await page.count("[data-testid*=chip]") == 0


async def test_the_send_control_can_have_other_names(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("renamed_send")
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type("Hello")
    await page.click("[data-action=submit-turn]")
    await chatgpt_site.prompted()


async def test_a_late_thread_wipes_what_was_typed(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    await ask(page)
    await chatgpt_site.journal.wait("received")
    chatgpt_site.configure(draft="typed too early")
    chatgpt_site.state("editor_wiped", milliseconds=0)
    await page.open(f"{HOME}c/{chatgpt_site.turns[0].conversation_id}")
    wiped = await chatgpt_site.journal.wait("wiped")
    assert wiped["text"] == "typed too early"
    await page.until("(s) => document.querySelector(s)?.innerText.trim() === ''", COMPOSER)


@pytest.mark.parametrize("when", ["load", "answer"])
async def test_an_alert_opens(page: Visitor, chatgpt_site: ChatGPTSite, when: str) -> None:
    chatgpt_site.state("alert", when=when)
    opened = page.session.wait_for(protocol.Page.JavascriptDialogOpening, timeout=10)
    if when == "load":
        await page.open(HOME)
    else:
        await ask(page)
    assert (await opened).message == "A message from the page"
    await page.session.call("Page.handleJavaScriptDialog", {"accept": True})


async def test_a_tool_waits_for_approval(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("approval")
    await ask(page)
    await page.see("[data-testid=tool-approval-card]", "Waiting for your answer")
    await page.see(STOP)


async def test_an_answer_can_be_silent_until_released(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("silent")
    await ask(page)
    await chatgpt_site.held("first-byte")
    assert not chatgpt_site.turns[0].writes
    chatgpt_site.release()
    await page.see(ACTIONS)


async def test_the_stop_control_flickers(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("stop_flickers", milliseconds=50)
    chatgpt_site.say(Answer(text="one two three", hold=["end"]))
    await ask(page)
    await chatgpt_site.held("end")
    await page.see("[data-testid=composer-speech-button]")
    await page.see(STOP)


async def test_a_state_that_comes_later_shows_on_open_pages(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    await page.open(HOME)
    await chatgpt_site.journal.wait("hydrated")
    chatgpt_site.state("session_expired")
    await page.see("[role=dialog]", "session has expired")
    chatgpt_site.tell("navigate", url="https://chatgpt.com/?elsewhere")
    await chatgpt_site.journal.wait("page", count=2)
