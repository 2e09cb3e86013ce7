"""Commands on their way to the socket, and the one task that writes them."""

from __future__ import annotations

from collections import deque

import trio

from cdp_relay.cdp._commands import Pending
from cdp_relay.cdp.limits import ConnectionLimits
from cdp_relay.cdp.transport import Transport
from cdp_relay.errors import BrowserStalled

_BATCH_CHARACTERS = 65_536
"""Commands are written together up to this size; one that is larger goes alone."""


class Outbox:
    """A bounded queue of texts. Putting never waits; a frame that is begun is written whole."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._queue: deque[tuple[Pending, str]] = deque()
        self._filled = trio.Event()
        self._drained = trio.Event()
        self._drained.set()
        self._frame: trio.CancelScope | None = None
        self.peak = self.sent = self.sent_characters = 0

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, pending: Pending, text: str) -> None:
        """Queue a command.

        Raises:
          BrowserStalled: too many wait already.
        """
        if len(self._queue) >= self._limits.outbox_messages:
            raise BrowserStalled(
                f"{pending.method} was not sent: {len(self._queue)} commands already wait to be written.",
                details={"method": pending.method},
            )
        self._queue.append((pending, text))
        self.peak = max(self.peak, len(self._queue))
        if self._drained.is_set():
            self._drained = trio.Event()
        self._filled.set()

    async def drain(self) -> None:
        """Wait until everything is written, or the outbox is closed."""
        await self._drained.wait()

    def close(self) -> None:
        """Drop what is queued and cut what is being written; only when nothing follows on the socket."""
        self._queue.clear()
        self._drained.set()
        if self._frame is not None:
            self._frame.cancel()

    async def pump(self, transport: Transport) -> None:
        """Write what is put, for ever; what was written together is counted when it is through.

        Raises:
          BrowserStalled: one write took longer than its size allows.
          BrowserGone: the transport is at its end.
        """
        limits = self._limits
        while True:
            while batch := self._next_batch():
                characters = sum(map(len, batch))
                seconds = limits.write_seconds + characters / limits.write_bytes_per_second
                # Shielded, so that no cancellation cuts a frame; bounded, so that a browser that
                # stops reading cannot hold up anything for longer.
                with trio.CancelScope(deadline=trio.current_time() + seconds, shield=True) as frame:
                    self._frame = frame
                    await transport.send(*batch)
                self._frame = None
                if frame.cancelled_caught:
                    raise BrowserStalled(f"The browser took no data for {seconds:.3g} s.")
                self.sent += len(batch)
                self.sent_characters += characters
            self._drained.set()
            self._filled = trio.Event()
            await self._filled.wait()

    def _next_batch(self) -> list[str]:
        """Take from the queue what one write carries; commands whose caller left are not sent."""
        batch: list[str] = []
        characters = 0
        while self._queue:
            pending, text = self._queue[0]
            if not pending.abandoned:
                characters += len(text)
                if batch and characters > _BATCH_CHARACTERS:
                    break
                batch.append(text)
            self._queue.popleft()
        return batch
