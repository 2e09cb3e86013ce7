"""How Gemini says no: error envelopes within a stream, and refused requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from cdp_relay.errors import (
    CapReached,
    ChallengeShown,
    GenerationFailed,
    ModelUnavailable,
    PromptTooLong,
    RateLimited,
    RelayError,
    SignedOut,
    SiteError,
    SiteOverloaded,
)
from cdp_relay.wire import LengthPrefixedFrames, decode_json

from ._gemini_payload import dig

__all__ = ["SaidError", "error_of", "read_error", "refusal_of"]

_KNOWN: dict[int, tuple[type[RelayError], str]] = {
    1013: (GenerationFailed, "something went wrong for the moment"),
    1037: (CapReached, "the account's allowance for this model is used up"),
    1050: (ModelUnavailable, "this chat cannot go on with another model than its own"),
    1052: (ModelUnavailable, "it does not offer this model to the account"),
    1060: (SiteError, "it is not available from this network or region"),
    1095: (GenerationFailed, "something went wrong"),
    1096: (GenerationFailed, "something went wrong"),
    1097: (GenerationFailed, "something went wrong"),
}
_GRPC: dict[int, tuple[type[RelayError], str]] = {
    7: (SiteError, "the account may not do that"),
    8: (RateLimited, "too many requests"),
    14: (SiteOverloaded, "it is overloaded"),
    16: (SignedOut, "nobody is signed in"),
}
_SORRY = re.compile(rb"google\.com/sorry|unusual traffic|/recaptcha/")
_SIGN_IN = re.compile(rb"accounts\.google\.com/(v3/signin|ServiceLogin|AccountChooser)|ServiceLogin\?")


@attrs.frozen(kw_only=True)
class SaidError:
    """An error envelope's numbers."""

    grpc: int
    code: int | None
    """Of ``BardErrorInfo``; None when the envelope has none."""

    @property
    def known(self) -> bool:
        """Whether we know what the numbers mean."""
        return self.code in _KNOWN or (self.code is None and self.grpc in _GRPC)


def read_error(raw: Any) -> SaidError | None:
    """The error at an envelope's place 5; None when something else is there (a place in a queue).

    Its form is ``[grpc code, null, [["type.googleapis.com/...BardErrorInfo", [code]]]]``.
    """
    grpc = dig(raw, 0)
    if isinstance(grpc, bool) or not isinstance(grpc, int) or not 0 < grpc < 1000:
        return None
    code = dig(raw, 2, 0, 1, 0)
    kind = dig(raw, 2, 0, 0)
    if not isinstance(kind, str) and len(raw) > 1:
        return None
    return SaidError(grpc=grpc, code=code if isinstance(code, int) else None)


def error_of(said: SaidError, *, reset: float | None, now: Callable[[], float]) -> RelayError:
    """Turn an error envelope into one of our errors.

    Args:
      reset: when the allowance is back, in seconds since 1970, where the stream said so.
    """
    kind, words = _GRPC.get(said.grpc, (GenerationFailed, "something went wrong"))
    details: dict[str, Any] = {"site": "gemini", "grpc_code": said.grpc}
    if said.code is not None:
        kind, words = _KNOWN.get(said.code, (GenerationFailed, "something went wrong"))
        details["site_code"] = said.code
    seconds = max(0.0, reset - now()) if reset is not None and kind is CapReached else None
    number = said.grpc if said.code is None else said.code
    return kind(f"Gemini says: {words} ({number}).", retry_after_seconds=seconds, details=details)


def refusal_of(
    status: int, headers: Mapping[str, str], body: bytes, *, now: Callable[[], float]
) -> RelayError | None:
    """Turn a refused request into an error; None leaves it to what the status means everywhere."""
    details: dict[str, Any] = {"site": "gemini", "http_status": status}
    location = headers.get("location", "").encode()
    head = body[:65536]
    if _SORRY.search(location) or (_is_page(headers, head) and _SORRY.search(head)):
        return ChallengeShown(
            "Google reports unusual traffic and wants proof that a person is there.", details=details
        )
    if _SIGN_IN.search(location) or (_is_page(headers, head) and _SIGN_IN.search(head)):
        return SignedOut("Google asks to sign in.", details=details)
    for envelope in _envelopes(head):
        said = read_error(dig(envelope, 5)) if dig(envelope, 0) == "wrb.fr" else None
        if said is not None:
            return error_of(said, reset=None, now=now)
    if status == 400 and b"xsrf" in head:
        return GenerationFailed(
            "Gemini refused the request because its page was out of date (HTTP 400, xsrf).", details=details
        )
    if status == 413:
        return PromptTooLong("Gemini takes no prompt of this length (HTTP 413).", details=details)
    return None


def _is_page(headers: Mapping[str, str], head: bytes) -> bool:
    return "text/html" in headers.get("content-type", "") or head.lstrip()[:1] == b"<"


def _envelopes(body: bytes) -> list[Any]:
    frames = LengthPrefixedFrames()
    found: list[Any] = []
    for frame in [*frames.feed(body), *frames.close()]:
        try:
            value = decode_json(frame) if isinstance(frame, str) else None
        except ValueError:
            continue
        found += value if isinstance(value, list) else []
    return found
