"""Recordings of one turn, made from what the replicas' own writers write; no browser is needed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.decode import decode_stream
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.vocabulary import TextDelta
from cdp_relay.recording.session import (
    About,
    Body,
    Chunk,
    Exchange,
    Heard,
    Message,
    Request,
    Response,
    Session,
)
from cdp_relay.store.documents import event_document
from tests.sites import aistudio, chatgpt, claude, gemini
from tests.sites.aistudio.stream import stream_answer as aistudio_stream
from tests.sites.chatgpt.stream import TurnIds as ChatgptIds
from tests.sites.chatgpt.stream import stream_answer as chatgpt_stream
from tests.sites.claude.stream import TurnIds as ClaudeIds
from tests.sites.claude.stream import stream_answer as claude_stream
from tests.sites.gemini.stream import stream_answer as gemini_stream
from tests.sites.gemini.turns import TurnIds as GeminiIds
from tests.sites.kit.turns import Frame, Step

__all__ = [
    "SITES",
    "TEXT",
    "body_of",
    "decoded",
    "frames_of",
    "recorded",
    "socket_session",
    "with_body",
]

SITES = ("chatgpt", "claude", "gemini", "aistudio")
TEXT = "Naïve 😀 **words**, and so on.\n\n```py\nprint('漢字')\n```\n\nThat was the end of it."

_ORIGINS = {
    "chatgpt": "https://chatgpt.com",
    "claude": "https://claude.ai",
    "gemini": "https://gemini.google.com",
    "aistudio": "https://aistudio.google.com",
}
_PATHS = {
    "chatgpt": "/backend-api/f/conversation",
    "claude": "/api/organizations/1/chat_conversations/2/completion",
    "gemini": "/_/BardChatUi/data/assistant.lamda.BardFrontendService/StreamGenerate",
    "aistudio": "/$rpc/google.internal.alkali.applications.makersuite.v1.MakerSuiteService/GenerateContent",
}
_TYPES = {
    "chatgpt": "text/event-stream",
    "claude": "text/event-stream",
    "gemini": "application/json",
    "aistudio": "application/json+protobuf",
}


def _chatgpt(**more: Any) -> Iterator[Step]:
    user = {"id": "user-1", "author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Hi"]}}
    return chatgpt_stream(
        chatgpt.Answer(**more), ChatgptIds(conversation="c-1", exchange="x-1", user_message=user)
    )


_WRITERS: dict[str, Callable[..., Iterable[Step]]] = {
    "chatgpt": _chatgpt,
    "claude": lambda **more: claude_stream(
        claude.Answer(**more), ClaudeIds(conversation="c-1", human="h-1", assistant="a-1")
    ),
    "gemini": lambda **more: gemini_stream(gemini.Answer(**more), GeminiIds()),
    "aistudio": lambda **more: aistudio_stream(aistudio.Answer(**more), response_id="v1_1", prompt_tokens=3),
}


def frames_of(site: str, **answer: Any) -> list[bytes]:
    """The frames of an answer, as the site's replica writes them."""
    return [step.data for step in _WRITERS[site](**answer) if isinstance(step, Frame)]


def decoded(site: str, body: bytes) -> dict[str, Any]:
    """What the site's decoder makes of a body."""
    return decode_stream(_provider(site), [body])


@functools.cache
def _provider(site: str) -> Provider:
    return load_provider(site)


@functools.cache
def recorded(site: str, *, text: str = TEXT, scenario: str = "plain", **answer: Any) -> Session:
    """A session with a page, the prompt's request and its answer, a frame each tenth of a second."""
    frames = frames_of(site, text=text, **answer)
    chunks = tuple(Chunk(2.0 + 0.1 * index, len(frame)) for index, frame in enumerate(frames))
    origin = _ORIGINS[site]
    page = Exchange(
        id="1",
        at=0.0,
        ended_at=0.5,
        request=Request(method="GET", url=f"{origin}/"),
        response=Response(status=200, mime_type="text/html", body=Body.of(b"<html></html>")),
        resource_type="document",
    )
    asked = Exchange(
        id="2",
        at=1.0,
        ended_at=chunks[-1].at,
        request=Request(
            method="POST",
            url=f"{origin}{_PATHS[site]}?rt=c",
            headers=(("content-type", "application/json"),),
            body=Body.of(b'{"prompt": "Hi", "stream": true}'),
        ),
        response=Response(
            status=200,
            headers=(("content-type", _TYPES[site]),),
            mime_type=_TYPES[site],
            body=Body.of(b"".join(frames)),
            chunks=chunks,
        ),
        resource_type="fetch",
    )
    said = decoded(site, b"".join(frames))["text"]
    return Session(about=_about(site, scenario), exchanges=(page, asked), heard=_heard(said))


def socket_session(text: str = TEXT) -> Session:
    """ChatGPT's answer over its socket: events within JSON within JSON."""
    messages = [
        Message(
            at=2.0 + 0.1 * number,
            sent=False,
            data=json.dumps(
                [
                    {
                        "type": "message",
                        "topic_id": "t",
                        "payload": {
                            "type": "conversation-turn-stream",
                            "payload": {"type": "stream-item", "encoded_item": frame.decode()},
                        },
                    }
                ]
            ),
        )
        for number, frame in enumerate(frames_of("chatgpt", text=text))
    ]
    socket = Exchange(
        id="7",
        at=1.0,
        request=Request(method="GET", url="wss://ws.chatgpt.com/user"),
        response=Response(status=101),
        resource_type="websocket",
        messages=(Message(at=1.5, sent=True, data='[{"command":{"type":"subscribe"}}]'), *messages),
    )
    return Session(about=_about("chatgpt", "plain"), exchanges=(socket,), heard=_heard(text))


def _about(site: str, scenario: str) -> About:
    return About(
        site=site,
        scenario=scenario,
        recorded_on="2026-11-21",
        relay_version="0.1.0",
        browser="Chrome/156.0",
        origin=_ORIGINS[site],
        redacted=True,
    )


def _heard(text: str) -> tuple[Heard, ...]:
    half = len(text) // 2
    pieces = [
        Heard(2.5, event_document(TextDelta(text[:half]))),
        Heard(3.0, event_document(TextDelta(text[half:]))),
    ]
    return (*pieces, Heard(3.5, {"event": "Finished", "finish_reason": "stop", "site": "x"}))


def body_of(session: Session, index: int = 1) -> bytes:
    """The bytes of an answer."""
    response = session.exchanges[index].response
    assert response is not None
    assert response.body is not None
    return response.body.read()


def with_body(session: Session, body: bytes, index: int = 1, *, media_type: str = "") -> Session:
    """The session with other bytes in one piece in an answer's place."""
    exchanges = list(session.exchanges)
    response = exchanges[index].response
    assert response is not None
    mime_type = media_type or response.mime_type
    changed = attrs.evolve(response, body=Body.of(body), chunks=(), mime_type=mime_type)
    exchanges[index] = attrs.evolve(exchanges[index], response=changed)
    return attrs.evolve(session, exchanges=tuple(exchanges))
