"""Pages and browsers that fail under a turn: a typed error in good time, and the next turn works."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
import trio

from cdp_relay import errors
from cdp_relay.cdp import Connection, protocol
from cdp_relay.chat import ChatRequest, Step, StepReached, TextDelta
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.errors import RelayError
from cdp_relay.settings import ChatSettings, ChromeSettings, Home, Settings, SiteSettings
from tests.chat.conftest import LIMITS, Heard, ask, question, relay_settings
from tests.conftest import Sites
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser

HELD = Answer(text="the first half and the second half", hold={"middle"})


async def ask_and_strike(relay: Relay, request: ChatRequest, strike: Callable[[], None]) -> Heard:
    """Ask, and do something once the first words have come."""
    heard = Heard()
    struck = False
    async for event in relay.ask(request):
        heard.events.append(event)
        if isinstance(event, TextDelta) and not struck:
            struck = True
            strike()
    return heard


def _reached(event: object, step: Step) -> bool:
    return isinstance(event, StepReached) and event.step is step


async def relay_target(connection: Connection, browser_context: str) -> str:
    """The target id of the relay's tab."""
    targets = await connection.root.execute(protocol.Target.get_targets())
    (found,) = [t for t in targets if t.browser_context_id == browser_context and t.type == "page"]
    return found.target_id


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("close", errors.TabClosed),
        ("navigate", errors.PageNavigated),
        ("reload", errors.PageNavigated),
    ],
)
async def test_a_page_lost_in_mid_answer_is_an_error_at_once_and_the_next_turn_works(
    relay: Relay,
    connection: Connection,
    browser_context: str,
    chatgpt_site: ChatGPTSite,
    how: str,
    expected: type[RelayError],
) -> None:
    chatgpt_site.say(HELD)

    async def strike() -> None:
        target = await relay_target(connection, browser_context)
        if how == "close":
            await connection.root.execute(protocol.Target.close_target(target))
            return
        session = await connection.targets.attach_page(target)
        if how == "navigate":
            session.post("Page.navigate", {"url": "https://chatgpt.com/"})
        else:
            session.post("Page.reload")

    async with trio.open_nursery() as nursery:
        with pytest.raises(expected) as lost, trio.fail_after(8):
            await ask_and_strike(relay, question("hello"), lambda: nursery.start_soon(strike))
    assert lost.value.retryable
    chatgpt_site.release()
    assert (await ask(relay, question("again"))).text
    assert chatgpt_site.prompts == ["hello", "again"]


