"""A trusted mouse: it is somewhere before it presses, and it releases what it pressed."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import trio

from cdp_relay.cdp import Session

__all__ = ["Button", "Mouse"]

Button = Literal["left", "middle", "right"]

_RELEASE_SECONDS = 1.0

_BITS: dict[Button, int] = {"left": 1, "right": 2, "middle": 4}


@attrs.define(eq=False)
class Mouse:
    """The mouse of one page. Coordinates are CSS pixels from the viewport's top left corner."""

    _session: Session
    x: float = attrs.field(default=0.0, init=False)
    y: float = attrs.field(default=0.0, init=False)
    _buttons: int = attrs.field(default=0, init=False)

    async def move(self, x: float, y: float, *, modifiers: int = 0) -> None:
        """Move to a point; the page has seen it when this returns."""
        self.x, self.y = x, y
        await self._send("mouseMoved", self._held(), modifiers=modifiers)

    async def down(self, button: Button = "left", *, count: int = 1, modifiers: int = 0) -> None:
        """Press a button where the mouse is."""
        self._buttons |= _BITS[button]
        await self._send("mousePressed", button, count=count, modifiers=modifiers)

    async def up(self, button: Button = "left", *, count: int = 1, modifiers: int = 0) -> None:
        """Release a button where the mouse is."""
        self._buttons &= ~_BITS[button]
        # Chrome never acknowledges the release of a click that opened a window (measured). A page
        # that hangs shows in whatever is asked next.
        with trio.move_on_after(_RELEASE_SECONDS):
            await self._send("mouseReleased", button, count=count, modifiers=modifiers)

    async def click(
        self, x: float, y: float, *, button: Button = "left", count: int = 1, modifiers: int = 0
    ) -> None:
        """Move to a point, then press and release there; ``count=2`` is a double click."""
        await self.move(x, y, modifiers=modifiers)
        await self.press(button, count=count, modifiers=modifiers)

    async def press(self, button: Button = "left", *, count: int = 1, modifiers: int = 0) -> None:
        """Press and release a button where the mouse is.

        A button that went down comes up again, also when the caller is cancelled in between.
        """
        for nth in range(1, count + 1):
            try:
                await self.down(button, count=nth, modifiers=modifiers)
            except BaseException:
                self._buttons &= ~_BITS[button]
                event = self._event("mouseReleased", button, count=nth, modifiers=modifiers)
                self._session.post("Input.dispatchMouseEvent", event)
                raise
            await self.up(button, count=nth, modifiers=modifiers)

    async def wheel(self, dx: float, dy: float, *, modifiers: int = 0) -> None:
        """Turn the wheel where the mouse is, by CSS pixels; positive *dy* scrolls down."""
        event = self._event("mouseWheel", "none", count=0, modifiers=modifiers)
        await self._session.call("Input.dispatchMouseEvent", event | {"deltaX": dx, "deltaY": dy})

    async def drag(self, start: tuple[float, float], end: tuple[float, float], *, steps: int = 5) -> None:
        """Press at *start*, move to *end* in *steps* moves, release there."""
        await self.move(*start)
        await self.down()
        try:
            for step in range(1, steps + 1):
                part = step / steps
                await self.move(start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
        except BaseException:
            self._buttons = 0
            event = self._event("mouseReleased", "left", count=1, modifiers=0)
            self._session.post("Input.dispatchMouseEvent", event)
            raise
        await self.up()

    def _held(self) -> Button | Literal["none"]:
        return next((name for name, bit in _BITS.items() if self._buttons & bit), "none")

    async def _send(
        self, kind: str, button: Button | Literal["none"], *, count: int = 0, modifiers: int = 0
    ) -> None:
        event = self._event(kind, button, count=count, modifiers=modifiers)
        await self._session.call("Input.dispatchMouseEvent", event)

    def _event(
        self, kind: str, button: Button | Literal["none"], *, count: int, modifiers: int
    ) -> dict[str, Any]:
        return {
            "type": kind,
            "x": self.x,
            "y": self.y,
            "button": button,
            "buttons": self._buttons,
            "clickCount": count,
            "modifiers": modifiers,
        }
