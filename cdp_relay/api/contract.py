"""What the HTTP door needs of a relay; anything with these methods can stand behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

from cdp_relay.chat.examine import SiteReport
from cdp_relay.chat.live import TurnBoard
from cdp_relay.chat.status import ModelInfo, RelayStatus, Route
from cdp_relay.chat.usage import TokenCount
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, RequestId
from cdp_relay.errors import RelayError

__all__ = ["RelayLike"]


class RelayLike(Protocol):
    """The seam between HTTP and chat. ``cdp_relay.chat.relay.Relay`` is the one in the product."""

    board: TurnBoard
    """The turns that run, the last that ended, and the figures of all."""

    def ask(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """Put one question to a site and yield what comes back, :class:`Finished` last.

        Closing the generator, or cancelling the task that iterates it, stops the answer on the page,
        unless it is to finish without a client or has others. :class:`AnswerShared` comes first where
        the request shares the answer of another one.

        Raises:
          RelayError: the turn failed.
        """
        ...

    async def shared_with(self, request: ChatRequest) -> RequestId | None:
        """The request whose answer this one would be given; None when it would be asked.

        Raises:
          RelayError: its key allows neither.
        """
        ...

    def follow(self, id_: RequestId, *, raw: bool = False) -> AsyncGenerator[ChatEvent, None]:
        """The events of a turn that runs, or ended a short while ago, from its start.

        Args:
          raw: what was taken back since is told as well, as it was told at the time.

        Raises:
          RelayError: there is no such turn, or as it ended.
        """
        ...

    def stop(self, id_: RequestId) -> bool:
        """Stop a turn on its page, whoever reads it; False when no such turn runs."""
        ...

    def forget(self, id_: RequestId) -> None:
        """Give an answer to nobody any more."""
        ...

    def count_tokens(self, request: ChatRequest) -> TokenCount:
        """Count the tokens of the prompt that a request becomes, tools included, without the browser.

        Raises:
          RelayError: there is nothing to say, or it cannot be said.
        """
        ...

    def models(self) -> tuple[ModelInfo, ...]:
        """The model list, without touching the browser."""
        ...

    async def look_up_models(self, site: str | None = None) -> Mapping[str, RelayError]:
        """Open the sites' own menus of models, or that of one site, and remember what they offer.

        Returns:
          Why a site could not be asked, by its name; empty for one that was named.

        Raises:
          RelayError: the site that was named has no such menu, or could not be asked.
        """
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
