"""A turn as it is read back: what lists show of it, and everything that is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from cdp_relay.chat.record import KeptTurn
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FileProduced,
    Finished,
    Notice,
    ReasoningDelta,
    RequestId,
    StepReached,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallEnded,
)
from cdp_relay.errors import RelayError
from cdp_relay.store.changes import SentPrompt
from cdp_relay.store.documents import KeptEntry, read_error, read_event
from cdp_relay.store.redaction import MARK

__all__ = ["StoredTurn", "ToldEntry", "TurnSummary", "read_told", "summary_of"]


@attrs.frozen(kw_only=True)
class TurnSummary:
    """What a list shows of a turn."""

    key: int
    """Its place among all turns: later ones have higher keys."""
    id: RequestId
    state: str
    """``running``, ``finished``, ``stopped``, ``failed`` or ``lost``."""
    step: str | None
    """The last step that it came to."""
    began_at: float
    """Unix seconds."""
    ended_at: float | None
    label: str
    """The model's label as the client gave it."""
    site: str
    """Where it went: ``chatgpt``, ``chatgpt@work``."""
    model: str | None
    client: str
    session: str
    first_words: str
    """The beginning of what the user said last; empty where no content is kept."""
    sent_at: float | None
    """When its prompt was about to leave; None where it never was."""
    submitted: bool
    """Whether the prompt was seen to leave."""
    continued: bool
    """Whether it went on with a chat that was there."""
    sent_chars: int
    answer_chars: int
    capture: str | None
    """Where the answer was read from; ``page`` also for one that was read after a restart."""
    conversation_id: str | None
    conversation_url: str | None
    content: bool
    """Whether its texts are kept."""
    error: RelayError | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.ended_at is None else max(0.0, self.ended_at - self.began_at)


@attrs.frozen(kw_only=True)
class ToldEntry:
    """One thing that the client was told."""

    at: float
    """Seconds since the turn began."""
    event: ChatEvent
    cuts: tuple[tuple[float, int], ...] = ()
    """Of a joined delta whose pieces are kept: when each came, and its length."""


@attrs.frozen(kw_only=True)
class StoredTurn:
    """Everything that is kept of a turn."""

    summary: TurnSummary
    fingerprint: str
    idempotency_key: str
    tab: str | None
    request: ChatRequest | None
    """As it was asked, its files without their data; None where it is not kept."""
    prompts: tuple[SentPrompt, ...]
    """What was typed, a correction after the first."""
    told: tuple[ToldEntry, ...]
    """What the client was told, in order; consecutive deltas joined."""

    @property
    def text(self) -> str:
        """The answer, or as much of it as there is."""
        return "".join(entry.event.text for entry in self.told if isinstance(entry.event, TextDelta))

    @property
    def reasoning(self) -> str:
        """What the site showed of the model's thinking."""
        return "".join(entry.event.text for entry in self.told if isinstance(entry.event, ReasoningDelta))

    @property
    def calls(self) -> tuple[ToolCallEnded, ...]:
        """The calls that the model made."""
        return tuple(entry.event for entry in self.told if isinstance(entry.event, ToolCallEnded))

    @property
    def steps(self) -> tuple[StepReached, ...]:
        """Its timeline."""
        return tuple(entry.event for entry in self.told if isinstance(entry.event, StepReached))

    @property
    def events(self) -> tuple[ChatEvent, ...]:
        """What a client would be told of it now: deltas joined, calls whole."""
        return tuple(_told_again([entry.event for entry in self.told], self.steps))

    def holds(self, text: str | None) -> bool:
        """Whether a text stands in what was typed or in the answer, in whatever case; None stands in all."""
        if text is None:
            return True
        texts = (self.summary.first_words, self.text, *(prompt.text or "" for prompt in self.prompts))
        return any(text.casefold() in one.casefold() for one in texts)

    def kept(self) -> KeptTurn | None:
        """The turn to be told again; None while it runs, or where its texts are not kept."""
        summary = self.summary
        if summary.ended_at is None or not summary.content:
            return None
        return KeptTurn(
            id=summary.id,
            fingerprint=self.fingerprint,
            events=self.events,
            error=summary.error,
            ended_at=summary.ended_at,
        )


def summary_of(row: Mapping[str, Any], error: Any) -> TurnSummary:
    """A row of the table as a summary.

    Args:
      error: the row's error as a document.
    """
    return TurnSummary(
        key=row["key"],
        id=RequestId(row["id"]),
        state=row["state"],
        step=row["step"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        label=row["label"],
        site=row["desk"],
        model=row["model"],
        client=row["client"],
        session=row["session"],
        first_words=row["first_words"],
        sent_at=row["sent_at"],
        submitted=bool(row["submitted"]),
        continued=bool(row["continued"]),
        sent_chars=row["sent_chars"],
        answer_chars=row["answer_chars"],
        capture=row["capture"],
        conversation_id=row["conversation_id"],
        conversation_url=row["conversation_url"],
        content=bool(row["content"]),
        error=read_error(error),
    )


def read_told(entries: Iterable[KeptEntry], files: Mapping[str, bytes]) -> tuple[ToldEntry, ...]:
    """Entries as events, with the pieces joined that were written apart.

    Args:
      files: the answer's files by their digests.
    """
    told: list[ToldEntry] = []
    for entry in entries:
        event = read_event(entry.document)
        if event is None:
            continue
        if isinstance(event, FileProduced):
            event = attrs.evolve(event, data=files.get(str(entry.document.get("sha256")), b""))
        cuts = tuple((float(at), int(chars)) for at, chars in entry.document.get("cuts", ()))
        joined = _join(told[-1], event, cuts) if told else None
        if joined is not None:
            told[-1] = joined
        else:
            told.append(ToldEntry(at=entry.at, event=event, cuts=cuts))
    return tuple(told)


def _join(last: ToldEntry, event: ChatEvent, cuts: tuple[tuple[float, int], ...]) -> ToldEntry | None:
    before = last.event
    if isinstance(before, TextDelta | ReasoningDelta) and isinstance(event, type(before)):
        return attrs.evolve(last, event=type(before)(before.text + event.text), cuts=last.cuts + cuts)
    if not (isinstance(before, ToolCallArguments) and isinstance(event, ToolCallArguments)):
        return None
    if before.index != event.index:
        return None
    joined = ToolCallArguments(before.index, before.text + event.text)
    return attrs.evolve(last, event=joined, cuts=last.cuts + cuts)


def _told_again(events: list[ChatEvent], steps: tuple[StepReached, ...]) -> Iterable[ChatEvent]:
    whole = {event.index for event in events if isinstance(event, ToolCallEnded)}
    blotted = any(MARK in _text_of(event) for event in events)
    for event in events:
        if isinstance(event, TextRetracted):
            continue  # what was taken back is not among the texts any more
        if isinstance(event, ToolCallArguments) and event.index in whole:
            continue
        if isinstance(event, ToolCallEnded):
            yield ToolCallArguments(event.index, event.arguments)
        if isinstance(event, Finished):
            if blotted:
                message = f"Secrets in this kept answer are blotted out as {MARK}."
                yield Notice(code="redacted", message=message)
            event = attrs.evolve(event, timeline=steps)
        yield event


def _text_of(event: ChatEvent) -> str:
    if isinstance(event, TextDelta | ReasoningDelta | ToolCallArguments):
        return event.text
    return event.arguments if isinstance(event, ToolCallEnded) else ""
