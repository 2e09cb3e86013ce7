"""What broke, as the ``error`` of a response.

Clients act on ``code`` alone, Codex above all: it waits as long as the message of a
``rate_limit_exceeded`` says, gives up on ``insufficient_quota``, ``invalid_prompt`` and
``context_length_exceeded``, and asks again after everything else.
"""

from __future__ import annotations

from typing import Any

from cdp_relay.api.failure import whole_seconds
from cdp_relay.errors import CapReached, InternalError, RelayError

__all__ = ["response_error"]

_PATIENCE_SECONDS = 120.0
"""A client waits that long for an allowance; a later reset is for the person to know."""


def response_error(error: RelayError) -> dict[str, Any]:
    """The ``error`` object of a response that failed."""
    code, message = _code(error), f"{error.message} {error.next_step}".strip()
    if code == "rate_limit_exceeded" and error.retry_after_seconds is not None:
        message += f" Please try again in {whole_seconds(error.retry_after_seconds)}s."
    return {
        "code": code,
        "message": message,
        "type": error.code,
        "param": error.param,
        "retryable": error.retryable,
    }


def _code(error: RelayError) -> str:
    if error.code == "context_length_exceeded":
        return error.code
    if isinstance(error, CapReached) and (error.retry_after_seconds or 3600.0) > _PATIENCE_SECONDS:
        return "insufficient_quota"
    if error.status == 429:
        return "rate_limit_exceeded"
    # Whoever sends these again gets the same answer, or a second prompt in the chat.
    if not error.retryable and not isinstance(error, InternalError):
        return "invalid_prompt"
    return "server_error"
