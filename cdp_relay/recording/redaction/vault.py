"""What is known to be secret, what stands in its place, and the replacing of it wherever it is spelled.

    vault = Vault()
    vault.give("anna@example.org", "email")  # 'xxxx1@example.com': learned, and the same from now on
    vault.replace(text)  # without all that was given, in every spelling, as long as before

``give`` everything first, then ``replace``: what is given later is not replaced in what was replaced before.
Nothing is replaced twice, and a placeholder stays what it is, also one of another vault. Spellings are
percent-encoding, escapes of JSON at any depth, of HTML, and base64 (also inside a longer value, text or not).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import attrs

from cdp_relay.recording.redaction._base64 import with_text_changed
from cdp_relay.recording.redaction._spelling import ANCHOR, Edge, Spelling, base64_spellings
from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.placeholders import Placeholders

__all__ = ["Vault"]

_LEAST = 4
"""Bytes; what is shorter stands in too many other words to be replaced wherever it stands."""
_LEAST_NAME = 3
_FREE_FROM = 12
"""Characters, from which on a secret is one inside a longer run of letters and digits as well."""
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "account admin and chat default false for free guest home new none null person personal plan plus"
        " private pro replica space team test the true user work workspace you your",
    )
)
"""Words that are part of names and of everything else."""

_RUN = re.compile(rf"[A-Za-z0-9]{{{ANCHOR},}}")
_NESTING = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
"""May hold a text in base64."""
_KEPT_RUNS = 50_000
_LONG_RUN = 64


@attrs.define(eq=False)
class Vault:
    """Secrets and their placeholders."""

    _placeholders: Placeholders = attrs.field(factory=Placeholders, init=False)
    _given: dict[str, str] = attrs.field(factory=dict, init=False, repr=False)
    _kinds: Counter[Kind] = attrs.field(factory=Counter, init=False)
    _spellings: dict[str, list[Spelling]] = attrs.field(factory=dict, init=False, repr=False)
    """By anchor."""
    _known: set[str] = attrs.field(factory=set, init=False, repr=False)
    """All that is looked for, in the case in which it is."""
    _short: re.Pattern[str] | None = attrs.field(default=None, init=False, repr=False)
    """Anchors that are shorter than the others."""
    _is_ready: bool = attrs.field(default=True, init=False)
    _runs: dict[str, tuple[int, ...]] = attrs.field(factory=dict, init=False, repr=False)
    """Where anchors stand in runs that were met before."""

    @property
    def counts(self) -> Mapping[Kind, int]:
        """Different secrets by kind."""
        return dict(self._kinds)

    @property
    def secrets(self) -> Mapping[str, str]:
        """Placeholders by secret: all that was given."""
        return dict(self._given)

    def give(self, secret: str, kind: Kind, *, everywhere: bool = True) -> str:
        """Learn a secret, and return its placeholder.

        Args:
          secret: as it is when nothing is escaped in it.
          everywhere: replace it wherever it stands, and not only where the caller does it himself. What has
            fewer than four bytes (a name: three) never is.
        """
        placeholder = self._given.get(secret)
        if placeholder is None:
            placeholder = self._given[secret] = self._placeholders.make(secret, kind)
            if placeholder != secret:
                self._kinds[kind] += 1
        if everywhere and placeholder != secret:
            self._look_for(secret, placeholder, kind)
            if kind == "name":
                for word in re.findall(r"[^\W\d_]{3,}", secret):
                    if word[0].isupper() and word.lower() not in _COMMON:
                        self._look_for(word, self._placeholders.make(word, "name"), kind)
        return placeholder

    def placeholder(self, secret: str) -> str | None:
        """What stands in place of a secret that was given."""
        return self._given.get(secret)

    def replace(self, text: str, *, names: bool = True) -> str:
        """The text without all secrets that are known, in every spelling; of the same length.

        Args:
          names: replace the names of people too. They are words; in a program they may be words of its own.
        """
        if not self._is_ready:
            self._get_ready()
        told = self._replaced(text, names)
        if not self._spellings:
            return told
        # What is base64 of base64 has no spelling of its own.
        return _NESTING.sub(lambda run: with_text_changed(run[0], lambda one: self._within(one, names)), told)

    def _within(self, text: str, names: bool) -> str:
        return self.replace(text, names=names) if _NESTING.search(text) else text

    def _replaced(self, text: str, names: bool) -> str:
        found = sorted(self._found(text, names), key=lambda one: (one[0], -one[1]))
        if not found:
            return text
        out: list[str] = []
        done, edges = 0, _Edges(text)
        for start, end, spelling in found:
            if start < done:
                continue
            out += [text[done:start], spelling.respelled(text[start:end])]
            done = end
            edges.share(start, end, spelling)
        out.append(text[done:])
        return edges.applied("".join(out))

    def replace_bytes(self, data: bytes, *, names: bool = True) -> bytes:
        """The same in bytes that hold UTF-8 among other things."""
        text = data.decode("utf-8", "surrogateescape")
        told = self.replace(text, names=names)
        return data if told is text else told.encode("utf-8", "surrogateescape")

    def _look_for(self, secret: str, placeholder: str, kind: Kind) -> None:
        is_word = kind in {"name", "text"}
        size = len(secret.encode("utf-8", "surrogatepass"))
        if len(secret) < 2 or size < (_LEAST_NAME if kind == "name" else _LEAST) or secret in self._known:
            return
        cases = {secret: placeholder}
        if kind in {"name", "email"} or "-4000-8000-" in placeholder:
            cases |= {secret.upper(): placeholder.upper() if is_word else placeholder}
            if not is_word or len(secret) > ANCHOR:
                cases |= {secret.lower(): placeholder.lower()}
        is_bounded = is_word or kind == "email" or len(secret) < _FREE_FROM or secret.isdigit()
        for spelled, told in cases.items():
            if spelled in self._known or len(spelled) != len(told):
                continue
            self._known.add(spelled)
            self._add(Spelling(spelled, told, is_bounded, kind == "name"))
            for one in base64_spellings(spelled, told):
                self._add(one)

    def _add(self, spelling: Spelling) -> None:
        self._spellings.setdefault(spelling.anchor, []).append(spelling)
        self._is_ready = False

    def _get_ready(self) -> None:
        for one in self._spellings.values():
            one.sort(key=lambda spelling: -len(spelling.secret))
        short = sorted((one for one in self._spellings if 0 < len(one) < ANCHOR), key=len, reverse=True)
        odd = [one.expression for one in self._spellings.get("", ())]
        self._short = re.compile("|".join([*short, *odd])) if short or odd else None
        self._runs.clear()
        self._is_ready = True

    def _long_anchors(self, text: str) -> Iterator[int]:
        spellings, runs = self._spellings, self._runs
        for match in _RUN.finditer(text):
            run = match[0]
            places = runs.get(run)
            if places is None:
                places = tuple(
                    at for at in range(len(run) - ANCHOR + 1) if run[at : at + ANCHOR] in spellings
                )
                if len(run) <= _LONG_RUN:
                    if len(runs) >= _KEPT_RUNS:
                        runs.clear()
                    runs[run] = places
            if places:
                for at in places:
                    yield match.start() + at

    def _found(self, text: str, names: bool) -> Iterator[tuple[int, int, Spelling]]:
        """Every secret that stands in the text, and where; they may overlap."""
        for at in self._anchors(text):
            for size in range(ANCHOR + 1):
                for spelling in self._spellings.get(text[at : at + size], ()):
                    if spelling.is_name and not names:
                        continue
                    span = spelling.find(text, at)
                    if span is not None and spelling.fits(text, *span):
                        yield *span, spelling

    def _anchors(self, text: str) -> Iterator[int]:
        """Where secrets may stand."""
        yield from self._long_anchors(text)
        if self._short is not None:
            yield from (match.start() for match in _overlapping(self._short, text))


@attrs.define(eq=False)
class _Edges:
    """The characters of base64 that hold bits of a secret and of what stands beside it."""

    text: str
    _shared: list[tuple[int, Edge]] = attrs.field(factory=list, init=False)

    def share(self, start: int, end: int, spelling: Spelling) -> None:
        """Note those of one that was replaced."""
        if spelling.before is not None:
            self._shared.append((start - 1, spelling.before))
        if spelling.after is not None:
            self._shared.append((end, spelling.after))

    def applied(self, told: str) -> str:
        """The text with those of them that are what they were."""
        told_at: dict[int, str] = {}
        for at, edge in self._shared:
            around = self.text[max(0, at - 64) : at + 64]
            for_urls = "+" not in around and "/" not in around
            told_at[at] = edge.patched(told_at.get(at, told[at]), for_urls=for_urls)
        out, done = [], 0
        for at in sorted(told_at):
            out += [told[done:at], told_at[at]]
            done = at + 1
        return "".join([*out, told[done:]]) if out else told


def _overlapping(expression: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    at = 0
    while match := expression.search(text, at):
        yield match
        at = match.start() + 1
