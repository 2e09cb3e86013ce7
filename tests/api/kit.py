"""A scripted relay, and clients that see every byte of what the service sends."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from cdp_relay.api import Server, serve
from cdp_relay.chat.examine import Finding, SiteReport
from cdp_relay.chat.live import TurnBoard
from cdp_relay.chat.status import BrowserStatus, ModelInfo, RelayStatus, Route, SiteStatus
from cdp_relay.chat.usage import TokenCount, estimate_tokens
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    RequestId,
    Step,
    StepReached,
    TextDelta,
    Usage,
)
from cdp_relay.errors import NotFound, RelayError, SignedOut, UnsupportedValue
from cdp_relay.settings import ServerSettings
from cdp_relay.store import StoredJournal

KEY = "sk-relay-test"

Script = Callable[[ChatRequest], AsyncGenerator[ChatEvent, None]]


def reached(step: Step, **facts: Any) -> StepReached:
    return StepReached(step=step, at_seconds=0.0, facts=facts)


def finished(reason: FinishReason = FinishReason.STOP, **more: Any) -> Finished:
    usage = Usage(prompt_tokens=5, completion_tokens=7, reasoning_tokens=2)
    return Finished(**{"finish_reason": reason, "usage": usage, "site": "practice", "model": None, **more})


async def say_hello(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    del request
    yield reached(Step.SUBMITTED)
    yield reached(Step.STREAMING)
    yield TextDelta("Hello")
    yield TextDelta(", world")
    yield finished()


def says(*events: ChatEvent | BaseException) -> Script:
    """A script that yields these, and raises what is an exception."""

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        del request
        for event in events:
            if isinstance(event, BaseException):
                raise event
            yield event

    return script


@attrs.define(eq=False)
class ScriptedRelay:
    """A relay whose turns do what a script says; it records what was asked and what was stopped."""

    script: Script = say_hello
    site_status: SiteStatus = attrs.field(
        factory=lambda: SiteStatus(name="practice", title="Practice", state="ready", ready=True, tabs=1)
    )
    board: TurnBoard = attrs.field(factory=TurnBoard)
    asked: list[ChatRequest] = attrs.field(factory=list)
    looked_up: list[str | None] = attrs.field(factory=list)
    stopped: list[RequestId] = attrs.field(factory=list)
    forgotten: list[RequestId] = attrs.field(factory=list)
    running: int = 0
    started: trio.Event = attrs.field(factory=trio.Event)
    ended: trio.Event = attrs.field(factory=trio.Event)
    """Set when a turn's generator is over, however it ended."""

    async def ask(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        self.asked.append(request)
        self.running += 1
        self.started.set()
        turn = self.script(request)
        try:
            async for event in turn:
                yield event
        finally:
            with trio.move_on_after(1, shield=True):
                await turn.aclose()
            self.running -= 1
            self.ended.set()

    async def shared_with(self, request: ChatRequest) -> RequestId | None:
        return None

    async def follow(self, id_: RequestId, *, raw: bool = False) -> AsyncGenerator[ChatEvent, None]:
        events: tuple[ChatEvent, ...] = ()
        for event in events:
            yield event
        raise NotFound(f"No request {id_} runs.")

    def stop(self, id_: RequestId) -> bool:
        self.stopped.append(id_)
        return False

    def forget(self, id_: RequestId) -> None:
        self.forgotten.append(id_)

    def count_tokens(self, request: ChatRequest) -> TokenCount:
        said = "".join(message.text for message in request.messages)
        tools = "".join(f"{tool.name}{tool.description}{tool.parameters}" for tool in request.tools)
        return TokenCount(tokens=estimate_tokens(said + tools), source="estimate")

    def models(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(id=name, site=name.partition("/")[0], title=name.title(), created=1700000000)
            for name in ("chatgpt", "practice", "practice/echo")
        )

    async def look_up_models(self, site: str | None = None) -> dict[str, RelayError]:
        self.looked_up.append(site)
        await trio.lowlevel.checkpoint()
        if site == "practice":
            raise UnsupportedValue("The practice page has no menu of models that the relay knows.")
        return {"chatgpt": SignedOut("ChatGPT asks to sign in.")} if site is None else {}

    def route(self, label: str) -> Route:
        site, _, model = label.partition("/")
        if site in ("chatgpt", "practice"):
            known = model in ("", "gpt-5", "echo")
            return Route(
                site=site,
                model=model if model and known else None,
                by_default=not known,
                honours=frozenset({"temperature", "effort"} if site == "chatgpt" else ()),
            )
        return Route(site="practice", model=None, by_default=True)

    def status(self) -> RelayStatus:
        other = SiteStatus(
            name="chatgpt", title="ChatGPT", state="signed_out", message="Nobody is signed in."
        )
        browser = BrowserStatus(state="up", version="156.0", generation=1, headless=True, owned=True, pid=4)
        return RelayStatus(browser=browser, sites=(other, self.site_status), uptime_seconds=12.34)

    async def examine(self, site: str, *, ask: bool = False) -> SiteReport:
        if site != "practice":
            raise NotFound(f"No site {site!r} is offered.", param="site")
        found = Finding(key="selectors.send", verdict="missing")
        return SiteReport(
            site=site, title="Practice", url="https://x", at=1.0, findings=(found,), answered=ask
        )


@asynccontextmanager
async def serving(
    relay: ScriptedRelay, *, journal: StoredJournal | None = None, **settings: Any
) -> AsyncGenerator[Server]:
    """The real service on a free port."""
    chosen = {"port": 0, "shutdown_seconds": 0.2, **settings}
    async with serve(relay, ServerSettings(**chosen), KEY, journal=journal) as server:
        yield server


# --- a client that sees bytes --------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    """The body came to its end: its length, or its last chunk."""

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.json()["error"]
        return error


def request_bytes(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str | None] | None = None,
) -> bytes:
    """A request as the wire has it; a header of None leaves a default one out."""
    lines: dict[str, str | None] = {"Host": f"127.0.0.1:{server.port}", "Authorization": f"Bearer {KEY}"}
    if body is not None:
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    for name, value in (headers or {}).items():
        known = next((one for one in lines if one.lower() == name.lower()), name)
        lines[known] = value
    head = f"{method} {path} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return head.encode("latin-1") + b"\r\n" + (body or b"")


