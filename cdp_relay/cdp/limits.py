"""The bounds of one DevTools connection."""

from __future__ import annotations

import attrs
from attrs.validators import ge

__all__ = ["ConnectionLimits"]


def _bound(default: float, least: float = 0.001) -> float:
    field: float = attrs.field(default=default, converter=float, validator=ge(least))
    return field


def _count(default: int, least: int = 1) -> int:
    field: int = attrs.field(default=default, validator=ge(least))
    return field


@attrs.frozen(kw_only=True)
class ConnectionLimits:
    """Sizes in bytes, times in seconds on trio's clock.

    Source: Chromium 156 never answers a command whose result passes 255 MB, and closes the socket
    on a command of 110 MB; it took 90 MB (measured).
    """

    connect_seconds: float = _bound(5)
    """For the TCP connection and the WebSocket handshake."""
    close_seconds: float = _bound(2)
    """For what is still to be sent, and again for the closing handshake."""
    receive_buffer_bytes: int = _count(262_144)
    """One read; the library's own 4 KiB makes large answers five times slower."""
    receive_queue_messages: int = _count(256)
    """Messages between the socket's reader and ours."""
    max_message_bytes: int = _count(256 << 20)
    """A larger message of the browser ends the connection."""
    max_command_bytes: int = _count(90_000_000)
    """A larger command is refused before it is sent."""
    outbox_messages: int = _count(8192)
    """Commands that wait to be written; more mean that the browser stopped reading."""
    write_seconds: float = _bound(10)
    """For one frame, on top of what its size takes at ``write_bytes_per_second``."""
    write_bytes_per_second: float = _bound(2 << 20)
    """The slowest browser that is not held for stalled."""

    browser_seconds: float = _bound(2)
    """Deadline of a command to the browser itself."""
    target_seconds: float = _bound(5)
    """Deadline of ``Target`` commands, wherever they are sent."""
    renderer_seconds: float = _bound(5)
    """Deadline of a command to a page, frame or worker."""
    navigate_seconds: float = _bound(30)
    """Deadline of ``Page.navigate``, which answers when the server has."""
    prepare_seconds: float = _bound(5)
    """For the preparation of one auto-attached worker or frame; then it runs unprepared."""

    ping_interval_seconds: float = _bound(5)
    """Between two signs of life asked for."""
    ping_timeout_seconds: float = _bound(5)
    """For one sign of life."""
    degraded_after_misses: int = _count(2)
    """Missed signs of life in a row that make the connection ``degraded``."""
    stalled_after_misses: int = _count(10)
    """Missed signs of life in a row that end it as BrowserStalled."""
