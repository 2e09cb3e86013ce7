"""What stays of a page is its making and the site's own words; what anybody wrote is masked."""

from __future__ import annotations

import gzip
import json
from typing import Any

import attrs
import pytest

from cdp_relay.recording.redaction import find_leaks, redact
from cdp_relay.recording.redaction.bodies import filler
from cdp_relay.recording.redaction.masks import mask
from cdp_relay.recording.session import Body, Exchange, KnownText, Request, Response, Session, Snapshot
from tests.recording.sessions import about, exchange

SCRIPT = b'const t=()=>h("button",{"aria-label":"Send prompt"},"New chat"),e=\'Ask any\\u0074hing\';'
PAGE = """<!doctype html><html lang="en"><body class="dark mode">
<nav><button aria-label="Send prompt" data-testid="send">New chat</button><a href="/c/{id}">Biopsy</a></nav>
<div id="prompt" contenteditable="true" data-placeholder="Ask anything" style="color: red">My draft</div>
<input value="typed words"><input type="hidden" value="auto"><img alt="A face" src="/a.png">
<p data-message-id="{id}">The answer was &eacute;asy.</p>
<script type="application/json">{{"title": "Biopsy"}}</script>
</body></html>"""
ID = "d6437da6-80f4-4d2f-a4dc-cad1a9997755"


def session(page: str = PAGE, *exchanges: Exchange, **facts: Any) -> Session:
    html = Body.of(page.replace("{id}", ID).replace("{{", "{").replace("}}", "}").encode())
    snapshot = Snapshot(
        step="done", at=1.0, url=f"https://chatgpt.com/c/{ID}", title="Biopsy", html=html, **facts
    )
    script = exchange("https://chatgpt.com/app.js", SCRIPT, mime_type="text/javascript")
    return Session(about=about(redacted=False), exchanges=(script, *exchanges), snapshots=(snapshot,))


def test_the_sites_words_stay_and_the_persons_are_masked() -> None:
    redacted = redact(session()).session
    page = redacted.snapshots[0].html.read().decode()
    place = "00000000-0000-4000-8000-000000000001"
    assert page == (
        PAGE.replace("{id}", place)
        .replace("{{", "{")
        .replace("}}", "}")
        .replace("Biopsy", "Xxxxxx")
        .replace("My draft", "Xx xxxxx")
        .replace("typed words", "xxxxx xxxxx")
        .replace("A face", "X xxxx")
        .replace("The answer was &eacute;asy.", "Xxx xxxxxx xxx &#00248;xxx.")
    )
    assert redacted.snapshots[0].url == f"https://chatgpt.com/c/{place}"
    assert redacted.snapshots[0].title == "Xxxxxx"
    assert redacted.about.site_words == ("Ask anything", "New chat", "Send prompt")
    assert find_leaks(redacted) == []


def test_a_check_without_the_sites_code_goes_by_the_words_that_are_told() -> None:
    redacted = redact(session()).session
    lean = attrs.evolve(redacted, exchanges=())
    assert find_leaks(lean) == []
    untold = attrs.evolve(lean, about=attrs.evolve(lean.about, site_words=()))
    assert {leak.kind for leak in find_leaks(untold)} == {"text"}
    assert any("page at done" in leak.place and "New" not in leak.sample for leak in find_leaks(untold))


def test_what_is_stored_stays_where_it_tells_nothing() -> None:
    stored = {
        "theme": "dark",
        "count": "12",
        "draft": "Dear Ada, I",
        "state": '{"email": "ada@love.example", "open": true}',
        f"seen/{ID}": "true",
    }
    [snapshot] = redact(session(storage=stored), known=["dark"]).session.snapshots
    assert dict(snapshot.storage) == {
        "theme": "dark",
        "count": "12",
        "draft": "Xxxx Xxx, X",
        "state": '{"email": "xxx1@example.com", "open": true}',
        "seen/00000000-0000-4000-8000-000000000001": "true",
    }


def test_what_was_kept_stays_as_the_page_shows_it() -> None:
    one = attrs.evolve(session(), texts=(KnownText("answer", "The **answer** was éasy."),))
    page = redact(one, keep=["answer"]).session.snapshots[0].html.read().decode()
    assert "The answer was &eacute;asy." in page
    assert "Xx xxxxx" in page


