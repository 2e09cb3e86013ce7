"""Turns whose answers are more than text, on the ChatGPT replica: calls, JSON, cuts, and corrections."""

from __future__ import annotations

import json
import re

import attrs
import pytest
import trio

from cdp_relay.chat import FinishReason, Message, Role, Step, TextDelta, TextPart
from cdp_relay.chat.relay import Relay
from cdp_relay.chat.vocabulary import (
    ChatRequest,
    Notice,
    OutputFormat,
    Tool,
    ToolCall,
    ToolCallEnded,
    ToolChoice,
    ToolMode,
    Wishes,
)
from cdp_relay.errors import OutputInvalid
from tests.chat.conftest import Heard, ask, question
from tests.sites.chatgpt import Answer, ChatGPTSite, Refusal
from tests.sites.kit.turns import Prompt

pytestmark = pytest.mark.browser

READ = Tool(
    name="read_file",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
REQUIRED = ToolChoice(mode=ToolMode.REQUIRED)
PORT = OutputFormat(
    schema={"type": "object", "properties": {"port": {"type": "integer"}}, "required": ["port"]}
)


def with_tools(text: str, *more: Message) -> ChatRequest:
    """A request of one question with a tool, and what came after it."""
    request = question(text)
    return attrs.evolve(request, tools=(READ,), messages=(*request.messages, *more))


def call(prompt: Prompt, **arguments: object) -> str:
    """A call as a model writes it that has read the prompt."""
    marker = re.findall(r"```(call_\w+)", prompt.text)[-1]
    return f"```{marker}\n{json.dumps({'name': 'read_file', 'arguments': arguments})}\n```\n"


def calls(heard: Heard) -> list[ToolCallEnded]:
    return [event for event in heard.events if isinstance(event, ToolCallEnded)]


async def test_a_call_comes_out_and_its_result_goes_in(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.answer_with(
        lambda prompt: Answer(text=f"I look it up.\n\n{call(prompt, path='port.txt')}", hold={"end"})
    )
    heard, request = Heard(), with_tools("Which port?")
    async for event in relay.ask(request):
        heard.events.append(event)
        if isinstance(event, TextDelta) and heard.text.startswith("I look it up."):
            chatgpt_site.release()  # text before a call does not wait for the call
    (made,) = calls(heard)
    assert (made.name, made.arguments, heard.text.strip()) == (
        "read_file",
        '{"path": "port.txt"}',
        "I look it up.",
    )
    assert heard.finished.finish_reason is FinishReason.TOOL_CALLS
    assert heard.drifts == []
    counted = relay.count_tokens(request)  # all that was typed, tools included
    assert (heard.finished.usage.prompt_tokens, heard.finished.usage.source) == (
        counted.tokens,
        counted.source,
    )

    chatgpt_site.answer_with(None)
    chatgpt_site.say(Answer(text="It is 8080."))
    earlier = ToolCall(id=made.id, name=made.name, arguments=made.arguments)
    heard = await ask(
        relay,
        with_tools(
            "Which port?",
            Message(role=Role.ASSISTANT, parts=(TextPart("I look it up."),), tool_calls=(earlier,)),
            Message(role=Role.TOOL, parts=(TextPart("port = 8080\n"),), tool_call_id=made.id),
        ),
    )
    assert (heard.text, calls(heard)) == ("It is 8080.", [])
    assert heard.finished.finish_reason is FinishReason.STOP
    first, second = chatgpt_site.prompts
    assert "port = 8080" in second
    # The conversation is known again by its nonce, so that its calls stand in one form.
    assert set(re.findall(r"call_\w+", first)) <= set(re.findall(r"call_\w+", second))


async def test_what_went_wrong_is_corrected_once_in_the_same_chat(
    relay: Relay, chatgpt_site: ChatGPTSite
) -> None:
    chatgpt_site.answer_with(
        lambda prompt: Answer(
            text=call(prompt, file="a") if prompt.conversation_id is None else call(prompt, path="a")
        )
    )
    heard = await ask(relay, with_tools("Read it."))
    assert [(one.name, one.arguments) for one in calls(heard)] == [("read_file", '{"path": "a"}')]
    assert (heard.text, heard.notices, heard.drifts) == ("", [], [])
    first, second = chatgpt_site.turns
    assert first.conversation_id == second.conversation_id == heard.finished.conversation_id
    assert "path" in second.asked.text
    assert heard.steps.count(Step.OPENED) == 1
    assert heard.steps.count(Step.SUBMITTED) == heard.steps.count(Step.STREAMING) == 2
    assert heard.facts(Step.SUBMITTED)["correction"] is True

    # JSON is corrected the same way, in a chat of its own.
    chatgpt_site.answer_with(None)
    chatgpt_site.say(Answer(text="The port is 8080."), Answer(text='```json\n{"port": 8080}\n```'))
    heard = await ask(relay, attrs.evolve(question("Which port?"), output=PORT))
    assert (heard.text, heard.finished.finish_reason) == ('{"port": 8080}', FinishReason.STOP)
    assert [turn.conversation_id for turn in chatgpt_site.turns[2:]] == [heard.finished.conversation_id] * 2

    # A site that refuses the correction costs nothing that was there before.
    chatgpt_site.say(Answer(text="Reading: see above."), Refusal(status=500))
    heard = await ask(relay, attrs.evolve(with_tools("Read it."), tool_choice=REQUIRED))
    assert (heard.text, calls(heard), heard.notices) == ("Reading: see above.", [], ["tool_call_invalid"])

    # JSON that stays wrong is an error, and the tab goes on.
    chatgpt_site.say(Answer(text="No."), Answer(text="No!"))
    with pytest.raises(OutputInvalid):
        await ask(relay, attrs.evolve(question("Which port?"), output=PORT))
    assert (await ask(relay, question("hello"))).text == "Hello from the replica."


async def test_a_cut_answer_is_stopped_on_the_page(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    chatgpt_site.say(Answer(text="one END two", hold={"end"}), Answer(text="x" * 64, hold={"end"}))
    heard = await ask(relay, attrs.evolve(question("count"), wishes=Wishes(stop=("END",))))
    # The client has its answer while the page's is still held.
    assert (heard.text, heard.finished.finish_reason) == ("one ", FinishReason.STOP)
    assert heard.finished.stop_sequence == "END"
    await chatgpt_site.journal.wait("stop")
    again = await ask(relay, attrs.evolve(question("count"), wishes=Wishes(max_output_tokens=5)))
    assert (again.text, again.finished.finish_reason) == ("x" * 20, FinishReason.LENGTH)
    await chatgpt_site.journal.wait("stop", count=2)
    last = await ask(relay, question("hello"))
    assert last.text == "Hello from the replica."
    assert last.facts(Step.LEASED)["turns"] == 3  # the tab is as good as ever
    assert len({turn.conversation_id for turn in chatgpt_site.turns}) == 3


async def test_two_requests_at_once_are_kept_apart(relay: Relay, chatgpt_site: ChatGPTSite) -> None:
    def answer(prompt: Prompt) -> Answer:
        return Answer(text="A title" if "title" in prompt.text else call(prompt, path="a"))

    chatgpt_site.answer_with(answer)
    heard: dict[str, Heard] = {}

    async def run(name: str, request: ChatRequest) -> None:
        heard[name] = await ask(relay, request)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, "title", question("Generate a title for: Read it."))
        nursery.start_soon(run, "main", with_tools("Read it."))
    assert (heard["title"].text, calls(heard["title"])) == ("A title", [])
    assert [one.arguments for one in calls(heard["main"])] == ['{"path": "a"}']
    chats = {one.finished.conversation_id for one in heard.values()}
    assert chats == {turn.conversation_id for turn in chatgpt_site.turns}
    assert len(chats) == 2
    assert not any(isinstance(event, Notice) for one in heard.values() for event in one.events)
