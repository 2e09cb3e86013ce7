"""How a conversation becomes the one text that a page takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat import Message, Role, TextPart
from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.prompt import LAST_HEADING, render_prompt
from cdp_relay.chat.vocabulary import Tool, ToolCall, ToolChoice, ToolMode
from cdp_relay.errors import InvalidRequest, InvalidText


def message(role: Role, text: str = "", **fields: object) -> Message:
    return Message(role=role, parts=(TextPart(text),) if text else (), **fields)  # type: ignore[arg-type]


# Everything a page can take: no surrogates, no NUL.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(TEXTS)
def test_a_single_user_message_is_the_prompt_to_the_letter(text: str) -> None:
    assert render_prompt([message(Role.USER, text)]) == text


@given(st.lists(TEXTS, min_size=2, max_size=5))
def test_every_text_stands_in_the_prompt_unchanged_and_in_order(texts: list[str]) -> None:
    roles = (Role.USER, Role.ASSISTANT)
    prompt = render_prompt([message(roles[index % 2], text) for index, text in enumerate(texts)])
    position = 0
    for text in texts:
        position = prompt.index(text, position) + len(text)


def test_the_system_text_comes_first_and_the_question_last() -> None:
    prompt = render_prompt(
        [
            message(Role.USER, "What is 2+2?"),
            message(Role.SYSTEM, "Answer in German."),
            message(Role.ASSISTANT, "Vier."),
            message(Role.USER, "And 3+3?"),
        ]
    )
    assert prompt.startswith("# Instructions\n\nAnswer in German.")
    assert prompt.endswith(f"{LAST_HEADING}\n\nAnd 3+3?")
    assert "<user>\nWhat is 2+2?\n</user>\n<assistant>\nVier.\n</assistant>" in prompt


def test_an_answer_that_the_client_began_is_to_be_gone_on_with() -> None:
    question = message(Role.USER, "What is the Greek name of the sun?")
    begun = render_prompt([question, message(Role.ASSISTANT, "The best answer is (")])
    called = render_prompt(
        [question, message(Role.ASSISTANT, "Hm.", tool_calls=(ToolCall(id="1", name="f", arguments="{}"),))]
    )
    assert "<assistant>\nThe best answer is (\n</assistant>" in begun
    demand = begun.partition(LAST_HEADING)[2]
    assert "Go on with it from its very last character" in demand
    assert "Go on" not in called.partition(LAST_HEADING)[2]


def test_calls_and_their_results_are_part_of_the_history() -> None:
    call = ToolCall(id="call_1", name="read_file", arguments='{"path": "a.py"}')
    prompt = render_prompt(
        [
            message(Role.USER, "Read a.py"),
            message(Role.ASSISTANT, tool_calls=(call,)),
            message(Role.TOOL, "print(1)", tool_call_id="call_1"),
        ]
    )
    assert '<tool_call name="read_file" call="call_1">\n{"path": "a.py"}\n</tool_call>' in prompt
    assert '<tool_result call="call_1">\nprint(1)\n</tool_result>' in prompt
    assert prompt.index("print(1)") < prompt.index(LAST_HEADING)


def test_a_lone_system_message_is_asked_as_it_is() -> None:
    assert render_prompt([message(Role.SYSTEM, "Say hello.")]) == "Say hello."


@pytest.mark.parametrize("messages", [[], [message(Role.USER)], [message(Role.SYSTEM), message(Role.USER)]])
def test_nothing_to_answer_is_refused(messages: list[Message]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        render_prompt(messages)
    assert refused.value.param == "messages"


@pytest.mark.parametrize(
    ("text", "position", "what"),
    [("ab\0c", 2, "NUL"), ("\ud83d", 0, "U+D83D"), ("ok \ude00!", 3, "U+DE00")],
)
def test_what_no_page_takes_is_refused_with_its_place(text: str, position: int, what: str) -> None:
    with pytest.raises(InvalidText) as refused:
        render_prompt([message(Role.SYSTEM, "fine"), message(Role.USER, text)])
    assert refused.value.param == "messages[1].content"
    assert f"position {position}" in refused.value.message
    assert what in refused.value.message


# --- with tools ------------------------------------------------------------------------------------

CALLS = CallProtocol(
    "bcdfgh", (Tool(name="read_file", description="Read."), Tool(name="apply_patch", freeform=True))
)
REMINDER = f"# Reminder\n\n{CALLS.reminder}"


def called(*ids: str, name: str = "read_file") -> Message:
    calls = tuple(ToolCall(id=id_, name=name, arguments=f'{{"path": "{id_}"}}') for id_ in ids)
    return message(Role.ASSISTANT, "I look.", tool_calls=calls)


def result(text: str, id_: str | None = None, **fields: object) -> Message:
    return message(Role.TOOL, text, tool_call_id=id_, **fields)


def test_a_lone_question_gets_the_tools_before_it_and_a_reminder_behind() -> None:
    prompt = render_prompt([message(Role.USER, "Hi\n")], calls=CALLS)
    assert prompt == f"# Tools\n\n{CALLS.instructions}\n\n{LAST_HEADING}\n\nHi\n\n\n{REMINDER}"


def test_a_lone_system_text_is_the_question_there_too() -> None:
    prompt = render_prompt([message(Role.SYSTEM, "Say hello.")], calls=CALLS)
    assert f"{LAST_HEADING}\n\nSay hello.\n\n# Reminder" in prompt
    assert "# Instructions" not in prompt


def test_sections_stand_in_their_order_and_the_closing_words_last() -> None:
    prompt = render_prompt(
        [message(Role.SYSTEM, "Be brief."), message(Role.USER, "Hi")],
        calls=CALLS,
        sections=[("Output", "JSON only."), ("Nothing", "")],
        closing="Only JSON!",
    )
    headings = [line for line in prompt.splitlines() if line.startswith("# ")]
    assert headings == ["# Instructions", "# Tools", "# Output", LAST_HEADING, "# Reminder"]
    assert prompt.endswith(f"{CALLS.reminder}\nOnly JSON!")
    alone = render_prompt([message(Role.USER, "Hi")], closing="Only JSON!")
    assert alone == f"{LAST_HEADING}\n\nHi\n\n# Reminder\n\nOnly JSON!"


def test_past_calls_stand_in_the_form_of_calls_and_their_results_behind() -> None:
    prompt = render_prompt(
        [message(Role.USER, "Read"), called("a", "b"), result("B", "b", failed=True), result("A", "a")],
        calls=CALLS,
    )
    assert (
        "<assistant>\nI look.\n"
        '```call_bcdfgh\n{"name": "read_file", "arguments": {"path": "a"}}\n```\n'
        '```call_bcdfgh\n{"name": "read_file", "arguments": {"path": "b"}}\n```\n'
        "</assistant>\n"
        '<result_bcdfgh tool="read_file" call="2 of 2" status="failed">\nB\n</result_bcdfgh>\n'
        '<result_bcdfgh tool="read_file" call="1 of 2">\nA\n</result_bcdfgh>\n'
    ) in prompt
    assert "The results of your calls stand above." in prompt.partition(LAST_HEADING)[2]
    assert prompt.endswith(REMINDER)


def test_every_result_finds_its_call_however_it_is_named() -> None:
    prompt = render_prompt(
        [
            result("before any call", "x"),
            called("same", "same", "same"),
            result("one", "same"),
            result("two", "same"),
            result("three", "same"),
            result("four", "same"),
            called("c", name="apply_patch"),
            result("no id"),
            result("late", "same"),
            result("orphan", "nobody", name="its_own"),
            message(Role.USER, "And?"),
        ],
        calls=CALLS,
    )
    told = re.findall(r"<result_bcdfgh(.*?)>\n(.*?)\n</result_bcdfgh>", prompt)
    assert told == [
        ("", "before any call"),
        (' tool="read_file" call="1 of 3"', "one"),
        (' tool="read_file" call="2 of 3"', "two"),
        (' tool="read_file" call="3 of 3"', "three"),
        (' tool="read_file" call="3 of 3"', "four"),
        (' tool="apply_patch"', "no id"),
        (' tool="read_file" call="3 of 3"', "late"),
        (' tool="its_own"', "orphan"),
    ]


def test_a_chat_that_goes_on_is_told_the_results_alone() -> None:
    whole = [message(Role.USER, "Read"), called("a", "b"), result("A", "a"), result("", "b")]
    prompt = render_prompt(whole[2:], calls=CALLS, of=whole)
    assert "# Conversation so far" not in prompt
    assert (
        "# Results of your calls\n\n"
        '<result_bcdfgh tool="read_file" call="1 of 2">\nA\n</result_bcdfgh>\n'
        '<result_bcdfgh tool="read_file" call="2 of 2">\n\n</result_bcdfgh>\n\n'
    ) in prompt
    # A tool that said nothing has run all the same.
    assert 'call="2 of 2"' in render_prompt(whole[3:], calls=CALLS, of=whole)


def test_where_no_tool_may_be_called_past_calls_are_told_and_nothing_is_offered() -> None:
    none = CallProtocol("bcdfgh", CALLS.tools, ToolChoice(mode=ToolMode.NONE))
    prompt = render_prompt([message(Role.USER, "Read"), called("a"), result("A", "a")], calls=none)
    assert "# Tools" not in prompt
    assert "# Reminder" not in prompt
    assert "```call_bcdfgh\n" in prompt
    assert render_prompt([message(Role.USER, "Hi")], calls=none) == "Hi"


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_with_tools_too_every_text_stands_unchanged_and_in_order(texts: list[str]) -> None:
    roles = (Role.USER, Role.TOOL)
    prompt = render_prompt(
        [message(roles[index % 2], text) for index, text in enumerate(texts)], calls=CALLS, closing="End."
    )
    position = prompt.index(CALLS.instructions) + len(CALLS.instructions)
    for text in texts:
        position = prompt.index(text, position) + len(text)
