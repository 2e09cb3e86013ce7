"""Thinking is kept apart, and preambles are no answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.chatgpt_frames import (
    COMPLETE,
    DONE,
    START,
    TAIL,
    closing,
    decode,
    delta,
    frame,
    handoff,
    item,
    start,
    text,
)

STILL = {"reasoning_status": "is_reasoning"}
ENDED = {"reasoning_status": "reasoning_ended", "finished_duration_sec": 12}


def thoughts(id: str = "th", *, metadata: dict[str, Any] | None = None) -> bytes:
    content: dict[str, Any] = {"content_type": "thoughts", "thoughts": []}
    return start(id, channel=None, content=content, metadata=STILL if metadata is None else metadata)


def thought(number: int, summary: str, content: str) -> bytes:
    path = f"/message/content/thoughts/{number}"
    return (
        delta({"p": path, "o": "add", "v": {"summary": "", "content": ""}})
        + delta({"p": f"{path}/summary", "o": "append", "v": summary})
        + delta({"p": f"{path}/content", "o": "append", "v": content[:3]})
        + delta({"v": content[3:]})
    )


def recap(words: str = "Thought for 12s") -> bytes:
    content = {"content_type": "reasoning_recap", "content": words}
    members: dict[str, Any] = {"status": "finished_successfully", "end_turn": True}
    return start("re", channel=None, content=content, metadata=ENDED, **members)


def pro(id: str, words: str) -> bytes:
    """A finished text of a Pro model, without a channel: an answer or only a preamble."""
    return start(id, channel=None, metadata={"model_slug": "gpt-5-6-pro"}) + text(words) + closing()


def test_thoughts_and_their_recap_are_reasoning_and_not_the_answer() -> None:
    said = decode(
        START,
        thoughts(),
        thought(0, "Look", "at the numbers"),
        thought(1, "Then", "add them"),
        closing(end_turn=False),
        recap(),
        start(),
        text("42"),
        closing(),
        TAIL,
        None,
    )
    assert said.reasoning == "Look\nat the numbers\n\nThen\nadd them\n\nThought for 12s"
    assert (said.text, said.ends, said.drift) == ("42", ["stop"], [])


def test_thoughts_may_come_whole() -> None:
    listed = [{"summary": "A", "content": "a", "finished": True}, {"summary": "B", "content": ""}]
    whole = delta({"p": "/message/content/thoughts", "o": "append", "v": listed})
    more = delta({"v": [{"summary": "", "content": "c"}]})
    said = decode(START, thoughts(), whole, more, start(), text("x"), TAIL)
    assert said.reasoning == "A\na\n\nB\n\nc"


def test_thoughts_that_are_told_twice_are_given_out_once() -> None:
    first = [thoughts(), thought(0, "Look", "closely")]
    said = decode(START, *first, *first, thought(1, "And", "again"), recap(), start(), text("x"), closing())
    assert said.reasoning == "Look\nclosely\n\nAnd\nagain\n\nThought for 12s"
    assert said.drift == []


@pytest.mark.parametrize(
    ("name", "metadata"),
    [("a8km123", {}), ("x9", {"initial_text": "Reasoning", "finished_text": "Reasoned for 9 s"})],
)
def test_the_tool_style_of_thinking_streams_as_reasoning(name: str, metadata: dict[str, str]) -> None:
    said = decode(
        START,
        start("r1", role="tool", name=name, channel=None, weight=0.0, metadata=metadata),
        text("**Planning**\n\n", "step by step"),
        closing(finish=None, end_turn=None),
        start("a1", channel=None),
        text("done"),
        closing(),
        TAIL,
    )
    assert (said.reasoning, said.text) == ("**Planning**\n\nstep by step", "done")


def test_a_text_while_the_model_still_thinks_is_a_preamble() -> None:
    said = decode(
        START,
        thoughts(),
        start("p1", channel=None),
        text("First I will look around."),
        closing(),
        thoughts("th2"),
        recap(),
        start("a1", channel=None),
        text("The answer."),
        closing(),
        TAIL,
    )
    assert (said.text, said.ends) == ("The answer.", ["stop"])


def test_finished_preambles_of_a_pro_model_neither_end_the_turn_nor_get_into_the_answer() -> None:
    body = [
        START,
        pro("p1", "Working on it."),
        thoughts(),
        pro("p2", "Halfway."),
        recap(),
        pro("a1", "Done."),
    ]
    assert decode(*body).ends == []
    said = decode(*body, TAIL)
    assert (said.text, said.ends) == ("Done.", ["stop"])
    assert said.conversation == ("c1", "a1")


def test_a_preamble_that_turns_out_to_be_all_there_is_becomes_the_answer() -> None:
    assert decode(START, thoughts(), pro("p1", "In short: yes."), TAIL).text == "In short: yes."
    assert decode(START, thoughts(), pro("p1", "In short: yes."), DONE).ends == ["stop"]


def test_a_text_of_a_thinking_model_on_the_final_channel_is_given_out_at_once() -> None:
    body = [START, thoughts(), start("a1"), text("Yes."), closing()]
    assert decode(*body).text == "Yes."
    # But while thinking has not ended its end waits for the stream's own word.
    assert decode(*body).ends == []
    assert decode(*body, COMPLETE).ends == ["stop"]


def test_a_held_text_is_released_when_it_gets_the_final_channel() -> None:
    channel = delta({"p": "/message/channel", "o": "replace", "v": "final"})
    said = decode(START, thoughts(), start("a1", channel=None), text("Y"), channel, text("es."), closing())
    assert said.text == "Yes."


def test_thinking_without_a_status_does_not_hold_up_the_end() -> None:
    said = decode(START, thoughts(metadata={}), thought(0, "S", "content"), start(), text("x"), closing())
    assert (said.text, said.ends) == ("x", ["stop"])


def test_reasoning_goes_on_over_the_socket() -> None:
    said = decode(
        START,
        thoughts(),
        thought(0, "Look", "closely"),
        handoff(),
        None,
        frame(item(START + thoughts() + thought(0, "Look", "closely") + thought(1, "On", "and on"))),
        frame(item(recap() + start() + text("x") + closing())),
    )
    assert said.reasoning == "Look\nclosely\n\nOn\nand on\n\nThought for 12s"
    assert (said.text, said.ends, said.drift) == ("x", ["stop"], [])
