"""Keep a browser running: start again what died, leave closed what a person closed."""

from __future__ import annotations

import copy
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import attrs
import structlog
import trio

from cdp_relay.cdp import ConnectionLimits
from cdp_relay.chrome.browser import Browser, open_browser
from cdp_relay.chrome.restart import RestartPolicy
from cdp_relay.errors import (
    BrowserError,
    BrowserGone,
    BrowserStalled,
    CommandTimeout,
    LaunchFailed,
    RelayError,
    ShuttingDown,
)
from cdp_relay.nursery import open_nursery
from cdp_relay.settings import ChromeSettings, Home

__all__ = ["Supervisor", "supervise"]

_log = structlog.stdlib.get_logger("cdp_relay.chrome")

State = Literal["unused", "starting", "up", "restarting", "down"]


@asynccontextmanager
async def supervise(
    settings: ChromeSettings,
    home: Home,
    *,
    policy: RestartPolicy | None = None,
    limits: ConnectionLimits | None = None,
    lazy: bool = False,
) -> AsyncGenerator[Supervisor, None]:
    """Run a browser, or an attachment to one, for as long as the block lasts.

    The block begins when the first start succeeded. Leaving it, also by cancellation, ends a
    browser that we started in good order.

    Args:
      lazy: begin the block at once, and start the browser when it is wanted for the first time.

    Raises:
      RelayError: the first start failed, as :func:`open_browser` says.
    """
    supervisor = Supervisor(settings, home, policy or RestartPolicy(), limits)
    if lazy:
        supervisor.state = "unused"
    async with open_nursery() as nursery:
        nursery.start_soon(supervisor._run, lazy)
        try:
            if not lazy:
                await supervisor.browser(timeout=math.inf)
            yield supervisor
        finally:
            supervisor._stopping = True
            supervisor._move("down")
            nursery.cancel_scope.cancel()


