"""Everything that a page and its workers say on the network, from the browser's events; sans-IO.

One table for all sessions: the head of a worker's script is told by the page and its body by the worker,
a cross-site frame's document likewise, and the true headers of a worker's request come from the page
(measured on Chromium 156). Request ids are unique in a browser.
"""

from __future__ import annotations

import itertools
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

from cdp_relay.page.bodies import joined_entries
from cdp_relay.recording.recorder._entry import Answer, Entry, Extra, Hop
from cdp_relay.recording.recorder._headers import headers_of
from cdp_relay.recording.recorder._passed_on import WENT_BY, with_passed_on
from cdp_relay.recording.recorder._shelf import Shelf
from cdp_relay.recording.recorder._sockets import SOCKET_EVENTS, Sockets
from cdp_relay.recording.session import Body, Exchange, Source

__all__ = ["EVENTS", "Ask", "Traffic"]

_ORPHANS = 4096
"""Requests of which only a part has been heard; the oldest are forgotten."""

_SOURCES: Mapping[str, Source] = {
    "page": "page",
    "iframe": "iframe",
    "worker": "worker",
    "service_worker": "service_worker",
    "shared_worker": "shared_worker",
}

_OF_SCRIPTS = frozenset({"script", "other", ""})

What: TypeAlias = Literal["stream", "body", "posted"]


@attrs.frozen
class Ask:
    """Something that only the browser can tell."""

    what: What
    """The answer's bytes as they come, all of them at its end, or those of the request."""
    entry: Entry
    owner: Any
    """The session to ask."""
    hop: Hop | None = None


Asks: TypeAlias = Sequence[Ask]


