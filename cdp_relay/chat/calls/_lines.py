"""What the beginning of a line of Markdown means to calls: a fence, a result, or nothing."""

from __future__ import annotations

import enum
import re

import attrs

__all__ = ["HEAD_LIMIT", "TEXT_HEAD", "Head", "HeadKind", "read_head"]

HEAD_LIMIT = 128
"""Characters after which a line that is still no fence is none."""

_BODY = re.compile(r"[{\[`~]")


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
TEXT_HEAD = Head(HeadKind.TEXT)
"""Of a line that is nothing to calls."""


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
        return TEXT_HEAD if done else _UNKNOWN
    if bare[0] == "<":
        return _read_tag(bare, f"<{result_tag}", indent, whole=done)
    if bare[0] not in "`~":
        return TEXT_HEAD
    run = bare[: len(bare) - len(bare.lstrip(bare[0]))]
    info = bare[len(run) :].lstrip(" \t")
    if len(run) < 3:
        return TEXT_HEAD if info or done else _UNKNOWN
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
        return _UNKNOWN if tag.startswith(bare) and not whole else TEXT_HEAD
    behind = bare[len(tag) : len(tag) + 1]
    if not behind and not whole:
        return _UNKNOWN
    return TEXT_HEAD if behind.isalnum() or behind in ("_", "-") else Head(HeadKind.RESULT, indent)
