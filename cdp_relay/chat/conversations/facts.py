"""What of a message counts when conversations are compared, as digests.

Clients change their own history in small ways: they trim texts, join or split what came in parts, write a
call's arguments anew with its keys in another order, drop thoughts. None of that changes a unit's digest;
anything else does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from cdp_relay.chat.conversations.results import ResultFacts
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FilePart,
    Message,
    Role,
    TextDelta,
    TextRetracted,
    ToolCall,
    ToolCallEnded,
)

__all__ = ["RESULT_KEY", "AnswerFacts", "Unit", "loose_text", "read_units"]

RESULT_KEY = "result"
"""The key of every tool's result: which one it is is looked at once its place fits."""

_MOST_HELD_CHARS = 128 * 1024
"""How much of an answer's text is kept until it goes into the digest: a site can take back so much of it."""


@attrs.frozen(kw_only=True)
class Unit:
    """A message, or a run of those that count as one: system messages in a row, or an assistant's."""

    key: str
    """Units of one key say the same."""
    role: Role
    end: int
    """How many messages of the request stand up to its end."""
    result: ResultFacts | None = None
    """Of a tool's result."""
    text: str = attrs.field(default="", repr=False)
    """Of a tool's result, loosened."""


def read_units(messages: Sequence[Message]) -> tuple[Unit, ...]:
    """What a conversation is made of. Blank messages do not count, but for results: those are answers."""
    return tuple(_read_units(messages))


def _read_units(messages: Sequence[Message]) -> Iterator[Unit]:
    run: list[Message] = []
    end = 0
    for index, message in enumerate(messages):
        if message.is_blank and message.role is not Role.TOOL:
            continue
        if run and not (message.role is run[0].role and message.role in (Role.SYSTEM, Role.ASSISTANT)):
            yield _unit(run, end)
            run = []
        run.append(message)
        end = index + 1
    if run:
        # What is blank and follows adds nothing, and is not new either.
        yield _unit(run, len(messages))


def _unit(run: Sequence[Message], end: int) -> Unit:
    role, files = run[0].role, _files_digest(file for message in run for file in message.files)
    if role is Role.TOOL:
        text = loose_text(run[0].text)
        return Unit(key=RESULT_KEY, role=role, end=end, result=ResultFacts.of(text, files), text=text)
    if role is Role.ASSISTANT:
        facts = AnswerFacts()
        for message in run:
            facts.add(message.text)
            for call in message.tool_calls:
                facts.add_call(call)
        return Unit(key=facts.key(files), role=role, end=end)
    joined = loose_text("\n".join(message.text for message in run))
    if role is Role.SYSTEM:
        # However they are cut into messages, and whatever stands between those.
        joined = "\n".join(line for line in joined.split("\n") if line)
    return Unit(key=_digest(role.value, joined, files), role=role, end=end)


def loose_text(text: str) -> str:
    """A text with its line ends unified, without white space at its ends and at those of its lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


@attrs.define(eq=False)
class AnswerFacts:
    """Takes in an assistant's message piece by piece; of its text, white space does not count at all."""

    _text: Any = attrs.field(factory=lambda: hashlib.blake2b(digest_size=16), init=False)
    _held: list[str] = attrs.field(factory=list, init=False)
    """The end of the text, which may be taken back yet."""
    _held_chars: int = attrs.field(default=0, init=False)
    _said: bool = attrs.field(default=False, init=False)
    """Whether any text is in the digest already."""
    _calls: list[str] = attrs.field(factory=list, init=False)
    lost: bool = attrs.field(default=False, init=False)
    """Whether more was taken back than is known."""

    def hear(self, event: ChatEvent) -> None:
        """Take what a client was told."""
        if isinstance(event, TextDelta):
            self.add(event.text)
        elif isinstance(event, TextRetracted):
            self._retract(event.chars)
        elif isinstance(event, ToolCallEnded):
            self.add_call(event)

    def add(self, text: str) -> None:
        """Take more of its text."""
        self._held.append(text)
        self._held_chars += len(text)
        if self._held_chars > 2 * _MOST_HELD_CHARS:
            self._settle(_MOST_HELD_CHARS)

    def add_call(self, call: ToolCall | ToolCallEnded) -> None:
        """Take one of its calls."""
        self._calls.append(_digest(call.name, _loose_arguments(call.arguments, freeform=call.freeform)))

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not (self._said or self._calls or any(text.strip() for text in self._held))

    def key(self, files: str = "") -> str:
        """The key of the unit; nothing can be added afterwards.

        Args:
          files: a digest of its files.
        """
        self._settle(0)
        return _digest(Role.ASSISTANT.value, self._text.hexdigest(), *self._calls, files)

    def _retract(self, chars: int) -> None:
        if chars > self._held_chars:
            self.lost = True
        held = "".join(self._held)
        kept = held[: max(0, len(held) - chars)]
        self._held, self._held_chars = [kept], len(kept)

    def _settle(self, leave: int) -> None:
        held = "".join(self._held)
        cut = max(0, len(held) - leave)
        settled = "".join(held[:cut].split())
        self._said = self._said or bool(settled)
        self._text.update(settled.encode("utf-8", "surrogatepass"))
        self._held, self._held_chars = [held[cut:]], len(held) - cut


def _loose_arguments(arguments: str, *, freeform: bool) -> str:
    if freeform:
        return loose_text(arguments)
    try:
        # A number keeps its value when a program in between has read and written it anew.
        value = json.loads(arguments.strip() or "{}", parse_float=_number)
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "".join(arguments.split())


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _files_digest(files: Iterable[FilePart]) -> str:
    digests = [hashlib.blake2b(file.data, digest_size=16).hexdigest() for file in files]
    return _digest(*digests) if digests else ""


def _digest(*parts: str) -> str:
    running = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        running.update(len(data).to_bytes(8))
        running.update(data)
    return running.hexdigest()
