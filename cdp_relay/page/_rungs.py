"""The ways of putting text into an editor, each a trusted act of the browser.

None of them verifies anything; see editor.py. Measured costs and what each editor makes of them:
DESIGN.md, "Facts measured".
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import attrs
import trio

from cdp_relay.cdp import Connection, protocol
from cdp_relay.errors import CommandFailed, RelayError
from cdp_relay.page.probe import Control
from cdp_relay.page.tab import Tab

__all__ = ["RUNGS", "Placing", "RungUnavailable", "prosemirror_html"]

_COPY = 1  # the dragOperationsMask of "copy"
_CLIPBOARD_SECONDS = 5.0

_clipboards: WeakKeyDictionary[Connection, trio.Lock] = WeakKeyDictionary()
"""A browser has one clipboard for all its tabs, so one paste at a time."""


class RungUnavailable(Exception):
    """This way cannot be taken on this page; the reason is for the log."""


@attrs.frozen(kw_only=True)
class Placing:
    """One attempt to put a text where it belongs. The editor is empty and has the focus."""

    tab: Tab
    text: str
    """With line feeds only."""
    editor: str
    """The kind of editor."""
    composer: Control
    piece_chars: int
    timeout: float


def prosemirror_html(text: str) -> str:
    """Write text as the HTML that ProseMirror takes for a slice of its own: one paragraph a line.

    Pasted or dropped as text/plain, runs of blank lines collapse. A slice that is marked as
    ProseMirror's own keeps white space, and its open ends join the paragraph at the caret.
    """
    lines = html.escape(text, quote=False).split("\n")
    return '<div data-pm-slice="1 1 []"><p>' + "</p><p>".join(lines) + "</p></div>"


async def _drop(placing: Placing) -> None:
    await _drop_items(placing, {"text/plain": placing.text})


async def _drop_html(placing: Placing) -> None:
    await _drop_items(placing, {"text/plain": placing.text, "text/html": prosemirror_html(placing.text)})


async def _drop_items(placing: Placing, items: Mapping[str, str]) -> None:
    session, control = placing.tab.session, placing.composer

    async def drag(kind: str, data: Mapping[str, str]) -> None:
        content = [{"mimeType": mime, "data": text} for mime, text in data.items()]
        event = protocol.Input.dispatch_drag_event(
            kind, control.x, control.y, {"items": content, "dragOperationsMask": _COPY}
        )
        await session.execute(event, timeout=placing.timeout)

    # What is over the page needs its types only; the content goes over the wire once.
    types = dict.fromkeys(items, "")
    await drag("dragEnter", types)
    await drag("dragOver", types)
    await drag("drop", items)


async def _paste(placing: Placing) -> None:
    tab = placing.tab
    parts = urlsplit(tab.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    markup = prosemirror_html(placing.text) if placing.editor == "prosemirror" else None
    async with _clipboards.setdefault(tab.session.connection, trio.Lock()):
        try:
            try:
                await _permit(tab, origin, "granted")
                await tab.world.call("keepClipboard", timeout=_CLIPBOARD_SECONDS)
                await tab.world.call("putOnClipboard", placing.text, markup, timeout=placing.timeout)
            except CommandFailed as error:
                # No secure context, an origin of its own, or a policy of the site.
                raise RungUnavailable(f"no clipboard: {error.message}") from None
            await tab.keyboard.press("ControlOrMeta+V", commands=["paste"])
        finally:
            with trio.move_on_after(_CLIPBOARD_SECONDS, shield=True):
                await _give_back(tab, origin)


async def _give_back(tab: Tab, origin: str) -> None:
    try:
        await tab.world.call("restoreClipboard", timeout=_CLIPBOARD_SECONDS)
        await _permit(tab, origin, "prompt")
    except RelayError:
        pass  # the page is gone, or never gave the clipboard out; there is nothing left to try


async def _permit(tab: Tab, origin: str, setting: str) -> None:
    for name in ("clipboard-read", "clipboard-write"):
        command = protocol.Browser.set_permission(
            {"name": name, "allowWithoutSanitization": False},
            setting,
            origin=origin,
            browser_context_id=tab.browser_context_id,
        )
        await tab.session.connection.root.execute(command)


async def _insert_text(placing: Placing) -> None:
    text, size = placing.text, placing.piece_chars or len(placing.text)
    for start in range(0, len(text), size):
        if start:
            # After a piece with line breaks ProseMirror's caret is one character short (measured).
            await placing.tab.keyboard.press("ControlOrMeta+End", commands=["moveToEndOfDocument"])
        await placing.tab.keyboard.insert_text(text[start : start + size], timeout=placing.timeout)


RUNGS: Mapping[str, Callable[[Placing], Awaitable[Any]]] = {
    "drop": _drop,
    "drop-html": _drop_html,
    "paste": _paste,
    "insert-text": _insert_text,
}
"""By the names that an insertion ladder uses."""
