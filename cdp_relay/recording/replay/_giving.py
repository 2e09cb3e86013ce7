"""A recorded answer on its way to a page: head, pieces and end at their times."""

from __future__ import annotations

import math
from collections import Counter

import trio

from cdp_relay.recording.replay._headers import served_headers
from cdp_relay.recording.replay._pace import Pace
from cdp_relay.recording.replay.answering import AnswerPlan, Ending, plan_answer, stop_of, was_stopped
from cdp_relay.recording.replay.carrying import Carried
from cdp_relay.recording.serving import Exchange
from cdp_relay.recording.session import Exchange as Recorded
from cdp_relay.recording.session import Response, Session, header

__all__ = ["AnswerGiver"]

_MAX_HELD = 5
"""Answers of a host that stay open; one more, and a browser that makes six connections to it would stall."""
_CUT_SECONDS = 0.05
"""So long a browser has to read what was sent before a connection breaks; a page never sees the rest."""
_TEXT = ("text/", "json", "xml", "x-www-form", "event-stream", "multipart/")
_CODE = ("javascript", "css", "font")


class AnswerGiver:
    """Gives the answers of one recording."""

    def __init__(self, session: Session, pace: Pace, carried: Carried) -> None:
        self._session = session
        self._pace = pace
        self._carried = carried
        self._held = Counter[str]()
        """Answers that stay open, by host."""
        self._stops: dict[str, trio.Event] = {}
        """Recorded requests that answers wait for."""

    def asked(self, recorded: Recorded) -> None:
        """The page makes this request; an answer may have waited for it."""
        if (stopped := self._stops.pop(recorded.id, None)) is not None:
            stopped.set()

    async def give(self, exchange: Exchange, recorded: Recorded, body: bytes, arrived: float) -> None:
        """Answer as it was answered.

        Args:
          body: of the recorded answer, or what stands in its place.
          arrived: when the request came; all times count from then.

        Raises:
          ConnectionCut: the recorded connection broke here.
        """
        plan = plan_answer(recorded, body, was_stopped=was_stopped(recorded, self._session))
        response = recorded.response
        if response is None or plan.head_after is None:
            await self._pace.until(arrived, plan.end_after)
            await self._break_off(exchange, plan.ending)
            return
        status = 200 if response.status == 304 and body else max(response.status, 200)
        is_bare = exchange.method == "HEAD" or status in (204, 304)
        if self._may_hold_ids(response):
            body = self._carried.as_asked(body)
        headers = self._headers(exchange, response)
        if plan.ending == "end" and not is_bare and header(response.headers, "content-length"):
            headers.append(("content-length", str(len(body))))
        await self._pace.until(arrived, plan.head_after)
        await exchange.begin(status, headers)
        await self._write(exchange, recorded, plan, b"" if is_bare else body, arrived)
        if plan.ending == "end" or is_bare:
            await exchange.finish()
        else:
            await self._break_off(exchange, plan.ending)

    async def _write(
        self, exchange: Exchange, recorded: Recorded, plan: AnswerPlan, body: bytes, arrived: float
    ) -> None:
        """Send each piece when it is due, and wait for the end; what came after a stop waits for the stop."""
        stop = stop_of(recorded, self._session)
        stopped_after = stop.at - recorded.at if stop is not None else math.inf
        for piece in plan.pieces if body else ():
            if stop is not None and piece.after > stopped_after:
                arrived, stopped_after = await self._wait_for_stop(stop, stopped_after), math.inf
            await self._pace.until(arrived, piece.after)
            await exchange.write(body[piece.start : piece.end])
        if stop is not None and plan.end_after > stopped_after:
            arrived = await self._wait_for_stop(stop, stopped_after)
        await self._pace.until(arrived, plan.end_after)

    async def _wait_for_stop(self, stop: Recorded, after: float) -> float:
        """Wait until the page asks for the stop; returns since when times count from then on."""
        await self._stops.setdefault(stop.id, trio.Event()).wait()
        return trio.current_time() - self._pace.seconds(after)

    async def _break_off(self, exchange: Exchange, ending: Ending) -> None:
        if ending == "hold":
            await self._hold_open(exchange)
            return
        await trio.sleep(_CUT_SECONDS if exchange.started else 0)
        exchange.cut()

    async def _hold_open(self, exchange: Exchange) -> None:
        """Leave an answer open until the page ends it."""
        if exchange.started and self._held[exchange.host] >= _MAX_HELD:
            await exchange.finish()
            return
        self._held[exchange.host] += 1
        try:
            await trio.sleep_forever()
        finally:
            self._held[exchange.host] -= 1

    def _headers(self, exchange: Exchange, response: Response) -> list[tuple[str, str]]:
        headers = served_headers(
            response.headers,
            origin=exchange.headers.get("origin"),
            recorded_on=self._session.about.recorded_on,
        )
        return [(name, self._carried.text_as_asked(value)) for name, value in headers]

    def _may_hold_ids(self, response: Response) -> bool:
        """Whether ids of the page may stand in a body; scripts and styles are the same for everybody."""
        kind = (response.mime_type or header(response.headers, "content-type") or "").lower()
        is_text = any(part in kind for part in _TEXT) and not any(part in kind for part in _CODE)
        return is_text and len(self._carried) > 0
