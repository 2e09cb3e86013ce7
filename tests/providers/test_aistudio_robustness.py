"""Whatever comes, and however it is cut, the decoder says the same and raises nothing."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from tests.providers.aistudio_frames import LAST, TRAILER, body, frame, part, play, provider, text, usage

BODY = body(
    frame(part("Ich überlege", thought=True), usage=usage(5, None)),
    frame(part("漢字 [,"), part(p2=["image/png", "iVBO"])),
    text(']" \\ \ud83d'),
    frame(part("\ude00."), part(p10=["f", []]), usage=usage(5, 9, 3)),
    frame(part("", p14="c2ln"), finish=1),
    TRAILER,
    holes=True,
)
WHOLE = play([BODY, None])


@given(st.sets(st.integers(0, len(BODY)), max_size=40))
def test_events_do_not_depend_on_how_the_bytes_were_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    said = play([*(BODY[a:b] for a, b in pairwise(edges)), None])
    assert said.gist == WHOLE.gist
    assert (said.text, said.reasoning, said.ends) == ('漢字 [,]" \\ 😀.', "Ich überlege", ["stop"])


@given(st.integers(0, len(BODY)))
def test_a_body_that_breaks_off_gives_a_beginning_of_the_answer(cut: int) -> None:
    said = play([BODY[:cut], None])
    # Half of the emoji that was cut off is told as what it is.
    assert WHOLE.text.startswith(said.text.removesuffix("\ufffd"))
    assert WHOLE.reasoning.startswith(said.reasoning)
    assert said.ends == (["stop"] if cut == len(BODY) else [])
    assert said.drift_lines == []


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 30)
    | st.sampled_from(["", "a", "model", "user", "\ud83d", "1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@st.composite
def _frames(draw: st.DrawFn) -> Any:
    """Frames of the right form with an odd value at one place or another."""
    built: Any = frame(part("x"), part("y", thought=draw(_JSON)), finish=draw(_JSON), usage=usage(1, 2, 3))
    if draw(st.booleans()):
        built[draw(st.sampled_from([0, 1, 2, 3, 7]))] = draw(_JSON)
    else:
        built[0][0][0][0] = draw(st.lists(st.lists(_JSON, max_size=16) | _JSON, max_size=3))
    return built


@given(st.lists(_frames() | _JSON, max_size=6), _JSON, st.booleans(), st.integers(1, 50))
def test_any_json_gives_events_and_at_most_one_end(
    frames: list[Any], status: Any, closed: bool, size: int
) -> None:
    whole = body(text("a"), *frames, LAST, status=status, closed=closed)
    said = play([whole, None])
    assert len(said.ends) <= 1
    said.text.encode()
    said.reasoning.encode()
    assert play([whole, None], size).gist == said.gist


@given(st.lists(st.binary(max_size=60) | st.text('[]{},"\\1n', max_size=60).map(str.encode), max_size=10))
def test_any_bytes_give_events_or_a_violation(steps: list[bytes]) -> None:
    decoder = provider().new_decoder()
    try:
        for step in steps:
            list(decoder.feed(step))
            list(decoder.feed_frame(step.decode("latin-1")))
        decoder.resume(b"".join(steps))
        list(decoder.end_body())
    except ProtocolViolation:
        pass


@given(_JSON | st.lists(_JSON, max_size=5), st.binary(max_size=40), st.integers(200, 599))
def test_any_refusal_becomes_an_error_and_any_request_is_read(value: Any, raw: bytes, status: int) -> None:
    for said in (json.dumps(value).encode(), raw, json.dumps([None, value]).encode()):
        assert provider().refusal(status, {}, said).message
        provider().read_submission(said)
    provider().read_submission(json.dumps(["m", value, None, value, None, value]).encode())
    provider().read_submission(json.dumps(["m", [[value, "user"]], None, value, None, value]).encode())
