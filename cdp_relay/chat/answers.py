"""Tell the answers of turns to those who asked for them: one request, or several that share one.

What is decided is decided in :mod:`cdp_relay.chat.sharing`; here is what takes time.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import attrs
import trio

from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.record import Journal
from cdp_relay.chat.sharing import SharedTurn, Sharing
from cdp_relay.chat.vocabulary import AnswerShared, ChatEvent, ChatRequest, Finished, RequestId
from cdp_relay.errors import AnswerStopped, NotFound, ShuttingDown

__all__ = ["Answers"]

_PATIENCE_SECONDS = 1.0
"""How long an answer goes on without its client: so soon those that lost their connection ask again."""


@attrs.define(eq=False)
class Answers:
    """The answers that can be read, and their readers."""

    _sharing: Sharing
    _journal: Journal
    _turns: trio.Nursery
    """Where turns run."""

    async def find(self, request: ChatRequest) -> SharedTurn | None:
        """The turn whose answer the request is to be given; None when it is to be asked.

        The caller must begin it, if at all, before it waits for anything else.

        Raises:
          UserError: the request's key does not allow either.
        """
        found = self._sharing.find(request, time.time())
        if found is not None or not (request.key or request.retry):
            return found
        if request.key:
            kept = await self._journal.find_key(request.key)
        else:
            since = time.time() - self._sharing.retry_seconds
            kept = await self._journal.find_fingerprint(request.fingerprint, since)
        # In the meantime others may have asked.
        found = self._sharing.find(request, time.time())
        if found is None and kept is not None and self._sharing.get(kept.id) is None:
            found = self._sharing.recall(request, kept)
        return found

    def begin(self, request: ChatRequest, delivery: Delivery, halt: Callable[[], None]) -> SharedTurn:
        """Take up a turn that begins, so that others can join it.

        Args:
          halt: stops it on the page.
        """
        return self._sharing.begin(request, delivery, halt, time.time())

    def ended(self, turn: SharedTurn) -> None:
        """Take note that a turn is over."""
        self._sharing.ended(turn, time.time())

    async def tell(self, turn: SharedTurn, *, shared: bool = True) -> AsyncGenerator[ChatEvent, None]:
        """The events of a turn from its start, ``Finished`` last.

        Args:
          shared: whether it is told to somebody who did not begin it.

        Raises:
          RelayError: there is no (whole) answer.
        """
        reader = turn.delivery.read()
        try:
            if shared:
                yield AnswerShared(request=turn.id, begun_at=turn.begun_at, kept=not turn.running)
            event: ChatEvent | None = None
            async for event in reader:
                yield event
            if not isinstance(event, Finished):
                raise _cut_off(turn)
        finally:
            self._sharing.leave(turn, reader)
            self._let_go(turn)

    async def follow(self, id_: RequestId) -> AsyncGenerator[ChatEvent, None]:
        """The events of a turn that runs, or ended a short while ago, from its start.

        Reading along keeps no turn running that would stop otherwise.

        Raises:
          NotFound: there is no such turn.
          RelayError: as the turn ended.
        """
        turn = self._sharing.get(id_)
        if turn is None or not turn.delivery.whole:
            raise NotFound("No such request runs.", param="request_id")
        async with aclosing(self.tell(turn, shared=False)) as events:
            async for event in events:
                yield event

    def stop(self, id_: RequestId) -> bool:
        """Stop a turn on its page, whoever reads it; False when no such turn runs."""
        turn = self._sharing.get(id_)
        if turn is None or not turn.running:
            return False
        turn.stop()
        return True

    def forget(self, id_: RequestId) -> None:
        """Give an answer to nobody any more."""
        self._sharing.forget(id_)

    def _let_go(self, turn: SharedTurn) -> None:
        if not turn.deserted:
            return
        if turn.request.fingerprint and turn.sent:
            self._turns.start_soon(self._stop_deserted, turn)
        else:
            turn.stop()

    async def _stop_deserted(self, turn: SharedTurn) -> None:
        await trio.sleep(_PATIENCE_SECONDS)
        if turn.deserted:
            turn.stop()


def _cut_off(turn: SharedTurn) -> AnswerStopped | ShuttingDown:
    if turn.stopped:
        return AnswerStopped("The answer was stopped.")
    return ShuttingDown("The relay stops; the answer was cut off.")
