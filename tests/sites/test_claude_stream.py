"""Answers as claude.ai's stream of events, without a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sites.claude import Answer, Retract, Text, Thinking, Tool
from tests.sites.claude.stream import TurnIds, stream_answer
from tests.sites.kit.answers import ProducedFile
from tests.sites.kit.turns import Frame, Gate

IDS = TurnIds(conversation="chat", human="human", assistant="assistant")


def written(answer: Answer) -> bytes:
    return b"".join(step.data for step in stream_answer(answer, IDS) if isinstance(step, Frame))


def events(answer: Answer) -> list[dict[str, Any]]:
    """What a reader makes of the bytes; names of events are their types."""
    found = []
    for block in written(answer).decode().split("\n\n"):
        lines = dict(line.split(":", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if lines:
            value = json.loads(lines["data"])
            assert lines["event"].strip() == value["type"]
            found.append(value)
    return found


def kinds(answer: Answer) -> list[str]:
    return [event["type"] for event in events(answer) if event["type"] != "content_block_delta"]


def deltas(answer: Answer, kind: str) -> list[tuple[int, Any]]:
    """The deltas of a kind, with the index of their blocks."""
    found = [event for event in events(answer) if event["type"] == "content_block_delta"]
    return [(one["index"], one["delta"]) for one in found if one["delta"]["type"] == kind]


def test_an_answer_is_a_message_with_a_limit_before_its_end() -> None:
    answer = Answer(text="one two", thinking=("Hm.",), summaries=("A summary",))
    block = ["content_block_start", "content_block_stop"]
    start = ["conversation_ready", "message_start", "ping"]
    assert kinds(answer) == [*start, *block, *block, "message_delta", "message_limit", "message_stop"]
    assert kinds(Answer(limit_first=True))[-3:] == ["message_limit", "message_delta", "message_stop"]
    assert kinds(Answer(complete=False))[-1] == "message_limit"
    assert kinds(Answer(finished=False))[-1] == "content_block_stop"
    texts = deltas(answer, "text_delta")
    assert texts == [(1, {"type": "text_delta", "text": piece}) for piece in ("one", " two")]
    assert deltas(answer, "thinking_summary_delta")[0][1]["summary"] == {"summary": "A summary"}
    started = events(answer)[1]["message"]
    assert (started["uuid"], started["parent_uuid"], started["model"]) == ("assistant", "human", "")


def test_blocks_are_counted_and_those_taken_back_are_written_again_in_their_places() -> None:
    blocks = (Thinking("Hm."), Text("no"), Retract(1), Text("First."), Tool(), Text("Last."))
    answer = Answer(blocks=blocks)
    assert [index for index, _ in deltas(answer, "text_delta")] == [1, 1, 4]
    starts = [event for event in events(answer) if event["type"] == "content_block_start"]
    names = [(start["index"], start["content_block"]["type"]) for start in starts]
    assert names == [
        (0, "thinking"),
        (1, "text"),
        (1, "text"),
        (2, "tool_use"),
        (3, "tool_result"),
        (4, "text"),
    ]
    assert answer.whole_text == "First.Last."
    words = "".join(
        delta["partial_json"] for index, delta in deltas(answer, "input_json_delta") if index == 2
    )
    assert json.loads(words) == {"query": "a replica"}


def test_files_are_made_by_tools_and_citations_stand_around_the_last_words() -> None:
    files = (ProducedFile(name="a.txt", media_type="text/plain", data=b"words"), ProducedFile(name="b.png"))
    cited = Text("one two", citations=({"uuid": "c"},))
    assert [block.name for block in Answer(files=files).all_blocks() if isinstance(block, Tool)] == [
        "create_file",
        "present_files",
    ]
    order = [
        event["delta"]["type"]
        for event in events(Answer(blocks=(cited,)))
        if "index" in event and "delta" in event
    ]
    assert order == ["text_delta", "citation_start_delta", "text_delta", "citation_end_delta"]


@pytest.mark.parametrize("text", ["", "one", "one two three four"])
@pytest.mark.parametrize("dialect", ["messages", "completion"])
def test_every_gate_is_passed_once_and_in_order(text: str, dialect: Any) -> None:
    steps = list(stream_answer(Answer(text=text, dialect=dialect, unknown=True), IDS))
    gates = [step.name for step in steps if isinstance(step, Gate)]
    assert gates == ["first-byte", "middle", "end", "close"]


def test_padding_and_the_older_form_change_no_word() -> None:
    assert kinds(Answer(padded=True)) == kinds(Answer())
    assert len(written(Answer(padded=True))) > len(written(Answer()))
    older = events(Answer(text="one two", dialect="completion"))
    assert "".join(event["completion"] for event in older) == "one two"
    assert older[-1]["stop_reason"] == "stop_sequence"
