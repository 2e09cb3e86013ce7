"""Finding the calls in an answer while it streams.

What belongs to a call, and so is no text: its fence from the opening line's indentation to the line
break behind the closing line; blank lines before the first call when no text comes before it; blank
lines between two calls, and behind the last one. All else is text, byte for byte: the line break that
ends a line of text before a fence, too.

A call's end is found by scanning its JSON, because arguments may hold fences. Where that is no JSON,
its end is the last closing fence before the next call, a result, or the answer's end.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import ClassVar

import attrs

from cdp_relay.chat.calls._lines import HEAD_LIMIT, TEXT_HEAD, Head, HeadKind, read_head
from cdp_relay.chat.calls._lookalike import find_lookalike
from cdp_relay.chat.calls._reader import CallReader, CallSink
from cdp_relay.chat.calls._scanner import Stop
from cdp_relay.chat.calls._text_lines import TextLines
from cdp_relay.chat.calls.pieces import CallFault, FaultKind, Piece
from cdp_relay.chat.calls.protocol import CallProtocol
from cdp_relay.chat.vocabulary import TextDelta, ToolMode

__all__ = ["HELD_CHARS", "CallParser"]

HELD_CHARS = 2048
"""As many characters of arguments are held back, so that what is wrong with them can still be mended."""

_WHITE = re.compile(r"[ \t\r\n]*")
_HEAD_CHARS = frozenset(" \t\r\n`~<")
"""What a line can begin with that is more than text."""


class _State(enum.Enum):
    TEXT = enum.auto()
    BETWEEN = enum.auto()
    """In a call's fence, before its JSON or behind it."""
    VALUE = enum.auto()
    """In its JSON."""
    STRING_LINE = enum.auto()
    """In its JSON, behind a raw line break in a string that may never have been closed."""
    LOOSE = enum.auto()
    """In something that is no JSON, and whose end is not known."""


