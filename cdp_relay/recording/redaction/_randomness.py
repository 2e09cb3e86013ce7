"""Whether a run of letters and digits was drawn by lot, or is made of words."""

from __future__ import annotations

import functools
import itertools
import re

__all__ = ["looks_drawn", "looks_like_hex"]

_LEAST = 16
"""Characters; below that words of programs and what was drawn cannot be told apart."""
_LEAST_DIFFERENT = 8
_MANY = 20
"""Characters, where there is no digit among them."""
_HUMP = 0.3
"""``camelCase`` has some; what is drawn has many."""

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")
_ALPHABET = re.compile(r"abcdefgh|ABCDEFGH|12345678")

_FOLLOWERS = (
    "abcdgiklmnprstuvy baeloruy cadehklortu dadeioprsy eacdefilmnpqrstvwxy faefiortu gaeilnorsu"
    " haeiortuy ibcdefglmnoprstv jaeosu keisy ladefiklostuy maeimopsu nacdefgiknostuy"
    " oacdefgiklmnoprstuvwy paehiloprstu qu radegiklmnorstuvy sacehiklmopqstuwy tacehilorstuwy"
    " uabcdegilmnprst vaeio waehinors xacipt yelmopst zaeio"
)
_PAIRS = frozenset(one[0] + other for one in _FOLLOWERS.split() for other in one[1:])
"""Of two letters: more than 95 of 100 in the words of English texts and of programs (counted in this
project's own); of those drawn by lot 38."""


_DRAWN = 0.34
_DRAWN_LETTERS = 0.45
"""Odd steps of all. Measured on 6,300 long names of programs, and on tokens of 20 characters drawn by lot:
above it are 99.9 of 100 tokens that hold a digit, and 1 of 100 of all names."""


@functools.lru_cache(maxsize=50_000)
def looks_drawn(run: str) -> bool:
    """Whether this run of letters, digits, ``-`` and ``_`` is one that no person made up."""
    plain = _NOT_PLAIN.sub("", run)
    if (
        len(run) < _LEAST
        or len(plain) < _LEAST - 2
        or plain.isdigit()
        or len(set(plain.lower())) < 8
        or _ALPHABET.search(run)
    ):
        return False
    share = _odd_steps(run)
    if any(one.isdigit() for one in plain):
        return share > _DRAWN
    is_mixed = plain not in (plain.lower(), plain.upper())
    return len(plain) >= _MANY and share > (_DRAWN if is_mixed else _DRAWN_LETTERS)


def looks_like_hex(run: str) -> bool:
    """Whether this is hexadecimal of nothing that repeats or counts."""
    digits = sum(one.isdigit() for one in run)
    if not 2 <= digits <= len(run) - 2 or len(set(run)) < 7:
        return False
    return run.lower() not in "0123456789abcdef0123456789abcdef"


def _odd_steps(run: str) -> float:
    """The share of steps from one character to the next that words seldom have."""
    odd, steps = 0.0, 0
    for one, other in itertools.pairwise(run):
        if not (one.isalnum() and other.isalnum()):
            continue
        steps += 1
        if one.isdigit() != other.isdigit():
            odd += 1
        elif one.islower() and other.isupper():
            odd += _HUMP
        elif not one.isdigit() and (one + other).lower() not in _PAIRS:
            odd += 1
    return odd / max(steps, 1)
