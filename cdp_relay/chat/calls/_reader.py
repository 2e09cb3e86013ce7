"""One call as it comes in: held while it is small, passed on piece by piece when it is not."""

from __future__ import annotations

import json
from collections.abc import Callable

import attrs

from cdp_relay.chat.calls._growing import GrowingString
from cdp_relay.chat.calls._repair import loads
from cdp_relay.chat.calls._scanner import Scanner, Stop
from cdp_relay.chat.calls._shapes import ARGUMENT_KEYS, NAME_KEYS, Proposal
from cdp_relay.chat.calls.arguments import (
    FittedCall,
    check_arguments,
    choose_tool,
    fit_proposal,
    read_calls,
)
from cdp_relay.chat.calls.pieces import CallFault, FaultKind, Piece
from cdp_relay.chat.calls.protocol import CallProtocol
from cdp_relay.chat.vocabulary import Tool, ToolCallArguments, ToolCallBegan, ToolCallEnded

__all__ = ["CallReader", "CallSink"]

_TOO_DEEP = "The call is nested too deeply."


@attrs.define(eq=False)
class CallSink:
    """Where an answer's calls go: numbered, and each with an id of its own."""

    protocol: CallProtocol
    new_id: Callable[[], str]
    held_chars: int
    out: list[Piece] = attrs.field(factory=list)
    began: int = 0
    ended: int = 0
    faults: int = 0

    @property
    def full(self) -> bool:
        """Whether no further call is allowed in this answer."""
        return self.ended > 0 and not self.protocol.choice.parallel

    def begin(self, tool: Tool) -> ToolCallBegan:
        """A call begins."""
        event = ToolCallBegan(index=self.began, id=self.new_id(), name=tool.name, freeform=tool.freeform)
        self.began += 1
        self.out.append(event)
        return event

    def end(self, event: ToolCallBegan, arguments: str) -> None:
        """It is whole."""
        self.out.append(
            ToolCallEnded(
                index=event.index, id=event.id, name=event.name, arguments=arguments, freeform=event.freeform
            )
        )
        self.ended += 1

    def put(self, outcome: FittedCall | CallFault) -> None:
        """A call in one piece, or the fault of one."""
        if self.full:
            return
        if isinstance(outcome, CallFault):
            self.out.append(outcome)
            self.faults += 1
        else:
            event = self.begin(outcome.tool)
            if outcome.arguments:
                self.out.append(ToolCallArguments(event.index, outcome.arguments))
            self.end(event, outcome.arguments)


@attrs.define(eq=False, kw_only=True)
class _Begun:
    """A call that is passed on while it grows."""

    event: ToolCallBegan
    tool: Tool
    text: GrowingString | None
    """Of a freeform tool, whose arguments are one string."""
    told: int = 0
    """How many pieces of its arguments were passed on."""


