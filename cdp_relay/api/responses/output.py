"""The output items of a response, opened and closed around an answer's events. Sans-IO.

A message opens with its first text and stays open until a call begins or the answer ends; text after
a call is a message of its own. Thoughts close when text follows. What stands open at the same time is
told apart by its ``output_index``.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import attrs

from cdp_relay.api.responses.events import EventNumbers, delta_head
from cdp_relay.api.responses.tools import Offer
from cdp_relay.chat.vocabulary import FileProduced, ToolCallArguments, ToolCallBegan, ToolCallEnded

__all__ = ["OutputWriter"]


@attrs.frozen(kw_only=True)
class _CallForm:
    """How calls of a kind are written."""

    kind: str
    prefix: str
    """Of the item's id."""
    field: str
    """What holds the arguments."""
    event: str


_FUNCTION = _CallForm(
    kind="function_call", prefix="fc", field="arguments", event="response.function_call_arguments"
)
_CUSTOM = _CallForm(
    kind="custom_tool_call", prefix="ctc", field="input", event="response.custom_tool_call_input"
)


@attrs.define(eq=False, kw_only=True)
class _OpenItem:
    index: int
    head: bytes
    """Of the events that add to it."""
    item: dict[str, Any]
    pieces: list[str] = attrs.field(factory=list)

    @property
    def place(self) -> dict[str, Any]:
        """The fields that say which item an event is about."""
        return {"item_id": self.item["id"], "output_index": self.index}


