"""Make of an answer what its request wants: cut, with the calls found in it, or as JSON. Sans-IO.

A request that wants none of this has no shaper, and its text goes straight to the client.

Text goes on as it comes, but for three cases: the client takes the answer in one piece, the answer has to
be JSON, or something was wrong with a call. Then it is held, so that one corrective turn can still mend
it. What stays wrong is given out as the text that it is, with a notice; never as a call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import attrs

from cdp_relay.chat._mending import after_text, joined_text, new_calls, with_taken, without_lookalikes
from cdp_relay.chat._shaped_text import ShapedText
from cdp_relay.chat.calls import (
    HELD_CHARS,
    CallFault,
    CallParser,
    CallProtocol,
    FaultKind,
    Piece,
    correction_text,
)
from cdp_relay.chat.cutting import StopFinder, TokenBudget
from cdp_relay.chat.structured import OutputReading, output_correction, read_output
from cdp_relay.chat.usage import size_of
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    Notice,
    OutputFormat,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    ToolCallBegan,
    ToolCallEnded,
    ToolMode,
)
from cdp_relay.errors import GenerationFailed, OutputInvalid

__all__ = ["Shape", "Shaper", "shape_of"]

_IN_TEXT = (FaultKind.FORMAT, FaultKind.MISSING)
"""Faults that took nothing out of the text."""

_MAX_NAMED = 3
"""How many faults a notice names."""


@attrs.frozen(kw_only=True)
class Shape:
    """What a request wants of its answer's text."""

    calls: CallProtocol | None = None
    output: OutputFormat | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    live: bool = True
    """Whether the client reads along."""

    @property
    def parallel(self) -> bool:
        """Whether there may be several calls."""
        return self.calls is None or self.calls.choice.parallel


def shape_of(request: ChatRequest, calls: CallProtocol | None) -> Shape | None:
    """What a request wants; None when that is the text as it is.

    Args:
      calls: the protocol that its prompt explains, if any.
    """
    if not request.tools or request.tool_choice.mode is ToolMode.NONE:
        calls = None
    shape = Shape(
        calls=calls,
        output=request.output,
        stop=request.wishes.stop,
        max_tokens=request.wishes.max_output_tokens,
        live=request.live,
    )
    return None if shape == Shape(live=request.live) else shape


