"""Whether a run of letters and digits was drawn by lot, or is made of words."""

from __future__ import annotations

import functools
import itertools
import re

__all__ = ["looks_drawn", "looks_like_hex"]

_LEAST = 16
"""Characters; below that words of programs and what was drawn cannot be told apart."""
_MANY = 24

_FOLLOWERS = (
    "abcdgiklmnprstuvy baeloruy cadehklortu dadeioprsy eacdefilmnpqrstvwxy faefiortu gaeilnorsu"
    " haeiortuy ibcdefglmnoprstv jaeosu keisy ladefiklostuy maeimopsu nacdefgiknostuy"
    " oacdefgiklmnoprstuvwy paehiloprstu qu radegiklmnorstuvy sacehiklmopqstuwy tacehilorstuwy"
    " uabcdegilmnprst vaeio waehinors xacipt yelmopst zaeio"
)
_PAIRS = frozenset(one[0] + other for one in _FOLLOWERS.split() for other in one[1:])
"""Of two letters: more than 95 of 100 in the words of English texts and of programs (counted in this
project's own); of those drawn by lot 38."""


@functools.lru_cache(maxsize=50_000)
def looks_drawn(run: str) -> bool:
    """Whether this run of letters, digits, ``-`` and ``_`` is one that no person made up."""
    plain = re.sub(r"[^A-Za-z0-9]", "", run)
    if len(plain) < _LEAST or len(set(plain.lower())) < 8:
        return False
    if plain.isdigit():
        return False
    odd, steps = _oddness(run)
    share = odd / max(steps, 1)
    has_digit = any(one.isdigit() for one in plain)
    if not has_digit:
        mixed = plain not in (plain.lower(), plain.upper())
        return share > (0.55 if mixed else 0.6) and len(plain) >= (20 if mixed else _MANY)
    return share > (0.4 if len(plain) >= _MANY else 0.5)


def looks_like_hex(run: str) -> bool:
    """Whether this is hexadecimal of nothing that repeats or counts."""
    digits = sum(one.isdigit() for one in run)
    if not 2 <= digits <= len(run) - 2 or len(set(run)) < 7:
        return False
    return run.lower() not in "0123456789abcdef0123456789abcdef"


def _oddness(run: str) -> tuple[int, int]:
    """How many steps from one character to the next no word has, of how many."""
    odd = steps = 0
    for one, other in itertools.pairwise(run):
        if not (one.isalnum() and other.isalnum()):
            continue
        steps += 1
        if one.isdigit() != other.isdigit():
            odd += 1
        elif one.isdigit() or (one.islower() and other.isupper()):  # a hump of a name
            continue
        elif (one + other).lower() not in _PAIRS:
            odd += 1
    return odd, steps
