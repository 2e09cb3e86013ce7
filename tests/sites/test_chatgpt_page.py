"""The replica's page: composer, controls and addresses, in both generations."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Literal

import attrs
import pytest

from cdp_relay.cdp import Connection
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.visitor import Visitor, revisit, visit

pytestmark = pytest.mark.browser

HOME = "https://chatgpt.com/"
CHAT = r"https://chatgpt\.com/c/[0-9a-f]{8}-[0-9a-f-]{27}"


@attrs.frozen
class Face:
    """Where things are in one generation."""

    name: Literal["A", "B"]
    composer: str
    send: str
    stop: str
    turn: str
    answer: str
    chip: str


A = Face(
    name="A",
    composer="#prompt-textarea.ProseMirror[contenteditable=true]",
    send="[data-testid=send-button]",
    stop="[data-testid=stop-button]",
    turn="[data-testid^=conversation-turn-]",
    answer="[data-message-author-role=assistant] .markdown",
    chip="[data-testid*=chip]",
)
B = Face(
    name="B",
    composer="form[data-chatgpt-composer] [data-composer-markdown][contenteditable=true]",
    send="form[data-chatgpt-composer] button[type=submit]",
    stop="form[data-chatgpt-composer] button[aria-label=Stop]",
    turn="[data-turn-key]",
    answer="[data-markdown-text-style=assistant-message]",
    chip=".composer-attachment-surface",
)


@pytest.fixture(params=[A, B], ids=["A", "B"])
def face(request: pytest.FixtureRequest, chatgpt_site: ChatGPTSite) -> Face:
    chosen: Face = request.param
    chatgpt_site.generation(chosen.name)
    return chosen


@pytest.fixture
async def page(connection: Connection, kept_page: str, chatgpt_site: ChatGPTSite) -> AsyncGenerator[Visitor]:
    async with revisit(connection, kept_page, "https://chatgpt.com") as visitor:
        yield visitor


@pytest.fixture
async def own_page(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> AsyncGenerator[Visitor]:
    async with visit(connection, browser_context, "about:blank") as visitor:
        yield visitor


async def send(page: Visitor, face: Face, text: str) -> None:
    await page.click(face.composer)
    await page.type(text)
    await page.click(face.send)


async def test_a_prompt_leaves_in_one_request_and_its_answer_is_shown(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="First **answer**."), Answer(text="Second."))
    await page.open(HOME)
    await send(page, face, "Hello\n\nthere")
    first = (await chatgpt_site.prompted(1))["body"]
    assert first["messages"][0]["content"]["parts"] == ["Hello\n\nthere"]
    assert first["parent_message_id"] == "client-created-root"
    assert "conversation_id" not in first
    await page.until("(s) => document.querySelector(s)?.innerText === 'First answer.'", face.answer)
    assert re.fullmatch(CHAT, await page.url())
    keys = await page.ask("() => document.body.innerHTML")
    assert first["messages"][0]["id"] in keys
    await page.until("(s) => !document.querySelector(s)", face.stop)
    await send(page, face, "And then?")
    second = (await chatgpt_site.prompted(2))["body"]
    assert (await page.url()).endswith(second["conversation_id"])
    assert second["parent_message_id"] == chatgpt_site.turns[0].ids.answer
    assert chatgpt_site.journal.count("prompt") == 2


async def test_send_appears_with_text_and_stop_takes_its_place(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="one two three four", hold=["middle"]))
    await page.open(HOME)
    await page.click(face.composer)
    assert await page.count(face.send) == 0
    await page.type("Hello")
    await page.see(face.send)
    assert await page.count(face.stop) == 0
    await page.click(face.send)
    await chatgpt_site.held("middle")
    assert await page.count(f"main form:not(.hidden *) {face.send.split()[-1]}") == 0
    await page.click(face.stop)
    stop = await chatgpt_site.journal.wait("stop")
    assert stop["stopped"]
    assert stop["body"]["conversation_id"] == chatgpt_site.turns[0].conversation_id
    await page.until("(s) => !document.querySelector(s)", face.stop)
    assert chatgpt_site.turns[0].state == "stopped"


async def test_enter_sends_and_shift_enter_breaks_the_line(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    await page.open(HOME)
    await page.click(face.composer)
    await page.type("one")
    await page.press("Enter", shift=True)
    await page.type("two")
    await page.press("Enter")
    assert (await chatgpt_site.prompted())["text"] == "one\ntwo"


async def test_the_box_before_hydration_only_leads_to_another_address(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("slow_hydration")
    await page.open(HOME)
    await page.click("textarea[name=prompt-textarea]")
    await page.type("lost")
    await chatgpt_site.held("hydration")
    assert await page.count(face.composer) == 0
    await page.click("button[type=submit]")
    await chatgpt_site.journal.wait("page", count=2)
    assert chatgpt_site.journal.entries("page")[1]["url"] == "/?prompt-textarea=lost"
    await chatgpt_site.held("hydration", count=2)
    chatgpt_site.release("hydration")
    await page.see(face.composer)
    assert not chatgpt_site.prompts


async def test_the_address_hops_to_a_local_name_before_the_site_names_the_chat(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.hold("headers")
    await page.open(HOME)
    await send(page, face, "Hello")
    await chatgpt_site.held("headers")
    assert re.fullmatch(r"https://chatgpt\.com/c/WEB:[0-9a-f-]{36}", await page.url())
    chatgpt_site.release()
    await chatgpt_site.journal.wait("received")
    assert re.fullmatch(CHAT, await page.url())


async def test_a_temporary_chat_keeps_its_address_and_says_so_in_the_request(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    await page.open(f"{HOME}?temporary-chat=true&model=gpt-5-6-thinking")
    await send(page, face, "Hello")
    body = (await chatgpt_site.prompted())["body"]
    assert body["history_and_training_disabled"] is True
    assert body["model"] == "gpt-5-6-thinking"
    await chatgpt_site.journal.wait("received")
    assert "temporary-chat=true" in await page.url()


async def test_a_long_paste_becomes_an_attachment_and_inserted_text_does_not(
    own_page: Visitor, face: Face, chatgpt_site: ChatGPTSite, connection: Connection, browser_context: str
) -> None:
    page = own_page  # the permissions stay with its browser context
    await connection.root.call(
        "Browser.grantPermissions",
        {
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
            "browserContextId": browser_context,
        },
    )
    await page.open(HOME)
    await page.click(face.composer)
    await page.type("x" * 10_001)
    assert await page.count(face.chip) == 0
    await page.ask("() => navigator.clipboard.writeText('y'.repeat(10_001))")
    paste = {"type": "rawKeyDown", "key": "v", "code": "KeyV", "modifiers": 2, "commands": ["paste"]}
    await page.session.call("Input.dispatchKeyEvent", paste)
    await page.see(face.chip)
    assert await page.count(face.chip) == 1
    await page.click(f"{face.send}:enabled")  # once the file has been uploaded
    body = (await chatgpt_site.prompted())["body"]
    assert body["messages"][0]["content"]["parts"] == ["x" * 10_001]
    [attachment] = body["messages"][0]["metadata"]["attachments"]
    assert attachment["size"] == 10_001


@pytest.mark.parametrize(("limit", "chips"), [(0, 0), (10_000, 1)])
async def test_a_long_drop_is_text_unless_configured(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite, limit: int, chips: int
) -> None:
    chatgpt_site.configure(dropLimit=limit)
    await page.open(HOME)
    await page.click(face.composer)
    await page.drop(face.composer, "z" * 10_001)
    await page.see(face.send)
    assert await page.count(face.chip) == chips


async def test_a_draft_comes_back_at_the_next_load(
    page: Visitor, face: Face, chatgpt_site: ChatGPTSite
) -> None:
    await page.open(HOME)
    await page.click(face.composer)
    await page.type("not sent yet")
    await chatgpt_site.journal.wait("draft")
    await page.open(HOME)
    await chatgpt_site.journal.wait("hydrated", count=2)
    assert await page.see(face.composer) == "not sent yet"


async def test_generation_b_keeps_its_hidden_home_composer(page: Visitor, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.generation("B")
    await page.open(HOME)
    await send(page, B, "Hello")
    await chatgpt_site.journal.wait("received")
    visible = "(s) => [...document.querySelectorAll(s)].map((one) => one.checkVisibility())"
    assert await page.ask(visible, B.composer) == [False, True]
    above = "() => document.querySelector('[data-above-composer-conversation-id]').dataset"
    shown = await page.ask(f"{above}.aboveComposerConversationId")
    assert shown == f"chatgpt:{chatgpt_site.turns[0].conversation_id}"


async def test_a_chat_can_be_opened_again(page: Visitor, face: Face, chatgpt_site: ChatGPTSite) -> None:
    await page.open(HOME)
    await send(page, face, "Hello")
    await chatgpt_site.journal.wait("received")
    await page.open(f"{HOME}c/{chatgpt_site.turns[0].conversation_id}")
    await chatgpt_site.journal.wait("hydrated", count=2)
    assert await page.see(face.answer) == "Hello from the replica."
