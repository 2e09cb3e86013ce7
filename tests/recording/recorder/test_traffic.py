"""What is made of the browser's events, without a browser."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.recording.recorder._traffic import EVENTS, Ask, Traffic
from cdp_relay.recording.session import Chunk, Exchange

OWN, WORKER = object(), object()
URL = "https://site.test/api"


def b64(data: bytes) -> str:
    return b64encode(data).decode()


@attrs.define
class Wire:
    """A browser's events, written short."""

    traffic: Traffic = attrs.field(
        factory=lambda: Traffic("MAIN", max_held_bytes=1 << 20, max_body_bytes=1 << 18)
    )
    asks: list[Ask] = attrs.field(factory=list)
    clock: float = 100.0

    def put(self, method: str, number: str = "1", *, kind: str = "page", **params: Any) -> None:
        self.clock += 0.01
        owner = OWN if kind == "page" else WORKER
        params = {"requestId": number, "timestamp": self.clock, **params}
        self.asks += self.traffic.take(kind, owner, f"Network.{method}", params)

    def ask(self, number: str = "1", *, url: str = URL, method: str = "GET", **params: Any) -> None:
        request = {"url": url, "method": method, "headers": {"accept": "*/*"}, **params.pop("request", {})}
        params = {"type": "Fetch", "frameId": "MAIN", "initiator": {"type": "script"}, **params}
        self.put("requestWillBeSent", number, request=request, **params)

    def answer(self, number: str = "1", *, kind: str = "page", extra: bool = False, **response: Any) -> None:
        response = {"status": 200, "mimeType": "text/plain", "protocol": "h2", "headers": {}, **response}
        response.setdefault("encodedDataLength", 50)
        self.put("responseReceived", number, kind=kind, response=response, hasExtraInfo=extra)

    def data(self, data: bytes, number: str = "1", *, live: bool = True) -> None:
        self.put("dataReceived", number, dataLength=len(data), **({"data": b64(data)} if live else {}))

    def end(self, number: str = "1") -> None:
        self.put("loadingFinished", number, encodedDataLength=50)

    def stream_from(self, buffered: bytes | None, number: str = "1") -> None:
        """Answer the question for the stream of a request."""
        self.asks += self.traffic.streamed(self.open_ask("stream", number).entry, buffered)

    def open_ask(self, what: str, number: str = "1") -> Ask:
        found = next(ask for ask in self.asks if ask.what == what and ask.entry.id == number)
        self.asks.remove(found)
        return found

    def exchanges(self) -> list[Exchange]:
        return self.traffic.exchanges(100.0)

    def one(self) -> Exchange:
        [exchange] = self.exchanges()
        return exchange


def body_of(exchange: Exchange) -> bytes | None:
    assert exchange.response is not None
    return None if exchange.response.body is None else exchange.response.body.read()


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=20), max_size=12),
    known=st.integers(0, 12),
    told=st.integers(0, 12),
)
def test_a_stream_is_whole_wherever_the_browser_began_to_tell_it(
    chunks: list[bytes], known: int, told: int
) -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    known = min(known, len(chunks))  # so many chunks came before streaming began
    for number, chunk in enumerate(chunks):
        if number == max(known, min(told, len(chunks))):
            wire.stream_from(b"".join(chunks[:known]))
        wire.data(chunk, live=number >= known)
    if any(ask.what == "stream" for ask in wire.asks):
        wire.end()
        wire.stream_from(b"".join(chunks[:known]))
    else:
        wire.end()
    exchange = wire.one()
    assert wire.asks == []
    assert body_of(exchange) == b"".join(chunks)
    assert exchange.response is not None
    assert [chunk.size for chunk in exchange.response.chunks] == [len(chunk) for chunk in chunks]


def test_chunks_have_the_times_at_which_the_browser_had_them() -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.stream_from(b"")
    wire.data(b"one")
    wire.clock += 2
    wire.data(b"four")
    wire.end()
    exchange = wire.one()
    assert exchange.response is not None
    assert exchange.response.chunks == (Chunk(0.03, 3), Chunk(2.04, 4))
    assert (exchange.at, exchange.ended_at) == (0.01, 2.05)


def test_an_answer_that_does_not_stream_is_asked_for_whole() -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.data(b"h\xe9", live=False)
    wire.end()
    wire.stream_from(None)
    whole = wire.open_ask("body")
    assert whole.owner is OWN
    wire.traffic.came_whole(whole.entry, "hé")  # as windows-1252, which has one byte for it
    assert body_of(wire.one()) == b"h\xe9"


def test_a_body_that_the_browser_does_not_hand_out_is_noted_and_not_made_up() -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.data(b"gone", live=False)
    wire.end()
    wire.stream_from(None)
    wire.traffic.came_whole(wire.open_ask("body").entry, None)
    exchange = wire.one()
    assert body_of(exchange) is None
    assert exchange.response is not None
    assert exchange.response.left_out == "the browser no longer had it"


