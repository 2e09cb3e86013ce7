"""One WebSocket while it is recorded: its handshake and what is said on it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import attrs

from cdp_relay.recording.recorder._headers import headers_of, headers_of_text
from cdp_relay.recording.session import Exchange, Headers, Message, Request, Response, Source, Timings

__all__ = ["Conversation"]

_TEXT, _BINARY = 1, 2


@attrs.define(eq=False, kw_only=True)
class Conversation:
    """A socket of the page or of one of its workers."""

    number: int
    url: str
    source: Source
    at: float | None = None
    """When it was opened; None until the handshake says so."""
    opened_at: float | None = None
    closed_at: float | None = None
    asked: Headers = attrs.field(default=(), repr=False)
    answer: Response | None = None
    error: str = ""
    messages: list[tuple[float, bool, str | bytes]] = attrs.field(factory=list, repr=False)

    def shake(self, params: Mapping[str, Any]) -> None:
        """The handshake was sent."""
        self.at = params.get("timestamp")
        self.asked = headers_of((params.get("request") or {}).get("headers"))

    def answered(self, params: Mapping[str, Any]) -> None:
        """The handshake was answered."""
        response = params.get("response") or {}
        self.opened_at = params.get("timestamp")
        text = response.get("headersText") or ""
        # What was asked as it really went out, cookies and all.
        self.asked = headers_of(response.get("requestHeaders")) or self.asked
        self.answer = Response(
            status=int(response.get("status") or 0),
            status_text=response.get("statusText") or "",
            http_version="HTTP/1.1",
            headers=headers_of_text(text) if text else headers_of(response.get("headers")),
        )

    def hear(self, at: float, frame: Mapping[str, Any], *, sent: bool) -> None:
        """Take a message; what is none (a ping) is passed over."""
        data: str | bytes = frame.get("payloadData") or ""
        opcode = frame.get("opcode")
        if opcode == _BINARY:
            data = b64decode(data)
        elif opcode != _TEXT:
            return
        self.messages.append((at, sent, data))

    def exchange(self, zero: float) -> Exchange:
        """What it is by now, times counted from *zero*."""
        first, last = (self.messages[0][0], self.messages[-1][0]) if self.messages else (zero, zero)
        at = self.at if self.at is not None else first
        opened = self.opened_at if self.opened_at is not None else at
        closed = self.closed_at if self.closed_at is not None else max(opened, last)
        return Exchange(
            id=str(self.number),
            at=round(at - zero, 6),
            ended_at=None if self.closed_at is None else round(max(at, self.closed_at) - zero, 6),
            request=Request(method="GET", url=self.url, http_version="HTTP/1.1", headers=self.asked),
            response=self.answer,
            error=self.error,
            timings=Timings(
                wait=round(max(0.0, opened - at), 6), receive=round(max(0.0, closed - opened), 6)
            ),
            source=self.source,
            resource_type="websocket",
            messages=tuple(
                Message(at=round(when - zero, 6), sent=sent, data=data) for when, sent, data in self.messages
            ),
        )
