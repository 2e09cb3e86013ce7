"""An answer as the site's own stream: one array that stays open until the end.

The forms follow recorded bodies: ``[[frame, frame, ..., trailer]]``, text in pieces that are never repeated,
thoughts as parts that say so, an empty last part with a signature, counts in every frame.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import attrs

from tests.sites.aistudio.answer import Answer
from tests.sites.kit.answers import Recording
from tests.sites.kit.turns import Frame, Gate, Pause, Step, with_gates

__all__ = ["frames_of_recording", "sparse_json", "stream_answer"]

_CODES = {"stop": 1, "length": 2, "content_filter": 3}
_TRAILER = [None, None, None, ["1790000000317497", 77875770, 1764529208]]
_SAFETY = [[None, None, kind, 1] for kind in (7, 8, 9, 10)]


def stream_answer(answer: Answer, *, response_id: str, prompt_tokens: int) -> Iterator[Step]:
    """The answer's steps, from the first byte to the array's end."""
    writer = _Writer(answer=answer, response_id=response_id, counted=[prompt_tokens, 0, 0])
    yield Gate("first-byte")
    yield from writer.before_text()
    texts = list(writer.texts())
    yield from with_gates(texts, count=len(texts), delay=answer.delay)
    yield from writer.after_text()
    yield Gate("close")


def frames_of_recording(recording: Recording) -> Iterator[Step]:
    """A recorded body's steps: it is parted where a frame begins, as far as that can be seen."""
    pieces = [piece for piece in re.split(rb"(?<=\]),(?=\[\[\[\[\[\[)", recording.data) if piece]
    middle = len(pieces) // 2
    yield Gate("first-byte")
    for index, piece in enumerate(pieces):
        if index == middle:
            yield Gate("middle")
        last = index == len(pieces) - 1
        if last:
            yield Gate("end")
        yield Frame(piece if last else piece + b",")
        if recording.delay:
            yield Pause(recording.delay)
    yield Gate("close")


def sparse_json(value: Any, *, holes: bool = True) -> str:
    """JSON in which empty places of arrays may be left out; never the last one."""
    if not isinstance(value, list | tuple):
        return json.dumps(value, ensure_ascii=False)
    written = [
        "" if holes and one is None and index < len(value) - 1 else sparse_json(one, holes=holes)
        for index, one in enumerate(value)
    ]
    return f"[{','.join(written)}]"


def _part(text: str | None = None, **places: Any) -> list[Any]:
    named = {int(name[1:]): value for name, value in places.items()}
    if text is not None:
        named[1] = text
    return [named.get(place) for place in range(max(named) + 1)]


@attrs.define(kw_only=True)
class _Writer:
    """Writes one answer's frames, and counts its tokens (a word is one)."""

    answer: Answer
    response_id: str
    counted: list[int]
    """Tokens of the prompt, of the text and of the thoughts."""
    _begun: bool = False

    def before_text(self) -> Iterator[Frame]:
        answer = self.answer
        if answer.prefix:
            yield Frame(answer.prefix.encode())
        if answer.blocked:
            yield self._write([None, [1, _SAFETY], self._usage()])
        if answer.interaction:
            step = ["v1_step", [["Hello"]]]
            yield self._write([None, None, None, [step], None, None, None, self.response_id])
        if answer.unknown:
            yield self._write([None, None, None, None, None, ["an array that nobody knows"]])
        for thought in answer.thinking:
            for word in re.findall(r"\s*\S+(?:\s+$)?", thought + "\n\n"):
                self.counted[2] += 1
                yield self._frame(_part(word, p12=1))
        if answer.unknown:
            yield self._frame(_part(p20={"a": "new kind of part"}))
        if answer.ran:
            code, result = answer.ran
            yield self._frame(_part(p7=[1, code]))
            yield self._frame(_part(p8=[1, result]))

    def texts(self) -> Iterator[Frame]:
        pieces = self.answer.text_pieces()
        if self.answer.blocked or self.answer.interaction:
            return
        for index, piece in enumerate(pieces):
            self.counted[1] += 1
            last = self.answer.finish_with_text and index == len(pieces) - 1
            yield self._frame(_part(piece), finish=last and self.answer.finished)
            if self.answer.unknown and index == 0:
                yield self._frame(_part(p21="another"))

    def after_text(self) -> Iterator[Frame]:
        answer = self.answer
        for file in answer.files:
            data = base64.b64encode(file.data).decode()
            # A draft comes first, as a thought.
            yield self._frame(_part(p2=[file.media_type, data[:8]], p12=1))
            yield self._frame(_part(p2=[file.media_type, data]))
        for _ in range(2 if answer.called else 0):
            yield self._frame(_part(p10=[answer.called, [["city", [None, None, "Bern"]]], "call-1"]))
        silent = answer.blocked or answer.interaction
        if answer.finished and not answer.finish_with_text and not silent:
            yield self._frame(_part("", p14="Es4DCssDAb4c2lnbmF0dXJl"), finish=True)
        if answer.complete:
            yield self._write(_TRAILER)
            status = "" if answer.status is None else "," + sparse_json(list(answer.status))
            yield Frame(f"]{status}]".encode())

    def _frame(self, part: list[Any], *, finish: bool = False) -> Frame:
        candidate: list[Any] = [[[part], "model"]]
        if finish:
            code = self.answer.finish_code
            candidate.append(_CODES[self.answer.finish] if code is None else code)
            candidate += [None, self.answer.finish_message or None, _SAFETY]
        return self._write([[candidate], None, self._usage(), None, None, None, None, self.response_id])

    def _usage(self) -> list[Any] | None:
        if not self.answer.usage:
            return None
        prompt, text, thoughts = self.counted
        usage = [prompt, text or None, sum(self.counted), None, [[1, prompt]], None, None, None, None]
        return [*usage, thoughts] if thoughts else usage

    def _write(self, frame: list[Any]) -> Frame:
        before = "," if self._begun else "[["
        self._begun = True
        return Frame((before + sparse_json(frame, holes=self.answer.holes)).encode())
