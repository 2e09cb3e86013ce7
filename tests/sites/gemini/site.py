"""The site as a test sees it, and the requests that the page makes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from cdp_relay.recording.serving.exchange import Exchange
from tests.sites.gemini.answer import Answer
from tests.sites.gemini.frames import batch, form_of
from tests.sites.gemini.states import STATES
from tests.sites.gemini.stream import frames_of_recording, stream_answer
from tests.sites.gemini.turns import MODELS, Turn, TurnIds, history_of
from tests.sites.kit.answers import Answer as AnyAnswer
from tests.sites.kit.answers import ProducedFile, Recording
from tests.sites.kit.chat import ChatSite, refuse, route
from tests.sites.kit.states import StateTable
from tests.sites.kit.turns import Prompt, Step

__all__ = ["GeminiSite"]

_HOME = r"(?:/u/\d+)?"
_CALLS = _HOME + r"/_/BardChatUi/data"
_UPLOADS, _PICTURES = "content-push.googleapis.com", "lh3.googleusercontent.com"
_UPLOAD_HEADERS = ", ".join(
    f"x-goog-upload-{name}"
    for name in ("command", "file-name", "header-content-length", "offset", "protocol")
)
_JSON = "application/json; charset=utf-8"
_TOKEN = "replica-token"
_LEVELS = {1: "low", 4: "medium", 2: "high"}
"""By the numbers that the menu's rows carry."""


