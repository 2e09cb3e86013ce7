"""Models, efforts, temporary and old chats on ChatGPT's replica, in both generations of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from cdp_relay.chat import ChatRequest, Message, Role, Step, TextPart
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.vocabulary import ChatChoice, Wishes
from cdp_relay.errors import ConsentNeeded, ConversationNotFound, ModelUnavailable
from cdp_relay.settings import Home
from tests.chat.conftest import ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser

MENU = ["auto", "gpt-6", "gpt-5-6", "gpt-5-5"]


@pytest.fixture(params=["A", "B"])
def site(chatgpt_site: ChatGPTSite, request: pytest.FixtureRequest) -> ChatGPTSite:
    """The replica in both of its page generations."""
    chatgpt_site.generation(request.param)
    return chatgpt_site


def asking(text: str, model: str = "chatgpt", **more: Any) -> ChatRequest:
    return attrs.evolve(question(text, model=model), **more)


def sent(site: ChatGPTSite) -> Mapping[str, Any]:
    """What the newest prompt's request said, beside the prompt."""
    body = site.turns[-1].asked.body
    return {name: body[name] for name in ("model", "thinking_effort") if name in body}


async def test_a_label_chooses_model_and_effort_and_the_next_turn_has_its_own(
    relay: Relay, site: ChatGPTSite
) -> None:
    site.say_always(Answer(text="yes", model="gpt-5-6-thinking"))

    high = await ask(relay, asking("one", "chatgpt/gpt-5-6:high"))
    assert sent(site) == {"model": "gpt-5-6-thinking", "thinking_effort": "extended"}
    assert high.facts(Step.READY)["controls"] == {"model": "kept", "effort": "set"}
    assert (high.notices, high.drifts) == ([], [])

    older = await ask(relay, asking("two", "chatgpt/gpt-5-5", wishes=Wishes(effort="max")))
    assert older.facts(Step.READY)["controls"] == {"effort": "set"}
    assert sent(site) == {"model": "gpt-5-5-thinking", "thinking_effort": "max"}
    assert "model_differs" in older.notices

    plain = await ask(relay, asking("three"))
    assert plain.facts(Step.READY)["controls"] == {"effort": "put back"}
    assert sent(site) == {"model": "auto", "thinking_effort": "standard"}
    assert [info.id for info in relay.models() if info.source != "definition"] == [
        "chatgpt/gpt-5-6",
        *(f"chatgpt/gpt-5-6:{effort}" for effort in ("instant", "medium", "high", "xhigh", "pro")),
        "chatgpt/latest",
        "chatgpt/gpt-6",
    ]


async def test_what_the_menu_does_not_offer_is_not_sent(relay: Relay, site: ChatGPTSite, home: Home) -> None:
    site.configure(disabledModels={"gpt-6": "Resets at 17:00"}, highestEffort="pro")
    assert await relay.look_up_models("chatgpt") == {}
    listed = {info.id: info for info in relay.models() if info.site == "chatgpt"}
    assert listed["chatgpt/gpt-5-5"].title == "GPT-5.5"
    assert listed["chatgpt/gpt-5-6"].source == "both"
    assert '"gpt-5-5"' in home.sites_file.read_text()

    with pytest.raises(
        ModelUnavailable, match=r"'gpt-6' cannot be chosen now \(Resets at 17:00\)"
    ) as refused:
        await ask(relay, asking("one", "chatgpt/gpt-6"))
    assert refused.value.details["offered"][0] == "Latest"
    assert site.prompts == []

    # An agent that sends an effort with every request can do without.
    site.say(Answer(text="well"))
    heard = await ask(relay, asking("two", wishes=Wishes(effort="extreme")))
    assert (site.prompts, heard.text, heard.notices) == (["two"], "well", ["wish_not_granted"])
    assert sent(site)["thinking_effort"] == "standard"

    # The menu says one thing and the request another.
    site.configure(sendsModel="gpt-5-6-mini", disabledModels={})
    site.say(Answer(text="well", model="gpt-5-6"))
    heard = await ask(relay, asking("three", "chatgpt/gpt-5-6-thinking:low"))
    assert (site.prompts[1:], heard.text) == (["three"], "well")
    assert heard.notices == ["model_differs", "model_differs"]
    assert [drift.kind for drift in heard.drifts] == ["control"]


async def test_a_temporary_chat_is_one_on_the_wire(
    relay: Relay, chatgpt_site: ChatGPTSite, chromium: ChromiumProcess, browser_context: str, home: Home
) -> None:
    heard = await ask(relay, asking("one", "chatgpt/gpt-5-6-pro", chat=ChatChoice(temporary=True)))
    assert chatgpt_site.turns[0].asked.temporary
    assert sent(chatgpt_site) == {"model": "gpt-5-6-pro"}
    assert heard.drifts == []
    await ask(relay, asking("two"))
    assert not chatgpt_site.turns[1].asked.temporary

    chatgpt_site.state("temporary_notice")
    with pytest.raises(ConsentNeeded, match="Continue"):
        await ask(relay, asking("three", chat=ChatChoice(temporary=True)))
    assert chatgpt_site.prompts == ["one", "two"]


async def test_an_old_chat_goes_on_with_what_is_new(relay: Relay, site: ChatGPTSite) -> None:
    site.say(Answer(text="1"), Answer(text="2"))
    first = await ask(relay, asking("One?"))
    id_ = first.finished.conversation_id
    assert id_ is not None
    await site.journal.wait("hydrated", count=2)

    site.state("editor_wiped", milliseconds=300)
    request = asking("Two?", chat=ChatChoice(conversation_id=id_))
    said = Message(role=Role.ASSISTANT, parts=(TextPart("1"),))
    request = attrs.evolve(request, messages=(*question("One?").messages, said, *request.messages))
    second = await ask(relay, request)
    assert second.text == "2"
    assert site.prompts == ["One?", "Two?"]
    assert second.finished.conversation_id == id_
    assert site.turns[1].asked.conversation_id == id_

    site.state("localised")
    gone = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(ConversationNotFound):
        await ask(relay, asking("Three?", chat=ChatChoice(conversation_id=gone)))
    assert len(site.prompts) == 2


async def test_the_settings_can_want_temporary_chats(
    chatgpt_site: ChatGPTSite, chromium: ChromiumProcess, browser_context: str, home: Home
) -> None:
    settings = relay_settings(chromium)
    settings = attrs.evolve(settings, chat=attrs.evolve(settings.chat, temporary=True))
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        await ask(relay, asking("one"))
        await ask(relay, asking("two", chat=ChatChoice(temporary=False)))
        assert (await ask(relay, asking("hello", "practice"))).text == "hello"
    assert [turn.asked.temporary for turn in chatgpt_site.turns] == [True, False]
