"""Texts as they are written: in JSON, in HTML, in addresses; and others written in their place, as long.

``read_*`` gives what a text says and how each of its characters is written (None where all stand for
themselves). ``write_*`` writes another text of as many characters, each in the length of the one that stood
there; a character that cannot be written so stays what it was.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

__all__ = ["FORM", "HTML", "JSON", "PERCENT", "Spelling", "base64_text", "meant", "write_base64_like"]

_Read: TypeAlias = tuple[str, list[str] | None]


@attrs.frozen
class Spelling:
    """A way of writing."""

    read: Callable[[str], _Read]
    _write: Callable[[str, str, str], str]
    """How one character is written where another one stood (what was written, what it said, the new one)."""
    _odd: re.Pattern[str]
    """What cannot stand for itself."""

    def rewrite(self, raw: str, change: Callable[[str], str]) -> str:
        """Change what a text says, and write it as it was written.

        Raises:
          ValueError: the change made it longer or shorter.
        """
        said, written = self.read(raw)
        new = change(said)
        if new == said:
            return raw
        if len(new) != len(said):
            raise ValueError("what is written in the place of a text has to be as long")
        if written is None:
            if self._odd.search(new) is None and _size(new) == _size(said):
                return new
            written = list(said)
        out = [
            piece if old == char else self._write(piece, old, char)
            for piece, old, char in zip(written, said, new, strict=True)
        ]
        return "".join(out)


def _size(text: str) -> int:
    """UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


# --- JSON ------------------------------------------------------------------------------------------

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_DEEPEST = 6
_SHORT: Mapping[str, str] = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip


def _read_json(raw: str) -> _Read:
    if "\\" not in raw:
        return raw, None
    said: list[str] = []
    written: list[str] = []
    at = 0
    for match in _ESCAPE.finditer(raw):
        plain = raw[at : match.start()]
        said.append(plain)
        written += plain
        at = match.end()
        escape = match.group()
        if len(escape) == 12:
            high, low = int(escape[2:6], 16), int(escape[8:12], 16)
            said.append(chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
            written.append(escape)
        elif len(escape) == 6:
            said.append(chr(int(escape[2:6], 16)))
            written.append(escape)
        elif escape[1] in _SHORT:
            said.append(_SHORT[escape[1]])
            written.append(escape)
        else:  # half of an escape, where the text was cut
            said.append(escape)
            written += escape
    said.append(raw[at:])
    written += raw[at:]
    return "".join(said), written


def _write_json(piece: str, old: str, char: str) -> str:
    if len(piece) == 1:
        if not _is_plain(char):
            return piece
        return char if char >= " " and char not in '"\\' and _bytes(char) == _bytes(old) else piece
    if len(piece) == 6 and ord(char) < 0x10000:
        return f"\\u{ord(char):04x}"
    if len(piece) == 12 and ord(char) >= 0x10000:
        code = ord(char) - 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return piece


def _is_plain(char: str) -> bool:
    """Whether it can stand for itself: half of a surrogate pair cannot, and in a text as it was read such a
    half stands for a byte that is no UTF-8."""
    return not "\ud800" <= char <= "\udfff"


def _bytes(char: str) -> int:
    code = ord(char)
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


def meant(said: str) -> str:
    """What a piece of a text means that may stand in JSON, however deep."""
    for _ in range(_DEEPEST):
        if "\\" not in said or (read := _read_json(said)[0]) == said:
            break
        said = read
    return said


# --- HTML ------------------------------------------------------------------------------------------

_ENTITY = re.compile(r"&(?:#[0-9]{1,9}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")


def _read_html(raw: str) -> _Read:
    if "&" not in raw:
        return raw, None
    said: list[str] = []
    written: list[str] = []
    at = 0
    for match in _ENTITY.finditer(raw):
        char = html.unescape(match.group())
        if len(char) != 1:
            continue
        plain = raw[at : match.start()]
        said += [plain, char]
        written += plain
        written.append(match.group())
        at = match.end()
    said.append(raw[at:])
    written += raw[at:]
    return "".join(said), written


def _write_html(piece: str, old: str, char: str) -> str:
    if len(piece) == 1:
        if not _is_plain(char):
            return piece
        return char if char not in "<>&\"'" and _bytes(char) == _bytes(old) else piece
    width = len(piece) - 3
    number = f"{ord(char):0{width}d}"
    return f"&#{number};" if len(number) == width else piece


# --- addresses and forms ---------------------------------------------------------------------------

_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")


def _read_percent(raw: str, *, plus: bool = False) -> _Read:
    if "%" not in raw:
        return (raw.replace("+", " "), list(raw)) if plus and "+" in raw else (raw, None)
    said: list[str] = []
    written: list[str] = []
    at = 0
    for match in _PERCENT.finditer(raw):
        plain = raw[at : match.start()]
        said.append(plain.replace("+", " ") if plus else plain)
        written += plain
        at = match.end()
        run = match.group()
        position = 0
        for char in bytes.fromhex(run.replace("%", "")).decode("utf-8", "surrogateescape"):
            size = 1 if "\udc80" <= char <= "\udcff" else _bytes(char)
            said.append(char)
            written.append(run[position * 3 : (position + size) * 3])
            position += size
    rest = raw[at:]
    said.append(rest.replace("+", " ") if plus else rest)
    written += rest
    return "".join(said), written


def _read_form(raw: str) -> _Read:
    return _read_percent(raw, plus=True)


def _write_percent(piece: str, old: str, char: str) -> str:
    if piece.startswith("%") and len(piece) > 1:
        try:
            data = char.encode()
        except UnicodeEncodeError:
            return piece
        return "".join(f"%{byte:02X}" for byte in data) if len(data) * 3 == len(piece) else piece
    return char if char.isalnum() or char in "-._~@:/=" else piece


JSON = Spelling(_read_json, _write_json, re.compile('[\\x00-\\x1f"\\\\\ud800-\udfff]'))
HTML = Spelling(_read_html, _write_html, re.compile("[<>&\"'\ud800-\udfff]"))
PERCENT = Spelling(_read_percent, _write_percent, re.compile(r"[^A-Za-z0-9._~@:/=-]"))
FORM = Spelling(_read_form, _write_percent, re.compile(r"[^A-Za-z0-9._~@:/=-]"))
"""As in forms, where a plus is a blank."""


# --- base64 ----------------------------------------------------------------------------------------

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_TEXTUAL = re.compile(r"[\s{}\[\]<>\"]")


def base64_text(value: str) -> str | None:
    """The text that a value says in base64 of either alphabet; None where it does not."""
    if _BASE64.fullmatch(value) is None:
        return None
    bare = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if _TEXTUAL.search(text) and not _UNPRINTABLE.search(text) else None


def write_base64_like(value: str, text: str) -> str:
    """Write a text of as many bytes in the place of a value that :func:`base64_text` could read."""
    encoded = base64.b64encode(text.encode()).decode().rstrip("=")
    if "-" in value or "_" in value:
        encoded = encoded.replace("+", "-").replace("/", "_")
    return encoded + "=" * (len(value) - len(value.rstrip("=")))
