"""The record of one turn: what is known of it, in memory until it stands in the database."""

from __future__ import annotations

import hashlib
import time
from typing import Any, Protocol

import attrs
import trio

from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    ChatRequest,
    FileProduced,
    Finished,
    ReasoningDelta,
    Role,
    Step,
    StepReached,
    TextDelta,
    TextPart,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import RelayError
from cdp_relay.store.changes import SentPrompt, TurnChange
from cdp_relay.store.documents import KeptEntry, error_document
from cdp_relay.store.telling import TellEntry, Telling

__all__ = ["StoredRecord", "new_row"]

_FIRST_WORDS = 2_000
_MAX_FILE_BYTES = 32 * 1024 * 1024
_SEEN = frozenset({StepReached, ChatNamed, Finished, FileProduced})
_ANSWER = frozenset(
    {TextDelta, ReasoningDelta, ToolCallBegan, ToolCallArguments, ToolCallEnded, FileProduced, Finished}
)


class _Keeper(Protocol):
    """What a record needs of its journal."""

    def note(self, record: StoredRecord, *, urgent: bool) -> None:
        """The record has something to write; *urgent* where it should not wait for more."""
        ...

    async def keep_prompt(self) -> None:
        """Wait until what was noted is on the disk, or until that takes too long."""
        ...


def new_row(request: ChatRequest, *, key: int, run: str, content: bool) -> dict[str, Any]:
    """What is known of a turn as it begins."""
    return {
        "key": key,
        "id": request.id,
        "run": run,
        "began_at": time.time(),
        "ended_at": None,
        "state": "running",
        "step": None,
        "label": request.model,
        "desk": "",
        "model": None,
        "client": request.client,
        "session": request.session,
        "idempotency_key": request.key,
        "fingerprint": request.fingerprint,
        "content": int(content),
        "sent_at": None,
        "submitted": 0,
        "continued": 0,
        "tab": None,
        "conversation_id": request.chat.conversation_id,
        "conversation_url": None,
        "sent_chars": 0,
        "answer_chars": 0,
        "capture": None,
        "first_words": _first_words(request) if content else "",
        "error": None,
    }


def _first_words(request: ChatRequest) -> str:
    """The beginning of what the user said last, for lists; longer than is shown, as a part of a secret could
    not be told from other words."""
    said = next((m.text for m in reversed(request.messages) if m.role is Role.USER and m.text.strip()), "")
    return " ".join(said[:_FIRST_WORDS].split())


