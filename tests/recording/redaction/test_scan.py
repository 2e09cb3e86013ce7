"""What tells of somebody is found by its form, and what programs and pages are made of is not."""

from __future__ import annotations

import base64
import json
import random
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.placeholders import is_placeholder
from cdp_relay.recording.redaction.scan import scan
from cdp_relay.recording.redaction.vault import Vault

ROOT = Path(__file__).parents[3]

JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQ"
)

FOUND: list[tuple[str, Kind, str]] = [
    (f'{{"t":"{JWT}"}}', "token", JWT),
    ("key sk-proj-abcDEF0123456789abcdefghij.", "token", "sk-proj-abcDEF0123456789abcdefghij"),
    ("AKIAIOSFODNN7EXAMPLE", "token", "AKIAIOSFODNN7EXAMPLE"),
    ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "token", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ("xoxb-17653672481-19874698323", "token", "xoxb-17653672481-19874698323"),
    ("AIzaSyA-1234567890abcdefghijklmnopqrstu", "token", "AIzaSyA-1234567890abcdefghijklmnopqrstu"),
    ("ya29.a0AfH6SMBx-1234567890abc", "token", "ya29.a0AfH6SMBx-1234567890abc"),
    ("Authorization: Bearer abc.def-123456", "token", "abc.def-123456"),
    (
        "authorization: SAPISIDHASH 1700000000_2fd4e1c67a2d28fced849ee1",
        "token",
        "1700000000_2fd4e1c67a2d28fced849ee1",
    ),
    ("Cookie: sid=abc123xyz9; theme=dark", "token", "abc123xyz9"),
    ("https://user:pa55word@example.org/", "token", "pa55word"),
    ("u=69b2d0ea-1970-83e8-95a6-1d5d1d85117e", "id", "69b2d0ea-1970-83e8-95a6-1d5d1d85117e"),
    ('"user-AbCdE123fGh456"', "id", "user-AbCdE123fGh456"),
    ("file-service://file-9Kd83JmXq2", "id", "file-9Kd83JmXq2"),
    ('["c_d6dbca301acebf01"]', "id", "c_d6dbca301acebf01"),
    ("resp_0a1b2c3d4e5f6071", "id", "resp_0a1b2c3d4e5f6071"),
    ("chatcompl_01Y9p3dcxbPpCDtYHsa3CMn7", "id", "chatcompl_01Y9p3dcxbPpCDtYHsa3CMn7"),
    ("gaia 117263549182736451928", "id", "117263549182736451928"),
    ("9f86d081884c7d659a2feaa0c55ad015", "id", "9f86d081884c7d659a2feaa0c55ad015"),
    ("/app/Xk29fQ0zLmN8vTq3RwY7?x", "token", "Xk29fQ0zLmN8vTq3RwY7"),
    ('"mVQ2/9sBx+TgK0cZ8yLrUw=="', "token", "mVQ2/9sBx+TgK0cZ8yLrUw=="),
    ("To: anna.smith+news@mail.uni-x.de,", "email", "anna.smith+news@mail.uni-x.de"),
    ("login=anna%40posteo.de&", "email", "anna@posteo.de"),
    (r"\nanna\u0040posteo.de", "email", "anna@posteo.de"),
    (r"\x22anna\x40posteo.de\x22", "email", "anna@posteo.de"),
    ("<b>anna&#64;posteo.de</b>", "email", "anna@posteo.de"),
    ("+49 170 1234567", "phone", "+49 170 1234567"),
    ("call (415) 555-2671 now", "phone", "(415) 555-2671"),
    ("415-555-2671", "phone", "415-555-2671"),
    ("ip=84.12.33.7;", "address", "84.12.33.7"),
    ('"2a00:1450:4001:800::200e"', "address", "2a00:1450:4001:800::200e"),
    ("8a:2b:3c:4d:5e:6f", "address", "8a:2b:3c:4d:5e:6f"),
    ("DE89 3704 0044 0532 0130 00", "account", "DE89 3704 0044 0532 0130 00"),
    ("4111 1111 1111 1111", "account", "4111 1111 1111 1111"),
    ("maps/@37.4219983,-122.084,15z", "place", "37.4219983,-122.084"),
    ('"latitude": 52.520008', "place", "52.520008"),
    ("https://lh3.googleusercontent.com/a/ACg8ocKxyz_-abcDE=s96-c", "avatar", "ACg8ocKxyz_-abcDE"),
    (r"https:\/\/s.gravatar.com\/avatar\/d41d8cd98f00b204", "avatar", "d41d8cd98f00b204"),
    ("&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fal.png", "avatar", "al.png"),
    ("avatars.githubusercontent.com/u/1234567?v=4", "avatar", "1234567"),
    ("https://b.example/f?x=1&sig=Zm9v%2Bbar%3D&y", "token", "Zm9v+bar="),
    (r"f?a=1\u0026X-Amz-Signature=3c0f5c6e1d", "token", "3c0f5c6e1d"),
    ("/cb?code=4%2F0AbCdEf&scope=x", "token", "4/0AbCdEf"),
    (r"{\"session_id\":\"s3ss10n\"}", "id", "s3ss10n"),
    ('csrfToken: "x", "csrfToken":"q1w2e3"', "token", "q1w2e3"),
    ('"oai-device-id":"d3v1ce-9"', "id", "d3v1ce-9"),
]


