"""Which of a browser's tabs are ours, over restarts: a service that was killed could not close its own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
import structlog

from cdp_relay.chrome import Browser
from cdp_relay.chrome.processes import describe_process, is_same_process
from cdp_relay.errors import BrowserError
from cdp_relay.private import write_private

__all__ = ["TabNotes"]

_log = structlog.stdlib.get_logger("cdp_relay.tabs")

_OLD_SECONDS = 7 * 24 * 3600.0
"""After this time nobody comes back to the browser of a service that is gone."""


@attrs.define(eq=False)
class TabNotes:
    """Keeps the names of open tabs in a small file, and finds those that nobody holds any more.

    A tab's name is unlike that of any other, in every run of every browser. A file that cannot be
    written costs nothing but tabs that stay open.
    """

    folder: Path | None = None
    """Where the files are; nothing outlives the service without one."""
    claimed: set[str] | None = None
    """Tabs that were left and are still of use, as there may be an answer in them; None while nobody knows
    that yet, and none is closed."""
    _open: dict[str, set[str]] = attrs.field(factory=dict, init=False)
    """By the run of the browser."""
    _left: dict[str, set[str]] = attrs.field(factory=dict, init=False)
    """Those of a service that is gone, or of a connection that broke."""

    @contextmanager
    def noted(self, browser: Browser, target_id: str) -> Generator[None, None, None]:
        """Note a tab for as long as it is open."""
        ours = self._open.setdefault(browser.name, set())
        ours.add(target_id)
        self._write(browser.name)
        try:
            yield
        finally:
            ours.discard(target_id)
            if browser.connection.closed.is_set():
                # It could not be closed: it is found again, should the browser have outlived this.
                self._left.setdefault(browser.name, set()).add(target_id)
            self._write(browser.name)

    def left(self, browser: Browser) -> frozenset[str]:
        """The tabs in this run of a browser that nobody holds any more."""
        left = self._left.setdefault(browser.name, set())
        found = self._found(browser.name)
        if found:
            left |= found
            self._write(browser.name)
        return frozenset(left)

    async def clear(self, browser: Browser) -> None:
        """Close the tabs that were left, but for those that are claimed."""
        if self.claimed is None:
            return
        left = self.left(browser) - self.claimed
        if not left:
            return
        self.forget(browser, left)
        try:
            there = {page.target_id for page in await browser.connection.targets.list_pages()}
            if not browser.owned and there <= left:
                # With its last page, a browser that has windows ends; ours keep one for that.
                there.pop()
            for target_id in left & there:
                await browser.connection.targets.close_page(target_id)
        except BrowserError as error:
            _log.info("left_tabs_stay", count=len(left), code=error.code)
        else:
            _log.info("left_tabs_closed", count=len(left & there))

    def forget(self, browser: Browser, target_ids: Iterable[str]) -> None:
        """Have these be nobody's any more: they are closed, or somebody holds them."""
        self._left.setdefault(browser.name, set()).difference_update(target_ids)
        self._write(browser.name)

    # --- the files

    def _found(self, browser: str) -> set[str]:
        """The tabs of services that are gone; their files go, and ours says what they said."""
        found: set[str] = set()
        for path in self._files():
            try:
                facts = json.loads(path.read_bytes())
                holder, started = int(facts["pid"]), float(facts["started"])
                tabs = {str(tab) for tab in facts["tabs"]}
                old = time.time() - path.stat().st_mtime > _OLD_SECONDS
            except (OSError, ValueError, KeyError, TypeError):
                old, tabs, holder, started = True, set(), 0, 0.0
            if holder == os.getpid() or (holder and is_same_process(holder, started)):
                continue
            if path.name.startswith(f"{browser}."):
                found |= tabs
            elif not old:
                continue
            with suppress(OSError):
                path.unlink()
        return found

    def _files(self) -> list[Path]:
        if self.folder is None:
            return []
        try:
            return [path for path in self.folder.iterdir() if path.suffix == ".json"]
        except OSError:
            return []

    def _write(self, browser: str) -> None:
        if self.folder is None:
            return
        pid = os.getpid()
        path = self.folder / f"{browser}.{pid}.json"
        tabs = sorted(self._open.get(browser, set()) | self._left.get(browser, set()))
        with suppress(OSError):
            if not tabs:
                path.unlink(missing_ok=True)
                return
            process = describe_process(pid)
            started = process.started if process else 0.0
            write_private(path, json.dumps({"pid": pid, "started": started, "tabs": tabs}))
