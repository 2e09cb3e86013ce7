"""The replica's streams: every form, way and place, read by the page's own decoder."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from cdp_relay.cdp import Connection
from tests.sites.chatgpt import Answer, ChatGPTSite, Recording
from tests.sites.chatgpt.stream import TurnIds, stream_answer
from tests.sites.kit.turns import Frame
from tests.sites.visitor import visit

TEXT = "Naïve 😀 words, and\n\nthree\tlines of 漢字."


def frames_of(answer: Answer) -> list[bytes]:
    message = {"id": str(uuid.uuid4()), "author": {"role": "user"}, "content": {"content_type": "text"}}
    ids = TurnIds(conversation=str(uuid.uuid4()), exchange="exchange", user_message=message)
    return [step.data for step in stream_answer(answer, ids) if isinstance(step, Frame)]


def deltas_of(answer: Answer) -> tuple[list[bytes], list[dict[str, Any]]]:
    """The delta events of an answer, as written and parsed."""
    frames = frames_of(answer)
    raw = [frame.partition(b"data: ")[2][:-2] for frame in frames if frame.startswith(b"event: delta\n")]
    return raw, [json.loads(data) for data in raw]


def test_deltas_are_padded_to_eight_bytes() -> None:
    raw, _ = deltas_of(Answer(text=TEXT, thinking=("Let me see",)))
    assert len(raw) > 10
    assert {len(data) % 8 for data in raw} == {0}


def test_mixed_text_takes_every_form() -> None:
    _, deltas = deltas_of(Answer(text=" ".join(f"word{n}" for n in range(20))))
    forms = {(tuple(sorted(delta)), isinstance(delta["v"], list)) for delta in deltas if "c" not in delta}
    assert {
        (("o", "p", "v"), False),  # explicit
        (("v",), False),  # bare
        (("v",), True),  # a list that inherits the patch, or nothing
        (("o", "p", "v"), True),  # a patch at the root
        (("o", "v"), True),  # a patch without a path
    } <= forms


def test_the_last_words_sit_in_the_closing_patch_unless_told_otherwise() -> None:
    _, deltas = deltas_of(Answer(text="one two three"))
    assert deltas[-1]["v"][0]["v"] == " three"
    _, deltas = deltas_of(Answer(text="one two three", last_words_in_closing_patch=False))
    assert " three" not in json.dumps(deltas[-1])


def test_a_new_message_after_text_names_its_empty_path_again() -> None:
    _, deltas = deltas_of(Answer(text="Answer", preamble="A word before", form="bare"))
    added = [delta for delta in deltas if "c" in delta]
    assert [delta["c"] for delta in added] == list(range(len(added)))
    assert added[0] | {"v": None} == {"p": "", "o": "add", "v": None, "c": 0}
    assert set(added[1]) == {"v", "c"}


ANSWERS = {
    **{form: Answer(text=TEXT, form=form) for form in ("mixed", "bare", "explicit", "patch", "list")},
    "cumulative": Answer(text=TEXT, dialect="cumulative"),
    "2024": Answer(text=TEXT, dialect="2024"),
    "bytes": Answer(text=TEXT, write_bytes=7),
    "around": Answer(text=TEXT, thinking=("I think",), preamble="Soon.", tool_text="A card"),
    "references": Answer(text=TEXT, references=({"matched_text": "x", "url": "https://example.org"},)),
    "socket": Answer(text=TEXT, via="socket", socket_noise=True),
    "socket late": Answer(text=TEXT, via="socket", handoff_after=3),
    "socket rest": Answer(text=TEXT, via="socket", handoff_after=3, topic_history="rest"),
    "resume": Answer(text=TEXT, via="resume"),
    "cut": Answer(text=TEXT, cut="middle"),
    "cut at once": Answer(text=TEXT, cut="end", last_words_in_closing_patch=False),
}


@pytest.mark.browser
async def test_the_page_shows_the_same_text_however_it_comes(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    shown = {}
    async with visit(connection, browser_context, "about:blank") as page:
        for number, (name, answer) in enumerate(ANSWERS.items(), 1):
            chatgpt_site.say(answer)
            await page.open("https://chatgpt.com/")
            await page.click("#prompt-textarea.ProseMirror")
            await page.type(name)
            await page.press("Enter")
            await chatgpt_site.journal.wait("received", count=number)
            await page.see("[data-testid=copy-turn-action-button]")
            shown[name] = await page.see(".markdown")
    texts = dict.fromkeys(ANSWERS, "Naïve 😀 words, and\n\nthree lines of 漢字.")
    assert shown == texts
    assert chatgpt_site.journal.count("resume") == 3


@pytest.mark.browser
@pytest.mark.parametrize("where", ["page", "worker", "shared-worker"])
async def test_stopping_and_resuming_work_wherever_the_page_fetches(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite, where: str
) -> None:
    chatgpt_site.configure(fetchIn=where)
    chatgpt_site.say(
        Answer(text="one two three", cut="middle"), Answer(text="four five six", hold=["middle"])
    )
    async with visit(connection, browser_context, "https://chatgpt.com/") as page:
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("first")
        await page.press("Enter")
        await page.see("[data-testid=copy-turn-action-button]")
        assert await page.see(".markdown") == "one two three"
        [resumed] = chatgpt_site.journal.entries("resume")
        assert resumed["body"]["offset"] > 0
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("second")
        await page.press("Enter")
        await chatgpt_site.held("middle")
        await page.click("[data-testid=stop-button]")
        await page.until("() => !document.querySelector('[data-testid=stop-button]')")
        assert chatgpt_site.turns[1].state == "stopped"


@pytest.mark.browser
async def test_a_page_that_lost_the_last_events_resumes_before_them(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.configure(losesOnBreak=2)
    chatgpt_site.say(Answer(text=TEXT, cut="middle", form="bare"))
    async with visit(connection, browser_context, "https://chatgpt.com/") as page:
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("first")
        await page.press("Enter")
        await page.see("[data-testid=copy-turn-action-button]")
        assert await page.see(".markdown") == "Naïve 😀 words, and\n\nthree lines of 漢字."
    written = b"".join(write.data for write in chatgpt_site.turns[0].writes).count(b"\n\n")
    [resumed] = chatgpt_site.journal.entries("resume")
    assert resumed["body"]["offset"] == written - 2


@pytest.mark.browser
async def test_an_answer_over_the_socket_can_be_stopped(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="one two three", via="socket", hold=["middle"]))
    async with visit(connection, browser_context, "https://chatgpt.com/") as page:
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("first")
        await page.press("Enter")
        assert (await page.see(".markdown")).startswith("one")
        await page.click("[data-testid=stop-button]")
        assert (await chatgpt_site.journal.wait("stop"))["stopped"]
        await page.until("() => !document.querySelector('[data-testid=stop-button]')")


@pytest.mark.browser
async def test_an_image_turn_ends_without_a_word(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(image=True))
    async with visit(connection, browser_context, "https://chatgpt.com/") as page:
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("a picture")
        await page.press("Enter")
        await page.see("[data-testid=generated-image-preview]")
        await page.see("[data-testid=copy-turn-action-button]")
        assert await page.ask("() => document.querySelector('.markdown').innerText") == ""


@pytest.mark.browser
async def test_a_page_whose_stream_is_gone_for_good_takes_the_answer_from_the_history(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.resume = "gone"
    chatgpt_site.say(Answer(text="one two three", cut="middle"))
    async with visit(connection, browser_context, "https://chatgpt.com/") as page:
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("first")
        await page.press("Enter")
        await page.see("[data-testid=copy-turn-action-button]")
        assert await page.see(".markdown") == "one two three"


@pytest.mark.browser
async def test_a_recording_is_replayed_byte_for_byte(
    connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    data = b"".join(frames_of(Answer(text=TEXT)))
    chatgpt_site.say(Recording(data=data, write_bytes=100))
    async with visit(connection, browser_context, "https://chatgpt.com/") as page:
        await page.click("#prompt-textarea.ProseMirror")
        await page.type("play")
        await page.press("Enter")
        received = await chatgpt_site.journal.wait("received")
    writes = chatgpt_site.turns[0].writes
    assert b"".join(write.data for write in writes) == data
    assert {len(write.data) for write in writes[:-1]} == {100}
    assert sum(size for _, size in received["times"]) == len(data)
    assert received["times"][-1][0] >= writes[0].at
