"""Mending JSON that a model got wrong, as far as that can be done without a guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cdp_relay.chat.calls._slips import is_doubtful, mend_slips

__all__ = ["REPAIR_LIMIT", "canonical", "loads", "repair"]

REPAIR_LIMIT = 64 * 1024
"""Characters; what is longer and more than slips is not repaired. Measured: 0.2 s of CPU for 50 kB of code in
a broken string, 1.3 s for 200 kB, and nothing else runs meanwhile."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_SKIPPED = re.compile(r"[\s{}\[\],:;]*")
_QUOTES = "\"'“”‘’`"
_WORD = re.compile(r"[-+.\w]+")


def loads(text: str) -> Any:
    """Parse JSON to the letter, but for raw line breaks and tabs in strings.

    Raises:
      ValueError: it is none, or says the same twice.
    """
    try:
        return json.loads(text, strict=False, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def canonical(value: Any) -> str:
    """JSON of one line without blanks; only what no text may hold is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def repair(text: str) -> Any:
    """Mend JSON, and make sure that nothing of it was lost, added or torn off by that.

    Raises:
      ValueError: it is too long, or cannot be mended so.
    """
    try:
        return loads(mend_slips(text))
    except ValueError:
        pass
    if len(text) > REPAIR_LIMIT:
        raise ValueError(f"it is longer than {REPAIR_LIMIT} characters, and no valid JSON")
    import json_repair  # 28 ms that most runs need not pay

    try:
        value = json_repair.loads(text, skip_json_loads=True)
        whole = isinstance(value, dict | list) and _holds(text, value)
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        raise ValueError("it is no valid JSON") from error
    if not whole:
        raise ValueError("it is no valid JSON")
    return value


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        # Parsers differ in which of them counts.
        raise ValueError("it has a key twice")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _holds(text: str, value: Any) -> bool:
    """Whether *text* is *value* written down, whatever one thinks of its punctuation."""
    at, after_key = 0, False
    for scalar, is_key in _scalars(value):
        at = _skip(text, at, colon=after_key)
        if at < 0:
            return False
        if isinstance(scalar, str):
            at = _match_string(text, at, scalar, bare=is_key)
        else:
            word = _WORD.match(text, at)
            at = word.end() if word and _same_word(word[0], scalar) else -1
        if at < 0:
            return False
        after_key = is_key
    return _skip(text, at, colon=after_key) == len(text)


def _skip(text: str, at: int, *, colon: bool) -> int:
    """The place behind the punctuation at *at*; -1 where a colon is missing or too many."""
    skipped = _SKIPPED.match(text, at)
    end = skipped.end() if skipped else at
    return end if (":" in text[at:end]) is colon else -1


def _scalars(value: Any) -> Iterator[tuple[str | int | float | bool | None, bool]]:
    """Keys and plain values as they stand, and whether each is a key."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key), True
            yield from _scalars(one)
    elif isinstance(value, list):
        for one in value:
            yield from _scalars(one)
    else:
        yield value, False


def _same_word(word: str, scalar: float | bool | None) -> bool:
    if scalar is None or isinstance(scalar, bool):
        return word.lower() in {"none", "null"} if scalar is None else word.lower() == str(scalar).lower()
    try:
        return float(word) == float(scalar)
    except (ValueError, OverflowError):
        return False


def _match_string(text: str, at: int, wanted: str, *, bare: bool) -> int:
    """The place behind the string *wanted* that is written at *at*; -1 when another one is.

    Args:
      bare: whether it may stand without quotation marks.
    """
    quoted = at < len(text) and text[at] in _QUOTES
    if not quoted and not bare:
        return -1
    start = at = at + quoted
    plain = json.dumps(wanted, ensure_ascii=False)[1:-1]
    if text.startswith(plain, at):
        at += len(plain)
    else:
        for character in wanted:
            at = _match_character(text, at, character)
            if at < 0:
                return -1
        if is_doubtful(text[start:at]):
            return -1
    if quoted:
        # Without its last quote a string may have been cut short.
        return at + 1 if at < len(text) and text[at] in _QUOTES else -1
    return at


def _match_character(text: str, at: int, character: str) -> int:
    escape = _ESCAPE.match(text, at)
    if escape is not None:
        meant = _unescaped(escape)
        if meant == character:
            return escape.end()
        if "\ud800" <= meant <= "\udbff" and (low := _ESCAPE.match(text, escape.end())):
            pair = (meant + _unescaped(low)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if pair == character:
                return low.end()
    if text.startswith("\\'", at) and character == "'":
        return at + 2
    return at + 1 if text.startswith(character, at) else -1


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(escape[2], escape[2])
