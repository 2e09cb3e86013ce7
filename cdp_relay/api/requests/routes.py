"""Listing, showing, following, cancelling and removing requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

import attrs
from quart import Response, request

from cdp_relay.api.asking import stream_response
from cdp_relay.api.dialect import SSE_TYPE
from cdp_relay.api.exchange import Exchange, current_exchange
from cdp_relay.api.failure import header_text
from cdp_relay.api.json_out import dump_json
from cdp_relay.api.requests.events import EventWriter, Place, read_place
from cdp_relay.api.requests.shown import request_object, summary_object
from cdp_relay.api.responses.keeping import KeptResponses
from cdp_relay.api.responses.retold import kept_events
from cdp_relay.api.service import AddRoute, Service
from cdp_relay.api.turn import start_turn
from cdp_relay.chat.vocabulary import ChatEvent
from cdp_relay.errors import InvalidRequest, NotFound
from cdp_relay.store import StoredJournal, StoredTurn

__all__ = ["add_routes"]

_STATES = ("running", "finished", "stopped", "failed", "lost")
_MOST, _SOME = 200, 20
_MOST_TEXT_CHARS = 500


def add_routes(route: AddRoute, service: Service, kept: KeptResponses) -> None:
    """Add the paths under ``/v1/requests``."""
    door = _Requests(service, kept)

    @route("/v1/requests", "GET")
    async def list_requests() -> Response:
        return await door.list()

    @route("/v1/requests/<request_id>", "GET")
    async def show_request(request_id: str) -> Response:
        return _json(request_object(await door.turn_or_404(request_id)))

    @route("/v1/requests/<request_id>", "DELETE")
    async def remove_request(request_id: str) -> Response:
        return await door.remove(request_id)

    @route("/v1/requests/<request_id>/events", "GET")
    async def follow_request(request_id: str) -> Response:
        return await door.follow(request_id, current_exchange(request.scope))

    @route("/v1/requests/<request_id>/cancel", "POST")
    async def cancel_request(request_id: str) -> Response:
        return await door.cancel(request_id)


@attrs.frozen(eq=False)
class _Requests:
    service: Service
    kept: KeptResponses

    @property
    def journal(self) -> StoredJournal:
        if self.service.journal is None:
            raise NotFound("This service keeps no journal.", param="request_id")
        return self.service.journal

    async def list(self) -> Response:
        args = request.args
        state, limit = args.get("state") or None, _limit(args.get("limit"))
        if state is not None and state not in _STATES:
            raise InvalidRequest(f"state is none of {', '.join(_STATES)}.", param="state")
        text = args.get("text") or None
        if text is not None and len(text) > _MOST_TEXT_CHARS:
            raise InvalidRequest(f"text is longer than {_MOST_TEXT_CHARS} characters.", param="text")
        before = args.get("before")
        found = await self.journal.turns(
            limit=limit + 1,
            before=(await self.turn_or_404(before)).summary.key if before else None,
            site=args.get("site") or None,
            state=state,
            since=_since(args.get("since")),
            session=args.get("session") or None,
            text=text,
        )
        page = [summary_object(one) for one in found[:limit]]
        return _json(
            {
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(found) > limit,
            }
        )

    async def follow(self, request_id: str, exchange: Exchange) -> Response:
        after = Place()
        for name, given in (
            ("Last-Event-ID", request.headers.get("Last-Event-ID")),
            ("after", request.args.get("after")),
        ):
            if given:
                after = read_place(given, name)
        turn = await self.turn_or_404(request_id)
        told = start_turn(self._events(turn), exchange)
        writer = EventWriter(request_id=turn.summary.id, after=after)
        return stream_response(told.stream(writer, self.service.settings.keepalive_seconds), SSE_TYPE)

    async def _events(self, turn: StoredTurn) -> AsyncGenerator[ChatEvent, None]:
        """The events from memory where they are there, as they were told, and else from the journal."""
        begun = False
        try:
            async with aclosing(self.service.relay.follow(turn.summary.id, raw=True)) as events:
                async for event in events:
                    begun = True
                    yield event  # noqa: ASYNC119  # closed by the task that reads a stream's events
            return
        except NotFound:
            if begun or turn.summary.ended_at is None:
                raise
        async with aclosing(kept_events(turn)) as events:
            async for event in events:
                yield event  # noqa: ASYNC119

    async def cancel(self, request_id: str) -> Response:
        turn = await self.turn_or_404(request_id)
        id_ = turn.summary.id
        if not self.service.relay.stop(id_):
            raise InvalidRequest(
                f"The request is not running; it is {turn.summary.state}.",
                param="request_id",
                next_step="There is nothing to cancel.",
            )
        return _json({"id": id_, "object": "request", "cancelled": True})

    async def remove(self, request_id: str) -> Response:
        turn = await self.turn_or_404(request_id)
        id_ = turn.summary.id
        if turn.summary.ended_at is None:
            raise InvalidRequest(
                "The request is running.",
                param="request_id",
                next_step=f"POST /v1/requests/{id_}/cancel first.",
            )
        await self.journal.remove_turn(id_)
        await self.kept.remove(f"resp_{id_.removeprefix('req_')}")
        self.service.relay.forget(id_)
        return _json({"id": id_, "object": "request", "deleted": True})

    async def turn_or_404(self, request_id: str) -> StoredTurn:
        """A request by its id, in the form of any dialect, or by the beginning of one.

        Raises:
          NotFound: there is none.
          InvalidRequest: there are several.
        """
        turn = await self.journal.turn(request_id, beginning=True)
        if turn is None:
            raise NotFound(
                f"No request {header_text(request_id, 80)!r} is kept.",
                param="request_id",
                next_step="GET /v1/requests lists those that are.",
            )
        return turn


def _limit(text: str | None) -> int:
    if text is None:
        return _SOME
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not 1 <= int(text) <= _MOST:
        raise InvalidRequest(f"limit is not a whole number between 1 and {_MOST}.", param="limit")
    return int(text)


def _since(text: str | None) -> float | None:
    """A moment, in unix seconds or as ISO 8601 has it."""
    if not text:
        return None
    try:
        return (
            float(text) if text.replace(".", "", 1).isdecimal() else datetime.fromisoformat(text).timestamp()
        )
    except (ValueError, OverflowError):
        raise InvalidRequest(
            "since is neither unix seconds nor a time like 2026-01-31T08:00:00.", param="since"
        ) from None


def _json(value: object) -> Response:
    return Response(dump_json(value), 200, {"content-type": "application/json"})
