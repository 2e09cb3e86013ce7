"""``POST /v1/messages`` and ``POST /v1/messages/count_tokens``."""

from __future__ import annotations

from quart import Response, request

from cdp_relay.api.asking import add_notices, answer, answer_facts, describe_route, read_body
from cdp_relay.api.counting import count_input
from cdp_relay.api.dialect import SSE_TYPE
from cdp_relay.api.exchange import Exchange, current_exchange
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.messages._shape import EXTENSION
from cdp_relay.api.messages.request import MessagesRequest, read_messages
from cdp_relay.api.parameters import CHAT_HEADER, read_chat
from cdp_relay.api.service import AddRoute, Service
from cdp_relay.chat.vocabulary import Finished, FinishReason, Usage

__all__ = ["add_routes"]


def add_routes(route: AddRoute, service: Service) -> None:
    """Add the dialect's routes."""

    @route("/v1/messages", "POST")
    async def messages() -> Response:
        exchange = current_exchange(request.scope)
        read = await _read(exchange)
        if read.is_probe:
            return await _answer_probe(service, read, exchange)
        counted = await count_input(service.relay, read.request) if read.stream else None
        return await answer(service, read.asked(counted.tokens if counted else 0), exchange)

    @route("/v1/messages/count_tokens", "POST")
    async def count_tokens() -> Response:
        exchange = current_exchange(request.scope)
        counted = await count_input(service.relay, (await _read(exchange)).request)
        told = {"usage_estimated": counted.source == "estimate", "usage_source": counted.source}
        return _json(dump_json({"input_tokens": counted.tokens, EXTENSION: told}))


async def _read(exchange: Exchange) -> MessagesRequest:
    body = await read_body(exchange)
    chat = read_chat(request.headers.get(CHAT_HEADER))
    return read_messages(body, request_id=exchange.id, client=exchange.client, chat=chat)


async def _answer_probe(service: Service, read: MessagesRequest, exchange: Exchange) -> Response:
    """Answer without the site; no word of it is made up, so there is none."""
    counted = await count_input(service.relay, read.request)
    asked = read.asked(counted.tokens)
    exchange.headers |= describe_route(service, asked, exchange)
    end = Finished(
        finish_reason=FinishReason.LENGTH,
        usage=Usage(
            prompt_tokens=counted.tokens,
            completion_tokens=read.request.wishes.max_output_tokens or 0,
            estimated=counted.source == "estimate",
            source=counted.source,
        ),
        site=exchange.site or "",
        model=None,
        capture="none",
    )
    facts = answer_facts(asked, exchange)
    notice = "An answer of at most one token is not asked of the site."
    add_notices(exchange, [notice])
    if read.stream:
        stream = asked.new_stream(facts)
        stream.notices.append(notice)
        return Response(stream.open() + stream.feed(end), 200, {"content-type": SSE_TYPE})
    whole = asked.new_whole(facts)
    whole.notices.append(notice)
    whole.feed(end)
    return _json(whole.render())


def _json(body: bytes) -> Response:
    return Response(body, 200, {"content-type": "application/json"})
