"""A recording in figures, for people and programs that ask what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs

from cdp_relay.recording.session import Session

__all__ = ["Figures", "figures_of"]


@attrs.frozen(kw_only=True)
class Figures:
    """How much of what a recording holds."""

    seconds: float
    """From its first to its last moment."""
    requests: int
    failed: int
    """Requests that came to no answer."""
    open: int
    """Requests that had not ended when the recording did."""
    chunks: int
    sockets: int
    messages: int
    """On sockets, both ways."""
    bytes: int
    """Of all bodies and messages, unpacked."""
    left_out: int
    """Bodies that are not there, on purpose or because they could not be had."""
    pages: int
    """Pictures of the page."""
    events: int
    """What the relay said of its turn."""
    hosts: Mapping[str, int]
    """Requests by host, most first."""


def figures_of(session: Session) -> Figures:
    """Count."""
    exchanges = session.exchanges
    sockets = [one for one in exchanges if one.resource_type == "websocket"]
    messages = [message for one in sockets for message in one.messages]
    bodies = [
        body
        for one in exchanges
        for body in (one.request.body, one.response.body if one.response is not None else None)
        if body is not None
    ]
    responses = [one.response for one in exchanges if one.response is not None]
    hosts = Counter(urlsplit(one.request.url).hostname or "" for one in exchanges)
    times = [one.ended_at if one.ended_at is not None else one.at for one in exchanges]
    times += [message.at for message in messages] + [mark.at for mark in session.marks]
    return Figures(
        seconds=max(times, default=0.0),
        requests=len(exchanges),
        failed=sum(bool(one.error) for one in exchanges),
        open=sum(one.ended_at is None for one in exchanges),
        chunks=sum(len(response.chunks) for response in responses),
        sockets=len(sockets),
        messages=len(messages),
        bytes=sum(body.size for body in bodies)
        + sum(
            len(one.data) if isinstance(one.data, bytes) else len(one.data.encode("utf-8", "surrogatepass"))
            for one in messages
        ),
        left_out=sum(bool(response.left_out) for response in responses),
        pages=len(session.snapshots),
        events=len(session.heard),
        hosts=dict(hosts.most_common()),
    )
