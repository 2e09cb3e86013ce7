from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio
import trio.testing

from cdp_relay.api.chat_completions.answer import ChunkWriter
from cdp_relay.api.exchange import Exchange
from cdp_relay.api.turn import start_turn
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    Notice,
    ReasoningDelta,
    RequestId,
    Step,
    TextDelta,
)
from tests.api.kit import (
    Script,
    ScriptedRelay,
    ask,
    check_whole_stream,
    connect,
    finished,
    joined,
    question,
    reached,
    read_events,
    read_head,
    request_bytes,
    says,
    serving,
)

HARD_TEXT = '\t\\n "q" `t` <b>&amp;</b> $x עברית 漢字 😀\r\n\n\ndata: [DONE]\n\n end '


# --- plain ---------------------------------------------------------------------------------------


async def test_a_plain_answer_is_one_object() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        reply = await ask(server, temperature=0.5)
    answer = reply.json()
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "practice"
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello, world", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert answer["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    assert answer["cdp_relay"]["usage_estimated"] is True
    assert relay.running == 0


async def test_headers_say_which_site_and_model_answered_and_what_was_ignored() -> None:
    relay = ScriptedRelay(
        says(
            TextDelta("x"),
            Notice(code="attached", message="The prompt went as a file – 'ü'."),
            finished(site="chatgpt", model="gpt-5", conversation_id="c-1", capture="socket"),
        )
    )
    async with serving(relay) as server:
        reply = await ask(server, model="gemini-pro", temperature=0.7, max_tokens=100, top_p=0.5)
        second = await ask(server, model="chatgpt/gpt-5")
    assert reply.headers["x-cdp-relay-site"] == "chatgpt"
    assert reply.headers["x-cdp-relay-model"] == "gpt-5"
    assert reply.headers["x-cdp-relay-conversation"] == "c-1"
    assert reply.headers["x-cdp-relay-capture"] == "socket"
    assert reply.headers["x-cdp-relay-ignored"] == "temperature, top_p"
    assert reply.headers["x-cdp-relay-notice"] == (
        "The label 'gemini-pro' names no site of this relay; the default site 'practice' answers. "
        r"The prompt went as a file \u2013 '\xfc'."
    )
    assert reply.json()["model"] == "gemini-pro"
    assert reply.json()["cdp_relay"]["notices"] == ["The prompt went as a file – 'ü'."]
    assert "x-cdp-relay-ignored" not in second.headers
    assert "names no site" not in second.headers["x-cdp-relay-notice"]
    assert reply.headers["x-request-id"].startswith("req_")
    assert reply.headers["x-request-id"] != second.headers["x-request-id"]


async def test_a_model_that_the_site_does_not_list_is_said() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(server, model="chatgpt/gpt-9")
    assert reply.headers["x-cdp-relay-notice"] == (
        "The site 'chatgpt' lists no model 'gpt-9'; it answers with the model that it chooses."
    )


async def test_a_label_cannot_break_a_header() -> None:
    async with serving(ScriptedRelay()) as server:
        more: Any = {"x\r\ny": 1}
        reply = await ask(server, model="a\r\nSet-Cookie: x=1\x7f é", **more)
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert r"a\x0d\x0aSet-Cookie: x=1\x7f \xe9" in reply.headers["x-cdp-relay-notice"]
    assert reply.headers["x-cdp-relay-ignored"] == r"x\x0d\x0ay"


async def test_the_question_reaches_the_relay_as_it_was_asked() -> None:
    relay = ScriptedRelay()
    async with serving(relay) as server:
        reply = await ask(
            server, {"User-Agent": "tester/1"}, messages=[{"role": "user", "content": HARD_TEXT}]
        )
    (request,) = relay.asked
    assert request.messages[0].text == HARD_TEXT
    assert request.client == "tester/1"
    assert request.id == reply.headers["x-request-id"]


async def test_text_is_unchanged_in_both_forms() -> None:
    relay = ScriptedRelay(says(*(TextDelta(c) for c in HARD_TEXT), finished()))
    async with serving(relay) as server:
        plain = await ask(server)
        stream = await ask(server, stream=True)
    assert plain.json()["choices"][0]["message"]["content"] == HARD_TEXT
    assert joined(check_whole_stream(stream.body)) == HARD_TEXT


