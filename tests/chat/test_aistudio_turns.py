"""Whole turns on AI Studio's replica: what only this site has."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import attrs
import pytest

from cdp_relay.chat import ChatRequest, FinishReason, Step
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.vocabulary import ChatChoice, FilePart, FileProduced, Message, Role, TextPart, Wishes
from cdp_relay.errors import (
    AttachmentRefused,
    CapReached,
    ConsentNeeded,
    ModelUnavailable,
    RelayError,
    SiteError,
    UnsupportedValue,
)
from tests.chat.conftest import Heard, ask, one_site_relay, question
from tests.sites.aistudio import AIStudioSite, Answer
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.answers import ProducedFile

pytestmark = pytest.mark.browser

CODE = "def f(x):\n\tif x:\n\n\n\t\treturn  'two  spaces'\n    # café ☕ 漢字 שלום 👩‍👩‍👧‍👦\n\n"
ANSWER = 'Here:\n\n```python\n\tx = "[,null,]"\n```\n\n| a | b |\n|---|---|\n| 1 | 👍🏽 |\n\nrate limit, שלום'
PLAIN = {"system": "", "stop": (), "temperature": 1, "max_output_tokens": 65536}


@pytest.fixture
async def relay(
    chromium: ChromiumProcess, browser_context: str, tmp_path: Path
) -> AsyncGenerator[Relay, None]:
    """A relay for this site alone, in a browser context of this test's own."""
    async with one_site_relay("aistudio", chromium, browser_context, tmp_path) as opened:
        yield opened


def asking(text: str, model: str = "aistudio", system: str = "", **more: Any) -> ChatRequest:
    return attrs.evolve(question(text, model=model, system=system), **more)


def controls(heard: Heard) -> Any:
    return heard.facts(Step.READY)["controls"]


