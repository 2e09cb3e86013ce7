"""What both writers of an answer have in common: names, counts, and the notes on files."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from cdp_relay.chat.vocabulary import FileProduced, Finished, FinishReason, Usage

__all__ = ["EXTENSION", "SIGNATURE", "call_id", "file_block", "stop_reason", "usage_object"]

EXTENSION = "cdp_relay"
"""The name of what this service says beyond the dialect."""

SIGNATURE = "Y2RwLXJlbGF5"
"""Of thinking blocks. Clients send it back and look no further; nothing here checks it."""

_STOP_REASONS = {
    FinishReason.STOP: "end_turn",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.TOOL_CALLS: "tool_use",
    FinishReason.CONTENT_FILTER: "refusal",
    # Of the dialect's words only this one says that the text is cut.
    FinishReason.INTERRUPTED: "max_tokens",
}


def stop_reason(end: Finished) -> dict[str, str | None]:
    """Why the answer ended, as an answer and the last delta of a stream say it."""
    by_sequence = end.finish_reason is FinishReason.STOP and end.stop_sequence is not None
    reason = "stop_sequence" if by_sequence else _STOP_REASONS[end.finish_reason]
    return {"stop_reason": reason, "stop_sequence": end.stop_sequence if by_sequence else None}


def usage_object(usage: Usage) -> dict[str, Any]:
    """The token counts; nothing is ever cached here."""
    return {
        "input_tokens": usage.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def call_id(plain: str) -> str:
    """The id of a call, in the dialect's form."""
    return plain if plain.startswith("toolu_") else "toolu_" + plain.removeprefix("call_")


def file_block(file: FileProduced) -> tuple[str, dict[str, Any]]:
    """A text that speaks of a file, and the file as a block that a request may hold.

    An answer has no block for images or files, so they lie in the extension object of a text block.
    """
    is_image = file.media_type.startswith("image/")
    described = f": {file.description}" if file.description else ""
    size = f"{len(file.data):,} bytes"
    text = f"[{'image' if is_image else 'file'} {file.name}, {file.media_type}, {size}{described}]"
    source = {"type": "base64", "media_type": file.media_type, "data": b64encode(file.data).decode()}
    return text, {"type": "image" if is_image else "document", "source": source, "name": file.name}
