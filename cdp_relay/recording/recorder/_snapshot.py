"""The page as HTML at one moment, without disturbing it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cdp_relay.page import Tab
from cdp_relay.recording.session import Body, Snapshot

__all__ = ["take_snapshot"]

_MOST_CHARS = 32_000_000
"""Of HTML. The browser gives no reply of more than 255 MB, and such a page is none that people read."""
_SECONDS = 10.0


@cache
def _function() -> str:
    text = (files("cdp_relay.recording.recorder") / "_snapshot.js").read_text("utf-8")
    return text[text.index("(most) =>") :]


async def take_snapshot(tab: Tab, step: str, at: float) -> Snapshot | None:
    """Read the document as it is now: typed and chosen values, open shadow roots, local storage.

    What is typed into password fields stays out. What frames and canvases show is not in it, nor are
    styles that scripts made. None when the document is too large to be read.

    Raises:
      BrowserError: the tab is gone, went to another document, or did not answer in time.
      PageNavigated: it went to another document meanwhile.
    """
    page = await tab.evaluate(_function(), _MOST_CHARS, timeout=_SECONDS)
    if page["html"] is None:
        return None
    return Snapshot(
        step=step,
        at=round(at, 6),
        url=page["url"],
        title=page["title"],
        html=Body.of(page["html"].encode("utf-8", "replace")),
        storage=page["storage"],
    )
