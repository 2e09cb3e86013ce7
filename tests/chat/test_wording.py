"""How a request is put to a page: its tools, the form of its answer, and what must not be missed."""

from __future__ import annotations

import attrs

from cdp_relay.chat.vocabulary import (
    ChatRequest,
    Message,
    OutputFormat,
    RequestId,
    Role,
    TextPart,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
)
from cdp_relay.chat.wording import call_protocol, word_closing, word_prompt

KEY = b"a secret of this relay's"
READ = Tool(name="read_file", description="Read a file.", parameters={"type": "object"})
PLAIN = ChatRequest(
    id=RequestId("r"), model="m", messages=(Message(role=Role.USER, parts=(TextPart("Which port?"),)),)
)
WITH_TOOLS = attrs.evolve(PLAIN, tools=(READ,))
AS_JSON = attrs.evolve(PLAIN, output=OutputFormat())


def prompt(request: ChatRequest) -> str:
    return word_prompt(request, request.messages, call_protocol(request, KEY))


def closing(request: ChatRequest) -> str:
    return word_closing(request, call_protocol(request, KEY))


def test_a_plain_request_is_its_own_prompt() -> None:
    assert call_protocol(PLAIN, KEY) is None
    assert (prompt(PLAIN), closing(PLAIN)) == ("Which port?", "")


def test_a_prompt_that_goes_as_a_file_has_its_form_told_beside_it() -> None:
    both = attrs.evolve(WITH_TOOLS, output=OutputFormat())
    for request, words in ((WITH_TOOLS, ["call_"]), (AS_JSON, ["JSON"]), (both, ["call_", "JSON"])):
        beside = closing(request)
        assert all(word in beside for word in words)
        assert len(beside) < 1000
        assert prompt(request).endswith(beside)


def test_without_a_choice_nothing_is_said_of_calls_but_those_that_were_made_are_told() -> None:
    none = attrs.evolve(
        WITH_TOOLS,
        tool_choice=ToolChoice(mode=ToolMode.NONE),
        output=OutputFormat(),
        messages=(
            *PLAIN.messages,
            Message(role=Role.ASSISTANT, tool_calls=(ToolCall(id="c1", name="read_file", arguments="{}"),)),
            Message(role=Role.TOOL, parts=(TextPart("port = 8080"),), tool_call_id="c1"),
        ),
    )
    said = prompt(none)
    assert "# Tools" not in said
    assert "port = 8080" in said
    assert "tool call" not in closing(none)


def test_nobody_else_can_know_what_a_call_looks_like() -> None:
    ours, theirs = call_protocol(WITH_TOOLS, KEY), call_protocol(WITH_TOOLS, b"another")
    assert ours is not None
    assert theirs is not None
    assert ours.marker != theirs.marker
    assert call_protocol(WITH_TOOLS, KEY) == ours
