"""When an answer's pieces are due, how it ends, with which headers, and with whose ids; without a clock."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.recording.replay import code_from
from cdp_relay.recording.replay._headers import preflight_headers, served_headers
from cdp_relay.recording.replay.answering import Piece, plan_answer, stop_of, was_stopped
from cdp_relay.recording.replay.carrying import Carried
from cdp_relay.recording.session import Exchange, Request, Timings
from tests.recording.replay.sessions import exchange, session

THEN, NOW = "00000000-0000-4000-8000-000000000001", "5b8a6f0e-7d1c-4c58-9a53-2f1f6f4f3b10"


def test_pieces_come_at_their_times_and_the_head_before_them() -> None:
    recorded = exchange(
        "GET",
        "/",
        b"onetwo",
        at=10,
        chunks=((0.5, 3), (1.5, 3)),
        ended_at=12,
        timings=Timings(send=0.01, wait=0.2),
    )
    plan = plan_answer(recorded, b"onetwo")
    assert plan.pieces == (Piece(0.5, 0, 3), Piece(1.5, 3, 6))
    assert plan.head_after == pytest.approx(0.21)
    assert (plan.end_after, plan.ending) == (2, "end")


def test_a_body_without_known_times_comes_at_the_end() -> None:
    recorded = exchange("GET", "/", b"", at=10, ended_at=12)
    assert plan_answer(recorded, b"x" * 300_000).pieces == (Piece(2, 0, 1 << 18), Piece(2, 1 << 18, 300_000))


@given(st.lists(st.tuples(st.floats(-1, 5), st.integers(0, 9)), max_size=8), st.binary(max_size=40))
@settings(max_examples=40)
def test_whatever_the_chunks_say_all_bytes_come_in_order(
    chunks: list[tuple[float, int]], body: bytes
) -> None:
    plan = plan_answer(exchange("GET", "/", body, chunks=tuple(chunks)), body)
    assert b"".join(body[piece.start : piece.end] for piece in plan.pieces) == body
    times = [piece.after for piece in plan.pieces]
    assert times == sorted(times)
    assert plan.end_after >= max(times, default=0)


TOLD: dict[str, Any] = {"request": Request(method="POST", url="https://plain.test/log")}
ABORTED: dict[str, Any] = {"error": "net::ERR_ABORTED"}


@pytest.mark.parametrize(
    ("changes", "body", "ending"),
    [
        ({}, b"whole", "end"),
        ({"error": "net::ERR_CONNECTION_RESET"}, b"hal", "cut"),
        (ABORTED, b"data: {}\n\n", "end"),
        ({"ended_at": None}, b'{"status": "ok"}', "end"),
        ({"ended_at": None}, b"data: {}\n\n", "hold"),
        ({"ended_at": None, **TOLD}, b"ok", "end"),
        ({"ended_at": None, **TOLD}, b"", "end"),
        ({"ended_at": None}, b"14\n[[0,[noop]]]\n", "hold"),
        ({"response": None, "ended_at": None}, b"", "hold"),
        ({"response": None, **ABORTED}, b"", "hold"),
        ({"response": None, "error": "net::ERR_NAME_NOT_RESOLVED"}, b"", "cut"),
    ],
)
def test_an_answer_ends_as_it_ended(changes: dict[str, Any], body: bytes, ending: str) -> None:
    recorded = attrs.evolve(exchange("GET", "/", body), **changes)
    assert plan_answer(recorded, body).ending == ending


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (b"event: delta\ndata: {}\n\n", "hold"),
        (b"data: {}\n\ndata: [DONE]\n\n", "end"),
        (b'event: x\ndata: {"type": "message_stop"}\n\n', "end"),
        (b')]}\'\n\n30\n[["e",4,null,null,131]]\n', "end"),
        (b"[[1], [2]]", "end"),
        (b"[[1], [2]", "hold"),
    ],
)
def test_an_answer_that_was_stopped_waits_for_its_stop_unless_it_was_whole(body: bytes, ending: str) -> None:
    recorded = exchange("POST", "/say", body, chunks=((1, len(body)),), **ABORTED)
    stop = exchange("POST", "/api/stop_response", at=0.9)
    assert stop_of(recorded, session(recorded, stop)) is stop
    late = exchange("POST", "/api/stop_response", at=9)
    assert was_stopped(recorded, session(recorded, stop))
    assert was_stopped(recorded, session(recorded, scenario="stop"))
    assert not was_stopped(recorded, session(recorded, late, exchange("GET", "/stop-words")))
    assert not was_stopped(attrs.evolve(recorded, error=""), session(recorded, stop))
    assert plan_answer(recorded, body, was_stopped=True).ending == ending


def test_a_length_that_is_reached_is_an_end() -> None:
    recorded = exchange("GET", "/", b"hello", headers=(("Content-Length", "5"),), ended_at=None)
    assert plan_answer(recorded, b"hello").ending == "end"


def test_headers_of_the_connection_and_of_packing_are_not_sent_again() -> None:
    recorded = (
        ("content-type", "text/html"),
        ("Content-Encoding", "br"),
        ("content-length", "12"),
        ("transfer-encoding", "chunked"),
        ("alt-svc", 'h3=":443"'),
        ("Strict-Transport-Security", "max-age=1"),
        ("access-control-allow-origin", "https://plain.test"),
        ("x-text", "caf\u00e9 \u2028\n second"),
        ("bad name", "x"),
    )
    assert served_headers(recorded, origin="https://other.test", recorded_on="2026-11-21") == [
        ("content-type", "text/html"),
        ("access-control-allow-origin", "https://other.test"),
        ("x-text", "caf\u00e9 ?"),
        ("x-text", "second"),
    ]


@pytest.mark.parametrize(
    ("cookie", "served"),
    [
        (
            "a=1; Expires=Wed, 21 Oct 2027 07:28:00 GMT; Secure; Domain=.plain.test",
            "a=1; Secure; Domain=.plain.test",
        ),
        ("a=1; expires=Wed, 21-Oct-2027 07:28:00 GMT", "a=1"),
        (
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
            "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
        ),
        ("a=1; Expires=whenever", "a=1; Expires=whenever"),
        ("a=1; Max-Age=60", "a=1; Max-Age=60"),
    ],
)
def test_a_cookie_is_as_valid_as_it_was(cookie: str, served: str) -> None:
    assert served_headers((("set-cookie", cookie),), origin=None, recorded_on="2026-11-21") == [
        ("set-cookie", served)
    ]


def test_a_preflight_allows_what_is_wished() -> None:
    headers = dict(preflight_headers("https://plain.test", "PUT", "x-one,x-two"))
    assert headers["access-control-allow-origin"] == "https://plain.test"
    assert headers["access-control-allow-methods"] == "PUT"
    assert headers["access-control-allow-headers"] == "x-one,x-two"


@pytest.mark.parametrize(
    ("then", "now", "old", "new"),
    [
        (THEN, NOW, THEN, NOW),
        (f"WEB:{THEN}", f"WEB:{NOW}", THEN, NOW),
        ("c_0123456789abcdef", "c_fedcba9876543210", "c_0123456789abcdef", "c_fedcba9876543210"),
        ("A" * 18 + "0001", "Zk3xQ9mPl2Rt7Vw8Yb4Nc6", "A" * 18 + "0001", "Zk3xQ9mPl2Rt7Vw8Yb4Nc6"),
    ],
)
def test_an_id_that_was_made_anew_is_carried_both_ways(then: str, now: str, old: str, new: str) -> None:
    carried = Carried()
    carried.learn(then, now)
    assert carried.as_asked(f'{{"id":"{old}"}}{old}'.encode()) == f'{{"id":"{new}"}}{new}'.encode()
    assert carried.as_recorded(f"https://plain.test/{new}") == f"https://plain.test/{old}"
    assert carried.text_as_asked(old) == new


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("1795291431124", "1795299999999"),
        ("claude-sonnet-4-5-20261001", "claude-haiku-4-5-202610011"),
        ("one prompt of words", "two prompt of words"),
        (THEN, NOW[:-1]),
        (THEN, 5),
        (THEN, THEN),
    ],
)
def test_what_is_no_id_is_carried_nowhere(then: str, now: object) -> None:
    carried = Carried()
    carried.learn(then, now)
    assert len(carried) == 0


def test_an_id_of_the_recording_was_not_made_anew() -> None:
    carried = Carried(known={NOW})
    carried.learn(THEN, NOW)
    assert carried.as_asked(THEN.encode()) == THEN.encode()


def test_the_latest_id_stands_in_what_follows() -> None:
    carried = Carried()
    carried.learn(THEN, NOW)
    again = NOW.replace("5b8a", "0c1d")
    carried.learn(THEN, again)
    assert carried.text_as_asked(THEN) == again
    assert carried.as_recorded(NOW) == NOW


def test_the_files_of_a_lean_recording_are_found_by_digest_or_by_address_and_size() -> None:
    find = code_from(session(exchange("GET", "/main.js", "code"), exchange("GET", "/", "page")))

    def left_out(path: str, **known: Any) -> Exchange:
        lean = exchange("GET", path, None)
        assert lean.response is not None
        return attrs.evolve(lean, response=attrs.evolve(lean.response, left_out="code", **known))

    assert find(left_out("/main-moved.js", digest=hashlib.sha256(b"code").hexdigest())) == b"code"
    assert find(left_out("/main.js", digest="00", size=4)) == b"code"
    assert find(left_out("/main.js", digest="00", size=5)) is None
    assert find(left_out("/main-moved.js", digest="00", size=4)) is None
    assert find(attrs.evolve(left_out("/main.js"), response=None)) is None