def test_a_stream_that_lost_bytes_is_asked_for_whole() -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.stream_from(b"")
    wire.data(b"abc")
    wire.data(b"def", live=False)
    wire.end()
    wire.traffic.came_whole(wire.open_ask("body").entry, b64(b"abcdef"), base64_encoded=True)
    assert body_of(wire.one()) == b"abcdef"


def test_a_stream_that_breaks_keeps_what_came() -> None:
    wire = Wire()
    wire.ask()
    wire.answer(mimeType="text/event-stream")
    wire.stream_from(b"")
    wire.data(b"data: half")
    wire.put("loadingFailed", errorText="net::ERR_CONNECTION_RESET")
    exchange = wire.one()
    assert wire.asks == []
    assert (body_of(exchange), exchange.error) == (b"data: half", "net::ERR_CONNECTION_RESET")


def test_a_stream_that_goes_on_is_given_as_far_as_it_came() -> None:
    wire = Wire()
    wire.ask()
    wire.answer()
    wire.stream_from(b"")
    wire.data(b"x" * 5000)
    first = wire.one()
    wire.data(b"y" * 5000)
    wire.end()
    assert (body_of(first), first.ended_at) == (b"x" * 5000, None)
    assert body_of(wire.one()) == b"x" * 5000 + b"y" * 5000


def test_at_the_end_it_is_asked_what_became_of_answers_whose_page_had_gone() -> None:
    wire = Wire()
    wire.ask("lost", type="Document")
    wire.answer("lost")
    wire.data(b"a page", "lost", live=False)
    wire.stream_from(None, "lost")
    wire.ask("empty", type="Document")
    wire.answer("empty", headers={"content-length": "6"})
    wire.stream_from(b"", "empty")
    wire.ask("running", method="POST")
    wire.answer("running", mimeType="text/event-stream")
    wire.stream_from(b"", "running")
    wire.data(b"data: 1", "running")
    wire.ask("waiting", method="POST")
    asks = wire.traffic.unfinished()
    assert [(ask.what, ask.entry.id) for ask in asks] == [("body", "lost"), ("body", "empty")]
    wire.traffic.came_whole(asks[0].entry, "a page")
    wire.traffic.came_whole(asks[1].entry, "")
    lost, empty, running, waiting = wire.exchanges()
    assert (body_of(lost), lost.ended_at) == (b"a page", None)
    assert body_of(empty) is None
    assert body_of(running) == b"data: 1"
    assert waiting.response is None


def test_a_redirect_is_an_entry_of_its_own() -> None:
    wire = Wire()
    wire.put("requestWillBeSentExtraInfo", headers={"cookie": "a=1"})
    wire.ask(url="https://site.test/old", method="POST", request={"postDataEntries": [{"bytes": b64(b"q")}]})
    wire.put(
        "responseReceivedExtraInfo", statusCode=307, headers={"location": "/api", "set-cookie": "a=2\nb=3"}
    )
    hop = {"status": 307, "headers": {"location": "/api"}, "protocol": "http/1.1"}
    wire.ask(method="POST", redirectResponse=hop, redirectHasExtraInfo=True)
    # The network's own words may come after the page's.
    wire.answer(extra=True)
    wire.put("requestWillBeSentExtraInfo", headers={":path": "/api", "cookie": "a=2"})
    wire.put("responseReceivedExtraInfo", statusCode=200, headers={"x-true": "yes"})
    wire.stream_from(b"")
    wire.end()
    old, new = wire.exchanges()
    assert (old.request.url, old.request.headers) == ("https://site.test/old", (("cookie", "a=1"),))
    assert old.request.body is not None
    assert old.request.body.read() == b"q"
    assert old.response is not None
    assert old.response.status == 307
    assert old.response.headers == (("location", "/api"), ("set-cookie", "a=2"), ("set-cookie", "b=3"))
    assert old.ended_at == new.at
    assert (new.request.url, new.request.headers) == (URL, (("cookie", "a=2"),))
    assert new.response is not None
    assert new.response.headers == (("x-true", "yes"),)
    assert body_of(new) == b""
    assert old.id != new.id


def test_an_answer_from_the_cache_has_no_headers_of_the_network() -> None:
    wire = Wire()
    wire.ask("1", type="Script")
    wire.put("requestServedFromCache", "1")
    wire.answer("1", headers={"etag": "x"})
    wire.ask("2", type="Script")
    wire.put("responseReceivedExtraInfo", "2", statusCode=304, headers={"date": "now"})
    wire.answer("2", extra=True, headers={"content-type": "text/javascript"})
    first, second = wire.exchanges()
    assert first.from_cache
    assert second.from_cache
    assert second.response is not None
    assert (second.response.status, second.response.headers) == (200, (("content-type", "text/javascript"),))


