"""How Claude says no: refused requests, errors within a stream, and used-up allowances."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from cdp_relay.errors import (
    AccountBlocked,
    AnswerBlocked,
    AttachmentRefused,
    CapReached,
    ChallengeShown,
    ConversationNotFound,
    ConversationTooLong,
    GenerationFailed,
    ModelUnavailable,
    PromptTooLong,
    RateLimited,
    RelayError,
    SignedOut,
    SiteError,
    SiteOverloaded,
)
from cdp_relay.wire import decode_json

from ._refusals import seconds_until

__all__ = ["Limit", "SaidError", "error_of", "limit_error", "read_error", "read_limit"]

_MAX_MESSAGE_CHARS = 300
_MAX_WRAPS = 3

_WINDOWS = {"5h": "5-hour", "five_hour": "5-hour", "7d": "7-day", "seven_day": "7-day"}


@attrs.frozen(kw_only=True)
class Limit:
    """What the site says of the account's allowance."""

    kind: str
    """``within_limit``, ``approaching_limit``, ``exceeded_limit``, ..."""
    claim: str = ""
    """Which allowance is meant: ``five_hour``, ``concurrents``, ..."""
    reset: Any = None
    used: float | None = None
    """The used share of the window that is nearest to its end."""

    @property
    def exceeded(self) -> bool:
        """Whether the allowance is used up."""
        return self.kind.startswith(("exceeded", "over"))

    @property
    def window(self) -> str:
        """The allowance in words."""
        return _WINDOWS.get(self.claim, self.claim.replace("_", " "))


@attrs.frozen(kw_only=True)
class SaidError:
    """An error as the site worded it."""

    kind: str = ""
    """``rate_limit_error``, ``overloaded_error``, ..."""
    code: str = ""
    """A finer word, in the error's details."""
    message: str = ""
    limit: Limit | None = None


def read_limit(value: Any) -> Limit | None:
    """Read what a ``message_limit`` event or a refusal tells of the allowance; None when it tells nothing."""
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return None
    if not any(key in value for key in ("resetsAt", "windows", "representativeClaim", "resolved")):
        return None
    windows = value.get("windows")
    open_windows = {
        name: window
        for name, window in (windows.items() if isinstance(windows, Mapping) else ())
        if isinstance(name, str) and isinstance(window, Mapping)
    }
    claim = _text(value.get("representativeClaim"))
    reset = value.get("resetsAt")
    # The window that is used up says when it ends, whichever one the claim names.
    for name, window in open_windows.items():
        if _text(window.get("status")).startswith(("exceeded", "over")):
            claim, reset = claim or name, reset or window.get("resets_at")
    if reset is None:
        resolved = value.get("resolved")
        limit = resolved.get("limit") if isinstance(resolved, Mapping) else None
        reset = limit.get("resets_at") if isinstance(limit, Mapping) else None
    shares = [
        float(share)
        for window in open_windows.values()
        if isinstance(share := window.get("utilization"), (int, float)) and not isinstance(share, bool)
    ]
    return Limit(kind=value["type"], claim=claim, reset=reset, used=max(shares, default=None))


def read_error(body: Any) -> SaidError:
    """Find the error in a refusal's body or in an ``error`` event; empty when there is none.

    Shapes seen: ``{"type": "error", "error": {"type", "message", "details": {"error_code"}}}`` whose
    message may be a limit as JSON text, the limit itself, and ``{"detail": ...}``.
    """
    if isinstance(body, bytes):
        try:
            body = decode_json(body)
        except ValueError:
            return SaidError()
    said = SaidError()
    for _ in range(_MAX_WRAPS):
        if not isinstance(body, Mapping):
            break
        if (limit := read_limit(body)) is not None:
            return attrs.evolve(said, limit=limit, message="")
        error = body.get("error", body.get("detail"))
        if isinstance(error, str):
            return attrs.evolve(said, message=error)
        if not isinstance(error, Mapping):
            break
        details = error.get("details")
        code = _text(details.get("error_code")) if isinstance(details, Mapping) else ""
        said = SaidError(
            kind=_text(error.get("type")),
            code=code or _text(error.get("error_code")) or _text(error.get("code")),
            message=_text(error.get("message")),
        )
        try:
            body = decode_json(said.message) if said.message.startswith("{") else error
        except ValueError:
            break
    return said


