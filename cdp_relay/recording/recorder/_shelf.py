"""How much of all bodies a recording holds, and what goes first when there is no room."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import attrs

from cdp_relay.page.bodies import answer_bytes
from cdp_relay.recording.recorder._entry import Entry

__all__ = ["Shelf"]

_MEGABYTE = 1 << 20


@attrs.define(eq=False)
class Shelf:
    """The bodies of a recording, within bounds.

    What does not fit is left out, the site's own code and pictures first and the turns' streams last.
    """

    _entries: Mapping[str, Entry]
    max_held_bytes: int
    """Packed, of all bodies together."""
    max_body_bytes: int
    """Unpacked, of one."""
    held: int = attrs.field(default=0, init=False)
    """Bytes of memory that all of it takes."""

    def feed(self, entry: Entry, data: bytes) -> None:
        """Add the next bytes of an answer."""
        writer = entry.writer
        if writer is None:
            return
        if writer.size + len(data) > self.max_body_bytes:
            self.refuse(entry)
            return
        before = writer.held
        writer.feed(data)
        self.add(writer.held - before)
        self._make_room(entry)

    def close(self, entry: Entry) -> None:
        """The answer is whole."""
        before = entry.held
        entry.close()
        self.add(entry.held - before)
        self._make_room(entry)

    def put_whole(self, entry: Entry, data: bytes) -> None:
        """Take an answer that came in one piece, in place of what there is of it."""
        before = entry.held
        if len(data) > self.max_body_bytes:
            self.refuse(entry)
            entry.digest = hashlib.sha256(data).hexdigest()
            return
        entry.replace(data)
        self.add(entry.held - before)
        self._make_room(entry)

    def read(self, entry: Entry, text: str | None, *, base64_encoded: bool) -> bytes:
        """The bytes of what the browser gave as an answer's body."""
        charset = entry.answer.charset if entry.answer is not None else ""
        return answer_bytes(text, base64_encoded=base64_encoded, charset=charset, received=entry.counted)

    def refuse(self, entry: Entry) -> None:
        """Leave an answer out as it is larger than one may be."""
        self.leave_out(entry, f"it was larger than {self.max_body_bytes / _MEGABYTE:.3g} MB")

    def add(self, size: int) -> None:
        """Count bytes that are held elsewhere."""
        self.held += size

    def has_room(self, size: int) -> bool:
        """Whether that many more bytes fit, if need be in place of less important ones."""
        while self.held + size > self.max_held_bytes:
            if (other := self._least(2)) is None:
                return False
            self._displace(other)
        return True

    def _make_room(self, entry: Entry) -> None:
        while self.held > self.max_held_bytes and entry.held:
            self._displace(self._least(entry.rank) or entry)

    def _least(self, rank: int) -> Entry | None:
        """The largest of the least important whole bodies below *rank*."""
        whole = [one for one in self._entries.values() if one.body is not None and one.rank < rank]
        return min(whole, key=lambda one: (one.rank, -one.held), default=None)

    def _displace(self, entry: Entry) -> None:
        if entry.body is not None:
            entry.digest = hashlib.sha256(entry.body.read()).hexdigest()
        self.leave_out(entry, f"the recording already held {self.max_held_bytes / _MEGABYTE:.3g} MB")

    def leave_out(self, entry: Entry, why: str) -> None:
        """Hold no body of an answer."""
        self.add(-entry.held)
        entry.give_up(why)
