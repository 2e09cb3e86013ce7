from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.wire import MarkedRun, MarkedRuns, SurrogateJoiner, Utf8Decoder

SAMPLE = "aé漢😀".encode() + b"\xff" + "ß".encode()


@given(st.sets(st.integers(0, len(SAMPLE))))
def test_utf8_cut_anywhere_gives_the_same_text(cuts: set[int]) -> None:
    decoder = Utf8Decoder()
    edges = [0, *sorted(cuts), len(SAMPLE)]
    text = "".join(decoder.feed(SAMPLE[a:b]) for a, b in pairwise(edges)) + decoder.close()
    assert text == "aé漢😀\ufffdß"


def test_utf8_that_ends_inside_a_character_is_replaced_and_the_next_text_starts_clean() -> None:
    decoder = Utf8Decoder()
    assert decoder.feed("a😀".encode()[:3]) == "a"
    assert decoder.close() == "\ufffd"
    assert decoder.feed(b"b") + decoder.close() == "b"


@given(st.binary())
def test_any_bytes_become_text(data: bytes) -> None:
    decoder = Utf8Decoder()
    assert decoder.feed(data) + decoder.close() == data.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["\ud83d", "\ude00"], "😀"),
        (["a\ud83d", "\ude00b"], "a😀b"),
        (["\ud83d\ude00"], "😀"),
        (["\ud83d", "", "\ude00"], "😀"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["\ude00a"], "\ufffda"),
        (["\ud83d", "\ud83d", "\ude00"], "\ufffd😀"),
        (["a\ud83d"], "a\ufffd"),
        (["plain", " text"], "plain text"),
    ],
)
def test_halves_of_a_pair_are_joined_and_lonely_ones_replaced(pieces: list[str], text: str) -> None:
    joiner = SurrogateJoiner()
    assert "".join(map(joiner.feed, pieces)) + joiner.close() == text


@given(st.text(st.sampled_from(["a", "é", "😀", "\ud83d", "\ude00", "\udbff"])), st.data())
def test_joining_does_not_depend_on_the_cuts(text: str, data: st.DataObject) -> None:
    def join(pieces: list[str]) -> str:
        joiner = SurrogateJoiner()
        return "".join(map(joiner.feed, pieces)) + joiner.close()

    cuts = data.draw(st.sets(st.integers(0, len(text))))
    whole = join([text])
    whole.encode()
    assert join([text[a:b] for a, b in pairwise([0, *sorted(cuts), len(text)])]) == whole


def part(*pieces: str, limit: int = 4096) -> list[str | MarkedRun]:
    """The parts of a text, plain ones that follow each other joined."""
    runs = MarkedRuns(max_run_chars=limit)
    parts: list[str | MarkedRun] = []
    for found in [*(runs.feed(piece) for piece in pieces), runs.close()]:
        for item in found:
            if isinstance(item, str) and parts and isinstance(parts[-1], str):
                parts[-1] += item
            else:
                parts.append(item)
    return parts


CITE = "cite\ue202turn0search1\ue202turn0news2"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ["plain"]),
        ("", []),
        (f"a \ue200{CITE}\ue201.", ["a ", MarkedRun(CITE), "."]),
        (f"\ue200{CITE}\ue201\ue200i\ue201", [MarkedRun(CITE), MarkedRun("i")]),
        ("a\ue203b\ue204c\ue206\ue201\ue202d", ["abcd"]),
        ("a \ue200cite\ue202turn", ["a ", MarkedRun("cite\ue202turn", complete=False)]),
        ("a\ue200x\ue200y\ue201b", ["a", MarkedRun("x", complete=False), MarkedRun("y"), "b"]),
        ("a\ue200", ["a", MarkedRun("", complete=False)]),
        ("\ue200\ue201", [MarkedRun("")]),
    ],
)
def test_texts_and_their_runs_at_every_cut(text: str, parts: list[str | MarkedRun]) -> None:
    assert part(text) == parts
    assert part(*text) == parts


def test_a_run_too_long_is_given_up_at_its_limit() -> None:
    assert part("a\ue200" + "x" * 12 + "\ue201b", limit=10) == [
        "a",
        MarkedRun("x" * 10, complete=False),
        "xxb",
    ]
    assert part("\ue200" + "x" * 10 + "\ue201b", limit=10) == [MarkedRun("x" * 10), "b"]


@given(st.text(st.sampled_from("ab\ue200\ue201\ue202\ue203"), max_size=40), st.data())
def test_runs_do_not_depend_on_the_cuts(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, len(text))))
    pieces = [text[a:b] for a, b in pairwise([0, *sorted(cuts), len(text)])]
    assert part(*pieces, limit=7) == part(text, limit=7)


def test_a_run_says_its_kind_its_arguments_and_how_it_stood_in_the_text() -> None:
    run = MarkedRun(CITE)
    assert run.fields == ("cite", "turn0search1", "turn0news2")
    assert run.text == "citeturn0search1turn0news2"
    assert run.matched == f"\ue200{CITE}\ue201"


def test_only_text_in_an_open_run_is_held_back() -> None:
    runs = MarkedRuns()
    told = [(runs.feed(piece), runs.open) for piece in ("abc", "d\ue200cite", "\ue201e")]
    assert told == [(["abc"], False), (["d"], True), ([MarkedRun("cite"), "e"], False)]
