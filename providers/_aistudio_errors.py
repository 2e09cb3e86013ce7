"""How AI Studio says no: a status (code, message, details) in place of an answer, or after half of one."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from cdp_relay.errors import (
    CapReached,
    ConversationNotFound,
    GenerationFailed,
    ModelUnavailable,
    PromptTooLong,
    RateLimited,
    RelayError,
    SignedOut,
    SiteError,
    SiteOverloaded,
)
from cdp_relay.wire import decode_sparse

from ._refusals import seconds_until

__all__ = ["Status", "error_of", "is_check", "read_body", "read_status"]

_MAX_MESSAGE_CHARS = 300

_PERMISSION_STEP = (
    "Reload AI Studio in the relay's Chrome window and send a prompt there by hand; if that fails as "
    "well, this account may not use the model."
)

# Codes of google.rpc.Code, and the HTTP status that stands for each where a body has none.
_BY_CODE: dict[int, type[RelayError]] = {
    4: SiteOverloaded,
    8: RateLimited,
    13: GenerationFailed,
    14: SiteOverloaded,
    16: SignedOut,
}
_CODE_OF_HTTP = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4}

_TOO_LONG = re.compile(
    r"token count.{0,40}exceeds|exceeds the (maximum|limit).{0,30}tokens|too many tokens", re.IGNORECASE
)
_NO_MODEL = re.compile(r"\bmodels?/\S+|\bmodel\b.{0,40}not (found|supported|available)", re.IGNORECASE)
_TO_BE_PAID = re.compile(r"\bpaid\b|\bbilling\b|\bapi key\b|free tier is not available", re.IGNORECASE)
_OF_A_DAY = re.compile(r"per_?day|daily|\b(rpd|tpd)\b|/d(ay)?\b", re.IGNORECASE)
_RETRY_IN = re.compile(r"retry in (\d+(?:\.\d+)?) ?s", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Status:
    """A ``google.rpc.Status`` as the site wrote it."""

    code: int
    message: str = ""
    details: Any = None


def read_body(body: bytes) -> Status | None:
    """The status in a refused request's body (``[,[7,"..."]]``); None when there is none."""
    try:
        document = decode_sparse(body.removeprefix(b")]}'"))
    except ValueError:
        return None
    if isinstance(document, list) and len(document) > 1:
        return read_status(document[1])
    return None


def read_status(value: Any) -> Status | None:
    """A status out of its array ``[code, message, details]``; None when it is none, or says OK."""
    if not isinstance(value, list) or not value:
        return None
    code, message, details, *_ = [*value, None, None]
    if not isinstance(code, int) or isinstance(code, bool) or not code:
        return None
    return Status(code=code, message=message if isinstance(message, str) else "", details=details)


def is_check(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a response is Google's page about unusual traffic instead of the service's own answer."""
    if "/sorry/" in headers.get("location", ""):
        return True
    if status not in (200, 302, 403, 429, 503) or body.lstrip()[:1] != b"<":
        return False
    page = body[:65536].lower()
    return b"unusual traffic" in page or b"/sorry/" in page or b"recaptcha" in page


def error_of(
    said: Status | None,
    *,
    status: int = 0,
    retry_after: str = "",
    now: Callable[[], float],
) -> RelayError:
    """Turn a status into one of our errors.

    Args:
      status: the HTTP status, or 0 within a stream.
      retry_after: the header, if there was one.
      now: the time in seconds since 1970, for quotas that come back at midnight.
    """
    if said is None:
        said = Status(code=_CODE_OF_HTTP.get(status, 0))
    kind = _kind(said)
    words = " ".join(said.message.split())[:_MAX_MESSAGE_CHARS] or "the request failed"
    facts = [f"code {said.code}"] if said.code else []
    if status:
        facts.append(f"HTTP {status}")
    details: dict[str, Any] = {"site": "aistudio", "site_code": said.code}
    if status:
        details["http_status"] = status
    seconds = None
    if kind in (RateLimited, CapReached, SiteOverloaded):
        seconds = _wait(said, seconds_until(retry_after, now))
        if seconds is None and kind is CapReached:
            seconds = _until_midnight(now())
    return kind(
        f"AI Studio says: {words}" + (f" ({', '.join(facts)})" if facts else ""),
        next_step=_PERMISSION_STEP if kind is SiteError and said.code == 7 else None,
        retry_after_seconds=seconds,
        details=details,
    )


def _kind(said: Status) -> type[RelayError]:
    words = said.message
    if said.code == 8:
        return CapReached if any(map(_OF_A_DAY.search, _texts(said))) else RateLimited
    if said.code in (3, 11) and _TOO_LONG.search(words):
        return PromptTooLong
    if said.code == 5:
        return ModelUnavailable if _NO_MODEL.search(words) else ConversationNotFound
    if said.code in (7, 9) and _TO_BE_PAID.search(words):
        return ModelUnavailable
    return _BY_CODE.get(said.code, SiteError if said.code in (3, 7, 9, 11, 12) else GenerationFailed)


def _wait(said: Status, by_header: float | None) -> float | None:
    """How long the site asks to wait: ``RetryInfo``, then the header, then its words."""
    for kind, payload in _typed(said.details):
        # RetryInfo: [[seconds, nanos]]; 64-bit numbers are written as texts.
        if kind.endswith("google.rpc.RetryInfo") and payload and isinstance(payload[0], list):
            delay = [_number(part) for part in payload[0][:2]]
            if delay and delay[0] is not None:
                return delay[0] + (delay[1] or 0.0) / 1e9 if len(delay) > 1 else delay[0]
    if by_header is not None:
        return by_header
    found = _RETRY_IN.search(said.message)
    return float(found.group(1)) if found else None


def _typed(details: Any) -> Iterator[tuple[str, list[Any]]]:
    """The details that say what they are: ``[[type, payload], ...]``."""
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, list) and len(detail) > 1 and isinstance(detail[0], str):
            yield detail[0], detail[1] if isinstance(detail[1], list) else []


def _texts(said: Status) -> Iterator[str]:
    """Every text of a status: quotas are told apart by names of any of several fields."""
    yield said.message
    rest = [said.details]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, dict):
            rest += [*value.keys(), *value.values()]


def _number(value: Any) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value)
    return None


def _until_midnight(now: float) -> float:
    """Seconds until the next midnight in California, when daily quotas come back."""
    try:
        zone: datetime.tzinfo = zoneinfo.ZoneInfo("America/Los_Angeles")
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        # No time zones on this machine: winter time is never early.
        zone = datetime.timezone(datetime.timedelta(hours=-8))
    today = datetime.datetime.fromtimestamp(now, zone).date()
    midnight = datetime.datetime.combine(today + datetime.timedelta(days=1), datetime.time(), zone)
    return midnight.timestamp() - now
