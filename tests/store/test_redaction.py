"""Secrets are blotted out, wherever a text is cut; what only looks like one stays."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home, load_settings
from cdp_relay.store.redaction import MARK, Redaction, RunningText

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow IBAAK\nCAQEA7\n-----END RSA PRIVATE KEY-----"

SECRETS = [
    "sk-proj-abcdefghijklmnop1234",
    "sk-ant-api03-aBcDeFgHiJkLmNoP",
    "sk-relay-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1",
    "sk_live_51abcdefghijklmnop",
    "ghp_0123456789abcdefghij0123456789abcdef",
    "github_pat_11ABCDEFG0123456789_abcdefghij",
    "glpat-0123456789abcdefghij",
    "xoxb-1234567890-abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "ya29.a0123456789abcdefghijklmnop",
    "npm_0123456789abcdefghij0123456789abcdef",
    "hf_0123456789abcdefghij0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWJ5dGVz",
    PEM,
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_blotted_out_and_nothing_else(secret: str) -> None:
    assert Redaction().blot(f"the key is {secret} and so on") == f"the key is {MARK} and so on"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgres://me:hunter2@db/x", f"postgres://me:{MARK}@db/x"),
        ("https://:secret@host/", f"https://:{MARK}@host/"),
        ("Authorization: Bearer abcdefghijklmnop", f"Authorization: Bearer {MARK}"),
        ('"authorization": "Basic dXNlcjpwYXNz"', f'"authorization": "Basic {MARK}"'),
        ("aws_secret_access_key = " + "a1B/" * 10, f"aws_secret_access_key = {MARK}"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", MARK),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, left: str) -> None:
    assert Redaction().blot(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "pip install sk-learn-contrib-something-long",
        "ask-me-anything-about-1234567890123456",
        "http://localhost:3003/v1 and me@example.com",
        "https://host/a:b@c and ssh://git@github.com:22/x",
        "the bearer of this letter",
        "password = os.environ['PASSWORD']",
        "a" * 64,
        "-----BEGIN CERTIFICATE-----",
        "",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert Redaction().blot(text) == text


@pytest.mark.parametrize(
    "unit",
    ["sk-", "eyJ", "eyJabcdefgh.", "://a:", "-----BEGIN A PRIVATE KEY-----", "Bearer ", "xoxb-", "a_secret_"],
)
def test_no_text_takes_long_to_look_through(unit: str) -> None:
    text = unit * (200_000 // len(unit)) + "PRIVATE KEY"
    began = time.thread_time()
    Redaction().blot(text)
    assert time.thread_time() - began < 1.0


def test_a_users_own_expressions_are_applied_as_well() -> None:
    redaction = Redaction((r"project \w+", r"(?i)pin: (\d+)"))
    assert redaction.blot("Project Falcon is project falcon, PIN: 1234") == (
        f"Project Falcon is {MARK}, PIN: {MARK}"
    )


def test_every_text_of_a_document_is_looked_at() -> None:
    document = {"a": ["x", {"b": f"k {SECRETS[0]}"}], "n": 1, "none": None}
    assert Redaction().blot_all(document) == {"a": ["x", {"b": f"k {MARK}"}], "n": 1, "none": None}


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_pieces_of_a_text_lose_the_secret_that_spans_them(size: int) -> None:
    text = f"see {SECRETS[0]} and {SECRETS[8]}!"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    blotted = Redaction().blot_pieces(pieces)
    assert len(blotted) == len(pieces)
    assert "".join(blotted) == f"see {MARK} and {MARK}!"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*SECRETS, "Bearer abcdefghijklmnop", "words ", "\n", "漢字。", "x" * 70, "a b "])
    ),
    st.lists(st.integers(1, 60), min_size=1),
)
def test_a_text_that_goes_on_is_told_as_the_whole_of_it_would_be(parts: list[str], sizes: list[int]) -> None:
    text = " ".join(parts)
    running, told, at, turn = RunningText(Redaction()), [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        told.append(running.feed(text[at : at + size]))
        at, turn = at + size, turn + 1
    told.append(running.close())
    assert "".join(told) == Redaction().blot(text)


def test_a_text_without_any_gap_is_not_held_back_for_ever() -> None:
    running = RunningText(Redaction())
    told = sum(len(running.feed("x" * 1000)) for _ in range(100))
    assert 0 < told < 100_000
    assert told + len(running.close()) == 100_000


def test_a_wrong_expression_of_a_users_is_a_clear_error() -> None:
    home = Home(config=Path("nowhere"), state=Path("nowhere"))
    with pytest.raises(SettingsError, match=r"journal\.redact cannot be .*no regular expression"):
        load_settings(home, environ={}, flags={"journal.redact": "'a('"})
