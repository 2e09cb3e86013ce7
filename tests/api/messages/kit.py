"""The dialect as its own SDK sees it: types that every byte has to parse as, and the order of events."""

from __future__ import annotations

import json
from typing import Any

import pydantic
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.shared import ErrorResponse

_EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(RawMessageStreamEvent)
_DELTAS = {
    "text": {"text_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
}
_OF_STREAMS_ONLY = {"parsed_output", "__json_buf"}


def parse_message(body: bytes) -> Message:
    """A whole answer; it holds nothing that the SDK does not know, but for our own extension."""
    message = Message.model_validate_json(body, strict=True)
    _check_members(message)
    return message


def parse_error(body: bytes) -> ErrorResponse:
    error = ErrorResponse.model_validate_json(body, strict=True)
    _check_members(error)
    return error


def split_events(body: bytes) -> list[dict[str, Any]]:
    """Take a stream apart; each event's name stands in its data as well."""
    assert b"\r" not in body
    assert body.endswith(b"\n\n")
    events = []
    for block in body.removesuffix(b"\n\n").split(b"\n\n"):
        first, second = block.split(b"\n")
        data = json.loads(second.removeprefix(b"data: "))
        assert first == f"event: {data['type']}".encode()
        events.append(data)
    return events


def check_stream(body: bytes, *, broken: bool = False) -> list[dict[str, Any]]:
    """Check all that holds for every stream, one that broke included, and return its events."""
    events = split_events(body)
    told = [event for event in events if event["type"] != "ping"]
    assert told[0]["type"] == "message_start"
    assert events[1]["type"] == "ping"
    if broken:
        assert told.pop()["type"] == "error"
    else:
        assert [event["type"] for event in told[-2:]] == ["message_delta", "message_stop"]
        assert told[-2]["delta"]["stop_reason"]
    for event in told:
        parsed = _EVENT.validate_json(json.dumps(event), strict=True)
        assert parsed.type == event["type"]
        _check_members(parsed)
    assert told[0]["message"]["content"] == []
    _check_blocks(told[1:] if broken else told[1:-2], whole=not broken)
    return events


def accumulate(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the SDK makes of a stream, in the form of a whole answer."""
    snapshot = None
    buffers: dict[int, bytes] = {}
    for event in events:
        if event["type"] != "ping":
            parsed = _EVENT.validate_python(event)
            snapshot = accumulate_event(event=parsed, current_snapshot=snapshot, json_bufs=buffers)
    assert snapshot is not None
    return plain(snapshot)


def plain(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = message.model_dump(mode="json", exclude_none=True, warnings=False)
    shown.pop("cdp_relay", None)
    for block in shown["content"]:
        for name in _OF_STREAMS_ONLY:
            block.pop(name, None)
    return shown


def _check_blocks(events: list[dict[str, Any]], *, whole: bool) -> None:
    index, kind, deltas = -1, None, 0
    arguments = ""
    for event in events:
        if event["type"] == "content_block_start":
            assert kind is None
            index, kind, deltas, arguments = index + 1, event["content_block"]["type"], 0, ""
            assert event["index"] == index
            block = event["content_block"]
            assert not (block.get("text"))
            assert not (block.get("thinking"))
            assert not (block.get("input"))
        elif event["type"] == "content_block_delta":
            assert kind is not None
            assert event["index"] == index
            delta = event["delta"]
            assert delta["type"] in _DELTAS[kind]
            assert all(delta.values()), "a delta says something"
            deltas += 1
            arguments += delta.get("partial_json", "")
        else:
            assert event == {"type": "content_block_stop", "index": index}
            assert deltas > (1 if kind == "thinking" else 0), "no block is empty"
            if kind == "tool_use":
                assert isinstance(json.loads(arguments), dict)
            kind = None
    assert kind is None or not whole


def _check_members(value: Any) -> None:
    if isinstance(value, pydantic.BaseModel):
        assert set(value.model_extra or ()) <= {"cdp_relay"}
        for name in type(value).model_fields:
            _check_members(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            _check_members(item)
