"""What all controls of a page have in common: what they stand in is opened, and closed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import attrs

from cdp_relay.chat.contract import ControlRule
from cdp_relay.chat.plan import Value
from cdp_relay.errors import ControlFailed, UnsupportedValue
from cdp_relay.page import ControlShown, MenuItem, Tab, await_control, find_control, press_chain, put_away

__all__ = ["PRESS_SECONDS", "SHOWN_SECONDS", "SOON_SECONDS", "PageControl", "is_there"]

PRESS_SECONDS = 6.0
"""How long a control may take to be there; the ones of composers were seen 4 s after the page itself."""

SHOWN_SECONDS = 2.0
"""How long a page may take to show what was chosen."""

SOON_SECONDS = 1.0
"""The same, where there is another way to find out."""

_PARAMS = {
    "model": "model",
    "effort": "reasoning_effort",
    "system": "messages",
    "max_output_tokens": "max_tokens",
}
"""The request's own names for wishes, where they differ."""


@attrs.define(eq=False)
class PageControl:
    """One control of one page."""

    tab: Tab
    title: str
    """The site's, for messages."""
    name: str
    rule: ControlRule
    pattern: str | None = attrs.field(default=None, init=False)
    """A regular expression for the wished item, where the rule alone does not give it."""
    met: dict[str, MenuItem] = attrs.field(factory=dict, init=False)
    """Every item that was seen while a menu was open."""
    _opened: bool = attrs.field(default=False, init=False)
    """Whether anything was opened, and not closed since."""
    _revealed: bool = attrs.field(default=False, init=False)
    """Whether what the control stands in had to be opened, too."""

    async def bring_to(self, value: Value) -> bool:
        """Set the control; False when it showed that already.

        Raises:
          UnsupportedValue, ModelUnavailable: it does not take or offer that.
          ControlFailed: it does not do what it is told.
          SelectorDrift: it is not there.
        """
        raise NotImplementedError

    @property
    def shows(self) -> tuple[str, ...]:
        """Where the value is shown."""
        return self.rule.current or self.rule.control

    def fail(self, why: str, details: Mapping[str, Any] | None = None) -> NoReturn:
        """Say that the control does not work."""
        raise ControlFailed(
            f"{self.title}'s control for {self.name!r} {why}",
            details={"control": self.name, **(details or {})},
        )

    def refuse(self, message: str) -> NoReturn:
        """Say that the control does not take what is wished."""
        raise UnsupportedValue(f"{self.title}: {message}", param=_PARAMS.get(self.name, self.name))

    async def reveal(self) -> None:
        """Make the control visible.

        Raises:
          SelectorDrift: it does not come, or what opens it is not there.
        """
        opened = await press_chain(self.tab, self.rule.open, self.rule.control, timeout=PRESS_SECONDS)
        self._revealed = self._revealed or opened
        self._opened = self._opened or opened
        shown = await await_control(self.tab, self.rule.control, is_there, timeout=PRESS_SECONDS)
        if shown is None:
            await find_control(self.tab, self.rule.control, timeout=0)

    async def leave(self, *more: Sequence[str]) -> None:
        """Close what was opened, so that nothing lies over the composer.

        Args:
          more: what is visible for as long as it is open, beside the control.
        """
        if not self._opened:
            return
        shown = [selector for group in more for selector in group]
        close = self.rule.close
        if self._revealed:
            shown += self.rule.control
        elif self.rule.open:
            close = ()  # what the control stands in was open before, and stays so
        if not await put_away(self.tab, shown, close):
            self.fail("was set, but what it stands in does not close.")
        self._revealed = self._opened = False


def is_there(shown: ControlShown | None) -> bool:
    """Whether a control is shown at all."""
    return shown is not None