async def test_an_idle_page_that_was_closed_is_replaced_without_a_word(
    relay: Relay, connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    await ask(relay, question("one"))
    target = await relay_target(connection, browser_context)
    await connection.root.execute(protocol.Target.close_target(target))
    assert (await ask(relay, question("two"))).text
    assert chatgpt_site.prompts == ["one", "two"]


async def test_a_dialog_in_mid_answer_is_dismissed_and_the_answer_comes(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("alert", when="answer")
    chatgpt_site.say(Answer(text="still here"))
    assert (await ask(relay, question("hello"))).text == "still here"


@pytest.mark.parametrize(
    ("where", "limit"),
    [("headers", "first_byte_seconds"), ("middle", "idle_seconds")],
)
async def test_a_site_that_hangs_ends_in_a_timeout_that_names_the_limit(
    chromium: ChromiumProcess,
    browser_context: str,
    home: Home,
    chatgpt_site: ChatGPTSite,
    where: str,
    limit: str,
) -> None:
    chatgpt_site.say(Answer(text="one two three four", hold={where}))  # type: ignore[arg-type]
    settings = relay_settings(chromium, **{limit: 1.0})
    async with open_relay(settings, home, browser_context_id=browser_context) as relay:
        with pytest.raises(errors.SiteTimeout, match=limit):
            await ask(relay, question("hello"))
        assert chatgpt_site.prompts == ["hello"]


async def test_a_site_that_hangs_after_the_last_word_costs_the_client_nothing(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="all of it", hold={"close"}))
    with trio.fail_after(6):
        heard = await ask(relay, question("hello"))
    assert heard.text == "all of it"
    chatgpt_site.release()


async def test_an_answer_that_breaks_off_for_good_is_never_taken_for_whole(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.resume = "missing"
    chatgpt_site.say(Answer(text="the first half and the second half", cut="middle"))
    with pytest.raises(errors.AnswerIncomplete) as broken:
        await ask(relay, question("hello"))
    assert broken.value.retryable
    assert chatgpt_site.prompts == ["hello"]


async def test_a_machine_without_a_network_is_a_retryable_error_until_it_is_back(
    relay: Relay, connection: Connection, browser_context: str, chatgpt_site: ChatGPTSite
) -> None:
    await ask(relay, question("one"))
    session = await connection.targets.attach_page(await relay_target(connection, browser_context))
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    session.post("Network.emulateNetworkConditions", {"offline": True, **conditions})
    for _ in range(2):
        with pytest.raises(RelayError) as offline, trio.fail_after(15):
            await ask(relay, question("two"))
        assert offline.value.retryable
        assert offline.value.status in (502, 503)
    assert offline.value.code == "site_unreachable", "by now the page itself does not load"
    session.post("Network.emulateNetworkConditions", {"offline": False, **conditions})
    assert (await ask(relay, question("three"))).text
    assert chatgpt_site.prompts == ["one", "three"]


async def test_a_client_that_leaves_stops_the_answer_on_the_page_within_seconds(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.generation("A")
    chatgpt_site.say(Answer(text="a long answer " * 50, delay=0.05))
    with trio.fail_after(10):
        answer = relay.ask(question("hello"))
        async for event in answer:
            if isinstance(event, TextDelta):
                break
        left_at = trio.current_time()
        await answer.aclose()
        await chatgpt_site.journal.wait("stop")
        assert trio.current_time() - left_at < 1.5
    heard = await ask(relay, question("again"))
    assert heard.text
    assert heard.facts(Step.LEASED)["turns"] == 2, "the same tab went on"
    assert chatgpt_site.prompts == ["hello", "again"]


@pytest.fixture
def own_browser(sites: Sites, chatgpt_site: ChatGPTSite) -> Settings:
    """Settings of a relay that starts a browser of its own, which the test may kill."""
    flags = sites.server.chromium_flags
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return Settings(
        chrome=ChromeSettings(headless=True, args=(*flags, *root)),
        chat=ChatSettings(sites=("chatgpt",)),
        limits=LIMITS,
        sites={"chatgpt": SiteSettings(gap_seconds=0, per_hour=0)},
    )


def kill(relay: Relay, number: signal.Signals) -> None:
    pid = relay.status().browser.pid
    assert pid is not None
    os.kill(pid, number)


async def test_a_browser_killed_in_mid_answer_is_a_retryable_error_and_comes_back(
    own_browser: Settings, home: Home, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(HELD)
    async with open_relay(own_browser, home) as relay:
        with pytest.raises(errors.BrowserGone) as gone, trio.fail_after(15):
            await ask_and_strike(relay, question("hello"), lambda: kill(relay, signal.SIGKILL))
        assert gone.value.retryable
        chatgpt_site.release()
        with trio.fail_after(30):
            assert (await ask(relay, question("again"))).text
        assert relay.status().browser.generation == 2
        assert chatgpt_site.prompts == ["hello", "again"]


async def test_a_browser_killed_while_idle_costs_no_request(
    own_browser: Settings, home: Home, chatgpt_site: ChatGPTSite
) -> None:
    async with open_relay(own_browser, home) as relay:
        await ask(relay, question("one"))
        kill(relay, signal.SIGKILL)
        with trio.fail_after(30):
            assert (await ask(relay, question("two"))).text
        assert chatgpt_site.prompts == ["one", "two"]


async def test_leaving_the_relay_stops_a_running_answer_and_the_browser(
    own_browser: Settings, home: Home, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="a long answer " * 200, delay=0.05))
    async with open_relay(own_browser, home) as relay:
        pid = relay.status().browser.pid
        assert pid is not None
        answer = relay.ask(question("hello"))
        async for event in answer:
            if isinstance(event, TextDelta):
                break
        # The block ends with the answer still running.
    await answer.aclose()
    assert chatgpt_site.journal.count("stop") == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
