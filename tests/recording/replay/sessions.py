"""Recordings made by hand, for tests of what is done with them."""

from __future__ import annotations

from typing import Any

import attrs

from cdp_relay.recording.session import About, Body, Chunk, Exchange, Message, Request, Response, Session

__all__ = ["ORIGIN", "about", "exchange", "session", "socket"]

ORIGIN = "https://plain.test"


def about(**changes: Any) -> About:
    return attrs.evolve(
        About(
            site="plain",
            scenario="plain",
            recorded_on="2026-11-21",
            relay_version="0.1.0",
            browser="Chrome/156.0.0.0",
            origin=ORIGIN,
            redacted=True,
        ),
        **changes,
    )


def exchange(
    method: str,
    path: str,
    answer: bytes | str | None = b"",
    *,
    at: float = 0.0,
    sent: bytes | str | None = None,
    media_type: str = "application/json",
    status: int = 200,
    chunks: tuple[tuple[float, int], ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
    asked_with: tuple[tuple[str, str], ...] = (),
    **changes: Any,
) -> Exchange:
    """One exchange; the times of its chunks count from its beginning."""
    data = answer.encode() if isinstance(answer, str) else answer
    body = sent.encode() if isinstance(sent, str) else sent
    url = path if "://" in path else ORIGIN + path
    made = Exchange(
        id=changes.pop("id", f"{method} {path} {at}"),
        at=at,
        ended_at=at + max((when for when, _ in chunks), default=0.0),
        request=Request(
            method=method,
            url=url,
            headers=asked_with,
            body=Body.of(body) if body is not None else None,
        ),
        response=Response(
            status=status,
            headers=(("content-type", media_type), *headers),
            mime_type=media_type,
            body=Body.of(data) if data is not None else None,
            chunks=tuple(Chunk(at + when, size) for when, size in chunks),
        ),
        resource_type="document" if media_type == "text/html" else "fetch",
    )
    return attrs.evolve(made, **changes)


def socket(
    path: str, *messages: tuple[float, bool, str | bytes], at: float = 0.0, **changes: Any
) -> Exchange:
    """A socket; the times of its messages count from the recording's beginning."""
    made = exchange(
        "GET", f"wss://plain.test{path}", None, at=at, status=101, resource_type="websocket", ended_at=None
    )
    said = tuple(Message(at=when, sent=sent, data=data) for when, sent, data in messages)
    return attrs.evolve(made, messages=said, **changes)


def session(*exchanges: Exchange, **changes: Any) -> Session:
    return Session(about=about(**changes), exchanges=sorted(exchanges, key=lambda one: one.at))
