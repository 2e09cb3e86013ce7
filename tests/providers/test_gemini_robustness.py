"""Whatever comes, and however it is cut, the decoder says the same and raises nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from tests.providers.gemini_frames import (
    IDS,
    PREFIX,
    body,
    candidate,
    frame,
    history,
    payload,
    play,
    provider,
    sparse,
    text,
)

BODY = body(
    payload(ids=[None, IDS[1]], p2={"21": ["x"]}),
    text("", thoughts="Ich überlege 😄"),
    text("", thoughts="Ich überlege 😄 noch"),
    text("漢字 **fe", thoughts=""),
    text("漢字 **fett** und\n```\nx\n```"),
    text("漢字 **fett** und\n```\nx = '😄'\n```\nhttp://googleusercontent.com/chip/0"),
    payload(candidate("漢字 **fett** und\n```\nx = '😄'\n```\n\nEnde", done=True), p42="Pro", p10=["Tïtle"]),
)
WHOLE = play([BODY, None])


@given(st.sets(st.integers(0, len(BODY)), max_size=40))
def test_events_do_not_depend_on_how_the_bytes_were_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    said = play([*(BODY[a:b] for a, b in pairwise(edges)), None])
    assert said.gist == WHOLE.gist
    assert said.text == "漢字 **fett** und\n```\nx = '😄'\n```\n\nEnde"
    assert said.reasoning == "Ich überlege 😄 noch"


@given(st.integers(0, len(BODY)), st.booleans())
def test_a_stream_cut_anywhere_and_read_again_gives_the_same_answer(cut: int, twice: bool) -> None:
    last = candidate("漢字 **fett** und\n```\nx = '😄'\n```\n\nEnde", done=True)
    again = (PREFIX + frame(history((IDS[1], last), ("r_0", candidate("Older", done=True))))).encode()
    said = play([BODY[:cut], None, again, None, *([again, None] if twice else [])])
    assert len(said.ends) <= 1
    assert said.retracted == 0
    if b"r_fed" in BODY[:cut].rpartition(b"\n")[0]:
        assert (said.text, said.ends) == (WHOLE.text, ["stop"])


_WORDS = st.sampled_from(
    [
        "",
        "a",
        "rc_1",
        "**b",
        "```",
        "\ud83d",
        "http://googleusercontent.com/card_content/1",
        "<ctrl94>thought",
        "| a |",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=8,
)
_CANDIDATE = st.dictionaries(
    st.sampled_from([0, 1, 2, 8, 12, 22, 37]),
    st.lists(_WORDS | st.lists(_WORDS, max_size=2), max_size=2) | _JSON,
    max_size=6,
).map(sparse)
_PAYLOAD = st.dictionaries(
    st.sampled_from([1, 2, 4, 6, 10, 11, 14, 25, 39, 42]),
    st.lists(_CANDIDATE, max_size=2) | st.just({"28": [[[0]]], "11": [["t"]]}) | _JSON,
    max_size=6,
).map(sparse)
_ENVELOPES = st.one_of(
    st.tuples(st.just("wrb.fr"), st.sampled_from([None, "hNvQHb", "x"]), (_PAYLOAD | _JSON).map(json.dumps)),
    st.tuples(st.just("wrb.fr"), st.none(), st.none(), st.none(), st.none(), _JSON),
    st.tuples(st.sampled_from(["di", "e", "er", "af.httprm", "?"]), _JSON, _JSON, _JSON, _JSON, _JSON),
    _JSON,
)


@given(st.lists(_ENVELOPES, max_size=10))
def test_any_json_gives_events_and_at_most_one_end(envelopes: list[Any]) -> None:
    raw = [json.dumps([envelope]) for envelope in envelopes]
    stream = PREFIX + "".join(f"{len(one) + 2}\n{one}\n" for one in raw)
    said = play([stream.encode(), None])
    assert len(said.ends) <= 1
    said.text.encode()
    said.reasoning.encode()


@given(st.lists(st.text(alphabet="ab *`\n|", min_size=1, max_size=10), min_size=1, max_size=8))
def test_the_last_telling_counts(tellings: list[str]) -> None:
    said = play([body(*map(text, tellings), text(tellings[-1], done=True)), None])
    assert said.ends == ["stop"]
    last = tellings[-1]
    assert said.text == last or (said.notices and "".join(said.text.split()) == "".join(last.split()))


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([b")]}'\n\n", b"25\n", b'[["e",1]]\n']), max_size=10)
)
def test_any_bytes_give_events_or_a_violation(steps: list[bytes]) -> None:
    decoder = provider().new_decoder()
    try:
        for step in steps:
            list(decoder.feed(step))
        list(decoder.end_body())
    except ProtocolViolation:
        pass


@given(_JSON | st.lists(_JSON), st.binary(max_size=40), st.integers(200, 599))
def test_any_refusal_becomes_an_error(value: Any, raw: bytes, status: int) -> None:
    said = json.dumps(value)
    for answer in (raw, said.encode(), f")]}}'\n\n{len(said) + 2}\n{said}\n".encode()):
        assert provider().refusal(status, {}, answer).message
        provider().read_submission(answer)
    provider().read_submission(b"f.req=" + said.encode())
    provider().read_model({"x-goog-ext-525001261-jspb": said})
