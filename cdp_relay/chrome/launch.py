"""Start a browser on its dedicated profile, with a debugging port that is proven to be its own."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import psutil
import structlog
import trio

from cdp_relay.cdp import browser_websocket_url
from cdp_relay.chrome.find import BrowserBinary, find_browser
from cdp_relay.chrome.flags import browser_arguments
from cdp_relay.chrome.lock import LeftBrowser, ProfileLock, lock_profile
from cdp_relay.chrome.process import (
    SILENT_STOP_SECONDS,
    STOP_SECONDS,
    BrowserProcess,
    adopt_process,
    run_process,
)
from cdp_relay.chrome.processes import ProcessName, free_port, listens_on, port_holder, profile_holder
from cdp_relay.chrome.profile import prepare_profile, profile_folder
from cdp_relay.errors import BrowserError, LaunchFailed, PortTaken, ProfileInUse, UserError
from cdp_relay.nursery import open_nursery
from cdp_relay.settings import ChromeSettings, Home

__all__ = ["Launched", "child_environment", "hold_profile", "launch", "start_failure"]

_log = structlog.stdlib.get_logger("cdp_relay.chrome")

_PORT_TRIES = 4
# A browser answers in 0.13-0.8 s. One whose wrapper swallows its messages is asked for instead.
_ASK_AFTER_SECONDS = 2.0
_ASK_EVERY_SECONDS = 0.5
# A browser that runs already answers within milliseconds; one that hangs is ended.
_ANSWER_SECONDS = 3.0


@attrs.frozen(kw_only=True)
class Launched:
    """A browser that runs and listens."""

    process: BrowserProcess
    binary: BrowserBinary
    profile: Path
    port: int
    websocket_url: str | None
    """As the browser itself said it; None when it said nothing and has to be asked."""
    taken_over: bool = False
    """Whether an earlier relay started it."""


class _PortLost(Exception):
    """Somebody else has the port."""


@asynccontextmanager
async def launch(
    settings: ChromeSettings,
    home: Home,
    *,
    headless: bool,
    port: int = 0,
    ports: Callable[[], int] = free_port,
) -> AsyncGenerator[Launched, None]:
    """Run a browser on the profile for as long as the block lasts.

    One that an earlier relay left there is taken over, if it was started in the same way and answers.

    Args:
      port: the debugging port; 0 takes a free one, and another one when that was lost to somebody
        between the choice and the start.
      ports: where free ports come from.

    Raises:
      BrowserNotFound, ProfileRefused, ProfileInUse, SettingsError: nothing was started.
      PortTaken: *port* is somebody else's.
      LaunchFailed: it ended at once, or did not listen within ``settings.start_seconds``.
    """
    binary = find_browser(settings.executable)
    profile = profile_folder(home, settings.profile)
    arguments = partial(
        browser_arguments, profile=profile, headless=headless, extra=settings.args, platform=sys.platform
    )
    start = _digest([str(binary.path), *arguments(port=0)])

    def is_same_start(left: LeftBrowser) -> bool:
        return left.start == start and left.port is not None and port in (0, left.port)

    async with hold_profile(profile, keep=is_same_start) as lock, AsyncExitStack() as running:
        if lock.left_behind is not None and lock.left_behind.port is not None:
            left_port = lock.left_behind.port
            process = await running.enter_async_context(adopt_process(lock.left_behind.process, profile))
            url = await _answer(process, left_port)
            if url is not None:
                lock.note_browser(process.pid, port=left_port, start=start)
                yield Launched(
                    process=process,
                    binary=binary,
                    profile=profile,
                    port=left_port,
                    websocket_url=url,
                    taken_over=True,
                )
                return
            _log.warning("chrome.not_taken_over", pid=process.pid, reason="it does not answer")
            process.stop_seconds = SILENT_STOP_SECONDS
            await running.aclose()
        for _ in range(_PORT_TRIES):
            chosen = port or ports()
            if port and await trio.to_thread.run_sync(_is_taken, port):
                raise await _taken(port)
            process = await running.enter_async_context(
                run_process(
                    [str(binary.path), *arguments(port=chosen)], environ=child_environment(os.environ)
                )
            )
            lock.note_browser(process.pid)
            try:
                url = await _endpoint(process, profile, chosen, settings.start_seconds)
            except _PortLost:
                _log.warning("chrome.port_lost", port=chosen)
                await running.aclose()
                lock.note_browser(None)
                if port:
                    raise await _taken(port) from None
                continue
            lock.note_browser(process.pid, port=chosen, start=start)
            process.stop_seconds = STOP_SECONDS
            yield Launched(process=process, binary=binary, profile=profile, port=chosen, websocket_url=url)
            return
        raise LaunchFailed(
            f"{_PORT_TRIES} free ports in a row were taken by other programs before "
            f"{binary.title} could listen on them."
        )


@asynccontextmanager
async def hold_profile(
    profile: Path, *, keep: Callable[[LeftBrowser], bool] | None = None
) -> AsyncGenerator[ProfileLock, None]:
    """Make the profile ready and hold it; a browser that an earlier relay left on it is ended first.

    Args:
      keep: says of such a browser that it may stay; it is the lock's ``left_behind`` then.

    Raises:
      ProfileRefused: the folder cannot be used.
      ProfileInUse: another relay, or a browser that nobody of us started, is on it.
    """
    prepare_profile(profile)
    with lock_profile(profile) as lock:
        left = lock.left_behind
        if left is None or keep is None or not keep(left):
            if left is not None:
                _log.warning("chrome.left_behind", pid=left.process.pid, command=left.process.command)
                await trio.to_thread.run_sync(_end, left.process, abandon_on_cancel=True)
                lock.left_behind = None
            holder = await trio.to_thread.run_sync(profile_holder, profile)
            if holder is not None:
                raise _in_use(profile, holder)
            _clear_foreign_mark(profile, lock)
        yield lock


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the browser: ours, without what concerns the relay alone."""
    return {name: value for name, value in environ.items() if not name.startswith("CDP_RELAY_")}


