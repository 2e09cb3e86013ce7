"""What a page shows of an answer: found, waited for until it is whole, and read as Markdown.

Everything happens in the isolated world and only reads. The wire is the truth; this is for answers
that it did not give, and for comparing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from cdp_relay.page._pieces import read_pieces, utf16_units
from cdp_relay.page.tab import Tab

__all__ = [
    "AnswerPlace",
    "LastTurn",
    "RenderedText",
    "mark_turns",
    "read_answer",
    "read_last_turn",
    "wait_rendered",
]

_QUIET_SECONDS = 1.2
"""How long the text of an answer that looks whole has to stay as it is. Action bars flash up while some
models still think; three looks of 0.4 s each are what others found to be enough on ChatGPT."""

_PATIENT_SECONDS = 10.0
"""The same where the page never shows the signs of an answer's end."""

_READ_SECONDS = 15.0
"""For turning an answer of megabytes into Markdown."""


_LAST_TURN_CHARS = 4000
"""How much of either end of the last turn is read."""


class AnswerPlace(Protocol):
    """Where a page shows its answers (``chat.contract.RenderedAnswer`` is one)."""

    @property
    def turn(self) -> tuple[str, ...]:
        """The containers of the site's turns; the last one counts."""

    @property
    def content(self) -> tuple[str, ...]:
        """The blocks inside that are the answer; the container itself when empty."""

    @property
    def exclude(self) -> tuple[str, ...]:
        """What in those is not the answer."""

    @property
    def thinking(self) -> tuple[str, ...]:
        """Thoughts inside the container."""

    @property
    def working(self) -> tuple[str, ...]:
        """Shown while the answer is being written."""

    @property
    def done(self) -> tuple[str, ...]:
        """Inside the container or after it, once the answer is whole."""

    @property
    def math(self) -> str:
        """``brackets`` or ``dollars``."""


@attrs.frozen(kw_only=True)
class RenderedText:
    """An answer as the page shows it."""

    markdown: str = attrs.field(repr=False)
    thinking: str = attrs.field(repr=False)
    done: bool
    """Whether it was seen to be whole."""


@attrs.frozen(kw_only=True)
class LastTurn:
    """The last of the site's turns on a page, as plain text."""

    address: str
    """The page's path and query."""
    head: str | None = attrs.field(repr=False)
    """Its beginning; None where the page shows no turn."""
    tail: str | None = attrs.field(repr=False)
    """Its end."""


async def mark_turns(tab: Tab, place: AnswerPlace) -> None:
    """Remember the turns that are there now: none of them is the answer to what is sent next."""
    await tab.world.look("markTurns", _plain(place), timeout=_READ_SECONDS)


async def read_answer(tab: Tab, place: AnswerPlace) -> RenderedText | None:
    """Read the newest answer as it stands; None when there is no turn since :func:`mark_turns`."""
    seen = await tab.world.look("renderedAnswer", _plain(place), False, timeout=_READ_SECONDS)
    return await _whole(tab, seen)


async def read_last_turn(tab: Tab, place: AnswerPlace) -> LastTurn:
    """Read both ends of the last turn as it stands; nothing is waited for."""
    seen = await tab.world.look("lastTurn", _plain(place), _LAST_TURN_CHARS, timeout=_READ_SECONDS)
    head, tail = seen["ends"] or (None, None)
    return LastTurn(address=seen["address"], head=head, tail=tail)


async def wait_rendered(
    tab: Tab, place: AnswerPlace, *, stop: Sequence[str], timeout: float, appear: float
) -> RenderedText | None:
    """Wait until the page shows a whole new answer, and read it.

    Whole is: no stop control, nothing of ``working``, a sign of ``done``, and a text that stays.

    Args:
      stop: the page's stop control.
      appear: seconds after which the page is believed that shows no text and no work on one.

    Returns:
      The answer, not ``done`` where the time ran out; None when there is no new turn.

    Raises:
      BrowserError: the tab ended, or stopped answering.
      SettingsError: a selector is not valid CSS.
    """
    seen = await tab.world.wait(
        "settledAnswer",
        _plain(place),
        list(stop),
        _QUIET_SECONDS * 1000,
        _PATIENT_SECONDS * 1000,
        appear * 1000,
        seconds=timeout,
    )
    return await _whole(tab, seen)


def _plain(place: AnswerPlace) -> dict[str, Any]:
    return {
        "turn": list(place.turn),
        "content": list(place.content),
        "exclude": list(place.exclude),
        "thinking": list(place.thinking),
        "working": list(place.working),
        "done": list(place.done),
        "brackets": place.math == "brackets",
    }


async def _whole(tab: Tab, seen: Any) -> RenderedText | None:
    if not isinstance(seen, dict):
        return None
    text = await read_pieces(tab, seen["text"], seen["length"], "The answer changed while it was read.")
    if utf16_units(text) == len(text):
        markdown, thinking = text[: seen["answer"]], text[seen["answer"] :]
    else:
        raw, cut = text.encode("utf-16-le", "surrogatepass"), seen["answer"] * 2
        markdown, thinking = (part.decode("utf-16-le", "replace") for part in (raw[:cut], raw[cut:]))
    return RenderedText(markdown=markdown, thinking=thinking, done=bool(seen["done"]))
