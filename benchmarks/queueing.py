"""A thousand requests that wait: whether parties are served alike, and how soon one too many is refused.

The order is measured on the pool itself, with a clock of its own and tabs that are none; refusals over
HTTP, from the real service, while a thousand connections wait in it.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time

import psutil
import trio
import trio.testing

from benchmarks.rows import Row, print_table, spread
from benchmarks.stand import Stand, open_stand, post
from cdp_relay.chat.registry import load_provider
from tests.chat.stand_in_tabs import StandInBrowser, make_pool, new_timeline
from tests.sites.chatgpt import Answer

WAITING = 1000
TABS = 4
TURN_SECONDS = 10.0
PARTIES = {"greedy": 0.55, **{f"party {number}": 0.05 for number in range(9)}}
"""Whose requests they are, and which part of them."""
REFUSALS = 100

_BODY = {"model": "chatgpt", "messages": [{"role": "user", "content": "Wait."}]}


async def _serve_all(order: list[tuple[str, float]]) -> None:
    """Let all of them ask in the same moment, the greedy party first."""
    async with trio.open_nursery() as nursery:
        pool = make_pool(
            load_provider("practice"),
            StandInBrowser(),
            nursery,
            size=TABS,
            queue=WAITING,
            queue_seconds=1e9,
        )

        async def ask(party: str) -> None:
            async with pool.lease(new_timeline(), party=party):
                order.append((party, trio.current_time()))
                await trio.sleep(TURN_SECONDS)

        async with trio.open_nursery() as turns:
            for party, part in PARTIES.items():
                for _ in range(int(WAITING * part)):
                    turns.start_soon(ask, party)
                await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


def measure_order() -> list[Row]:
    """Serve a thousand requests of ten parties, one of which has more than all the others."""
    order: list[tuple[str, float]] = []
    clock = trio.testing.MockClock(autojump_threshold=0)
    before = time.process_time()
    trio.run(_serve_all, order, clock=clock)
    spent = time.process_time() - before
    began = order[0][1]
    # The first found free tabs, before anybody else came.
    served = dict.fromkeys(PARTIES, 0)
    left = {party: int(WAITING * part) for party, part in PARTIES.items()}
    left["greedy"] -= TABS
    widest = 0
    for _, together in itertools.groupby(order[TABS:], key=lambda one: one[1]):
        for party, _ in together:
            served[party] += 1
            left[party] -= 1
        counts = [served[name] for name, more in left.items() if more]
        widest = max(widest, max(counts) - min(counts)) if counts else widest
    modest = [at - began for party, at in order if party != "greedy"]
    all_waits = [at - began for _, at in order]
    return [
        Row(
            name=f"{WAITING} waiting, widest lead of a party over another",
            value=widest,
            unit="turns",
            bar=1,
            note="of those that both have more to ask",
        ),
        Row(
            name="mean wait of those with 5 % each",
            value=statistics.mean(modest),
            unit="s",
            against="first come, first served",
            ratio=statistics.mean(modest) / (WAITING * 0.775 * TURN_SECONDS / TABS),
            note=f"{TABS} tabs, {TURN_SECONDS:g} s a turn, all ask at once, the greedy one first",
        ),
        Row(name="mean wait of all", value=statistics.mean(all_waits), unit="s"),
        Row(
            name="CPU a request, in and out of the queue",
            value=spent / WAITING * 1e6,
            unit="us",
            note="with its timeline, which tells its place some 17 times on the way",
        ),
    ]


async def _refusal(stand: Stand) -> float:
    started = time.perf_counter()
    stream = await post(stand, _BODY)
    head = b""
    async with stream:
        async for data in stream:
            head += data
    assert b" 429 " in head.split(b"\r\n", 1)[0], head[:200]
    assert b"retry-after" in head.lower()
    return time.perf_counter() - started


async def _wait(stand: Stand) -> None:
    stream = await post(stand, _BODY)
    async with stream:
        async for _ in stream:
            pass


async def _waiting(stand: Stand) -> int:
    """How many wait in the service."""
    async with await trio.open_tcp_stream("127.0.0.1", stand.port) as stream:
        head = f"GET /ready HTTP/1.1\r\nHost: localhost:{stand.port}\r\nAuthorization: Bearer {stand.key}\r\n"
        await stream.send_all(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join([data async for data in stream])
    sites = json.loads(answer.partition(b"\r\n\r\n")[2])["sites"]
    return sum(site["waiting"] for site in sites)


async def measure_refusals() -> list[Row]:
    """Fill the queue of the real service, then ask once more, again and again."""
    async with open_stand("--set", f"chat.queue={WAITING}") as stand, trio.open_nursery() as waiters:
        stand.site.say_always(Answer(text="Never.", hold={"end"}))
        waiters.start_soon(_wait, stand)
        await stand.site.gates.held("end", count=1, timeout=60)
        service = psutil.Process(stand.service_pid)
        rss, cpu = service.memory_info().rss, sum(service.cpu_times()[:2])
        started = time.perf_counter()
        for _ in range(WAITING):
            waiters.start_soon(_wait, stand)

        with trio.fail_after(120):
            while await _waiting(stand) < WAITING:  # noqa: ASYNC110  # in another process, which tells nobody
                await trio.sleep(0.1)
        joining = sum(service.cpu_times()[:2]) - cpu
        taken = time.perf_counter() - started
        full = service.memory_info().rss
        cpu = sum(service.cpu_times()[:2])
        await trio.sleep(5)
        idle = (sum(service.cpu_times()[:2]) - cpu) / 5 * 100
        refusals = [await _refusal(stand) for _ in range(REFUSALS)]
        rows = [
            *spread(f"refused over HTTP, {WAITING} waiting,", refusals, bars=(20.0, None)),
            Row(
                name="CPU of the service a request that joins the queue",
                value=joining / WAITING * 1e3,
                unit="ms",
                note=f"all within {taken:.1f} s",
            ),
            Row(name=f"CPU of the service while {WAITING} wait", value=idle, unit="%", note="of one core"),
            Row(
                name="memory of the service a waiting request", value=(full - rss) / WAITING / 1e3, unit="kB"
            ),
        ]
        waiters.cancel_scope.cancel()
    return rows


async def run() -> list[Row]:
    """Measure the order, then the refusals."""
    return [*await trio.to_thread.run_sync(measure_order), *await measure_refusals()]


if __name__ == "__main__":
    print_table("A queue of a thousand", trio.run(run))
