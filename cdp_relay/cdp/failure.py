"""How the browser's refusals and ends become errors of ours."""

from __future__ import annotations

from typing import TypeVar

from cdp_relay.cdp.event import JSON
from cdp_relay.errors import BrowserError, CommandFailed, TabClosed

__all__ = ["SESSION_NOT_FOUND", "command_error", "fresh"]

_B = TypeVar("_B", bound=BrowserError)

SESSION_NOT_FOUND = -32001
"""The code of the answer to a command whose session is no more."""


def command_error(method: str, error: JSON) -> BrowserError:
    """Return the error for a command that the browser refused."""
    code = error.get("code")
    message = str(error.get("message", "no reason given"))
    data = error.get("data")
    details = {"method": method, "code": code, "data": data}
    if code == SESSION_NOT_FOUND:
        return TabClosed(f"{method}: the page or worker is gone.", details=details)
    reason = f"{message} ({data})" if isinstance(data, str) and data else message
    return CommandFailed(f"{method} was refused: {reason} [{code}].", details=details)


def fresh(error: _B, method: str = "") -> _B:
    """Return a copy of *error* to raise: each caller gets a traceback of its own.

    With *method*, the message begins with the command that it fails.
    """
    message = f"{method}: {error.message}" if method else error.message
    details = {**error.details, "method": method} if method else dict(error.details)
    return type(error)(
        message,
        next_step=error.next_step,
        param=error.param,
        retry_after_seconds=error.retry_after_seconds,
        details=details,
    )
