"""Errors as answers: one error in, a status, headers and a body out; OpenAI's shape unless told otherwise."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import attrs
from werkzeug.exceptions import HTTPException

from cdp_relay.errors import InternalError, InvalidRequest, MethodNotAllowed, NotFound, RelayError

if TYPE_CHECKING:
    from cdp_relay.api.error_form import ErrorForm

__all__ = ["Failure", "as_relay_error", "error_object", "header_text", "render_failure"]

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
"""By status; other 4xx are ``invalid_request_error``, 5xx ``server_error``."""


@attrs.frozen(kw_only=True)
class Failure:
    """An error, ready to be sent."""

    status: int
    headers: dict[str, str]
    body: bytes


def as_relay_error(error: BaseException) -> RelayError:
    """The error to show for anything that was raised.

    A group with one RelayError in it stands for that error. Whatever is no RelayError is a bug of
    ours, and its own words stay in the log: they may hold paths.
    """
    if isinstance(error, RelayError):
        return error
    if isinstance(error, BaseExceptionGroup):
        ours = [
            found for one in error.exceptions if not isinstance(found := as_relay_error(one), InternalError)
        ]
        if len(ours) == 1:
            return ours[0]
    if isinstance(error, HTTPException):
        return _from_http_exception(error)
    return InternalError("Something went wrong inside the relay.")


def _from_http_exception(error: HTTPException) -> RelayError:
    if error.code == 404:
        return NotFound("There is nothing at this path.")
    if error.code == 405:
        methods = sorted(set(getattr(error, "valid_methods", None) or ()) - {"OPTIONS"})
        return MethodNotAllowed(
            f"This path takes {' and '.join(methods)} only.", details={"allow": ", ".join(methods)}
        )
    if error.code is not None and error.code < 500:
        return InvalidRequest(f"The request cannot be used ({error.name}).")
    return InternalError("Something went wrong inside the relay.")


def error_object(error: RelayError, request_id: str) -> dict[str, Any]:
    """The JSON object that describes an error; ``message`` ends with what to do next."""
    inner: dict[str, Any] = {
        "message": f"{error.message} {error.next_step}".strip(),
        "type": _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error"),
        "param": error.param,
        "code": error.code,
        "next_step": error.next_step,
        "retryable": error.retryable,
        "request_id": request_id,
    }
    if error.retry_after_seconds is not None:
        inner["retry_after_seconds"] = whole_seconds(error.retry_after_seconds)
    if error.details:
        inner["details"] = error.details
    return {"error": inner}


def render_failure(error: RelayError, request_id: str, form: ErrorForm | None = None) -> Failure:
    """Render an error as a whole answer.

    Args:
      form: the dialect's; OpenAI's when left out.
    """
    body = (form or error_object)(error, request_id)
    headers = {"content-type": "application/json"}
    if error.retry_after_seconds is not None:
        headers["retry-after"] = str(whole_seconds(error.retry_after_seconds))
    # The SDKs send again after every 5xx (and 408, 409, 429) unless they are told not to.
    if not error.retryable and (error.status >= 500 or error.status in (408, 409, 429)):
        headers["x-should-retry"] = "false"
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = error.details.get("allow", "")
    return Failure(
        status=error.status,
        headers=headers,
        body=json.dumps(body, default=str).encode(),
    )


def whole_seconds(seconds: float) -> int:
    """As ``Retry-After`` wants it: whole, and never too early."""
    return max(0, math.ceil(seconds))


def header_text(text: str, limit: int = 500) -> str:
    """Text that can stand in a header: printable ASCII, the rest as escapes."""
    plain = text.encode("ascii", "backslashreplace").decode("ascii")
    plain = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in plain)
    return (plain if len(plain) <= limit else plain[: limit - 3] + "...").strip()
