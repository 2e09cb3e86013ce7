"""The dedicated profile in a plain browser: no debugging port, for a person to sign in by hand.

Sites look harder at a sign-in than at anything else, and a password should not be typed where a
program listens. So it happens here, and the relay opens the same profile afterwards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from cdp_relay.chrome.find import BrowserBinary, find_browser
from cdp_relay.chrome.flags import browser_arguments
from cdp_relay.chrome.launch import child_environment, hold_profile, start_failure
from cdp_relay.chrome.machine import Machine
from cdp_relay.chrome.process import STOP_SECONDS, BrowserProcess, run_process
from cdp_relay.chrome.profile import profile_folder
from cdp_relay.errors import LaunchFailed
from cdp_relay.settings import ChromeSettings, Home

__all__ = ["PlainBrowser", "open_plain", "sign_in_command"]

# So long a start may take; a browser that starts misses the signal (measured), and holds nothing new.
_START_SECONDS = 5.0


@attrs.frozen(kw_only=True)
class PlainBrowser:
    """A browser that nobody but its person drives."""

    process: BrowserProcess
    binary: BrowserBinary
    profile: Path

    async def wait_closed(self) -> None:
        """Wait until the person has closed it; by then its cookies are written.

        Raises:
          LaunchFailed: it ended otherwise, and what was new in it may be lost.
          ProfileInUse: it ended because another browser is on the profile.
        """
        if await self.process.wait() != 0 or "existing browser session" in self.process.last_words():
            raise await start_failure(self.process, self.profile)


def sign_in_command(settings: ChromeSettings, home: Home, url: str) -> list[str]:
    """The command line of a plain browser on the profile, which :func:`open_plain` starts.

    Raises:
      BrowserNotFound, ProfileRefused, SettingsError: there can be none.
    """
    binary = find_browser(settings.executable)
    profile = profile_folder(home, settings.profile)
    arguments = browser_arguments(
        profile=profile, port=None, extra=settings.args, url=url, platform=sys.platform
    )
    return [str(binary.path), *arguments]


@asynccontextmanager
async def open_plain(
    settings: ChromeSettings, home: Home, url: str, *, machine: Machine | None = None
) -> AsyncGenerator[PlainBrowser, None]:
    """Show *url* in a plain browser on the profile; wait with :meth:`PlainBrowser.wait_closed`.

    Leaving the block earlier ends the browser with SIGINT, which keeps its cookies. On macOS a
    browser goes on without windows: the person has to quit it.

    Raises:
      BrowserNotFound, ProfileRefused, ProfileInUse, SettingsError: nothing was started.
      LaunchFailed: there is no display, or the program cannot be executed.
    """
    if not (machine or Machine()).has_display:
        raise LaunchFailed(
            "There is no display to sign in on (DISPLAY and WAYLAND_DISPLAY are not set).",
            next_step="Run it in a desktop session, over 'ssh -X', or in a VNC server's display.",
        )
    command = sign_in_command(settings, home, url)
    profile = profile_folder(home, settings.profile)
    async with (
        hold_profile(profile) as lock,
        run_process(command, environ=child_environment(os.environ)) as process,
    ):
        lock.note_browser(process.pid)
        started = trio.current_time()
        try:
            yield PlainBrowser(process=process, binary=find_browser(settings.executable), profile=profile)
        finally:
            if trio.current_time() - started > _START_SECONDS:
                process.stop_seconds = STOP_SECONDS
