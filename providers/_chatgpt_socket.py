"""The messages of ChatGPT's WebSocket: pieces of event streams, by topic.

One socket carries the topics of all of a user's turns. Text frames are JSON arrays; the pieces of a
turn are ``{"type": "message", "topic_id": T, "payload": {"type": "conversation-turn-stream",
"payload": {"type": "stream-item", "encoded_item": TEXT}}}``, and the answer to a subscription
brings those that came before it as ``catchups``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire import decode_json

__all__ = ["EarlyItems", "SocketItem", "read_frame"]

_MAX_FRAME_CHARS = 64 << 20
_MAX_EARLY_CHARS = 4 << 20
_MAX_LOST_TOPICS = 256
_QUIET = frozenset({"ack", "connect", "connected", "done", "heartbeat", "ping", "pong", "presence", "reply"})
_FIRST = "event: delta_encoding"


@attrs.frozen
class SocketItem:
    """One piece of a topic's event stream."""

    topic: str = ""
    text: str = ""
    restarts: bool = False
    """Catch-ups that begin with the topic's first event: all of it is told again."""
    unknown: str = ""
    """Instead of a piece: the type of a message that no rule knows."""


def read_frame(text: str) -> list[SocketItem]:
    """Read one text message of the socket.

    Raises:
      ValueError: it is no JSON.
      ProtocolViolation: it is larger than any that can be meant.
    """
    if len(text) > _MAX_FRAME_CHARS:
        raise ProtocolViolation(f"A WebSocket message is larger than {_MAX_FRAME_CHARS} characters.")
    value = decode_json(text.encode("utf-8", "surrogatepass"))
    items: list[SocketItem] = []
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict):
            continue
        kind = entry.get("type")
        if kind == "message":
            items += _message(entry, "")
        elif kind == "reply":
            items += _reply(entry.get("reply"))
        elif isinstance(kind, str) and kind not in _QUIET:
            items.append(SocketItem(unknown=kind[:80]))
    return items


def _reply(reply: Any) -> Iterator[SocketItem]:
    catchups = reply.get("catchups") if isinstance(reply, dict) else None
    if not isinstance(catchups, list):
        return
    topic = reply.get("topic_id")
    items = [item for one in catchups if isinstance(one, dict) for item in _message(one, topic)]
    text = "".join(item.text for item in items)
    if items:
        yield SocketItem(items[0].topic, text, restarts=text.lstrip("\r\n\ufeff ").startswith(_FIRST))


def _message(entry: dict[str, Any], topic: Any) -> Iterator[SocketItem]:
    topic = entry.get("topic_id") or topic
    outer = entry.get("payload")
    inner = outer.get("payload") if isinstance(outer, dict) else None
    item = inner.get("encoded_item") if isinstance(inner, dict) else None
    if isinstance(topic, str) and topic and isinstance(item, str) and item:
        yield SocketItem(topic, item)


@attrs.define(eq=False)
class EarlyItems:
    """Remembers pieces of topics that this turn may yet be handed off to.

    A topic whose pieces are too many is forgotten as a whole: a stream without its beginning is of
    no use. Its subscription brings them again, as catch-ups.
    """

    max_chars: int = _MAX_EARLY_CHARS
    _items: dict[str, list[SocketItem]] = attrs.field(factory=dict, init=False)
    _chars: int = attrs.field(default=0, init=False)
    _lost: dict[str, None] = attrs.field(factory=dict, init=False)

    def keep(self, item: SocketItem) -> None:
        """Remember a piece, and forget the oldest topics where there is no room."""
        if item.topic in self._lost and not item.restarts:
            return
        self._lost.pop(item.topic, None)
        self._items.setdefault(item.topic, []).append(item)
        self._chars += len(item.text)
        while self._chars > self.max_chars:
            oldest = next(iter(self._items))
            self._chars -= sum(len(one.text) for one in self._items.pop(oldest))
            self._lost[oldest] = None
            if len(self._lost) > _MAX_LOST_TOPICS:
                del self._lost[next(iter(self._lost))]

    def take(self, topic: str) -> tuple[list[SocketItem], bool]:
        """The pieces of a topic, and whether there were more; all others are forgotten."""
        items, lost = self._items.pop(topic, []), topic in self._lost
        self._items.clear()
        self._chars = 0
        return items, lost