def _digest(command: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(command).encode("utf-8", "surrogatepass")).hexdigest()[:32]


async def _answer(process: BrowserProcess, port: int) -> str | None:
    """The address of a browser that runs already; None when it does not answer, or another one does."""
    with trio.move_on_after(_ANSWER_SECONDS):
        try:
            if await _listens(process, port):
                return await browser_websocket_url(f"http://127.0.0.1:{port}")
        except (BrowserError, UserError) as error:
            _log.debug("chrome.no_answer", pid=process.pid, reason=error.message)
    return None


async def _endpoint(process: BrowserProcess, profile: Path, port: int, seconds: float) -> str | None:
    """Wait until the browser listens on *port*, proven, and return the address that it says."""
    found = False

    with trio.move_on_after(seconds):
        async with open_nursery() as nursery:

            async def until_said() -> None:
                await process.listening.wait()
                nursery.cancel_scope.cancel()

            async def until_ended() -> None:
                await process.exited.wait()
                nursery.cancel_scope.cancel()

            async def until_seen() -> None:
                nonlocal found
                await trio.sleep(_ASK_AFTER_SECONDS)
                # A browser that says nothing gives no event to wait for.
                while not await _listens(process, port):  # noqa: ASYNC110
                    await trio.sleep(_ASK_EVERY_SECONDS)
                found = True
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_said)
            nursery.start_soon(until_ended)
            nursery.start_soon(until_seen)

    url = process.websocket_url
    if url is not None:
        if urlsplit(url).netloc != f"127.0.0.1:{port}" or not await _listens(process, port):
            raise _PortLost
        return url
    if found:
        return None
    if process.exited.is_set():
        raise await start_failure(process, profile)
    raise LaunchFailed(
        f"{process.command[0]} did not open its debugging port within {seconds:g} s "
        f"(chrome.start_seconds).{_quoted(process)}",
        details={"last_words": process.last_words()},
    )


