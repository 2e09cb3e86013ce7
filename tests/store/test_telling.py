"""What is told is kept in order, and what was taken back is not in it."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    Notice,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.store.redaction import MARK, Redaction
from cdp_relay.store.telling import Telling, kept_entries
from cdp_relay.store.turns import ToldEntry, read_told

SECRET = "sk-abcdefghijklmnop1234"
NOTICE = Notice(code="n", message="m")


def told(telling: Telling) -> list[ChatEvent]:
    return [entry.event for entry in whole(telling)]


def whole(telling: Telling) -> tuple[ToldEntry, ...]:
    return read_told(kept_entries(telling.take_all(), telling.redaction), {})


def test_deltas_are_joined_and_stay_between_what_they_came_between() -> None:
    telling = Telling()
    for event in (
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        TextDelta("a"),
        TextDelta("b"),
        NOTICE,
        TextDelta("c"),
    ):
        telling.add(event, 1.0)
    assert told(telling) == [ReasoningDelta("hm"), TextDelta("ab"), NOTICE, TextDelta("c")]
    assert telling.text_chars == 3


def test_text_that_was_taken_back_is_gone_over_whatever_came_between() -> None:
    telling = Telling()
    for event in (
        TextDelta("abc"),
        TextDelta("de"),
        NOTICE,
        TextDelta("f"),
        TextRetracted(4),
        TextDelta("X"),
    ):
        telling.add(event, 1.0)
    assert told(telling) == [TextDelta("ab"), NOTICE, TextRetracted(4), TextDelta("X")]
    assert telling.text_chars == 3


def test_the_pieces_of_a_whole_call_are_kept_once() -> None:
    telling = Telling()
    telling.add(ToolCallBegan(index=0, id="1", name="t"), 0.0)
    telling.add(ToolCallArguments(0, '{"a":'), 0.0)
    assert told(telling)[-1] == ToolCallArguments(0, '{"a":')
    telling.add(ToolCallArguments(0, "1}"), 0.0)
    end = ToolCallEnded(index=0, id="1", name="t", arguments='{"a":1}')
    telling.add(end, 0.0)
    assert told(telling) == [ToolCallBegan(index=0, id="1", name="t"), end]


def test_without_content_only_lengths_are_kept() -> None:
    telling = Telling(content=False)
    for event in (TextDelta("secret"), ReasoningDelta("plan"), NOTICE):
        telling.add(event, 0.0)
    telling.add(ToolCallEnded(index=0, id="1", name="t", arguments="secret"), 0.0)
    assert "secret" not in str(told(telling))
    assert telling.text_chars == 6


def test_with_deltas_the_time_of_each_is_kept_and_none_shows_a_part_of_a_secret() -> None:
    telling = Telling(deltas=True)
    for at, text in enumerate(("key: sk-abcdef", "ghijklmnop12", "34 done")):
        telling.add(TextDelta(text), float(at))
    (entry,) = whole(telling)
    assert entry.event == TextDelta(f"key: {MARK} done")
    assert entry.cuts == ((0.0, 5 + len(MARK)), (1.0, 0), (2.0, 5))


def test_a_secret_is_found_across_what_came_between() -> None:
    telling = Telling()
    for event in (TextDelta(f"a {SECRET[:12]}"), NOTICE, TextDelta(f"{SECRET[12:]} b")):
        telling.add(event, 0.0)
    assert told(telling) == [TextDelta(f"a {MARK}"), NOTICE, TextDelta(" b")]


def test_an_answer_that_is_told_anew_replaces_what_there_was_of_it() -> None:
    telling = Telling()
    for event in (NOTICE, TextDelta("half of"), ToolCallBegan(index=0, id="1", name="t")):
        telling.add(event, 0.0)
    telling.forget_answer()
    telling.add(TextDelta("the whole"), 1.0)
    assert told(telling) == [NOTICE, TextDelta("the whole")]


def text_of(entries: Iterable[ToldEntry]) -> str:
    return "".join(entry.event.text for entry in entries if isinstance(entry.event, TextDelta))


_EVENTS = st.one_of(
    st.sampled_from(["one ", "two\n", SECRET[:14], f"{SECRET[14:]} ", "x" * 40 + " "]).map(TextDelta),
    st.sampled_from(["think ", "more "]).map(ReasoningDelta),
    st.just(NOTICE),
    st.integers(1, 30).map(TextRetracted),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_EVENTS, st.booleans()), max_size=25))
def test_news_add_up_to_the_whole_save_for_what_is_uncertain(
    story: list[tuple[ChatEvent, bool]],
) -> None:
    telling = Telling(redaction=Redaction())
    noted: list[ToldEntry] = []
    for event, look in story:
        telling.add(event, 0.0)
        if not look:
            continue
        if telling.undone:
            noted.clear()
            telling.start_over()
        noted += read_told(telling.take_news(), {})
        assert SECRET not in text_of(noted)
    if not telling.undone:
        assert text_of(whole(telling)).startswith(text_of(noted))
