"""Idempotency keys and requests that are sent again, as clients see them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import trio

from cdp_relay.api import Server
from cdp_relay.api.sender import read_sender
from cdp_relay.errors import InvalidRequest
from tests.api.kit import (
    Reply,
    ask,
    check_whole_stream,
    connect,
    joined,
    question,
    read_head,
    request_bytes,
    send,
)
from tests.api.sharing_relay import SharingRelay, serving_shared, two_words

PATH = "/v1/chat/completions"
KEYED: dict[str, str | None] = {"Idempotency-Key": "k1"}
AGAIN: dict[str, str | None] = {"X-Stainless-Retry-Count": "1"}


async def ask_and_leave(server: Server, headers: dict[str, str | None] | None = None) -> None:
    """Ask for a stream, and close the connection once it has begun."""
    stream = await connect(server)
    await stream.send_all(request_bytes(server, "POST", PATH, question(stream=True), headers))
    await read_head(stream)
    await stream.aclose()


def relay_of_two_words(**more: Any) -> SharingRelay:
    relay = SharingRelay(**more)
    relay.script = lambda request: two_words(relay)
    return relay


async def both(relay: SharingRelay, *askers: Any) -> list[Reply]:
    """Run these at once; the answer's second word comes when the first one reads."""
    replies: list[Reply | None] = [None] * len(askers)

    async def run(index: int, asker: Any) -> None:
        replies[index] = await asker()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, 0, askers[0])
        await relay.wait_for_readers(1)
        for index, asker in enumerate(askers[1:], 1):
            nursery.start_soon(run, index, asker)
        await relay.wait_for_readers(len(askers))
        relay.gates["second"].set()
    return [reply for reply in replies if reply is not None]


async def test_the_same_key_twice_is_asked_once_and_both_get_the_same_answer() -> None:
    relay = relay_of_two_words()
    async with serving_shared(relay) as server:
        first, second = await both(relay, lambda: ask(server, KEYED), lambda: ask(server, KEYED, stream=True))
        third = await ask(server, KEYED)
    assert len(relay.asked) == 1
    assert first.json()["choices"][0]["message"]["content"] == "one two"
    chunks = check_whole_stream(second.body)
    assert joined(chunks) == "one two"
    # One answer has one id, whoever is told it.
    assert third.json() == first.json()
    assert {first.json()["id"], chunks[0]["id"]} == {third.json()["id"]}
    shared = [reply.headers.get("x-cdp-relay-shared") for reply in (first, second, third)]
    assert shared == [None, "running", "kept"]
    assert third.headers["x-cdp-relay-request"] == first.headers["x-request-id"]
    assert third.headers["x-request-id"] != first.headers["x-request-id"]
    assert third.headers["x-cdp-relay-conversation"] == "chat-1"
    assert second.headers["x-cdp-relay-conversation"] == "chat-1"


async def test_a_key_may_be_used_in_any_dialect_for_the_same_question() -> None:
    relay = relay_of_two_words()
    relay.gates["second"].set()
    async with serving_shared(relay) as server:
        first = await ask(server, KEYED)
        body = json.dumps({"model": "practice", "input": "Hi"}).encode()
        second = await send(server, "POST", "/v1/responses", body, KEYED)
        kept = await send(server, "GET", f"/v1/responses/{second.json()['id']}")
    assert len(relay.asked) == 1
    assert second.json()["id"].partition("_")[2] == first.json()["id"].partition("-")[2]
    assert second.json()["conversation"] == {"id": "chat-1"}
    assert kept.json() == second.json()


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        (PATH, {"messages": [{"role": "user", "content": "Other"}]}, ("error", "code")),
        (
            "/v1/messages",
            {"max_tokens": 9, "messages": [{"role": "user", "content": "Other"}]},
            ("error", "type"),
        ),
        ("/v1/responses", {"input": "Other"}, ("error", "code")),
        ("/api/chat", {"messages": [{"role": "user", "content": "Other"}], "stream": False}, ("error",)),
    ],
)
async def test_a_key_of_another_request_is_refused_in_every_dialect(
    path: str, body: dict[str, Any], kind: tuple[str, ...]
) -> None:
    relay = relay_of_two_words()
    relay.gates["second"].set()
    async with serving_shared(relay) as server:
        await ask(server, KEYED)
        reply = await send(server, "POST", path, json.dumps({"model": "practice", **body}).encode(), KEYED)
    assert (reply.status, len(relay.asked)) == (422, 1)
    told = reply.json()
    for name in kind:
        told = told[name]
    assert told in ("idempotency_key_reused", "invalid_request_error") or "Idempotency-Key" in told


async def test_who_leaves_and_comes_back_finds_its_answer_with_a_key() -> None:
    relay = relay_of_two_words()
    async with serving_shared(relay) as server:
        await ask_and_leave(server, KEYED)
        await relay.wait_for_readers(0)
        relay.gates["second"].set()
        reply = await ask(server, KEYED)
    assert (len(relay.asked), relay.halted) == (1, [])
    assert reply.json()["choices"][0]["message"]["content"] == "one two"


async def test_a_stream_that_broke_is_gone_on_with_when_the_same_is_asked_whole() -> None:
    relay = relay_of_two_words()
    async with serving_shared(relay) as server:
        await ask_and_leave(server)
        await relay.wait_for_readers(0)
        replies = await both(relay, lambda: ask(server))
    assert (len(relay.asked), relay.halted) == (1, [])
    assert replies[0].headers["x-cdp-relay-shared"] == "running"
    assert replies[0].json()["choices"][0]["message"]["content"] == "one two"


