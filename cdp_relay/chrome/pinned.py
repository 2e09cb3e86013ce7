"""One page of ours that stays, because a browser with windows ends with its last tab."""

from __future__ import annotations

import trio

from cdp_relay.cdp import Connection, protocol
from cdp_relay.errors import BrowserError

__all__ = ["close_spare_pages", "keep_a_page"]

_BLANK = "about:blank"
_EMPTY = (_BLANK, "chrome://newtab/", "chrome://new-tab-page/")
# A person who closes the window closes all its tabs at once; a new tab would keep the window open.
_SETTLE_SECONDS = 1.0


async def close_spare_pages(
    connection: Connection, *, taken_over: bool = False, headless: bool = False
) -> str:
    """Right after a start: keep one empty page and close the others; returns its target id.

    A profile that restores its session brings back the empty page of every earlier start. Pages
    with an address are a person's, and stay; in a browser that nobody sees they are those of a relay
    whose browser died under it, and would be more after each death.

    Args:
      taken_over: the browser has run for a while, so a new tab in it is a person's as well.
      headless: it has no window.
    """
    root = connection.root
    spare = (_BLANK,) if taken_over else _EMPTY
    pages = await connection.targets.list_pages()
    empty = [page.target_id for page in pages if page.url in spare]
    if headless and not taken_over:
        for page in pages:
            if page.target_id not in empty:
                root.post("Target.closeTarget", {"targetId": page.target_id})
    if not empty:
        return await root.execute(protocol.Target.create_target(_BLANK, background=True))
    for target_id in empty[1:]:
        root.post("Target.closeTarget", {"targetId": target_id})
    return empty[0]


async def keep_a_page(connection: Connection, pinned: str) -> None:
    """Open another page whenever ours was closed while others stay; returns with the connection."""
    root = connection.root
    try:
        with root.subscribe(protocol.Target.TargetDestroyed, when_full="drop-oldest") as destroyed:
            await root.execute(protocol.Target.set_discover_targets(discover=True))
            async for event in destroyed:
                if event.target_id != pinned:
                    continue
                await trio.sleep(_SETTLE_SECONDS)
                if await connection.targets.list_pages():
                    pinned = await root.execute(protocol.Target.create_target(_BLANK, background=True))
    except BrowserError:
        return  # whoever uses the connection learns why it ended
