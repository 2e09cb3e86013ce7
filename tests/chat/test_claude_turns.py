"""Whole turns on Claude's replica: what only this site has."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat import ChatRequest, FinishReason
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.vocabulary import ChatChoice, FilePart, FileProduced, Message, Role, TextPart, Wishes
from cdp_relay.errors import CapReached
from tests.chat.conftest import ask, one_site_relay, question
from tests.sites.claude import Answer, ClaudeSite, Retract, Text, Thinking, Tool
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.answers import ProducedFile

pytestmark = pytest.mark.browser

CODE = "# def f(x):\n\tif x:\n\n\n\t\treturn  'two  spaces'\n    - café ☕ 漢字 שלום 👩‍👩‍👧‍👦\n\n"


@pytest.fixture
async def relay(
    chromium: ChromiumProcess, browser_context: str, tmp_path: Path
) -> AsyncGenerator[Relay, None]:
    """A relay for this site alone, in a browser context of this test's own."""
    async with one_site_relay("claude", chromium, browser_context, tmp_path) as opened:
        yield opened


def asking(text: str, model: str = "claude", **more: Any) -> ChatRequest:
    return attrs.evolve(question(text, model=model), **more)


async def test_blocks_become_one_answer_and_a_prompt_of_code_arrives_as_it_is(
    relay: Relay, claude_site: ClaudeSite
) -> None:
    blocks = (Thinking("Let me see.", ("Looking",)), Text("First. "), Tool(), Text("```py\n\tx\n```\n$y$"))
    note = ProducedFile(name="note.txt", media_type="text/plain", data="a nöte".encode())
    claude_site.say(
        Answer(blocks=blocks, unknown=True), Answer(files=(note,)), Answer(text="one two three", cut="middle")
    )
    heard = await ask(relay, asking(CODE))
    assert claude_site.prompts == [CODE]
    assert heard.text == "First. ```py\n\tx\n```\n$y$"
    assert "Let me see." in heard.reasoning
    assert heard.finished.finish_reason is FinishReason.STOP
    heard = await ask(relay, asking("x" * 30_000))
    assert claude_site.turns[1].prompt == "x" * 30_000
    assert claude_site.turns[1].attachments == ()
    [made] = [event for event in heard.events if isinstance(event, FileProduced)]
    assert (made.name, made.data) == ("note.txt", note.data)
    heard = await ask(relay, asking("Broken"))
    assert heard.text == "one two three"
    assert claude_site.journal.count("recovery") >= 1


async def test_model_thinking_incognito_and_files_reach_the_site(
    relay: Relay, claude_site: ClaudeSite
) -> None:
    file = FilePart(name="a.bin", media_type="application/octet-stream", data=bytes(range(256)))
    message = Message(role=Role.USER, parts=(TextPart("Look."), file))
    request = asking(
        "",
        "claude/opus-5.5",
        messages=(message,),
        wishes=Wishes(effort="high"),
        chat=ChatChoice(temporary=True),
    )
    heard = await ask(relay, request)
    assert heard.text == "Hello from the replica."
    [turn] = claude_site.turns
    assert turn.prompt.startswith("Look.")
    assert (turn.model, turn.temporary) == ("claude-opus-5-5", True)
    assert turn.wishes["thinking_mode"] == "extended"
    [sent] = turn.attachments
    assert (sent.name, sent.data) == ("a.bin", file.data)
    claude_site.say(Answer(text="One."), Answer(text="Two."))
    heard = await ask(relay, asking("First", "claude/haiku-4.5:none"))
    chat = claude_site.turns[1].conversation_id
    await ask(relay, asking("Second", chat=ChatChoice(conversation_id=chat)))
    assert [turn.conversation_id for turn in claude_site.turns[1:]] == [chat, chat]
    assert claude_site.turns[1].model == "claude-haiku-4-5-20251001"
    claude_site.state("cap", reset_after=600)
    with pytest.raises(CapReached):
        await ask(relay, asking("More"))


async def test_what_was_taken_back_is_not_in_the_answer_and_a_page_without_a_body_is_read(
    relay: Relay, claude_site: ClaudeSite
) -> None:
    claude_site.say(Answer(blocks=(Text("A draft."), Retract(0), Text("The answer."))))
    heard = await ask(relay, asking("Hello"))
    assert heard.finished.finish_reason is FinishReason.STOP
    claude_site.state("page_only")
    claude_site.say(Answer(text="Read **this**."))
    heard = await ask(relay, asking("Hello"))
    assert heard.text.strip() == "Read **this**."
