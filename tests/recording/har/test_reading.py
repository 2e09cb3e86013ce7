from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from cdp_relay.errors import RecordingInvalid
from cdp_relay.recording.har import read_har, write_har
from cdp_relay.recording.session import Body, Chunk, Message, Session
from tests.recording.sessions import about, exchange

DEVTOOLS: dict[str, Any] = {
    "log": {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "537.36"},
        "pages": [
            {
                "startedDateTime": "2026-11-20T09:30:00.250Z",
                "id": "page_1",
                "title": "https://chatgpt.com/",
                "pageTimings": {"onContentLoad": 300.5, "onLoad": 700.25},
            }
        ],
        "entries": [
            {
                "_connectionId": "31",
                "_initiator": {"type": "other"},
                "_priority": "VeryHigh",
                "_resourceType": "document",
                "cache": {},
                "connection": "443",
                "pageref": "page_1",
                "request": {
                    "method": "GET",
                    "url": "https://chatgpt.com/",
                    "httpVersion": "http/2.0",
                    "headers": [
                        {"name": ":authority", "value": "chatgpt.com"},
                        {"name": "accept", "value": "text/html"},
                    ],
                    "queryString": [],
                    "cookies": [],
                    "headersSize": -1,
                    "bodySize": 0,
                },
                "response": {
                    "status": 200,
                    "statusText": "",
                    "httpVersion": "http/2.0",
                    "headers": [{"name": "content-type", "value": "text/html; charset=utf-8"}],
                    "cookies": [],
                    "content": {"size": 15, "mimeType": "text/html", "text": "<title>Ä</title>"},
                    "redirectURL": "",
                    "headersSize": -1,
                    "bodySize": -1,
                    "_transferSize": 412,
                    "_error": None,
                    "_fetchedViaServiceWorker": False,
                },
                "serverIPAddress": "203.0.113.7",
                "startedDateTime": "2026-11-20T10:30:00.250+01:00",
                "time": 120.5,
                "timings": {
                    "blocked": 2.5,
                    "dns": -1,
                    "ssl": -1,
                    "connect": -1,
                    "send": 0.25,
                    "wait": 100,
                    "receive": 17.75,
                    "_blocked_queueing": 1.5,
                    "_workerStart": -1,
                },
            },
            {
                "_fromCache": "disk",
                "_resourceType": "image",
                "cache": {},
                "request": {"method": "GET", "url": "https://cdn.example/dot.png", "headers": []},
                "response": {
                    "status": 200,
                    "headers": [],
                    "content": {
                        "size": 4,
                        "mimeType": "image/png",
                        "text": "iVBORw==",
                        "encoding": "base64",
                    },
                },
                "startedDateTime": "2026-11-20T09:30:01Z",
                "time": 0,
                "timings": None,
            },
            {
                "_resourceType": "fetch",
                "request": {
                    "method": "POST",
                    "url": "https://chatgpt.com/api?q=1",
                    "headers": [{"name": "content-type", "value": "application/json"}],
                    "postData": {"mimeType": "application/json", "text": '{"a":"ä"}'},
                },
                "response": {"status": 200, "content": {"size": 900, "mimeType": "application/json"}},
                "startedDateTime": "2026-11-20T09:30:02Z",
            },
            {
                "_resourceType": "fetch",
                "request": {"method": "GET", "url": "https://chatgpt.com/gone"},
                "response": {"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT"},
                "startedDateTime": "2026-11-20T09:30:03Z",
            },
            {
                "_resourceType": "websocket",
                "_webSocketMessages": [
                    {"type": "send", "time": 1795167004.5, "opcode": 1, "data": "hi"},
                    {"type": "receive", "time": 1795167005.25, "opcode": 2, "data": "AP8="},
                ],
                "request": {"method": "GET", "url": "wss://chatgpt.com/ws"},
                "response": {"status": 101, "content": {"size": 0, "mimeType": "x-unknown"}},
                "startedDateTime": "2026-11-20T09:30:04Z",
            },
        ],
    }
}

PLAYWRIGHT: dict[str, Any] = {
    "log": {
        "version": "1.2",
        "creator": {"name": "Playwright", "version": "1.65.2"},
        "browser": {"name": "chromium", "version": "156.0.6999.0"},
        "entries": [
            {
                "startedDateTime": "2026-11-20T09:30:00.000Z",
                "time": 10.5,
                "request": {
                    "method": "GET",
                    "url": "http://localhost:8000/",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [],
                    "queryString": [],
                    "headersSize": 300,
                    "bodySize": 0,
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [{"name": "Content-Type", "value": "text/html"}],
                    "content": {"size": -1, "mimeType": "text/html", "_file": "0a1b2c.html"},
                    "headersSize": -1,
                    "bodySize": -1,
                    "redirectURL": "",
                },
                "cache": {},
                "timings": {"send": -1, "wait": -1, "receive": 10.5},
            },
            {
                "startedDateTime": "2026-11-20T09:30:01.000Z",
                "time": -1,
                "request": {"method": "GET", "url": "http://localhost:8000/slow"},
                "response": {"status": -1, "content": {"size": -1, "mimeType": "x-unknown"}},
                "cache": {},
                "timings": {"send": -1, "wait": -1, "receive": -1},
            },
        ],
    }
}


