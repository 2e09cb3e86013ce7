"""Errors as Ollama's clients read them."""

from __future__ import annotations

from typing import Any

from cdp_relay.api.failure import error_object
from cdp_relay.errors import InvalidKey, RelayError

__all__ = ["ollama_error"]

_KEY_HINT = "Ollama's own clients take it from OLLAMA_API_KEY; others let you set a header."


def ollama_error(error: RelayError, request_id: str) -> dict[str, Any]:
    """The JSON object of an error: a sentence, and beside it what other dialects have inside of theirs."""
    facts: dict[str, Any] = error_object(error, request_id)["error"]
    message = facts.pop("message")
    return {"error": f"{message} {_KEY_HINT}" if isinstance(error, InvalidKey) else message, **facts}