@pytest.mark.parametrize(
    ("media", "headers"),
    [
        ("text/javascript", (("cache-control", "private, no-store"),)),
        ("text/html", ()),
    ],
)
def test_data_that_a_script_hands_over_are_no_words_of_the_sites(media: str, headers: Any) -> None:
    data = b'show({"first_name": "Ada", "of": ["Dear diary", 3]});'
    if media == "text/html":
        data = b'<script>boot({first_name: "Ada", of: "[\\"Dear diary\\"]"})</script>'
    before = session(
        "<p>Dear diary", exchange("https://chatgpt.com/data", data, mime_type=media, headers=headers)
    )
    redacted = redact(before).session
    response = redacted.exchanges[1].response
    assert response is not None
    assert response.body is not None
    assert response.body.read() == data.replace(b"Ada", b"Xxx").replace(b"Dear diary", b"Xxxx xxxxx")
    assert redacted.snapshots[0].html.read() == b"<p>Xxxx xxxxx"
    assert redacted.about.site_words == ()
    assert {leak.kind for leak in find_leaks(before)} >= {"text", "name"}
    assert find_leaks(redacted) == []


def test_a_prompt_of_one_word_is_masked_wherever_a_request_holds_it() -> None:
    url = "https://chatgpt.com/search?q=biopsy&lang=en"
    request = Request(
        method="POST",
        url=url,
        headers=(("content-type", "application/x-www-form-urlencoded"), ("x-title", "Ada Lovelace")),
        body=Body.of(b"words=biopsy&mode=fast"),
    )
    one = Exchange(id="1", at=0.0, request=request, response=Response(status=204))
    texts = (KnownText("prompt", "biopsy"),)
    before = Session(about=about(redacted=False), exchanges=(one,), texts=texts)
    [redacted] = redact(before).session.exchanges
    assert redacted.request.url == "https://chatgpt.com/search?q=xxxxxx&lang=en"
    assert redacted.request.body == Body.of(b"words=xxxxxx&mode=fast")
    assert redacted.request.headers[1] == ("x-title", "Xxx Xxxxxxxx")


@pytest.mark.parametrize(
    ("media", "headers", "stays"),
    [
        ("image/png", (("cache-control", "public, max-age=31536000, immutable"),), True),
        ("image/png", (("cache-control", "private, max-age=31536000"),), False),
        ("image/png", (), False),
        ("font/woff2", (), True),
        ("application/pdf", (), False),
        ("application/octet-stream", (("content-disposition", "attachment; filename=my.bin"),), False),
    ],
)
def test_files_of_somebody_become_filler(media: str, headers: tuple[Any, ...], stays: bool) -> None:
    data = b"%PDF" + bytes(range(256))
    one = exchange("https://chatgpt.com/file", data, mime_type=media, headers=headers)
    before = session("<p>", one)
    redacted = redact(before).session
    response = redacted.exchanges[1].response
    assert response is not None
    assert response.body is not None
    assert (response.body.read() == data) is stays
    assert response.body.size == len(data)
    assert bool([leak for leak in find_leaks(before) if leak.kind == "file"]) is not stays
    assert find_leaks(redacted) == []
    assert redact(redacted).session.exchanges == redacted.exchanges
    kept = redact(before, keep=["files"]).session.exchanges[1].response
    assert kept is not None
    assert kept.body == Body.of(data)


def test_a_picture_becomes_a_picture() -> None:
    assert filler(bytes(100), "image/jpeg").startswith(b"GIF89a")
    assert len(filler(bytes(100), "image/jpeg")) == 100
    assert filler(b"abc", "image/png") == bytes(3)


def test_times_begin_with_their_day() -> None:
    answer = exchange(
        "https://chatgpt.com/api",
        b'{"at": 1795289754.123, "on": "2026-11-21T19:35:55.5Z"}',
        mime_type="application/json",
        headers=(("Date", "Sat, 21 Nov 2026 19:35:54 GMT"),),
    )
    before = Session(about=about(redacted=False), exchanges=(answer,))
    assert [leak.kind for leak in find_leaks(before)] == ["time"]
    redacted = redact(before).session
    response = redacted.exchanges[0].response
    assert response is not None
    assert response.body is not None
    assert response.headers == (("Date", "Sat, 21 Nov 2026 00:00:01 GMT"),)
    assert response.body.read() == b'{"at": 1795219201.123, "on": "2026-11-21T00:00:02.5Z"}'
    assert find_leaks(redacted) == []


