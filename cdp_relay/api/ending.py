"""What the end of a turn says, as objects: tokens in OpenAI's shape, and the extension ``cdp_relay``."""

from __future__ import annotations

from typing import Any

from cdp_relay.chat.vocabulary import Finished, Usage

__all__ = ["extension_object", "usage_object"]


def usage_object(usage: Usage) -> dict[str, Any]:
    """Token counts, as OpenAI's completions have them."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def extension_object(end: Finished, notices: list[str]) -> dict[str, Any]:
    """What is known of an answer beyond what the dialect has a place for."""
    return {
        "site": end.site,
        "model": end.model,
        "conversation_id": end.conversation_id,
        "conversation_url": end.conversation_url,
        "capture": end.capture,
        "finish_reason": end.finish_reason.value,
        "stop_sequence": end.stop_sequence,
        "usage_estimated": end.usage.estimated,
        "usage_source": end.usage.source,
        "notices": list(notices),
    }
