"""One connection to a browser: a reader, a writer, a pulse, and the table of pending commands.

The reader never waits for anyone: it splits a message, wakes the task whose answer it is, calls
handlers, fills subscribers' queues, and reads on. Only the writer sends, and its frames are never
cut by a caller's cancellation.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import attrs
import trio

from cdp_relay.cdp import protocol
from cdp_relay.cdp._commands import CommandTable, Pending
from cdp_relay.cdp._consequences import CONSEQUENCES
from cdp_relay.cdp._outbox import Outbox
from cdp_relay.cdp._pulse import Pulse
from cdp_relay.cdp.codec import Payload, decode_envelope, decode_payload, encode_command
from cdp_relay.cdp.event import JSON
from cdp_relay.cdp.limits import ConnectionLimits
from cdp_relay.cdp.session import Session
from cdp_relay.cdp.subscription import Subscription, SubscriptionStatistics
from cdp_relay.cdp.targets import Targets
from cdp_relay.cdp.transport import Pinging, Transport, connect_transport
from cdp_relay.errors import BrowserError, BrowserGone, CommandFailed, CommandTimeout, PageCrashed, RelayError

__all__ = ["Connection", "ConnectionStatistics", "open_connection", "run_connection"]

_log = logging.getLogger("cdp_relay.cdp")

_UNTRACED = nullcontext()


@contextmanager
def _traced(session: Session, method: str) -> Generator[None]:
    """Log what becomes of a command. Not its parameters, nor its result: they hold prompts and pages."""
    started, outcome = trio.current_time(), "cancelled"
    try:
        yield
        outcome = "answered"
    except RelayError as error:
        outcome = error.code
        raise
    finally:
        seconds = trio.current_time() - started
        _log.debug("%s %s after %.1f ms, in session %s", method, outcome, seconds * 1e3, session.id[:8])


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


class Connection:
    """A connection of :func:`open_connection`. Any number of tasks may use it at once."""

    def __init__(
        self, transport: Transport, limits: ConnectionLimits, nursery: trio.Nursery, ping: Pinging | None
    ) -> None:
        self.limits = limits
        self.root = Session(self, "")
        """The browser's own session."""
        self.closed = trio.Event()
        """Set when the connection is over; ``close_error`` says why."""
        self.close_error: BrowserError | None = None
        self.targets = Targets(self, nursery)
        self._transport = transport
        self._sessions: dict[str, Session] = {"": self.root}
        self._by_target: dict[str, list[Session]] = {}
        self._commands = CommandTable()
        self._outbox = Outbox(limits)
        self._pulse = Pulse(limits, ping, lambda: self._received) if ping is not None else None
        self._scope = trio.CancelScope()
        self._subscriptions: set[Subscription[Any]] = set()
        self._received = self._received_characters = 0
        self._events = self._events_unclaimed = self._unknown_sessions = 0
        self._parse_failures = self._handler_failures = 0

    @property
    def degraded(self) -> bool:
        """Whether the browser has missed signs of life lately; it may still recover."""
        return self._missed_pings >= self.limits.degraded_after_misses

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All open sessions but the browser's own."""
        return tuple(session for session in self._sessions.values() if session.id)

    @property
    def _missed_pings(self) -> int:
        return self._pulse.missed if self._pulse is not None else 0

    def statistics(self) -> ConnectionStatistics:
        """Counters since the connection was opened, and the queues as they are now."""
        return ConnectionStatistics(
            sessions=len(self.sessions),
            pending=self._commands.methods,
            sent=self._outbox.sent,
            sent_characters=self._outbox.sent_characters,
            received=self._received,
            received_characters=self._received_characters,
            outbox_depth=len(self._outbox),
            outbox_peak=self._outbox.peak,
            events=self._events,
            events_unclaimed=self._events_unclaimed,
            unknown_sessions=self._unknown_sessions,
            late_answers=self._commands.late_answers,
            post_failures=self._commands.post_failures,
            parse_failures=self._parse_failures,
            handler_failures=self._handler_failures,
            missed_pings=self._missed_pings,
            subscriptions=tuple(one.statistics() for one in self._subscriptions),
        )

    async def aclose(self) -> None:
        """Write what is queued (within ``close_seconds``), then end the connection."""
        with trio.move_on_after(self.limits.close_seconds):
            await self._outbox.drain()
        self._end(_closed_by_us())

    # --- commands -----------------------------------------------------------------------------

    async def _request(
        self,
        session: Session,
        method: str,
        params: JSON | None,
        timeout: float | None,
        late: Callable[[Payload], None] | None = None,
    ) -> Payload:
        """Send a command and wait for its answer; see :meth:`Session.execute`."""
        seconds = self._deadline(session, method, params) if timeout is None else timeout
        with _traced(session, method) if _log.isEnabledFor(logging.DEBUG) else _UNTRACED:
            pending = Pending(session, method, trio.lowlevel.current_task(), late)
            number = self._enqueue(pending, params)
            with trio.move_on_after(seconds):
                return await self._commands.wait(number, pending)
            raise CommandTimeout(
                f"{method} got no answer within {seconds:g} s.",
                details={"method": method, "seconds": seconds, "session": session.id},
            )

    def _post(self, session: Session, method: str, params: JSON | None) -> None:
        try:
            self._enqueue(Pending(session, method, None), params)
        except BrowserError as error:
            self._commands.post_failures += 1
            _log.debug("%s was not sent: %s", method, error)

    def _enqueue(self, pending: Pending, params: JSON | None) -> int:
        refusal = pending.session._refusal(pending.method)
        if refusal is not None:
            raise refusal
        number = self._commands.next_number()
        text = encode_command(number, pending.method, params, pending.session.id)
        self._check_size(pending.method, text)
        self._outbox.put(pending, text)
        self._commands.add(number, pending)
        return number

    def _check_size(self, method: str, text: str) -> None:
        most = self.limits.max_command_bytes
        # A character has four bytes at most, so small commands need no counting.
        if len(text) * 4 > most and (size := len(text.encode())) > most:
            raise CommandFailed(
                f"{method} was not sent: its {size} bytes are more than the {most} that the browser takes.",
                details={"method": method, "code": None, "data": None},
            )

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
                    nursery.start_soon(self._until_gone, lambda: self._outbox.pump(self._transport))
                    if self._pulse is not None:
                        nursery.start_soon(self._until_gone, self._pulse.feel)
        finally:
            self._end(_closed_by_us())

    async def _until_gone(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except BrowserError as error:
            self._end(error)

    async def _read(self) -> None:
        receive = self._transport.receive
        while True:
            self._route(await receive())

    def _route(self, text: str) -> None:
        self._received += 1
        self._received_characters += len(text)
        message = decode_envelope(text)
        if message is None or (message.id is None and message.method is None):
            self._parse_failures += 1
            _log.debug("a message is not of the protocol: %d characters", len(text))
            return
        if message.id is not None:
            self._commands.answer(message.id, message.payload(), message.error)
            return
        session = self._sessions.get(message.session_id)
        if session is None:
            self._unknown_sessions += 1
            return
        assert message.method is not None
        method, payload = message.method, message.payload()
        self._events += 1
        consequence = CONSEQUENCES.get(method)
        if consequence is not None:
            consequence(self, session, decode_payload(payload))
        handled = session._handle(method, payload)
        if not session._deliver(method, payload) and not handled and consequence is None:
            self._events_unclaimed += 1

    # --- beginnings and ends ----------------------------------------------------------------------

    def _open_session(
        self, parent: Session, session_id: str, info: protocol.Target.TargetInfo, *, waiting: bool
    ) -> None:
        if session_id in self._sessions:
            return
        session = Session(self, session_id, parent=parent, target=info)
        self._sessions[session_id] = session
        self._by_target.setdefault(str(info.target_id), []).append(session)
        parent._children[session_id] = session
        self.targets._child_attached(session, waiting=waiting)

    def _close_session(self, session: Session, error: BrowserError) -> None:
        if session.closed.is_set():
            return
        if not session.id:
            self._end(error)
            return
        self._sessions.pop(session.id, None)
        if session.target is not None:
            target_id = str(session.target.target_id)
            others = [one for one in self._by_target.pop(target_id, ()) if one is not session]
            if others:
                self._by_target[target_id] = others
        if session.parent is not None:
            session.parent._children.pop(session.id, None)
        self._lose_session(session, error)
        for child in tuple(session._children.values()):
            self._close_session(child, error)

    def _lose_session(self, session: Session, error: BrowserError, *, for_good: bool = True) -> None:
        session._lose(error, for_good=for_good)
        self._commands.fail(session, error)

    def _crash_session(self, session: Session, reason: str) -> None:
        if session.error is None:
            error = PageCrashed(f"The page's renderer is gone: {reason}.", details={"session": session.id})
            self._lose_session(session, error, for_good=False)

    def _end(self, error: BrowserError) -> None:
        if self.closed.is_set():
            return
        self.close_error = error
        _log.debug("the connection ended: %s", error)
        for session in tuple(self._sessions.values()):
            session._lose(error, for_good=True)
        self._commands.fail(None, error)
        self._outbox.close()
        self.closed.set()
        self._scope.cancel()


def _closed_by_us() -> BrowserGone:
    return BrowserGone("The relay closed its connection to the browser.")


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
        finally:
            connection._end(_closed_by_us())
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
