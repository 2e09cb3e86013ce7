"""Controls and states of a page: found by ranked selectors, waited for inside the page.

Nothing here polls from Python. A wait is one promise in an isolated world, woken by changes of the
document. Selectors pierce neither shadow roots nor frames.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import attrs
import trio

from cdp_relay.errors import ControlCovered, SelectorDrift
from cdp_relay.page.tab import Tab

__all__ = [
    "Control",
    "Named",
    "StateLike",
    "click_control",
    "find_control",
    "find_state",
    "hover_control",
    "visible_count",
    "watch_states",
]

_log = logging.getLogger("cdp_relay.page")

_WATCH_SECONDS = 20.0
"""One watch in the page. It bounds what a watcher that nobody stopped leaves behind."""

_COVER_SECONDS = 1.5
"""How long something may lie over a control before it counts as lying there: most are on their way out."""

_STILL_PIXELS = 1.0
"""A control that moved by more than this between two looks is still on its way."""


@attrs.frozen(kw_only=True)
class Control:
    """A control that was found, and where."""

    selector: str
    rank: int
    """Its selector's place in the ranking; above 0 the site may be drifting."""
    matches: int
    """How many elements that a person could reach match the selector."""
    x: float
    """A point where a click reaches it, in CSS pixels; 0, 0 when something covers it."""
    y: float
    width: float
    height: float
    tag: str


class StateLike(Protocol):
    """A rule by which a state of the page is seen (``chat.contract.StateRule`` is one).

    Patterns are evaluated by the page's engine, so they keep to what Python's and JavaScript's
    regular expressions have in common.
    """

    @property
    def url(self) -> str | None:
        """Searched for in the address."""

    @property
    def selector(self) -> tuple[str, ...]:
        """Any visible element; with ``text``, one whose text matches."""

    @property
    def text(self) -> str | None:
        """Searched for in the element's text, case ignored."""

    @property
    def text_max(self) -> int:
        """Elements with longer texts do not count."""

    @property
    def title(self) -> str | None:
        """Searched for in the title."""

    @property
    def unless(self) -> tuple[str, ...]:
        """Visible elements that rule the state out."""

    @property
    def after_seconds(self) -> float:
        """How long it has to stay."""


S = TypeVar("S", bound=StateLike)


async def find_control(
    tab: Tab, selectors: Sequence[str], *, timeout: float, enabled: bool = False
) -> Control:
    """Wait for the first selector that has a visible match, scrolled into view.

    Hidden twins are passed over: no box, ``visibility``, opacity 0, off the page, inert, aria-hidden.

    Args:
      enabled: whether to wait as well until it is neither ``disabled`` nor marked as such.

    Raises:
      SelectorDrift: none came within *timeout* seconds; ``details`` lists what was there instead.
      SettingsError: a selector is not valid CSS.
    """
    return await _find(tab, selectors, timeout=timeout, enabled=enabled, uncovered=False)


@attrs.frozen
class Named:
    """Narrows a selector to the elements of a name."""

    name: str
    attribute: str | None = None
    """Where the name stands; the first line of the element's text when None."""


async def click_control(
    tab: Tab,
    selectors: Sequence[str],
    *,
    timeout: float,
    enabled: bool = True,
    steady: bool = True,
    named: Named | None = None,
) -> Control:
    """Wait until a control is visible, at rest and not covered; then click it, trusted.

    Chrome's success says nothing about the effect: the caller verifies that. An empty layer over the
    control (no words, no controls, nothing that a click could decide) is clicked away once, as a
    person would do without noticing it.

    Args:
      enabled: whether to wait as well until it is not disabled.
      steady: whether to see it at rest for a frame first; without, the click may miss what moves.
      named: only an element of this name counts, as one item of a menu.

    Raises:
      SelectorDrift: no such control came within *timeout* seconds.
      ControlCovered: it is there, but something lies over it; the message names what.
    """
    control = await hover_control(
        tab, selectors, timeout=timeout, enabled=enabled, steady=steady, named=named
    )
    await tab.mouse.press()
    return control


