"""A recording as a site: it answers at all recorded hosts, as and when the true ones did."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

import attrs
import trio

from cdp_relay.recording.replay._giving import AnswerGiver
from cdp_relay.recording.replay._headers import preflight_headers
from cdp_relay.recording.replay._live_socket import LiveSocket
from cdp_relay.recording.replay._pace import Pace
from cdp_relay.recording.replay.asked import Asked, How, Unmatched
from cdp_relay.recording.replay.carrying import Carried
from cdp_relay.recording.replay.matching import Match, Matcher, Question
from cdp_relay.recording.replay.talking import TalkPlan
from cdp_relay.recording.serving import Exchange, Site
from cdp_relay.recording.session import Exchange as Recorded
from cdp_relay.recording.session import Session, header

__all__ = ["Code", "ReplayedSite"]

Code: TypeAlias = Callable[[Recorded], bytes | None]
"""Gives the bytes of a file that was left out of a recording, or None."""

START_PATH = "/.well-known/cdp-relay/start"
"""A page of ours at the recorded origin, which puts the local storage back and leads to the recorded one."""

_MAX_ASKED = 10_000
_MAX_KEPT_BYTES = 64 << 20
"""Of all bodies that were sent."""
_NOBODYS = ("/favicon.ico", "/.well-known/appspecific/com.chrome.devtools.json")
"""What a browser asks for by itself and a recorder does not see."""


class ReplayedSite(Site):
    """Serves a recording.

    A page that is loaded more often than it was recorded begins the recording anew.

    Args:
      session: the recording.
      speed: 1 is as recorded, 2 twice as fast; 0 is at once, with the same cuts.
      code: where files come from that a lean recording left out.
      listen: is told of each request when it is answered, on the server's thread.
    """

    def __init__(
        self,
        session: Session,
        *,
        speed: float = 1.0,
        code: Code | None = None,
        listen: Callable[[Asked], None] | None = None,
    ) -> None:
        super().__init__()
        if speed < 0:
            raise ValueError("a speed is 0 or more")
        self.name = session.about.site
        self.session = session
        self._pace = Pace(speed)
        self.asked: deque[Asked] = deque(maxlen=_MAX_ASKED)
        self.unmatched: deque[Unmatched] = deque(maxlen=_MAX_ASKED)
        self._code = code
        self._listen = listen
        self._served = _served(session.exchanges)
        self._hosts = tuple(
            dict.fromkeys(
                host
                for url in (session.about.origin, *(one.request.url for one in self._served))
                if (host := urlsplit(url).hostname)
            )
        )
        self._begin()

    @property
    def hosts(self) -> tuple[str, ...]:
        """All that the recording has anything of."""
        return self._hosts

    @property
    def start_url(self) -> str:
        """Where to go so that the recorded local storage is there before the page's first script runs.

        It leads on to the page of the first snapshot.
        """
        return urljoin(self.session.about.origin, START_PATH)

    @property
    def page_url(self) -> str:
        """Where the recording began."""
        documents = (one for one in self._served if one.resource_type == "document")
        own = (one for one in documents if one.request.url.startswith(self.session.about.origin))
        first = next(own, None)
        return first.request.url if first is not None else f"{self.session.about.origin}/"

    def reset(self) -> None:
        """Begin the recording anew and forget who asked what."""
        super().reset()
        self._begin()

    async def handle(self, exchange: Exchange) -> None:
        """Answer as the recording does."""
        arrived = trio.current_time()
        if exchange.path == START_PATH:
            await exchange.respond(200, self._start_page(), content_type="text/html; charset=utf-8")
            return
        if exchange.wants_socket:
            await self._talk(exchange)
            return
        wanted = exchange.headers.get("access-control-request-method")
        if exchange.method == "OPTIONS" and wanted is not None:
            await self._allow(exchange, wanted)
            return
        match = self._match(exchange)
        if match is None:
            await self._refuse(exchange)
            return
        for live in tuple(self._live):
            live.cause(match.recorded.id)
        self._giver.asked(match.recorded)
        await self._answer(exchange, match, arrived)

    def _begin(self) -> None:
        self.asked.clear()
        self._kept_bytes = 0
        self.unmatched.clear()
        self._matcher = Matcher([one for one in self._served if not _is_socket(one)])
        self._sockets = Matcher([one for one in self._served if _is_socket(one)])
        self._carried = Carried(self._matcher.ids() | self._sockets.ids())
        self._live: set[LiveSocket] = set()
        self._giver = AnswerGiver(self.session, self._pace, self._carried)

    def _question(self, exchange: Exchange, *, method: str | None = None) -> Question:
        """What is asked, with the recorded ids in the place of those that were made anew."""
        scheme = "wss" if exchange.wants_socket else "https"
        url = self._carried.as_recorded(f"{scheme}://{exchange.host}{exchange.target}")
        body = exchange.body
        if body and len(self._carried):
            body = self._carried.as_recorded(body.decode("latin-1")).encode("latin-1")
        return Question(
            method=method or exchange.method,
            url=url,
            content_type=exchange.headers.get("content-type", ""),
            body=body,
        )

    def _match(self, exchange: Exchange) -> Match | None:
        question = self._question(exchange)
        match = self._matcher.match(question)
        is_page = exchange.headers.get("sec-fetch-dest") == "document"
        if match is not None and match.again and is_page:
            self._matcher.begin_anew()
            self._sockets.begin_anew()
            match = self._matcher.match(question)
        if match is None and is_page and exchange.method == "GET":
            page = self._matcher.nearest_document(question)
            if page is not None:
                return Match(recorded=page, likeness=0.0, exact=False, again=False)
        if match is not None:
            self._learn(self._matcher, match.recorded, question)
        return match

    def _learn(self, matcher: Matcher, recorded: Recorded, question: Question) -> None:
        for then, now in matcher.differences(recorded, question):
            self._carried.learn(then, now)

    def _note(self, exchange: Exchange, how: How, status: int | None, recorded: Recorded | None) -> None:
        asked = Asked(
            method=exchange.method,
            url=_url(exchange),
            how=how,
            status=status,
            recorded=recorded.id if recorded is not None else None,
            body=exchange.body if self._kept_bytes + len(exchange.body) <= _MAX_KEPT_BYTES else b"",
        )
        self._kept_bytes += len(asked.body)
        self.asked.append(asked)
        if self._listen is not None:
            self._listen(asked)

    async def _refuse(self, exchange: Exchange, reason: str = "", method: str | None = None) -> None:
        """Say that the recording has nothing to say."""
        if exchange.path not in _NOBODYS:
            nearest = self._matcher.nearest(self._question(exchange, method=method))
            hint = f"{nearest.request.method} {nearest.request.url}" if nearest is not None else None
            missing = Unmatched(method=method or exchange.method, url=_url(exchange), nearest=hint)
            self.unmatched.append(attrs.evolve(missing, reason=reason) if reason else missing)
            self._note(exchange, "unmatched", 404, None)
        origin = exchange.headers.get("origin")
        headers = [("access-control-allow-origin", origin)] if origin else []
        words = reason or "nothing like it was recorded"
        told = f"The recording does not answer this request: {words}.\n"
        await exchange.respond(404, told, headers=headers)

    async def _allow(self, exchange: Exchange, method: str) -> None:
        """Answer a preflight by whether the recording has the real request."""
        question = self._question(exchange, method=method)
        if not self._matcher.has_address(question):
            await self._refuse(exchange, method=method)
            return
        self._note(exchange, "preflight", 204, None)
        wanted = exchange.headers.get("access-control-request-headers", "")
        await exchange.begin(204, preflight_headers(exchange.headers.get("origin", "*"), method, wanted))
        await exchange.finish()

    async def _answer(self, exchange: Exchange, match: Match, arrived: float) -> None:
        recorded, response = match.recorded, match.recorded.response
        body: bytes | None = b""
        if response is not None:
            body = response.body.read() if response.body is not None else self._left_out(recorded)
        if body is None:
            await self._refuse(exchange, "its body was left out of the recording")
            return
        status = 200 if response is not None and response.status == 304 and body else None
        status = status or (response.status if response is not None else None)
        self._note(exchange, _how(match), status, recorded)
        await self._giver.give(exchange, recorded, body, arrived)

    def _left_out(self, recorded: Recorded) -> bytes | None:
        """The body of an answer that has none in the recording; None where one is missing."""
        response = recorded.response
        if response is None or not (response.left_out or response.digest):
            return b""
        return self._code(recorded) if self._code is not None else None

    async def _talk(self, exchange: Exchange) -> None:
        """Be a recorded socket."""
        question = self._question(exchange)
        match = self._sockets.match(question)
        if match is None:
            await self._refuse(exchange)
            return
        self._learn(self._sockets, match.recorded, question)
        offered = exchange.headers.get("sec-websocket-protocol", "").replace(" ", "").split(",")
        chosen = next((one for one in offered if one and one == _subprotocol(match.recorded)), None)
        self._note(exchange, _how(match), 101, match.recorded)

        def note_unknown() -> None:
            missing = Unmatched(method="SEND", url=_url(exchange), reason="no such message was recorded")
            self.unmatched.append(missing)

        live = LiveSocket(
            channel=await exchange.accept_socket(subprotocol=chosen),
            plan=TalkPlan(match.recorded, self._served),
            pace=self._pace,
            carried=self._carried,
            on_unknown=note_unknown,
        )
        sockets = self._live
        sockets.add(live)
        try:
            await live.run()
        finally:
            sockets.discard(live)

    def _start_page(self) -> str:
        first = next(iter(self.session.snapshots), None)
        storage = json.dumps(dict(first.storage) if first is not None else {}).replace("<", "\\u003c")
        target = json.dumps(self.page_url).replace("<", "\\u003c")
        return (
            "<!doctype html><meta charset=utf-8><title>Replay</title><script>"
            f"for (const [key, value] of Object.entries({storage})) localStorage.setItem(key, value);"
            f"location.replace({target});</script>"
        )


def _served(exchanges: Sequence[Recorded]) -> list[Recorded]:
    """Those of which a server may be asked.

    What a service worker answered, it asked for itself, and that is there twice; where it is not, the
    worker ran before it was listened to, and the page's part is all that is known.
    """
    found = [one for one in exchanges if _is_of_network(one)]
    asked = {_asked_for(one) for one in found if not one.from_service_worker}
    return [one for one in found if not one.from_service_worker or _asked_for(one) not in asked]


def _is_of_network(one: Recorded) -> bool:
    known = urlsplit(one.request.url).scheme in ("http", "https", "ws", "wss")
    return known and one.request.method.upper() != "OPTIONS"


def _asked_for(one: Recorded) -> tuple[str, str]:
    return one.request.method.upper(), one.request.url


def _is_socket(one: Recorded) -> bool:
    return one.resource_type == "websocket" or urlsplit(one.request.url).scheme in ("ws", "wss")


def _url(exchange: Exchange) -> str:
    scheme = "wss" if exchange.wants_socket else "https"
    return f"{scheme}://{exchange.host}{exchange.target}"


def _how(match: Match) -> How:
    if match.likeness == 0:
        return "nearest"
    if match.again:
        return "again"
    return "exact" if match.exact else "alike"


def _subprotocol(recorded: Recorded) -> str | None:
    response = recorded.response
    headers = response.headers if response is not None else ()
    return header(headers, "sec-websocket-protocol")
