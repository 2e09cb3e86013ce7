"""Two recordings compared: what changed is named, and what did not is not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from cdp_relay.errors import InvalidRequest
from cdp_relay.recording.bending import bend
from cdp_relay.recording.comparing import Difference, compare, is_grave
from cdp_relay.recording.session import (
    About,
    Body,
    Chunk,
    Exchange,
    Heard,
    Look,
    Message,
    Request,
    Response,
    Session,
    Snapshot,
)
from tests.recording.streams import SITES, TEXT, body_of, recorded, socket_session, with_body

SEND = ('button[data-testid="send"]', "button.send")


def sentences(differences: tuple[Difference, ...]) -> list[str]:
    return [f"{one.weight}: {one.sentence}" for one in differences]


def looked(session: Session, step: str = "filled", **matches: tuple[int, ...]) -> Session:
    """The session with a look at its page: how many elements each alternative of a key finds."""
    found = {f"selectors.{key}": tuple(zip(SEND, counts, strict=False)) for key, counts in matches.items()}
    return attrs.evolve(session, looks=(*session.looks, Look(step=step, matches=found)))


def shown(session: Session, html: str, step: str = "done") -> Session:
    page = Snapshot(step=step, at=9.0, url="https://claude.ai/chat", html=Body.of(html.encode()))
    return attrs.evolve(session, snapshots=(*session.snapshots, page))


def about(session: Session, **changed: Any) -> Session:
    facts: About = attrs.evolve(session.about, **changed)
    return attrs.evolve(session, about=facts)


def edited(session: Session, old: str, new: str) -> Session:
    """The session with another word in its answer's stream."""
    body = body_of(session).replace(old.encode(), new.encode())
    assert body != body_of(session)
    return with_body(session, body)


def asked(session: Session, **changed: Any) -> Session:
    page, exchange, *more = session.exchanges
    request = attrs.evolve(exchange.request, **changed)
    return attrs.evolve(session, exchanges=(page, attrs.evolve(exchange, request=request), *more))


def with_exchange(session: Session, method: str, url: str, body: bytes = b'{"ok": true}') -> Session:
    exchange = Exchange(
        id="99",
        at=20.0,
        request=Request(method=method, url=url),
        response=Response(status=200, mime_type="application/json", body=Body.of(body)),
        resource_type="fetch",
    )
    return attrs.evolve(session, exchanges=(*session.exchanges, exchange))


# --- nothing changed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_two_recordings_of_the_same_page_differ_in_nothing(site: str) -> None:
    # Ids, lengths and words are others; the second was held up, and its stamps are of another day.
    old = recorded(site, thinking=("A thought of some length.",))
    new = recorded(site, text="Other words.\n\n- of\n- another length 😀\n", thinking=("Hm, so it is.",))
    new = bend(new).at("POST *").delay(1.2).session
    assert compare(old, new) == ()


def test_ids_in_paths_and_keys_are_no_change() -> None:
    old = with_exchange(
        recorded("claude"), "GET", "https://claude.ai/api/chats/4f1c9a52-0000-4000-8000-a1b2c3d4e5f6"
    )
    new = with_exchange(
        recorded("claude"), "GET", "https://claude.ai/api/chats/00000000-0000-4000-8000-000000000001"
    )
    assert compare(old, new) == ()


def test_what_pages_ask_of_others_and_tell_of_their_use_is_minor() -> None:
    new = with_exchange(recorded("claude"), "POST", "https://stats.example.org/v1/collect")
    new = with_exchange(new, "POST", "https://claude.ai/api/event_logging/batch")
    found = compare(recorded("claude"), new)
    assert len(found) == 2
    assert not is_grave(found)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"site": "gemini"}, "different sites, claude and gemini"),
        ({"scenario": "code"}, "different scenarios, plain and code"),
    ],
)
def test_what_cannot_be_compared_is_refused(changed: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        compare(recorded("claude"), about(recorded("claude"), **changed))


# --- the page ---------------------------------------------------------------------------------------------


def test_a_control_that_was_renamed_is_named() -> None:
    old, new = looked(recorded("claude"), send=(1, 0)), looked(recorded("claude"), send=(0, 0))
    assert sentences(compare(old, new)) == [
        "breaks: selectors.send: nothing matches any more at the step 'filled'; it was "
        'button[data-testid="send"] (alternative 1 of 2).'
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            (1, 0),
            (0, 1),
            ["notable: selectors.send: at the step 'filled' another alternative matches now: button.send"],
        ),
        ((1, 0), (3, 0), ['notable: selectors.send: button[data-testid="send"] matches 3 elements now']),
        ((0, 0), (1, 0), []),
        ((0, 1), (0, 1), []),
    ],
)
def test_what_a_selector_finds_now(old: tuple[int, ...], new: tuple[int, ...], words: list[str]) -> None:
    found = sentences(compare(looked(recorded("claude"), send=old), looked(recorded("claude"), send=new)))
    assert [one[: len(word)] for one, word in zip(found, words, strict=True)] == words


