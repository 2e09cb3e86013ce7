"""The parts by themselves: answers told piece by piece, results, shown answers, what is read back."""

from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat.conversations import (
    AnswerFacts,
    Contents,
    Conversations,
    HeldChat,
    ShownAnswer,
    read_units,
)
from cdp_relay.chat.conversations.results import ResultFacts
from cdp_relay.chat.vocabulary import Message, Role, TextDelta, TextPart, TextRetracted
from tests.chat.conversations.kit import answer, answer_key, flat, result, system, user

_ROW = HeldChat(
    id="chat_1",
    desk="chatgpt",
    conversation_id="c1",
    url="https://chatgpt.com/c/c1",
    model=None,
    contents=Contents(keys=("a", "result"), results=(ResultFacts.of("x" * 99, ""),), nonce="bcd"),
    used_at=3.0,
).row()
assert _ROW is not None
ROW = _ROW


def test_an_answer_is_the_same_told_in_pieces_and_taken_back_in_part() -> None:
    told = AnswerFacts()
    for event in (TextDelta("Hel"), TextDelta("lo wrold"), TextRetracted(5), TextDelta("wor ld\n")):
        told.hear(event)
    (unit,) = read_units([Message(role=Role.ASSISTANT, parts=(TextPart(" Hello  world"),))])
    assert (told.key(), told.lost, told.is_empty) == (unit.key, False, False)


def test_a_long_answer_is_not_kept_and_too_much_taken_back_is_noticed() -> None:
    told, text = AnswerFacts(), "word " * 1000
    for _ in range(100):
        told.add(text)
    assert sum(map(len, told._held)) < 300_000
    told.hear(TextRetracted(10))
    assert not told.lost
    told.hear(TextRetracted(400_000))
    assert told.lost


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("", True),
        ("[Old tool result content cleared]", True),
        ("<system>Tool output truncated</system>", True),
        ("line 1\nline 2\nline 3\n... (97 more lines)", True),
        ("\n".join(f"line {number}" for number in range(1, 60)), True),
        ("line 1\nline two", False),
        ("It worked.", False),
        ("[1, 2, 3]", False),
        ("\n".join(f"line {number}" for number in range(1, 102)), False),
    ],
)
def test_a_shortened_result_is_told_from_another_one(text: str, met: bool) -> None:
    whole = "\n".join(f"line {number}" for number in range(1, 101))
    assert ResultFacts.of(whole, "").is_met_by(ResultFacts.of(text, ""), text) is met


def test_a_page_shows_the_answer_though_it_draws_some_of_it_in_another_way() -> None:
    wire = (
        "Here is **the port**, see [the docs](https://a.org/x):\n\n```python\nport = 8080\n```\n\nDone, $x$."
    )
    page = "ChatGPT said:\nHere is the port, see the docs:\npython\nCopy code\nport = 8080\nDone, x."
    shown = ShownAnswer.of(wire, wire)
    assert shown.is_shown_by(page, page)
    for other in ("", "Here is another answer altogether, of something else.", page.replace("port", "host")):
        assert not shown.is_shown_by(other, other)
    assert ShownAnswer.of("ok", "ok").is_shown_by("OK.", "OK.")
    assert not ShownAnswer.of("ok", "ok").is_shown_by("No.", "No.")


@given(st.lists(st.sampled_from("ab \n\t"), max_size=40).map("".join), st.integers(0, 40))
def test_white_space_and_cuts_change_no_answer(text: str, cut: int) -> None:
    pieces, whole = AnswerFacts(), AnswerFacts()
    for piece in (text[:cut], "\n", text[cut:]):
        pieces.add(piece)
    whole.add("".join(text.split()))
    assert pieces.key() == whole.key()
    assert pieces.is_empty is not bool(text.split())


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "null",
        '{"format": 2}',
        json.dumps(json.loads(ROW.document) | {"before": 9}),
        json.dumps(json.loads(ROW.document) | {"before": "0"}),
        json.dumps(json.loads(ROW.document) | {"results": []}),
        json.dumps(json.loads(ROW.document) | {"results": [[1]]}),
        json.dumps(json.loads(ROW.document) | {"shown": [1, 2]}),
        json.dumps(json.loads(ROW.document) | {"keys": None}),
    ],
)
def test_a_row_of_another_form_is_no_chat(document: str) -> None:
    assert HeldChat.of_row(ROW) is not None
    assert HeldChat.of_row(attrs.evolve(ROW, document=document)) is None


def test_only_so_many_chats_are_held_and_the_one_used_longest_ago_goes() -> None:
    held = Conversations(most=3)
    conversations = [(user(token), answer(token)) for token in range(1, 6)]
    for first, said in conversations:
        grown = Contents().grown(read_units(flat([first])), 0, answer_key(said))
        held.begin("site", grown, conversation_id=f"c{first.token}", url="https://", model=None)
    found = [held.claim("site", flat([*one, user(9)])) for one in conversations]
    assert [claim is not None for claim in found] == [False, False, True, True, True]
    assert held.claim("another", flat([*conversations[-1], user(9)])) is None


def test_the_desk_is_found_that_holds_most_of_a_conversation() -> None:
    held = Conversations()
    talk = [system(1), user(2), answer(3, calls=1), result(4), answer(5), user(6)]
    for desk, count in (("chatgpt", 3), ("claude", 5)):
        grown = Contents().grown(read_units(flat(talk[: count - 1])), 0, answer_key(talk[count - 1]))
        held.begin(desk, grown, conversation_id=desk, url="https://", model=None)
    assert held.find_desk(flat(talk), ["gemini", "chatgpt", "claude"]) == "claude"
    assert held.find_desk(flat(talk[:4]), ["chatgpt", "claude"]) == "chatgpt"
    assert held.find_desk(flat(talk), ["gemini"]) is None
    # What asks for the rest of an answer, or holds none yet, goes on in no chat.
    assert held.find_desk(flat(talk[:5]), ["chatgpt", "claude"]) is None
    assert held.find_desk(flat(talk[:2]), ["chatgpt", "claude"]) is None
