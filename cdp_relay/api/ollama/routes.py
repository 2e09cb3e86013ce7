"""The paths under ``/api`` that editors use: asking, listing, and what they check before that."""

from __future__ import annotations

from collections.abc import Callable

from quart import Response, request

from cdp_relay.api.asking import answer, answer_facts, read_body
from cdp_relay.api.exchange import current_exchange
from cdp_relay.api.failure import header_text
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.ollama.answer import loaded
from cdp_relay.api.ollama.models import VERSION, model_details, model_tags
from cdp_relay.api.ollama.request import OllamaRequest, read_chat_request, read_generate_request
from cdp_relay.api.parameters import CHAT_HEADER, read_chat, read_label
from cdp_relay.api.service import AddRoute, Service
from cdp_relay.errors import ModelNotFound

__all__ = ["add_routes"]


def add_routes(route: AddRoute, service: Service) -> None:
    """Add the dialect's routes."""

    @route("/api/version", "GET", "HEAD")
    async def version() -> Response:
        return _json(dump_json({"version": VERSION}))

    @route("/api/tags", "GET", "HEAD")
    async def tags() -> Response:
        return _json(dump_json(model_tags(service.relay.models())))

    @route("/api/ps", "GET", "HEAD")
    async def running() -> Response:
        # No model is in this machine's memory.
        return _json(dump_json({"models": []}))

    @route("/api/show", "POST")
    async def show() -> Response:
        body = await read_body(current_exchange(request.scope))
        named = body.get("name") if body.get("model").is_null else body.get("model")
        label = read_label(named)
        for info in service.relay.models():
            if info.id in (label, label.removesuffix(":latest")):
                return _json(dump_json(model_details(info)))
        raise ModelNotFound(
            f"model '{header_text(label, 100)}' not found.",
            param=named.path,
            next_step="GET /api/tags lists them.",
        )

    @route("/api/chat", "POST")
    async def chat() -> Response:
        return await _ask(service, read_chat_request)

    @route("/api/generate", "POST")
    async def generate() -> Response:
        return await _ask(service, read_generate_request)


async def _ask(service: Service, read: Callable[..., OllamaRequest]) -> Response:
    exchange = current_exchange(request.scope)
    body = await read_body(exchange)
    chat = read_chat(request.headers.get(CHAT_HEADER))
    understood = read(body, request_id=exchange.id, client=exchange.client, chat=chat)
    asked = understood.asked()
    if understood.only_loads:
        unload = body.get("keep_alive").value in (0, "0", "0s")
        facts = answer_facts(asked, exchange)
        return _json(loaded(understood.manner, facts.created, unload=unload))
    return await answer(service, asked, exchange)


def _json(body: bytes) -> Response:
    return Response(b"" if request.method == "HEAD" else body, 200, {"content-type": "application/json"})
