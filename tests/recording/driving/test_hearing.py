"""What was said in a session that nobody's turn ran in, decoded from what was recorded."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from cdp_relay.chat.contract import Provider, Submission
from cdp_relay.chat.registry import load_provider
from cdp_relay.recording.driving.hearing import hear_exchanges
from cdp_relay.recording.session import Body, Exchange, Heard, KnownText
from tests.recording.streams import SITES, TEXT, recorded


def provider_of(site: str, *prompts: str) -> Provider:
    """The site's provider, which finds these prompts in whatever was sent."""
    provider = load_provider(site)
    sent = iter(prompts or ("Hi",))
    provider.read_submission = lambda body: Submission(prompt=next(sent))  # type: ignore[method-assign]
    return provider


def asked(site: str) -> Exchange:
    """The prompt's request in a recording of one turn, at the host that takes it."""
    found = next(one for one in recorded(site).exchanges if one.request.method == "POST")
    definition = load_provider(site).site
    host = (definition.submission.hosts or definition.pages.hosts)[0]
    url = urlsplit(found.request.url)._replace(netloc=host).geturl()
    return attrs.evolve(found, request=attrs.evolve(found.request, url=url))


def kinds(heard: tuple[Heard, ...]) -> list[str]:
    return [str(one.event["event"]) for one in heard]


def text_of(heard: tuple[Heard, ...]) -> str:
    return "".join(one.event["text"] for one in heard if one.event["event"] == "TextDelta")


@pytest.mark.parametrize("site", SITES)
def test_an_answer_is_heard_at_the_times_of_its_chunks(site: str) -> None:
    exchange = asked(site)

    heard, texts = hear_exchanges(provider_of(site), [exchange])

    assert text_of(heard) == TEXT
    assert kinds(heard)[0] == "StepReached"
    assert kinds(heard)[-1] == "Finished"
    assert heard[-1].event["finish_reason"] == "stop"
    response = exchange.response
    assert response is not None
    assert {one.at for one in heard[1:]} <= {chunk.at for chunk in response.chunks}
    assert [one.at for one in heard] == sorted(one.at for one in heard)
    assert texts == (KnownText("prompt", "Hi"), KnownText("answer", TEXT))


@pytest.mark.parametrize("site", SITES)
def test_an_answer_that_broke_off_is_never_said_to_be_whole(site: str) -> None:
    exchange = asked(site)
    assert exchange.response is not None
    assert exchange.response.body is not None
    half = exchange.response.body.read()[: exchange.response.body.size // 2]
    cut = attrs.evolve(exchange, response=attrs.evolve(exchange.response, body=Body.of(half), chunks=()))

    heard, _ = hear_exchanges(provider_of(site), [cut])

    assert heard[-1].event["event"] == "error"
    assert heard[-1].event["code"] == "answer_incomplete"


def test_an_answer_that_the_page_stopped_is_said_to_be_stopped() -> None:
    exchange = asked("claude")
    assert exchange.response is not None
    head = attrs.evolve(exchange.response, chunks=exchange.response.chunks[:4])
    assert head.body is not None
    head = attrs.evolve(head, body=Body.of(head.body.read()[: sum(chunk.size for chunk in head.chunks)]))
    stopped = attrs.evolve(exchange, response=head, error="net::ERR_ABORTED")

    heard, _ = hear_exchanges(provider_of("claude"), [stopped])

    assert (heard[-1].event["event"], heard[-1].event["step"]) == ("StepReached", "stopped")


def test_a_request_that_stops_an_answer_says_that_it_was_stopped() -> None:
    exchange = asked("gemini")
    assert exchange.response is not None
    assert exchange.response.body is not None
    head = exchange.response.body.read()[: exchange.response.chunks[0].size]
    cut = attrs.evolve(exchange, response=attrs.evolve(exchange.response, body=Body.of(head), chunks=()))
    url = "https://gemini.google.com/_/BardChatUi/data/batchexecute?rpcids=NkpXw&rt=c"
    stop = attrs.evolve(cut, id="9", at=cut.at + 1, request=attrs.evolve(cut.request, url=url))

    heard, _ = hear_exchanges(provider_of("gemini"), [cut, stop])

    assert (heard[-1].event["event"], heard[-1].event["step"]) == ("StepReached", "stopped")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, b'{"detail": "Too many requests"}', "rate_limit_exceeded"),
        (503, b"", "site_overloaded"),
        (401, b"{}", "signed_out"),
    ],
)
def test_a_refusal_is_heard_as_its_error(status: int, body: bytes, code: str) -> None:
    exchange = asked("claude")
    assert exchange.response is not None
    refusal: dict[str, Any] = {"status": status, "body": Body.of(body), "chunks": ()}
    refused = attrs.evolve(exchange, response=attrs.evolve(exchange.response, **refusal))

    heard, _ = hear_exchanges(provider_of("claude"), [refused])

    assert [one.event.get("code") for one in heard] == [None, code]


def test_two_answers_are_heard_apart_and_a_service_workers_half_not_at_all() -> None:
    first = asked("claude")
    later = attrs.evolve(first, id="3", at=50.0)
    twice = attrs.evolve(first, id="4", source="service_worker")

    heard, texts = hear_exchanges(provider_of("claude", "Hi", "Again"), [first, twice, later])

    assert kinds(heard).count("Finished") == 2
    assert [known.text for known in texts] == ["Hi", TEXT, "Again"]


def test_other_requests_are_no_answers() -> None:
    exchange = asked("claude")
    other = attrs.evolve(
        exchange, request=attrs.evolve(exchange.request, url="https://claude.ai/api/account")
    )
    assert hear_exchanges(provider_of("claude"), [other]) == ((), ())
