"""One connection to a browser: a reader, a writer, a pulse, and the table of pending commands.

The reader never waits for anyone: it splits a message, wakes the task whose answer it is, calls
handlers, fills subscribers' queues, and reads on. Only the writer sends, and its frames are never
cut by a caller's cancellation.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import outcome
import trio

from cdp_relay.cdp import protocol
from cdp_relay.cdp.codec import Payload, decode_envelope, decode_payload, encode_command
from cdp_relay.cdp.event import JSON
from cdp_relay.cdp.failure import command_error, fresh
from cdp_relay.cdp.limits import ConnectionLimits
from cdp_relay.cdp.session import Session
from cdp_relay.cdp.subscription import Subscription, SubscriptionStatistics
from cdp_relay.cdp.targets import Targets
from cdp_relay.cdp.transport import Pinging, Transport, connect_transport
from cdp_relay.errors import (
    BrowserError,
    BrowserGone,
    BrowserStalled,
    CommandFailed,
    CommandTimeout,
    PageCrashed,
    TabClosed,
)

__all__ = ["Connection", "ConnectionStatistics", "open_connection", "run_connection"]

_log = logging.getLogger("cdp_relay.cdp")

_BATCH_CHARACTERS = 65_536
"""Commands are written together up to about this size; one that is larger goes alone."""


@attrs.frozen(kw_only=True)
class ConnectionStatistics:
    """What went over a connection so far, and what waits now."""

    sessions: int
    pending: tuple[str, ...]
    """The methods of the commands that wait for an answer, the oldest first."""
    sent: int
    """Commands written."""
    sent_characters: int
    received: int
    """Messages read."""
    received_characters: int
    outbox_depth: int
    """Commands not yet written."""
    outbox_peak: int
    events: int
    """Events read."""
    events_unclaimed: int
    """Events that nobody had subscribed to."""
    unknown_sessions: int
    """Messages for sessions that are no more, or never were."""
    late_answers: int
    """Answers to commands whose caller had left."""
    post_failures: int
    """Refusals of commands that were sent and forgotten."""
    parse_failures: int
    """Messages that were no JSON objects of the protocol."""
    handler_failures: int
    """Exceptions that handlers raised."""
    missed_pings: int
    """Signs of life missing in a row, now."""
    subscriptions: tuple[SubscriptionStatistics, ...]


class _Pending:
    """A command on its way: who waits for it, and whether anybody still does."""

    __slots__ = ("abandoned", "method", "session", "task")

    def __init__(self, session: Session, method: str, task: trio.lowlevel.Task | None) -> None:
        self.session = session
        self.method = method
        self.task = task
        self.abandoned = False


class Connection:
    """A connection of :func:`open_connection`. Any number of tasks may use it at once."""

    def __init__(
        self, transport: Transport, limits: ConnectionLimits, nursery: trio.Nursery, ping: Pinging | None
    ) -> None:
        self.limits = limits
        self.root = Session(self, "")
        self.closed = trio.Event()
        """Set when the connection is over; ``close_error`` says why."""
        self.close_error: BrowserError | None = None
        self.targets = Targets(self, nursery)
        self._transport = transport
        self._ping = ping
        self._sessions: dict[str, Session] = {"": self.root}
        self._by_target: dict[str, list[Session]] = {}
        self._pending: dict[int, _Pending] = {}
        self._next_id = 1
        self._outbox: deque[tuple[_Pending, str]] = deque()
        self._outbox_filled = trio.Event()
        self._outbox_empty = trio.Event()
        self._outbox_empty.set()
        self._outbox_peak = 0
        self._frame: trio.CancelScope | None = None
        self._scope = trio.CancelScope()
        self._subscriptions: set[Subscription[Any]] = set()
        self._sent = self._sent_characters = self._received = self._received_characters = 0
        self._events = self._events_unclaimed = self._unknown_sessions = self._late_answers = 0
        self._post_failures = self._parse_failures = self._handler_failures = self._missed_pings = 0

    @property
    def degraded(self) -> bool:
        """Whether the browser has missed signs of life lately; it may still recover."""
        return self._missed_pings >= self.limits.degraded_after_misses

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All open sessions but the browser's own."""
        return tuple(session for session in self._sessions.values() if session.id)

    def statistics(self) -> ConnectionStatistics:
        """Counters since the connection was opened, and the queues as they are now."""
        return ConnectionStatistics(
            sessions=len(self._sessions) - 1,
            pending=tuple(pending.method for pending in self._pending.values()),
            sent=self._sent,
            sent_characters=self._sent_characters,
            received=self._received,
            received_characters=self._received_characters,
            outbox_depth=len(self._outbox),
            outbox_peak=self._outbox_peak,
            events=self._events,
            events_unclaimed=self._events_unclaimed,
            unknown_sessions=self._unknown_sessions,
            late_answers=self._late_answers,
            post_failures=self._post_failures,
            parse_failures=self._parse_failures,
            handler_failures=self._handler_failures,
            missed_pings=self._missed_pings,
            subscriptions=tuple(one.statistics() for one in self._subscriptions),
        )

    async def aclose(self) -> None:
        """Write what is queued (within ``close_seconds``), then end the connection."""
        with trio.move_on_after(self.limits.close_seconds):
            await self._outbox_empty.wait()
        self._end(BrowserGone("The connection to the browser was closed by the relay."))

    # --- commands -----------------------------------------------------------------------------

    async def _request(
        self, session: Session, method: str, params: JSON | None, timeout: float | None
    ) -> Payload:
        """Send a command and wait for its answer; see :meth:`Session.execute`."""
        seconds = self._deadline(session, method, params) if timeout is None else timeout
        pending = _Pending(session, method, trio.lowlevel.current_task())
        number = self._enqueue(pending, params)

        def abandon(_: Callable[[], None]) -> trio.lowlevel.Abort:
            pending.abandoned = True
            pending.task = None
            self._pending.pop(number, None)
            return trio.lowlevel.Abort.SUCCEEDED

        with trio.move_on_after(seconds):
            payload: Payload = await trio.lowlevel.wait_task_rescheduled(abandon)
            return payload
        raise CommandTimeout(
            f"{method} got no answer within {seconds:g} s.",
            details={"method": method, "seconds": seconds, "session": session.id},
        )

    def _post(self, session: Session, method: str, params: JSON | None) -> None:
        try:
            self._enqueue(_Pending(session, method, None), params)
        except BrowserError as error:
            self._post_failures += 1
            _log.debug("%s was not sent: %s", method, error)

    def _enqueue(self, pending: _Pending, params: JSON | None) -> int:
        refusal = pending.session._refusal(pending.method)
        if refusal is not None:
            raise refusal
        number = self._next_id
        text = encode_command(number, pending.method, params, pending.session.id)
        if len(text) > self.limits.max_command_bytes:
            raise CommandFailed(
                f"{pending.method} was not sent: {len(text)} bytes are more than"
                f" the {self.limits.max_command_bytes} that the browser takes.",
                details={"method": pending.method, "code": None, "data": None},
            )
        if len(self._outbox) >= self.limits.outbox_messages:
            raise BrowserStalled(
                f"{pending.method} was not sent: {len(self._outbox)} commands already wait to be written.",
                details={"method": pending.method},
            )
        self._next_id += 1
        self._pending[number] = pending
        self._outbox.append((pending, text))
        if self._outbox_empty.is_set():
            self._outbox_empty = trio.Event()
        if len(self._outbox) > self._outbox_peak:
            self._outbox_peak = len(self._outbox)
        self._outbox_filled.set()
        return number

    def _deadline(self, session: Session, method: str, params: JSON | None) -> float:
        limits = self.limits
        if method.startswith("Target."):
            return limits.target_seconds
        if method == "Page.navigate":
            return limits.navigate_seconds
        if not session.id:
            return limits.browser_seconds
        if method == "Runtime.evaluate" and params and isinstance(own := params.get("timeout"), int | float):
            # The browser ends such an evaluation itself, and says so; let it.
            return max(limits.renderer_seconds, own / 1000 + 1)
        return limits.renderer_seconds

    # --- tasks --------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Read, write and feel the pulse until the connection ends; never raises for the browser."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._until_gone, self._read)
                    nursery.start_soon(self._until_gone, self._write)
                    if self._ping is not None:
                        nursery.start_soon(self._until_gone, self._feel_pulse)
        finally:
            self._end(BrowserGone("The connection to the browser was closed by the relay."))

    async def _until_gone(self, work: Callable[[], Any]) -> None:
        try:
            await work()
        except BrowserError as error:
            self._end(error)

    async def _read(self) -> None:
        receive = self._transport.receive
        while True:
            self._route(await receive())

    async def _write(self) -> None:
        limits = self.limits
        while True:
            while batch := self._next_batch():
                characters = sum(map(len, batch))
                seconds = limits.write_seconds + characters / limits.write_bytes_per_second
                # Shielded, so that no cancellation cuts a frame; bounded, so that a browser that
                # stops reading cannot hold up anything for longer.
                with trio.CancelScope(deadline=trio.current_time() + seconds, shield=True) as frame:
                    self._frame = frame
                    await self._transport.send(*batch)
                self._frame = None
                if frame.cancelled_caught:
                    raise BrowserStalled(f"The browser took no data for {seconds:.3g} s.")
                self._sent += len(batch)
                self._sent_characters += characters
            self._outbox_empty.set()
            self._outbox_filled = trio.Event()
            await self._outbox_filled.wait()

    def _next_batch(self) -> list[str]:
        """Take from the outbox what one write carries; commands whose caller left are not sent."""
        batch: list[str] = []
        characters = 0
        while self._outbox and characters < _BATCH_CHARACTERS:
            pending, text = self._outbox.popleft()
            if not pending.abandoned:
                batch.append(text)
                characters += len(text)
        return batch

    async def _feel_pulse(self) -> None:
        assert self._ping is not None
        limits = self.limits
        async with trio.open_nursery() as nursery:
            while True:
                await trio.sleep(limits.ping_interval_seconds)
                received, answered = self._received, trio.Event()
                # A ping is left to itself: cancelling it could cut its frame, and an answer to
                # any later one answers it too.
                nursery.start_soon(self._ping_once, answered)
                with trio.move_on_after(limits.ping_timeout_seconds):
                    await answered.wait()
                if answered.is_set() or self._received != received:
                    self._missed_pings = 0
                    continue
                self._missed_pings += 1
                if self._missed_pings >= limits.stalled_after_misses:
                    raise BrowserStalled(f"The browser gave no sign of life {self._missed_pings} times.")

    async def _ping_once(self, answered: trio.Event) -> None:
        assert self._ping is not None
        try:
            await self._ping.ping()
        except BrowserError:
            return  # the reader notices the same, and knows more
        answered.set()

    # --- the reader's work ----------------------------------------------------------------------

    def _route(self, text: str) -> None:
        self._received += 1
        self._received_characters += len(text)
        message = decode_envelope(text)
        if message is None or (message.id is None and message.method is None):
            self._parse_failures += 1
            _log.debug("a message is not of the protocol: %d characters", len(text))
            return
        if message.id is not None:
            self._answer(message.id, message.payload(), message.error)
            return
        session = self._sessions.get(message.session_id)
        if session is None:
            self._unknown_sessions += 1
            return
        assert message.method is not None
        method, payload = message.method, message.payload()
        self._events += 1
        consequence = _CONSEQUENCES.get(method)
        if consequence is not None:
            # Before any handler runs, whoever waits for a page that is gone must know it.
            consequence(self, session, decode_payload(payload))
        handled = session._handle(method, payload)
        if not session._deliver(method, payload) and not handled and consequence is None:
            self._events_unclaimed += 1

    def _answer(self, number: int, payload: Payload, error: JSON | None) -> None:
        pending = self._pending.pop(number, None)
        if pending is None:
            self._late_answers += 1
            return
        task, pending.task = pending.task, None
        if task is None:
            if error is not None:
                self._post_failures += 1
                _log.debug("%s was refused: %s", pending.method, error.get("message"))
        elif error is None:
            trio.lowlevel.reschedule(task, outcome.Value(payload))
        else:
            trio.lowlevel.reschedule(task, outcome.Error(command_error(pending.method, error)))

    def _fail_pending(self, session: Session | None, error: BrowserError) -> None:
        """Fail what waits on *session*, or on any when None."""
        for number, pending in tuple(self._pending.items()):
            if session is None or pending.session is session:
                del self._pending[number]
                pending.abandoned = True
                task, pending.task = pending.task, None
                if task is not None:
                    trio.lowlevel.reschedule(task, outcome.Error(fresh(error, pending.method)))

    # --- beginnings and ends ----------------------------------------------------------------------

    def _open_session(self, parent: Session, session_id: str, info: protocol.Target.TargetInfo) -> Session:
        session = Session(self, session_id, parent=parent, target=info)
        self._sessions[session_id] = session
        self._by_target.setdefault(str(info.target_id), []).append(session)
        parent._children[session_id] = session
        return session

    def _close_session(self, session: Session, error: BrowserError) -> None:
        if session.closed.is_set():
            return
        if not session.id:
            self._end(error)
            return
        self._sessions.pop(session.id, None)
        if session.target is not None:
            same_target = self._by_target.get(str(session.target.target_id), [])
            if session in same_target:
                same_target.remove(session)
            if not same_target:
                self._by_target.pop(str(session.target.target_id), None)
        if session.parent is not None:
            session.parent._children.pop(session.id, None)
        session._lose(error)
        self._fail_pending(session, error)
        session.closed.set()
        for child in tuple(session._children.values()):
            self._close_session(child, error)

    def _crash_session(self, session: Session, reason: str) -> None:
        if session._error is None:
            error = PageCrashed(f"The page's renderer is gone ({reason}).", details={"session": session.id})
            session._lose(error)
            self._fail_pending(session, error)

    def _end(self, error: BrowserError) -> None:
        if self.closed.is_set():
            return
        self.close_error = error
        _log.debug("the connection ended: %s", error)
        for session in tuple(self._sessions.values()):
            session._lose(error)
            session.closed.set()
        self._fail_pending(None, error)
        self._outbox.clear()
        self._outbox_empty.set()
        self.closed.set()
        if self._frame is not None:
            # Nothing follows on this socket, so a cut frame harms nobody any more.
            self._frame.cancel()
        self._scope.cancel()


