"""``/v1/responses``, and the answers that are kept there."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
from quart import Response, request

from cdp_relay.api.asking import (
    answer,
    answer_facts,
    describe_route,
    read_body,
    signed,
    stream_response,
)
from cdp_relay.api.counting import count_input
from cdp_relay.api.dialect import SSE_TYPE
from cdp_relay.api.exchange import Exchange, current_exchange
from cdp_relay.api.failure import header_text
from cdp_relay.api.json_body import Field
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.parameters import CHAT_HEADER, read_chat
from cdp_relay.api.responses.answer import Keep
from cdp_relay.api.responses.items import Item
from cdp_relay.api.responses.keeping import KeptResponses
from cdp_relay.api.responses.request import ResponseAsked, read_response_request
from cdp_relay.api.responses.retold import kept_events, response_of_turn, writer_of_turn
from cdp_relay.api.responses.running import Run, follow
from cdp_relay.api.responses.store import StoredResponse
from cdp_relay.api.service import AddRoute, Service
from cdp_relay.api.turn import start_turn
from cdp_relay.errors import InvalidRequest, NotFound
from cdp_relay.store import StoredTurn

__all__ = ["add_routes"]

_MOST_ITEMS, _SOME_ITEMS = 100, 20


def add_routes(route: AddRoute, service: Service, kept: KeptResponses) -> None:
    """Add the dialect's routes."""
    door = _Responses(service, kept)

    @route("/v1/responses", "POST")
    async def create() -> Response:
        return await door.create(current_exchange(request.scope))

    @route("/v1/responses/input_tokens", "POST")
    async def count() -> Response:
        return await door.count(current_exchange(request.scope))

    @route("/v1/responses/<response_id>", "GET")
    async def retrieve(response_id: str) -> Response:
        return await door.retrieve(current_exchange(request.scope), response_id)

    @route("/v1/responses/<response_id>", "DELETE")
    async def delete(response_id: str) -> Response:
        await door.delete(response_id)
        return _json({"id": response_id, "object": "response", "deleted": True})

    @route("/v1/responses/<response_id>/cancel", "POST")
    async def cancel(response_id: str) -> Response:
        response = await door.kept_or_404(response_id)
        if response.run is None:
            raise InvalidRequest(
                "Only an answer that was asked for with 'background' can be cancelled.",
                param="response_id",
                next_step="Close the connection of an answer in the foreground to stop it, or POST "
                "/v1/requests/ID/cancel.",
            )
        response.run.cancel()
        return _json_bytes(response.render())

    @route("/v1/responses/<response_id>/input_items", "GET")
    async def list_input_items(response_id: str) -> Response:
        return _json(_page_of_items((await door.kept_or_404(response_id)).items, request.args))


