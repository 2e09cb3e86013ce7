"""(d) DevTools round trips per second, one at a time and 64 in flight, beside playwright and cdp-use.

Each client runs in a process of its own against the same page of the same browser, in turns, several
rounds; the median counts. CPU is that of the client's process and of those it starts (playwright's
driver is a Node process).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import psutil
import trio

from tests.sites.kit import start_chromium

ROUNDS = 5
WARM_UP = 200
SEQUENTIAL = 1000
IN_FLIGHT = 64
PIPELINED = IN_FLIGHT * 50

Measured = Mapping[str, float]
Ask = Callable[[], Awaitable[object]]
Gather = Callable[[Callable[[], Awaitable[None]], int], Awaitable[None]]


async def run() -> list[dict[str, Any]]:
    """Measure all clients; returns plain rows."""
    browser = await trio.to_thread.run_sync(start_chromium)
    rounds: dict[str, list[Measured]] = {name: [] for name in CLIENTS}
    try:
        for _ in range(ROUNDS):
            for name in CLIENTS:
                rounds[name].append(await _measure_apart(name, browser.http_url, browser.ws_url))
    finally:
        await trio.to_thread.run_sync(browser.stop)
    middle = {
        name: {key: statistics.median(one[key] for one in measured) for key in measured[0]}
        for name, measured in rounds.items()
    }
    rows: list[dict[str, Any]] = []
    for mode, title in (
        ("sequential", "round trips, one at a time"),
        ("pipelined", "round trips, 64 in flight"),
    ):
        ours = middle["cdp-relay"]
        rows.append(_row(f"{title}: cdp-relay", ours, mode))
        for name, theirs in middle.items():
            if name != "cdp-relay":
                row = _row(f"{title}: {name}", theirs, mode)
                row["against"] = f"{name} is ours"
                row["ratio"] = ours[mode] / theirs[mode]
                rows.append(row)
    return rows


def _row(name: str, measured: Measured, mode: str) -> dict[str, Any]:
    cpu = measured[f"{mode}_cpu"]
    return {"name": name, "value": measured[mode], "unit": "/s", "note": f"{cpu:.0f} us CPU a command"}


async def _measure_apart(name: str, http_url: str, ws_url: str) -> Measured:
    done = await trio.run_process(
        [sys.executable, "-m", "benchmarks.round_trips", name, http_url, ws_url],
        capture_stdout=True,
        stderr=subprocess.DEVNULL,
    )
    measured: Measured = json.loads(done.stdout)
    return measured


# --- in the client's own process ---------------------------------------------------------------


async def _measure(ask: Ask, gather: Gather) -> dict[str, float]:
    """Time *ask*; *gather* runs a worker so many times side by side."""

    def repeat(count: int) -> Callable[[], Awaitable[None]]:
        async def worker() -> None:
            for _ in range(count):
                await ask()

        return worker

    await repeat(WARM_UP)()
    measured: dict[str, float] = {}
    for mode, count, work in (
        ("sequential", SEQUENTIAL, repeat(SEQUENTIAL)),
        ("pipelined", PIPELINED, lambda: gather(repeat(PIPELINED // IN_FLIGHT), IN_FLIGHT)),
    ):
        start, cpu = time.perf_counter(), _cpu_seconds()
        await work()
        measured[mode] = count / (time.perf_counter() - start)
        measured[f"{mode}_cpu"] = (_cpu_seconds() - cpu) / count * 1e6
    return measured


def _cpu_seconds() -> float:
    own = psutil.Process(os.getpid())
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def _measure_ours(http_url: str, ws_url: str) -> dict[str, float]:
    from cdp_relay.cdp import open_connection, protocol

    async def gather(worker: Callable[[], Awaitable[None]], count: int) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(worker)

    async def main() -> dict[str, float]:
        async with open_connection(ws_url) as connection:
            page = await connection.targets.create_page()
            try:
                return await _measure(lambda: page.execute(protocol.Runtime.evaluate("1")), gather)
            finally:
                await connection.targets.close_page(page.target.target_id if page.target else "")

    return trio.run(main)


def _measure_playwright(http_url: str, ws_url: str) -> dict[str, float]:
    import asyncio

    from playwright.async_api import async_playwright

    async def main() -> dict[str, float]:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp(http_url)
            page = await browser.contexts[0].new_page()
            session = await page.context.new_cdp_session(page)
            try:
                return await _measure(
                    lambda: session.send("Runtime.evaluate", {"expression": "1"}), _gather_asyncio
                )
            finally:
                await page.close()

    return asyncio.run(main())


def _measure_cdp_use(http_url: str, ws_url: str) -> dict[str, float]:
    import asyncio

    from cdp_use.client import CDPClient

    async def main() -> dict[str, float]:
        async with CDPClient(ws_url) as client:
            target = (await client.send.Target.createTarget({"url": "about:blank"}))["targetId"]
            attached = await client.send.Target.attachToTarget({"targetId": target, "flatten": True})
            session = attached["sessionId"]
            try:
                return await _measure(
                    lambda: client.send.Runtime.evaluate({"expression": "1"}, session_id=session),
                    _gather_asyncio,
                )
            finally:
                await client.send.Target.closeTarget({"targetId": target})

    return asyncio.run(main())


async def _gather_asyncio(worker: Callable[[], Awaitable[None]], count: int) -> None:
    import asyncio

    await asyncio.gather(*(worker() for _ in range(count)))


CLIENTS: Mapping[str, Callable[[str, str], dict[str, float]]] = {
    "cdp-relay": _measure_ours,
    "playwright": _measure_playwright,
    "cdp-use": _measure_cdp_use,
}


def main() -> None:
    """Print ``name value unit`` lines; with a client's name and addresses, measure that one as JSON."""
    if len(sys.argv) > 1:
        name, http_url, ws_url = sys.argv[1:]
        print(json.dumps(CLIENTS[name](http_url, ws_url)))
        return
    for row in trio.run(run):
        ratio = f"  ours / theirs {row['ratio']:.2f}" if "ratio" in row else ""
        print(f"{row['name']} {row['value']:.0f} {row['unit']}  ({row['note']}){ratio}")


if __name__ == "__main__":
    main()
