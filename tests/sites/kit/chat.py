"""The base of a chat site's replica: what tests call, and the server side that all chats share."""

from __future__ import annotations

import base64
import functools
import inspect
import json
import re
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import trio

from cdp_relay.recording.serving.exchange import Exchange
from cdp_relay.recording.serving.journal import Entry
from cdp_relay.recording.serving.site import Site
from cdp_relay.recording.serving.sockets import PageSocket, SocketClosed
from tests.sites.kit.answers import Answer, Attached, ProducedFile, Recording, Refusal, Reply
from tests.sites.kit.bundle import bundle
from tests.sites.kit.states import State, StateTable
from tests.sites.kit.turns import ChatTurn, Prompt, Step

__all__ = ["HTML", "JAVASCRIPT", "SSE", "ChatSite", "refuse", "route"]

HTML = "text/html; charset=utf-8"
JAVASCRIPT = "text/javascript; charset=utf-8"
SSE = "text/event-stream; charset=utf-8"
_KEPT = (("cache-control", "max-age=3600"),)

T = TypeVar("T", bound=ChatTurn)
Handler = Callable[..., Awaitable[None]]
Answerer = Callable[[Prompt], Reply]
_Handling = TypeVar("_Handling", bound=Handler)


@attrs.frozen
class _Route:
    method: str
    pattern: re.Pattern[str]
    host: str | None
    handler: str


def route(method: str, pattern: str, *, host: str | None = None) -> Callable[[_Handling], _Handling]:
    """A decorator for methods of a site that answer requests.

    Args:
      pattern: a regular expression for the whole path; its groups are further arguments.
      host: only requests to this host; they are looked at before those for every host.
    """

    def mark(handler: _Handling) -> _Handling:
        one = _Route(method, re.compile(pattern), host, handler.__name__)
        handler.routes = [one, *getattr(handler, "routes", ())]  # type: ignore[attr-defined]  # for ChatSite
        return handler

    return mark


