"""A recorded page in a real browser: its own scripts run, and everything comes as and when it did."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import pytest

from cdp_relay.cdp import Connection
from cdp_relay.recording.replay import ReplayedSite
from cdp_relay.recording.session import Body, Session, Snapshot
from tests.conftest import Sites
from tests.recording.replay.sessions import ORIGIN, exchange, session, socket
from tests.sites.visitor import Visitor, visit

pytestmark = pytest.mark.browser

Replay = Callable[..., AbstractAsyncContextManager[tuple[Visitor, ReplayedSite]]]

PAGE = exchange("GET", "/", "<!doctype html><title>Then</title><p>then", media_type="text/html")

READ = """async (path, options) => {
  const answer = await fetch(path, options);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  const begun = performance.now();
  const read = { status: answer.status, pieces: [], times: [] };
  try {
    for (let step; !(step = await reader.read()).done; ) {
      read.pieces.push(decoder.decode(step.value));
      read.times.push(performance.now() - begun);
    }
  } catch (error) {
    read.error = error.name;
  }
  return read;
}"""
ASK = (
    """(path, options) => fetch(path, options).then(async (answer) => [answer.status, await answer.text()])"""
)


@pytest.fixture
def replay(connection: Connection, browser_context: str, sites: Sites) -> Replay:
    """Serve a recording and open its page: ``async with replay(recording) as (page, site):``."""

    @asynccontextmanager
    async def serve(recording: Session, **options: Any) -> AsyncGenerator[tuple[Visitor, ReplayedSite]]:
        site = ReplayedSite(recording, **options)
        with sites.server.serve(site):
            async with visit(connection, browser_context, site.page_url) as page:
                yield page, site
        failures, sites.server.failures[:] = list(sites.server.failures), []
        assert failures == []

    return serve


async def test_a_stream_comes_in_its_pieces_at_its_times(replay: Replay) -> None:
    stream = exchange(
        "POST",
        "/stream",
        "onetwothree",
        at=5,
        chunks=((0.1, 3), (0.25, 3), (0.4, 5)),
        sent='{"prompt": "Hello"}',
    )
    async with replay(session(PAGE, stream)) as (page, site):
        read = await page.ask(READ, "/stream", {"method": "POST", "body": '{"prompt": "Something else"}'})
        assert read["pieces"] == ["one", "two", "three"]
        first, second, third = read["times"]
        assert second - first == pytest.approx(150, abs=60)
        assert third - second == pytest.approx(150, abs=60)
        assert not site.unmatched
        assert [(one.method, one.how, one.status) for one in site.asked] == [
            ("GET", "exact", 200),
            ("POST", "exact", 200),
        ]
        assert site.asked[-1].body == b'{"prompt": "Something else"}'


async def test_at_full_speed_nothing_is_waited_for(replay: Replay) -> None:
    stream = exchange("GET", "/stream", "onetwo", chunks=((100, 3), (3600, 3)))
    async with replay(session(PAGE, stream), speed=0) as (page, _):
        read = await page.ask(READ, "/stream", {})
        assert "".join(read["pieces"]) == "onetwo"


@pytest.mark.parametrize(
    ("error", "chunks"), [("net::ERR_CONNECTION_RESET", ((0, 3),)), ("net::ERR_FAILED", ())]
)
async def test_a_connection_breaks_where_it_broke(
    replay: Replay, error: str, chunks: tuple[tuple[float, int], ...]
) -> None:
    broken = exchange("GET", "/stream", "one", chunks=chunks, error=error)
    if not chunks:
        broken = attrs.evolve(broken, response=None)
    async with replay(session(PAGE, broken), speed=0) as (page, _):
        outcome = await page.ask(f"(path) => ({READ})(path).catch((error) => error.name)", "/stream")
        assert outcome == "TypeError" if not chunks else outcome["pieces"] == ["one"] and outcome["error"]


async def test_an_answer_that_was_stopped_ends_when_it_is_stopped(replay: Replay) -> None:
    stream = exchange("POST", "/say", "onetwo", at=1, chunks=((0.1, 3), (0.6, 3)), sent="{}", ended_at=1.7)
    stop = exchange("POST", "/stop", "ok", at=1.5, sent="{}")
    async with replay(session(PAGE, stream, stop), speed=0) as (page, _):
        assert await page.ask("""async () => {
          const { body } = await fetch("/say", { method: "POST", body: "{}" });
          const reader = body.getReader();
          const read = async () => new TextDecoder().decode((await reader.read()).value);
          const first = await read();
          const next = read().then((text) => `then ${text}`);
          const soon = new Promise((resolve) => setTimeout(resolve, 100, "nothing"));
          const early = await Promise.race([next, soon]);
          await fetch("/stop", { method: "POST", body: "{}" });
          return [first, early, await next, (await reader.read()).done];
        }""") == ["one", "nothing", "then two", True]


async def test_answers_that_stay_open_leave_the_page_a_connection(replay: Replay) -> None:
    waiting = exchange("GET", "/wait", "...", media_type="text/plain", ended_at=None)
    async with replay(session(PAGE, waiting, exchange("GET", "/models", "[]")), speed=0) as (page, _):
        assert (
            await page.ask("""async () => {
          for (let count = 0; count < 8; count += 1) fetch("/wait");
          return (await fetch("/models")).text();
        }""")
            == "[]"
        )


async def test_what_nothing_answers_is_refused_and_listed(replay: Replay) -> None:
    async with replay(session(PAGE, exchange("GET", "/api/models", "[]")), speed=0) as (page, site):
        status, words = await page.ask(ASK, "/api/other")
        assert status == 404
        assert "nothing like it was recorded" in words
        [missing] = site.unmatched
        assert str(missing) == (
            "GET https://plain.test/api/other: nothing like it was recorded; "
            "the nearest is GET https://plain.test/api/models"
        )


async def test_what_a_service_worker_answered_is_served_once_whoever_of_the_two_was_heard(
    replay: Replay,
) -> None:
    twice = [
        exchange("POST", "/both", answer, at=at, sent="{}", **part)
        for at, answer in ((1, "first"), (2, "second"))
        for part in ({"from_service_worker": True}, {"source": "service_worker"})
    ]
    alone = exchange("POST", "/alone", "of the page", at=3, sent="{}", from_service_worker=True)
    async with replay(session(PAGE, *twice, alone), speed=0) as (page, site):
        options = {"method": "POST", "body": "{}"}
        answers = [await page.ask(ASK, path, options) for path in ("/both", "/both", "/alone")]
        assert answers == [[200, "first"], [200, "second"], [200, "of the page"]]
        assert not site.unmatched


async def test_an_id_that_the_page_makes_anew_stands_in_all_that_follows(replay: Replay) -> None:
    then, now = "00000000-0000-4000-8000-000000000001", "5b8a6f0e-7d1c-4c58-9a53-2f1f6f4f3b10"
    prompt = exchange(
        "POST",
        "/prompt",
        f'data: {{"parent": "{then}"}}\n\n',
        chunks=((0, 20), (0, 34)),
        sent=f'{{"message": {{"id": "{then}"}}}}',
        media_type="text/event-stream",
        at=1,
    )
    later = exchange("GET", f"/messages/{then}", f'{{"id": "{then}"}}', at=2)
    async with replay(session(PAGE, prompt, later), speed=0) as (page, site):
        body = f'{{"message": {{"id": "{now}"}}}}'
        status, text = await page.ask(ASK, "/prompt", {"method": "POST", "body": body})
        assert (status, text) == (200, f'data: {{"parent": "{now}"}}\n\n')
        assert await page.ask(ASK, f"/messages/{now}") == [200, f'{{"id": "{now}"}}']
        assert not site.unmatched


async def test_a_page_may_ask_other_hosts_as_it_might_then(replay: Replay) -> None:
    other = exchange(
        "PUT",
        "https://api.plain.test/file",
        "kept",
        sent="{}",
        headers=(
            ("access-control-allow-origin", "https://plain.test"),
            ("Strict-Transport-Security", "max-age=9"),
        ),
    )
    async with replay(session(PAGE, other), speed=0) as (page, site):
        options = {"method": "PUT", "body": "{}", "headers": {"x-special": "1"}}
        assert await page.ask(ASK, "https://api.plain.test/file", options) == [200, "kept"]
        assert [one.how for one in site.asked] == ["exact", "preflight", "exact"]


async def test_a_body_that_was_left_out_comes_from_whoever_has_it(replay: Replay) -> None:
    lean = exchange("GET", "/main.js", None, media_type="text/javascript")
    assert lean.response is not None
    lean = attrs.evolve(
        lean, response=attrs.evolve(lean.response, left_out="the site's own code", digest="ab")
    )
    async with replay(
        session(PAGE, lean), speed=0, code=lambda recorded: b"code of " + recorded.id.encode()
    ) as (
        page,
        _,
    ):
        assert await page.ask(ASK, "/main.js") == [200, f"code of {lean.id}"]
    async with replay(session(PAGE, lean), speed=0) as (page, site):
        assert (await page.ask(ASK, "/main.js"))[0] == 404
        assert [one.reason for one in site.unmatched] == ["its body was left out of the recording"]


async def test_a_socket_says_what_it_said_after_what_it_followed(replay: Replay) -> None:
    recorded = socket(
        "/socket",
        (1.1, False, "hello"),
        (2.0, True, '{"type": "subscribe", "topic": "a"}'),
        (2.1, False, "to the subscription"),
        (5.2, False, b"to the prompt"),
        at=1,
    )
    prompt = exchange("POST", "/prompt", "ok", at=5, sent="{}")
    async with replay(session(PAGE, recorded, prompt)) as (page, site):
        heard = await page.ask("""() => new Promise((resolve) => {
          const heard = [];
          const socket = new WebSocket("wss://plain.test/socket");
          socket.onmessage = async ({ data }) => {
            heard.push(typeof data === "string" ? data : await data.text());
            if (heard.length === 1) socket.send('{"type": "subscribe", "topic": "b"}');
            if (heard.length === 2) await fetch("/prompt", { method: "POST", body: "{}" });
            if (heard.length === 3) resolve(heard);
          };
        })""")
        assert heard == ["hello", "to the subscription", "to the prompt"]
        assert not site.unmatched


async def test_a_page_that_is_loaded_again_begins_anew(replay: Replay) -> None:
    counts = [exchange("GET", "/count", str(number), at=number) for number in (1, 2)]
    async with replay(session(PAGE, *counts), speed=0) as (page, _):
        assert [(await page.ask(ASK, "/count"))[1] for _ in range(3)] == ["1", "2", "2"]
        await page.open(f"{ORIGIN}/")
        assert (await page.ask(ASK, "/count"))[1] == "1"


async def test_the_recorded_storage_is_there_before_the_first_script(replay: Replay) -> None:
    page_of_scripts = exchange(
        "GET",
        "/?start=1",
        "<!doctype html><script>document.title = localStorage.flags</script>",
        media_type="text/html",
    )
    recording = attrs.evolve(
        session(page_of_scripts),
        snapshots=(
            Snapshot(step="empty", at=1, url=ORIGIN, html=Body.of(b""), storage={"flags": "</script>on"}),
        ),
    )
    async with replay(recording, speed=0) as (page, site):
        await page.open(site.start_url)
        assert await page.ask("""() => new Promise((resolve) => {
          const look = () => location.search ? resolve([document.title, location.href]) : setTimeout(look, 5);
          look();
        })""") == ["</script>on", f"{ORIGIN}/?start=1"]


def test_a_speed_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        ReplayedSite(session(PAGE), speed=-1)
