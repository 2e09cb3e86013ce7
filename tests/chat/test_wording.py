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
from cdp_relay.chat.wording import (
    call_protocol,
    form_digest,
    tools_digest,
    word_closing,
    word_continuation,
    word_prompt,
)

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


# --- a chat that goes on ---------------------------------------------------------------------------------

WRITE = attrs.evolve(READ, name="write_file")
NEXT = Message(role=Role.USER, parts=(TextPart("And the host?"),))


def going_on(
    request: ChatRequest, *new: Message, told: ChatRequest | None = None, superseding: bool = False
) -> str:
    """What a chat is told that was told of *told* last; of the same as now when left out."""
    told = told or request
    request = attrs.evolve(request, messages=(*PLAIN.messages, Message(role=Role.ASSISTANT), *new))
    calls = call_protocol(request, KEY)
    tools, form = tools_digest(told), form_digest(told)
    return word_continuation(request, new, calls, tools=tools, form=form, superseding=superseding)


def test_a_chat_that_goes_on_is_told_only_what_is_new() -> None:
    assert going_on(PLAIN, NEXT) == "And the host?"
    said = going_on(WITH_TOOLS, NEXT)
    assert "And the host?" in said
    assert "Which port?" not in said
    assert "# Tools" not in said
    assert "call_" in said.splitlines()[-2]  # the reminder
    said = going_on(AS_JSON, NEXT)
    assert ("JSON Schema" in said, said.endswith("no code fence.")) == (False, True)
    # A request that takes the last message back says so first.
    assert going_on(PLAIN, NEXT, superseding=True).startswith("My last message in this chat")


def test_tools_are_told_again_when_they_changed_and_not_when_only_their_order_did() -> None:
    both, turned = (attrs.evolve(PLAIN, tools=tools) for tools in ((READ, WRITE), (WRITE, READ)))
    assert "# Tools" not in going_on(both, NEXT, told=turned)
    said = going_on(both, NEXT, told=WITH_TOOLS)
    assert "The list of tools has changed" in said
    assert "### write_file" in said
    first = going_on(both, NEXT, told=PLAIN)
    assert "### write_file" in first
    assert "has changed" not in first
    assert "none can be called any more" in going_on(PLAIN, NEXT, told=WITH_TOOLS)


def test_what_may_be_called_in_this_answer_is_told_without_the_list() -> None:
    both = attrs.evolve(PLAIN, tools=(READ, WRITE))

    def choice(mode: ToolMode, *names: str) -> str:
        return going_on(attrs.evolve(both, tool_choice=ToolChoice(mode=mode, names=names)), NEXT, told=both)

    assert "only these tools may be called: `write_file`." in choice(ToolMode.AUTO, "write_file")
    assert "must call the tool `write_file`" in choice(ToolMode.REQUIRED, "write_file")
    assert "No tool can be called in this answer" in choice(ToolMode.NONE)
    for said in (choice(ToolMode.AUTO, "write_file"), choice(ToolMode.REQUIRED), choice(ToolMode.NONE)):
        assert "### " not in said


def test_the_form_of_answers_is_told_when_it_changes_either_way() -> None:
    other = attrs.evolve(PLAIN, output=OutputFormat(schema={"type": "array"}))
    assert "JSON Schema" in going_on(other, NEXT, told=AS_JSON)
    assert "need not be JSON any more" in going_on(PLAIN, NEXT, told=other)


def test_system_messages_alone_are_told_as_such() -> None:
    how = Message(role=Role.SYSTEM, parts=(TextPart("Be brief."),))
    said = going_on(WITH_TOOLS, how)
    assert "# Instructions\n\nBe brief.\n\n" in said
    assert "Continue the conversation" in said


def test_a_result_is_told_in_the_form_that_the_chat_was_taught() -> None:
    result = Message(role=Role.TOOL, parts=(TextPart(""),), name="read_file")
    said = going_on(WITH_TOOLS, result)
    assert said.startswith("# Results of your calls\n\n<result_")
    assert 'tool="read_file"' in said
