"""The practice page's web server: one page, one script, ``POST /answer`` and ``POST /stop``.

It listens on a free port of 127.0.0.1 for as long as ``serve_practice`` is open, keeps nothing, and
answers only to its own page: the Host header has to be its own address to the letter, and a POST
has to carry its own Origin, so no other web page can use it, whatever name leads there.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import attrs
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

from ._practice_picture import draw_river
from ._practice_scripts import Cut, End, Fail, Hang, Move, Refuse, Say, Show, Think, Unknown, Wait, play

__all__ = ["serve_practice"]

_Scope = dict[str, Any]
_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]

_MAX_BODY = 64 * 1024 * 1024
"""The relay's own limit is 32 MiB, and JSON may double that."""

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

_log = logging.getLogger("cdp_relay.practice")


@asynccontextmanager
async def serve_practice(page: bytes, script: bytes) -> AsyncGenerator[str, None]:
    """Serve the page for as long as the block lasts; yields its address, without a slash at the end."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    _log.setLevel(logging.WARNING)  # the server tells its address in words of its own
    config.errorlog = _log
    config.include_server_header = False
    config.graceful_timeout = 0.5
    site = _Site(page=page, script=script)
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(partial(serve, cast("Any", site), config, mode="asgi"))
        site.origin = addresses[0]
        try:
            yield site.origin
        finally:
            nursery.cancel_scope.cancel()


@attrs.define(eq=False)
class _Site:
    """The ASGI application."""

    page: bytes
    script: bytes
    origin: str = ""
    _answers: dict[str, trio.Event] = attrs.field(factory=dict, init=False)
    """Answers under way, by message id; the event is their stop."""

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "lifespan":
            # There is nothing to set up, but the server wants to hear it.
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        method, path = scope["method"], scope["path"]
        if headers.get("host") != self.origin.removeprefix("http://"):
            await _reply(send, 403, {"error": "This is not the address of the practice page."})
        elif method == "GET" and path == "/":
            await self._send_page(send)
        elif method == "GET" and path == "/practice.js":
            await _reply(send, 200, self.script, "text/javascript; charset=utf-8")
        elif method == "GET" and path == "/river.png":
            await _reply(send, 200, draw_river(), "image/png")
        elif path not in ("/answer", "/stop"):
            await _reply(send, 404, {"error": "There is nothing here."})
        elif method != "POST":
            await _reply(send, 405, {"error": "Use POST."})
        elif headers.get("origin") != self.origin:
            await _reply(send, 403, {"error": "Only the practice page may do this."})
        elif headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            await _reply(send, 415, {"error": "Send application/json."})
        else:
            question = await _read_json(receive)
            if question is None:
                await _reply(send, 400, {"error": "The body is not what the page sends."})
            elif path == "/answer":
                await self._answer(question, receive, send)
            else:
                await self._stop(question, send)

    async def _send_page(self, send: _Send) -> None:
        style = self.page.partition(b"<style>")[2].partition(b"</style>")[0]
        digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'sha256-{digest}'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        await _reply(
            send, 200, self.page, "text/html; charset=utf-8", [(b"content-security-policy", policy.encode())]
        )

    async def _stop(self, question: dict[str, Any], send: _Send) -> None:
        stopped = self._answers.get(str(question.get("message_id", "")))
        if stopped is not None:
            stopped.set()
        await _reply(send, 200, {"stopped": stopped is not None})

    async def _answer(self, question: dict[str, Any], receive: _Receive, send: _Send) -> None:
        prompt, model, message_id, conversation_id = (
            question.get(name) for name in ("prompt", "model", "message_id", "conversation_id")
        )
        if not (isinstance(prompt, str) and isinstance(model, str) and _is_id(message_id, conversation_id)):
            await _reply(send, 400, {"error": "prompt, model, message_id and conversation_id are texts."})
            return
        script, moves = play(prompt, model)
        first = next(moves)
        if isinstance(first, Refuse):
            retry = [] if first.retry_after is None else [(b"retry-after", str(first.retry_after).encode())]
            await _reply(send, first.status, {"error": first.message}, headers=retry)
            return
        await send(_start(200, b"text/event-stream; charset=utf-8", []))
        stopped = self._answers[str(message_id)] = trio.Event()
        end: Move | None = None
        gone = True
        start = {
            "type": "start",
            "conversation_id": conversation_id,
            "message_id": message_id,
            "model": script,
        }
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_when_gone, receive, nursery.cancel_scope)
                await _send_event(send, start)
                end = await _perform(itertools.chain((first,), moves), send, stopped)
                gone = False
                nursery.cancel_scope.cancel()
        finally:
            del self._answers[str(message_id)]
        # A return without the last chunk makes the server cut the connection. The last chunk is sent
        # out here, since it announces the disconnect that cancels the block above.
        if not gone and not isinstance(end, Cut):
            await send({"type": "http.response.body", "body": b""})


def _is_id(*values: object) -> bool:
    return all(isinstance(value, str) and _ID.fullmatch(value) for value in values)


async def _perform(moves: Iterable[Move], send: _Send, stopped: trio.Event) -> Move | None:
    """Send moves until one ends the answer, which is returned, or until somebody stops it."""
    for move in moves:
        match move:
            case Say(text):
                await _send_event(send, {"type": "text", "text": text})
            case Think(text):
                await _send_event(send, {"type": "thinking", "text": text})
            case Show(url=url, description=description):
                await _send_event(send, {"type": "picture", "url": url, "description": description})
            case Wait(seconds):
                with trio.move_on_after(seconds):
                    await stopped.wait()
            case Unknown():
                await _send_event(send, {"type": "weather", "sky": "clear"})
            case Hang():
                await stopped.wait()
            case Fail(code=code, message=message):
                await _send_event(send, {"type": "error", "code": code, "message": message})
                return move
            case End(reason):
                await _send_event(send, {"type": "end", "reason": reason})
                return move
            case _:
                return move
        if stopped.is_set():
            await _send_event(send, {"type": "end", "reason": "stopped"})
            return End("stopped")
    return None


async def _cancel_when_gone(receive: _Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _read_json(receive: _Receive) -> dict[str, Any] | None:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _MAX_BODY:
            return None
    try:
        value = json.loads(bytes(body))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _start(status: int, content_type: bytes, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    fixed = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    return {"type": "http.response.start", "status": status, "headers": fixed + headers}


async def _reply(
    send: _Send,
    status: int,
    body: bytes | dict[str, Any],
    content_type: str = "application/json",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = [(b"content-length", str(len(data)).encode())]
    await send(_start(status, content_type.encode(), length + (headers or [])))
    await send({"type": "http.response.body", "body": data})


async def _send_event(send: _Send, event: dict[str, Any]) -> None:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    try:
        data = text.encode()
    except UnicodeEncodeError:
        # Half a character, typed by hand: JSON can say it as an escape, UTF-8 cannot.
        data = json.dumps(event, separators=(",", ":")).encode()
    await send({"type": "http.response.body", "body": b"data: " + data + b"\n\n", "more_body": True})
