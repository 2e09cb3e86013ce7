"""A bounded queue of one subscriber's events, and what happens when it is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Literal, Self, TypeVar

import attrs
import trio

from cdp_relay.cdp.codec import Payload, decode_payload
from cdp_relay.cdp.event import Event, RawEvent
from cdp_relay.cdp.failure import fresh
from cdp_relay.errors import BrowserError, CommandTimeout, EventsLost

if TYPE_CHECKING:
    from cdp_relay.cdp.session import Session

__all__ = ["Subscription", "SubscriptionStatistics", "WhenFull"]

E = TypeVar("E", bound=Event, covariant=True)

WhenFull = Literal["fail", "drop-oldest"]


@attrs.frozen(kw_only=True)
class SubscriptionStatistics:
    """One subscriber's queue."""

    session_id: str
    methods: tuple[str, ...]
    depth: int
    """Events that wait now."""
    peak: int
    """The most that ever waited."""
    delivered: int
    """Events that were queued."""
    lost: int
    """Events that were dropped because the queue was full."""


class Subscription(Generic[E]):
    """Events of one session, in the order of the wire, from the moment of ``subscribe()`` on.

    Iterate over it, or ask with :meth:`next` and :meth:`next_nowait`. Events are parsed here, in
    the subscriber's task. When the session ends, what is queued still comes, and then the
    session's error is raised. Use it as a context manager, or :meth:`close` it.
    """

    __slots__ = (
        "_capacity",
        "_classes",
        "_closed",
        "_delivered",
        "_error",
        "_last_session",
        "_lost",
        "_peak",
        "_queue",
        "_waiter",
        "_when_full",
        "session",
        "tree",
    )

    def __init__(
        self,
        session: Session,
        classes: Mapping[str, type[Event] | None],
        *,
        capacity: int,
        when_full: WhenFull,
        tree: bool,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is at least 1, not {capacity}")
        self.session = session
        self.tree = tree
        self._classes = classes
        self._capacity = capacity
        self._when_full = when_full
        self._queue: deque[tuple[Session, str, Payload]] = deque()
        self._waiter: trio.Event | None = None
        self._error: BrowserError | None = None
        self._closed = False
        self._last_session = session
        self._peak = self._delivered = self._lost = 0

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of the events subscribed to."""
        return tuple(self._classes)

    @property
    def last_session(self) -> Session:
        """The session that the event returned last came from; of interest with ``tree=True``."""
        return self._last_session

    def statistics(self) -> SubscriptionStatistics:
        """The state of the queue."""
        return SubscriptionStatistics(
            session_id=self.session.id,
            methods=self.methods,
            depth=len(self._queue),
            peak=self._peak,
            delivered=self._delivered,
            lost=self._lost,
        )

    # --- the subscriber's side --------------------------------------------------------------

    def next_nowait(self) -> E | None:
        """Return the next queued event, or None when none waits.

        Raises:
          BrowserError: none waits, and none will come any more.
        """
        if self._queue:
            session, method, payload = self._queue.popleft()
            self._last_session = session
            return self._parse(method, payload)
        if self._error is not None:
            raise fresh(self._error)
        if self._closed:
            raise trio.ClosedResourceError("this subscription is closed")
        return None

    async def next(self) -> E:
        """Return the next event; cancelling loses none.

        Other tasks get their turn only when no event is queued: the queue is bounded, and for a
        busy stream giving way at each event costs more than all else.

        Raises:
          BrowserError: the session ended (TabClosed, PageCrashed, BrowserGone), or events were
            lost because they were not taken in time (EventsLost).
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while (event := self.next_nowait()) is None:
            if self._waiter is None:
                self._waiter = trio.Event()
            await self._waiter.wait()
        return event

    async def wait(self, predicate: Callable[[E], bool] | None = None, *, timeout: float) -> E:
        """Return the first event that *predicate* accepts; those before it are gone.

        Raises:
          CommandTimeout: none came within *timeout* seconds.
          BrowserError: as :meth:`next`.
        """
        try:
            with trio.fail_after(timeout):
                while True:
                    event = await self.next()
                    if predicate is None or predicate(event):
                        return event
        except trio.TooSlowError:
            names = " or ".join(self.methods)
            raise CommandTimeout(
                f"No {names} came within {timeout:g} s.", details={"events": list(self.methods)}
            ) from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        try:
            return await self.next()
        except trio.ClosedResourceError:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Stop listening; a task that iterates here sees the end."""
        self._closed = True
        self._queue.clear()
        self.session._forget_subscription(self)
        self._wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _parse(self, method: str, payload: Payload) -> E:
        params = decode_payload(payload)
        known = self._classes[method]
        if known is None:
            # The classes given to subscribe() are those of E.
            return RawEvent(method=method, raw=params)  # type: ignore[return-value]
        return known.from_json(params)  # type: ignore[return-value]

    # --- the reader's side: synchronous, never waits -------------------------------------------

    def _put(self, session: Session, method: str, payload: Payload) -> None:
        queue = self._queue
        if len(queue) >= self._capacity:
            self._lost += 1
            if self._when_full == "fail":
                self._end(
                    EventsLost(
                        f"{self._capacity} events ({', '.join(self.methods)}) waited and one more came.",
                        details={"methods": list(self.methods), "capacity": self._capacity},
                    )
                )
                self.session._forget_subscription(self)
                return
            queue.popleft()
        queue.append((session, method, payload))
        self._delivered += 1
        if len(queue) > self._peak:
            self._peak = len(queue)
        self._wake()

    def _end(self, error: BrowserError) -> None:
        if self._error is None:
            self._error = error
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None:
            self._waiter.set()
            self._waiter = None
