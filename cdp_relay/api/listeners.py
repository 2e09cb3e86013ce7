"""Listening sockets on loopback: both families on one port, or neither."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from pathlib import PurePath

import psutil
import structlog

from cdp_relay.errors import PortTaken

__all__ = ["BACKLOG", "abort_connections", "listen_on_loopback"]

_log = structlog.get_logger("cdp_relay.api")

BACKLOG = 1024
"""Of a thousand clients that came in one moment, a shorter one had some reset (benchmarks/queueing.py)."""

_FREE_PORT_ATTEMPTS = 32
_STUCK_CLIENT_MS = 20_000
"""A client that takes no byte for so long is cut off by the system (TCP_USER_TIMEOUT): the server
shields its writes, so that cancelling does not end them."""
_TCP_USER_TIMEOUT = 18
"""Linux's number; Python has the name only where the C library had it at build time."""

_ADDRESSES = {"localhost": ("127.0.0.1", "::1"), "127.0.0.1": ("127.0.0.1",), "::1": ("::1",)}


def listen_on_loopback(host: str, port: int) -> list[socket.socket]:
    """Bind and listen.

    ``localhost`` means 127.0.0.1 and ::1, as clients resolve the name to either: with one of them
    left free, another program could take it and receive keys. A machine without an IPv6 loopback
    listens on 127.0.0.1 alone, and says so in the log.

    Args:
      port: 0 takes one that is free at all addresses.

    Raises:
      PortTaken: another program holds the port; it is named where the system shows it.
    """
    addresses = [address for address in _ADDRESSES[host] if address != "::1" or _has_ipv6_loopback()]
    if len(addresses) < len(_ADDRESSES[host]):
        _log.warning("no_ipv6_loopback", listening=addresses)
    if not addresses:
        raise PortTaken(
            "This machine has no IPv6 loopback.", next_step="Set server.host to 127.0.0.1 or localhost."
        )
    if port != 0:
        try:
            return _listen_all(addresses, port)
        except OSError as error:
            raise _port_error(port, error) from None
    for _ in range(_FREE_PORT_ATTEMPTS):
        first = _listen(addresses[0], 0)
        try:
            return [first, *_listen_all(addresses[1:], first.getsockname()[1])]
        except OSError:
            first.close()
    raise PortTaken("No port was found that is free at all loopback addresses.")


def abort_connections(port: int) -> int:
    """End every connection to this process's *port*, whatever their tasks are doing; say how many.

    For clients that take nothing any more: the server's writes to them are shielded and unbounded,
    and cancelling does not reach them. Does nothing on Windows, which shows no file numbers.
    """
    aborted = 0
    try:
        connections = psutil.Process().net_connections(kind="tcp")
    except psutil.Error:
        return 0
    for connection in connections:
        ours = tuple(connection.laddr)[1:] == (port,) and connection.status != psutil.CONN_LISTEN
        if not ours or connection.fd < 0:
            continue
        # A second handle: shutting down reaches the connection, closing only this handle.
        with socket.socket(fileno=os.dup(connection.fd)) as handle, suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)
            aborted += 1
    return aborted


def _listen_all(addresses: list[str], port: int) -> list[socket.socket]:
    listening: list[socket.socket] = []
    try:
        for address in addresses:
            listening.append(_listen(address, port))  # noqa: PERF401  # what was opened has to be closed
    except OSError:
        for one in listening:
            one.close()
        raise
    return listening


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # SO_REUSEADDR would let another program take over the port there.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Accepted sockets inherit both.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sys.platform == "linux":
            listener.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, _STUCK_CLIENT_MS)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _has_ipv6_loopback() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _port_error(port: int, error: OSError) -> PortTaken:
    if error.errno == errno.EACCES:
        return PortTaken(f"Port {port} may not be used by this user.", next_step="Choose a port above 1023.")
    if error.errno != errno.EADDRINUSE:
        return PortTaken(f"Port {port} cannot be listened on: {error.strerror or error}.")
    owner = _owner_of(port)
    if owner is None:
        return PortTaken(f"Port {port} is held by another program (the system does not show which).")
    name = _name_of(owner)
    details = {"port": port, "pid": owner.pid, "name": name}
    if _is_relay(owner):
        whose = "this process" if owner.pid == os.getpid() else f"process {owner.pid}"
        return PortTaken(
            f"Port {port} is held by a running relay ({whose}).",
            next_step="Use the running relay, stop it, or choose another port (--port 0 takes a free one).",
            details=details,
        )
    return PortTaken(f"Port {port} is held by {name} (process {owner.pid}).", details=details)


def _owner_of(port: int) -> psutil.Process | None:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and tuple(connection.laddr)[1:] == (port,) and connection.pid is not None:
                return psutil.Process(connection.pid)
    except (psutil.Error, OSError):
        return None
    return None


def _name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "another program"


def _is_relay(process: psutil.Process) -> bool:
    if process.pid == os.getpid():
        return True
    try:
        words = [PurePath(word).name for word in process.cmdline()[:4]]
    except psutil.Error:
        return False
    return any(word.removesuffix(".exe") in ("cdp-relay", "cdp_relay", "cdp_relay.cli") for word in words)
