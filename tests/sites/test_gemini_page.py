"""The replica of Gemini: its stream, its page, its controls, and each of its states."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from itertools import pairwise
from typing import Any

import pytest

from cdp_relay.cdp import Connection, protocol
from tests.sites.gemini import STATES, UNAVAILABLE, Answer, GeminiSite, ProducedFile, Recording
from tests.sites.gemini.stream import flickering, frames_of_recording, stream_answer
from tests.sites.gemini.turns import TurnIds
from tests.sites.kit.states import COMMON_STATES
from tests.sites.kit.turns import Frame
from tests.sites.visitor import Visitor, visit

HOME = "https://gemini.google.com/app"
COMPOSER = "rich-textarea .ql-editor:not(.ql-clipboard)"
SEND = ".send-button-container.visible gem-icon-button.send-button.submit button"
STOP = "gem-icon-button.stop button"
ANSWER = "model-response message-content .markdown-main-panel"
DONE = "model-response message-actions"
TEXT = "Naïve 😀 **words**, and\n\n```py\nprint('漢字')\n```\n\nthe `end`."


# --- the stream, without a browser ----------------------------------------------------------------


def frames_of(answer: Answer) -> list[bytes]:
    return [step.data for step in stream_answer(answer, TurnIds()) if isinstance(step, Frame)]


def payloads_of(answer: Answer) -> list[Any]:
    """The payloads of an answer's envelopes."""
    envelopes = [one for frame in frames_of(answer)[1:] for one in json.loads(frame.split(b"\n", 1)[1])]
    return [json.loads(one[2]) for one in envelopes if one[:2] == ["wrb.fr", None] and one[2]]


def test_a_frame_says_its_length_in_utf_16_units() -> None:
    for frame in frames_of(Answer(text=TEXT))[1:]:
        digits, rest = frame.decode().split("\n", 1)
        assert int(digits) == len(f"\n{rest}".encode("utf-16-le")) // 2


def test_the_last_envelope_counts_envelopes_and_bytes() -> None:
    body = b"".join(frames_of(Answer(text=TEXT, thinking=("Hm",), unknown=True)))
    [last] = json.loads(body.rsplit(b"\n", 2)[1])
    envelopes = sum(len(json.loads(line)) for line in body.split(b"\n") if line.startswith(b"[["))
    assert last == ["e", envelopes, None, None, len(body)]


def test_every_payload_tells_all_of_the_text_so_far() -> None:
    told = [payload[4][0] for payload in payloads_of(Answer(text=TEXT, flicker=False)) if len(payload) > 4]
    texts = [candidate[1][0] for candidate in told]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1] == TEXT
    assert [candidate[8] for candidate in told] == [[1]] * (len(told) - 1) + [[2]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a **b", r"a \*\*b"),
        ("a `b", r"a \`b"),
        ("a **b** c", "a **b** c"),
        ("x\n```py\nf(", "x\n```py\nf(\n```"),
        ("x\n```py\nf()\n```\ny", "x\n```py\nf()\n```\ny"),
    ],
)
def test_unfinished_markdown_is_repaired_for_the_moment(text: str, told: str) -> None:
    assert flickering(text) == told


def test_a_long_answer_comes_in_few_frames() -> None:
    assert sum(map(len, frames_of(Answer(text="word " * 400_000)))) < 30_000_000


def test_a_recording_is_written_as_it_is() -> None:
    body = b"".join(frames_of(Answer(text=TEXT)))
    steps = list(frames_of_recording(Recording(data=body)))
    assert b"".join(step.data for step in steps if isinstance(step, Frame)) == body


def test_every_common_state_is_there_or_has_a_reason() -> None:
    assert COMMON_STATES - set(STATES) == set(UNAVAILABLE) - {"length"}


# --- the page ---------------------------------------------------------------------------------------


@pytest.fixture
async def page(
    connection: Connection, browser_context: str, gemini_site: GeminiSite
) -> AsyncGenerator[Visitor]:
    async with visit(connection, browser_context, "about:blank") as visitor:
        yield visitor


async def send(page: Visitor, text: str) -> None:
    await page.click(COMPOSER)
    await page.type(text)
    await page.click(SEND)


@pytest.mark.browser
async def test_prompts_their_answers_and_the_chat_read_again(page: Visitor, gemini_site: GeminiSite) -> None:
    picture = ProducedFile(data=b"\x89PNG", alt="a cat")
    gemini_site.say(
        Answer(text=TEXT, thinking=("Weighing it up",), files=(picture,), web_images=1, title="A greeting"),
        Answer(text="Half a word, then more", passing="Wait.", hold={"middle"}),
    )
    await page.open(HOME)
    await page.see(COMPOSER)
    assert await page.count(SEND) == 0
    await send(page, "Hello\n\nthere")
    first = (await gemini_site.prompted())["body"]
    assert first[0][0] == "Hello\n\nthere"
    assert first[2][0] == ""
    await page.see(DONE, timeout=20)
    assert (await page.see(ANSWER)).split("\n")[0] == "Naïve 😀 words, and"
    assert await page.see("code-block .code-block-decoration span") == "Py"
    assert (await page.see("code-block code")).strip() == "print('漢字')"
    assert await page.count("model-response model-thoughts") == 1
    assert await page.count("model-response generated-image img[alt='a cat']") == 1
    assert await page.see("a[aria-current=page] .title-text") == "A greeting"
    chat = gemini_site.turns[0].ids.conversation
    assert await page.url() == f"{HOME}/{chat.removeprefix('c_')}"
    assert gemini_site.turns[0].model == "56fdd199312815e2"

    # The editor is another one now; the answer is stopped by a call of its own.
    await send(page, "Go on")
    await gemini_site.held("middle")
    assert (await gemini_site.prompted(2))["body"][2][0] == chat
    assert await page.count(SEND) == 0
    await page.click(STOP)
    assert (await gemini_site.journal.wait("stop"))["stopped"]
    await page.see("model-response:last-of-type .stopped", timeout=20)
    await page.until("(s) => !document.querySelector(s)", STOP)

    await page.open(f"{HOME}/{chat.removeprefix('c_')}")
    await page.until("(s) => document.querySelectorAll(s).length === 2", ANSWER)
    assert await page.see("user-query .query-text") == "Hello\n\nthere"