async def test_half_a_surrogate_pair_in_an_answer_becomes_a_replacement_character() -> None:
    relay = ScriptedRelay(says(TextDelta("a\ud83d"), TextDelta("b"), finished()))
    async with serving(relay) as server:
        plain = await ask(server)
        stream = await ask(server, stream=True)
    assert plain.json()["choices"][0]["message"]["content"] == "a\ufffdb"
    assert joined(check_whole_stream(stream.body)) == "a\ufffdb"


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (FinishReason.STOP, "stop"),
        (FinishReason.LENGTH, "length"),
        (FinishReason.CONTENT_FILTER, "content_filter"),
        (FinishReason.INTERRUPTED, "length"),
    ],
)
async def test_finish_reasons_have_the_words_of_the_dialect(reason: FinishReason, word: str) -> None:
    relay = ScriptedRelay(says(TextDelta("x"), finished(reason)))
    async with serving(relay) as server:
        plain = await ask(server)
        stream = await ask(server, stream=True)
    assert plain.json()["choices"][0]["finish_reason"] == word
    last = check_whole_stream(stream.body)[-1]
    assert last["choices"][0]["finish_reason"] == word
    assert last["cdp_relay"]["finish_reason"] == reason.value


# --- streamed ------------------------------------------------------------------------------------


async def test_a_stream_has_role_deltas_one_finish_reason_and_done() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(server, stream=True)
    assert reply.status == 200
    assert reply.whole
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-encoding" not in reply.headers
    assert reply.headers["x-cdp-relay-site"] == "practice"
    chunks = check_whole_stream(reply.body)
    assert joined(chunks) == "Hello, world"
    assert [c["choices"][0]["delta"] for c in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": "Hello"},
        {"content": ", world"},
        {},
    ]


async def test_usage_comes_in_a_chunk_of_its_own_when_it_is_asked_for() -> None:
    async with serving(ScriptedRelay()) as server:
        reply = await ask(server, stream=True, stream_options={"include_usage": True})
    chunks = check_whole_stream(reply.body, usage=True)
    assert chunks[-1]["usage"]["total_tokens"] == 12


async def test_thinking_is_kept_apart_from_the_answer() -> None:
    relay = ScriptedRelay(says(ReasoningDelta("let me "), ReasoningDelta("see"), TextDelta("42"), finished()))
    async with serving(relay) as server:
        stream = await ask(server, stream=True)
        plain = await ask(server)
    chunks = check_whole_stream(stream.body)
    assert (joined(chunks, "reasoning_content"), joined(chunks)) == ("let me see", "42")
    message = plain.json()["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("let me see", "42")


async def test_a_stream_says_in_its_head_or_at_its_end_where_the_answer_was_captured() -> None:
    read_off = Notice(code="captured_from_page", message="It was read off the page.")
    page = says(reached(Step.STREAMING), read_off, TextDelta("x"), finished(capture="page"))
    socket = says(reached(Step.STREAMING), TextDelta("x"), finished(capture="socket"))
    async with serving(ScriptedRelay(page)) as server:
        reply = await ask(server, stream=True)
    assert reply.headers["x-cdp-relay-capture"] == "page"
    assert reply.headers["x-cdp-relay-notice"] == "It was read off the page."
    assert check_whole_stream(reply.body)[-1]["cdp_relay"]["capture"] == "page"
    async with serving(ScriptedRelay(socket)) as server:
        reply = await ask(server, stream=True)
    # Of the other rungs only the answer's end says which it was.
    assert "x-cdp-relay-capture" not in reply.headers
    assert check_whole_stream(reply.body)[-1]["cdp_relay"]["capture"] == "socket"


async def test_the_model_header_of_a_stream_comes_from_what_the_site_said_by_then() -> None:
    relay = ScriptedRelay(says(reached(Step.STREAMING, model="gpt-5-mini"), TextDelta("x"), finished()))
    async with serving(relay) as server:
        reply = await ask(server, stream=True, model="chatgpt/gpt-5")
    assert reply.headers["x-cdp-relay-model"] == "gpt-5-mini"


async def test_deltas_are_sent_as_they_come() -> None:
    go_on = trio.Event()

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield TextDelta("first")
        await go_on.wait()
        yield TextDelta("second")
        yield finished()

    async with serving(ScriptedRelay(script)) as server, await connect(server) as stream:
        body = question(stream=True)
        await stream.send_all(request_bytes(server, "POST", "/v1/chat/completions", body))
        _, _, data = await read_head(stream)
        while b"first" not in data:
            data += await stream.receive_some()
        assert b"second" not in data
        go_on.set()
        while b"[DONE]" not in data:
            data += await stream.receive_some()


async def chunks_in_virtual_time(script: Script, keep_alive_seconds: float) -> list[tuple[float, Any]]:
    """Run a turn without sockets; each chunk's delta and when it was written."""
    request = ChatRequest(id=RequestId("req_1"), model="practice", messages=())
    writer = ChunkWriter(id="c", created=1, label="practice", include_usage=False, request_id="req_1")
    written: list[tuple[float, Any]] = []
    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        exchange = Exchange(
            id=request.id,
            method="POST",
            path="/",
            client="",
            client_request_id="",
            nursery=nursery,
            started=start,
        )
        turn = start_turn(ScriptedRelay(script).ask(request), exchange)
        await turn.accepted(100.0)
        async for data in turn.stream(writer, keep_alive_seconds):
            chunk = read_events(data)[0]
            written.append((trio.current_time() - start, chunk["choices"][0]["delta"]))
    return written


async def test_silence_is_filled_with_empty_deltas(autojump_clock: trio.testing.MockClock) -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.STREAMING)
        await trio.sleep(25)
        yield reached(Step.STREAMING)  # shows nothing, so it does not count as a sign of life
        await trio.sleep(10)
        yield TextDelta("late")
        await trio.sleep(14)
        yield finished()

    assert await chunks_in_virtual_time(script, 10.0) == [
        (1, {"role": "assistant", "content": ""}),  # the first word was waited for, for a second
        (11, {"content": ""}),
        (21, {"content": ""}),
        (31, {"content": ""}),
        (35, {"content": "late"}),
        (45, {"content": ""}),
        (49, {}),
    ]


