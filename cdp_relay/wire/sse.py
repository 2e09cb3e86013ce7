"""Server-sent events, both ways.

Source: WHATWG HTML, section 9.2 "Server-sent events": parsing and interpreting an event stream.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from cdp_relay.errors import ProtocolViolation

__all__ = ["SSEDecoder", "ServerSentEvent", "encode_event"]

_MAX_EVENT_BYTES = 64 << 20
_BOM = b"\xef\xbb\xbf"


@attrs.frozen
class ServerSentEvent:
    """One event of a stream."""

    event: str = "message"
    data: str = ""
    id: str = ""
    """The last id that the stream named, on this event or before it."""


@attrs.define(eq=False)
class SSEDecoder:
    """Decode a ``text/event-stream`` that arrives in arbitrary pieces.

    How the bytes were cut never changes the events. Time is linear in the bytes: of an unfinished
    line only the new bytes are looked at. Bytes that are not UTF-8 come out as U+FFFD.
    """

    max_event_bytes: int = _MAX_EVENT_BYTES
    """Largest event (its lines together) that is held in memory."""
    retry_milliseconds: int | None = attrs.field(default=None, init=False)
    """The reconnection time that the stream asked for."""
    _tail: bytearray = attrs.field(factory=bytearray, init=False, repr=False)
    _after_cr: bool = attrs.field(default=False, init=False, repr=False)
    _at_start: bool = attrs.field(default=True, init=False, repr=False)
    _event: str = attrs.field(default="", init=False, repr=False)
    _last_name: tuple[bytes, str] = attrs.field(default=(b"event:", ""), init=False, repr=False)
    """The last line that named an event, and the name."""
    _data: list[str] = attrs.field(factory=list, init=False, repr=False)
    _held: int = attrs.field(default=0, init=False, repr=False)
    _id: str = attrs.field(default="", init=False, repr=False)

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Take the next bytes and give the events that they complete.

        All of the chunk is taken before the call returns, whether or not the events are used.

        Raises:
          ProtocolViolation: an event outgrew ``max_event_bytes``; the decoder must not be fed again.
        """
        events: list[ServerSentEvent] = []
        if not chunk:
            return iter(events)
        if self._after_cr and chunk.startswith(b"\n"):
            # The CR that ended the last chunk ended its line; this LF belongs to it.
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r") if chunk else False
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *lines = chunk.split(b"\n")
        if not lines:
            self._tail += first
            self._check()
            return iter(events)
        last = lines.pop()
        if self._tail:
            self._tail += first
            first = bytes(self._tail)
            self._tail.clear()
        self._line(first, events)
        for line in lines:
            # Most lines of a long answer are blank, or name the event that the last one named.
            if not line:
                if self._data:
                    self._dispatch(events)
                self._event = ""
                self._held = 0
            elif line == self._last_name[0]:
                self._event = self._last_name[1]
            else:
                self._line(line, events)
        self._tail += last
        self._check()
        return iter(events)

    def close(self) -> ServerSentEvent | None:
        """Say that the stream ended, and make the decoder ready for another one.

        Returns:
          What had come of an event that no blank line ended. The standard wants such an event
          dropped; a caller may use it where that is harmless.
        """
        rest: list[ServerSentEvent] = []
        if self._tail:
            line = bytes(self._tail)
            self._tail.clear()
            self._line(line, rest)
        if self._data:
            self._dispatch(rest)
        self._event = ""
        self._held = 0
        self._after_cr = False
        self._at_start = True
        return rest[0] if rest else None

    def _line(self, line: bytes, events: list[ServerSentEvent]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if line.startswith(b"data:"):
            self._held += len(line)
            self._check()
            start = 6 if line[5:6] == b" " else 5
            self._data.append(line[start:].decode("utf-8", "replace"))
            return
        if not line:
            if self._data:
                self._dispatch(events)
            self._event = ""
            self._held = 0
            return
        name, _, raw = line.partition(b":")
        if not name:
            return  # a comment
        value = raw.removeprefix(b" ").decode("utf-8", "replace")
        if name == b"event":
            self._event = value
            self._last_name = (line, value)
        elif name == b"data":
            self._held += len(line)
            self._check()
            self._data.append(value)
        elif name == b"id" and "\0" not in value:
            self._id = value
        elif name == b"retry" and value.isascii() and value.isdigit() and len(value) < 10:
            self.retry_milliseconds = int(value)

    def _dispatch(self, events: list[ServerSentEvent]) -> None:
        data = self._data[0] if len(self._data) == 1 else "\n".join(self._data)
        events.append(ServerSentEvent(self._event or "message", data, self._id))
        self._data.clear()

    def _check(self) -> None:
        if self._held + len(self._tail) > self.max_event_bytes:
            raise ProtocolViolation(f"A server-sent event is larger than {self.max_event_bytes} bytes.")


def encode_event(data: str, event: str | None = None) -> bytes:
    """Encode one event; every line of *data* becomes a line of its own.

    A lone surrogate, which UTF-8 cannot say, becomes ``?``.

    Raises:
      ValueError: the event's name holds a line break.
    """
    if "\n" in data or "\r" in data:
        data = data.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\ndata: ")
    if event is None:
        return f"data: {data}\n\n".encode("utf-8", "replace")
    if "\n" in event or "\r" in event:
        raise ValueError(f"an event's name cannot hold a line break: {event!r}")
    return f"event: {event}\ndata: {data}\n\n".encode("utf-8", "replace")
