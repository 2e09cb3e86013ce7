"""What a turn's client was told, in order, as it is kept in memory until it stands in the database.

Sans-IO. Adding a delta is an append; everything else is done about once a second, or once at the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import attrs

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    Drift,
    Notice,
    ReasoningDelta,
    StepReached,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallEnded,
)
from cdp_relay.store.documents import KeptEntry, event_document
from cdp_relay.store.redaction import Redaction, RunningText

__all__ = ["Segment", "TellEntry", "Telling", "kept_entries"]

_DeltaKind: TypeAlias = type[TextDelta] | type[ReasoningDelta] | type[ToolCallArguments]
_DELTAS = frozenset({TextDelta, ReasoningDelta, ToolCallArguments})


@attrs.define(eq=False)
class Segment:
    """Deltas of one kind that came one after another."""

    kind: _DeltaKind
    at: float
    """When the first came, in seconds since the turn began."""
    index: int = 0
    """Of calls' arguments: which call's."""
    pieces: list[str] = attrs.field(factory=list)
    times: list[float] = attrs.field(factory=list)
    """When each piece came, where that is kept."""

    def event(self, text: str) -> TextDelta | ReasoningDelta | ToolCallArguments:
        """One delta with the text."""
        if self.kind is ToolCallArguments:
            return ToolCallArguments(self.index, text)
        return TextDelta(text) if self.kind is TextDelta else ReasoningDelta(text)


TellEntry: TypeAlias = tuple[float, ChatEvent] | Segment


@attrs.define(eq=False)
class Telling:
    """Gathers what is told.

    Text that the site took back is taken out of what was told before; that it was is kept as an event.
    """

    content: bool = True
    """Whether the texts are kept."""
    deltas: bool = False
    """Whether the time of each delta is kept."""
    redaction: Redaction = attrs.field(factory=Redaction)
    entries: list[TellEntry] = attrs.field(factory=list)
    text_chars: int = 0
    """How long the answer is."""
    held_chars: int = 0
    """How much text is held here."""
    _open: Segment | None = attrs.field(default=None, init=False)
    _noted: int = attrs.field(default=0, init=False)
    """Entries that :meth:`take_news` has given out whole."""
    _noted_pieces: int = attrs.field(default=0, init=False)
    """Pieces of the entry after them that it has given out."""
    _running: dict[tuple[_DeltaKind, int], RunningText] = attrs.field(factory=dict, init=False)
    """Of each kind of text: what is not yet certain."""
    undone: bool = attrs.field(default=False, init=False)
    """Whether something is no longer true that :meth:`take_news` has given out."""

    def extend(self, event: ChatEvent) -> bool:
        """Take an event that goes on with what was told last, where its time is not kept; says whether it
        did. Nearly all events of an answer do."""
        segment = self._open
        if segment is None or self.deltas or type(event) is not segment.kind:
            return False
        text: str = event.text
        if segment.kind is TextDelta:
            self.text_chars += len(text)
        elif segment.kind is ToolCallArguments and event.index != segment.index:  # type: ignore[union-attr]
            return False
        segment.pieces.append(text)
        self.held_chars += len(text)
        return True

    def add(self, event: ChatEvent, at: float) -> None:
        """Take the next event."""
        kind = type(event)
        if kind in _DELTAS:
            self._add_delta(event, at)  # type: ignore[arg-type]  # the set says so, and is faster to ask
            return
        self._open = None
        if isinstance(event, TextRetracted):
            self._take_back(event.chars)
        elif isinstance(event, ToolCallEnded):
            if not self.content:
                event = attrs.evolve(event, arguments="")
            self.held_chars += len(event.arguments)
        self.entries.append((at, event))

    def _add_delta(self, event: TextDelta | ReasoningDelta | ToolCallArguments, at: float) -> None:
        text, kind = event.text, type(event)
        if kind is TextDelta:
            self.text_chars += len(text)
        if not self.content:
            return
        segment = self._open
        index = event.index if isinstance(event, ToolCallArguments) else 0
        if segment is None or segment.kind is not kind or segment.index != index:
            segment = self._open = Segment(kind, at, index)
            self.entries.append(segment)
        segment.pieces.append(text)
        self.held_chars += len(text)
        if self.deltas:
            segment.times.append(at)

    def _take_back(self, chars: int) -> None:
        self.text_chars = max(0, self.text_chars - chars)
        for place in range(len(self.entries) - 1, -1, -1):
            segment = self.entries[place]
            if chars <= 0:
                return
            if not isinstance(segment, Segment) or segment.kind is not TextDelta:
                continue
            while segment.pieces and chars > 0:
                piece = segment.pieces[-1]
                kept = piece[: max(0, len(piece) - chars)]
                chars -= len(piece) - len(kept)
                self.held_chars -= len(piece) - len(kept)
                segment.pieces[-1] = kept
                if place < self._noted or (
                    place == self._noted and len(segment.pieces) <= self._noted_pieces
                ):
                    self.undone = True
                if kept:
                    break
                segment.pieces.pop()
                if segment.times:
                    segment.times.pop()

    def forget_answer(self) -> None:
        """Let go of all that was said of the answer; it is told anew from its beginning."""
        self.entries = [
            entry
            for entry in self.entries
            if not isinstance(entry, Segment) and isinstance(entry[1], _NO_PART_OF_ANSWER)
        ]
        self.text_chars = self.held_chars = 0
        self._open = None
        self.undone = True

    def take_news(self) -> list[KeptEntry]:
        """What has come since the last time, without what is not yet certain to be no secret: of each kind
        of text its last words, which come with the words after them, or with the whole."""
        news: list[KeptEntry] = []
        while self._noted < len(self.entries):
            entry = self.entries[self._noted]
            if isinstance(entry, Segment):
                running = self._running.setdefault((entry.kind, entry.index), RunningText(self.redaction))
                text = running.feed("".join(entry.pieces[self._noted_pieces :]))
                self._noted_pieces = len(entry.pieces)
                if text:
                    news.append(_kept_delta(entry, [text]))
                if entry is self._open:
                    break
            else:
                news += kept_entries([entry], self.redaction)
            self._noted += 1
            self._noted_pieces = 0
        return news

    def start_over(self) -> None:
        """Count everything as news again: what was given out is gone, or no longer true."""
        self._noted, self._noted_pieces, self.undone = 0, 0, False
        self._running.clear()

    def take_all(self) -> list[TellEntry]:
        """Everything so far. These are copies: they are written in another thread, and the turn may go on."""
        return [
            attrs.evolve(entry, pieces=list(entry.pieces), times=list(entry.times))
            if isinstance(entry, Segment)
            else entry
            for entry in self.entries
        ]


_NO_PART_OF_ANSWER = (StepReached, ChatNamed, Notice, Drift)


def _kept_delta(segment: Segment, pieces: Sequence[str]) -> KeptEntry:
    document = event_document(segment.event("".join(pieces)))
    if segment.times and len(segment.times) == len(pieces):
        document["cuts"] = [
            [round(at, 4), len(piece)] for at, piece in zip(segment.times, pieces, strict=True)
        ]
    return KeptEntry(at=round(segment.at, 4), document=document)


def kept_entries(entries: Iterable[TellEntry], redaction: Redaction) -> list[KeptEntry]:
    """Entries as they are kept: deltas joined, secrets blotted out.

    Arguments of a call that is whole are left out: they stand in the event that says so.
    """
    entries = list(entries)
    whole = {
        entry[1].index
        for entry in entries
        if not isinstance(entry, Segment) and isinstance(entry[1], ToolCallEnded)
    }
    blotted = _blotted(entries, redaction)
    kept = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, Segment):
            at, event = entry
            document = redaction.blot_all(event_document(event))
            kept.append(KeptEntry(at=round(at, 4), document=document))
        elif entry.times or entry.kind is not ToolCallArguments or entry.index not in whole:
            pieces = blotted[place]
            if any(pieces):
                kept.append(_kept_delta(entry, pieces))
    return kept


def _blotted(entries: Sequence[TellEntry], redaction: Redaction) -> dict[int, list[str]]:
    """The pieces of all segments by their places: a secret may go on behind what came between."""
    texts: dict[tuple[_DeltaKind, int], list[int]] = {}
    for place, entry in enumerate(entries):
        if isinstance(entry, Segment):
            texts.setdefault((entry.kind, entry.index), []).append(place)
    blotted = {}
    for places in texts.values():
        segments = [entry for place in places if isinstance(entry := entries[place], Segment)]
        pieces = iter(redaction.blot_pieces([piece for one in segments for piece in one.pieces]))
        for place, segment in zip(places, segments, strict=True):
            blotted[place] = list(itertools.islice(pieces, len(segment.pieces)))
    return blotted
