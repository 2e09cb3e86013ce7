"""The practice page: its scripts, its server, its decoder and its definition."""

from __future__ import annotations

import http.client
import importlib
import itertools
import json
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

import attrs
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay import errors
from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    ModelSeen,
    Provider,
    SiteFailed,
)
from cdp_relay.chat.prompt import render_prompt
from cdp_relay.chat.registry import load_provider
from cdp_relay.chat.vocabulary import Drift, FinishReason, Message, ReasoningDelta, Role, TextDelta, TextPart

scripts = importlib.import_module("cdp_relay.providers._practice_scripts")


def answer_of(prompt: str, model: str = "") -> str:
    _, moves = scripts.play(prompt, model)
    return "".join(move.text for move in moves if isinstance(move, scripts.Say))


# --- scripts -------------------------------------------------------------------------------------


@given(st.text())
def test_echo_says_any_prompt_back_exactly(prompt: str) -> None:
    if not prompt.startswith("/"):
        assert answer_of(prompt) == prompt


def test_echo_of_a_megabyte_is_exact_and_comes_in_few_pieces() -> None:
    prompt = "line\twith  two spaces\n\n\n" * 50_000
    _, moves = scripts.play(prompt)
    pieces = [move.text for move in moves if isinstance(move, scripts.Say)]
    assert "".join(pieces) == prompt
    assert len(pieces) < 300


def test_a_command_in_front_of_the_text_wins_over_the_model_in_the_address() -> None:
    assert scripts.play("/code", "lorem")[0] == "code"
    assert scripts.play("/unknown word", "lorem")[0] == "lorem"
    assert scripts.play("/codebase is a word", "")[0] == "echo"
    assert scripts.play("Hello", "no-such-script")[0] == "echo"


def test_the_echo_command_leaves_the_rest_as_it_is() -> None:
    assert answer_of("/echo  two spaces\n") == " two spaces\n"


@pytest.mark.parametrize("count", [1, 7, 200, 5000])
def test_lorem_says_exactly_as_many_words_as_were_asked_for(count: int) -> None:
    assert len(answer_of(f"/lorem {count}").split()) == count
    assert answer_of(str(count), "lorem") == answer_of(f"/lorem {count}")


def test_lorem_of_eight_hundred_thousand_words_is_about_five_megabytes() -> None:
    assert 5_000_000 < len(answer_of("/lorem 800000")) < 6_000_000


def test_slow_waits_before_every_word() -> None:
    _, moves = scripts.play("/slow 5 3")
    kinds = [type(move).__name__ for move in moves]
    assert kinds == ["Wait", "Say", "Wait", "Say", "Wait", "Say", "End"]
    assert next(scripts.play("/slow 5 3")[1]) == scripts.Wait(0.005)


def test_in_a_rendered_conversation_the_last_message_decides() -> None:
    messages = [
        Message(role=Role.SYSTEM, parts=(TextPart("Be brief."),)),
        Message(role=Role.USER, parts=(TextPart("/lorem 3"),)),
        Message(role=Role.ASSISTANT, parts=(TextPart("Lorem ipsum dolor"),)),
        Message(role=Role.USER, parts=(TextPart("and\n\n  now?\n"),)),
    ]
    assert answer_of(render_prompt(messages)) == "and\n\n  now?\n"
    assert answer_of(render_prompt(messages[1:])) == "and\n\n  now?\n"
    assert answer_of(render_prompt([messages[0], messages[3]])) == "and\n\n  now?\n"
    assert answer_of(render_prompt(messages[3:])) == "and\n\n  now?\n"


def test_a_conversation_whose_last_message_cannot_be_told_is_echoed_whole() -> None:
    heading = "\n\n# Message to answer\n\n"
    messages = [
        Message(role=Role.SYSTEM, parts=(TextPart("Be brief."),)),
        Message(role=Role.USER, parts=(TextPart(f"What does{heading}mean?"),)),
    ]
    prompt = render_prompt(messages)
    assert answer_of(prompt) == prompt


# --- the decoder ---------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Provider:
    return load_provider("practice")


def decode(provider: Provider, pieces: Iterable[bytes]) -> list[DecoderEvent]:
    decoder = provider.new_decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + list(decoder.end_body())


STREAM = "".join(
    f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
    for event in (
        {"type": "start", "conversation_id": "c1", "message_id": "m1", "model": "echo"},
        {"type": "thinking", "text": "Hm, 漢字"},
        {"type": "text", "text": "Grüße 👩‍👩‍👧"},
        {"type": "text", "text": " and\n\nmore\u2028"},
        {"type": "weather"},
        {"type": "end", "reason": "stop"},
    )
).encode()


