"""Decode one turn of Gemini: the framed body of ``StreamGenerate``, and a chat that the page read again.

Every payload tells the whole answer so far, so nothing is lost when a body breaks: the next telling
holds it all. What can be given out of an unfinished telling is decided by ``CumulativeText``. When the
site rewrites what had been given out, nothing more is given out until a telling agrees again; if the
last one does not, it counts, and what differs is taken back. Only a change of white space or of
backslashes is let pass, with a notice: a client that streams could not take anything back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cdp_relay.chat.contract import (
    AnswerEnded,
    ConversationSeen,
    DecoderEvent,
    ModelSeen,
    SiteFailed,
    TitleSeen,
)
from cdp_relay.chat.vocabulary import Drift, Notice, ReasoningDelta, TextDelta, TextRetracted
from cdp_relay.wire import BadLength, CumulativeText, LengthPrefixedFrames, decode_json

from ._gemini_errors import SaidError, error_of, read_error
from ._gemini_payload import (
    Candidate,
    clean_text,
    dig,
    exhausted_until,
    first_text,
    read_candidate,
    turns_of_history,
)

__all__ = ["HISTORY_RPC", "GeminiDecoder"]

HISTORY_RPC = "hNvQHb"
"""The call by which the page reads a chat: on opening it, and after a stream that broke off."""

_MAX_DRIFTS = 64
_DOCUMENTS = frozenset({"immersive_entry_chip"})
# Side frames: a status line, the title, the request's and the answer's ids and tokens, allowances.
_SIDE_KEYS = frozenset({"7", "11", "18", "21", "26", "28", "44"})
_QUIET_ENVELOPES = ("di", "af.httprm")
_SAME_THOUGHTS_CHARS = 24


class GeminiDecoder:
    """Turns the bytes of one turn into events. Sans-IO but for *now*, which reset times are told by."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._frames = LengthPrefixedFrames()
        self._text = CumulativeText()
        self._thoughts = CumulativeText()
        self._out: list[DecoderEvent] = []
        self._over = False
        self._said: SaidError | None = None
        self._reset: float | None = None
        self._conversation = ("", "")
        self._candidate = ""
        self._model = ""
        self._title = ""
        self._envelopes = 0
        self._reported: set[tuple[str, str]] = set()
        self._noticed: set[tuple[str, str]] = set()
        self._thought_before = False

    # --- what the contract asks for

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of a response body."""
        self._take(self._frames.feed(data), ended=False)
        return self._drain()

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """Gemini has no WebSocket that carries answers."""
        del text
        self._report("socket", "a message of a socket")
        return self._drain()

    def end_body(self) -> Iterator[DecoderEvent]:
        """The response body ended. What is held back stays so: the page may read the chat again."""
        self._take(self._frames.close(), ended=True)
        self._stream_ended()
        self._envelopes = 0
        return self._drain()

    def resume(self, request: bytes) -> None:
        """The page reads the chat again; since that tells the answer from its start, nothing is to do."""
        del request

    # --- events

    def _drain(self) -> Iterator[DecoderEvent]:
        out, self._out = self._out, []
        return iter(out)

    def _report(self, kind: str, detail: str) -> None:
        if (kind, detail) not in self._reported and len(self._reported) < _MAX_DRIFTS:
            self._reported.add((kind, detail))
            self._out.append(Drift(kind=kind, detail=detail))

    def _notice(self, code: str, message: str) -> None:
        if (code, message) not in self._noticed:
            self._noticed.add((code, message))
            self._out.append(Notice(code=code, message=message))

    def _take(self, frames: Iterator[str | BadLength], *, ended: bool) -> None:
        for frame in frames:
            if isinstance(frame, BadLength):
                self._report("frame", "a frame of another length than it says")
                continue
            try:
                envelopes = decode_json(frame)
            except ValueError:
                if not ended:  # the last frame of a body that broke is cut, and that is no drift
                    self._report("frame", "a frame that is no JSON")
                continue
            if not isinstance(envelopes, list):
                self._report("frame", f"a frame of {type(envelopes).__name__}")
                continue
            for envelope in envelopes:
                self._envelope(envelope)

    def _envelope(self, envelope: Any) -> None:
        self._envelopes += 1
        kind = dig(envelope, 0)
        if kind == "wrb.fr":
            self._call(envelope)
        elif kind == "e":
            count = dig(envelope, 1)
            if isinstance(count, int) and count != self._envelopes:
                self._report("frame", "another number of envelopes than the stream says")
            self._stream_ended()
        elif kind == "er":
            status = dig(envelope, 5)
            self._said = self._said or SaidError(grpc=16 if status == 401 else 2, code=None)
        elif kind not in _QUIET_ENVELOPES:
            self._report("event", f"an envelope {str(kind)[:40]}")

    def _call(self, envelope: list[Any]) -> None:
        """Take the result of a call: the answer's own has no name."""
        name, text, refused = dig(envelope, 1), dig(envelope, 2), dig(envelope, 5)
        if refused is not None:
            self._refused(refused)
        if not isinstance(text, str) or name not in (None, HISTORY_RPC):
            return
        try:
            payload = decode_json(text)
        except ValueError:
            self._report("event", "a payload that is no JSON")
            return
        if not isinstance(payload, list):
            self._report("event", f"a payload of {type(payload).__name__}")
        elif name == HISTORY_RPC:
            self._history(payload)
        else:
            self._payload(payload)

    def _refused(self, raw: Any) -> None:
        said = read_error(raw)
        if said is None:
            self._notice("queued", "Gemini has put the prompt into a queue.")
            return
        if not said.known:
            self._report("error", f"error {said.grpc}, {said.code}")
        # A good answer was seen to end with such an envelope, so it only counts once the stream is over.
        self._said = self._said or said

    def _stream_ended(self) -> None:
        if self._said is not None and not self._over:
            self._over = True
            self._out.append(SiteFailed(error_of(self._said, reset=self._reset, now=self._now)))

    # --- payloads

    def _payload(self, payload: list[Any]) -> None:
        self._heed_ids(dig(payload, 1))
        side = dig(payload, 2)
        if isinstance(side, dict):
            self._heed_side(side)
        self._heed_title(dig(payload, 10) or dig(payload, 11))
        self._heed_model(dig(payload, 42), dig(payload, 39))
        tool = dig(payload, 6, 1, 0)
        tool = tool if isinstance(tool, str) else None
        if tool:
            self._notice("site_tool_used", f"Gemini used a tool of its own: {tool[:60]}.")
        candidates = dig(payload, 4)
        if not isinstance(candidates, list) or not candidates:
            return
        whole = dig(payload, 14) is True or isinstance(dig(payload, 25), str)
        self._heed_candidate(self._chosen(candidates), whole=whole, busy=tool is not None)

    def _history(self, payload: list[Any]) -> None:
        """The page has read the chat again: our turn in it is told as far as it has come."""
        for response, candidate, model in turns_of_history(payload):
            if response == self._conversation[1]:
                self._heed_model(model, None)
                self._heed_candidate(read_candidate(candidate), whole=False, busy=False)
                return

    def _chosen(self, candidates: list[Any]) -> Candidate:
        """The draft that was begun with, as long as it is there."""
        read = [read_candidate(candidate) for candidate in candidates[:8]]
        return next((one for one in read if one.id == self._candidate), read[0])

    def _heed_candidate(self, candidate: Candidate, *, whole: bool, busy: bool) -> None:
        if self._over:
            return
        if not self._candidate and candidate.text:
            self._candidate = candidate.id
        if candidate.state is not None:
            self._report("content", f"an answer of state {str(candidate.state)[:20]}")
        whole = whole or candidate.complete
        if candidate.thoughts:
            self._think(candidate.thoughts)
        text, placeholders = clean_text(candidate.text, whole=whole)
        if whole:
            self._finish(candidate, text, placeholders)
        elif text and not busy:
            # While a tool runs, what stands there is often replaced.
            self._emit(self._text.feed(text))
            if self._text.contradicted:
                self._report("text", "the site rewrote text that had been given out")

    def _finish(self, candidate: Candidate, text: str, placeholders: tuple[str, ...]) -> None:
        self._over = True
        self._end_thoughts()
        retracted, rest = self._text.finish(text or None)
        if retracted:
            self._report("text", "the site rewrote text that had been given out")
            self._out.append(TextRetracted(retracted))
        self._emit(rest)
        if self._text.respelled:
            self._notice("answer_respelled", "Gemini changed white space or escapes in text already given.")
        if _DOCUMENTS.intersection(placeholders):
            self._notice("answer_elsewhere", "Gemini goes on in a document, which is only in the chat.")
        for medium in candidate.other_media:
            self._notice("media_left_out", f"The answer holds {medium}, which is only in the chat.")
        seen = {image.url: image for image in candidate.images}
        self._out.extend(seen.values())
        self._out.append(AnswerEnded())

    def _emit(self, text: str) -> None:
        if text:
            self._end_thoughts()
            self._out.append(TextDelta(text))

    def _think(self, thoughts: str) -> None:
        """Take all that the site shows of the thinking so far."""
        current = self._thoughts
        if not thoughts.startswith(current.newest[:_SAME_THOUGHTS_CHARS]):
            # Other thoughts in the place of the first: those were told to their end.
            self._end_thoughts()
            current = self._thoughts = CumulativeText()
        self._emit_thoughts(current.feed(thoughts))
        if current.contradicted:
            self._report("reasoning", "the site rewrote thoughts that had been given out")

    def _end_thoughts(self) -> None:
        self._emit_thoughts(self._thoughts.finish()[1])

    def _emit_thoughts(self, text: str) -> None:
        if not text:
            return
        if self._thoughts.settled == len(text) and self._thought_before:
            text = "\n\n" + text
        self._thought_before = True
        self._out.append(ReasoningDelta(text))

    # --- facts

    def _heed_ids(self, ids: Any) -> None:
        conversation, response = first_text(dig(ids, 0)), first_text(dig(ids, 1))
        said = (conversation or self._conversation[0], response or self._conversation[1])
        if said != self._conversation:
            self._conversation = said
            if said[0]:
                self._out.append(ConversationSeen(said[0], said[1] or None))

    def _heed_side(self, side: dict[str, Any]) -> None:
        for key in sorted(map(str, side.keys() - _SIDE_KEYS)):
            self._report("event", f"a side frame {key[:20]}")
        self._heed_title(side.get("11"))
        reset = exhausted_until(side.get("28"))
        if reset is not None:
            self._reset = reset

    def _heed_title(self, value: Any) -> None:
        title = first_text(value)
        if title and title != self._title:
            self._title = title
            self._out.append(TitleSeen(title))

    def _heed_model(self, label: Any, mode_id: Any) -> None:
        model = first_text(label) or first_text(mode_id)
        if model and model != self._model:
            self._model = model
            self._out.append(ModelSeen(model))