def put(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def bodies(session: Session) -> list[bytes | None]:
    return [
        one.response.body.read() if one.response and one.response.body else None for one in session.exchanges
    ]


# --- other programs' -----------------------------------------------------------------------------


def test_an_export_of_devtools_is_read(tmp_path: Path) -> None:
    session = read_har(put(tmp_path / "chat.har", DEVTOOLS))

    assert session.about.site == "chatgpt.com"
    assert session.about.origin == "https://chatgpt.com"
    assert session.about.recorded_on == "2026-11-20"
    assert not session.about.redacted
    page, picture, api, blocked, socket = session.exchanges
    assert (page.at, page.ended_at) == (0.0, 0.1205)
    assert page.request.headers == (("accept", "text/html"),)
    assert page.timings.blocked == 0.0025
    assert page.timings.dns is None
    assert bodies(session) == ["<title>Ä</title>".encode(), b"\x89PNG", None, None, None]
    assert page.response
    assert page.response.transferred == 412
    assert page.response.chunks == ()
    assert (picture.at, picture.from_cache) == (0.75, True)
    assert api.request.body == Body.of('{"a":"ä"}'.encode())
    assert api.response
    assert (api.response.left_out, api.response.size) == ("the file does not hold it", 900)
    assert (blocked.response, blocked.error) == (None, "net::ERR_BLOCKED_BY_CLIENT")
    assert socket.response
    assert socket.response.left_out == ""
    assert socket.messages == (
        Message(at=4.25, sent=True, data="hi"),
        Message(at=5.0, sent=False, data=b"\0\xff"),
    )


def test_an_export_of_playwright_is_read_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "0a1b2c.html").write_bytes(b"<h1>\xff")
    session = read_har(put(tmp_path / "page.har", PLAYWRIGHT))

    assert bodies(session) == [b"<h1>\xff", None]
    assert session.about.browser == "chromium/156.0.6999.0"
    assert session.about.origin == "http://localhost:8000"
    assert session.exchanges[1].response is None


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/b", "..", ""])
def test_a_file_beside_the_har_is_only_read_from_its_folder(tmp_path: Path, name: str) -> None:
    document = copy.deepcopy(PLAYWRIGHT)
    document["log"]["entries"][0]["response"]["content"]["_file"] = name
    (tmp_path / "secret").write_text("of somebody")
    folder = tmp_path / "inner"
    folder.mkdir()

    with pytest.raises(RecordingInvalid, match=r"entry 1: `_file` leads out"):
        read_har(put(folder / "page.har", document))


