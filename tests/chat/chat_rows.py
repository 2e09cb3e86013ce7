"""A journal of chats alone."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from cdp_relay.chat.record import ChatRow, NoJournal


@attrs.define(slots=False)
class Rows(NoJournal):
    """Keeps chats in memory, as a journal does on the disk."""

    rows: dict[str, ChatRow] = attrs.field(factory=dict)

    async def chats(self) -> Sequence[ChatRow]:
        return tuple(self.rows.values())

    def put_chat(self, row: ChatRow) -> None:
        self.rows[row.id] = row

    def remove_chat(self, id_: str) -> None:
        del self.rows[id_]
