"""The WebSockets of a recording, from the browser's events; sans-IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from cdp_relay.recording.recorder._conversation import Conversation
from cdp_relay.recording.session import Exchange, Source

__all__ = ["SOCKET_EVENTS", "Sockets"]

SOCKET_EVENTS: Final = (
    "Network.webSocketCreated",
    "Network.webSocketWillSendHandshakeRequest",
    "Network.webSocketHandshakeResponseReceived",
    "Network.webSocketFrameSent",
    "Network.webSocketFrameReceived",
    "Network.webSocketFrameError",
    "Network.webSocketClosed",
)
"""What :meth:`Sockets.take` understands."""


@attrs.define(eq=False)
class Sockets:
    """All sockets of the page and its workers that were opened since the recording began."""

    _numbers: Iterator[int]
    _reserve: Callable[[int], bool]
    """Asked for each message's room; False leaves it out."""
    _note: Callable[[str], None]
    _open: dict[str, Conversation] = attrs.field(factory=dict, init=False)

    def __contains__(self, number: str) -> bool:
        return number in self._open

    def exchanges(self, zero: float) -> list[Exchange]:
        """All of them by now, times counted from *zero*."""
        return [socket.exchange(zero) for socket in self._open.values()]

    def take(self, source: Source, method: str, params: Mapping[str, Any]) -> None:
        """Take an event."""
        number = str(params.get("requestId"))
        if method == "Network.webSocketCreated":
            url = str(params.get("url") or "")
            self._open[number] = Conversation(number=next(self._numbers), url=url, source=source)
            return
        socket = self._open.get(number)
        if socket is None:
            if method.startswith("Network.webSocketFrame"):
                self._note("A socket was open before the recording began; its messages are not in it.")
            return
        match method:
            case "Network.webSocketWillSendHandshakeRequest":
                socket.shake(params)
            case "Network.webSocketHandshakeResponseReceived":
                socket.answered(params)
            case "Network.webSocketFrameSent":
                self._hear(socket, params, sent=True)
            case "Network.webSocketFrameReceived":
                self._hear(socket, params, sent=False)
            case "Network.webSocketFrameError":
                socket.error = str(params.get("errorMessage") or "the socket failed")
            case _:
                socket.closed_at = float(params.get("timestamp") or 0)

    def _hear(self, socket: Conversation, params: Mapping[str, Any], *, sent: bool) -> None:
        frame = params.get("response") or {}
        if self._reserve(len(frame.get("payloadData") or "")):
            socket.hear(float(params.get("timestamp") or 0), frame, sent=sent)
        else:
            self._note("Messages of sockets were left out: the recording held as much as it may.")
