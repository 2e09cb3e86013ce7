"""Which WebSockets a page and its workers have open, and their addresses.

Chrome names a socket's address once, when it is made, and a site opens its socket long before the
turn that will want its messages; so the addresses are kept from the attachment on.
"""

from __future__ import annotations

from collections import OrderedDict

import attrs

from cdp_relay.cdp import Session, protocol

__all__ = ["OpenSockets"]

_KEPT = 256
"""A page with more sockets than this is up to something; the oldest are forgotten."""


@attrs.define(eq=False)
class OpenSockets:
    """The sockets of one tab that were opened after it was attached to."""

    _urls: OrderedDict[tuple[str, str], str] = attrs.field(factory=OrderedDict, init=False)
    _open: set[tuple[str, str]] = attrs.field(factory=set, init=False)

    def listen(self, session: Session) -> None:
        """Keep account of a page's, frame's or worker's sockets from now on."""
        session.on(protocol.Network.WebSocketCreated, lambda event: self._created(session.id, event))
        session.on(protocol.Network.WebSocketClosed, lambda event: self._closed(session.id, event))

    def url(self, session_id: str, request_id: str) -> str | None:
        """The address of a socket, or None when it was opened before the attachment.

        Still known for some time after the socket closed, as its last messages may wait in a queue.
        """
        return self._urls.get((session_id, request_id))

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the sockets that are open."""
        return tuple(url for key, url in self._urls.items() if key in self._open)

    def _created(self, session_id: str, event: protocol.Network.WebSocketCreated) -> None:
        key = session_id, event.request_id
        self._urls[key] = event.url
        self._open.add(key)
        while len(self._urls) > _KEPT:
            oldest, _ = self._urls.popitem(last=False)
            self._open.discard(oldest)

    def _closed(self, session_id: str, event: protocol.Network.WebSocketClosed) -> None:
        self._open.discard((session_id, event.request_id))
