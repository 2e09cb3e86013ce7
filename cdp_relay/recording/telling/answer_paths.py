"""Which strings of a recording build up a text that is known: an answer, a thought, a prompt.

Nothing of a site is known here. Where a text stands whole, grows from telling to telling, or comes in
pieces, is found by comparing; the :class:`~cdp_relay.recording.told.Address` of those strings then names
every other string that plays the same part, of another answer as well.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import attrs

from cdp_relay.recording.session import Heard
from cdp_relay.recording.telling.told import Address, Leaf, Leaves

__all__ = [
    "AnswerPaths",
    "Piece",
    "Telling",
    "Thread",
    "answers_heard",
    "find_threads",
    "learn_answer_paths",
    "thoughts_heard",
    "turns_heard",
]

_SHORT = 12
"""Characters; so short a text may stand anywhere by chance."""
_MOST_CANDIDATES = 7
_MOST_TOGETHER = 3
"""Addresses that build one text together: how it begins, how it goes on, and how it ends."""
_FEWEST_BEYOND = 2
"""Strings that go on beyond a text, where none tells it alone; a single one may begin so by chance."""
_LIKE = 0.8
"""Of a text's words, so many have to be among the string's, and the other way round."""
_FEWEST_WORDS = 6

_SITES_OWN = re.compile("\ue200[^\ue201]*\ue201|https?://\\S+")
"""What decoders take out of an answer or put into it: citations, and the addresses that stand for cards."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_WORD = re.compile(r"\w+")
_NO_TEXT = frozenset(
    ("type", "status", "role", "id", "title", "name", "model", "event", "kind", "p", "o", "op", "slug")
)


@attrs.frozen
class Telling:
    """A text that the site or the page told: a body, or a message of a socket."""

    text: str = attrs.field(repr=False)
    media_type: str = ""
    source: str = ""
    """Texts of one source go on from each other: the address of a socket, or nothing."""


@attrs.frozen
class AnswerPaths:
    """The addresses at which known texts were found."""

    addresses: frozenset[Address] = frozenset()

    def __contains__(self, address: object) -> bool:
        return address in self.addresses

    def __or__(self, other: AnswerPaths) -> AnswerPaths:
        return AnswerPaths(self.addresses | other.addresses)


@attrs.frozen
class Piece:
    """A string that tells a part of a text."""

    telling: int
    """The number of the telling, from 0."""
    leaf: Leaf
    start: int
    """Of the part, in the text; 0 for a telling of all so far."""
    end: int
    rest: int = 0
    """Characters of the string behind the part, which belong to something else."""


@attrs.frozen
class Thread:
    """The strings that build up one text, once: in pieces, or each telling all of it so far."""

    addresses: frozenset[Address]
    pieces: tuple[Piece, ...]
    cumulative: bool


def learn_answer_paths(tellings: Sequence[Telling], texts: Iterable[str]) -> AnswerPaths:
    """The addresses of the strings that build up these texts.

    Args:
      tellings: in the order in which they came; a text may begin in one and go on in the next.
      texts: as they are known, from what was heard; the site's own wording may differ a little.
    """
    placed = _placed(tellings)
    found: set[Address] = set()
    for text in texts:
        for thread in _threads(placed, text):
            found |= thread.addresses
    return AnswerPaths(frozenset(found))


def find_threads(tellings: Sequence[Telling], text: str) -> list[Thread]:
    """Every way in which the tellings build up a text, those that tell it in the most strings first."""
    threads = list(_threads(_placed(tellings), text))
    return sorted(threads, key=lambda thread: -len(thread.pieces))


def answers_heard(heard: Sequence[Heard]) -> tuple[str, ...]:
    """The answers' texts, turn by turn, as the relay told them; of one that broke off what came."""
    return _told_by(heard, "TextDelta")


def thoughts_heard(heard: Sequence[Heard]) -> tuple[str, ...]:
    """The texts of the model's thinking, turn by turn."""
    return _told_by(heard, "ReasoningDelta")


