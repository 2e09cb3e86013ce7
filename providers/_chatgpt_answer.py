"""Put ChatGPT's answer together from its messages, and give every character out exactly once.

The same message can be told more than once: by the response, by the WebSocket and its catch-ups,
by a resumed body. So what was given out is kept by message id, and every telling is a
:class:`Reading` with a position of its own in it. The first version of a character counts, since it
has been given out; where a later telling differs, that is reported and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs

from cdp_relay.chat.contract import AnswerEnded, ConversationSeen, DecoderEvent, ModelSeen, SiteFailed
from cdp_relay.chat.vocabulary import FinishReason, Notice, ReasoningDelta, TextDelta
from cdp_relay.errors import RelayError
from cdp_relay.wire import MarkedRun

from ._chatgpt_messages import (
    Kind,
    finish_reason,
    judge,
    model_of,
    reasoning_status,
    system_error,
    text_of_run,
    tool_of,
)
from ._chatgpt_passages import Passage, Reading
from ._chatgpt_pictures import Pictures

__all__ = ["Answer"]

_REFERENCE_WAIT_CHARS = 160
"""How much text may wait behind a citation whose reference has not come. References come with the
text or right after it; without a bound one citation would hold up the rest of the answer."""
_RUN_START = re.compile(r"[a-z_]{0,40}(\ue202|\Z)")
_FINISHED = ("finished_successfully", "finished_partial_completion")


@attrs.define(eq=False)
class Answer:
    """All that a turn's messages say, as events for whoever asked."""

    report: Callable[[str, str], None]
    """Takes a drift's kind and detail."""
    out: list[DecoderEvent] = attrs.field(factory=list)
    """Where events go; the decoder empties it."""
    conversation_id: str = ""
    over: bool = False
    """The answer has ended: nothing more of its text is given out."""
    any_message: bool = False
    any_text: bool = False
    pictures: Pictures = attrs.field(factory=Pictures)
    failure: str = ""
    """An error that a tool met with; the turn's own if no answer follows."""
    last: Passage | None = None
    """The passage of the answer that is being given out."""
    model: str = ""
    """The model that the answer's messages name."""
    alternatives: bool = False
    """Whether the site tells several answers side by side, of which the first counts."""
    _chosen: str | None = None
    _parents: dict[str, str] = attrs.field(factory=dict)
    """By message, the one that it follows; only kept while there are alternatives."""
    _passages: dict[tuple[str, bool], Passage] = attrs.field(factory=dict)
    _thinking: Passage | None = None
    _still_thinking: bool = False
    _recapped: bool = False
    _notices: list[Notice] = attrs.field(factory=list)

    def start(self, message: dict[str, Any]) -> Reading | None:
        """Begin to read a message; None when it is no part of the answer or of the thinking."""
        self.any_message = True
        verdict = judge(message)
        if verdict.unknown:
            self.report("content", verdict.unknown)
        self._heed_thinking(verdict.kind, message)
        if (tool := tool_of(message)) is not None:
            self.notice("site_tool_used", f"ChatGPT used a tool of its own: {tool}.")
        self.pictures.heed(message)
        if verdict.kind is Kind.FAILURE:
            self.failure = system_error(message)
        if verdict.kind in (Kind.OTHER, Kind.FAILURE) or not self._counts(verdict.kind, message):
            return None
        thinking = verdict.kind is not Kind.ANSWER
        key = (str(message.get("id", "")), thinking)
        passage = self._passages.get(key)
        if passage is None:
            passage = self._passages[key] = Passage(message_id=key[0], thinking=thinking)
            passage.held = not thinking and self._could_be_preamble(message)
        return Reading(verdict.kind, passage)

    def choose_first(self) -> None:
        """From now on only the answer that began first counts, and what follows it."""
        self.alternatives = True
        if self.last is not None:
            self._chosen = self.last.message_id

    def _counts(self, kind: Kind, message: dict[str, Any]) -> bool:
        if not self.alternatives:
            return True
        name = str(message.get("id", ""))
        metadata = message.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("parent_id"), str):
            self._parents[name] = metadata["parent_id"]
        if kind is not Kind.ANSWER:
            return True
        if self._chosen is None:
            self._chosen = name
        for _ in range(len(self._parents) + 1):
            if name == self._chosen:
                return True
            name = self._parents.get(name, "")
        return False

    def read(self, reading: Reading, message: dict[str, Any]) -> None:
        """Take in what is new in a message."""
        passage = reading.passage
        if not passage.thinking:
            self._heed_model(message)
            passage.references.update(message)
            if passage.held and message.get("channel") is not None:
                self._release(passage)
        self.read_on(reading, message)
        self._heed_thinking(reading.kind, message)
        if message.get("status") in _FINISHED:
            self._message_finished(reading, message)

    def read_on(self, reading: Reading, message: dict[str, Any]) -> None:
        """Take in the new text of a message of which nothing else has changed."""
        self._match(reading, reading.news(message))
        if reading.passage.waiting:
            self._give(reading.passage)

    def settle(self) -> None:
        """Give out text that only waits for the reference of a citation; the citation is dropped."""
        for passage in (self._thinking, self.last):
            if passage is not None:
                self._give(passage, closing=True)

    def end(self, reason: FinishReason) -> None:
        """Say that the answer is whole."""
        self._close_all()
        self.over = True
        self.out += self.pictures.files()
        self.out.append(AnswerEnded(reason))

    def fail(self, error: RelayError) -> None:
        """Say that there will be no more of an answer."""
        if not self.over:
            self._close_all()
            self.over = True
            self.out.append(SiteFailed(error))

    def release_held(self) -> None:
        """Take a text for the answer that was held back as a likely preamble, if there is no other."""
        if not self.any_text:
            held = [one for one in self._passages.values() if one.held and one.length]
            if held:
                self._release(held[-1])

    def notice(self, code: str, message: str) -> None:
        """Say something once."""
        notice = Notice(code=code, message=message)
        if notice not in self._notices:
            self._notices.append(notice)
            self.out.append(notice)

    def heed_adjustments(self, metadata: dict[str, Any]) -> None:
        """Tell of a model that the site took instead of the one that was asked for."""
        adjustments = metadata.get("model_adjustments")
        for adjustment in adjustments if isinstance(adjustments, list) else ():
            self.notice("model_changed", f"ChatGPT answers with another model: {str(adjustment)[:120]}")

    # --- the text

    def _match(self, reading: Reading, text: str) -> None:
        """Add what of a reading's text nobody has told yet."""
        if not text and not reading.restarted:
            return
        fresh, agrees = reading.advance(text)
        if not agrees or reading.restarted:
            self.report("text", "the site changed text that had been given out")
        reading.restarted = False
        passage = reading.passage
        if fresh:
            passage.add(fresh)
            reading.at_end()
            if not passage.held:
                self._take(passage, fresh)

    def _take(self, passage: Passage, text: str) -> None:
        if self.over:
            self.report("text", "the answer went on after its end")
            return
        current = self._thinking if passage.thinking else self.last
        if passage is not current:
            if passage.closed:
                self.report("text", "a message went on after the next one had started")
                return
            if current is not None:
                self._close(current)
                if current.given:
                    self._emit(passage, "\n\n")
            if passage.thinking:
                self._thinking = passage
            else:
                self.last = passage
                if self.conversation_id:
                    self.out.append(ConversationSeen(self.conversation_id, passage.message_id or None))
        for piece in passage.runs.feed(text):
            passage.waiting.append(piece)
            if isinstance(piece, str):
                passage.waiting_chars += len(piece)
        self._give(passage)

    def _give(self, passage: Passage, *, closing: bool = False) -> None:
        """Give out what no longer can change."""
        ready: list[str] = []
        while passage.waiting:
            piece = passage.waiting[0]
            if isinstance(piece, MarkedRun):
                shown = self._shown(passage, piece)
                if shown is None:
                    if not closing and passage.waiting_chars <= _REFERENCE_WAIT_CHARS:
                        break
                    shown = ""
                ready.append(shown)
            else:
                passage.waiting_chars -= len(piece)
                ready.append(piece)
            passage.waiting.popleft()
        if text := "".join(ready):
            self._emit(passage, text)

    def _shown(self, passage: Passage, run: MarkedRun) -> str | None:
        if not run.complete:
            if len(run.body) < passage.runs.max_run_chars and _RUN_START.match(run.body):
                return ""
            self.report("text", "a marked run without an end")
            return run.text
        said = text_of_run(run)
        return said if said is not None else passage.references.shown(run)

    def _close(self, passage: Passage) -> None:
        passage.closed = True
        passage.waiting.extend(passage.runs.close())
        self._give(passage, closing=True)

    def _close_all(self) -> None:
        for passage in (self._thinking, self.last):
            if passage is not None:
                self._close(passage)

    def _release(self, passage: Passage) -> None:
        passage.held = False
        if passage.length:
            self._take(passage, passage.text)

    def _emit(self, passage: Passage, text: str) -> None:
        passage.given = True
        if passage.thinking:
            self.out.append(ReasoningDelta(text))
        else:
            self.any_text = True
            self.out.append(TextDelta(text))

    # --- the rest of what a message says

    def _could_be_preamble(self, message: dict[str, Any]) -> bool:
        """Whether a text without a channel may be one that models show while they still think.

        Pro models write several such texts, finished ones with ``end_turn`` among them, and go on
        thinking; only after the recap of the thinking the text is surely the answer.
        """
        if message.get("channel") is not None:
            return False
        pro = (model_of(message) or self.model).endswith("-pro")
        return self._still_thinking or (pro and not self._recapped)

    def _heed_model(self, message: dict[str, Any]) -> None:
        model = model_of(message)
        if model is not None and model != self.model:
            self.model = model
            self.out.append(ModelSeen(model))
        metadata = message.get("metadata")
        if isinstance(metadata, dict):
            self.heed_adjustments(metadata)

    def _heed_thinking(self, kind: Kind, message: dict[str, Any]) -> None:
        status = reasoning_status(message)
        if kind is Kind.RECAP or status == "reasoning_ended":
            self._still_thinking, self._recapped = False, True
        elif kind is not Kind.ANSWER and status == "is_reasoning":
            self._still_thinking, self._recapped = True, False

    def _message_finished(self, reading: Reading, message: dict[str, Any]) -> None:
        passage = reading.passage
        self._match(reading, reading.rest())
        if passage.thinking:
            return
        if not passage.finished and reading.position < passage.length:
            self.report("text", "the site changed text that had been given out")
        passage.finished = True
        passage.reason, unknown = finish_reason(message)
        if unknown:
            self.report("finish", unknown[:60])
        if self.over or passage.held or not passage.length or passage is not self.last:
            return
        if message.get("status") == "finished_partial_completion":
            self.end(passage.reason)
        elif (
            message.get("channel") == "final" and message.get("end_turn") is True and not self._still_thinking
        ):
            # Without a channel the same signs also stand under preambles; those wait for the
            # stream's own word.
            self.end(passage.reason)
