"""How ChatGPT says no: refused requests, errors within a stream, and used-up allowances."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from cdp_relay.errors import (
    AccountBlocked,
    AnswerBlocked,
    CapReached,
    ChallengeShown,
    ConversationNotFound,
    ConversationTooLong,
    GenerationFailed,
    PromptTooLong,
    RateLimited,
    RelayError,
    SignedOut,
    SiteError,
    SiteOverloaded,
)
from cdp_relay.wire import decode_json

from ._refusals import seconds_until

__all__ = [
    "SaidError",
    "UsedUp",
    "error_of",
    "read_body",
    "read_said_error",
    "used_up",
]

_MAX_MESSAGE_CHARS = 300


@attrs.frozen(kw_only=True)
class SaidError:
    """An error as the site worded it."""

    code: str = ""
    message: str = ""
    reset: Any = None
    """When the allowance is back: seconds, a time stamp, or an ISO time; as the site gave it."""
    model: str = ""
    """The model whose allowance is used up, where the site names it."""


_CODES: dict[str, type[RelayError]] = {
    "model_cap_exceeded": CapReached,
    "work_usage_limit_exceeded": CapReached,
    "usage_limit_exceeded": CapReached,
    "usage_limit_reached": CapReached,
    "message_cap_exceeded": CapReached,
    "rate_limit_exceeded": RateLimited,
    "rate_limited": RateLimited,
    "too_many_requests": RateLimited,
    "message_length_exceeds_limit": PromptTooLong,
    "conversation_too_large": ConversationTooLong,
    "conversation_too_long": ConversationTooLong,
    "content_policy_violation": AnswerBlocked,
    "content_policy": AnswerBlocked,
    "content_filter": AnswerBlocked,
    "moderation": AnswerBlocked,
    "moderation_blocked": AnswerBlocked,
    "safety_limited": AnswerBlocked,
    "token_expired": SignedOut,
    "token_invalidated": SignedOut,
    "invalid_token": SignedOut,
    "session_expired": SignedOut,
    "unauthorized": SignedOut,
    "account_deactivated": AccountBlocked,
    "account_suspended": AccountBlocked,
    "user_suspended": AccountBlocked,
    "unusual_activity": ChallengeShown,
    "challenge_required": ChallengeShown,
    "server_overloaded": SiteOverloaded,
    "overloaded": SiteOverloaded,
    "service_unavailable": SiteOverloaded,
}

_RESETS = ("clears_in", "reset_after", "resets_after", "resets_in_seconds", "resets_at", "retry_after")

_GONE = re.compile(r"conversation_(not_found|inaccessible|\w*deleted)|\w*conversation_expired")

# For messages without a code. The server words them in English more often than not; a message in
# another language falls back on the HTTP status.
_WORDINGS: tuple[tuple[str, type[RelayError]], ...] = (
    (r"unusual activity", ChallengeShown),
    (r"suspicious activity|account .{0,40}(suspended|deactivated)", AccountBlocked),
    (r"too many requests|too quickly|rate.?limit", RateLimited),
    (r"(reached|hit|exceeded) .{0,60}(limit|cap)\b|usage (cap|limit)", CapReached),
    (r"maximum length for this conversation|conversation is too long", ConversationTooLong),
    (r"message (you submitted was|is) too long|length.{0,20}exceeds", PromptTooLong),
    (r"at capacity|overloaded|high demand", SiteOverloaded),
    (r"violat\w+ .{0,60}polic", AnswerBlocked),
)

_STATUS: dict[int, type[RelayError]] = {
    401: SignedOut,
    413: PromptTooLong,
    429: RateLimited,
    502: SiteOverloaded,
    503: SiteOverloaded,
    504: SiteOverloaded,
}

_DEFAULT_MESSAGES: dict[type[RelayError], str] = {
    PromptTooLong: "the message is longer than it takes",
    RateLimited: "too many requests",
    CapReached: "the allowance for this model is used up",
    SignedOut: "nobody is signed in",
    SiteOverloaded: "it is overloaded",
}


def read_body(body: bytes) -> SaidError:
    """The error in a refused request's body; empty when the body is no JSON that says one."""
    try:
        document = decode_json(body)
    except ValueError:
        return SaidError()
    return read_said_error(document) or SaidError()


