"""What the journal costs: on the hot path, before a prompt leaves, and for a whole turn.

Into a database on this machine's disk, in a temporary folder. A turn here is a prompt and an answer of 500
pieces of text, told as fast as they can be; the processor time is that of all threads. How late the loop
wakes a task every millisecond shows what the writer's thread takes from the others.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from benchmarks.rows import Row, percentile, spread
from cdp_relay.chat.record import NO_JOURNAL, Journal, TurnRecord
from cdp_relay.chat.vocabulary import (
    ChatRequest,
    Finished,
    FinishReason,
    Message,
    RequestId,
    Role,
    Step,
    StepReached,
    TextDelta,
    TextPart,
    Usage,
)
from cdp_relay.settings import Home, JournalSettings
from cdp_relay.store import open_journal

PIECES = 500
TURNS = 40
STREAMS = 16
_STREAM_SECONDS = 3.0
_PER_SECOND = 50
_PROMPTS = {"2 kB": 2_000, "76 kB": 76_000}
_BAR_DELTA_US = 5.0
_BAR_SENDING_MS = 50.0
_BAR_STALL_MS = 20.0
_WORDS = ("The ", "answer", " is", " `x", "\t= ", '"a"', "`,\n", "für", " 漢字", "😀 ", " and", " so", " on")
_numbers = itertools.count(1)


async def run() -> list[Row]:
    """Measure without a journal, with one, and with one that keeps each delta."""
    bare = await _turn_cost(NO_JOURNAL)
    rows = [Row(name="a turn's processor time, no journal", value=bare, unit="ms")]
    async with _journal() as journal:
        rows += _delta_cost(journal)
        for size, chars in _PROMPTS.items():
            rows += await _sending(journal, size, chars)
        rows.append(Row(name="a turn's processor time, journal", value=await _turn_cost(journal), unit="ms"))
    async with _journal(deltas=True) as journal:
        rows.append(
            Row(name="a turn's processor time, each delta", value=await _turn_cost(journal), unit="ms")
        )
    rows += await _streams(None)
    async with _journal() as journal:
        rows += await _streams(journal)
    return rows


@asynccontextmanager
async def _journal(*, deltas: bool = False) -> AsyncGenerator[Journal, None]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(config=Path(folder), state=Path(folder))
        async with open_journal(JournalSettings(deltas=deltas), home) as journal:
            await journal.left_turns()
            yield journal


def _request(chars: int) -> ChatRequest:
    text = "".join(itertools.islice(itertools.cycle(_WORDS), chars // 4))[:chars]
    return ChatRequest(
        id=RequestId(f"req_{next(_numbers):032x}"),
        model="chatgpt",
        messages=(Message(role=Role.USER, parts=(TextPart(text),)),),
    )


def _finish(record: TurnRecord) -> None:
    usage = Usage(prompt_tokens=1, completion_tokens=PIECES)
    record.event(StepReached(step=Step.FINISHED, at_seconds=1.0))
    record.event(Finished(finish_reason=FinishReason.STOP, usage=usage, site="chatgpt", model=None))
    record.ended("finished")


def _deltas() -> list[TextDelta]:
    return [TextDelta(_WORDS[number % len(_WORDS)]) for number in range(PIECES)]


async def _turn_cost(journal: Journal) -> float:
    """Milliseconds of processor time for a turn, all threads."""
    deltas = _deltas()
    began = time.process_time()
    for _ in range(TURNS):
        request = _request(2_000)
        record = journal.begin(request)
        record.routed("chatgpt", None)
        for step in (Step.QUEUED, Step.LEASED, Step.OPENED, Step.READY, Step.COMPOSED):
            record.event(StepReached(step=step, at_seconds=0.0))
        await record.sending(request.messages[0].text, None)
        record.event(StepReached(step=Step.SUBMITTED, at_seconds=0.0))
        for delta in deltas:
            record.event(delta)
        _finish(record)
    await trio.sleep(0.3)
    return (time.process_time() - began) / TURNS * 1000


def _delta_cost(journal: Journal) -> list[Row]:
    record, deltas = journal.begin(_request(100)), _deltas() * 40
    began = time.thread_time()
    for delta in deltas:
        record.event(delta)
    each = (time.thread_time() - began) / len(deltas) * 1e6
    _finish(record)
    return [Row(name="a delta told to the journal", value=each, unit="us", bar=_BAR_DELTA_US)]


async def _sending(journal: Journal, size: str, chars: int) -> list[Row]:
    """How long a prompt waits until it is on the disk."""
    waits = []
    for _ in range(TURNS):
        request = _request(chars)
        record = journal.begin(request)
        began = time.perf_counter()
        await record.sending(request.messages[0].text, None)
        waits.append(time.perf_counter() - began)
        _finish(record)
        await trio.sleep(0.01)
    return spread(f"a prompt of {size} on the disk", waits, bars=(_BAR_SENDING_MS, None))


async def _streams(journal: Journal | None) -> list[Row]:
    """Many answers at once at the pace of a site: processor time, and how late other tasks wake."""
    late: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    with trio.move_on_after(_STREAM_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, late)
            for _ in range(STREAMS):
                nursery.start_soon(_stream, journal or NO_JOURNAL)
    share = (time.process_time() - cpu) / (time.perf_counter() - began) * 100
    what = f"{STREAMS} answers at {_PER_SECOND}/s, " + ("no journal" if journal is None else "journal")
    bar = None if journal is None else _BAR_STALL_MS
    return [
        Row(name=f"{what}: processor", value=share, unit="%"),
        Row(name=f"{what}: wakes late, p50", value=statistics.median(late) * 1000, unit="ms"),
        Row(name=f"{what}: wakes late, p99", value=percentile(late, 99) * 1000, unit="ms", bar=bar),
    ]


async def _stream(journal: Journal) -> None:
    record = journal.begin(_request(2_000))
    await record.sending("x", None)
    for number in itertools.count():
        record.event(TextDelta(_WORDS[number % len(_WORDS)]))
        await trio.sleep(1 / _PER_SECOND)


async def _watch(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + 0.001
        await trio.sleep(0.001)
        late.append(max(0.0, time.perf_counter() - due))
