"""Several profiles and chains, on real browsers: own accounts, own fates, and who answers where one can't."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncGenerator

import attrs
import httpx
import pytest

from cdp_relay.api import serve
from cdp_relay.cdp import Connection
from cdp_relay.chat import Message, Role, Step, TextPart
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.vocabulary import ChatChoice
from cdp_relay.errors import (
    BrowserNotFound,
    GenerationFailed,
    ModelNotFound,
    NotFound,
    SettingsError,
    SignedOut,
)
from cdp_relay.settings import ChainSettings, Home, ProfileSettings, ServerSettings, Settings
from tests.chat.conftest import ask, question, relay_settings
from tests.chrome.conftest import eventually, is_root
from tests.conftest import Sites
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess

pytestmark = pytest.mark.browser


@pytest.fixture
def settings(chromium: ChromiumProcess, sites: Sites, home: Home) -> Settings:
    flags = (*sites.server.chromium_flags, *(("--no-sandbox",) if is_root() else ()))
    missing = str(home.state / "no-such-browser")
    return attrs.evolve(
        relay_settings(chromium),
        profiles={
            "work": ProfileSettings(headless=True, args=flags),
            "broken": ProfileSettings(executable=missing),
        },
        chains={
            "best": ChainSettings(models=("chatgpt", "practice/echo")),
            "patched": ChainSettings(models=("chatgpt@broken", "practice")),
            "hopeless": ChainSettings(models=("chatgpt@broken", "practice@broken")),
            "back": ChainSettings(models=("practice", "chatgpt")),
            "spread": ChainSettings(models=("chatgpt", "practice"), pick="least_busy"),
        },
    )


@pytest.fixture
async def relay(
    settings: Settings, browser_context: str, home: Home, chatgpt_site: ChatGPTSite
) -> AsyncGenerator[Relay, None]:
    async with open_relay(settings, home, browser_context_id=browser_context) as opened:
        yield opened


async def sign_in(connection: Connection, account: str, context: str | None = None) -> None:
    """What a person's sign-in leaves in a browser."""
    cookie = {"name": "account", "value": account, "url": "https://chatgpt.com/"}
    where = {} if context is None else {"browserContextId": context}
    await connection.root.call("Storage.setCookies", {"cookies": [cookie], **where})


async def test_each_profile_has_its_own_browser_account_and_fate(
    relay: Relay, chatgpt_site: ChatGPTSite, connection: Connection, browser_context: str, home: Home
) -> None:
    def browsers() -> dict[str, str]:
        return {browser.profile: browser.state for browser in relay.status().browsers}

    await sign_in(connection, "home", browser_context)
    assert (await ask(relay, question("at home"))).finished.site == "chatgpt"
    assert browsers() == {"default": "up", "work": "unused", "broken": "unused"}
    assert not (home.profiles / "work").exists(), "a profile that nobody uses costs nothing"

    work = await relay._desks["chatgpt@work"].browser.supervisor.browser(timeout=30)
    await sign_in(work.connection, "work")
    heard = await ask(relay, question("at work", model="chatgpt@work"))
    assert (heard.finished.site, heard.text) == ("chatgpt@work", "Hello from the replica.")
    assert [(one["text"], one["cookie"]) for one in chatgpt_site.journal.entries("prompt")] == [
        ("at home", "account=home"),
        ("at work", "account=work"),
    ]

    with pytest.raises(BrowserNotFound):
        await ask(relay, question("x", model="chatgpt@broken"))
    assert browsers() == {"default": "up", "work": "up", "broken": "down"}
    ready = {site.name: (site.profile, site.ready) for site in relay.status().sites}
    assert ready["chatgpt"] == ("default", True)
    assert ready["chatgpt@work"] == ("work", True)
    assert ready["chatgpt@broken"] == ("broken", False)

    assert work.pid is not None
    os.kill(work.pid, signal.SIGKILL)
    assert (await ask(relay, question("at home again"))).finished.site == "chatgpt"
    heard = await ask(relay, question("at work again", model="chatgpt@work"))
    assert heard.finished.site == "chatgpt@work"
    assert [browser.generation for browser in relay.status().browsers] == [1, 2, 0]

    with pytest.raises(ModelNotFound, match="chatgpt, chatgpt@work, chatgpt@broken"):
        await ask(relay, question("x", model="chatgpt@elsewhere"))
    with pytest.raises(NotFound, match="chatgpt@work"):
        await relay.examine("chatgpt@elsewhere")
    assert len(chatgpt_site.prompts) == 4

    def signed_in(desk: str) -> bool | None:
        known: bool | None = json.loads(home.sites_file.read_text())[desk]["signed_in"]
        return known

    # Written behind the answer's back, for each profile by itself.
    await eventually(lambda: [signed_in(desk) for desk in ("chatgpt", "chatgpt@work")] == [True, True])
    assert [signed_in(desk) for desk in ("chatgpt@broken", "practice@work")] == [None, None]