@attrs.frozen(eq=False)
class _Responses:
    """Makes answers and keeps them."""

    service: Service
    kept: KeptResponses

    async def create(self, exchange: Exchange) -> Response:
        size = len(exchange.body)
        asked = await self._understand(await read_body(exchange), exchange)
        previous = self.kept.memory.get(asked.body.get("previous_response_id").value or "")
        response = StoredResponse(
            id=f"resp_{exchange.id.removeprefix('req_')}",
            body=b"",
            items=asked.items,
            input_bytes=size + (0 if previous is None else previous.size),
        )
        keep = partial(self._keep, response) if asked.store else _keep_nothing
        if asked.background:
            asked = attrs.evolve(asked, request=await signed(asked.request, exchange))
            running = await self._shared(asked, exchange)
            if running is None:
                return self._start(asked, response, exchange, keep)
            return self._told(running, asked.stream, exchange)
        return await answer(self.service, asked.asked(keep), exchange)

    async def count(self, exchange: Exchange) -> Response:
        body = await read_body(exchange)
        if body.get("model").is_null:  # which this endpoint does not demand
            body = Field(path=body.path, value={**body.value, "model": "any"})
        asked = await self._understand(body, exchange)
        counted = await count_input(self.service.relay, asked.request)
        return _json({"object": "response.input_tokens", "input_tokens": counted.tokens})

    async def retrieve(self, exchange: Exchange, response_id: str) -> Response:
        response = await self.kept.find(response_id)
        streamed = request.args.get("stream", "") in ("true", "1")
        if response is not None and not streamed:
            return _json_bytes(response.render())
        if response is not None and response.run is not None:
            return self._follow(response.run, _whole_number("starting_after", -1), exchange)
        turn = await self._turn(response_id)
        if turn is None:
            raise (
                _not_found(response_id)
                if response is None
                else InvalidRequest(
                    "The events of this answer are not kept.",
                    param="stream",
                    next_step="Fetch it without 'stream'.",
                )
            )
        if not streamed:
            return _json_bytes(response_of_turn(turn))
        if request.args.get("starting_after") is not None:
            raise InvalidRequest(
                "Only the events of an answer that was asked for with 'background' have lasting numbers.",
                param="starting_after",
                next_step="Leave it out, and read the answer from its start.",
            )
        running = turn.summary.ended_at is None
        events = self.service.relay.follow(turn.summary.id) if running else kept_events(turn)
        told = start_turn(events, exchange).stream(
            writer_of_turn(turn), self.service.settings.keepalive_seconds
        )
        return stream_response(told, SSE_TYPE)

    async def delete(self, response_id: str) -> None:
        """Forget an answer, and stop it where it still is on its way in the background.

        Raises:
          NotFound: there is none.
        """
        response = await self.kept.find(response_id)
        if response is not None and response.run is not None:
            response.run.cancel()
        found = await self.kept.remove(response_id)
        turn = await self._turn(response_id)
        if turn is not None and self.service.journal is not None:
            self.service.relay.forget(turn.summary.id)
            found = await self.service.journal.remove_turn(turn.summary.id) or found
        if not found:
            raise _not_found(response_id)

    async def kept_or_404(self, response_id: str) -> StoredResponse:
        response = await self.kept.find(response_id)
        if response is None:
            raise _not_found(response_id)
        return response

    async def _turn(self, response_id: str) -> StoredTurn | None:
        """What the journal keeps of the request behind a response."""
        journal = self.service.journal
        return None if journal is None else await journal.turn(response_id)

    async def _understand(self, body: Field, exchange: Exchange) -> ResponseAsked:
        chat = read_chat(request.headers.get(CHAT_HEADER))
        await self.kept.fetch_named(body)
        return read_response_request(
            body, self.kept.memory, request_id=exchange.id, client=exchange.client, chat=chat
        )

    async def _shared(self, asked: ResponseAsked, exchange: Exchange) -> StoredResponse | None:
        """The response in the background that this request shares, where there is one."""
        original = await self.service.relay.shared_with(asked.request)
        if original is None:
            return None
        response = await self.kept.find(f"resp_{original.removeprefix('req_')}")
        if response is not None:
            exchange.headers |= {
                "x-cdp-relay-shared": "running" if response.running else "kept",
                "x-cdp-relay-request": header_text(original),
            }
        return response

    def _told(self, response: StoredResponse, streamed: bool, exchange: Exchange) -> Response:
        if streamed and response.run is not None:
            return self._follow(response.run, -1, exchange)
        return _json_bytes(response.render())

    def _start(
        self, asked: ResponseAsked, response: StoredResponse, exchange: Exchange, keep: Keep
    ) -> Response:
        neutral = asked.asked(keep)
        exchange.headers |= describe_route(self.service, neutral, exchange)
        writer = asked.new_stream(answer_facts(neutral, exchange), keep)
        run = response.run = Run(writer)
        response.body = writer.snapshot()
        self.kept.memory.put(response)
        self.service.background.start_soon(run.make, self.service.relay, asked.request)
        return self._told(response, asked.stream, exchange)

    def _follow(self, run: Run, after: int, exchange: Exchange) -> Response:
        stream = follow(run, after, exchange, self.service.settings.keepalive_seconds)
        return stream_response(stream, SSE_TYPE)

    def _keep(self, response: StoredResponse, id_: str, body: bytes, output: list[Item]) -> None:
        # Of an answer that another request shares, the id is the other one's.
        response.id, response.body, response.output = id_, body, tuple(output)
        # An answer that was deleted while it was made is not to come back.
        if response.run is None or self.kept.memory.get(response.id) is response:
            self.kept.keep(response)


def _not_found(response_id: str) -> NotFound:
    return NotFound(
        f"Response with id {header_text(response_id, 80)!r} not found.",
        param="response_id",
        next_step="Answers are kept for a while; GET /v1/requests lists the requests that are known.",
    )


def _keep_nothing(id_: str, body: bytes, output: list[Item]) -> None:
    """For answers that were asked for without ``store``."""


def _page_of_items(items: tuple[Item, ...], args: Any) -> dict[str, Any]:
    ordered = list(items) if args.get("order") == "asc" else list(reversed(items))
    after, limit = args.get("after"), _whole_number("limit", _SOME_ITEMS)
    if not 1 <= limit <= _MOST_ITEMS:
        raise InvalidRequest(f"limit is not between 1 and {_MOST_ITEMS}.", param="limit")
    if after is not None:
        places = [index for index, item in enumerate(ordered) if item["id"] == after]
        if not places:
            raise InvalidRequest(f"No item has the id {header_text(after, 80)!r}.", param="after")
        ordered = ordered[places[0] + 1 :]
    page = ordered[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(ordered) > limit,
    }


def _whole_number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise InvalidRequest(f"{name} is not a whole number.", param=name)
    return int(text)


def _json(value: Any) -> Response:
    return _json_bytes(dump_json(value))


def _json_bytes(body: bytes) -> Response:
    return Response(body, 200, {"content-type": "application/json"})
