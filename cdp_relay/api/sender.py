"""Who sends a request, and whether it was sent before, by what clients say of it in heads and bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from cdp_relay.api.failure import header_text
from cdp_relay.errors import InvalidRequest

__all__ = ["KEY_HEADER", "Sender", "read_sender"]

KEY_HEADER = "Idempotency-Key"
"""The request header that names a request which is to be made once."""

_RETRY_HEADER = "x-stainless-retry-count"
"""What the SDKs of OpenAI and Anthropic count their attempts in, from 0."""

_SESSION_HEADERS = (
    # Claude Code; OpenCode and others; Codex.
    *("x-claude-code-session-id", "x-session-id", "x-session-affinity"),
    *("session-id", "session_id", "thread-id", "conversation_id"),
)
"""Where clients name their conversation, in the order in which they are believed."""

_KEY = re.compile(r"[!-~]{1,255}")
_MOST_SESSION_CHARS = 200


@attrs.frozen(kw_only=True)
class Sender:
    """What a request says of itself beside its question."""

    session: str = ""
    """The client's name for its conversation."""
    key: str = ""
    """The idempotency key."""
    retry: bool = False
    """Whether it says that it was sent before."""


def read_sender(headers: Mapping[str, str], body: Mapping[str, Any]) -> Sender:
    """Read what a request says of itself.

    Args:
      headers: by names in lower case.

    Raises:
      InvalidRequest: its idempotency key is none.
    """
    key = headers.get(KEY_HEADER.lower(), "").strip()
    if key and _KEY.fullmatch(key) is None:
        raise InvalidRequest(
            f"{KEY_HEADER} is not made of 1 to 255 visible ASCII characters.", param=KEY_HEADER
        )
    count = headers.get(_RETRY_HEADER, "").strip()
    return Sender(
        session=_session(headers, body),
        key=key,
        retry=count.isascii() and count.isdecimal() and count.strip("0") != "",
    )


def _session(headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    for name in _SESSION_HEADERS:
        named = header_text(headers.get(name, ""), _MOST_SESSION_CHARS)
        if named:
            return named
    for value in (body.get("prompt_cache_key"), _user_session(body.get("metadata"))):
        if isinstance(value, str) and value.strip():
            return header_text(value, _MOST_SESSION_CHARS)
    return ""


def _user_session(metadata: Any) -> Any:
    """The session in the ``user_id`` of Anthropic's dialect, which is JSON or only an id."""
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str) or not user.startswith("{"):
        return user
    try:
        told = json.loads(user)
    except (ValueError, RecursionError):
        return user
    return told.get("session_id") or user
