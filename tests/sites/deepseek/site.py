"""The site: what its page asks, and how it answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from cdp_relay.recording.serving.exchange import Exchange
from tests.sites.deepseek.states import STATES
from tests.sites.deepseek.stream import stream_answer
from tests.sites.kit.answers import Answer, Recording
from tests.sites.kit.chat import HTML, ChatSite, route
from tests.sites.kit.states import StateTable
from tests.sites.kit.turns import ChatTurn, Frame, Prompt, Step

__all__ = ["DeepSeekSite"]


class DeepSeekSite(ChatSite[ChatTurn]):
    """chat.deepseek.com."""

    name = "deepseek"
    hosts: ClassVar[tuple[str, ...]] = ("chat.deepseek.com",)
    states: ClassVar[StateTable] = STATES
    answers = Answer

    def make_turn(self, prompt: Prompt, reply: Answer | Recording) -> ChatTurn:
        """A turn of the chat that the page asked for before."""
        chat = prompt.conversation_id or str(uuid.uuid4())
        return ChatTurn(asked=prompt, conversation_id=chat, reply=reply, gates=self.gates)

    def steps(self, turn: ChatTurn) -> Iterable[Step]:
        """The stream of an answer, or a recording as it was."""
        if isinstance(turn.reply, Recording):
            return [Frame(turn.reply.data)]
        return stream_answer(turn.reply)

    @route("GET", r"/")
    @route("GET", r"/a/chat/s/([0-9a-f-]{36})")
    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page."""
        await super().document(exchange, chat)

    @route("GET", r"/sign_in")
    async def sign_in(self, exchange: Exchange) -> None:
        """Where a person signs in."""
        await exchange.respond(
            200, "<!doctype html><title>DeepSeek</title><h1>Log in</h1>", content_type=HTML
        )

    @route("GET", r"/api/v0/users/current")
    async def current(self, exchange: Exchange) -> None:
        """Who is there; hydration waits for it."""
        await self.hydrate(exchange, {"code": 0, "data": {"id": "replica"}})

    @route("POST", r"/api/v0/chat_session/create")
    async def create(self, exchange: Exchange) -> None:
        """A new chat."""
        await exchange.respond_json({"code": 0, "data": {"biz_data": {"id": str(uuid.uuid4())}}})

    @route("POST", r"/api/v0/chat/stop_stream")
    async def stop(self, exchange: Exchange) -> None:
        """The page's own stop."""
        turn = self.turn_of(exchange.json()["chat_session_id"])
        self.journal.record("stop", stopped=turn.stop() if turn else False)
        await exchange.respond_json({"code": 0})

    @route("GET", r"/api/v0/chat/history_messages")
    async def history(self, exchange: Exchange) -> None:
        """A chat's messages."""
        chat = exchange.target.partition("chat_session_id=")[2]
        messages: list[dict[str, Any]] = []
        for turn in self._chats.get(chat, []):
            messages.append({"role": "USER", "content": turn.prompt})
            if isinstance(turn.reply, Answer) and turn.state != "streaming":
                messages.append({"role": "ASSISTANT", "content": turn.reply.whole_text})
        await exchange.respond_json({"code": 0, "data": {"biz_data": {"chat_messages": messages}}})

    @route("POST", r"/api/v0/chat/completion")
    async def completion(self, exchange: Exchange) -> None:
        """A prompt."""
        body = exchange.json()
        await self.answer_prompt(
            exchange,
            Prompt(
                text=body["prompt"],
                body=body,
                conversation_id=body["chat_session_id"],
                key=body["client_stream_id"],
                wishes={"effort": "high"} if body["thinking_enabled"] else {},
            ),
        )
