"""The requests that the page makes, and how the site answers them."""

from __future__ import annotations

import functools
import json
import re
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Literal

import trio

from tests.sites.chatgpt.answer import Answer, Part, Recording, Refusal, Reply
from tests.sites.chatgpt.sockets import serve_user_socket
from tests.sites.chatgpt.states import State
from tests.sites.chatgpt.stream import TurnIds, frames_of_recording, stream_answer
from tests.sites.chatgpt.turns import Turn
from tests.sites.kit.bundle import bundle
from tests.sites.kit.exchange import Exchange, PageSocket, SocketClosed
from tests.sites.kit.site import Site

__all__ = ["Backend"]

_PAGE = Path(__file__).parent / "page"
_BUNDLES = {"app": "app.js", "stream-worker": "stream_worker.js", "shared-worker": "shared_worker.js"}
_JAVASCRIPT = "text/javascript; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_SSE = "text/event-stream; charset=utf-8"
_UUID = r"([0-9a-f]{8}-[0-9a-f-]{27})"


class Backend(Site):
    """The server side of the site; :class:`ChatGPTSite` adds what tests call."""

    name = "chatgpt"
    hosts: ClassVar[tuple[str, ...]] = (
        "chatgpt.com",
        "www.chatgpt.com",
        "ws.chatgpt.com",
        "auth.openai.com",
        "challenges.cloudflare.com",
    )

    _usual: Reply | None
    _replies: deque[Reply]
    _state: State
    _options: dict[str, Any]
    _turns: list[Turn]
    _chats: dict[str, list[Turn]]
    _pages: set[PageSocket]

    resume: Literal["ok", "missing", "gone"]
    """What the resume endpoint says: the rest of the stream, 404, or 410."""

    def __init__(self) -> None:
        super().__init__()
        self._forget()

    def _forget(self) -> None:
        self.resume = "ok"
        self._replies = deque()
        self._usual = None
        self._state = State()
        self._loads_challenged = 0
        self._options = {"generation": "A"}
        self._turns = []
        self._chats = {}
        self._pages = set()

    def _run_soon(self, function: Callable[[], object]) -> None:
        if self.run_soon is not None:
            self.run_soon(function)

    def _tell_pages(self, pages: set[PageSocket], text: str | None) -> None:
        assert self.start_task is not None
        for page in list(pages):
            self.start_task(functools.partial(_tell_page, page, text))

    # --- what the page asks --------------------------------------------------------------------------

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request of a page."""
        if exchange.host == "ws.chatgpt.com":
            await serve_user_socket(await exchange.accept_socket(), self._find_turn)
            return
        if exchange.host in ("auth.openai.com", "challenges.cloudflare.com"):
            html = f"<!doctype html><title>{exchange.host}</title><h1>{exchange.host}</h1>"
            await exchange.respond(200, html, content_type=_HTML)
            return
        api = self._state.api
        if api is not None and exchange.path.startswith(("/backend-api/", "/backend-anon/")):
            await _refuse(exchange, api)
            return
        path = exchange.path.replace("/backend-anon/", "/backend-api/")
        for method, pattern, route in _ROUTES:
            if exchange.method == method and (match := re.fullmatch(pattern, path)):
                await route(self, exchange, *match.groups())
                return
        await exchange.respond_json({"detail": "Not Found"}, 404)

    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page."""
        self.journal.record("page", url=exchange.target, chat=chat)
        instead = self._state.document
        if instead is not None and not (self._loads_challenged and self._state.page.get("challengeClears")):
            self._loads_challenged += 1
            await exchange.respond(instead.status, instead.html, content_type=_HTML, headers=instead.headers)
            return
        config = json.dumps(self._page_config(chat)).replace("</", "<\\/")
        html = (_PAGE / "index.html").read_text().replace("__CONFIG__", config)
        html = html.replace("__LANGUAGE__", str(self._page_config(chat).get("language", "en")))
        await exchange.respond(200, html, content_type=_HTML)

    def _page_config(self, chat: str | None) -> dict[str, Any]:
        return {"chat": chat, **self._options, **self._state.page}

    @staticmethod
    def bundle_page() -> Mapping[str, bytes]:
        """Bundle the page's modules; at once unless they changed."""
        return bundle(_PAGE, _BUNDLES)

    async def asset(self, exchange: Exchange, name: str) -> None:
        """A bundle of the page's modules."""
        bundles = await trio.to_thread.run_sync(self.bundle_page)
        await exchange.respond(200, bundles[name], content_type=_JAVASCRIPT)

    async def style(self, exchange: Exchange) -> None:
        """The page's looks."""
        text = (_PAGE / "style.css").read_text()
        await exchange.respond(200, text, content_type="text/css; charset=utf-8")

    async def session(self, exchange: Exchange) -> None:
        """Who is signed in."""
        user = {"id": "user-replica", "name": "Replica Person", "email": "person@example.org"}
        session = {"user": user, "expires": "2030-01-01T00:00:00.000Z", "accessToken": "replica"}
        await exchange.respond_json(session if self._state.signed_in else {})

    async def me(self, exchange: Exchange) -> None:
        """The call that hydration waits for."""
        await self.gates.pass_through("hydration", shut=bool(self._state.page.get("hydrateHeld")))
        await exchange.respond_json({"object": "user", "id": "user-replica"})

    async def socket_address(self, exchange: Exchange) -> None:
        """Where the page finds its user-level WebSocket."""
        await exchange.respond_json(
            {"websocket_url": "wss://ws.chatgpt.com/p1/ws/user/user-replica?verify=replica"}
        )

    async def init(self, exchange: Exchange) -> None:
        """Limits, asked for at load."""
        reply = self._state.reply
        limits = reply.limits if isinstance(reply, Answer) else {}
        body = {"type": "conversation_detail_metadata", "blocked_features": [], "model_limits": []}
        await exchange.respond_json({**body, "limits_progress": [], "default_model_slug": "auto", **limits})

    async def prepare(self, exchange: Exchange) -> None:
        """What comes before a prompt."""
        self.journal.record("prepare", body=exchange.json())
        await exchange.respond_json({"status": "ok", "conduit_token": "replica-conduit"})

    async def requirements(self, exchange: Exchange) -> None:
        """The page's proofs; the replica wants none."""
        await exchange.respond_json(
            {"persona": "chatgpt-paid", "token": "replica", "proofofwork": {"required": False}}
        )

    async def nothing(self, exchange: Exchange) -> None:
        """Calls that matter to nobody."""
        await exchange.respond_json({"status": "ok"})

    async def blank(self, exchange: Exchange) -> None:
        """An empty frame, or no icon."""
        await exchange.respond(200, "<!doctype html>", content_type=_HTML)

    async def upload(self, exchange: Exchange) -> None:
        """The first step of an upload."""
        file_id = f"file-{uuid.uuid4().hex}"
        self.journal.record("upload", body=exchange.json(), file_id=file_id)
        url = f"https://chatgpt.com/backend-api/files/{file_id}/content"
        await exchange.respond_json({"status": "success", "upload_url": url, "file_id": file_id})

    async def uploaded(self, exchange: Exchange, file_id: str) -> None:
        """The file itself."""
        self.journal.record("uploaded", file_id=file_id, size=len(exchange.body))
        await exchange.respond_json({"status": "success"})

    async def prompt(self, exchange: Exchange) -> None:
        """A prompt; answered with a stream, or refused."""
        body = exchange.json()
        message = body["messages"][0]
        text = "".join(part for part in message["content"]["parts"] if isinstance(part, str))
        self.journal.record("prompt", text=text, body=body, path=exchange.path)
        reply = self._replies.popleft() if self._replies else self._state.reply or self._usual or Answer()
        hold: Collection[Part] = () if isinstance(reply, Refusal) else reply.hold
        await self.gates.pass_through("headers", shut="headers" in hold)
        if isinstance(reply, Refusal):
            await _refuse(exchange, reply)
            return
        if reply.cut == "headers":
            exchange.cut(reset=reply.cut_reset)
        turn = self._start_turn(body, text, message, reply)
        await self._answer(exchange, turn)

    async def _answer(self, exchange: Exchange, turn: Turn) -> None:
        journal = self.journal
        headers = [("x-conduit-token", "replica-conduit"), ("x-oai-request-id", turn.ids.request)]
        await exchange.start(200, content_type=_SSE, headers=headers)
        if not await turn.respond(exchange.write):
            if not turn.reply.cut_unread:
                await self._until_read(turn)
            exchange.cut(reset=turn.reply.cut_reset)
        await exchange.finish()
        journal.record("answered", turn=len(self._turns) - 1, state=turn.state)

    async def _until_read(self, turn: Turn) -> None:
        """Wait until the page has read all that was written, or is too busy to."""
        key = turn.ids.user_message["id"]
        size = sum(len(write.data) for write in turn.writes)
        self._tell_pages(self._pages, json.dumps({"do": "read", "key": key, "size": size}))
        with suppress(AssertionError):
            await self.journal.wait("read", where=lambda read: bool(read["key"] == key), timeout=3)

    def _start_turn(
        self, body: Mapping[str, Any], text: str, message: Mapping[str, Any], reply: Answer | Recording
    ) -> Turn:
        chat = body.get("conversation_id")
        user_message = {
            **message,
            "create_time": message.get("create_time"),
            "status": "finished_successfully",
            "end_turn": None,
            "weight": 1.0,
            "recipient": "all",
            "channel": None,
        }
        exchange_id = str(uuid.uuid4())
        ids = TurnIds(
            conversation=chat or str(uuid.uuid4()),
            exchange=exchange_id,
            user_message=user_message,
            new_chat=chat is None,
        )
        turn = Turn(prompt=text, request=body, ids=ids, reply=reply, gates=self.gates)
        self._turns.append(turn)
        steps = frames_of_recording(reply) if isinstance(reply, Recording) else stream_answer(reply, ids)
        if not body.get("history_and_training_disabled"):
            self._chats.setdefault(ids.conversation, []).append(turn)
        assert self.start_task is not None
        self.start_task(functools.partial(turn.produce, steps))
        return turn

    async def resume_stream(self, exchange: Exchange) -> None:
        """The rest of an answer whose stream broke."""
        body = exchange.json()
        self.journal.record("resume", body=body)
        turn = self._turn_of(body["conversation_id"])
        if turn is None or self.resume == "missing":
            await exchange.respond_json({"detail": {"code": "tokenless_resume_unavailable"}}, 404)
        elif self.resume == "gone":
            await exchange.respond_json({"detail": {"code": "persisted_final_available"}}, 410)
        else:
            await exchange.start(200, content_type=_SSE)
            await turn.replay(exchange.write, skip=int(body["offset"]))
            await exchange.finish()

    async def stream_status(self, exchange: Exchange, chat: str) -> None:
        """Whether an answer is still being written."""
        turn = self._turn_of(chat)
        if turn is None:
            await exchange.respond_json({"detail": "unavailable"}, 404)
        else:
            await exchange.respond_json(
                {"status": "IS_STREAMING" if turn.state == "streaming" else "COMPLETE"}
            )

    async def stop(self, exchange: Exchange) -> None:
        """The page's own stop."""
        body = exchange.json()
        turn = self._turn_of(body.get("conversation_id", ""))
        stopped = turn.stop() if turn else False
        self.journal.record("stop", body=body, stopped=stopped)
        await exchange.respond_json({"status": "ok", "last_message_id": turn.ids.answer if turn else None})

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

    async def conversations(self, exchange: Exchange) -> None:
        """The list in the side bar."""
        items = [{"id": chat, "title": "A chat"} for chat in self._chats]
        await exchange.respond_json({"items": items, "total": len(items)})

    async def page_channel(self, exchange: Exchange) -> None:
        """The replica's own way to its pages: commands there, reports back."""
        socket = await exchange.accept_socket()
        journal, pages = self.journal, self._pages
        pages.add(socket)
        try:
            while True:
                report = json.loads(await socket.receive())
                if "times" in report:  # the page has the wall clock, we the performance counter
                    shift = time.perf_counter() - time.time()
                    report["times"] = [(at / 1000 + shift, size) for at, size in report["times"]]
                journal.record(report.pop("kind"), **report)
        finally:
            pages.discard(socket)

    def _find_turn(self, topic: str) -> Turn | None:
        return next((turn for turn in self._turns if turn.topic == topic), None)

    def _turn_of(self, chat: str) -> Turn | None:
        return next((turn for turn in reversed(self._turns) if turn.conversation_id == chat), None)


