"""The chats that the relay has begun on the sites, so that those out of use can be put away.

Sans-IO but for reading and writing its one small file. Only kept where the user wants chats put away, and
never with a chat that the person began, or that a request named.
"""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import structlog

from cdp_relay.private import write_private

__all__ = ["BegunChat", "BegunChats"]

_log = structlog.stdlib.get_logger("cdp_relay.chats")

_MOST = 5000
"""The oldest beyond that are forgotten, and stay on the site."""


@attrs.frozen
class BegunChat:
    """One chat on one site."""

    desk: str
    conversation_id: str


@attrs.define(eq=False)
class BegunChats:
    """Knows when each was used last. A file that cannot be read or written costs only what it held."""

    path: Path
    rest_seconds: float
    """How long a chat is unused before it is out of use."""
    _used_at: dict[BegunChat, float] = attrs.field(factory=dict, init=False)
    """In unix seconds; the one used longest ago comes first."""

    def load(self) -> None:
        """Read what an earlier run has begun."""
        try:
            entries = json.loads(self.path.read_text("utf-8"))
            used = {BegunChat(str(desk), str(id_)): float(at) for desk, id_, at in entries}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError) as error:
            _log.warning("begun_chats_not_read", path=str(self.path), error=str(error))
            return
        self._used_at = dict(sorted(used.items(), key=lambda item: item[1]))

    def document(self) -> str:
        """What :meth:`write` has to write; taken where the chats are looked after, not in a thread."""
        return json.dumps([[chat.desk, chat.conversation_id, at] for chat, at in self._used_at.items()])

    def write(self, document: str) -> None:
        """Write the file whole, or leave the old one."""
        try:
            write_private(self.path, document)
        except OSError as error:
            _log.warning("begun_chats_not_written", path=str(self.path), error=str(error))

    def used(self, chat: BegunChat, now: float, *, begun: bool) -> bool:
        """Note that a chat was used; says whether it is one of these.

        Args:
          begun: whether it was begun just now, by the relay.
        """
        if not begun and chat not in self._used_at:
            return False
        self._used_at.pop(chat, None)
        self._used_at[chat] = now
        while len(self._used_at) > _MOST:
            del self._used_at[next(iter(self._used_at))]
        return True

    def next_at(self) -> float | None:
        """When the next chat is out of use, in unix seconds; None while there is none."""
        first = next(iter(self._used_at.values()), None)
        return None if first is None else first + self.rest_seconds

    def take(self, now: float) -> BegunChat | None:
        """The chat that has been out of use longest; it is known no more."""
        due = self.next_at()
        if due is None or due > now:
            return None
        chat = next(iter(self._used_at))
        del self._used_at[chat]
        return chat
