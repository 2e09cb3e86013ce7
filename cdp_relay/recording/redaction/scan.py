"""What in a text is secret or personal by its form, wherever it stands.

    for found in scan(text):
        vault.give(found.text, found.kind)

``found.start`` and ``found.end`` say where it stands as it is spelled there; ``found.text`` is what it is
when nothing is escaped in it. What stands in base64 that decodes to a text is told with the place of the
whole value. Placeholders and masks are never found. Nothing found overlaps anything else found.

``scan(text, code=True)`` is for what everybody gets, the site's scripts and styles: it finds what no program
holds as its own constant. A site's numbers, digests and version numbers stay, so that it still runs.
"""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

import attrs

from cdp_relay.recording.redaction._base64 import decoded_text
from cdp_relay.recording.redaction._forms import PERSONAL_FORMS, mail_addresses
from cdp_relay.recording.redaction._randomness import looks_drawn, looks_like_hex
from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.names import kind_of_name, tells_nothing
from cdp_relay.recording.redaction.placeholders import KNOWN_PREFIX, is_placeholder
from cdp_relay.secret_forms import SECRET_FORMS

__all__ = ["Secret", "scan"]


@attrs.frozen
class Secret:
    """What was found, and where."""

    start: int
    end: int
    kind: Kind
    text: str = attrs.field(repr=False)


_RUN = re.compile(r"[A-Za-z0-9_\-+/]{11,}={0,2}")
_UUID = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])")
_HEX = re.compile(r"(?<![A-Za-z0-9])(?:[0-9a-f]{16,}|[0-9A-F]{16,})(?![A-Za-z0-9])")
_PREFIXED = re.compile(rf"(?<![A-Za-z0-9]){KNOWN_PREFIX.pattern}(?P<tail>[A-Za-z0-9_-]{{8,}})")
_PIECE = re.compile(r"[A-Za-z0-9_-]+")
_DIGEST = re.compile(r"sha(?:1|256|384|512)-")
"""Of what everybody gets; without it a browser refuses the script."""
_DATA = re.compile(r"(?:data:[\w.+/-]*(?:;[\w=.-]+)*;base64,)\Z")
_MAX_NESTED = 4
_LEAST_BASE64 = 20

_QUERY = re.compile(
    r"(?:[?&;]|%26|%3[Ff]|\\{1,15}u0026|&amp;)(?P<name>[A-Za-z][\w.\[\]-]{0,40})(?:=|%3[Dd]|\\{1,15}u003[Dd])"
    r"(?P<value>[^\s&\"'<>\\#;,)]{4,})"
)
_VARIABLE = re.compile(r"[A-Za-z_$][A-Za-z_$.]{0,18}(?:\(.*)?")
"""What a program sets something to; it looks like an address's query."""
_FIELD = re.compile(
    r"(?P<quote>\\{0,15}[\"'])(?P<name>[A-Za-z_$][\w.\[\] $-]{1,40})(?P=quote)\s{0,2}:\s{0,2}"
    r"(?P=quote)(?P<value>[^\"'\\\s][^\"'\\\n]{3,4000}?)(?P=quote)"
)
_HEADER = re.compile(
    r"(?:[Cc]ookie|COOKIE|[Aa]uthorization|AUTHORIZATION|[Aa]pi-[Kk]ey):[ \t]*(?P<value>[^\r\n\"]{4,})"
)
_COOKIE = re.compile(r"(?:^|;)\s*[^=;\s]+=(?P<value>[^;\s]{4,})")
_SCHEME = re.compile(
    r"\b(?:Bearer|Basic|Digest|Negotiate|SAPISID(?:1P|3P)?HASH)[ +](?P<value>[A-Za-z0-9._~+/=-]{8,})"
)


