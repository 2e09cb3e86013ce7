"""Serving the API over HTTP/1.1 on loopback, for as long as a block lasts."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import attrs
import structlog
import trio
from hypercorn.config import Config, Sockets
from hypercorn.trio import serve as serve_asgi

from cdp_relay.api.app import build_app
from cdp_relay.api.contract import RelayLike
from cdp_relay.api.door import Door
from cdp_relay.api.gate import Gate
from cdp_relay.api.listeners import BACKLOG, abort_connections, listen_on_loopback
from cdp_relay.api.service import Service
from cdp_relay.api.traffic import Traffic
from cdp_relay.chat.live import TurnBoard
from cdp_relay.settings import ServerSettings
from cdp_relay.store import StoredJournal

__all__ = ["Server", "serve"]

_log = structlog.get_logger("cdp_relay.api")

_KEEP_ALIVE_SECONDS = 75.0
"""Longer than clients keep an idle connection, so that it is they who close it: a request that meets
a connection just being closed would fail."""
_HEAD_BYTES = 64 * 1024
_LAST_SECONDS = 2.0
"""From the aborting of all connections to the end of every task of theirs."""


@attrs.frozen(kw_only=True)
class Server:
    """A service that runs."""

    host: str
    port: int
    addresses: tuple[str, ...]
    """Where it listens, as ``127.0.0.1:3003``."""
    _open: Callable[[], int] = attrs.field(alias="open")

    @property
    def base_url(self) -> str:
        """What a client is given as its base URL; it ends in ``/v1``."""
        return _base_url(self.host, self.port)

    @property
    def open_requests(self) -> int:
        """How many requests are being answered."""
        return self._open()


@asynccontextmanager
async def serve(
    relay: RelayLike,
    settings: ServerSettings,
    key: str,
    *,
    journal: StoredJournal | None = None,
    cut_off_seconds: float = 5.0,
) -> AsyncGenerator[Server, None]:
    """Serve *relay* while the block runs.

    When the block is left, running answers may go on for ``settings.shutdown_seconds``, also those that
    nobody reads; new requests are refused with 503. What is still running then is cut off, and told so.
    When the block is cancelled or fails, the cutting off comes at once.

    Args:
      journal: where answers can be fetched from when their requests are over; the relay's own.
      cut_off_seconds: how long turns that were cut off have for stopping the answer on the page and
        for a last word; then all connections are aborted.

    Raises:
      PortTaken: the port is not free at every address that ``settings.host`` stands for.
    """
    sockets = await trio.to_thread.run_sync(listen_on_loopback, settings.host, settings.port)
    try:
        port: int = sockets[0].getsockname()[1]
        gate = Gate(key=key, port=port, max_body_bytes=settings.max_body_bytes)
        async with trio.open_nursery() as nursery:
            traffic, stopping = Traffic(), trio.Event()
            app = build_app(
                Service(
                    relay=relay,
                    traffic=traffic,
                    journal=journal,
                    stopping=stopping,
                    settings=settings,
                    base_url=lambda: _base_url(settings.host, port),
                    background=nursery,
                )
            )
            door = Door(app, gate, traffic)
            server = Server(
                host=settings.host,
                port=port,
                addresses=tuple(_address(one) for one in sockets),
                open=lambda: door.open_exchanges,
            )
            ending = _Ending(door, relay.board, port, cut_off_seconds)
            await nursery.start(ending.run, partial(serve_asgi, door, _config(sockets), mode="asgi"))
            nursery.start_soon(ending.hasten_when_cancelled)
            _log.info("listening", addresses=server.addresses)
            patience = 0.0
            try:
                yield server
                patience = settings.shutdown_seconds
            finally:
                stopping.set()
                ending.begin(patience)
            await ending.over.wait()
            nursery.cancel_scope.cancel()
    finally:
        for one in sockets:
            one.close()
    _log.info("stopped")


@attrs.define(eq=False)
class _Ending:
    """Runs the server out of reach of outer cancellation, and bounds how long it takes to stop."""

    door: Door
    board: TurnBoard
    port: int
    cut_off_seconds: float
    over: trio.Event = attrs.field(factory=trio.Event, init=False)
    _stop: trio.Event = attrs.field(factory=trio.Event, init=False)
    _quit: trio.Event = attrs.field(factory=trio.Event, init=False)
    """Set when nothing is listened to any more."""
    _grace: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    """Until its deadline running answers go on undisturbed."""
    _all: trio.CancelScope = attrs.field(factory=lambda: trio.CancelScope(shield=True), init=False)

    def begin(self, patience: float) -> None:
        """Refuse what comes; cut off what still runs after *patience* seconds.

        A second call can only hasten the end.
        """
        self._grace.deadline = min(self._grace.deadline, trio.current_time() + patience)
        self._all.deadline = self._grace.deadline + self.cut_off_seconds + _LAST_SECONDS
        self.door.close(patience + _LAST_SECONDS)
        self._stop.set()

    async def hasten_when_cancelled(self) -> None:
        """Have no patience any more once the surroundings are cancelled."""
        try:
            await trio.sleep_forever()
        finally:
            self.begin(0.0)

    async def run(
        self,
        serve_until: Callable[..., object],
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until :meth:`begin`, and on to the end of what was running then."""
        try:
            with self._all:
                async with trio.open_nursery() as nursery:
                    await nursery.start(self._serve, serve_until, nursery.cancel_scope)
                    task_status.started()
                    await self._stop.wait()
                    with self._grace:
                        await self._rest()
                    self._quit.set()
                    # When all is at rest, these only look on.
                    self.door.interrupt_all()
                    await trio.sleep(self.cut_off_seconds)
                    _log.warning("connections_aborted", count=abort_connections(self.port))
        finally:
            self.over.set()

    async def _rest(self) -> None:
        """Wait until no request is being answered, and no turn runs."""
        while self.door.asking or self.board.running:
            await self.door.emptied()
            seen = self.board.version
            if self.board.running:
                await self.board.changed(seen)

    async def _serve(
        self, serve_until: Callable[..., object], over: trio.CancelScope, task_status: trio.TaskStatus[object]
    ) -> None:
        await serve_until(shutdown_trigger=self._quit.wait, task_status=task_status)  # type: ignore[misc]
        over.cancel()


class _LoopbackConfig(Config):
    """A configuration that serves sockets which are open already."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._sockets = sockets

    def create_sockets(self) -> Sockets:
        return Sockets([], list(self._sockets), [])


def _config(sockets: list[socket.socket]) -> Config:
    config = _LoopbackConfig(sockets)
    config.accesslog = None
    errors = logging.getLogger("cdp_relay.http")
    errors.setLevel(logging.WARNING)
    config.errorlog = errors
    config.include_server_header = False
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    # It listens again on what listens already, with a backlog of its own.
    config.backlog = BACKLOG
    config.h11_max_incomplete_size = _HEAD_BYTES
    # Our own scope ends it; the server's must not come first.
    config.graceful_timeout = 24 * 3600.0
    return config


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _base_url(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/v1"
