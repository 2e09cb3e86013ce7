"""The TLS server for all sites of a process, in a thread with its own Trio loop.

Plain HTTP/1.1 (h11) and WebSocket (wsproto) over Trio, because a site has to decide about every single
write: what is flushed when, where a connection breaks, who waits for whom.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager

import h11
import trio

from cdp_relay.recording.serving.certificate import issue_certificate
from cdp_relay.recording.serving.control import ControlDesk
from cdp_relay.recording.serving.exchange import ConnectionCut, Exchange
from cdp_relay.recording.serving.site import Site
from cdp_relay.recording.serving.sockets import SocketClosed, Stream

__all__ = ["SiteServer"]

_RECEIVE_BYTES = 1 << 16
_MAX_HEADER_BYTES = 1 << 20
"""Of one request; cookies of a signed-in page are tens of KB."""
_MAX_BODY_BYTES = 256 << 20
"""Of one request, in memory."""
_MAX_FAILURES = 100
_HANDSHAKE_SECONDS = 30.0


class SiteServer:
    """Serves sites by the Host header on one loopback port.

    Args:
      sites: those that are served from the start; :meth:`serve` puts others in their place for a while.
      control: whether a :class:`ControlDesk` for them listens as well.
      port: 0 takes a free one.
    """

    def __init__(self, sites: Sequence[Site], *, control: bool = False, port: int = 0) -> None:
        self.control = ControlDesk(sites) if control else None
        """Steers the sites over plain HTTP, on a loopback port of its own."""
        self.control_port = 0
        self.sites = {host: site for site in sites for host in site.hosts}
        self.failures: list[str] = []
        """Tracebacks of handlers that broke: bugs of a site, or of a test's handler."""
        certificate = issue_certificate(*self.sites)
        self.pin = certificate.pin
        self.port = port
        self._tls = certificate.context
        self._ready = threading.Event()
        self._refused: OSError | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._tasks: trio.Nursery | None = None
        self._scope = trio.CancelScope()
        self._thread = threading.Thread(target=lambda: trio.run(self._main), name="sites", daemon=True)

    @property
    def chromium_flags(self) -> tuple[str, ...]:
        """What makes a Chromium find these sites at their true addresses, and nothing else outside."""
        rules = ", ".join(f"MAP {host} 127.0.0.1:{self.port}" for host in self.sites)
        return (
            f"--host-resolver-rules={rules}, EXCLUDE localhost, EXCLUDE 127.0.0.1, MAP * ~NOTFOUND",
            f"--ignore-certificate-errors-spki-list={self.pin}",
        )

    def start(self) -> None:
        """Start serving; returns once the port is open.

        Raises:
          OSError: the port cannot be had.
        """
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the sites' server did not start")
        if self._refused is not None:
            raise self._refused

    def stop(self) -> None:
        """Cut whatever is going on and stop the thread."""
        if self._token is None:
            return
        try:
            self._token.run_sync_soon(self._scope.cancel)
        except trio.RunFinishedError:
            return
        self._thread.join(10)

    @contextmanager
    def serve(self, site: Site) -> Generator[None]:
        """Let this site answer for its hosts as long as the block lasts, whoever did before; from any thread.

        A browser that runs already finds those hosts that were served when its flags were made.
        """
        before = self.sites
        self._bind(site)
        self.sites = {**before, **dict.fromkeys(site.hosts, site)}
        try:
            yield
        finally:
            after = dict(self.sites)
            for host in site.hosts:
                if after.get(host) is site:
                    del after[host]
                    if host in before:
                        after[host] = before[host]
            self.sites = after

    def _bind(self, site: Site) -> None:
        token, tasks = self._token, self._tasks
        if token is None or tasks is None:
            raise RuntimeError("the sites' server does not run")
        site.start_task = lambda task: tasks.start_soon(self._run_task, task)
        site.run_soon = token.run_sync_soon

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        try:
            listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        except OSError as error:
            self._refused = error
            self._ready.set()
            return
        self.port = listeners[0].socket.getsockname()[1]
        with self._scope:
            async with trio.open_nursery() as nursery:
                self._tasks = nursery
                for site in set(self.sites.values()):
                    self._bind(site)
                nursery.start_soon(trio.serve_listeners, self._serve, listeners)
                if self.control is not None:
                    desk = await trio.open_tcp_listeners(0, host="127.0.0.1")
                    self.control_port = desk[0].socket.getsockname()[1]
                    nursery.start_soon(trio.serve_listeners, self._serve_control, desk)
                self._ready.set()

    async def _run_task(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except Exception:
            self._note_failure(traceback.format_exc())

    def _note_failure(self, text: str) -> None:
        if len(self.failures) < _MAX_FAILURES:
            self.failures.append(text)

    async def _serve(self, tcp: trio.SocketStream) -> None:
        stream = trio.SSLStream(tcp, self._tls, server_side=True, https_compatible=True)
        try:
            with trio.fail_after(_HANDSHAKE_SECONDS):
                await stream.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError):
            await trio.aclose_forcefully(tcp)  # it asked plain HTTP of a TLS port, or does not know the pin
            return
        await self._serve_stream(stream, tcp)

    async def _serve_control(self, tcp: trio.SocketStream) -> None:
        await self._serve_stream(tcp, tcp)

    async def _serve_stream(self, stream: Stream, tcp: trio.SocketStream) -> None:
        try:
            await self._serve_requests(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            return  # the browser went away
        except (ConnectionCut, SocketClosed):
            return
        finally:
            await trio.aclose_forcefully(tcp)

    async def _serve_requests(self, stream: Stream) -> None:
        protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEADER_BYTES)
        while True:
            request = await _next_event(stream, protocol)
            if not isinstance(request, h11.Request):
                return
            body = bytearray()
            while isinstance(part := await _next_event(stream, protocol), h11.Data):
                body += part.data
                if len(body) > _MAX_BODY_BYTES:
                    return
            if not isinstance(part, h11.EndOfMessage):
                return
            exchange = Exchange(stream=stream, protocol=protocol, request=request, body=bytes(body))
            await self._answer(exchange, stream, protocol)
            if exchange.upgraded or not exchange.finished or protocol.our_state is not h11.DONE:
                return
            protocol.start_next_cycle()

    async def _answer(self, exchange: Exchange, stream: Stream, protocol: h11.Connection) -> None:
        site = self.control if isinstance(stream, trio.SocketStream) else self.sites.get(exchange.host)
        if site is None:
            await exchange.respond(421, "no such site")
            return
        if exchange.wants_socket:
            await self._run_handler(site, exchange)
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch_for_the_end, stream, protocol, site, exchange, nursery.cancel_scope)
            try:
                await self._run_handler(site, exchange)
            finally:
                nursery.cancel_scope.cancel()

    async def _run_handler(self, site: Site, exchange: Exchange) -> None:
        try:
            await site.handle(exchange)
        except (ConnectionCut, SocketClosed, trio.BrokenResourceError, trio.ClosedResourceError):
            exchange.finished = False  # the connection is of no more use
        except Exception:
            self._note_failure(f"{exchange.method} {exchange.path}\n{traceback.format_exc()}")
            if not exchange.started and not exchange.upgraded:
                await exchange.respond(500, "the site's handler broke; see SiteServer.failures")


async def _next_event(
    stream: Stream, protocol: h11.Connection
) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
    while (event := protocol.next_event()) is h11.NEED_DATA:
        protocol.receive_data(bytes(await stream.receive_some(_RECEIVE_BYTES)))
    return event


async def _watch_for_the_end(
    stream: Stream,
    protocol: h11.Connection,
    site: Site,
    exchange: Exchange,
    scope: trio.CancelScope,
) -> None:
    """Cancel the handler when the browser closes the connection under it (an aborted fetch)."""
    journal = site.journal
    while True:
        try:
            data = bytes(await stream.receive_some(_RECEIVE_BYTES))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        if not data:
            exchange.finished = False
            journal.record("gone", method=exchange.method, path=exchange.path)
            scope.cancel()
            await trio.sleep_forever()
        protocol.receive_data(data)  # the next request, sent ahead
