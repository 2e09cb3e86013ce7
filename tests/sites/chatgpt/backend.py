"""The requests that the page makes, and how the site answers them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from cdp_relay.recording.serving.exchange import Exchange
from tests.sites.chatgpt.answer import Answer
from tests.sites.chatgpt.sockets import serve_user_socket
from tests.sites.chatgpt.states import STATES
from tests.sites.chatgpt.stream import TurnIds, frames_of_recording, stream_answer
from tests.sites.chatgpt.turns import Turn
from tests.sites.kit.answers import Answer as AnyAnswer
from tests.sites.kit.answers import Attached, Recording
from tests.sites.kit.chat import SSE, ChatSite, refuse, route
from tests.sites.kit.states import StateTable
from tests.sites.kit.turns import Prompt, Step

__all__ = ["Backend"]

_UUID = r"([0-9a-f]{8}-[0-9a-f-]{27})"
_API = r"/backend-(?:api|anon)"


class Backend(ChatSite[Turn]):
    """The server side of the site; :class:`ChatGPTSite` adds what tests call."""

    name = "chatgpt"
    hosts: ClassVar[tuple[str, ...]] = (
        "chatgpt.com",
        "www.chatgpt.com",
        "ws.chatgpt.com",
        "auth.openai.com",
        "challenges.cloudflare.com",
    )
    foreign_hosts = ("auth.openai.com", "challenges.cloudflare.com")
    states: ClassVar[StateTable] = STATES
    answers = Answer
    bundles: ClassVar[Mapping[str, str]] = {
        "app": "app.js",
        "stream-worker": "stream_worker.js",
        "shared-worker": "shared_worker.js",
    }
    api_prefixes = ("/backend-api/", "/backend-anon/")

    resume: Literal["ok", "missing", "gone"]
    """What the resume endpoint says: the rest of the stream, 404, or 410."""

    def forget(self) -> None:
        """Have nothing said, nothing chosen and nothing kept."""
        super().forget()
        self.resume = "ok"
        self._options = {"generation": "A"}

    def make_turn(self, prompt: Prompt, reply: AnyAnswer | Recording) -> Turn:
        """A turn with new names."""
        [message] = prompt.body["messages"][:1]
        user_message = {
            **message,
            "create_time": message.get("create_time"),
            "status": "finished_successfully",
            "end_turn": None,
            "weight": 1.0,
            "recipient": "all",
            "channel": None,
        }
        ids = TurnIds(
            conversation=prompt.conversation_id or str(uuid.uuid4()),
            exchange=str(uuid.uuid4()),
            user_message=user_message,
            new_chat=prompt.conversation_id is None,
            pictures=tuple(
                f"file_{self.keep_produced(file)}"
                for file in (reply.files if isinstance(reply, Answer) else ())
            ),
        )
        return Turn(asked=prompt, conversation_id=ids.conversation, ids=ids, reply=reply, gates=self.gates)

    def steps(self, turn: Turn) -> Iterable[Step]:
        """The stream of an answer or of a recording."""
        if isinstance(turn.reply, Recording):
            return frames_of_recording(turn.reply)
        assert isinstance(turn.reply, Answer)
        return stream_answer(turn.reply, turn.ids)

    def stream_headers(self, turn: Turn) -> Iterable[tuple[str, str]]:
        """What the page needs to resume."""
        return [("x-conduit-token", "replica-conduit"), ("x-oai-request-id", turn.ids.request)]

    # --- what the page asks --------------------------------------------------------------------------

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request of a page."""
        if exchange.host == "ws.chatgpt.com":
            await serve_user_socket(await exchange.accept_socket(), self._find_turn)
        else:
            await super().handle(exchange)

    async def not_found(self, exchange: Exchange) -> None:
        """What nobody has an answer for."""
        await exchange.respond_json({"detail": "Not Found"}, 404)

    @route("GET", r"/")
    @route("GET", rf"/c/{_UUID}")
    @route("GET", r"/c/[^/]+")
    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page."""
        await super().document(exchange, chat)

    @route("GET", _API + r"/sentinel/frame\.html")
    async def frame(self, exchange: Exchange) -> None:
        """A frame without anything in it."""
        await self.blank(exchange)

    @route("GET", r"/api/auth/session")
    async def session(self, exchange: Exchange) -> None:
        """Who is signed in."""
        user = {"id": "user-replica", "name": "Replica Person", "email": "person@example.org"}
        session = {"user": user, "expires": "2030-01-01T00:00:00.000Z", "accessToken": "replica"}
        await exchange.respond_json(session if self._state.signed_in else {})

    @route("GET", _API + r"/me")
    async def me(self, exchange: Exchange) -> None:
        """The call that hydration waits for."""
        await self.hydrate(exchange, {"object": "user", "id": "user-replica"})

    @route("GET", _API + r"/celsius/ws/user")
    async def socket_address(self, exchange: Exchange) -> None:
        """Where the page finds its user-level WebSocket."""
        await exchange.respond_json(
            {"websocket_url": "wss://ws.chatgpt.com/p1/ws/user/user-replica?verify=replica"}
        )

    @route("POST", _API + r"/conversation/init")
    async def init(self, exchange: Exchange) -> None:
        """Limits, asked for at load."""
        reply = self._state.reply
        limits = reply.limits if isinstance(reply, Answer) else {}
        body = {"type": "conversation_detail_metadata", "blocked_features": [], "model_limits": []}
        await exchange.respond_json({**body, "limits_progress": [], "default_model_slug": "auto", **limits})

    @route("POST", _API + r"/f/conversation/prepare")
    async def prepare(self, exchange: Exchange) -> None:
        """What comes before a prompt."""
        self.journal.record("prepare", body=exchange.json())
        await exchange.respond_json({"status": "ok", "conduit_token": "replica-conduit"})

    @route("POST", _API + r"/sentinel/chat-requirements/(?:prepare|finalize)")
    async def requirements(self, exchange: Exchange) -> None:
        """The page's proofs; the replica wants none."""
        await exchange.respond_json(
            {"persona": "chatgpt-paid", "token": "replica", "proofofwork": {"required": False}}
        )

    @route("POST", _API + r"/sentinel/ping")
    @route("POST", _API + r"/files/(?:file-[0-9a-f]+)/uploaded")
    async def nothing(self, exchange: Exchange) -> None:
        """Calls that matter to nobody."""
        await exchange.respond_json({"status": "ok"})

    @route("POST", _API + r"/files")
    async def upload(self, exchange: Exchange) -> None:
        """The first step of an upload."""
        if self._state.upload is not None:
            await refuse(exchange, self._state.upload)
            return
        about = exchange.json()
        file_id = self.keep_upload(
            about["file_name"], about.get("mime_type", ""), b"", file_id=f"file-{uuid.uuid4().hex}"
        )
        url = f"https://chatgpt.com/backend-api/files/{file_id}/content"
        await exchange.respond_json({"status": "success", "upload_url": url, "file_id": file_id})

    @route("PUT", _API + r"/files/(file-[0-9a-f]+)/content")
    async def uploaded(self, exchange: Exchange, file_id: str) -> None:
        """The file itself."""
        await self.gates.pass_through("upload")
        about = self._uploads[file_id]
        self._uploads[file_id] = Attached(
            name=about.name, media_type=exchange.headers.get("content-type", ""), data=exchange.body
        )
        self.journal.record("uploaded", file_id=file_id, size=len(exchange.body))
        await exchange.respond_json({"status": "success"})

    @route("GET", _API + r"/files/download/file_([\w-]+)")
    async def download_address(self, exchange: Exchange, file_id: str) -> None:
        """Where the page gets one of an answer's pictures."""
        if file_id == "draft":
            await exchange.respond_json({"status": "error", "error_code": "file_not_found"})
            return
        url = f"https://chatgpt.com/backend-api/estuary/content?id=file_{file_id}&p=fs&sig=replica"
        await exchange.respond_json({"status": "success", "download_url": url})

    @route("GET", _API + r"/estuary/content")
    async def content(self, exchange: Exchange) -> None:
        """A picture; only for who has asked for its address."""
        if exchange.query.get("sig") != "replica":
            await exchange.respond_json({"detail": "Not authorised"}, 403)
            return
        await self.respond_produced(exchange, exchange.query["id"].removeprefix("file_"))

    @route("POST", _API + r"/f/conversation")
    async def prompt(self, exchange: Exchange) -> None:
        """A prompt; answered with a stream, or refused."""
        body = exchange.json()
        message = body["messages"][0]
        attached = message.get("metadata", {}).get("attachments", ())
        prompt = Prompt(
            text="".join(part for part in message["content"]["parts"] if isinstance(part, str)),
            body=body,
            conversation_id=body.get("conversation_id"),
            key=message.get("id", ""),
            model=body.get("model"),
            temporary=bool(body.get("history_and_training_disabled")),
            attachments=self.uploads(one["id"] for one in attached),
            wishes={"effort": body["thinking_effort"]} if "thinking_effort" in body else {},
        )
        await self.answer_prompt(exchange, prompt)

    @route("POST", _API + r"/f/conversation/resume")
    async def resume_stream(self, exchange: Exchange) -> None:
        """The rest of an answer whose stream broke."""
        body = exchange.json()
        self.journal.record("resume", body=body)
        turn = self.turn_of(body["conversation_id"])
        if turn is None or self.resume == "missing":
            await exchange.respond_json({"detail": {"code": "tokenless_resume_unavailable"}}, 404)
        elif self.resume == "gone":
            await exchange.respond_json({"detail": {"code": "persisted_final_available"}}, 410)
        else:
            await exchange.start(200, content_type=SSE)
            await turn.replay(exchange.write, skip=int(body["offset"]))
            await exchange.finish()

    @route("GET", _API + rf"/conversation/{_UUID}/stream_status")
    async def stream_status(self, exchange: Exchange, chat: str) -> None:
        """Whether an answer is still being written."""
        turn = self.turn_of(chat)
        if turn is None:
            await exchange.respond_json({"detail": "unavailable"}, 404)
        else:
            await exchange.respond_json(
                {"status": "IS_STREAMING" if turn.state == "streaming" else "COMPLETE"}
            )

    @route("POST", _API + r"/stop_conversation")
    async def stop(self, exchange: Exchange) -> None:
        """The page's own stop."""
        body = exchange.json()
        turn = self.turn_of(body.get("conversation_id", ""))
        stopped = turn.stop() if turn else False
        self.journal.record("stop", body=body, stopped=stopped)
        await exchange.respond_json({"status": "ok", "last_message_id": turn.ids.answer if turn else None})

    @route("PATCH", _API + rf"/conversation/{_UUID}")
    async def put_away(self, exchange: Exchange, chat: str) -> None:
        """Archive or delete a chat."""
        body = exchange.json()
        self.put_away_chat(chat, "deleted" if body.get("is_visible") is False else "archived")
        await exchange.respond_json({"success": True})

    @route("GET", _API + rf"/conversations?/{_UUID}")
    async def history(self, exchange: Exchange, chat: str) -> None:
        """A chat's messages; an answer appears only when it is complete."""
        messages: list[dict[str, Any]] = []
        for turn in self._chats.get(chat, []):
            messages.append(dict(turn.ids.user_message))
            if turn.state != "streaming":
                messages.append(turn.final_message())
        if not messages:
            await exchange.respond_json({"detail": {"code": "conversation_not_found"}}, 404)
            return
        streaming = 3 if self._chats[chat][-1].state == "streaming" else None
        node = messages[-1]["id"]
        body = {
            "conversation_id": chat,
            "messages": messages,
            "current_node": node,
            "async_status": streaming,
        }
        await exchange.respond_json(body)

    @route("GET", _API + r"/conversations")
    async def conversations(self, exchange: Exchange) -> None:
        """The list in the side bar."""
        items = [{"id": chat, "title": "A chat"} for chat in self._chats]
        await exchange.respond_json({"items": items, "total": len(items)})

    def _find_turn(self, topic: str) -> Turn | None:
        return next((turn for turn in self._turns if turn.topic == topic), None)
