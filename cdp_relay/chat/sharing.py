"""Which requests share an answer: those with one key, and those that are another one sent again.

A turn belongs to the relay, and whoever asked only reads along. This module knows the turns that run and,
for a while, those that ended; it decides which of them a request is about, and when a turn that nobody
reads is to stop. No clock of its own, and nothing is awaited here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from cdp_relay.chat.delivery import Delivery, Reader
from cdp_relay.chat.record import KeptTurn
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    Finished,
    RequestId,
    Step,
    StepReached,
    TextDelta,
    ToolCallBegan,
)
from cdp_relay.errors import (
    AnswerNotKept,
    AnswerStopped,
    CapReached,
    IdempotencyKeyReused,
    RateLimited,
    SiteOverloaded,
    SubmitFailed,
)

__all__ = ["NEW_KEY", "SharedTurn", "Sharing", "may_have_been_sent"]

_MOST_TURNS = 256
_MOST_BYTES = 64 * 1024 * 1024
"""How many turns that are over are remembered, and how much of them; the oldest go first."""

NEW_KEY = "Send the request with another Idempotency-Key to ask again."
"""What to do where the answer to a key is none."""


@attrs.define(eq=False, kw_only=True)
class SharedTurn:
    """A turn, and who reads its answer."""

    request: ChatRequest
    delivery: Delivery
    halt: Callable[[], None]
    """Stops it on the page."""
    begun_at: float
    """Unix seconds."""
    finishes: bool = False
    """Whether it goes on to its end when nobody reads any more."""
    ended_at: float | None = attrs.field(default=None, init=False)
    """Unix seconds; None while it runs."""
    missed: bool = attrs.field(default=False, init=False)
    """Whether somebody left before the end."""
    stopped: bool = attrs.field(default=False, init=False)
    """Whether it was told to stop."""
    was_sent: bool = attrs.field(default=False, init=False)
    """Whether an earlier run of the service may have sent its prompt."""

    @property
    def id(self) -> RequestId:
        """The request that began it."""
        return self.request.id

    @property
    def running(self) -> bool:
        """Whether more of its answer can come."""
        return not self.delivery.closed

    @property
    def finished(self) -> bool:
        """Whether it has an answer, whole, that is remembered."""
        told = self.delivery.told
        return self.delivery.closed and bool(told) and isinstance(told[-1], Finished)

    @property
    def sent(self) -> bool:
        """Whether its prompt may have left."""
        unknown = self.was_sent or not self.delivery.whole
        return unknown or may_have_been_sent(self.delivery.told, self.delivery.error)

    @property
    def deserted(self) -> bool:
        """Whether nobody reads it any more, and nobody said that it should go on."""
        return self.running and not self.delivery.readers and not self.finishes

    def stop(self) -> None:
        """Stop it on the page, whoever reads."""
        if self.running and not self.stopped:
            self.stopped = True
            self.halt()


@attrs.define(eq=False, kw_only=True)
class Sharing:
    """The turns that can be shared."""

    retry_seconds: float
    """How long after its end an answer is given to a request that is sent again."""
    finish: bool = False
    """Whether turns that nobody reads any more go on."""
    _turns: dict[RequestId, SharedTurn] = attrs.field(factory=dict, init=False)
    """Oldest first."""

    def begin(
        self, request: ChatRequest, delivery: Delivery, halt: Callable[[], None], now: float
    ) -> SharedTurn:
        """Take up a turn that begins."""
        finishes = self.finish or bool(request.key)
        turn = SharedTurn(request=request, delivery=delivery, halt=halt, begun_at=now, finishes=finishes)
        self._turns[turn.id] = turn
        self._make_room(now)
        return turn

    def ended(self, turn: SharedTurn, now: float) -> None:
        """Take note that a turn is over."""
        turn.ended_at = now
        turn.halt = _nothing
        turn.delivery.let_go()
        # Who asks again is known by what else the request says; the conversation can be as large as a body.
        turn.request = attrs.evolve(turn.request, messages=(), tools=(), output=None)
        self._make_room(now)

    def running(self) -> Iterable[SharedTurn]:
        """The turns that run, oldest first."""
        return [turn for turn in self._turns.values() if turn.running]

    def get(self, id_: RequestId) -> SharedTurn | None:
        """The turn of this request, while it runs and for some time after."""
        return self._turns.get(id_)

    def forget(self, id_: RequestId) -> None:
        """Give its answer to nobody any more."""
        self._turns.pop(id_, None)

    def find(self, request: ChatRequest, now: float) -> SharedTurn | None:
        """The turn whose answer a request is to be given; None when it is to be asked.

        Raises:
          IdempotencyKeyReused: its key is another request's.
          AnswerStopped, AnswerNotKept: there is no answer to the key any more, and it was asked already.
        """
        if request.key:
            return self._by_key(request)
        if not request.fingerprint:
            return None
        for turn in self._newest_first():
            if _same_sender(turn.request, request) and self._is_repeated(turn, request, now):
                return turn
        return None

    def recall(self, request: ChatRequest, kept: KeptTurn) -> SharedTurn | None:
        """The turn that the journal knows of, to be told to this request; None when it is to be asked.

        Raises:
          IdempotencyKeyReused, AnswerStopped, AnswerNotKept: as :meth:`find`.
        """
        delivery = Delivery()
        for event in kept.events:
            delivery.put(event)
        delivery.close(kept.error)
        # Who asks for it again is not who asked first.
        first = attrs.evolve(request, id=kept.id, fingerprint=kept.fingerprint)
        turn = SharedTurn(
            request=first, delivery=delivery, halt=lambda: None, begun_at=_begin(kept), finishes=True
        )
        turn.ended_at = kept.ended_at
        if request.key:
            return _judged(turn, request)
        return turn if turn.finished and delivery.whole else None

    def leave(self, turn: SharedTurn, reader: Reader) -> None:
        """Take note that somebody reads no further."""
        if not reader.at_end:
            turn.missed = True
        reader.leave()

    def _by_key(self, request: ChatRequest) -> SharedTurn | None:
        for turn in self._newest_first():
            if turn.request.key == request.key:
                return _judged(turn, request)
        return None

    def _is_repeated(self, turn: SharedTurn, request: ChatRequest, now: float) -> bool:
        """Whether a request is the turn's own one sent again, for an answer that its client has not got."""
        if turn.stopped or not turn.delivery.whole:
            return False
        if turn.running:
            return request.retry or not turn.delivery.readers
        late = turn.ended_at is not None and now - turn.ended_at >= self.retry_seconds
        return turn.finished and not late and (request.retry or turn.missed)

    def _newest_first(self) -> Iterator[SharedTurn]:
        return reversed(self._turns.values())

    def _make_room(self, now: float) -> None:
        over = [turn for turn in self._turns.values() if turn.ended_at is not None]
        count, size = len(over), sum(turn.delivery.size for turn in over)
        for turn in over:
            old = not turn.request.key and now - (turn.ended_at or now) >= self.retry_seconds
            if old or count > _MOST_TURNS or size > _MOST_BYTES:
                del self._turns[turn.id]
                count -= 1
                size -= turn.delivery.size


