"""Tell the answers of turns to those who asked for them: one request, or several that share one.

What is decided is decided in :mod:`cdp_relay.chat.sharing`; here is what takes time.
"""

from __future__ import annotations

import copy
import time
from collections.abc import AsyncGenerator, Callable

import attrs
import trio

from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.record import Journal
from cdp_relay.chat.sharing import NEW_KEY, SharedTurn, Sharing
from cdp_relay.chat.vocabulary import AnswerShared, ChatEvent, ChatRequest, Finished, RequestId
from cdp_relay.errors import AnswerStopped, NotFound, RelayError, ShuttingDown

__all__ = ["Answers"]

_PATIENCE_SECONDS = 0.5
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
        reader, kept = turn.delivery.read(), not turn.running
        try:
            if shared:
                yield AnswerShared(request=turn.id, begun_at=turn.begun_at, kept=kept)
            event: ChatEvent | None = None
            async for event in reader:
                yield event
            _check_end(event, turn)
        except RelayError as error:
            raise _as_told_again(error) if shared and kept else error from None
        finally:
            self._sharing.leave(turn, reader)
            self._let_go(turn)

    async def follow(self, id_: RequestId, *, raw: bool = False) -> AsyncGenerator[ChatEvent, None]:
        """The events of a turn that runs, or ended a short while ago, from its start.

        Who follows is a reader like others: the turn stops with the last of them.

        Args:
          raw: what was taken back since is told as well, as it was told at the time.

        Raises:
          NotFound: there is no such turn.
          RelayError: as the turn ended.
        """
        turn = self._sharing.get(id_)
        if turn is None or not turn.delivery.whole:
            raise NotFound("No such request runs.", param="request_id")
        reader = turn.delivery.read(raw=raw)
        try:
            event: ChatEvent | None = None
            async for event in reader:
                yield event
            _check_end(event, turn)
        finally:
            reader.leave()
            self._let_go(turn)

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


def _check_end(last: ChatEvent | None, turn: SharedTurn) -> None:
    """See that a turn ended by itself.

    Raises:
      AnswerStopped, ShuttingDown: it did not.
    """
    if not isinstance(last, Finished):
        if turn.stopped:
            raise AnswerStopped("The answer was stopped.")
        raise ShuttingDown("The relay stops; the answer was cut off.")


def _as_told_again(error: RelayError) -> RelayError:
    """The error for one who asks with the key of a request that failed: the same key fails for ever."""
    told = copy.copy(error)
    told.retryable = False
    told.next_step = NEW_KEY
    return told
