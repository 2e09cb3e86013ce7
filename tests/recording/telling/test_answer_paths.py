"""Known texts are found in what the sites told, whatever their streams are made of."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.recording.session import Heard
from cdp_relay.recording.telling.answer_paths import (
    Telling,
    answers_heard,
    find_threads,
    learn_answer_paths,
    thoughts_heard,
)
from cdp_relay.recording.telling.json_strings import escaped, strings_of, unescaped
from cdp_relay.recording.telling.told import Address, Leaves, documents_of, edits_for, form_of, text_of
from tests.recording.streams import SITES, TEXT, body_of, decoded, recorded

WIRE = Path(os.environ.get("CDP_RELAY_TEST_STREAMS", "nowhere"))
"""Recorded streams of the real sites, a folder for each, where there are any."""


def sse(*events: object) -> Telling:
    return Telling("".join(f"data: {json.dumps(one)}\n\n" for one in events), "text/event-stream")


# --- texts in streams ----------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_the_answer_is_found_in_every_sites_stream_and_thoughts_apart_from_it(site: str) -> None:
    thinking = "First this and then that, thought through."
    told = [Telling(text_of(body_of(recorded(site, thinking=(thinking,)))))]
    answer = learn_answer_paths(told, [TEXT])
    thoughts = learn_answer_paths(told, [decoded(site, told[0].text.encode())["reasoning"]])
    assert len(answer.addresses) >= 1
    assert len(thoughts.addresses) >= 1
    assert not answer.addresses & thoughts.addresses
    # Another answer of the same site stands at the same addresses.
    again = Telling(text_of(body_of(recorded(site, text="Quite another answer than that one."))))
    said = [leaf.value for leaf in Leaves().of(again.text) if leaf.address in answer and leaf.value]
    assert said[-1] == "Quite another answer than that one." or "".join(said).startswith("Quite another")


SAMPLES = [
    sample
    for site in SITES
    for sample in sorted((WIRE / site).glob("*.*"))
    if sample.suffix in (".sse", ".txt")
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_answers_and_thoughts_are_found_in_recorded_streams(sample: Path) -> None:
    site, body = sample.parent.name, sample.read_bytes()
    said = decoded(site, body)
    for text in (said["text"], said["reasoning"]):
        threads = find_threads([Telling(text_of(body))], text)
        assert bool(threads) == bool(text)
        for thread in threads:
            if thread.cumulative:
                continue
            joined = "".join(piece.leaf.value for piece in thread.pieces)
            assert joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace").startswith(text)


def test_a_text_that_begins_whole_and_goes_on_in_pieces_is_one_text() -> None:
    told = sse(
        {"v": {"response": {"fragments": [{"type": "THINK", "content": "Let"}]}}},
        {"v": " me", "p": "response/fragments/0/content", "o": "APPEND"},
        {"v": " think"},
        {
            "v": [{"v": [{"type": "RESPONSE", "content": "Hel"}], "p": "fragments", "o": "APPEND"}],
            "p": "response",
            "o": "BATCH",
        },
        {"v": "lo, dear", "p": "response/fragments/1/content"},
        {"v": " reader"},
        {"v": "WIP", "p": "response/status", "o": "SET"},
    )
    [thread] = find_threads([told], "Hello, dear reader")
    assert [piece.leaf.value for piece in thread.pieces] == ["Hel", "lo, dear", " reader"]
    assert [(piece.start, piece.end) for piece in thread.pieces] == [(0, 3), (3, 11), (11, 18)]
    [thinking] = find_threads([told], "Let me think")
    assert len(thinking.pieces) == 3


def test_deltas_share_an_address_however_they_were_written() -> None:
    told = sse(
        {"p": "/message/content/parts/0", "o": "append", "v": "One"},
        {"v": " two"},
        {"type": "title_generation", "v": "not a delta"},
        {"o": "patch", "v": [{"p": "/message/content/parts/0", "o": "append", "v": " three"}]},
        {"v": " four"},
    )
    leaves = Leaves().of(told.text)
    same = Address(("v",), (("o", "append"), ("p", "/message/content/parts/*")))
    assert [leaf.value for leaf in leaves if leaf.address == same] == ["One", " two", " three", " four"]


def test_emoji_cut_in_two_are_found_whole() -> None:
    told = Telling('data: {"t":"So \\ud83d"}\n\ndata: {"t":"\\ude00 it"}\n\ndata: {"t":" is, then."}\n\n')
    [thread] = find_threads([told], "So 😀 it is, then.")
    assert len(thread.pieces) == 3
    assert thread.pieces[-1].end == len("So 😀 it is, then.")


def test_a_text_goes_on_in_the_next_message_of_its_socket() -> None:
    told = [
        Telling(json.dumps({"item": f"data: {json.dumps({'v': word})}\n\n"}), source="socket")
        for word in ("Once ", "upon ", "a time")
    ]
    [thread] = find_threads(told, "Once upon a time")
    assert [piece.telling for piece in thread.pieces] == [0, 1, 2]


def test_what_the_site_marks_is_no_part_of_the_text_that_was_heard() -> None:
    said = "It is known \ue200cite\ue202turn0search0\ue201 that water is wet, and so are all the fishes."
    heard = "It is known that water is wet, and so are all the fishes."
    [thread] = find_threads([sse({"whole": said})], heard)
    assert thread.cumulative


def test_a_text_that_was_heard_to_a_part_is_found_in_tellings_that_go_on() -> None:
    words = ("One two", "One two three four", "One two three four five", "One two three four five six")
    [thread] = find_threads([sse(*({"told": word} for word in words))], "One two three")
    assert thread.cumulative
    assert [(piece.start, piece.end) for piece in thread.pieces] == [(0, 7), (0, 13), (0, 13), (0, 13)]
    assert find_threads([sse({"told": words[1]})], "One two three f") == []


@pytest.mark.parametrize("text", ["", "  \n", "nowhere to be found at all"])
def test_a_text_that_is_not_there_is_not_found(text: str) -> None:
    assert find_threads([Telling(text_of(body_of(recorded("claude"))))], text) == []


def test_a_short_text_is_not_taken_for_a_status() -> None:
    told = sse({"status": "done", "text": "done"})
    [thread] = find_threads([told], "done")
    assert thread.pieces[0].leaf.address.path == ("text",)


def test_what_was_heard_is_told_turn_by_turn() -> None:
    events: list[dict[str, object]] = [
        {"event": "ReasoningDelta", "text": "Hm"},
        {"event": "TextDelta", "text": "One two"},
        {"event": "TextRetracted", "chars": 3},
        {"event": "TextDelta", "text": "three"},
        {"event": "Finished"},
        {"event": "TextDelta", "text": "Four"},
        {"event": "error"},
        {"event": "StepReached", "step": "queued"},
        {"event": "StepReached", "step": "leased"},
        {"event": "TextDelta", "text": "Stopped"},
        {"event": "StepReached", "step": "paused"},
        {"event": "StepReached", "step": "queued"},
        {"event": "TextDelta", "text": "Fi"},
    ]
    heard = [Heard(float(index), event) for index, event in enumerate(events)]
    assert answers_heard(heard) == ("One three", "Four", "Stopped", "Fi")
    assert thoughts_heard(heard) == ("Hm", "", "", "")


# --- documents and strings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form", "documents"),
    [
        ('{"a": 1}', "document", ['{"a": 1}']),
        ('{"a": 1}\n{"a": 2}\n', "lines", ['{"a": 1}', '{"a": 2}']),
        ('{\n "a": 1\n}', "document", ['{\n "a": 1\n}']),
        ('data: {"a": 1}\n\nevent: x\ndata: [2]', "events", ['{"a": 1}', "[2]"]),
        (": ping\n\ndata: [DONE]\n\n", "events", ["[DONE]"]),
        ('\ufeffdata:{"a": 1}\r\n\r\n', "events", ['{"a": 1}']),
        (")]}'\n\n8\n[[1,2]]\n6\n[[3]]", "frames", ["[[1,2]]", "[[3]]"]),
        (")]}'\n[1,2]", "document", ["[1,2]"]),
        ("[[[1,2],[3]],[4", "growing", ["[1,2]", "[3]"]),
        ("[[[1,2],[3", "growing", ["[1,2]", "[3"]),
        ('42["message",{"a":1}]', "document", ['["message",{"a":1}]']),
        ("hello", "none", []),
        ("", "none", []),
        ("<html>{}</html>", "none", []),
    ],
)
def test_texts_tell_their_documents(text: str, form: str, documents: list[str]) -> None:
    assert form_of(text) == form
    assert [text[one.start : one.end] for one in documents_of(text)] == documents


def test_strings_stand_where_they_stand() -> None:
    text = '{"a": "x\\"y", "b": [,{"type": "t", "c": "\\u00e9"}, "z"], "d": {"a": ""}, "e": "cut of'
    found = strings_of(text)
    assert [(one.path, unescaped(text[one.start : one.end])) for one in found] == [
        (("a",), 'x"y'),
        (("b", "*", "type"), "t"),
        (("b", "*", "c"), "é"),
        (("b", 2), "z"),
        (("d", "a"), ""),
        (("e",), "cut of"),
    ]
    assert found[2].marks == (("b.*.type", "t"),)


@given(st.text(st.characters()), st.booleans())
def test_what_is_escaped_says_the_same(said: str, ascii_only: bool) -> None:
    raw = escaped(said, ascii_only=ascii_only)
    assert json.loads(f'"{raw}"') == said
    assert unescaped(raw) == said


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.text(max_size=12), st.integers(0, 2))
def test_a_string_changes_at_any_depth_and_nothing_else(words: list[str], new: str, depth: int) -> None:
    value: object = {"type": "text", "words": words}
    for _ in range(depth):
        value = {"inner": json.dumps(value), "beside": "still"}
    text = json.dumps(value)
    leaf = next(leaf for leaf in Leaves().of(text) if "words" in leaf.address.path)
    for edit in reversed(edits_for(text, [(leaf, new)])):
        text = text[: edit.start] + edit.text + text[edit.end :]
    changed = json.loads(text)
    for _ in range(depth):
        assert changed["beside"] == "still"
        changed = json.loads(changed["inner"])
    assert changed == {"type": "text", "words": [new, *words[1:]]}
