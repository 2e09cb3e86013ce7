"""Where answers are cut: at stop sequences and at a number of tokens, however they came in pieces."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.chat.cutting import StopFinder, TokenBudget


def cut(text: str, *stops: str, sizes: list[int] | None = None) -> tuple[str, str | None]:
    """The text as it goes on, and the stop sequence that ended it."""
    finder, said, at = StopFinder.of(stops), "", 0
    for size in sizes or [len(text)]:
        said += finder.feed(text[at : at + size])
        at += size
    said += finder.feed(text[at:])
    return said + finder.close(), finder.found


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("one END two", ("END",), ("one ", "END")),
        ("nothing here", ("END",), ("nothing here", None)),
        ("END at once", ("END",), ("", "END")),
        ("up to EN", ("END",), ("up to EN", None)),
        # What begins like one, and then is one at a later place.
        ("EENEND!", ("END",), ("EEN", "END")),
        ("aaab", ("aab",), ("a", "aab")),
        # The one that is complete first, not the one that began first.
        ("xabcd", ("abcd", "bc"), ("xa", "bc")),
        # Of two that are complete at once, the longer.
        ("xabc", ("bc", "abc"), ("x", "abc")),
        ("line\n\nnext", ("\n\n",), ("line", "\n\n")),
        ("日本語。終わり", ("。終",), ("日本語", "。終")),
        ("kept", ("",), ("kept", None)),
    ],
)
def test_a_text_ends_before_its_first_stop_sequence(
    text: str, stops: tuple[str, ...], expected: tuple[str, str | None]
) -> None:
    assert cut(text, *stops) == expected
    assert cut(text, *stops, sizes=[1] * len(text)) == expected


def test_only_what_may_become_a_stop_sequence_is_held() -> None:
    finder = StopFinder.of(["</end>", "STOP"])
    assert finder.feed("plain text ") == "plain text "
    assert finder.feed("a < b </en") == "a < b "
    assert finder.feed("cyclopedia> ST") == "</encyclopedia> "
    assert finder.close() == "ST"
    assert finder.feed("OP") == "OP"  # what stood between keeps the two halves apart


@given(
    text=st.text(alphabet="ab\n", max_size=60),
    stops=st.lists(st.text(alphabet="ab\n", min_size=1, max_size=6), min_size=1, max_size=3),
    sizes=st.lists(st.integers(1, 9), max_size=40),
)
def test_the_cut_does_not_depend_on_the_pieces(text: str, stops: list[str], sizes: list[int]) -> None:
    ends = [(text.find(stop) + len(stop), -len(stop), stop) for stop in stops if stop in text]
    expected = (text, None) if not ends else (text[: min(ends)[0] + min(ends)[1]], min(ends)[2])
    assert cut(text, *stops, sizes=sizes) == expected


def test_a_long_answer_that_nearly_holds_long_stop_sequences_is_cut_in_linear_time() -> None:
    text, stop = "a" * 200_000, "a" * 5_000 + "b"
    began = time.process_time()
    assert cut(text, stop, sizes=[3] * (len(text) // 3)) == (text, None)
    assert cut(text + "b", stop) == (text[: len(text) - 5_000], stop)
    assert time.process_time() - began < 5  # 0.2 s; going back each time would take minutes


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ("x" * 40, 10, "x" * 40),  # what just fits is whole
        ("x" * 41, 10, "x" * 40),
        ("é" * 5, 2, "é" * 4),
        ("日本語", 2, "日本"),  # no half of a character
        ("👩‍👩", 1, "👩"),
        ("x", 0, ""),
    ],
)
def test_an_answer_ends_at_its_number_of_tokens_and_at_a_whole_character(
    text: str, tokens: int, expected: str
) -> None:
    for sizes in ([len(text)], [1] * len(text)):
        budget, said, at = TokenBudget.of(tokens), "", 0
        for size in sizes:
            said += budget.take(text[at : at + size])
            at += size
        assert said == expected
        assert budget.spent == (said != text)


def test_what_is_used_up_already_counts() -> None:
    budget = TokenBudget.of(10, used_bytes=38)
    assert (budget.take("ab"), budget.spent) == ("ab", False)
    assert (budget.take("c"), budget.spent) == ("", True)
    assert TokenBudget.of(1, used_bytes=100).take("x") == ""