@pytest.mark.parametrize(("text", "kind", "secret"), FOUND)
def test_it_is_found_and_goes_and_is_not_found_again(text: str, kind: Kind, secret: str) -> None:
    found = {one.text: one.kind for one in scan(text)}
    assert secret in found
    assert found[secret] == kind
    vault = Vault()
    for one in scan(text):
        vault.give(one.text, one.kind)
    told = vault.replace(text)
    assert secret not in told
    assert len(told) == len(text)
    assert list(scan(told)) == []


@pytest.mark.parametrize(
    "text",
    [
        "composer-submit-button-color shouldShowConversationTurnActions text-token-text-primary",
        "getElementsByClassName XMLHttpRequestEventTarget createObjectURL MAX_SAFE_INTEGER_2",
        "icon@2x.png avatar@3x.webp anna@example.com user@host.invalid",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36",
        '"Chromium";v="156.0.0.0", "Not_A Brand";v="8.0.0.0"',
        'd="M12.5 3.2.1 9l1.25.75.5 4.25.5.5z" transform="translate(1.5 2.25)"',
        'integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"',
        "<img src=data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk>",
        "9007199254740991 18446744073709551615 1773326574964123 1773326574964123456",
        "2026-03-12T14:05:20.065776Z 12:34:56 1773326574.964",
        "/assets/js/vendor-react-dom.production.min.js /_next/static/css/main",
        "abcdefghijklmnopqrstuvwxyz0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef",
        "00000000000000000000000000000000 ffffffffffffffffffffffff",
        '{"title":"x","session":null,"token":"","csrf":"true","max_tokens":4096,"state":"ok"}',
        "file-upload-button user-menu-button-trigger org-switcher-dropdown g-recaptcha-response",
        "127.0.0.1 0.1.2.3 999.1.2.3 1.02.3.4 239.1.1.1 21.37.0.0 fe80::1 2001:zz::1 2001:db8:1",
        "DE00 3704 0044 0532 0130 00 4111 1111 1111 1112 1111 1111 1111 1111 +11111111111",
        "a@b anna@ @posteo.de x@y.c",
        "a::before{content:'x'} std::vector dead:beef",
        "if(a&&b.fileName=c.fileName;token=getToken(x);state=next&&key=this.key)",
        "Basic information, Bearer tokens, Digest authentication",
        "01/02/2026 555-1234 1.2.3 10:20:30",
        "text/event-stream; charset=utf-8 application/vnd.openxmlformats-officedocument",
    ],
)
def test_what_pages_are_made_of_is_not_found(text: str) -> None:
    assert list(scan(text)) == []