# --- events with consequences, read before anybody else sees them ----------------------------------


def _attached(connection: Connection, session: Session, params: JSON) -> None:
    session_id, info = params.get("sessionId"), params.get("targetInfo")
    if not isinstance(session_id, str) or not isinstance(info, dict) or not isinstance(info.get("type"), str):
        connection._parse_failures += 1
    elif session_id not in connection._sessions:
        child = connection._open_session(session, session_id, protocol.Target.TargetInfo.from_json(info))
        connection.targets._child_attached(child, waiting=bool(params.get("waitingForDebugger")))


def _detached(connection: Connection, session: Session, params: JSON) -> None:
    child = connection._sessions.get(str(params.get("sessionId")))
    if child is not None and child.id:
        connection._close_session(child, _closed(child))


def _inspector_detached(connection: Connection, session: Session, params: JSON) -> None:
    if session.id:
        connection._close_session(session, _closed(session, str(params.get("reason") or "")))


def _closed(session: Session, reason: str = "") -> TabClosed:
    info = session.target
    kind = info.type if info is not None else "target"
    what = "The tab was closed" if kind == "page" else f"The {kind.replace('_', ' ')} ended"
    return TabClosed(
        f"{what}: {reason.rstrip('.')}." if reason else f"{what}.",
        details={"session": session.id, "target": info.target_id if info is not None else None},
    )


