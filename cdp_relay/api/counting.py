"""Counting a request's tokens: by the relay itself, never by the site."""

from __future__ import annotations

import attrs
import trio

from cdp_relay.api.contract import RelayLike
from cdp_relay.chat.usage import TokenCount
from cdp_relay.chat.vocabulary import ChatRequest, FilePart, Message, Part, TextPart

__all__ = ["count_input"]

_THREAD_CHARS = 32_768
"""Prompts above this are counted in a thread, so that many at once hold up nobody's stream."""
_TOOL_CHARS = 1000
"""What a tool adds to a prompt, about."""


async def count_input(relay: RelayLike, request: ChatRequest) -> TokenCount:
    """Count the tokens of the prompt that a request becomes; of a file its name only.

    Raises:
      RelayError: there is nothing to say, or it cannot be said.
    """
    said = attrs.evolve(request, messages=tuple(_named(message) for message in request.messages))
    size = sum(len(message.text) for message in said.messages) + _TOOL_CHARS * len(said.tools)
    if size < _THREAD_CHARS:
        return relay.count_tokens(said)
    return await trio.to_thread.run_sync(relay.count_tokens, said, abandon_on_cancel=True)


def _named(message: Message) -> Message:
    """The message with words in place of its files, as a prompt has them."""
    if not message.files:
        return message
    return attrs.evolve(message, parts=tuple(_word(part) for part in message.parts))


def _word(part: Part) -> TextPart:
    return TextPart(f"\n[file: {part.name}]\n") if isinstance(part, FilePart) else part
