"""The site as a test sees it, and the requests that its page makes: nearly all go to another origin."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

import attrs
import trio

from cdp_relay.recording.serving.exchange import Exchange
from tests.sites.aistudio.answer import Answer
from tests.sites.aistudio.states import STATES
from tests.sites.aistudio.stream import frames_of_recording, sparse_json, stream_answer
from tests.sites.kit.answers import Answer as AnyAnswer
from tests.sites.kit.answers import Recording
from tests.sites.kit.chat import JAVASCRIPT, ChatSite, refuse, route
from tests.sites.kit.states import StateTable
from tests.sites.kit.turns import ChatTurn, Prompt, Step

__all__ = ["MODELS", "AIStudioSite", "Turn"]

PAGE = "https://aistudio.google.com"
RPC_HOST = "alkalimakersuite-pa.clients6.google.com"
DRIVE_HOST = "content.googleapis.com"
JSPB = "application/json+protobuf; charset=UTF-8"

_RPC = r"/\$rpc/google\.internal\.alkali\.applications\.makersuite\.v1\.MakerSuiteService/"
_ALLOWED_HEADERS = (
    "authorization,content-type,x-aistudio-visit-id,x-goog-api-key,x-goog-authuser,x-user-agent"
)
_LEVELS = {1: "low", 2: "medium", 3: "high", 4: "minimal"}

MODELS: tuple[tuple[str, str, bool], ...] = (
    ("gemini-3.8-flash", "Gemini 3.8 Flash", False),
    ("gemini-3.6-flash", "Gemini 3.6 Flash", False),
    ("gemini-3.5-flash", "Gemini 3.5 Flash", False),
    ("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", False),
    ("gemini-3.8-ultra", "Gemini 3.8 Ultra", True),
    ("gemma-4-31b-it", "Gemma 4 31B", False),
)
"""What the page's list offers: id, name, and whether it has to be paid for."""


@attrs.define(eq=False, kw_only=True)
class Turn(ChatTurn):
    """A prompt and its answer."""

    response_id: str

    @property
    def answer_text(self) -> str:
        """What the chat's history has for the answer."""
        return self.reply.whole_text if isinstance(self.reply, AnyAnswer) else ""