@pytest.mark.browser
async def test_controls_and_files(page: Visitor, gemini_site: GeminiSite) -> None:
    await page.open(HOME)
    await page.click("[data-test-id=temp-chat-button] button")
    await page.see(".temporary-chat-card")
    await page.click("[data-test-id=bard-mode-menu-button]")
    await page.click("[data-mode-id=e6fa609c3fa255c0]")
    assert await page.see(".picker-primary-text") == "Pro"
    await page.click("[data-test-id=bard-mode-menu-button]")
    await page.click("gem-menu-item:not([data-mode-id]):last-of-type")

    await page.session.call("Page.setInterceptFileChooserDialog", {"enabled": True})
    await page.click("uploader button")
    opened = page.session.wait_for(protocol.Page.FileChooserOpened, timeout=10)
    gemini_site.hold("upload")
    await page.click("[data-test-id=local-images-files-uploader-button]")
    chooser = await opened
    await page.session.call(
        "DOM.setFileInputFiles", {"files": [__file__], "backendNodeId": chooser.backend_node_id}
    )
    await page.see("uploader-file-preview mat-progress-spinner")
    gemini_site.release("upload")
    await page.until("() => !document.querySelector('mat-progress-spinner')")
    await send(page, "Look")
    await page.see(DONE)
    [turn] = gemini_site.turns
    assert (turn.temporary, turn.model, turn.wishes) == (True, "e6fa609c3fa255c0", {"effort": "high"})
    assert [(one.name, b"The replica of Gemini" in one.data) for one in turn.attachments] == [
        ("test_gemini_page.py", True)
    ]
    assert await page.url() == HOME


@pytest.mark.browser
async def test_levels_in_a_menu_of_their_own_and_a_mode_that_is_used_up(
    page: Visitor, gemini_site: GeminiSite
) -> None:
    gemini_site.configure(levels="submenu")
    gemini_site.state("used_up_mode")
    await page.open(HOME)
    await page.click("[data-test-id=bard-mode-menu-button]")
    assert "resets" in await page.see("gem-menu-item[aria-disabled=true]", "Pro")
    await page.click("[value=thinking_level]")
    await page.click("[data-submenu] gem-menu-item:last-of-type")
    assert (await gemini_site.journal.wait("control"))["value"] == "high"


AT_LOAD: dict[str, tuple[str, str]] = {
    "logged_out": ("a[href*=ServiceLogin]", "Sign in"),
    "login_redirect": ("h1", "accounts.google.com"),
    "account_chooser": ("h1", "accounts.google.com"),
    "consent": ("h1", "consent.google.com"),
    "challenge": ("h1", "www.google.com"),
    "terms": ("[role=dialog]", "Terms of Service"),
    "verify_it_is_you": ("[role=dialog]", "Verify it's you"),
    "region": ("[role=dialog]", "isn't currently supported in your country"),
    "cap_banner": ("limit-banner", "reached your limit"),
    "error_banner": ("mat-snack-bar-container", "Something went wrong"),
    "stale_draft": (COMPOSER, "an old draft"),
    "left_over_attachment": ("uploader-file-preview", "old.txt"),
    "localised": ("[aria-label='为 Gemini 输入提示']", ""),
}
AFTER_SENDING: dict[str, tuple[str, str]] = {
    "cap": ("limit-banner", "reached your limit"),
    "unusual_activity": ("mat-snack-bar-container", "429"),
    "generation_failed": (".response-error", "1095"),
    "network_lost": (ANSWER, "Hello from the replica."),
    "page_only": (ANSWER, "Hello from the replica."),
}


@pytest.mark.browser
async def test_states_at_load_and_after_sending(page: Visitor, gemini_site: GeminiSite) -> None:
    for name, (selector, text) in AT_LOAD.items():
        gemini_site.state(name)
        await page.open(HOME)
        assert text in await page.see(selector, text), name
    for name, (selector, text) in AFTER_SENDING.items():
        await page.open("about:blank")
        gemini_site.reset()
        gemini_site.state(name)
        await page.open(HOME)
        await send(page, "Hello")
        assert text in await page.see(selector, text), name
    assert gemini_site.journal.count("mistake") == 0


@pytest.mark.browser
async def test_states_of_the_composer_and_of_a_chat_that_is_gone(
    page: Visitor, gemini_site: GeminiSite
) -> None:
    gemini_site.state("needs_nudge")
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.ask("(s) => { document.querySelector(s).innerHTML = '<p>written</p>' }", COMPOSER)
    assert await page.count(SEND) == 0
    await page.type(" ")
    await page.see(SEND)

    gemini_site.state("too_long_for_composer")
    await page.open(HOME)
    await page.click(COMPOSER)
    await page.type("word " * 60)
    await page.see(".input-error-message", "too long")

    gemini_site.state("conversation_gone")
    await page.open(f"{HOME}/0123456789abcdef")
    await page.see("mat-snack-bar-container", "not found")
    assert re.fullmatch(HOME, await page.url())
