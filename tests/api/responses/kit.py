"""Checks of Responses streams: each event against the SDK's own types, and their order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from cdp_relay.api import Server
from tests.api.kit import Reply, send

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
_RESPONSE: TypeAdapter[Any] = TypeAdapter(Response)

_LAST = {"response.completed", "response.incomplete", "response.failed"}
_DELTAS = {
    "response.output_text.delta": ("response.output_text.done", "text"),
    "response.reasoning_summary_text.delta": ("response.reasoning_summary_text.done", "text"),
    "response.function_call_arguments.delta": ("response.function_call_arguments.done", "arguments"),
    "response.custom_tool_call_input.delta": ("response.custom_tool_call_input.done", "input"),
}
_SDK_KNOWS = {"server_error", "rate_limit_exceeded", "invalid_prompt"}


def check_response(response: dict[str, Any]) -> dict[str, Any]:
    """Check a response against the SDK's types, strictly, and for what other clients want to see."""
    value = dict(response)
    error = value["error"]
    if error is not None and error["code"] not in _SDK_KNOWS:
        # Codes that Codex knows and that the SDK has not in its list.
        assert error["code"] in ("context_length_exceeded", "insufficient_quota")
        value["error"] = {**error, "code": "server_error"}
    _RESPONSE.validate_python(value)
    for name in ("completed_at", "incomplete_details", "instructions", "previous_response_id", "usage"):
        assert name in response, name
    for name in ("temperature", "top_p", "truncation", "text", "reasoning", "service_tier", "metadata"):
        assert response[name] is not None, name
    ids = [item["id"] for item in response["output"]]
    assert len(ids) == len(set(ids))
    return response


@attrs.define
class StreamCheck:
    """Follows a stream event by event, and refuses what no client could follow."""

    events: list[dict[str, Any]] = attrs.field(factory=list)
    items: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    """The finished ones, by their index."""
    last: dict[str, Any] | None = None
    _open: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    _parts: dict[int, str] = attrs.field(factory=dict)
    """The open parts: what deltas added so far, by the item's index."""
    _told: dict[int, str] = attrs.field(factory=dict)

    def take(self, name: str, event: dict[str, Any]) -> None:
        """Check the next event."""
        assert self.last is None, f"{name} after the end"
        assert event["type"] == name
        assert event["sequence_number"] == len(self.events)
        if "response" in event:
            check_response(event["response"])
        else:
            _EVENT.validate_python(event)
        self.events.append(event)
        if len(self.events) <= 2:
            assert name in ("response.created", "response.queued", "response.in_progress")
            assert (name == "response.created") == (len(self.events) == 1)
        elif name in _LAST:
            self._end(name, event["response"])
        elif name not in ("response.in_progress", "response.queued"):
            self._take_part_of_item(name, event)

    def _take_part_of_item(self, name: str, event: dict[str, Any]) -> None:
        index = event["output_index"]
        if name == "response.output_item.added":
            assert index == len(self._open) + len(self.items)
            self._open[index] = event["item"]
            if event["item"]["type"] in ("function_call", "custom_tool_call"):
                assert len(self._open) == 1, "a call begins while something else is open"
                self._parts[index] = ""
            return
        opened = self._open[index]
        assert event.get("item_id", opened["id"]) == opened["id"]
        if name in ("response.content_part.added", "response.reasoning_summary_part.added"):
            assert index not in self._parts
            self._parts[index] = event["part"]["text"]
        elif name in _DELTAS:
            assert event["delta"]
            self._parts[index] += event["delta"]
        elif name.endswith(("text.done", "arguments.done", "input.done")):
            field = next(field for done, field in _DELTAS.values() if done == name)
            self._told[index] = event[field]
            assert self._parts.pop(index) == event[field]
        elif name in ("response.content_part.done", "response.reasoning_summary_part.done"):
            assert event["part"]["text"] == self._told[index]
        elif name == "response.output_item.done":
            self._end_item(index, event["item"])
        else:
            assert name.startswith("response.image_generation_call."), name

    def _end_item(self, index: int, item: dict[str, Any]) -> None:
        added = self._open.pop(index)
        assert index not in self._parts
        assert (added["id"], added["type"]) == (item["id"], item["type"])
        assert item.get("status") != "in_progress"
        if index in self._told:
            assert self._told[index] == text_of(item)
        self.items[index] = item

    def _end(self, name: str, response: dict[str, Any]) -> None:
        self.last = response
        output = response["output"]
        assert [output[index] for index in sorted(self.items)] == [
            self.items[index] for index in sorted(self.items)
        ]
        if name == "response.completed":
            assert response["status"] == "completed"
            assert response["completed_at"] >= response["created_at"]
        if name != "response.failed" and response["status"] != "cancelled":
            assert not self._open
            assert len(output) == len(self.items)
            assert response["usage"]["total_tokens"] >= 0
        else:
            assert len(output) == len(self.items) + len(self._open)


def text_of(item: Mapping[str, Any]) -> str:
    """What an item says."""
    if item["type"] == "message":
        return "".join(part["text"] for part in item["content"])
    if item["type"] == "reasoning":
        return "".join(part["text"] for part in item["summary"])
    return str(item.get("arguments", item.get("input", "")))


def check_stream(body: bytes, *, whole: bool = True) -> StreamCheck:
    """Check a stream from its first byte; with *whole* to its last event."""
    assert b"\r" not in body
    assert body.endswith(b"\n\n")
    check = StreamCheck()
    for block in body.removesuffix(b"\n\n").split(b"\n\n"):
        first, _, second = block.partition(b"\n")
        assert first.startswith(b"event: ")
        assert second.startswith(b"data: ")
        assert b"\n" not in second
        check.take(first.removeprefix(b"event: ").decode(), json.loads(second.removeprefix(b"data: ")))
    assert (check.last is not None) == whole
    return check


def body_of(**more: Any) -> bytes:
    """A request's body."""
    return json.dumps({"model": "practice", "input": "Hi", **more}).encode()


async def create(server: Server, headers: dict[str, str | None] | None = None, **more: Any) -> Reply:
    """POST a request for a response."""
    return await send(server, "POST", "/v1/responses", body_of(**more), headers)