class ChatSite(Site, Generic[T]):
    """A chat site: pages, prompts and their turns, states.

    A subclass names its folder's ``states`` and ``answers``, marks its handlers with :func:`route`, makes a
    :class:`Prompt` of each prompt's request and gives that to :meth:`answer_prompt`. It has to say how a
    turn is made (:meth:`make_turn`) and what its stream is (:meth:`steps`).

    The journal's kinds: ``page`` (a document was asked for), ``prompt`` (its text and its whole body),
    ``answered``, ``stop``, ``gone`` (the browser left a stream), ``upload``; and what pages report of
    themselves: ``hydrated``, ``click``, ``control``, ``sent``, ``attached``, ``uploaded``, ``draft`` (kept
    for the next load) and ``received`` with the times (``perf_counter`` seconds) and sizes of the chunks
    that the page read; ``mistake`` is an error in the page's own code.
    """

    states: ClassVar[StateTable]
    answers: ClassVar[type[Answer]]
    """What ``say`` of the control desk makes."""
    bundles: ClassVar[Mapping[str, str]] = {"app": "app.js"}
    """Names of the page's scripts and the modules that they start from."""
    foreign_hosts: ClassVar[tuple[str, ...]] = ()
    """Hosts that only show their name: sign-in pages and the like."""
    api_prefixes: ClassVar[tuple[str, ...]] = ("/api/",)
    """Where the calls are that a state's ``api`` refuses."""
    stream_type: ClassVar[str] = SSE
    _routes: ClassVar[tuple[_Route, ...]] = ()

    _usual: Reply | None
    _answerer: Answerer | None
    _replies: deque[Reply]
    _state: State
    _options: dict[str, Any]
    _turns: list[T]
    _chats: dict[str, list[T]]
    _pages: set[PageSocket]
    _uploads: dict[str, Attached]
    _produced: dict[str, ProducedFile]

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        found = [
            one
            for owner in cls.__mro__
            for member in vars(owner).values()
            for one in getattr(member, "routes", ())
        ]
        cls._routes = tuple(sorted(found, key=lambda one: one.host is None))

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        """Have nothing said, nothing chosen and nothing kept; also called before the first test."""
        self._replies = deque()
        self._usual = None
        self._answerer = None
        self._state = State()
        self._loads_challenged = 0
        self._options = {}
        self._turns = []
        self._chats = {}
        self._pages = set()
        self._uploads = {}
        self._produced = {}

    # --- what a test calls ---------------------------------------------------------------------------

    def say(self, *replies: Reply) -> None:
        """Give these answers to the next prompts, in order; afterwards the state's or the usual one."""
        self._replies.extend(replies)

    def say_always(self, reply: Reply) -> None:
        """Give this answer to every prompt that has none of its own."""
        self._usual = reply

    def answer_with(self, answerer: Answerer | None) -> None:
        """Have a function read every prompt that has no answer of its own yet, and answer it.

        It is called in the server's loop, so it must not wait for anything. None: no more.
        """
        self._answerer = answerer

    def state(self, name: str, **options: Any) -> None:
        """Put the site into one of its states; open pages show it as well."""
        self._state = self.states[name](**options)
        self._loads_challenged = 0
        self.tell("config", config=self.page_config(None))

    def configure(self, **options: Any) -> None:
        """Set members of the page's configuration, such as ``pasteLimit``."""
        self._options |= options
        self.tell("config", config=self.page_config(None))

    def tell(self, command: str, **details: Any) -> None:
        """Tell every open page to do something: ``alert``, ``navigate``, ``dialog`` …"""
        self._run_soon(
            functools.partial(self._tell_pages, self._pages, json.dumps({"do": command, **details}))
        )

    def command(self, name: str, values: Mapping[str, Any]) -> Any:
        """Do what the control desk asks; ``say`` and ``refuse`` take an answer's or a refusal's fields."""
        if name == "say":
            self.say(self.answers(**values))
        elif name == "refuse":
            self.say(Refusal(**values))
        elif name == "tell":
            self.tell(**values)
        elif name in ("state", "configure"):
            getattr(self, name)(**values)
        else:
            return super().command(name, values)
        return None

    @property
    def turns(self) -> list[T]:
        """Every prompt that was taken so far, with its answer."""
        return list(self._turns)

    @property
    def prompts(self) -> list[str]:
        """The texts of all prompts that arrived, taken or refused."""
        return [entry["text"] for entry in self.journal.entries("prompt")]

    async def prompted(self, count: int = 1, *, timeout: float = 10.0) -> Entry:
        """Wait for the prompt of this number."""
        return await self.journal.wait("prompt", count=count, timeout=timeout)

    def reset(self) -> None:
        """Forget everything: answers, states, chats, what happened."""
        super().reset()
        for turn in self._turns:
            self._run_soon(turn.stop)
        self._run_soon(functools.partial(self._tell_pages, self._pages, None))
        self.forget()

    # --- what a site says about itself ----------------------------------------------------------------

    def make_turn(self, prompt: Prompt, reply: Answer | Recording) -> T:
        """A turn for a prompt that is taken."""
        raise NotImplementedError

    def steps(self, turn: T) -> Iterable[Step]:
        """What is written for a turn."""
        raise NotImplementedError

    def stream_headers(self, turn: T) -> Iterable[tuple[str, str]]:
        """Further headers of a turn's stream."""
        return ()

    def page_config(self, chat: str | None) -> dict[str, Any]:
        """What the page is told at load, and again when it changes."""
        return {"chat": chat, **self._options, **self._state.page}

    # --- what pages ask -------------------------------------------------------------------------------

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request of a page."""
        if exchange.host in self.foreign_hosts:
            html = f"<!doctype html><title>{exchange.host}</title><h1>{exchange.host}</h1>"
            await exchange.respond(200, html, content_type=HTML)
            return
        refused = self._state.api
        if refused is not None and exchange.path.startswith(self.api_prefixes):
            await refuse(exchange, refused)
            return
        for one in self._routes:
            if one.method != exchange.method or one.host not in (None, exchange.host):
                continue
            if match := one.pattern.fullmatch(exchange.path):
                await getattr(self, one.handler)(exchange, *match.groups())
                return
        await self.not_found(exchange)

    async def not_found(self, exchange: Exchange) -> None:
        """What nobody has an answer for."""
        await exchange.respond_json({"error": "not found"}, 404)

    async def document(self, exchange: Exchange, chat: str | None = None) -> None:
        """The page, or what comes instead of it; a site's routes lead here."""
        self.journal.record("page", url=exchange.target, chat=chat)
        instead = self._state.document
        if instead is not None and not (self._loads_challenged and self._state.page.get("challengeClears")):
            self._loads_challenged += 1
            await exchange.respond(instead.status, instead.html, content_type=HTML, headers=instead.headers)
            return
        config = self.page_config(chat)
        text = json.dumps(config).replace("</", "<\\/")
        html = (self._page_folder() / "index.html").read_text().replace("__CONFIG__", text)
        html = html.replace("__LANGUAGE__", str(config.get("language", "en")))
        await exchange.respond(200, html, content_type=HTML)

    @classmethod
    def _page_folder(cls) -> Path:
        return Path(inspect.getfile(cls)).parent / "page"

    @classmethod
    def bundle_page(cls) -> Mapping[str, bytes]:
        """Bundle the page's modules; at once unless they changed."""
        return bundle(cls._page_folder(), cls.bundles)

    @route("GET", r"/assets/([\w-]+)\.js")
    async def asset(self, exchange: Exchange, name: str) -> None:
        """A bundle of the page's modules."""
        bundles = await trio.to_thread.run_sync(self.bundle_page)
        # Kept by the browser for the context's next page, as sites have it: most of a page's cost is here.
        await exchange.respond(200, bundles[name], content_type=JAVASCRIPT, headers=_KEPT)

    @route("GET", r"/assets/style\.css")
    async def style(self, exchange: Exchange) -> None:
        """The page's looks."""
        text = (self._page_folder() / "style.css").read_text()
        await exchange.respond(200, text, content_type="text/css; charset=utf-8")

    @route("GET", r"/favicon\.ico")
    async def blank(self, exchange: Exchange) -> None:
        """An empty frame, or no icon."""
        await exchange.respond(200, "<!doctype html>", content_type=HTML)

    @route("GET", r"/__replica")
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

    async def hydrate(self, exchange: Exchange, value: Any) -> None:
        """Answer the call that hydration waits for, once the gate ``hydration`` is open."""
        await self.gates.pass_through("hydration", shut=bool(self._state.page.get("hydrateHeld")))
        await exchange.respond_json(value)

    # --- prompts ------------------------------------------------------------------------------------

    async def answer_prompt(self, exchange: Exchange, prompt: Prompt) -> None:
        """Answer a prompt with a stream, or refuse it."""
        cookie = exchange.headers.get("cookie", "")
        self.journal.record("prompt", text=prompt.text, body=prompt.body, path=exchange.path, cookie=cookie)
        reply = self._replies.popleft() if self._replies else self._state.reply
        if reply is None and self._answerer is not None:
            reply = self._answerer(attrs.evolve(prompt, earlier=tuple(self._said_in(prompt.conversation_id))))
        reply = reply or self._usual or self.answers()
        hold: Collection[str] = () if isinstance(reply, Refusal) else reply.hold
        await self.gates.pass_through("headers", shut="headers" in hold)
        if isinstance(reply, Refusal):
            await refuse(exchange, reply)
            return
        cut = reply.cut or self._state.cut
        if cut == "headers":
            exchange.cut(reset=reply.cut_reset)
        turn = self.make_turn(prompt, reply)
        turn.cut = cut
        self._turns.append(turn)
        if not prompt.temporary:
            self._chats.setdefault(turn.conversation_id, []).append(turn)
        if reply.rendered is not None:
            await self._order(prompt.key, "render", text=reply.rendered)
        assert self.start_task is not None
        self.start_task(functools.partial(turn.produce, self.steps(turn)))
        await self._stream(exchange, turn)

    async def _stream(self, exchange: Exchange, turn: T) -> None:
        journal, number, delivery = self.journal, self._turns.index(turn), self._state.delivery
        await exchange.start(200, content_type=self.stream_type, headers=self.stream_headers(turn))
        if delivery == "page-only":
            whole = await turn.respond(functools.partial(self._carry, turn.asked.key))
            await self._order(turn.asked.key, "body", end=True)
        else:
            whole = await turn.respond(exchange.write, at_once=delivery == "at-once")
        if not whole:
            if not turn.reply.cut_unread:
                await self._until_read(turn)
            exchange.cut(reset=turn.reply.cut_reset)
        await exchange.finish()
        journal.record("answered", turn=number, state=turn.state)

    async def _carry(self, key: str, data: bytes) -> None:
        """Bring some of an answer to its page past the network domain's sight."""
        text = json.dumps({"do": "body", "key": key, "data": base64.b64encode(data).decode()})
        for page in list(self._pages):
            await _tell_page(page, text)

    async def _order(self, key: str, order: str, **details: Any) -> None:
        """Tell a turn's page something, and wait until it has heard."""
        text = json.dumps({"do": order, "key": key, **details})
        for page in list(self._pages):
            await _tell_page(page, text)
        with suppress(AssertionError):
            await self.journal.wait(
                "heard", where=lambda heard: (heard["key"], heard["order"]) == (key, order)
            )

    async def _until_read(self, turn: T) -> None:
        """Wait until the page has read all that was written, or is too busy to."""
        key = turn.asked.key
        size = sum(len(write.data) for write in turn.writes)
        self._tell_pages(self._pages, json.dumps({"do": "read", "key": key, "size": size}))
        with suppress(AssertionError):
            await self.journal.wait("read", where=lambda read: bool(read["key"] == key), timeout=3)

    def _said_in(self, chat: str | None) -> Iterable[Prompt | str]:
        for turn in self._turns:
            if chat is not None and turn.conversation_id == chat and isinstance(turn.reply, Answer):
                yield turn.asked
                yield turn.reply.text

    def put_away_chat(self, chat: str, how: str) -> None:
        """Note that the page has archived or deleted a chat; a deleted one is gone."""
        self.journal.record("put_away", chat=chat, how=how)
        if how == "deleted":
            self._chats.pop(chat, None)

    def turn_of(self, chat: str) -> T | None:
        """The latest turn of a chat, kept or temporary."""
        return next((turn for turn in reversed(self._turns) if turn.conversation_id == chat), None)

    # --- files ----------------------------------------------------------------------------------------

    def keep_upload(self, name: str, media_type: str, data: bytes, *, file_id: str = "") -> str:
        """Keep a file that a page has uploaded, and return the id by which :meth:`uploads` finds it."""
        file_id = file_id or str(uuid.uuid4())
        self._uploads[file_id] = Attached(name=name, media_type=media_type, data=data)
        self.journal.record("upload", file_id=file_id, name=name, media_type=media_type, size=len(data))
        return file_id

    def uploads(self, file_ids: Iterable[str]) -> tuple[Attached, ...]:
        """The files of these ids; unknown ones are left out."""
        return tuple(self._uploads[one] for one in file_ids if one in self._uploads)

    def keep_produced(self, file: ProducedFile) -> str:
        """Keep a file that belongs to an answer, and return the id by which pages fetch it."""
        file_id = str(uuid.uuid4())
        self._produced[file_id] = file
        return file_id

    async def respond_produced(self, exchange: Exchange, file_id: str) -> None:
        """Answer with a produced file."""
        file = self._produced.get(file_id)
        if file is None:
            await self.not_found(exchange)
            return
        self.journal.record("fetched", file_id=file_id, name=file.name)
        await exchange.respond(200, file.data, content_type=file.media_type)

    # --- pages ----------------------------------------------------------------------------------------

    def _run_soon(self, function: Callable[[], object]) -> None:
        if self.run_soon is not None:
            self.run_soon(function)

    def _tell_pages(self, pages: set[PageSocket], text: str | None) -> None:
        assert self.start_task is not None
        for page in list(pages):
            self.start_task(functools.partial(_tell_page, page, text))


async def refuse(exchange: Exchange, refusal: Refusal) -> None:
    """Answer with a refusal."""
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