async def connect(server: Server, host: str = "127.0.0.1") -> trio.SocketStream:
    return await trio.open_tcp_stream(host, server.port)


async def read_head(stream: trio.abc.ReceiveStream) -> tuple[int, dict[str, str], bytes]:
    """Read a status line and headers; also what came of the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = await stream.receive_some(65536)
        if not piece:
            raise EOFError(f"the connection ended within the head: {data!r}")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":")[::2] for line in lines]
    return int(status_line.split()[1]), {name.lower(): value.strip() for name, value in pairs}, rest


async def read_reply(stream: trio.abc.ReceiveStream, *, method: str = "GET") -> Reply:
    """Read one whole answer, and no byte more than it has."""
    status, headers, data = await read_head(stream)
    if method == "HEAD" or status in (204, 304):
        return Reply(status=status, headers=headers, body=b"", whole=True)
    if "content-length" in headers:
        length = int(headers["content-length"])
        while len(data) < length and (piece := await stream.receive_some(65536)):
            data += piece
        return Reply(status=status, headers=headers, body=data, whole=len(data) == length)
    while not data.endswith(b"0\r\n\r\n") and (piece := await stream.receive_some(65536)):
        data += piece
    body, whole = dechunk(data)
    return Reply(status=status, headers=headers, body=body, whole=whole)


def dechunk(data: bytes) -> tuple[bytes, bool]:
    """The body, and whether its last chunk was there."""
    body = b""
    while b"\r\n" in data:
        size_line, _, data = data.partition(b"\r\n")
        size = int(size_line, 16)
        if size == 0:
            return body, data == b"\r\n"
        body, data = body + data[:size], data[size + 2 :]
    return body, False


async def send(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str | None] | None = None,
) -> Reply:
    """One request on a connection of its own."""
    stream = await connect(server)
    async with stream:
        await stream.send_all(request_bytes(server, method, path, body, headers))
        return await read_reply(stream, method=method)


def question(**more: Any) -> bytes:
    fields = {"model": "practice", "messages": [{"role": "user", "content": "Hi"}], **more}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


async def ask(server: Server, headers: dict[str, str | None] | None = None, **more: Any) -> Reply:
    """POST a chat completion."""
    return await send(server, "POST", "/v1/chat/completions", question(**more), headers)


# --- server-sent events ------------------------------------------------------------------------


def read_events(body: bytes) -> list[Any]:
    """Take a stream apart, refusing anything but ``data: JSON`` and ``data: [DONE]`` events."""
    assert b"\r" not in body
    assert body.endswith(b"\n\n")
    events: list[Any] = []
    for block in body.removesuffix(b"\n\n").split(b"\n\n"):
        assert block.startswith(b"data: ")
        assert b"\n" not in block
        data = block.removeprefix(b"data: ")
        events.append("[DONE]" if data == b"[DONE]" else json.loads(data))
    return events


def check_whole_stream(body: bytes, *, usage: bool = False) -> list[dict[str, Any]]:
    """Check all that holds for every stream that worked, and return its chunks."""
    *chunks, done = read_events(body)
    assert done == "[DONE]"
    assert "[DONE]" not in chunks
    assert {(c["id"], c["created"], c["model"], c["object"]) for c in chunks} == {
        (chunks[0]["id"], chunks[0]["created"], chunks[0]["model"], "chat.completion.chunk")
    }
    assert all("system_fingerprint" not in c for c in chunks)
    if usage:
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["total_tokens"] > 0
    else:
        assert all("usage" not in c for c in chunks)
    choices = [c["choices"][0] for c in (chunks[:-1] if usage else chunks)]
    assert choices[0]["delta"]["role"] == "assistant"
    assert all("role" not in c["delta"] for c in choices[1:])
    assert [c["finish_reason"] for c in choices[:-1]] == [None] * (len(choices) - 1)
    assert isinstance(choices[-1]["finish_reason"], str)
    assert all(c["index"] == 0 for c in choices)
    return chunks


def joined(chunks: list[dict[str, Any]], field: str = "content") -> str:
    return "".join(c["choices"][0]["delta"].get(field, "") for c in chunks if c.get("choices"))
