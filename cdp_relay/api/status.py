"""``/v1/status``: how the service, its sites and its turns are, once or as it changes.

It holds no word of a conversation: what runs, where, for how long and for whom.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator
from typing import Any

import attrs
import trio
from quart import Response, request

from cdp_relay import __version__
from cdp_relay.api.asking import stream_response
from cdp_relay.api.catalogue import readiness
from cdp_relay.api.exchange import Exchange, current_exchange
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.service import AddRoute, Service
from cdp_relay.chat.live import EndedTurn, LiveTurn
from cdp_relay.errors import InvalidRequest

__all__ = ["add_status", "status_body"]

_LEAST_SECONDS = 0.2
"""From one push to the next, however much happens."""
_TICK_SECONDS = 1.0
"""How late what is no step of a turn may be told: a site's state, how far an answer is."""
_RECENT = 20


def add_status(route: AddRoute, service: Service) -> None:
    """Add ``GET /v1/status``."""

    @route("/v1/status", "GET")
    async def status() -> Response:
        wanted = request.args.get("stream", "")
        if wanted in ("", "0", "false"):
            return Response(dump_json(status_body(service)), 200, {"content-type": "application/json"})
        if wanted not in ("1", "true"):
            raise InvalidRequest("stream is neither 1 nor 0.", param="stream")
        exchange = current_exchange(request.scope)
        # No room in the channel: a viewer that lags is shown the present, not what has been.
        send, receive = trio.open_memory_channel[bytes](0)
        exchange.nursery.start_soon(_follow, service, exchange, send)
        return stream_response(_pushed(receive), "text/event-stream")


def status_body(service: Service) -> dict[str, Any]:
    """The present, as JSON has it."""
    relay = service.relay
    board = relay.board
    now = board.clock()
    known = readiness(relay.status(), relay.route(""), time.time(), service.journal_health)
    return {
        "version": __version__,
        "pid": os.getpid(),
        **known.body,
        "open_requests": service.traffic.open,
        "turns": [_running(turn, now) for turn in board.running.values()],
        "recent": [_over(turn) for turn in list(board.recent)[:_RECENT]],
    }


def _running(turn: LiveTurn, now: float) -> dict[str, Any]:
    asked = turn.request
    shown: dict[str, Any] = {
        "request": asked.id,
        "client": asked.client,
        "session": asked.session,
        "model": asked.model,
        "site": turn.desk,
        "step": None if turn.step is None else turn.step.value,
        "seconds": round(now - turn.begun, 1),
        "step_seconds": round(now - turn.step_at, 1),
        "chat": turn.chat,
        "messages_spared": turn.spared,
        "conversation_id": turn.conversation_id,
        "characters": turn.characters,
        "pieces": turn.pieces,
    }
    if turn.position:
        shown |= {"position": turn.position, "estimated_seconds": turn.estimated_seconds}
    if turn.first_word_at is not None:
        shown["first_word_seconds"] = round(turn.first_word_at - turn.begun, 2)
        lasting = now - turn.first_word_at
        # Of a first moment nothing can be said.
        shown["characters_per_second"] = round(turn.characters / lasting, 1) if lasting >= 0.5 else None
    return shown


def _over(turn: EndedTurn) -> dict[str, Any]:
    shown = attrs.asdict(turn)
    shown["site"] = shown.pop("desk")
    shown["messages_spared"] = shown.pop("spared")
    return shown


async def _follow(service: Service, exchange: Exchange, channel: trio.MemorySendChannel[bytes]) -> None:
    """Push the present whenever it has changed, until the service stops or the viewer leaves."""
    board, keep_alive = service.relay.board, service.settings.keepalive_seconds
    last: dict[str, Any] = {}
    quiet_until = -1.0
    async with channel:
        with exchange.turn:
            while not service.stopping.is_set():
                version, body = board.version, status_body(service)
                lasting = {name: value for name, value in body.items() if name != "uptime_seconds"}
                if lasting != last or trio.current_time() >= quiet_until:
                    last, quiet_until = lasting, trio.current_time() + keep_alive
                    await channel.send(b"event: status\ndata: %b\n\n" % dump_json(body))
                await trio.sleep(_LEAST_SECONDS)
                with trio.move_on_after(_TICK_SECONDS - _LEAST_SECONDS):
                    await board.changed(version)
        await channel.send(b"event: end\ndata: {}\n\n")


async def _pushed(channel: trio.MemoryReceiveChannel[bytes]) -> AsyncGenerator[bytes, None]:
    async for data in channel:
        yield data
