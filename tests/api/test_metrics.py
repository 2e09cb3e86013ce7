"""What ``/metrics`` says, read back with Prometheus's own parsers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import attrs
import trio
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from cdp_relay.api import Server
from cdp_relay.chat.drift import DriftSeen
from cdp_relay.chat.record import NoRecord
from cdp_relay.chat.tabs import PoolStatistics
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, Notice, Step, TextDelta
from cdp_relay.errors import RelayError, SignedOut
from cdp_relay.settings import Home, JournalSettings
from cdp_relay.store import open_journal
from tests.api.kit import ScriptedRelay, ask, finished, reached, says, send, serving

Figures = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@attrs.define(eq=False)
class WatchedRelay(ScriptedRelay):
    """A scripted relay whose turns are told of as the real one's are."""

    async def ask(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        turn = self.board.begin(request, NoRecord())
        turn.routed("practice", None)
        try:
            async for event in super().ask(request):
                turn.event(event)
                yield event
        except RelayError as error:
            turn.ended("failed", error)
            raise
        else:
            turn.ended("finished")
        finally:
            turn.ended("stopped")  # where it has not ended by now


async def scrape(server: Server) -> Figures:
    reply = await send(server, "GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse_text(reply.body.decode())
        for sample in family.samples
    }


def figure(figures: Figures, name: str, **labels: str) -> float:
    return figures[name, frozenset(labels.items())]


async def test_a_turn_leaves_its_figures() -> None:
    relay = WatchedRelay(
        says(
            reached(Step.QUEUED, position=0),
            reached(Step.LEASED),
            reached(Step.OPENED, chat="held", continued=12),
            Notice(code="restarted", message="The page was lost."),
            reached(Step.STREAMING),
            TextDelta("Hello"),
            TextDelta(", world"),
            reached(Step.FINISHED),
            finished(),
        )
    )
    async with serving(relay) as server:
        assert (await ask(server)).status == 200
        figures = await scrape(server)
    assert figure(figures, "cdp_relay_turns_begun_total") == 1
    assert figure(figures, "cdp_relay_turns_total", site="practice", state="finished", code="") == 1
    assert figure(figures, "cdp_relay_turn_seconds_count", site="practice", state="finished") == 1
    assert figure(figures, "cdp_relay_first_word_seconds_count", site="practice") == 1
    assert figure(figures, "cdp_relay_first_word_seconds_bucket", site="practice", le="+Inf") == 1
    assert figure(figures, "cdp_relay_step_seconds_count", site="practice", step="queued") == 1
    assert figure(figures, "cdp_relay_step_seconds_count", site="practice", step="streaming") == 1
    assert figure(figures, "cdp_relay_answer_characters_total", site="practice") == len("Hello, world")
    assert figure(figures, "cdp_relay_answer_chunks_total", site="practice") == 2
    assert figure(figures, "cdp_relay_chats_total", site="practice", chat="held") == 1
    assert figure(figures, "cdp_relay_messages_spared_total", site="practice") == 12
    assert figure(figures, "cdp_relay_notices_total", site="practice", code="restarted") == 1
    assert [key for key in figures if key[0] == "cdp_relay_turns_running"] == []


async def test_a_turn_that_failed_says_how() -> None:
    relay = WatchedRelay(says(reached(Step.QUEUED), SignedOut("ChatGPT asks to sign in.")))
    async with serving(relay) as server:
        await ask(server)
        figures = await scrape(server)
    assert figure(figures, "cdp_relay_turns_total", site="practice", state="failed", code="signed_out") == 1


async def test_what_runs_counts_already() -> None:
    over = trio.Event()

    async def half(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.STREAMING)
        yield TextDelta("Hello")
        await over.wait()
        yield finished()

    relay = WatchedRelay(half)
    async with serving(relay) as server, trio.open_nursery() as nursery:
        nursery.start_soon(ask, server)
        await relay.started.wait()
        while not any(turn.pieces for turn in relay.board.running.values()):
            await relay.board.changed(relay.board.version)
        figures = await scrape(server)
        over.set()
    assert figure(figures, "cdp_relay_turns_running", site="practice", step="streaming") == 1
    assert figure(figures, "cdp_relay_answer_characters_total", site="practice") == len("Hello")
    assert figure(figures, "cdp_relay_http_requests_open") == 2


async def test_requests_are_told_apart_by_route_and_never_by_path() -> None:
    relay = WatchedRelay()
    async with serving(relay) as server:
        await send(server, "GET", "/v1/models/practice")
        await send(server, "GET", "/v1/models/practice/echo")
        for name in ("/a", "/b", "/.env"):
            await send(server, "GET", name)
        await send(server, "BREW", "/v1/models")
        await send(server, "GET", "/v1/models", headers={"Authorization": None})
        figures = await scrape(server)
    counts = {key: value for key, value in figures.items() if key[0] == "cdp_relay_http_requests_total"}
    routes = {dict(labels)["route"] for _, labels in counts}
    assert routes == {"/v1/models/<path:model>", "other"}
    name = "cdp_relay_http_requests_total"
    assert figure(figures, name, method="GET", route="/v1/models/<path:model>", status="200") == 2
    assert figure(figures, name, method="GET", route="other", status="404") == 3
    assert figure(figures, name, method="GET", route="other", status="401") == 1


async def test_sites_and_the_browser_and_the_process() -> None:
    relay = WatchedRelay()
    pool = PoolStatistics(size=2, tabs=1, busy=1, waiting=7, parties={"a": 3, "b": 4}, recycled=5)
    drifted = DriftSeen(kind="selector", count=3, last=1.0, detail="send")
    relay.site_status = attrs.evolve(
        relay.site_status, waiting=7, busy=1, drifts=(drifted,), until=1.5e9, pool=pool
    )
    async with serving(relay) as server:
        figures = await scrape(server)
    assert figure(figures, "cdp_relay_site_state", site="chatgpt", state="signed_out") == 1
    assert figure(figures, "cdp_relay_site_ready", site="practice") == 1
    assert figure(figures, "cdp_relay_site_until_timestamp_seconds", site="practice") == 1.5e9
    assert figure(figures, "cdp_relay_queue_waiting", site="practice") == 7
    assert figure(figures, "cdp_relay_tabs_busy", site="practice") == 1
    assert figure(figures, "cdp_relay_tabs_most", site="practice") == 2
    assert figure(figures, "cdp_relay_tabs_recycled_total", site="practice") == 5
    assert figure(figures, "cdp_relay_queue_parties", site="practice") == 2
    assert figure(figures, "cdp_relay_drift_total", site="practice", kind="selector") == 3
    assert figure(figures, "cdp_relay_browser_up", profile="default") == 1
    assert figure(figures, "cdp_relay_browser_starts_total", profile="default") == 1
    assert figure(figures, "process_resident_memory_bytes") > 1e6
    assert figure(figures, "process_cpu_seconds_total") > 0


async def test_the_journal_where_there_is_one(tmp_path: Path) -> None:
    home = Home(config=tmp_path, state=tmp_path)
    opened = open_journal(JournalSettings(), home)
    async with opened as journal, serving(WatchedRelay(), journal=journal) as server:
        figures = await scrape(server)
        ready = (await send(server, "GET", "/ready")).json()
        present = (await send(server, "GET", "/v1/status")).json()
    assert figure(figures, "cdp_relay_journal_up") == 1
    assert figure(figures, "cdp_relay_journal_dropped_total") == 0
    assert ready["journal"]["state"] == present["journal"]["state"] == "ok"
    async with serving(WatchedRelay()) as server:
        assert not [key for key in await scrape(server) if key[0].startswith("cdp_relay_journal")]
        assert (await send(server, "GET", "/v1/status")).json()["journal"] is None


async def test_the_documented_figures_are_those_that_there_are(tmp_path: Path) -> None:
    home = Home(config=tmp_path, state=tmp_path)
    opened = open_journal(JournalSettings(), home)
    async with opened as journal, serving(WatchedRelay(), journal=journal) as server:
        body = (await send(server, "GET", "/metrics")).body.decode()
    page = (Path(__file__).parents[2] / "docs" / "observability.md").read_text("utf-8")
    told = re.findall(r"`((?:cdp_relay|process)_\w+)`", page)
    there = re.findall(r"^# TYPE (\w+)", body, re.MULTILINE)
    assert sorted(told) == sorted(there)


async def test_openmetrics_is_given_to_who_takes_it() -> None:
    async with serving(WatchedRelay()) as server:
        reply = await send(
            server, "GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
        )
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    families = parse_openmetrics(reply.body.decode())  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"cdp_relay_turns", "cdp_relay_http_requests", "process_cpu_seconds"} <= names


async def test_the_figures_need_the_key() -> None:
    async with serving(WatchedRelay()) as server:
        assert (await send(server, "GET", "/metrics", headers={"Authorization": None})).status == 401
        assert (await send(server, "POST", "/metrics", b"{}")).status == 405
