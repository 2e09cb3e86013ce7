"""The events of a streamed response as bytes: numbered from 0, each with its name on a line of its own.

Source: OpenAI's API reference, "Streaming events"; there is no ``[DONE]`` at the end.
"""

from __future__ import annotations

from typing import Any

import attrs

from cdp_relay.api.json_out import dump_json, quote_json

__all__ = ["EventNumbers", "delta_head"]


@attrs.define(eq=False)
class EventNumbers:
    """Writes events, and counts them."""

    count: int = 0
    """How many there were; the number of the next one."""

    def event(self, kind: str, fields: dict[str, Any]) -> bytes:
        """An event with these fields."""
        data = dump_json({"type": kind, "sequence_number": self._next(), **fields})
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    def about_response(self, kind: str, response: bytes) -> bytes:
        """An event that holds the whole response, which is JSON already."""
        name = kind.encode()
        return b'event: %b\ndata: {"type":"%b","sequence_number":%d,"response":%b}\n\n' % (
            name,
            name,
            self._next(),
            response,
        )

    def delta(self, head: bytes, text: str) -> bytes:
        """An event that adds *text*, its other fields written already by :func:`delta_head`."""
        number = self.count
        self.count = number + 1
        return b'%b%b,"sequence_number":%d}\n\n' % (head, quote_json(text), number)

    def _next(self) -> int:
        self.count += 1
        return self.count - 1


def delta_head(kind: str, fields: dict[str, Any]) -> bytes:
    """All of a delta's event that is the same for each delta of an item."""
    data = dump_json({"type": kind, **fields})
    return b'event: %b\ndata: %b,"delta":' % (kind.encode(), data[:-1])
