r"""Words without their meaning: every letter becomes the same, and what gives a text its shape stays.

What a mask makes of a character depends on nothing but the character, and takes as many UTF-8 bytes and as
many UTF-16 units. So a mask commutes with every cut, with texts that grow, and with escapes:

* ``mask(a + b) == mask(a) + mask(b)``, ``mask(mask(a)) == mask(a)``
* ``json.loads(f'"{mask_json_text(raw)}"') == mask(json.loads(f'"{raw}"'))``

White space, punctuation, Markdown's marks, arrows and box drawings, joiners and private characters stay.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_masked", "mask", "mask_json_text"]

_EMOJI = "\U0001f642"
_HIGH, _LOW = "\ud83d", "\ude42"
"""Its halves: what a lone half of any pair becomes, so that a pair may be cut."""

_ESCAPE = re.compile(r"(\\+)(u[0-9A-Fa-f]{4})?")


class _Masks(dict[int, str]):
    """By code point, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        made = self[code] = _masked(chr(code))
        return made


def _masked(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        if character.isdigit():
            return "0"
        if character.isalpha():
            return "X" if character.isupper() else "x"
        return character
    if 0xD800 <= code < 0xDC00:
        return _HIGH
    if 0xDC00 <= code < 0xE000:
        return _LOW
    if code >= 0x10000:
        return _EMOJI
    category = unicodedata.category(character)
    if category[0] not in "LNM" and not (category == "So" and code >= 0x2600):
        return character
    if 0xFE00 <= code <= 0xFE0F:  # says how the character before it is drawn
        return character
    if code < 0x800:
        # Below 256: the shortest of all spellings, whatever the character's own was.
        return "\u00d8" if category == "Lu" else "\u00f8"
    if category == "So":
        return "\u2605"
    return "\u6587" if code >= 0x2E80 else "\u0e01"


_MASKS = _Masks()


def mask(text: str) -> str:
    """The text with other letters and digits; lone halves of surrogate pairs are taken as they come."""
    return text.translate(_MASKS)


def is_masked(text: str) -> bool:
    """Whether masking would change nothing: no word of it tells anything."""
    return mask(text) == text


def mask_json_text(raw: str, *, depth: int = 1) -> str:
    r"""Mask what stands between the quotes of a JSON string, as it is spelled: every escape keeps its length.

    Args:
      depth: how many JSON strings it stands in, one inside the other.
    """
    if "\\" not in raw:
        return mask(raw)
    whole = 1 << depth
    """So many backslashes are one of the text."""
    out: list[str] = []
    at = 0
    for match in _ESCAPE.finditer(raw):
        if match.start() < at:
            continue
        out.append(mask(raw[at : match.start()]))
        slashes, unit = match.groups()
        out.append(slashes)
        at = match.end(1)
        if len(slashes) % whole == 0 or at == len(raw):
            continue
        if unit is None:
            out.append(raw[at])
            at += 1
        else:
            out.append("u" + _spelled_like(unit[1:], mask(chr(int(unit[1:], 16)))))
            at = match.end()
    out.append(mask(raw[at:]))
    return "".join(out)


def _spelled_like(digits: str, character: str) -> str:
    made = f"{ord(character):04x}"
    return made.upper() if digits != digits.lower() else made
