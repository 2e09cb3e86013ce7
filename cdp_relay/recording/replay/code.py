"""Where the files of a lean recording come from: a whole one of the same build of the site."""

from __future__ import annotations

import hashlib

from cdp_relay.recording.replay.site import Code
from cdp_relay.recording.session import Body, Exchange, Session

__all__ = ["code_from"]


def code_from(session: Session) -> Code:
    """Look bodies up in another recording, by their digests."""
    bodies: dict[str, Body] = {}
    for exchange in session.exchanges:
        response = exchange.response
        if response is not None and response.body is not None:
            bodies[hashlib.sha256(response.body.read()).hexdigest()] = response.body

    def find(recorded: Exchange) -> bytes | None:
        digest = recorded.response.digest if recorded.response is not None else ""
        body = bodies.get(digest)
        return body.read() if body is not None else None

    return find
