"""The clients of a soak: one request over one plain socket, so that it can break off wherever it likes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs
import h11
import trio

from cdp_relay.wire.sse import ServerSentEvent, SSEDecoder
from tests.soak.plan import Fault, PlannedTurn

__all__ = ["Address", "Heard", "Line", "ask"]

_READ_BYTES = 1 << 16

Line = tuple[Literal["user", "assistant"], str]
"""A message of a conversation."""

End = Literal["answered", "error", "left", "cut", "unreachable", "endless"]

_ENDLESS_SECONDS = 150.0
"""More than any limit of the soak's settings together: who has no end by then will never have one."""


@attrs.frozen(kw_only=True)
class Address:
    """Where the service is."""

    port: int
    key: str


@attrs.define(eq=False)
class Heard:
    """What a client got for one request."""

    end: End = "cut"
    """``answered`` with the sign of a whole answer; ``error`` with an error in the dialect's form; ``left``
    when the client broke off; ``cut`` when the connection ended without any of these; ``unreachable`` when
    nothing could be sent; ``endless`` when no end came for minutes."""
    status: int | None = None
    request_id: str = ""
    headers: dict[str, str] = attrs.field(factory=dict)
    code: str = ""
    message: str = ""
    ends: int = 0
    """How many signs of an end came."""
    pieces: list[str] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        """The answer as far as it came."""
        return "".join(self.pieces)

    @property
    def chars(self) -> int:
        """Its length."""
        return sum(map(len, self.pieces))


class _Left(Exception):
    """The client has heard enough."""


async def ask(
    address: Address,
    turn: PlannedTurn,
    lines: Sequence[Line],
    *,
    site: str,
    client: str,
    key: str = "",
    leaves: bool = False,
) -> Heard:
    """Ask, and listen to the end, or until the client leaves where the plan says.

    Args:
      key: for the header ``Idempotency-Key``.
      leaves: break off as planned.
    """
    heard = Heard()
    early = leaves and turn.fault is Fault.LEAVES_EARLY
    try:
        stream = await trio.open_tcp_stream("127.0.0.1", address.port)
    except OSError:
        heard.end = "unreachable"
        return heard
    try:
        async with stream:
            seconds = turn.leaves_after / 100 if early else _ENDLESS_SECONDS
            with trio.move_on_after(seconds) as patience:
                await _exchange(
                    stream, _request(address, turn, lines, site, client, key), turn, leaves, heard
                )
            if patience.cancelled_caught:
                heard.end = "left" if early else "endless"
    except _Left:
        heard.end = "left"
    except (OSError, trio.BrokenResourceError, h11.RemoteProtocolError):
        if heard.end not in ("answered", "error"):
            heard.end = "cut"
    return heard


def _request(
    address: Address, turn: PlannedTurn, lines: Sequence[Line], site: str, client: str, key: str
) -> bytes:
    dialect, _, streamed = turn.dialect.partition("-")
    messages = [{"role": role, "content": text} for role, text in lines]
    body: dict[str, Any] = {"model": site, "stream": bool(streamed)}
    if dialect == "responses":
        path, body["input"] = "/v1/responses", messages
    elif dialect == "messages":
        path = "/v1/messages"
        body |= {"messages": messages, "max_tokens": 4096}
    else:
        path, body["messages"] = "/v1/chat/completions", messages
    payload = json.dumps(body).encode()
    headers = {
        "Host": f"127.0.0.1:{address.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(payload)),
        "Connection": "close",
        "User-Agent": client,
    }
    if dialect == "messages":
        headers |= {"x-api-key": address.key, "anthropic-version": "2023-06-01"}
    else:
        headers["Authorization"] = f"Bearer {address.key}"
    if key:
        headers["Idempotency-Key"] = key
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + payload


async def _exchange(
    stream: trio.SocketStream, request: bytes, turn: PlannedTurn, leaves: bool, heard: Heard
) -> None:
    protocol = h11.Connection(h11.CLIENT)
    # The request was made by hand; h11 only has to know that it is over.
    protocol.send(h11.Request(method="POST", target="/", headers=[("Host", "x")]))
    protocol.send(h11.EndOfMessage())
    await stream.send_all(request)
    events, whole = SSEDecoder(), bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            data = await stream.receive_some(_READ_BYTES)
            if not data and protocol.our_state is h11.DONE and heard.ends:
                return
            protocol.receive_data(bytes(data))
            continue
        if isinstance(event, h11.Response):
            heard.status = event.status_code
            heard.headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
            heard.request_id = heard.headers.get("x-request-id", "")
        elif isinstance(event, h11.Data):
            if heard.headers.get("content-type", "").startswith("text/event-stream"):
                for one in events.feed(bytes(event.data)):
                    _hear(one, heard)
                if leaves and heard.chars >= turn.leaves_after:
                    raise _Left
                if turn.fault is Fault.SLOW_READER:
                    await trio.sleep(0.05)
            else:
                whole += event.data
        else:  # the end of the message, or of the connection
            if whole:
                _hear_whole(json.loads(whole), heard)
            return


def _hear(event: ServerSentEvent, heard: Heard) -> None:
    if event.data == "[DONE]":
        return
    body = json.loads(event.data)
    for end, text in _read(body):
        if end is not None:
            heard.ends += 1
            heard.end = end
        if end == "error":
            _note_error(body.get("error") or body.get("response", {}).get("error") or body, heard)
        if text:
            heard.pieces.append(text)


def _read(body: Mapping[str, Any]) -> Iterator[tuple[End | None, str]]:
    """What one event of a stream says, in whichever dialect."""
    kind = body.get("type", "")
    if kind in ("error", "response.failed", "response.incomplete") or (not kind and body.get("error")):
        yield "error", ""
    elif kind in ("message_stop", "response.completed"):
        yield "answered", ""
    elif kind == "content_block_delta":
        yield None, body["delta"].get("text", "")
    elif kind == "response.output_text.delta":
        yield None, body["delta"]
    for choice in body.get("choices", ()):
        yield None, choice.get("delta", {}).get("content") or ""
        if choice.get("finish_reason"):
            yield "answered", ""


def _hear_whole(body: Mapping[str, Any], heard: Heard) -> None:
    heard.ends += 1
    if (heard.status or 0) >= 400:
        heard.end = "error"
        _note_error(body.get("error") or body, heard)
        return
    heard.end = "answered"
    heard.pieces += [choice["message"]["content"] or "" for choice in body["choices"]]


def _note_error(error: Mapping[str, Any], heard: Heard) -> None:
    heard.code = str(error.get("code") or error.get("type") or "")
    heard.message = str(error.get("message", ""))