async def _refuse(exchange: Exchange, refusal: Refusal) -> None:
    body = refusal.body if isinstance(refusal.body, str) else json.dumps(refusal.body)
    await exchange.respond(refusal.status, body, content_type=refusal.content_type, headers=refusal.headers)


async def _tell_page(page: PageSocket, text: str | None) -> None:
    try:
        if text is None:
            await page.close()
        else:
            await page.send(text)
    except SocketClosed:
        return


_S = Backend
_ROUTES: tuple[tuple[str, str, Callable[..., Awaitable[None]]], ...] = (
    ("GET", r"/", _S.document),
    ("GET", rf"/c/{_UUID}", _S.document),
    ("GET", r"/c/[^/]+", _S.document),
    ("GET", r"/assets/(app|stream-worker|shared-worker)\.js", _S.asset),
    ("GET", r"/assets/style\.css", _S.style),
    ("GET", r"/favicon\.ico", _S.blank),
    ("GET", r"/__replica", _S.page_channel),
    ("GET", r"/api/auth/session", _S.session),
    ("GET", r"/backend-api/me", _S.me),
    ("GET", r"/backend-api/celsius/ws/user", _S.socket_address),
    ("GET", r"/backend-api/sentinel/frame\.html", _S.blank),
    ("POST", r"/backend-api/conversation/init", _S.init),
    ("POST", r"/backend-api/f/conversation/prepare", _S.prepare),
    ("POST", r"/backend-api/sentinel/chat-requirements/(?:prepare|finalize)", _S.requirements),
    ("POST", r"/backend-api/sentinel/ping", _S.nothing),
    ("POST", r"/backend-api/files", _S.upload),
    ("PUT", r"/backend-api/files/(file-[0-9a-f]+)/content", _S.uploaded),
    ("POST", r"/backend-api/files/(?:file-[0-9a-f]+)/uploaded", _S.nothing),
    ("POST", r"/backend-api/f/conversation", _S.prompt),
    ("POST", r"/backend-api/f/conversation/resume", _S.resume_stream),
    ("POST", r"/backend-api/stop_conversation", _S.stop),
    ("GET", rf"/backend-api/conversation/{_UUID}/stream_status", _S.stream_status),
    ("GET", rf"/backend-api/conversations?/{_UUID}", _S.history),
    ("GET", r"/backend-api/conversations", _S.conversations),
)