def limit_error(limit: Limit, *, now: Callable[[], float], details: dict[str, Any]) -> RelayError:
    """The error of an allowance that is used up."""
    seconds = seconds_until(limit.reset, now)
    kind: type[RelayError] = CapReached
    words = f"the {limit.window} allowance is used up" if limit.window else "the allowance is used up"
    if limit.claim.startswith("concurrent"):
        kind, words = RateLimited, "too many answers are being written at once"
    return kind(f"Claude says: {words} ({limit.kind}).", retry_after_seconds=seconds, details=details)


_KINDS: dict[str, type[RelayError]] = {
    "account_session_invalid": SignedOut,
    "authentication_error": SignedOut,
    "overloaded_error": SiteOverloaded,
    "timeout_error": SiteOverloaded,
    "request_too_large": PromptTooLong,
    "rate_limit_error": RateLimited,
    "billing_error": AccountBlocked,
}

# The server words its errors in English, whatever the page's language is.
_WORDINGS: tuple[tuple[str, type[RelayError]], ...] = (
    (r"(unusual|suspicious) activity", ChallengeShown),
    (r"(account|organi[sz]ation) .{0,40}(suspended|disabled|banned|deactivated)", AccountBlocked),
    (r"(this|the) (chat|conversation) .{0,60}(too long|length|limit)", ConversationTooLong),
    (r"length limit for this (chat|conversation)|start a new (chat|conversation)", ConversationTooLong),
    (r"(prompt|message|input|request) .{0,20}too (long|large)", PromptTooLong),
    (r"exceed.{0,60}(limit|tokens|context)", PromptTooLong),
    (r"(file|image|attachment|document).{0,80}(n[o']t supported|unsupported|too large)", AttachmentRefused),
    (r"model.{0,80}(not (found|available|allowed)|unavailable|no longer|upgrade)", ModelUnavailable),
    (r"model: claude", ModelUnavailable),
    (r"conversation .{0,40}(not found|deleted|does not exist)", ConversationNotFound),
    (r"overloaded|at capacity|high demand", SiteOverloaded),
    (r"usage policy|violat\w+ .{0,60}polic|content filtering policy", AnswerBlocked),
)

_STATUS: dict[int, type[RelayError]] = {
    401: SignedOut,
    403: SiteError,
    404: ConversationNotFound,
    413: PromptTooLong,
    429: RateLimited,
    502: SiteOverloaded,
    503: SiteOverloaded,
    504: SiteOverloaded,
    529: SiteOverloaded,
}

_DEFAULT_MESSAGES: dict[type[RelayError], str] = {
    ConversationNotFound: "there is no such chat",
    PromptTooLong: "the message is longer than it takes",
    RateLimited: "too many requests",
    SignedOut: "nobody is signed in",
    SiteOverloaded: "it is overloaded",
}


def error_of(
    said: SaidError, *, status: int = 0, retry_after: str = "", now: Callable[[], float]
) -> RelayError:
    """Turn what the site said into one of our errors.

    Args:
      status: the HTTP status, or 0 within a stream.
      retry_after: the header, if there was one.
      now: the time in seconds since 1970, for reset times that are given as a time.
    """
    details: dict[str, Any] = {"site": "claude"}
    if site_code := said.code or said.kind:
        details["site_code"] = site_code[:80]
    if status:
        details["http_status"] = status
    if said.limit is not None:
        return limit_error(said.limit, now=now, details=details)
    kind = _kind(said, status)
    words = " ".join(said.message.split())[:_MAX_MESSAGE_CHARS] or _DEFAULT_MESSAGES.get(kind, "")
    facts = ", ".join(fact for fact in (site_code, f"HTTP {status}" if status else "") if fact)
    message = "Claude says: " + (words or "the request failed") + (f" ({facts})" if facts else "")
    return kind(message, retry_after_seconds=seconds_until(retry_after, now), details=details)


def _kind(said: SaidError, status: int) -> type[RelayError]:
    for word in (said.code, said.kind):
        if word in _KINDS:
            return _KINDS[word]
    for pattern, kind in _WORDINGS:
        if re.search(pattern, said.message, re.IGNORECASE):
            return kind
    return _STATUS.get(status, GenerationFailed)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
