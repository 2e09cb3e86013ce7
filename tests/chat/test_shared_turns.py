"""One prompt at the site for all requests that share its answer, and answers that no client waits for."""

from __future__ import annotations

from contextlib import aclosing

import attrs
import pytest
import trio

from cdp_relay.api import serve
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.vocabulary import AnswerShared, ChatRequest, RequestId, Step, StepReached, TextDelta
from cdp_relay.errors import IdempotencyKeyReused
from cdp_relay.settings import Home, JournalSettings, ServerSettings
from cdp_relay.store import open_journal
from tests.api.kit import KEY, send
from tests.chat.conftest import Heard, ask, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess

ANSWER = "one two three four"


async def leave_at_the_first_word(relay: Relay, request: ChatRequest) -> None:
    async with aclosing(relay.ask(request)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                return


def shared(heard: Heard) -> list[AnswerShared]:
    return [event for event in heard.events if isinstance(event, AnswerShared)]


async def test_a_key_sends_one_prompt_however_often_it_comes(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.say(Answer(text=ANSWER, hold={"middle"}))
    first = attrs.evolve(question("hello"), key="k")
    # The client is gone in the middle, and the answer goes on without it.
    await leave_at_the_first_word(relay, first)
    heard: list[Heard] = []

    async def join(task_status: trio.TaskStatus[None]) -> None:
        joined = Heard()
        heard.append(joined)
        async for event in relay.ask(attrs.evolve(question("hello"), key="k")):
            joined.events.append(event)
            if len(joined.events) == 1:
                task_status.started()

    async with trio.open_nursery() as nursery:
        await nursery.start(join)
        await nursery.start(join)
        with pytest.raises(IdempotencyKeyReused):
            await ask(relay, attrs.evolve(question("good bye"), key="k"))
        chatgpt_site.release()
    heard.append(await ask(relay, attrs.evolve(question("hello"), key="k")))
    assert chatgpt_site.prompts == ["hello"]
    assert [one.text for one in heard] == [ANSWER] * 3
    assert [[(one.request, one.kept) for one in shared(each)] for each in heard] == [
        [(first.id, False)],
        [(first.id, False)],
        [(first.id, True)],
    ]
    # Each hears it from the start, and to the same end.
    steps = [[e.step for e in each.events if isinstance(e, StepReached)] for each in heard]
    assert steps[0][0] is Step.QUEUED
    assert steps[0] == steps[1] == steps[2]
    assert heard[0].finished == heard[2].finished


async def test_an_answer_without_its_client_is_fetched_later_even_from_the_next_run(
    chromium: ChromiumProcess, browser_context: str, home: Home, chatgpt_site: ChatGPTSite
) -> None:
    settings = relay_settings(chromium)
    settings = attrs.evolve(settings, chat=attrs.evolve(settings.chat, after_disconnect="finish"))
    chatgpt_site.say(Answer(text=ANSWER, hold={"middle"}))
    asked = attrs.evolve(question("hello"), id=RequestId("req_" + "a" * 32), fingerprint="f")
    async with open_journal(JournalSettings(), home) as journal:
        opening = open_relay(settings, home, browser_context_id=browser_context, journal=journal)
        async with opening as relay:
            await leave_at_the_first_word(relay, asked)
            chatgpt_site.release()
            with trio.fail_after(10):
                while relay.board.running:
                    await relay.board.changed(relay.board.version)
    async with open_journal(JournalSettings(), home) as journal:
        opening = open_relay(settings, home, browser_context_id=browser_context, journal=journal)
        async with opening as relay, serve(relay, ServerSettings(port=0), KEY, journal=journal) as server:
            fetched = (await send(server, "GET", f"/v1/responses/resp_{'a' * 32}")).json()
            again = await ask(relay, attrs.evolve(asked, id=RequestId("req_" + "b" * 32), retry=True))
    assert fetched["status"] == "completed"
    assert fetched["output"][-1]["content"][0]["text"] == ANSWER
    assert fetched["conversation"]["id"] == fetched["cdp_relay"]["conversation_id"]
    assert (again.text, shared(again)[0].kept) == (ANSWER, True)
    assert chatgpt_site.prompts == ["hello"]
