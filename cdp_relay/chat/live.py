"""The turns that run, and the last that ended, as they are seen from outside.

Each is told of by its own events: what a client is told passes by here on its way to the journal.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import structlog
import trio

from cdp_relay.chat.measures import Measures
from cdp_relay.chat.record import TurnRecord
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    ChatRequest,
    Finished,
    Notice,
    RequestId,
    Step,
    StepReached,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
)
from cdp_relay.errors import RelayError

__all__ = ["EndedTurn", "LiveTurn", "TurnBoard"]

_log = structlog.stdlib.get_logger("cdp_relay.turn")

_RECENT = 50


@attrs.frozen(kw_only=True)
class EndedTurn:
    """A turn that is over."""

    request: RequestId
    desk: str
    client: str
    session: str
    state: str
    """``finished``, ``stopped``, ``failed`` or ``lost``."""
    code: str
    """Of its error; empty where there is none."""
    seconds: float
    first_word_seconds: float | None
    characters: int
    pieces: int
    chat: str
    """Which kind of chat it went on in: ``new``, ``held``, ``reopened``, ``old``; empty before that."""
    spared: int
    """Messages that were not sent again."""
    ended_at: float
    """Unix seconds."""


@attrs.define(eq=False)
class LiveTurn:
    """A turn that runs; a :class:`TurnRecord` that notes what it is told and passes it on."""

    request: ChatRequest
    board: TurnBoard
    record: TurnRecord
    begun: float
    desk: str = attrs.field(default="", init=False)
    """Where it is answered; empty until that is known."""
    step: Step | None = attrs.field(default=None, init=False)
    step_at: float = attrs.field(init=False)
    """When it came to that step, on the board's clock."""
    position: int = attrs.field(default=0, init=False)
    """Its place among those that wait for a tab, from 1; 0 when it has one."""
    estimated_seconds: float | None = attrs.field(default=None, init=False)
    """How long it is likely to wait for a tab."""
    chat: str = attrs.field(default="", init=False)
    spared: int = attrs.field(default=0, init=False)
    conversation_id: str | None = attrs.field(default=None, init=False)
    characters: int = attrs.field(default=0, init=False)
    """Of its answer so far."""
    pieces: int = attrs.field(default=0, init=False)
    first_word_at: float | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.step_at = self.begun

    # --- as a record

    def routed(self, desk: str, model: str | None) -> None:
        """Note where the turn goes."""
        self.desk = desk
        self.board.note_change()
        self.record.routed(desk, model)

    def event(self, event: ChatEvent) -> None:
        """Note what the client is told; on the hot path."""
        # For each delta: isinstance() of both takes half as long again.
        if type(event) is TextDelta or type(event) is ToolCallArguments:
            self.characters += len(event.text)
            self.pieces += 1
            if self.first_word_at is None:
                self._note_first_word()
        elif isinstance(event, StepReached):
            self._note_step(event)
        elif isinstance(event, ToolCallBegan):
            if self.first_word_at is None:
                self._note_first_word()
        elif isinstance(event, Notice):
            self.board.measures.notices[self.desk, event.code] += 1
        elif isinstance(event, ChatNamed | Finished):
            self.conversation_id = event.conversation_id
        self.record.event(event)

    async def sending(self, prompt: str, conversation_id: str | None) -> None:
        """Pass it on."""
        self.board.measures.prompt_characters[self.desk] += len(prompt)
        await self.record.sending(prompt, conversation_id)

    def ended(self, state: str, error: RelayError | None = None) -> None:
        """Note the end, and pass it on."""
        self.board.end(self, state, error)
        self.record.ended(state, error)

    # --- what is noted

    def _note_first_word(self) -> None:
        self.first_word_at = now = self.board.clock()
        self.board.measures.first_word_took(self.desk, now - self.begun)

    def _note_step(self, reached: StepReached) -> None:
        facts, measures = reached.facts, self.board.measures
        if reached.step is not self.step:
            now = self.board.clock()
            if self.step is not None:
                measures.step_took(self.desk, self.step.value, now - self.step_at)
            self.step, self.step_at = reached.step, now
        queued = reached.step is Step.QUEUED
        self.position = _whole(facts, "position") if queued else 0
        estimate = facts.get("estimated_seconds") if queued else None
        self.estimated_seconds = estimate if isinstance(estimate, int | float) else None
        if reached.step is Step.OPENED:
            self.chat = str(facts.get("chat") or "new")
            measures.chats[self.desk, self.chat] += 1
        if reached.step is Step.COMPOSED and "correction" in facts:
            measures.corrections[self.desk] += 1
        spared = _whole(facts, "continued")
        if spared:
            measures.messages_spared[self.desk] += spared - self.spared
            self.spared = spared
        self.board.note_change()


def _whole(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


@attrs.define(eq=False)
class TurnBoard:
    """Shows the turns that run and the last that ended, and counts them all."""

    measures: Measures = attrs.field(factory=Measures)
    clock: Callable[[], float] = trio.current_time
    wall_clock: Callable[[], float] = time.time
    running: dict[RequestId, LiveTurn] = attrs.field(factory=dict, init=False)
    """In the order of their coming."""
    recent: deque[EndedTurn] = attrs.field(factory=lambda: deque(maxlen=_RECENT), init=False)
    """The latest first."""
    version: int = attrs.field(default=0, init=False)
    """Rises with every turn that begins, ends or comes to another step."""
    _news: trio.Event | None = attrs.field(default=None, init=False)

    def begin(self, request: ChatRequest, record: TurnRecord) -> LiveTurn:
        """Show a turn from now on.

        Args:
          record: told of all that the turn tells of itself.
        """
        turn = LiveTurn(request, self, record, self.clock())
        self.running[request.id] = turn
        self.measures.begun += 1
        self.note_change()
        return turn

    def end(self, turn: LiveTurn, state: str, error: RelayError | None) -> None:
        """Count a turn that is over, and show it among those that were; only its first end counts."""
        if self.running.get(turn.request.id) is not turn:
            return
        del self.running[turn.request.id]
        seconds = self.clock() - turn.begun
        first = None if turn.first_word_at is None else turn.first_word_at - turn.begun
        ended = EndedTurn(
            request=turn.request.id,
            desk=turn.desk,
            client=turn.request.client,
            session=turn.request.session,
            state=state,
            code="" if error is None else error.code,
            seconds=round(seconds, 3),
            first_word_seconds=None if first is None else round(first, 3),
            characters=turn.characters,
            pieces=turn.pieces,
            chat=turn.chat,
            spared=turn.spared,
            ended_at=round(self.wall_clock(), 3),
        )
        self.recent.appendleft(ended)
        self.measures.answer_characters[turn.desk] += turn.characters
        self.measures.answer_pieces[turn.desk] += turn.pieces
        self.measures.turn_ended(turn.desk, state, ended.code, seconds)
        self.note_change()
        _log.info("turn", **_facts(ended))

    def note_change(self) -> None:
        """Wake whoever follows."""
        self.version += 1
        if self._news is not None:
            self._news.set()
            self._news = None

    async def changed(self, since: int) -> None:
        """Wait until :attr:`version` is not *since* any more."""
        while self.version == since:
            if self._news is None:
                self._news = trio.Event()
            await self._news.wait()


def _facts(ended: EndedTurn) -> dict[str, Any]:
    """One line of the log that has it all, but for what says nothing."""
    facts = attrs.asdict(ended, filter=lambda field, value: field.name not in ("client", "ended_at"))
    facts["site"] = facts.pop("desk")
    return {name: value for name, value in facts.items() if value not in ("", None)}
