"""The user-level WebSocket ``wss://ws.chatgpt.com``: one per page, with a topic for each turn."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import attrs
import trio

from cdp_relay.recording.serving.sockets import PageSocket, SocketClosed
from tests.sites.chatgpt.answer import Answer
from tests.sites.chatgpt.turns import Turn

__all__ = ["serve_user_socket"]

FindTurn = Callable[[str], Turn | None]

_HEARTBEAT_SECONDS = 5.0


async def serve_user_socket(socket: PageSocket, find_turn: FindTurn) -> None:
    """Answer a page's commands and send it what its topics bring, until the page closes."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_beat, socket)
        try:
            while True:
                for request in json.loads(await socket.receive()):
                    command = request.get("command", {})
                    if command.get("type") == "subscribe":
                        nursery.start_soon(_subscribe, socket, request, find_turn)
                    else:
                        await _send(socket, _reply(request, {"type": command.get("type", "")}))
        except SocketClosed:
            nursery.cancel_scope.cancel()


async def _beat(socket: PageSocket) -> None:
    try:
        while True:
            await trio.sleep(_HEARTBEAT_SECONDS)
            await _send(socket, {"type": "heartbeat"})
    except SocketClosed:
        return


async def _subscribe(socket: PageSocket, request: dict[str, Any], find_turn: FindTurn) -> None:
    topic: str = request["command"]["topic_id"]
    turn = find_turn(topic)
    if turn is None:
        await _send(socket, _reply(request, {"type": "subscribe", "topic_id": topic, "recovered": False}))
        return
    try:
        await _stream_topic(socket, request, turn)
    except SocketClosed:
        return


async def _stream_topic(socket: PageSocket, request: dict[str, Any], turn: Turn) -> None:
    numbers = itertools.count()
    answer = turn.reply if isinstance(turn.reply, Answer) else Answer()
    index = len(turn.frames)
    first = _handoff_index(turn) if answer.topic_history == "rest" else 0
    old = [_item(turn, frame.data, next(numbers)) for frame in turn.frames[first:index] if frame.shared]
    offset = old[-1]["offset"] if old else "0"
    reply = {"type": "subscribe", "topic_id": turn.topic, "recovered": True, "catchups": old}
    await _send(socket, _reply(request, {**reply, "last_offset": offset}))
    while (frame := await turn.frame(index)) is not None:
        index += 1
        if answer.socket_noise:
            await _send(socket, *_noise(turn, next(numbers)))
        if frame.shared:
            await _send(socket, _item(turn, frame.data, next(numbers)))
    if answer.image:
        await _send(socket, _update(turn, "async-task-start"), _update(turn, "async-task-update-message"))
    done = _item(turn, b"", next(numbers))
    done["payload"]["payload"] = {"type": "done", "conversation_id": turn.conversation_id}
    await _send(socket, done)


def _handoff_index(turn: Turn) -> int:
    return next((index for index, frame in enumerate(turn.frames) if not frame.shared), 0)


def _item(turn: Turn, data: bytes, number: int) -> dict[str, Any]:
    item = {
        "type": "stream-item",
        "conversation_id": turn.conversation_id,
        "turn_id": turn.ids.exchange,
        "stream_item_id": str(number),
        "encoded_item": data.decode(),
    }
    return {
        "type": "message",
        "topic_id": turn.topic,
        "offset": f"{int(time.time() * 1000)}-{number}",
        "payload": {"type": "conversation-turn-stream", "payload": item},
    }


def _noise(turn: Turn, number: int) -> list[dict[str, Any]]:
    """The same socket carries other chats of the same person."""
    ids = attrs.evolve(turn.ids, conversation="99999999-0000-4000-8000-000000000000", exchange="other-turn")
    other = attrs.evolve(turn, ids=ids)
    text = b'event: delta\ndata: {"p":"/message/content/parts/0","o":"append","v":"NOISE"}\n\n'
    return [_item(other, text, number), {"type": "heartbeat"}, _update(other, "conversation-title")]


def _update(turn: Turn, kind: str) -> dict[str, Any]:
    update = {"conversation_id": turn.conversation_id, "update_type": kind, "update_content": {}}
    return {
        "type": "message",
        "topic_id": "conversations",
        "payload": {"type": "conversation-update", "payload": update},
    }


def _reply(request: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    return {"id": request.get("id"), "type": "reply", "reply": reply}


async def _send(socket: PageSocket, *messages: dict[str, Any]) -> None:
    await socket.send(json.dumps(list(messages)))
