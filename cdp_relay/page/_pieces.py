"""Texts of the page that are too long for one reply."""

from __future__ import annotations

from cdp_relay.errors import PageNavigated
from cdp_relay.page.tab import Tab

__all__ = ["read_pieces", "utf16_units"]

_PIECE_SECONDS = 5.0


async def read_pieces(tab: Tab, first: str, units: int, changed: str) -> str:
    """Read the rest of a text that the page holds, of which *first* is the beginning.

    Args:
      units: its whole length as the page counts it, in UTF-16 units.
      changed: the message when it is no longer there.

    Raises:
      PageNavigated: the page holds another text by now.
    """
    parts, read = [first], utf16_units(first)
    while read < units:
        part = await tab.world.call("readOn", read, timeout=_PIECE_SECONDS)
        if not part:
            raise PageNavigated(changed)
        parts.append(part)
        read += utf16_units(part)
    return "".join(parts)


def utf16_units(text: str) -> int:
    """The length of a text as a page counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
