r"""Text that is told anew, whole, with every step, and whose end is not final: give it out as it settles.

Some sites repeat the whole answer in every message. Its tail flickers: an open Markdown mark is escaped
(``\*\*bold``) or closed (``**bold**``) until its real other half comes, and an open code fence gets an end
for the moment (``\n```\n``). What was given out cannot be taken back. So a character is given out when

* two successive versions agree on it,
* something follows it that no passing repair adds: neither white space nor marks, and
* it stands in a line that has ended, in a code block, or before the first mark of the last line that
  has no other half yet, or that is escaped;

and all the rest is given out when the text is said to be whole. Where the site has really rewritten what
was given out, the end of the text says how much of it is void.
"""

from __future__ import annotations

import re

import attrs

__all__ = ["CumulativeText"]

_BLOCK = 1 << 16
_REPAIRS = " \t\r\n*_~`$\\|[]()\ufffd"
"""What can be taken away again at the end of an unfinished text. U+FFFD is half of an emoji."""
_FENCE = re.compile(r"[ \t]*(?:(?:[*+-]|\d{1,9}[.)])[ \t]+|>[ \t]?)*(`{3,}|~{3,})(.*)")
_LINE_MARKS = re.compile(r"[ \t]*(?:(?:[*+-]|\d{1,9}[.)]|#{1,6}|>)[ \t]+)*")
_MARK = re.compile(r"\\[!-/:-@\[-`{-~]|(`+)|(\*+|_+|~{2,})|(\$+)|(!?\[)")
_ESCAPES_AND_SPACE = re.compile(r"\\(?=[!-/:-@\[-`{-~])|\s+")


@attrs.define(eq=False)
class CumulativeText:
    """Turns the successive versions of one text into pieces that never have to be taken back.

    A version costs a few passes over it at the speed of ``memcmp``, and a closer look at what has not
    been given out.
    """

    settled: int = attrs.field(default=0, init=False)
    """How many characters were given out."""
    contradicted: bool = attrs.field(default=False, init=False)
    """The newest version has changed what was given out. Nothing is given out until one agrees again,
    or until the last one comes."""
    respelled: bool = attrs.field(default=False, init=False)
    """The last version differed from what was given out, in white space and backslashes only."""
    _last: str = attrs.field(default="", init=False, repr=False)
    _base: str = attrs.field(default="", init=False, repr=False)
    """A version that begins with all that was given out."""
    _line: int = attrs.field(default=0, init=False, repr=False)
    """Where the line starts in which ``settled`` is, or one before it."""
    _fence: str = attrs.field(default="", init=False, repr=False)
    """The code fence that is open there."""

    @property
    def given(self) -> str:
        """All that was given out."""
        return self._base[: self.settled]

    @property
    def newest(self) -> str:
        """The newest version."""
        return self._last

    def feed(self, text: str) -> str:
        """Take the next version; return what has become final of it and was not given out."""
        agreed = self._heed(text)
        return "" if self.contradicted else self._give(text, self._stable(text, agreed))

    def finish(self, text: str | None = None) -> tuple[int, str]:
        """Take the last version, or stay with the newest one.

        Returns:
          How many characters at the end of what was given out have to be taken back after all, and what
          comes then. Nothing has to be, where what was given out differs only in white space and in
          backslashes before marks, and in no code.
        """
        if text is not None:
            self._heed(text)
        text = self._last
        if not self.contradicted:
            return 0, self._give(text, len(text))
        given = self.given
        self._base, self.settled, self.contradicted = text, len(text), False
        kept = min(_agreement(given, text), len(given))
        at = None if _is_code(given, kept) else _behind(given, text)
        if at is not None:
            self.respelled = True
            return 0, text[at:]
        return len(given) - kept, text[kept:]

    def _heed(self, text: str) -> int:
        """Keep a version; return how far it agrees with the one before."""
        agreed = _agreement(self._last, text)
        stands = agreed if self._last is self._base else _agreement(self._base, text)
        self._last = text
        self.contradicted = stands < self.settled
        if not self.contradicted:
            self._base = text
        return agreed

    def _give(self, text: str, end: int) -> str:
        start, self.settled = self.settled, max(self.settled, end)
        return text[start : self.settled]

    def _stable(self, text: str, agreed: int) -> int:
        known = text[:agreed].rstrip(_REPAIRS)
        if len(known) <= self.settled:
            return self.settled
        start, fence = self._line, self._fence
        while (end := known.find("\n", start)) >= 0:
            fence = _fence_after(known[start:end], fence)
            start = end + 1
            if end < self.settled:
                self._line, self._fence = start, fence
        if fence:
            return len(known)
        # All marks of the line before what was given out have their other halves.
        stop = _first_open_mark(known, start, max(start, self.settled))
        return len(known[:stop].rstrip())


