"""Conversations as clients keep them, and what a client may do to one without saying another thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from cdp_relay.chat.conversations import AnswerFacts
from cdp_relay.chat.vocabulary import FilePart, Message, Role, TextPart, ToolCall

__all__ = [
    "REAL_EDITS",
    "SMALL_EDITS",
    "Said",
    "answer",
    "answer_key",
    "flat",
    "is_met",
    "result",
    "system",
    "user",
]


@attrs.frozen
class Said:
    """One thing that was said, in one message or several; of one token whatever small was done to it."""

    token: int
    messages: tuple[Message, ...]
    form: str = ""
    """How a tool's result was shortened; once at most."""

    @property
    def role(self) -> Role:
        return self.messages[0].role


def flat(conversation: Sequence[Said]) -> tuple[Message, ...]:
    """The messages of a request."""
    return tuple(message for said in conversation for message in said.messages)


def user(token: int) -> Said:
    text = f"Question {token}:\n    def f(x):\n\treturn {token}\n\nWhat does it do?"
    file = FilePart(name="a.png", media_type="image/png", data=b"picture %d" % token)
    parts = (TextPart(text), file) if token % 3 == 0 else (TextPart(text),)
    return Said(token, (Message(role=Role.USER, parts=parts),))


def system(token: int) -> Said:
    text = f"You are agent {token}.\n\nBe careful.\nNever guess."
    return Said(token, (Message(role=Role.SYSTEM, parts=(TextPart(text),)),))


def answer(token: int, *, calls: int = 0) -> Said:
    made = tuple(
        ToolCall(
            id=f"call_{token}_{number}",
            name="read_file",
            arguments=json.dumps(
                {"path": f"{token}.txt", "lines": [number, 2.0], "deep": {"b": 1, "a": "x y"}}
            ),
        )
        for number in range(calls)
    )
    text = f"I answer number {token}:\n\n* one\n* two\n"
    return Said(token, (Message(role=Role.ASSISTANT, parts=(TextPart(text),), tool_calls=made),))


def result(token: int) -> Said:
    text = "\n".join(f"{token}: line {number} of a file" for number in range(40))
    return Said(token, (Message(role=Role.TOOL, parts=(TextPart(text),), tool_call_id="call"),))


def answer_key(said: Said) -> str:
    """The key of an answer, as it is told to a client piece by piece."""
    facts = AnswerFacts()
    for message in said.messages:
        for start in range(0, len(message.text), 7):
            facts.add(message.text[start : start + 7])
        for call in message.tool_calls:
            facts.add_call(call)
    return facts.key()


# --- what clients do to their history ---------------------------------------------------------------------


def _texts(said: Said, change: Callable[[str], str]) -> Said:
    return attrs.evolve(
        said,
        messages=tuple(
            attrs.evolve(
                message,
                parts=tuple(
                    TextPart(change(part.text)) if isinstance(part, TextPart) and part.text.strip() else part
                    for part in message.parts
                ),
            )
            for message in said.messages
        ),
    )


def _arguments(said: Said, change: Callable[[Any], Any], **form: Any) -> Said:
    return attrs.evolve(
        said,
        messages=tuple(
            attrs.evolve(
                message,
                tool_calls=tuple(
                    attrs.evolve(
                        call,
                        id=f"{call.id}x",
                        arguments=json.dumps(change(json.loads(call.arguments)), **form),
                    )
                    for call in message.tool_calls
                ),
            )
            for message in said.messages
        ),
    )


def _trimmed(said: Said) -> Said:
    return _texts(said, str.strip)


def _other_line_ends(said: Said) -> Said:
    return _texts(said, lambda text: "".join(f"{line} \r\n" for line in text.splitlines()))


def _without_space(said: Said) -> Said:
    return _texts(said, lambda text: "".join(text.split())) if said.role is Role.ASSISTANT else said


def _rewritten(said: Said) -> Said:
    return _arguments(said, lambda value: dict(reversed(value.items())), indent=2)


def _as_other_programs_write(said: Said) -> Said:
    return _arguments(
        said, lambda value: value | {"lines": [int(n) for n in value["lines"]]}, ensure_ascii=False
    )


def _split(said: Said) -> Said:
    message = said.messages[0]
    if len(said.messages) > 1:
        return said
    if said.role is Role.ASSISTANT and message.tool_calls:
        return attrs.evolve(
            said, messages=(attrs.evolve(message, tool_calls=()), attrs.evolve(message, parts=()))
        )
    if said.role is Role.SYSTEM:
        first, _, rest = message.text.partition("\n")
        parts = [attrs.evolve(message, parts=(TextPart(text),)) for text in (first, rest)]
        return attrs.evolve(said, messages=tuple(parts))
    return said


def _with_a_blank_one(said: Said) -> Said:
    blank = Message(role=Role.ASSISTANT, parts=(TextPart(" \n"),))
    return attrs.evolve(said, messages=(*said.messages, blank))


def _shortened(form: str, change: Callable[[str], str]) -> Callable[[Said], Said]:
    def shorten(said: Said) -> Said:
        if said.role is not Role.TOOL or said.form:
            return said
        return attrs.evolve(_texts(said, change), form=form)

    return shorten


def is_met(given: str, asked: str) -> bool:
    """Whether a result that a chat was given in one form is known again in another."""
    if given == asked or not given:
        return True
    return (asked == "empty") or (asked == "note" and given in ("begun", "middle"))


SMALL_EDITS: tuple[Callable[[Said], Said], ...] = (
    _trimmed,
    _other_line_ends,
    _without_space,
    _rewritten,
    _as_other_programs_write,
    _split,
    _with_a_blank_one,
    _shortened("empty", lambda _: ""),
    _shortened("note", lambda _: "[Old tool result content cleared]"),
    _shortened("begun", lambda text: text[: len(text) // 3]),
    _shortened("middle", lambda text: f"{text[:200]}\n\n[... 800 characters truncated ...]\n\n{text[-99:]}"),
)
"""What says the same; each can be done to anything that was said, and again."""


def _another_argument(said: Said) -> Said:
    return _arguments(said, lambda value: value | {"path": "another.txt"})


def _another_tool(said: Said) -> Said:
    messages = [
        attrs.evolve(m, tool_calls=tuple(attrs.evolve(call, name="write_file") for call in m.tool_calls))
        for m in said.messages
    ]
    return attrs.evolve(said, messages=tuple(messages))


def _another_file(said: Said) -> Said:
    messages = [
        attrs.evolve(
            m,
            parts=tuple(attrs.evolve(p, data=b"another") if isinstance(p, FilePart) else p for p in m.parts),
        )
        for m in said.messages
    ]
    return attrs.evolve(said, messages=tuple(messages))


REAL_EDITS: tuple[Callable[[Said], Said], ...] = (
    lambda said: _texts(said, lambda text: f"{text} more"),
    lambda said: _texts(said, lambda text: f"Not so. {text}"),
    lambda said: _texts(said, lambda text: text.replace("a", "o")),
    lambda said: _texts(said, lambda text: text.upper()),
    _another_argument,
    _another_tool,
    _another_file,
)
"""What says another thing, where it changes anything at all."""