def test_what_stands_in_base64_is_found_by_what_it_says() -> None:
    inner = json.dumps({"email": "anna@posteo.de", "full_name": "Anna Lind", "n": 1})
    once = base64.b64encode(inner.encode()).decode()
    twice = base64.urlsafe_b64encode(json.dumps({"state": {"v": once}}).encode()).decode()
    for text in (f"state={once}", f"x {twice} y"):
        found = list(scan(text))
        assert {"anna@posteo.de", "Anna Lind"} <= {one.text for one in found}
        vault = Vault()
        for one in found:
            vault.give(one.text, one.kind)
        told = vault.replace(text)
        assert [one.text for one in scan(told) if not is_placeholder(one.text)] == []


def test_base64_of_words_is_found_as_a_whole() -> None:
    told = base64.b64encode(b"anna:correct horse battery staple 7").decode()
    assert [one.text for one in scan(f'"{told}"')] == [told.rstrip("=")]


def test_code_that_everybody_gets_keeps_its_constants() -> None:
    code = (
        'const K=["428a2f98d728ae22","7137449123ef65cd"],id="69b2d0ea-1970-83e8-95a6-1d5d1d85117e";'
        f'mail("anna@posteo.de"); v="1.2.3.4"; t="{JWT}"; n=117263549182736451928'
    )
    assert {one.text for one in scan(code, code=True)} == {"anna@posteo.de", JWT}


def test_what_was_drawn_by_lot_is_found() -> None:
    lot = random.Random(7)
    for characters, most in (
        (string.ascii_letters + string.digits + "-_", 2),
        (string.ascii_letters + string.digits, 2),
        (string.ascii_lowercase + string.digits, 1),
        (string.hexdigits[:16], 1),
    ):
        missed = 0
        for _ in range(300):
            token = "".join(lot.choices(characters, k=24))
            missed += not any(one.text in token for one in scan(f'{{"v":"{token}"}}'))
        assert missed <= most, characters


def test_of_the_sites_pages_next_to_nothing_is_taken_for_a_secret() -> None:
    """Less than 20 a million characters in pages, less than 2 in scripts that are read as code."""
    folders = [ROOT / "cdp_relay" / "page", *(ROOT / "tests" / "sites").glob("*/page")]
    files = [
        one
        for folder in folders
        for one in folder.rglob("*")
        if one.suffix in {".js", ".ts", ".tsx", ".html", ".css"}
    ]
    texts = [one.read_text(encoding="utf-8") for one in files]
    size = sum(map(len, texts))
    assert size > 200_000
    found = [one for text in texts for one in scan(text)]
    in_code = [one for text in texts for one in scan(text, code=True)]
    assert len(found) * 1_000_000 < 20 * size, found
    assert len(in_code) * 1_000_000 < 2 * size, in_code


@settings(max_examples=60)
@given(st.lists(st.sampled_from([text for text, _, _ in FOUND]), max_size=6), st.text(max_size=30))
def test_what_is_found_stands_where_it_is_said_to(texts: list[str], between: str) -> None:
    text = between.join(texts)
    end = 0
    spans = [(one.start, one.end) for one in scan(text)]
    for start, stop in dict.fromkeys(spans):
        assert end <= start < stop <= len(text)
        end = stop


def test_a_long_run_takes_no_time_of_its_own() -> None:
    for text in (
        "a" * 200_000,
        "1" * 200_000,
        "A9" * 100_000,
        "=" * 200_000,
        "\\" * 100_000,
        "@a." * 60_000,
        '"a":"' * 40_000,
    ):
        list(scan(text))


def test_nothing_is_found_in_nothing() -> None:
    assert list(scan("")) == []
