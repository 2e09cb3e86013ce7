"""Marked runs in the text: resolved where the site says how, dropped where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_relay.chat.vocabulary import TextDelta
from tests.providers.chatgpt_frames import START, TAIL, closing, decode, delta, play, start, text

RUN = "\ue200cite\ue202turn0search1\ue202turn0news2\ue201"
REFERENCES = "/message/metadata/content_references"
WEB = {"matched_text": RUN, "start_idx": 4, "end_idx": 20, "type": "grouped_webpages"}


def references(*listed: dict[str, Any]) -> bytes:
    return delta({"p": REFERENCES, "o": "append", "v": list(listed)})


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ({**WEB, "alt": "([BBC](https://bbc.example/x))"}, "([BBC](https://bbc.example/x))"),
        (
            {**WEB, "alt": "", "items": [{"title": "A [b]", "url": "https://a.example/(x)"}]},
            "[A \\[b\\]](https://a.example/%28x%29)",
        ),
        (
            {**WEB, "items": [{"url": "https://www.a.example/long/path"}]},
            "[a.example](https://www.a.example/long/path)",
        ),
        ({**WEB, "title": "T", "url": "http://t.example"}, "[T](http://t.example)"),
        ({**WEB, "items": [{"title": "bad", "url": "javascript:alert(1)"}]}, ""),
        ({**WEB, "type": "hidden", "alt": "never"}, ""),
        ({**WEB, "items": []}, ""),
        ({"matched_text": " ", "type": "sources_footnote"}, ""),
    ],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_citation_is_shown_as_its_reference_says(reference: dict[str, Any], shown: str, order: str) -> None:
    parts = [references(reference), text(f"See {RUN}.")]
    said = decode(START, start(), *(parts if order == "before" else reversed(parts)), closing(), TAIL)
    assert said.text == f"See {shown}."
    assert said.drift == []


def test_a_citation_split_at_each_character_is_whole_again() -> None:
    said = decode(
        START, start(), *map(text, f"See {RUN} and {RUN}."), references({**WEB, "alt": "[x]"}), closing()
    )
    assert said.text == "See [x] and [x]."


def test_a_citation_that_nobody_explains_is_dropped() -> None:
    said = decode(START, start(), text(f"See{RUN}", "."), closing(), TAIL)
    assert (said.text, said.drift) == ("See.", [])


def test_text_waits_behind_a_citation_for_a_bounded_time_only() -> None:
    frames = [START, start(), text(f"See {RUN}"), *[text("0123456789")] * 40]
    said = play(frames)
    given = "".join(event.text for event in said.events if isinstance(event, TextDelta))
    assert given == "See " + "0123456789" * 40
    late = play([*frames, references({**WEB, "alt": "late"}), closing()])
    assert late.text == given
    assert late.ends == ["stop"]


def test_text_behind_a_citation_is_given_out_when_the_body_ends() -> None:
    assert decode(START, start(), text(f"See {RUN} here"), None).text == "See  here"


def test_an_entity_brings_its_own_name() -> None:
    run = '\ue200entity\ue202["city","Paris","capital of France"]\ue201'
    assert decode(START, start(), text(f"In {run}."), closing()).text == "In Paris."


@pytest.mark.parametrize(
    "run", ["\ue200entity\ue202nonsense\ue201", '\ue200entity\ue202["a"]\ue201', "\ue200i\ue201"]
)
def test_a_run_that_says_nothing_is_dropped(run: str) -> None:
    assert decode(START, start(), text(f"a{run}b"), closing()).text == "ab"


def test_single_marks_are_left_out() -> None:
    assert (
        decode(START, start(), text("\ue203marked\ue204 \ue206text\ue201"), closing()).text == "marked text"
    )


def test_a_citation_cut_off_by_the_end_is_dropped() -> None:
    said = decode(START, start(), text("See \ue200cite\ue202turn0sea"), closing())
    assert (said.text, said.drift) == ("See ", [])


def test_a_mark_that_starts_no_run_does_not_swallow_the_text_after_it() -> None:
    said = decode(START, start(), text("icon: \ue200 = Some.Text\nmore"), closing())
    assert said.text == "icon:  = Some.Text\nmore"
    assert said.drift == [("text", "a marked run without an end")]


def test_a_run_without_an_end_is_given_out_at_its_bound() -> None:
    said = play([START, start(), text("a\ue200cite\ue202" + "x" * 5000), text("y")])
    assert said.text.startswith("acitexxx")
    assert said.text.endswith("xy")
    assert len(said.text) == 1 + 4 + 5000 + 1
    assert said.drift == [("text", "a marked run without an end")]


def test_references_may_be_replaced_and_told_twice() -> None:
    replace = delta({"p": REFERENCES, "o": "replace", "v": [{**WEB, "alt": "[x]"}]})
    again = [start(), text(f"See {RUN}")]
    said = decode(START, *again, replace, *again, replace, text("!"), closing())
    assert (said.text, said.drift) == ("See [x]!", [])


def test_citations_in_thinking_are_dropped() -> None:
    content = {"content_type": "thoughts", "thoughts": [{"summary": f"Saw{RUN}", "content": ""}]}
    assert (
        decode(START, start("th", channel=None, content=content), start(), text("x"), closing()).reasoning
        == "Saw"
    )
