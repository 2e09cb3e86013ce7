"""A scripted relay whose answers are shared as the product's are: turns of its own, and clients that read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import attrs
import trio

from cdp_relay.api import Server
from cdp_relay.chat.answers import Answers
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.record import NO_JOURNAL, Journal
from cdp_relay.chat.sharing import SharedTurn, Sharing
from cdp_relay.chat.vocabulary import ChatEvent, ChatNamed, ChatRequest, RequestId, Step, TextDelta
from cdp_relay.errors import RelayError
from cdp_relay.store import StoredJournal
from tests.api.kit import ScriptedRelay, finished, reached, serving


@attrs.define(eq=False)
class SharingRelay(ScriptedRelay):
    """Its turns run on their own; a script may wait for :attr:`gates`."""

    gates: defaultdict[str, trio.Event] = attrs.field(factory=lambda: defaultdict(trio.Event))
    halted: list[RequestId] = attrs.field(factory=list)
    journal: Journal = NO_JOURNAL
    finish: bool = False
    readers: int = 0
    """How many read answers now."""
    changed: trio.Event = attrs.field(factory=trio.Event)
    """Of whatever a test may wait for."""
    answers: Answers = attrs.field(init=False)
    nursery: trio.Nursery = attrs.field(init=False)

    def open(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.answers = Answers(Sharing(retry_seconds=60, finish=self.finish), self.journal, nursery)

    async def ask(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        found = await self.answers.find(request)
        events = self.answers.tell(found or self._begin(request), shared=found is not None)
        self._count(1)
        try:
            async with aclosing(events):
                async for event in events:
                    yield event
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        self.readers += more
        self.changed.set()
        self.changed = trio.Event()

    async def wait_for_readers(self, count: int) -> None:
        while self.readers != count:
            await self.changed.wait()

    async def wait_for_halt(self) -> None:
        while not self.halted:
            await self.changed.wait()

    def _begin(self, request: ChatRequest) -> SharedTurn:
        self.asked.append(request)
        delivery, scope = Delivery(), trio.CancelScope()

        def halt() -> None:
            self.halted.append(request.id)
            self._count(0)
            scope.cancel()

        shared = self.answers.begin(request, delivery, halt)
        record = self.board.begin(request, self.journal.begin(request))
        delivery.watch = record.event
        record.routed("practice", None)

        async def run() -> None:
            error = None
            with scope:
                try:
                    async with aclosing(self.script(request)) as events:
                        async for event in events:
                            delivery.put(event)
                except RelayError as raised:
                    error = raised
            state = "stopped" if scope.cancelled_caught else "failed" if error else "finished"
            record.ended(state, error)
            delivery.close(error)
            self.answers.ended(shared)

        self.nursery.start_soon(run)
        return shared

    async def shared_with(self, request: ChatRequest) -> RequestId | None:
        found = await self.answers.find(request)
        return None if found is None else found.id

    def follow(self, id_: RequestId, *, raw: bool = False) -> AsyncGenerator[ChatEvent, None]:
        return self.answers.follow(id_, raw=raw)

    def stop(self, id_: RequestId) -> bool:
        return self.answers.stop(id_)

    def forget(self, id_: RequestId) -> None:
        self.answers.forget(id_)


@asynccontextmanager
async def serving_shared(
    relay: SharingRelay, journal: StoredJournal | None = None, **settings: Any
) -> AsyncGenerator[Server]:
    """The real service before such a relay."""
    async with trio.open_nursery() as nursery:
        relay.journal = journal or relay.journal
        relay.open(nursery)
        async with serving(relay, journal=journal, **settings) as server:
            yield server
        nursery.cancel_scope.cancel()


async def two_words(relay: SharingRelay, gate: str = "second") -> AsyncGenerator[ChatEvent, None]:
    """An answer of two words with a wait between them."""
    for step in (Step.QUEUED, Step.COMPOSED, Step.SUBMITTED, Step.STREAMING):
        yield reached(step)
    yield ChatNamed(conversation_id="chat-1")
    yield TextDelta("one ")
    await relay.gates[gate].wait()
    yield TextDelta("two")
    yield finished(conversation_id="chat-1")
