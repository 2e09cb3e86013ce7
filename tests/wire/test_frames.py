from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire import LengthPrefixedFrames


def frame(text: str, error: int = 0) -> str:
    return f"{len(text.encode('utf-16-le', 'surrogatepass')) // 2 + 2 + error}\n{text}\n"


def decode(*chunks: bytes) -> tuple[list[str], int]:
    frames = LengthPrefixedFrames()
    found = [*(one for chunk in chunks for one in frames.feed(chunk)), *frames.close()]
    texts = [one for one in found if isinstance(one, str)]
    return texts, len(found) - len(texts)


# The second frame has line breaks, the third looks like a length with a frame behind it.
FRAMES = ['[["a"]]', '[["b 😄 漢"\n]\n,["c"]]', "7\n[1]", "𝔸" * 9]
BODY = (")]}'\n\n" + "".join(map(frame, FRAMES))).encode()


def test_lengths_count_utf_16_units() -> None:
    assert decode(BODY) == (FRAMES, 0)
    assert decode(*(bytes([byte]) for byte in BODY)) == (FRAMES, 0)


@given(st.lists(st.text(max_size=20)), st.data())
def test_frames_do_not_depend_on_how_bytes_were_cut(texts: list[str], data: st.DataObject) -> None:
    body = (")]}'\n\n" + "".join(map(frame, texts))).encode()
    cuts = data.draw(st.sets(st.integers(0, len(body))))
    edges = [0, *sorted(cuts), len(body)]
    assert decode(*(body[a:b] for a, b in pairwise(edges))) == (texts, 0)


def test_a_frame_is_given_out_as_soon_as_it_is_whole() -> None:
    frames = LengthPrefixedFrames()
    assert list(frames.feed(b")]}'\n\n9\n[[1]]")) == []
    assert list(frames.feed(b"..")) == []
    assert list(frames.feed(b"\n")) == ["[[1]].."]


@pytest.mark.parametrize("error", [-3, -1, 1, 4, 900])
def test_a_wrong_length_costs_no_frame(error: int) -> None:
    body = (frame("[1]") + frame("[2, 20, 200]", error) + frame("[3]") + frame("[4]")).encode()
    texts, misfits = decode(body)
    assert texts == ["[1]", "[2, 20, 200]", "[3]", "[4]"]
    # One that is only too long for what comes until the end is taken for a body that was cut.
    assert misfits == (0 if error == 900 else 1)


@pytest.mark.parametrize(
    ("body", "texts", "misfits"),
    [
        (b"", [], 0),
        (b")]}'", [], 0),
        (b"\n\n\n", [], 0),
        (b"12", [], 0),
        (b"5\n[1]", ["[1]"], 0),
        (b"5\n[1]\n", ["[1]"], 0),
        (b"50\n[1", ["[1"], 0),
        (b"[1]\n", ["[1]"], 1),
        (b"<html>\n<p>\n", ["<html>\n<p>"], 1),
        (b"0\n[1]\n5\n[2]\n", ["[1]", "[2]"], 1),
        (b"1\n[1]\n", ["[1]"], 1),
        (b"9999999999\n[1]\n", ["9999999999\n[1]"], 1),
        (b"5\r\n[1]\n", ["[1]"], 0),
        (b"6\n[\xff]\xff\n", ["[\ufffd]\ufffd"], 0),
    ],
)
def test_odd_bodies(body: bytes, texts: list[str], misfits: int) -> None:
    assert decode(body) == (texts, misfits)
    assert decode(*(bytes([byte]) for byte in body)) == (texts, misfits)


def test_another_body_may_follow() -> None:
    frames = LengthPrefixedFrames()
    assert list(frames.feed(b")]}'\n\n50\n[[1")) == []
    assert list(frames.close()) == ["[[1"]
    assert list(frames.feed(b")]}'\n\n5\n[2]\n")) == ["[2]"]
    assert list(frames.close()) == []


@pytest.mark.parametrize("chunk", [b"x" * 50, b"x\n" * 25, b"9999\n" + b"x" * 50])
def test_a_frame_that_outgrows_its_limit_is_a_violation(chunk: bytes) -> None:
    frames = LengthPrefixedFrames(max_frame_units=100)
    with pytest.raises(ProtocolViolation, match="100 UTF-16 units"):
        list(chain.from_iterable(frames.feed(chunk) for _ in range(50)))


def test_an_unfinished_frame_is_not_looked_at_again() -> None:
    # 80,000 chunks of one frame: looking at all of it each time would take minutes.
    frames = LengthPrefixedFrames()
    list(frames.feed(b"%d\n" % ((5 << 20) + 2)))
    for _ in range(80 * 1024):
        assert not list(frames.feed(b"x" * 64))
    (found,) = frames.feed(b"\n")
    assert isinstance(found, str)
    assert len(found) == 5 << 20


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"7\n", b"\n", b"[1]\n", b")]}'\n"])))
def test_any_bytes_give_frames_or_a_violation_and_nothing_else(chunks: list[bytes]) -> None:
    frames = LengthPrefixedFrames(max_frame_units=60)
    try:
        for chunk in chunks:
            list(frames.feed(chunk))
        list(frames.close())
    except ProtocolViolation:
        pass