def _nothing() -> None:
    """Stop nothing."""


def may_have_been_sent(events: Iterable[ChatEvent], error: BaseException | None) -> bool:
    """Whether the prompt of a turn that said this may have been taken by the site."""
    told = list(events)
    if not any(isinstance(event, StepReached) and event.step is Step.COMPOSED for event in told):
        return False
    answered = any(isinstance(event, TextDelta | ToolCallBegan) for event in told)
    refused = isinstance(error, SubmitFailed | RateLimited | CapReached | SiteOverloaded)
    return answered or not refused


def _same_sender(one: ChatRequest, other: ChatRequest) -> bool:
    return (one.fingerprint, one.client, one.session) == (other.fingerprint, other.client, other.session)


def _judged(turn: SharedTurn, request: ChatRequest) -> SharedTurn | None:
    """The turn of a request's key, unless the key may ask once more."""
    if turn.request.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key came with another request before.", param="Idempotency-Key"
        )
    if not turn.delivery.whole:
        raise AnswerNotKept("The answer to this Idempotency-Key is too large to be kept.")
    over = turn.stopped or not turn.running
    if over and not turn.finished and not turn.sent:
        return None
    if turn.stopped or (not turn.running and not turn.finished and turn.delivery.error is None):
        raise AnswerStopped("The answer to this Idempotency-Key was stopped.", next_step=NEW_KEY)
    return turn


def _begin(kept: KeptTurn) -> float:
    """When a turn began, by what it says of its steps."""
    seconds = [event.at_seconds for event in kept.events if isinstance(event, StepReached)]
    return kept.ended_at - max(seconds, default=0.0)
