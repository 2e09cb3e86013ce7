"""claude.ai as a test sees it, and the requests that its page makes."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterable
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, ClassVar

import attrs

from cdp_relay.recording.serving.exchange import Exchange
from tests.sites.claude.answer import Answer, Block, Text, Thinking, Tool
from tests.sites.claude.states import STATES, api_error
from tests.sites.claude.stream import TurnIds, frames_of_recording, now, stream_answer
from tests.sites.kit.answers import Answer as AnyAnswer
from tests.sites.kit.answers import Attached, ProducedFile, Recording
from tests.sites.kit.chat import HTML, ChatSite, refuse, route
from tests.sites.kit.states import StateTable
from tests.sites.kit.turns import ChatTurn, Prompt, Step

__all__ = ["ORGANIZATION", "ClaudeSite", "Turn"]

ORGANIZATION = "5cbf8a2e-0d1c-4f3e-9d68-6d9e1f2a3b4c"
_ROOT = "00000000-0000-4000-8000-000000000000"
_UUID = r"([0-9a-f]{8}-[0-9a-f-]{27})"
_ORG = rf"/api/organizations/{ORGANIZATION}"
_CHAT = rf"{_ORG}/chat_conversations/{_UUID}"
_SIGN_IN = """<!doctype html><html lang="en"><head><title>Claude</title></head><body><main>
<h1>Your ideas, amplified</h1>
<button data-testid="login-with-google">Continue with Google</button>
<input data-testid="email" type="email" placeholder="Enter your email">
<button data-testid="continue">Continue with email</button></main></body></html>"""


@attrs.define(eq=False, kw_only=True)
class Turn(ChatTurn):
    """A prompt and its answer. Tests read it; only the server's loop changes it."""

    ids: TurnIds

    def messages(self) -> list[dict[str, Any]]:
        """What the chat's history has of the turn; the answer only when it is over."""
        body = self.request
        human = {
            "uuid": self.ids.human,
            "sender": "human",
            "text": "",
            "content": [{"type": "text", "text": self.prompt, "citations": []}],
            "attachments": body.get("attachments", []),
            "files": [{"file_uuid": one} for one in body.get("files", [])],
            "parent_message_uuid": body.get("parent_message_uuid", _ROOT),
            "created_at": now(),
        }
        if self.state == "streaming":
            return [human]
        answer = {
            "uuid": self.ids.assistant,
            "sender": "assistant",
            "text": "",
            "content": self._content(),
            "stop_reason": self._stop_reason(),
            "parent_message_uuid": self.ids.human,
            "created_at": now(),
        }
        return [human, answer]

    def _content(self) -> list[dict[str, Any]]:
        if not isinstance(self.reply, Answer):
            return []
        return [part for block in self.reply.kept_blocks() for part in _stored(block)]

    def _stop_reason(self) -> str | None:
        if self.state == "stopped":
            return "user_canceled"
        return self.reply.reason if isinstance(self.reply, Answer) and self.reply.finished else None


