"""Decode one answer of AI Studio: an array of frames that grows, with parts of text and of thinking.

The body is ``[[frame, frame, ...], status]``. A frame is ``[candidates, feedback, usage, ...]``, a
candidate ``[[parts, "model"], finish code, ...]``, a part an array in which each place stands for one
kind of content. Texts are pieces, never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from cdp_relay.chat.contract import AnswerEnded, DecoderEvent, FileSeen, SiteFailed, UsageSeen
from cdp_relay.chat.vocabulary import Drift, FinishReason, Notice, ReasoningDelta, TextDelta
from cdp_relay.errors import AnswerBlocked, GenerationFailed, StreamDrift
from cdp_relay.wire import ArrayItem, GrowingArray, SurrogateJoiner, decode_sparse

from ._aistudio_errors import error_of, read_status

__all__ = ["AIStudioDecoder"]

_MAX_DRIFTS = 64

# Places in a frame, a candidate and a part.
_CANDIDATES, _FEEDBACK, _USAGE, _TRAILER, _RESPONSE_ID = 0, 1, 2, 3, 7
_CONTENT, _FINISH, _FINISH_MESSAGE, _GROUNDING = 0, 1, 3, 7
_TEXT, _INLINE, _DRIVE_FILE, _LINKED = 1, 2, 5, 6
_CODE, _CODE_OR_RESULT, _RESULT = 7, 8, 9
_CALL_BEFORE, _CALL, _CALL_RESULT = 3, 10, 11
_THOUGHT, _SIGNATURE = 12, 14

_KNOWN_OF_A_FRAME = {_CANDIDATES, _FEEDBACK, _USAGE, _TRAILER, _RESPONSE_ID}
_CONTENT_OF_A_PART = {
    *(_TEXT, _INLINE, _DRIVE_FILE, _LINKED, _CODE, _CODE_OR_RESULT, _RESULT),
    *(_CALL_BEFORE, _CALL, _CALL_RESULT),
}
_KNOWN_OF_A_PART = {*_CONTENT_OF_A_PART, _THOUGHT, _SIGNATURE}

_FINISHED: dict[int, FinishReason] = {
    1: FinishReason.STOP,
    2: FinishReason.LENGTH,
    **dict.fromkeys((3, 4, 6, 7, 8, 9, 11, 14, 15, 16, 17, 19), FinishReason.CONTENT_FILTER),
}
"""Finish codes of answers that are whole, or cut for a stated reason."""

_FAILED: dict[int, str] = {
    5: "for a reason that it does not name",
    10: "as the model wrote a call of a function that is none",
    12: "as the model called a function that it was not given",
    13: "as the model called too many functions",
    18: "as a thought's signature is missing",
}


class AIStudioDecoder:
    """Turns the bytes of one turn into events. Sans-IO but for *now*, which quotas' resets are told by."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._body = GrowingArray()
        self._text = SurrogateJoiner()
        self._reasoning = SurrogateJoiner()
        self._finish: int | None = None
        self._finish_message = ""
        self._blocked = False
        self._status: dict[int, Any] = {}
        self._usage: UsageSeen | None = None
        self._any_content = False
        self._code_before_result = False
        self._calls: set[str] = set()
        self._reported: set[tuple[str, str]] = set()
        self._tools: set[str] = set()
        self._over = False
        self._out: list[DecoderEvent] = []

    # --- what the contract asks for

    def feed(self, data: bytes) -> Iterator[DecoderEvent]:
        """Take the next bytes of the response body."""
        for item in self._body.feed(data):
            self._item(item)
        if self._body.closed and not self._over:
            self._closed()
        return self._drain()

    def feed_frame(self, text: str) -> Iterator[DecoderEvent]:
        """AI Studio has no socket for answers (live models apart, which are no chat)."""
        del text
        return iter(())

    def end_body(self) -> Iterator[DecoderEvent]:
        """The body ended. The answer is whole only if its array was closed, which was told by then."""
        rest = self._body.close()
        if rest is not None:
            # Of a frame that was cut off, the parts that are whole: half of one could be a thought.
            self._item(rest)
        self._settle()
        self._body = GrowingArray()
        return self._drain()

    def resume(self, request: bytes) -> None:
        """The page never asks for the rest of an answer: a broken one is run again, as a new turn."""
        del request

    # --- the body

    def _drain(self) -> Iterator[DecoderEvent]:
        out, self._out = self._out, []
        return iter(out)

    def _report(self, kind: str, detail: str) -> None:
        if (kind, detail) not in self._reported and len(self._reported) < _MAX_DRIFTS:
            self._reported.add((kind, detail))
            self._out.append(Drift(kind=kind, detail=detail))

    def _item(self, item: ArrayItem) -> None:
        try:
            value = decode_sparse(item.text)
        except ValueError:
            self._report("frame", "a frame that is no JSON")
            return
        part, place = item.path
        if part == 1:
            self._status[place] = value
        elif part == 0:
            if isinstance(value, list):
                self._frame(value)
            else:
                self._report("frame", f"a frame that is {_name(value)}")
        # The other parts hold padding, which keeps the connection alive.

    def _closed(self) -> None:
        """The array is whole: what it said last is the outcome."""
        self._over = True
        self._settle()
        places = range(1 + max(self._status, default=-1))
        status = read_status([self._status.get(place) for place in places])
        if status is not None:
            self._out.append(SiteFailed(error_of(status, now=self._now)))
        elif self._finish is not None:
            self._finished(self._finish)
        elif self._blocked:
            self._out.append(SiteFailed(AnswerBlocked("AI Studio blocked the prompt.")))
        elif not self._any_content and self._reported:
            self._out.append(
                SiteFailed(StreamDrift("AI Studio answered in a form that the relay does not know."))
            )
        else:
            # Ended by the server without the model's last word: the same as a broken connection.
            self._over = False

    def _finished(self, code: int) -> None:
        reason = _FINISHED.get(code)
        if reason is not None:
            self._out.append(AnswerEnded(reason))
            return
        if code not in _FAILED:
            self._report("finish", f"finish code {code}")
        why = _FAILED.get(code, "for a reason that the relay does not know")
        words = " ".join(self._finish_message.split())[:300]
        said = f": {words}" if words else "."
        self._out.append(
            SiteFailed(
                GenerationFailed(
                    f"AI Studio ended the answer {why} (finish code {code}){said}",
                    details={"site": "aistudio", "finish_code": code},
                )
            )
        )

    def _settle(self) -> None:
        """No text follows: half of a character will not become whole any more."""
        self._put_reasoning(self._reasoning.close())
        self._put_text(self._text.close())

    # --- frames

    def _frame(self, frame: list[Any]) -> None:
        for place, value in enumerate(frame):
            if value is not None and place not in _KNOWN_OF_A_FRAME:
                self._report("frame", f"a frame's place {place}")
        candidates = _at(frame, _CANDIDATES)
        if isinstance(candidates, list):
            if candidates:
                self._candidate(candidates[0])
            if len(candidates) > 1:
                self._report("frame", "more than one candidate")
        elif candidates is not None:
            self._report("frame", f"candidates that are {_name(candidates)}")
        feedback = _at(frame, _FEEDBACK)
        if isinstance(feedback, list) and _at(feedback, 0):
            self._blocked = True
        trailer = _at(frame, _TRAILER)
        if trailer is not None and not _is_time_stamp(trailer):
            self._report("frame", "an interaction instead of candidates")
        self._heed_usage(_at(frame, _USAGE))

    def _candidate(self, candidate: Any) -> None:
        if not isinstance(candidate, list):
            self._report("candidate", f"a candidate that is {_name(candidate)}")
            return
        content = _at(candidate, _CONTENT)
        if isinstance(content, list):
            self._content(content)
        elif content is not None:
            self._report("candidate", f"content that is {_name(content)}")
        if _at(candidate, _GROUNDING):
            self._heed_tool("search")
        finish = _at(candidate, _FINISH)
        if isinstance(finish, int) and not isinstance(finish, bool):
            if finish:
                # Some models say one with every frame; the last one counts.
                self._finish = finish
                message = _at(candidate, _FINISH_MESSAGE)
                self._finish_message = message if isinstance(message, str) else ""
        elif finish is not None:
            self._report("candidate", f"a finish code that is {_name(finish)}")

    def _content(self, content: list[Any]) -> None:
        parts, role = _at(content, 0), _at(content, 1)
        if role not in (None, "", "model"):
            self._report("content", f"content of the role {str(role)[:40]}")
            return
        if not isinstance(parts, list):
            if parts is not None:
                self._report("content", f"parts that are {_name(parts)}")
            return
        for part in parts:
            if isinstance(part, list):
                self._part(part)
            elif part is not None:
                self._report("content", f"a part that is {_name(part)}")

    def _heed_usage(self, usage: Any) -> None:
        if not isinstance(usage, list):
            if usage is not None:
                self._report("usage", f"usage that is {_name(usage)}")
            return
        prompt, output, tools, thoughts = (_count(_at(usage, place)) for place in (0, 1, 7, 9))
        seen = UsageSeen(
            prompt_tokens=prompt + tools, completion_tokens=output + thoughts, reasoning_tokens=thoughts
        )
        if seen != self._usage and any(map(_count, usage)):
            self._usage = seen
            self._out.append(seen)

    # --- parts

    def _part(self, part: list[Any]) -> None:
        thought = bool(_at(part, _THOUGHT))
        for place, value in enumerate(part):
            if value is None:
                continue
            if place not in _KNOWN_OF_A_PART:
                self._report("part", f"a part's place {place}")
            elif place == _TEXT:
                self._heed_text(value, thought=thought)
            elif place in _CONTENT_OF_A_PART and not thought:
                # Within thoughts there are drafts of images, which the answer shows in their last form.
                self._any_content = True
                self._other(place, value)

    def _heed_text(self, text: Any, *, thought: bool) -> None:
        if not isinstance(text, str):
            self._report("part", f"text that is {_name(text)}")
        elif thought:
            self._put_reasoning(self._reasoning.feed(text))
        else:
            self._put_reasoning(self._reasoning.close())
            self._put_text(self._text.feed(text))

    def _put_text(self, text: str) -> None:
        if text:
            self._any_content = True
            self._out.append(TextDelta(text))

    def _put_reasoning(self, text: str) -> None:
        if text:
            self._any_content = True
            self._out.append(ReasoningDelta(text))

    def _other(self, place: int, value: Any) -> None:
        first, second = (_at(value, 0), _at(value, 1)) if isinstance(value, list) else (None, None)
        if place == _INLINE and isinstance(first, str) and isinstance(second, str):
            self._out.append(FileSeen(url=f"data:{first};base64,{_plain_base64(second)}", media_type=first))
        elif place == _LINKED and isinstance(first, str) and isinstance(second, str):
            self._out.append(FileSeen(url=second, media_type=first))
        elif place in (_CODE, _CODE_OR_RESULT, _RESULT) and isinstance(second, str):
            self._ran(place, second)
        elif place in (_CALL_BEFORE, _CALL) and isinstance(first, str):
            self._called(first, repr(value))
        elif place == _DRIVE_FILE and isinstance(first, str):
            self._out.append(
                Notice(code="file_in_drive", message="AI Studio put a file of the answer into Google Drive.")
            )
        elif place != _CALL_RESULT:
            self._report("part", f"a part's place {place} that is {_name(value)}")

    def _ran(self, place: int, body: str) -> None:
        """Code that the model ran, or what came out: its work on the answer, not the answer."""
        self._heed_tool("code execution")
        is_code = place == _CODE or (place == _CODE_OR_RESULT and not self._code_before_result)
        self._code_before_result = self._code_before_result or place == _CODE
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
        kind = "python" if is_code else ""
        self._put_reasoning(self._reasoning.feed(f"\n{fence}{kind}\n{body.rstrip(chr(10))}\n{fence}\n"))

    def _heed_tool(self, tool: str) -> None:
        if tool not in self._tools:
            self._tools.add(tool)
            self._out.append(
                Notice(code="site_tool_used", message=f"AI Studio used a tool of its own: {tool}.")
            )

    def _called(self, name: str, call: str) -> None:
        # The same call is told again by later frames.
        if call not in self._calls:
            self._calls.add(call)
            self._out.append(
                Notice(
                    code="function_called",
                    message=f"The model called {name[:80]!r}, a function that is set up on AI Studio's page.",
                )
            )


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _is_time_stamp(trailer: Any) -> bool:
    """Whether it is the harmless end of a stream: ``["<microseconds>", n, n]``."""
    return isinstance(trailer, list) and isinstance(_at(trailer, 0), str) and trailer[0].isdigit()


def _plain_base64(data: str) -> str:
    """Base64 as ``data:`` addresses have it; such arrays may hold the form that is made for addresses."""
    return data.replace("-", "+").replace("_", "/")


def _name(value: Any) -> str:
    return type(value).__name__
