"""Render a conversation into the one text that a chat page takes.

A request of a single user message is that message, to the letter. Anything longer carries the
system text first, the conversation so far with each message between tags of its own, and what is to
be answered last, so that a page's model reads it as one job. Texts are never escaped or re-wrapped:
what a client sent stands in the prompt byte for byte.

Where tools are offered, their section follows the system text, past calls are told in the form in which
calls are to be made, and the prompt ends with a short reminder: what stands last is followed best.

What goes on in a chat is only what that has not been told: :mod:`cdp_relay.chat.wording` says what belongs
to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from cdp_relay.chat.calls import CallProtocol
from cdp_relay.chat.calls.history import CallHistory
from cdp_relay.chat.vocabulary import Message, Role, TextPart
from cdp_relay.errors import InvalidRequest
from cdp_relay.text import check_text

__all__ = ["LAST_HEADING", "check_messages", "render_prompt", "split_system", "unsaid"]

HISTORY_HEADING = "# Conversation so far"
RESULTS_HEADING = "# Results of your calls"
LAST_HEADING = "# Message to answer"
_CONTINUE = "Continue the conversation: write the next assistant message, and nothing else."
_RESULTS_CONTINUE = (
    "The results of your calls stand above. Go on: write the next assistant message, and nothing else."
)
_GO_ON = (
    "The last assistant message above is not finished. Go on with it from its very last character: write "
    "only what follows, and repeat nothing of it, as your words are joined to it as they are."
)


def render_prompt(
    messages: Sequence[Message],
    *,
    calls: CallProtocol | None = None,
    sections: Sequence[tuple[str, str]] = (),
    closing: str = "",
    of: Sequence[Message] = (),
    tools: str | None = None,
    opening: str = "",
) -> str:
    """Render messages, oldest first, into one prompt.

    Args:
      calls: how tools are offered, and how past calls and their results are told.
      sections: more to be said before the conversation, as headings and texts.
      closing: what is said last of all.
      of: the whole conversation where *messages* is but the end of it; the calls that results belong to
        are looked up there.
      tools: what is said of tools, in the place of all that *calls* has to say.
      opening: what comes before everything else.

    Raises:
      InvalidRequest: there is nothing to answer.
      InvalidText: a text holds what no page takes; ``param`` names the message.
    """
    check_messages(messages)
    system = [message.text for message in messages if message.role is Role.SYSTEM and message.text]
    turns = [message for message in messages if message.role is not Role.SYSTEM]
    if tools is None:
        tools = calls.instructions if calls else ""
    before = _headed(("Tools", tools), *sections)
    after = "\n".join(text for text in (calls.reminder if calls else "", closing) if text)
    # A chat that goes on may be told nothing but how: what is to be answered stands in it.
    only_how = bool(system) and not turns and len(messages) < len(of)
    if not only_how and not any(_says_something(message, calls) for message in turns):
        if not system:
            raise InvalidRequest("The request has no text to answer.", param="messages")
        # Some clients put a whole one-off question into the system message.
        question = "\n\n".join(system)
        system, turns = [], [Message(role=Role.USER, parts=(TextPart(question),))]
    last = turns[-1] if turns else None
    answered = last is not None and last.role is Role.USER and bool(last.text)
    if last is not None and answered and len(turns) == 1 and not (system or before or after or opening):
        return last.text
    parts = [opening] if opening else []
    parts += _headed(("Instructions", "\n\n".join(system))) + before
    history = turns[:-1] if answered else turns
    if history:
        parts.append(_render_history(history, calls, of))
    asked = last.text if last is not None and answered else _demand(last, calls)
    parts.append(f"{LAST_HEADING}\n\n{asked}")
    return "\n\n".join(parts + _headed(("Reminder", after)))


def _headed(*sections: tuple[str, str]) -> list[str]:
    return [f"# {heading}\n\n{text}" for heading, text in sections if text]


def _says_something(message: Message, calls: CallProtocol | None) -> bool:
    # A tool that has nothing to say has run all the same.
    return bool(message.text or message.tool_calls or (calls is not None and message.role is Role.TOOL))


def _demand(last: Message | None, calls: CallProtocol | None) -> str:
    """What to ask for when the last message asks for nothing itself."""
    if last is None:
        return _CONTINUE
    if last.role is Role.ASSISTANT and last.text and not last.tool_calls:
        return _GO_ON
    return _RESULTS_CONTINUE if calls is not None and last.role is Role.TOOL else _CONTINUE


def _render_history(turns: Sequence[Message], calls: CallProtocol | None, of: Sequence[Message]) -> str:
    past = None
    heading = HISTORY_HEADING
    if calls is not None:
        past = CallHistory(calls)
        past.learn(of)
        if all(message.role is Role.TOOL for message in turns):
            heading = RESULTS_HEADING
    return f"{heading}\n\n" + "\n".join(_render_turn(message, past) for message in turns)


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


def _render_turn(message: Message, past: CallHistory | None) -> str:
    if message.role is Role.TOOL:
        return _render_result(message) if past is None else past.render_result(message)
    tag = message.role.value
    name = f' name="{message.name}"' if message.name else ""
    lines = [f"<{tag}{name}>"]
    if message.text:
        lines.append(message.text)
    lines += _render_calls(message) if past is None else past.render_calls(message)
    lines.append(f"</{tag}>")
    return "\n".join(lines)


def _render_result(message: Message) -> str:
    """A result in a conversation whose tools are not offered any more."""
    name = f' name="{message.name}"' if message.name else ""
    call = f' call="{message.tool_call_id}"' if message.tool_call_id else ""
    return f"<tool_result{name}{call}>\n{message.text}\n</tool_result>"


def _render_calls(message: Message) -> list[str]:
    return [
        f'<tool_call name="{call.name}" call="{call.id}">\n{call.arguments}\n</tool_call>'
        for call in message.tool_calls
    ]
