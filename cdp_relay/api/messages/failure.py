"""Errors in Anthropic's shape, with its types; status and headers are those of every dialect."""

from __future__ import annotations

from typing import Any

from cdp_relay.api.failure import whole_seconds
from cdp_relay.api.messages._shape import EXTENSION
from cdp_relay.errors import RelayError

__all__ = ["messages_error"]

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
"""By status; other 4xx are ``invalid_request_error``, other 5xx ``api_error``."""


def messages_error(error: RelayError, request_id: str) -> dict[str, Any]:
    """The JSON object that describes an error; ``message`` ends with what to do next."""
    message = f"{error.message} {error.next_step}".strip()
    if error.code == "context_length_exceeded":
        # By these words, and by nothing else, Claude Code knows that it has to compact.
        message = f"prompt is too long: {message}"
    more: dict[str, Any] = {
        "code": error.code,
        "param": error.param,
        "next_step": error.next_step,
        "retryable": error.retryable,
    }
    if error.retry_after_seconds is not None:
        more["retry_after_seconds"] = whole_seconds(error.retry_after_seconds)
    if error.details:
        more["details"] = error.details
    return {
        "type": "error",
        "error": {"type": _type(error), "message": message},
        "request_id": request_id,
        EXTENSION: more,
    }


def _type(error: RelayError) -> str:
    if error.status == 503 and error.retryable:
        return "overloaded_error"
    return _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
