from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import attrs
import pytest
import trio

from cdp_relay.api import Server, serve
from cdp_relay.api.listeners import listen_on_loopback
from cdp_relay.chat.record import NoRecord
from cdp_relay.chat.status import ModelRest, SiteStatus
from cdp_relay.chat.vocabulary import ChatEvent, ChatRequest, RequestId, Step, TextDelta
from cdp_relay.errors import PortTaken
from cdp_relay.settings import Home, JournalSettings, ServerSettings
from cdp_relay.store import open_journal
from tests.api.kit import (
    KEY,
    Reply,
    ScriptedRelay,
    ask,
    check_whole_stream,
    connect,
    finished,
    joined,
    question,
    reached,
    read_events,
    read_reply,
    request_bytes,
    send,
    serving,
)

PATH = "/v1/chat/completions"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")


def close_all(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()


# --- listening -----------------------------------------------------------------------------------


@needs_ipv6
async def test_localhost_listens_on_both_families_on_one_port() -> None:
    async with serving(ScriptedRelay()) as server:
        assert server.base_url == f"http://localhost:{server.port}/v1"
        assert server.addresses == (f"127.0.0.1:{server.port}", f"[::1]:{server.port}")
        for host in ("127.0.0.1", "::1"):
            async with await connect(server, host) as stream:
                await stream.send_all(request_bytes(server, "GET", "/v1/models"))
                assert (await read_reply(stream)).status == 200


@pytest.mark.parametrize(
    ("host", "name"), [("127.0.0.1", "127.0.0.1"), pytest.param("::1", "[::1]", marks=needs_ipv6)]
)
async def test_one_address_listens_alone(host: str, name: str) -> None:
    async with serving(ScriptedRelay(), host=host) as server:
        assert server.base_url == f"http://{name}:{server.port}/v1"
        assert server.addresses == (f"{name}:{server.port}",)


@needs_ipv6
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_both_families_or_neither(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as squatter:
        squatter.bind((address, 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        with pytest.raises(PortTaken):
            listen_on_loopback("localhost", port)
        other = "::1" if address == "127.0.0.1" else "127.0.0.1"
        close_all(listen_on_loopback(other, port))  # what was bound for a moment is free again


async def test_a_port_held_by_another_program_is_named_and_left_alone() -> None:
    program = textwrap.dedent("""
        import socket, sys
        with socket.create_server(("127.0.0.1", 0)) as server:
            print(server.getsockname()[1], flush=True)
            sys.stdin.read()
    """)
    command = [sys.executable, "-c", program]
    async with trio.open_nursery() as nursery:
        run = partial(trio.run_process, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process = await nursery.start(run)
        port = int(await process.stdout.receive_some())
        with pytest.raises(PortTaken) as caught:
            async with serve(ScriptedRelay(), ServerSettings(port=port), KEY):
                pass
        assert process.poll() is None
        await process.stdin.aclose()
        await process.stdout.aclose()
    assert caught.value.details["pid"] == process.pid
    assert f"(process {process.pid})" in caught.value.message
    assert "python" in caught.value.message
    assert "relay" not in caught.value.message


async def test_a_port_held_by_a_relay_is_said_to_be_that() -> None:
    async with serving(ScriptedRelay()) as server:
        with pytest.raises(PortTaken) as caught:
            listen_on_loopback("localhost", server.port)
    assert "running relay" in caught.value.message
    assert caught.value.details["pid"] == os.getpid()


async def test_the_port_is_free_again_at_once() -> None:
    async with serving(ScriptedRelay()) as server:
        assert (await ask(server)).status == 200
        port = server.port
    async with serving(ScriptedRelay(), port=port) as again:
        assert again.port == port
        assert (await ask(again)).status == 200


# --- readiness -----------------------------------------------------------------------------------


async def test_ready_is_200_while_the_default_site_takes_work() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, "GET", "/ready")
    state = reply.json()
    assert reply.status == 200
    assert (state["ready"], state["default_site"], state["uptime_seconds"]) == (True, "practice", 12.3)
    assert state["browser"]["state"] == "up"
    assert [(site["name"], site["state"], site["ready"]) for site in state["sites"]] == [
        ("chatgpt", "signed_out", False),
        ("practice", "ready", True),
    ]
    assert state["sites"][0]["message"] == "Nobody is signed in."


async def test_ready_says_that_the_journal_fails_and_is_ready_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    home = Home(config=tmp_path, state=tmp_path / "file")
    async with (
        open_journal(JournalSettings(), home) as journal,
        serving(ScriptedRelay(), journal=journal) as server,
    ):
        await journal.left_turns()
        reply = await send(server, "GET", "/ready")
    assert reply.status == 200
    told = reply.json()["journal"]
    assert told["state"] == "failing"
    assert told["since"].startswith("20")
    assert "file" in told["error"]


async def test_ready_says_what_a_person_can_do_and_when_the_next_prompt_may_go() -> None:
    relay = ScriptedRelay()
    at = 4_000_000_000.0
    relay.site_status = attrs.evolve(
        relay.site_status,
        state="challenge",
        ready=False,
        needs_person=True,
        message="A check is shown.",
        next_step="Pass the check.",
        next_at=at,
        resting_models=(ModelRest(model="big", until=at, message="Used up."),),
    )
    async with serving(relay) as server:
        reply = await send(server, "GET", "/ready")
    site = reply.json()["sites"][1]
    assert reply.status == 503
    assert (site["needs_person"], site["next_step"]) == (True, "Pass the check.")
    assert site["next_at"] == "2096-10-02T07:06:40+00:00"
    assert site["resting_models"] == [{"model": "big", "until": site["next_at"], "message": "Used up."}]


async def test_a_site_is_examined_on_request() -> None:
    path = "/v1/sites/practice/examine"
    async with serving(ScriptedRelay()) as server:
        plain = await send(server, "POST", path, b"{}")
        asked = await send(server, "POST", path, b'{"ask": true}')
        wrong = await send(server, "POST", path, b'{"ask": "yes"}')
        unknown = await send(server, "POST", "/v1/sites/nowhere/examine", b"{}")
    report = plain.json()
    assert (report["ok"], report["site"], report["answered"]) == (False, "practice", False)
    assert report["findings"][0]["key"] == "selectors.send"
    assert asked.json()["answered"] is True
    assert (wrong.status, wrong.json()["error"]["param"]) == (400, "ask")
    assert (unknown.status, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_ready_is_503_with_retry_after_while_the_default_site_cools_down() -> None:
    relay = ScriptedRelay()
    until = 4_000_000_000.0
    relay.site_status = SiteStatus(name="practice", title="P", state="cooling_down", until=until)
    async with serving(relay) as server:
        reply = await send(server, "GET", "/ready")
        relay.site_status = attrs.evolve(relay.site_status, state="challenge", until=None)
        unknown = await send(server, "GET", "/ready")
    site = reply.json()["sites"][1]
    assert reply.status == unknown.status == 503
    assert reply.headers["retry-after"] == str(site["retry_after_seconds"])
    assert site["until"] == "2096-10-02T07:06:40+00:00"
    assert "retry-after" not in unknown.headers


# --- stopping ------------------------------------------------------------------------------------


async def slow_answer(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    yield reached(Step.STREAMING)
    yield TextDelta("begun, ")
    await trio.sleep(0.3)
    yield TextDelta("done")
    yield finished()


async def endless_answer(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    yield TextDelta("begun")
    await trio.sleep_forever()


async def test_running_answers_may_end_within_the_shutdown_time() -> None:
    relay = ScriptedRelay(slow_answer)
    bodies: list[bytes] = []
    async with trio.open_nursery() as nursery:

        async def client(stream: trio.SocketStream) -> None:
            async with stream:
                bodies.append((await read_reply(stream)).body)

        with trio.fail_after(3):
            async with serving(relay, shutdown_seconds=5.0) as server:
                stream = await connect(server)
                await stream.send_all(request_bytes(server, "POST", PATH, question(stream=True)))
                nursery.start_soon(client, stream)
                await relay.started.wait()
    assert joined(check_whole_stream(bodies[0])) == "begun, done"


async def test_what_comes_while_it_ends_is_refused_and_told_when_to_come_again() -> None:
    relay = ScriptedRelay(slow_answer)
    replies: list[Reply] = []
    async with trio.open_nursery() as nursery:

        async def come_late(server: Server) -> None:
            async with await connect(server) as kept:
                await kept.send_all(request_bytes(server, "GET", "/v1/models"))
                assert (await read_reply(kept)).status == 200
                left.set()
                await trio.testing.wait_all_tasks_blocked()
                await kept.send_all(request_bytes(server, "POST", PATH, question()))
                replies.append(await read_reply(kept))
            replies.append(await ask(server))

        left = trio.Event()
        with trio.fail_after(3):
            async with serving(relay, shutdown_seconds=5.0) as server:
                stream = await connect(server)
                await stream.send_all(request_bytes(server, "POST", PATH, question(stream=True)))
                await relay.started.wait()
                nursery.start_soon(come_late, server)
                await left.wait()
            async with stream:
                assert joined(check_whole_stream((await read_reply(stream)).body)) == "begun, done"
    assert [reply.status for reply in replies] == [503, 503]
    assert [reply.error["code"] for reply in replies] == ["shutting_down"] * 2
    assert 1 <= int(replies[0].headers["retry-after"]) <= 7
    assert len(relay.asked) == 1


async def test_answers_that_nobody_reads_may_end_as_well() -> None:
    relay = ScriptedRelay()
    turn = relay.board.begin(ChatRequest(id=RequestId("req_1"), model="", messages=()), NoRecord())

    async def end_soon() -> None:
        await trio.sleep(0.2)
        turn.ended("finished")

    async with trio.open_nursery() as nursery:
        async with serving(relay, shutdown_seconds=5.0):
            nursery.start_soon(end_soon)
            left_at = trio.current_time()
        assert 0.15 < trio.current_time() - left_at < 3
    assert not relay.board.running


@pytest.mark.parametrize("streamed", [True, False])
async def test_what_runs_longer_is_cut_off_and_told_so(streamed: bool) -> None:
    relay = ScriptedRelay(endless_answer)
    with trio.fail_after(3):
        async with serving(relay, shutdown_seconds=0.2) as server:
            stream = await connect(server)
            await stream.send_all(request_bytes(server, "POST", PATH, question(stream=streamed)))
            await relay.started.wait()
        reply = await read_reply(stream)
    await stream.aclose()
    assert reply.whole
    error = read_events(reply.body)[-1]["error"] if streamed else reply.error
    assert error["code"] == "shutting_down"
    assert reply.status == (200 if streamed else 503)
    assert relay.running == 0


async def test_being_cancelled_cuts_off_at_once_and_still_tells() -> None:
    relay = ScriptedRelay(endless_answer)
    with trio.fail_after(2), trio.CancelScope() as scope:
        async with serving(relay, shutdown_seconds=60.0) as server:
            stream = await connect(server)
            await stream.send_all(request_bytes(server, "POST", PATH, question(stream=True)))
            await relay.started.wait()
            scope.cancel()
            await trio.sleep_forever()
    reply = await read_reply(stream)
    await stream.aclose()
    assert read_events(reply.body)[-1]["error"]["code"] == "shutting_down"


async def test_being_cancelled_while_it_ends_hastens_the_end() -> None:
    relay = ScriptedRelay(endless_answer)
    with trio.CancelScope() as scope:
        async with serving(relay, shutdown_seconds=60.0) as server:
            stream = await connect(server)
            await stream.send_all(request_bytes(server, "POST", PATH, question(stream=True)))
            await relay.started.wait()
            left_at = trio.current_time()
            scope.deadline = left_at + 0.2
    assert 0.2 <= trio.current_time() - left_at < 2
    reply = await read_reply(stream)
    await stream.aclose()
    assert read_events(reply.body)[-1]["error"]["code"] == "shutting_down"


async def test_idle_connections_do_not_hold_up_the_end() -> None:
    with trio.fail_after(2):
        async with serving(ScriptedRelay(), shutdown_seconds=30.0) as server:
            unused = await connect(server)
            kept = await connect(server)
            await kept.send_all(request_bytes(server, "GET", "/v1/models"))
            await read_reply(kept)
    for stream in (unused, kept):
        assert await stream.receive_some() == b""
        await stream.aclose()


async def flood(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
    while True:
        yield TextDelta("x" * 65536)


@pytest.mark.skipif(sys.platform == "win32", reason="only the system's own limit ends such a client there")
async def test_a_client_that_takes_nothing_cannot_hold_up_the_end() -> None:
    relay = ScriptedRelay(flood)
    settings = ServerSettings(port=0, shutdown_seconds=0.1)
    async with serve(relay, settings, KEY, cut_off_seconds=0.3) as server:
        stream = await connect(server)
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stream.send_all(request_bytes(server, "POST", PATH, question(stream=True)))
        await relay.started.wait()
        await trio.sleep(0.3)  # until the buffers are full; the turn is not done with less
        left_at = trio.current_time()
    # Measured and not a deadline: what would hold up the end is shielded from deadlines.
    assert trio.current_time() - left_at < 3
    assert relay.running == 0
    await stream.aclose()


async def test_a_failure_of_the_block_comes_out_as_it_is() -> None:
    with pytest.RaisesGroup(ZeroDivisionError):
        async with serving(ScriptedRelay()):
            raise ZeroDivisionError


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's")
def test_clients_that_take_nothing_are_cut_off_by_the_system() -> None:
    sockets = listen_on_loopback("localhost", 0)
    try:
        for one in sockets:
            assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
            assert not one.get_inheritable()
    finally:
        close_all(sockets)