def scan(text: str, *, code: bool = False) -> Iterator[Secret]:
    """Find what tells of somebody, in the order in which it stands.

    Args:
      code: the text is a script or a style sheet that everybody gets.
    """
    found = list(_strong(text))
    if not code:
        found += _assigned(text)
        found += _personal(text)
        found += _drawn(text, _MAX_NESTED)
    else:
        found += _personal(text, only=frozenset(("email", "avatar")))
    return iter(_apart(found))


def _apart(found: Iterable[Secret]) -> list[Secret]:
    """Without those that stand in others, or are found twice; the longer one tells more."""
    apart: list[Secret] = []
    first = {(one.start, one.end, one.text): one for one in reversed(list(found))}
    for one in sorted(first.values(), key=lambda one: (one.start, -one.end)):
        last = apart[-1] if apart else None
        # Of what stands in base64 all have the place of the whole.
        if last is None or one.start >= last.end or (one.start, one.end) == (last.start, last.end):
            apart.append(one)
    return apart


def _strong(text: str) -> Iterator[Secret]:
    """What says by its form that it is a secret."""
    for form in SECRET_FORMS:
        for _, start, end in form.found(text):
            if not is_placeholder(text[start:end]):
                yield Secret(start, end, "token", text[start:end])
    for match in _SCHEME.finditer(text):
        if any(one.isdigit() for one in match["value"]) and not is_placeholder(match["value"]):
            yield Secret(*match.span("value"), "token", match["value"])


def _assigned(text: str, *, words: bool = False) -> Iterator[Secret]:
    """Values beside names that are those of secrets.

    Args:
      words: also names of people and titles. In a page their names may stand beside words of its own.
    """
    for match in _QUERY.finditer(text):
        kind = kind_of_name("query", match["name"])
        if kind not in {"text", "name"} and not _VARIABLE.fullmatch(match["value"]):
            yield from _named(match, kind)
    for match in _FIELD.finditer(text):
        kind = kind_of_name("json", match["name"])
        if words or (kind not in {"text", "name"} and _is_one_value(match["value"])):
            yield from _named(match, kind)
    for match in _HEADER.finditer(text):
        at = match.start("value")
        for cookie in _COOKIE.finditer(match["value"]):
            if not tells_nothing(cookie["value"]):
                start, end = cookie.span("value")
                yield Secret(at + start, at + end, "token", cookie["value"])


def _named(match: re.Match[str], kind: Kind | None) -> Iterator[Secret]:
    if kind is not None and not tells_nothing(match["value"]):
        plain = _unescaped(match["value"])
        if not tells_nothing(plain):
            yield Secret(*match.span("value"), kind, plain)


def _is_one_value(value: str) -> bool:
    """Whether it may be an id, a number, an address; a word beside a name may be of a program's own table."""
    return any(one.isdigit() for one in value) and " " not in value.strip()


def _personal(text: str, *, only: frozenset[Kind] | None = None) -> Iterator[Secret]:
    """What is of people, machines and places."""
    places: list[tuple[Kind, Iterator[tuple[int, int]]]] = [("email", mail_addresses(text))]
    places += ((form.kind, form.found(text)) for form in PERSONAL_FORMS if only is None or form.kind in only)
    for kind, found in places:
        for start, end in found:
            plain = _unescaped(text[start:end])
            if not is_placeholder(plain):
                yield Secret(start, end, kind, plain)


def _drawn(text: str, nested: int) -> Iterator[Secret]:
    """What was drawn by lot, and what stands in base64."""
    for match in _RUN.finditer(text):
        run = match[0]
        if _DIGEST.match(run):
            continue
        parts = _judged(run)
        if not parts and len(run) < _LEAST_BASE64:
            continue
        start = match.start()
        before = text[max(0, start - 96) : start]
        is_data = "base64," in before and _DATA.search(before) is not None
        if nested and len(run) >= _LEAST_BASE64 and (is_data or parts):
            inner = decoded_text(run)
            if inner is not None:
                within = _inside(inner, nested - 1)
                yield from (Secret(start, match.end(), one.kind, one.text) for one in within)
                if within or is_data or _is_json(inner):
                    continue
        if is_data:
            continue
        for first, last, kind in parts:
            value = run[first:last]
            if not is_placeholder(value):
                yield Secret(start + first, start + last, kind, value)


