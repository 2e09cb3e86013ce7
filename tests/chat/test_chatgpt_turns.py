"""Whole turns on the ChatGPT replica: what a client asked for is what it gets, once."""

from __future__ import annotations

import hashlib
from typing import get_args

import pytest
import trio

from cdp_relay.chat import FinishReason, Step
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.settings import Home
from tests.chat.conftest import ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.chatgpt.answer import Form
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser

CODE = "def f(x):\n\tif x:\n\n\n\t\treturn  'two  spaces'\n    # café ☕ 漢字 שלום 👩‍👩‍👧‍👦\n\n"
ANSWER = "Here:\n\n```python\n\tx = '`'\n```\n\n| a | b |\n|---|---|\n| 1 | 👍🏽 |\n\nשלום 世界"


@pytest.fixture
def site(chatgpt_site: ChatGPTSite) -> ChatGPTSite:
    """The replica in its older page generation; the contract's scenarios play on the newer one."""
    chatgpt_site.generation("A")
    return chatgpt_site


async def test_prompt_and_answer_arrive_to_the_letter(relay: Relay, site: ChatGPTSite) -> None:
    site.say(Answer(text=ANSWER))
    heard = await ask(relay, question(CODE))
    assert site.prompts == [CODE]
    assert heard.text == ANSWER
    assert heard.finished.finish_reason is FinishReason.STOP
    assert heard.finished.conversation_id == site.turns[0].ids.conversation
    assert heard.finished.model == "gpt-5-6"
    assert heard.drifts == []
    assert heard.steps == [
        Step.QUEUED,
        Step.LEASED,
        Step.OPENED,
        Step.READY,
        Step.COMPOSED,
        Step.SUBMITTED,
        Step.STREAMING,
        Step.FINISHED,
    ]


async def test_every_request_gets_a_chat_of_its_own_in_the_same_tab(relay: Relay, site: ChatGPTSite) -> None:
    first = await ask(relay, question("one"))
    await site.journal.wait("hydrated", count=2)
    second = await ask(relay, question("two"))
    assert site.prompts == ["one", "two"]
    assert first.finished.conversation_id != second.finished.conversation_id
    assert second.facts(Step.LEASED) == {**first.facts(Step.LEASED), "turns": 2}
    assert second.facts(Step.OPENED) == {"warm": True, "chat": "new"}


async def test_thinking_is_kept_apart(relay: Relay, site: ChatGPTSite) -> None:
    site.say(Answer(text="42", thinking=("Let me see.", "It is 6 times 7."), preamble="I am thinking…"))
    heard = await ask(relay, question("6*7?"))
    assert heard.text == "42"
    assert "6 times 7" in heard.reasoning
    assert "thinking…" not in heard.text


async def test_an_answer_that_a_worker_fetches_is_seen(
    leading_relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    for fetch_in in ("worker", "shared-worker"):
        chatgpt_site.configure(fetchIn=fetch_in)
        chatgpt_site.say(Answer(text=ANSWER))
        assert (await ask(leading_relay, question("hello"))).text == ANSWER, fetch_in


async def test_an_answer_that_moves_to_the_socket_stays_whole(
    leading_relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    for handoff_after in (0, 3):
        chatgpt_site.say(Answer(text=ANSWER, via="socket", handoff_after=handoff_after, socket_noise=True))
        heard = await ask(leading_relay, question("hello"))
        assert heard.text == ANSWER, handoff_after
        assert heard.finished.capture == "socket", handoff_after


async def test_an_answer_whose_stream_breaks_goes_on_where_the_page_resumes_it(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text=ANSWER, cut="middle"))
    assert (await ask(relay, question("hello"))).text == ANSWER
    assert chatgpt_site.journal.count("resume") >= 1
    assert chatgpt_site.prompts == ["hello"]


async def test_a_page_that_resumes_from_before_what_we_read_repeats_nothing(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    # A browser can withhold from its page the last bytes before a break that DevTools has shown.
    chatgpt_site.configure(losesOnBreak=3)
    text = " ".join(f"word{number}" for number in range(20))
    chatgpt_site.say(Answer(text=text, cut="middle"))
    assert (await ask(relay, question("hello"))).text == text
    assert chatgpt_site.journal.count("resume") >= 1


async def test_every_form_of_deltas_gives_the_same_text(
    leading_relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    for form in get_args(Form):
        chatgpt_site.say(Answer(text=ANSWER, form=form, write_bytes=7))
        assert (await ask(leading_relay, question("hello"))).text == ANSWER, form


async def test_a_long_prompt_is_not_turned_into_an_attachment(relay: Relay, site: ChatGPTSite) -> None:
    prompt = "".join(f"\tline {number}  of a file\n\n" for number in range(4000))
    await ask(relay, question(prompt))
    assert site.prompts[0].rstrip() == prompt.rstrip()
    assert site.turns[0].request["messages"][0].get("metadata", {}).get("attachments", []) == []


async def test_a_paste_that_became_an_attachment_is_undone(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.configure(pasteLimit=1000, dropLimit=1000)
    prompt = "\n".join(f"line {number}" for number in range(190))
    heard = await ask(relay, question(prompt))
    assert chatgpt_site.prompts == [prompt]
    assert heard.facts(Step.COMPOSED)["attempts"] > 1
    # What the editor did with this prompt it would do with the next.
    heard = await ask(relay, question(prompt))
    assert (chatgpt_site.prompts, heard.facts(Step.COMPOSED)["attempts"]) == ([prompt, prompt], 1)


async def test_five_megabytes_arrive_whole(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    line = "0123456789 été 漢字 😀 and some plain words to fill the line up\n"
    text = line * (5_000_000 // len(line.encode()) + 1)
    # What five megabytes cost a page to draw is not the question here.
    chatgpt_site.say(Answer(text=text, piece_chars=20_000, form="bare", rendered="much"))
    heard = await ask(relay, question("a lot, please"))
    assert hashlib.sha256(heard.text.encode()).digest() == hashlib.sha256(text.encode()).digest()


async def test_the_model_in_the_label_goes_into_the_address(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.say(Answer(model="gpt-6-pro"))
    heard = await ask(relay, question("hi", model="chatgpt/gpt-6-pro"))
    assert any("model=gpt-6-pro" in entry["url"] for entry in chatgpt_site.journal.entries("page"))
    assert heard.notices == []


async def test_an_answer_by_another_model_than_asked_for_says_so(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(model="gpt-5-6-mini"))
    heard = await ask(relay, question("hi", model="chatgpt/gpt-6-pro"))
    assert "model_differs" in heard.notices
    assert heard.finished.model == "gpt-5-6-mini"


async def test_two_tabs_answer_at_once_and_never_cross(
    chromium: ChromiumProcess, browser_context: str, home: Home, chatgpt_site: ChatGPTSite
) -> None:
    import attrs

    settings = relay_settings(chromium)
    settings = attrs.evolve(settings, chat=attrs.evolve(settings.chat, tabs=2))
    chatgpt_site.say_always(Answer(text="answered", hold={"end"}))
    texts: dict[str, str] = {}
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:

        async def one(name: str) -> None:
            heard = await ask(relay, question(name))
            texts[name] = heard.finished.conversation_id or ""

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, "left")
            nursery.start_soon(one, "right")
            await chatgpt_site.gates.held("end", count=2, timeout=20)
            chatgpt_site.release()
    by_prompt = {turn.prompt: turn.ids.conversation for turn in chatgpt_site.turns}
    assert texts == by_prompt