def test_what_passes_at_one_step_and_fits_at_another_is_minor() -> None:
    old = looked(looked(recorded("claude"), send=(1, 0)), "streaming", send=(1, 0))
    new = looked(looked(recorded("claude"), send=(1, 0)), "streaming", send=(0, 0))
    [found] = compare(old, new)
    assert (found.weight, found.where) == ("minor", "selectors.send")
    gone = looked(looked(recorded("claude"), send=(0, 0)), "streaming", send=(0, 0))
    assert {one.weight for one in compare(old, gone)} == {"breaks"}


def test_lists_that_are_empty_at_first_are_no_change() -> None:
    body = b'{"items": [], "total": 0}'
    old = with_exchange(recorded("claude"), "GET", "https://claude.ai/api/chats", body=body)
    body = b'{"items": [{"name": "x"}], "total": 1}'
    new = with_exchange(recorded("claude"), "GET", "https://claude.ai/api/chats", body=body)
    assert compare(old, new) == ()
    whole = with_exchange(recorded("claude"), "GET", "https://claude.ai/api/chats", body=b"[]")
    filled = with_exchange(recorded("claude"), "GET", "https://claude.ai/api/chats", body=b'[{"name": "x"}]')
    assert not is_grave(compare(whole, filled))


def test_a_step_that_was_not_reached_is_named() -> None:
    [found] = compare(looked(recorded("claude"), send=(1,)), recorded("claude"))
    assert found.weight == "notable"
    assert "'filled' was looked at in the old recording" in found.sentence


PAGE = """<body><nav><a data-testid="history">{title}</a></nav>
<main data-testid="thread"><div role="article"><div class="a1 markdown"><p>{text}</p></div></div></main>
<form><div contenteditable="true" role="textbox"></div><br></form></body>"""


def test_another_composer_and_another_place_of_the_answer_are_named() -> None:
    text = TEXT.replace("*", "").replace("`", "")
    page = PAGE.format(title="Naïve", text=text)
    old = shown(recorded("claude"), page)
    assert compare(old, shown(recorded("claude"), page.replace("a1", "z9"))) == ()
    other = page.replace('<div contenteditable="true" role="textbox"></div>', "<textarea></textarea>")
    other = other.replace('role="article"', 'role="listitem"').replace("thread", "timeline")
    found = sentences(compare(old, shown(recorded("claude"), other)))
    assert found == [
        "notable: The composer is textarea now at the step 'done', and was "
        "div[role=textbox][contenteditable=true].",
        "minor: What the answer stands in changed at the step 'done'.",
        "minor: 1 test ids (data-testid) are gone: thread.",
        "minor: 1 test ids (data-testid) are new: timeline.",
    ]


def test_a_page_without_a_composer_is_told() -> None:
    page = PAGE.format(title="x", text="y")
    bare = page.replace(' contenteditable="true"', "")
    [found] = compare(shown(recorded("claude"), page), shown(recorded("claude"), bare))
    assert (found.weight, "not seen any more" in found.sentence) == ("notable", True)


def test_builds_language_browser_and_origin() -> None:
    old = about(recorded("claude"), stamps={"build": "one", "deploy": "d"}, language="en")
    new = about(
        recorded("claude"),
        stamps={"build": "two"},
        language="de",
        browser="Chrome/157.0",
        origin="https://claude.com",
    )
    new = attrs.evolve(new, exchanges=old.exchanges)
    found = sentences(compare(old, new))
    assert "minor: The site's build build is two now, and was one." in found
    assert "minor: The page does not tell its build deploy any more; it was d." in found
    assert any(one.startswith("notable: The page is in de now, and was in en") for one in found)
    assert "notable: The page stands at https://claude.com now, and stood at https://claude.ai." in found
    assert any(one.startswith("minor: It was recorded with Chrome/157.0") for one in found)


