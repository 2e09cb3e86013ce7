"""Several tabs that answer at once: how late each chunk is, and what a tab costs.

Each tab streams 50 chunks a second. The delay is from the replica's write of a chunk to the client's
receipt of it over HTTP; site and client share a process, the service and Chrome have their own.
"""

from __future__ import annotations

import re
import time

import psutil
import trio

from benchmarks.memory import chrome_pss
from benchmarks.rows import Row, print_table, spread
from benchmarks.stand import Stand, open_stand, post
from tests.sites.chatgpt import Answer

TABS = (1, 4, 6)
"""The replica speaks HTTP/1.1, of which Chrome opens six connections to a host: a seventh prompt would wait
in the browser for an answer's end. The sites themselves speak HTTP/2 and 3."""
CHUNKS = 300
DELAY_SECONDS = 0.02
_MARK = re.compile(rb"t\d{2}w\d{5}")


def _answer(name: str) -> Answer:
    pieces = tuple(f" {name}w{number:05d}" for number in range(CHUNKS))
    return Answer(pieces=pieces, delay=DELAY_SECONDS, form="bare", last_words_in_closing_patch=False)


async def _stream(stand: Stand, name: str, arrived: dict[bytes, float]) -> None:
    """Ask for an answer of its own, and note when each chunk arrives."""
    body = {"model": "chatgpt", "stream": True, "messages": [{"role": "user", "content": f"Count {name}."}]}
    stream = await post(stand, body)
    tail = last = b""
    async with stream:
        async for data in stream:
            now = time.perf_counter()
            tail += data
            for mark in _MARK.findall(tail):
                arrived.setdefault(mark, now)
            last, tail = (last + data)[-400:], tail[-8:]
    assert b"[DONE]" in last, f"{name}: {last.decode(errors='replace')}"


async def _all_at_once(stand: Stand, tabs: int) -> dict[bytes, float]:
    arrived: dict[bytes, float] = {}
    async with trio.open_nursery() as nursery:
        for number in range(tabs):
            nursery.start_soon(_stream, stand, f"t{number:02d}", arrived)
    return arrived


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def _open(stand: Stand, tabs: int) -> None:
    """Have so many tabs open, one after another: all in one moment are more than a small machine can take."""

    async def ask() -> None:
        body = {"model": "chatgpt", "messages": [{"role": "user", "content": "Open."}]}
        async with await post(stand, body) as stream:
            async for _ in stream:
                pass

    stand.site.answer_with(lambda _: Answer(text="Open.", hold={"end"}))
    held = stand.site.journal.count("held")
    async with trio.open_nursery() as nursery:
        for number in range(tabs):
            nursery.start_soon(ask)
            await stand.site.gates.held("end", count=held + number + 1, timeout=120)
        stand.site.gates.open("end")
    stand.site.answer_with(lambda prompt: _answer(prompt.text.strip()[-4:-1]))


async def measure(stand: Stand, tabs: int) -> list[Row]:
    """Let so many tabs answer at once, once they are open."""
    await _open(stand, tabs)
    before, answered = _cpu(stand.service_pid), len(stand.site.turns)
    started = time.perf_counter()
    arrived = await _all_at_once(stand, tabs)
    seconds = time.perf_counter() - started
    share = (_cpu(stand.service_pid) - before) / seconds * 100
    written = {
        mark: write.at
        for turn in stand.site.turns[answered:]
        for write in turn.writes
        for mark in _MARK.findall(write.data)
    }
    lost = written.keys() - arrived.keys()
    assert not lost, f"lost {sorted(lost)[:5]} of {len(written)}"
    assert len(written) == tabs * CHUNKS
    rows = spread(f"{tabs} tabs at once, chunk delay", [arrived[mark] - at for mark, at in written.items()])
    rows += [
        Row(
            name=f"{tabs} tabs at once, CPU of the service",
            value=share,
            unit="%",
            note=f"of one core, over {seconds:.1f} s with the turns' begin and end",
        ),
        Row(name=f"{tabs} tabs, Chrome", value=chrome_pss(stand), unit="MB"),
        Row(
            name=f"{tabs} tabs, service",
            value=psutil.Process(stand.service_pid).memory_info().rss / 1e6,
            unit="MB",
        ),
    ]
    return rows


async def run() -> list[Row]:
    """Measure with more and more tabs."""
    rows: list[Row] = []
    async with open_stand("--chat-tabs", str(max(TABS))) as stand:
        for tabs in TABS:
            rows += await measure(stand, tabs)
    return rows


if __name__ == "__main__":
    print_table("Several tabs at once", trio.run(run))
