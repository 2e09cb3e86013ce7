from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from cdp_relay.errors import InternalError
from cdp_relay.recording.har import read_har, write_har
from cdp_relay.recording.session import (
    Body,
    Chunk,
    Exchange,
    Mark,
    Message,
    Request,
    Response,
    Session,
    Timings,
)
from tests.recording.har.schema import HAR
from tests.recording.sessions import about, exchange, sessions

VALIDATOR = jsonschema.Draft202012Validator(HAR)


def written(session: Session) -> bytes:
    file = io.BytesIO()
    write_har(session, file)
    return file.getvalue()


def entry_of(one: Exchange) -> dict[str, Any]:
    """The only entry, as any reader of JSON finds it."""
    document = json.loads(written(Session(about=about(), exchanges=(one,))))
    VALIDATOR.validate(document)
    (entry,) = document["log"]["entries"]
    assert isinstance(entry, dict)
    return entry


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("har") / "session.har"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(session=sessions())
def test_what_is_written_is_har_and_is_read_as_it_was(path: Path, session: Session) -> None:
    data = written(session)

    document = json.loads(data)
    VALIDATOR.validate(document)
    pages = [page["id"] for page in document["log"]["pages"]]
    assert len(set(pages)) == len(pages)
    assert {entry["pageref"] for entry in document["log"]["entries"]} <= set(pages)
    path.write_bytes(data)
    assert read_har(path) == attrs.evolve(session, snapshots=(), looks=(), heard=())


def test_the_schema_refuses_what_har_does_not_know() -> None:
    document = json.loads(written(Session(about=about(), exchanges=(exchange(),))))
    VALIDATOR.validate(document)
    document["log"]["entries"][0]["response"]["content"]["encoding"] = "gzip"
    document["log"]["entries"][0]["response"]["chunks"] = []
    del document["log"]["entries"][0]["timings"]["wait"]

    assert len(list(VALIDATOR.iter_errors(document))) == 3


def test_dates_are_of_the_recordings_day_and_begin_at_midnight() -> None:
    entry = entry_of(attrs.evolve(exchange(), at=61.25))

    assert entry["startedDateTime"] == "2026-11-21T00:01:01.250000Z"


def test_the_time_of_an_entry_is_the_sum_of_its_phases_with_tls_counted_once() -> None:
    timings = Timings(blocked=0.001, connect=0.05, ssl=0.04, send=0.0005, wait=1.5, receive=2.0)
    entry = entry_of(attrs.evolve(exchange(), timings=timings))

    assert entry["time"] == 3551.5
    assert entry["timings"] == {
        "blocked": 1, "dns": -1, "connect": 50, "send": 0.5, "wait": 1500, "receive": 2000, "ssl": 40
    }  # fmt: skip


def test_every_chunk_is_told_from_the_begin_of_its_entry() -> None:
    chunks = (Chunk(0.75, 5), Chunk(1.000001, 0), Chunk(1.25, 3))
    entry = entry_of(exchange(body=b"data: 1\n", chunks=chunks))

    assert entry["response"]["content"]["_chunks"] == [[250, 5], [500.001, 0], [750, 3]]


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", None),
        ("Grüße \N{ROCKET}\0\r\n".encode(), "Grüße \N{ROCKET}\0\r\n", None),
        (b"\xef\xbb\xbf{}", "\ufeff{}", None),
        (b"\xed\xa0\x80", "7aCA", "base64"),  # half of a surrogate pair is no UTF-8
        (b"Gr\xfc\xdfe", "R3L832U=", "base64"),
    ],
)
def test_a_body_is_text_only_where_that_is_it_byte_for_byte(
    data: bytes, text: str, encoding: str | None
) -> None:
    content = entry_of(exchange(body=data))["response"]["content"]

    assert (content["text"], content.get("encoding"), content["size"]) == (text, encoding, len(data))


def test_a_body_that_was_left_out_has_a_size_and_no_text() -> None:
    content = entry_of(exchange(body=None, left_out="too large", digest="ab12", size=70_000_000))["response"][
        "content"
    ]

    assert "text" not in content
    assert (content["size"], content["_leftOut"], content["_digest"]) == (70_000_000, "too large", "ab12")


