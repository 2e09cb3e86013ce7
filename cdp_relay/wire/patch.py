"""A JSON document that is told in deltas: "delta encoding v1" of ChatGPT's streams.

A frame is ``{"p": path, "o": operation, "v": value, "c": counter}``. A member that is missing is
the one of the frame before. Long strings grow by thousands of appends, so a string that was
appended to is held as a :class:`Rope` of its pieces and is never joined on the way.

The forms of batches, all seen on the wire:

* ``{"p": "", "o": "patch", "v": [frame, ...]}``, also without ``p``;
* ``{"v": [frame, ...]}`` alone, where every element is an object with a path of its own.

After a batch, a further list of frames is a batch again, an object that looks like the root is a
new root, and anything else goes on where the batch's last element was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from cdp_relay.errors import ProtocolViolation

__all__ = ["DeltaDocument", "Fault", "Rope", "plain"]

_MAX_CHARS = 64 << 20
_MAX_DEPTH = 32


@attrs.define(eq=False)
class Rope:
    """A string that grows by appending; its pieces are only ever added to."""

    pieces: list[str] = attrs.field(factory=list)
    length: int = 0

    def append(self, piece: str) -> None:
        """Add a piece at the end."""
        if piece:
            self.pieces.append(piece)
            self.length += len(piece)

    def __len__(self) -> int:
        return self.length

    def __str__(self) -> str:
        return "".join(self.pieces)


def plain(value: Any) -> Any:
    """Return a value of a document as plain JSON, its ropes joined."""
    if isinstance(value, Rope):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


@attrs.frozen
class Fault:
    """A part of a frame that could not be applied, and was left out."""

    kind: str
    """``frame``, ``operation``, ``path`` or ``value``."""
    detail: str


class _CannotApply(Exception):
    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(kind, detail)


@attrs.define(eq=False)
class DeltaDocument:
    """Apply delta frames to a document in memory.

    Time is linear in the size of the frames, whatever the document has grown to.
    """

    root_key: str = "message"
    """An object value with this key, in a frame without a path, is a new root: a new message
    starts wherever the path was before."""
    max_chars: int = _MAX_CHARS
    """The most characters that frames may add to one document."""
    root: Any = None
    counter: int | None = None
    """The last ``c``: the number of the message that the frames are about."""
    quiet: bool = False
    """Whether the last frame did no more than lengthen strings and set numbers, as most do."""
    _path: str = attrs.field(default="", init=False, repr=False)
    _op: str = attrs.field(default="add", init=False, repr=False)
    _batch: bool = attrs.field(default=False, init=False, repr=False)
    _chars: int = attrs.field(default=0, init=False, repr=False)

    def apply(self, frame: Any) -> Iterator[Fault]:
        """Apply one frame, all of it, and give what of it could not be applied.

        The frame's values become part of the document, so it must not be used again.

        Raises:
          ProtocolViolation: the document outgrew ``max_chars``.
        """
        faults: list[Fault] = []
        self.quiet = True
        if not isinstance(frame, dict):
            faults.append(Fault("frame", f"a delta is {_name(frame)}, not an object"))
            return iter(faults)
        counter = frame.get("c")
        if isinstance(counter, int):
            self.counter = counter
        path, op = frame.get("p"), frame.get("o")
        if "v" not in frame:
            # Operations without a value exist; a bare counter changes nothing.
            if op == "remove":
                self._step(path if isinstance(path, str) else self._path, op, None, faults)
            return iter(faults)
        value = frame["v"]
        if _is_batch(value, op, self._batch):
            base = path if isinstance(path, str) else ""
            self._apply_batch(base, value, faults)
            return iter(faults)
        if not isinstance(path, str):
            new_root = isinstance(value, dict) and self.root_key in value and op in (None, "add", "replace")
            path, op = ("", "add") if new_root else (self._path, op)
        self._batch = False
        self._step(path, op if isinstance(op, str) else self._op, value, faults)
        return iter(faults)

    def set_root(self, root: Any) -> None:
        """Replace the whole document."""
        self.root = root
        self.quiet = False
        self._chars = 0

    def _apply_batch(self, base: str, value: Any, faults: list[Fault]) -> None:
        if not isinstance(value, list):
            faults.append(Fault("value", f"a batch is {_name(value)}, not a list"))
            return
        for item in value:
            if not isinstance(item, dict):
                faults.append(Fault("frame", f"a batch holds {_name(item)}"))
                continue
            path, op = item.get("p"), item.get("o")
            path = base + path if isinstance(path, str) else self._path
            op = op if isinstance(op, str) else self._op
            if op == "patch":
                faults.append(Fault("operation", "a batch within a batch"))
            elif "v" in item or op == "remove":
                self._step(path, op, item.get("v"), faults)
        self._batch = True

    def _step(self, path: str, op: str, value: Any, faults: list[Fault]) -> None:
        self._path, self._op = path, op
        try:
            self._change(path, op, value)
        except _CannotApply as error:
            faults.append(error.fault)

    def _change(self, path: str, op: str, value: Any) -> None:
        if op == "append":
            self.quiet = self.quiet and isinstance(value, str)
        elif type(value) not in (int, float) or op == "truncate":
            self.quiet = False
        if not path:
            if op in ("add", "replace"):
                self.set_root(value)
            elif op == "append" and isinstance(self.root, dict) and isinstance(value, dict):
                self._count(len(value))
                self.root.update(value)
            elif op == "remove":
                self.set_root(None)
            else:
                raise _CannotApply("operation", f"{op} on the whole document")
            return
        keys = path.split("/")
        if keys[0] or len(keys) > _MAX_DEPTH:
            raise _CannotApply("path", f"{path[:120]} is no path")
        holder = self.root
        for key in keys[1:-1]:
            holder = _child(holder, key, path)
        last = keys[-1]
        if isinstance(holder, dict):
            self._change_member(holder, last, op, value, path)
        elif isinstance(holder, list):
            self._change_item(holder, last, op, value, path)
        else:
            raise _CannotApply("path", f"{path[:120]} leads into {_name(holder)}")

    def _change_member(self, holder: dict[str, Any], key: str, op: str, value: Any, path: str) -> None:
        if op == "append":
            holder[key] = self._appended(holder.get(key), value, path)
        elif op in ("add", "replace"):
            self._count(_size(value))
            holder[key] = value
        elif op == "remove":
            holder.pop(key, None)
        elif op == "truncate":
            holder[key] = _truncated(holder.get(key), value, path)
        else:
            raise _CannotApply("operation", op[:40])

    def _change_item(self, holder: list[Any], key: str, op: str, value: Any, path: str) -> None:
        index = len(holder) if key == "-" else int(key) if key.isascii() and key.isdigit() else -1
        if not 0 <= index <= len(holder) or len(key) > 9:
            raise _CannotApply("path", f"{path[:120]} is outside of a list of {len(holder)}")
        if index == len(holder):
            if op not in ("add", "append", "replace"):
                raise _CannotApply("path", f"{op[:40]} at {path[:120]}, one past the end of its list")
            self._count(_size(value))
            holder.append(value)
        elif op == "append":
            holder[index] = self._appended(holder[index], value, path)
        elif op == "replace":
            self._count(_size(value))
            holder[index] = value
        elif op == "add":
            self._count(_size(value))
            holder.insert(index, value)
        elif op == "remove":
            del holder[index]
        elif op == "truncate":
            holder[index] = _truncated(holder[index], value, path)
        else:
            raise _CannotApply("operation", op[:40])

    def _appended(self, old: Any, value: Any, path: str) -> Any:
        self._count(_size(value))
        if old is None:
            return value
        if isinstance(value, str):
            if isinstance(old, str):
                old = Rope([old] if old else [], len(old))
            if isinstance(old, Rope):
                old.append(value)
                return old
        if isinstance(old, list):
            if isinstance(value, list):
                old.extend(value)
            else:
                old.append(value)
            return old
        if isinstance(old, dict) and isinstance(value, dict):
            old.update(value)
            return old
        raise _CannotApply("value", f"append of {_name(value)} to {_name(old)} at {path[:120]}")

    def _count(self, chars: int) -> None:
        self._chars += chars
        if self._chars > self.max_chars:
            raise ProtocolViolation(f"A streamed message is larger than {self.max_chars} characters.")


def _is_batch(value: Any, op: Any, after_batch: bool) -> bool:
    if op is not None:
        return bool(op == "patch")
    if not isinstance(value, list):
        return False
    if not value:
        return after_batch
    return all(isinstance(item, dict) and isinstance(item.get("p"), str) for item in value)


def _child(holder: Any, key: str, path: str) -> Any:
    if isinstance(holder, dict):
        child = holder.get(key)
    elif isinstance(holder, list) and key.isascii() and key.isdigit() and len(key) < 10:
        index = int(key)
        child = holder[index] if index < len(holder) else None
    else:
        child = None
    if child is None:
        raise _CannotApply("path", f"there is nothing at {path[:120]}")
    return child


def _truncated(old: Any, value: Any, path: str) -> Any:
    if isinstance(value, int) and value >= 0:
        if isinstance(old, (str, Rope)):
            return str(old)[:value]
        if isinstance(old, list):
            return old[:value]
    raise _CannotApply("value", f"truncate of {_name(old)} to {_name(value)} at {path[:120]}")


def _size(value: Any) -> int:
    return len(value) if isinstance(value, (str, list, dict)) else 1


def _name(value: Any) -> str:
    return type(value).__name__
