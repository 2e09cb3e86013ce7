from __future__ import annotations

import pytest
import trio
import trio.testing

from cdp_relay.chat.vocabulary import (
    Step,
    TextDelta,
)
from cdp_relay.errors import (
    AnswerBlocked,
    BrowserGone,
    CapReached,
    GenerationFailed,
    RateLimited,
    RelayError,
    SelectorDrift,
    SignedOut,
    SiteTimeout,
    SubmitAmbiguous,
)
from tests.api.kit import (
    Script,
    ScriptedRelay,
    ask,
    connect,
    joined,
    question,
    reached,
    read_events,
    request_bytes,
    says,
    send,
    serving,
)

_ERRORS: list[tuple[RelayError, int, str, dict[str, str]]] = [
    (SignedOut("Nobody is signed in."), 503, "server_error", {"x-should-retry": "false"}),
    (RateLimited("Too quick.", retry_after_seconds=19.2), 429, "rate_limit_error", {"retry-after": "20"}),
    (CapReached("Used up.", retry_after_seconds=7200.0), 429, "rate_limit_error", {"retry-after": "7200"}),
    (AnswerBlocked("Withheld."), 400, "invalid_request_error", {}),
    (GenerationFailed("Oops."), 502, "server_error", {}),
    (SiteTimeout("Too slow.", details={"step": "ready"}), 504, "server_error", {}),
    (SubmitAmbiguous("Who knows."), 502, "server_error", {"x-should-retry": "false"}),
    (SelectorDrift("No composer."), 502, "server_error", {"x-should-retry": "false"}),
    (BrowserGone("It died.", retry_after_seconds=0.2), 503, "server_error", {"retry-after": "1"}),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "kind", "headers"), _ERRORS, ids=[type(row[0]).__name__ for row in _ERRORS]
)
async def test_an_error_before_the_answer_has_a_status_of_its_own(
    error: RelayError, status: int, kind: str, headers: dict[str, str], stream: bool
) -> None:
    # Many a refusal is the first thing in a stream that began with 200.
    relay = ScriptedRelay(says(reached(Step.SUBMITTED), reached(Step.STREAMING), error))
    async with serving(relay) as server:
        reply = await ask(server, stream=stream)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    shown = reply.error
    assert shown["type"] == kind
    assert shown["code"] == error.code
    assert shown["message"] == f"{error.message} {error.next_step}"
    assert shown["next_step"] == error.next_step
    assert shown["retryable"] is error.retryable
    assert shown["request_id"] == reply.headers["x-request-id"]
    assert shown.get("details", {}) == error.details
    for name in ("retry-after", "x-should-retry"):
        assert reply.headers.get(name) == headers.get(name)
    assert reply.headers["x-cdp-relay-site"] == "practice"


async def test_an_error_within_a_stream_is_its_last_event() -> None:
    relay = ScriptedRelay(says(TextDelta("half an edi"), GenerationFailed("Something went wrong.")))
    async with serving(relay) as server:
        reply = await ask(server, stream=True)
    assert reply.status == 200
    *chunks, last = read_events(reply.body)
    assert last["error"]["code"] == "generation_failed"
    assert last["error"]["type"] == "server_error"
    assert last["error"]["request_id"] == reply.headers["x-request-id"]
    assert [c["choices"][0]["finish_reason"] for c in chunks] == [None, None]
    assert joined(chunks) == "half an edi"


async def test_an_error_in_the_middle_of_a_plain_answer_is_no_answer() -> None:
    relay = ScriptedRelay(says(TextDelta("half"), BrowserGone("It died.")))
    async with serving(relay) as server:
        reply = await ask(server)
    assert reply.status == 503
    assert b"half" not in reply.body


async def test_the_connection_ends_after_a_stream() -> None:
    async with serving(ScriptedRelay()) as server, await connect(server) as stream:
        body = question(stream=True)
        await stream.send_all(request_bytes(server, "POST", "/v1/chat/completions", body))
        with trio.fail_after(2):
            while await stream.receive_some():
                pass


_BUGS: list[tuple[str, Script]] = [
    ("bug", says(KeyError("/home/secret/path"))),
    ("no end", says(TextDelta("x"))),
    ("nothing", says()),
    ("bug in a group", says(ExceptionGroup("g", [ValueError("/home/secret/path")]))),
]


@pytest.mark.parametrize(("name", "script"), _BUGS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_bug_is_a_500_without_its_inner_words(
    name: str, script: Script, stream: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(ScriptedRelay(script)) as server:
        reply = await ask(server, stream=stream)
    error = reply.error if reply.status != 200 else read_events(reply.body)[-1]["error"]
    assert error["code"] == "internal_error"
    assert error["type"] == "server_error"
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    if "bug" in name:
        assert reply.status == 500
        (logged,) = [line for line in capsys.readouterr().out.splitlines() if "request_failed" in line]
        assert error["request_id"] in logged


async def test_an_error_in_a_group_of_one_is_shown_as_itself() -> None:
    group = ExceptionGroup("outer", [ExceptionGroup("inner", [SignedOut("Nobody is signed in.")])])
    async with serving(ScriptedRelay(says(group))) as server:
        plain = await ask(server)
        stream = await ask(server, stream=True)
    assert plain.error["code"] == stream.error["code"] == "signed_out"


async def test_bad_requests_ask_the_relay_nothing() -> None:
    relay = ScriptedRelay()
    path = "/v1/chat/completions"
    async with serving(relay) as server:
        for body, code, param in [
            (b"{", "invalid_request", None),
            (b"[]", "invalid_request", None),
            (question(messages=[]), "invalid_request", "messages"),
            (question(model=...), "invalid_request", "model"),
            (question(n=3), "unsupported_value", "n"),
            (question(messages=[{"role": "user", "content": "\0"}]), "invalid_text", "messages[0].content"),
            (b'{"x": ' + b"[" * 100_000 + b"}", "invalid_request", None),
        ]:
            reply = await send(server, "POST", path, body)
            assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
            assert reply.error["type"] == "invalid_request_error"
    assert relay.asked == []
