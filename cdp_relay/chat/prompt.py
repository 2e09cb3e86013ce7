"""Render a conversation into the one text that a chat page takes.

A request of a single user message is that message, to the letter. Anything longer carries the
system text first, the conversation so far with each message between tags of its own, and what is to
be answered last, so that a page's model reads it as one job. Texts are never escaped or re-wrapped:
what a client sent stands in the prompt byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from cdp_relay.chat.vocabulary import Message, Role
from cdp_relay.errors import InvalidRequest
from cdp_relay.text import check_text

__all__ = ["LAST_HEADING", "check_messages", "render_prompt", "split_system", "unsaid"]

SYSTEM_HEADING = "# Instructions"
HISTORY_HEADING = "# Conversation so far"
LAST_HEADING = "# Message to answer"
_CONTINUE = "Continue the conversation: write the next assistant message, and nothing else."
_GO_ON = (
    "The last assistant message above is not finished. Go on with it from its very last character: write "
    "only what follows, and repeat nothing of it, as your words are joined to it as they are."
)


def render_prompt(messages: Sequence[Message]) -> str:
    """Render messages, oldest first, into one prompt.

    Raises:
      InvalidRequest: there is nothing to answer.
      InvalidText: a text holds what no page takes; ``param`` names the message.
    """
    check_messages(messages)
    system = [message.text for message in messages if message.role is Role.SYSTEM and message.text]
    turns = [message for message in messages if message.role is not Role.SYSTEM]
    if not any(message.text or message.tool_calls for message in turns):
        if not system:
            raise InvalidRequest("The request has no text to answer.", param="messages")
        # Some clients put a whole one-off question into the system message.
        return "\n\n".join(system)
    last = turns[-1]
    if len(turns) == 1 and not system and last.role is Role.USER:
        return last.text
    sections = []
    if system:
        sections.append(SYSTEM_HEADING + "\n\n" + "\n\n".join(system))
    answered = last.role is Role.USER and bool(last.text)
    history = turns[:-1] if answered else turns
    if history:
        sections.append(HISTORY_HEADING + "\n\n" + "\n".join(_render_turn(message) for message in history))
    sections.append(LAST_HEADING + "\n\n" + (last.text if answered else _demand(last)))
    return "\n\n".join(sections)


def _demand(last: Message) -> str:
    """What to ask for when the last message asks for nothing itself."""
    begun = last.role is Role.ASSISTANT and last.text and not last.tool_calls
    return _GO_ON if begun else _CONTINUE


def split_system(messages: Sequence[Message]) -> tuple[str, tuple[Message, ...]]:
    """Take the system texts out of a conversation: they, joined, and what is left of it, files included."""
    system = [message.text for message in messages if message.role is Role.SYSTEM and message.text]
    rest = [
        attrs.evolve(message, parts=message.files) if message.role is Role.SYSTEM else message
        for message in messages
        if message.role is not Role.SYSTEM or message.files
    ]
    return "\n\n".join(system), tuple(rest)


def unsaid(messages: Sequence[Message]) -> tuple[Message, ...]:
    """What a chat that holds all up to the last assistant message has not been told yet.

    Raises:
      InvalidRequest: nothing follows that message.
    """
    said = [index for index, message in enumerate(messages) if message.role is Role.ASSISTANT]
    rest = tuple(messages[said[-1] + 1 :] if said else messages)
    if not rest:
        raise InvalidRequest(
            "The last message is the assistant's, so the chat has nothing new to be told.",
            param="messages",
        )
    return rest


def check_messages(messages: Sequence[Message]) -> None:
    """Refuse texts that no page takes.

    Raises:
      InvalidText: ``param`` names the message.
    """
    for index, message in enumerate(messages):
        _check(message.text, f"messages[{index}].content")
        for number, call in enumerate(message.tool_calls):
            _check(call.arguments, f"messages[{index}].tool_calls[{number}].function.arguments")


def _check(text: str, param: str) -> None:
    check_text(text, name=param, param=param)


def _render_turn(message: Message) -> str:
    lines = []
    if message.role is Role.TOOL:
        name = f' name="{message.name}"' if message.name else ""
        call = f' call="{message.tool_call_id}"' if message.tool_call_id else ""
        return f"<tool_result{name}{call}>\n{message.text}\n</tool_result>"
    tag = message.role.value
    name = f' name="{message.name}"' if message.name else ""
    lines.append(f"<{tag}{name}>")
    if message.text:
        lines.append(message.text)
    lines += [
        f'<tool_call name="{call.name}" call="{call.id}">\n{call.arguments}\n</tool_call>'
        for call in message.tool_calls
    ]
    lines.append(f"</{tag}>")
    return "\n".join(lines)
