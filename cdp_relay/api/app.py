"""The routes: what each path answers. Runs behind the :class:`~cdp_relay.api.door.Door`."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import attrs
import trio
from quart import Response, request
from quart_trio import QuartTrio

from cdp_relay.api.catalogue import model_list, model_object, readiness
from cdp_relay.api.chat_answer import ChunkWriter, WholeAnswer
from cdp_relay.api.chat_request import ChatCompletion, read_chat_completion
from cdp_relay.api.contract import RelayLike
from cdp_relay.api.exchange import Exchange, current_exchange
from cdp_relay.api.failure import header_text, render_failure
from cdp_relay.api.json_body import parse_object
from cdp_relay.api.parameters import CHAT_HEADER, ignored_parameters, read_chat
from cdp_relay.api.turn import start_turn
from cdp_relay.chat.status import Route
from cdp_relay.errors import ModelNotFound, NotFound, RelayError
from cdp_relay.settings import ServerSettings

__all__ = ["build_app"]

_THREAD_BYTES = 1 << 20
"""Bodies above this are parsed in a thread: 32 MiB of JSON take about a third of a second."""
_MAX_IGNORED_NAMES = 40


def build_app(relay: RelayLike, settings: ServerSettings, base_url: Callable[[], str]) -> QuartTrio:
    """Make the application.

    Args:
      base_url: what a client should have as its base URL; named where a path is wrong.
    """
    app = QuartTrio(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    # The door has read and bounded the body; a stream may last for hours.
    app.config["MAX_CONTENT_LENGTH"] = None
    app.config["RESPONSE_TIMEOUT"] = None
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    def route(path: str, *methods: str) -> Callable[[_Handler], _Handler]:
        return app.route(path, methods=list(methods), provide_automatic_options=False)

    @route("/", "GET", "HEAD")
    async def greet() -> Response:
        if request.method != "HEAD":  # a base URL that lacks its /v1
            raise NotFound("There is nothing at this path.")
        return Response(b"", 200, {"content-type": "application/json"})

    @route("/health", "GET")
    async def health() -> Response:
        return _json({"status": "ok"})

    @route("/ready", "GET")
    async def ready() -> Response:
        state = readiness(relay.status(), relay.route("").site, time.time())
        headers = {} if state.retry_after is None else {"retry-after": str(state.retry_after)}
        return _json(state.body, 200 if state.ready else 503, headers)

    @route("/v1/models", "GET")
    async def list_models() -> Response:
        failures: Mapping[str, RelayError] = {}
        refresh = request.args.get("refresh", "")
        if refresh not in ("", "0", "false"):
            site = None if refresh in ("1", "true", "all") else refresh
            failures = await relay.look_up_models(site)
        return _json(model_list(relay.models(), failures))

    @route("/v1/models/<path:model>", "GET")
    async def show_model(model: str) -> Response:
        for info in relay.models():
            if info.id == model:
                return _json(model_object(info))
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

    @route("/v1/chat/completions", "POST")
    async def chat_completions() -> Response:
        exchange = current_exchange(request.scope)
        asked = await _read(exchange)
        target = relay.route(asked.request.model)
        exchange.site, exchange.model = target.site, header_text(asked.request.model, 100)
        exchange.headers |= _describe(asked, target)
        if asked.stream:
            return await _answer_in_chunks(relay, asked, exchange, target, settings)
        return await _answer_whole(relay, asked, exchange, target)

    @app.errorhandler(Exception)
    async def fail(error: Exception) -> Response:
        exchange = current_exchange(request.scope)
        shown = exchange.failed(error)
        if type(shown) is NotFound:
            shown = _lead_to_base_url(request.path, base_url())
        failure = render_failure(shown, exchange.id)
        return Response(failure.body, failure.status, failure.headers)

    return app


_Handler = Callable[..., Awaitable[Response]]


# --- chat completions ----------------------------------------------------------------------------


async def _read(exchange: Exchange) -> ChatCompletion:
    if len(exchange.body) > _THREAD_BYTES:
        body = await trio.to_thread.run_sync(parse_object, exchange.body)
    else:
        body = parse_object(exchange.body)
    exchange.body = b""
    chat = read_chat(request.headers.get(CHAT_HEADER))
    return read_chat_completion(body, request_id=exchange.id, client=exchange.client, chat=chat)


async def _answer_whole(
    relay: RelayLike, asked: ChatCompletion, exchange: Exchange, target: Route
) -> Response:
    answer = WholeAnswer(id=_answer_id(exchange), created=int(time.time()), label=asked.request.model)
    with exchange.turn:
        async with aclosing(relay.ask(asked.request)) as events:
            async for event in events:
                answer.feed(event)
    if exchange.turn.cancelled_caught:
        raise exchange.interruption()
    end = answer.end
    exchange.site = end.site
    exchange.headers |= {"x-cdp-relay-site": end.site, "x-cdp-relay-capture": header_text(end.capture)}
    if end.model is not None:
        exchange.headers["x-cdp-relay-model"] = header_text(end.model)
    if end.conversation_id is not None:
        exchange.headers["x-cdp-relay-conversation"] = header_text(end.conversation_id)
    _add_notices(exchange, answer.notices)
    return Response(answer.render(), 200, {"content-type": "application/json"})


async def _answer_in_chunks(
    relay: RelayLike, asked: ChatCompletion, exchange: Exchange, target: Route, settings: ServerSettings
) -> Response:
    turn = start_turn(relay, asked.request, exchange)
    await turn.accepted(settings.hold_headers_seconds)
    _add_notices(exchange, turn.notices)
    if turn.model is not None:
        exchange.headers["x-cdp-relay-model"] = header_text(turn.model)
    if turn.from_page:
        exchange.headers["x-cdp-relay-capture"] = "page"
    writer = ChunkWriter(
        id=_answer_id(exchange),
        created=int(time.time()),
        label=asked.request.model,
        include_usage=asked.include_usage,
        request_id=exchange.id,
    )
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        # A stream that broke is to end visibly, with its connection.
        "connection": "close",
    }
    response = Response(turn.stream(writer, settings.keepalive_seconds), 200, headers)
    response.timeout = None
    return response


def _answer_id(exchange: Exchange) -> str:
    return "chatcmpl-" + exchange.id.removeprefix("req_")


def _describe(asked: ChatCompletion, target: Route) -> dict[str, str]:
    headers = {"x-cdp-relay-site": header_text(target.site)}
    if target.model is not None:
        headers["x-cdp-relay-model"] = header_text(target.model)
    if target.by_default:
        headers["x-cdp-relay-notice"] = _about_the_label(asked.request.model, target)
    ignored = ignored_parameters(asked.given, target.honours)
    if ignored:
        names = ", ".join(header_text(name, 60) for name in ignored[:_MAX_IGNORED_NAMES])
        headers["x-cdp-relay-ignored"] = header_text(names, 1000)
    return headers


def _about_the_label(label: str, target: Route) -> str:
    site, _, model = label.partition("/")
    if site == target.site:
        shown = header_text(model, 80)
        return f"The site '{site}' lists no model '{shown}'; it answers with the model that it chooses."
    shown = header_text(label, 80)
    return f"The label '{shown}' names no site of this relay; the default site '{target.site}' answers."


def _add_notices(exchange: Exchange, notices: list[str]) -> None:
    present = exchange.headers.get("x-cdp-relay-notice")
    sentences = [present] if present else []
    sentences += [header_text(notice) for notice in notices]
    if sentences:
        exchange.headers["x-cdp-relay-notice"] = header_text(" ".join(sentences), 1000)


# --- the rest ------------------------------------------------------------------------------------


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, default=str).encode()
    return Response(body, status, {"content-type": "application/json", **(headers or {})})


def _lead_to_base_url(path: str, base_url: str) -> NotFound:
    shown = header_text(path, 100)
    if path.rstrip("/") in ("/v1/responses", "/v1/messages", "/v1/completions", "/v1/embeddings"):
        return NotFound(
            f"{shown} is not offered.", next_step=f"Use Chat Completions: POST {base_url}/chat/completions."
        )
    return NotFound(
        f"There is nothing at {shown}.",
        next_step=f"Set the base URL to {base_url}; clients add /chat/completions or /models to it.",
    )
