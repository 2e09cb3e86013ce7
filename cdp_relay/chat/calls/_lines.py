"""What the beginning of a line of Markdown means to calls: a fence, a result, or nothing."""

from __future__ import annotations

import enum
import re

import attrs

__all__ = ["HEAD_LIMIT", "Head", "HeadKind", "OpenFences", "read_head"]

HEAD_LIMIT = 128
"""Characters after which a line that is still no fence is none."""

_LIST_ITEM = re.compile(r"([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\S")
_BODY = re.compile(r"[{\[`~]")
_NESTING = frozenset({"md", "markdown", "mdx"})


class HeadKind(enum.Enum):
    """What a line is."""

    UNKNOWN = enum.auto()
    """More of it has to be seen."""
    TEXT = enum.auto()
    FENCE = enum.auto()
    """A fence that is no call's."""
    CALL = enum.auto()
    """A fence with the marker; what follows the marker is the call's."""
    RESULT = enum.auto()
    """The tag of a result, which no model has to write."""


@attrs.frozen
class Head:
    """A line's beginning."""

    kind: HeadKind
    indent: int = 0
    run: str = ""
    """The backticks or tildes of a fence."""
    end: int = 0
    """Characters up to where the call's JSON may begin, or up to behind the run of another fence."""


_UNKNOWN = Head(HeadKind.UNKNOWN)
_TEXT = Head(HeadKind.TEXT)


def read_head(head: str, marker: str, result_tag: str, *, whole: bool) -> Head:
    """Read a line's beginning.

    Args:
      marker: the info string of a call's fence, in lower case.
      whole: whether the line ends after *head*.
    """
    bare = head.lstrip(" \t")
    indent = len(head) - len(bare)
    limited = len(head) >= HEAD_LIMIT
    done = whole or limited
    if not bare or bare == "\r":
        return _TEXT if done else _UNKNOWN
    if bare[0] == "<":
        return _read_tag(bare, f"<{result_tag}", indent, whole=done)
    if bare[0] not in "`~":
        return _TEXT
    run = bare[: len(bare) - len(bare.lstrip(bare[0]))]
    info = bare[len(run) :].lstrip(" \t")
    if len(run) < 3:
        return _TEXT if info or done else _UNKNOWN
    low = info[: len(marker)].lower()
    fence = Head(HeadKind.FENCE, indent, run, indent + len(run))
    if low != marker:
        return _UNKNOWN if marker.startswith(low) and len(info) == len(low) and not done else fence
    behind = info[len(marker) :]
    if behind[:1].isalnum() or behind[:1] in ("_", "-"):
        return fence
    found = _BODY.search(behind)
    if found is None:
        if limited and not whole:
            return fence
        return Head(HeadKind.CALL, indent, run, len(head)) if whole else _UNKNOWN
    if found[0] == run[0]:
        return fence  # ```call_x``` is code in a line of text
    return Head(HeadKind.CALL, indent, run, len(head) - len(behind) + found.start())


def _read_tag(bare: str, tag: str, indent: int, *, whole: bool) -> Head:
    if not bare.startswith(tag):
        return _UNKNOWN if tag.startswith(bare) and not whole else _TEXT
    behind = bare[len(tag) : len(tag) + 1]
    if not behind and not whole:
        return _UNKNOWN
    return _TEXT if behind.isalnum() or behind in ("_", "-") else Head(HeadKind.RESULT, indent)


@attrs.define(eq=False)
class OpenFences:
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
