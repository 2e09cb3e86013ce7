from __future__ import annotations

import json
from typing import Any, cast

import pytest
import trio
import trio.testing

from cdp_relay.api.door import Door
from cdp_relay.api.gate import Gate
from tests.api.kit import (
    KEY,
    Reply,
    ScriptedRelay,
    ask,
    connect,
    question,
    read_reply,
    request_bytes,
    send,
    serving,
)

PATH = "/v1/chat/completions"
Headers = dict[str, str | None]


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
async def test_the_services_own_names_are_let_in(host: str) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(server, {"Host": host.format(port=server.port)})
    assert reply.status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "localhost",
        "localhost:1",
        "localhost.:{port}",
        "127.0.0.1:{port}.evil.example",
        "127.0.0.2:{port}",
        "0.0.0.0:{port}",
        "::1:{port}",
        "",
    ],
)
async def test_a_foreign_host_is_refused_even_with_the_key(host: str) -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        reply = await ask(server, {"Host": host.format(port=server.port)})
        assert (reply.status, reply.error["code"]) == (403, "forbidden_host")
        assert reply.error["type"] == "permission_error"
        assert f"http://127.0.0.1:{server.port}/v1" in reply.error["message"]
    assert relay.asked == []


async def test_no_host_and_two_hosts_are_refused() -> None:
    async with serving(ScriptedRelay()) as server:
        own = f"Host: 127.0.0.1:{server.port}\r\n"
        key = f"Authorization: Bearer {KEY}\r\n"
        for version, hosts, statuses in [
            ("1.1", "", {400, 403}),  # the server's own HTTP parser may be first to refuse
            ("1.0", "", {403}),
            ("1.1", own + "Host: evil.example\r\n", {400, 403}),
            ("1.1", own + own, {400, 403}),
        ]:
            async with await connect(server) as stream:
                await stream.send_all(f"GET /v1/models HTTP/{version}\r\n{hosts}{key}\r\n".encode())
                assert (await read_reply(stream)).status in statuses


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "Cross-Site "},
    ],
)
async def test_a_web_page_is_refused_even_with_the_key(headers: dict[str, str]) -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        filled: Headers = {name: value.format(port=server.port) for name, value in headers.items()}
        for method, path in [("POST", PATH), ("GET", "/v1/models"), ("GET", "/health"), ("HEAD", "/")]:
            reply = await send(server, method, path, question() if method == "POST" else None, filled)
            assert reply.status == 403
            assert not [name for name in reply.headers if name.startswith("access-control-")]
            if method != "HEAD":
                assert (reply.error["code"], reply.error["type"]) == ("forbidden_origin", "permission_error")
    assert relay.asked == []


async def test_a_preflight_is_refused_without_cors_headers() -> None:
    preflight: Headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
        "Authorization": None,
    }
    async with serving(ScriptedRelay()) as server:
        reply = await send(server, "OPTIONS", PATH, None, preflight)
        bare = await send(server, "OPTIONS", PATH)
    assert reply.status == 403
    assert not [name for name in reply.headers if name.startswith("access-control-")]
    assert (bare.status, bare.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {KEY} "},
        {"Authorization": None, "x-api-key": KEY},
        {"Authorization": None, "api-key": KEY},
        {"Authorization": "Bearer wrong", "api-key": KEY},
    ],
)
async def test_the_key_is_taken_from_every_header_that_clients_use(headers: Headers) -> None:
    async with serving(ScriptedRelay()) as server:
        assert (await ask(server, headers)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": None},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": f"Bearer {KEY.upper()}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": None, "x-api-key": ""},
    ],
)
async def test_without_the_right_key_there_is_nothing(headers: Headers) -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        for method, path in [
            ("POST", PATH),
            ("GET", "/v1/models"),
            ("GET", "/v1/models/practice"),
            ("GET", "/ready"),
            ("GET", "/"),
            ("GET", f"/v1/models?key={KEY}"),
            ("GET", "/no/such/path"),
            ("DELETE", "/v1/models"),
        ]:
            reply = await send(server, method, path, question() if method == "POST" else None, headers)
            assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")
            assert reply.error["type"] == "authentication_error"
            assert reply.headers["www-authenticate"] == "Bearer"
            assert "cdp-relay key" in reply.error["message"]
            assert KEY.encode() not in reply.body
    assert relay.asked == []


async def test_liveness_needs_no_key_and_says_nothing_else() -> None:
    async with serving(ScriptedRelay()) as server:
        health = await send(server, "GET", "/health", None, {"Authorization": None})
        for method, path in [("HEAD", "/"), ("HEAD", "/health")]:
            assert (await send(server, method, path, None, {"Authorization": None})).status == 200
    assert health.json() == {"status": "ok"}
    assert "server" not in health.headers
    assert set(health.headers) == {"content-type", "content-length", "date", "x-request-id", "request-id"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "text/json",
        "application/json; charset=utf-16",
        "text/plain; application/json",
        "application/json, text/plain",
    ],
)
async def test_a_body_that_is_not_declared_as_json_is_refused(value: str | None) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(server, {"Content-Type": value})
    assert (reply.status, reply.error["code"]) == (415, "unsupported_media_type")
    assert "application/json" in reply.error["message"]