def test_names_in_flat_lists_stay_where_the_code_knows_them_and_numbers_that_are_keys_are_no_times() -> None:
    code = b"const view = x.loaderData.user; tell(view.familyName, view.planType); x.reloadAll();"
    script = exchange("https://chatgpt.com/assets/app.js", code, mime_type="text/javascript")
    script = attrs.evolve(script, resource_type="script")
    flat = ["loaderData", "user", "familyName", "Liddell", "planType", "secretsociety", "reloadAll"]
    data = [*flat, {"tried": {"1719651090": True}, "made": 1719651090}]
    answer = exchange("https://chatgpt.com/api", json.dumps(data).encode(), mime_type="application/json")
    near = exchange("https://chatgpt.com/api/now", b'{"at": 1795289754}', mime_type="application/json")
    redacted = redact(Session(about=about(redacted=False), exchanges=(script, answer, near))).session
    response = redacted.exchanges[1].response
    assert response is not None
    assert response.body is not None
    said = ["loaderData", "user", "familyName", mask("Liddell"), "planType"]
    assert json.loads(response.body.read()) == [
        *(*said, mask("secretsociety"), mask("reloadAll")),
        {"tried": {"1719651090": True}, "made": 1719651090 - 1795289754 % 86_400},
    ]
    assert find_leaks(redacted) == []


def test_times_go_by_the_first_one_where_no_answer_says_when_it_came() -> None:
    data = b'[{"at": 1795289754}, {"at": 1795289760123}, {"on": "2026-11-21T19:35:55Z"}'
    data += b', {"made": "2024-01-01T20:00:00Z"}, {"was": "1991-01-01T10:00:00Z"}]'
    answer = exchange("https://chatgpt.com/api", data, mime_type="application/json")
    before = Session(about=about(redacted=False), exchanges=(answer,))
    assert [leak.kind for leak in find_leaks(before)] == ["time"]
    redacted = redact(before)
    response = redacted.session.exchanges[0].response
    assert response is not None
    assert response.body is not None
    times = [value for one in json.loads(response.body.read()) for value in one.values()]
    near = [1795219200, 1795219206123, "2026-11-21T00:00:01Z", "2024-01-01T00:24:06Z"]
    assert times == [*near, "1991-01-01T10:00:00Z"]
    assert find_leaks(redacted.session) == []
    assert redact(Session(about=about(redacted=False))).notes == (
        "nothing says when it was recorded, so times of the day are as they were",
    )


def test_a_persons_own_pattern_is_replaced_and_found() -> None:
    answer = exchange("https://chatgpt.com/api", b'{"x": "badge-EMP-4711"}', mime_type="application/json")
    before = Session(about=about(redacted=False), exchanges=(answer,))
    assert find_leaks(before) == []
    [leak] = find_leaks(before, own=["EMP-[0-9]+"])
    assert (leak.kind, leak.sample) == ("token", "EM•••••• (8)")
    redacted = redact(before, own=["EMP-[0-9]+"]).session
    assert find_leaks(redacted, own=["EMP-[0-9]+"]) == []
    assert find_leaks(redacted, secrets=["EMP-4711"]) == []
    [given] = find_leaks(before, secrets=["EMP-4711"])
    assert given.kind == "given"


def test_a_packed_request_says_its_new_length() -> None:
    body = gzip.compress(b'{"email": "ada.lovelace@love.example", "n": 1}', 1)
    headers = (
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("content-length", str(len(body))),
    )
    request = Request(method="POST", url="https://chatgpt.com/x", headers=headers, body=Body.of(body))
    one = Exchange(id="1", at=0.0, request=request, response=Response(status=204))
    [redacted] = redact(Session(about=about(redacted=False), exchanges=(one,))).session.exchanges
    assert redacted.request.body is not None
    packed = redacted.request.body.read()
    assert gzip.decompress(packed) == b'{"email": "xxxxxxxxxxxx1@example.com", "n": 1}'
    assert ("content-length", str(len(packed))) in redacted.request.headers
