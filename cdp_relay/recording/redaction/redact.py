"""Takes what is somebody's out of a recording, so that nothing of it leaves the machine.

In two walks: the first one learns every secret, by where it stands and by its form, and which values are said
by somebody; the second one replaces them everywhere. Secrets become placeholders, the same one for the same
secret, so that ids still pair; words become masks; files become filler; times of the day go. Everything stays
as long as it was: whatever counts characters or bytes around it still counts right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import attrs

from cdp_relay.recording.redaction import bodies
from cdp_relay.recording.redaction.judging import Knowledge, judge
from cdp_relay.recording.redaction.learning import Learner, is_of_day, takes_whole
from cdp_relay.recording.redaction.leaves import Leaf, Setting
from cdp_relay.recording.redaction.masks import mask
from cdp_relay.recording.redaction.placeholders import is_placeholder
from cdp_relay.recording.redaction.times import TimeShift
from cdp_relay.recording.redaction.vault import Vault
from cdp_relay.recording.redaction.walk import SessionWalk
from cdp_relay.recording.session import Keep, Session, header

__all__ = ["Redacted", "knowledge_of", "masked", "redact", "shift_of"]

_MARKER = re.compile(r"https?://googleusercontent\.com/[a-z_]+/\d+")
"""Stands in Gemini's answers where the page shows a card; decoders know it."""


@attrs.frozen(kw_only=True)
class Redacted:
    """A recording without what is somebody's."""

    session: Session
    counts: Mapping[str, int]
    """What was taken out, by kind: different secrets; of ``text`` and ``files``, values that were masked."""
    notes: tuple[str, ...] = ()
    """What whoever shares it should know."""


def redact(
    session: Session,
    *,
    keep: Collection[Keep] = (),
    known: Iterable[str] = (),
    own: Iterable[str] = (),
) -> Redacted:
    """Redact a recording.

    Args:
      keep: the words that may stay, of those that ``session.texts`` names.
      known: what the site's decoder and definition compare with; stays where it is a whole value.
      own: regular expressions of the person's, valid ones; what they find (their first group, where they
        have one) is a secret.
    """
    knowledge = knowledge_of(session, keep=keep, known=known)
    vault = Vault()
    patterns = tuple(re.compile(one) for one in own)
    learner = Learner(knowledge, vault, session.texts, patterns, day=session.about.recorded_on)
    learner.take_texts()
    SessionWalk(learner).session(session)
    knowledge.shown.clear()
    shift = shift_of(session, learner.earliest)
    rewriter = _Rewriter(knowledge, vault, shift, keeps_files="files" in keep)
    redacted = SessionWalk(rewriter).session(session)
    about = attrs.evolve(
        redacted.about,
        redacted=True,
        kept=tuple(sorted({*session.about.kept, *keep})),
        site_words=tuple(sorted(knowledge.shown | set(session.about.site_words))),
    )
    counts: Counter[str] = Counter({str(kind): number for kind, number in vault.counts.items()})
    counts.update(rewriter.counts)
    return Redacted(
        session=attrs.evolve(redacted, about=about, texts=()), counts=dict(counts), notes=_notes(keep, shift)
    )


def knowledge_of(session: Session, *, keep: Collection[Keep] = (), known: Iterable[str] = ()) -> Knowledge:
    """What is known before anything was looked at."""
    about = session.about
    own = [about.site, about.origin, *(one for one in about.stamps.values() if one)]
    # What answered is told by the answer's events; a site's name for it may be as free as a title.
    own += [model for one in session.heard if isinstance(model := one.event.get("model"), str)]
    knowledge = Knowledge(known=frozenset((*known, *own)))
    knowledge.words.update(session.about.site_words)
    kinds = {"prompt": ("prompt",), "answer": ("answer", "reasoning"), "files": ("file",)}
    kept = {kind for one in keep for kind in kinds[one]}
    for text in session.texts:
        if text.kind in kept:
            knowledge.kept.add(text.text)
    return knowledge


def shift_of(session: Session, earliest: float | None) -> TimeShift | None:
    """By how much the recording's times are moved so that it begins with its day.

    By what the first answer says of when it came; where none does, by the earliest time of about that day
    that stands anywhere. None where there is none.
    """
    for exchange in session.exchanges:
        response = exchange.response
        if response is None or exchange.from_cache or exchange.from_service_worker:
            continue
        date = header(response.headers, "date") or ""
        waited = exchange.timings.wait + (exchange.timings.blocked or 0.0) + exchange.timings.send
        shift = TimeShift.of_first_answer(date, exchange.at + waited) if date else None
        if shift is not None and is_of_day(session.about.recorded_on, shift.began):
            return shift
    return None if earliest is None else TimeShift.of(earliest)


def _notes(keep: Collection[Keep], shift: TimeShift | None) -> tuple[str, ...]:
    notes = []
    if keep:
        notes.append(f"kept, because the person said so: {', '.join(sorted(keep))}")
    if shift is None:
        notes.append("nothing says when it was recorded, so times of the day are as they were")
    return tuple(notes)


@attrs.define(eq=False)
class _Rewriter:
    """Puts something else in the place of what is somebody's."""

    knowledge: Knowledge
    vault: Vault
    shift: TimeShift | None
    keeps_files: bool
    counts: Counter[str] = attrs.field(factory=Counter, init=False)

    def visit(self, leaf: Leaf) -> str:
        """What is to stand in the place of a value."""
        said = leaf.value
        kind = judge(leaf, self.knowledge)
        if kind is None:
            return said
        # Of a text that comes in pieces one may look like a placeholder, such as the digit 1.
        if leaf.where not in ("json", "text") and is_placeholder(said):
            return said
        if kind in ("text", "name"):
            self.counts["text"] += 1
            return masked(said)
        return self.vault.placeholder(said) or self.vault.give(said, kind, everywhere=False)

    def takes_whole(self, leaf: Leaf) -> bool:
        """Whether a value is one although it looks like more."""
        return takes_whole(leaf, self.knowledge)

    def finish(self, text: str, setting: Setting) -> str:
        """The text without all secrets that are known, and without the time of the day."""
        text = self.vault.replace(text)
        return self.shift.text(text) if self.shift is not None else text

    def take_code(self, text: str, setting: Setting) -> str:
        """The site's code, in which names are words of its own."""
        return self.vault.replace(text, names=False)

    def take_blob(self, data: bytes, media: str, setting: Setting) -> bytes:
        """Filler."""
        if self.keeps_files:
            return self.vault.replace_bytes(data)
        self.counts["files"] += 1
        return bodies.filler(data, media)


def masked(said: str) -> str:
    """Words without their meaning, but for what no person said."""
    if "googleusercontent.com/" not in said:
        return mask(said)
    out: list[str] = []
    at = 0
    for marker in _MARKER.finditer(said):
        out += (mask(said[at : marker.start()]), marker[0])
        at = marker.end()
    return "".join([*out, mask(said[at:])])