@attrs.define(eq=False)
class StoredRecord:
    """Keeps one turn; a :class:`~cdp_relay.chat.record.TurnRecord`."""

    row: dict[str, Any]
    """What is known of it, by the columns of the table."""
    request: ChatRequest
    telling: Telling
    _keeper: _Keeper
    prompts: list[SentPrompt] = attrs.field(factory=list)
    was_left: bool = False
    """Whether it goes on with what an earlier run left."""
    _answer_to_come: bool = attrs.field(init=False)
    """Whether the answer, of which an earlier run told a part, is yet to be told anew."""
    _began: float = attrs.field(init=False)
    """On the clock of the tasks."""
    _noted: bool = attrs.field(default=False, init=False)
    """Whether the keeper knows that there is something to write."""
    _request_written: bool = attrs.field(default=False, init=False)
    _prompts_written: int = attrs.field(default=0, init=False)
    _files: list[tuple[str, bytes]] = attrs.field(factory=list, init=False)
    _files_written: int = attrs.field(default=0, init=False)
    _asked_chars: int | None = attrs.field(default=None, init=False)
    """How much the request holds, once that was counted."""
    _anew: bool = attrs.field(default=False, init=False)
    """Whether nothing that was written can be relied on."""

    def __attrs_post_init__(self) -> None:
        self._began = trio.current_time() - (time.time() - self.row["began_at"])
        self._answer_to_come = self._anew = self._request_written = self.was_left
        self._prompts_written = len(self.prompts)

    @property
    def key(self) -> int:
        """Its row's."""
        return int(self.row["key"])

    @property
    def is_over(self) -> bool:
        """Whether the turn has ended."""
        return self.row["ended_at"] is not None

    @property
    def files(self) -> dict[str, bytes]:
        """The answer's files, by their digests."""
        return dict(self._files)

    @property
    def held_chars(self) -> int:
        """How much it holds in memory, in characters and bytes of files."""
        if self._asked_chars is None:
            self._asked_chars = sum(
                len(part.text) if isinstance(part, TextPart) else len(part.data)
                for message in self.request.messages
                for part in message.parts
            )
        told = self.telling.held_chars + sum(len(data) for _, data in self._files)
        return self._asked_chars + told + sum(prompt.chars for prompt in self.prompts)

    # --- what the turn tells

    def routed(self, desk: str, model: str | None) -> None:
        """The turn goes to this site."""
        self.row["desk"], self.row["model"] = desk, model
        self._note()

    def event(self, event: ChatEvent) -> None:
        """Take what the client is told."""
        if self.row["ended_at"] is not None:
            return  # what is seen of the page after the end is nobody's answer
        if self._answer_to_come or not self.telling.extend(event):
            self._add(event)
        if not self._noted:
            self._note()

    def _add(self, event: ChatEvent) -> None:
        kind = type(event)
        if self._answer_to_come and kind in _ANSWER:
            self._answer_to_come = False
            self.telling.forget_answer()
        if kind in _SEEN:
            self._see(event)
        self.telling.add(event, trio.current_time() - self._began)

    def _see(self, event: ChatEvent) -> None:
        row = self.row
        if isinstance(event, StepReached):
            row["step"] = event.step.value
            if event.step is Step.SUBMITTED:
                row["submitted"] = 1
                self._note(urgent=True)
            elif event.step is Step.LEASED:
                row["tab"] = event.facts.get("tab")
        elif isinstance(event, ChatNamed):
            row["conversation_id"], row["conversation_url"] = event.conversation_id, event.conversation_url
            self._note(urgent=True)
        elif isinstance(event, Finished):
            row["model"] = event.model or row["model"]
            row["capture"] = event.capture
            row["conversation_id"] = event.conversation_id or row["conversation_id"]
            row["conversation_url"] = event.conversation_url or row["conversation_url"]
        elif isinstance(event, FileProduced) and self.telling.content and len(event.data) <= _MAX_FILE_BYTES:
            self._files.append((hashlib.sha256(event.data).hexdigest(), event.data))

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        """Put the prompt on the disk, before it leaves."""
        row = self.row
        row["sent_at"], row["submitted"] = time.time(), 0
        row["sent_chars"] += len(prompt)
        row["continued"] = int(bool(row["continued"]) or conversation_id is not None)
        row["conversation_id"] = conversation_id or row["conversation_id"]
        self.prompts.append(
            SentPrompt(
                number=len(self.prompts),
                at=round(trio.current_time() - self._began, 4),
                conversation_id=conversation_id,
                chars=len(prompt),
                text=prompt if self.telling.content else None,
            )
        )
        self._note(urgent=True)
        await self._keeper.keep_prompt()

    def ended(self, state: str, error: RelayError | None = None) -> None:
        """The turn is over."""
        if not self.is_over:
            self.row["state"], self.row["ended_at"] = state, time.time()
            self.row["error"] = None if error is None else error_document(error)
            self._note(urgent=True)

    def _note(self, *, urgent: bool = False) -> None:
        if urgent or not self._noted:
            self._noted = True
            self._keeper.note(self, urgent=urgent)

    # --- what the journal writes

    def take_change(self) -> TurnChange:
        """What is to be written now; taken to be written unless :meth:`write_anew` says otherwise."""
        self._noted = False
        self.row["answer_chars"] = self.telling.text_chars
        whole: tuple[TellEntry, ...] | None = None
        anew = self._anew or self.telling.undone
        news: tuple[KeptEntry, ...] = ()
        if self.is_over:
            whole = tuple(self.telling.take_all())
        else:
            if anew:
                self.telling.start_over()
            news = tuple(self.telling.take_news())
        change = TurnChange(
            row=dict(self.row),
            request=None if self._request_written else self.request,
            prompts=tuple(self.prompts[self._prompts_written :]),
            files=tuple(self._files[self._files_written :]),
            news=news,
            anew=anew,
            whole=whole,
        )
        self._request_written = True
        self._prompts_written, self._files_written = len(self.prompts), len(self._files)
        self._anew = False
        return change

    def write_anew(self) -> None:
        """What was taken was not written: the next change holds everything."""
        self._anew, self._request_written = True, False
        self._prompts_written = self._files_written = 0
