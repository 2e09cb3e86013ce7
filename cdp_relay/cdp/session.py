"""One DevTools session: commands to, and events of, the browser, a page, a frame or a worker."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

import trio

from cdp_relay.cdp import protocol
from cdp_relay.cdp.codec import Payload, decode_payload
from cdp_relay.cdp.event import JSON, Command, Event, RawEvent
from cdp_relay.cdp.failure import fresh
from cdp_relay.cdp.subscription import Subscription, WhenFull
from cdp_relay.errors import BrowserError, PageCrashed, ProtocolViolation

if TYPE_CHECKING:
    from cdp_relay.cdp.connection import Connection
    from cdp_relay.cdp.targets import Preparer

__all__ = ["Session"]

_log = logging.getLogger("cdp_relay.cdp")

T = TypeVar("T")
E = TypeVar("E", bound=Event)

_FOR_CRASHED_PAGES = frozenset(
    {
        # These reach a renderer that is no more, or make a new one; all others would wait in silence.
        "Inspector.enable",
        "Page.close",
        "Page.navigate",
        "Page.reload",
        "Page.stopLoading",
        "Runtime.runIfWaitingForDebugger",
    }
)


class Session:
    """A session of a connection. Made by the connection; the browser's own has the id ``""``.

    Commands may be sent from any number of tasks at once. A cancelled command leaves nothing
    behind; its late answer is ignored.
    """

    __slots__ = (
        "_children",
        "_error",
        "_handlers",
        "_preparer",
        "_subscriptions",
        "closed",
        "connection",
        "id",
        "parent",
        "target",
    )

    def __init__(
        self,
        connection: Connection,
        session_id: str,
        *,
        parent: Session | None = None,
        target: protocol.Target.TargetInfo | None = None,
    ) -> None:
        self.connection = connection
        self.id = session_id
        self.parent = parent
        self.target = target
        """What the session is attached to, kept current; None for the browser itself."""
        self.closed = trio.Event()
        """Set when the session is over for good; a crashed page's is not, it can be reloaded."""
        self._error: BrowserError | None = None
        self._children: dict[str, Session] = {}
        self._preparer: Preparer | None = None
        self._subscriptions: dict[str, list[Subscription[Any]]] = {}
        self._handlers: dict[str, list[tuple[type[Event] | None, Callable[[Any], None]]]] = {}

    def __repr__(self) -> str:
        kind = self.target.type if self.target is not None else "browser"
        state = "closed" if self.closed.is_set() else "crashed" if self.crashed else "open"
        return f"<Session {self.id[:8] or 'root'} {kind} {state}>"

    @property
    def children(self) -> Mapping[str, Session]:
        """The sessions of this one's workers and frames, by session id."""
        return self._children

    @property
    def error(self) -> BrowserError | None:
        """Why commands fail now: closed or crashed; None when all is well."""
        return self._error

    @property
    def crashed(self) -> bool:
        """Whether the renderer is gone and the page not yet loaded anew."""
        return isinstance(self._error, PageCrashed) and not self.closed.is_set()

    # --- commands -----------------------------------------------------------------------------

    async def execute(
        self,
        command: Command[T],
        *,
        timeout: float | None = None,
        late: Callable[[JSON], None] | None = None,
    ) -> T:
        """Run a command object (ours, or of any binding of the pycdp family); return its result.

        Args:
          timeout: seconds; the deadline of the command's class when left out.
          late: told of the result when it comes after all that, or after the caller was cancelled: for
            commands whose effect would have to be undone.

        Raises:
          CommandTimeout: no answer came in time.
          CommandFailed: the browser refused the command.
          TabClosed, PageCrashed, BrowserGone, BrowserStalled: there is nobody left to answer.
          ProtocolViolation: *command* wants to send twice.
        """
        request = next(command)
        try:
            answer = await self.call(request["method"], request.get("params"), timeout=timeout, late=late)
            command.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            command.close()
        raise ProtocolViolation(f"The command {request['method']} wants to send twice.")

    async def call(
        self,
        method: str,
        params: JSON | None = None,
        *,
        timeout: float | None = None,
        late: Callable[[JSON], None] | None = None,
    ) -> JSON:
        """Send a command by name and return its result as it came; raises as :meth:`execute`."""
        told = None if late is None else lambda payload: late(decode_payload(payload))
        return decode_payload(await self.connection._request(self, method, params, timeout, told))

    def post(self, method: str, params: JSON | None = None) -> None:
        """Send a command and forget it. Never waits and never raises for the browser's sake.

        For handlers, which must not block; a refusal is only counted.
        """
        self.connection._post(self, method, params)

    # --- events -------------------------------------------------------------------------------

    @overload
    def subscribe(
        self,
        *event_types: type[E],
        capacity: int = 1024,
        when_full: WhenFull = "fail",
        tree: bool = False,
    ) -> Subscription[E]: ...

    @overload
    def subscribe(
        self,
        *event_types: str,
        capacity: int = 1024,
        when_full: WhenFull = "fail",
        tree: bool = False,
    ) -> Subscription[RawEvent]: ...

    def subscribe(
        self,
        *event_types: type[Event] | str,
        capacity: int = 1024,
        when_full: WhenFull = "fail",
        tree: bool = False,
    ) -> Subscription[Any]:
        """Listen from now on; several types keep the order of the wire.

        Args:
          event_types: generated classes, or names of methods, which give :class:`RawEvent`.
          capacity: events that may wait.
          when_full: ``"fail"`` ends the subscription with EventsLost, ``"drop-oldest"`` counts
            what it drops. The browser's other events are never held up.
          tree: also the events of this session's workers and frames, present and future.

        A crash ends the subscriptions that there are; one made after it hears of the recovery.

        Raises:
          BrowserError: the session is closed.
        """
        if self._error is not None and not self.crashed:
            raise fresh(self._error)
        classes = dict(map(_method_and_class, event_types))
        if not classes:
            raise ValueError("subscribe() needs at least one type of event")
        subscription: Subscription[Any] = Subscription(
            self, classes, capacity=capacity, when_full=when_full, tree=tree
        )
        for method in classes:
            self._subscriptions.setdefault(method, []).append(subscription)
        self.connection._subscriptions.add(subscription)
        return subscription

    def wait_for(
        self,
        event_type: type[E],
        predicate: Callable[[E], bool] | None = None,
        *,
        timeout: float,
        tree: bool = False,
    ) -> Awaitable[E]:
        """Listen from now on, and return something to await: the first event that fits.

        Raises:
          CommandTimeout: on awaiting, when none came within *timeout* seconds of that.
          BrowserError: the session ended first.
        """
        return _first(self.subscribe(event_type, tree=tree), predicate, timeout)

    @overload
    def on(self, event_type: type[E], handler: Callable[[E], None]) -> Callable[[], None]: ...

    @overload
    def on(self, event_type: str, handler: Callable[[RawEvent], None]) -> Callable[[], None]: ...

    def on(self, event_type: type[Event] | str, handler: Callable[[Any], None]) -> Callable[[], None]:
        """Call *handler* for each event, in the reading task and before any subscriber.

        The handler must not block; it may :meth:`post`. What it raises is logged and counted, as
        it has no caller.

        Returns:
          A function that undoes this; it may be called more than once.
        """
        method, known = _method_and_class(event_type)
        entry = (known, handler)
        self._handlers.setdefault(method, []).append(entry)

        def undo() -> None:
            entries = self._handlers.get(method, [])
            if entry in entries:
                entries.remove(entry)

        return undo

    def fail(self, error: BrowserError) -> None:
        """End the session from our side: all that waits on it fails at once with *error*."""
        self.connection._close_session(self, error)

    async def detach(self) -> None:
        """Leave the target; it lives on. Does nothing when the session is closed."""
        if not self.closed.is_set() and self.id:
            command = protocol.Target.detach_from_target(session_id=self.id)
            await self.connection.root.execute(command)

    # --- the reader's side: synchronous, never waits ---------------------------------------------

    def _refusal(self, method: str) -> BrowserError | None:
        error = self._error
        if error is None or (method in _FOR_CRASHED_PAGES and self.crashed):
            return None
        if self.crashed and method.startswith(("Target.", "Browser.")):
            return None
        return fresh(error, method)

    def _handle(self, method: str, payload: Payload) -> bool:
        handlers = self._handlers.get(method)
        if not handlers:
            return False
        params = decode_payload(payload)
        for known, handler in tuple(handlers):
            try:
                handler(RawEvent(method=method, raw=params) if known is None else known.from_json(params))
            except Exception:  # one tab's handler must not end the connection of all tabs
                self.connection._handler_failures += 1
                _log.exception("a handler of %s failed", method)
        return True

    def _deliver(self, method: str, payload: Payload) -> bool:
        """Hand an event to the subscribers here and to tree subscribers above."""
        taken = False
        subscriptions = self._subscriptions.get(method)
        if subscriptions:
            taken = True
            for subscription in tuple(subscriptions):
                subscription._put(self, method, payload)
        above = self.parent
        while above is not None:
            subscriptions = above._subscriptions.get(method)
            if subscriptions:
                for subscription in tuple(subscriptions):
                    if subscription.tree:
                        taken = True
                        subscription._put(self, method, payload)
            above = above.parent
        return taken

    def _lose(self, error: BrowserError, *, for_good: bool) -> None:
        """Refuse commands with *error* and end the subscriptions."""
        self._error = error
        if for_good:
            self.closed.set()
        ending = {one for subscriptions in self._subscriptions.values() for one in subscriptions}
        self._subscriptions.clear()
        for subscription in ending:
            subscription._end(error)
            self.connection._subscriptions.discard(subscription)

    def _recover(self) -> None:
        """Take commands again: a crashed page was loaded anew."""
        self._error = None

    def _forget_subscription(self, subscription: Subscription[Any]) -> None:
        for method in subscription.methods:
            subscriptions = self._subscriptions.get(method)
            if subscriptions and subscription in subscriptions:
                subscriptions.remove(subscription)
                if not subscriptions:
                    del self._subscriptions[method]
        self.connection._subscriptions.discard(subscription)


def _method_and_class(event_type: type[Event] | str) -> tuple[str, type[Event] | None]:
    if isinstance(event_type, str):
        return event_type, None
    if not event_type.METHOD:
        raise ValueError(f"{event_type.__name__} stands for no one event; give its method's name")
    return event_type.METHOD, event_type


async def _first(subscription: Subscription[E], predicate: Callable[[E], bool] | None, timeout: float) -> E:
    with subscription:
        return await subscription.wait(predicate, timeout=timeout)