@attrs.define(eq=False)
class CallReader:
    """Reads the JSON of one call, or of several in one array."""

    sink: CallSink
    _scanner: Scanner = attrs.field(factory=Scanner)
    _sound: bool = True
    """Whether its JSON is to the letter, so far."""
    _parts: list[str] = attrs.field(factory=list)
    _length: int = 0
    _last: str = ""
    """Its last character that is not white."""
    _fresh: bool = False
    """Whether nothing but blanks stands in its last line."""
    _mark: tuple[int, int] | None = None
    """Of a call without a known end: the last fence that may be its end, from and to."""
    _mark_likely: bool = False
    """Whether a brace stands before it."""
    _usual: bool = True
    """Whether it has the shape that was asked for, so far."""
    _name_parts: list[str] | None = None
    _name: str | None = None
    _arguments: list[str] = attrs.field(factory=list)
    _in_arguments: bool = False
    _held: int = 0
    """Characters of arguments."""
    _begun: _Begun | None = None
    """What was passed on of it."""

    @property
    def started(self) -> bool:
        """Whether anything of the call came yet."""
        return bool(self._parts)

    def feed(self, text: str, at: int) -> tuple[int, Stop | None]:
        """Read on from *at*, up to the value's end, a control character in a string, or what is no JSON."""
        while True:
            start = at
            at, stop = self._scanner.scan(text, at)
            self._take(text[start:at], stop)
            match stop:
                case Stop.KEY:
                    continue
                case Stop.VALUE:
                    self._value_begins(text[at])
                    continue
                case Stop.VALUE_END:
                    self._value_ends()
                    continue
                case Stop.SLIP:
                    self._pass_on()
                    self._sound = False
                    continue
            self._pass_on()
            return at, stop

    def _take(self, piece: str, stop: Stop | None) -> None:
        if not piece:
            return
        self.add(piece)
        if stop is Stop.CONTROL:
            # What the model forgot to escape is escaped for it; there is but one thing it can mean.
            piece = piece[:-1] + json.dumps(piece[-1])[1:-1]
        if self._in_arguments:
            self._arguments.append(piece)
            self._held += len(piece)
        elif self._name_parts is not None:
            self._name_parts.append(piece)

    def _value_begins(self, character: str) -> None:
        key = self._scanner.key
        if key in NAME_KEYS and self._name is None and character == '"':
            self._name_parts = []
        elif key in ARGUMENT_KEYS and not self._arguments and character in '{"':
            self._in_arguments = True
        elif key in NAME_KEYS or key in ARGUMENT_KEYS or self._name is None:
            # Twice the same, or what may be a shape of its own.
            self._usual = self._usual and key in ("id", "type", "call_id", "index")

    def _value_ends(self) -> None:
        if self._in_arguments:
            self._in_arguments = False
        elif self._name_parts is not None:
            try:
                self._name = json.loads("".join(self._name_parts))
            except ValueError:
                self._usual = False
            self._name_parts = None
        self._pass_on()

    def _pass_on(self) -> None:
        """Pass on what came of the arguments, once they are too long to be held."""
        sink = self.sink
        if self._held <= sink.held_chars or not self._usual or not self._sound:
            return
        begun = self._begun
        if begun is None:
            if self._name is None or sink.full:
                return
            tool = choose_tool(self._name, sink.protocol)
            if isinstance(tool, CallFault) or tool.freeform != (self._arguments[0][0] == '"'):
                self._usual = False
                return
            text = GrowingString() if tool.freeform else None
            begun = self._begun = _Begun(event=sink.begin(tool), tool=tool, text=text)
        piece = "".join(self._arguments[begun.told :])
        begun.told = len(self._arguments)
        if begun.text is not None:
            piece = begun.text.feed(piece)
        if piece:
            sink.out.append(ToolCallArguments(begun.event.index, piece))

    def add(self, text: str) -> None:
        """What follows the JSON, or what is none, inside of the same fence."""
        self._parts.append(text)
        self._length += len(text)
        bare = text.rstrip(" \t")
        if bare:
            self._fresh = bare[-1] == "\n"
            self._last = bare.rstrip()[-1:] or self._last

    def add_fence(self, line: str) -> None:
        """A line that closes a fence, in a call whose end is not known: perhaps this is it."""
        likely = self._last in ("}", "]")
        if likely or not self._mark_likely:
            self._mark, self._mark_likely = (self._length, self._length + len(line)), likely
        self.add(line)

    @property
    def lacks_brace(self) -> bool:
        """Whether a name and arguments are whole, and nothing but the last brace is to come."""
        return (
            self._usual
            and self._sound
            and self._name is not None
            and bool(self._arguments)
            and self._scanner.wants_more
            and self._scanner.depth == 1
        )

    @property
    def at_line_start(self) -> bool:
        """Whether what comes next is the first of its line."""
        return self._fresh

    def settle(self) -> None:
        """The call is whole: pass it on, or say what is wrong with it."""
        try:
            self._settle()
        except RecursionError:
            self.fail(_TOO_DEEP)

    def _settle(self) -> None:
        if not self.started:
            self.fail("The fence of a call is empty.")
            return
        if self._begun is not None:
            self._settle_begun(self._begun)
            return
        if not (self._usual and self._sound and self._name is not None and self._arguments):
            for outcome in read_calls(self._raw, self.sink.protocol, strict=self._sound):
                self.sink.put(outcome)
            return
        text = "".join(self._arguments)
        try:
            proposal = Proposal(self._name, loads(text), text)
        except ValueError as error:
            self.fail(f"The call of {self._name} cannot be read: {error}.")
            return
        self.sink.put(fit_proposal(proposal, self.sink.protocol, raw=self._raw))

    def settle_loose(self) -> str:
        """A call whose end was not known is over: read it as far as it goes, and return what is left."""
        raw, mark = self._raw, self._mark
        if self._begun is not None or mark is None:
            self.fail("The call is no valid JSON, or not whole.", raw[: mark[0]] if mark else raw)
        else:
            try:
                outcomes = read_calls(raw[: mark[0]], self.sink.protocol, strict=False)
            except RecursionError:
                self.fail(_TOO_DEEP, raw[: mark[0]])
            else:
                for outcome in outcomes:
                    self.sink.put(outcome)
        return raw[mark[1] :] if mark else ""

    def fail(self, message: str, raw: str | None = None) -> None:
        """The call cannot be passed on."""
        self.sink.put(
            CallFault(
                kind=FaultKind.SYNTAX,
                message=message,
                raw=self._raw if raw is None else raw,
                began=self._begun is not None,
            )
        )

    @property
    def _raw(self) -> str:
        return "".join(self._parts)

    def _settle_begun(self, begun: _Begun) -> None:
        name = begun.tool.name
        if begun.told < len(self._arguments):
            self.fail(f"The arguments of {name} are no valid JSON.")
            return
        if begun.text is not None:
            self.sink.end(begun.event, begun.text.text)
            return
        text = "".join(self._arguments)
        try:
            fitted = check_arguments(begun.tool, loads(text), self.sink.protocol)
        except ValueError as error:
            self.fail(f"The call of {name} cannot be read: {error}.")
            return
        if isinstance(fitted, CallFault):
            self.sink.put(attrs.evolve(fitted, raw=self._raw, began=True))
        elif fitted.changed:
            message = f"The arguments of {name} have values of the wrong type."
            self.sink.put(CallFault(kind=FaultKind.SCHEMA, message=message, raw=self._raw, began=True))
        else:
            self.sink.end(begun.event, text)
