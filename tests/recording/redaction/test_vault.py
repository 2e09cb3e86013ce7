"""A secret that was given goes from every text, however that text spells it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.vault import Vault

SECRETS: list[tuple[str, Kind]] = [
    ("69b2d0ea-1970-83e8-95a6-1d5d1d85117e", "id"),
    ("anna.smith@gmail.com", "email"),
    ("192.168.178.20", "address"),
    ("2a00:1450:4001:0800::200e", "address"),
    ("-122.0841", "place"),
    ("sk-proj-abcDEF0123456789abcdefghij", "token"),
    ("+49 170 1234567", "phone"),
    ("José Müller-Lüdenscheidt", "name"),
    ("文字列", "name"),
    ("dGhp+c2lz/YXRv=", "token"),
    ('a1/b2+c3=d"e4\\f5\n6', "token"),
    ("Wintermärchen <für> alle & mehr", "text"),
]


def percent(text: str) -> str:
    return quote(text, safe="")


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def numbered(text: str) -> str:
    return "".join(one if one.isalnum() and one.isascii() else f"&#{ord(one)};" for one in text)


def in_hexadecimal(text: str) -> str:
    return "".join(one if one.isalnum() and one.isascii() else f"&#x{ord(one):X};" for one in text)


def in_script(text: str) -> str:
    return "".join(
        one if one.isalnum() and one.isascii() else f"\\x{ord(one):02x}" if one < "\xff" else in_json(one)
        for one in text
    )


SPELLINGS: list[Callable[[str], str]] = [
    str,
    percent,
    quote_plus,
    lambda text: re.sub("%..", lambda match: match[0].lower(), percent(text)),
    lambda text: percent(percent(text)),
    in_json,
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: in_json(in_json(text)),
    lambda text: in_json(in_json(in_json(text))),
    lambda text: in_json(text).replace("/", "\\/"),
    lambda text: percent(in_json(text)),
    html.escape,
    numbered,
    in_hexadecimal,
    in_script,
]


@pytest.mark.parametrize(("secret", "kind"), SECRETS)
def test_a_secret_goes_in_every_spelling_and_nothing_gets_longer(secret: str, kind: Kind) -> None:
    vault = Vault()
    placeholder = vault.give(secret, kind)
    for spell in SPELLINGS:
        text = f'{{"before": "{spell(secret)}", "after": 1}}'
        told = vault.replace(text)
        assert spell(secret) not in told
        assert len(told) == len(text)
        assert told.startswith('{"before": "')
        assert told.endswith('", "after": 1}')
        assert vault.replace(told) == told
    assert vault.replace(f"<{secret}>") == f"<{placeholder}>"
    assert json.loads(vault.replace(json.dumps([secret]))) == [placeholder]


@pytest.mark.parametrize(("secret", "kind"), SECRETS)
def test_a_secret_goes_from_base64_wherever_it_stands_in_it(secret: str, kind: Kind) -> None:
    vault = Vault()
    placeholder = vault.give(secret, kind)
    for before in (b"", b"a", b"ab", b"\x00\xff\xfe{"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            data = before + secret.encode() + b">>>???"
            told = vault.replace(f"data={encode(data).decode()}")
            decode = base64.b64decode if encode is base64.b64encode else base64.urlsafe_b64decode
            assert decode(told.removeprefix("data=")) == before + placeholder.encode() + b">>>???"


def test_two_secrets_beside_each_other_in_base64_share_a_character_and_both_go() -> None:
    vault = Vault()
    one, other = vault.give("hunter22hunter", "token"), vault.give("Tr0ub4dor&3xyz", "token")
    data = base64.b64encode(b"x" + b"hunter22hunter" + b"Tr0ub4dor&3xyz").decode()
    assert base64.b64decode(vault.replace(data)).decode() == f"x{one}{other}"


def test_the_same_secret_becomes_the_same_everywhere() -> None:
    vault = Vault()
    uuid = "69b2d0ea-1970-83e8-95a6-1d5d1d85117e"
    first = vault.give(uuid, "id")
    assert vault.give(uuid, "token") == first == vault.placeholder(uuid)
    told = vault.replace(f"/c/{uuid} WEB:{uuid.upper()} x{uuid}y")
    assert told == f"/c/{first} WEB:{first} x{first}y"
    assert vault.counts == {"id": 1}


def test_a_name_goes_as_a_word_and_not_from_other_words() -> None:
    vault = Vault()
    vault.give("Anna Lind", "name")
    text = r"Hello Anna, ANNA LIND, annals, Annapolis, \nAnna %20Anna_x (Lind)"
    told = vault.replace(text)
    assert told == r"Hello Xxxx, XXXX XXXX, annals, Annapolis, \nXxxx %20Xxxx_x (Xxxx)"
    assert vault.replace(text, names=False) == text


def test_a_number_goes_only_where_it_is_the_whole_number() -> None:
    vault = Vault()
    told = vault.give("123456789", "id")
    assert vault.replace("a123456789 id=123456789, 1234567890") == f"a{told} id={told}, 1234567890"


def test_the_longer_of_two_secrets_goes_where_both_stand() -> None:
    vault = Vault()
    vault.give("anna", "name")
    mail = vault.give("anna@uni-heidelberg.de", "email")
    assert vault.replace("to anna@uni-heidelberg.de") == f"to {mail}"


def test_what_is_too_short_is_replaced_by_nobody_but_the_caller() -> None:
    vault = Vault()
    assert vault.give("DE", "place") == "XX"
    assert vault.give("winter", "text", everywhere=False) == "xxxxxx"
    assert vault.replace("DE winter") == "DE winter"


def test_a_placeholder_of_another_vault_stays_and_is_not_given_again() -> None:
    first = Vault().give("69b2d0ea-1970-83e8-95a6-1d5d1d85117e", "id")
    vault = Vault()
    assert vault.give(first, "id") == first
    assert vault.give("f7c5706b-0508-47e0-a7ea-dcb5c62e252f", "id") != first
    assert vault.counts == {"id": 1}


def test_bytes_that_are_no_text_around_a_secret_stay_as_they_are() -> None:
    vault = Vault()
    told = vault.give("anna.smith@gmail.com", "email")
    data = b"\x0a\x14anna.smith@gmail.com\xff\x00\xc3"
    assert vault.replace_bytes(data) == data.replace(b"anna.smith@gmail.com", told.encode())
    assert vault.replace_bytes(b"\xff\xfe") == b"\xff\xfe"


def test_what_is_given_later_is_replaced_from_then_on() -> None:
    vault = Vault()
    assert vault.replace("hunter2hunter2") == "hunter2hunter2"
    told = vault.give("hunter2hunter2", "token")
    assert vault.replace("hunter2hunter2") == told


@settings(max_examples=40)
@given(
    st.lists(st.text("abcXYZ0189._@/+ éß文-", min_size=6, max_size=24), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(range(len(SPELLINGS))), min_size=1, max_size=6),
    st.text(max_size=12),
)
def test_nothing_that_was_given_is_left(secrets: list[str], ways: list[int], around: str) -> None:
    vault = Vault()
    for secret in secrets:
        vault.give(secret, "token")
    text = around.join(f'"{SPELLINGS[way](secret)}"' for secret, way in zip(secrets, ways, strict=False))
    told = vault.replace(text)
    assert len(told) == len(text)
    assert len(told.encode()) == len(text.encode())
    assert vault.replace(told) == told
    for secret, way in zip(secrets, ways, strict=False):
        if vault.placeholder(secret) != secret:
            assert f'"{SPELLINGS[way](secret)}"' not in told
