"""The replica's page: composer, run settings, addresses, files, what it shows of answers, and its states."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import pytest

from cdp_relay.cdp import Connection
from tests.sites.aistudio import STATES, UNAVAILABLE, AIStudioSite, Answer
from tests.sites.kit.answers import ProducedFile
from tests.sites.kit.states import COMMON_STATES
from tests.sites.visitor import Visitor, visit

HOME = "https://aistudio.google.com/prompts/new_chat"
COMPOSER = "ms-prompt-box textarea"
RUN = "ms-run-button button[type=submit]"
STOP = "ms-run-button button:has(.stoppable-spinner)"
FOOTER = ".chat-turn-container.model .turn-footer"


@pytest.fixture
async def page(
    connection: Connection, browser_context: str, aistudio_site: AIStudioSite
) -> AsyncGenerator[Visitor]:
    async with visit(connection, browser_context, "about:blank") as visitor:
        yield visitor
    assert aistudio_site.journal.entries("mistake") == []


async def ask(page: Visitor, text: str) -> None:
    await page.click(COMPOSER)
    await page.type(text)
    await page.click(RUN)


def test_every_common_state_is_there_or_has_a_reason() -> None:
    assert STATES.keys() | UNAVAILABLE.keys() >= COMMON_STATES


@pytest.mark.browser
async def test_prompts_leave_across_origins_with_the_whole_conversation(
    page: Visitor, aistudio_site: AIStudioSite
) -> None:
    formula = "See $x^2$:\n\n```python\nprint('`')\n```\n\n| a | b |\n|---|---|\n| 1 | **2** |\n"
    picture = ProducedFile(data=b"\x89PNG\r\n")
    aistudio_site.say(
        Answer(text=formula, thinking=("Let me see.",), files=(picture,)), Answer(text="Second.")
    )
    await page.open(HOME)
    await page.see(RUN, "Run")
    assert await page.ask(f"() => document.querySelector('{RUN}').ariaDisabled") == "true"
    await ask(page, "Hello\n\nthere")
    await page.see(FOOTER, "s")
    first = aistudio_site.turns[0]
    assert (first.prompt, first.model) == ("Hello\n\nthere", "gemini-3.8-flash")
    assert first.wishes["temperature"] == 1
    preflights = aistudio_site.journal.entries("preflight", lambda one: "GenerateContent" in one["path"])
    assert [one["origin"] for one in preflights] == ["https://aistudio.google.com"]
    assert (await page.see("ms-thought-chunk .mat-expansion-panel-body")).strip() == "Let me see."
    assert await page.see("ms-code-block .title") == "python"
    assert await page.see("ms-code-block pre code") == "print('`')\n"
    assert await page.count("ms-katex code.rendered annotation") == 1
    assert await page.count("ms-cmark-node table strong") == 1
    assert await page.count("ms-image-chunk img[src^='data:image/png;base64,']") == 1
    await aistudio_site.journal.wait("save")
    await page.until("(id) => location.pathname === `/prompts/${id}`", first.conversation_id)
    await ask(page, "And then?")
    await page.until("(s) => document.querySelectorAll(s).length === 2", FOOTER)
    second = aistudio_site.turns[1]
    assert second.conversation_id == first.conversation_id
    assert [role for _, role in second.request[1]] == ["user", "model", "user"]
    await page.open(await page.url())
    await page.see("ms-chat-turn:last-child ms-text-chunk", "Second.")
    assert aistudio_site.journal.count("prompt") == 2


@pytest.mark.browser
async def test_run_and_stop_are_one_button_and_enter_is_a_setting(
    page: Visitor, aistudio_site: AIStudioSite
) -> None:
    aistudio_site.say(Answer(text="one two three four", hold=["middle"]))
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type("one")
    await page.press("Enter")
    await page.type("two")
    assert await page.see(RUN, "Ctrl")
    await page.click(RUN)
    assert (await aistudio_site.prompted())["text"] == "one\ntwo"
    await aistudio_site.held("middle")
    await page.see(STOP, "Stop")
    await page.click(STOP)
    stop = await aistudio_site.journal.wait("stop")
    assert stop["stopped"]
    await page.until("(s) => !document.querySelector(s)", STOP)
    assert aistudio_site.turns[0].state == "stopped"
    aistudio_site.configure(enterSends=True)
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type("by Enter")
    await page.press("Enter")
    assert (await aistudio_site.prompted(2))["text"] == "by Enter"


@pytest.mark.browser
async def test_the_run_settings_are_in_the_request(page: Visitor, aistudio_site: AIStudioSite) -> None:
    await page.open(f"{HOME}?model=gemini-3.5-flash")
    assert await page.see("[data-test-id=model-name]") == "gemini-3.5-flash"
    await page.click("button.model-selector-card")
    await page.click("[id='model-carousel-row-models/gemini-3.1-pro-preview']")
    assert await page.see("[data-test-id=model-name]") == "gemini-3.1-pro-preview"
    await page.click("mat-select[aria-label='Thinking Level']")
    assert await page.see("[role=listbox]") == "Low\nHigh"
    await page.click("mat-option")
    await page.click("button[data-test-system-instructions-card]")
    await page.click("textarea[aria-label='System instructions']")
    await page.type("Be brief.")
    await page.click("button[data-test-close-button]")
    await page.click("button[aria-label='Expand or collapse advanced settings']")
    for stop in ("END", "STOP"):
        await page.click("ms-stop-sequence-input input")
        await page.type(stop)
        await page.press("Enter")
    await page.click("ms-toolbar button[aria-label='View more actions']")
    await page.click("button[data-test-incognito-toggle]")
    await page.see("ms-incognito-mode-indicator", "Temporary chat")
    await ask(page, "Hello")
    await page.see(FOOTER)
    turn = aistudio_site.turns[0]
    assert turn.model == "gemini-3.1-pro-preview"
    assert turn.temporary
    assert dict(turn.wishes) == {
        "system": "Be brief.",
        "stop": ("END", "STOP"),
        "temperature": 1,
        "max_output_tokens": 65536,
        "effort": "low",
    }
    assert aistudio_site.journal.count("save") == 0
    assert await page.url() == f"{HOME}?model=gemini-3.5-flash"
    controls = [entry["name"] for entry in aistudio_site.journal.entries("control")]
    assert controls == ["model", "effort", "system", "stop", "stop", "temporary"]


@pytest.mark.browser
async def test_states(page: Visitor, aistudio_site: AIStudioSite) -> None:
    at_load = {
        "logged_out": ("ms-navbar a[href^='https://accounts.google.com/ServiceLogin']", "Sign in"),
        "consent": ("mat-dialog-container", "Terms of Service"),
        "paid_model": ("mat-dialog-container", "paid API key"),
        "welcome": ("ms-g1-welcome-dialog", "What is new"),
        "cookie_bar": ("#glue-cookie-notification-bar-1", "No thanks"),
        "cap_banner": ("ms-callout.error-callout", "rate limit"),
        "error_banner": ("ms-callout.error-callout", "internal error"),
        "left_over_attachment": ("ms-prompt-media", "old.txt"),
        "login_redirect": ("h1", "accounts.google.com"),
        "account_chooser": ("h1", "accounts.google.com"),
        "challenge": ("h1", "www.google.com"),
    }
    for name, (selector, text) in at_load.items():
        aistudio_site.state(name)
        await page.open(HOME)
        await page.see(selector, text)
    refused = {
        "cap": ("ms-callout", "You've reached your rate limit"),
        "too_many_requests": ("mat-snack-bar-container .toast.error .content-text", "exceeded quota"),
        "permission_denied": ("mat-snack-bar-container", "permission denied"),
        "overloaded": ("ms-callout", "overloaded"),
        "deadline": ("ms-callout", "Deadline"),
        "message_too_long": ("ms-callout", "exceeds the maximum"),
        "generation_failed": ("ms-callout", "internal error"),
        "cap_in_stream": ("ms-callout", "rate limit"),
        "moderation": ("ms-callout", "internal error"),
        "refused": (".blocked", "Content blocked"),
    }
    for name, (selector, text) in refused.items():
        aistudio_site.state(name)
        await page.open(HOME)
        await ask(page, "Hello")
        await page.see(selector, text)


@pytest.mark.browser
async def test_old_turns_lose_their_content_when_they_are_out_of_sight(
    page: Visitor, aistudio_site: AIStudioSite
) -> None:
    long = "\n\n".join(f"Line {number}." for number in range(60))
    aistudio_site.say_always(Answer(text=long))
    await page.open(HOME)
    for number in (1, 2):
        await ask(page, f"Prompt {number}")
        await page.until("([s, n]) => document.querySelectorAll(s).length === n", [FOOTER, number])
    await page.until(
        "() => !document.querySelector('.chat-turn-container.user').innerText.includes('Prompt')"
    )
    await page.ask("() => document.querySelector('ms-autoscroll-container').scrollTo(0, 0)")
    await page.see(".chat-turn-container.user", "Prompt 1")
    assert re.fullmatch(r"/prompts/1[0-9a-f]{32}", await page.ask("() => location.pathname"))
