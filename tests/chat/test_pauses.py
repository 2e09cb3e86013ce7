"""A site that asks for the person is left alone, watched, and used again as soon as the person has acted."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import attrs
import pytest
import trio

from cdp_relay import errors
from cdp_relay.cdp import Connection, protocol
from cdp_relay.chat import Step, StepReached
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.status import SiteStatus
from cdp_relay.settings import Home
from tests.chat.conftest import Heard, ask, question, relay_settings
from tests.sites.chatgpt import ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser


@attrs.frozen
class Person:
    """Whoever sits before the browser that the relay works in."""

    connection: Connection
    browser_context: str

    async def tabs(self) -> list[str]:
        targets = await self.connection.root.execute(protocol.Target.get_targets())
        return [
            one.target_id
            for one in targets
            if one.browser_context_id == self.browser_context and one.type == "page"
        ]

    async def finishes(self) -> None:
        """What ends a sign-in or a check: the site loads its page anew."""
        (target,) = await self.tabs()
        session = await self.connection.targets.attach_page(target)
        await session.execute(protocol.Page.navigate("https://chatgpt.com/"))

    async def closes(self) -> None:
        (target,) = await self.tabs()
        await self.connection.root.execute(protocol.Target.close_target(target))


@pytest.fixture
def person(connection: Connection, browser_context: str) -> Person:
    return Person(connection, browser_context)


@pytest.fixture
async def patient_relay(
    chromium: ChromiumProcess, browser_context: str, home: Home
) -> AsyncGenerator[Relay, None]:
    settings = relay_settings(chromium)
    settings = attrs.evolve(settings, chat=attrs.evolve(settings.chat, person_seconds=60))
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        yield relay


def status_of(relay: Relay) -> SiteStatus:
    return next(site for site in relay.status().sites if site.name == "chatgpt")


async def test_requests_that_wait_go_on_once_the_person_has_signed_in(
    patient_relay: Relay, chatgpt_site: ChatGPTSite, person: Person
) -> None:
    chatgpt_site.state("logged_out")
    heard = [Heard(), Heard()]
    paused = [trio.Event(), trio.Event()]

    async def ask_and_wait(number: int) -> None:
        async for event in patient_relay.ask(question(f"question {number}")):
            heard[number].events.append(event)
            if isinstance(event, StepReached) and event.step is Step.PAUSED:
                paused[number].set()

    with trio.fail_after(40):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_and_wait, 0)
            await paused[0].wait()
            nursery.start_soon(ask_and_wait, 1)
            await paused[1].wait()
            status = status_of(patient_relay)
            assert (status.state, status.needs_person, status.ready) == ("signed_out", True, False)
            assert "cdp-relay sign-in chatgpt" in status.next_step
            assert chatgpt_site.prompts == []
            chatgpt_site.reset()
            await person.finishes()
    assert all(one.text for one in heard)
    assert heard[1].facts(Step.PAUSED)["state"] == "signed_out"
    assert sorted(chatgpt_site.prompts) == ["question 0", "question 1"]
    assert status_of(patient_relay).ready
    assert len(await person.tabs()) == 1, "the tab that waited went on"


async def test_a_paused_site_is_not_touched_until_its_tab_shows_that_the_pause_is_over(
    relay: Relay, chatgpt_site: ChatGPTSite, person: Person
) -> None:
    chatgpt_site.state("challenge")
    with pytest.raises(errors.ChallengeShown) as first:
        await ask(relay, question("hello"))
    pages = chatgpt_site.journal.count("page")
    with pytest.raises(errors.ChallengeShown) as second, trio.fail_after(1):
        await ask(relay, question("hello"))
    assert (second.value.message, second.value.next_step) == (first.value.message, first.value.next_step)
    assert chatgpt_site.journal.count("page") == pages
    assert len(await person.tabs()) == 1

    chatgpt_site.reset()
    with relay.watch_sites() as changes, trio.fail_after(20):
        await person.finishes()
        status = await anext(aiter(changes))
    assert (status.name, status.state, status.needs_person) == ("chatgpt", "ready", False)
    assert (await ask(relay, question("again"))).text
    assert chatgpt_site.prompts == ["again"]


async def test_when_nobody_watches_any_more_the_next_request_looks_for_itself(
    relay: Relay, chatgpt_site: ChatGPTSite, person: Person
) -> None:
    chatgpt_site.state("logged_out")
    with pytest.raises(errors.SignedOut):
        await ask(relay, question("hello"))
    chatgpt_site.reset()
    with relay.watch_sites() as changes, trio.fail_after(20):
        await person.closes()
        await anext(aiter(changes))
        assert (await ask(relay, question("again"))).text
    assert not status_of(relay).needs_person
