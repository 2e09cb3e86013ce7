"""What a page asked of a recording, and what of it went unanswered."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

__all__ = ["Asked", "How", "Unmatched"]

How: TypeAlias = Literal["exact", "alike", "again", "nearest", "preflight", "unmatched"]
"""How a request was matched: by its very address; by a similar one; with an answer that was given before; a
page by the nearest recorded one of its host; as a page's question whether it may ask; not at all."""


@attrs.frozen(kw_only=True)
class Asked:
    """A request that came, and how it was answered."""

    method: str
    url: str
    how: How
    status: int | None = None
    """None where the answer is a broken connection, or where none was ever given."""
    recorded: str | None = None
    """The id of the recorded exchange."""
    body: bytes = attrs.field(default=b"", repr=False)
    """What was sent; empty where very much was sent before."""

    def __str__(self) -> str:
        return f"{self.method} {self.url} -> {self.status or 'nothing'} ({self.how})"


@attrs.frozen(kw_only=True)
class Unmatched:
    """A request that nothing in the recording answers."""

    method: str
    """``SEND`` is a message on a socket."""
    url: str
    nearest: str | None = None
    """What was recorded of the nearest address, if anything was at this host."""
    reason: str = "nothing like it was recorded"

    def __str__(self) -> str:
        hint = f"; the nearest is {self.nearest}" if self.nearest else ""
        return f"{self.method} {self.url}: {self.reason}{hint}"
