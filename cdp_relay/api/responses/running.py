"""Answers in the background: made by a task of the service's, and told to whoever asks for their events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import attrs
import structlog
import trio

from cdp_relay.api.contract import RelayLike
from cdp_relay.api.dialect import no_end
from cdp_relay.api.exchange import Exchange
from cdp_relay.api.failure import as_relay_error
from cdp_relay.api.responses.answer import ResponseStream
from cdp_relay.chat.vocabulary import ChatRequest
from cdp_relay.errors import InternalError

__all__ = ["Run", "follow"]

_log = structlog.get_logger("cdp_relay.api")


@attrs.define(eq=False)
class Run:
    """One answer that outlives the request that asked for it, and all of its events."""

    writer: ResponseStream
    over: bool = attrs.field(default=False, init=False)
    """Whether the last event is there."""
    event_bytes: int = attrs.field(default=0, init=False)
    _events: list[bytes] = attrs.field(factory=list, init=False)
    """By their numbers."""
    _more: trio.Event = attrs.field(factory=trio.Event, init=False)
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)

    def __attrs_post_init__(self) -> None:
        self._add(self.writer.open())

    async def make(self, relay: RelayLike, request: ChatRequest) -> None:
        """Ask the relay, up to the answer's end. Nothing but a cancellation comes out of here."""
        try:
            with self._scope:
                async with aclosing(relay.ask(request)) as events:
                    async for event in events:
                        self._add(self.writer.feed(event))
                if not self.over:
                    raise no_end()
            if self._scope.cancelled_caught:
                # Also where it would go on without a client.
                relay.stop(request.id)
        except Exception as error:
            shown = as_relay_error(error)
            if isinstance(shown, InternalError):
                _log.error("background_answer_failed", id=request.id, exc_info=error)
            if not self.over:
                self._add(self.writer.fail(shown))

    def cancel(self) -> None:
        """Stop the answer on the page; what came of it stays."""
        if not self.over:
            self._add(self.writer.cancel())
            self._scope.cancel()

    async def events_after(self, number: int) -> AsyncGenerator[bytes, None]:
        """The events after that number: those that were, then each as it comes, up to the last one."""
        place = number + 1
        while True:
            more = self._more
            if place < len(self._events):
                news = b"".join(self._events[place:])
                place = len(self._events)
                yield news
            elif self.over:
                return
            else:
                await more.wait()

    def _add(self, data: bytes) -> None:
        if not data:
            return
        # JSON holds no bare line break, so that blank lines stand between events only.
        self._events += [event + b"\n\n" for event in data.split(b"\n\n")[:-1]]
        self.event_bytes += len(data)
        self.over = self.writer.finished
        self._more.set()
        self._more = trio.Event()


async def follow(
    run: Run, after: int, exchange: Exchange, keep_alive_seconds: float
) -> AsyncGenerator[bytes, None]:
    """The events of an answer for one client, who may leave; while there are none it hears that it runs."""
    send, receive = trio.open_memory_channel[bytes](0)
    exchange.nursery.start_soon(_pass_on, run, after, exchange, send)
    while True:
        news = None
        with trio.move_on_after(keep_alive_seconds):
            try:
                news = await receive.receive()
            except trio.EndOfChannel:
                return
        yield run.writer.heartbeat() if news is None else news


async def _pass_on(run: Run, after: int, exchange: Exchange, channel: trio.MemorySendChannel[bytes]) -> None:
    async with channel:
        with exchange.turn:
            async with aclosing(run.events_after(after)) as events:
                async for news in events:
                    await channel.send(news)