async def test_a_chain_asks_the_next_one_where_the_first_cannot_take_it(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    assert (await ask(relay, question("one", model="best"))).finished.site == "chatgpt"
    chatgpt_site.state("logged_out")
    relay._desks["chatgpt"].pool.limits = attrs.evolve(relay._desks["chatgpt"].pool.limits, fresh_seconds=0)
    heard = await ask(relay, question("two", model="best"))
    assert (heard.text, heard.finished.site, heard.notices) == ("two", "practice", ["fell_back"])
    assert heard.steps.count(Step.FINISHED) == 1
    assert Step.FAILED not in heard.steps
    assert heard.facts(Step.LEASED)["site"] == "practice"
    assert heard.steps.count(Step.LEASED) == 2, "one timeline tells of both"
    assert relay.route("best").desk == "practice"
    with pytest.raises(SignedOut):
        await ask(relay, question("three", model="chatgpt"))
    listed = {model.id: model for model in relay.models()}
    assert (listed["best"].site, listed["best"].state) == ("chain", relay.status().sites[1].state)
    assert chatgpt_site.prompts == ["one"]


async def test_a_browser_that_will_not_start_is_passed_over_and_all_reasons_are_told(relay: Relay) -> None:
    heard = await ask(relay, question("hello", model="patched"))
    assert (heard.text, heard.finished.site) == ("hello", "practice")
    with pytest.raises(BrowserNotFound) as caught:
        await ask(relay, question("hello", model="hopeless"))
    assert "'hopeless'" in caught.value.message
    assert [one["site"] for one in caught.value.details["tried"]] == ["chatgpt@broken", "practice@broken"]


async def test_a_chain_never_asks_another_once_the_prompt_has_left(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.state("generation_failed")
    with pytest.raises(GenerationFailed):
        await ask(relay, question("only once", model="best"))
    assert chatgpt_site.prompts == ["only once"]


async def test_the_least_busy_of_a_chain_is_asked_first(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.say(Answer(text="slow", hold=["middle"]))
    events = relay.ask(question("first", model="spread"))
    async for event in events:
        if getattr(event, "step", None) is Step.STREAMING:
            break
    assert (await ask(relay, question("second", model="spread"))).finished.site == "practice"
    await events.aclose()


async def test_a_conversation_stays_with_the_one_of_a_chain_that_holds_it(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    first = await ask(relay, question("one"))
    new = question("two", model="back")
    answer = Message(role=Role.ASSISTANT, parts=(TextPart(first.text),))
    going_on = attrs.evolve(new, messages=(*question("one").messages, answer, *new.messages))
    heard = await ask(relay, going_on)
    assert heard.finished.site == "chatgpt"
    assert heard.finished.conversation_id == first.finished.conversation_id
    choice = ChatChoice(conversation_id=first.finished.conversation_id)
    named = await ask(relay, attrs.evolve(question("three", model="back"), chat=choice))
    assert named.finished.conversation_id == first.finished.conversation_id
    assert (await ask(relay, new)).finished.site == "practice", "without one, the first is asked"
    assert len(chatgpt_site.prompts) == 3


async def test_over_http_the_headers_say_who_answered(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.state("logged_out")
    async with serve(relay, ServerSettings(port=0, shutdown_seconds=1), "key") as server:
        base = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base, headers={"authorization": "Bearer key"}) as client:
            body = {"model": "best", "messages": [{"role": "user", "content": "hello"}]}
            for stream in (False, True):
                reply = await client.post("/v1/chat/completions", json={**body, "stream": stream}, timeout=30)
                assert reply.status_code == 200
                assert reply.headers["x-cdp-relay-site"] == "practice"
                assert "practice is asked" in reply.headers["x-cdp-relay-notice"]
            refused = await client.post("/v1/chat/completions", json={**body, "model": "chatgpt@nope"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
            owners = {one["id"]: one["owned_by"] for one in (await client.get("/v1/models")).json()["data"]}
            assert (owners["best"], owners["chatgpt@work"]) == ("chain", "chatgpt@work")
            state = (await client.get("/ready")).json()
    assert [one["profile"] for one in state["browsers"]] == ["default", "work", "broken"]
    assert "chatgpt@work" in [site["name"] for site in state["sites"]]


async def test_a_chain_between_two_accounts_of_a_site_starts_nothing(settings: Settings, home: Home) -> None:
    around = attrs.evolve(settings, chains={"around": ChainSettings(models=("chatgpt", "chatgpt@work"))})
    with pytest.raises(SettingsError, match="one site in two profiles"):
        async with open_relay(around, home):
            raise AssertionError("not refused")
