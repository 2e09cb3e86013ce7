"""How a conversation becomes the one text that a page takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat import Message, Role, TextPart
from cdp_relay.chat.prompt import LAST_HEADING, render_prompt
from cdp_relay.chat.vocabulary import ToolCall
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