def turns_heard(heard: Sequence[Heard]) -> list[list[Heard]]:
    """What was heard, turn by turn; one that was stopped ends where the next one begins."""
    turns: list[list[Heard]] = []
    ended = True
    for one in heard:
        event = one.event.get("event")
        begins = event == "StepReached" and one.event.get("step") in _FIRST_STEPS
        if ended or (begins and any(earlier.event.get("event") != "StepReached" for earlier in turns[-1])):
            turns.append([])
        turns[-1].append(one)
        ended = event in ("Finished", "error")
    return turns


_FIRST_STEPS = ("paused", "queued")


def _told_by(heard: Sequence[Heard], kind: str) -> tuple[str, ...]:
    return tuple(_text(turn, kind) for turn in turns_heard(heard))


def _text(turn: Sequence[Heard], kind: str) -> str:
    text = ""
    for one in turn:
        event = one.event.get("event")
        if event == kind:
            text += str(one.event.get("text", ""))
        elif event == "TextRetracted" and kind == "TextDelta":
            chars = one.event.get("chars")
            text = text[: len(text) - chars] if isinstance(chars, int) and chars > 0 else text
    return text


# --- finding ---------------------------------------------------------------------------------------

_Placed = list[tuple[int, Leaf]]


def _placed(tellings: Sequence[Telling]) -> _Placed:
    """Every string, with the number of its telling."""
    sources: dict[str, Leaves] = {}
    return [
        (number, leaf)
        for number, telling in enumerate(tellings)
        for leaf in (sources.setdefault(telling.source, Leaves()) if telling.source else Leaves()).of(
            telling.text, telling.media_type
        )
    ]


def _threads(placed: _Placed, text: str) -> Iterator[Thread]:
    text = _joined(text)
    if not text.strip():
        return
    by_address: dict[Address, _Placed] = {}
    for number, leaf in placed:
        by_address.setdefault(leaf.address, []).append((number, leaf))
    if len(text) < _SHORT:
        by_address = {
            address: strings
            for address, strings in by_address.items()
            if not (address.path and address.path[-1] in _NO_TEXT)
        }
    likeness = _Likeness(text)
    whole = set()
    for address, strings in by_address.items():
        if thread := _cumulative(address, strings, text, likeness):
            whole.add(address)
            yield thread
    yield from _in_pieces(
        {key: value for key, value in by_address.items() if key not in whole}, text, likeness
    )


def _cumulative(address: Address, strings: _Placed, text: str, likeness: _Likeness) -> Thread | None:
    """The strings that tell the text from its start, when one of them tells all of it."""
    beyond = sum(likeness.is_more(leaf.value) for _, leaf in strings)
    if not any(likeness.is_all(leaf.value) for _, leaf in strings) and beyond < _FEWEST_BEYOND:
        return None
    pieces = []
    for number, leaf in strings:
        if not leaf.value:
            continue
        if likeness.is_all(leaf.value) or likeness.is_more(leaf.value):
            pieces.append(Piece(number, leaf, 0, len(text)))
        elif likeness.is_start(leaf.value):
            pieces.append(Piece(number, leaf, 0, min(len(text), len(leaf.value))))
    return Thread(frozenset((address,)), tuple(pieces), cumulative=True)


def _in_pieces(by_address: dict[Address, _Placed], text: str, likeness: _Likeness) -> Iterator[Thread]:
    scores: dict[Address, int] = {}
    wanted = _units(text)
    for address, strings in by_address.items():
        words = [leaf.value for _, leaf in strings if leaf.value]
        inside = [word for word in words if _units(word) in wanted]
        if 2 * len(inside) >= len(words) or sum(map(len, inside)) >= len(text):
            scores[address] = sum(map(len, inside))
    best = sorted((one for one in scores if scores[one]), key=lambda one: -scores[one])[:_MOST_CANDIDATES]
    taken: set[Address] = set()
    for count in range(1, _MOST_TOGETHER + 1):
        for some in itertools.combinations(best, count):
            if taken & set(some):
                continue
            strings = _in_order([by_address[address] for address in some])
            for thread in _runs(strings, text):
                if len(thread.addresses) == count:
                    taken |= thread.addresses
                    yield thread
    if not taken:
        yield from _alike(best, by_address, text, likeness)


def _in_order(groups: Sequence[_Placed]) -> _Placed:
    if len(groups) == 1:
        return groups[0]
    return sorted(
        (one for group in groups for one in group),
        key=lambda one: (one[0], one[1].spans),
    )