def _inspector_crashed(connection: Connection, session: Session, params: JSON) -> None:
    if session.id:
        connection._crash_session(session, "crashed")


def _inspector_reloaded(connection: Connection, session: Session, params: JSON) -> None:
    if session.crashed:
        session._error = None


def _target_crashed(connection: Connection, session: Session, params: JSON) -> None:
    reason = f"{params.get('status')}, code {params.get('errorCode')}"
    for crashed in tuple(connection._by_target.get(str(params.get("targetId")), ())):
        connection._crash_session(crashed, reason)


def _target_changed(connection: Connection, session: Session, params: JSON) -> None:
    info = params.get("targetInfo")
    if isinstance(info, dict):
        for changed in connection._by_target.get(str(info.get("targetId")), ()):
            changed.target = protocol.Target.TargetInfo.from_json(info)


_CONSEQUENCES: dict[str, Callable[[Connection, Session, JSON], None]] = {
    "Target.attachedToTarget": _attached,
    "Target.detachedFromTarget": _detached,
    "Target.targetCrashed": _target_crashed,
    "Target.targetInfoChanged": _target_changed,
    "Inspector.detached": _inspector_detached,
    "Inspector.targetCrashed": _inspector_crashed,
    "Inspector.targetReloadedAfterCrash": _inspector_reloaded,
}