class ClaudeSite(ChatSite[Turn]):
    """claude.ai: the page, its calls, its stream.

    Further kinds of the journal: ``recovery`` (the page asks whether an answer is still written), ``title``
    and ``retry``.
    """

    name = "claude"
    hosts: ClassVar[tuple[str, ...]] = ("claude.ai", "accounts.google.com", "challenges.cloudflare.com")
    foreign_hosts = ("accounts.google.com", "challenges.cloudflare.com")
    states: ClassVar[StateTable] = STATES
    answers = Answer

    def make_turn(self, prompt: Prompt, reply: AnyAnswer | Recording) -> Turn:
        """A turn with the names that the page made up."""
        names = prompt.body.get("turn_message_uuids") or {}
        chat = prompt.conversation_id or str(uuid.uuid4())
        ids = TurnIds(
            conversation=chat,
            human=names.get("human_message_uuid") or str(uuid.uuid4()),
            assistant=names.get("assistant_message_uuid") or str(uuid.uuid4()),
        )
        return Turn(asked=prompt, conversation_id=chat, ids=ids, reply=reply, gates=self.gates)

    def steps(self, turn: Turn) -> Iterable[Step]:
        """The stream of an answer or of a recording."""
        if isinstance(turn.reply, Recording):
            return frames_of_recording(turn.reply)
        assert isinstance(turn.reply, Answer)
        return stream_answer(turn.reply, turn.ids)

    async def not_found(self, exchange: Exchange) -> None:
        """What nobody has an answer for."""
        await exchange.respond_json(api_error("not_found_error", "Not found"), 404)

    # --- documents and what comes at load -------------------------------------------------------------

    @route("GET", r"/(?:new)?")
    @route("GET", rf"/chat/{_UUID}")
    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page."""
        await super().document(exchange, chat)

    @route("GET", r"/login")
    async def sign_in(self, exchange: Exchange) -> None:
        """The page of sign-in."""
        self.journal.record("page", url=exchange.target, chat=None)
        await exchange.respond(200, _SIGN_IN, content_type=HTML)

    @route("GET", r"/api/organizations")
    async def organizations(self, exchange: Exchange) -> None:
        """Who is signed in, by the organizations they belong to."""
        if not self._state.signed_in:
            await exchange.respond_json(api_error("permission_error", "account_session_invalid"), 403)
            return
        await self.hydrate(
            exchange, [{"uuid": ORGANIZATION, "name": "Replica Person", "capabilities": ["chat"]}]
        )

    @route("GET", _ORG + r"/usage")
    async def usage(self, exchange: Exchange) -> None:
        """How much of the allowances is used."""
        session = {"kind": "session", "percent": 32, "resets_at": now(), "scope": None}
        await exchange.respond_json({"limits": [session], "spend": None})

    @route("GET", _ORG + r"/chat_conversations")
    async def conversations(self, exchange: Exchange) -> None:
        """The list in the side bar."""
        await exchange.respond_json([{"uuid": chat, "name": "A chat"} for chat in self._chats])

    # --- prompts --------------------------------------------------------------------------------------

    @route("POST", _CHAT + r"/completion")
    @route("POST", _CHAT + r"/retry_completion")
    async def completion(self, exchange: Exchange, chat: str) -> None:
        """A prompt, packed; answered with a stream, or refused."""
        if exchange.headers.get("content-encoding") != "gzip":
            await exchange.respond_json(api_error("invalid_request_error", "the body has to be packed"), 400)
            return
        body = json.loads(gzip.decompress(exchange.body))
        if exchange.path.endswith("retry_completion"):
            self.journal.record("retry", body=body)
        creation = body.get("create_conversation_params") or {}
        last = self.turn_of(chat)
        written = tuple(
            Attached(
                name=one["file_name"], media_type=one["file_type"], data=one["extracted_content"].encode()
            )
            for one in body.get("attachments", ())
        )
        mode = body.get("thinking_mode")
        prompt = Prompt(
            text=body["prompt"] if "prompt" in body or last is None else last.prompt,
            body=body,
            conversation_id=chat,
            key=(body.get("turn_message_uuids") or {}).get("human_message_uuid", ""),
            model=body.get("model"),
            temporary=bool(creation.get("is_temporary") or (last and last.temporary)),
            attachments=written + self.uploads(body.get("files", ())),
            wishes={"thinking_mode": mode, "effort": body.get("effort")} if mode else {},
        )
        await self.answer_prompt(exchange, prompt)

    @route("POST", _CHAT + r"/stop_response")
    async def stop(self, exchange: Exchange, chat: str) -> None:
        """The page's own stop."""
        turn = self.turn_of(chat)
        stopped = turn.stop() if turn else False
        self.journal.record("stop", chat=chat, stopped=stopped)
        await exchange.respond_json({})

    @route("GET", _CHAT + r"/completion_status")
    async def completion_status(self, exchange: Exchange, chat: str) -> None:
        """Whether an answer is still being written; with ``poll=true`` the reply waits for its end."""
        self.journal.record("recovery", chat=chat)
        turn = self.turn_of(chat)
        if turn is None:
            await self.not_found(exchange)
            return
        if exchange.query.get("poll") == "true":
            await turn.over()
        pending = turn.state == "streaming"
        none = {"is_error": False, "error_code": None, "error_detail": None}
        await exchange.respond_json({"is_pending": pending, **none})

    @route("POST", _CHAT + r"/title")
    async def title(self, exchange: Exchange, chat: str) -> None:
        """The chat's name, asked for after its first answer."""
        self.journal.record("title", chat=chat)
        turn = self.turn_of(chat)
        await exchange.respond_json({"title": _title(turn) or "" if turn else ""})

    @route("DELETE", _CHAT)
    async def remove(self, exchange: Exchange, chat: str) -> None:
        """Delete a chat."""
        self.put_away_chat(chat, "deleted")
        await exchange.respond_json({})

    @route("GET", _CHAT)
    async def history(self, exchange: Exchange, chat: str) -> None:
        """A chat with its messages."""
        turns = [turn for turn in self._turns if turn.conversation_id == chat]
        if not turns or (self._state.reply is not None and "alertAfterRefusal" in self._state.page):
            await self.not_found(exchange)
            return
        messages = [message for turn in turns for message in turn.messages()]
        about = {"uuid": chat, "name": _title(turns[0]) or "", "is_temporary": turns[0].temporary}
        await exchange.respond_json(
            {
                **about,
                "model": turns[-1].model,
                "current_leaf_message_uuid": messages[-1]["uuid"],
                "chat_messages": messages,
            }
        )

    # --- files ------------------------------------------------------------------------------------------

    @route("POST", rf"{_ORG}/conversations/{_UUID}/wiggle/upload-file")
    async def upload_file(self, exchange: Exchange, chat: str) -> None:
        """A file, as one part of a form."""
        await self.gates.pass_through("upload")
        if self._state.upload is not None:
            await refuse(exchange, self._state.upload)
            return
        head = f"Content-Type: {exchange.headers['content-type']}\r\n\r\n".encode()
        [part] = BytesParser(policy=HTTP).parsebytes(head + exchange.body).iter_parts()
        name, media_type = part.get_filename() or "", part.get_content_type()
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        file_id = self.keep_upload(name, media_type, data)
        self.journal.record("uploaded", file_id=file_id, size=len(data))
        kind = "image" if media_type.startswith("image/") else "blob"
        about = {"path": f"/mnt/user-data/uploads/{name}", "file_kind": kind, "file_uuid": file_id}
        await exchange.respond_json(
            {"success": True, **about, "file_name": name, "sanitized_name": name, "size_bytes": len(data)}
        )

    @route("GET", rf"{_ORG}/conversations/{_UUID}/wiggle/download-file")
    async def download_file(self, exchange: Exchange, chat: str) -> None:
        """A file that one of the site's tools has made."""
        name = exchange.query.get("path", "").rpartition("/")[2]
        made: list[ProducedFile] = [
            file
            for turn in self._turns
            if turn.conversation_id == chat and isinstance(turn.reply, Answer)
            for file in turn.reply.files
            if file.name == name
        ]
        if not made:
            await self.not_found(exchange)
            return
        self.journal.record("fetched", name=name)
        await exchange.respond(200, made[-1].data, content_type=made[-1].media_type)


def _title(turn: Turn) -> str | None:
    return turn.reply.title if isinstance(turn.reply, Answer) else None


def _stored(block: Block) -> list[dict[str, Any]]:
    """A block as the history keeps it."""
    match block:
        case Text():
            return [{"type": "text", "text": block.text, "citations": list(block.citations)}]
        case Thinking():
            summaries = [{"summary": one} for one in block.summaries]
            return [{"type": "thinking", "thinking": block.text, "summaries": summaries, "cut_off": False}]
        case Tool():
            call = {"type": "tool_use", "name": block.name, "input": dict(block.arguments)}
            return [call, {"type": "tool_result", "name": block.name, "content": list(block.result)}]
    return []
