"""``/metrics``: the service's figures, in the form that Prometheus reads.

They are counted elsewhere, as plain numbers; a scrape gathers them into a registry of its own.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import psutil
import trio
from quart import Response, request

from cdp_relay import __version__
from cdp_relay.api.service import AddRoute, Service
from cdp_relay.api.traffic import Traffic
from cdp_relay.chat.live import TurnBoard
from cdp_relay.chat.measures import Distribution
from cdp_relay.chat.status import RelayStatus, SiteStatus
from cdp_relay.store import JournalHealth

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["add_metrics", "render_metrics"]

_Samples = Iterable[tuple[tuple[str, ...], float]]
"""The values of a family's labels, each with its figure."""


def add_metrics(route: AddRoute, service: Service) -> None:
    """Add ``GET /metrics``."""

    @route("/metrics", "GET")
    async def metrics() -> Response:
        # Loaded by the first scrape: a service that nobody watches does without its 13 MB.
        await trio.to_thread.run_sync(importlib.import_module, "prometheus_client")
        body, media_type = render_metrics(service, request.headers.get("accept", ""))
        return Response(body, 200, {"content-type": media_type})


def render_metrics(service: Service, accept: str = "") -> tuple[bytes, str]:
    """All figures as text, with its media type.

    Args:
      accept: the header; a scraper that takes OpenMetrics gets that.
    """
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(service))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


@attrs.frozen
class _Collector:
    """Gathers the families when a registry asks for them."""

    service: Service

    def collect(self) -> Iterator[Metric]:
        relay = self.service.relay
        status = relay.status()
        yield _gauge("cdp_relay_build_info", "The version that runs.", "version", [((__version__,), 1)])
        yield from _process()
        yield from _browsers(status)
        yield from _sites(status.sites)
        yield from _turns(relay.board)
        yield from _journal(self.service.journal_health)
        yield from _traffic(self.service.traffic)


def _process() -> Iterator[Metric]:
    """The names by which every exporter tells of its process."""
    process = psutil.Process()
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
        cpu = times.user + times.system
        yield _counter(
            "process_cpu_seconds", "CPU time of the service, without its browsers.", "", [((), cpu)]
        )
        yield _gauge("process_resident_memory_bytes", "Memory of the service.", "", [((), memory.rss)])
        yield _gauge("process_virtual_memory_bytes", "Address space of the service.", "", [((), memory.vms)])
        started = process.create_time()
        yield _gauge("process_start_time_seconds", "When the service was started.", "", [((), started)])
        if hasattr(process, "num_fds"):
            yield _gauge("process_open_fds", "Open files of the service.", "", [((), process.num_fds())])


def _browsers(status: RelayStatus) -> Iterator[Metric]:
    browsers = status.browsers or (status.browser,)
    up = [((one.profile,), one.state == "up") for one in browsers]
    starts = [((one.profile,), one.generation) for one in browsers]
    yield _gauge("cdp_relay_browser_up", "Whether the browser of a profile is up.", "profile", up)
    yield _counter(
        "cdp_relay_browser_starts",
        "Starts of a profile's browser, or attachments to it; all but the first followed a loss.",
        "profile",
        starts,
    )


def _sites(sites: Iterable[SiteStatus]) -> Iterator[Metric]:
    sites = tuple(sites)
    pools = [(site.name, site.pool) for site in sites if site.pool is not None]

    def of_each(value: str) -> _Samples:
        return [((site.name,), getattr(site, value)) for site in sites]

    def of_pools(value: str) -> _Samples:
        return [((name,), getattr(pool, value)) for name, pool in pools]

    yield _gauge(
        "cdp_relay_site_state",
        "1 for the state that a site is in.",
        "site state",
        [((site.name, site.state), 1) for site in sites],
    )
    yield _gauge("cdp_relay_site_ready", "Whether a site can take a request now.", "site", of_each("ready"))
    yield _gauge(
        "cdp_relay_site_until_timestamp_seconds",
        "When the state of a site is expected to end, where that is known.",
        "site",
        [((site.name,), site.until) for site in sites if site.until is not None],
    )
    yield _gauge("cdp_relay_tabs_open", "Open tabs.", "site", of_each("tabs"))
    yield _gauge("cdp_relay_tabs_busy", "Tabs that a turn uses.", "site", of_each("busy"))
    yield _gauge("cdp_relay_tabs_most", "Tabs that may answer at once.", "site", of_pools("size"))
    yield _gauge("cdp_relay_tabs_standing", "Unused tabs that stand in a chat.", "site", of_pools("standing"))
    for name, text, value in (
        ("tabs_opened", "Tabs that were opened.", "opened"),
        ("tabs_closed", "Tabs that were closed or lost, those below included.", "closed"),
        ("tabs_unused", "Tabs that were closed because nobody used them.", "unused"),
        ("tabs_recycled", "Tabs that were closed because their pages held too much memory.", "recycled"),
        ("queue_refused", "Requests that found the queue full.", "refused"),
        ("queue_dropped", "Requests that had to leave a full queue for others.", "dropped"),
    ):
        yield _counter(f"cdp_relay_{name}", text, "site", of_pools(value))
    yield _gauge("cdp_relay_queue_waiting", "Requests that wait for a tab.", "site", of_each("waiting"))
    parties = [((name,), len(pool.parties)) for name, pool in pools]
    yield _gauge("cdp_relay_queue_parties", "Clients that have requests waiting.", "site", parties)
    yield _counter(
        "cdp_relay_drift",
        "What of a site no longer fitted its definition, by kind.",
        "site kind",
        [((site.name, seen.kind), seen.count) for site in sites for seen in site.drifts],
    )