@attrs.define(eq=False)
class CallParser:
    """Parses an answer that comes in pieces, in linear time.

    What comes out, joined, does not depend on how the answer was cut. Text is held back only where
    it may be the beginning of a fence, which is decided within a line's first 128 characters. A call
    is held back until it is whole and fits its tool; when its arguments outgrow *held_chars* they are
    passed on as they come, and what is found wrong after that is a fault with ``began``.
    """

    protocol: CallProtocol
    new_id: Callable[[], str]
    held_chars: int = HELD_CHARS
    ended: bool = attrs.field(default=False, init=False)
    """Whether nothing that follows is wanted: the model began to write a result itself, or has made
    the one call that is allowed."""
    _sink: CallSink = attrs.field(init=False)
    _state: _State = attrs.field(default=_State.TEXT, init=False)
    _tail: str = attrs.field(default="", init=False)
    """What may be the beginning of something, and is looked at again with what follows."""
    _closing: bool = attrs.field(default=False, init=False)
    _lines: TextLines = attrs.field(factory=TextLines, init=False)
    _reader: CallReader = attrs.field(init=False)
    """Of the call whose fence is open, or of the last one."""
    _blank: bool = attrs.field(default=True, init=False)
    """Whether nothing but white space came since the beginning or the last call."""
    _white: list[str] = attrs.field(factory=list, init=False)
    _said: list[str] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._sink = CallSink(self.protocol, self.new_id, self.held_chars)
        self._reader = CallReader(self._sink)

    def feed(self, text: str) -> list[Piece]:
        """Take the next piece of the answer."""
        if self.ended or not text:
            return []
        if self._tail:
            text, self._tail = self._tail + text, ""
        at = 0
        while at < len(text) and not self.ended:
            at = self._STEPS[self._state](self, text, at)
        return self._give()

    def close(self) -> list[Piece]:
        """The answer is over: what is still held comes out, and the faults that only the end shows."""
        self._closing = True
        given = self.feed(self._tail_taken())
        if not self.ended:
            self._end_call()
        if not self._sink.ended and not self._sink.faults:
            given += self._give_white()
            self._find_what_is_missing()
        self._white.clear()
        self.ended = True
        return [*given, *self._give()]

    def _tail_taken(self) -> str:
        tail, self._tail = self._tail, ""
        return tail

    # --- text -----------------------------------------------------------------------------------

    def _read_text(self, text: str, at: int) -> int:
        start, lines = at, self._lines
        while at < len(text):
            line_end = text.find("\n", at)
            if lines.at_start:
                head = self._read_head(text, at, line_end) if text[at] in _HEAD_CHARS else TEXT_HEAD
                if head.kind is HeadKind.UNKNOWN:
                    self._say(text[start:at])
                    return self._hold(text, at)
                if head.kind is HeadKind.RESULT and not lines.in_block:
                    self._say(text[start:at])
                    self.ended = True
                    return len(text)
                if lines.takes_call(head):
                    self._say(text[start:at])
                    self._begin_call()
                    return at + head.end
                lines.begin(head)
            stop = len(text) if line_end < 0 else line_end
            lines.add(text, at, stop)
            at = stop
            if line_end >= 0:
                lines.end()
                at += 1
        self._say(text[start:at])
        return at

    def _read_head(self, text: str, at: int, line_end: int) -> Head:
        stop = line_end if line_end >= 0 else len(text)
        whole = line_end >= 0 or self._closing
        limit = at + HEAD_LIMIT
        return read_head(
            text[at : min(stop, limit)],
            self.protocol.marker,
            self.protocol.result_tag,
            whole=whole and stop <= limit,
        )

    def _hold(self, text: str, at: int) -> int:
        self._tail = text[at:]
        return len(text)

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._blank:
            if text.isspace():
                self._white.append(text)
                return
            self._blank = False
            text = "".join([*self._white, text])
            self._white.clear()
        self._sink.out.append(TextDelta(text))
        if not self._sink.ended:
            self._said.append(text)

    # --- calls ----------------------------------------------------------------------------------

    def _begin_call(self) -> None:
        self._white.clear()
        self._blank = True
        self._reader = CallReader(self._sink)
        self._state = _State.BETWEEN

    def _to_text(self) -> None:
        """The call is over, and a new line of text begins."""
        self._lines.restart()
        self._state = _State.TEXT
        self.ended = self.ended or self._sink.full

    def _read_between(self, text: str, at: int) -> int:
        match = _WHITE.match(text, at)
        start, at = at, match.end() if match else at
        reader = self._reader
        if reader.started:
            reader.add(text[start:at])
        if at == len(text):
            return at
        character = text[at]
        if character in "{[":
            if reader.started:
                reader.settle()
                self._reader = CallReader(self._sink)
            self._state = _State.VALUE
            return at
        if reader.started and character in "}]),;":
            reader.add(character)
            return at + 1
        line_end = text.find("\n", at)
        head = self._read_head(text, at, line_end)
        if head.kind is HeadKind.UNKNOWN:
            return self._hold(text, at)
        if head.kind in (HeadKind.CALL, HeadKind.RESULT):
            reader.settle()
            self._to_text()
            return at
        closed = self._read_closing_line(text, at, head, line_end)
        if closed is None:
            return self._hold(text, at)
        if closed:
            reader.settle()
            self._to_text()
            return closed
        self._state = _State.LOOSE
        return at

    def _read_closing_line(self, text: str, at: int, head: Head, line_end: int) -> int | None:
        """The place behind a line that closes a fence; 0 when it is none, None when more has to be seen."""
        if head.kind is not HeadKind.FENCE:
            return 0
        limit = min(len(text), at + HEAD_LIMIT)
        stop = line_end if 0 <= line_end < limit else limit
        if text[at + head.end : stop].strip():
            return 0
        if stop == line_end:
            return stop + 1
        return stop if stop == at + HEAD_LIMIT or self._closing else None

    def _read_value(self, text: str, at: int) -> int:
        reader = self._reader
        at, stop = reader.feed(text, at)
        if stop is Stop.END:
            self._state = _State.BETWEEN
        elif stop is Stop.CONTROL and text[at - 1] == "\n":
            self._state = _State.STRING_LINE
        elif stop is Stop.BROKEN:
            may_end = reader.lacks_brace and reader.at_line_start and text[at] in "`~"
            self._state = _State.BETWEEN if may_end else _State.LOOSE
        return at

    def _read_string_line(self, text: str, at: int) -> int:
        head = self._read_head(text, at, text.find("\n", at))
        if head.kind is HeadKind.UNKNOWN:
            return self._hold(text, at)
        if head.kind in (HeadKind.CALL, HeadKind.RESULT):
            self._reader.fail("A string of the call is not closed.")
            self._to_text()
        else:
            self._state = _State.VALUE
        return at

    def _read_loose(self, text: str, at: int) -> int:
        reader = self._reader
        line_end = text.find("\n", at)
        stop = len(text) if line_end < 0 else line_end + 1
        if reader.at_line_start:
            head = self._read_head(text, at, line_end)
            if head.kind is HeadKind.UNKNOWN:
                return self._hold(text, at)
            if head.kind in (HeadKind.CALL, HeadKind.RESULT):
                self._end_loose(reader)
                return at
            closed = self._read_closing_line(text, at, head, line_end)
            if closed is None:
                return self._hold(text, at)
            if closed:
                reader.add_fence(text[at:closed])
                return closed
        reader.add(text[at:stop])
        return stop

    def _end_loose(self, reader: CallReader) -> None:
        rest = reader.settle_loose()
        self._to_text()
        self._say(rest)

    def _end_call(self) -> None:
        """The answer ends inside of a call, perhaps."""
        reader, state = self._reader, self._state
        if state is _State.TEXT:
            return
        if state is _State.LOOSE:
            self._end_loose(reader)
        elif state is _State.BETWEEN or reader.lacks_brace:
            reader.settle()
        else:
            reader.fail("The call is not whole: the answer ended in the middle of it.")

    # --- what comes out -------------------------------------------------------------------------

    def _give(self) -> list[Piece]:
        given, self._sink.out = self._sink.out, []
        return given

    def _give_white(self) -> list[Piece]:
        white = "".join(self._white)
        return [TextDelta(white)] if white else []

    def _find_what_is_missing(self) -> None:
        raw = find_lookalike("".join(self._said), self.protocol)
        if raw is not None:
            fence = f"```{self.protocol.marker}"
            message = f"The call was not written in a {fence} fence at the beginning of a line."
            self._sink.put(CallFault(kind=FaultKind.FORMAT, message=message, raw=raw))
        elif self.protocol.choice.mode is ToolMode.REQUIRED and self.protocol.callable_names:
            self._sink.put(CallFault(kind=FaultKind.MISSING, message="The answer had to call a tool."))

    _STEPS: ClassVar = {
        _State.TEXT: _read_text,
        _State.BETWEEN: _read_between,
        _State.VALUE: _read_value,
        _State.STRING_LINE: _read_string_line,
        _State.LOOSE: _read_loose,
    }
