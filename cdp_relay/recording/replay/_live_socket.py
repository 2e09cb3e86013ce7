"""A recorded WebSocket while a page is on it."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio

from cdp_relay.recording.replay._pace import Pace
from cdp_relay.recording.replay.carrying import Carried
from cdp_relay.recording.replay.matching import message_differences
from cdp_relay.recording.replay.talking import OPENED, Cause, Said, TalkPlan
from cdp_relay.recording.serving import ConnectionCut, PageSocket, SocketClosed

__all__ = ["LiveSocket"]


@attrs.define(eq=False, kw_only=True)
class LiveSocket:
    """Says what was recorded when its cause is there, until the page closes the socket."""

    channel: PageSocket
    plan: TalkPlan
    pace: Pace
    carried: Carried
    on_unknown: Callable[[], None]
    """Is called for a message that the page did not send when it was recorded."""
    _nursery: trio.Nursery | None = None
    _broken: bool = False

    async def run(self) -> None:
        """Talk with the page.

        Raises:
          ConnectionCut: the recorded connection broke here.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self.cause(OPENED)
            try:
                while True:
                    self._hear(await self.channel.receive_any())
            except SocketClosed:
                nursery.cancel_scope.cancel()
            finally:
                self._nursery = None
        if self._broken:
            raise ConnectionCut

    def cause(self, cause: Cause) -> None:
        """Something happened that messages were an answer to; only from the server's loop."""
        said = self.plan.due(cause)
        if said and self._nursery is not None:
            self._nursery.start_soon(self._say, said, trio.current_time())

    def _hear(self, message: str | bytes) -> None:
        if isinstance(message, str):
            message = self.carried.as_recorded(message)
        found = self.plan.recognise(message)
        if found is None:
            self.on_unknown()
            return
        number, then = found
        if isinstance(then, str) and isinstance(message, str):
            for old, new in message_differences(then, message):
                self.carried.learn(old, new)
        self.cause(number)

    async def _say(self, said: tuple[Said, ...], begun: float) -> None:
        for one in said:
            await self.pace.until(begun, one.after)
            message = one.message
            if isinstance(message, str):
                message = self.carried.text_as_asked(message)
            try:
                if message is not None:
                    await self.channel.send(message)
                    continue
            except SocketClosed:
                return
            self._broken = True
            if self._nursery is not None:
                self._nursery.cancel_scope.cancel()
            return
