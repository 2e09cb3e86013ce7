"""Following how the sites are, without asking again and again."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import attrs
import trio

from cdp_relay.chat.status import SiteStatus

__all__ = ["SiteChanges"]


@attrs.define(eq=False)
class SiteChanges:
    """The changes of the sites' states from now on: a context manager and an async iterator.

    A reader that lags gets the latest of each site, and nothing grows.
    """

    _leave: Callable[[SiteChanges], None]
    _latest: dict[str, SiteStatus] = attrs.field(factory=dict, init=False)
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)

    def put(self, status: SiteStatus) -> None:
        """Add a change."""
        self._latest[status.name] = status
        self._news.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SiteStatus:
        await self._news.wait()
        name = next(iter(self._latest))
        status = self._latest.pop(name)
        if not self._latest:
            self._news = trio.Event()
        return status
