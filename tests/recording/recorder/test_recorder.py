"""The recorder at speed, in time, within bounds, and to its end."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from typing import Any

import pytest
import trio

from cdp_relay.cdp import open_connection
from cdp_relay.page import Tab, open_tab
from cdp_relay.recording.recorder import Recorder, open_recorder
from tests.conftest import StartChromium
from tests.recording.busy_page import (
    JS,
    SERVICE,
    SSE,
    body_of,
    found,
    in_the_page,
    until_titled,
)
from tests.recording.sessions import about
from tests.sites.kit import Exchange, PlainSite

pytestmark = pytest.mark.browser

READ = """async (url) => {
  const reader = (await fetch(url, { method: "POST", body: "x" })).body.getReader();
  for (let count = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return count;
    count += value.length;
  }
}"""


async def test_five_hundred_chunks_a_second_come_whole_in_order_and_in_time(
    tab: Tab, plain_site: PlainSite
) -> None:
    chunks = [f"data: {n:05d} {'word ' * (n % 30)}\n\n".encode() for n in range(1500)]
    written: list[float] = []

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        begun = trio.current_time()
        for number, chunk in enumerate(chunks):
            await trio.sleep_until(begun + number * 0.002)
            written.append(time.perf_counter())
            await exchange.write(chunk)
        await exchange.finish()

    url = plain_site.route("/stream", stream)
    async with open_recorder(tab) as recorder:
        offset = time.perf_counter() - recorder.now
        await tab.navigate(plain_site.page("/", "<title>page</title>"))
        assert await tab.evaluate(READ, url, timeout=30) == len(b"".join(chunks))
    [recorded] = found(recorder.exchanges(), "/stream")
    assert body_of(recorded) == b"".join(chunks)
    assert recorded.response is not None
    arrivals = recorded.response.chunks
    assert sum(chunk.size for chunk in arrivals) == len(b"".join(chunks))
    # The browser may take several writes at once; each has the time of the read that ended it.
    ends, have = [], 0
    for chunk in arrivals:
        have += chunk.size
        ends.append((have, chunk.at + offset))
    late, wanted, at = [], 0, 0
    for one, when in zip(chunks, written, strict=True):
        wanted += len(one)
        while ends[at][0] < wanted:
            at += 1
        late.append(ends[at][1] - when)
    assert min(late) > -0.005
    assert statistics.median(late) < 0.1
    assert len(arrivals) > 100
    assert recorder.notes == ()


async def test_the_phases_of_a_slow_answer_are_those_of_the_servers_own_log(
    tab: Tab, plain_site: PlainSite
) -> None:
    log: dict[str, float] = {}

    async def slow(exchange: Exchange) -> None:
        log["asked"] = time.perf_counter()
        await trio.sleep(0.4)
        log["answered"] = time.perf_counter()
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"begun")
        await trio.sleep(0.4)
        await exchange.write(b"ended")
        log["ended"] = time.perf_counter()
        await exchange.finish()

    url = plain_site.route("/slow", slow)
    async with open_recorder(tab) as recorder:
        offset = time.perf_counter() - recorder.now
        await tab.navigate(plain_site.page("/", "<title>page</title>"))
        await tab.evaluate(READ, url, timeout=30)
    [recorded] = found(recorder.exchanges(), "/slow")
    timings = recorded.timings
    assert timings.wait == pytest.approx(log["answered"] - log["asked"], rel=0.1)
    assert timings.receive == pytest.approx(log["ended"] - log["answered"], rel=0.1)
    assert recorded.ended_at is not None
    phases = (timings.blocked, timings.dns, timings.connect, timings.send, timings.wait, timings.receive)
    assert sum(phase or 0 for phase in phases) == pytest.approx(recorded.ended_at - recorded.at, abs=0.002)
    assert recorded.at + offset < log["asked"] + 0.002
    assert recorded.ended_at + offset == pytest.approx(log["ended"], abs=0.04)


async def test_five_megabytes_are_held_in_a_fraction_of_it(tab: Tab, plain_site: PlainSite) -> None:
    data = b"".join(
        b'{"id": "%08d", "role": "assistant", "content": "a word and another"}\n' % n for n in range(75_000)
    )

    async def large(exchange: Exchange) -> None:
        await exchange.start(200, content_type="application/json")
        for at in range(0, len(data), 60_000):
            await exchange.write(data[at : at + 60_000])
        await exchange.finish()

    url = plain_site.route("/large", large)
    async with open_recorder(tab) as recorder:
        await tab.navigate(plain_site.page("/", "<title>page</title>"))
        tracemalloc.start()
        try:
            await tab.evaluate(READ, url, timeout=30)
            await recorder.settle()
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    [recorded] = found(recorder.exchanges(), "/large")
    assert len(data) > 5_000_000
    assert recorder.held_bytes < len(data) / 5
    assert kept < len(data) / 5  # what else was made meanwhile included
    assert body_of(recorded) == data


# --- ends -------------------------------------------------------------------------------------------


async def open_stream(tab: Tab, site: PlainSite, recorder: Recorder) -> None:
    """Lead the tab to a page whose stream has begun and does not end."""

    async def stream(exchange: Exchange) -> None:
        await exchange.start(200, content_type=SSE)
        await exchange.write(b"data: begun\n\n")
        await trio.sleep_forever()

    site.route("/stream", stream)
    await tab.navigate(
        site.page("/", "<script>fetch('/stream').then((a) => a.body.getReader().read())</script>")
    )
    with trio.fail_after(10):
        while not any(body_of(one) for one in found(recorder.exchanges(), "/stream") if one.response):
            await recorder.settle()


async def test_a_recording_can_be_looked_at_while_a_stream_goes_on(tab: Tab, plain_site: PlainSite) -> None:
    async with open_recorder(tab) as recorder:
        await open_stream(tab, plain_site, recorder)
    [stream] = found(recorder.session(about(notes=("first",))), "/stream")
    assert (body_of(stream), stream.ended_at, stream.error) == (b"data: begun\n\n", None, "")
    assert recorder.session(about(notes=("first",))).about.notes == ("first",)


async def test_a_tab_that_is_closed_leaves_what_was_gathered(
    connection: Any, browser_context: str, plain_site: PlainSite
) -> None:
    async with (
        open_tab(connection, browser_context_id=browser_context) as tab,
        open_recorder(tab) as recorder,
    ):
        await open_stream(tab, plain_site, recorder)
        await connection.targets.close_page(tab.target_id)
        assert await recorder.snapshot("done") is None
    assert body_of(found(recorder.exchanges(), "/stream")[0]) == b"data: begun\n\n"
    assert recorder.notes == (
        "The recording ended early: The tab was closed: Render process gone.",
        "There is no page of the step 'done': tab_closed.",
    )


async def test_a_crash_is_noted_and_what_comes_after_it_is_recorded(
    private_chromium: StartChromium, plain_site: PlainSite
) -> None:
    browser = await private_chromium()
    async with open_connection(browser.ws_url) as connection:
        async with open_tab(connection) as tab, open_recorder(tab) as recorder:
            await open_stream(tab, plain_site, recorder)
            tab.session.post("Page.crash")
            with trio.fail_after(10):
                await tab.gone.wait()
            await tab.session.call("Page.reload", timeout=20)
            await plain_site.journal.wait("request", count=2, where=lambda entry: entry["path"] == "/stream")
        first, _ = found(recorder.exchanges(), "/stream")
        assert body_of(first) == b"data: begun\n\n"
        assert len(found(recorder.exchanges(), "plain.test/")) == 2
        assert recorder.notes[0] == "The page crashed."
        # And when all of the browser goes:
        async with open_tab(connection) as tab, open_recorder(tab) as recorder:
            await open_stream(tab, plain_site, recorder)
            await trio.to_thread.run_sync(browser.stop)
            with trio.fail_after(10):
                await connection.closed.wait()
        assert body_of(found(recorder.exchanges(), "/stream")[0]) == b"data: begun\n\n"
        assert recorder.notes[0].startswith("The recording ended early: ")


async def test_a_page_that_was_there_before_is_noted(tab: Tab, plain_site: PlainSite) -> None:
    await tab.navigate(plain_site.page("/", "<title>page</title>"))
    async with open_recorder(tab) as recorder:
        pass
    assert recorder.notes[0] == "The page was there before the recording began: what loaded it is not in it."


async def test_a_page_that_leads_on_at_once_is_recorded_all_the_same(tab: Tab, plain_site: PlainSite) -> None:
    first = "<title>first</title>Please wait.<script>location.replace('/last')</script>"
    plain_site.page("/last", "<title>last</title>")
    async with open_recorder(tab) as recorder:
        for _ in range(3):
            await tab.navigate(plain_site.page("/first", first))
            await until_titled(tab, "last")
    assert [body_of(one) for one in found(recorder.exchanges(), "/first")] == [first.encode()] * 3


async def test_a_page_for_which_there_is_no_room_is_noted(tab: Tab) -> None:
    async with open_recorder(tab, max_held_bytes=10) as recorder:
        assert await recorder.snapshot("empty") is None
    assert recorder.notes == ("There is no page of the step 'empty': the recording held what it may.",)
    assert recorder.session(about()).snapshots == ()


async def test_a_service_worker_from_before_is_heard_and_its_missing_script_noted(
    connection: Any, browser_context: str, plain_site: PlainSite
) -> None:
    plain_site.page("/service.js", SERVICE, content_type=JS)
    plain_site.page("/imported.js", "self.x = 1;", content_type=JS)
    plain_site.page("/through", "through", content_type="text/plain")
    first = """<script type=module>
        const claimed = new Promise((done) => { navigator.serviceWorker.oncontrollerchange = done; });
        await navigator.serviceWorker.register("/service.js"); await claimed;
        document.title = "done"; </script>"""
    async with open_tab(connection, browser_context_id=browser_context) as before:
        await before.navigate(plain_site.page("/first", first))
        await until_titled(before, "done")
    async with (
        open_tab(connection, browser_context_id=browser_context) as tab,
        open_recorder(tab) as recorder,
    ):
        await tab.navigate(plain_site.page("/second", "<title>page</title>"))
        with trio.fail_after(10):
            # Nobody holds up a worker that runs already until it is listened to.
            while not found(recorder.exchanges(), "/through", "service_worker"):
                await in_the_page(tab, "fetch('/through').then((answer) => answer.text())")
                await recorder.settle()
    *_, asked, passed_on = found(recorder.exchanges(), "/through")
    assert (asked.source, asked.from_service_worker) == ("page", True)
    assert (passed_on.source, passed_on.from_service_worker) == ("service_worker", False)
    assert body_of(asked) == body_of(passed_on) == b"through"
    assert recorder.notes == ("A worker ran before the recording began; its script is not in it.",)


async def test_what_goes_wrong_in_the_block_comes_out_as_it_is(tab: Tab) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with open_recorder(tab):
            raise LookupError("mine")
    assert tab.alive
