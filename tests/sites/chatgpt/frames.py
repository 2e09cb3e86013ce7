"""Frames of the site's stream, and the writer that knows what a delta inherits from the last one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.sites.kit.turns import Frame

__all__ = ["DONE", "Deltas", "delta_event", "typed_event"]


def typed_event(value: Mapping[str, Any]) -> Frame:
    """An event without a name, whose JSON says its type; these are never padded."""
    return Frame(f"data: {json.dumps(value)}\n\n".encode())


def delta_event(value: Mapping[str, Any]) -> Frame:
    text = json.dumps(value)
    padding = " " * (-len(text) % 8)
    return Frame(f"event: delta\ndata: {text}{padding}\n\n".encode())


DONE = Frame(b"data: [DONE]\n\n")


class Deltas:
    """Writes deltas and remembers what the next one inherits."""

    def __init__(self) -> None:
        self._path: str | None = None
        self._op: str | None = None
        self._count = 0

    def message(self, message: Mapping[str, Any], conversation: str) -> Frame:
        """A new message, which resets the base."""
        root = {"message": message, "conversation_id": conversation, "error": None, "error_code": None}
        value = self._inherit("", "add")
        value |= {"v": root, "c": self._count}
        self._count += 1
        return delta_event(value)

    def change(self, path: str, op: str, content: Any, *, explicit: bool = False) -> Frame:
        """One operation; leaves out what is inherited unless ``explicit``."""
        value = self._inherit(path, op)
        if explicit:
            value = {"p": path, "o": op}
        return delta_event({**value, "v": content})

    def batch(self, changes: list[dict[str, Any]], *, rooted: bool = False, explicit: bool = False) -> Frame:
        """Several operations; path and o are left out where they are inherited and nobody wants them."""
        value: dict[str, Any] = {}
        if rooted or self._path != "":
            value["p"] = self._path = ""
        if explicit or rooted or self._op != "patch":
            value["o"] = self._op = "patch"
        return delta_event({**value, "v": changes})

    def bare_list(self, changes: list[dict[str, Any]]) -> Frame:
        """Several operations without any o, whatever was before; the last one's names are inherited."""
        self._path, self._op = None, None
        return delta_event({"v": changes})

    def _inherit(self, path: str, op: str) -> dict[str, Any]:
        value: dict[str, Any] = {}
        if path != self._path:
            value["p"] = self._path = path
        if op != self._op:
            value["o"] = self._op = op
        return value
