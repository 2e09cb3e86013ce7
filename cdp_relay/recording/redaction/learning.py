"""The first walk through a recording: which secrets it holds, which words are the site's, which are said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import attrs

from cdp_relay.recording.redaction.judging import (
    SAYING,
    Knowledge,
    is_prose,
    judge,
    may_be_prompt,
    may_be_said,
    named_kind,
    told_by,
)
from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.leaves import Family, Leaf, Setting
from cdp_relay.recording.redaction.masks import is_masked
from cdp_relay.recording.redaction.placeholders import is_placeholder
from cdp_relay.recording.redaction.scan import scan
from cdp_relay.recording.redaction.vault import Vault
from cdp_relay.recording.redaction.writing import meant
from cdp_relay.recording.session import KnownText

__all__ = ["Learner", "is_of_day", "is_worth_looking_for", "literals_of"]

_LITERALS = tuple(
    # Only its first quote is taken: what looks like one but is none, as in a regular expression, must not
    # turn all that follows inside out.
    re.compile(
        rf"(?<=[=:,(\[{{?&|+;>\s]){quote}(?=((?:[^{quote}\\\n]++|\\.){{1,300}}+){quote}[,)\]}};:.?+=!&|<\s])"
    )
    for quote in "\"'`"
)
_BETWEEN_TAGS = re.compile(r">(?=([^<>{}\n\\]{1,300}+)<)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SAYS_SOMETHING = re.compile(r"[^\W\d_]")
_SAYABLE = re.compile(
    r"(?:[^\w\s]*+(?:[^\W\d_]++(?:['’.&/+-][^\W\d_]++)*+|\d{1,2}(?:\.\d)?)?[^\w\s]*+(?:\s++|\Z))+"
)
"""What a page may show: words and small numbers, no identifiers."""
_PROPERTY = re.compile(r"(?<=[\w)\]?]\.)[a-z][A-Za-z]{2,40}\b(?!\()")
"""``name`` in ``user.name``: no call, and nothing that is written large, as names of people are."""
_EPOCH = re.compile(r"[12]\d{9}(?:\d{3}){0,3}(?:\.\d+)?")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_STEP = re.compile(r"(?<=/)[^/?#=&]{8,}")
_MAX_WORDS = 500_000
_MAX_TEXTS = 400
"""Titles and the like that are looked for wherever they may stand; all are masked where they are named."""
_MAX_TOLD = 2_000_000
"""Characters of a family's values that are compared with known texts."""
_QUIET = re.compile(r"[a-z]+(?:[-_ ][a-z]+)*|[A-Z_]+", re.ASCII)
"""Plain words: they stand in much else."""


def literals_of(code: str) -> Iterable[str]:
    """The strings that stand in code."""
    for expression in (*_LITERALS, _BETWEEN_TAGS):
        for match in expression.finditer(code):
            said = match[1].strip()
            if not _SAYS_SOMETHING.search(said):
                continue
            if "\\" in said:
                try:
                    known = _ESCAPE.sub(_meant, said)
                    said = known.encode("latin-1", "backslashreplace").decode("unicode_escape").strip()
                except UnicodeDecodeError:
                    continue
            yield said


def _meant(escape: re.Match[str]) -> str:
    """An escape as Python has it too; any other character stands for itself."""
    return escape[0] if escape[1] in "\\'\"abfnrtvxu01234567" else escape[1]


def is_of_day(day: str, seconds: float) -> bool:
    """Whether a time is of this day, in whichever zone."""
    try:
        noon = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    except ValueError:
        return False
    return abs(seconds - noon) <= 1.5 * 86_400


def is_worth_looking_for(said: str, kind: Kind) -> bool:
    """Whether a secret is to be looked for wherever it may stand: what says little stands in much else."""
    bare = said.strip()
    if is_masked(bare) or is_placeholder(bare):
        return False
    if kind in ("email", "address", "avatar"):
        return True
    if kind in ("name", "text"):
        return len(bare) >= 8 and len(bare) <= 4_000 and " " in bare
    if kind == "place":
        return len(bare) >= 5 and (" " in bare or any(one.isdigit() for one in bare))
    if any(one.isdigit() for one in bare):
        return len(bare) >= 6
    return len(bare) >= 8 and _QUIET.fullmatch(bare) is None


