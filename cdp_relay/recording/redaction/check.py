"""What a recording would tell of somebody: every place, found by a look of its own.

Nothing is asked of whoever redacted it. Values are judged by where they stand and how they look, as if
nothing had been redacted, and must be masks or placeholders by their form; all text is searched for what
shows by its form that it is a secret, and for what the person says must not be there, in every spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from cdp_relay.recording.redaction import bodies
from cdp_relay.recording.redaction.judging import Knowledge, judge
from cdp_relay.recording.redaction.kinds import Kind
from cdp_relay.recording.redaction.learning import Learner, takes_whole
from cdp_relay.recording.redaction.leaves import Leaf, Setting
from cdp_relay.recording.redaction.placeholders import is_placeholder
from cdp_relay.recording.redaction.redact import knowledge_of, masked, shift_of
from cdp_relay.recording.redaction.scan import scan
from cdp_relay.recording.redaction.vault import Vault
from cdp_relay.recording.redaction.walk import SessionWalk
from cdp_relay.recording.redaction.writing import meant
from cdp_relay.recording.session import Session

__all__ = ["Leak", "find_leaks"]

_WORDS = re.compile(r"[^\s\"'<>(){}\[\],;|&=]+")
_SHOWN = 2
_MOVED_WITHIN = 5
"""Seconds."""
_MAX_BLOTS = 12


@attrs.frozen(kw_only=True)
class Leak:
    """Something that a recording would tell."""

    place: str
    """Where, in words: entry, part, field or line."""
    kind: str
    """What it looks like: ``token``, ``email``, ``text``, ``file``, ``given`` ..."""
    sample: str
    """Its beginning, and blots."""

    def __str__(self) -> str:
        return f"{self.place}: {self.kind} {self.sample}"


def find_leaks(
    session: Session,
    *,
    known: Iterable[str] = (),
    own: Iterable[str] = (),
    secrets: Iterable[str] = (),
) -> list[Leak]:
    """What a recording would tell; nothing when it is clean.

    Where it was kept, the answer may stand in it as its events tell it, and the prompt as the page sent it.

    Args:
      known: what the site's decoder and definition compare with.
      own: regular expressions of the person's for what is secret.
      secrets: what must not be in it, in no spelling.
    """
    kept = session.about.kept
    knowledge = knowledge_of(session, known=known)
    if "answer" in kept:
        for text in _answers(session):
            knowledge.kept.add(text)
    learner = Learner(
        knowledge,
        Vault(),
        session.texts,
        scans=False,
        day=session.about.recorded_on,
        keeps_prompt="prompt" in kept,
    )
    SessionWalk(learner).session(session)
    given = Vault()
    for secret in secrets:
        given.give(secret, "token")
    checker = _Checker(
        knowledge=knowledge,
        given=given,
        own=tuple(re.compile(one) for one in own),
        keeps_files="files" in kept,
    )
    SessionWalk(checker).session(session)
    shift = shift_of(session, learner.earliest)
    if shift is not None and abs(shift.seconds) > _MOVED_WITHIN:
        begins = f"{-shift.seconds // 3600} hours into the day"
        checker.leaks.append(Leak(place="times, the first one", kind="time", sample=f"begins {begins}"))
    return list(dict.fromkeys(checker.leaks))


def _answers(session: Session) -> Iterator[str]:
    """What the recording's own events tell of its answers, with what they took back."""
    for name in ("TextDelta", "ReasoningDelta"):
        told = [str(one.event.get("text", "")) for one in session.heard if one.event.get("event") == name]
        yield "".join(told)
        yield from (text for text in told if text.strip())


def _is_clean(said: str) -> bool:
    if is_placeholder(said) or masked(said) == said:
        return True
    words = _WORDS.findall(said)
    return bool(words) and all(is_placeholder(word) for word in words)


@attrs.define(eq=False, kw_only=True)
class _Checker:
    """Looks at everything, and notes what is no placeholder and no mask."""

    knowledge: Knowledge
    given: Vault
    own: Sequence[re.Pattern[str]]
    keeps_files: bool
    leaks: list[Leak] = attrs.field(factory=list, init=False)
    _seen: list[Leaf] = attrs.field(factory=list, init=False)

    def visit(self, leaf: Leaf) -> str:
        """Note a value that is somebody's."""
        said = leaf.value
        kind = judge(leaf, self.knowledge)
        is_kept_file = self.keeps_files and leaf.name in ("file", "filename")
        if kind is not None and not is_kept_file and not _is_clean(said):
            self._note(leaf.spot, kind, said)
        if len(said) >= 5 and leaf.name not in ("integrity", "class", "d", "style"):
            self._seen.append(leaf)
        return said

    def takes_whole(self, leaf: Leaf) -> bool:
        """Whether a value is one although it looks like more."""
        return takes_whole(leaf, self.knowledge)

    def finish(self, text: str, setting: Setting) -> str:
        """Search a whole text, and all of its values as they are meant."""
        if text.strip() and not self._seen:
            self._seen.append(Leaf(where="text", name="", value=text, setting=setting))
        fresh: dict[str, Leaf] = {}
        for leaf in self._seen:
            fresh.setdefault(leaf.value, leaf)
        self._seen.clear()
        together = "\n".join(fresh)
        found = [(one.text, one.kind) for one in (*scan(together), *scan(text, code=True))]
        found += self._found_by_own(together)
        for said, kind in found:
            if said in self.knowledge.known or is_placeholder(meant(said)):
                continue
            spot = next((leaf.spot for value, leaf in fresh.items() if said in value), setting.spot)
            self._note(spot, kind, said)
        given = [self._find_given(value, leaf.spot) for value, leaf in fresh.items()]
        if not any(given):
            self._find_given(text, setting.spot)
        return text

    def take_code(self, text: str, setting: Setting) -> str:
        """Search the site's code, which is everybody's, for what no code holds."""
        self._find_given(text, setting.spot)
        for found in scan(text, code=True):
            if is_placeholder(meant(found.text)):
                continue
            self._note(setting.spot, found.kind, found.text)
        for said, kind in self._found_by_own(text):
            self._note(setting.spot, kind, said)
        return text

    def take_blob(self, data: bytes, media: str, setting: Setting) -> bytes:
        """Note a file that is no filler."""
        if not self.keeps_files and data != bodies.filler(data, media):
            self.leaks.append(Leak(place=setting.spot, kind="file", sample=f"{len(data)} bytes"))
        return data

    def _found_by_own(self, text: str) -> list[tuple[str, Kind]]:
        found: list[tuple[str, Kind]] = []
        for own in self.own:
            for match in own.finditer(text):
                said = match[1] if own.groups else match[0]
                if said and not is_placeholder(said):
                    found.append((said, "token"))
        return found

    def _find_given(self, text: str, spot: str) -> bool:
        if not self.given.counts or (told := self.given.replace(text)) == text:
            return False
        at = next(number for number, (one, two) in enumerate(zip(text, told, strict=True)) if one != two)
        self._note(f"{spot}, line {text.count(chr(10), 0, at) + 1}", "given", text[at : at + 16])
        return True

    def _note(self, spot: str, kind: str, said: str) -> None:
        blots = "•" * min(max(len(said) - _SHOWN, 1), _MAX_BLOTS)
        self.leaks.append(Leak(place=spot, kind=kind, sample=f"{said[:_SHOWN]}{blots} ({len(said)})"))
