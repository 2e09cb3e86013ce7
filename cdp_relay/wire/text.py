"""Text that arrives in pieces: bytes cut inside characters, emoji cut in two, marks not yet closed."""

from __future__ import annotations

import codecs
import re

import attrs

__all__ = ["MarkedRun", "MarkedRuns", "SurrogateJoiner", "Utf8Decoder"]

_START, _END = "\ue200", "\ue201"
_MARKS = re.compile("[\ue200-\ue206]")
# Outside of a run only its start matters; the other marks stand alone and say nothing to a reader.
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_RUN_CHARS = 4096


@attrs.define(eq=False)
class Utf8Decoder:
    """Decode UTF-8 that was cut anywhere. Never raises: what is no UTF-8 becomes U+FFFD."""

    _decoder: codecs.IncrementalDecoder = attrs.field(
        factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"), init=False, repr=False
    )

    def feed(self, data: bytes) -> str:
        """Take the next bytes and return the characters that they complete."""
        return self._decoder.decode(data)

    def close(self) -> str:
        """Return what is left of an unfinished character, and be ready for another text."""
        rest = self._decoder.decode(b"", True)
        self._decoder.reset()
        return rest


@attrs.define(eq=False)
class SurrogateJoiner:
    r"""Join pairs of surrogates that were cut into two strings (``"\ud83d"``, then ``"\ude00"``).

    Whatever comes out can be encoded as UTF-8: a surrogate without its other half becomes U+FFFD.
    """

    _high: str = attrs.field(default="", init=False, repr=False)

    def feed(self, text: str) -> str:
        """Take the next string; a high surrogate at its end is held back."""
        if not text:
            return text
        if self._high:
            text, self._high = self._high + text, ""
        if text.isascii():
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        if _SURROGATE.search(text) is None:
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def close(self) -> str:
        """Return what was held back, and be ready for another text."""
        held, self._high = self._high, ""
        return "\ufffd" if held else ""


@attrs.frozen
class MarkedRun:
    """A stretch of text between private-use marks: a citation, an entity, a card."""

    body: str
    """All that stood between the start and the end mark, separators included."""
    complete: bool = True
    """False when it was given up before its end mark came: too long, or the text ended."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The body's parts: first the kind (``cite``, ``entity``, ...), then its arguments."""
        return tuple(self.body.split("\ue202"))

    @property
    def text(self) -> str:
        """The body without any marks."""
        return _MARKS.sub("", self.body)

    @property
    def matched(self) -> str:
        """The run as it stood in the text, marks included."""
        return f"{_START}{self.body}{_END}"


@attrs.define(eq=False)
class MarkedRuns:
    """Part a text into plain pieces and marked runs.

    U+E200 starts a run, U+E201 ends it; U+E202 parts its fields. Text from a start mark on is held
    back until the end mark, at most ``max_run_chars``. A start mark within a run gives the first
    run up. Marks outside of runs are left out.
    """

    max_run_chars: int = _MAX_RUN_CHARS
    _held: list[str] | None = attrs.field(default=None, init=False, repr=False)
    _held_chars: int = attrs.field(default=0, init=False, repr=False)

    def feed(self, text: str) -> list[str | MarkedRun]:
        """Take the next piece of text."""
        if self._held is None and (text.isascii() or _MARKS.search(text) is None):
            return [text] if text else []
        out: list[str | MarkedRun] = []
        at = 0
        while at < len(text):
            if self._held is None:
                start = text.find(_START, at)
                stop = len(text) if start < 0 else start
                if clean := _MARKS.sub("", text[at:stop]):
                    out.append(clean)
                if start < 0:
                    break
                self._held, self._held_chars, at = [], 0, start + 1
            else:
                at = self._inside(text, at, out)
        return out

    def close(self) -> list[str | MarkedRun]:
        """Say that the text ended: a run that is still open is given up."""
        out: list[str | MarkedRun] = []
        self._give_up(out)
        return out

    @property
    def open(self) -> bool:
        """Whether a run has started and not ended."""
        return self._held is not None

    def _inside(self, text: str, at: int, out: list[str | MarkedRun]) -> int:
        assert self._held is not None
        room = at + self.max_run_chars - self._held_chars
        end = text.find(_END, at, room + 1)
        again = text.find(_START, at, room if end < 0 else end)
        if again >= 0:
            self._hold(text[at:again])
            self._give_up(out)
            return again
        if end >= 0:
            self._hold(text[at:end])
            out.append(MarkedRun("".join(self._held)))
            self._held = None
            return end + 1
        stop = min(len(text), room)
        self._hold(text[at:stop])
        if stop == room and stop < len(text):
            self._give_up(out)
        return stop

    def _hold(self, text: str) -> None:
        assert self._held is not None
        self._held.append(text)
        self._held_chars += len(text)

    def _give_up(self, out: list[str | MarkedRun]) -> None:
        if self._held is not None:
            out.append(MarkedRun("".join(self._held), complete=False))
            self._held = None
