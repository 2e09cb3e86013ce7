"""What it costs to record a turn, and whether anything is lost.

(a) A turn of the relay on ChatGPT's replica, an answer of two seconds, alternately with and without a
recorder on the same tab. (b) 500 chunks a second for five seconds. (c) A session of 50 MB of what pages
say: memory while it is recorded, and its size in memory and packed on the disk.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs
import psutil
import trio

from benchmarks.rows import Row, percentile, print_table
from cdp_relay.cdp import open_connection
from cdp_relay.chat import ChatRequest, Message, RequestId, Role, TextPart
from cdp_relay.chat.loan import Loan
from cdp_relay.chat.relay import open_relay
from cdp_relay.page import Tab, open_tab
from cdp_relay.recording.folder import pack_recording, write_recording
from cdp_relay.recording.recorder import Recorder, open_recorder
from cdp_relay.recording.session import About, Chunk
from cdp_relay.settings import ChatSettings, ChromeSettings, Home, Settings, SiteSettings
from tests.sites.chatgpt import Answer, ChatGPTSite
from tests.sites.kit import ChromiumProcess, Exchange, PlainSite, SiteServer, start_chromium

__all__ = ["run"]

PAIRS = 8
PIECES = 100
GAP_SECONDS = 0.02
CHUNKS = 2500
CHUNK_SECONDS = 0.002
BODIES = 50
BODY_BYTES = 1_000_000
PIECE_BYTES = 32_768
READ = """async (url) => {
  const reader = (await fetch(url, { method: "POST", body: "x" })).body.getReader();
  while (!(await reader.read()).done);
}"""


async def run() -> list[Row]:
    """Measure all three."""
    chat, plain = ChatGPTSite(), PlainSite()
    await trio.to_thread.run_sync(chat.bundle_page)
    server = SiteServer([chat, plain])
    server.start()
    try:
        rows: list[Row] = []
        async with _browser(server) as chromium:
            rows += await _turns(chat, chromium)
        async with _browser(server) as chromium:
            rows += await _fast(plain, chromium)
        async with _browser(server) as chromium:
            rows += await _large(plain, chromium)
        return rows
    finally:
        server.stop()


@asynccontextmanager
async def _browser(server: SiteServer) -> AsyncGenerator[ChromiumProcess, None]:
    chromium = await trio.to_thread.run_sync(lambda: start_chromium(*server.chromium_flags))
    try:
        yield chromium
    finally:
        await trio.to_thread.run_sync(chromium.stop)


@asynccontextmanager
async def _recorded(chromium: ChromiumProcess, site: PlainSite) -> AsyncGenerator[tuple[Tab, Recorder], None]:
    async with (
        open_connection(chromium.ws_url) as connection,
        open_tab(connection) as tab,
        open_recorder(tab) as recorder,
    ):
        await tab.navigate(site.page("/", "<title>page</title>"))
        yield tab, recorder


# --- (a)


async def _turns(site: ChatGPTSite, chromium: ChromiumProcess) -> list[Row]:
    pieces = tuple(f" word{number}" for number in range(PIECES))
    site.say_always(Answer(pieces=pieces, delay=GAP_SECONDS, title=None))
    settings = Settings(
        chrome=ChromeSettings(attach=chromium.http_url),
        chat=ChatSettings(sites=("chatgpt",)),
        sites={"chatgpt": SiteSettings(gap_seconds=0, per_hour=0)},
    )
    bare, recorded = [], []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            open_relay(settings, Home(config=Path(folder), state=Path(folder))) as relay,
            relay.loan("chatgpt") as loan,
        ):
            await _turn(loan)  # warms up
            for _ in range(PAIRS):
                bare.append(await _turn(loan))
                async with open_recorder(loan.tab):
                    recorded.append(await _turn(loan))
    plain, ours = (statistics.median(one.seconds for one in turns) for turns in (bare, recorded))
    cpu = statistics.median(one.cpu for one in recorded) - statistics.median(one.cpu for one in bare)
    return [
        Row(name="a turn", value=plain * 1000, unit="ms", note=f"p50 of {PAIRS}, {PIECES} chunks"),
        Row(name="a recorded turn", value=ours * 1000, unit="ms", against="a turn", ratio=ours / plain),
        Row(name="recording adds", value=(ours / plain - 1) * 100, unit="%", bar=3.0),
        Row(name="recording adds, CPU of the relay", value=cpu * 1000, unit="ms", note="of a turn"),
    ]


@attrs.frozen
class _Turn:
    seconds: float
    cpu: float


async def _turn(loan: Loan) -> _Turn:
    await loan.open()
    request = ChatRequest(
        id=RequestId("bench"),
        model="chatgpt",
        messages=(Message(role=Role.USER, parts=(TextPart("Count."),)),),
    )
    began, cpu = time.perf_counter(), time.process_time()
    async with loan.ask(request) as turn:
        async for _ in turn.delivery:
            pass
        # Not what follows the answer, when the page is brought to rest.
        return _Turn(time.perf_counter() - began, time.process_time() - cpu)


# --- (b)


async def _fast(site: PlainSite, chromium: ChromiumProcess) -> list[Row]:
    chunks = [f"data: {n:05d} {'word ' * (n % 30)}\n\n".encode() for n in range(CHUNKS)]
    written: list[float] = []

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type="text/event-stream")
        begun = trio.current_time()
        for number, chunk in enumerate(chunks):
            await trio.sleep_until(begun + number * CHUNK_SECONDS)
            written.append(time.perf_counter())
            await exchange.write(chunk)
        await exchange.finish()

    url = site.route("/stream", stream)
    async with _recorded(chromium, site) as (tab, recorder):
        offset = time.perf_counter() - recorder.now
        await tab.evaluate(READ, url, timeout=60)
    [response] = [one.response for one in recorder.exchanges() if one.request.url == url]
    assert response is not None
    body = response.body.read() if response.body is not None else b""
    have = body.split(b"\n\n")[:-1]
    lost = len(chunks) - sum(one + b"\n\n" == chunk for one, chunk in zip(have, chunks, strict=False))
    ends = _ends(response.chunks, offset)
    late, wanted, end, when = [], 0, *next(ends)
    for chunk, at in zip(chunks, written, strict=True):
        wanted += len(chunk)
        while end < wanted:
            end, when = next(ends)
        late.append(when - at)
    rate = f"{1 / CHUNK_SECONDS:.0f}/s"
    return [
        Row(name=f"chunks lost at {rate}", value=lost, unit=f"of {CHUNKS}", bar=0.0),
        Row(name="write to recorded arrival p50", value=statistics.median(late) * 1000, unit="ms"),
        Row(name="write to recorded arrival p99", value=percentile(late, 99) * 1000, unit="ms"),
    ]


def _ends(chunks: Sequence[Chunk], offset: float) -> Iterator[tuple[int, float]]:
    """Up to which byte the body had come, and when."""
    have = 0
    for chunk in chunks:
        have += chunk.size
        yield have, chunk.at + offset


# --- (c)


async def _large(site: PlainSite, chromium: ChromiumProcess) -> list[Row]:
    kinds: list[Callable[[int], Iterator[bytes]]] = [_conversations, _stream, _markup]

    async def answer(exchange: Exchange) -> None:
        number = int(parse_qs(urlsplit(exchange.target).query)["n"][0])
        await exchange.start(200, content_type="application/json")
        body = b"".join(kinds[number % len(kinds)](number))
        for at in range(0, len(body), PIECE_BYTES):
            await exchange.write(body[at : at + PIECE_BYTES])
        await exchange.finish()

    url = site.route("/large", answer)
    async with _recorded(chromium, site) as (tab, recorder):
        await tab.evaluate(READ, f"{url}?n=0", timeout=60)
        with _peak() as peak:
            for number in range(1, BODIES + 1):
                await tab.evaluate(READ, f"{url}?n={number}", timeout=60)
            await recorder.settle()
    about = About(
        site="plain",
        scenario="plain",
        recorded_on="2026-11-21",
        relay_version="",
        browser="",
        origin="https://plain.test",
        redacted=True,
    )
    session = recorder.session(about)
    sizes = [one.response.body.size for one in session.exchanges if one.response and one.response.body]
    size = sum(sizes)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "recording"
        await trio.to_thread.run_sync(write_recording, target, session)
        await trio.to_thread.run_sync(pack_recording, target)
        packed = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return [
        Row(name="a session's bodies", value=size / 1e6, unit="MB", note=f"{len(sizes)} of them"),
        Row(name="memory for it, peak", value=peak[0] / 1e6, unit="MB", note="of the process, sampled"),
        Row(name="held of it", value=recorder.held_bytes / 1e6, unit="MB", ratio=recorder.held_bytes / size),
        Row(name="packed on the disk", value=packed / 1e6, unit="MB", bar=size / 5e6, ratio=packed / size),
    ]


@contextmanager
def _peak() -> Iterator[list[int]]:
    """The most memory that the process takes in the block, above what it took at its beginning."""
    process, done = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    most = [0]

    def watch() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], process.memory_info().rss - before)

    thread = threading.Thread(target=watch)
    thread.start()
    yield most
    done.set()
    thread.join()


def _words(number: int) -> Iterator[str]:
    """Words as often as words are: the common ones all the time."""
    chance = random.Random(number)
    known = ["".join(chance.choices("etaoinshrdlu", k=2 + n % 9)) for n in range(3000)]
    often = list(itertools.accumulate(1 / (n + 1) for n in range(3000)))
    while True:
        yield from chance.choices(known, cum_weights=often, k=1000)


def _conversations(number: int) -> Iterator[bytes]:
    """What a site's list of chats looks like."""
    words, size = _words(number), 0
    while size < BODY_BYTES:
        item = {
            "id": f"{random.Random(size).getrandbits(128):032x}",
            "title": " ".join(next(words) for _ in range(5)),
            "create_time": 1_780_000_000 + size,
            "is_archived": False,
            "is_starred": None,
            "workspace_id": None,
            "snippet": " ".join(next(words) for _ in range(20)),
        }
        piece = json.dumps(item).encode() + b",\n"
        size += len(piece)
        yield piece


def _stream(number: int) -> Iterator[bytes]:
    """What an answer's event stream looks like."""
    words, size = _words(number), 0
    while size < BODY_BYTES:
        events = [{"p": "/message/content/parts/0", "o": "append", "v": f" {next(words)}"} for _ in range(20)]
        piece = b"".join(b"event: delta\ndata: " + json.dumps(event).encode() + b"\n\n" for event in events)
        size += len(piece)
        yield piece


def _markup(number: int) -> Iterator[bytes]:
    """What a page looks like."""
    words, size = _words(number), 0
    while size < BODY_BYTES:
        text = " ".join(next(words) for _ in range(12))
        piece = (
            f'<div class="flex min-h-8 items-center gap-2 text-token-primary" data-testid="row-{size}">'
            f'<a class="group __menu-item hoverable" href="/c/{size:032x}">'
            f'<span dir="auto">{text}</span></a></div>\n'
        ).encode()
        size += len(piece)
        yield piece


if __name__ == "__main__":
    print_table("Recording", trio.run(run))
