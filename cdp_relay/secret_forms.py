"""Secrets that say by their form what they are: keys with a beginning of their own, tokens, passwords.

Sans-IO. What only looks random is not here: a text in which something harmless is blotted out is no longer
what somebody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

__all__ = ["SECRET_FORMS", "SecretForm"]


@attrs.frozen
class SecretForm:
    """Where secrets of one form stand in a text."""

    clues: tuple[str, ...]
    """One of them stands in every text that the expression finds something in: a search for them is many
    times faster than one for the expression."""
    expression: re.Pattern[str]
    """Its first group is what is blotted out, or all of it where it has none."""

    def found(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Where each secret starts and ends, with where starts what shows that it is one."""
        if not self.clues or any(clue in text for clue in self.clues):
            group = 1 if self.expression.groups else 0
            for match in self.expression.finditer(text):
                start, end = match.span(group)
                if end > start:
                    yield match.start(), start, end


def _pattern(clues: str, expression: str) -> SecretForm:
    return SecretForm(tuple(clues.split("|")), re.compile(expression))


def _key(beginning: str, rest: str) -> SecretForm:
    """A key that begins with a word of its own, and no other word goes before it.

    That is looked at behind the beginning: an expression that begins with plain characters is many times
    faster.
    """
    start = re.escape(beginning)
    return _pattern(beginning, rf"{start}(?<![A-Za-z0-9_]{start}){rest}")


_HAS_DIGIT = r"(?=[A-Za-z_-]{0,64}[0-9])"
"""Names of packages look like keys, but for that."""

SECRET_FORMS = (
    # Without its end as well: the text may have been cut, or may be on its way.
    _pattern(
        "PRIVATE KEY",
        r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
        r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
    # OpenAI, Anthropic, Stripe, this relay.
    *(_key(one, rf"{_HAS_DIGIT}[A-Za-z0-9_-]{{16,}}") for one in ("sk-", "sk_", "rk_")),
    *(_key(f"gh{kind}_", r"[A-Za-z0-9]{20,}") for kind in "pousr"),
    _key("github_pat_", r"[A-Za-z0-9_]{20,}"),
    _key("glpat-", r"[A-Za-z0-9_-]{16,}"),
    _key("xox", r"[a-z]-[A-Za-z0-9-]{10,}"),
    _key("xapp-", r"[A-Za-z0-9-]{10,}"),
    *(_key(one, r"[A-Z0-9]{16}\b") for one in ("AKIA", "ASIA")),
    _pattern("ecret|ECRET", r"(?i:secret_?access_?key)\W{1,8}([A-Za-z0-9/+=]{40})"),
    _key("AIza", r"[A-Za-z0-9_-]{35}"),
    _key("ya29.", r"[A-Za-z0-9_-]{20,}"),
    _key("GOCSPX-", r"[A-Za-z0-9_-]{20,}"),
    _key("npm_", r"[A-Za-z0-9]{30,}"),
    _key("pypi-", r"[A-Za-z0-9_-]{40,}"),
    _key("hf_", r"[A-Za-z0-9]{30,}"),
    # JSON Web Tokens: signed, with two points; encrypted, with four.
    _key("eyJ", r"[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}"),
    _pattern("earer", r"earer\s{1,4}([A-Za-z0-9._~+/=-]{16,})"),
    _pattern(
        "uthorization", r"uthorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?[Bb]asic\s{1,4}([A-Za-z0-9+/=]{8,})"
    ),
    _pattern("://", r"://[^\s/:@\"'<>]{0,256}:([^\s/@\"'<>]{1,256})@"),
)