class Traffic:
    """The requests and sockets of a recording so far.

    :meth:`take` is fed the events in the order of the wire; what it wants to know, it returns, and is
    told by :meth:`streamed`, :meth:`came_whole`, :meth:`posted`. The answers may come at any time.
    """

    def __init__(self, main_frame: str, *, max_held_bytes: int, max_body_bytes: int) -> None:
        self._main_frame = main_frame
        self._entries: dict[str, Entry] = {}
        self._shelf = Shelf(self._entries, max_held_bytes, max_body_bytes)
        self._orphans: OrderedDict[str, Entry] = OrderedDict()
        self._numbers = itertools.count(1)
        self._sockets = Sockets(self._numbers, self.reserve, self.note)
        self._skipped: set[str] = set()
        self._notes: dict[str, int] = {}
        """Sentences, each with how often it was true."""

    @property
    def held_bytes(self) -> int:
        """Memory that the bodies and messages take."""
        return self._shelf.held

    @property
    def notes(self) -> list[str]:
        """What whoever reads the recording should know."""
        notes = [
            sentence if times == 1 else f"{sentence.removesuffix('.')} ({times} times)."
            for sentence, times in self._notes.items()
        ]
        if any(entry.lacks_files for entry in self._entries.values()):
            notes.append("Files that were sent are not in the requests: the browser keeps them to itself.")
        unheard = sum(bool(entry.counted) for entry in self._orphans.values())
        if unheard:
            notes.append(f"Answers came whose requests were not heard: {unheard}.")
        return notes

    def note(self, sentence: str) -> None:
        """Add a sentence, which is told once however often it is added."""
        self._notes[sentence] = self._notes.get(sentence, 0) + 1

    def exchanges(self, zero: float) -> list[Exchange]:
        """All of it by now, in the order in which it began; times counted from *zero*."""
        found = [exchange for entry in self._entries.values() for exchange in entry.exchanges(zero)]
        found += self._sockets.exchanges(zero)
        return with_passed_on(sorted(found, key=lambda exchange: (exchange.at, int(exchange.id))))

    def take(self, kind: str, owner: Any, method: str, params: dict[str, Any]) -> Asks:
        """Take an event of *owner*, a session whose target is of this *kind*."""
        if method in SOCKET_EVENTS:
            self._sockets.take(_SOURCES.get(kind, "page"), method, params)
            return ()
        return _TAKERS[method](self, kind, owner, params)

    def unfinished(self) -> Asks:
        """What to ask for at the end: answers whose page went away before their end was told."""
        return [Ask("body", entry, entry.owner) for entry in self._entries.values() if entry.lacks_its_end]

    def knows(self, url: str) -> bool:
        """Whether somebody asked for an address."""
        return any(hop.url == url for entry in self._entries.values() for hop in entry.hops)

    def without_source(self, url: str) -> Entry | None:
        """The entry of a worker's script whose body was not to be had, or None."""
        for entry in self._entries.values():
            lost = entry.body is None and (entry.ended or entry.answer is None)
            if lost and entry.hop is not None and entry.hop.url == url and entry.type in _OF_SCRIPTS:
                return entry
        return None

    # --- what was asked for ------------------------------------------------------------------

    def streamed(self, entry: Entry, buffered: bytes | None) -> Asks:
        """The bytes until now of an answer that streams from here on; None when it was refused."""
        if entry.writer is None:
            return ()
        if buffered is None:
            entry.streaming = "no"
        else:
            entry.streaming = "on"
            self._shelf.feed(entry, buffered)
            for data in entry.early:
                self._shelf.feed(entry, data)
        entry.early.clear()
        return self._conclude(entry) if entry.ended else ()

    def came_whole(self, entry: Entry, text: str | None, *, base64_encoded: bool = False) -> None:
        """The whole body as ``Network.getResponseBody`` has it; None when it was refused."""
        if entry.writer is None:
            return
        if text is None:
            self._shelf.leave_out(entry, "the browser no longer had it")
        elif not text and entry.went_by:
            self._shelf.leave_out(entry, WENT_BY)
        else:
            self._shelf.put_whole(entry, self._shelf.read(entry, text, base64_encoded=base64_encoded))

    def sourced(self, entry: Entry, source: str) -> None:
        """The source of a worker's script whose body was not to be had."""
        hop = entry.hop
        if hop is None or entry.body is not None:
            return
        if hop.answer is None:
            # It runs, so it was answered; how, nobody told us.
            self.note("The answer's head of a worker's script was not heard.")
            hop.answer = Answer.of_script(hop.ended_at or hop.at)
            hop.ended_at, entry.ended = hop.ended_at or hop.at, True
        self._shelf.put_whole(entry, source.encode("utf-8", "replace"))

    def posted(self, hop: Hop, data: bytes | None) -> None:
        """The body of a request; None when it was refused."""
        if data is None:
            self.note("A request's body could not be had: a file, or a page that had gone.")
            return
        hop.body = Body.of(data)
        self._shelf.add(hop.body.held)

    def reserve(self, size: int) -> bool:
        """Count bytes that are held elsewhere; False when there is no room for them."""
        if not self._shelf.has_room(size):
            return False
        self._shelf.add(size)
        return True

    # --- events ------------------------------------------------------------------------------

    def _sent(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        number, request = str(params.get("requestId")), params.get("request") or {}
        url = str(request.get("url") or "")
        preflight = (params.get("initiator") or {}).get("type") == "preflight"
        if preflight or not url.startswith(("http://", "https://")):
            if preflight:
                self.note("The browser's own questions before requests to other origins were left out.")
            self._skipped.add(number)
            return ()
        at = float(params.get("timestamp") or 0)
        entry = self._entries.get(number)
        if entry is None:
            entry = self._entries[number] = self._adopt(number)
        else:
            self._redirected(entry, params, at)
        entry.type = str(params.get("type") or "").lower() or entry.type
        entry.source = self._source(kind, params)
        entry.owner = entry.owner or owner
        hop = Hop(
            number=next(self._numbers),
            at=at,
            method=str(request.get("method") or "GET"),
            url=url + str(request.get("urlFragment") or ""),
            headers=headers_of(request.get("headers")),
        )
        entry.hops.append(hop)
        return self._request_body(entry, hop, owner, request)

    def _adopt(self, number: str) -> Entry:
        return self._orphans.pop(number) if number in self._orphans else Entry(number)

    def _redirected(self, entry: Entry, params: Mapping[str, Any], at: float) -> None:
        hop, response = entry.hop, params.get("redirectResponse")
        if hop is not None and hop.ended_at is None:
            hop.ended_at = at
            hop.has_extra = bool(params.get("redirectHasExtraInfo"))
            if isinstance(response, dict):
                hop.answer = Answer.read(response, at)

    def _request_body(self, entry: Entry, hop: Hop, owner: Any, request: Mapping[str, Any]) -> Asks:
        whole = joined_entries(request.get("postDataEntries"))
        if whole is not None:
            hop.body = Body.of(whole)
            self._shelf.add(hop.body.held)
            return ()
        return (Ask("posted", entry, owner, hop),) if request.get("hasPostData") else ()

    def _source(self, kind: str, params: Mapping[str, Any]) -> Source:
        frame = params.get("frameId")
        if kind == "page" and frame and frame != self._main_frame:
            return "iframe"
        return _SOURCES.get(kind, "page")

    def _sent_extra(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        if (entry := self._entry(params)) is not None:
            entry.sent.append(Extra.read(params))
        return ()

    def _received_extra(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        if (entry := self._entry(params)) is not None:
            entry.received.append(Extra.read(params))
        return ()

    def _answered(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        entry, response = self._entry(params), params.get("response")
        if entry is None or entry.hop is None or not isinstance(response, dict):
            return ()
        entry.owner = owner
        entry.type = entry.type or str(params.get("type") or "").lower()
        entry.hop.has_extra = bool(params.get("hasExtraInfo"))
        entry.hop.answer = Answer.read(response, float(params.get("timestamp") or 0))
        if entry.is_art or entry.writer is None or entry.ended:
            return ()
        entry.streaming = "asked"
        return (Ask("stream", entry, owner),)

    def _data(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        entry = self._entry(params)
        if entry is None:
            return ()
        size = int(params.get("dataLength") or 0)
        if size:
            entry.count(float(params.get("timestamp") or 0), size)
        entry.owner = owner
        if data := params.get("data"):
            # Without data it was reported before streaming began, and its bytes are in the part
            # that was kept until then.
            if entry.streaming == "on":
                self._shelf.feed(entry, b64decode(data))
            elif entry.writer is not None:
                entry.early.append(b64decode(data))
        return ()

    def _finished(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        entry = self._entry(params)
        if entry is None:
            return ()
        entry.owner = owner
        entry.transferred = int(params.get("encodedDataLength") or 0)
        return self._ended(entry, params)

    def _failed(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        entry = self._entry(params)
        if entry is None:
            return ()
        entry.error = str(params.get("errorText") or "net::ERR_FAILED")
        return self._ended(entry, params)

    def _ended(self, entry: Entry, params: Mapping[str, Any]) -> Asks:
        if entry.ended:
            return ()
        entry.ended = True
        if entry.hop is not None:
            # The network's own end comes before the page has read its last bytes.
            last = entry.chunk_times[-1] if entry.chunk_times else 0.0
            entry.hop.ended_at = max(last, float(params.get("timestamp") or 0))
        return () if entry.streaming == "asked" else self._conclude(entry)

    def _from_cache(self, kind: str, owner: Any, params: dict[str, Any]) -> Asks:
        if (entry := self._entry(params)) is not None:
            entry.served_from_cache = True
        return ()

    # --- bodies ------------------------------------------------------------------------------

    def _conclude(self, entry: Entry) -> Asks:
        """The answer has ended: close its body, or ask for it whole."""
        if entry.writer is None:
            return ()
        unanswered = entry.answer is None and bool(entry.error)
        if not entry.counted and (unanswered or entry.has_no_body):
            entry.give_up("")
        elif entry.error and entry.went_by:
            self._shelf.leave_out(entry, WENT_BY)
        elif entry.went_by:
            return (Ask("body", entry, entry.owner),)
        elif entry.writer.size == entry.counted and (entry.streaming == "on" or entry.error):
            # What came of one that broke is all that there will ever be.
            self._shelf.close(entry)
        elif entry.counted > self._shelf.max_body_bytes:
            self._shelf.refuse(entry)
        else:
            return (Ask("body", entry, entry.owner),)
        return ()

    def _entry(self, params: Mapping[str, Any]) -> Entry | None:
        """The entry that an event is about; one that nobody asked yet gets its request later."""
        number = str(params.get("requestId"))
        if number in self._skipped or number in self._sockets:
            return None
        entry = self._entries.get(number) or self._orphans.get(number)
        if entry is None:
            entry = self._orphans[number] = Entry(number)
            while len(self._orphans) > _ORPHANS:
                self._orphans.popitem(last=False)
        return entry


_Taker: TypeAlias = Callable[[Traffic, str, Any, dict[str, Any]], Asks]

_TAKERS: Final[Mapping[str, _Taker]] = {
    "Network.requestWillBeSent": Traffic._sent,
    "Network.requestWillBeSentExtraInfo": Traffic._sent_extra,
    "Network.responseReceived": Traffic._answered,
    "Network.responseReceivedExtraInfo": Traffic._received_extra,
    "Network.dataReceived": Traffic._data,
    "Network.loadingFinished": Traffic._finished,
    "Network.loadingFailed": Traffic._failed,
    "Network.requestServedFromCache": Traffic._from_cache,
}

EVENTS: Final = (*_TAKERS, *SOCKET_EVENTS)
"""What :meth:`Traffic.take` understands."""
