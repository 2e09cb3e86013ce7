"""How late a chunk reaches the client, and what a whole turn costs on a warm tab.

(b) The delay from the replica's write of a chunk to the client's receipt of it over HTTP, against a
poll of the rendered answer every 500 ms, which is what relays without network capture do.
(c) The whole of a request on a warm tab with a site that answers at once, against a Playwright script
that fills, clicks and waits for the answer to show, on the same page.
"""

from __future__ import annotations

import re
import statistics
import time

import trio

from benchmarks.rows import Row, print_table, spread
from benchmarks.stand import Stand, open_stand, post
from cdp_relay.cdp import open_connection, protocol
from tests.sites.chatgpt import Answer

CHUNKS = 400
DELAY_SECONDS = 0.02
POLL_SECONDS = 0.5
TURNS = 25
_MARK = re.compile(rb"w(\d{5})")
_ANSWER_TEXT = (
    "[...document.querySelectorAll('[data-message-author-role=assistant]')].map(n => n.textContent).join('')"
)


def _answer() -> Answer:
    pieces = tuple(f" w{number:05d}" for number in range(CHUNKS))
    return Answer(pieces=pieces, delay=DELAY_SECONDS, form="bare", last_words_in_closing_patch=False)


def _written(stand: Stand) -> dict[int, float]:
    return {
        int(mark): write.at for write in stand.site.turns[-1].writes for mark in _MARK.findall(write.data)
    }


async def _stream(stand: Stand) -> dict[int, float]:
    """Ask for the marked answer; return when each mark arrived."""
    body = {"model": "chatgpt", "stream": True, "messages": [{"role": "user", "content": "Count."}]}
    stream = await post(stand, body)
    arrived: dict[int, float] = {}
    tail = b""
    async with stream:
        async for data in stream:
            now = time.perf_counter()
            tail += data
            for mark in _MARK.findall(tail):
                arrived.setdefault(int(mark), now)
            tail = tail[-5:]
    return arrived


async def _poll(stand: Stand, seen: dict[int, float]) -> None:
    """Look at the rendered answer every 500 ms."""
    async with open_connection(stand.chromium.ws_url) as connection:
        pages = await connection.targets.list_pages()
        page = next(one for one in pages if one.url.startswith("https://chatgpt.com/"))
        session = await connection.targets.attach_page(page.target_id)
        while True:
            found = await session.execute(protocol.Runtime.evaluate(_ANSWER_TEXT, return_by_value=True))
            now = time.perf_counter()
            for mark in _MARK.findall(str(found.result.value).encode()):
                seen.setdefault(int(mark), now)
            await trio.sleep(POLL_SECONDS)


async def measure_delay(stand: Stand) -> list[Row]:
    """Delay of each chunk, ours and a poll's."""
    stand.site.say_always(_answer())
    await _stream(stand)  # the first turn opens the tab
    arrived = await _stream(stand)
    written = _written(stand)
    ours = [arrived[mark] - at for mark, at in written.items()]
    seen: dict[int, float] = {}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_poll, stand, seen)
        await _stream(stand)
        await trio.sleep(2 * POLL_SECONDS)
        nursery.cancel_scope.cancel()
    polled = [seen[mark] - at for mark, at in _written(stand).items() if mark in seen]
    ratio = statistics.median(ours) / statistics.median(polled)
    rows = spread("chunk delay, write to client", ours, bars=(5.0, 30.0))
    return [*rows, *spread("chunk delay, DOM poll of 500 ms", polled, against="relay", ratio=1 / ratio)]


async def measure_turn(stand: Stand) -> list[Row]:
    """Whole requests, one after another, each on a tab that is ready."""
    stand.site.say_always(Answer(text="At once.", title=None))
    journal = stand.site.journal
    seconds = []
    for number in range(TURNS + 2):
        loads = journal.count("hydrated")
        started = time.perf_counter()
        stream = await post(stand, {"model": "chatgpt", "messages": [{"role": "user", "content": "Now?"}]})
        async with stream:
            async for _ in stream:
                pass
        if number > 1:  # the first two warm up
            seconds.append(time.perf_counter() - started)
        # Warm means: led to a new chat, as between a person's or an agent's turns.
        await journal.wait("hydrated", count=loads + 1, timeout=30)
        await trio.sleep(0.1)
    theirs = await trio.to_thread.run_sync(_playwright_turns, stand)
    rows = spread("whole turn on a warm tab, relay", seconds, bars=(250.0, None))
    ratio = statistics.median(theirs) / statistics.median(seconds)
    return [*rows, *spread("whole turn on a warm tab, Playwright", theirs, against="relay", ratio=ratio)]


def _playwright_turns(stand: Stand) -> list[float]:
    from playwright.sync_api import sync_playwright

    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(stand.chromium.http_url)
        page = browser.contexts[0].new_page()
        for _ in range(TURNS):
            page.goto("https://chatgpt.com/")
            page.wait_for_selector("#prompt-textarea.ProseMirror")
            started = time.perf_counter()
            page.fill("#prompt-textarea.ProseMirror", "Now?")
            page.click("button[data-testid=send-button]")
            page.wait_for_selector("[data-message-author-role=assistant] >> text=At once.")
            # The answer is over when its buttons show; text alone may be half of it.
            page.wait_for_selector("button[data-testid=copy-turn-action-button]")
            seconds.append(time.perf_counter() - started)
        page.close()
        browser.close()
    return seconds


async def run() -> list[Row]:
    """Measure both."""
    async with open_stand() as stand:
        return [*await measure_delay(stand), *await measure_turn(stand)]


if __name__ == "__main__":
    print_table("Turns", trio.run(run))