# --- the network --------------------------------------------------------------------------------------------


def test_an_answer_that_comes_from_elsewhere_is_named_and_still_compared() -> None:
    new = asked(recorded("claude", unknown=True), url="https://claude.ai/api/v2/answer?rt=c")
    found = sentences(compare(recorded("claude"), new))
    assert found[0] == (
        "breaks: The answer comes from POST claude.ai/api/v2/answer now, and came from "
        "POST claude.ai/api/organizations/1/chat_conversations/2/completion."
    )
    assert any("'novelty_of_tomorrow'" in one for one in found[1:])


def test_new_and_vanished_places_are_named() -> None:
    old = with_exchange(recorded("claude"), "PUT", "https://claude.ai/api/prepare")
    new = with_exchange(recorded("claude"), "GET", "https://claude.ai/api/limits")
    assert sentences(compare(old, new)) == [
        "notable: PUT claude.ai/api/prepare is not asked any more (once).",
        "minor: GET claude.ai/api/limits is asked now, and was not (once).",
    ]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"headers": (("content-type", "x"), ("X-Proof", "abc"), ("sec-fetch-mode", "cors"))},
            "the request header x-proof is new.",
        ),
        (
            {"url": "https://claude.ai/api/organizations/1/chat_conversations/2/completion?rt=c&sign=1"},
            "the query parameter sign is new.",
        ),
        (
            {"body": Body.of(b'{"prompt": ["Hi"], "stream": true, "proof": {"a": 1, "b": 2}}')},
            "what is asked: the field proof is new.",
        ),
        ({"body": Body.of(b'{"prompt": 4, "stream": true}')}, "prompt is number now, and was string."),
        ({"body": Body.of(b'{"prompt": "Hi"}')}, "what is asked: the field stream is gone."),
        (
            {"body": Body.of(gzip.compress(b'{"prompt": "Hi", "stream": true, "mood": 1}'))},
            "what is asked: the field mood is new.",
        ),
        ({"body": Body.of(b"prompt=Hi&stream=true&at=token")}, "what is asked: the field at is new."),
    ],
)
def test_what_the_answer_is_asked_with(changed: dict[str, Any], words: str) -> None:
    found = sentences(compare(recorded("claude"), asked(recorded("claude"), **changed)))
    assert any(one.startswith("notable") and one.endswith(words) for one in found), found


def test_a_refusal_breaks_and_so_does_another_form() -> None:
    old = recorded("claude")
    [status, *_] = compare(old, bend(old).at("POST *").status(429, "{}").session)
    assert (status.kind, status.weight) == ("answer", "breaks")
    assert status.sentence.endswith("the status is 429 now, and was 200.")
    whole = with_body(old, json.dumps({"completion": TEXT}).encode(), media_type="application/json")
    found = sentences(compare(old, whole))
    assert any(
        "breaks" in one and "form of the answer is document now, and was events" in one for one in found
    )


def test_an_answer_that_breaks_off_is_told_before_what_it_lacks() -> None:
    old = recorded("claude")
    first, second, *_ = sentences(compare(old, bend(old).at("POST *").cut(event=3).session))
    assert first.startswith("breaks: POST claude.ai/")
    assert first.endswith("it fails now (net::ERR_INCOMPLETE_CHUNKED_ENCODING), and did not.")
    assert "kinds of events do not come any more ('content_block_start/text', " in second


# --- streams ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda it: edited(it, '"type":"text_delta"', '"type":"prose_delta"'),
            "'content_block_delta/prose_delta'",
        ),
        (lambda it: edited(it, '"stop_reason":"end_turn"', '"stop_reason":"done_now"'), "says done_now now"),
        (lambda it: edited(it, '"role":"assistant"', '"role":"assistant","mood":"x"'), "message.mood is new"),
        (lambda it: edited(it, ',"citations":[]', ""), "content_block.citations is gone"),
        (
            lambda it: edited(it, '"content":[]', '"content":"none"'),
            "message.content is string now, and was array",
        ),
    ],
)
def test_a_streams_changes_are_named(change: Callable[[Session], Session], words: str) -> None:
    old = recorded("claude")
    found = [one for one in sentences(compare(old, change(old))) if words in one]
    assert found
    assert all(one.startswith("notable: POST claude.ai/") for one in found)


