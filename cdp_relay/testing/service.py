"""The relay's service on a thread of its own, for clients that only know its HTTP address."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import cast

import attrs
import trio

from cdp_relay.api.server import serve
from cdp_relay.chat.relay import Relay
from cdp_relay.settings import ServerSettings

__all__ = ["RunningService", "run_service"]


@attrs.frozen(kw_only=True)
class RunningService:
    """Where a client finds it."""

    base_url: str
    """It ends in ``/v1``."""
    key: str = attrs.field(repr=False)


OpenRelay = Callable[[], AbstractAsyncContextManager[Relay]]


@contextmanager
def run_service(open_relay: OpenRelay) -> Generator[RunningService]:
    """Serve a relay on a free loopback port for as long as the block lasts; nothing of it is kept.

    Raises:
      RelayError: the relay could not be opened.
    """
    running = _Running(open_relay)
    thread = threading.Thread(target=running.run, name="service", daemon=True)
    thread.start()
    told = running.told.get()
    if isinstance(told, Exception):
        raise told
    try:
        yield told
    finally:
        running.stop()
        thread.join()
    if not running.told.empty():
        raise cast("Exception", running.told.get())


@attrs.define(eq=False)
class _Running:
    """The thread's part."""

    open_relay: OpenRelay
    told: queue.SimpleQueue[RunningService | Exception] = attrs.field(factory=queue.SimpleQueue, init=False)
    """The address; then, or instead of it, what went wrong."""
    _token: trio.lowlevel.TrioToken | None = attrs.field(default=None, init=False)
    _stop: trio.Event = attrs.field(factory=trio.Event, init=False)

    def run(self) -> None:
        try:
            trio.run(self._serve)
        except Exception as error:
            self.told.put(error)

    def stop(self) -> None:
        if self._token is not None:
            try:
                self._token.run_sync_soon(self._stop.set)
            except trio.RunFinishedError:
                return

    async def _serve(self) -> None:
        key = secrets.token_urlsafe(24)
        self._token = trio.lowlevel.current_trio_token()
        settings = ServerSettings(port=0, shutdown_seconds=0.0)
        async with self.open_relay() as relay, serve(relay, settings, key) as server:
            self.told.put(RunningService(base_url=server.base_url, key=key))
            await self._stop.wait()
