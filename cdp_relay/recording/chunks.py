"""A response whose body changes, with the arrival of its bytes as it was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import attrs

from cdp_relay.recording.session import Body, Chunk, Exchange, Response

__all__ = ["ByteEdit", "chunks_of", "with_body", "with_edits"]


@attrs.frozen
class ByteEdit:
    """Bytes of a body, and what stands there instead."""

    start: int
    end: int
    data: bytes = attrs.field(repr=False)


def chunks_of(exchange: Exchange) -> tuple[Chunk, ...]:
    """When the bytes of an answer's body came; as one piece at the end where only the whole is known."""
    response = exchange.response
    if response is None or response.body is None or not response.body.size:
        return ()
    if response.chunks:
        return response.chunks
    return (Chunk(exchange.ended_at if exchange.ended_at is not None else exchange.at, response.body.size),)


def with_edits(response: Response, chunks: Sequence[Chunk], edits: Sequence[ByteEdit]) -> Response:
    """The response with edits that do not overlap; what a chunk brought, it still brings.

    A chunk that ended within an edited stretch ends at the same part of what stands there now.
    """
    edits = sorted(edits, key=lambda edit: edit.start)
    body = response.body.read() if response.body is not None else b""
    parts, at = [], 0
    for edit in edits:
        parts += [body[at : edit.start], edit.data]
        at = edit.end
    parts.append(body[at:])
    sizes, place, before = [], 0, 0
    starts = [edit.start for edit in edits]
    grown = [0]
    for edit in edits:
        grown.append(grown[-1] + len(edit.data) - (edit.end - edit.start))
    for chunk in chunks:
        place += chunk.size
        now = _moved(place, edits, starts, grown)
        sizes.append(now - before)
        before = now
    return with_body(
        response, b"".join(parts), [Chunk(one.at, size) for one, size in zip(chunks, sizes, strict=True)]
    )


def _moved(place: int, edits: Sequence[ByteEdit], starts: Sequence[int], grown: Sequence[int]) -> int:
    index = bisect_right(starts, place)
    if index:
        edit = edits[index - 1]
        if place < edit.end:
            share = (place - edit.start) * len(edit.data) // (edit.end - edit.start)
            return edit.start + grown[index - 1] + share
    return place + grown[index]


def with_body(response: Response, body: bytes, chunks: Sequence[Chunk]) -> Response:
    """The response with another body; chunks without bytes are left out, and its length said anew."""
    headers = tuple(
        (name, str(len(body)) if name.lower() == "content-length" else value)
        for name, value in response.headers
    )
    return attrs.evolve(
        response,
        body=Body.of(body),
        chunks=tuple(chunk for chunk in chunks if chunk.size),
        headers=headers,
        left_out="",
        digest="",
    )
