"""Read one answer: feed a site's decoder, pass on what it says, and know when the answer is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
from cdp_relay.chat.shaping import Shaper
from cdp_relay.chat.usage import Tally, TokenCount, TokenCounter
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
    shaper: Shaper | None = None
    """What makes more of the text than its delivery, for requests that want more."""
    counter: TokenCounter = attrs.field(factory=TokenCounter)
    named: Callable[[str], None] = lambda _: None
    """Told of the chat's name on the site, as soon as it is known."""
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
    drifts: int = 0
    _kept: list[str] | None = attrs.field(factory=list, init=False)
    """The text, until it gets too long."""
    files: list[FileSeen] = attrs.field(factory=list)
    """What the site made for the answer, each once; fetched when the answer is whole."""
    files_fetched: int = 0
    counted: UsageSeen | None = None
    """The site's own count of the turn's tokens, where it has one."""
    _text: Tally = attrs.field(init=False)
    _reasoning: Tally = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._text, self._reasoning = self.counter.tally(), self.counter.tally()

    @property
    def over(self) -> bool:
        """Whether the site has said its last word on this answer."""
        return self.finish_reason is not None or self.error is not None

    @property
    def enough(self) -> bool:
        """Whether nothing that may still follow is wanted, though the site may go on."""
        return self.shaper is not None and self.shaper.enough

    @property
    def text_bytes(self) -> int:
        """The UTF-8 bytes of the answer's text so far."""
        return self._text.bytes

    @property
    def text(self) -> str | None:
        """The answer's text so far; None when it is too long to be kept."""
        return None if self._kept is None else "".join(self._kept)

    def name_chat(self, conversation_id: str) -> None:
        """Learn what the chat is called."""
        if conversation_id and conversation_id != self.conversation_id:
            self.conversation_id = conversation_id
            self.named(conversation_id)

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
        if thinking and not self._reasoning.bytes:
            self._take((ReasoningDelta(thinking),))
        self._take((TextDelta(markdown), AnswerEnded()))

    def usage(self, prompt: TokenCount) -> Usage:
        """The tokens of the turn so far: as the site counted them, or else as well as we can.

        Args:
          prompt: what the prompt has by our own count.
        """
        if self.counted is not None:
            return Usage(
                prompt_tokens=self.counted.prompt_tokens,
                completion_tokens=self.counted.completion_tokens,
                reasoning_tokens=self.counted.reasoning_tokens,
                estimated=False,
                source="site",
            )
        reasoning = self._reasoning.tokens
        return Usage(
            prompt_tokens=prompt.tokens,
            completion_tokens=self._text.tokens + reasoning,
            reasoning_tokens=reasoning,
            estimated=prompt.source == "estimate",
            source=prompt.source,
        )

    def _take(self, events: Iterable[DecoderEvent]) -> None:
        for event in events:
            match event:
                case TextDelta(text):
                    self.text_chars += len(text)
                    self._text.add(text)
                    self._keep(text)
                    self._pass(event)
                case TextRetracted(chars):
                    # How many bytes these were is known to nobody any more: their share, then.
                    left = max(0, self.text_chars - chars)
                    self._text.shrink(left / max(1, self.text_chars))
                    self.text_chars = left
                    if self._kept is not None:
                        self._kept = ["".join(self._kept)[:left]]
                    self._pass(event)
                case ReasoningDelta(text):
                    self._reasoning.add(text)
                    self._pass(event)
                case ConversationSeen():
                    if event.conversation_id is not None:
                        self.name_chat(event.conversation_id)
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

    def _pass(self, event: TextDelta | TextRetracted | ReasoningDelta) -> None:
        if self.shaper is None:
            self.delivery.put(event)
        else:
            for shaped in self.shaper.feed(event):
                self.delivery.put(shaped)

    def _keep(self, text: str) -> None:
        if self.text_chars > MAX_CHARS:
            self._kept = None
        if self._kept is not None:
            self._kept.append(text)