def _inside(text: str, nested: int) -> list[Secret]:
    found = [*_strong(text), *_assigned(text, words=True), *_personal(text), *_drawn(text, nested)]
    return _apart(found)


@functools.lru_cache(maxsize=20_000)
def _judged(run: str) -> tuple[tuple[int, int, Kind], ...]:
    """Which parts of a run tell of somebody."""
    start = run.startswith("/")
    if _is_one_base64(run[start:]):
        return ((int(start), len(run), "token"),)
    found: list[tuple[int, int, Kind]] = []
    for piece in _PIECE.finditer(run):
        at = piece.start()
        found += ((at + first, at + last, kind) for first, last, kind in _in_piece(piece[0]))
    return tuple(found)


def _in_piece(piece: str) -> Iterator[tuple[int, int, Kind]]:
    at = 0
    uuids = [*_UUID.finditer(piece)]
    if uuids:
        for uuid in uuids:
            if len(set(uuid[0])) > 5:
                yield uuid.start(), uuid.end(), "id"
        return
    prefixed = _PREFIXED.match(piece)
    if prefixed is not None:
        tail = prefixed["tail"]
        if _is_tail(tail):
            yield 0, len(piece), "id"
            return
        at = prefixed.start("tail")
    hexes = [one for one in _HEX.finditer(piece) if looks_like_hex(one[0])]
    for one in hexes:
        yield one.start(), one.end(), "id"
    if not hexes and looks_drawn(piece[at:]):
        start = at
        words = re.match(r"(?:[a-z]{2,16}[_-])+", piece[at:])
        if words is not None and looks_drawn(piece[at + words.end() :]):
            start = at + words.end()
        yield start, len(piece), "token"


def _is_tail(tail: str) -> bool:
    """Whether this may stand behind what ids begin with: ``file-upload-button`` begins so as well."""
    plain = tail.replace("-", "").replace("_", "")
    digits = sum(one.isdigit() for one in plain)
    if len(plain) < 8 or not digits:
        return False
    return looks_like_hex(plain) or looks_drawn(plain) or (digits >= 2 and not _WORDS.search(tail))


_WORDS = re.compile(r"[a-z]{5,}[_-]|[a-z]{7,}")


def _is_one_base64(run: str) -> bool:
    """Whether plus and slash are digits of base64, and not borders of a path."""
    bare = run.rstrip("=")
    if "/" not in bare and "+" not in bare:
        return False
    pieces = re.split(r"[+/]", bare)
    steps = [_STEP.fullmatch(one) is not None for one in pieces]
    is_path = "+" not in run and (_UUID.search(run) or steps[0] or (bare == run and any(steps)))
    if is_path or len(bare) < 4 * len(pieces):
        return False
    return any(len(one) >= 40 and looks_drawn(one) for one in pieces) or looks_drawn(bare)


_STEP = re.compile(r"[A-Za-z]?[a-z]{3,}|v\d|")
"""Of a path."""


def _is_json(text: str) -> bool:
    """Whether a text says what each of its values is, so that those which tell of somebody are known."""
    try:
        return text.lstrip()[:1] in {"{", "["} and isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


_UNIT = re.compile(r"\\{1,15}(?:u|x(?=[0-9A-Fa-f]{2}))((?<=u)[0-9A-Fa-f]{4}|(?<=x)[0-9A-Fa-f]{2})")


def _unescaped(value: str) -> str:
    """What a value is when nothing is escaped in it."""
    if "\\" in value:
        value = _UNIT.sub(lambda match: chr(int(match[1], 16)), value).replace("\\/", "/")
    if "&" in value:
        value = html.unescape(value)
    for _ in range(2):
        if "%" in value:
            value = unquote(value, errors="surrogateescape")
    return value