# --- opening -------------------------------------------------------------------------------------


@asynccontextmanager
async def open_connection(
    url: str, *, limits: ConnectionLimits | None = None
) -> AsyncGenerator[Connection, None]:
    """Connect to a browser for as long as the block lasts.

    The block is not cancelled when the browser goes: commands fail, and ``connection.closed`` says
    so. Leaving the block writes what is queued and closes the socket, each within
    ``limits.close_seconds``; leaving it by cancellation closes at once.

    Args:
      url: the browser's address, ``ws://127.0.0.1:PORT/devtools/browser/ID``.

    Raises:
      BrowserGone: no browser answers there.
      AttachTargetRefused: *url* is no such address.
    """
    limits = limits or ConnectionLimits()
    failure: Exception | None = None
    connected = False
    try:
        async with trio.open_nursery() as nursery:
            try:
                transport = await connect_transport(nursery, url, limits)
                connected = True
                try:
                    async with run_connection(transport, limits=limits, ping=transport) as connection:
                        yield connection
                finally:
                    with trio.move_on_after(limits.close_seconds):
                        await transport.aclose()
            except Exception as error:
                # Raised again outside of the nursery, where nothing wraps it into a group.
                failure = error
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        if connected or group.split(Exception)[1] is not None:
            raise
        # The library's reading task raises whatever its parsers make of the peer's first bytes.
        failure = BrowserGone(f"{url} does not accept a DevTools connection.")
    if failure is not None:
        raise failure


@asynccontextmanager
async def run_connection(
    transport: Transport, *, limits: ConnectionLimits | None = None, ping: Pinging | None = None
) -> AsyncGenerator[Connection, None]:
    """Run a connection over any transport; without *ping* nobody feels the browser's pulse."""
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        connection = Connection(transport, limits or ConnectionLimits(), nursery, ping)
        nursery.start_soon(connection._run)
        try:
            yield connection
            await connection.aclose()
        except Exception as error:
            failure = error
        connection._end(BrowserGone("The connection to the browser was closed by the relay."))
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
