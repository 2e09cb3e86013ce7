"""The protocol that carries tool calls through a chat page: what a prompt says of tools, and in which form.

A call is one Markdown code fence whose info string is ``call_<nonce>`` and whose body is one JSON
object, ``{"name": ..., "arguments": {...}}``. The nonce is the same while a conversation grows, and
nobody else can know it: what a file or a web page says in this form is never taken for a call.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from functools import cached_property

import attrs

from cdp_relay.chat.calls._instructions import write_instructions, write_reminder
from cdp_relay.chat.calls._repair import canonical, loads
from cdp_relay.chat.fitting import SchemaFit
from cdp_relay.chat.vocabulary import Message, Role, Tool, ToolCall, ToolChoice, ToolMode

__all__ = ["CallProtocol", "new_nonce"]

# No letters that look alike, and no vowels to make words of.
_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
_NONCE_LENGTH = 6


@attrs.frozen
class CallProtocol:
    """How the tools of one request are offered, called and answered in a chat."""

    nonce: str
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice = attrs.field(factory=ToolChoice)

    _fits: dict[str, SchemaFit] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    @property
    def marker(self) -> str:
        """The info string of a call's fence."""
        return f"call_{self.nonce}"

    @property
    def result_tag(self) -> str:
        """The name of the tag around a result."""
        return f"result_{self.nonce}"

    @cached_property
    def callable_names(self) -> tuple[str, ...]:
        """The names of the tools that may be called now."""
        if self.choice.mode is ToolMode.NONE:
            return ()
        names = tuple(tool.name for tool in self.tools)
        return tuple(name for name in names if name in self.choice.names) if self.choice.names else names

    @cached_property
    def instructions(self) -> str:
        """The prompt's section about tools; empty when none may be called."""
        if not self.callable_names:
            return ""
        return write_instructions(self.marker, self.result_tag, self.tools, self.callable_names, self.choice)

    @cached_property
    def reminder(self) -> str:
        """What is said once more at a prompt's end; empty when no tool may be called."""
        if not self.callable_names:
            return ""
        return write_reminder(self.marker, self.callable_names, self.choice)

    def fit_of(self, tool: Tool) -> SchemaFit:
        """What the arguments of a tool are held against."""
        fit = self._fits.get(tool.name)
        if fit is None:
            fit = self._fits[tool.name] = SchemaFit(tool.parameters, "arguments")
        return fit

    def render_call(self, call: ToolCall) -> str:
        """A call that was made earlier, in the form in which calls are to be made."""
        name = json.dumps(call.name, ensure_ascii=False)
        if call.freeform:
            body = f'{{"name": {name}, "input": {canonical(call.arguments)}}}'
        else:
            body = f'{{"name": {name}, "arguments": {_object_text(call.arguments)}}}'
        return f"```{self.marker}\n{body}\n```"

    def render_result(self, message: Message, place: str) -> str:
        """The result of a call.

        Args:
          place: of the call among those of its message, as ``2 of 3``; empty for an only one.
        """
        of = f' tool="{message.name}"' if message.name else ""
        call = f' call="{place}"' if place else ""
        failed = ' status="failed"' if message.failed else ""
        return f"<{self.result_tag}{of}{call}{failed}>\n{message.text}\n</{self.result_tag}>"


def new_nonce(key: bytes, messages: Sequence[Message]) -> str:
    """The nonce of a conversation: the same for all that begin with the same question.

    Args:
      key: a secret of this relay's, so that nobody else can work the nonce out.
      messages: all of the conversation, oldest first.
    """
    spoken = next((message for message in messages if message.role is not Role.SYSTEM), None)
    first = spoken or next(iter(messages), None)
    said = "" if first is None else first.text
    number = int.from_bytes(hmac.digest(key, said.encode("utf-8", "surrogatepass"), hashlib.sha256))
    letters = []
    for _ in range(_NONCE_LENGTH):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)


def _object_text(arguments: str) -> str:
    """Arguments as they stand in a call: as they were written, when that is JSON to the letter."""
    text = arguments.strip() or "{}"
    try:
        if isinstance(loads(text), dict):
            # On one line if it can be, and never with a raw line break inside of a string.
            return text if text.isprintable() else canonical(loads(text))
    except (ValueError, RecursionError):
        pass
    return canonical(arguments)
