"""What the HTTP door needs of a relay; anything with these methods can stand behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from cdp_relay.chat.examine import SiteReport
from cdp_relay.chat.status import ModelInfo, RelayStatus, Route
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest

__all__ = ["RelayLike"]


class RelayLike(Protocol):
    """The seam between HTTP and chat. ``cdp_relay.chat.relay.Relay`` is the one in the product."""

    def ask(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Put one question to a site and yield what comes back, :class:`Finished` last.

        Closing the generator, or cancelling the task that iterates it, stops the answer on the page.

        Raises:
          RelayError: the turn failed.
        """
        ...

    def models(self) -> tuple[ModelInfo, ...]:
        """The model list, without touching the browser."""
        ...

    def route(self, label: str) -> Route:
        """Where a model label leads; unknown labels lead to the default site."""
        ...

    def status(self) -> RelayStatus:
        """How the browser and the sites are, without touching them."""
        ...

    async def examine(self, site: str, *, ask: bool = False) -> SiteReport:
        """Open a site and see how its definition fits the page; with *ask* one short question is sent.

        Raises:
          RelayError: there is no such site, or its page did not open.
        """
        ...
