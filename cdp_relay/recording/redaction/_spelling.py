r"""One secret in every spelling that a text may give it, and its placeholder in the same spelling.

A letter or digit of ASCII is spelled in one way only. All else may be as it is, percent-encoded, escaped for
JSON at any depth (``\u0040``, ``\\u0040``, ``\/``), for scripts (``\x40``) or for HTML (``&#64;``,
``&#x40;``, ``&commat;``), each character in its own way. Base64 is a secret of its own: the characters of it
that the secret alone decides.
"""

from __future__ import annotations

import base64
import functools
import html.entities
import re
from collections.abc import Iterator

import attrs

__all__ = ["ANCHOR", "Edge", "Spelling", "base64_spellings"]

ANCHOR = 6
"""Letters and digits by which a spelling is looked for."""

_LEAST = 4
"""Bytes; fewer stand in base64 by chance."""

_RUN = re.compile(r"[A-Za-z0-9]+")
_ESCAPE_BEFORE = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\[nrtbfv]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})\Z")
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_BACKSLASHES = r"(?:\\|%(?:25){0,7}5[Cc]){0,15}"
_BACKSLASH = r"(?:\\|%(?:25){0,7}5[Cc]){1,15}"
_UNIT = re.compile(_BACKSLASH + r"u([0-9A-Fa-f]{4})")
_BYTE = re.compile(_BACKSLASH + r"x[0-9A-Fa-f]{2}")
_NO_SPACES = 0x2E80
"""Scripts from here on write words without spaces between them."""

_STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOR_URLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SEXTETS = {one: at for alphabet in (_STANDARD, _FOR_URLS) for at, one in enumerate(alphabet)}