@attrs.define(eq=False)
class Learner:
    """Looks at everything, and changes nothing."""

    knowledge: Knowledge
    vault: Vault
    texts: tuple[KnownText, ...] = ()
    own: tuple[re.Pattern[str], ...] = ()
    scans: bool = True
    """Whether secrets are looked for, and not only what is the site's and what is said."""
    day: str = ""
    """Of the recording."""
    keeps_prompt: bool = False
    """Whether what the page sends in words is the prompt, which may stay."""
    earliest: float | None = attrs.field(default=None, init=False)
    """The first time of about that day that was met, in epoch seconds."""
    _told: dict[Family, list[str]] = attrs.field(factory=dict, init=False)
    _seen: list[str] = attrs.field(factory=list, init=False)
    _scanned: set[str] = attrs.field(factory=set, init=False)
    _texts_given: int = attrs.field(default=0, init=False)

    def visit(self, leaf: Leaf) -> str:
        """Note what it says."""
        said = leaf.value
        if may_be_said(leaf) and leaf.family not in self.knowledge.families:
            if is_prose(said) and not self.knowledge.is_sites(said):
                self.knowledge.families.add(leaf.family)
            elif len(said) < _MAX_TOLD:
                self._told.setdefault(leaf.family, []).append(said)
        if said[:1] in "12" and leaf.where in ("number", "json"):
            self._note_time(said)
        if self.keeps_prompt and leaf.setting.is_person and may_be_prompt(leaf):
            self.knowledge.kept.add(said)
        kind = named_kind(leaf)
        if kind is not None and judge(leaf, self.knowledge) is not None:
            self._give(said, kind)
        if self.scans and len(said) >= 5 and leaf.name not in ("integrity", "class", "d", "style"):
            self._seen.append(said)
        return said

    def takes_whole(self, leaf: Leaf) -> bool:
        """Whether it is one of the pieces of a text, or a secret as it stands."""
        if may_be_said(leaf) and leaf.family not in self.knowledge.families:
            whole = "".join(leaf.value.split())
            if any(whole == "".join(one.text.split()) for one in self.texts):
                self.knowledge.families.add(leaf.family)
        if named_kind(leaf) == "avatar" and "://" in leaf.value:
            for step in _STEP.findall(leaf.value.partition("://")[2]):
                self._give(step, "avatar")
        return takes_whole(leaf, self.knowledge)

    def finish(self, text: str, setting: Setting) -> str:
        """Look for what shows by its form, and for texts that were told in pieces."""
        if self.scans:
            self._look_through(text)
        known = [one.text for one in self.texts]
        for family, values in self._told.items():
            if family not in self.knowledge.families and told_by(values, known):
                self.knowledge.families.add(family)
        self._told.clear()
        return text

    def _look_through(self, text: str) -> None:
        if not self._seen:
            self._seen.append(text)
        fresh = [said for said in self._seen if said not in self._scanned]
        self._scanned.update(said for said in fresh if len(said) < 256)
        self._seen.clear()
        self._scan("\n".join(dict.fromkeys(fresh)))
        # A step of an address may be somebody's because of the host before it.
        self._scan(text, code=True)

    def take_code(self, text: str, setting: Setting) -> str:
        """Note which words are the site's own, and which keys stand in it."""
        if self.scans:
            self._scan(text, code=True)
        words = self.knowledge.words
        for said in literals_of(text):
            if len(words) >= _MAX_WORDS:
                break
            if _SAYABLE.fullmatch(said):
                words.add(said)
        self.knowledge.properties.update(_PROPERTY.findall(text))
        return text

    def take_blob(self, data: bytes, media: str, setting: Setting) -> bytes:
        """Nothing is to be learned from a file."""
        return data

    def _note_time(self, said: str) -> None:
        if _EPOCH.fullmatch(said):
            seconds = float(f"{said[:10]}.{said[10:].replace('.', '')}")
        elif _ISO.match(said):
            try:
                moment = datetime.fromisoformat(said)
            except ValueError:
                return
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        else:
            return
        if is_of_day(self.day, seconds) and (self.earliest is None or seconds < self.earliest):
            self.earliest = seconds

    def take_texts(self) -> None:
        """Look for the known texts themselves."""
        for one in self.texts:
            if one.kind == "person":
                self.vault.give(one.text, "name")
            elif not self.knowledge.kept.holds(one.text):
                self._give(one.text, "text")

    def _scan(self, text: str, *, code: bool = False) -> None:
        for found in scan(text, code=code):
            if found.text not in self.knowledge.known:
                self._give(found.text, found.kind)
        for own in self.own:
            for match in own.finditer(text):
                said = match[1] if own.groups else match[0]
                if said:
                    self.vault.give(said, "token")

    def _give(self, said: str, kind: Kind) -> None:
        said = meant(said)
        if is_placeholder(said):
            return
        everywhere = is_worth_looking_for(said, kind)
        if kind == "text" and everywhere:
            self._texts_given += self.vault.placeholder(said) is None
            everywhere = self._texts_given <= _MAX_TEXTS
        self.vault.give(said, kind, everywhere=everywhere)


def takes_whole(leaf: Leaf, knowledge: Knowledge) -> bool:
    """Whether a value is one although it looks like more: words that somebody says, and secrets."""
    if leaf.where in SAYING and leaf.family in knowledge.families:
        return True
    if leaf.family[:1] == ("heard",) and leaf.name in ("text", "arguments"):
        return True
    return leaf.where in ("cookie", "header", "query", "field") and named_kind(leaf) == "token"