@attrs.define(eq=False, kw_only=True)
class OutputWriter:
    """Writes the events of a response's items, and keeps the items."""

    events: EventNumbers
    offer: Offer
    id: str
    """What the ids of the items are made of."""
    files: list[dict[str, Any]] = attrs.field(factory=list, init=False)
    """Files of the answer that are no images; no item can hold them."""
    _items: list[dict[str, Any]] = attrs.field(factory=list, init=False)
    """In the order of ``output_index``; of what is open, how it would look if it ended here."""
    _message: _OpenItem | None = attrs.field(default=None, init=False)
    _thoughts: _OpenItem | None = attrs.field(default=None, init=False)
    _call: _OpenItem | None = attrs.field(default=None, init=False)

    def items(self) -> list[dict[str, Any]]:
        """All items; what is still open is ``incomplete``, as far as it came."""
        for item in (self._message, self._thoughts, self._call):
            if item is not None:
                self._items[item.index] = _filled(item, "incomplete")
        return list(self._items)

    def add_text(self, text: str) -> bytes:
        """The next piece of the answer's text."""
        message = self._message
        if message is not None and self._thoughts is None:
            message.pieces.append(text)
            return self.events.delta(message.head, text)
        opened = self._close_thoughts()
        if message is None:
            message, more = self._open_message()
            opened += more
        message.pieces.append(text)
        return opened + self.events.delta(message.head, text)

    def add_thought(self, text: str) -> bytes:
        """The next piece of what the model thinks."""
        opened, thoughts = b"", self._thoughts
        if thoughts is None:
            thoughts, opened = self._open_thoughts()
        thoughts.pieces.append(text)
        return opened + self.events.delta(thoughts.head, text)

    def begin_call(self, call: ToolCallBegan) -> bytes:
        """A call begins: whatever is open ends."""
        closed, tool = self.close("completed"), self.offer.client_name(call.name)
        form = _CUSTOM if call.freeform else _FUNCTION
        item = {
            "id": self._item_id(form.prefix),
            "type": form.kind,
            "status": "in_progress",
            "call_id": call.id,
            "name": tool.name,
            form.field: "",
        }
        if tool.namespace is not None:
            item["namespace"] = tool.namespace
        self._call, opened = self._open(item, f"{form.event}.delta")
        return closed + opened

    def add_arguments(self, piece: ToolCallArguments) -> bytes:
        """The next piece of a call's arguments."""
        if self._call is None or not piece.text:
            return b""
        self._call.pieces.append(piece.text)
        return self.events.delta(self._call.head, piece.text)

    def end_call(self, call: ToolCallEnded) -> bytes:
        """A call is whole."""
        opened = self._call
        if opened is None:
            return b""
        self._call = None
        # Calls that were held until they were checked come in one piece.
        late = self.events.delta(opened.head, call.arguments) if not opened.pieces and call.arguments else b""
        opened.pieces = [call.arguments]
        form = _CUSTOM if call.freeform else _FUNCTION
        told = {**opened.place, "name": opened.item["name"], form.field: call.arguments}
        return late + self.events.event(f"{form.event}.done", told) + self._done(opened, "completed")

    def add_file(self, file: FileProduced) -> bytes:
        """An image, which is an item, or a file of another kind, which is only kept."""
        data = b64encode(file.data).decode()
        if not file.media_type.startswith("image/"):
            url = f"data:{file.media_type};base64,{data}"
            self.files.append({"type": "input_file", "filename": file.name, "file_data": url})
            return b""
        item = {"id": self._item_id("ig"), "type": "image_generation_call", "result": None}
        opened, added = self._open({**item, "status": "in_progress"}, "")
        drawing = self.events.event("response.image_generation_call.in_progress", opened.place)
        drawn = self.events.event("response.image_generation_call.completed", opened.place)
        opened.item["result"] = data
        if file.description:
            opened.item["revised_prompt"] = file.description
        return added + drawing + drawn + self._done(opened, "completed")

    def close(self, status: str) -> bytes:
        """End what is open.

        Args:
          status: of a message: ``completed``, or ``incomplete`` where its text was cut.
        """
        return self._close_thoughts() + self._close_message(status)

    # messages and thoughts

    def _open_message(self) -> tuple[_OpenItem, bytes]:
        item = {
            "id": self._item_id("msg"),
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        self._message, added = self._open(
            item, "response.output_text.delta", {"content_index": 0, "logprobs": []}
        )
        part = {**self._message.place, "content_index": 0, "part": _output_text("")}
        return self._message, added + self.events.event("response.content_part.added", part)

    def _close_message(self, status: str) -> bytes:
        message, self._message = self._message, None
        if message is None:
            return b""
        text = "".join(message.pieces)
        place = {**message.place, "content_index": 0}
        return (
            self.events.event("response.output_text.done", {**place, "text": text, "logprobs": []})
            + self.events.event("response.content_part.done", {**place, "part": _output_text(text)})
            + self._done(message, status)
        )

    def _open_thoughts(self) -> tuple[_OpenItem, bytes]:
        item = {"id": self._item_id("rs"), "type": "reasoning", "summary": []}
        self._thoughts, added = self._open(
            item, "response.reasoning_summary_text.delta", {"summary_index": 0}
        )
        part = {**self._thoughts.place, "summary_index": 0, "part": _summary_text("")}
        return self._thoughts, added + self.events.event("response.reasoning_summary_part.added", part)

    def _close_thoughts(self) -> bytes:
        thoughts, self._thoughts = self._thoughts, None
        if thoughts is None:
            return b""
        text = "".join(thoughts.pieces)
        place = {**thoughts.place, "summary_index": 0}
        return (
            self.events.event("response.reasoning_summary_text.done", {**place, "text": text})
            + self.events.event(
                "response.reasoning_summary_part.done", {**place, "part": _summary_text(text)}
            )
            + self._done(thoughts, "completed")
        )

    # items

    def _item_id(self, prefix: str) -> str:
        return f"{prefix}_{self.id}{len(self._items):02x}"

    def _open(
        self, item: dict[str, Any], delta: str, more: dict[str, Any] | None = None
    ) -> tuple[_OpenItem, bytes]:
        index = len(self._items)
        self._items.append(item)
        head = delta_head(delta, {"item_id": item["id"], "output_index": index, **(more or {})})
        added = self.events.event("response.output_item.added", {"output_index": index, "item": item})
        return _OpenItem(index=index, head=head, item=item), added

    def _done(self, opened: _OpenItem, status: str) -> bytes:
        item = self._items[opened.index] = _filled(opened, status)
        return self.events.event("response.output_item.done", {"output_index": opened.index, "item": item})


def _filled(opened: _OpenItem, status: str) -> dict[str, Any]:
    """An item with all that it holds by now."""
    item, text = opened.item, "".join(opened.pieces)
    if item["type"] == "message":
        return {**item, "status": status, "content": [_output_text(text)]}
    if item["type"] == "reasoning":
        return {**item, "summary": [_summary_text(text)]}
    for form in (_FUNCTION, _CUSTOM):
        if item["type"] == form.kind:
            return {**item, "status": status, form.field: text}
    return {**item, "status": status}


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary_text(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}