class GeminiSite(ChatSite[Turn]):
    """gemini.google.com, with the hosts of its uploads and pictures.

    Further kinds of the journal: ``read`` (a chat was read by ``hNvQHb``), ``fetched`` (a picture).
    """

    name = "gemini"
    hosts: ClassVar[tuple[str, ...]] = (
        "gemini.google.com",
        "accounts.google.com",
        "consent.google.com",
        "www.google.com",
        _UPLOADS,
        _PICTURES,
    )
    foreign_hosts = ("accounts.google.com", "consent.google.com", "www.google.com")
    states: ClassVar[StateTable] = STATES
    answers = Answer
    api_prefixes = ("/_/",)
    stream_type = _JSON

    def make_turn(self, prompt: Prompt, reply: AnyAnswer | Recording) -> Turn:
        """A turn with new names."""
        ids = TurnIds(mode=prompt.model or next(iter(MODELS)), new_chat=prompt.conversation_id is None)
        if prompt.conversation_id is not None:
            ids = TurnIds(conversation=prompt.conversation_id, mode=ids.mode, new_chat=False)
        return Turn(asked=prompt, conversation_id=ids.conversation, ids=ids, reply=reply, gates=self.gates)

    def steps(self, turn: Turn) -> Iterable[Step]:
        """The stream of an answer or of a recording."""
        if isinstance(turn.reply, Recording):
            return frames_of_recording(turn.reply)
        assert isinstance(turn.reply, Answer)

        def tell(telling: list[Any]) -> None:
            turn.telling = telling

        return stream_answer(turn.reply, turn.ids, address=self._address, tell=tell)

    def page_config(self, chat: str | None) -> dict[str, Any]:
        """What the page is told, with the modes of its menu."""
        modes = [{"id": mode, "label": label, "name": name} for mode, (label, name) in MODELS.items()]
        token = _TOKEN if self._state.signed_in else ""
        return {**super().page_config(chat), "modes": modes, "token": token}

    def _address(self, file: ProducedFile) -> str:
        return f"https://{_PICTURES}/gg-dl/{self.keep_produced(file)}"

    # --- what the page asks --------------------------------------------------------------------------

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request of a page."""
        if exchange.host in (_UPLOADS, _PICTURES):
            exchange.every_answer += [
                ("access-control-allow-origin", exchange.headers.get("origin", "*")),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", f"content-type, push-id, {_UPLOAD_HEADERS}"),
                ("access-control-expose-headers", "x-goog-upload-url"),
            ]
            if exchange.method == "OPTIONS":
                await exchange.respond(204)
                return
        await super().handle(exchange)

    @route("GET", _HOME + r"/app")
    @route("GET", _HOME + r"/app/([\w-]+)")
    @route("GET", _HOME + r"/gem/[\w-]+(?:/([0-9a-f]{16}))?")
    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page."""
        await super().document(exchange, chat)

    @route("GET", r"/")
    async def front(self, exchange: Exchange) -> None:
        """The address without a path leads to a new chat."""
        await exchange.redirect("/app")

    @route("POST", _CALLS + r"/assistant\.lamda\.BardFrontendService/StreamGenerate")
    async def generate(self, exchange: Exchange) -> None:
        """A prompt; answered with a stream, or refused."""
        outer, _ = form_of(exchange.body)
        inner: list[Any] = json.loads(outer[1])
        mode: list[Any] = json.loads(exchange.headers["x-goog-ext-525001261-jspb"])
        files = inner[0][3] or []
        prompt = Prompt(
            text=inner[0][0],
            body=inner,
            conversation_id=inner[2][0] or None,
            key=inner[59],
            model=mode[4],
            temporary=inner[45] == 1,
            attachments=self.uploads(path.rpartition("/")[2] for [path, *_], *_ in files),
            wishes={"effort": _LEVELS[mode[14]]} if len(mode) > 14 and mode[14] in _LEVELS else {},
        )
        await self.answer_prompt(exchange, prompt)

    @route("POST", _CALLS + r"/batchexecute")
    async def batch(self, exchange: Exchange) -> None:
        """A batch of one call."""
        rpc = exchange.query["rpcids"]
        [[[_, text, *_]]], _token = form_of(exchange.body)
        asked = json.loads(text)
        if rpc == "otAQ7b":
            # What hydration waits for: the account's state and its modes.
            await self.gates.pass_through("hydration", shut=bool(self._state.page.get("hydrateHeld")))
            result: Any = [[1000 if self._state.signed_in else 1016], [*MODELS]]
        elif rpc == "MaZiqc":
            result = [None, None, [[chat, "A chat"] for chat in self._chats]]
        elif rpc == "hNvQHb":
            self.journal.record("read", chat=asked[0])
            result = history_of(self._read_turns(asked[0]))
        elif rpc == "NkpXw":
            turn = self.turn_of(asked[0])
            self.journal.record("stop", body=asked, stopped=bool(turn and turn.stop()))
            result = []
        elif rpc == "GzXR5e":
            self.put_away_chat(asked[0], "deleted")
            result = []
        else:
            result = []
        await exchange.respond(200, batch(rpc, result), content_type=_JSON)

    def _read_turns(self, chat: str) -> list[Turn]:
        kept = self._chats.get(chat)
        latest = self.turn_of(chat)
        return kept or ([latest] if latest else [])

    @route("POST", r"/upload/?", host=_UPLOADS)
    async def upload(self, exchange: Exchange) -> None:
        """The two steps of an upload: its beginning, and the bytes."""
        if self._state.upload is not None:
            await refuse(exchange, self._state.upload)
            return
        if exchange.headers.get("x-goog-upload-command") == "start":
            name = exchange.headers.get("x-goog-upload-file-name", "file")
            url = f"https://{_UPLOADS}/upload/?upload_id={uuid.uuid4()}&name={name}"
            await exchange.respond(200, "", headers=[("x-goog-upload-url", url)])
            return
        media_type = exchange.headers.get("content-type", "")
        await self.gates.pass_through("upload")
        file_id = self.keep_upload(exchange.query["name"], media_type, exchange.body)
        self.journal.record("uploaded", file_id=file_id, size=len(exchange.body))
        await exchange.respond(200, f"/contrib_service/ttl_1d/{file_id}")

    @route("GET", r"/gg-dl/([0-9a-f-]+)(?:=.*)?", host=_PICTURES)
    async def picture(self, exchange: Exchange, file_id: str) -> None:
        """A generated picture; the address may end with the size that is wanted."""
        await self.respond_produced(exchange, file_id)
