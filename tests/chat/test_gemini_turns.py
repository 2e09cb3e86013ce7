"""Whole turns on Gemini's replica: what only this site has."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import attrs
import pytest
import trio

from cdp_relay import errors
from cdp_relay.chat import ChatRequest, Drift, Step, TextRetracted
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.vocabulary import ChatChoice, FilePart, FileProduced, Message, Role, TextPart, Wishes
from tests.chat.conftest import ask, one_site_relay, question
from tests.sites.gemini import Answer, GeminiSite
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.answers import ProducedFile

pytestmark = pytest.mark.browser

ANSWER = (
    "It is **so** 😀:\n\n```py\nprint('*`漢字`*')\n```\n\n"
    "| a | b |\n|---|---|\n| `1` | *2* |\n\nand `that` is it."
)
PICTURE = ProducedFile(data=b"\x89PNG\r\n\x1a\n", alt="a dot")


@pytest.fixture
async def relay(
    chromium: ChromiumProcess, browser_context: str, tmp_path: Path
) -> AsyncGenerator[Relay, None]:
    """A relay for this site alone, in a browser context of this test's own."""
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "gemini.toml").write_text("[submission]\ngrace_seconds = 1.0\n")
    async with one_site_relay("gemini", chromium, browser_context, tmp_path) as opened:
        yield opened


def asking(text: str, model: str = "gemini", **more: object) -> ChatRequest:
    return attrs.evolve(question(text, model=model), **more)  # type: ignore[arg-type]  # checked by attrs


async def test_text_that_is_told_again_and_again_comes_once_and_is_never_taken_back(
    relay: Relay, gemini_site: GeminiSite
) -> None:
    pieces = tuple(ANSWER[at : at + 3] for at in range(0, len(ANSWER), 3))
    thinking = ("**Weighing**\n\nI weigh it up.",)
    gemini_site.say(
        Answer(pieces=pieces, thinking=thinking, files=(PICTURE,), web_images=1, crowded=True, queued=True),
        Answer(pieces=pieces, passing="Searching …", bad_length=True, write_bytes=50),
        Answer(text="The answer is 42.", replaced="Let me look that up first.", tool="google_search"),
    )
    heard = await ask(relay, asking("one"))
    assert heard.text == ANSWER
    assert heard.reasoning == thinking[0]
    assert [(one.data, one.description) for one in heard.events if isinstance(one, FileProduced)] == [
        (PICTURE.data, PICTURE.alt)
    ]
    assert heard.finished.model == "Flash"
    assert heard.finished.conversation_url == (
        f"https://gemini.google.com/app/{gemini_site.turns[0].conversation_id.removeprefix('c_')}"
    )
    assert (heard.notices, heard.drifts) == (["queued"], [])

    again = await ask(relay, asking("two"))
    assert again.text == ANSWER
    assert [(drift.kind, drift.detail) for drift in again.drifts] == [
        ("frame", "a frame of another length than it says"),
        ("text", "the site rewrote text that had been given out"),
    ]
    looked_up = await ask(relay, asking("three"))
    assert (looked_up.text, looked_up.drifts) == ("The answer is 42.", [])


async def test_what_the_site_has_really_rewritten_is_taken_back(
    relay: Relay, gemini_site: GeminiSite
) -> None:
    gemini_site.say(Answer(text="The answer is 42.", replaced="I think of a number."))
    heard = await ask(relay, asking("hello"))
    said = ""
    for event in heard.events:
        said += getattr(event, "text", "")
        if isinstance(event, TextRetracted):
            said = said[: -event.chars]
    assert said == "The answer is 42."
    assert [drift.kind for drift in heard.events if isinstance(drift, Drift)] == ["text"]


async def test_a_stream_that_ends_early_goes_on_as_the_page_reads_the_chat_again(
    relay: Relay, gemini_site: GeminiSite
) -> None:
    gemini_site.say(Answer(text=ANSWER, cut="middle"))
    assert (await ask(relay, asking("hello"))).text == ANSWER
    assert gemini_site.journal.count("read") >= 1
    assert gemini_site.prompts == ["hello"]


async def test_an_answer_that_somebody_stops_on_the_page_is_never_taken_for_whole(
    relay: Relay, gemini_site: GeminiSite
) -> None:
    gemini_site.say(Answer(text=ANSWER, hold={"middle"}))
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def stop() -> None:
            await gemini_site.held("middle", timeout=30)
            gemini_site.tell("stop")

        with pytest.raises(errors.AnswerStopped):
            await ask(relay, asking("hello"))
    assert gemini_site.journal.count("stop") == 1


async def test_very_many_lines_go_as_a_file_and_a_sleepy_page_is_sent_from_by_enter(
    relay: Relay, gemini_site: GeminiSite
) -> None:
    lines = "\n".join(f"line {number}\t{{ }}" for number in range(9000))
    heard = await ask(relay, asking(lines))
    [turn] = gemini_site.turns
    [file] = turn.attachments
    assert file.data.decode() == lines
    assert file.name in turn.prompt
    assert heard.facts(Step.COMPOSED)["rung"] == "file"
    assert heard.facts(Step.COMPOSED)["attempts"] == 1

    # Here the send control never shows, as nothing that Quill does by itself reaches the page.
    gemini_site.state("needs_nudge")
    await ask(relay, asking("only\n\nthis"))
    assert gemini_site.prompts[1:] == ["only\n\nthis"]


@pytest.mark.parametrize("levels", ["rows", "submenu"])
async def test_model_effort_and_a_temporary_chat_by_the_page_s_own_controls(
    relay: Relay, gemini_site: GeminiSite, levels: str
) -> None:
    gemini_site.configure(levels=levels, folded=levels == "submenu")
    picture = FilePart(name="dot.png", media_type="image/png", data=PICTURE.data)
    request = asking("one", "gemini/pro:high", chat=ChatChoice(temporary=True))
    message = Message(role=Role.USER, parts=(TextPart("one"), picture))
    first = await ask(relay, attrs.evolve(request, messages=(message,)))
    turn = gemini_site.turns[0]
    assert (turn.temporary, turn.model, turn.wishes) == (True, "e6fa609c3fa255c0", {"effort": "high"})
    assert [file.data for file in turn.attachments] == [PICTURE.data]
    assert first.finished.model == "Pro"
    assert (first.notices, first.drifts) == ([], [])

    second = await ask(relay, asking("two", "gemini/flash", wishes=Wishes(effort="low")))
    turn = gemini_site.turns[1]
    assert (turn.temporary, turn.model, turn.wishes) == (False, "56fdd199312815e2", {"effort": "low"})
    assert (second.notices, second.drifts) == ([], [])


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ("used_up_mode", errors.ModelUnavailable, "resets at 5:00 PM"),
        ("terms", errors.ConsentNeeded, "terms"),
        ("verify_it_is_you", errors.AccountBlocked, "locked"),
        ("region", errors.SiteError, "not available in this country"),
        ("too_long_for_composer", errors.ConversationTooLong, "too long"),
    ],
)
async def test_what_the_site_says_in_ways_of_its_own(
    relay: Relay, gemini_site: GeminiSite, state: str, error: type[errors.RelayError], message: str
) -> None:
    gemini_site.state(state)
    with pytest.raises(error, match=message) as failed:
        await ask(relay, asking("word " * 60, "gemini/pro"))
    assert type(failed.value) is error
    assert gemini_site.prompts == []
