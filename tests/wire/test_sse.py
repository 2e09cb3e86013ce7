from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire import ServerSentEvent, SSEDecoder, encode_event

Event = ServerSentEvent

STREAM = (
    "\ufeff: a comment\r\n"
    "event: delta\rdata: first\r\ndata: zweite 😀\r\r"
    "data: [DONE]\n\n"
    "id: 7\nretry: 2500\ndata:no blank\n\n"
    "event: alone\n\n"
    "data\n\n"
    "data: é\n"
    "unknown: field\n"
    "\r\n"
    "data: unfinished"
).encode()

EVENTS = [
    Event("delta", "first\nzweite 😀"),
    Event("message", "[DONE]"),
    Event("message", "no blank", "7"),
    Event("message", "", "7"),
    Event("message", "é", "7"),
]


def decode(*chunks: bytes) -> list[Event]:
    decoder = SSEDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def test_all_line_ends_comments_and_fields_are_read_as_the_standard_says() -> None:
    assert decode(STREAM) == EVENTS


@given(cuts=st.sets(st.integers(0, len(STREAM))))
def test_events_do_not_depend_on_how_bytes_were_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert decode(*(STREAM[a:b] for a, b in pairwise(edges))) == EVENTS


def test_a_stream_cut_at_every_byte_gives_the_same_events() -> None:
    assert decode(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"", []),
        (b"\n\n\n", []),
        (b"data: a\n", []),
        (b"data: a\n\n", [Event("message", "a")]),
        (b"data:  a\n\n", [Event("message", " a")]),
        (b"data: a\ndata: b\n\n", [Event("message", "a\nb")]),
        (b"data:\n\n", [Event("message", "")]),
        (b"data:\ndata:\n\n", [Event("message", "\n")]),
        (b": only a comment\n\n", []),
        (b"event: x\n\ndata: y\n\n", [Event("message", "y")]),
        (b"event: x\ndata: y\n\ndata: z\n\n", [Event("x", "y"), Event("message", "z")]),
        (b"id: 1\n\ndata: a\n\n", [Event("message", "a", "1")]),
        (b"id: 1\x002\ndata: a\n\n", [Event("message", "a", "")]),
        (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [Event("message", "a", "1"), Event("message", "b", "")]),
        (b"data: a\xffb\n\n", [Event("message", "a\ufffdb")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event("message", "a"), Event("message", "b")]),
        (b"data: a\n\r\ndata: b\r\r", [Event("message", "a"), Event("message", "b")]),
        (b"dataa: x\n\n", []),
        (b"data: \xef\xbb\xbfa\n\n", [Event("message", "\ufeffa")]),
    ],
)
def test_streams_and_their_events(stream: bytes, events: list[Event]) -> None:
    assert decode(stream) == events
    assert decode(*(bytes([byte]) for byte in stream)) == events


@pytest.mark.parametrize(("value", "read"), [("2500", 2500), ("-1", None), ("1e3", None), ("٣", None)])
def test_the_reconnection_time_is_only_taken_in_ascii_digits(value: str, read: int | None) -> None:
    decoder = SSEDecoder()
    list(decoder.feed(f"retry: {value}\n\n".encode()))
    assert decoder.retry_milliseconds == read


def test_an_event_is_given_out_as_soon_as_its_blank_line_comes() -> None:
    decoder = SSEDecoder()
    assert list(decoder.feed(b"data: a\n")) == []
    assert list(decoder.feed(b"\n")) == [Event("message", "a")]


def test_a_blank_line_of_cr_does_not_wait_for_an_lf() -> None:
    decoder = SSEDecoder()
    assert list(decoder.feed(b"data: a\r\r")) == [Event("message", "a")]
    assert list(decoder.feed(b"\ndata: b\r\n\r\n")) == [Event("message", "b")]


def test_all_of_a_chunk_is_taken_even_if_nobody_reads_its_events() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n\ndata: b")
    assert list(decoder.feed(b"c\n\n")) == [Event("message", "bc")]


def test_closing_gives_what_no_blank_line_ended_and_starts_anew() -> None:
    decoder = SSEDecoder()
    assert list(decoder.feed(b"event: e\ndata: [DO")) == []
    assert decoder.close() == Event("e", "[DO")
    assert decoder.close() is None
    assert list(decoder.feed(b"\xef\xbb\xbfdata: a\n\n")) == [Event("message", "a")]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 200],
        [b"data: xxxxxxxxxxxx\n"] * 20,
        [b"data\n"] * 200,
        [b": " + b"x" * 200],
        [b"x"] * 200,
    ],
)
def test_an_event_that_outgrows_its_limit_is_a_violation(chunks: list[bytes]) -> None:
    decoder = SSEDecoder(max_event_bytes=100)
    with pytest.raises(ProtocolViolation, match="100 bytes"):
        list(chain.from_iterable(decoder.feed(chunk) for chunk in chunks))


def test_the_limit_counts_one_event_and_not_the_stream() -> None:
    decoder = SSEDecoder(max_event_bytes=100)
    events = [event for _ in range(50) for event in decoder.feed(b"data: " + b"x" * 50 + b"\n\n")]
    assert len(events) == 50


def test_an_unfinished_line_is_not_looked_at_again() -> None:
    # 80,000 chunks of one line: looking at all of it each time would be 200 GB, and time out.
    decoder = SSEDecoder()
    chunk = b"x" * 64
    list(decoder.feed(b"data: "))
    for _ in range(80 * 1024):
        assert not list(decoder.feed(chunk))
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 5 << 20


@given(st.lists(st.binary(max_size=30)))
def test_any_bytes_give_events_or_a_violation_and_nothing_else(chunks: list[bytes]) -> None:
    decoder = SSEDecoder(max_event_bytes=60)
    try:
        for chunk in chunks:
            for event in decoder.feed(chunk):
                event.data.encode()
    except ProtocolViolation:
        pass


@pytest.mark.parametrize(
    ("data", "event", "encoded"),
    [
        ("a", None, b"data: a\n\n"),
        ("a", "delta", b"event: delta\ndata: a\n\n"),
        ("", None, b"data: \n\n"),
        ("a\nb\r\nc\rd", None, b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        ("😀\u2028", None, "data: 😀\u2028\n\n".encode()),
        ("half \ud83d", None, b"data: half ?\n\n"),
    ],
)
def test_events_are_encoded_as_the_standard_wants(data: str, event: str | None, encoded: bytes) -> None:
    assert encode_event(data, event) == encoded


@given(
    st.text(),
    st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)),
)
def test_what_was_encoded_decodes_to_the_same(data: str, event: str | None) -> None:
    (decoded,) = decode(encode_event(data, event))
    assert decoded.data == data.replace("\r\n", "\n").replace("\r", "\n")
    assert decoded.event == (event or "message")


def test_an_event_name_cannot_smuggle_in_a_line() -> None:
    with pytest.raises(ValueError, match="line break"):
        encode_event("a", "x\ndata: y")
