"""A visitor of a replica: the least that it takes to drive a page over plain DevTools commands.

The replica's own tests use it instead of the package's page room, so that both are tested apart.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from cdp_relay.cdp import Connection, Session, protocol

__all__ = ["Visitor", "revisit", "visit"]

_CENTRE = """(selector) => {
  const found = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
  if (!found) return null;
  found.scrollIntoView({ block: "center" });
  const box = found.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""

_UNTIL = """(condition, ...values) => new Promise((resolve) => {
  const look = () => {
    const value = condition(...values);
    if (!value) return;
    observer.disconnect();
    resolve(value);
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
  look();
})"""


class Visitor:
    """A page and the hands to use it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def open(self, url: str) -> None:
        """Go to an address, and wait until the document and its style are there."""
        loaded = self.session.wait_for(protocol.Page.DomContentEventFired, timeout=15)
        await self.session.call("Page.navigate", {"url": url})
        await loaded

    async def ask(self, function: str, *values: Any, timeout: float = 10.0) -> Any:
        """Call a function in the page, wait for its promise, and return its value."""
        arguments = ", ".join(json.dumps(value) for value in values)
        reply = await self.session.call(
            "Runtime.evaluate",
            {"expression": f"({function})({arguments})", "awaitPromise": True, "returnByValue": True},
            timeout=timeout,
        )
        if "exceptionDetails" in reply:
            raise AssertionError(reply["exceptionDetails"]["exception"].get("description", "the page threw"))
        return reply["result"].get("value")

    async def until(self, condition: str, *values: Any, timeout: float = 10.0) -> Any:
        """Wait until a function in the page gives something true, and return that."""
        arguments = "".join(f", {json.dumps(value)}" for value in values)
        return await self.ask(f"() => ({_UNTIL})({condition}{arguments})", timeout=timeout)

    async def see(self, selector: str, text: str = "", *, timeout: float = 10.0) -> str:
        """Wait until something visible matches and has this in its text, and return the whole text."""
        condition = """(selector, text) => {
          const found = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
          return found?.innerText.includes(text) && `=${found.innerText}`;
        }"""
        return str(await self.until(condition, selector, text, timeout=timeout))[1:]

    async def count(self, selector: str) -> int:
        """How many elements match, visible or not."""
        return int(await self.ask("(s) => document.querySelectorAll(s).length", selector))

    async def click(self, selector: str) -> None:
        """Click into the middle of the first visible match, as a hand would."""
        await self.see(selector)
        x, y = await self.ask(_CENTRE, selector)
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            await self.session.call("Input.dispatchMouseEvent", event)

    async def type(self, text: str) -> None:
        """Insert text at the cursor."""
        await self.session.call("Input.insertText", {"text": text})

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press Enter or another named key."""
        event = {"key": key, "code": key, "modifiers": 8 if shift else 0}
        event |= {"windowsVirtualKeyCode": {"Enter": 13, "Backspace": 8}[key]}
        text = {"text": "\r"} if key == "Enter" else {}
        await self.session.call("Input.dispatchKeyEvent", {"type": "keyDown", **event, **text})
        await self.session.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    async def drop(self, selector: str, text: str) -> None:
        """Drop plain text onto an element."""
        x, y = await self.ask(_CENTRE, selector)
        data = {"items": [{"mimeType": "text/plain", "data": text}], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            await self.session.call("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})

    async def url(self) -> str:
        """Where the page is."""
        return str(await self.ask("() => location.href"))


@asynccontextmanager
async def visit(connection: Connection, browser_context: str, url: str) -> AsyncGenerator[Visitor]:
    """Open a page of its own and close it at the end."""
    session = await connection.targets.create_page(browser_context_id=browser_context, new_window=True)
    assert session.target is not None
    await session.call("Page.enable")
    await session.call("Emulation.setFocusEmulationEnabled", {"enabled": True})
    visitor = Visitor(session)
    await visitor.open(url)
    yield visitor
    await connection.targets.close_page(session.target.target_id)


@asynccontextmanager
async def revisit(connection: Connection, target: str, origin: str) -> AsyncGenerator[Visitor]:
    """Use a page that others use before and after, as one that has never seen the origin."""
    session = await connection.targets.attach_page(target)
    await session.call("Page.enable")
    await session.call("Emulation.setFocusEmulationEnabled", {"enabled": True})
    await session.call("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    visitor = Visitor(session)
    yield visitor
    await visitor.open("about:blank")
    await session.detach()