def read_said_error(document: Any) -> SaidError | None:
    """Find the error in an answer's body or in a frame of a stream; None when there is none.

    All shapes seen: ``{"detail": text | {code, message, clears_in} | [{msg}]}``, ``{"error": text |
    {code, message}}``, ``{"error": text, "error_code": code}``, ``{"code": ..., "message": ...}``.
    """
    if not isinstance(document, Mapping):
        return None
    code = _text(document.get("error_code")) or _text(document.get("code"))
    message = ""
    inner: Mapping[str, Any] = {}
    for key in ("detail", "error"):
        value = document.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value:
            message = message or value
        elif isinstance(value, Mapping) and value:
            inner = value
            code = code or _text(value.get("code")) or _text(value.get("type"))
            message = message or _text(value.get("message")) or _text(value.get("msg"))
    if not code and not message and not inner:
        return None
    message = message or _text(document.get("message"))
    if not code and re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", message):
        code = message
    reset, model = None, ""
    for holder in (inner, document):
        if reset is None:
            reset = next((holder[key] for key in _RESETS if holder.get(key) is not None), None)
        limit = used_up(holder)
        reset = limit.reset if reset is None else reset
        model = model or limit.model
    return SaidError(code=code, message=message, reset=reset, model=model)


@attrs.frozen
class UsedUp:
    """An allowance of which nothing is left."""

    reset: Any = None
    """As in :attr:`SaidError.reset`."""
    model: str = ""


def used_up(holder: Mapping[str, Any]) -> UsedUp:
    """The first allowance that is used up and says until when, from the lists that tell of limits."""
    for key in ("model_limits", "limits_progress", "blocked_features"):
        limits = holder.get(key)
        for limit in limits if isinstance(limits, list) else ():
            if isinstance(limit, Mapping) and limit.get("remaining", 0) == 0:
                reset = limit.get("resets_after") or limit.get("reset_after")
                if reset is not None:
                    return UsedUp(reset, _text(limit.get("model_slug")))
    return UsedUp()


def error_of(
    said: SaidError,
    *,
    status: int = 0,
    retry_after: str = "",
    now: Callable[[], float],
) -> RelayError:
    """Turn what the site said into one of our errors.

    Args:
      status: the HTTP status, or 0 within a stream.
      retry_after: the header, if there was one.
      now: the time in seconds since 1970, for reset times that are given as a time.
    """
    kind = _kind(said, status)
    words = " ".join(said.message.split())[:_MAX_MESSAGE_CHARS]
    if not words or words == said.code:
        words = _DEFAULT_MESSAGES.get(kind, "")
    where = f"HTTP {status}" if status else ""
    facts = ", ".join(fact for fact in (said.code, where) if fact)
    message = "ChatGPT says: " + (words or "the request failed") + (f" ({facts})" if facts else "")
    details: dict[str, Any] = {"site": "chatgpt"}
    if said.code:
        details["site_code"] = said.code[:80]
    if status:
        details["http_status"] = status
    if kind is CapReached and said.model:
        details["model"] = said.model[:80]
    seconds = seconds_until(said.reset, now)
    if seconds is None:
        seconds = seconds_until(retry_after, now)
    return kind(message, retry_after_seconds=seconds, details=details)


def _kind(said: SaidError, status: int) -> type[RelayError]:
    code = said.code.lower()
    if code in _CODES:
        return _CODES[code]
    if _GONE.fullmatch(code):
        return ConversationNotFound
    for pattern, kind in _WORDINGS:
        if re.search(pattern, said.message, re.IGNORECASE):
            return kind
    if status == 403:
        return SiteError
    return _STATUS.get(status, GenerationFailed)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