def _halves(character: str) -> list[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


@functools.lru_cache(maxsize=4096)
def _unit(character: str) -> str:
    """An expression for one character in all its spellings."""
    if character.isascii() and character.isalnum():
        return character
    code = ord(character)
    percent = "(?i:" + "".join(f"%(?:25){{0,7}}{one:02x}" for one in _utf8(character)) + ")"
    ways = [re.escape(character), percent]
    if character in "/\"'\\":
        ways = [_BACKSLASHES + one for one in ways]
    if character in _LETTERS:
        ways.append(_BACKSLASH + _LETTERS[character])
    if character == " ":
        ways.append(r"\+")
    ways.append("".join(rf"{_BACKSLASH}u(?i:{one:04x})" for one in _halves(character)))
    if code < 0x100:
        ways.append(rf"{_BACKSLASH}x(?i:{code:02x})")
    ways.append(rf"&(?:amp;)?#(?:0*{code}|(?i:x0*{code:x}));")
    name = html.entities.codepoint2name.get(code) or {"@": "commat", "'": "apos"}.get(character)
    if name:
        ways.append(f"&(?:amp;)?{name};")
    return "(?:" + "|".join(ways) + ")"


@functools.lru_cache(maxsize=4096)
def _compiled_unit(character: str) -> re.Pattern[str]:
    return re.compile(_unit(character))


def _utf8(character: str) -> bytes:
    return character.encode("utf-8", "surrogatepass")


def _spelled_like(spelled: str, was: str, now: str) -> str:
    """One character, spelled in the way of another's spelling and as long."""
    if was == now:
        return spelled
    if spelled == was or spelled == "+":
        return now
    if _UNIT.match(spelled):
        units = iter(_halves(now))
        return _UNIT.sub(lambda m: f"{m[0][:-4]}{next(units):04x}", spelled)
    if _BYTE.match(spelled):
        return f"{spelled[:-2]}{ord(now):02x}"
    if "%" in spelled:
        parts = iter(_utf8(now))
        return re.sub(r"(%(?:25)*)[0-9A-Fa-f]{2}(?=%|$)", lambda m: f"{m[1]}{next(parts):02X}", spelled)
    if spelled.startswith("&"):
        start = "&amp;#" if spelled.startswith("&amp;") and spelled != "&amp;" else "&#"
        room = len(spelled) - len(start) - 1
        number = f"{ord(now):0{room}d}"
        # "&#46;" has no room for "&#120;": capitals are numbers of two digits.
        return f"{start}{number if len(number) == room else ord(now.upper())};"
    return spelled[: -len(was)] + now if spelled.endswith(was) else now


@attrs.frozen
class Edge:
    """Bits of a character of base64 that also holds bits of something else."""

    mask: int
    was: int
    now: int

    @classmethod
    def between(cls, was: str, now: str, mask: int) -> Edge:
        """What a character shares, and what it becomes."""
        return cls(mask, _SEXTETS[was] & mask, _SEXTETS[now] & mask)

    def fits(self, character: str) -> bool:
        """Whether a character holds these bits."""
        value = _SEXTETS.get(character)
        return value is not None and value & self.mask == self.was

    def patched(self, character: str, *, for_urls: bool) -> str:
        """The character with the placeholder's bits."""
        value = (_SEXTETS[character] & ~self.mask) | self.now
        return (_FOR_URLS if for_urls else _STANDARD)[value]


@attrs.define(eq=False)
class Spelling:
    """A secret, and what takes its place."""

    secret: str = attrs.field(repr=False)
    placeholder: str
    is_bounded: bool
    """Whether it is one only where it stands apart from other letters and digits."""
    is_name: bool = False
    """A person's: a word, that a program may use for something else."""
    before: Edge | None = None
    """Of base64: the bits that are the secret's of the character before it."""
    after: Edge | None = None
    anchor: str = attrs.field(init=False)
    """The letters and digits that stand in all its spellings; empty where it has none."""
    _at: int = attrs.field(init=False)
    _is_plain: bool = attrs.field(init=False)
    """It is spelled in one way, save by somebody who means to hide it."""
    _expressions: tuple[re.Pattern[str], re.Pattern[str]] | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        runs = list(_RUN.finditer(self.secret))
        best = max(runs, key=_fitness, default=None)
        self.anchor = "" if best is None else best[0][:ANCHOR]
        self._at = 0 if best is None else best.start()
        self._is_plain = best is not None and best[0] == self.secret

    @property
    def expression(self) -> str:
        """Finds it in all spellings, wherever it stands."""
        return "".join(map(_unit, self.secret))

    def find(self, text: str, at: int) -> tuple[int, int] | None:
        """Where it stands, if its anchor is at this place and the rest of it around; base64's edges aside."""
        start = at - self._at
        if start >= 0 and text.startswith(self.secret, start):
            end = start + len(self.secret)
        elif self._is_plain:
            return None
        else:
            before, after = self._spelled()
            found = after.match(text, at)
            if found is None:
                return None
            end = found.end()
            lead = before.search(text, max(0, at - 24 * self._at), at) if self._at else None
            if self._at and lead is None:
                return None
            start = lead.start() if lead else at
        return (start, end) if self._stands_apart(text, start, end) else None

    def _spelled(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        if self._expressions is None:
            units = [_unit(one) for one in self.secret]
            self._expressions = (
                re.compile("".join(units[: self._at]) + r"\Z"),
                re.compile("".join(units[self._at :])),
            )
        return self._expressions

    def _stands_apart(self, text: str, start: int, end: int) -> bool:
        if not self.is_bounded:
            return True
        if end < len(text) and _go_together(self.secret[-1], text[end]):
            return False
        if start == 0 or not _go_together(self.secret[0], text[start - 1]):
            return True
        return _ESCAPE_BEFORE.search(text, max(0, start - 6), start) is not None

    def respelled(self, spelled: str) -> str:
        """The placeholder as this text spells the secret."""
        if spelled == self.secret:
            return self.placeholder
        out, at = [], 0
        for was, now in zip(self.secret, self.placeholder, strict=True):
            match = _compiled_unit(was).match(spelled, at)
            if match is None:  # the expression read it otherwise; what it is stays untold all the same
                return "x" * len(spelled)
            out.append(_spelled_like(match[0], was, now))
            at = match.end()
        return "".join(out)

    def fits(self, text: str, start: int, end: int) -> bool:
        """Of base64: whether the characters around it are what the secret makes of them."""
        return (self.before is None or self.before.fits(text[start - 1 : start])) and (
            self.after is None or self.after.fits(text[end : end + 1])
        )


def _fitness(run: re.Match[str]) -> tuple[int, bool, int]:
    """How well it tells a secret from other things."""
    word = run[0]
    return min(len(word), ANCHOR), any(one.isdigit() for one in word), len(word)


def _go_together(inside: str, outside: str) -> bool:
    """Whether two characters beside each other are of one word, or of one number."""
    if inside.isdigit():
        return outside.isdigit()
    return inside.isalpha() and outside.isalnum() and ord(inside) < _NO_SPACES and ord(outside) < _NO_SPACES


def base64_spellings(secret: str, placeholder: str) -> Iterator[Spelling]:
    """What the base64 of any text that holds the secret holds, at each of the three places of a group."""
    was, now = _utf8_all(secret), _utf8_all(placeholder)
    if len(was) < _LEAST:
        return
    for offset in range(3):
        first = -(-8 * offset // 6)
        last = 8 * (offset + len(was)) // 6
        old, new = _encoded(was, offset), _encoded(now, offset)
        bits = (0, 0x0F, 0x03)[offset], (0, 0x30, 0x3C)[(8 * (offset + len(was)) % 6) // 2]
        before = Edge.between(old[first - 1], new[first - 1], bits[0]) if bits[0] else None
        after = Edge.between(old[last], new[last], bits[1]) if bits[1] else None
        standard = old[first:last], new[first:last]
        for old_part, new_part in {
            standard,
            (standard[0].translate(_TO_URLS), standard[1].translate(_TO_URLS)),
        }:
            yield Spelling(old_part, new_part, False, before=before, after=after)


_TO_URLS = str.maketrans("+/", "-_")


def _utf8_all(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _encoded(data: bytes, offset: int) -> str:
    whole = b"\0" * offset + data + b"\0" * (-(offset + len(data)) % 3)
    return base64.b64encode(whole).decode()