async def test_a_busy_stream_has_no_keep_alives(autojump_clock: trio.testing.MockClock) -> None:
    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        for _ in range(10):
            await trio.sleep(9)
            yield TextDelta("x")
        yield finished()

    deltas = [delta for _, delta in await chunks_in_virtual_time(script, 10.0)]
    assert deltas == [{"role": "assistant", "content": ""}, *[{"content": "x"}] * 10, {}]


async def test_the_headers_wait_until_the_site_accepted_the_prompt() -> None:
    accepted = trio.Event()

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.QUEUED)
        yield Notice(code="n", message="Seen before.")
        yield reached(Step.SUBMITTED)
        await accepted.wait()
        yield reached(Step.STREAMING)
        yield TextDelta("x")
        yield finished()

    async with serving(ScriptedRelay(script)) as server, await connect(server) as stream:
        body = question(stream=True)
        await stream.send_all(request_bytes(server, "POST", "/v1/chat/completions", body))
        with trio.move_on_after(0.2) as patience:
            await stream.receive_some()
        assert patience.cancelled_caught
        accepted.set()
        status, headers, _ = await read_head(stream)
        assert status == 200
        assert headers["x-cdp-relay-notice"] == "Seen before."


async def test_the_headers_wait_no_longer_than_configured() -> None:
    release = trio.Event()

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        yield reached(Step.SUBMITTED)
        await release.wait()
        yield TextDelta("x")
        yield finished()

    async with (
        serving(ScriptedRelay(script), hold_headers_seconds=0.1, keepalive_seconds=0.1) as server,
        await connect(server) as stream,
    ):
        body = question(stream=True)
        await stream.send_all(request_bytes(server, "POST", "/v1/chat/completions", body))
        status, _, data = await read_head(stream)
        assert status == 200
        while data.count(b'"delta":{"content":""}') < 2:
            data += await stream.receive_some()
        release.set()
        while b"[DONE]" not in data:
            data += await stream.receive_some()


async def test_headers_that_do_not_wait_at_all_still_end_in_a_whole_answer() -> None:
    async with serving(ScriptedRelay(), hold_headers_seconds=0) as server:
        reply = await ask(server, stream=True)
    assert joined(check_whole_stream(reply.body)) == "Hello, world"


async def test_a_large_body_is_read_whole() -> None:
    relay = ScriptedRelay()
    text = "line of code\n" * 200_000
    async with serving(relay) as server:
        reply = await ask(server, messages=[{"role": "user", "content": text}])
    assert reply.status == 200
    assert relay.asked[0].messages[0].text == text


async def test_two_turns_run_side_by_side() -> None:
    meeting = [trio.Event(), trio.Event()]

    async def script(request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        mine = int(request.messages[0].text)
        meeting[mine].set()
        await meeting[1 - mine].wait()
        yield TextDelta(f"answer {mine}")
        yield finished()

    answers: dict[int, Any] = {}
    async with serving(ScriptedRelay(script)) as server:

        async def one(number: int) -> None:
            messages = [{"role": "user", "content": str(number)}]
            answers[number] = (await ask(server, messages=messages, stream=number == 1)).body

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, 0)
            nursery.start_soon(one, 1)
    assert json.loads(answers[0])["choices"][0]["message"]["content"] == "answer 0"
    assert joined(check_whole_stream(answers[1])) == "answer 1"
