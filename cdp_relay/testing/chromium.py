"""A Chromium of the tests' own: own profile, own port, stopped by its own pid."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from cdp_relay.errors import BrowserNotFound, LaunchFailed

__all__ = ["EXECUTABLE", "ChromiumProcess", "find_chromium", "start_chromium"]

EXECUTABLE = "CDP_RELAY_TEST_CHROME"
"""The environment variable that names another program."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_LISTENING = re.compile(r"DevTools listening on (ws://([^/]+)/\S+)")
_FLAGS = (
    "--headless=new",
    "--remote-debugging-port=0",  # the browser takes a free port and says which
    "--disable-gpu",
    "--in-process-gpu",  # pages are drawn by the processor in any case; a tenth of the tests' time
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    # Hidden pages of each window, and a process that waits for a page that never comes.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess",
    "--disable-dev-shm-usage",
    "--password-store=basic",
    "--use-mock-keychain",
    "--window-size=1280,900",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
)


class ChromiumProcess:
    """A running browser."""

    def __init__(self, process: subprocess.Popen[str], profile: Path) -> None:
        self.pid = process.pid
        self.ws_url = ""
        """Where DevTools clients connect to the browser."""
        self.http_url = ""
        """The same port for those that ask over HTTP first, as Playwright's ``connect_over_cdp`` does."""
        self.profile = profile
        self._process = process
        self._ready = threading.Event()
        self._last_words: deque[str] = deque(maxlen=40)
        self._reader = threading.Thread(target=self._read, name=f"chromium-{self.pid}", daemon=True)
        self._reader.start()

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Wait for the browser's own word that its debugging port is open.

        Raises:
          LaunchFailed: it ended or said nothing in time; its last words are in the message.
        """
        if not self._ready.wait(seconds) or not self.ws_url:
            words = "\n".join(self._last_words)
            self.stop()
            raise LaunchFailed(f"Chromium did not open its port:\n{words}")

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the browser and remove its profile."""
        if self.alive:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5)
        self._reader.join(5)
        if self._process.stderr is not None:
            self._process.stderr.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _read(self) -> None:
        for line in self._process.stderr or ():
            self._last_words.append(line.rstrip())
            if match := _LISTENING.search(line):
                self.ws_url = match[1]
                self.http_url = f"http://{match[2]}"
                self._ready.set()
        self._ready.set()


def find_chromium() -> str:
    """The path of a Chromium or Chrome; ``CDP_RELAY_TEST_CHROME`` overrides.

    Raises:
      BrowserNotFound: there is none.
    """
    if chosen := os.environ.get(EXECUTABLE):
        if shutil.which(chosen) is None:
            raise BrowserNotFound(
                f"{EXECUTABLE} is {chosen!r}, and there is no such program.",
                next_step=f"Set {EXECUTABLE} to a Chromium or Chrome, or unset it.",
            )
        return chosen
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    # Not in PATH, as on macOS and Windows.
    from cdp_relay.chrome import find_browser

    return str(find_browser().path)


def start_chromium(*flags: str, without: Sequence[str] = ()) -> ChromiumProcess:
    """Start a headless browser and wait until it can be driven.

    Args:
      flags: further ones.
      without: standard flags to leave out, by their beginning (``"--headless"``).

    Raises:
      BrowserNotFound: there is none.
      LaunchFailed: it ended, or did not open its debugging port.
    """
    executable = find_chromium()
    profile = Path(tempfile.mkdtemp(prefix="cdp-relay-test-profile-"))
    standard = [flag for flag in _FLAGS if not any(flag.startswith(name) for name in without)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        standard.append("--no-sandbox")  # Chromium has no sandbox for root
    process = subprocess.Popen(
        [executable, *standard, f"--user-data-dir={profile}", *flags, "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    browser = ChromiumProcess(process, profile)
    browser.wait_until_ready()
    return browser
