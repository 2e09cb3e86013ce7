"""One JSON array that grows for as long as an answer does, and arrays with elements left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import msgspec

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire.loose_json import decode_json

__all__ = ["ArrayItem", "GrowingArray", "decode_sparse"]

_MAX_ITEM_BYTES = 64 << 20

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
# A whole string or a run of brackets at once. The lone quote begins a string that this piece of the
# input does not end.
_INSIDE = re.compile(_STRING + rb'|[\[{]++|[\]}]++|"', re.DOTALL)
_OUTSIDE = re.compile(_STRING + rb'|[\[{\]},"]', re.DOTALL)
_REST_OF_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


def _nested(levels: int) -> bytes:
    pattern = rb"(?!)"
    for _ in range(levels):
        pattern = rb'[\[{](?:[^\[\]{}"]++|%b|%b)*+[\]}]' % (_STRING, pattern)
    return pattern


# A whole element of common depth, which is five times as fast as going from bracket to bracket. Nothing
# in it can match in two ways, so what does not match fails in linear time.
_ITEM = re.compile(_nested(12), re.DOTALL)

_QUOTE, _BACKSLASH, _COMMA = b'"\\,'
_OPENERS, _CLOSERS = b"[{", b"]}"

_HOLES = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([\[,])\s*+(?=,)|,\s*+(?=[\]}])', re.DOTALL)

_decode = msgspec.json.Decoder().decode


@attrs.frozen
class ArrayItem:
    """One complete element."""

    path: tuple[int, ...]
    """Its places, from the outermost array inwards."""
    text: bytes = attrs.field(repr=False)
    """As it stood in the input, without the white space around it."""


@attrs.define(eq=False)
class GrowingArray:
    """Give the elements of the arrays at one depth of a JSON text while it still arrives.

    In ``[[a,b],[c]]`` the elements at depth 2 are ``a``, ``b`` and ``c``. An element that is left
    out (``[,c]``) counts as a place, but is not given; nor is what stands less deep, such as a
    ``null`` in place of an inner array. What comes before the first bracket or after the last one is
    skipped. Only brackets, commas and strings are looked at: whether an element is JSON, its reader
    finds out.

    How the bytes were cut never changes the elements. Time is linear in the bytes, and only the
    element that is not complete is held.
    """

    depth: int = attrs.field(default=2)
    max_item_bytes: int = _MAX_ITEM_BYTES
    """Largest element that is held in memory."""
    closed: bool = attrs.field(default=False, init=False)
    """Whether the outermost array has ended."""
    _level: int = attrs.field(default=0, init=False)
    _places: list[int] = attrs.field(init=False)
    _in_string: bool = attrs.field(default=False, init=False)
    _escaped: bool = attrs.field(default=False, init=False)
    _held: bytearray = attrs.field(factory=bytearray, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._places = [0] * self.depth

    def feed(self, chunk: bytes) -> Iterator[ArrayItem]:
        """Take the next bytes and give the elements that they complete.

        All of the chunk is taken before the call returns, whether or not the elements are used.

        Raises:
          ProtocolViolation: an element outgrew ``max_item_bytes``; do not feed it again.
        """
        items: list[ArrayItem] = []
        start = 0
        """From where on the chunk belongs to the element that is held."""
        at = self._string_goes_on(chunk) if self._in_string else 0
        while at < len(chunk) and not self.closed:
            if self._level > self.depth:
                at = self._inside(chunk, at)
                if self._level == self.depth:
                    # Its comma may be a long time coming: it leads the next flush.
                    self._complete(chunk[start:at], items)
                    start = at
                continue
            found = _OUTSIDE.search(chunk, at)
            if found is None:
                break
            at, mark = found.end(), chunk[found.start()]
            if mark == _QUOTE:
                if self._level and found.end() - found.start() == 1:
                    at = self._string_begins(chunk, at)
                elif not self._level:
                    at = found.start() + 1  # a stray quote before the array begins nothing
            elif mark in _OPENERS:
                if self._level == self.depth and (whole := _ITEM.match(chunk, found.start())):
                    at = whole.end()
                    self._complete(chunk[start:at], items)
                    start = at
                    continue
                self._level += 1
                if self._level <= self.depth:
                    self._places[self._level - 1] = 0
                    start = at
            elif self._level:
                if self._level == self.depth:
                    self._complete(chunk[start : found.start()], items)
                    start = at
                if mark == _COMMA:
                    self._places[self._level - 1] += 1
                else:
                    self._level -= 1
                    self.closed = not self._level
        if self._level >= self.depth:
            self._held += chunk[start:]
            if len(self._held) > self.max_item_bytes:
                raise ProtocolViolation(f"An array's element is larger than {self.max_item_bytes} bytes.")
        return iter(items)

    def close(self) -> ArrayItem | None:
        """Say that the input ended, and get what is whole of an element that was cut off.

        That is the element up to its last closing bracket, with the brackets closed that are still
        open: ``[[1,"a"],[2,"b`` gives ``[[1,"a"]]``. None when nothing of it is whole.
        """
        text = bytes(self._held).strip()
        self._held.clear()
        whole = 0
        for found in _INSIDE.finditer(text):
            if found.group() == b'"':
                break
            if text[found.start()] in _CLOSERS:
                whole = found.end()
        if not whole:
            return None
        pending = bytearray()
        for found in _INSIDE.finditer(text, 0, whole):
            for mark in () if text[found.start()] == _QUOTE else found.group():
                if mark in _OPENERS:
                    pending.append(_CLOSERS[_OPENERS.index(mark)])
                else:
                    pending[-1:] = b""
        return ArrayItem(tuple(self._places), text[:whole] + pending[::-1])

    def _inside(self, chunk: bytes, at: int) -> int:
        """Go on within an element that has brackets, up to its end or the chunk's."""
        level, depth = self._level, self.depth
        for found in _INSIDE.finditer(chunk, at):
            start, end = found.span()
            mark = chunk[start]
            if mark == _QUOTE:
                if end - start == 1:
                    self._level = level
                    return self._string_begins(chunk, end)
            elif mark in _OPENERS:
                level += end - start
            elif level - (end - start) > depth:
                level -= end - start
            else:
                self._level = depth
                return start + level - depth
        self._level = level
        return len(chunk)

    def _string_begins(self, chunk: bytes, at: int) -> int:
        self._in_string = True
        return self._string_goes_on(chunk, at)

    def _string_goes_on(self, chunk: bytes, at: int = 0) -> int:
        """Go on within a string, up to its end or the chunk's."""
        if self._escaped and at < len(chunk):
            self._escaped = False
            at += 1
        found = _REST_OF_STRING.match(chunk, at)
        end = at if found is None else found.end()
        if end < len(chunk):
            if chunk[end] == _BACKSLASH:
                self._escaped = True
            else:
                self._in_string = False
            end += 1
        return end

    def _complete(self, last: bytes, items: list[ArrayItem]) -> None:
        if self._held:
            self._held += last
            last = bytes(self._held)
            self._held.clear()
        text = last.strip()
        if text:
            items.append(ArrayItem(tuple(self._places), text))


def decode_sparse(text: bytes) -> Any:
    """Parse one JSON document in which array elements may be left out: ``[,1]`` is ``[null,1]``.

    A comma before a closing bracket adds no element. As with :func:`decode_json`, strings may hold
    lone surrogates.

    Raises:
      ValueError: it is no JSON, or it is nested deeper than Python can follow.
    """
    try:
        return _decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return decode_json(_HOLES.sub(_fill, text))


def _fill(found: re.Match[bytes]) -> bytes:
    before = found.group(1)
    if before is not None:
        return before + b"null"
    whole = found.group()
    return b"" if whole[0] == _COMMA else whole