def test_every_event_of_the_stream_is_understood(provider: Provider) -> None:
    assert decode(provider, [STREAM]) == [
        ConversationSeen("c1", "m1"),
        ModelSeen("echo"),
        ReasoningDelta("Hm, 漢字"),
        TextDelta("Grüße 👩‍👩‍👧"),
        TextDelta(" and\n\nmore\u2028"),
        Drift(kind="event", detail="weather"),
        AnswerEnded(FinishReason.STOP),
    ]


@given(cuts=st.sets(st.integers(1, len(STREAM) - 1)))
def test_how_the_stream_is_cut_changes_nothing(cuts: set[int]) -> None:
    provider = load_provider("practice")
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(edges)]
    assert decode(provider, pieces) == decode(provider, [STREAM])


@pytest.mark.parametrize(
    "data",
    [
        b"data: not json\n\n",
        b"data: []\n\n",
        b'data: {"type":"end","reason":"tired"}\n\n',
        b'data: {"x":1}\n\n',
    ],
)
def test_unknown_forms_are_drift_and_never_raise(provider: Provider, data: bytes) -> None:
    (event,) = decode(provider, [data])
    assert isinstance(event, Drift)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("generation_failed", errors.GenerationFailed),
        ("usage_cap_reached", errors.CapReached),
        ("content_filter", errors.AnswerBlocked),
    ],
)
def test_an_error_event_becomes_its_typed_error(provider: Provider, code: str, kind: type) -> None:
    data = json.dumps({"type": "error", "code": code, "message": "No."}).encode()
    (event,) = decode(provider, [b"data: " + data + b"\n\n"])
    assert isinstance(event, SiteFailed)
    assert type(event.error) is kind


def test_the_submission_is_read_from_what_the_page_sends(provider: Provider) -> None:
    body = {"prompt": "x\n", "model": "lorem", "message_id": "m", "conversation_id": "c"}
    submission = provider.read_submission(json.dumps(body).encode())
    assert submission is not None
    assert (submission.prompt, submission.model, submission.message_id) == ("x\n", "lorem", "m")
    assert provider.read_submission(b'{"message_id":"m"}') is None
    assert provider.read_submission(b"\xff") is None


# --- the server ----------------------------------------------------------------------------------


@attrs.frozen
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool


@attrs.frozen
class Site:
    base: str

    def headers(self) -> dict[str, str]:
        return {"Origin": self.base, "Content-Type": "application/json"}

    async def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        return await trio.to_thread.run_sync(partial(self._request, method, path, body, headers or {}))

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        connection = http.client.HTTPConnection(self.base.removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            try:
                return Reply(response.status, got, response.read(), whole=True)
            except http.client.IncompleteRead as error:
                return Reply(response.status, got, error.partial, whole=False)
        finally:
            connection.close()

    async def ask(self, prompt: str, model: str = "", **changes: Any) -> Reply:
        question = {
            "prompt": prompt,
            "model": model,
            "message_id": "m-1",
            "conversation_id": "c-1",
            **changes,
        }
        return await self.request("POST", "/answer", json.dumps(question).encode(), self.headers())


@pytest.fixture
async def site(provider: Provider) -> AsyncIterator[Site]:
    opened = provider.open_site()
    assert opened is not None
    async with opened as base:
        yield Site(base)


async def test_the_page_is_served_with_a_policy_that_allows_nothing_from_elsewhere(site: Site) -> None:
    page = await site.request("GET", "/?model=lorem")
    assert page.status == 200
    assert b'id="composer"' in page.body
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'sha256-")
    assert "http:" not in policy
    script = await site.request("GET", "/practice.js")
    assert script.headers["content-type"].startswith("text/javascript")


async def test_another_name_for_the_same_address_is_refused(site: Site) -> None:
    port = site.base.rpartition(":")[2]
    for host in (f"localhost:{port}", f"evil.example:{port}", "127.0.0.1"):
        assert (await site.request("GET", "/", headers={"Host": host})).status == 403


async def test_a_post_of_another_page_is_refused(site: Site) -> None:
    body = b'{"prompt":"x","model":"","message_id":"m","conversation_id":"c"}'
    kind = {"Content-Type": "application/json"}
    for origin in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}):
        assert (await site.request("POST", "/answer", body, {**kind, **origin})).status == 403
    simple = {"Origin": site.base, "Content-Type": "text/plain"}
    assert (await site.request("POST", "/answer", body, simple)).status == 415


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/other", 404), ("GET", "/answer", 405), ("POST", "/", 404), ("GET", "/favicon.ico", 404)],
)
async def test_there_is_nothing_else(site: Site, method: str, path: str, status: int) -> None:
    assert (await site.request(method, path)).status == status


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"prompt":1,"model":"","message_id":"m"}'])
async def test_a_body_the_page_would_not_send_is_refused(site: Site, body: bytes) -> None:
    assert (await site.request("POST", "/answer", body, site.headers())).status == 400


