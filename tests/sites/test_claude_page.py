"""The replica's page: composer, controls, files and addresses."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from cdp_relay.cdp import Connection, protocol
from tests.sites.claude import Answer, ClaudeSite, Retract, Text, Thinking, Tool
from tests.sites.kit.answers import ProducedFile
from tests.sites.visitor import Visitor, visit

pytestmark = pytest.mark.browser

HOME = "https://claude.ai/new"
CHAT = r"https://claude\.ai/chat/[0-9a-f]{8}-[0-9a-f-]{27}"
COMPOSER = "[data-testid=chat-input][contenteditable=true]"
SEND = "[data-testid=chat-input-send]:enabled"
STOP = "button[aria-label='Stop response']"
RETRY = "[data-testid=action-bar-retry]"
MODEL = "[data-testid=model-selector-dropdown]"
TILE = "fieldset [data-testid=file-thumbnail]"


@pytest.fixture
async def page(
    connection: Connection, browser_context: str, claude_site: ClaudeSite
) -> AsyncGenerator[Visitor]:
    async with visit(connection, browser_context, "about:blank") as visitor:
        yield visitor


async def send(page: Visitor, text: str) -> None:
    await page.click(COMPOSER)
    await page.type(text)
    await page.click(SEND)


async def texts(page: Visitor, selector: str) -> list[str]:
    """What all matches say."""
    found = await page.ask("(s) => [...document.querySelectorAll(s)].map((one) => one.textContent)", selector)
    return list(found)


async def test_a_prompt_leaves_packed_under_a_name_of_the_page_and_the_chat_goes_on(
    page: Visitor, claude_site: ClaudeSite
) -> None:
    claude_site.state("slow_hydration")
    claude_site.say(Answer(text="First **answer**.", hold=["headers"]), Answer(text="Second."))
    await page.open(HOME)
    await claude_site.held("hydration")
    assert await page.count("[data-testid=chat-input-ssr]") == 1
    assert await page.count(COMPOSER) == 0
    claude_site.release("hydration")
    await send(page, "Hello\n\nthere")
    await claude_site.held("headers")
    chat = await page.url()
    assert re.fullmatch(CHAT, chat)
    claude_site.release("headers")
    first = await claude_site.prompted(1)
    assert first["text"] == "Hello\n\nthere"
    assert first["body"]["create_conversation_params"]["is_temporary"] is False
    assert first["path"].endswith(f"{chat.rpartition('/')[2]}/completion")
    await page.see(RETRY)
    await page.until('() => document.title === "A replica\'s title - Claude"')
    await page.click(COMPOSER)
    await page.type("one")
    await page.press("Enter", shift=True)
    await page.type("two")
    await page.press("Enter")
    second = await claude_site.prompted(2)
    assert second["text"] == "one\ntwo"
    assert second["body"]["parent_message_uuid"] == claude_site.turns[0].ids.assistant
    assert "create_conversation_params" not in second["body"]
    assert await page.url() == chat
    await page.until("(s) => document.querySelectorAll(s).length === 2", RETRY)
    assert await texts(page, ".standard-markdown") == ["First answer.", "Second."]
    claude_site.say(Answer(text="Third."))
    await page.open(chat)
    await claude_site.held("hydration", count=2)
    claude_site.release("hydration")
    await page.click(f"[data-test-render-count]:last-child {RETRY}")
    await claude_site.journal.wait("retry")
    await page.until("(s) => document.querySelectorAll(s)[2]?.textContent === 'Third.'", ".standard-markdown")
    claude_site.configure(mountedRows=2)
    await page.open(chat)
    await claude_site.held("hydration", count=3)
    claude_site.release("hydration")
    await page.see(RETRY)
    assert await page.count("[data-test-render-count]") == 2


async def test_model_thinking_and_incognito_are_chosen_on_the_page_and_show_in_the_request(
    page: Visitor, claude_site: ClaudeSite
) -> None:
    await page.open(f"{HOME}?incognito=true")
    await page.see("header", "Incognito chat")
    assert await page.see(MODEL) == "Sonnet 5"
    await page.click(MODEL)
    await page.click("[role=menu] > [role=menuitem]:not([aria-haspopup])")
    await page.see("[role=switch][aria-checked=true]")
    await page.click("[role=menu] [aria-haspopup=menu]")
    rows = await texts(page, "[role=menu] ~ [role=menu] [role=menuitemradio]")
    assert rows == ["Opus 4.6", "Sonnet 4.5"]
    await page.click("[role=menu] > [role=menuitemradio]:first-child")
    assert await page.see(MODEL) == "Opus 5.5 Extended"
    await send(page, "Hello")
    await page.see(RETRY)
    [turn] = claude_site.turns
    assert turn.model == "claude-opus-5-5"
    assert turn.wishes == {"thinking_mode": "extended", "effort": "high"}
    assert turn.temporary
    await page.open(HOME)
    assert await page.count("nav a[href^='/chat/']") == 0


async def test_an_answer_is_blocks_between_thoughts_tools_and_files(
    page: Visitor, claude_site: ClaudeSite
) -> None:
    text = (
        "Look:\n\n```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n1. one\n   - deep\n\n$x^2$"
    )
    picture = ProducedFile(name="p.png", data=b"\x89PNG\r\n", media_type="image/png")
    note = ProducedFile(name="n.txt", data=b"a note", media_type="text/plain")
    blocks = (
        Thinking("Hm.\n\nWell.", ("Weighing options",)),
        Text("A draft."),
        Retract(1),
        Text("First I look."),
        Tool(),
        Text(text, citations=({"uuid": "c1", "url": "https://example.org"},)),
    )
    claude_site.configure(smoothChars=5)
    claude_site.say(Answer(blocks=blocks, unknown=True), Answer(text="Here.", files=(picture, note)))
    await page.open(HOME)
    await send(page, "Hello")
    await page.see(RETRY)
    assert await page.see("[data-is-streaming=false] button[class*='group/status']") == "Weighing options"
    answers = await texts(page, ".font-claude-response > .standard-markdown")
    assert answers[0] == "First I look."
    assert "draft" not in "".join(answers)
    assert await texts(page, "pre > code.language-python") == ["print(1)\n"]
    assert await texts(page, "td") == ["1", "2"]
    assert await texts(page, "ol > li > ul > li") == ["deep"]
    assert await texts(page, "annotation[encoding='application/x-tex']") == ["x^2"]
    assert (await texts(page, "h2.sr-only"))[0].startswith("Claude responded: ")
    await page.click("button[class*='group/status']")
    await page.see(".thinking-block .standard-markdown", "Well.")
    await send(page, "Files?")
    await page.see(".artifact-block-cell a[download='n.txt']")
    fetch = "() => fetch(document.querySelector('.artifact-block-cell img').src).then((one) => one.text())"
    assert "PNG" in await page.ask(fetch)


async def test_stop_is_told_to_the_site(page: Visitor, claude_site: ClaudeSite) -> None:
    claude_site.say(Answer(text="one two three four", thinking=("Hm.",), hold=["middle"]))
    await page.open(HOME)
    assert await page.count(SEND) == 0
    await send(page, "Hello")
    await claude_site.held("middle")
    await page.see("[data-is-streaming=true]", "one two")
    assert await page.count(SEND) == 0
    await page.click(STOP)
    assert (await claude_site.journal.wait("stop"))["stopped"]
    await page.see("[data-is-streaming=false]")
    await page.until("(s) => !document.querySelector(s)", STOP)
    assert claude_site.turns[0].state == "stopped"


async def test_files_are_stored_before_the_prompt_can_leave(
    page: Visitor, claude_site: ClaudeSite, tmp_path: Path, connection: Connection, browser_context: str
) -> None:
    await connection.root.call(
        "Browser.grantPermissions",
        {
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
            "browserContextId": browser_context,
        },
    )
    data = bytes(range(256)) + b"\r\n--x\n\r"
    (tmp_path / "p.png").write_bytes(data)
    (tmp_path / "note.txt").write_text("a note")
    (tmp_path / "bad.exe").write_text("")
    claude_site.hold("upload")
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type("See these.")
    await page.session.call("Page.setInterceptFileChooserDialog", {"enabled": True})
    opened = page.session.wait_for(protocol.Page.FileChooserOpened, timeout=10)
    await page.click("[aria-label^='Add files']")
    await page.click("[role=menu] [role=menuitem]")
    files = [str(tmp_path / name) for name in ("p.png", "note.txt", "bad.exe")]
    node = (await opened).backend_node_id
    await page.session.call("DOM.setFileInputFiles", {"files": files, "backendNodeId": node})
    await page.see("[role=alert]", "not supported: bad.exe")
    await claude_site.held("upload", count=2)
    assert await page.count(f"{TILE} [role=status]") == 2
    assert await page.count(SEND) == 0
    claude_site.release("upload")
    await page.see(SEND)
    await page.ask("() => navigator.clipboard.writeText('y'.repeat(4001))")
    await page.click(COMPOSER)
    paste = {"type": "rawKeyDown", "key": "v", "code": "KeyV", "modifiers": 2, "commands": ["paste"]}
    await page.session.call("Input.dispatchKeyEvent", paste)
    await page.see(f"{TILE}:nth-child(3)", "PASTED")
    claude_site.configure(insertLimit=5000)
    await page.until("(s) => document.querySelector(s)", SEND)
    await claude_site.journal.wait("attached", count=3)
    await page.click("button[aria-label='Remove pasted text']")
    await page.click(COMPOSER)
    await page.type("z" * 5001)
    await page.see(f"{TILE}:nth-child(3)", "PASTED")
    await page.click(SEND)
    await page.see(RETRY)
    [turn] = claude_site.turns
    assert turn.prompt == "See these."
    assert [(one.name, one.media_type, one.data) for one in turn.attachments] == [
        ("note.txt", "text/plain", b"a note"),
        ("", "text/plain", b"z" * 5001),
        ("p.png", "image/png", data),
    ]


async def test_a_broken_stream_is_read_from_the_chat_once_the_site_is_done(
    page: Visitor, claude_site: ClaudeSite
) -> None:
    claude_site.configure(pollEvery=20)
    claude_site.say(Answer(text="one two three four", cut="middle", hold=["end"], cut_unread=True))
    await page.open(HOME)
    await send(page, "Hello")
    await page.see("[role=status]", "Reconnecting")
    await claude_site.journal.wait("recovery", count=2)
    claude_site.release()
    await page.see(RETRY)
    assert await texts(page, ".standard-markdown") == ["one two three four"]