def test_messages_of_a_socket_are_as_devtools_exports_them() -> None:
    said = (Message(at=1.5, sent=True, data='{"t":1}'), Message(at=2.0, sent=False, data=b"\0\xff"))
    entry = entry_of(attrs.evolve(exchange(body=None), messages=said, resource_type="websocket"))

    assert entry["_resourceType"] == "websocket"
    assert entry["_webSocketMessages"] == [
        {"type": "send", "time": 1795219201.5, "opcode": 1, "data": '{"t":1}'},
        {"type": "receive", "time": 1795219202.0, "opcode": 2, "data": "AP8="},
    ]


def test_cookies_and_parameters_are_told_apart() -> None:
    headers = (("Cookie", "a=1; b=x=y"), ("cookie", "c=3"))
    set_cookies = (
        (
            "Set-Cookie",
            "sid=9; Path=/; Domain=x.example; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        ),
        ("set-cookie", "t=; Secure; expires=soon"),
    )
    entry = entry_of(
        Exchange(
            id="1",
            at=0.0,
            request=Request(method="GET", url="https://x.example/a?q=a%20b&q=&z#f", headers=headers),
            response=Response(status=302, headers=(*set_cookies, ("location", "/next"))),
        )
    )

    assert [(one["name"], one["value"]) for one in entry["request"]["cookies"]] == [
        ("a", "1"), ("b", "x=y"), ("c", "3")
    ]  # fmt: skip
    assert [(one["name"], one["value"]) for one in entry["request"]["queryString"]] == [
        ("q", "a b"), ("q", ""), ("z", "")
    ]  # fmt: skip
    first, second = entry["response"]["cookies"]
    assert first == {
        "name": "sid", "value": "9", "path": "/", "domain": "x.example",
        "expires": "2026-10-21T07:28:00+00:00", "httpOnly": True, "secure": False,
    }  # fmt: skip
    assert second == {"name": "t", "value": "", "httpOnly": False, "secure": True}
    assert entry["response"]["redirectURL"] == "/next"


@pytest.mark.parametrize("error", ["net::ERR_FAILED", ""])
def test_where_no_answer_came_no_status_did(error: str) -> None:
    one = Exchange(id="1", at=0.0, request=Request(method="GET", url="https://x.example/"), error=error)
    response = entry_of(one)["response"]

    assert (response["status"], response.get("_error", "")) == (-1, error)


def test_entries_belong_to_the_step_that_had_begun() -> None:
    marks = (Mark(name="empty", at=1.0), Mark(name="filled", at=2.0))
    requests = tuple(attrs.evolve(exchange(), at=at) for at in (0.5, 1.0, 1.75, 3.0))
    log = json.loads(written(Session(about=about(title="A chat"), exchanges=requests, marks=marks)))["log"]

    titles = {page["id"]: page["title"] for page in log["pages"]}
    assert [titles[entry["pageref"]] for entry in log["entries"]] == ["A chat", "empty", "empty", "filled"]


def test_program_and_browser_are_named() -> None:
    log = json.loads(written(Session(about=about())))["log"]

    assert log["creator"] == {"name": "CDP Relay", "version": "0.1.0"}
    assert log["browser"] == {"name": "Chrome", "version": "156.0.6999.0"}


def test_chunks_that_are_not_the_body_are_a_bug() -> None:
    wrong = exchange(body=b"12345", chunks=(Chunk(0.75, 4),))

    with pytest.raises(InternalError, match="not its 5 bytes"):
        written(Session(about=about(), exchanges=(wrong,)))


def test_one_body_is_in_memory_at_a_time() -> None:
    class Counting(io.BytesIO):
        pieces = 0
        largest = 0

        def write(self, data: Any) -> int:
            self.pieces += 1
            self.largest = max(self.largest, len(data))
            return len(data)

    bodies = tuple(exchange(body=bytes([65 + number]) * 100_000) for number in range(20))
    file = Counting()
    write_har(Session(about=about(), exchanges=bodies), file)

    assert file.largest < 102_000
    assert file.pieces > 20


def test_a_body_packs_again_to_the_same(path: Path) -> None:
    big = exchange(body="Zeile für Zeile\n".encode() * 5000)
    path.write_bytes(written(Session(about=about(), exchanges=(big,))))
    (read,) = read_har(path).exchanges

    assert read.response is not None
    assert isinstance(read.response.body, Body)
    assert read.response.body.held < read.response.body.size / 100
