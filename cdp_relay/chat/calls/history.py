"""The calls of a conversation and their results, as a prompt tells them."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cdp_relay.chat.calls.protocol import CallProtocol
from cdp_relay.chat.vocabulary import Message

__all__ = ["CallHistory"]


@attrs.define(eq=False)
class _Call:
    id: str
    name: str
    place: str
    answered: bool = False


@attrs.define(eq=False)
class CallHistory:
    """Renders calls and results, which are met in their order, and finds the call of each result.

    Ids are not to be relied on: some clients give the same one twice, some give none. A result belongs
    to the first call of its id that has none yet, in the last message with calls before any other; one
    without a call is told all the same.
    """

    protocol: CallProtocol
    _last: list[_Call] = attrs.field(factory=list, init=False)
    _known: dict[str, _Call] = attrs.field(factory=dict, init=False)

    def learn(self, messages: Iterable[Message]) -> None:
        """Remember the calls of messages that are not told themselves."""
        for message in messages:
            self._remember(message)

    def render_calls(self, message: Message) -> list[str]:
        """The calls of an assistant's message."""
        self._remember(message)
        return [self.protocol.render_call(call) for call in message.tool_calls]

    def render_result(self, message: Message) -> str:
        """The result of a call."""
        call = self._find(message)
        if call is None:
            return self.protocol.render_result(message, "")
        call.answered = True
        return self.protocol.render_result(attrs.evolve(message, name=call.name), call.place)

    def _remember(self, message: Message) -> None:
        calls = message.tool_calls
        if not calls:
            return
        self._last = [
            _Call(call.id, call.name, f"{number} of {len(calls)}" if len(calls) > 1 else "")
            for number, call in enumerate(calls, 1)
        ]
        self._known |= {call.id: call for call in self._last}

    def _find(self, message: Message) -> _Call | None:
        wanted = message.tool_call_id
        if wanted:
            open_ones = (call for call in self._last if call.id == wanted and not call.answered)
            return next(open_ones, self._known.get(wanted))
        return next(
            (call for call in self._last if not call.answered and message.name in (None, call.name)), None
        )
