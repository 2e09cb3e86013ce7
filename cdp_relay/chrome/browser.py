"""A browser that is connected: started by us on its dedicated profile, or attached to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import structlog
import trio

from cdp_relay.cdp import Connection, ConnectionLimits, browser_websocket_url, open_connection
from cdp_relay.chrome.find import BrowserBinary
from cdp_relay.chrome.launch import launch
from cdp_relay.chrome.machine import Machine
from cdp_relay.chrome.pinned import close_spare_pages, keep_a_page
from cdp_relay.chrome.process import SILENT_STOP_SECONDS, BrowserProcess
from cdp_relay.errors import BrowserError, BrowserGone, BrowserStalled
from cdp_relay.nursery import open_nursery
from cdp_relay.settings import ChromeSettings, Home

__all__ = ["Browser", "choose_headless", "open_browser"]

_log = structlog.stdlib.get_logger("cdp_relay.chrome")

_CLOSE_SECONDS = 2.0
# Between the end of the connection and that of its process; measured 0.02-0.1 s.
_EXIT_SECONDS = 2.0


@attrs.define(eq=False, kw_only=True)
class Browser:
    """A connected browser of :func:`open_browser`."""

    connection: Connection
    http_url: str
    """The address of its debugging port."""
    version: str
    """As the browser has it: ``156.0.8078.79``."""
    headless: bool
    owned: bool
    """Whether a relay started it, and so ends it."""
    name: str
    """Names this run of the browser, and no other."""
    taken_over: bool = False
    """Whether an earlier relay started it."""
    process: BrowserProcess | None = None
    profile: Path | None = None
    binary: BrowserBinary | None = None

    @property
    def pid(self) -> int | None:
        """The id of its process; None for a browser that somebody else started."""
        return self.process.pid if self.process is not None else None

    async def wait_ended(self) -> None:
        """Wait until the connection or the process is over."""
        async with open_nursery() as nursery:

            async def wait_for(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(wait_for, self.connection.closed)
            if self.process is not None:
                nursery.start_soon(wait_for, self.process.exited)

    async def was_closed_by_hand(self) -> bool:
        """Once it has ended: whether a person closed it, which shows in a clean exit."""
        if self.process is None:
            return False
        with trio.move_on_after(_EXIT_SECONDS):
            await self.process.exited.wait()
        return self.process.returncode == 0


def choose_headless(settings: ChromeSettings, *, machine: Machine | None = None) -> bool:
    """Whether to run without a window: as set, else only where no window can be shown."""
    if settings.headless is not None:
        return settings.headless
    if (machine or Machine()).has_display:
        return False
    _log.warning(
        "chrome.headless_chosen",
        reason="there is no display (DISPLAY and WAYLAND_DISPLAY are not set)",
        consequence="signing in by hand needs a display, and some sites refuse a headless browser",
    )
    return True


@asynccontextmanager
async def open_browser(
    settings: ChromeSettings,
    home: Home,
    *,
    headless: bool | None = None,
    port: int = 0,
    limits: ConnectionLimits | None = None,
) -> AsyncGenerator[Browser, None]:
    """Start a browser on its dedicated profile and connect, or attach to ``settings.attach``.

    The block is not cancelled when the browser goes: see ``browser.connection.closed``. Leaving the
    block, also by cancellation, closes a browser that we started or took over, so that log-ins survive
    (``Browser.close``, then SIGINT, then SIGKILL after 10 s). An attached one is left running, and so is
    every other with ``settings.keep_running``; the next call takes that one over.

    Args:
      headless: in place of the setting.
      port: the debugging port of a browser to start; 0 takes a free one.

    Raises:
      BrowserNotFound, ProfileRefused, ProfileInUse, PortTaken, SettingsError: nothing was started.
      LaunchFailed: the browser did not become usable.
      AttachTargetRefused: ``settings.attach`` is no debugging port on this machine.
      BrowserGone: nobody answers there.
    """
    if settings.attach:
        async with _attach(settings.attach, limits) as browser:
            yield browser
        return
    if headless is None:
        headless = choose_headless(settings)
    async with launch(settings, home, headless=headless, port=port) as launched:
        http_url = f"http://127.0.0.1:{launched.port}"
        url = launched.websocket_url or await browser_websocket_url(http_url)
        async with open_connection(url, limits=limits) as connection:
            version, _ = await _version(connection)
            browser = Browser(
                connection=connection,
                http_url=http_url,
                version=version,
                headless=headless,
                owned=True,
                name=_run_name(url),
                taken_over=launched.taken_over,
                process=launched.process,
                profile=launched.profile,
                binary=launched.binary,
            )
            event = "chrome.taken_over" if launched.taken_over else "chrome.started"
            _log.info(event, pid=browser.pid, version=version, url=http_url, headless=headless)
            pinned = await close_spare_pages(connection, taken_over=launched.taken_over, headless=headless)
            async with open_nursery() as nursery:
                nursery.start_soon(keep_a_page, connection, pinned)
                try:
                    yield browser
                finally:
                    nursery.cancel_scope.cancel()
                    lives = not launched.process.exited.is_set()
                    if settings.keep_running and lives and not _is_stalled(browser):
                        launched.process.left = True
                        _log.info("chrome.kept_running", pid=browser.pid, url=http_url)
                    else:
                        with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                            await _close(browser, launched.process, url)


@asynccontextmanager
async def _attach(address: str, limits: ConnectionLimits | None) -> AsyncGenerator[Browser, None]:
    # "localhost" may lead to ::1, where anybody could listen beside a browser on 127.0.0.1.
    url = (await browser_websocket_url(address)).replace("ws://localhost:", "ws://127.0.0.1:")
    async with open_connection(url, limits=limits) as connection:
        version, headless = await _version(connection)
        browser = Browser(
            connection=connection,
            http_url=f"http://{urlsplit(url).netloc}",
            version=version,
            headless=headless,
            owned=False,
            name=_run_name(url),
        )
        _log.info("chrome.attached", version=version, url=browser.http_url, headless=headless)
        yield browser


def _run_name(url: str) -> str:
    """The last part of a browser's address, which it makes up at each start."""
    return url.rpartition("/")[2]


def _is_stalled(browser: Browser) -> bool:
    return isinstance(browser.connection.close_error, BrowserStalled)


async def _version(connection: Connection) -> tuple[str, bool]:
    facts = await connection.root.call("Browser.getVersion")
    product = str(facts.get("product", ""))
    headless = "Headless" in product or "Headless" in str(facts.get("userAgent", ""))
    return product.rpartition("/")[2] or "unknown", headless


async def _close(browser: Browser, process: BrowserProcess, url: str) -> None:
    """Ask it to close, and note when it said yes."""
    if _is_stalled(browser):
        process.stop_seconds = SILENT_STOP_SECONDS
        return
    try:
        try:
            await browser.connection.root.call("Browser.close", timeout=_CLOSE_SECONDS)
        except BrowserGone:
            if process.exited.is_set():
                return
            # What cancelled the block has ended the connection's own tasks as well.
            async with open_connection(url) as connection:
                await connection.root.call("Browser.close", timeout=_CLOSE_SECONDS)
    except BrowserError as error:
        _log.debug("chrome.close_refused", pid=process.pid, reason=error.message)
        return
    process.closing = True