@attrs.define(eq=False)
class Shaper:
    """Shapes one answer, and the second one where the first had to be corrected."""

    shape: Shape
    new_id: Callable[[], str]
    correction: str | None = attrs.field(default=None, init=False)
    """What the model has to be told before the answer can be used; set by :meth:`close`."""
    _text: ShapedText = attrs.field(init=False)
    _raw: list[str] = attrs.field(factory=list, init=False)
    """What the site said, for when it takes a part of it back."""
    _thought: int = attrs.field(default=0, init=False)
    """Bytes."""
    _given: list[str] = attrs.field(factory=list, init=False)
    """The text that has gone out."""
    _calls_given: int = attrs.field(default=0, init=False)
    """How many calls have gone out, or have begun to."""
    _ended: list[ToolCallEnded] = attrs.field(factory=list, init=False)
    """The calls of the first answer."""
    _held: list[Piece] | None = attrs.field(init=False)
    """What waits; None while everything goes on at once."""
    _output: OutputReading | None = attrs.field(default=None, init=False)
    _first: ShapedText | None = attrs.field(default=None, init=False)
    """The answer that is being corrected."""
    _second: list[Piece] = attrs.field(factory=list, init=False)
    """The corrective answer."""
    _calls: int | None = attrs.field(default=None, init=False)
    """How many calls there are after a correction."""

    def __attrs_post_init__(self) -> None:
        self._held = self._nothing_held()
        self._text = self._new_text()

    @property
    def enough(self) -> bool:
        """Whether nothing that may still follow is wanted, though the site may go on."""
        return self._text.enough

    @property
    def calls(self) -> int:
        """How many calls the client gets."""
        return (self._first or self._text).calls if self._calls is None else self._calls

    @property
    def stop_sequence(self) -> str | None:
        """Which stop sequence ended the answer."""
        return None if self.calls else (self._first or self._text).stop_sequence

    def finish_reason(self, site: FinishReason | None) -> FinishReason:
        """Why the answer ended.

        Args:
          site: what the site said, if it came to its end.
        """
        if self.calls:
            return FinishReason.TOOL_CALLS
        return (self._first or self._text).reason or site or FinishReason.STOP

    # --- the answer comes

    def feed(self, event: TextDelta | TextRetracted | ReasoningDelta) -> list[ChatEvent]:
        """Take what the site said next; returns what the client gets of it now.

        Raises:
          GenerationFailed: the site took back what had gone out as a call.
          ToolCallInvalid: a call went wrong of which a part had gone out.
        """
        if self._text.enough:
            return []
        if isinstance(event, TextDelta):
            self._raw.append(event.text)
            return self._release(self._text.feed(event.text))
        if isinstance(event, TextRetracted):
            return self._take_back(event.chars)
        if self._first is not None:
            return []
        self._thought += size_of(event.text)
        thought, pieces = self._text.think(event.text)
        ready = self._release(pieces)
        return [ReasoningDelta(thought), *ready] if thought else ready

    def close(self, reason: FinishReason | None) -> list[ChatEvent]:
        """The answer is over, or there is enough of it; returns what the client gets of what was held.

        With a :attr:`correction` afterwards, the model is to be told that in the same chat, and
        :meth:`begin_correction`, :meth:`feed` and this are called again; or :meth:`give_up`.

        Args:
          reason: why the site ended it; None where it was cut off.

        Raises:
          OutputInvalid: it had to be JSON, and is not, nor is the corrected one.
          ToolCallInvalid: a call is not whole of which a part had gone out.
        """
        ready = self._release(self._text.close(reason or FinishReason.STOP))
        if self._first is not None:
            return self._corrected()
        self.correction = self._what_is_wrong()
        if self.correction is not None:
            return ready
        return ready + self._settled()

    def begin_correction(self) -> None:
        """The corrective answer comes: what is fed from now on is that, and nothing of it is cut."""
        self.correction = None
        self._first, self._raw = self._text, []
        self._text = self._new_text()

    def give_up(self, why: str) -> list[ChatEvent]:
        """There is no corrective answer; the first one goes out as it is.

        Args:
          why: a sentence.

        Raises:
          OutputInvalid: it had to be JSON, and is not.
        """
        self.correction = None
        first = self._first or self._text
        if self.shape.output is not None:
            problems = (
                [fault.message for fault in first.faults] if self._output is None else self._output.problems
            )
            raise _invalid(problems, why)
        return self._as_is(f"{_named(first.faults)} {why}")

    # --- what comes of it

    def _what_is_wrong(self) -> str | None:
        text, shape = self._text, self.shape
        if text.faults and shape.calls is not None:
            if text.cut_short or (text.calls and not shape.parallel):
                return None
            return with_taken(correction_text(text.faults, shape.calls), self._ended[: self._calls_given])
        if shape.output is None or text.calls:
            return None
        self._output = read_output(joined_text(self._held or ()), shape.output, whole=not text.cut_short)
        if self._output.text is not None or text.cut_short:
            return None
        return output_correction(self._output.problems, shape.output)

    def _settled(self) -> list[ChatEvent]:
        """What was held, as it goes out when there is nothing to correct."""
        if self.shape.output is None or self._text.calls:
            return self._as_is(_named(self._text.faults))
        given = self._output.text if self._output is not None else None
        # An answer that broke off goes out as it came: its reason says why it is no JSON.
        return [TextDelta(joined_text(self._held or ()) if given is None else given)]

    def _as_is(self, why: str) -> list[ChatEvent]:
        """What was held, with calls that went wrong as the text that they are.

        Args:
          why: what is said of those.
        """
        first = self._first or self._text
        out: list[ChatEvent] = []
        for piece in self._held or ():
            if not isinstance(piece, CallFault):
                out.append(piece)
            elif piece.kind not in _IN_TEXT and piece.raw:
                out.append(TextDelta(piece.raw))
        if first.faults:
            out.append(Notice(code="tool_call_invalid", message=why))
        return self._fit_for_output(out)

    def _fit_for_output(self, events: list[ChatEvent]) -> list[ChatEvent]:
        """Without the text beside calls, where text has to be JSON and would be read as such."""
        if self.shape.output is None:
            return events
        return [event for event in events if not isinstance(event, TextDelta)]

    def _corrected(self) -> list[ChatEvent]:
        """The corrective answer is over."""
        shape, second, first = self.shape, self._text, self._first
        assert first is not None
        if second.calls:
            return self._with_calls(first, second)
        if shape.output is not None:
            reading = read_output(joined_text(self._second), shape.output, whole=not second.cut_short)
            if reading.text is None:
                raise _invalid(reading.problems)
            return [TextDelta(reading.text)]
        return self._as_is(_named(second.faults or first.faults))

    def _with_calls(self, first: ShapedText, second: ShapedText) -> list[ChatEvent]:
        """Give out the calls of the corrective answer in the place of those that went wrong.

        It was asked for all calls that had not gone out. Where it holds fewer, it only mended the wrong ones.
        """
        held = self._held or []
        kept = len(self._ended)
        if second.calls >= first.calls - self._calls_given + len(first.faults):
            kept = self._calls_given
            held = [piece for piece in held if isinstance(piece, TextDelta | CallFault)]
        new = new_calls(self._second, self._ended[:kept])
        self._calls = kept + sum(isinstance(piece, ToolCallEnded) for piece in new)
        pieces = [*without_lookalikes(held, first.faults), *new]
        out: list[ChatEvent] = [piece for piece in pieces if not isinstance(piece, CallFault)]
        if second.faults:
            out.append(Notice(code="tool_call_invalid", message=_named(second.faults)))
        return self._fit_for_output(out)

    # --- holding back

    def _nothing_held(self) -> list[Piece] | None:
        return None if self.shape.live and self.shape.output is None else []

    def _new_text(self) -> ShapedText:
        """For the first answer, for one that the site took back a part of, and for a corrective one."""
        shape = self.shape
        corrective = self._first is not None
        parser = budget = None
        if shape.calls is not None:
            # Held back whole, a call can be mended to its end.
            whole = corrective or self._held is not None
            parser = CallParser(shape.calls, self.new_id, sys.maxsize if whole else HELD_CHARS)
        if shape.max_tokens is not None and not corrective:
            budget = TokenBudget.of(shape.max_tokens, used_bytes=self._thought)
        stops = StopFinder.of(shape.stop) if shape.stop and not corrective else None
        return ShapedText(parser=parser, stops=stops, budget=budget, parallel=shape.parallel)

    def _release(self, pieces: list[Piece]) -> list[ChatEvent]:
        """What goes out at once."""
        if self._first is not None:
            self._second += pieces
            return []
        ready: list[ChatEvent] = []
        for piece in pieces:
            if isinstance(piece, ToolCallEnded):
                self._ended.append(piece)
            if self._held is None and isinstance(piece, CallFault):
                self._held = []
            if self._held is not None:
                self._held.append(piece)
            elif not isinstance(piece, CallFault):
                ready.append(piece)
                if isinstance(piece, TextDelta):
                    self._given.append(piece.text)
                elif isinstance(piece, ToolCallBegan):
                    self._calls_given += 1
        return ready

    def _take_back(self, chars: int) -> list[ChatEvent]:
        """Read the answer again without its last characters, and tell the difference."""
        self._raw = ["".join(self._raw)[:-chars]]
        given = "".join(self._given)
        if self._first is not None:
            self._second.clear()
        elif self._calls_given:
            raise GenerationFailed("The site took back a part of its answer from which a call had gone out.")
        else:
            self._held, self._given, self._ended = self._nothing_held(), [], []
        self._text = self._new_text()
        ready = self._release(self._text.feed(self._raw[0]))
        if self._first is not None:
            return []
        void, following = after_text(ready, given)
        return [TextRetracted(void), *following] if void else following


def _named(faults: Sequence[CallFault]) -> str:
    said = "; ".join(fault.message.rstrip(".") for fault in faults[:_MAX_NAMED])
    more = f"; and {len(faults) - _MAX_NAMED} more" if len(faults) > _MAX_NAMED else ""
    return f"The model called a tool in a way that cannot be passed on: {said}{more}."


def _invalid(problems: Sequence[str], why: str = "") -> OutputInvalid:
    said = "; ".join(problems)
    return OutputInvalid(
        f"The answer is not the JSON that was asked for: {said}. {why}".rstrip(),
        details={"problems": len(problems)},
    )