def test_what_was_read_from_elsewhere_is_written_as_ours(tmp_path: Path) -> None:
    session = read_har(put(tmp_path / "chat.har", DEVTOOLS))
    with (tmp_path / "ours.har").open("wb") as file:
        write_har(session, file)

    assert read_har(tmp_path / "ours.har") == session


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b" \n"])
def test_a_byte_order_mark_is_no_harm(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a.har").write_bytes(start + json.dumps(DEVTOOLS).encode())

    assert len(read_har(tmp_path / "a.har").exchanges) == 5


def test_a_har_without_entries_is_an_empty_session(tmp_path: Path) -> None:
    empty = {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}
    session = read_har(put(tmp_path / "empty.har", empty))

    assert (session.exchanges, session.about.origin) == ((), "")


@pytest.mark.parametrize("url", ["https://[", "", "nothing", "about:blank"])
def test_an_address_that_is_none_is_no_harm(tmp_path: Path, url: str) -> None:
    document = copy.deepcopy(DEVTOOLS)
    document["log"]["entries"][0]["request"]["url"] = url
    del document["log"]["entries"][4]["_resourceType"]
    session = read_har(put(tmp_path / "chat.har", document))

    assert (session.exchanges[0].request.url, session.about.origin) == (url, "")
    assert session.exchanges[4].resource_type == "websocket"


def test_requests_are_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    document = copy.deepcopy(DEVTOOLS)
    document["log"]["entries"].reverse()

    assert [one.at for one in read_har(put(tmp_path / "chat.har", document)).exchanges] == [
        0,
        0.75,
        1.75,
        2.75,
        3.75,
    ]


# --- damaged ---------------------------------------------------------------------------------------

OURS = Session(
    about=about(),
    exchanges=(
        exchange(),
        exchange(body=b"data: 1\n\ndata: 2\n\n", chunks=(Chunk(0.75, 9), Chunk(1.25, 9))),
    ),
)


def ours(tmp_path: Path) -> dict[str, Any]:
    with (tmp_path / "good.har").open("wb") as file:
        write_har(OURS, file)
    document = json.loads((tmp_path / "good.har").read_bytes())
    assert isinstance(document, dict)
    return document


def place(document: dict[str, Any], *steps: str | int) -> Any:
    found: Any = document["log"]
    for step in steps:
        found = found[step]
    return found


Damage = Callable[[dict[str, Any]], None]
CONTENT = ("entries", 1, "response", "content")

DAMAGED: list[tuple[str, Damage]] = [
    (r"is HAR 2\.0; 1\.2 is what", lambda d: d["log"].update(version="2.0")),
    (r"no HAR: .*`version`.*`\$\.log`", lambda d: d["log"].pop("version")),
    (r"no HAR: .*`entries`", lambda d: d["log"].pop("entries")),
    (r"no HAR: .*`log`", lambda d: d.pop("log")),
    (r"no HAR: Expected `array`.*`\$\.log\.entries`", lambda d: d["log"].update(entries={})),
    (r"before its entries: .*recorded_on", lambda d: place(d, "_about").pop("recorded_on")),
    (r"before its entries: .*isoformat", lambda d: place(d, "_about").update(recorded_on="yesterday")),
    (r"entry 2: .*`startedDateTime`", lambda d: place(d, "entries", 1).pop("startedDateTime")),
    (r"entry 2: .*isoformat", lambda d: place(d, "entries", 1).update(startedDateTime="now")),
    (r"entry 1: .*`url`.*`\$\.request`", lambda d: place(d, "entries", 0, "request").pop("url")),
    (r"entry 2: .*`int`, got `str`.*status", lambda d: place(d, *CONTENT[:3]).update(status="200")),
    (r"entry 2: .*`_chunks` are not the 18 bytes", lambda d: place(d, *CONTENT, "_chunks").pop()),
    (r"entry 2: .*_chunks\[0\]", lambda d: place(d, *CONTENT, "_chunks").insert(0, [5])),
    (r"entry 2: .*negative size", lambda d: place(d, *CONTENT, "_chunks").insert(0, [1, -1])),
    (r"entry 2: .*'gzip'", lambda d: place(d, *CONTENT).update(encoding="gzip")),
    (r"entry 2: .*no base64", lambda d: place(d, *CONTENT).update(encoding="base64", text="#")),
    (r"entry 1: .*got `int`", lambda d: place(d, "entries").insert(0, 7)),
    (
        r"entry 1: .*no base64",
        lambda d: place(d, "entries", 0).update(
            _webSocketMessages=[{"type": "send", "time": 1.0, "opcode": 2, "data": "é"}]
        ),
    ),
]


@pytest.mark.parametrize(("said", "damage"), DAMAGED)
def test_what_is_damaged_is_named_with_its_place(tmp_path: Path, said: str, damage: Damage) -> None:
    document = ours(tmp_path)
    damage(document)

    with pytest.raises(RecordingInvalid, match=said) as raised:
        read_har(put(tmp_path / "bad.har", document))
    assert str(tmp_path / "bad.har") in raised.value.message


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"log":"\xff"}', b"PK\x03\x04", b"[" * 100_000],
    ids=["empty", "cut", "array", "null", "utf-16", "not utf-8", "zip", "deep"],
)
def test_what_is_no_har_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.har").write_bytes(data)

    with pytest.raises(RecordingInvalid, match=r"bad\.har is no HAR"):
        read_har(tmp_path / "bad.har")


def test_a_file_that_is_cut_anywhere_is_damaged(tmp_path: Path) -> None:
    ours(tmp_path)
    data = (tmp_path / "good.har").read_bytes()
    cut = tmp_path / "cut.har"
    for end in range(0, len(data) - 3, 41):
        cut.write_bytes(data[:end])
        with pytest.raises(RecordingInvalid):
            read_har(cut)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.har", tmp_path):
        with pytest.raises(RecordingInvalid, match="cannot be read"):
            read_har(path)


# --- packed ----------------------------------------------------------------------------------------


def test_a_packed_file_is_read_and_a_damaged_one_named(tmp_path: Path) -> None:
    ours(tmp_path)
    data = (tmp_path / "good.har").read_bytes()
    packed = tmp_path / "a.har.zst"
    packed.write_bytes(zstandard.ZstdCompressor(write_checksum=True).compress(data))
    assert read_har(packed) == OURS

    # From a pipe, its length is not known beforehand.
    pipe = zstandard.ZstdCompressor().compressobj()
    packed.write_bytes(pipe.compress(data) + pipe.flush())
    assert read_har(packed) == OURS

    good = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    for bad in (good[:-40], good[:200] + b"\0\0\0" + good[203:], good + b"more", b"", data):
        packed.write_bytes(bad)
        with pytest.raises(RecordingInvalid, match=r"a\.har\.zst is (damaged|no HAR)"):
            read_har(packed)
