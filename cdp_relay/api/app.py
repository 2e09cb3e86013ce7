"""The routes: what each path answers. Runs behind the :class:`~cdp_relay.api.door.Door`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from quart import Response, request
from quart_trio import QuartTrio

from cdp_relay.api.catalogue import model_list, model_object, readiness
from cdp_relay.api.chat_completions import routes as chat_completions
from cdp_relay.api.completions import routes as completions
from cdp_relay.api.exchange import current_exchange
from cdp_relay.api.failure import header_text, render_failure
from cdp_relay.api.json_body import parse_object
from cdp_relay.api.messages import routes as messages
from cdp_relay.api.messages.models import model_entry, model_page
from cdp_relay.api.metrics import add_metrics
from cdp_relay.api.ollama import routes as ollama
from cdp_relay.api.requests import routes as requests
from cdp_relay.api.responses import routes as responses
from cdp_relay.api.responses.keeping import keep_responses
from cdp_relay.api.service import Handler, Service
from cdp_relay.api.signposts import lead
from cdp_relay.api.status import add_status
from cdp_relay.errors import ModelNotFound, NotFound, RelayError

__all__ = ["build_app"]


def build_app(service: Service) -> QuartTrio:
    """Make the application: what all dialects share here, and the routes of each."""
    relay = service.relay
    app = QuartTrio(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    # The door has read and bounded the body; a stream may last for hours.
    app.config["MAX_CONTENT_LENGTH"] = None
    app.config["RESPONSE_TIMEOUT"] = None
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    def route(path: str, *methods: str) -> Callable[[Handler], Handler]:
        return app.route(path, methods=list(methods), provide_automatic_options=False)

    @route("/", "GET", "HEAD")
    async def greet() -> Response:
        if request.method != "HEAD":  # a base URL that lacks its /v1
            raise NotFound("There is nothing at this path.")
        return Response(b"", 200, {"content-type": "application/json"})

    @app.before_request
    async def note_route() -> None:
        rule = request.url_rule
        current_exchange(request.scope).route = "" if rule is None else str(rule.rule)

    @route("/health", "GET")
    async def health() -> Response:
        return _json({"status": "ok"})

    @route("/ready", "GET")
    async def ready() -> Response:
        state = readiness(relay.status(), relay.route(""), time.time(), service.journal_health)
        headers = {} if state.retry_after is None else {"retry-after": str(state.retry_after)}
        return _json(state.body, 200 if state.ready else 503, headers)

    @route("/v1/models", "GET")
    async def list_models() -> Response:
        failures: Mapping[str, RelayError] = {}
        refresh = request.args.get("refresh", "")
        if refresh not in ("", "0", "false"):
            site = None if refresh in ("1", "true", "all") else refresh
            failures = await relay.look_up_models(site)
        if current_exchange(request.scope).anthropic:
            names = ("limit", "after_id", "before_id")
            return _json(model_page(relay.models(), **{name: request.args.get(name, "") for name in names}))
        return _json(model_list(relay.models(), failures))

    @route("/v1/models/<path:model>", "GET")
    async def show_model(model: str) -> Response:
        for info in relay.models():
            if info.id == model:
                form = model_entry if current_exchange(request.scope).anthropic else model_object
                return _json(form(info))
        raise ModelNotFound(f"No model {header_text(model, 100)!r} is listed.", param="model")

    @route("/v1/sites/<site>/examine", "POST")
    async def examine_site(site: str) -> Response:
        exchange = current_exchange(request.scope)
        body = parse_object(exchange.body) if exchange.body else None
        ask = body.get("ask") if body is not None else None
        with exchange.turn:
            report = await relay.examine(
                header_text(site, 100), ask=ask is not None and not ask.is_null and ask.boolean()
            )
        if exchange.turn.cancelled_caught:
            raise exchange.interruption()
        return _json({**attrs.asdict(report), "ok": report.ok})

    kept = keep_responses(service)
    chat_completions.add_routes(route, service)
    completions.add_routes(route, service)
    responses.add_routes(route, service, kept)
    messages.add_routes(route, service)
    ollama.add_routes(route, service)
    requests.add_routes(route, service, kept)
    add_metrics(route, service)
    add_status(route, service)

    @app.errorhandler(Exception)
    async def fail(error: Exception) -> Response:
        exchange = current_exchange(request.scope)
        shown = exchange.failed(error)
        if type(shown) is NotFound and shown.param is None:
            shown = lead(request.path, service.base_url())
        failure = render_failure(shown, exchange.id, exchange.form)
        return Response(failure.body, failure.status, failure.headers)

    return app


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, default=str).encode()
    return Response(body, status, {"content-type": "application/json", **(headers or {})})
