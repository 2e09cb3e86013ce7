"""How true a replay is to its recording: when each chunk of a stream comes, by Chrome's own clock.

A stream of several hundred chunks at uneven distances is recorded and replayed, and the replay recorded in
its turn; a chunk's error is how much later or earlier after its request it came. Then the same at full speed,
against the bytes alone.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import trio

from benchmarks.rows import Row, percentile, print_table
from cdp_relay.cdp import open_connection
from cdp_relay.page import Tab, open_tab
from cdp_relay.recording.folder import write_recording
from cdp_relay.recording.recorder import Recorder, open_recorder
from cdp_relay.recording.session import About, Exchange, Session
from tests.sites.kit import Exchange as Served
from tests.sites.kit import PlainSite, SiteServer, start_chromium

__all__ = ["run"]

CHUNKS = 500
CHUNK_BYTES = 200
GAPS_SECONDS = (0.002, 0.03)
"""As answers come: a token or two at a time, and pauses."""
AIM_MS = 5.0
READ = """async (url) => {
  const reader = (await fetch(url, { method: "POST", body: "x" })).body.getReader();
  let size = 0;
  for (let step; !(step = await reader.read()).done; ) size += step.value.length;
  return size;
}"""
ABOUT = About(
    site="plain",
    scenario="stream",
    recorded_on="2026-01-01",
    relay_version="0",
    browser="Chrome",
    origin="https://plain.test",
    redacted=True,
)


async def run() -> list[Row]:
    """Record a stream, replay it as the command does, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording"
        recorded = await _record_live()
        write_recording(recording, recorded)
        replayed = await _record_replay(recording, "1")
        at_once = await _record_replay(recording, "full")
    return _rows(_stream(recorded), _stream(replayed), _stream(at_once))


async def _record_live() -> Session:
    site = PlainSite()
    server = SiteServer([site])
    server.start()
    try:
        _serve(site)
        return await _record(server.chromium_flags)
    finally:
        server.stop()


async def _record_replay(recording: Path, speed: str) -> Session:
    """Record the replay of the command, which runs in a process of its own."""
    words = ["replay", str(recording), "--json", "--speed", speed]
    command = [sys.executable, "-c", "from cdp_relay.cli import main; main()", *words]
    started = await trio.to_thread.run_sync(
        lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    )
    with started as process:
        try:
            assert process.stdout is not None
            ready = json.loads(await trio.to_thread.run_sync(process.stdout.readline))
            return await _record(ready["flags"])
        finally:
            process.terminate()


def _serve(site: PlainSite) -> None:
    rng = random.Random(5)

    async def stream(exchange: Served) -> None:
        await exchange.start(200, content_type="text/event-stream")
        due = trio.current_time()
        for number in range(CHUNKS):
            await exchange.write(f"data: {number}".ljust(CHUNK_BYTES - 2).encode() + b"\n\n")
            due += rng.uniform(*GAPS_SECONDS)
            await trio.sleep_until(due)
        await exchange.finish()

    site.page("/", "<title>page</title>")
    site.route("/stream", stream)


async def _record(flags: Sequence[str]) -> Session:
    chromium = await trio.to_thread.run_sync(lambda: start_chromium(*flags))
    try:
        async with (
            open_connection(chromium.ws_url) as connection,
            open_tab(connection) as tab,
            open_recorder(tab) as recorder,
        ):
            await tab.navigate("https://plain.test/")
            await _read(tab, recorder)
            return recorder.session(ABOUT)
    finally:
        await trio.to_thread.run_sync(chromium.stop)


async def _read(tab: Tab, recorder: Recorder) -> None:
    size = await tab.evaluate(READ, "/stream", timeout=60)
    if size != CHUNKS * CHUNK_BYTES:
        raise RuntimeError(f"the page read {size} bytes of {CHUNKS * CHUNK_BYTES}")
    await recorder.settle()


def _stream(session: Session) -> Exchange:
    return next(one for one in session.exchanges if one.request.url.endswith("/stream"))


def _times(stream: Exchange) -> Iterator[tuple[int, float]]:
    """How many bytes there were by when, counted from the request."""
    size = 0
    for chunk in stream.response.chunks if stream.response is not None else ():
        size += chunk.size
        yield size, chunk.at - stream.at


def _errors(recorded: Exchange, replayed: Exchange) -> list[float]:
    """How many seconds later each chunk came; where the browser joined chunks, the byte that ended it."""
    arrivals = list(_times(replayed))
    errors, at = [], 0
    for size, then in _times(recorded):
        while at < len(arrivals) - 1 and arrivals[at][0] < size:
            at += 1
        errors.append(arrivals[at][1] - then)
    return errors


def _rows(recorded: Exchange, replayed: Exchange, at_once: Exchange) -> list[Row]:
    later = _errors(recorded, replayed)
    errors = [abs(one) for one in later]
    lost = CHUNKS * CHUNK_BYTES - _bytes(replayed)
    whole = max(when for _, when in _times(at_once))
    return [
        *_milliseconds("error of a chunk's time", errors),
        Row(name="of that, later by p50", value=percentile(later, 50) * 1000, unit="ms"),
        Row(name="bytes lost", value=lost, unit="bytes", bar=0, note=f"{len(errors)} chunks recorded"),
        Row(
            name="the whole at full speed",
            value=whole * 1000,
            unit="ms",
            note=f"{_pieces(at_once)} chunks seen",
        ),
    ]


def _milliseconds(name: str, seconds: Sequence[float]) -> Iterator[Row]:
    for percent, bar in ((50, None), (95, AIM_MS), (100, None)):
        value = percentile(seconds, percent) * 1000
        yield Row(
            name=f"{name} p{percent}" if percent < 100 else f"{name} max", value=value, unit="ms", bar=bar
        )


def _bytes(stream: Exchange) -> int:
    body = stream.response.body if stream.response is not None else None
    return body.size if body is not None else 0


def _pieces(stream: Exchange) -> int:
    return len(stream.response.chunks) if stream.response is not None else 0


if __name__ == "__main__":
    print_table("Replaying a recorded stream", trio.run(run))
