"""Placeholders have the form and every length of what they stand for, and are known as such."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.placeholders import Placeholders, is_placeholder

JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0"
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)

FORMS: list[tuple[str, Kind, str]] = [
    ("69b2d0ea-1970-83e8-95a6-1d5d1d85117e", "id", "00000000-0000-4000-8000-000000000001"),
    ("anna.smith@gmail.com", "email", "xxxxxxx1@example.com"),
    ("a@b.io", "email", "1@x.xx"),
    ("192.168.178.20", "address", "240.100.100.11"),
    ("8.8.4.4", "address", "0.0.0.1"),
    ("2a00:1450:4001:0800::200e", "address", "0000:0000:0000:0000::0001"),
    ("8a:2b:3c:4d:5e:6f", "address", "00:00:00:00:00:01"),
    ("117263549182736451928", "id", "100000000000000000001"),
    ("-4146049163487242749", "id", "-1000000000000000001"),
    ("-122.0841", "place", "-100.0001"),
    ("52.520008, -13.4049", "place", "10.000000, -10.0001"),
    ("d41d8cd98f00b204e9800998ecf8427e", "id", "00000000000000000000000000000001"),
    ("sk-proj-abcDEF0123456789abcdefghij", "token", "sk-proj-AAAAAAAAAAAAAAAAAAAAAAAAA1"),
    ("c_d6dbca301acebf01", "id", "c_0000000000000001"),
    ("user-AbC123dEf-_x", "id", "user-AAAAAAAAAAA1"),
    ("dGhp+c2lz/YXRv==", "token", "AAAA+AAAA/AAA1=="),
    ("+49 170 1234567", "phone", "+10 000 0000001"),
    (
        "https://lh3.googleusercontent.com/a/ACg8ocKx_y=s96",
        "avatar",
        "https://lh3.googleusercontent.com/A/AAAAAAAAAA=AA1",
    ),
    ("Europe/Berlin", "place", "Africa/Bamako"),
    ("DE", "place", "XX"),
    ("14193 Berlin", "place", "AAAAA AAAAA1"),
    ("José Müller", "name", "Xxxø Xøxxxx"),
    (
        "-----BEGIN KEY-----\nMIIabc+/\n-----END KEY-----",
        "token",
        "-----BEGIN KEY-----\nAAAAA1+/\n-----END KEY-----",
    ),
]


@pytest.mark.parametrize(("secret", "kind", "placeholder"), FORMS)
def test_every_form_stays_what_it_is(secret: str, kind: Kind, placeholder: str) -> None:
    placeholders = Placeholders()
    assert placeholders.make(secret, kind) == placeholder
    assert len(placeholder) == len(secret)
    assert is_placeholder(placeholder)
    assert not is_placeholder(secret)
    if kind != "name" and secret not in {"Europe/Berlin", "DE"}:
        assert placeholders.make(secret, kind) not in {placeholder, secret}


def test_a_token_decodes_and_never_expires() -> None:
    made = Placeholders().make(JWT, "token")
    parts = made.split(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4))) for one in parts[:2])
    assert (header, claims) == ({"alg": "none"}, {"sub": "1", "exp": 4102444800})
    assert [len(one) for one in parts] == [len(one) for one in JWT.split(".")]
    assert is_placeholder(made)
    assert not is_placeholder(JWT)


SECRETS = (
    st.text(min_size=1, max_size=30)
    | st.text("abYZ09_-", min_size=1, max_size=40)
    | st.text("0123456789", min_size=1, max_size=24)
    | st.text("0123456789abcdef", min_size=8, max_size=40)
    | st.uuids().map(str)
    | st.emails()
    | st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(str)
)
"""Some of each form."""
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["token", "id", "email", "address", "name", "text"])


@settings(max_examples=30)
@given(st.lists(st.tuples(SECRETS, KINDS), max_size=8, unique_by=lambda one: one[0]))
def test_a_placeholder_has_every_length_and_stays_itself(secrets: list[tuple[str, Kind]]) -> None:
    ours, others = Placeholders(), Placeholders()
    for secret, kind in secrets:
        made = ours.make(secret, kind)
        assert len(made) == len(secret)
        for encoding in ("utf-8", "utf-16-le"):
            assert len(made.encode(encoding, "surrogatepass")) == len(
                secret.encode(encoding, "surrogatepass")
            )
        assert is_placeholder(made)
        assert ours.make(made, kind) == others.make(made, kind) == made


@given(st.lists(st.uuids().map(str) | st.text("abXY09", min_size=12, max_size=12), unique=True, max_size=40))
def test_different_secrets_have_different_placeholders(secrets: list[str]) -> None:
    placeholders = Placeholders()
    made = [placeholders.make(one, "id") for one in secrets]
    assert len(set(made)) == len(secrets)


def test_two_letters_share_a_placeholder_when_no_number_is_left() -> None:
    placeholders = Placeholders()
    made = [placeholders.make(f"{one}b", "token") for one in "cdefghijklmnop"]
    assert all(is_placeholder(one) and len(one) == 2 for one in made)


@pytest.mark.parametrize(
    "secret", ["hunter2", "A1b2C3d4E5f6", "12345678", "x1y2z3", "84.12.33.7", "10:20:30:40:50:60"]
)
def test_what_tells_something_is_no_placeholder(secret: str) -> None:
    assert not is_placeholder(secret)
