"""Which recorded answer a request gets: by address, by what is in it, and by what was given before."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.recording.replay import Matcher, Question
from tests.recording.replay.sessions import ORIGIN, exchange

ID_THEN = "00000000-0000-4000-8000-000000000007"
ID_NOW = "9b2f4c1e-55aa-4e0c-8f3e-0c6f1a2b3c4d"


def ask(method: str, path: str, body: Any = None, media_type: str = "application/json") -> Question:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    url = path if "://" in path else ORIGIN + path
    return Question(method=method, url=url, content_type=media_type, body=data)


def said(number: int, method: str, path: str, body: Any = None) -> Any:
    sent = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
    return exchange(method, path, f"answer {number}", at=number, sent=sent, id=str(number))


def given_ids(matcher: Matcher, *questions: Question) -> list[str | None]:
    found = [matcher.match(question) for question in questions]
    return [match.recorded.id if match else None for match in found]


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("/chat/" + ID_THEN, "/chat/" + ID_NOW),
        ("/file/file-00000000000000000000012", "/file/file-8fJk2LmQx71VbN93sTzUw0A"),
        ("/u/0/app?_reqid=123456&bl=boq_20261119.04", "/u/0/app?bl=boq_20261119.04&_reqid=987654"),
        ("/list?limit=28&offset=0", "/list?offset=0&limit=28"),
        ("/list?t=1795291431124", "/list?t=1795299999999&cb=1"),
        ("/list?token=xxxxxxxxxxxxxxxxxxxxxxxxxxxx0001", "/list?token=Zk3xQ9mPl2Rt7Vw8Yb4Nc6Hd1Js5Kf0A"),
        ("/me?lang=en", "/me?lang=de"),
        ("/", "https://plain.test"),
    ],
)
def test_an_address_is_known_whatever_changes_in_it(recorded: str, asked: str) -> None:
    assert given_ids(Matcher([said(1, "GET", recorded)]), ask("GET", asked)) == ["1"]


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("/models", "/settings"),
        ("/chat/init", "/chat/" + ID_NOW),
        ("/list?offset=0&limit=28", "/list?offset=28&limit=28"),
        ("/rpc?rpcids=otAQ7b", "/rpc?rpcids=ESY5D"),
        ("https://other.test/models", "/models"),
        ("/u/0/app", "/u/1/app"),
    ],
)
def test_another_address_is_another(recorded: str, asked: str) -> None:
    assert given_ids(Matcher([said(1, "GET", recorded)]), ask("GET", asked)) == [None]


def test_a_method_is_another_request() -> None:
    assert given_ids(Matcher([said(1, "GET", "/models")]), ask("DELETE", "/models")) == [None]


def test_answers_are_given_in_recorded_order_and_the_last_again() -> None:
    matcher = Matcher([said(number, "GET", "/status") for number in (1, 2, 3)])
    assert given_ids(matcher, *[ask("GET", "/status")] * 5) == ["1", "2", "3", "3", "3"]
    matcher.begin_anew()
    assert given_ids(matcher, ask("GET", "/status")) == ["1"]


def test_the_very_address_is_preferred_however_often_it_was_given() -> None:
    other = ID_THEN.replace("7", "8")
    matcher = Matcher([said(1, "GET", f"/chat/{ID_THEN}"), said(2, "GET", f"/chat/{other}")])
    questions = [ask("GET", f"/chat/{one}") for one in (other, ID_THEN, other)]
    assert given_ids(matcher, *questions) == ["2", "1", "2"]


def test_bodies_tell_prompts_from_what_else_goes_there() -> None:
    prompt = {"messages": [{"id": ID_THEN, "content": {"parts": ["xxxxx xxx"]}}], "model": "auto"}
    ping = {"kind": "ping", "at": 12}
    again = {"messages": [{"id": ID_NOW, "content": {"parts": ["Hello, you"]}}], "model": "gpt-5"}
    with_file = {**again, "attachments": [{"id": "file-1"}]}
    matcher = Matcher(
        [said(1, "POST", "/say", ping), said(2, "POST", "/say", prompt), said(3, "POST", "/say", ping)]
    )
    questions = [ask("POST", "/say", body) for body in (again, ping, with_file, {"some": {"thing": "else"}})]
    assert given_ids(matcher, *questions) == ["2", "1", "2", None]


def test_an_operation_is_told_by_its_name() -> None:
    matcher = Matcher(
        [
            said(number, "POST", "/graphql", {"operationName": name, "variables": {"id": 1}})
            for number, name in enumerate(("Me", "Chats"), 1)
        ]
    )
    questions = [
        ask("POST", "/graphql", {"operationName": name, "variables": {"id": 2}})
        for name in ("Chats", "Me", "Other")
    ]
    assert given_ids(matcher, *questions) == ["2", "1", None]


def test_json_within_a_form_is_looked_into() -> None:
    def form(rpc: str, text: str) -> bytes:
        inner = json.dumps([None, json.dumps([[text], ["en"], rpc])])
        return urlencode({"f.req": inner, "at": "AJvLN6-" + text}).encode()

    short, long = (
        form("a", "xx"),
        urlencode({"f.req": json.dumps([[["one", "[1,2]", None, "generic"]]])}).encode(),
    )
    matcher = Matcher([said(1, "POST", "/rpc", long), said(2, "POST", "/rpc", short)])
    kind = "application/x-www-form-urlencoded"
    assert given_ids(matcher, ask("POST", "/rpc", form("a", "Hello there"), kind)) == ["2"]


def test_a_packed_body_is_looked_into() -> None:
    events = [{"kind": "click", "x": 1, "y": 2}, {"name": "load", "seconds": 1.5, "page": "/"}]
    recorded = [
        said(number, "POST", "/log", gzip.compress(json.dumps(one).encode()))
        for number, one in enumerate(events)
    ]
    matcher = Matcher(recorded)
    assert given_ids(matcher, ask("POST", "/log", gzip.compress(json.dumps(events[1]).encode()))) == ["1"]


def test_what_always_got_one_short_answer_gets_it_whatever_it_says() -> None:
    recorded = exchange("POST", "/log", "ok", sent='{"kind": "click", "x": 1}', id="1")
    assert given_ids(Matcher([recorded]), ask("POST", "/log", {"quite": "another", "shape": []})) == ["1"]


def test_a_whole_answer_is_preferred_to_one_that_says_that_nothing_changed() -> None:
    unchanged = exchange("GET", "/models", None, status=304, at=1, id="1")
    assert given_ids(Matcher([unchanged, said(2, "GET", "/models")]), *[ask("GET", "/models")] * 2) == [
        "2",
        "2",
    ]


def test_the_nearest_address_is_named() -> None:
    matcher = Matcher([said(1, "GET", "/"), said(2, "GET", "/api/models"), said(3, "POST", "/api/models")])
    nearest = matcher.nearest(ask("POST", "/api/settings"))
    assert nearest is not None
    assert nearest.id == "3"
    assert matcher.nearest(ask("GET", "https://else.test/")) is None


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (b'{"unfinished": ', b'{"unfinished": "and else'),
        (b"\x89PNG\xff\xfe", b"\x89PNG\xff\xfd"),
        (b"[" * 100_000, b"[" * 100_001),
    ],
    ids=["broken", "picture", "too deep"],
)
def test_bodies_that_nobody_can_read_are_of_one_kind(then: bytes, now: bytes) -> None:
    recorded = [said(1, "POST", "/say", {"a": 1}), said(2, "POST", "/say", then)]
    assert given_ids(Matcher(recorded), ask("POST", "/say", now)) == ["2"]


_WORDS = st.text("abcdefghij", min_size=1, max_size=8)


@settings(max_examples=25)
@given(st.dictionaries(_WORDS, _WORDS, min_size=1, max_size=8), st.randoms())
def test_the_order_of_a_query_means_nothing(query: dict[str, str], random: Any) -> None:
    pairs = list(query.items())
    random.shuffle(pairs)
    matcher = Matcher([said(1, "GET", "/x?" + urlencode(query)), said(2, "GET", "/x?else=1")])
    assert given_ids(matcher, ask("GET", "/x?" + urlencode(pairs))) == ["1"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=25)
@given(st.dictionaries(_WORDS, _JSON, max_size=5), st.uuids(), st.uuids())
def test_a_request_that_was_made_then_is_known_with_any_id(body: Any, then: Any, now: Any) -> None:
    recorded = said(1, "POST", f"/chat/{then}", {**body, "id": str(then)})
    match = Matcher([recorded]).match(ask("POST", f"/chat/{now}", {**body, "id": str(now)}))
    assert match is not None
    assert match.likeness > 0.9


@settings(max_examples=25)
@given(st.binary(max_size=200), st.binary(max_size=200), st.text(max_size=60))
def test_nothing_that_is_asked_breaks_it(then: bytes, now: bytes, path: str) -> None:
    matcher = Matcher([said(1, "POST", "/x", then), said(2, "GET", "/x?a=%zz&=&b")])
    matcher.match(ask("POST", "/x", now))
    matcher.match(ask("GET", f"/x?{path}"))
    matcher.match(ask("GET", f"/{path}"))