@attrs.define(eq=False, init=False)
class Supervisor:
    """The way to the browser of the moment. Made by :func:`supervise`."""

    state: State
    """``unused`` before the first request wants it, ``starting`` the first time, ``up``, ``restarting``
    after a death, ``down`` when there is none until a request wants it."""
    generation: int
    """Rises with every start that succeeded; what belongs to an earlier browser is gone."""
    last_error: RelayError | None
    """Why there is no browser, as far as it is known."""
    _settings: ChromeSettings
    _home: Home
    _policy: RestartPolicy
    _limits: ConnectionLimits | None
    _current: Browser | None
    _failures: int
    _changed: trio.Event
    _wanted: trio.Event
    _stopping: bool

    def __init__(
        self, settings: ChromeSettings, home: Home, policy: RestartPolicy, limits: ConnectionLimits | None
    ) -> None:
        self.state = "starting"
        self.generation = 0
        self.last_error = None
        self._settings = settings
        self._home = home
        self._policy = policy
        self._limits = limits
        self._current = None
        self._failures = 0
        self._changed = trio.Event()
        self._wanted = trio.Event()
        self._stopping = False

    @property
    def current(self) -> Browser | None:
        """The browser that is up now, if there is one."""
        browser = self._current
        return None if browser is None or browser.connection.closed.is_set() else browser

    async def browser(self, *, timeout: float) -> Browser:
        """Return a living browser; start one that a person had closed.

        Waits while a browser starts. A start that fails in the meantime fails its waiters.

        Raises:
          BrowserGone: there is none within *timeout* seconds, or none is to be started for now,
            as too many died; ``retry_after_seconds`` says for how long.
          BrowserError, UserError: why a start failed, see :func:`open_browser`.
          ShuttingDown: the service stops.
        """
        seen = self._failures
        with trio.move_on_after(timeout):
            while True:
                if self._stopping:
                    raise ShuttingDown("The service is stopping, and its browser with it.")
                browser = self.current
                if browser is not None:
                    return browser
                if self._failures != seen and self.last_error is not None:
                    raise copy.copy(self.last_error)
                if self.state in ("unused", "down"):
                    self._refuse()
                    self._wanted.set()
                await self._changed.wait()
        raise BrowserGone(
            f"The browser did not come up within {timeout:g} s (it is {self.state}).",
            retry_after_seconds=self._policy.delay_seconds(),
        )

    def _refuse(self) -> None:
        """Raise when a browser that is down is not to be started for a request."""
        seconds = self._policy.open_seconds(trio.current_time())
        if seconds > 0:
            raise BrowserGone(
                f"The browser died {self._policy.deaths_in_window} times within "
                f"{self._policy.window_seconds:g} s, and is left alone for {seconds:.0f} s. "
                f"The last time: {self.last_error}",
                next_step="Run 'cdp-relay doctor'; the log has the browser's last words.",
                retry_after_seconds=seconds,
            )
        if self.last_error is not None and not self._settings.restart and self.generation:
            raise copy.copy(self.last_error)

    def _move(self, state: State) -> None:
        self.state = state
        self._changed.set()
        self._changed = trio.Event()

    async def _run(self, lazy: bool) -> None:
        if lazy:
            await self._wanted.wait()
            self._move("starting")
        while True:
            ended = await self._live()
            if ended is None:
                # As a person wants it, or as only a person can mend it.
                await self._rest()
                continue
            now = trio.current_time()
            self._policy.note_death(now, lived_seconds=ended)
            if not self._settings.restart or self._policy.open_seconds(now) > 0:
                _log.error("chrome.given_up", reason=str(self.last_error))
                await self._rest()
                continue
            delay = self._policy.delay_seconds()
            _log.warning("chrome.restarting", after_seconds=delay, reason=str(self.last_error))
            self._move("restarting")
            await trio.sleep(delay)

    async def _rest(self) -> None:
        """Stay down until somebody wants a browser."""
        self._wanted = trio.Event()
        self._move("down")
        await self._wanted.wait()
        self._move("restarting" if self.generation else "starting")

    async def _live(self) -> float | None:
        """Run one browser to its end; the seconds it lived when it is to be started again, else None."""
        was_up, started = False, trio.current_time()
        try:
            async with open_browser(self._settings, self._home, limits=self._limits) as browser:
                was_up, started = True, trio.current_time()
                self.generation += 1
                self.last_error = None
                self._current = browser
                self._move("up")
                await browser.wait_ended()
                lived = trio.current_time() - started
                self._move("restarting")
                by_hand = await browser.was_closed_by_hand()
                self.last_error = _ending(browser, by_hand=by_hand)
                _log.info("chrome.ended", pid=browser.pid, reason=self.last_error.message)
            return None if by_hand or not browser.owned else lived
        except RelayError as error:
            if was_up:
                # The dead one could not be cleared away in order; it was alive, so another may be.
                return trio.current_time() - started
            self._failures += 1
            self.last_error = error
            _log.warning("chrome.start_failed", reason=error.message)
            return 0.0 if isinstance(error, _PASSING) and not self._settings.attach else None
        finally:
            self._current = None


# A start that failed so may succeed without anybody's doing.
_PASSING = (LaunchFailed, BrowserGone, BrowserStalled, CommandTimeout)


def _ending(browser: Browser, *, by_hand: bool) -> BrowserError:
    """Say how a browser that was up ended."""
    process = browser.process
    if process is None:
        return BrowserGone(
            f"The browser at {browser.http_url} is gone.",
            next_step="Start it again; the relay attaches at the next request.",
        )
    if by_hand:
        return BrowserGone("The browser was closed.", next_step="Send the request again: it opens anew.")
    details = {"pid": process.pid, "exit_status": process.returncode}
    if process.returncode is None:
        reason = browser.connection.close_error
        text = (
            f"The browser (process {process.pid}) was given up: {reason.message if reason else 'no answer'}"
        )
        kind = BrowserStalled if isinstance(reason, BrowserStalled) else BrowserGone
        return kind(text, details=details)
    return BrowserGone(f"The browser (process {process.pid}) died {process.manner}.", details=details)
