"""The answers that are kept: the newest ones, in memory, within bounds.

The interface is small on purpose: put, get, remove, and find an item of any answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import attrs

from cdp_relay.api.responses.items import Item
from cdp_relay.api.responses.running import Run

__all__ = ["ResponseStore", "StoredResponse"]


@attrs.define(eq=False, kw_only=True)
class StoredResponse:
    """One answer, and what it was based on."""

    id: str
    body: bytes
    """The response as JSON."""
    items: tuple[Item, ...]
    """The conversation up to the answer, each item with an id; shared with the answers before it."""
    output: tuple[Item, ...] = ()
    run: Run | None = None
    """Of an answer in the background: what makes it, and its events."""
    input_bytes: int = 0
    """How much the items count; those that are shared count for each answer."""

    def render(self) -> bytes:
        """The response as it is now, as JSON."""
        return self.run.writer.snapshot() if self.run is not None and self.running else self.body

    @property
    def running(self) -> bool:
        """Whether the answer is still being made."""
        return self.run is not None and not self.run.over

    @property
    def size(self) -> int:
        """How many bytes it counts."""
        events = 0 if self.run is None else self.run.event_bytes
        return len(self.body) + self.input_bytes + events


@attrs.define(eq=False)
class ResponseStore:
    """Keeps answers until there are too many, or too big ones; the oldest go first.

    An answer that is still being made stays, whatever the bounds say.
    """

    max_count: int
    max_bytes: int
    _kept: OrderedDict[str, StoredResponse] = attrs.field(factory=OrderedDict, init=False)
    _sizes: dict[str, int] = attrs.field(factory=dict, init=False)
    _homes: dict[str, str] = attrs.field(factory=dict, init=False)
    """Which answer holds an item."""

    def put(self, response: StoredResponse) -> None:
        """Keep an answer, or take note of how one that is kept has changed."""
        self.remove(response.id)
        self._kept[response.id] = response
        self._sizes[response.id] = response.size
        for item in _all_items(response):
            self._homes[item["id"]] = response.id
        self._make_room()

    def get(self, response_id: str) -> StoredResponse | None:
        """The answer of this id."""
        return self._kept.get(response_id)

    def remove(self, response_id: str) -> StoredResponse | None:
        """Forget an answer, and return it."""
        response = self._kept.pop(response_id, None)
        if response is not None:
            del self._sizes[response_id]
            for item in _all_items(response):
                if self._homes.get(item["id"]) == response_id:
                    del self._homes[item["id"]]
        return response

    def find_item(self, item_id: str) -> Item | None:
        """The item of this id, of whatever answer."""
        home = self._kept.get(self._homes.get(item_id, ""))
        if home is None:
            return None
        return next((item for item in _all_items(home) if item["id"] == item_id), None)

    def _make_room(self) -> None:
        total = sum(self._sizes.values())
        for response_id in list(self._kept):
            if len(self._kept) <= self.max_count and total <= self.max_bytes:
                return
            if not self._kept[response_id].running:
                total -= self._sizes[response_id]
                self.remove(response_id)


def _all_items(response: StoredResponse) -> Iterable[Item]:
    yield from response.items
    yield from response.output
