"""The answers that are kept, in memory and in the journal: the newest ones at hand, the others fetched."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs
import trio

from cdp_relay.api.json_body import Field
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.responses.items import Item
from cdp_relay.api.responses.store import ResponseStore, StoredResponse
from cdp_relay.api.service import Service
from cdp_relay.store import KeptResponse, StoredJournal

__all__ = ["KeptResponses", "keep_responses"]

_THREAD_BYTES = 1 << 20
"""Conversations above this are written as JSON in a thread."""


def keep_responses(service: Service) -> KeptResponses:
    """Keep a service's answers, within the bounds of its settings."""
    memory = ResponseStore(service.settings.stored_responses, service.settings.stored_bytes)
    return KeptResponses(memory, service.journal, service.background)


@attrs.frozen(eq=False)
class KeptResponses:
    """Keeps answers, and finds them again, also after a restart. Made by :func:`keep_responses`."""

    memory: ResponseStore
    journal: StoredJournal | None
    background: trio.Nursery

    def keep(self, response: StoredResponse) -> None:
        """Keep an answer that has ended."""
        self.memory.put(response)
        if self.journal is None or self.memory.max_count == 0:
            return
        if response.size > _THREAD_BYTES:
            self.background.start_soon(self._write_in_thread, self.journal, response)
        else:
            self.journal.put_response(response.id, response.body, dump_json(response.items))

    async def _write_in_thread(self, journal: StoredJournal, response: StoredResponse) -> None:
        items = await trio.to_thread.run_sync(dump_json, response.items)
        journal.put_response(response.id, response.body, items)

    async def find(self, response_id: str) -> StoredResponse | None:
        """The answer of this id."""
        found = self.memory.get(response_id)
        if found is None and self.journal is not None:
            kept = await self.journal.get_response(response_id)
            found = None if kept is None else self._take_up(kept)
        return found

    async def fetch_named(self, body: Field) -> None:
        """Fetch what a request's body names: the answer before it, and the items it refers to."""
        previous = body.get("previous_response_id").value
        if isinstance(previous, str):
            await self.find(previous)
        if self.journal is None:
            return
        for item_id in _references(body.get("input").value):
            if self.memory.find_item(item_id) is None:
                kept = await self.journal.find_response_item(item_id)
                if kept is not None:
                    self._take_up(kept)

    async def remove(self, response_id: str) -> bool:
        """Forget an answer; says whether there was one."""
        found = await self.find(response_id)
        self.memory.remove(response_id)
        if self.journal is not None:
            self.journal.remove_response(response_id)
        return found is not None

    def _take_up(self, kept: KeptResponse) -> StoredResponse | None:
        try:
            items, output = json.loads(kept.items), json.loads(kept.body)["output"]
        except (ValueError, KeyError, RecursionError):
            return None
        response = StoredResponse(
            id=kept.id,
            body=kept.body,
            items=_whole(items),
            output=_whole(output),
            input_bytes=len(kept.items),
        )
        self.memory.put(response)
        return response


def _whole(items: Any) -> tuple[Item, ...]:
    return tuple(item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str))


def _references(given: Any) -> Iterable[str]:
    """The ids of the items that an input refers to."""
    for item in given if isinstance(given, list) else ():
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            continue
        if item.get("type") == "item_reference" or (item.get("type") is None and item.get("role") is None):
            yield item["id"]