def test_events_in_another_order_are_named() -> None:
    old = recorded("claude")
    new = recorded("claude", limit_first=True)
    [found] = compare(old, new)
    assert found.sentence.endswith("'message_limit/within_limit' comes before 'message_delta' now.")


@pytest.mark.parametrize(
    ("site", "place"),
    [
        ("chatgpt", "'orbital_status' (2 times"),
        ("claude", "'content_block_delta/sparkle_delta' (once"),
        ("gemini", "the field [2]()[4][0][99] is new"),
        ("aistudio", "[0][0][0][0][0][21]"),
    ],
)
def test_shapes_that_nobody_knew_are_named_for_every_site(site: str, place: str) -> None:
    found = sentences(compare(recorded(site), recorded(site, unknown=True)))
    assert any(place in one for one in found), found


def test_an_answer_in_one_piece_is_named() -> None:
    old = recorded("claude")
    size = len(body_of(old))
    page, exchange = old.exchanges
    assert exchange.response is not None
    whole = attrs.evolve(exchange.response, chunks=(Chunk(9.0, size),))
    new = attrs.evolve(old, exchanges=(page, attrs.evolve(exchange, response=whole)))
    assert sentences(compare(old, new)) == [
        "notable: POST claude.ai/api/organizations/1/chat_conversations/2/completion: the answer "
        "comes in one piece now, and came in many pieces."
    ]


def test_what_a_socket_says_is_compared_down_to_the_events_in_it() -> None:
    old = socket_session()
    [socket] = old.exchanges
    more = Message(at=9.0, sent=False, data='[{"type": "presence", "who": ["x"]}]')
    renamed = [
        attrs.evolve(one, data=str(one.data).replace("message_marker", "scroll_marker"))
        for one in socket.messages
    ]
    new = attrs.evolve(old, exchanges=(attrs.evolve(socket, messages=(*renamed, more)),))
    found = sentences(compare(old, new))
    assert any("a new kind of message came, 'presence' (once; type, who)" in one for one in found)
    assert any("a new kind of message came, 'scroll_marker'" in one for one in found)


# --- what was heard --------------------------------------------------------------------------------------


def heard(session: Session, *events: dict[str, Any]) -> Session:
    return attrs.evolve(session, heard=tuple(Heard(float(at), event) for at, event in enumerate(events)))


def test_what_the_relay_heard_otherwise_is_named() -> None:
    text = {"event": "TextDelta", "text": TEXT}
    old = heard(recorded("claude"), text, {"event": "Finished", "finish_reason": "stop", "capture": "stream"})
    drift = {"event": "Drift", "kind": "event", "detail": "novelty"}
    lower = {"event": "Finished", "finish_reason": "stop", "capture": "page"}
    assert sentences(compare(old, heard(old, drift, drift, text, lower))) == [
        "notable: The turn ended otherwise: stop, heard by page, and it was stop, heard by stream.",
        "notable: The relay met what it does not know 2 times (event): novelty",
    ]
    failed = {"event": "error", "code": "stream_drift"}
    assert sentences(compare(old, heard(old, failed)))[:2] == [
        "breaks: The turn failed (stream_drift); it was answered.",
        "breaks: No text was heard any more; there was an answer.",
    ]


def test_other_words_are_told_only_where_both_were_kept() -> None:
    old = about(recorded("claude"), kept=("answer",))
    new = recorded("claude", text="Other words.")
    assert sentences(compare(old, about(new, kept=("answer",)))) == ["minor: The answers' texts differ."]
    assert compare(old, new) == ()


def test_an_empty_recording_is_compared_without_a_fault() -> None:
    empty = attrs.evolve(recorded("claude"), exchanges=(), heard=())
    found = compare(recorded("claude"), empty)
    assert found[0].weight == "breaks"
    assert not any(one.weight == "breaks" for one in compare(empty, recorded("claude")))
