"""Find one's way in Gemini's payloads: nested lists without names, where a place is known by its indexes.

What lies where was compared over several recordings and readers of the year 2026; a place that holds
something else than expected reads as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs

from cdp_relay.chat.contract import FileSeen

__all__ = [
    "Candidate",
    "clean_text",
    "dig",
    "exhausted_until",
    "first_text",
    "read_candidate",
    "turns_of_history",
]

_PLACEHOLDER = r"http://googleusercontent\.com/(\w+)/\d+"
_ON_ITS_LINE = re.compile(rf"(?:\A|\n)[ \t]*{_PLACEHOLDER}[ \t]*(?=\n|\Z)")
_WITHIN = re.compile(_PLACEHOLDER)
_HOST = "http://googleusercontent.com/"
_SCHEME = "http://"
_LONGEST = 120
_LEAKED_THOUGHT = re.compile(r"<ctrl94>thought\b.*?<ctrl95>\n*", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_RUNNING, _COMPLETE = 1, 2


def dig(value: Any, *path: int | str) -> Any:
    """What lies at a path of indexes and keys; None where the path leads nowhere."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def first_text(value: Any) -> str:
    """A string, or the first one in a nest of lists, where an index has moved before."""
    for _ in range(4):
        if isinstance(value, str):
            return value
        if not isinstance(value, list) or not value:
            return ""
        value = value[0]
    return ""


@attrs.frozen(kw_only=True)
class Candidate:
    """The answer as one payload tells it: all of it so far."""

    id: str
    text: str
    thoughts: str
    complete: bool
    state: Any
    images: tuple[FileSeen, ...] = ()
    other_media: tuple[str, ...] = ()


def read_candidate(raw: Any) -> Candidate:
    """Read an element of ``payload[4]``."""
    text = dig(raw, 1, 0)
    text = text if isinstance(text, str) else ""
    if text.startswith(f"{_HOST}card_content/"):
        card = dig(raw, 22, 0)
        text = card if isinstance(card, str) else text
    thoughts = first_text(dig(raw, 37, 0)) or first_text(dig(raw, 37, 1))
    state = dig(raw, 8, 0)
    media = [name for place, name in ((59, "a video"), (86, "a sound")) if dig(raw, 12, place)]
    return Candidate(
        id=first_text(dig(raw, 0)),
        text=_joined(text),
        thoughts=_joined(thoughts),
        complete=state == _COMPLETE,
        state=None if state in (None, _RUNNING, _COMPLETE) else state,
        images=tuple(_images(dig(raw, 12, 7, 0))),
        other_media=tuple(media),
    )


def clean_text(text: str, *, whole: bool) -> tuple[str, tuple[str, ...]]:
    """Leave out what the page puts cards in place of, and what is no word of the answer.

    Args:
      whole: whether the text is complete; of an unfinished one, a placeholder that has only begun to
        come is left out as well.

    Returns:
      The text, and the kinds of the placeholders that stood in it.
    """
    kinds: tuple[str, ...] = ()
    if _HOST in text:
        kinds = tuple(_WITHIN.findall(text))
        ends_with_one = _ends_with_placeholder(text)
        text = _WITHIN.sub("", _ON_ITS_LINE.sub("", text))
        if ends_with_one:
            text = text.rstrip("\n")
    if "<ctrl94>" in text:
        text = _LEAKED_THOUGHT.sub("", text)
        if not whole:
            text = text.partition("<ctrl94>")[0]
    return (text if whole else text[: _unfinished_placeholder(text)]), kinds


def exhausted_until(allowances: Any) -> float | None:
    """When the first allowance that is used up is back, in seconds since 1970; from side frame "28".

    An entry is ``[[ids], kind, number, [seconds, nanoseconds], limit, remaining]``.
    """
    moments = [
        dig(entry, 3, 0)
        for entry in (dig(allowances, 0) if isinstance(dig(allowances, 0), list) else [])
        if dig(entry, 5) == 0
    ]
    return min((float(one) for one in moments if isinstance(one, int) and one > 0), default=None)


def turns_of_history(payload: Any) -> Iterator[tuple[str, Any, str]]:
    """The turns of a chat that the page has read again: response id, raw candidate, and model."""
    turns = dig(payload, 0)
    for turn in turns if isinstance(turns, list) else ():
        candidates = dig(turn, 3, 0)
        if isinstance(candidates, list) and candidates:
            yield first_text(dig(turn, 0, 1)), candidates[0], first_text(dig(turn, 3, 21))


def _ends_with_placeholder(text: str) -> bool:
    last = text.rstrip().rpartition("\n")[2].strip()
    return _WITHIN.fullmatch(last) is not None


def _unfinished_placeholder(text: str) -> int:
    """Where a placeholder starts that has only begun to come; the text's length if there is none."""
    at = text.rfind(_SCHEME, max(0, len(text) - _LONGEST))
    if at < 0:
        # Less than the scheme is only taken for one where placeholders mostly stand: on a line's start.
        at = text.rfind("\n", max(0, len(text) - len(_SCHEME))) + 1
        return at if text[at:] and _SCHEME.startswith(text[at:]) else len(text)
    begun = text[at:]
    return at if _HOST.startswith(begun) or re.fullmatch(rf"{re.escape(_HOST)}\S*", begun) else len(text)


def _images(raw: Any) -> Iterator[FileSeen]:
    for image in raw if isinstance(raw, list) else ():
        url = dig(image, 0, 3, 3)
        if isinstance(url, str) and url.startswith(("https://", "data:")):
            # Without a size the server sends a preview; this is the largest that others have asked for.
            sized = url if "=" in url.rpartition("/")[2] or url.startswith("data:") else f"{url}=s2048"
            yield FileSeen(url=sized, description=first_text(dig(image, 0, 3, 2)))


def _joined(text: str) -> str:
    """A text that can be encoded: half an emoji at the end of an unfinished one becomes U+FFFD."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
