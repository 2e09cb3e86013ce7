"""``POST /v1/completions``."""

from __future__ import annotations

from quart import Response, request

from cdp_relay.api.asking import answer, read_body
from cdp_relay.api.completions.request import read_completion
from cdp_relay.api.exchange import current_exchange
from cdp_relay.api.parameters import CHAT_HEADER, read_chat
from cdp_relay.api.service import AddRoute, Service

__all__ = ["add_routes"]


def add_routes(route: AddRoute, service: Service) -> None:
    """Add the dialect's routes."""

    @route("/v1/completions", "POST")
    async def completions() -> Response:
        exchange = current_exchange(request.scope)
        body = await read_body(exchange)
        chat = read_chat(request.headers.get(CHAT_HEADER))
        completion = read_completion(body, request_id=exchange.id, client=exchange.client, chat=chat)
        return await answer(service, completion.asked(), exchange)
