"""Recordings bent: the decoders of the sites confirm what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_relay.errors import InvalidRequest
from cdp_relay.recording.bending import Bending, Place, bend
from cdp_relay.recording.session import Body, Exchange, Request, Response, Session
from cdp_relay.recording.telling.answer_paths import answers_heard
from tests.recording.streams import (
    SITES,
    TEXT,
    body_of,
    decoded,
    recorded,
    socket_session,
    with_body,
)

OTHER = 'Something else — 🐈 and *more* of it,\n\n- one\n- two "quoted" \\ back\n- 三\n\nDone now.'


def asked(session: Session) -> Place:
    return bend(session).at("POST *")


def sizes(exchange: Exchange) -> int:
    assert exchange.response is not None
    return sum(chunk.size for chunk in exchange.response.chunks)


# --- another answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [{}, {"thinking": ("First this.", "Then that.")}, {"unknown": True}])
@pytest.mark.parametrize("site", SITES)
def test_another_answer_decodes_as_the_recorded_one_did(site: str, answer: dict[str, Any]) -> None:
    before = recorded(site, **answer)
    after = bend(before).swap(OTHER).session
    was, now = decoded(site, body_of(before)), decoded(site, body_of(after))
    same = ("reasoning", "finish_reason", "conversation_id", "model", "title", "drift", "notices")
    assert now["text"] == OTHER
    assert {key: now[key] for key in same} == {key: was[key] for key in same}
    assert answers_heard(after.heard) == (OTHER,)
    assert after.about.notes == ("Bent: another text for answer 1.",)


@pytest.mark.parametrize("site", SITES)
def test_the_bytes_of_another_answer_still_come_when_the_recorded_ones_did(site: str) -> None:
    before, after = recorded(site), bend(recorded(site)).swap(OTHER).session
    old, new = before.exchanges[1].response, after.exchanges[1].response
    assert old is not None
    assert new is not None
    assert [chunk.at for chunk in new.chunks] == [chunk.at for chunk in old.chunks]
    assert sizes(after.exchanges[1]) == len(body_of(after))
    # Cut where the chunks end, no event is told in two of them.
    at, body = 0, body_of(after)
    for chunk in new.chunks:
        at += chunk.size
        if site in ("chatgpt", "claude"):
            assert body[:at].endswith(b"\n\n")


def test_frames_and_their_total_are_counted_anew() -> None:
    body = body_of(bend(recorded("gemini")).swap(OTHER).session)
    text = body.decode()
    assert json.loads(text.rsplit("\n", 2)[1])[0][4] == len(body)
    at = text.index("\n\n") + 2
    while at < len(text):
        digits, _, rest = text[at:].partition("\n")
        frame = rest.encode("utf-16-le")[: 2 * (int(digits) - 1)].decode("utf-16-le")
        assert frame.endswith("\n")
        json.loads(frame)
        at += len(digits) + 1 + len(frame)


def test_a_length_that_was_wrong_stays_as_wrong() -> None:
    before = recorded("gemini", bad_length=True)
    drift = decoded("gemini", body_of(before))["drift"]
    now = decoded("gemini", body_of(bend(before).swap(OTHER).session))
    assert drift
    assert [one["kind"] for one in now["drift"]] == [one["kind"] for one in drift]
    assert now["text"] == OTHER


def test_events_filled_up_with_blanks_are_filled_up_again() -> None:
    body = body_of(bend(recorded("chatgpt")).swap(OTHER).session)
    deltas = [line for line in body.split(b"\n") if line.startswith(b"data: {") and b'"v"' in line]
    padded = [line for line in deltas if line.endswith(b" ")]
    assert padded
    assert all((len(line) - len("data: ")) % 8 == 0 for line in padded)


def test_another_answer_in_a_socket_is_written_into_json_within_json() -> None:
    after = bend(socket_session()).swap(OTHER).session
    told = [json.loads(str(one.data)) for one in after.exchanges[0].messages if not one.sent]
    events = "".join(item["payload"]["payload"]["encoded_item"] for [item] in told)
    assert decoded("chatgpt", events.encode())["text"] == OTHER


def test_the_stored_chat_tells_the_other_answer_too() -> None:
    body = Body.of(json.dumps({"messages": [{"text": "Hi"}, {"text": TEXT}]}).encode())
    stored = Exchange(
        id="9",
        at=9.0,
        request=Request(method="GET", url="https://claude.ai/api/chat"),
        response=Response(status=200, mime_type="application/json", body=body),
    )
    session = recorded("claude")
    after = bend(attrs.evolve(session, exchanges=(*session.exchanges, stored))).swap(OTHER).session
    assert json.loads(body_of(after, 2)) == {"messages": [{"text": "Hi"}, {"text": OTHER}]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(SITES), st.text(st.characters(exclude_categories=("Cs", "Co", "Cc")), min_size=1))
def test_whatever_the_other_answer_is_the_decoder_tells_it(site: str, words: str) -> None:
    session = bend(RECORDED[site]).swap(words).session
    exchange = session.exchanges[1]
    assert sizes(exchange) == len(body_of(session))
    if site == "gemini" or "\ufeff" in words:
        # A cumulative text is compared with itself, and white space at its end may be left out.
        assert decoded(site, body_of(session))["text"].strip() == words.strip() or "://" in words
    else:
        assert decoded(site, body_of(session))["text"] == words


RECORDED = {site: recorded(site) for site in SITES}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: it.swap("x", turn=2), "There is no answer 2: one answer with text was heard"),
        (lambda it: Bending(attrs.evolve(it.session, heard=())).swap("x"), "0 answers with text were heard"),
        (
            lambda it: Bending(with_body(it.session, b'data: {"nothing": "of it"}\n\n')).swap("x"),
            "stands in no recorded stream",
        ),
    ],
)
def test_an_answer_that_is_not_there_cannot_be_swapped(
    change: Callable[[Bending], Bending], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        change(bend(recorded("claude")))


# --- cut, held, late -----------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_a_cut_answer_is_not_at_its_end(site: str) -> None:
    session = recorded(site)
    half = len(body_of(session)) // 2
    after = asked(session).cut(at=half).session
    exchange = after.exchanges[1]
    assert body_of(after) == body_of(session)[:half]
    assert sizes(exchange) == half
    assert exchange.error == "net::ERR_INCOMPLETE_CHUNKED_ENCODING"
    assert exchange.ended_at is not None
    assert exchange.ended_at < 3.5
    told = decoded(site, body_of(after))
    assert told["finish_reason"] is None
    assert TEXT.startswith(told["text"].rstrip("�"))


def test_an_answer_can_end_early_as_if_it_were_whole() -> None:
    after = asked(recorded("claude")).cut(event=3, breaks=False).session
    assert after.exchanges[1].error == ""
    assert body_of(after).count(b"event: ") == 3


def test_a_held_answer_never_ends() -> None:
    after = asked(recorded("claude")).hold(chunk=4).session
    exchange = after.exchanges[1]
    assert (exchange.ended_at, exchange.error) == (None, "")
    assert exchange.response is not None
    assert len(exchange.response.chunks) == 4


def test_a_cut_at_the_first_byte_leaves_no_byte() -> None:
    after = asked(recorded("claude")).cut(at=0).session
    assert body_of(after) == b""
    assert sizes(after.exchanges[1]) == 0


def test_a_delay_moves_what_comes_after_it_and_nothing_else() -> None:
    session = recorded("claude")
    after = asked(session).delay(5, chunk=3).session
    old, new = session.exchanges[1].response, after.exchanges[1].response
    assert old is not None
    assert new is not None
    later = [round(two.at - one.at, 6) for one, two in zip(old.chunks, new.chunks, strict=True)]
    assert later == [0, 0, 0] + [5] * (len(later) - 3)
    assert after.exchanges[1].ended_at == pytest.approx((session.exchanges[1].ended_at or 0) + 5)


# --- twice, not at all, refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(("site", "doubled"), [("claude", "text_delta"), ("chatgpt", "append")])
def test_an_event_that_comes_twice_is_told_twice(site: str, doubled: str) -> None:
    session = recorded(site)
    events = [event + b"\n\n" for event in body_of(session).split(b"\n\n")[:-1]]
    number = next(index for index, event in enumerate(events) if doubled.encode() in event)
    after = asked(session).duplicate(event=number).session
    assert body_of(after) == b"".join([*events[: number + 1], *events[number:]])
    assert decoded(site, body_of(after))["text"] != TEXT
    assert sizes(after.exchanges[1]) == len(body_of(after))


@pytest.mark.parametrize("site", SITES)
def test_every_event_can_be_left_out(site: str) -> None:
    session = recorded(site)
    fewer = asked(session).drop(event=5).session
    assert 0 < len(body_of(fewer)) < len(body_of(session))
    assert sizes(fewer.exchanges[1]) == len(body_of(fewer))
    decoded(site, body_of(fewer))


def test_a_cumulative_text_does_not_mind_a_frame_that_comes_twice() -> None:
    session = asked(recorded("gemini")).duplicate(event=8).session
    assert decoded("gemini", body_of(session))["text"] == TEXT


def test_requests_can_be_answered_twice_or_never_have_been_made() -> None:
    session = recorded("claude")
    again = asked(session).duplicate().session
    assert [one.request.method for one in again.exchanges] == ["GET", "POST", "POST"]
    assert len({one.id for one in again.exchanges}) == 3
    assert [one.request.method for one in asked(session).drop().session.exchanges] == ["GET"]


def test_a_refusal_takes_the_answers_place() -> None:
    session = bend(asked(recorded("chatgpt")).duplicate().session)
    after = session.at("POST *", 2).status(429, '{"detail": "slow"}', (("retry-after", "7"),)).session
    first, second = after.exchanges[1].response, after.exchanges[2].response
    assert first is not None
    assert second is not None
    assert (first.status, second.status, second.mime_type) == (200, 429, "application/json")
    assert dict(second.headers) == {"retry-after": "7", "content-type": "application/json"}
    assert body_of(after, 2) == b'{"detail": "slow"}'


def test_messages_of_a_socket_are_cut_doubled_and_left_out() -> None:
    session = socket_session()
    count = len(session.exchanges[0].messages)
    place = bend(session).at("GET ws.chatgpt.com/*")
    assert len(place.hold(event=3).session.exchanges[0].messages) == 4
    assert len(place.duplicate(event=3).session.exchanges[0].messages) == count + 1
    assert len(place.drop(chunk=3).session.exchanges[0].messages) == count - 1
    late = place.delay(2, chunk=3).session.exchanges[0].messages
    assert [round(two.at - one.at) for one, two in zip(session.exchanges[0].messages, late, strict=True)] == (
        [0] * 4 + [2] * (count - 4)
    )


def test_the_answers_own_request_is_found() -> None:
    assert bend(recorded("gemini")).answer().name.startswith("POST /_/BardChatUi/data/")
    assert bend(socket_session()).answer().name == "GET /user"


# --- wrong places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: it.at("POST /nothing"), r"There are: GET /, POST /api/organizations/1"),
        (lambda it: it.at("DELETE *"), "No request of the recording matches"),
        (lambda it: it.at("POST *", 2), "matches 1 request, so there is no number 2"),
        (lambda it: it.at("POST *", 0), "no number 0"),
        (lambda it: it.at("POST *").cut(at=10**6), r"has \d+ bytes, so there is no byte 1000000"),
        (lambda it: it.at("POST *").cut(at=-1), "no byte -1"),
        (lambda it: it.at("POST *").cut(), "Name one of a byte, a chunk and an event"),
        (lambda it: it.at("POST *").hold(chunk=1, event=1), "Name one of"),
        (lambda it: it.at("POST *").drop(chunk=999), r"has chunks 0 to \d+, so there is no chunk 999"),
        (lambda it: it.at("POST *").duplicate(event=999), r"has events 0 to \d+, so there is no event 999"),
        (lambda it: it.at("GET /").drop(event=3), "has only event 0"),
        (lambda it: it.at("POST *").delay(0), "longer than 0 seconds"),
        (lambda it: it.at("POST *").status(99), "99 is no status"),
        (
            lambda it: unanswered(it).at("POST *").cut(at=0),
            "was not answered: net::ERR_FAILED",
        ),
        (lambda it: Bending(socket_session()).at("wss://*").cut(at=3), "is a socket"),
    ],
)
def test_a_place_that_is_not_there_is_told(change: Callable[[Bending], object], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        change(bend(recorded("claude")))


def unanswered(bending: Bending) -> Bending:
    page, asked = bending.session.exchanges
    failed = attrs.evolve(asked, response=None, error="net::ERR_FAILED")
    return Bending(attrs.evolve(bending.session, exchanges=(page, failed)))
