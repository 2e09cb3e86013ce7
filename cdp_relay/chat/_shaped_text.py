"""One answer's text as it is read for a request with wishes: cut, and with the calls found in it. Sans-IO.

The order matters: tokens count whatever the model writes, calls and all, so they are cut off first. Then
the calls are found. Stop sequences are looked for in what is left, the text outside of calls: a client
that stops at "\\n\\n" does not mean the arguments of a call, and half a call is of no use to anybody.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cdp_relay.chat.calls import CallFault, CallParser, Piece
from cdp_relay.chat.cutting import StopFinder, TokenBudget
from cdp_relay.chat.vocabulary import (
    FinishReason,
    TextDelta,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import ToolCallInvalid

__all__ = ["ShapedText"]

_CUT_SHORT = (FinishReason.LENGTH, FinishReason.CONTENT_FILTER)
"""Reasons of answers that may break off anywhere."""


@attrs.define(eq=False, kw_only=True)
class ShapedText:
    """Reads one answer."""

    parser: CallParser | None
    stops: StopFinder | None
    budget: TokenBudget | None
    parallel: bool
    """Whether there may be several calls; if not, the first one is the end."""
    calls: int = attrs.field(default=0, init=False)
    """How many are whole."""
    faults: list[CallFault] = attrs.field(factory=list, init=False)
    enough: bool = attrs.field(default=False, init=False)
    """Whether nothing that may still follow is wanted."""
    reason: FinishReason | None = attrs.field(default=None, init=False)
    """Why the answer ended, where a cut ended it or the site did."""
    _open: bool = attrs.field(default=False, init=False)
    """Whether a call has begun to be given out, and has not ended."""

    @property
    def stop_sequence(self) -> str | None:
        """Which stop sequence ended the text."""
        return None if self.stops is None else self.stops.found

    @property
    def cut_short(self) -> bool:
        """Whether the answer broke off where the model had more to say."""
        return self.reason in _CUT_SHORT

    def feed(self, text: str) -> list[Piece]:
        """Take the next piece of the answer; nothing comes of it once there is enough.

        Raises:
          ToolCallInvalid: a call went wrong, or was cut, of which a part had been given out.
        """
        if self.enough:
            return []
        if self.budget is not None:
            text = self.budget.take(text)
        out: list[Piece] = []
        if self.parser is None:
            self._read_text(text, out)
        else:
            self._read(self.parser.feed(text), out)
        self._end_where_it_has_to(out)
        return out

    def think(self, text: str) -> tuple[str, list[Piece]]:
        """Take the next piece of the thinking, which counts like text; returns what of it may go on."""
        if self.enough or self.budget is None:
            return ("" if self.enough else text), []
        text = self.budget.take(text)
        out: list[Piece] = []
        if self.budget.spent:
            self._break_off(FinishReason.LENGTH, out)
        return text, out

    def close(self, reason: FinishReason) -> list[Piece]:
        """The site says that the answer is over.

        Raises:
          ToolCallInvalid: as for :meth:`feed`.
        """
        out: list[Piece] = []
        if self.enough:
            return out
        if reason in _CUT_SHORT:
            self._break_off(reason, out)
        else:
            if self.parser is not None:
                self._read(self.parser.close(), out)
            self._settle(out)
            self.enough, self.reason = True, self.reason or reason
        return out

    def _end_where_it_has_to(self, out: list[Piece]) -> None:
        if self.enough:
            return
        if self.budget is not None and self.budget.spent:
            self._break_off(FinishReason.LENGTH, out)
        elif self.parser is not None and self.parser.ended:
            self.enough = True
            self._settle(out)

    def _break_off(self, reason: FinishReason, out: list[Piece]) -> None:
        """The answer ends where the model had not come to an end: a call that is not whole is dropped."""
        if self._open:
            raise ToolCallInvalid(
                f"The answer came to its end ({reason}) within a call of a tool.",
                next_step="Ask for more tokens; the call that came in part must not be run.",
            )
        if self.parser is not None:
            # Parsers mend what ends too early. What was cut must not be mended: only the text counts.
            self._read([piece for piece in self.parser.close() if isinstance(piece, TextDelta)], out)
        self._settle(out)
        self.enough = True
        if self.stop_sequence is None:
            self.reason = reason

    def _read(self, pieces: Iterable[Piece], out: list[Piece]) -> None:
        for piece in pieces:
            match piece:
                case TextDelta(text):
                    self._read_text(text, out)
                case ToolCallBegan():
                    self._settle(out)
                    self._open = True
                    out.append(piece)
                case ToolCallArguments():
                    out.append(piece)
                case ToolCallEnded():
                    self._open = False
                    self.calls += 1
                    self.enough = not self.parallel
                    out.append(piece)
                case CallFault():
                    self._settle(out)
                    if piece.began:
                        raise ToolCallInvalid(
                            f"A call of a tool went wrong after it had begun: {piece.message}"
                        )
                    self.faults.append(piece)
                    out.append(piece)
            if self.enough:
                return

    def _read_text(self, text: str, out: list[Piece]) -> None:
        if self.stops is not None:
            text = self.stops.feed(text)
            if self.stops.found is not None:
                self.enough, self.reason = True, FinishReason.STOP
        if text:
            out.append(TextDelta(text))

    def _settle(self, out: list[Piece]) -> None:
        """No stop sequence reaches across what comes now."""
        if self.stops is not None and (text := self.stops.close()):
            out.append(TextDelta(text))
