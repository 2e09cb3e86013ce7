"""Turns that an earlier run left: their answers are read off the replica's pages, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from cdp_relay.cdp import Connection
from cdp_relay.chat import ChatEvent, ChatRequest, FinishReason, RequestId
from cdp_relay.chat.record import LeftTurn, NoJournal, TurnRecord
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.vocabulary import (
    AnswerShared,
    ChatNamed,
    Finished,
    Notice,
    Step,
    StepReached,
    TextDelta,
    Tool,
    ToolCallEnded,
)
from cdp_relay.errors import AnswerLost, RelayError
from cdp_relay.settings import Home, JournalSettings
from tests.chat.conftest import ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.claude import ClaudeSite
from tests.sites.gemini import GeminiSite
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.turns import Prompt

pytestmark = pytest.mark.browser

TOOL = Tool(name="read", parameters={"type": "object", "properties": {"path": {"type": "string"}}})


@attrs.define(eq=False)
class Kept:
    """What the journal heard of one turn."""

    events: list[ChatEvent] = attrs.field(factory=list)
    state: str = ""
    error: RelayError | None = None
    prompt: str = ""
    over: trio.Event = attrs.field(factory=trio.Event)

    def routed(self, desk: str, model: str | None) -> None:
        pass

    def event(self, event: ChatEvent) -> None:
        self.events.append(event)

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        self.prompt = prompt

    def ended(self, state: str, error: RelayError | None = None) -> None:
        self.state, self.error = state, error
        self.over.set()

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    def only(self, kind: type[Any]) -> Any:
        (event,) = [event for event in self.events if isinstance(event, kind)]
        return event


@attrs.define(eq=False)
class Memory(NoJournal):
    """A journal of one test."""

    left: Sequence[LeftTurn] = ()
    kept: dict[str, Kept] = attrs.field(factory=dict)

    def begin(self, request: ChatRequest) -> TurnRecord:
        return self.kept.setdefault(request.id, Kept())

    async def left_turns(self) -> Sequence[LeftTurn]:
        return self.left

    def resume(self, turn: LeftTurn) -> TurnRecord:
        return self.begin(turn.request)


@attrs.define(eq=False)
class Runs:
    """Runs of the relay, one after another, on one browser and one home."""

    chromium: ChromiumProcess
    context: str
    home: Home
    site: str = "chatgpt"

    @asynccontextmanager
    async def run(
        self, *left: LeftTurn, recover: bool = True, recover_seconds: float = 0.5
    ) -> AsyncGenerator[tuple[Relay, Memory], None]:
        journal = Memory(left)
        settings = relay_settings(self.chromium, self.site, "practice", recover_seconds=recover_seconds)
        settings = attrs.evolve(settings, journal=JournalSettings(recover=recover))
        async with open_relay(settings, self.home, browser_context_id=self.context, journal=journal) as relay:
            yield relay, journal

    async def recovered(self, turn: LeftTurn, **how: Any) -> Kept:
        """What comes of a turn that was left."""
        async with self.run(turn, **how) as (_, journal):
            kept = journal.kept[turn.request.id]
            with trio.fail_after(20):
                await kept.over.wait()
        return kept

    async def asked(self, request: ChatRequest) -> LeftTurn:
        """Ask in a run of its own, and have it look as if that had not seen the end."""
        async with self.run() as (relay, journal):
            heard = await ask(relay, request)
        named = next(event for event in heard.events if isinstance(event, ChatNamed))
        return LeftTurn(
            request=request,
            desk=self.site,
            prompt=journal.kept[request.id].prompt,
            conversation_id=named.conversation_id,
            url=named.conversation_url,
            submitted=True,
        )


@pytest.fixture
def runs(chromium: ChromiumProcess, browser_context: str, home: Home) -> Runs:
    return Runs(chromium, browser_context, home)


async def test_an_answer_is_read_in_its_chat_and_nothing_is_sent(runs: Runs, claude_site: ClaudeSite) -> None:
    runs.site = site = "claude"
    replica = claude_site
    replica.say(replica.answers(text="A *short* answer,\n\n- in two\n- parts"))
    left = await runs.asked(question("Tell me.", model=site))
    kept = await runs.recovered(left)
    assert (kept.state, kept.text) == ("finished", "A *short* answer,\n\n- in two\n- parts")
    end = kept.only(Finished)
    assert (end.capture, end.finish_reason) == ("page", FinishReason.STOP)
    assert (end.conversation_id, end.conversation_url) == (left.conversation_id, left.url)
    assert kept.only(Notice).code == "recovered"
    assert replica.prompts == ["Tell me."]


async def test_a_chat_in_which_the_site_still_writes_is_opened_until_the_answer_is_whole(
    runs: Runs, gemini_site: GeminiSite
) -> None:
    # This one shows the part that there is as if it were the whole.
    replica, asked = gemini_site, question("Tell me.", model="gemini")
    site = runs.site = "gemini"
    replica.say(replica.answers(text="The first half and the second half.", hold={"middle"}))
    elsewhere = attrs.evolve(runs, home=attrs.evolve(runs.home, state=runs.home.state / "elsewhere"))
    async with runs.run() as (relay, journal), aclosing(relay.ask(asked)) as events:
        named = [event async for event in _until(ChatNamed, events)][-1]
        assert isinstance(named, ChatNamed)
        left = LeftTurn(
            request=asked,
            desk=site,
            prompt=journal.kept[asked.id].prompt,
            conversation_id=named.conversation_id,
            url=named.conversation_url,
            submitted=True,
        )
        async with elsewhere.run(left, recover_seconds=2.0) as (_, then):
            kept = then.kept[asked.id]
            with trio.fail_after(40):
                # It has looked in vain, or at a part, and comes again; then the site goes on.
                await replica.journal.wait("page", count=3, timeout=30)
                assert not kept.state
                replica.gates.open("middle")
                await kept.over.wait()
    assert (kept.state, kept.text) == ("finished", "The first half and the second half.")
    assert replica.prompts == ["Tell me."]


async def _until(kind: type[Any], events: AsyncGenerator[ChatEvent, None]) -> AsyncGenerator[ChatEvent, None]:
    async for event in events:
        yield event
        if isinstance(event, kind):
            return


async def test_its_calls_are_found_and_whoever_asks_again_joins(
    runs: Runs, chatgpt_site: ChatGPTSite
) -> None:
    request = attrs.evolve(question("Read it."), tools=(TOOL,), key="once", fingerprint="f")

    def call(prompt: Prompt) -> Answer:
        marker = prompt.text.rpartition("```call_")[2][:6]
        body = '{"name": "read", "arguments": {"path": "a.txt"}}'
        return Answer(text=f"I read it.\n\n```call_{marker}\n{body}\n```")

    chatgpt_site.answer_with(call)
    left = await runs.asked(request)
    chatgpt_site.gates.shut("hydration")
    again = attrs.evolve(request, id=RequestId("again"))
    async with runs.run(left) as (relay, journal):
        with trio.fail_after(20):
            async with aclosing(relay.ask(again)) as events:
                shared = await anext(events)
                assert isinstance(shared, AnswerShared)
                assert (shared.request, shared.kept) == (request.id, False)
                chatgpt_site.gates.open("hydration")
                heard = [event async for event in events]
    (ended,) = [event for event in heard if isinstance(event, ToolCallEnded)]
    assert (ended.name, ended.arguments) == ("read", '{"path": "a.txt"}')
    assert isinstance(heard[-1], Finished)
    assert heard[-1].finish_reason is FinishReason.TOOL_CALLS
    assert journal.kept[request.id].state == "finished"
    assert len(chatgpt_site.prompts) == 1


async def test_a_chat_that_shows_another_prompt_gives_no_answer(
    runs: Runs, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="Paris."))
    left = await runs.asked(question("What is the capital of France?"))
    other = question("And what is that of Italy, if I may ask you that as well?")
    kept = await runs.recovered(
        attrs.evolve(left, request=other, prompt=other.messages[0].text, continued=True, submitted=False)
    )
    assert (kept.state, kept.text) == ("lost", "")
    assert isinstance(kept.error, AnswerLost)
    assert "the prompt was not sent" in kept.error.message
    assert str(left.url) in kept.error.next_step
    assert kept.error.details["conversation_url"] == left.url


async def test_a_turn_that_waits_for_the_tab_gets_it_and_the_reading_goes_on_afterwards(
    runs: Runs, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.say(Answer(text="An old answer."), Answer(text="A new one."))
    left = await runs.asked(question("Old?"))
    chatgpt_site.gates.shut("hydration")
    async with runs.run(left) as (relay, journal):
        kept = journal.kept[left.request.id]
        await chatgpt_site.gates.held("hydration")
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kept.over.wait)
                async with aclosing(relay.ask(question("New?"))) as events:
                    async for event in events:
                        if isinstance(event, StepReached) and event.step is Step.LEASED:
                            assert not kept.state
                            chatgpt_site.gates.open("hydration")
    assert (kept.state, kept.text) == ("finished", "An old answer.")
    # Once in vain, and twice to be sure.
    leased = [event for event in kept.events if isinstance(event, StepReached) and event.step is Step.LEASED]
    assert len(leased) == 3
    assert chatgpt_site.prompts == ["Old?", "New?"]


async def test_what_is_lost_is_not_sent_again_for_the_same_key(runs: Runs, chatgpt_site: ChatGPTSite) -> None:
    request = attrs.evolve(question("Tell me."), key="once", fingerprint="f")
    left = LeftTurn(
        request=request, desk="chatgpt", prompt="Tell me.", conversation_id=None, url=None, submitted=False
    )
    async with runs.run(left) as (relay, journal):
        await journal.kept[request.id].over.wait()
        with pytest.raises(AnswerLost):
            await ask(relay, attrs.evolve(request, id=RequestId("again")))
        assert relay.board.measures.recovered == {("chatgpt", "lost"): 1}
    assert chatgpt_site.prompts == []


async def test_an_answer_in_the_tab_that_was_left_needs_no_name_of_the_chat(
    runs: Runs, chatgpt_site: ChatGPTSite, connection: Connection
) -> None:
    chatgpt_site.say(Answer(text="Still here."))
    left = await runs.asked(question("Where are you?"))
    pages = [await _open(connection, runs.context, str(left.url)) for _ in range(2)]
    _note(runs, *pages)
    nameless = attrs.evolve(left, conversation_id=None, url=None, tab=pages[0])
    async with runs.run(nameless) as (relay, journal):
        kept = journal.kept[nameless.request.id]
        with trio.fail_after(20):
            await kept.over.wait()
            assert (await ask(relay, question("And now?"))).text
        # Opening a tab for the next turn closes what was left.
        assert not set(pages) & {page.target_id for page in await connection.targets.list_pages()}
    assert (kept.state, kept.text) == ("finished", "Still here.")
    assert kept.only(ChatNamed).conversation_url == left.url
    assert not list(runs.home.tabs.iterdir())


@pytest.mark.parametrize(
    ("change", "recover", "words"),
    [
        ({"conversation_id": None, "url": None}, True, "had not named its chat"),
        ({"conversation_id": None, "url": None, "submitted": False}, True, "Nobody saw whether"),
        ({"desk": "elsewhere"}, True, "not offered any more"),
        ({"desk": "practice"}, True, "cannot read answers off"),
        ({}, False, "journal.recover is off"),
        ({"prompt": "", "messages": ()}, True, "journal.content"),
    ],
)
async def test_what_cannot_be_had_is_lost_with_the_reason(
    runs: Runs, change: dict[str, Any], recover: bool, words: str
) -> None:
    request = question("Tell me.")
    if "messages" in change:
        request = attrs.evolve(request, messages=change["messages"])
    left = LeftTurn(
        request=request,
        desk="chatgpt",
        prompt="Tell me.",
        conversation_id="c",
        url="https://chatgpt.com/c/c",
        submitted=True,
    )
    kept = await runs.recovered(
        attrs.evolve(left, **{name: value for name, value in change.items() if name != "messages"}),
        recover=recover,
    )
    assert kept.state == "lost"
    assert kept.error is not None
    assert words in kept.error.message


def _note(runs: Runs, *tabs: str) -> None:
    runs.home.tabs.mkdir(exist_ok=True)
    path = runs.home.tabs / f"{runs.chromium.ws_url.rpartition('/')[2]}.{2**22 - 1}.json"
    path.write_text(json.dumps({"pid": 2**22 - 1, "started": 1.0, "tabs": tabs}))


async def _open(connection: Connection, context: str, url: str) -> str:
    page = {"url": url, "newWindow": True, "browserContextId": context}
    opened: str = (await connection.root.call("Target.createTarget", page))["targetId"]
    return opened
