"""What a request means, as a short text: the same for the same request sent again.

How the answer is to be told (streamed or whole, in which dialect) does not count, nor who asks: clients
whose stream broke ask for the same without one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b

from cdp_relay.chat.vocabulary import ChatRequest, FilePart, Message

__all__ = ["fingerprint"]


def fingerprint(request: ChatRequest) -> str:
    """The fingerprint of a request: 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for piece in _pieces(request):
        data = piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")
        # With its length, so that no two rows of pieces look alike.
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def _pieces(request: ChatRequest) -> Iterator[str | bytes]:
    wishes, chat, choice, output = request.wishes, request.chat, request.tool_choice, request.output
    yield request.model
    yield repr((wishes.effort, wishes.temperature, wishes.max_output_tokens, wishes.stop))
    yield repr((chat.temporary, chat.conversation_id))
    yield repr((choice.mode.value, choice.names, choice.parallel))
    for tool in request.tools:
        yield from (tool.name, tool.description, _json(tool.parameters), repr(tool.freeform))
    if output is not None:
        yield from ("output", _json(output.schema), output.name, output.description)
    for message in request.messages:
        yield from _message(message)


def _message(message: Message) -> Iterator[str | bytes]:
    yield repr((message.role.value, message.name, message.tool_call_id, message.failed))
    for part in message.parts:
        if isinstance(part, FilePart):
            yield from ("file", part.name, part.media_type, part.data)
        else:
            yield from ("text", part.text)
    for call in message.tool_calls:
        yield from ("call", call.id, call.name, call.arguments)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
