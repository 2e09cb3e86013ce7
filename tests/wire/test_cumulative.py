r"""What a site may still change is not given out; all else is, and at once."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.wire import CumulativeText


def given_after(*versions: str) -> str:
    """All that is given out after these versions, of which none is the last."""
    text = CumulativeText()
    said = "".join(text.feed(version) for version in versions)
    assert said == text.given
    assert not text.contradicted
    return said


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        # What two versions agree on is given out, up to the white space at its end.
        (["Hello"], ""),
        (["Hello", "Hello wor"], "Hello"),
        (["Hello wor", "Hello world"], "Hello wor"),
        (["Hello ", "Hello world"], "Hello"),
        (["Same.", "Same."], "Same."),
        (["看样子你", "看样子你现在可能"], "看样子你"),
        (["half \ufffd", "half \ufffd"], "half"),
        # An open mark waits for its other half, however it is repaired for the moment.
        (["a **b", "a **b c"], "a"),
        ([r"a \*\*b", r"a \*\*b c"], "a"),
        (["a **b**", "a **b**"], "a"),
        (["a **b** c", "a **b** c d"], "a **b** c"),
        (["a *b **c* d", "a *b **c* d"], "a"),
        (["a ***b** c* d", "a ***b** c* d"], "a ***b** c* d"),
        (["a `b", "a `b c"], "a"),
        (["a ``b ` c`` d", "a ``b ` c`` d"], "a ``b ` c`` d"),
        (["a ~~b", "a ~~b"], "a"),
        (["a $x$ is $y", "a $x$ is $y + z"], "a $x$ is"),
        (["see [here", "see [here](htt"], "see"),
        (["see [1] and", "see [1] and"], "see [1] and"),
        (["see [a](b) c", "see [a](b) c"], "see [a](b) c"),
        (["an ![image", "an ![image"], "an"),
        # Marks that are none.
        (["5 * 3 and a_b_c is", "5 * 3 and a_b_c is x"], "5 * 3 and a_b_c is"),
        (["* one\n* two", "* one\n* two"], "* one\n* two"),
        (["1. **a** b\n- c\n> # d", "1. **a** b\n- c\n> # d"], "1. **a** b\n- c\n> # d"),
        # A row of a table is repaired as a whole, until its line has ended.
        (["x\n| a | b", "x\n| a | b |\n"], "x"),
        (["| a |\n|---|\n| b", "| a |\n|---|\n| b"], "| a |\n|---|"),
        # A line that has ended is done with, what follows it is not white space alone.
        (["a **b\n", "a **b\n"], "a"),
        (["a **b\nc", "a **b\nc"], "a **b\nc"),
        # In a block of code no mark means anything; the end of the block may be for the moment.
        (["```py\nf(*a", "```py\nf(*a"], "```py\nf(*a"),
        (["```py\na = `\n```", "```py\na = `\n```"], "```py\na ="),
        (["```py\na\n```", "```py\na\nb\n```"], "```py\na"),
        (["```py\na\n```\n\nThen *b", "```py\na\n```\n\nThen *b"], "```py\na\n```\n\nThen"),
        (["```", "```"], ""),
        (["~~~\n```\n*a", "~~~\n```\n*a"], "~~~\n```\n*a"),
        (["- ```\n  *a\n  ```\n*b", "- ```\n  *a\n  ```\n*b"], "- ```\n  *a\n  ```"),
        (["``` a ` b\n*c", "``` a ` b\n*c"], "``` a ` b"),
    ],
)
def test_what_is_given_out(versions: list[str], said: str) -> None:
    assert given_after(*versions) == said


def test_a_passing_repair_is_never_given_out() -> None:
    text = CumulativeText()
    versions = [
        "So ",
        r"So \*\*bo",
        "So **bold** and",
        "So **bold** and\n```js\nlet a\n```",
        "So **bold** and\n```js\nlet a = 1;\n```",
        "So **bold** and\n```js\nlet a = 1;\n```\n\nDo",
    ]
    said = "".join(map(text.feed, versions))
    assert said == "So **bold** and\n```js\nlet a = 1;"
    assert text.finish("So **bold** and\n```js\nlet a = 1;\n```\n\nDone.") == (0, "\n```\n\nDone.")
    assert not text.contradicted
    assert not text.respelled


def test_a_rewrite_that_passes_costs_nothing() -> None:
    text = CumulativeText()
    assert text.feed("One two") + text.feed("One two three") == "One two"
    contradicted = []
    for version in ("Zero", "One two three four"):
        assert text.feed(version) == ""
        contradicted.append(text.contradicted)
    assert contradicted == [True, False]
    assert text.feed("One two three four five") == " three four"
    assert text.finish() == (0, " five")


def test_what_was_really_rewritten_is_taken_back() -> None:
    text = CumulativeText()
    assert text.feed("I look it up. ") + text.feed("I look it up. Wait") == "I look it up."
    assert text.feed("It is Tuesday.") + text.feed("It is Tuesday, and") == ""
    retracted, rest = text.finish("It is Tuesday, and warm.")
    assert ("I look it up."[:-retracted] + rest) == "It is Tuesday, and warm."
    assert text.given == "It is Tuesday, and warm."


@pytest.mark.parametrize(
    ("passed_on", "last", "rest"),
    [
        ("A \\*b here", "A *b here. End.", ". End."),
        ("A *b here", "A \\*b here. End.", ". End."),
        ("One  two", "One two\n\nthree", "\n\nthree"),
        ("One\n\ntwo", "One\ntwo", ""),
        ("One two", "\n\nOne two three", " three"),
    ],
)
def test_white_space_and_backslashes_are_let_pass(passed_on: str, last: str, rest: str) -> None:
    text = CumulativeText()
    text.feed(f"{passed_on}\nx")
    assert text.feed(f"{passed_on}\nx y").startswith(passed_on)
    text = CumulativeText()
    text.finish(passed_on)
    assert text.finish(last) == (0, rest)
    assert text.respelled


@pytest.mark.parametrize(
    ("passed_on", "last"),
    [
        ("```py\nif x:\n  y", "```py\nif x:\n    y"),
        ("```\na\\*b", "```\na*b"),
        ("One  two\n```\na", "One two\n```\na"),
    ],
)
def test_white_space_and_backslashes_of_code_are_no_trifle(passed_on: str, last: str) -> None:
    text = CumulativeText()
    text.finish(passed_on)
    retracted, rest = text.finish(last)
    assert passed_on[: len(passed_on) - retracted] + rest == last
    assert not text.respelled


@given(
    st.lists(
        st.text(alphabet="ab *_`$[]()\\\n|~#-😄", max_size=12)
        | st.sampled_from(["\n```\n", "**bold**", "\n\n", "```py\n", "\n| a | b |\n", "[a](b)", "see `c` "]),
        max_size=12,
    ),
    st.data(),
)
def test_a_text_that_only_grows_comes_out_whole_and_unchanged(pieces: list[str], data: st.DataObject) -> None:
    text = CumulativeText()
    whole = ""
    said = ""
    for whole in itertools.accumulate(pieces):
        for _ in range(data.draw(st.integers(1, 2))):
            said += text.feed(whole)
            assert whole.startswith(said)
    retracted, rest = text.finish(whole)
    assert (retracted, said + rest) == (0, whole)


@given(st.lists(st.text(alphabet="ab *`\\\n", max_size=10), min_size=1))
def test_whatever_a_site_tells_its_last_word_counts(versions: list[str]) -> None:
    text = CumulativeText()
    said = "".join(map(text.feed, versions))
    retracted, rest = text.finish()
    whole = said[: len(said) - retracted] + rest
    same = str.maketrans("", "", " \n\\")
    assert whole == versions[-1] or (text.respelled and whole.translate(same) == versions[-1].translate(same))


def test_the_work_for_a_version_is_little_more_than_comparing_it() -> None:
    # 2,000 versions, 100 MB together, of a text with marks and code; a pass in Python over each would
    # take a minute.
    text = CumulativeText()
    line = "A line with **bold**, `code` and a [link](https://example.org).\n"
    block = "```py\nprint(1)\n```\n"
    whole = ""
    started = time.process_time()
    for _ in range(2000):
        whole += line if len(whole) % 3 else block
        text.feed(whole)
    assert text.finish()[0] == 0
    assert text.given == whole
    assert time.process_time() - started < 5