async def test_a_turn_across_origins_comes_whole_with_the_site_s_own_count(
    relay: Relay, aistudio_site: AIStudioSite
) -> None:
    picture = ProducedFile(data=b"\x89PNG\r\n\x1a\n")
    aistudio_site.say(Answer(text=ANSWER, thinking=("Let me see.",), files=(picture,), write_bytes=7))
    heard = await ask(relay, asking(CODE))
    assert aistudio_site.prompts == [CODE]
    assert heard.text == ANSWER
    assert heard.reasoning == "Let me see.\n\n"
    assert [one.data for one in heard.events if isinstance(one, FileProduced)] == [picture.data]
    usage = heard.finished.usage
    assert not usage.estimated
    assert (usage.prompt_tokens, usage.reasoning_tokens) == (-(-len(CODE) // 4), 3)
    assert heard.finished.finish_reason is FinishReason.STOP
    assert heard.finished.model == "gemini-3.8-flash"
    assert (heard.notices, heard.drifts) == ([], [])
    assert aistudio_site.journal.count("preflight", lambda one: "GenerateContent" in one["path"]) == 1

    aistudio_site.say(Answer(finish="length"), Answer(text="x" * 200, piece_chars=10))
    long = "0123456789 abcdef\n" * 6000
    cut = await ask(relay, asking(long))
    assert cut.finished.finish_reason is FinishReason.LENGTH
    assert aistudio_site.prompts[1] == long
    assert cut.finished.conversation_id == aistudio_site.turns[1].conversation_id
    chat = ChatChoice(conversation_id=cut.finished.conversation_id)
    more = await ask(relay, asking("go on", chat=chat))
    assert [turn.conversation_id for turn in aistudio_site.turns[1:]] == [chat.conversation_id] * 2
    assert more.finished.conversation_id == chat.conversation_id
    assert cut.facts(Step.COMPOSED)["attempts"] == 1


@pytest.mark.parametrize("closed", [False, True], ids=["panel open", "panel closed"])
async def test_the_run_settings_carry_what_a_client_wishes_and_go_back_afterwards(
    relay: Relay, aistudio_site: AIStudioSite, closed: bool
) -> None:
    aistudio_site.configure(panelClosed=closed)
    wishes = Wishes(temperature=0.35, max_output_tokens=1000, stop=("END", "## Stop"))
    system = "You are terse.\n\nAlways."
    first = await ask(relay, asking("one", "aistudio/gemini-3.5-flash:low", system, wishes=wishes))
    assert aistudio_site.prompts == ["one"]
    assert dict(aistudio_site.turns[0].wishes) == {
        "system": system,
        "stop": ("END", "## Stop"),
        "temperature": 0.35,
        "max_output_tokens": 1000,
        "effort": "low",
    }
    assert aistudio_site.turns[0].model == "gemini-3.5-flash"
    assert controls(first) == {"model": "kept", **dict.fromkeys((*PLAIN, "effort"), "set")}
    assert (first.notices, first.drifts) == ([], [])

    again = await ask(relay, asking("two", chat=ChatChoice(temporary=True)))
    assert {name: aistudio_site.turns[1].wishes[name] for name in PLAIN} == PLAIN
    assert aistudio_site.turns[1].temporary
    assert (again.notices, again.drifts) == ([], [])
    assert aistudio_site.journal.count("save") <= 1


async def test_what_the_panel_does_not_take_is_refused_before_anything_is_sent(
    relay: Relay, aistudio_site: AIStudioSite
) -> None:
    with pytest.raises(UnsupportedValue, match=r"2\.5 is more than 2"):
        await ask(relay, asking("one", wishes=Wishes(temperature=2.5)))
    with pytest.raises(UnsupportedValue, match="'max' is not offered; there are Minimal, Low, Medium, High"):
        await ask(relay, asking("two", "aistudio:max"))
    await relay.look_up_models("aistudio")
    listed = {info.id: info for info in relay.models()}
    assert listed["aistudio/gemini-3.5-flash"].source == "both"
    assert "aistudio/gemma-4-31b-it" in listed
    with pytest.raises(ModelUnavailable, match="paid API key"):
        await ask(relay, asking("three", "aistudio/gemini-3.8-ultra"))
    assert aistudio_site.prompts == []


def with_file(name: str, media_type: str, data: bytes) -> ChatRequest:
    parts = (TextPart("Look at this."), FilePart(name=name, media_type=media_type, data=data))
    return asking("", messages=(Message(role=Role.USER, parts=parts),))


async def test_files_go_to_drive_and_refused_types_are_told(
    relay: Relay, aistudio_site: AIStudioSite
) -> None:
    heard = await ask(relay, with_file("chart.png", "image/png", b"\x89PNG data"))
    [attached] = aistudio_site.turns[0].attachments
    assert (attached.name, attached.media_type, attached.data) == ("chart.png", "image/png", b"\x89PNG data")
    assert "Look at this." in aistudio_site.prompts[0]
    assert heard.drifts == []
    with pytest.raises(AttachmentRefused):
        await ask(relay, with_file("setup.exe", "application/x-msdownload", b"MZ"))
    assert len(aistudio_site.prompts) == 1


async def test_a_used_up_day_says_until_when(relay: Relay, aistudio_site: AIStudioSite) -> None:
    aistudio_site.state("cap", reset_after=600)
    with pytest.raises(CapReached) as reached:
        await ask(relay, asking("one"))
    assert reached.value.retry_after_seconds == 600


async def test_what_only_this_site_says(relay: Relay, aistudio_site: AIStudioSite) -> None:
    for notice in ("welcome", "cookie_bar"):
        aistudio_site.state(notice)
        heard = await ask(relay, asking(notice))
        assert heard.facts(Step.READY)["dismissed"] == 1
    aistudio_site.state("interaction")
    unknown = await ask(relay, asking("a form that no decoder knows"))
    assert (unknown.text, unknown.finished.capture) == ("Hello", "page")
    sent = len(aistudio_site.prompts)
    refused: dict[str, type[RelayError]] = {
        "permission_denied": SiteError,
        "paid_model": ModelUnavailable,
    }
    for state, kind in refused.items():
        aistudio_site.state(state)
        with pytest.raises(kind) as raised:
            await ask(relay, asking(state))
        assert type(raised.value) is kind
    assert len(aistudio_site.prompts) == sent + 1
    aistudio_site.state("upload_failed")
    with pytest.raises(AttachmentRefused):
        await ask(relay, with_file("a.png", "image/png", b"x"))
    # Only the person can acknowledge that, so it comes last: the site waits for the person.
    aistudio_site.state("copyright")
    with pytest.raises(ConsentNeeded, match="rules for uploads"):
        await ask(relay, with_file("a.png", "image/png", b"x"))
    assert len(aistudio_site.prompts) == sent + 1
