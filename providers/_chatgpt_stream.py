"""Decode one turn of ChatGPT: response bodies, and the WebSocket that a turn is handed off to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from cdp_relay.chat.contract import (
    ConversationSeen,
    DecoderEvent,
    HandedOff,
    ModelSeen,
    TitleSeen,
)
from cdp_relay.chat.vocabulary import Drift, FinishReason
from cdp_relay.errors import AnswerBlocked, CapReached, EmptyAnswer, GenerationFailed
from cdp_relay.wire import DeltaDocument, ServerSentEvent, SSEDecoder, SurrogateJoiner, decode_json

from ._chatgpt_answer import Answer
from ._chatgpt_errors import SaidError, UsedUp, error_of, read_said_error, used_up
from ._chatgpt_passages import Reading
from ._chatgpt_socket import EarlyItems, SocketItem, read_frame

__all__ = ["ChatGPTDecoder"]

_MAX_DRIFTS = 64
_MAX_CURSORS = 256
_NO_ERROR: tuple[Any, ...] = (None, "", False)

# Typed events that say nothing a client needs.
_QUIET_EVENTS = frozenset(
    {
        "delta_encoding",
        "heartbeat",
        "input_message",
        "message_marker",
        "ping",
        "stream_status",
        "url_moderation",
    }
)


@attrs.define(eq=False)
class _Lane:
    """One source of events with a delta document of its own: the response, or a socket topic."""

    socket: bool = False
    events: SSEDecoder = attrs.field(factory=SSEDecoder)
    document: DeltaDocument = attrs.field(factory=DeltaDocument)
    joiner: SurrogateJoiner = attrs.field(factory=SurrogateJoiner)
    message: dict[str, Any] | None = None
    signature: tuple[Any, ...] = ()
    reading: Reading | None = None
    any_event: bool = False
    cursor: int = -1
    """The message that deltas are about, where several are told side by side."""
    cursors: dict[int, _Lane] = attrs.field(factory=dict)

    def part(self, frame: Any) -> _Lane:
        """The lane of the message that a delta is about, where several are told side by side.

        A counter that comes with anything but a new message changes nothing.
        """
        counter = frame.get("c") if isinstance(frame, dict) else None
        if not isinstance(counter, int):
            counter = self.cursor
        if counter not in self.cursors and self.cursors and not _is_root(frame):
            counter = self.cursor
        if counter not in self.cursors and len(self.cursors) < _MAX_CURSORS:
            self.cursors[counter] = _Lane(socket=self.socket) if self.cursors else self
        self.cursor = counter if counter in self.cursors else self.cursor
        return self.cursors[self.cursor]


class ChatGPTDecoder:
    """Turns the bytes of one turn into events. Sans-IO but for *now*, which reset times are told by."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._answer = Answer(self._report)
        self._response = _Lane()
        self._topics: dict[str, _Lane] = {}
        self._early = EarlyItems()
        self._bodies = 0
        self._counted = 0
        self._told_before = 0
        self._handed_off: int | None = None
        self._async = False
        self._conversation = ""
        self._title = ""
        self._capped: SaidError | None = None
        self._reported: set[tuple[str, str]] = set()

    # --- what the contract asks for

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of a response body."""
        for event in self._response.events.feed(data):
            if not event.data.strip() or event.data.strip() == "[DONE]":
                self._event(self._response, event)
            elif self._told_before:
                self._told_before -= 1
            else:
                self._counted += 1
                self._event(self._response, event)
        return self._drain()

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """Take one message of the site's WebSocket; only those of this turn's topics count."""
        try:
            items = read_frame(text)
        except ValueError:
            self._report("socket", "a message that is no JSON")
            return self._drain()
        for item in items:
            if item.unknown:
                self._report("socket", item.unknown)
            elif item.topic in self._topics:
                self._socket_item(self._topics[item.topic], item)
            elif not self._answer.over:
                self._early.keep(item)
        return self._drain()

    def end_body(self) -> Iterator[DecoderEvent]:
        """A response body ended; whether the answer is whole was said by its events or not at all."""
        rest = self._response.events.close()
        if rest is not None and _is_harmless(rest.data.strip()):
            # An event that no blank line ended does not count; a resumed body brings it again. Typed
            # events may be told twice without harm, so those are read all the same.
            self._event(self._response, rest)
        self._bodies += 1
        self._fail_capped()
        self._answer.settle()
        return self._drain()

    def resume(self, request: bytes) -> None:
        """The page asks for the events from ``offset`` on, counted over the turn without ``[DONE]``."""
        try:
            body = decode_json(request.decode("utf-8", "replace"))
        except ValueError:
            body = None
        offset = body.get("offset") if isinstance(body, dict) else None
        if isinstance(offset, int):
            self._told_before = max(0, self._counted - offset)
        else:
            self._report("resume", "a request to resume without an offset")

    # --- events

    def _drain(self) -> Iterator[DecoderEvent]:
        out = self._answer.out[:]
        self._answer.out.clear()
        return iter(out)

    def _report(self, kind: str, detail: str) -> None:
        if (kind, detail) not in self._reported and len(self._reported) < _MAX_DRIFTS:
            self._reported.add((kind, detail))
            self._answer.out.append(Drift(kind=kind, detail=detail))

    def _event(self, lane: _Lane, event: ServerSentEvent) -> None:
        lane.any_event = True
        data = event.data.strip()
        if not data:
            return
        if data == "[DONE]":
            self._done(lane)
            return
        try:
            value = decode_json(data)
        except ValueError:
            self._report("event", "an event that is no JSON")
            return
        if event.event == "delta_encoding":
            if value != "v1":
                self._report("encoding", f"delta encoding {str(value)[:40]}")
            if lane.socket:
                # The topic tells the turn from its beginning; else it goes on from the response.
                lane.document = DeltaDocument()
                lane.message = lane.reading = None
        elif event.event == "delta" or _is_delta(value):
            self._delta(lane, value)
        elif not isinstance(value, dict):
            if value != "v1":
                self._report("event", f"an event of {type(value).__name__}")
        elif isinstance(value.get("type"), str):
            self._typed(lane, value["type"], value)
        elif isinstance(value.get("message"), dict):
            # Builds without delta encoding tell the whole message in every frame.
            lane.document.set_root(value)
            self._look(lane)
        elif not self._refused(value):
            self._report("event", f"no type, but {', '.join(sorted(map(str, value))[:6])[:120]}")

    def _delta(self, lane: _Lane, value: Any) -> None:
        if self._answer.alternatives:
            lane = lane.part(value)
        for fault in lane.document.apply(value):
            # A path or a value differs each time; one report of its kind is enough.
            self._report(fault.kind, fault.detail if fault.kind == "operation" else f"a delta's {fault.kind}")
        if lane.document.quiet and lane.reading is not None and lane.message is not None:
            self._answer.read_on(lane.reading, lane.message)
        else:
            self._look(lane)

    def _look(self, lane: _Lane) -> None:
        """See what the document has to say after a change."""
        root = lane.document.root
        if not isinstance(root, dict):
            return
        message = root.get("message")
        if message is not lane.message:
            # A new root. What stands beside the message changes with it only.
            self._heed_conversation(root.get("conversation_id"))
            if root.get("error") not in _NO_ERROR or root.get("error_code") not in _NO_ERROR:
                self._refused({key: root.get(key) for key in ("error", "error_code")})
        if not isinstance(message, dict):
            lane.message, lane.reading = None, None
            return
        content = message.get("content")
        kind = content.get("content_type") if isinstance(content, dict) else None
        signature = (message.get("recipient"), message.get("channel"), kind)
        if message is not lane.message or signature != lane.signature:
            lane.message, lane.signature = message, signature
            lane.reading = self._answer.start(message)
            if self._answer.failure and kind == "system_error" and _role(message) == "assistant":
                self._answer.fail(GenerationFailed(f"ChatGPT says: {self._answer.failure}"))
        if lane.reading is not None:
            self._answer.read(lane.reading, message)

    def _typed(self, lane: _Lane, kind: str, value: dict[str, Any]) -> None:
        self._heed_conversation(value.get("conversation_id"))
        match kind:
            case "title_generation":
                self._heed_title(value.get("title"))
            case "server_ste_metadata":
                self._heed_model(value.get("metadata"))
            case "message_stream_complete" | "main_stream_complete":
                self._complete(lane)
            case "stream_handoff":
                self._hand_off(value)
            case "conversation_async_status":
                self._async = value.get("async_status") is not None
            case "conversation_detail_metadata":
                self._heed_limits(value)
            case "num_variants_in_stream":
                if value.get("num_variants_in_stream") not in (0, 1):
                    self._offer_choice()
            case "moderation":
                response = value.get("moderation_response")
                if isinstance(response, dict) and response.get("blocked") is True:
                    self._block("ChatGPT's moderation withheld the prompt or the answer.")
            case "safety_limited":
                self._block("ChatGPT withheld the answer for safety.")
            case "safety_review_update":
                if value.get("active") is True:
                    self._answer.notice("safety_review", "ChatGPT reviews this turn before it goes on.")
            case "error":
                self._refused(value, said=SaidError())
            case _ if value.get("safety_limited") is True:
                self._block("ChatGPT withheld the answer for safety.")
            case _ if kind not in _QUIET_EVENTS and kind != "resume_conversation_token":
                if not (kind.endswith("error") and self._refused(value)):
                    self._report("event", kind[:80])

    def _offer_choice(self) -> None:
        """The site tells two answers side by side and asks which is better: the first one counts."""
        for lane in (self._response, *self._topics.values()):
            lane.cursor = lane.document.counter or 0
            lane.cursors = {lane.cursor: lane}
        self._answer.choose_first()
        self._answer.notice(
            "answer_choice", "ChatGPT wrote several answers to choose from; the first one was taken."
        )

    # --- the end

    def _done(self, lane: _Lane) -> None:
        """The source said ``[DONE]``: that is the end of it, but not always of the answer."""
        answer = self._answer
        self._fail_capped()
        if answer.over or lane.socket or self._only_handed_off(lane):
            return
        answer.release_held()
        if answer.last is not None and answer.last.finished:
            answer.end(answer.last.reason or FinishReason.STOP)
        elif not answer.any_text and (answer.last is None or not answer.last.length):
            self._empty()

    def _complete(self, lane: _Lane) -> None:
        """The site's strongest word: this turn's stream is whole."""
        answer = self._answer
        if answer.over or self._capped is not None:
            return
        if self._only_handed_off(lane):
            return
        answer.release_held()
        if answer.last is not None and answer.last.length:
            answer.end(answer.last.reason or FinishReason.STOP)
        else:
            self._empty()

    def _only_handed_off(self, lane: _Lane) -> bool:
        """Whether what ended is the body that handed the turn off, and not the turn."""
        return not lane.socket and self._handed_off == self._bodies

    def _empty(self) -> None:
        answer = self._answer
        if answer.failure:
            answer.fail(GenerationFailed(f"ChatGPT says: {answer.failure}"))
        elif answer.pictures.files():
            answer.end(FinishReason.STOP)
        elif self._async and (picture := answer.pictures.later()) is not None:
            answer.out.append(picture)
            answer.end(FinishReason.STOP)
        elif self._async:
            answer.notice("answer_elsewhere", "ChatGPT goes on in the chat itself (a task).")
            answer.end(FinishReason.STOP)
        elif answer.any_message:
            answer.fail(EmptyAnswer("ChatGPT's answer ended without any text."))
        else:
            answer.fail(EmptyAnswer("ChatGPT's stream ended without any message."))

    # --- the WebSocket

    def _hand_off(self, value: dict[str, Any]) -> None:
        self._handed_off = self._bodies
        options = value.get("options")
        for option in options if isinstance(options, list) else ():
            topic = option.get("topic_id") if isinstance(option, dict) else None
            if not isinstance(topic, str) or topic in self._topics:
                continue
            first = self._response
            lane = self._topics[topic] = _Lane(
                socket=True,
                document=first.document,
                message=first.message,
                signature=first.signature,
                reading=first.reading,
            )
            self._answer.out.append(HandedOff(topic))
            items, lost = self._early.take(topic)
            if lost:
                self._report("socket", "messages from before the hand-off were too many to keep")
            for item in items:
                self._socket_item(lane, item)
        if not self._topics:
            self._report("event", "stream_handoff without a topic")

    def _socket_item(self, lane: _Lane, item: SocketItem) -> None:
        if item.restarts and lane.any_event:
            # Catch-ups from the first item on: the topic is told again from its beginning.
            lane.events, lane.joiner = SSEDecoder(), SurrogateJoiner()
        data = lane.joiner.feed(item.text).encode("utf-8", "replace")
        for event in lane.events.feed(data):
            self._event(lane, event)

    # --- facts

    def _heed_conversation(self, value: Any) -> None:
        if isinstance(value, str) and value and value != self._conversation:
            self._conversation = self._answer.conversation_id = value
            self._answer.out.append(ConversationSeen(value))

    def _heed_title(self, title: Any) -> None:
        if isinstance(title, str) and title and title != self._title:
            self._title = title
            self._answer.out.append(TitleSeen(title))

    def _heed_model(self, metadata: Any) -> None:
        if not isinstance(metadata, dict):
            return
        model = metadata.get("model_slug")
        if isinstance(model, str) and model and not self._answer.model:
            self._answer.model = model
            self._answer.out.append(ModelSeen(model))
        self._answer.heed_adjustments(metadata)

    def _heed_limits(self, value: dict[str, Any]) -> None:
        if self._capped is not None:
            self._fail_capped(used_up(value))
        for key in ("model_limits", "blocked_features"):
            limits = value.get(key)
            for limit in limits if isinstance(limits, list) else ():
                if not isinstance(limit, dict):
                    continue
                name = limit.get("model_slug") or limit.get("feature_name") or limit.get("name") or "a model"
                reset = limit.get("resets_after") or limit.get("reset_after") or "a time it does not say"
                self._answer.notice("limit_reached", f"ChatGPT limits {name} until {reset}."[:200])

    def _block(self, message: str) -> None:
        self._answer.fail(AnswerBlocked(message))

    def _refused(self, value: dict[str, Any], said: SaidError | None = None) -> bool:
        """Fail if the frame says an error; *said* stands in for one that says nothing more."""
        said = read_said_error(value) or said
        if said is None:
            return False
        error = error_of(said, now=self._now)
        if isinstance(error, CapReached) and error.retry_after_seconds is None and not self._answer.over:
            # When the cap ends stands in the limits that close the stream.
            self._capped = said
        else:
            self._answer.fail(error)
        return True

    def _fail_capped(self, limit: UsedUp | None = None) -> None:
        if self._capped is not None:
            limit = limit or UsedUp()
            said = attrs.evolve(self._capped, reset=limit.reset, model=limit.model)
            self._answer.fail(error_of(said, now=self._now))
            self._capped = None


def _is_harmless(data: str) -> bool:
    """Whether an unfinished event is a whole typed event, or the mark of the stream's end."""
    try:
        return data == "[DONE]" or (data.startswith('{"type"') and bool(decode_json(data)))
    except ValueError:
        return False


def _is_root(frame: Any) -> bool:
    value = frame.get("v") if isinstance(frame, dict) else None
    return isinstance(value, dict) and "message" in value


def _is_delta(value: Any) -> bool:
    return isinstance(value, dict) and "v" in value and "type" not in value


def _role(message: dict[str, Any]) -> Any:
    author = message.get("author")
    return author.get("role") if isinstance(author, dict) else None
