"""Going on in the chat that holds a conversation, on the ChatGPT replica: only what is new is sent."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing

from cdp_relay.cdp import Connection
from cdp_relay.chat import Message, Role, Step, TextDelta, TextPart
from cdp_relay.chat.relay import Relay, open_relay
from cdp_relay.chat.vocabulary import ChatChoice, ChatNamed, ChatRequest, Tool, ToolCall, ToolCallEnded
from cdp_relay.errors import SiteOverloaded
from cdp_relay.settings import Home
from tests.chat.chat_rows import Rows
from tests.chat.conftest import Heard, ask, one_site_relay, question, relay_settings
from tests.sites.chatgpt import Answer, ChatGPTSite, Refusal
from tests.sites.gemini import GeminiSite
from tests.sites.kit import ChromiumProcess
from tests.sites.kit.turns import Prompt

pytestmark = pytest.mark.browser

READ = Tool(
    name="read_file",
    description="Read a file. " + "It is read as it stands. " * 200,
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
SYSTEM = "You are a careful agent. " * 100


def said(role: Role, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text),))


def call(prompt: Prompt, **arguments: object) -> str:
    marker = re.findall(r"```(call_\w+)", prompt.text)[-1]
    return f"```{marker}\n{json.dumps({'name': 'read_file', 'arguments': arguments})}\n```\n"


def answered(heard: Heard) -> Message:
    """The answer as an agent puts it into its history: trimmed, its arguments written anew."""
    calls = [event for event in heard.events if isinstance(event, ToolCallEnded)]
    return Message(
        role=Role.ASSISTANT,
        parts=(TextPart(heard.text.strip()),),
        tool_calls=tuple(
            ToolCall(id=one.id, name=one.name, arguments=json.dumps(json.loads(one.arguments), indent=1))
            for one in calls
        ),
    )


@attrs.define
class Agent:
    """A client that sends all of its history with each request."""

    relay: Relay
    history: list[Message] = attrs.field(factory=lambda: [said(Role.SYSTEM, SYSTEM)])
    tools: tuple[Tool, ...] = (READ,)
    chat: ChatChoice = attrs.field(factory=ChatChoice)
    model: str = "chatgpt"

    def request(self, *more: Message) -> ChatRequest:
        messages = (*self.history, *more)
        asked = question("x", model=self.model)
        return attrs.evolve(asked, messages=messages, tools=self.tools, chat=self.chat)

    async def say(self, text: str) -> Heard:
        return await self.send(said(Role.USER, text))

    async def result(self, text: str) -> Heard:
        last = self.history[-1].tool_calls[-1]
        return await self.send(
            Message(role=Role.TOOL, parts=(TextPart(text),), tool_call_id=last.id, name=last.name)
        )

    async def send(self, message: Message) -> Heard:
        heard = await ask(self.relay, self.request(message))
        self.history += [message, answered(heard)]
        return heard


async def test_an_agents_next_turn_sends_only_the_tools_result(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.answer_with(lambda prompt: Answer(text=f"I look it up.\n\n{call(prompt, path='port.txt')}"))
    agent = Agent(relay)
    first = await agent.say("Which port?")
    second = await agent.result("port = 8080\n")
    third = await agent.result("port = 8081\n")
    assert [len(heard.finished.conversation_id or "") > 0 for heard in (first, second, third)] == [True] * 3
    assert len({turn.conversation_id for turn in chatgpt_site.turns}) == 1
    whole, *deltas = chatgpt_site.prompts
    assert "careful agent" in whole
    for prompt, port in zip(deltas, ("8080", "8081"), strict=True):
        assert f"port = {port}" in prompt
        assert not re.search("careful agent|It is read as it stands", prompt)
        assert len(prompt) < len(whole) / 8
    # The tab stood there, and nothing was opened.
    assert second.facts(Step.OPENED) == {"warm": True, "chat": "held", "continued": 3}
    assert third.facts(Step.COMPOSED)["continued"] == 5
    assert chatgpt_site.journal.count("page") == 1
    names = [event.conversation_id for event in second.events if isinstance(event, ChatNamed)]
    assert names == [first.finished.conversation_id]
    # Clients watch how long their conversations get, wherever it is kept.
    assert second.finished.usage.prompt_tokens > first.finished.usage.prompt_tokens
    assert not second.notices + third.notices


async def test_a_site_that_names_its_chats_in_the_address_goes_on_as_well(
    gemini_site: GeminiSite, chromium: ChromiumProcess, browser_context: str, tmp_path: Path
) -> None:
    gemini_site.answer_with(lambda prompt: gemini_site.answers(text=call(prompt, path="port.txt")))
    async with one_site_relay("gemini", chromium, browser_context, tmp_path) as relay:
        agent = Agent(relay, model="gemini")
        await agent.say("Which port?")
        assert (await agent.result("one")).facts(Step.OPENED)["chat"] == "held"
        gemini_site.say(gemini_site.answers(text="Yes."))
        await ask(relay, question("Something else.", model="gemini"))  # takes the tab
        assert (await agent.result("two")).facts(Step.OPENED)["chat"] == "reopened"
    chats = [turn.conversation_id for turn in gemini_site.turns]
    assert chats[0] == chats[1] == chats[3] != chats[2]


async def test_a_temporary_chat_goes_on_while_it_stands_open(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    agent = Agent(relay, tools=(), chat=ChatChoice(temporary=True))
    await agent.say("My name is Ada.")
    # That was a single question, whose tab is led on; the chat is no more.
    assert (await agent.say("What is my name?")).notices == []
    assert (await agent.say("And now?")).facts(Step.OPENED)["chat"] == "held"
    await ask(relay, question("Something else."))
    heard = await agent.say("And then?")
    assert heard.notices == ["chat_not_continued"]
    assert "Ada" in chatgpt_site.prompts[-1]


def reads(prompt: Prompt) -> Answer:
    return Answer(text=f"I look.\n\n{call(prompt, path='a')}")


def chats(site: ChatGPTSite) -> list[str]:
    """The chat of each prompt that the site has answered."""
    return [turn.conversation_id for turn in site.turns]


async def test_a_chat_is_opened_again_and_left_when_it_is_not_as_it_was(
    relay: Relay, chatgpt_site: ChatGPTSite, connection: Connection
) -> None:
    chatgpt_site.answer_with(reads)
    agent = Agent(relay)
    first = await agent.say("Read it.")
    target = first.facts(Step.LEASED)["tab"]
    await connection.root.call("Target.closeTarget", {"targetId": target})
    heard = await agent.result("one")
    assert heard.facts(Step.OPENED) == {"warm": False, "chat": "reopened", "continued": 3}
    assert "careful agent" not in chatgpt_site.prompts[-1]

    # Somebody has gone on in it by hand; the page stands there, and shows another answer.
    await connection.root.call("Target.closeTarget", {"targetId": heard.facts(Step.LEASED)["tab"]})
    chatgpt_site.turns[-1].reply = Answer(text="Quite another answer, of which nobody has told the relay.")
    heard = await agent.result("two")
    assert heard.notices[-1] == "chat_not_continued"
    assert heard.facts(Step.OPENED) == {"warm": False, "chat": "new"}
    assert re.search("careful agent.*\none\n", chatgpt_site.prompts[-1], re.DOTALL)

    # It is full: the prompt was refused, so it has not been taken, and goes to a new chat.
    chatgpt_site.configure(noticeAfterRefusal="conversation-too-large")
    chatgpt_site.say(Refusal(status=400, body={"detail": {"code": "conversation_too_large"}}))
    heard = await agent.result("three")
    assert heard.notices == ["chat_full"]
    assert "careful agent" in chatgpt_site.prompts[-1]
    assert len(set(chats(chatgpt_site))) == 3

    # A prompt that was refused for another reason has told the chat nothing.
    chatgpt_site.say(Refusal(status=503))
    with pytest.raises(SiteOverloaded):
        await agent.result("four")
    heard = await agent.result("four")
    assert (heard.notices, heard.facts(Step.OPENED)["chat"]) == ([], "reopened")
    assert "void" not in chatgpt_site.prompts[-1]


async def test_what_a_client_takes_back_is_said_to_be_void(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    agent = Agent(relay, tools=())
    await agent.say("My name is Ada.")
    await agent.say("What is my nam?")
    del agent.history[-2:]
    heard = await agent.say("What is my name?")
    assert heard.facts(Step.OPENED)["chat"] == "held"
    prompt = chatgpt_site.prompts[-1]
    assert re.search(r"are void.*What is my name\?$", prompt, re.DOTALL)
    assert "Ada" not in prompt
    # A plain question in a chat is that question, to the letter.
    await agent.say("And now?")
    assert chatgpt_site.prompts[-1] == "And now?"
    # An answer that the client did not wait for, and asks for again.
    chatgpt_site.say(Answer(text="It is Ada, as you have said before. " * 9, hold={"middle"}))
    async with aclosing(relay.ask(agent.request(said(Role.USER, "Once more?")))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    await trio.testing.wait_all_tasks_blocked()
    chatgpt_site.release()
    heard = await agent.say("Once more?")
    assert heard.facts(Step.OPENED)["chat"] == "reopened"
    assert re.search(r"are void.*Once more\?$", chatgpt_site.prompts[-1], re.DOTALL)
    assert len(set(chats(chatgpt_site))) == 1
    # A request may ask for a new chat.
    agent.chat = ChatChoice(temporary=False)
    assert (await agent.say("And now?")).facts(Step.OPENED)["chat"] == "new"


async def test_two_requests_at_once_are_never_in_one_chat(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    agent = Agent(relay, tools=())
    await agent.say("Hello.")
    chatgpt_site.say(Answer(text="Yes.", hold={"end"}))
    heard: list[Heard] = []

    async def run(text: str) -> None:
        heard.append(await ask(relay, agent.request(said(Role.USER, text))))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, "left")
        await chatgpt_site.gates.held("end", count=1, timeout=20)
        nursery.start_soon(run, "right")
        await trio.testing.wait_all_tasks_blocked()
        chatgpt_site.release()
    assert sorted(one.facts(Step.OPENED)["chat"] for one in heard) == ["new", "reopened"]
    assert len(set(chats(chatgpt_site)[1:])) == 2


async def test_a_restart_goes_on_in_the_same_chat(
    chromium: ChromiumProcess, browser_context: str, home: Home, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.answer_with(reads)
    journal, history = Rows(), [said(Role.SYSTEM, SYSTEM)]
    for number in range(2):
        settings = relay_settings(chromium)
        async with open_relay(settings, home, browser_context_id=browser_context, journal=journal) as relay:
            agent = Agent(relay, history)
            heard = await (agent.result("port = 80") if number else agent.say("Read it."))
    assert heard.facts(Step.OPENED) == {"warm": False, "chat": "reopened", "continued": 3}
    assert len(set(chats(chatgpt_site))) == 1
    # Calls stand in the form that the chat was taught, though the relay that did so is gone.
    first, second = (set(re.findall(r"call_\w{6}", prompt)) for prompt in chatgpt_site.prompts)
    assert second <= first
    (row,) = journal.rows.values()
    assert not re.search("careful|I look|port", row.document)
