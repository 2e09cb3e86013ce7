"""Values are found in whatever they are wrapped in, and others are written in their place, as long."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.recording.redaction.html_text import pieces
from cdp_relay.recording.redaction.json_text import tokens
from cdp_relay.recording.redaction.leaves import Leaf, Setting, Walk
from cdp_relay.recording.redaction.masks import mask
from cdp_relay.recording.redaction.writing import FORM, HTML, JSON, PERCENT, base64_text, write_base64_like

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SETTING = Setting(spot="here")


@attrs.define
class Masker:
    """Masks every value, and remembers it."""

    seen: list[Leaf] = attrs.field(factory=list)

    def visit(self, leaf: Leaf) -> str:
        self.seen.append(leaf)
        return mask(leaf.value) if leaf.where not in ("key", "number") else leaf.value

    def takes_whole(self, leaf: Leaf) -> bool:
        return False

    @property
    def values(self) -> list[str]:
        return [leaf.value for leaf in self.seen if leaf.where not in ("key", "number")]


@given(TEXT, st.booleans())
def test_json_is_written_in_its_own_lengths(text: str, ascii_only: bool) -> None:
    raw = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    new = JSON.rewrite(raw, mask)
    assert json.loads(f'"{new}"') == mask(text)
    assert len(new.encode()) == len(raw.encode())
    assert len(new.encode("utf-16-le")) == len(raw.encode("utf-16-le"))


@given(TEXT)
def test_html_and_addresses_are_written_in_their_own_lengths(text: str) -> None:
    raw = html.escape(text)
    new = HTML.rewrite(raw, mask)
    assert html.unescape(new) == mask(html.unescape(raw))
    assert len(new.encode()) == len(raw.encode())
    for way, spelled in ((PERCENT, quote(text, safe="")), (FORM, quote_plus(text))):
        assert way.read(spelled)[0] == text
        assert len(way.rewrite(spelled, mask)) == len(spelled)
        assert way.read(way.rewrite(spelled, mask))[0] == mask(text)


@given(st.text(max_size=30), st.integers(0, 30))
def test_half_an_escape_at_a_cut_stays(text: str, cut: int) -> None:
    raw = json.dumps(text)[1:-1][:cut]
    assert len(JSON.rewrite(raw, mask)) == len(raw)


def test_a_change_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="as long"):
        JSON.rewrite("abc", lambda said: said + "d")


@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=20).map(lambda t: "{ " + t)
)
def test_base64_of_a_text_is_written_in_the_same_alphabet(text: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        value = encode(text.encode()).decode()
        if base64_text(value) is None:
            continue
        assert base64_text(value) == text
        new = write_base64_like(value, mask(text))
        assert len(new) == len(value)
        assert base64.b64decode(new.replace("-", "+").replace("_", "/")).decode() == mask(text)


@pytest.mark.parametrize("data", [b"", b"short", b"\x00\x01\x02\x03" * 8, b"word" * 9])
def test_base64_of_no_text_is_left_alone(data: bytes) -> None:
    assert base64_text(base64.b64encode(data).decode()) is None


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUE)
def test_every_string_of_json_is_found_once(value: object) -> None:
    def strings(one: object) -> list[str]:
        if isinstance(one, str):
            return [one]
        nested = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        return [said for inner in nested for said in strings(inner)]

    raw = json.dumps(value)
    found = [one for one in tokens(raw) if one.is_string and not one.is_key]
    assert [json.loads(f'"{raw[one.start : one.end]}"') for one in found] == strings(value)


@pytest.mark.parametrize(
    ("raw", "name", "signature"),
    [
        ('{"a": {"b": "X"}}', "b", ("*", "a", "b")),
        ('{"a": [["X"]]}', "a", ("*", "a", "*", 0)),
        ('[[null, "X", 3]]', "", ("*", "*", 1)),
        ('{"o": "append", "p": "/x", "v": "X"}', "v", ("*", "p=/x", "o=append", "v")),
        ('{"name": "email", "value": "X"}', "email", ("*", "value")),
        (')]}\'\n\n12\n[["wrb.fr",null,"X"]]', "", ("*", "*", 2)),
        ('[,["X"', "", ("*", "*", 0)),
    ],
)
def test_where_a_string_stands_is_known(raw: str, name: str, signature: tuple[str | int, ...]) -> None:
    [found] = [one for one in tokens(raw) if raw[one.start : one.end] == "X"]
    assert (found.name, found.signature) == (name, signature)


WRAPPED = {
    "events": ('event: a\ndata: {"x": "Secret words"}\n\ndata: "v1"\n\n', ["Secret words", "v1"]),
    "events without JSON": ("data: Secret words\n\n", ["Secret words"]),
    "events over lines": ('data: {"x":\ndata: "Secret words"}\n\n', ["Secret words"]),
    "JSON in JSON": (json.dumps({"x": json.dumps(["Secret words"])}), ["Secret words"]),
    "events in JSON": (json.dumps(['data: {"x": "Secret words"}\n\n']), ["Secret words"]),
    "base64": (json.dumps([base64.b64encode(b'{"x": "Secret words"}').decode()]), ["Secret words"]),
    "an address": ('["https://example.org/path?q=Secret%20words"]', ["path", "Secret words"]),
    "engine.io": ('42["say", "Secret words"]', ["say", "Secret words"]),
    "lines": ('{"x": "Secret words"}\n{"y": "More of them"}\n', ["Secret words", "More of them"]),
    "cut": ('[[["Secret words', ["Secret words"]),
    "words": ("Secret words", ["Secret words"]),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_value_is_shown_as_it_is_meant(name: str) -> None:
    raw, values = WRAPPED[name]
    masker = Masker()
    new = Walk(masker).text(raw, SETTING)
    assert masker.values == values
    assert len(new) == len(raw)
    assert "Secret" not in new
    again = Masker()
    Walk(again).text(new, SETTING)
    assert again.values == [mask(value) for value in values]


def test_a_page_is_told_apart() -> None:
    page = (
        "<!doctype html><!-- note --><title>A &amp; B</title><style>p { color: red }</style>"
        "<p class=wide title='more \"words\"' hidden>Text &eacute;<br>and <b>bold</b></p>"
        "<script>var a = 1</script><textarea><b>typed</b></textarea><p>end"
    )
    told = [(one.kind, one.tag, one.name, page[one.start : one.end]) for one in pieces(page)]
    assert told == [
        ("comment", "", "", " note "),
        ("text", "title", "", "A &amp; B"),
        ("style", "style", "", "p { color: red }"),
        ("attribute", "p", "class", "wide"),
        ("attribute", "p", "title", 'more "words"'),
        ("text", "p", "", "Text &eacute;"),
        ("text", "br", "", "and "),
        ("text", "b", "", "bold"),
        ("script", "script", "", "var a = 1"),
        ("text", "textarea", "", "<b>typed</b>"),
        ("text", "p", "", "end"),
    ]


@given(st.text("<>/!-=\"' abp&;[]\n", max_size=60))
def test_no_page_is_too_broken(page: str) -> None:
    ends = [0]
    for piece in pieces(page):
        assert piece.start < piece.end <= len(page)
        ends.append(piece.end)
    assert ends == sorted(ends)
