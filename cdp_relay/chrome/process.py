"""A browser's process: started in a session of its own, listened to, and always ended in good order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

import attrs
import psutil
import structlog
import trio

from cdp_relay.chrome.adopted import AdoptedProcess
from cdp_relay.chrome.processes import ProcessName, process_tree, session_members
from cdp_relay.errors import LaunchFailed
from cdp_relay.nursery import open_nursery

__all__ = [
    "SILENT_STOP_SECONDS",
    "STARTING_STOP_SECONDS",
    "STOP_SECONDS",
    "BrowserProcess",
    "adopt_process",
    "run_process",
]

_log = structlog.stdlib.get_logger("cdp_relay.chrome")

STOP_SECONDS = 10.0
"""From the first request to end until SIGKILL. A healthy browser needs 0.1-0.4 s (measured)."""

STARTING_STOP_SECONDS = 2.0
"""The same for one that has not finished starting: it has nothing to lose, and it may miss the signal."""

SILENT_STOP_SECONDS = 2.0
"""The same for one that has been silent for long already: what it would write was written by then."""

CLOSE_SECONDS = 5.0
"""How much of that a browser that promised to close is left alone."""

# For the descendants of a browser that has ended; they follow it within milliseconds.
_REST_SECONDS = 1.0

_KEPT_LINES = 20
_KEPT_CHARS = 300
_MAX_PENDING = 64 * 1024
# Every machine without a desktop bus gets dozens of these, and they never say why a start failed.
_NOISE = re.compile(r"/dbus/|dbus/(?:bus|object_proxy)\.cc|unexpected operator$")
_LISTENING = re.compile(r"DevTools listening on (ws://\S+)")


_left_running: list[_Running] = []
"""Browsers that go on without us: Python complains of a child that is forgotten while it runs."""


class _Running(Protocol):
    """What is needed of a process: ``trio.Process``, or :class:`AdoptedProcess`."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def kill(self) -> None: ...

    async def wait(self) -> int: ...


@attrs.define(eq=False, kw_only=True)
class BrowserProcess:
    """A running browser. Make one with :func:`run_process` or :func:`adopt_process`."""

    command: tuple[str, ...]
    listening: trio.Event = attrs.field(factory=trio.Event, repr=False)
    """Set when the browser said where its debugging port is."""
    exited: trio.Event = attrs.field(factory=trio.Event, repr=False)
    drained: trio.Event = attrs.field(factory=trio.Event, repr=False)
    """Set when nothing more comes from its output."""
    websocket_url: str | None = None
    """The address that it said."""
    closing: bool = False
    """Whether the browser was asked to close and said yes; set by who asked."""
    stop_seconds: float = STARTING_STOP_SECONDS
    """How long :meth:`stop` asks before it kills; raised to ``STOP_SECONDS`` for one that is in use."""
    left: bool = False
    """Whether it is to go on without us, if it still runs when the block ends."""
    _process: _Running = attrs.field(repr=False)
    _output: trio.abc.ReceiveStream | None = attrs.field(default=None, repr=False)
    _lines: deque[str] = attrs.field(factory=lambda: deque(maxlen=_KEPT_LINES), repr=False)
    # The watchers outlive a cancellation from outside, because stopping needs them; run_process
    # cancels them once the process has ended.
    _watch: trio.CancelScope = attrs.field(factory=lambda: trio.CancelScope(shield=True), repr=False)
    _read: trio.CancelScope = attrs.field(factory=lambda: trio.CancelScope(shield=True), repr=False)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def manner(self) -> str:
        """How it ended, once it has."""
        if isinstance(self._process, AdoptedProcess):
            return "without a word, as its exit status went to another process"
        status = self.returncode or 0
        return f"with signal {-status}" if status < 0 else f"with exit status {status}"

    def last_words(self) -> str:
        """The last lines of its output."""
        return "\n".join(self._lines)

    async def wait(self) -> int:
        """Wait until it has ended and return its exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it: leave a closing browser time, then SIGINT, then SIGKILL with all its descendants.

        SIGINT lets it write its cookies; SIGTERM would lose fresh ones (measured). On cancellation
        the browser may be left running, so callers shield this; it is bounded by itself.
        """
        deadline = trio.current_time() + self.stop_seconds
        if self.closing:
            with trio.move_on_at(min(deadline, trio.current_time() + CLOSE_SECONDS)):
                await self._process.wait()
        family: list[psutil.Process] = []
        if self._process.poll() is None:
            family = await trio.to_thread.run_sync(process_tree, self.pid)
            await self._ask_to_end()
            with trio.move_on_at(deadline):
                await self._process.wait()
        if self._process.poll() is None:
            _log.warning("chrome.killed", pid=self.pid, after_seconds=self.stop_seconds)
            self._process.kill()
            await self._process.wait()
        # A wrapper may end before the browser that it started; its profile is free with the last of them.
        family += await trio.to_thread.run_sync(session_members, self.pid)
        seconds = max(deadline - trio.current_time(), _REST_SECONDS)
        await trio.to_thread.run_sync(_end_rest, family, seconds, abandon_on_cancel=True)

    async def _leave(self) -> None:
        """Have it go on by itself; it is in a session of its own already."""
        _left_running.append(self._process)
        if self._output is not None:
            # Nobody reads it any more: a full pipe would hold the browser up, and a closed one does not.
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self._output)

    async def _ask_to_end(self) -> None:
        if sys.platform == "win32":
            # There is no SIGINT for a program with windows; this closes them as a person would.
            ask = ["taskkill", "/PID", str(self.pid)]
            with suppress(OSError):
                await trio.run_process(ask, check=False, capture_stdout=True, capture_stderr=True)
        else:
            # To the whole session, as a terminal's Ctrl+C would be; a wrapper need not pass it on.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGINT)

    async def _watch_exit(self) -> None:
        with self._watch:
            await self._process.wait()
            self.exited.set()

    async def _read_output(self) -> None:
        pending = ""
        if self._output is not None:
            pending = await self._read_lines(self._output)
        self._take_line(pending.strip())
        self.drained.set()

    async def _read_lines(self, stream: trio.abc.ReceiveStream) -> str:
        pending = ""
        with self._read, suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for data in stream:
                *lines, pending = (pending + data.decode("utf-8", "replace")).split("\n")
                pending = pending[-_MAX_PENDING:]
                for line in lines:
                    self._take_line(line.strip())
        return pending

    def _take_line(self, line: str) -> None:
        if not line or _NOISE.search(line):
            return
        self._lines.append(line[:_KEPT_CHARS])
        found = _LISTENING.search(line)
        if found and self.websocket_url is None:
            self.websocket_url = found[1]
            self.listening.set()