def _runs(strings: _Placed, text: str) -> Iterator[Thread]:
    """Every stretch of strings that, joined, hold the text from the start of one of them."""
    told = [(number, leaf) for number, leaf in strings if leaf.value]
    words, wanted = [_units(leaf.value) for _, leaf in told], _units(text)
    whole = "".join(words)
    bounds = list(itertools.accumulate(map(len, words), initial=0))
    places = list(itertools.accumulate((len(_units(char)) for char in text), initial=0))
    at = whole.find(wanted)
    while at >= 0:
        first = bisect_left(bounds, at)
        if bounds[first] != at:
            at = whole.find(wanted, at + 1)
            continue
        pieces = []
        for index in range(first, len(told)):
            start, end = bounds[index] - at, bounds[index + 1] - at
            if start >= len(wanted):
                break
            rest = max(0, end - len(wanted))
            start, end = bisect_left(places, start), bisect_left(places, end - rest)
            pieces.append(Piece(*told[index], start, end, rest=rest))
        addresses = frozenset(piece.leaf.address for piece in pieces)
        yield Thread(addresses, tuple(pieces), cumulative=False)
        at = whole.find(wanted, at + len(wanted))


def _alike(
    best: Sequence[Address], by_address: dict[Address, _Placed], text: str, likeness: _Likeness
) -> Iterator[Thread]:
    """Strings that, joined, say nearly the same: the site's marks were taken out of what was heard."""
    for count in range(1, _MOST_TOGETHER + 1):
        for some in itertools.combinations(best, count):
            told = [one for one in _in_order([by_address[address] for address in some]) if one[1].value]
            if likeness.is_all("".join(leaf.value for _, leaf in told)):
                total = sum(len(leaf.value) for _, leaf in told)
                ends = list(itertools.accumulate(len(leaf.value) for _, leaf in told))
                pieces = [
                    Piece(
                        number,
                        leaf,
                        (end - len(leaf.value)) * len(text) // total,
                        end * len(text) // total,
                    )
                    for (number, leaf), end in zip(told, ends, strict=True)
                ]
                yield Thread(frozenset(some), tuple(pieces), cumulative=False)
                return


class _Likeness:
    """Compares strings with one text: to the letter, without marks and space, or by their words."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bare = _bare(text)
        self._poor = _bare(_SITES_OWN.sub("", text))
        self._words = _WORD.findall(text)

    def is_all(self, string: str) -> bool:
        if string == self._text:
            return True
        if 2 * len(string) < len(self._text):
            return False
        string = _joined(string)
        if len(self._text) >= _SHORT and _bare(string) == self._bare:
            return True
        string = _SITES_OWN.sub("", string)
        if not 0.5 <= (len(string) + 1) / (len(self._text) + 1) <= 2:
            return False
        if len(self._poor) >= _SHORT and _bare(string) == self._poor:
            return True
        words = _WORD.findall(string)
        if min(len(words), len(self._words)) < _FEWEST_WORDS:
            return False
        ours, theirs = set(self._words), set(words)
        if len(ours) < _FEWEST_WORDS // 2:
            return False
        same = len(ours & theirs)
        return same >= _LIKE * len(ours) and same >= _LIKE * len(theirs)

    def is_more(self, string: str) -> bool:
        """Whether it tells all of the text and goes on: who listened stopped before the site did."""
        return len(self._text) >= _SHORT and len(string) > len(self._text) and string.startswith(self._text)

    def is_start(self, string: str) -> bool:
        if self._text.startswith(string):
            return True
        bare = _bare(_joined(string))
        return bool(bare) and self._bare.startswith(bare)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _joined(text: str) -> str:
    """Text whose halves of emoji are joined; halves without the other stay."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _units(text: str) -> str:
    """Text as JavaScript counts it: an emoji is two, and may have been cut in two."""
    if text.isascii():
        return text
    return _ASTRAL.sub(lambda one: "".join(map(chr, _pair(ord(one[0])))), text)


def _pair(point: int) -> tuple[int, int]:
    return 0xD800 + ((point - 0x10000) >> 10), 0xDC00 + (point & 0x3FF)
