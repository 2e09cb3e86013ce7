"""The last rung of capture, and a check on the others: the answer as the page shows it."""

from __future__ import annotations

import attrs
import trio

from cdp_relay.chat.comparison import MAX_CHARS, disagreement
from cdp_relay.chat.contract import Provider
from cdp_relay.chat.interruptions import shown_error
from cdp_relay.chat.vocabulary import Drift
from cdp_relay.errors import RelayError
from cdp_relay.page import RenderedText, Tab, find_state, mark_turns, read_answer, wait_rendered

__all__ = ["PageAnswer"]

_COMPARE_SECONDS = 20.0
"""How long the page may take to show what the wire said: some sites draw words seconds after they came,
and a busy machine later still. A turn that wants the tab ends it at once."""


@attrs.define(eq=False)
class PageAnswer:
    """Reads one turn's answer off the page of a site whose definition says where it stands."""

    tab: Tab
    provider: Provider

    @property
    def known(self) -> bool:
        """Whether the definition says where the page shows its answers."""
        return bool(self.provider.site.answer.turn)

    async def mark(self) -> None:
        """Note what is there already, before the prompt is sent."""
        if self.known:
            await mark_turns(self.tab, self.provider.site.answer)

    async def whole(self, *, timeout: float, appear: float) -> RenderedText | None:
        """Wait for a whole answer; None when the page shows none in that time.

        Args:
          appear: seconds after which a page that shows no answer, and no work on one, is believed.

        Raises:
          RelayError: the page shows a state: an error's words are no answer.
          BrowserError: the page is gone, or does not answer.
        """
        site = self.provider.site
        shown = await wait_rendered(
            self.tab, site.answer, stop=site.selectors.stop, timeout=timeout, appear=appear
        )
        # Also states that often pass: whatever stands beside an answer that is at rest, stands there.
        state = await find_state(self.tab, site.states)
        if state is not None:
            raise await shown_error(self.tab, self.provider, state)
        return shown if shown is not None and shown.done and shown.markdown.strip() else None

    async def compare(self, wire: str) -> Drift | None:
        """Compare what the wire said with what the page shows; None when they agree or nobody can say."""
        site = self.provider.site
        try:
            shown = await read_answer(self.tab, site.answer)
            if shown is not None and await _disagreement(wire, shown.markdown) is None:
                return None
            shown = await wait_rendered(
                self.tab,
                site.answer,
                stop=site.selectors.stop,
                timeout=_COMPARE_SECONDS,
                appear=_COMPARE_SECONDS * 3 / 4,
            )
        except RelayError:
            return None  # the page has gone on to something else
        if shown is None:
            return Drift(kind="answer", detail="the page shows no answer where [answer] looks for it")
        # One that is still being drawn says nothing.
        differ = await _disagreement(wire, shown.markdown) if shown.done else None
        return None if differ is None else Drift(kind="capture", detail=differ)


async def _disagreement(wire: str, page: str) -> str | None:
    if len(page) > 2 * MAX_CHARS:
        return f"the page shows {len(page)} characters, the wire said {len(wire)}"
    return await trio.to_thread.run_sync(disagreement, wire, page)
