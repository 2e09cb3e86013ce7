"""A page as a site makes it for one person: all that is his goes, and all that makes it run stays."""

from __future__ import annotations

import base64
import json

from cdp_relay.recording.redaction import find_leaks, redact
from cdp_relay.recording.session import About, Body, Exchange, KnownText, Request, Response, Session, Snapshot

PAGE = r"""<!doctype html><html lang="de"><head><title>Meine Steuern - Gemini</title>
<script nonce="aBc9Xz_kLmNoPqRsTuVw">window.WIZ_global_data = {"SNlM0e":"AFoagUVDxyz123:1763751600123",
"oPEP7c":"anna.lind77@gmail.com","S06Grb":"117263549182736451928","FdrFJe":"-4146049163487242749",
"cfb2h":"boq_assistant-bard-web-server_20260310.04_p0","Im6cmf":"/_/BardChatUi"};
AF_initDataCallback({key:'ds:1',data:["Anna Lind","https://lh3.googleusercontent.com/a/ACg8ocJx9dKq_Z1=s96-c",
["Berlin, Deutschland",52.5200,13.4050],"\x22anna.lind77\x40gmail.com\x22"]});</script>
<script src="/_/js/k=boq.x.js" integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQl"></script>
</head><body><a href="/app/c1d2e3f4a5b60718" aria-label="Meine Steuern 2025">Meine Steuern 2025</a>
<img alt="Anna Lind" src="https://lh3.googleusercontent.com/a/ACg8ocJx9dKq_Z1=s64-c">
<p>Hallo, Anna</p></body></html>"""

ME = {
    "id": "user-Ab12Cd34Ef56Gh78",
    "email": "anna.lind77@gmail.com",
    "name": "Anna Lind",
    "picture": "https://s.gravatar.com/avatar/0bc83cb571cd1c50ba6f3e8a78ef1346?d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fal.png",
    "phone_number": "+491701234567",
    "country": "DE",
}

HIS = [
    "Anna",
    "Lind",
    "anna.lind77",
    "Steuern",
    "AFoagUVDxyz123",
    "117263549182736451928",
    "4146049163487242749",
    "ACg8ocJx9dKq_Z1",
    "Berlin",
    "52.52",
    "c1d2e3f4a5b60718",
    "Ab12Cd34Ef56Gh78",
    "0bc83cb571cd1c50ba6f3e8a78ef1346",
    "al.png",
    "1701234567",
    '"DE"',
    "g.a000abcXYZ",
]


def recorded() -> Session:
    headers = (
        ("date", "Sat, 21 Nov 2026 19:03:21 GMT"),
        ("set-cookie", "__Secure-1PSID=g.a000abcXYZ; Domain=.google.com; Secure"),
    )
    page = Response(status=200, headers=headers, mime_type="text/html", body=Body.of(PAGE.encode()))
    me = Response(
        status=200, headers=headers, mime_type="application/json", body=Body.of(json.dumps(ME).encode())
    )
    return Session(
        about=About(
            site="gemini",
            scenario="plain",
            recorded_on="2026-11-21",
            relay_version="1",
            browser="Chrome/156.0.6999.0",
            origin="https://gemini.google.com",
        ),
        exchanges=(
            Exchange(
                id="1",
                at=1.0,
                request=Request(method="GET", url="https://gemini.google.com/app/c1d2e3f4a5b60718?hl=de"),
                response=page,
                resource_type="document",
            ),
            Exchange(
                id="2",
                at=2.0,
                request=Request(method="GET", url="https://gemini.google.com/backend/me"),
                response=me,
                resource_type="fetch",
            ),
        ),
        snapshots=(
            Snapshot(
                step="done",
                at=3.0,
                url="https://gemini.google.com/app/c1d2e3f4a5b60718",
                title="Meine Steuern - Gemini",
                html=Body.of(PAGE.encode()),
                storage={
                    "me": json.dumps(ME),
                    "geo": "52.5200,13.4050",
                    "packed": base64.b64encode(json.dumps(ME).encode()).decode(),
                },
            ),
        ),
        texts=(KnownText("person", "Anna Lind"),),
    )


def test_nothing_of_the_person_is_left_and_the_page_is_whole() -> None:
    told = redact(recorded()).session
    page, me = (
        one.response.body.read().decode() for one in told.exchanges if one.response and one.response.body
    )
    snapshot = told.snapshots[0]
    packed = base64.b64decode(snapshot.storage["packed"]).decode()
    everything = "\n".join(
        (
            *(f"{one.request.url} {one.response and one.response.headers}" for one in told.exchanges),
            *(page, me, packed, snapshot.url, snapshot.title, snapshot.html.read().decode()),
            *snapshot.storage.values(),
        )
    )
    assert [one for one in HIS if one in everything] == []
    assert len(page) == len(PAGE)
    assert json.loads(me).keys() == json.loads(packed).keys() == ME.keys()
    for stays in (
        "boq_assistant-bard-web-server_20260310.04_p0",
        "sha384-oqVuAfXRKap7fdgc",
        '"/_/BardChatUi"',
        "key:'ds:1'",
    ):
        assert stays in page
    # The chat that is open is the chat in the list; the numbers of the script are numbers.
    assert (
        told.exchanges[0]
        .request.url.partition("?")[0]
        .endswith(page.partition('href="')[2].partition('"')[0])
    )
    assert "10.0000,10.0001" in page
    assert find_leaks(told) == []


def test_the_check_names_the_picture_and_the_place_of_what_was_not_redacted() -> None:
    kinds = {leak.kind for leak in find_leaks(recorded())}
    assert {"avatar", "email", "id", "phone", "place", "token", "text"} <= kinds
