"""One request and its answer, as long as they last."""

from __future__ import annotations

import secrets
from typing import Any, cast

import attrs
import structlog
import trio

from cdp_relay.api.error_form import ErrorForm, error_form
from cdp_relay.api.failure import as_relay_error
from cdp_relay.api.sender import Sender
from cdp_relay.chat.vocabulary import RequestId
from cdp_relay.errors import InternalError, RelayError, ShuttingDown

__all__ = ["Exchange", "current_exchange", "new_request_id"]

_log = structlog.get_logger("cdp_relay.api")
_SCOPE_KEY = "cdp_relay.exchange"


def new_request_id() -> RequestId:
    """An id that no other request has, over restarts as well."""
    return RequestId(f"req_{secrets.token_hex(16)}")


@attrs.define(eq=False, kw_only=True)
class Exchange:
    """What the parts of the door know of one request.

    Tasks in ``nursery`` live no longer than the request: whatever ends it, a client that went
    away included, cancels them.
    """

    id: RequestId
    method: str
    path: str
    client: str
    """The User-Agent."""
    client_request_id: str
    """The X-Request-Id that came along; for the log only, as anybody can make one up."""
    nursery: trio.Nursery
    started: float
    """On trio's clock."""
    anthropic: bool = False
    """Whether its head has an ``anthropic-version``."""
    turn: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Entered by whoever runs the turn, so that a service that stops can cut it off."""
    body: bytes = b""
    sender: Sender = attrs.field(factory=Sender)
    """What it says of itself; known once its body is parsed."""
    headers: dict[str, str] = attrs.field(factory=dict)
    """Headers for the answer, whatever it becomes."""
    route: str = ""
    """The pattern of the path that answers it; empty where none does."""
    status: int | None = None
    """What was answered; None until then."""
    whole: bool = False
    """Whether the answer went out to its end."""
    site: str | None = None
    model: str | None = None
    """The label that was asked for."""
    error: RelayError | None = None
    """What went wrong, for the log."""

    @property
    def form(self) -> ErrorForm:
        """How its errors are told."""
        return error_form(self.path, anthropic=self.anthropic)

    def interrupt(self) -> None:
        """Cut the turn off; its client gets :meth:`interruption`."""
        self.turn.cancel()

    def interruption(self) -> ShuttingDown:
        """Why the turn was cut off."""
        return ShuttingDown("The relay stops; the answer was cut off.")

    def failed(self, error: BaseException) -> RelayError:
        """Take note of what went wrong, and return the error to show.

        What is no error of the vocabulary is a bug: the log gets its traceback, the client does not.
        """
        shown = as_relay_error(error)
        if isinstance(shown, InternalError) and shown is not error:
            _log.error("request_failed", id=self.id, exc_info=error)
        self.error = shown
        return shown

    def enter(self, scope: Any) -> None:
        """Make this the exchange of an ASGI scope."""
        scope[_SCOPE_KEY] = self


def current_exchange(scope: Any) -> Exchange:
    """The exchange of an ASGI scope."""
    return cast(Exchange, scope[_SCOPE_KEY])
