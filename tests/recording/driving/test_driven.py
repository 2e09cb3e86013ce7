"""Replicas driven through scenarios by the real relay, recorded by the real recorder."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from cdp_relay import errors
from cdp_relay.cdp import Connection, protocol
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.recording.driving.by_hand import record_by_hand
from cdp_relay.recording.driving.driven import record_scenario
from cdp_relay.recording.driving.hearing import hear_exchanges
from cdp_relay.recording.driving.scenarios import SCENARIOS, Scenario
from cdp_relay.recording.session import Session
from cdp_relay.settings import Home
from tests.chat.conftest import relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.claude import ClaudeSite
from tests.sites.kit import ChromiumProcess
from tests.sites.visitor import Visitor

pytestmark = pytest.mark.browser

TEXT = "Hello, **there** — naïve 東京.\n\nAnd a second paragraph."
PLAIN = SCENARIOS["plain"]

OpenRelay = Callable[..., AbstractAsyncContextManager[Relay]]


@pytest.fixture
def open_site_relay(chromium: ChromiumProcess, browser_context: str, tmp_path: Path) -> OpenRelay:
    """``async with open_site_relay("claude") as relay``."""

    @asynccontextmanager
    async def opened(site: str) -> AsyncGenerator[Relay]:
        home = Home(config=tmp_path, state=tmp_path)
        settings = relay_settings(chromium, site, ready_seconds=2)
        async with open_relay(settings, home, browser_context_id=browser_context) as relay:
            yield relay

    return opened


def record(relay: Relay, scenario: Scenario = PLAIN, **more: Any) -> Any:
    (site,) = relay.providers
    return record_scenario(relay, site, scenario, **{"settle_seconds": 0.05, **more})


def heard_text(session: Session) -> str:
    return "".join(one.event["text"] for one in session.heard if one.event["event"] == "TextDelta")


def steps(session: Session) -> list[str]:
    return [mark.name for mark in session.marks]


async def test_a_turn_is_recorded_from_the_first_document_to_the_last_word(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text=TEXT, delay=0.03))
    told: list[str] = []

    async with open_site_relay("chatgpt") as relay:
        session = await record(relay, on_step=told.append)
        provider = relay.providers["chatgpt"]

    assert len([one for one in session.exchanges if one.resource_type == "document"]) == 1
    assert told == steps(session) == ["empty", "filled", "streaming", "done"]
    assert [one.step for one in session.snapshots] == told
    empty, filled, _, done = (one.html.read().decode() for one in session.snapshots)
    assert (PLAIN.prompts[0] in empty, PLAIN.prompts[0] in filled) == (False, True)
    assert "second paragraph" in done
    looks = {
        one.step: {key: max(n for _, n in found) for key, found in one.matches.items()}
        for one in session.looks
    }
    assert looks["empty"]["selectors.composer"] == 1
    assert looks["streaming"]["selectors.stop"] == 1
    assert looks["done"]["selectors.stop"] == 0
    assert looks["done"]["answer.turn"] == 1

    first = session.exchanges[0]
    assert (first.request.url, first.resource_type) == ("https://chatgpt.com/", "document")
    (asked,) = [one for one in session.exchanges if provider.is_submission("POST", one.request.url)]
    assert asked.request.body is not None
    assert PLAIN.prompts[0] in asked.request.body.read().decode()
    assert asked.response is not None
    assert len(asked.response.chunks) >= 5

    assert heard_text(session) == TEXT
    assert session.heard[-1].event["event"] == "Finished"
    # What was recorded tells the same as what was heard.
    again, texts = hear_exchanges(provider, session.exchanges)
    assert "".join(one.event["text"] for one in again if one.event["event"] == "TextDelta") == TEXT
    assert {one.kind: one.text for one in session.texts} == {"prompt": PLAIN.prompts[0], "answer": TEXT}
    assert set(texts) == set(session.texts)

    about = session.about
    assert (about.site, about.scenario, about.driven_by, about.redacted) == (
        "chatgpt",
        "plain",
        "relay",
        False,
    )
    assert (about.origin, about.language) == ("https://chatgpt.com", "en")
    assert about.stamps == {"build": "prod-replica-20261001"}
    assert about.browser.startswith("Chrome/1")


async def test_an_answer_is_stopped_where_that_is_the_scenario(
    open_site_relay: OpenRelay, claude_site: ClaudeSite
) -> None:
    claude_site.say(claude_site.answers(text="one two three " * 80, delay=0.03))
    async with open_site_relay("claude") as relay:
        session = await record(relay, SCENARIOS["stop"])
    await claude_site.journal.wait("click", where=lambda click: bool(click["what"] == "stop"))
    assert [one.event.get("step") for one in session.heard][-1] == "stopped"
    assert len(heard_text(session)) < 1000
    assert steps(session)[-1] == "done"


async def test_two_questions_are_asked_in_one_chat(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="Rhine, Danube, Nile", delay=0.02))
    chatgpt_site.say(Answer(text="The Nile.", delay=0.02))
    async with open_site_relay("chatgpt") as relay:
        session = await record(relay, SCENARIOS["continue"])
    assert chatgpt_site.prompts == list(SCENARIOS["continue"].prompts)
    first, second = chatgpt_site.turns
    assert first.conversation_id == second.conversation_id
    assert steps(session) == ["empty", "filled", "streaming", "filled-2", "streaming-2", "done"]
    assert [one.kind for one in session.texts].count("answer") == 2


async def test_a_refusal_is_recorded_with_how_it_ended(
    open_site_relay: OpenRelay, claude_site: ClaudeSite
) -> None:
    claude_site.state("too_many_requests", retry_after=60)
    async with open_site_relay("claude") as relay:
        session = await record(relay)
        provider = relay.providers["claude"]
    assert session.heard[-1].event["code"] == "rate_limit_exceeded"
    assert "It ended with the error rate_limit_exceeded." in session.about.notes
    (asked,) = [one for one in session.exchanges if provider.is_submission("POST", one.request.url)]
    assert asked.response is not None
    assert asked.response.status == 429
    assert steps(session) == ["empty", "filled", "done"]


@pytest.mark.parametrize(
    ("state", "kinds"),
    [
        ("login_redirect", (errors.SignedOut, errors.PageNavigated)),
        ("account_chooser", (errors.AccountChooser,)),
    ],
)
async def test_where_the_site_asks_for_the_person_nothing_is_kept(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite, state: str, kinds: tuple[type[Exception], ...]
) -> None:
    chatgpt_site.state(state)
    async with open_site_relay("chatgpt") as relay:
        with pytest.raises(kinds):
            await record(relay)
    assert chatgpt_site.prompts == []


async def test_what_was_recorded_until_an_interruption_is_kept_once_a_prompt_has_left(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite
) -> None:
    interrupted = trio.Event()

    def interrupt_at(step: str) -> Callable[[str], None]:
        return lambda reached: interrupted.set() if reached == step else None

    async with open_site_relay("chatgpt") as relay:
        with pytest.raises(errors.RecordingInvalid, match="before a prompt was sent"):
            await record(relay, on_step=interrupt_at("filled"), interrupted=interrupted)
        assert chatgpt_site.prompts == []
        interrupted = trio.Event()
        chatgpt_site.say(Answer(text="word " * 200, delay=0.03))
        session = await record(relay, on_step=interrupt_at("streaming"), interrupted=interrupted)
    assert "It was interrupted by hand." in session.about.notes
    assert steps(session)[:3] == ["empty", "filled", "streaming"]
    assert 0 < len(heard_text(session)) < 1000


async def test_what_a_page_said_before_it_crashed_is_kept(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite, connection: Connection, browser_context: str
) -> None:
    chatgpt_site.say(Answer(text="word " * 400, delay=0.03))
    writes = trio.Event()

    async def crash() -> None:
        await writes.wait()
        visitor = await visitor_of_page(connection, browser_context)
        visitor.session.post("Page.crash")

    async with open_site_relay("chatgpt") as relay, trio.open_nursery() as nursery:
        nursery.start_soon(crash)
        session = await record(relay, on_step=lambda step: writes.set() if step == "streaming" else None)
    assert session.heard[-1].event["code"] == "page_crashed"
    assert heard_text(session).startswith("word ")
    assert "It ended with the error page_crashed." in session.about.notes
    assert "streaming" in [one.step for one in session.snapshots]


async def visitor_of_page(connection: Connection, context: str) -> Visitor:
    """Somebody else at the page that is recorded."""
    targets = await connection.root.execute(protocol.Target.get_targets())
    (page,) = [one for one in targets if one.browser_context_id == context and one.url.startswith("https:")]
    return Visitor(await connection.targets.attach_page(page.target_id))


@attrs.define
class Hand:
    """Types into the page of a recording as a person would, when it is told to."""

    connection: Connection
    context: str
    leaves_at: str = ""
    told: list[str] = attrs.field(factory=list)

    async def asked_for(self, step: str, instruction: str) -> bool:
        self.told.append(instruction)
        if step == self.leaves_at:
            return False
        visitor = await visitor_of_page(self.connection, self.context)
        if step == "filled":
            await visitor.click("#prompt-textarea")
            await visitor.type("What is a river?")
        elif step == "streaming":
            await visitor.click('button[data-testid="send-button"]')
            await visitor.see("[data-message-author-role=assistant]", "Hello")
        elif step == "done":
            await visitor.see("[data-message-author-role=assistant]", "second paragraph")
        await visitor.session.detach()
        return True


async def test_a_person_drives_and_the_streams_say_what_was_heard(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite, connection: Connection, browser_context: str
) -> None:
    chatgpt_site.say(Answer(text=TEXT, delay=0.03))
    hand = Hand(connection, browser_context)
    async with open_site_relay("chatgpt") as relay:
        session = await record_by_hand(relay, "chatgpt", PLAIN, hand, on_step=lambda _: None, windowless=True)
    assert hand.told == list(PLAIN.by_hand.values())
    assert steps(session) == list(PLAIN.by_hand)
    assert session.about.driven_by == "person"
    assert heard_text(session) == TEXT
    assert {one.kind: one.text for one in session.texts} == {"prompt": "What is a river?", "answer": TEXT}


async def test_a_person_who_leaves_before_asking_has_recorded_nothing(
    open_site_relay: OpenRelay, chatgpt_site: ChatGPTSite, connection: Connection, browser_context: str
) -> None:
    hand = Hand(connection, browser_context, leaves_at="filled")
    async with open_site_relay("chatgpt") as relay:
        with pytest.raises(errors.RecordingInvalid):
            await record_by_hand(relay, "chatgpt", PLAIN, hand, on_step=lambda _: None, windowless=True)
        with pytest.raises(errors.UnsupportedValue, match="no window"):
            await record_by_hand(relay, "chatgpt", PLAIN, hand, on_step=lambda _: None)
