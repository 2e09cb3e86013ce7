"""Ask the relay and answer in whatever dialect the request came: whole, or as a stream."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import attrs
import trio
from quart import Response, request

from cdp_relay.api.dialect import AnswerFacts, Asked, WholeWriter, no_end
from cdp_relay.api.exchange import Exchange
from cdp_relay.api.failure import header_text
from cdp_relay.api.json_body import Field, parse_object
from cdp_relay.api.parameters import ignored_parameters
from cdp_relay.api.sender import read_sender
from cdp_relay.api.service import Service
from cdp_relay.api.turn import start_turn
from cdp_relay.chat.fingerprint import fingerprint
from cdp_relay.chat.labels import desk_name, split_desk
from cdp_relay.chat.status import Route
from cdp_relay.chat.vocabulary import AnswerShared, ChatRequest, Finished

__all__ = [
    "add_notices",
    "answer",
    "answer_facts",
    "describe_end",
    "describe_route",
    "read_body",
    "signed",
    "stream_response",
]

_THREAD_BYTES = 1 << 20
"""Bodies above this are parsed in a thread: 32 MiB of JSON take about a third of a second."""
_MAX_IGNORED_NAMES = 40


async def read_body(exchange: Exchange) -> Field:
    """Parse the request's body, which has to be one JSON object, and what its head says of the sender.

    Raises:
      InvalidRequest: it is not, or the head's words are wrong.
    """
    body, exchange.body = exchange.body, b""
    if len(body) > _THREAD_BYTES:
        parsed = await trio.to_thread.run_sync(parse_object, body)
    else:
        parsed = parse_object(body)
    exchange.sender = read_sender(
        {name.lower(): value for name, value in request.headers.items()}, parsed.value
    )
    return parsed


async def signed(asked: ChatRequest, exchange: Exchange) -> ChatRequest:
    """The request with what its sender says of it, and with its fingerprint."""
    large = sum(len(file.data) for message in asked.messages for file in message.files) > _THREAD_BYTES
    mark = await trio.to_thread.run_sync(fingerprint, asked) if large else fingerprint(asked)
    sender = exchange.sender
    return attrs.evolve(asked, session=sender.session, key=sender.key, retry=sender.retry, fingerprint=mark)


async def answer(service: Service, asked: Asked, exchange: Exchange) -> Response:
    """Run the turn, and answer in the request's dialect.

    Raises:
      RelayError: there is no answer, or none yet whose status line would have been sent.
    """
    asked = attrs.evolve(asked, request=await signed(asked.request, exchange))
    exchange.headers |= describe_route(service, asked, exchange)
    facts = answer_facts(asked, exchange)
    if asked.stream:
        return await _answer_in_chunks(service, asked, exchange, facts)
    return await _answer_whole(service, asked, exchange, facts)


def answer_facts(asked: Asked, exchange: Exchange) -> AnswerFacts:
    """What is settled about the answer to a request."""
    return AnswerFacts(
        id=exchange.id.removeprefix("req_"),
        request_id=exchange.id,
        created=int(time.time()),
        label=asked.request.model,
    )


def shared_facts(shared: AnswerShared, facts: AnswerFacts, exchange: Exchange) -> AnswerFacts:
    """The facts of an answer that is another request's: its id and its time are that one's."""
    exchange.headers |= {
        "x-cdp-relay-shared": "kept" if shared.kept else "running",
        "x-cdp-relay-request": header_text(shared.request),
    }
    return attrs.evolve(facts, id=shared.request.removeprefix("req_"), created=int(shared.begun_at))


def describe_route(service: Service, asked: Asked, exchange: Exchange) -> dict[str, str]:
    """Note for the log where the request goes; the headers that tell the client."""
    label = asked.request.model
    target = service.relay.route(label)
    exchange.site, exchange.model = target.name, header_text(label, 100)
    headers = {}
    if not target.chain:  # else only the turn finds out
        headers["x-cdp-relay-site"] = header_text(target.desk)
        if target.model is not None:
            headers["x-cdp-relay-model"] = header_text(target.model)
    if target.by_default:
        headers["x-cdp-relay-notice"] = _about_the_label(label, target)
    ignored = ignored_parameters(asked.given, target.honours)
    if ignored:
        names = ", ".join(header_text(name, 60) for name in ignored[:_MAX_IGNORED_NAMES])
        headers["x-cdp-relay-ignored"] = header_text(names, 1000)
    return headers


def describe_end(end: Finished, exchange: Exchange) -> None:
    """Put into the headers what only the end of a turn says."""
    exchange.site = end.site
    exchange.headers |= {"x-cdp-relay-site": end.site, "x-cdp-relay-capture": header_text(end.capture)}
    if end.model is not None:
        exchange.headers["x-cdp-relay-model"] = header_text(end.model)
    if end.conversation_id is not None:
        exchange.headers["x-cdp-relay-conversation"] = header_text(end.conversation_id)


async def _answer_whole(service: Service, asked: Asked, exchange: Exchange, facts: AnswerFacts) -> Response:
    writer: WholeWriter | None = None
    with exchange.turn:
        async with aclosing(service.relay.ask(asked.request)) as events:
            async for event in events:
                if isinstance(event, AnswerShared):
                    facts = shared_facts(event, facts, exchange)
                writer = writer or asked.new_whole(facts)
                writer.feed(event)
    if exchange.turn.cancelled_caught:
        raise exchange.interruption()
    if writer is None:
        raise no_end()
    describe_end(writer.end, exchange)
    add_notices(exchange, writer.notices)
    return Response(writer.render(), 200, {"content-type": "application/json"})


async def _answer_in_chunks(
    service: Service, asked: Asked, exchange: Exchange, facts: AnswerFacts
) -> Response:
    turn = start_turn(service.relay.ask(asked.request), exchange)
    await turn.accepted(service.settings.hold_headers_seconds)
    add_notices(exchange, turn.notices)
    if turn.shared is not None:
        facts = shared_facts(turn.shared, facts, exchange)
    if turn.conversation_id is not None:
        exchange.headers["x-cdp-relay-conversation"] = header_text(turn.conversation_id)
    if turn.site is not None:
        exchange.site = exchange.headers["x-cdp-relay-site"] = header_text(turn.site)
    if turn.model is not None:
        exchange.headers["x-cdp-relay-model"] = header_text(turn.model)
    if turn.from_page:
        exchange.headers["x-cdp-relay-capture"] = "page"
    stream = turn.stream(asked.new_stream(facts), service.settings.keepalive_seconds)
    return stream_response(stream, asked.stream_type)


def stream_response(stream: AsyncGenerator[bytes, None], media_type: str) -> Response:
    """A response that lasts for as long as its stream does."""
    headers = {
        "content-type": media_type,
        "cache-control": "no-cache, no-transform",
        # A stream that broke is to end visibly, with its connection.
        "connection": "close",
    }
    response = Response(stream, 200, headers)
    response.timeout = None
    return response


def _about_the_label(label: str, target: Route) -> str:
    site, _, model = label.partition("/")
    if desk_name(*split_desk(site)) == target.desk:
        shown = header_text(model, 80)
        return (
            f"The site '{target.desk}' lists no model '{shown}'; it answers with the model that it chooses."
        )
    shown = header_text(label, 80)
    return f"The label '{shown}' names no site of this relay; the default site '{target.name}' answers."


def add_notices(exchange: Exchange, notices: list[str]) -> None:
    """Put sentences for the client into the headers, after those that are there."""
    present = exchange.headers.get("x-cdp-relay-notice")
    sentences = [present] if present else []
    sentences += [header_text(notice) for notice in notices]
    if sentences:
        exchange.headers["x-cdp-relay-notice"] = header_text(" ".join(sentences), 1000)