async def test_a_retry_of_an_sdk_gets_the_answer_that_came_and_the_same_again_does_not() -> None:
    relay = relay_of_two_words()
    relay.gates["second"].set()
    async with serving_shared(relay) as server:
        await ask(server)
        retried = await ask(server, AGAIN)
        again = await ask(server)
    assert len(relay.asked) == 2
    assert retried.headers["x-cdp-relay-shared"] == "kept"
    assert "x-cdp-relay-shared" not in again.headers


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}, "content"),
        ("/v1/completions", {"prompt": "Hi"}, "text"),
        ("/v1/responses", {"input": "Hi"}, "delta"),
        ("/v1/messages", {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}, "text"),
        ("/api/chat", {"messages": [{"role": "user", "content": "Hi"}]}, "content"),
        ("/api/generate", {"prompt": "Hi"}, "response"),
    ],
)
async def test_every_dialect_tells_an_answer_again(
    path: str, body: dict[str, Any], text: str, streamed: bool
) -> None:
    relay = relay_of_two_words()
    relay.gates["second"].set()
    data = json.dumps({"model": "practice", "stream": streamed, **body}).encode()
    async with serving_shared(relay) as server:
        first = await send(server, "POST", path, data)
        again = await send(server, "POST", path, data, AGAIN)
        # Claude Code asks for the same without a stream when its stream broke.
        otherwise = json.dumps({"model": "practice", "stream": not streamed, **body}).encode()
        other = await send(server, "POST", path, otherwise, AGAIN)
    assert len(relay.asked) == 1
    assert (other.status, other.headers["x-cdp-relay-shared"]) == (200, "kept")
    assert (again.status, again.whole, again.headers["x-cdp-relay-shared"]) == (200, True, "kept")
    for reply in (first, again):
        told = reply.body.decode()
        assert "error" not in told.replace('"error":null', "")
        if streamed:
            pieces = re.findall(rf'"{text}": ?"((?:one|two)[^"]*)"', told)
            assert "".join(pieces).startswith("one two")
        else:
            assert "one two" in told


async def test_a_client_that_stays_away_ends_its_turn() -> None:
    relay = relay_of_two_words()
    async with serving_shared(relay) as server:
        await ask_and_leave(server)
        with trio.fail_after(5):
            await relay.wait_for_halt()


async def test_an_answer_is_finished_for_nobody_where_the_settings_say_so() -> None:
    relay = relay_of_two_words(finish=True)
    async with serving_shared(relay) as server:
        await ask_and_leave(server)
        await relay.wait_for_readers(0)
        relay.gates["second"].set()
        reply = await ask(server, AGAIN)
    assert (len(relay.asked), relay.halted) == (1, [])
    assert reply.json()["choices"][0]["message"]["content"] == "one two"


# --- what heads say ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["x" * 256, "a b", "schl\xfcssel"])
async def test_a_key_that_is_none_is_refused(key: str) -> None:
    relay = relay_of_two_words()
    async with serving_shared(relay) as server:
        reply = await ask(server, {"Idempotency-Key": key})
    assert (reply.status, reply.error["param"], relay.asked) == (400, "Idempotency-Key", [])


@pytest.mark.parametrize(
    ("headers", "body", "session"),
    [
        ({}, {}, ""),
        ({"x-session-id": "a", "thread-id": "b"}, {}, "a"),
        ({"x-claude-code-session-id": "c", "x-session-id": "a"}, {}, "c"),
        ({"session_id": "d"}, {"prompt_cache_key": "e"}, "d"),
        ({}, {"prompt_cache_key": "e", "metadata": {"user_id": "f"}}, "e"),
        ({}, {"metadata": {"user_id": '{"session_id": "g"}'}}, "g"),
        ({}, {"metadata": {"user_id": "user_1_session_2"}}, "user_1_session_2"),
        ({}, {"metadata": {"user_id": "{not json"}}, "{not json"),
        ({}, {"metadata": {"user_id": "{}"}}, "{}"),
        ({}, {"metadata": ["user_id"], "prompt_cache_key": 3}, ""),
        ({"x-session-id": "\xe9\x00" + "x" * 300}, {}, "\\xe9\\x00" + "x" * 189 + "..."),
    ],
)
def test_sessions(headers: dict[str, str], body: dict[str, Any], session: str) -> None:
    assert read_sender(headers, body).session == session


@pytest.mark.parametrize(
    ("count", "retry"),
    [("", False), ("0", False), ("00", False), ("1", True), ("2", True), ("x", False), ("-1", False)],
)
def test_attempts(count: str, retry: bool) -> None:
    assert read_sender({"x-stainless-retry-count": count}, {}).retry is retry


def test_a_key_of_visible_characters_is_taken_as_it_is() -> None:
    assert read_sender({"idempotency-key": ' "8e03978e-40d5" '}, {}).key == '"8e03978e-40d5"'
    with pytest.raises(InvalidRequest):
        read_sender({"idempotency-key": "a\tb"}, {})


async def test_what_the_head_says_reaches_the_relay() -> None:
    relay = relay_of_two_words()
    relay.gates["second"].set()
    async with serving_shared(relay) as server:
        await ask(server, {**KEYED, **AGAIN, "session-id": "s"})
        await ask(server, {"X-CDP-Relay-Chat": "auto"})
        await ask(server, {"X-CDP-Relay-Chat": "chat-77"})
    first, second, third = relay.asked
    assert (first.key, first.retry, first.session) == ("k1", True, "s")
    assert first.fingerprint == second.fingerprint != third.fingerprint
    assert second.chat.conversation_id is None
    assert third.chat.conversation_id == "chat-77"
