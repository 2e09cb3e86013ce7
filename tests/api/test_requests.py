"""What was asked is listed, shown, followed, cancelled and removed; any answer is fetched as a response."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from cdp_relay.api import Server
from cdp_relay.api.requests.events import EventWriter, Place, read_place
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    FileProduced,
    Notice,
    ReasoningDelta,
    Step,
    TextDelta,
    TextRetracted,
    ToolCallArguments,
    ToolCallBegan,
    ToolCallEnded,
)
from cdp_relay.errors import AnswerIncomplete, InvalidRequest, SignedOut
from tests.api.kit import (
    Reply,
    ScriptedRelay,
    ask,
    connect,
    finished,
    question,
    reached,
    read_head,
    request_bytes,
    says,
    send,
    serving,
)
from tests.api.sharing_relay import SharingRelay, serving_shared, two_words
from tests.store.kit import journal_in

JSON: dict[str, str | None] = {"Content-Type": "application/json"}


@asynccontextmanager
async def service(
    home: Path, relay: SharingRelay | None = None, **settings: Any
) -> AsyncGenerator[tuple[SharingRelay, Server], None]:
    """A service with a journal; called twice on one folder it is the next run of the same."""
    relay = relay or SharingRelay()
    async with journal_in(home, **settings) as journal, serving_shared(relay, journal) as server:
        yield relay, server


async def get(server: Server, path: str, headers: dict[str, str | None] | None = None) -> Reply:
    return await send(server, "GET", path, None, headers)


def sse(body: bytes) -> list[tuple[str, str, Any]]:
    """The events of a stream: their names, ids and data."""
    told = []
    for block in body.decode().removesuffix("\n\n").split("\n\n"):
        if not block or block.startswith(":"):
            continue
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        told.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return told


def text_of(told: list[tuple[str, str, Any]]) -> str:
    return "".join(data["text"] for name, _, data in told if name == "text")


# --- any answer as a response ------------------------------------------------------------------


async def test_an_answer_of_any_dialect_is_fetched_as_a_response_also_after_a_restart(tmp_path: Path) -> None:
    async with service(tmp_path) as (_, server):
        asked = (await ask(server)).json()
        id_ = asked["id"].removeprefix("chatcmpl-")
        now = (await get(server, f"/v1/responses/resp_{id_}")).json()
    async with service(tmp_path) as (relay, server):
        later = (await get(server, f"/v1/responses/{asked['id']}")).json()
        streamed = await get(server, f"/v1/responses/resp_{id_}?stream=true")
        deleted = await send(server, "DELETE", f"/v1/responses/resp_{id_}")
        gone = await get(server, f"/v1/responses/resp_{id_}")
        again = await send(server, "DELETE", f"/v1/responses/resp_{id_}")
    assert now == later
    assert (later["id"], later["object"], later["status"]) == (f"resp_{id_}", "response", "completed")
    assert later["output"][0]["content"][0]["text"] == "Hello, world"
    assert later["usage"]["output_tokens"] == 7
    assert b"event: response.completed" in streamed.body
    assert relay.asked == []
    assert deleted.json()["deleted"] is True
    assert (gone.status, again.status) == (404, 404)


async def test_a_conversation_goes_on_from_an_answer_of_the_last_run(tmp_path: Path) -> None:
    def body(**fields: Any) -> bytes:
        return json.dumps({"model": "practice", **fields}).encode()

    async with service(tmp_path) as (_, server):
        first = (await send(server, "POST", "/v1/responses", body(input="One"))).json()
    async with service(tmp_path) as (relay, server):
        more = body(input="Two", previous_response_id=first["id"])
        second = (await send(server, "POST", "/v1/responses", more)).json()
        reference = body(input=[{"type": "item_reference", "id": first["output"][0]["id"]}, _user("Three")])
        third = await send(server, "POST", "/v1/responses", reference)
        items = (await get(server, f"/v1/responses/{first['id']}/input_items")).json()
        shown = (await get(server, f"/v1/responses/{first['id']}")).json()
    assert [message.text for message in relay.asked[0].messages] == ["One", "Hello, world", "Two"]
    assert second["previous_response_id"] == first["id"]
    assert third.status == 200
    assert [message.text for message in relay.asked[1].messages] == ["Hello, world", "Three"]
    assert items["data"][0]["content"][0]["text"] == "One"
    assert shown == first


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


async def test_what_is_not_stored_is_not_found_later(tmp_path: Path) -> None:
    async with service(tmp_path) as (_, server):
        body = json.dumps({"model": "practice", "input": "One", "store": False}).encode()
        first = (await send(server, "POST", "/v1/responses", body)).json()
        items = await get(server, f"/v1/responses/{first['id']}/input_items")
    assert items.status == 404


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (
            says(reached(Step.COMPOSED), TextDelta("ha"), AnswerIncomplete("It broke off.")),
            "failed",
            "server_error",
        ),
        (says(SignedOut("Nobody is signed in.")), "failed", "invalid_prompt"),
    ],
)
async def test_a_failure_is_fetched_with_what_came_of_it(
    tmp_path: Path, script: Any, status: str, code: str
) -> None:
    async with service(tmp_path, SharingRelay(script)) as (_, server):
        reply = await ask(server)
        id_ = reply.headers["x-request-id"]
        fetched = (await get(server, f"/v1/responses/{id_.replace('req_', 'resp_')}")).json()
        streamed = await get(server, f"/v1/responses/{id_.replace('req_', 'resp_')}?stream=true")
    assert (fetched["status"], fetched["error"]["code"]) == (status, code)
    assert fetched["cdp_relay"]["state"] == "failed"
    texts = [item["content"][0]["text"] for item in fetched["output"]]
    assert texts == (["ha"] if code == "server_error" else [])
    assert b"event: response.failed" in streamed.body


async def test_a_request_that_runs_is_fetched_read_along_and_cancelled(tmp_path: Path) -> None:
    relay = SharingRelay()
    relay.script = lambda request: two_words(relay)
    async with service(tmp_path, relay) as (_, server):
        stream = await connect(server)
        await stream.send_all(request_bytes(server, "POST", "/v1/chat/completions", question(stream=True)))
        _, headers, _ = await read_head(stream)
        id_ = headers["x-request-id"]
        running = (await get(server, f"/v1/responses/{id_}")).json()
        listed = (await get(server, "/v1/requests?state=running")).json()["data"]
        along = await connect(server)
        await along.send_all(request_bytes(server, "GET", f"/v1/responses/{id_}?stream=1"))
        await read_head(along)
        await relay.wait_for_readers(1)
        removed = await send(server, "DELETE", f"/v1/requests/{id_}")
        cancelled = await send(server, "POST", f"/v1/requests/{id_}/cancel", b"", JSON)
        with trio.fail_after(2):
            rest = b"".join([part async for part in along])
            first = b"".join([part async for part in stream])
        await along.aclose()
        await stream.aclose()
        stopped = (await get(server, f"/v1/responses/{id_}")).json()
        twice = await send(server, "POST", f"/v1/requests/{id_}/cancel", b"", JSON)
    assert (running["status"], running["output"][0]["content"][0]["text"]) == ("in_progress", "one ")
    assert running["conversation"] == {"id": "chat-1"}
    assert [one["id"] for one in listed] == [id_]
    assert (removed.status, removed.error["param"]) == (400, "request_id")
    assert cancelled.json() == {"id": id_, "object": "request", "cancelled": True}
    assert b"response.failed" in rest
    assert b"answer_stopped" in first
    assert (stopped["status"], stopped["cdp_relay"]["state"]) == ("cancelled", "stopped")
    assert twice.status == 400


async def test_without_content_an_answer_cannot_be_fetched_and_says_why(tmp_path: Path) -> None:
    async with service(tmp_path, content=False) as (_, server):
        id_ = (await ask(server)).headers["x-request-id"]
        fetched = await get(server, f"/v1/responses/{id_}")
        shown = (await get(server, f"/v1/requests/{id_}")).json()
    assert (fetched.status, fetched.error["code"]) == (410, "answer_not_kept")
    assert (shown["state"], shown["content"], shown["answer"], shown["messages"]) == (
        "finished",
        False,
        None,
        None,
    )
    assert shown["timeline"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/responses/resp_0123456789abcdef0123456789abcdef",
        "/v1/requests/req_0123456789abcdef0123456789abcdef",
        "/v1/requests/%20",
        "/v1/requests/%F0%9F%98%80/events",
        "/v1/requests?before=req_none0",
    ],
)
async def test_unknown_ids(tmp_path: Path, path: str) -> None:
    async with service(tmp_path) as (_, server):
        assert (await get(server, path)).status == 404


async def test_without_a_journal_there_is_nothing_to_list() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await get(server, "/v1/requests")
    assert (reply.status, reply.error["message"].partition(".")[0]) == (404, "This service keeps no journal")


# --- keys over a restart -----------------------------------------------------------------------


async def test_a_key_is_known_after_a_restart(tmp_path: Path) -> None:
    key: dict[str, str | None] = {"Idempotency-Key": "k"}
    async with service(tmp_path) as (_, server):
        first = await ask(server, key)
    async with service(tmp_path) as (relay, server):
        second = await ask(server, key)
        other = await ask(server, key, messages=[{"role": "user", "content": "Other"}])
    assert relay.asked == []
    assert second.headers["x-cdp-relay-shared"] == "kept"
    told, again = first.json(), second.json()
    assert {**again, "created": 0} == {**told, "created": 0}
    assert abs(again["created"] - told["created"]) <= 1
    assert other.status == 422


async def test_in_the_background_the_same_key_is_the_same_response(tmp_path: Path) -> None:
    relay = SharingRelay()
    relay.script = lambda request: two_words(relay)
    body = json.dumps({"model": "practice", "input": "Hi", "background": True}).encode()
    key: dict[str, str | None] = {"Idempotency-Key": "k"}
    async with service(tmp_path, relay) as (_, server):
        first = (await send(server, "POST", "/v1/responses", body, key)).json()
        await relay.wait_for_readers(1)
        second = await send(server, "POST", "/v1/responses", body, key)
        relay.gates["second"].set()
        streamed = await get(server, f"/v1/responses/{first['id']}?stream=true")
        third = await send(server, "POST", "/v1/responses", body, key)
        # Cancelled from its own dialect, the turn stops although keys let turns finish.
        relay.gates.clear()
        key = {"Idempotency-Key": "l"}
        other = (await send(server, "POST", "/v1/responses", body, key)).json()
        await relay.wait_for_readers(1)
        await send(server, "POST", f"/v1/responses/{other['id']}/cancel", b"", JSON)
        with trio.fail_after(2):
            await relay.wait_for_halt()
    assert len(relay.asked) == 2
    assert second.json()["id"] == first["id"]
    assert second.headers["x-cdp-relay-shared"] == "running"
    assert b"response.completed" in streamed.body
    assert (third.json()["status"], third.headers["x-cdp-relay-shared"]) == ("completed", "kept")


# --- lists -------------------------------------------------------------------------------------


async def test_lists_are_filtered_and_paged(tmp_path: Path) -> None:
    async with service(tmp_path) as (_, server):
        ids = []
        for text in ("apples", "pears", "plums"):
            reply = await ask(server, {"session-id": text}, messages=[_user(text)])
            ids.append(reply.headers["x-request-id"])

        async def listed(query: str) -> dict[str, Any]:
            reply = await get(server, f"/v1/requests?{query}")
            assert reply.status == 200
            answer: dict[str, Any] = reply.json()
            return answer

        everything = await listed("")
        page = await listed("limit=2")
        rest = await listed(f"limit=2&before={page['last_id']}")
        found = [
            [one["id"] for one in (await listed(query))["data"]]
            for query in ("text=PEAR", "session=plums", "state=failed", "site=chatgpt", "since=2999-01-01")
        ]
        bad = {
            query: (await get(server, f"/v1/requests?{query}")).error["param"]
            for query in (
                "limit=0",
                "limit=x",
                "state=odd",
                "since=yesterday",
                "since=1e999",
                f"text={'x' * 501}",
            )
        }
    assert [one["id"] for one in everything["data"]] == ids[::-1]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert [one["id"] for one in page["data"] + rest["data"]] == ids[::-1]
    assert found == [[ids[1]], [ids[2]], [], [], []]
    assert list(bad.values()) == ["limit", "limit", "state", "since", "since", "text"]
    (newest, *_) = everything["data"]
    assert (newest["state"], newest["site"], newest["first_words"]) == ("finished", "practice", "plums")


async def test_a_request_is_shown_with_all_that_is_kept_and_can_be_removed(tmp_path: Path) -> None:
    call = ToolCallEnded(index=0, id="call_1", name="look", arguments='{"a": 1}')
    script = says(
        reached(Step.QUEUED, position=1),
        Notice(code="n", message="Mind."),
        ReasoningDelta("hm"),
        TextDelta("Here."),
        ToolCallBegan(index=0, id="call_1", name="look"),
        call,
        FileProduced(name="a.txt", media_type="text/plain", data=b"123"),
        reached(Step.FINISHED),
        finished(conversation_id="c", conversation_url="https://x/c"),
    )
    async with service(tmp_path, SharingRelay(script)) as (_, server):
        id_ = (await ask(server, {"Idempotency-Key": "k"})).headers["x-request-id"]
        shown = (await get(server, f"/v1/requests/{id_[:14]}")).json()
        removed = await send(server, "DELETE", f"/v1/requests/{id_}")
        gone = await get(server, f"/v1/requests/{id_}")
    assert shown["answer"] == {
        "text": "Here.",
        "reasoning": "hm",
        "tool_calls": [{"id": "call_1", "name": "look", "arguments": '{"a": 1}'}],
        "files": [{"name": "a.txt", "media_type": "text/plain", "bytes": 3}],
    }
    assert [step["step"] for step in shown["timeline"]] == ["queued", "finished"]
    assert shown["timeline"][0]["facts"] == {"position": 1}
    assert shown["messages"] == [{"role": "user", "text": "Hi"}]
    assert shown["notices"] == [{"code": "n", "message": "Mind."}]
    assert (shown["idempotency_key"], shown["conversation_url"], shown["error"]) == ("k", "https://x/c", None)
    assert (removed.json()["deleted"], gone.status) == (True, 404)


# --- events ------------------------------------------------------------------------------------


async def test_who_loses_its_connection_goes_on_reading_where_it_was(tmp_path: Path) -> None:
    relay = SharingRelay()
    relay.script = lambda request: two_words(relay)
    async with service(tmp_path, relay) as (_, server):
        asking = await connect(server)
        await asking.send_all(request_bytes(server, "POST", "/v1/chat/completions", question(stream=True)))
        _, headers, _ = await read_head(asking)
        path = f"/v1/requests/{headers['x-request-id']}/events"
        first = await connect(server)
        await first.send_all(request_bytes(server, "GET", path))
        _, _, data = await read_head(first)
        while b"one " not in data:
            data += await first.receive_some(65536)
        await first.aclose()
        relay.gates["second"].set()
        whole = sse((await get(server, path)).body)
        head = [event for event in whole if event[0] in ("step", "chat")]
        places = ["0", head[-1][1], "5.2", "5.4", "5.7"]
        rests = [sse((await get(server, path, {"Last-Event-ID": place})).body) for place in places]
        await asking.aclose()
        by_query = sse((await get(server, f"{path}?after=5.2")).body)
        bad = await get(server, path, {"Last-Event-ID": "x"})
    async with service(tmp_path) as (_, server):
        later = sse((await get(server, path)).body)
    assert [name for name, _, _ in whole] == ["step"] * 4 + ["chat", "text", "finished"]
    assert text_of(whole) == "one two"
    assert later == whole
    assert rests[0] == whole[1:]
    assert [text_of(rest) for rest in rests] == ["one two", "one two", "e two", "two", ""]
    assert rests[-1] == whole[-1:]
    assert by_query == rests[2]
    assert (bad.status, bad.error["param"]) == (400, "Last-Event-ID")


EVENTS: tuple[ChatEvent, ...] = (
    reached(Step.QUEUED),
    ReasoningDelta("hm"),
    TextDelta("ab"),
    TextDelta(""),
    TextDelta("cd"),
    TextRetracted(1),
    TextDelta("e"),
    ToolCallBegan(index=0, id="c", name="t"),
    ToolCallArguments(0, "{"),
    ToolCallArguments(0, "}"),
    ToolCallEnded(index=0, id="c", name="t", arguments="{}"),
    finished(),
)


def written(events: tuple[ChatEvent, ...], after: Place | None = None) -> list[tuple[str, str, Any]]:
    writer = EventWriter(request_id="req_1", after=after or Place())
    return sse(b"".join(map(writer.feed, events)))


def test_from_every_place_the_rest_is_told_whatever_the_pieces_are() -> None:
    whole = written(EVENTS)
    joined = written((*EVENTS[:2], TextDelta("abcd"), *EVENTS[5:8], ToolCallArguments(0, "{}"), *EVENTS[10:]))
    told = json.dumps([(name, data) for name, _, data in joined if name != "text"])
    assert told.count('"{}"') == 2

    def said(events: list[tuple[str, str, Any]]) -> str:
        return "".join(f"{data['text']}" if "text" in data else f"<{name}>" for name, _, data in events)

    assert said(whole) == said(joined)
    lagging = (*EVENTS[:2], TextDelta("abcd"), *EVENTS[5:])
    for number, (_, place, _) in enumerate(whole, 1):
        rest = said(written(EVENTS, read_place(place, "after")))
        assert said(whole[:number]) + rest == said(whole)
        assert rest == said(written(lagging, read_place(place, "after")))


@pytest.mark.parametrize("text", ["", "x", "-1", "1.", ".1", "1.2.3", "1" * 10, "\u0661"])
def test_places_that_are_none(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_place(text, "after")
