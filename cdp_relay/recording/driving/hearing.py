"""What the relay would have heard of a session that a person drove: its recorded streams, decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import attrs

from cdp_relay.chat.answer import AnswerReader
from cdp_relay.chat.contract import Provider, Submission
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.usage import TokenCount, TokenCounter
from cdp_relay.chat.vocabulary import (
    ChatEvent,
    ChatNamed,
    Finished,
    ReasoningDelta,
    Step,
    StepReached,
    TextDelta,
    TextRetracted,
)
from cdp_relay.errors import AnswerIncomplete, ProtocolViolation, RelayError
from cdp_relay.recording.session import Exchange, Heard, KnownText
from cdp_relay.store.documents import error_document, event_document

__all__ = ["hear_exchanges"]


def hear_exchanges(
    provider: Provider, exchanges: Sequence[Exchange]
) -> tuple[tuple[Heard, ...], tuple[KnownText, ...]]:
    """Decode every answer of a session; returns the events with their times, and the texts that were said."""
    asked = [
        (one, submission) for one in exchanges if (submission := _submission_of(provider, one)) is not None
    ]
    heard: list[Heard] = []
    texts: list[KnownText] = []
    for number, (exchange, submission) in enumerate(asked):
        following = asked[number + 1][0].at if number + 1 < len(asked) else math.inf
        was_stopped = exchange.error == "net::ERR_ABORTED" or any(
            provider.is_stop(one.request.method, one.request.url)
            for one in exchanges
            if exchange.at <= one.at < following
        )
        answer = _Answer(provider, exchange, submission, was_stopped)
        answer.decode(_pieces(provider, exchanges, exchange, until=following))
        heard += answer.heard
        texts += answer.texts
    return tuple(heard), tuple(dict.fromkeys(texts))


@attrs.frozen
class _Piece:
    """Something that came, or was asked, for one answer."""

    at: float
    body: bytes | None = None
    """Of its stream, or of a resumed one."""
    frame: str | None = None
    """Of a socket."""
    resume: bytes | None = None
    """The request for the rest of a stream."""


def _submission_of(provider: Provider, exchange: Exchange) -> Submission | None:
    request = exchange.request
    is_answered = exchange.source != "service_worker"  # the page tells of the same request
    if not is_answered or not provider.is_submission(request.method, request.url):
        return None
    return provider.read_submission(request.body.read() if request.body is not None else b"")


def _pieces(
    provider: Provider, exchanges: Sequence[Exchange], asked: Exchange, *, until: float
) -> list[_Piece]:
    """All that can belong to an answer, in the order in which it came."""
    found = list(_body_pieces(asked))
    for one in exchanges:
        request, is_meant = one.request, asked.at <= one.at < until and one.source != "service_worker"
        if one is not asked and is_meant and provider.is_resume(request.method, request.url):
            found.append(_Piece(one.at, resume=request.body.read() if request.body is not None else b""))
            found += _body_pieces(one)
        if provider.is_socket(request.url):
            found += [
                _Piece(message.at, frame=message.data)
                for message in one.messages
                if not message.sent and isinstance(message.data, str) and asked.at <= message.at < until
            ]
    return sorted(found, key=lambda piece: piece.at)


def _body_pieces(exchange: Exchange) -> Iterator[_Piece]:
    response = exchange.response
    if response is None or response.body is None:
        return
    data, start = response.body.read(), 0
    for chunk in response.chunks:
        yield _Piece(chunk.at, body=data[start : start + chunk.size])
        start += chunk.size
    if start < len(data):
        at = exchange.ended_at if exchange.ended_at is not None else exchange.at
        yield _Piece(at, body=data[start:])


@attrs.define(eq=False)
class _Answer:
    provider: Provider
    exchange: Exchange
    submission: Submission
    was_stopped: bool
    """On the page."""
    heard: list[Heard] = attrs.field(factory=list, init=False)
    _now: float = attrs.field(init=False)
    _text: list[str] = attrs.field(factory=list, init=False)
    _reasoning: list[str] = attrs.field(factory=list, init=False)
    _delivery: Delivery = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._now = self.exchange.at
        self._delivery = Delivery(watch=self._note)

    def decode(self, pieces: Sequence[_Piece]) -> None:
        self._delivery.put(StepReached(step=Step.SUBMITTED, at_seconds=self._now))
        response = self.exchange.response
        if response is not None:
            headers = {name.lower(): value for name, value in response.headers}
            if not self.provider.is_stream(response.status, headers):
                body = response.body.read() if response.body is not None else b""
                self._fail(self.provider.refusal(response.status, headers, body))
                return
        reader = AnswerReader(
            self.provider.new_decoder(),
            self._delivery,
            None,
            TokenCounter(),
            named=self._named,
            conversation_id=self.submission.conversation_id,
        )
        try:
            self._read(reader, pieces)
        except ProtocolViolation as error:
            self._fail(error)
            return
        self._end(reader)

    @property
    def texts(self) -> Iterator[KnownText]:
        """What was said and answered."""
        if self.submission.prompt:
            yield KnownText("prompt", self.submission.prompt)
        if self._text:
            yield KnownText("answer", "".join(self._text))
        if self._reasoning:
            yield KnownText("reasoning", "".join(self._reasoning))

    def _read(self, reader: AnswerReader, pieces: Sequence[_Piece]) -> None:
        for piece in pieces:
            self._now = piece.at
            if piece.body is not None:
                reader.body(piece.body)
            elif piece.frame is not None:
                reader.frame(piece.frame)
            elif piece.resume is not None:
                reader.end_body()
                reader.resume(piece.resume)
        if self.exchange.ended_at is not None:
            reader.end_body()

    def _end(self, reader: AnswerReader) -> None:
        if reader.error is not None:
            self._fail(reader.error)
        elif reader.finish_reason is not None:
            self._delivery.put(
                Finished(
                    finish_reason=reader.finish_reason,
                    usage=reader.usage(TokenCount(tokens=0, source="estimate")),
                    site=self.provider.site.name,
                    model=reader.model or self.submission.model,
                    conversation_id=reader.conversation_id,
                    capture=reader.capture,
                )
            )
        elif self.was_stopped:
            self._delivery.put(StepReached(step=Step.STOPPED, at_seconds=self._now))
        else:
            self._fail(AnswerIncomplete("The recording ends before the answer does."))

    def _named(self, conversation_id: str) -> None:
        url = self.provider.conversation_url(conversation_id)
        self._delivery.put(ChatNamed(conversation_id=conversation_id, conversation_url=url))

    def _fail(self, error: RelayError) -> None:
        self.heard.append(Heard(self._now, {"event": "error", **error_document(error)}))

    def _note(self, event: ChatEvent) -> None:
        self.heard.append(Heard(self._now, event_document(event)))
        match event:
            case TextDelta(text):
                self._text.append(text)
            case TextRetracted(chars):
                text = "".join(self._text)
                self._text = [text[: max(0, len(text) - chars)]]
            case ReasoningDelta(text):
                self._reasoning.append(text)
