"""The wire's text and the page's are found to agree, or not, whatever drawing has changed."""

from __future__ import annotations

import time

import pytest

from cdp_relay.chat.comparison import disagreement, plain_form

LONG = " ".join(f"Sentence number {number} tells of something else." for number in range(60))


@pytest.mark.parametrize(
    ("wire", "page"),
    [
        ("Hello, *world*!", "Hello, world"),
        ("1. a\n1. b\n\n- [x] c", "1. a\n2. b\n\n- [x] c"),
        ("```python\nx = 1\n```", "```\nx = 1\n```"),
        ('See [the page](https://example.com/a_(b)?utm_source=chatgpt.com "Title").', "See the page."),
        ("Sky\ue200cite\ue202turn0search1\ue202turn0news2\ue201 is blue.", "Sky is blue."),
        ("So \\(x^2\\) and\n\\[\n\\frac{a}{b}\n\\]\nthen", "So $x^2$ and $$\\frac{a}{b}$$ then"),
        ("Prices of $5 and $10.", "Prices of $5 and $10."),
        ("a < b &amp; c <br> <u>d</u>", "a < b & c d"),
        ("漢字 and שלום 👩‍👩‍👧", "漢字 and שלום"),
        (f"{LONG} The end.", f"Searched the web\n\n{LONG} The end. Sources +3"),
        ("", ""),
    ],
)
def test_what_drawing_changes_is_no_disagreement(wire: str, page: str) -> None:
    assert disagreement(wire, page) is None
    assert disagreement(page, wire) is None


@pytest.mark.parametrize(
    ("wire", "page", "who"),
    [
        ("Yes.", "No.", "page"),
        ("The sky is blue today.", "I cannot talk about that.", "page"),
        (
            LONG,
            f"{LONG}\n\nAnd a last paragraph that never came over the wire, which is what we look for.",
            "page",
        ),
        (LONG, LONG[: len(LONG) // 2], "wire"),
        (LONG, "", "wire"),
        ("", LONG, "page"),
        (f"{LONG[:1000]} {LONG[2000:]}", LONG, "page"),
    ],
)
def test_a_passage_that_only_one_of_them_has_is_told(wire: str, page: str, who: str) -> None:
    told = disagreement(wire, page)
    assert told is not None
    assert told.startswith(f"the {who}")
    assert "Sentence" not in told


def test_large_texts_are_compared_in_no_time() -> None:
    words = " ".join(f"word{number}" for number in range(20_000))
    begun = time.perf_counter()
    assert disagreement(words, words.replace("word7 ", "Word 7, ")) is None
    assert disagreement(words, words[::-1]) is not None
    assert time.perf_counter() - begun < 5
    assert plain_form(words).startswith("word0word1")