def test_what_one_session_begins_another_may_go_on_with() -> None:
    wire = Wire()
    wire.ask(type="Script", url="https://site.test/worker.js")
    wire.answer(kind="worker", mimeType="text/javascript")
    wire.put("dataReceived", kind="worker", dataLength=5)
    wire.put("loadingFinished", kind="worker", encodedDataLength=60)
    whole = wire.open_ask("body")
    assert whole.owner is WORKER
    wire.traffic.came_whole(whole.entry, "work!")
    assert body_of(wire.one()) == b"work!"


def test_preflights_and_addresses_without_a_network_are_left_out() -> None:
    wire = Wire()
    wire.ask("1", method="OPTIONS", initiator={"type": "preflight"})
    wire.answer("1")
    wire.ask("2", url="data:text/plain,hello")
    wire.ask("3", url="blob:https://site.test/1")
    wire.end("3")
    assert wire.exchanges() == []
    assert wire.traffic.notes == [
        "The browser's own questions before requests to other origins were left out."
    ]


def test_a_requests_body_that_did_not_come_along_is_asked_for() -> None:
    wire = Wire()
    wire.ask(method="POST", request={"hasPostData": True})
    ask = wire.open_ask("posted")
    assert ask.hop is not None
    wire.traffic.posted(ask.hop, b"\x00long")
    sent = wire.one().request.body
    assert sent is not None
    assert sent.read() == b"\x00long"


def test_a_request_whose_files_the_browser_hides_is_noted() -> None:
    wire = Wire()
    wire.ask(method="POST", request={"postDataEntries": [{"bytes": b64(b"head")}]})
    wire.put("requestWillBeSentExtraInfo", headers={"content-length": "4000"})
    assert wire.traffic.notes == [
        "Files that were sent are not in the requests: the browser keeps them to itself."
    ]


def test_an_answer_that_was_kept_from_the_page_still_has_its_head() -> None:
    wire = Wire()
    wire.ask()
    wire.put(
        "responseReceivedExtraInfo",
        statusCode=403,
        headersText="HTTP/1.1 403 Go away\r\nContent-Type: text/plain; x\r\n"
        "Set-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
    )
    wire.put("loadingFailed", errorText="net::ERR_FAILED", corsErrorStatus={})
    response = wire.one().response
    assert response is not None
    assert (response.status, response.status_text, response.mime_type) == (403, "Go away", "text/plain")
    assert [name for name, _ in response.headers] == ["Content-Type", "Set-Cookie", "Set-Cookie"]
    assert response.left_out == "the browser kept it from the page"


def test_a_sockets_messages_are_kept_both_ways() -> None:
    wire = Wire()
    wire.put("webSocketCreated", "s", url="wss://site.test/ws")
    wire.put("webSocketWillSendHandshakeRequest", "s", request={"headers": {"Origin": "x"}})
    wire.put("webSocketHandshakeResponseReceived", "s", response={"status": 101, "headers": {"Upgrade": "w"}})
    wire.put("webSocketFrameSent", "s", response={"opcode": 1, "payloadData": "hé"})
    wire.put("webSocketFrameReceived", "s", response={"opcode": 2, "payloadData": b64(b"\x00\xff")})
    wire.put("webSocketFrameReceived", "s", response={"opcode": 9, "payloadData": ""})
    wire.put("webSocketClosed", "s")
    wire.put("webSocketFrameReceived", "other", response={"opcode": 1, "payloadData": "from before"})
    socket = wire.one()
    assert (socket.request.url, socket.resource_type) == ("wss://site.test/ws", "websocket")
    assert [(m.at, m.sent, m.data) for m in socket.messages] == [
        (0.04, True, "hé"),
        (0.05, False, b"\x00\xff"),
    ]
    assert socket.response is not None
    assert socket.response.status == 101
    assert socket.ended_at == 0.07
    assert wire.traffic.notes == ["A socket was open before the recording began; its messages are not in it."]


# --- bounds ---------------------------------------------------------------------------------------


