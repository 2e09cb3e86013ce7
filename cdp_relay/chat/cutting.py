"""Cut an answer where its request wants it to end: at a stop sequence, or at a number of tokens. Sans-IO.

Both cut at the same character, however the answer came in pieces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import attrs

from cdp_relay.chat.usage import BYTES_PER_TOKEN, size_of

__all__ = ["StopFinder", "TokenBudget"]


@attrs.define(eq=False)
class TokenBudget:
    """How much an answer may still hold, of text and of thinking together.

    Tokens are reckoned by their bytes, as in every estimate of the relay's: a tokenizer's count of a
    piece depends on where the piece ends, and the cut must not.
    """

    _left: int
    """Bytes."""
    spent: bool = attrs.field(default=False, init=False)
    """Whether anything had to be cut off: an answer that just fits is whole."""

    @classmethod
    def of(cls, tokens: int, *, used_bytes: int = 0) -> TokenBudget:
        """A budget of so many tokens, some of which may be used up."""
        return cls(max(0, tokens * BYTES_PER_TOKEN - used_bytes))

    def take(self, text: str) -> str:
        """As much of a text as the budget has room for, up to the border of a character."""
        if self.spent:
            return ""
        size = size_of(text)
        if size <= self._left:
            self._left -= size
            return text
        self.spent = True
        cut = text.encode("utf-8", "replace")[: self._left].decode("utf-8", "ignore")
        return text[: len(cut)]


@attrs.define(eq=False)
class _Stop:
    """One stop sequence, and how much of its beginning the text ends with by now."""

    text: str
    matched: int = 0
    _fallback: list[int] = attrs.field(init=False)
    """For each of its beginnings, the longest shorter one that it ends with (Knuth, Morris, Pratt)."""

    def __attrs_post_init__(self) -> None:
        self._fallback = [0] * len(self.text)
        length = 0
        for place in range(1, len(self.text)):
            while length and self.text[place] != self.text[length]:
                length = self._fallback[length - 1]
            length += self.text[place] == self.text[length]
            self._fallback[place] = length

    def feed(self, chunk: str) -> int | None:
        """Go on; returns where in *chunk* the sequence is first complete.

        Takes time by the length of the chunk, whatever came before.
        """
        size, begun = len(self.text), self.matched
        if not begun and self.text[0] not in chunk:
            return None  # as with nearly every piece
        if len(chunk) < size:
            return self._step(chunk, 0)
        found = (self.text[:begun] + chunk).find(self.text)
        if found >= 0:
            return found + size - begun
        # Only what could be a beginning is gone through character by character.
        self.matched = 0
        return self._step(chunk, len(chunk) - size + 1)

    def _step(self, chunk: str, start: int) -> int | None:
        text, matched, fallback = self.text, self.matched, self._fallback
        for place in range(start, len(chunk)):
            character = chunk[place]
            while matched and text[matched] != character:
                matched = fallback[matched - 1]
            if text[matched] == character:
                matched += 1
                if matched == len(text):
                    return place + 1
        self.matched = matched
        return None


@attrs.define(eq=False)
class StopFinder:
    """Passes a text on up to the first stop sequence in it; which is that one that is complete first.

    Only what may still become a stop sequence is held back.
    """

    _stops: tuple[_Stop, ...]
    found: str | None = attrs.field(default=None, init=False)
    """The sequence that ended the text."""
    _held: deque[str] = attrs.field(factory=deque, init=False)
    _held_chars: int = attrs.field(default=0, init=False)

    @classmethod
    def of(cls, stops: Sequence[str]) -> StopFinder:
        """Look for these."""
        return cls(tuple(_Stop(text) for text in stops if text))

    def feed(self, text: str) -> str:
        """Take the next piece of the text; returns what of it, and of what was held, may go on."""
        if self.found is not None or not text:
            return ""
        ends = [(end, -len(stop.text), stop.text) for stop in self._stops if (end := stop.feed(text))]
        begin = self._held_chars
        self._held.append(text)
        self._held_chars += len(text)
        if not ends:
            return self._let_go(self._held_chars - max((stop.matched for stop in self._stops), default=0))
        end, _, self.found = min(ends)
        return self._let_go(begin + end - len(self.found))

    def close(self) -> str:
        """The text is over, or something stands behind it that no stop sequence reaches across."""
        for stop in self._stops:
            stop.matched = 0
        return "" if self.found is not None else self._let_go(self._held_chars)

    def _let_go(self, chars: int) -> str:
        self._held_chars -= chars
        pieces = []
        while chars > 0:
            piece = self._held.popleft()
            if len(piece) > chars:
                self._held.appendleft(piece[chars:])
                piece = piece[:chars]
            pieces.append(piece)
            chars -= len(piece)
        return "".join(pieces)