class AIStudioSite(ChatSite[Turn]):
    """aistudio.google.com, the host of its calls, and Google's hosts around it.

    Further kinds of the journal: ``preflight``, ``save`` (of a chat, with its id), ``count``.
    Options for ``configure``: ``enterSends`` (else Ctrl+Enter does), ``panelClosed`` (as in narrow windows),
    ``keptSystem`` (system instructions that the account has kept).
    """

    name = "aistudio"
    hosts: ClassVar[tuple[str, ...]] = (
        "aistudio.google.com",
        RPC_HOST,
        DRIVE_HOST,
        "accounts.google.com",
        "www.google.com",
    )
    foreign_hosts = ("accounts.google.com", "www.google.com")
    states: ClassVar[StateTable] = STATES
    answers = Answer
    api_prefixes = ("/$rpc/",)
    stream_type = JSPB

    # --- turns ----------------------------------------------------------------------------------------

    def make_turn(self, prompt: Prompt, reply: AnyAnswer | Recording) -> Turn:
        """A turn with new names, in the chat that the request goes on with."""
        return Turn(
            asked=prompt,
            conversation_id=prompt.conversation_id or f"1{uuid.uuid4().hex}",
            response_id=f"v1_{uuid.uuid4().hex}",
            reply=reply,
            gates=self.gates,
        )

    def steps(self, turn: Turn) -> Iterable[Step]:
        """The stream of an answer or of a recording."""
        if isinstance(turn.reply, Recording):
            return frames_of_recording(turn.reply)
        assert isinstance(turn.reply, Answer)
        tokens = -(-len(turn.prompt) // 4)
        return stream_answer(turn.reply, response_id=turn.response_id, prompt_tokens=tokens)

    # --- requests ---------------------------------------------------------------------------------------

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request of a page; other origins than the page's need its browser's leave."""
        if exchange.host in (RPC_HOST, DRIVE_HOST):
            exchange.every_answer += [
                ("access-control-allow-origin", PAGE),
                ("access-control-allow-credentials", "true"),
                ("vary", "origin"),
            ]
        await super().handle(exchange)

    @route("OPTIONS", r"/.*", host=RPC_HOST)
    @route("OPTIONS", r"/.*", host=DRIVE_HOST)
    async def preflight(self, exchange: Exchange) -> None:
        """The browser asks whether the page may ask."""
        self.journal.record("preflight", path=exchange.path, origin=exchange.headers.get("origin"))
        asked = set(exchange.headers.get("access-control-request-headers", "").split(","))
        if exchange.headers.get("origin") != PAGE or not asked <= set(_ALLOWED_HEADERS.split(",")):
            await exchange.respond(403)
            return
        allowed = [
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", _ALLOWED_HEADERS),
            ("access-control-max-age", "0"),
        ]
        await exchange.respond(200, headers=allowed)

    @route("GET", r"/")
    @route("GET", r"(?:/u/\d)?/prompts/new_chat")
    @route("GET", r"(?:/u/\d)?/prompts/([\w-]+)")
    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page."""
        await super().document(exchange, chat)

    @route("GET", r"/_/mss/boq-makersuite/.*\.js")
    async def build(self, exchange: Exchange) -> None:
        """The script whose address names the build."""
        await exchange.respond(200, "", content_type=JAVASCRIPT)

    @route("POST", _RPC + "ListModels", host=RPC_HOST)
    async def models(self, exchange: Exchange) -> None:
        """The call that hydration waits for: what the page's list offers."""
        rows = [
            [f"models/{id_}", None, None, name, None, 1048576, 65536, ["generateContent"], 2 if paid else 1]
            for id_, name, paid in MODELS
        ]
        await self.hydrate(exchange, [rows])

    @route("POST", _RPC + "GenerateAccessToken", host=RPC_HOST)
    async def access_token(self, exchange: Exchange) -> None:
        """Leave to write into the person's Drive."""
        await exchange.respond(200, sparse_json(["ya29.replica"]), content_type=JSPB)

    @route("POST", _RPC + "CountTokens", host=RPC_HOST)
    async def count_tokens(self, exchange: Exchange) -> None:
        """The number that stands beside the composer."""
        self.journal.record("count")
        await exchange.respond(200, sparse_json([-(-len(exchange.body) // 4)]), content_type=JSPB)

    @route("POST", r"/upload/drive/v3/files", host=DRIVE_HOST)
    async def upload(self, exchange: Exchange) -> None:
        """A file on its way into the person's Drive."""
        if self._state.upload is not None:
            await refuse(exchange, self._state.upload)
            return
        name = exchange.query.get("name", "file")
        kind = exchange.headers.get("content-type", "")
        file_id = self.keep_upload(name, kind, exchange.body, file_id=f"1{uuid.uuid4().hex}")
        self.journal.record("uploaded", file_id=file_id, size=len(exchange.body))
        await exchange.respond_json({"id": file_id, "name": name, "mimeType": kind})

    @route("POST", _RPC + "GenerateContent", host=RPC_HOST)
    async def prompt(self, exchange: Exchange) -> None:
        """The whole conversation; answered with a stream, or refused."""
        body = exchange.json()
        contents, settings, system = body[1], body[3], body[5]
        parts = contents[-1][0]
        page = json.loads(base64.b64decode(body[4][1:].rstrip("~")))
        thinking = settings[16]
        wishes = {
            "system": "" if system is None else system[0][0][1],
            "stop": tuple(settings[1] or ()),
            "temperature": settings[4],
            "max_output_tokens": settings[3],
            "effort": _LEVELS[thinking[3]],
        }
        before = next((turn for turn in self._turns if turn.response_id == body[11]), None)
        prompt = Prompt(
            text="".join(part[1] for part in parts if len(part) == 2),
            body=body,
            conversation_id=before.conversation_id if before else None,
            key=page["key"],
            model=body[0].removeprefix("models/"),
            temporary=page["temporary"],
            attachments=self.uploads(part[5][0] for part in parts if len(part) > 5),
            wishes=wishes,
        )
        try:
            await self.answer_prompt(exchange, prompt)
        except trio.Cancelled:
            # The page has no other way to stop than to leave.
            stopped = any(turn.asked is prompt and turn.stop() for turn in self._turns)
            self.journal.record("stop", body=None, stopped=stopped)
            raise

    @route("POST", _RPC + "CreatePrompt", host=RPC_HOST)
    @route("POST", _RPC + "UpdatePrompt", host=RPC_HOST)
    async def save(self, exchange: Exchange) -> None:
        """The page keeps the chat after each turn; that gives the chat its name."""
        name = exchange.json()[2]
        turn = next((turn for turn in self._turns if turn.response_id == name), None)
        if turn is None:
            await self.not_found(exchange)  # of a test that is over
            return
        self.journal.record("save", chat=turn.conversation_id)
        await exchange.respond(200, sparse_json([f"prompts/{turn.conversation_id}"]), content_type=JSPB)

    @route("POST", _RPC + "ResolveDriveResource", host=RPC_HOST)
    async def history(self, exchange: Exchange) -> None:
        """A saved chat: all its contents, and the name of its last answer."""
        turns = self._chats.get(exchange.json()[0], [])
        if not turns or self._state.page.get("chatGone"):
            await exchange.respond(404, '[,[5,"Requested entity was not found."]]', content_type=JSPB)
            return
        contents: list[Any] = []
        for turn in turns:
            contents.append([[[None, turn.prompt]], "user"])
            contents.append([[[None, turn.answer_text]], "model"])
        await exchange.respond(200, json.dumps([contents, turns[-1].response_id]), content_type=JSPB)