def _turns(board: TurnBoard) -> Iterator[Metric]:
    measures = board.measures
    running = Counter((turn.desk, turn.step.value if turn.step else "") for turn in board.running.values())
    characters, pieces = Counter(measures.answer_characters), Counter(measures.answer_pieces)
    for turn in board.running.values():
        characters[turn.desk] += turn.characters
        pieces[turn.desk] += turn.pieces
    yield _counter("cdp_relay_turns_begun", "Turns that were asked for.", "", [((), measures.begun)])
    yield _gauge("cdp_relay_turns_running", "Turns that run, by their step.", "site step", running.items())
    yield _counter(
        "cdp_relay_turns",
        "Turns that ended, by state (finished, stopped, failed, lost) and the error's code.",
        "site state code",
        measures.ended.items(),
    )
    yield _histogram("cdp_relay_turn_seconds", "From request to end.", "site state", measures.turn_seconds)
    yield _histogram(
        "cdp_relay_step_seconds",
        "What turns spent in a step until they came to another.",
        "site step",
        measures.step_seconds,
    )
    yield _histogram(
        "cdp_relay_first_word_seconds",
        "From a request to the first word, or the first call, of its answer.",
        "site",
        {(site,): spread for site, spread in measures.first_word_seconds.items()},
    )
    for name, text, counts in (
        ("prompt_characters", "Characters that were put into pages.", measures.prompt_characters),
        ("answer_characters", "Characters of answers, calls included.", characters),
        ("answer_chunks", "Pieces that answers came in.", pieces),
        ("messages_spared", "Messages not sent again, as their chat holds them.", measures.messages_spared),
        ("corrections", "Answers that the model was asked to correct.", measures.corrections),
    ):
        yield _counter(f"cdp_relay_{name}", text, "site", _by_one(counts))
    yield _counter(
        "cdp_relay_chats",
        "Turns by the chat they went on in: new, held (in its tab), reopened, or old (named by the client).",
        "site chat",
        measures.chats.items(),
    )
    yield _counter(
        "cdp_relay_notices", "What clients were told, by code.", "site code", measures.notices.items()
    )
    yield _counter(
        "cdp_relay_recovered_turns",
        "Turns that an earlier run of the service left, by the state that they came to.",
        "site state",
        measures.recovered.items(),
    )
    yield _counter(
        "cdp_relay_shared_answers",
        "Requests that were given another's answer: one that was running, or was kept.",
        "of",
        _by_one(measures.shared),
    )


def _journal(health: JournalHealth | None) -> Iterator[Metric]:
    if health is None or health.state == "off":
        return
    up = [((), health.state == "ok")]
    yield _gauge("cdp_relay_journal_up", "Whether the journal's database takes what it is given.", "", up)
    yield _gauge("cdp_relay_journal_bytes", "How large the database is.", "", [((), health.bytes)])
    waiting = [((), health.waiting)]
    yield _gauge("cdp_relay_journal_waiting", "Turns that are over and not yet in it.", "", waiting)
    for name, text, value in (
        ("writes", "Transactions.", health.writes),
        ("dropped", "Turns that were never kept, because it failed for too long.", health.dropped),
    ):
        yield _counter(f"cdp_relay_journal_{name}", text, "", [((), value)])


def _traffic(traffic: Traffic) -> Iterator[Metric]:
    yield _gauge("cdp_relay_http_requests_open", "Requests being answered.", "", [((), traffic.open)])
    yield _counter(
        "cdp_relay_http_requests",
        "Requests that are over, by route; status 0 is a client that left before it got one.",
        "method route status",
        [
            ((method, route, str(status)), count)
            for (method, route, status), count in traffic.requests.items()
        ],
    )
    yield _histogram(
        "cdp_relay_http_request_seconds",
        "From a request's head to the end of its answer.",
        "method route",
        traffic.seconds,
    )
    yield _counter(
        "cdp_relay_http_cut_short",
        "Answers whose client left before their end.",
        "route",
        _by_one(traffic.cut_short),
    )


# --- families ------------------------------------------------------------------------------------


def _by_one(counts: Mapping[str, int]) -> _Samples:
    return [((key,), count) for key, count in counts.items()]


def _counter(name: str, text: str, labels: str, samples: _Samples) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    return _filled(CounterMetricFamily(name, text, labels=labels.split()), samples)


def _gauge(name: str, text: str, labels: str, samples: _Samples) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    return _filled(GaugeMetricFamily(name, text, labels=labels.split()), samples)


def _filled(family: Any, samples: _Samples) -> Metric:
    for labels, value in sorted(samples):
        family.add_metric(labels, float(value))
    return family  # type: ignore[no-any-return]  # the two kinds have no class in common that can be filled


def _histogram(name: str, text: str, labels: str, spreads: Mapping[Any, Distribution]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(name, text, labels=labels.split())
    for key, spread in sorted(spreads.items()):
        names = [*(str(float(bound)) for bound in spread.bounds), "+Inf"]
        buckets = list(zip(names, map(float, spread.cumulative), strict=True))
        family.add_metric(key, buckets, spread.total)
    return family
