"""The process of a browser that an earlier relay started: watched and ended without being its parent."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import attrs
import psutil
import trio

from cdp_relay.chrome.processes import ProcessName, is_same_process

__all__ = ["AdoptedProcess"]

_NOBODY_SAW = 255


@attrs.define(eq=False)
class AdoptedProcess:
    """A living process that is nobody's child here; works as ``trio.Process`` does.

    Its exit status goes to another parent. Whether it ended in good order shows in its profile.
    """

    name: ProcessName
    profile: Path
    returncode: int | None = attrs.field(default=None, init=False)
    """None while it is not known to have ended; 0 for an end in good order."""

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.name.pid

    def poll(self) -> int | None:
        """Look whether it has ended."""
        if self.returncode is None and not is_same_process(self.pid, self.name.started):
            self.returncode = 0 if self._ended_in_order() else _NOBODY_SAW
        return self.returncode

    def kill(self) -> None:
        """Kill it at once."""
        with suppress(psutil.Error):
            psutil.Process(self.pid).kill()

    async def wait(self) -> int:
        """Wait until it has ended."""
        while (status := self.poll()) is None:
            await self._wait_ended()
        return status

    async def _wait_ended(self) -> None:
        if sys.platform == "linux":
            try:
                watched = os.pidfd_open(self.pid)
            except OSError:
                pass  # it has just ended, or the kernel is older than 5.3
            else:
                try:
                    if self.poll() is None:
                        await trio.lowlevel.wait_readable(watched)
                finally:
                    os.close(watched)
                return
        await trio.to_thread.run_sync(self._wait_in_a_thread, abandon_on_cancel=True)

    def _wait_in_a_thread(self) -> None:
        with suppress(psutil.Error):
            psutil.Process(self.pid).wait()

    def _ended_in_order(self) -> bool:
        # A browser takes its mark away when it ends in order, and leaves it there when it dies. Windows
        # has no such mark: there it counts as one that died, and is started again.
        return sys.platform != "win32" and not os.path.lexists(self.profile / "SingletonLock")
