"""Trusted key strokes and text, as a person's keyboard gives them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import attrs

from cdp_relay.cdp import Session
from cdp_relay.page._keys import MODIFIERS, Key, parse_chord

__all__ = ["Keyboard"]


@attrs.define(eq=False)
class Keyboard:
    """The keyboard of one page.

    Chrome answers a key event with success even where nothing came of it (measured: a dialog, a
    crashed page), so whoever presses a key verifies the effect by the page's state.
    """

    _session: Session
    _mac: bool = sys.platform == "darwin"
    """The browser runs on this machine: the debugging port is never on another."""
    modifiers: int = attrs.field(default=0, init=False)
    """The modifier keys that are held down, as Chrome's bit mask (Alt 1, Control 2, Meta 4, Shift 8)."""

    async def press(self, chord: str, *, commands: Sequence[str] = ()) -> None:
        """Press and release a key or a chord: ``Enter``, ``a``, ``Control+A``, ``ControlOrMeta+V``.

        Modifiers go down in the order named and come up in reverse, also when cancelled half way.

        Args:
          commands: editing commands that the stroke means (``selectAll``, ``paste``); on macOS
            key events alone do not trigger them.

        Raises:
          UnsupportedValue: a part of *chord* is not on the US keyboard.
        """
        held, key = parse_chord(chord, mac=self._mac)
        before = self.modifiers
        try:
            for modifier in held:
                self.modifiers |= modifier.bit
                await self._send("rawKeyDown", modifier.key)
            # A shortcut types nothing, or Control+A would insert an "a" where no handler takes it.
            typing = not self.modifiers & ~MODIFIERS["Shift"].bit
            await self._send("keyDown" if key.text and typing else "rawKeyDown", key, commands=commands)
        finally:
            # Posted, because a cancelled caller must not leave a key down; Chrome keeps the order.
            self._post("keyUp", key)
            for modifier in reversed(held):
                self.modifiers &= ~modifier.bit | before
                self._post("keyUp", modifier.key)

    async def down(self, name: str) -> None:
        """Press a key and keep it down."""
        _, key = parse_chord(name, mac=self._mac)
        modifier = MODIFIERS.get(name)
        if modifier is not None:
            self.modifiers |= modifier.bit
        await self._send("keyDown" if key.text else "rawKeyDown", key)

    async def up(self, name: str) -> None:
        """Release a key."""
        _, key = parse_chord(name, mac=self._mac)
        modifier = MODIFIERS.get(name)
        if modifier is not None:
            self.modifiers &= ~modifier.bit
        await self._session.call("Input.dispatchKeyEvent", self._event("keyUp", key))

    async def insert_text(self, text: str, *, timeout: float | None = None) -> None:
        """Put text in at the caret as an input method does: trusted, one event, no key strokes.

        Its cost grows with every newline (DESIGN.md, "Facts measured").
        """
        await self._session.call("Input.insertText", {"text": text}, timeout=timeout)

    async def _send(self, kind: str, key: Key, *, commands: Sequence[str] = ()) -> None:
        event = self._event(kind, key)
        if commands:
            event["commands"] = list(commands)
        await self._session.call("Input.dispatchKeyEvent", event)

    def _post(self, kind: str, key: Key) -> None:
        self._session.post("Input.dispatchKeyEvent", self._event(kind, key))

    def _event(self, kind: str, key: Key) -> dict[str, Any]:
        event: dict[str, Any] = {
            "type": kind,
            "modifiers": self.modifiers,
            "key": key.key,
            "code": key.code,
            "windowsVirtualKeyCode": key.key_code,
            "nativeVirtualKeyCode": key.key_code,
            "location": key.location,
        }
        if kind == "keyDown":
            event["text"] = event["unmodifiedText"] = key.text
        return event