async def hover_control(
    tab: Tab,
    selectors: Sequence[str],
    *,
    timeout: float,
    enabled: bool = False,
    steady: bool = True,
    named: Named | None = None,
) -> Control:
    """Bring the mouse to where a click would reach a control; otherwise as :func:`click_control`."""
    deadline = trio.current_time() + timeout
    patience = min(timeout, _COVER_SECONDS)
    try:
        control = await _find(tab, selectors, timeout=patience, enabled=enabled, uncovered=True, named=named)
    except SelectorDrift as missing:
        left = deadline - trio.current_time()
        if left <= 0:
            raise
        if isinstance(missing, ControlCovered) and missing.details["cover"].get("empty"):
            box = missing.details["box"]
            _log.info("clicking an empty layer away")
            await tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        control = await _find(tab, selectors, timeout=left, enabled=enabled, uncovered=True, named=named)
    await tab.mouse.move(control.x, control.y)
    while steady:
        left = max(0.0, deadline - trio.current_time())
        again = await _find(
            tab, selectors, timeout=left, enabled=enabled, uncovered=True, named=named, again=True
        )
        still = abs(again.x - control.x) <= _STILL_PIXELS and abs(again.y - control.y) <= _STILL_PIXELS
        control = again
        if still or left == 0.0:
            break
        await tab.mouse.move(control.x, control.y)
    return control


async def visible_count(tab: Tab, selectors: Sequence[str]) -> int:
    """Count the visible elements that match any of the selectors, each once."""
    if not selectors:
        return 0
    count: int = await tab.world.look("visibleCount", list(selectors), timeout=5.0)
    return count


async def find_state(tab: Tab, rules: Sequence[S]) -> S | None:
    """Return the first rule whose state shows now, however long it has; None when there is none."""
    if not rules:
        return None
    index: int = await tab.world.look("stateNow", [plain_rule(rule) for rule in rules], timeout=5.0)
    return rules[index] if index >= 0 else None


async def watch_states(tab: Tab, rules: Sequence[S]) -> S:
    """Wait until a rule's state shows, and has for its ``after_seconds``; over all navigations.

    Raises:
      BrowserError: the tab ended, or stopped answering.
    """
    if not rules:
        await trio.sleep_forever()
    plain = [plain_rule(rule) for rule in rules]
    while True:
        index = await tab.world.wait("watchStates", plain, seconds=_WATCH_SECONDS)
        if isinstance(index, int) and index >= 0:
            return rules[index]


def plain_rule(rule: StateLike) -> dict[str, Any]:
    """A rule as the functions in the page take it."""
    return {
        "url": rule.url,
        "selector": list(rule.selector),
        "text": rule.text,
        "text_max": rule.text_max,
        "title": rule.title,
        "unless": list(rule.unless),
        "after_seconds": rule.after_seconds,
    }


async def _find(
    tab: Tab,
    selectors: Sequence[str],
    *,
    timeout: float,
    enabled: bool,
    uncovered: bool,
    named: Named | None = None,
    again: bool = False,
) -> Control:
    name = "findControlAgain" if again else "findControl"
    wanted = None if named is None else {"name": named.name, "attribute": named.attribute}
    seen = await tab.world.wait(name, list(selectors), enabled, uncovered, wanted, seconds=timeout)
    found = seen["control"] if isinstance(seen, dict) else None
    if not isinstance(found, dict):
        raise _missing(selectors, seen if isinstance(seen, dict) else {}, timeout)
    control = Control(
        selector=selectors[found["rank"]],
        rank=found["rank"],
        matches=found["matches"],
        x=found["x"],
        y=found["y"],
        width=found["width"],
        height=found["height"],
        tag=found["tag"],
    )
    if control.rank > 0 or control.matches > 1:
        _log.debug("control found by rank %d, %d matches", control.rank, control.matches)
    return control


def _missing(
    selectors: Sequence[str], seen: dict[str, Any], timeout: float
) -> SelectorDrift | ControlCovered:
    details = {
        "selectors": list(selectors),
        "passed_over": seen.get("passed", []),
        "candidates": seen.get("candidates", []),
        "document": seen.get("ready"),
    }
    if seen.get("covered"):
        cover = seen.get("cover") or {}
        name = " ".join(str(cover[key]) for key in ("tag", "role", "label") if cover.get(key))
        return ControlCovered(
            f"The control {selectors[0]!r} is covered by {name or 'something outside of the view'}.",
            details={**details, "cover": cover, "box": seen.get("box")},
        )
    why = ", ".join(sorted({str(one.get("why")) for one in details["passed_over"]}))
    what = f"all matches are unusable ({why})" if why else "nothing matches"
    return SelectorDrift(
        f"No control for {selectors[0] if selectors else 'no selector'!r} within {timeout:g} s: {what}.",
        details=details,
    )
