"""(e) Memory: the service alone, and what Chrome takes for each further tab."""

from __future__ import annotations

import psutil
import trio

from benchmarks.rows import Row, print_table
from benchmarks.stand import Stand, open_stand, post
from tests.sites.chatgpt import Answer

TABS = 4


def _service_rss(stand: Stand) -> float:
    return psutil.Process(stand.service_pid).memory_info().rss / 1e6


def chrome_pss(stand: Stand) -> float:
    """The browser's processes together; shared pages are counted once."""
    browser = psutil.Process(stand.chromium.pid)
    total = 0
    for process in (browser, *browser.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


async def _ask(stand: Stand) -> None:
    stream = await post(stand, {"model": "chatgpt", "messages": [{"role": "user", "content": "Now?"}]})
    async with stream:
        async for _ in stream:
            pass


async def run() -> list[Row]:
    """Measure idle, with one tab, and with four."""
    async with open_stand("--chat-tabs", str(TABS)) as stand:
        idle = _service_rss(stand)
        await _ask(stand)
        await stand.site.journal.wait("hydrated", count=2, timeout=30)
        one = chrome_pss(stand)
        after = _service_rss(stand)
        stand.site.say_always(Answer(text="All at once.", hold={"end"}))
        async with trio.open_nursery() as nursery:
            for _ in range(TABS):
                nursery.start_soon(_ask, stand)
            await stand.site.gates.held("end", count=TABS, timeout=60)
            four = chrome_pss(stand)
            stand.site.release()
        return [
            Row(name="service, idle", value=idle, unit="MB", bar=90.0),
            Row(name="service, after a turn", value=after, unit="MB"),
            Row(name=f"service, after {TABS} turns at once", value=_service_rss(stand), unit="MB"),
            Row(name="Chrome, one tab", value=one, unit="MB", note="proportional set size, all processes"),
            Row(name="Chrome, each further tab", value=(four - one) / (TABS - 1), unit="MB"),
        ]


if __name__ == "__main__":
    print_table("Memory", trio.run(run))
