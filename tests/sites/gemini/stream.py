r"""An answer as the site's own stream: every frame tells all of the text so far.

The forms follow recorded streams. Unfinished Markdown at the end of a telling is repaired for the
moment: an open mark is escaped, an open fence gets an end; the next telling has it otherwise.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.sites.gemini.answer import Answer
from tests.sites.gemini.frames import PREFIX, ending, error, frame, payload, places
from tests.sites.gemini.turns import TurnIds, label_of
from tests.sites.kit.answers import ProducedFile, Recording
from tests.sites.kit.turns import Frame, Gate, Pause, Step, with_gates

__all__ = ["flickering", "frames_of_recording", "stream_answer"]

_HOST = "http://googleusercontent.com"
_MOST_THOUGHTS = 8
_LAST_PAUSE = 0.08
"""Seconds between the last words and the payload that says so."""


def stream_answer(
    answer: Answer,
    ids: TurnIds,
    *,
    address: Callable[[ProducedFile], str] = lambda file: f"https://example.org/{file.name}",
    tell: Callable[[list[Any]], None] = lambda telling: None,
) -> Iterator[Step]:
    """The answer's steps, from the first byte to the last envelope.

    Args:
      address: where a produced file lies.
      tell: is given each telling of the answer, for the chat's history.
    """
    return _Stream(answer, ids, address, tell).steps()


def frames_of_recording(recording: Recording) -> Iterator[Step]:
    """A recorded stream's steps, frame by frame."""
    parts = [part for part in re.split(rb"(?<=\n)(?=\d+\n)", recording.data) if part]
    yield Gate("first-byte")
    yield from with_gates(map(Frame, parts), count=len(parts), delay=recording.delay)
    yield Gate("close")


def flickering(text: str) -> str:
    """A text whose last line or block is unfinished, as the site repairs it for the moment."""
    if fence := _open_fence(text):
        return f"{text.rstrip()}\n{fence}"
    head, newline, line = text.rpartition("\n")
    for mark in ("**", "`"):
        if line.count(mark) % 2:
            before, _, after = line.rpartition(mark)
            line = before + "".join(f"\\{char}" for char in mark) + after
    return head + newline + line


def _open_fence(text: str) -> str:
    """The code fence that nothing has closed yet."""
    fence = ""
    for line in text.split("\n"):
        found = re.match(r"\s*(`{3,}|~{3,})(.*)", line)
        if found is None:
            continue
        marks, rest = found.groups()
        if not fence:
            fence = marks if marks[0] == "~" or "`" not in rest else ""
        elif marks.startswith(fence) and not rest.strip():
            fence = ""
    return fence