@pytest.mark.parametrize(
    "value", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
async def test_json_is_taken_however_it_is_spelled(value: str) -> None:
    async with serving(ScriptedRelay()) as server:
        assert (await ask(server, {"Content-Type": value})).status == 200


async def test_a_compressed_body_is_refused() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(server, {"Content-Encoding": "gzip"})
    assert reply.status == 415
    assert "Content-Encoding" in reply.error["message"]


async def test_a_body_that_is_declared_too_long_is_refused_before_it_is_sent() -> None:
    async with serving(ScriptedRelay(), max_body_bytes=2048) as server, await connect(server) as stream:
        await stream.send_all(request_bytes(server, "POST", PATH, b"", {"Content-Length": "2049"}))
        with trio.fail_after(2):
            reply = await read_reply(stream)
    assert (reply.status, reply.error["code"]) == (413, "request_too_large")
    assert "2048" in reply.error["message"]


async def test_a_body_at_the_limit_is_taken() -> None:
    body = question()
    body += b" " * (2048 - len(body))
    async with serving(ScriptedRelay(), max_body_bytes=2048) as server:
        assert (await send(server, "POST", PATH, body)).status == 200


async def test_a_chunked_body_is_counted_while_it_comes() -> None:
    relay = ScriptedRelay()
    chunked: Headers = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    async with serving(relay, max_body_bytes=2048) as server:
        async with await connect(server) as stream:
            body = question()
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            await stream.send_all(request_bytes(server, "POST", PATH, data, chunked))
            assert (await read_reply(stream)).status == 200
        async with await connect(server) as stream:
            await stream.send_all(request_bytes(server, "POST", PATH, b"", chunked))
            piece = b"400\r\n" + b" " * 1024 + b"\r\n"
            await stream.send_all(piece * 3)
            with trio.fail_after(2):
                reply = await read_reply(stream)
            assert (reply.status, reply.error["code"]) == (413, "request_too_large")
    assert len(relay.asked) == 1


@pytest.mark.parametrize(
    ("headers", "status"), [({"Authorization": None}, 401), ({}, 413), ({"Origin": "null"}, 403)]
)
async def test_a_client_that_goes_on_sending_still_reads_why_it_was_refused(
    headers: Headers, status: int
) -> None:
    body = b" " * 3_000_000
    async with serving(ScriptedRelay(), max_body_bytes=1_000_000) as server:
        reply = await send(server, "POST", PATH, body, headers)
    assert reply.status == status
    assert reply.whole


async def test_a_body_that_never_ends_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    sent: list[Any] = []
    pieces: list[Any] = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Any:
        if not pieces:
            await trio.sleep_forever()
        return pieces.pop()

    async def take(message: Any) -> None:
        sent.append(message)

    async def never_called(*arguments: Any) -> None:
        raise AssertionError("the request was let in")

    headers = [
        (b"host", b"localhost:1"),
        (b"x-api-key", KEY.encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {"type": "http", "method": "POST", "path": PATH, "http_version": "1.1", "headers": headers}
    door = Door(never_called, Gate(key=KEY, port=1, max_body_bytes=100))
    await door(cast(Any, scope), receive, take)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "request_timeout"
    assert 60 <= trio.current_time() < 65


async def test_a_websocket_is_refused_so_that_the_client_takes_http() -> None:
    upgrade: Headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }

    async def attempt(server: Any, **more: str | None) -> Reply:
        async with await connect(server) as stream:
            await stream.send_all(request_bytes(server, "GET", "/v1/responses", None, upgrade | more))
            with trio.fail_after(2):
                return await read_reply(stream)

    async with serving(ScriptedRelay()) as server:
        assert (await attempt(server)).status == 405
        assert (await attempt(server, Origin="https://evil.example")).status == 403
        assert (await attempt(server, Authorization=None)).status == 401


async def test_the_log_line_names_the_request_and_neither_prompt_nor_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(
            server,
            {"User-Agent": "agent/2", "X-Request-Id": "theirs\x7f"},
            model="chatgpt/gpt-5",
            messages=[{"role": "user", "content": "the secret prompt"}],
        )
        await send(server, "GET", "/v1/models", None, {"Authorization": "Bearer sk-relay-wrong"})
    logged = capsys.readouterr().out
    for fact in [
        reply.headers["x-request-id"],
        "POST",
        "/v1/chat/completions",
        "200",
        "practice",
        "chatgpt/gpt-5",
        "agent/2",
        r"theirs\x7f",
        "invalid_api_key",
    ]:
        assert fact in logged
    assert "secret prompt" not in logged
    assert "sk-relay" not in logged