def noise(seed: int, size: int) -> bytes:
    """Bytes that do not pack."""
    return b"".join(hashlib.sha256(b"%d %d" % (seed, n)).digest() for n in range(size // 32))


def fetched(wire: Wire, number: str, data: bytes, *, method: str = "GET", type: str = "Fetch") -> None:
    wire.ask(number, url=f"{URL}/{number}", type=type, method=method)
    wire.answer(number)
    if type == "Script":
        wire.data(data, number, live=False)
        wire.end(number)
        if any(ask.what == "body" for ask in wire.asks):
            wire.traffic.came_whole(wire.open_ask("body", number).entry, b64(data), base64_encoded=True)
    else:
        wire.stream_from(b"", number)
        wire.data(data, number)
        wire.end(number)


def test_when_there_is_no_room_the_sites_code_goes_first_and_the_turns_stream_stays() -> None:
    wire = Wire(Traffic("MAIN", max_held_bytes=100_000, max_body_bytes=1 << 20))
    fetched(wire, "1", noise(1, 20_000), type="Script")
    fetched(wire, "2", noise(2, 40_000), type="Script")
    fetched(wire, "3", noise(3, 30_000))
    fetched(wire, "4", noise(4, 30_000), method="POST")
    fetched(wire, "5", noise(5, 60_000), method="POST")
    kept = {exchange.request.url[-1]: body_of(exchange) for exchange in wire.exchanges()}
    assert {number for number, body in kept.items() if body is not None} == {"4", "5"}
    gone = [exchange.response for exchange in wire.exchanges() if body_of(exchange) is None]
    assert {one.left_out for one in gone if one} == {"the recording already held 0.0954 MB"}
    assert [one.digest for one in gone if one] == [
        hashlib.sha256(noise(n, size)).hexdigest() for n, size in ((1, 20_000), (2, 40_000), (3, 30_000))
    ]
    assert wire.traffic.held_bytes <= 100_000


def test_what_comes_when_all_that_is_held_matters_more_is_left_out_itself() -> None:
    wire = Wire(Traffic("MAIN", max_held_bytes=50_000, max_body_bytes=1 << 20))
    fetched(wire, "1", noise(1, 40_000), method="POST")
    fetched(wire, "2", noise(2, 40_000), type="Script")
    wire.put("webSocketCreated", "s", url="wss://site.test/ws")
    wire.put("webSocketWillSendHandshakeRequest", "s", request={"headers": {}})
    wire.put("webSocketFrameSent", "s", response={"opcode": 1, "payloadData": "x" * 20_000})
    first, second, socket = wire.exchanges()
    assert body_of(first) is not None
    assert body_of(second) is None
    assert socket.messages == ()
    assert wire.traffic.notes == ["Messages of sockets were left out: the recording held as much as it may."]


@pytest.mark.parametrize("type", ["Fetch", "Script"])
def test_a_body_larger_than_one_may_be_is_left_out(type: str) -> None:
    wire = Wire(Traffic("MAIN", max_held_bytes=1 << 24, max_body_bytes=1000))
    fetched(wire, "1", b"x" * 1001, type=type)
    response = wire.one().response
    assert response is not None
    assert response.body is None
    assert response.left_out == "it was larger than 0.000954 MB"
    assert wire.traffic.held_bytes == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(EVENTS),
            st.sampled_from(["1", "2", "s"]),
        ),
        max_size=30,
    )
)
def test_no_order_of_events_breaks_it(events: list[tuple[str, str]]) -> None:
    wire = Wire()
    for method, number in events:
        name = method.removeprefix("Network.")
        if name == "requestWillBeSent":
            wire.ask(number, redirectResponse={"status": 302})
        elif name == "responseReceived":
            wire.answer(number)
        else:
            wire.put(name, number, dataLength=1, data=b64(b"x"))
    assert len({exchange.id for exchange in wire.exchanges()}) == len(wire.exchanges())


# --- service workers --------------------------------------------------------------------------------


def through_a_worker(wire: Wire, body: bytes, *, url: str = URL) -> tuple[Exchange, Exchange]:
    """The page asks a worker, which asks the site and passes the answer on."""
    wire.ask("1", method="POST")
    wire.ask("2", method="POST", url=url, kind="service_worker")
    wire.answer("2", kind="service_worker", headers={"content-length": "5"})
    wire.stream_from(b"", "2")
    wire.answer("1", fromServiceWorker=True)
    wire.stream_from(b"", "1")
    wire.data(body, "1")
    wire.end("1")
    wire.end("2")
    lost = wire.open_ask("body", "2")
    wire.traffic.came_whole(lost.entry, "")
    asked, passed_on = wire.exchanges()
    return asked, passed_on


def test_what_a_service_worker_passes_on_has_the_bytes_that_the_page_got() -> None:
    asked, passed_on = through_a_worker(Wire(), b"hello")
    assert (asked.from_service_worker, passed_on.from_service_worker) == (True, False)
    assert (asked.source, passed_on.source) == ("page", "service_worker")
    assert body_of(asked) == body_of(passed_on) == b"hello"


def test_what_a_service_worker_asks_for_itself_is_not_taken_from_another_answer() -> None:
    _, other = through_a_worker(Wire(), b"hello", url=f"{URL}/other")
    assert body_of(other) is None
    assert other.response is not None
    assert other.response.left_out == "whoever asked did not read it himself"
