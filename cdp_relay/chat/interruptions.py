"""What can cut into a turn from outside: a lost page, or a state that the site shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import attrs
import trio

from cdp_relay.chat.contract import Provider, StateRule
from cdp_relay.chat.registry import error_class
from cdp_relay.chat.reset_time import seconds_until_reset
from cdp_relay.errors import (
    AttachmentRefused,
    BrowserError,
    BrowserGone,
    CapReached,
    PageNavigated,
    RateLimited,
    RelayError,
    SiteError,
)
from cdp_relay.page import Tab, state_text, watch_states

__all__ = ["Interruptions", "shown_error", "state_error", "watch_interruptions"]


def state_error(provider: Provider, rule: StateRule) -> RelayError:
    """The error of a state that the page shows."""
    kind = error_class(rule.code) or SiteError
    message = rule.message or f"{provider.site.title} shows the state {rule.code!r}."
    return kind(message, details={"site": provider.site.name, "state": rule.code})


async def shown_error(tab: Tab, provider: Provider, rule: StateRule) -> RelayError:
    """The error of a state that a tab shows, with the time when it ends where the page tells that."""
    error = state_error(provider, rule)
    if isinstance(error, CapReached | RateLimited):
        text = await state_text(tab, rule)
        error.retry_after_seconds = seconds_until_reset(text, datetime.now().astimezone())
    return error


@attrs.define(eq=False)
class Interruptions:
    """Watches a tab for as long as a turn uses it.

    A lost page interrupts at once, whatever the turn is doing. A state of the site interrupts the
    steps up to the sending; while an answer streams it is only remembered, because the wire knows
    better than a banner whether the answer goes on.
    """

    state: RelayError | None = None
    """The state that the page shows, as an error."""
    lost: RelayError | None = None
    """Why the page can't be used any more."""
    document: str | None = None
    """The document that the turn works in, once it is settled; another one is a lost page."""
    on_state: Callable[[], None] | None = None
    """Called when a state shows; for a turn that waits on the stream."""
    _scope: trio.CancelScope | None = attrs.field(default=None, init=False)
    _with_states: bool = attrs.field(default=True, init=False)

    @contextmanager
    def applied(self, *, states: bool = True) -> Generator[None, None, None]:
        """Let interruptions cut into the block: they cancel it and are raised from it.

        A block inside another has rules of its own for its time.
        """
        before = self._scope, self._with_states
        with trio.CancelScope() as scope:
            self._scope, self._with_states = scope, states
            try:
                self._check(states=states)
                yield
            finally:
                self._scope, self._with_states = before
        if scope.cancelled_caught:
            self._check(states=states)

    def _check(self, *, states: bool) -> None:
        if self.lost is not None:
            raise self.lost
        if states and self.state is not None:
            raise self.state

    def _lose(self, error: RelayError) -> None:
        self.lost = self.lost or error
        if self._scope is not None:
            self._scope.cancel()

    def _show(self, error: RelayError) -> None:
        self.state = error
        if self._with_states and self._scope is not None:
            self._scope.cancel()
        if self.on_state is not None:
            self.on_state()


@asynccontextmanager
async def watch_interruptions(tab: Tab, provider: Provider) -> AsyncGenerator[Interruptions, None]:
    """Watch a tab until the block ends."""
    watch = Interruptions()

    async def until_gone() -> None:
        await tab.gone.wait()
        watch._lose(tab.gone_error or BrowserGone("The page is gone."))

    async def until_state() -> None:
        # What a file is refused with is heard where the files are put in, which names the file.
        rules = tuple(rule for rule in provider.site.states if rule.code != AttachmentRefused.code)
        try:
            watch._show(await shown_error(tab, provider, await watch_states(tab, rules)))
        except BrowserError as error:
            watch._lose(error)

    async def until_led_away() -> None:
        with tab.watch_url() as addresses:
            async for _ in addresses:
                if watch.document is not None and tab.loader_id != watch.document:
                    watch._lose(
                        PageNavigated(
                            f"The tab was led to another page while {provider.site.title} worked on it.",
                            details={"site": provider.site.name},
                        )
                    )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(until_gone)
        nursery.start_soon(until_led_away)
        if provider.site.states:
            nursery.start_soon(until_state)
        yield watch
        nursery.cancel_scope.cancel()