def _agreement(one: str, other: str) -> int:
    """The length of what two texts have in common at their start."""
    if other.startswith(one):
        return len(one)
    low, size = 0, _BLOCK
    while one[low : low + size] == other[low : low + size]:
        low += size
    # The difference is within the next block.
    while size > 1:
        size //= 2
        if one[low : low + size] == other[low : low + size]:
            low += size
    return min(low, len(one), len(other))


def _fence_after(line: str, fence: str) -> str:
    """The code fence that is open after a line, given the one before it."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    marks, info = match.groups()
    if not fence:
        return "" if marks[0] == "`" and "`" in info else marks
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not info.strip()
    return "" if closes else fence


def _is_code(text: str, at: int) -> bool:
    """Whether a place is in a block of code, or one begins or ends behind it."""
    *lines, last = text[:at].split("\n")
    fence = ""
    for line in lines:
        fence = _fence_after(line, fence)
    return bool(fence) or any(map(_FENCE.match, (last + text[at:]).split("\n")))


def _first_open_mark(text: str, line: int, at: int) -> int:
    """Where the first inline mark of a line stands that has no other half, or is escaped; or the end."""
    if text.startswith("|", line):
        return line  # a table's row is repaired as a whole
    if at == line:
        at = _LINE_MARKS.match(text, line).end()  # type: ignore[union-attr]  # it matches nothing, too
    emphasis: list[tuple[str, int]] = []
    while (mark := _MARK.search(text, at)) is not None:
        start, at = mark.span()
        code, stars, dollars, bracket = mark.groups()
        if stars:
            _take_emphasis(emphasis, text, start, stars)
            continue
        if code or dollars:
            end = _other_half(text, at, code or dollars)
        elif bracket:
            end = _link_end(text, at)
        else:
            end = -1  # an escape, which may be for the moment only
        if end < 0:
            return min(start, *(place for _, place in emphasis), len(text))
        at = end
    return min((place for _, place in emphasis), default=len(text))


def _take_emphasis(opened: list[tuple[str, int]], text: str, start: int, run: str) -> None:
    """Let a run of ``*``, ``_`` or ``~`` close what is open, and open the rest."""
    before = text[start - 1 : start]
    after = text[start + len(run) : start + len(run) + 1]
    can_close, can_open = bool(before.strip()), bool(after.strip())
    if run[0] == "_" and before.isalnum() and after.isalnum():
        return
    left = len(run)
    while can_close and left and opened and opened[-1][0] == run[0]:
        opened.pop()
        left -= 1
    if can_open and left and not (can_close and left < len(run)):
        opened.extend([(run[0], start)] * left)


def _other_half(text: str, at: int, run: str) -> int:
    """The end of the next run of just this length; -1 without one."""
    while (found := text.find(run, at)) >= 0:
        end = found + len(run)
        while text.startswith(run[0], end):
            end += 1
        if end - found == len(run):
            return end
        at = end
    return -1


def _link_end(text: str, at: int) -> int:
    """The end of a bracket's text and of the address that may follow it; -1 while either is open."""
    end = text.find("]", at)
    if end >= 0 and text.startswith("(", end + 1):
        end = text.find(")", end + 2)
    return -1 if end < 0 else end + 1


def _behind(given: str, text: str) -> int | None:
    """Where a text goes on after what was given out, white space and escapes aside; None if nowhere."""
    wanted = _ESCAPES_AND_SPACE.sub("", given)
    have = 0
    at = 0
    for gap in _ESCAPES_AND_SPACE.finditer(text):
        piece = text[at : gap.start()]
        if have + len(piece) >= len(wanted):
            break
        if not wanted.startswith(piece, have):
            return None
        have += len(piece)
        at = gap.end()
    rest = wanted[have:]
    return at + len(rest) if text.startswith(rest, at) else None
