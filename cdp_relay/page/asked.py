"""Whether the newest answer on a page answers a prompt that we know."""

from __future__ import annotations

import re

import attrs

from cdp_relay.page.rendered import AnswerPlace
from cdp_relay.page.tab import Tab

__all__ = ["Asked", "look_asked", "prompt_lines"]

_LOOK_SECONDS = 15.0
_LETTERS = 400
"""How much of a prompt's beginning is looked for."""
_MARK = re.compile(r"^\s*(?:(?:[-*+#>]+|\d+[.)])\s+)+")
"""What a page may draw of a line in another way: marks of lists, headings and quotations."""


@attrs.frozen(kw_only=True)
class Asked:
    """What stands before the newest answer."""

    shown: bool
    """Whether that is the prompt."""
    answers: int
    """How many answers the page shows."""


def prompt_lines(prompt: str) -> list[str]:
    """The beginning of a prompt as it is looked for: line by line, letters and digits alone."""
    lines: list[str] = []
    left = _LETTERS
    for line in prompt.splitlines():
        letters = "".join(one for one in _MARK.sub("", line).lower() if one.isalnum())[:left]
        if letters:
            lines.append(letters)
            left -= len(letters)
        if left <= 0:
            break
    return lines


async def look_asked(tab: Tab, place: AnswerPlace, prompt: str) -> Asked | None:
    """Look whether the newest answer follows *prompt*; None while there is no answer.

    Its beginning is compared, but for white space and what pages draw in another way.
    """
    seen = await tab.world.look(
        "askedLines", {"turn": list(place.turn)}, prompt_lines(prompt), timeout=_LOOK_SECONDS
    )
    if not isinstance(seen, dict):
        return None
    return Asked(shown=bool(seen["shown"]), answers=int(seen["turns"]))
