"""Read one answer: feed a site's decoder, pass on what it says, and know when the answer is whole."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from cdp_relay.chat.comparison import MAX_CHARS
from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    FileSeen,
    HandedOff,
    ModelSeen,
    SiteFailed,
    StreamDecoder,
    TitleSeen,
    UsageSeen,
)
from cdp_relay.chat.delivery import Delivery
from cdp_relay.chat.usage import estimate_tokens_of_bytes
from cdp_relay.chat.vocabulary import (
    Drift,
    FinishReason,
    Notice,
    ReasoningDelta,
    TextDelta,
    TextRetracted,
    Usage,
)
from cdp_relay.errors import RelayError

__all__ = ["AnswerReader"]


@attrs.define(eq=False)
class AnswerReader:
    """Keeps what one turn's stream has said so far. Sans-IO.

    Text is passed on as it comes and only counted here, but for short answers, which are kept to be
    compared with what the page shows: an answer may be megabytes long.
    """

    decoder: StreamDecoder
    delivery: Delivery
    conversation_id: str | None = None
    message_id: str | None = None
    model: str | None = None
    title: str | None = None
    topic: str | None = None
    """The WebSocket topic that the rest of the answer comes under."""
    finish_reason: FinishReason | None = None
    """Set by the site's own sign that the answer is whole."""
    error: RelayError | None = None
    """What the site said instead of an answer, or of its rest."""
    capture: str = "stream"
    text_chars: int = 0
    text_bytes: int = 0
    reasoning_bytes: int = 0
    drifts: int = 0
    _kept: list[str] | None = attrs.field(factory=list, init=False)
    """The text, until it gets too long."""
    files: list[FileSeen] = attrs.field(factory=list)
    """What the site made for the answer, each once; fetched when the answer is whole."""
    files_fetched: int = 0
    counted: UsageSeen | None = None
    """The site's own count of the turn's tokens, where it has one."""

    @property
    def over(self) -> bool:
        """Whether the site has said its last word on this answer."""
        return self.finish_reason is not None or self.error is not None

    @property
    def text(self) -> str | None:
        """The answer's text so far; None when it is too long to be kept."""
        return None if self._kept is None else "".join(self._kept)

    def body(self, data: bytes) -> None:
        """Take the next bytes of the response body."""
        self._take(self.decoder.feed(data))

    def frame(self, text: str) -> None:
        """Take one WebSocket message."""
        self._take(self.decoder.feed_frame(text))

    def end_body(self) -> None:
        """The response body ended."""
        self._take(self.decoder.end_body())

    def resume(self, request: bytes) -> None:
        """The page asked for the rest of a body that broke."""
        self.decoder.resume(request)

    def rendered(self, markdown: str, thinking: str) -> None:
        """Take the whole answer as the page shows it, where the wire gave none of its text."""
        self.capture = "page"
        if thinking and not self.reasoning_bytes:
            self._take((ReasoningDelta(thinking),))
        self._take((TextDelta(markdown), AnswerEnded()))

    def usage(self, prompt_tokens: int) -> Usage:
        """The tokens of the turn so far: as the site counted them, or else estimated."""
        if self.counted is not None:
            return Usage(
                prompt_tokens=self.counted.prompt_tokens,
                completion_tokens=self.counted.completion_tokens,
                reasoning_tokens=self.counted.reasoning_tokens,
                estimated=False,
            )
        reasoning = estimate_tokens_of_bytes(self.reasoning_bytes)
        return Usage(
            prompt_tokens=prompt_tokens,
            completion_tokens=estimate_tokens_of_bytes(self.text_bytes) + reasoning,
            reasoning_tokens=reasoning,
        )

    def _take(self, events: Iterable[DecoderEvent]) -> None:
        for event in events:
            match event:
                case TextDelta(text):
                    self.text_chars += len(text)
                    self.text_bytes += len(text.encode("utf-8", "replace"))
                    self._keep(text)
                    self.delivery.put(event)
                case TextRetracted(chars):
                    # How many bytes these were is known to nobody any more: their share, then.
                    left = max(0, self.text_chars - chars)
                    self.text_bytes = self.text_bytes * left // max(1, self.text_chars)
                    self.text_chars = left
                    if self._kept is not None:
                        self._kept = ["".join(self._kept)[:left]]
                    self.delivery.put(event)
                case ReasoningDelta(text):
                    self.reasoning_bytes += len(text.encode("utf-8", "replace"))
                    self.delivery.put(event)
                case ConversationSeen():
                    self.conversation_id = event.conversation_id or self.conversation_id
                    self.message_id = event.message_id or self.message_id
                case ModelSeen():
                    self.model = event.model
                case TitleSeen():
                    self.title = event.title
                case HandedOff():
                    # Messages of the topic may have come before this word of it.
                    self.topic, self.capture = event.topic, "socket"
                case FileSeen():
                    if all((event.url, event.sign) != (file.url, file.sign) for file in self.files):
                        self.files.append(event)
                case UsageSeen():
                    self.counted = event
                case AnswerEnded():
                    self.finish_reason = event.finish_reason
                case SiteFailed():
                    self.error = event.error
                case Drift():
                    self.drifts += 1
                    self.delivery.put(event)
                case Notice():
                    self.delivery.put(event)

    def _keep(self, text: str) -> None:
        if self.text_chars > MAX_CHARS:
            self._kept = None
        if self._kept is not None:
            self._kept.append(text)
