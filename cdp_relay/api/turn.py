"""Running a turn for a streamed answer: events on one side, bytes with keep-alives on the other.

The turn runs in a task of its own, in the request's nursery, as the wait for its next event has to
end now and then (for a keep-alive, or to send the headers) without ending the turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing

import attrs
import trio

from cdp_relay.api.dialect import StreamWriter, no_end
from cdp_relay.api.exchange import Exchange
from cdp_relay.chat.vocabulary import (
    AnswerShared,
    ChatEvent,
    ChatNamed,
    FileProduced,
    Finished,
    Notice,
    ReasoningDelta,
    Step,
    StepReached,
    TextDelta,
    ToolCallBegan,
)
from cdp_relay.errors import RelayError

__all__ = ["StreamedTurn", "start_turn"]

_FIRST_WORD_SECONDS = 1.0
"""How long the status line waits for the first word once the site has begun its stream."""


@attrs.define(eq=False)
class StreamedTurn:
    """A turn that runs. Made by :func:`start_turn`."""

    _exchange: Exchange
    _receive: trio.MemoryReceiveChannel[ChatEvent | RelayError]
    _held: deque[ChatEvent] = attrs.field(factory=deque, init=False)

    async def accepted(self, patience: float) -> None:
        """Wait until the site answers, or for *patience* seconds.

        A status of 200 from the site is not yet an answer: caps and failures are often the first
        thing in its stream. So the first word is waited for as well, though not for long, as the
        model may think. The events that came meanwhile are kept for :meth:`stream`.

        Raises:
          RelayError: the turn failed within that time.
        """
        with trio.move_on_after(patience) as waiting:
            while True:
                event = await self._next()
                self._held.append(event)
                if isinstance(event, TextDelta | ReasoningDelta | ToolCallBegan | FileProduced | Finished):
                    return
                if isinstance(event, StepReached) and event.step is Step.STREAMING:
                    first_word_by = trio.current_time() + _FIRST_WORD_SECONDS
                    waiting.deadline = min(waiting.deadline, first_word_by)

    @property
    def notices(self) -> list[str]:
        """The notices that came before the site's acceptance."""
        return [event.message for event in self._held if isinstance(event, Notice)]

    @property
    def shared(self) -> AnswerShared | None:
        """Whose answer it is, where that is another request's."""
        first = self._held[0] if self._held else None
        return first if isinstance(first, AnswerShared) else None

    @property
    def conversation_id(self) -> str | None:
        """The chat that the answer stands in, where that is known by now."""
        named = [event.conversation_id for event in self._held if isinstance(event, ChatNamed)]
        return named[-1] if named else None

    @property
    def site(self) -> str | None:
        """The site, with its profile, that has taken the turn, once one has."""
        leased = [
            event.facts.get("site")
            for event in self._held
            if isinstance(event, StepReached) and event.step is Step.LEASED
        ]
        return leased[-1] if leased else None

    @property
    def from_page(self) -> bool:
        """Whether the answer is known to be read off the page.

        Of the other ways only the end of an answer says which one it was: the last chunk names it.
        """
        return any(isinstance(event, Notice) and event.code == "captured_from_page" for event in self._held)

    @property
    def model(self) -> str | None:
        """What the site said so far about the model that answers."""
        models = [
            event.facts["model"]
            for event in self._held
            if isinstance(event, StepReached) and isinstance(event.facts.get("model"), str)
        ]
        return models[-1] if models else None

    async def stream(self, writer: StreamWriter, keep_alive_seconds: float) -> AsyncGenerator[bytes, None]:
        """Write the answer. An error becomes the stream's last event; nothing is raised."""
        yield writer.open()
        quiet_until = trio.current_time() + keep_alive_seconds
        while not writer.finished:
            next_event: ChatEvent | None = None
            try:
                with trio.move_on_at(quiet_until):
                    next_event = await self._held_or_next()
                data = writer.keep_alive() if next_event is None else writer.feed(next_event)
            except RelayError as error:
                yield writer.fail(self._exchange.failed(error))
                return
            if data:
                yield data
                # After the yield: a reader that is slow hears enough from us.
                quiet_until = trio.current_time() + keep_alive_seconds

    async def _held_or_next(self) -> ChatEvent:
        return self._held.popleft() if self._held else await self._next()

    async def _next(self) -> ChatEvent:
        try:
            event = await self._receive.receive()
        except trio.EndOfChannel:
            raise no_end() from None
        if isinstance(event, RelayError):
            raise event
        return event


def start_turn(events: AsyncGenerator[ChatEvent, None], exchange: Exchange) -> StreamedTurn:
    """Read a turn's events in the exchange's nursery, which ends that when the request is over."""
    # No room in the channel: while a client lags the relay is not asked for more, and puts
    # together what comes meanwhile.
    send, receive = trio.open_memory_channel[ChatEvent | RelayError](0)
    exchange.nursery.start_soon(_run_turn, events, exchange, send)
    return StreamedTurn(exchange, receive)


async def _run_turn(
    turn: AsyncGenerator[ChatEvent, None],
    exchange: Exchange,
    channel: trio.MemorySendChannel[ChatEvent | RelayError],
) -> None:
    async with channel:
        try:
            with exchange.turn:
                async with aclosing(turn) as events:
                    async for event in events:
                        await channel.send(event)
        except Exception as error:
            await channel.send(exchange.failed(error))
            return
        if exchange.turn.cancelled_caught:
            await channel.send(exchange.failed(exchange.interruption()))