async def test_an_answer_streams_and_ends_with_its_sign(site: Site, provider: Provider) -> None:
    prompt = "Grüße 👩‍👩‍👧\n\n\tשלום" * 100
    reply = await site.ask(prompt)
    assert reply.status == 200
    assert reply.whole
    events = decode(provider, [reply.body])
    assert events[:2] == [ConversationSeen("c-1", "m-1"), ModelSeen("echo")]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == prompt
    assert events[-1] == AnswerEnded(FinishReason.STOP)


async def test_half_a_character_typed_by_hand_comes_back(site: Site, provider: Provider) -> None:
    events = decode(provider, [(await site.ask("half \ud83d of it")).body])
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "half \ud83d of it"


@pytest.mark.parametrize(
    ("kind", "status", "retry_after", "error"),
    [
        ("rate-limit", 429, 7, errors.RateLimited),
        ("overloaded", 503, 3, errors.SiteOverloaded),
        ("signed-out", 401, None, errors.SignedOut),
        ("server", 500, None, errors.GenerationFailed),
    ],
)
async def test_a_refusal_becomes_its_typed_error(
    site: Site, provider: Provider, kind: str, status: int, retry_after: int | None, error: type
) -> None:
    reply = await site.ask(f"/error {kind}")
    assert reply.status == status
    refusal = provider.refusal(reply.status, reply.headers, reply.body)
    assert type(refusal) is error
    assert refusal.retry_after_seconds == retry_after


async def test_a_cut_answer_ends_without_its_last_chunk(site: Site, provider: Provider) -> None:
    reply = await site.ask("/error cut")
    assert not reply.whole
    assert not any(isinstance(event, AnswerEnded) for event in decode(provider, [reply.body]))


async def test_stop_ends_an_answer_that_hangs(site: Site, provider: Provider) -> None:
    replies: list[Reply] = []
    stop = json.dumps({"message_id": "m-1"}).encode()

    async def ask() -> None:
        replies.append(await site.ask("/error stall"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        # Until the answer is under way there is nothing to stop, and the server says so.
        while not json.loads((await site.request("POST", "/stop", stop, site.headers())).body)["stopped"]:
            await trio.lowlevel.checkpoint()
    assert decode(provider, [replies[0].body])[-1] == AnswerEnded(FinishReason.INTERRUPTED)


async def test_a_reader_who_left_ends_the_answer_and_leaves_nothing_behind(
    autojump_clock: trio.testing.MockClock,
) -> None:
    application = importlib.import_module("cdp_relay.providers._practice_site")._Site(page=b"", script=b"")
    application.origin = "http://127.0.0.1:1"
    headers = {"host": "127.0.0.1:1", "origin": application.origin, "content-type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/answer",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    body = b'{"prompt":"/error stall","model":"","message_id":"gone","conversation_id":"c"}'
    to_application, receive = trio.open_memory_channel[dict[str, Any]](2)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(message)

    await to_application.send({"type": "http.request", "body": body})
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(application, scope, receive.receive, send)
            await trio.testing.wait_all_tasks_blocked()
            assert list(application._answers) == ["gone"]
            await to_application.send({"type": "http.disconnect"})
    assert not application._answers
    assert all(message.get("more_body", True) for message in sent)


# --- the definition ------------------------------------------------------------------------------


def test_the_models_are_the_scripts(provider: Provider) -> None:
    assert [offer.id for offer in provider.site.models] == [
        "echo", "lorem", "code", "markdown", "slow", "thinking", "picture", "error",
    ]  # fmt: skip
    assert {offer.id for offer in provider.site.models} == set(scripts.SCRIPTS)
    assert all(offer.label for offer in provider.site.models)


async def test_addresses_stand_on_the_served_base(site: Site, provider: Provider) -> None:
    provider.base = site.base
    assert provider.new_chat_url(None) == f"{site.base}/"
    assert provider.new_chat_url("lorem") == f"{site.base}/?model=lorem"
    assert provider.is_submission("POST", f"{site.base}/answer")
    assert not provider.is_submission("POST", f"{site.base}/stop")
    assert provider.is_home(f"{site.base}/")
