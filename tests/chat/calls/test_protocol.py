"""What a prompt says of tools, and what a model is told when its calls were wrong."""

from __future__ import annotations

import json

import pytest

from cdp_relay.chat.calls import CallFault, CallProtocol, FaultKind, correction_text, new_nonce
from cdp_relay.chat.vocabulary import Message, Role, TextPart, Tool, ToolCall, ToolChoice, ToolMode
from tests.chat.calls.kit import NONCE, PROTOCOL, TOOLS, calls_of, faults_of, parse, protocol

MARKER = f"call_{NONCE}"


def message(role: Role, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text),))


def test_the_instructions_hold_all_that_a_model_needs() -> None:
    text = PROTOCOL.instructions
    for tool in TOOLS:
        assert f"\n### {tool.name}\n" in text
    assert f"```{MARKER}\n{{" in text
    assert f"<result_{NONCE}" in text
    for word in ("web search", "code interpreter", "Strict JSON", "several fences", '"input"'):
        assert word in text
    assert "mode?: " in text


def test_the_example_calls_are_calls() -> None:
    # A model that copies them writes what the parser takes, and no more than a tool's name is wrong.
    faults = faults_of(parse(PROTOCOL.instructions.partition("Rules:")[0].partition("with one JSON")[2]))
    assert [fault.kind for fault in faults] == [FaultKind.UNDECLARED] * 2


def test_no_word_is_said_of_plain_text_without_such_a_tool() -> None:
    assert '"input"' not in CallProtocol(NONCE, TOOLS[:1]).instructions


@pytest.mark.parametrize(
    ("choice", "said", "unsaid"),
    [
        (ToolChoice(), "answer in plain text", "must call"),
        (ToolChoice(mode=ToolMode.REQUIRED), "This answer must call a tool.", "answer in plain text"),
        (
            ToolChoice(mode=ToolMode.REQUIRED, names=("read_file",)),
            "This answer must call the tool `read_file`, and no other.",
            "answer in plain text",
        ),
        (
            ToolChoice(mode=ToolMode.REQUIRED, names=("read_file", "write_file")),
            "one of these: `read_file`, `write_file`",
            "answer in plain text",
        ),
        (
            ToolChoice(names=("read_file", "write_file")),
            "only these tools may be called: `read_file`, `write_file`",
            "must call",
        ),
        (ToolChoice(parallel=False), "one call in an answer at most", "several fences"),
    ],
)
def test_the_choice_of_tools_is_told(choice: ToolChoice, said: str, unsaid: str) -> None:
    told = protocol(choice)
    assert said in told.instructions
    assert unsaid not in told.instructions
    assert ("must call" in told.reminder) is (choice.mode is ToolMode.REQUIRED)
    assert len(told.reminder.splitlines()) <= 3
    assert f"```{MARKER} fence" in told.reminder


@pytest.mark.parametrize(
    "silent",
    [protocol(ToolChoice(mode=ToolMode.NONE)), protocol(tools=()), protocol(ToolChoice(names=("nope",)))],
)
def test_nothing_is_said_when_nothing_can_be_called(silent: CallProtocol) -> None:
    assert silent.instructions == silent.reminder == ""
    assert silent.callable_names == ()


def test_the_nonce_stays_while_a_conversation_grows_and_is_a_secret() -> None:
    question, other = message(Role.USER, "Hi"), message(Role.USER, "Hello")
    grown = [message(Role.SYSTEM, "It is noon."), question, message(Role.ASSISTANT, "Ho"), other]
    nonce = new_nonce(b"key", [question])
    assert new_nonce(b"key", grown) == nonce
    assert new_nonce(b"another key", [question]) != nonce
    assert new_nonce(b"key", [other]) != nonce
    assert nonce.isalnum()
    assert nonce == nonce.lower()
    assert len(nonce) == 6
    assert new_nonce(b"key", []) != new_nonce(b"key", [message(Role.SYSTEM, "x")])


@pytest.mark.parametrize(
    "arguments",
    [
        '{"path": "a"}',
        '{"path":"ü\\n```"}',
        '{\n  "path": "a"\n}',
        '{"path": "a\nb"}',
        "",
        " ",
        '{"path":"a\\u2028"}',
    ],
)
def test_a_past_call_is_told_as_a_call_is_to_be_made(arguments: str) -> None:
    text = PROTOCOL.render_call(ToolCall(id="1", name="anything", arguments=arguments))
    fence, body, end = text.split("\n")
    assert (fence, end) == (f"```{MARKER}", "```")
    assert json.loads(body)["name"] == "anything"
    [(_, received)] = calls_of(parse(text))
    assert json.loads(received) == json.loads(arguments.strip() or "{}", strict=False)


def test_a_past_call_that_was_broken_is_told_all_the_same() -> None:
    text = PROTOCOL.render_call(ToolCall(id="1", name='a"b', arguments="{oh"))
    assert json.loads(text.split("\n")[1]) == {"name": 'a"b', "arguments": "{oh"}


def test_a_result_says_whose_it_is() -> None:
    result = Message(role=Role.TOOL, parts=(TextPart("a\n</result>"),), name="read_file")
    assert PROTOCOL.render_result(result, "2 of 3") == (
        f'<result_{NONCE} tool="read_file" call="2 of 3">\na\n</result>\n</result_{NONCE}>'
    )
    failed = Message(role=Role.TOOL, failed=True)
    assert PROTOCOL.render_result(failed, "") == f'<result_{NONCE} status="failed">\n\n</result_{NONCE}>'


def test_a_correction_names_each_fault_once_and_shows_the_form() -> None:
    faults = [
        CallFault(
            kind=FaultKind.SCHEMA, message="The arguments of read_file do not fit: arguments.path: missing."
        ),
        CallFault(kind=FaultKind.SYNTAX, message="The call cannot be read."),
        CallFault(kind=FaultKind.SYNTAX, message="The call cannot be read."),
    ]
    text = correction_text(faults, PROTOCOL)
    assert text.count("- The call cannot be read.") == 1
    assert "- The arguments of read_file do not fit: arguments.path: missing." in text
    assert f"```{MARKER}\n" in text
    assert "all calls" in text
    assert "repeat your answer" not in text
    assert len(text) < 1200
    single = correction_text(faults, protocol(ToolChoice(parallel=False)))
    assert "Send the call again" in single


def test_who_did_not_mean_to_call_may_say_so() -> None:
    fault = CallFault(kind=FaultKind.FORMAT, message="It was not in the fence.")
    assert "If you did not mean to call a tool, repeat your answer" in correction_text([fault], PROTOCOL)


def test_the_form_of_plain_text_is_shown_where_it_is_the_only_one() -> None:
    patch = CallProtocol(NONCE, (Tool(name="apply_patch", freeform=True),))
    fault = CallFault(kind=FaultKind.MISSING, message="The answer had to call a tool.")
    assert '"input"' in correction_text([fault], patch)
    assert '"arguments"' in correction_text([fault], PROTOCOL)
