"""Where the files of a lean recording come from: a whole one of the same build of the site."""

from __future__ import annotations

import hashlib

from cdp_relay.recording.replay.site import Code
from cdp_relay.recording.session import Body, Exchange, Session

__all__ = ["code_from"]


def code_from(session: Session) -> Code:
    """Look bodies up in another recording: by digest, or by address and size.

    Redaction may have changed a few bytes of a script in the one and not in the other, never its size.
    """
    by_digest: dict[str, Body] = {}
    by_address: dict[tuple[str, int], Body] = {}
    for exchange in session.exchanges:
        response = exchange.response
        if response is not None and response.body is not None:
            by_digest[hashlib.sha256(response.body.read()).hexdigest()] = response.body
            by_address[exchange.request.url, response.body.size] = response.body

    def find(recorded: Exchange) -> bytes | None:
        response = recorded.response
        if response is None:
            return None
        body = by_digest.get(response.digest)
        if body is None and response.size is not None:
            body = by_address.get((recorded.request.url, response.size))
        return body.read() if body is not None else None

    return find
