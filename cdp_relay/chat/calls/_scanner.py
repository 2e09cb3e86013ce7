"""Strict JSON, scanned as it comes in: where a value ends, and what stands at its first level."""

from __future__ import annotations

import enum
import re

import attrs

__all__ = ["Scanner", "Stop"]

# Possessive, so that a string of a megabyte leaves no trail to go back on.
_STRING_RUN = re.compile(r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+')
_WHITE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[-+.\w]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_LITERALS = frozenset({"true", "false", "null"})
_PYTHON_LITERALS = frozenset({"True", "False", "None"})
_HEX = frozenset("0123456789abcdefABCDEF")


class Stop(enum.Enum):
    """Why a scan came back before the end of its text."""

    KEY = enum.auto()
    """A key of the outermost object is whole; ``Scanner.key`` has it."""
    VALUE = enum.auto()
    """The value of such a key begins here."""
    VALUE_END = enum.auto()
    """It ends here."""
    CONTROL = enum.auto()
    """The character before stands raw in a string, where JSON wants an escape. The scan can go on."""
    SLIP = enum.auto()
    """From here on the JSON is not to the letter any more, though its structure is still known. The scan
    can go on; it says so but once."""
    END = enum.auto()
    """The outermost value ends here."""
    BROKEN = enum.auto()
    """What stands here is no JSON, and nothing is known of what follows."""


class _Expect(enum.Enum):
    VALUE = enum.auto()
    ITEM_OR_END = enum.auto()
    KEY_OR_END = enum.auto()
    KEY = enum.auto()
    COLON = enum.auto()
    COMMA_OR_END = enum.auto()
    NOTHING = enum.auto()


@attrs.define(eq=False)
class Scanner:
    """Scans one JSON value that comes in pieces, in linear time and with the memory of its depth.

    Slips that leave no doubt about where things end (a comma too many, an escape that JSON does not
    have, Python's words for true and null) are scanned over, and remembered in ``strict``.
    """

    strict: bool = True
    """Whether all that was scanned is JSON to the letter, raw control characters in strings aside."""
    key: str = ""
    """The last key of the outermost object, as it was written, without its quotes."""
    in_string: bool = False
    _is_key: bool = False
    _escape: str = ""
    _word: str = ""
    _expect: _Expect = _Expect.VALUE
    _closers: list[str] = attrs.field(factory=list)
    _after_comma: bool = False
    _announced: bool = False
    _key_parts: list[str] = attrs.field(factory=list)

    def scan(self, text: str, at: int) -> tuple[int, Stop | None]:
        """Scan on from *at*: where the scan stands now, and why it came back; None at the text's end."""
        end = len(text)
        while at < end:
            if self.in_string:
                at, stop = self._scan_string(text, at)
            elif self._word:
                at, stop = self._scan_word(text, at)
            else:
                match = _WHITE.match(text, at)
                at = match.end() if match else at
                if at == end:
                    break
                at, stop = self._scan_mark(text, at)
            if stop is not None:
                return at, stop
        return at, None

    @property
    def depth(self) -> int:
        """How many objects and arrays are open."""
        return len(self._closers)

    @property
    def wants_more(self) -> bool:
        """Whether an open object or array may end here or go on: nothing is begun and not ended."""
        return self._expect is _Expect.COMMA_OR_END and not self.in_string and not self._word

    def _scan_string(self, text: str, at: int) -> tuple[int, Stop | None]:
        if self._escape:
            return self._scan_escape(text, at)
        match = _STRING_RUN.match(text, at)
        stop = match.end() if match else at
        if self._is_key and self.depth == 1:
            self._key_parts.append(text[at:stop])
        if stop == len(text):
            return stop, None
        character = text[stop]
        if character == "\\":
            self._escape = "\\"
            return stop + 1, None
        if character != '"':
            return stop + 1, Stop.CONTROL
        self.in_string = False
        if self._is_key:
            self._expect = _Expect.COLON
            if self.depth == 1:
                self.key = "".join(self._key_parts)
                self._key_parts.clear()
                return stop + 1, Stop.KEY
            return stop + 1, None
        return stop + 1, self._ended()

    def _scan_escape(self, text: str, at: int) -> tuple[int, Stop | None]:
        """An escape that a cut went through, or that JSON does not have."""
        escape = self._escape + text[at]
        digits = escape[2:]
        if escape[1] == "u" and all(digit in _HEX for digit in digits):
            if len(digits) < 4:
                self._escape = escape
                return at + 1, None
        elif escape[1] not in '"\\/bfnrt':
            if self.strict:
                return self._slip(at)
            if escape[1] == "u":
                # What broke the escape off may be the string's end.
                return self._leave_escape(self._escape, at), None
        return self._leave_escape(escape, at + 1), None

    def _leave_escape(self, escape: str, at: int) -> int:
        if self._is_key and self.depth == 1:
            self._key_parts.append(escape)
        self._escape = ""
        return at

    def _slip(self, at: int) -> tuple[int, Stop]:
        self.strict = False
        return at, Stop.SLIP

    def _scan_word(self, text: str, at: int) -> tuple[int, Stop | None]:
        match = _WORD.match(text, at)
        stop = match.end() if match else at
        self._word += text[at:stop]
        if stop == len(text):
            return stop, None
        if self._word not in _LITERALS and _NUMBER.fullmatch(self._word) is None:
            if self._word not in _PYTHON_LITERALS:
                return stop, Stop.BROKEN
            if self.strict:
                return self._slip(stop)
        self._word = ""
        return stop, self._ended()

    def _scan_mark(self, text: str, at: int) -> tuple[int, Stop | None]:
        character, expect = text[at], self._expect
        if self._closers[-1:] == [character]:
            if expect in (_Expect.KEY_OR_END, _Expect.ITEM_OR_END, _Expect.COMMA_OR_END):
                return self._close(at)
            if self._after_comma:
                return self._slip(at) if self.strict else self._close(at)
        if expect in (_Expect.VALUE, _Expect.ITEM_OR_END):
            if self.depth == 1 and self._closers[0] == "}" and not self._announced:
                self._announced = True
                return at, Stop.VALUE
            return self._begin_value(character, at)
        if expect is _Expect.COLON and character == ":":
            self._expect, self._announced, self._after_comma = _Expect.VALUE, False, False
        elif expect in (_Expect.KEY, _Expect.KEY_OR_END) and character == '"':
            self.in_string = self._is_key = True
        elif expect is _Expect.COMMA_OR_END and character == ",":
            self._expect = _Expect.KEY if self._closers[-1] == "}" else _Expect.VALUE
            self._after_comma = True
        else:
            return at, Stop.BROKEN
        return at + 1, None

    def _begin_value(self, character: str, at: int) -> tuple[int, Stop | None]:
        if character == '"':
            self.in_string, self._is_key = True, False
        elif character == "{":
            self._closers.append("}")
            self._expect = _Expect.KEY_OR_END
        elif character == "[":
            self._closers.append("]")
            self._expect = _Expect.ITEM_OR_END
        elif character == "-" or character.isalnum():
            self._word = character
        else:
            return at, Stop.BROKEN
        self._after_comma = False
        return at + 1, None

    def _close(self, at: int) -> tuple[int, Stop | None]:
        self._closers.pop()
        return at + 1, self._ended()

    def _ended(self) -> Stop | None:
        if not self._closers:
            self._expect = _Expect.NOTHING
            return Stop.END
        self._expect = _Expect.COMMA_OR_END
        if self.depth == 1 and self._closers[0] == "}":
            return Stop.VALUE_END
        return None
