"""What the routes of all dialects share, and how they are added to the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import attrs
import trio
from quart import Response

from cdp_relay.api.contract import RelayLike
from cdp_relay.api.traffic import Traffic
from cdp_relay.settings import ServerSettings
from cdp_relay.store import JournalHealth, StoredJournal

__all__ = ["AddRoute", "Handler", "Service"]

Handler = Callable[..., Awaitable[Response]]


class AddRoute(Protocol):
    """Makes a coroutine function answer a path."""

    def __call__(self, path: str, *methods: str) -> Callable[[Handler], Handler]:
        """Decorate the handler of *path* for these methods."""
        ...


@attrs.frozen(kw_only=True)
class Service:
    """One running service, as its routes see it."""

    relay: RelayLike
    settings: ServerSettings
    base_url: Callable[[], str]
    """What a client should have as its base URL; named where a path is wrong."""
    background: trio.Nursery
    """For answers that outlive the request that asked for them; cancelled when the service stops."""
    traffic: Traffic = attrs.field(factory=Traffic)
    """What has come through the door."""
    journal: StoredJournal | None = None
    """What was asked and answered; None where nothing keeps it."""
    stopping: trio.Event = attrs.field(factory=trio.Event)
    """Set when the service begins to stop: what only looks on ends then."""

    @property
    def journal_health(self) -> JournalHealth | None:
        """How the journal is; None where there is none."""
        return None if self.journal is None else self.journal.health