async def _listens(process: BrowserProcess, port: int) -> bool:
    return await trio.to_thread.run_sync(listens_on, process.pid, port)


async def start_failure(process: BrowserProcess, profile: Path) -> LaunchFailed | ProfileInUse:
    """Say why a browser ended at once."""
    with trio.move_on_after(1.0):
        await process.drained.wait()
    words = process.last_words()
    # Exit status 21, or 0 after handing its page over: another browser is on the profile.
    if process.returncode == 21 or "existing browser session" in words:
        holder = await trio.to_thread.run_sync(profile_holder, profile)
        return _in_use(profile, holder)
    next_step = None
    if "without --no-sandbox" in words or "No usable sandbox" in words:
        next_step = (
            "Run the relay as an ordinary user, with user namespaces allowed. Only on a machine without a "
            "person's profile, such as CI: CDP_RELAY_CHROME_ARGS=--no-sandbox."
        )
    elif "Missing X server" in words or "open display" in words:
        next_step = "There is no display here: set chrome.headless, or start it in a desktop session."
    elif "shared libraries" in words:
        next_step = "Install the library that is named with your system's package manager."
    return LaunchFailed(
        f"{process.command[0]} ended at once with exit status {process.returncode}.{_quoted(process)}",
        next_step=next_step,
        details={"exit_status": process.returncode, "last_words": words},
    )


def _quoted(process: BrowserProcess) -> str:
    words = process.last_words().splitlines()[-5:]
    return " Its last words: " + " / ".join(words) if words else ""


def _in_use(profile: Path, holder: ProcessName | None) -> ProfileInUse:
    details: dict[str, object] = {"profile": str(profile)}
    if holder is not None:
        details |= {"pid": holder.pid, "command": holder.command}
    return ProfileInUse(
        f"A browser already runs on the profile {profile}: {holder or 'a process that cannot be seen'}.",
        next_step="Close that browser, then try again.",
        details=details,
    )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


async def _taken(port: int) -> PortTaken:
    holder = await trio.to_thread.run_sync(port_holder, port)
    return PortTaken(
        f"Port {port} of 127.0.0.1 is held by {holder or 'a process that cannot be seen'}.",
        details={"port": port, "pid": holder.pid if holder else None},
    )


def _end(left: ProcessName) -> None:
    with suppress(psutil.Error):
        process = psutil.Process(left.pid)
        family = process.children(recursive=True)
        if sys.platform == "win32":
            process.terminate()
        else:
            import signal

            process.send_signal(signal.SIGINT)
        _, alive = psutil.wait_procs([process], timeout=STOP_SECONDS)
        for one in (*alive, *(family if alive else ())):
            with suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(alive, timeout=STOP_SECONDS)


def _clear_foreign_mark(profile: Path, lock: ProfileLock) -> None:
    """Remove the mark of a browser of another host, when that was a relay's that is gone.

    A container gets a new host name each time, and its browser then finds the mark of its
    predecessor and refuses to start. With the lock in our hands, and the mark from the host whose
    relay held the lock before us, nobody is left.
    """
    mark = profile / "SingletonLock"
    try:
        host = os.readlink(mark).rpartition("-")[0]
    except OSError:
        return
    if host == socket.gethostname():
        return  # the browser looks for the process by itself
    if host != lock.last_host:
        raise ProfileInUse(
            f"The profile {profile} is marked as in use on another host, {host!r}.",
            next_step=f"If no browser runs on it there, remove {mark} and try again.",
            details={"profile": str(profile), "host": host},
        )
    for name in ("SingletonLock", "SingletonCookie", "SingletonSocket"):
        with suppress(OSError):
            (profile / name).unlink()
