"""The lines of an answer outside of calls, and the code blocks and lists that they open."""

from __future__ import annotations

import re

import attrs

from cdp_relay.chat.calls._lines import Head, HeadKind

__all__ = ["TextLines"]

_LIST_ITEM = re.compile(r"([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\S")
_LIST_CHARS = 32
"""As many characters of a line tell whether it is a list's item."""
_NESTING = frozenset({"md", "markdown", "mdx"})


@attrs.define(eq=False)
class _OpenFences:
    """Keeps track of the code blocks and lists of a text outside of calls, line by line.

    As CommonMark has it, but for one thing: in a block of Markdown, blocks with an info string are
    taken to nest, because that is how models write a README into a fence.
    """

    _open: list[Head] = attrs.field(factory=list)
    _nests: bool = False
    _list_indent: int = 0
    """How far the content of the last list's item is indented."""

    @property
    def inside(self) -> bool:
        """Whether the text stands inside of a code block."""
        return bool(self._open)

    @property
    def deepest_indent(self) -> int:
        """How far a fence may be indented here, and still be one."""
        return self._list_indent + 3

    def fence_line(self, head: Head, info: str) -> None:
        """A line that begins with a fence has ended; *info* is what follows the fence."""
        info = info.strip()
        if not self._open:
            if head.indent <= self.deepest_indent and not (head.run[0] == "`" and "`" in info):
                self._open.append(head)
                self._nests = info.split(" ")[0].lower() in _NESTING
            return
        last = self._open[-1]
        if info:
            if self._nests and head.run[0] == last.run[0] and "`" not in info:
                self._open.append(head)
        elif head.run.startswith(last.run) and head.indent <= last.indent + 3:
            self._open.pop()

    def text_line(self, line: str) -> None:
        """A line without a fence has ended; its first characters are enough."""
        if self._open or not line or line.isspace():
            return
        item = _LIST_ITEM.match(line)
        if item is not None:
            self._list_indent = len(item[1])
        elif line[0] not in " \t":
            self._list_indent = 0


@attrs.define(eq=False)
class TextLines:
    """Keeps track of the line that is being read, and of what the lines before it opened.

    It is told each line in pieces: :meth:`begin`, :meth:`add` as often as it takes, :meth:`end`.
    """

    at_start: bool = True
    """Whether a new line begins."""
    _fences: _OpenFences = attrs.field(factory=_OpenFences)
    _head: Head | None = None
    _skipped: int = 0
    """Characters of the line's head that are still to come."""
    _parts: list[str] = attrs.field(factory=list)
    """The line's first characters; of a fence, its info string."""
    _length: int = 0

    @property
    def in_block(self) -> bool:
        """Whether the text stands inside of a code block."""
        return self._fences.inside

    def takes_call(self, head: Head) -> bool:
        """Whether a line with this head begins a call here."""
        fences = self._fences
        return head.kind is HeadKind.CALL and not fences.inside and head.indent <= fences.deepest_indent

    def begin(self, head: Head) -> None:
        """A line of text begins."""
        self.at_start = False
        self._head = head if head.run else None
        self._skipped = head.indent + len(head.run)

    def add(self, text: str, start: int, stop: int) -> None:
        """More of the line, its line break aside."""
        if self._skipped:
            skipped = min(self._skipped, stop - start)
            self._skipped -= skipped
            start += skipped
        if self._head is not None:
            self._parts.append(text[start:stop])
        elif self._length < _LIST_CHARS and start < stop:
            self._parts.append(text[start : min(stop, start + _LIST_CHARS)])
            self._length += stop - start

    def end(self) -> None:
        """The line is over."""
        line = "".join(self._parts)
        if self._head is not None:
            self._fences.fence_line(self._head, line)
        else:
            self._fences.text_line(line)
        self.restart()

    def restart(self) -> None:
        """A new line begins behind a call, which is none of these lines."""
        self.at_start = True
        self._head = None
        self._skipped = self._length = 0
        self._parts.clear()