@attrs.define
class _Stream:
    answer: Answer
    ids: TurnIds
    address: Callable[[ProducedFile], str]
    tell: Callable[[list[Any]], None]
    _envelopes: int = 0
    _size: int = 0
    _thoughts: str = ""

    def steps(self) -> Iterator[Step]:
        yield Gate("first-byte")
        for step in self._body():
            if isinstance(step, Frame):
                self._size += len(step.data)
            yield step
        yield Gate("close")

    def _body(self) -> Iterator[Step]:
        answer, ids = self.answer, self.ids
        yield Frame(PREFIX)
        side = {"18": ids.response, "21": ["a-token-of-the-replica"], "44": False}
        yield self._frame(payload({1: [None, ids.response], 2: side}))
        if answer.queued:
            yield self._frame(["wrb.fr", None, None, None, None, [["queued", 2]]])
        if answer.unknown:
            yield self._frame(["wrb.nx", None, "{}"], ["wrb.fr", "zzUnknown", "[]"])
            yield self._frame(payload({1: [ids.conversation, ids.response], 2: {"98": [1, 2]}}))
        yield from self._thinking()
        if answer.replaced:
            yield from self._replaced()
        texts = self._tellings()
        frames = (self._text(text) for text in texts)
        yield from with_gates(frames, count=len(texts), delay=answer.delay)
        if answer.used_up is not None:
            yield self._allowances(remaining=0)
        if answer.error is not None:
            yield self._frame(error(answer.error))
        elif answer.finished:
            yield from self._final()
        if answer.complete:
            yield from ending(self._envelopes, self._size)

    def _frame(self, *envelopes: Any, longer: int = 0) -> Frame:
        self._envelopes += len(envelopes)
        return frame(*envelopes, longer=longer)

    # --- the text

    def _tellings(self) -> list[str]:
        answer = self.answer
        texts = list(itertools.accumulate(answer.text_pieces()))
        if answer.flicker:
            texts = [flickering(text) for text in texts[:-1]] + texts[-1:]
        if answer.passing and len(texts) > 1:
            texts.insert(len(texts) // 2, answer.passing)
        return [text for text in texts if text]

    def _text(self, text: str) -> Frame:
        envelope = self._told(text)
        if self.answer.crowded:
            return self._frame(["di", 12], envelope)
        longer = 3 if self.answer.bad_length else 0
        return self._frame(envelope, longer=longer)

    def _told(self, text: str, **more: Any) -> list[Any]:
        candidate = self._candidate(text)
        self.tell(candidate)
        further = {int(key[1:]): value for key, value in more.items()}
        ids = [self.ids.conversation, self.ids.response]
        return payload({1: ids, 4: [candidate], 14: False, 43: False, **further})

    def _candidate(self, text: str, *, done: bool = False, images: Any = None) -> list[Any]:
        told = f"{_HOST}/card_content/0" if self.answer.card and text else text
        media: dict[int, Any] = {6: [0], 7: images or []}
        if self.answer.web_images:
            found = [["https://example.org/seen.png"], None, None, None, "seen on the web"]
            media[1] = [[found]] * self.answer.web_images
        values: dict[int, Any] = {
            0: self.ids.candidate,
            1: [told],
            6: True,
            8: [2 if done else 1],
            9: "en",
            12: places(media),
        }
        if done:
            values[2] = [None, None, None, None, [None, None, 8]]
        if told != text:
            values[22] = [text]
        if self._thoughts:
            # Once the answer begins, the thoughts move.
            values[37] = [[""], [self._thoughts]] if text else [[self._thoughts]]
        if self.answer.unknown:
            values[99] = {"new": True}
        return places(values)

    def _thinking(self) -> Iterator[Step]:
        words = Answer(text="\n\n".join(self.answer.thinking)).text_pieces() if self.answer.thinking else ()
        step = max(1, len(words) // _MOST_THOUGHTS)
        for at in range(0, len(words), step):
            self._thoughts = "".join(words[: at + step])
            yield self._frame(self._told(""))
            if self.answer.delay:
                yield Pause(self.answer.delay)

    def _replaced(self) -> Iterator[Step]:
        running = {"p6": [None, [self.answer.tool]]} if self.answer.tool else {}
        for text in (self.answer.replaced, f"{self.answer.replaced} …"):
            yield self._frame(self._told(text, **running))

    # --- the end

    def _final(self) -> Iterator[Step]:
        answer, ids = self.answer, self.ids
        yield Pause(_LAST_PAUSE)
        text = answer.whole_text
        if answer.files:
            text = f"{text}\n\n{_HOST}/image_generation_content/0" if text else text
        if answer.placeholder:
            text = f"{text}\n{_HOST}/{answer.placeholder}/0\n"
        images = [[[None, None, None, [None, None, file.alt, self.address(file)]]] for file in answer.files]
        candidate = self._candidate(text, done=True, images=[images] if images else None)
        self.tell(candidate)
        title = [answer.title] if answer.title and ids.new_chat else None
        last = {
            1: [ids.conversation, ids.response],
            4: [candidate],
            10: title,
            14: True,
            25: "a context of the replica",
            39: ids.mode,
            42: answer.model or label_of(ids.mode),
            43: False,
        }
        yield self._frame(payload(last))
        if title:
            yield self._frame(payload({1: last[1], 2: {"11": title, "44": False}}))
        yield self._allowances(remaining=14)
        yield self._frame(payload({1: last[1], 2: {"26": "a-continuation-token", "44": False}}))

    def _allowances(self, *, remaining: int) -> Frame:
        reset = int(time.time() + (self.answer.used_up or 3600))
        entries = [
            [[1, 20, 1], 1, 6, [reset, 62_000_000], 15, remaining],
            [[1, 16, 1], 1, 1, [reset, 0], 200, 197],
        ]
        side = {"28": [entries, self.ids.mode], "44": False}
        return self._frame(payload({1: [self.ids.conversation, self.ids.response], 2: side}))