def _end_rest(family: Sequence[psutil.Process], seconds: float) -> None:
    # Each knows when it was created, so an id that was used again is not hit.
    _, alive = psutil.wait_procs(set(family), timeout=seconds)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_REST_SECONDS)


@asynccontextmanager
async def run_process(
    command: Sequence[str], *, environ: Mapping[str, str]
) -> AsyncGenerator[BrowserProcess, None]:
    """Start a browser and end it with the block, whatever ends the block.

    Its output is always read, so that it never waits for us; the tail is kept.

    Raises:
      LaunchFailed: the program cannot be executed.
    """
    try:
        process = await _spawn(command, environ)
    except OSError as error:
        raise LaunchFailed(f"{command[0]} cannot be started: {error}.") from error
    async with _watched(
        BrowserProcess(command=tuple(command), process=process, output=process.stdout)
    ) as browser:
        yield browser


@asynccontextmanager
async def adopt_process(name: ProcessName, profile: Path) -> AsyncGenerator[BrowserProcess, None]:
    """Take over the browser that an earlier relay started on *profile*, and end it with the block.

    What it says is heard by nobody any more.
    """
    process = AdoptedProcess(name, profile)
    adopted = BrowserProcess(command=(name.command,), process=process, stop_seconds=STOP_SECONDS)
    async with _watched(adopted) as browser:
        yield browser


@asynccontextmanager
async def _watched(browser: BrowserProcess) -> AsyncGenerator[BrowserProcess, None]:
    async with open_nursery() as nursery:
        nursery.start_soon(browser._watch_exit)
        nursery.start_soon(browser._read_output)
        try:
            yield browser
        finally:
            with trio.move_on_after(browser.stop_seconds + 5, shield=True):
                if browser.left and browser._process.poll() is None:
                    await browser._leave()
                else:
                    await browser.stop()
            browser._watch.cancel()
            browser._read.cancel()


async def _spawn(command: Sequence[str], environ: Mapping[str, str]) -> trio.Process:
    start = partial(
        trio.lowlevel.open_process,
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # "Opening in existing browser session" goes there
        stderr=subprocess.STDOUT,
        env=dict(environ),
    )
    if sys.platform == "win32":
        process: trio.Process = await start(creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)
    else:
        # A session of its own keeps a terminal's Ctrl+C away, for we end it in order; its files are private.
        process = await start(start_new_session=True, umask=0o077)
    return process
