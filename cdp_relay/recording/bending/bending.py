"""Recordings bent for tests: what a site might have done, made from what it did, without writing a server.

``bend(session).at("POST /backend-api/conversation").cut(at=300).session`` is the recording whose answer
breaks off behind its 300th byte. Nothing is changed in place: every step gives a new :class:`Bending`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from urllib.parse import urlsplit

import attrs

from cdp_relay.recording.bending._stretches import stretches_of
from cdp_relay.recording.bending._swapping import cannot_bend, exchange_of_answer, swap_answer
from cdp_relay.recording.chunks import ByteEdit, chunks_of, with_body, with_edits
from cdp_relay.recording.session import Body, Chunk, Exchange, Headers, Message, Response, Session, header

__all__ = ["Bending", "Place", "bend"]

CONNECTION_LOST = "net::ERR_INCOMPLETE_CHUNKED_ENCODING"
"""What Chrome says of an answer that breaks off."""

_MOST_NAMED = 12


def bend(session: Session) -> Bending:
    """Begin to bend a recording."""
    return Bending(session)


@attrs.frozen
class Bending:
    """A recording, and what can be done to it."""

    session: Session

    def at(self, what: str, number: int = 1) -> Place:
        """The request to bend: ``POST /path``, ``/path``, ``HOST/path``; ``*`` stands for anything.

        Args:
          number: which of those that match, from 1.

        Raises:
          InvalidRequest: so many requests do not match; the message names what there is.
        """
        matching = [index for index, one in enumerate(self.session.exchanges) if _fits(one, what)]
        if not matching:
            raise cannot_bend(
                f"No request of the recording matches {what!r}. There are: {_named(self.session)}.",
                param="at",
            )
        if not 1 <= number <= len(matching):
            raise cannot_bend(
                f"{what!r} matches {len(matching)} request{'' if len(matching) == 1 else 's'}, "
                f"so there is no number {number}.",
                param="number",
            )
        return Place(self.session, matching[number - 1])

    def answer(self, turn: int = 1) -> Place:
        """The request, or the socket, that brought an answer.

        Args:
          turn: which answer of the recording, from 1.

        Raises:
          InvalidRequest: there is no such answer, or no stream tells it.
        """
        return Place(self.session, exchange_of_answer(self.session, turn))

    def swap(self, answer: str, *, turn: int = 1) -> Bending:
        """Another answer, in every stream, socket and stored chat that tells it, with frames counted anew.

        Args:
          turn: which answer of the recording, from 1.

        Raises:
          InvalidRequest: there is no such answer, or no stream tells it.
        """
        swapped = swap_answer(self.session, answer, turn=turn)
        return Bending(_noted(swapped, f"another text for answer {turn}"))


@attrs.frozen
class Place:
    """One request of a recording, and what can happen to it.

    Its answer is a stream of chunks (as they came) and of events (as the site wrote them), both counted from
    0. On a socket, both are the messages that were received.
    """

    session: Session
    index: int

    @property
    def exchange(self) -> Exchange:
        """The request."""
        return self.session.exchanges[self.index]

    @property
    def name(self) -> str:
        """The request, in words."""
        return _name(self.exchange)

    def cut(
        self,
        *,
        at: int | None = None,
        chunk: int | None = None,
        event: int | None = None,
        breaks: bool = True,
    ) -> Bending:
        """End the answer behind its first *at* bytes, or before a chunk or an event.

        Args:
          breaks: whether the connection is lost there; the body ends as if it were whole otherwise.
        """
        where = self._where(at, chunk, event)
        if self._is_socket:
            exchange = self._with_messages(self._received[:where])
            ended = max((one.at for one in exchange.messages), default=exchange.at)
        else:
            exchange = self._shortened(where)
            ended = max((one.at for one in chunks_of(exchange)), default=self._begun)
        error = CONNECTION_LOST if breaks and not self._is_socket else exchange.error
        exchange = attrs.evolve(exchange, ended_at=ended, error=error)
        return self._with(exchange, f"{'breaks off' if breaks else 'ends'} at {_at(at, chunk, event)}")

    def hold(self, *, at: int | None = None, chunk: int | None = None, event: int | None = None) -> Bending:
        """Let the answer come up to here, and then neither go on nor end."""
        where = self._where(at, chunk, event)
        short = self._with_messages(self._received[:where]) if self._is_socket else self._shortened(where)
        return self._with(attrs.evolve(short, ended_at=None, error=""), f"stands at {_at(at, chunk, event)}")

    def delay(self, seconds: float, *, chunk: int = 0) -> Bending:
        """Let all from a chunk on come so much later; from the first one on that is the whole answer."""
        if seconds <= 0:
            raise cannot_bend(f"A delay has to be longer than 0 seconds, not {seconds:g}.", param="delay")
        exchange = self.exchange
        timings = exchange.timings
        if self._is_socket:
            self._check("chunk", chunk, len(self._received))
            first = self._received[chunk].at if self._received else exchange.at
            exchange = attrs.evolve(
                exchange,
                messages=tuple(
                    attrs.evolve(one, at=one.at + seconds) if not one.sent and one.at >= first else one
                    for one in exchange.messages
                ),
            )
        elif exchange.response is not None:
            chunks = chunks_of(exchange)
            if chunk:
                self._check("chunk", chunk, len(chunks))
            late = [Chunk(one.at + seconds * (index >= chunk), one.size) for index, one in enumerate(chunks)]
            exchange = attrs.evolve(exchange, response=attrs.evolve(exchange.response, chunks=tuple(late)))
        elif chunk:
            self._check("chunk", chunk, 0)
        if chunk and not self._is_socket:
            timings = attrs.evolve(timings, receive=timings.receive + seconds)
        elif not self._is_socket:
            timings = attrs.evolve(timings, wait=timings.wait + seconds)
        ended = exchange.ended_at + seconds if exchange.ended_at is not None else None
        exchange = attrs.evolve(exchange, timings=timings, ended_at=ended)
        return self._with(exchange, f"{seconds:g} s later from chunk {chunk} on")

    def duplicate(self, *, chunk: int | None = None, event: int | None = None) -> Bending:
        """Tell a chunk or an event twice; or, where neither is named, answer the same request once more."""
        if chunk is None and event is None:
            again = attrs.evolve(self.exchange, id=f"{self.exchange.id}-again")
            exchanges = [*self.session.exchanges]
            exchanges.insert(self.index + 1, again)
            return self._done(exchanges, "answered once more")
        where = self._where(None, chunk, event)
        if self._is_socket:
            twice = [*self._received[: where + 1], *self._received[where:]]
            return self._with(self._with_messages(twice), f"{_at(None, chunk, event)} twice")
        start, end = self._stretch(chunk, event)
        data = self._body[start:end]
        return self._edited(ByteEdit(end, end, data), f"{_at(None, chunk, event)} twice")

    def drop(self, *, chunk: int | None = None, event: int | None = None) -> Bending:
        """Leave out a chunk or an event; or, where neither is named, the whole request, as if never made."""
        if chunk is None and event is None:
            exchanges = [one for index, one in enumerate(self.session.exchanges) if index != self.index]
            return self._done(exchanges, "left out")
        where = self._where(None, chunk, event)
        if self._is_socket:
            fewer = [*self._received[:where], *self._received[where + 1 :]]
            return self._with(self._with_messages(fewer), f"without {_at(None, chunk, event)}")
        start, end = self._stretch(chunk, event)
        return self._edited(ByteEdit(start, end, b""), f"without {_at(None, chunk, event)}")

    def status(self, status: int, body: str | bytes = b"", headers: Headers = ()) -> Bending:
        """Answer with another status, body and headers, at the time of the first recorded byte.

        Headers that are not named stay, but for those that tell of the old body.
        """
        if not 100 <= status <= 599:
            raise cannot_bend(f"{status} is no status of an HTTP answer.", param="status")
        old = self.exchange.response
        data = body.encode() if isinstance(body, str) else body
        named = {name.lower() for name, _ in headers}
        kept = tuple(
            (name, value)
            for name, value in (old.headers if old is not None else ())
            if name.lower() not in named | {"content-length", "content-type", "content-encoding"}
        )
        kind = header(headers, "content-type") or ""
        if not kind and data:
            kind = "application/json" if data.lstrip()[:1] in (b"{", b"[") else "text/plain"
            headers = (*headers, ("content-type", kind))
        chunks = chunks_of(self.exchange)
        at = chunks[0].at if chunks else self._begun
        response = Response(
            status=status,
            http_version=old.http_version if old is not None else "HTTP/2",
            headers=(*kept, *headers),
            mime_type=kind.partition(";")[0],
            body=Body.of(data),
            chunks=(Chunk(at, len(data)),) if data else (),
        )
        exchange = attrs.evolve(self.exchange, response=response, error="", ended_at=at, messages=())
        return self._with(exchange, f"status {status}")

    # --- parts of the answer

    @property
    def _is_socket(self) -> bool:
        return self.exchange.resource_type == "websocket" or bool(self.exchange.messages)

    @property
    def _received(self) -> list[Message]:
        return [one for one in self.exchange.messages if not one.sent]

    @property
    def _begun(self) -> float:
        return self.exchange.ended_at if self.exchange.ended_at is not None else self.exchange.at

    @property
    def _response(self) -> Response:
        if self.exchange.response is None:
            why = f": {self.exchange.error}" if self.exchange.error else ""
            raise cannot_bend(f"{self.name} was not answered{why}.", param="at")
        return self.exchange.response

    @property
    def _body(self) -> bytes:
        body = self._response.body
        if body is None:
            why = self._response.left_out or "none was recorded"
            raise cannot_bend(f"The answer to {self.name} has no body to bend: {why}.", param="at")
        return body.read()

    def _where(self, at: int | None, chunk: int | None, event: int | None) -> int:
        """The byte where a place is; on a socket, the number of the received message."""
        if sum(one is not None for one in (at, chunk, event)) != 1:
            raise cannot_bend("Name one of a byte, a chunk and an event.", param="at")
        if self._is_socket:
            if at is not None:
                raise cannot_bend(
                    f"{self.name} is a socket: name a message (event) instead of a byte.", param="at"
                )
            number = chunk if chunk is not None else event or 0
            self._check("message", number, len(self._received))
            return number
        if at is not None:
            size = len(self._body)
            if not 0 <= at <= size:
                raise cannot_bend(
                    f"The answer to {self.name} has {size} bytes, so there is no byte {at}.", param="at"
                )
            return at
        return self._stretch(chunk, event)[0]

    def _stretch(self, chunk: int | None, event: int | None) -> tuple[int, int]:
        """The bytes of a chunk or an event."""
        if chunk is not None:
            chunks = chunks_of(self.exchange)
            self._check("chunk", chunk, len(chunks))
            start = sum(one.size for one in chunks[:chunk])
            return start, start + chunks[chunk].size
        stretches = stretches_of(self._body, self._response.mime_type)
        self._check("event", event or 0, len(stretches))
        return stretches[event or 0]

    def _check(self, kind: str, number: int, count: int) -> None:
        if not 0 <= number < count:
            known = f"{kind}s 0 to {count - 1}" if count > 1 else f"only {kind} 0" if count else f"no {kind}s"
            raise cannot_bend(
                f"{self.name} has {known}, so there is no {kind} {number}.",
                param="chunk" if kind == "chunk" else "event",
            )

    # --- what comes out

    def _shortened(self, size: int) -> Exchange:
        chunks, left = [], size
        for chunk in chunks_of(self.exchange):
            chunks.append(Chunk(chunk.at, min(left, chunk.size)))
            left -= chunks[-1].size
        short = with_body(self._response, self._body[:size], chunks)
        # A length that says too much would tell of the cut; a stream has none.
        headers = tuple(one for one in short.headers if one[0].lower() != "content-length")
        return attrs.evolve(self.exchange, response=attrs.evolve(short, headers=headers))

    def _with_messages(self, received: Sequence[Message]) -> Exchange:
        sent = [one for one in self.exchange.messages if one.sent]
        messages = sorted((*sent, *received), key=lambda one: one.at)
        return attrs.evolve(self.exchange, messages=tuple(messages))

    def _edited(self, edit: ByteEdit, what: str) -> Bending:
        chunks = list(chunks_of(self.exchange))
        if edit.start == edit.end:
            # What is told once more comes with the chunk that told it first.
            ends, place = [], 0
            for chunk in chunks:
                place += chunk.size
                ends.append(place)
            index = next(index for index, end in enumerate(ends) if end >= edit.end)
            chunks[index] = Chunk(chunks[index].at, chunks[index].size + len(edit.data))
            body = self._body[: edit.start] + edit.data + self._body[edit.end :]
            changed = with_body(self._response, body, chunks)
        else:
            changed = with_edits(self._response, chunks, [edit])
        return self._with(attrs.evolve(self.exchange, response=changed), what)

    def _with(self, exchange: Exchange, what: str) -> Bending:
        exchanges = list(self.session.exchanges)
        exchanges[self.index] = exchange
        return self._done(exchanges, what)

    def _done(self, exchanges: Sequence[Exchange], what: str) -> Bending:
        session = attrs.evolve(self.session, exchanges=tuple(exchanges))
        return Bending(_noted(session, f"{self.name}: {what}"))


def _noted(session: Session, what: str) -> Session:
    """The session, with a note that this is not what the site did."""
    notes = (*session.about.notes, f"Bent: {what}.")
    return attrs.evolve(session, about=attrs.evolve(session.about, notes=notes))


def _fits(exchange: Exchange, what: str) -> bool:
    method, space, pattern = what.strip().rpartition(" ")
    if space and method.strip().upper() != exchange.request.method.upper():
        return False
    url = urlsplit(exchange.request.url)
    path = url.path or "/"
    if "://" in pattern:
        seen = f"{url.scheme}://{url.netloc}{path}"
    else:
        seen = path if pattern.startswith(("/", "*")) else f"{url.netloc}{path}"
    if fnmatch.fnmatchcase(seen, pattern):
        return True
    return bool(url.query) and fnmatch.fnmatchcase(f"{seen}?{url.query}", pattern)


def _name(exchange: Exchange) -> str:
    return f"{exchange.request.method} {urlsplit(exchange.request.url).path or '/'}"


def _named(session: Session) -> str:
    names = list(dict.fromkeys(_name(one) for one in session.exchanges if one.resource_type not in _STATIC))
    if not names:
        return "none"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


_STATIC = frozenset(("script", "stylesheet", "image", "font", "media", "manifest"))


def _at(at: int | None, chunk: int | None, event: int | None) -> str:
    if at is not None:
        return f"byte {at}"
    return f"chunk {chunk}" if chunk is not None else f"event {event}"
