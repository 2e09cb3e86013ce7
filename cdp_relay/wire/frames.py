"""Frames that each say their length first, counted in UTF-16 code units: Google's ``rt=c`` bodies.

A body is ``)]}'``, a blank line, and then frames: a line of digits, a newline, and text. The number
counts the newline behind the digits, the text, and the newline that ends it, in the units that a
JavaScript string has: an emoji is two.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from cdp_relay.errors import ProtocolViolation
from cdp_relay.wire.text import Utf8Decoder

__all__ = ["BadLength", "LengthPrefixedFrames"]

_MAX_FRAME_UNITS = 32 << 20
_MAX_DIGITS = 9
_MAX_NAMED = 40
_PREFIX = ")]}'"
_NEWLINE = "\n".encode("utf-16-le")


@attrs.frozen
class BadLength:
    """A length proved wrong, or something else stood in its place; no text is lost by it."""

    line: str
    """What stood there, or the wrong length."""


@attrs.define(eq=False)
class LengthPrefixedFrames:
    """Part a body into its frames, however its bytes were cut.

    The text is held as UTF-16, so that a length is a plain count of bytes. Where a length proves wrong
    (the frame does not end with a newline), that is said once, and from then on frames are told by the
    lines of digits between them, so that each is given out only when the next one begins.
    """

    max_frame_units: int = _MAX_FRAME_UNITS
    _utf8: Utf8Decoder = attrs.field(factory=Utf8Decoder, init=False, repr=False)
    _held: bytearray = attrs.field(factory=bytearray, init=False, repr=False)
    _scanned: int = attrs.field(default=0, init=False, repr=False)
    """So much of what is held was searched for a newline in vain."""
    _units: int | None = attrs.field(default=None, init=False, repr=False)
    """The length of the frame that is coming; None while a length is awaited."""
    _by_lines: bool = attrs.field(default=False, init=False, repr=False)
    _lines: list[str] = attrs.field(factory=list, init=False, repr=False)
    _line_chars: int = attrs.field(default=0, init=False, repr=False)

    def feed(self, chunk: bytes) -> Iterator[str | BadLength]:
        """Take the next bytes and give the frames that they complete, without the newlines around them.

        All of the chunk is taken before the call returns.

        Raises:
          ProtocolViolation: a frame outgrew ``max_frame_units``; the decoder must not be fed again.
        """
        self._held += self._utf8.feed(chunk).encode("utf-16-le")
        frames: list[str | BadLength] = []
        self._take(frames)
        if len(self._held) > 2 * self.max_frame_units or self._line_chars > self.max_frame_units:
            raise ProtocolViolation(f"A frame is longer than {self.max_frame_units} UTF-16 units.")
        return iter(frames)

    def close(self) -> Iterator[str | BadLength]:
        """Say that the body ended: what is left of it is told by lines. Another body may follow."""
        self._held += (self._utf8.close() + "\n").encode("utf-16-le")
        frames: list[str | BadLength] = []
        self._take(frames)
        if self._units is not None:
            # The body broke off within a frame, which is no fault of its length.
            self._units = None
            self._by_lines = True
            self._take(frames)
        self._flush(frames)
        self._held.clear()
        self._scanned = 0
        self._units = None
        self._by_lines = False
        return iter(frames)

    def _take(self, frames: list[str | BadLength]) -> None:
        while True:
            if self._units is not None and not self._frame(self._units, frames):
                return
            line = self._line()
            if line is None:
                return
            self._heed(line, frames)

    def _heed(self, line: str, frames: list[str | BadLength]) -> None:
        """Take a line that stands outside of a counted frame."""
        word = line.strip()
        if word.isascii() and word.isdigit() and len(word) <= _MAX_DIGITS:
            if self._by_lines:
                self._flush(frames)
            else:
                # The newline that was just read belongs to the frame.
                self._units = int(word) - 1
        elif self._by_lines:
            self._keep(line)
        elif word and word != _PREFIX:
            self._by_lines = True
            frames.append(BadLength(word[:_MAX_NAMED]))
            self._keep(line)

    def _frame(self, units: int, frames: list[str | BadLength]) -> bool:
        """Take a counted frame; False while it has not come whole."""
        size = 2 * units
        if len(self._held) < size:
            return False
        if size < 2 or self._held[size - 2 : size] != _NEWLINE:
            frames.append(BadLength(str(units + 1)))
            self._by_lines = True
            self._units = None
            return True
        frames.append(self._held[: size - 2].decode("utf-16-le", "replace"))
        del self._held[:size]
        self._scanned = 0
        self._units = None
        return True

    def _line(self) -> str | None:
        at = self._scanned
        while True:
            at = self._held.find(_NEWLINE, at)
            if at < 0:
                self._scanned = max(0, len(self._held) - 2) & ~1
                return None
            if at % 2 == 0:
                break
            at += 1  # half of one unit and half of the next
        line = self._held[:at].decode("utf-16-le", "replace")
        del self._held[: at + 2]
        self._scanned = 0
        return line

    def _keep(self, line: str) -> None:
        self._lines.append(line)
        self._line_chars += len(line) + 1

    def _flush(self, frames: list[str | BadLength]) -> None:
        text = "\n".join(self._lines).strip("\n")
        self._lines.clear()
        self._line_chars = 0
        if text.strip() and text.strip() != _PREFIX:
            frames.append(text)
