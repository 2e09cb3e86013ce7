"""Sessions of the recorder's own at a tab, its frames and all kinds of workers, and what they hear.

They stand beside those that the tab works through. Two sessions at one target do not mind each other:
a worker is held until both let it run, and each has its own stream of an answer's bytes (Chromium 156,
measured). What is recorded passes through a task of its own, never through the turn's.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import suppress

import attrs
import trio

from cdp_relay.cdp import Session, protocol
from cdp_relay.errors import BrowserError, CommandFailed, EventsLost, PageCrashed
from cdp_relay.page import Tab
from cdp_relay.page.bodies import posted_bytes
from cdp_relay.recording.recorder._sources import read_source
from cdp_relay.recording.recorder._traffic import EVENTS, Ask, Traffic

__all__ = ["Ears"]

_TOTAL_BUFFER_BYTES = 128 << 20
_RESOURCE_BUFFER_BYTES = 64 << 20
"""How much a renderer keeps for us of what does not stream."""
_POST_DATA_BYTES = 65536
"""Up to this a request's body comes along with its event; the rest is fetched."""
_QUEUE_EVENTS = 65536
_MANY_BYTES = 16384
"""After an event of that size others get their turn: to pack it takes a tenth of a millisecond."""
_BODY_SECONDS = 30.0
_CLOCK_READINGS = 3
_KEEPS_RUNNING = frozenset({"service_worker", "shared_worker"})
"""Workers whose script is loaded before anybody can listen to them."""


@attrs.define(eq=False)
class Ears:
    """Listens, and asks for what is not told unasked."""

    _tab: Tab
    _traffic: Traffic
    _nursery: trio.Nursery
    zero: float | None = attrs.field(default=None, init=False)
    """The browser's clock when trio's showed ``began``."""
    began: float = attrs.field(factory=trio.current_time, init=False)
    _sessions: dict[str, Session] = attrs.field(factory=dict, init=False)
    """Those that were attached one by one: the page's, and shared workers' by their target."""
    _keeper: Session | None = attrs.field(default=None, init=False)
    """Asked for bodies that the page's own session no longer has."""
    _workers: set[str] = attrs.field(factory=set, init=False)
    """The shared workers that were told of."""
    _asked: int = attrs.field(default=0, init=False)
    """Questions that wait for their answer."""
    _quiet: trio.Event = attrs.field(factory=trio.Event, init=False)
    _leaving: bool = attrs.field(default=False, init=False)
    _undo: Callable[[], None] | None = attrs.field(default=None, init=False)

    async def begin(self) -> None:
        """Attach to the page and to the shared workers that there are.

        Raises:
          BrowserError: the tab is gone, or does not answer.
        """
        if self._tab.url not in ("about:blank", ""):
            self._traffic.note("The page was there before the recording began: what loaded it is not in it.")
        await self._attach(self._tab.target_id)
        await self._read_clock(self._sessions[self._tab.target_id])
        await self._attach_keeper()
        root = self._tab.session.connection.root
        self._undo = root.on(protocol.Target.TargetCreated, lambda event: self._created(event.target_info))
        for worker in self._tab.shared_workers.sessions:
            self._created(worker.target)

    async def settle(self, seconds: float, *, at_the_end: bool = False) -> None:
        """Wait until what the page has said by now is here, with what had to be asked for.

        Args:
          at_the_end: ask also for bodies whose end nobody told, as their page had gone.
        """
        with trio.move_on_after(seconds), suppress(BrowserError):
            page = self._sessions[self._tab.target_id]
            # Its answer comes behind the events of the page.
            await page.execute(protocol.Performance.get_metrics())
            await trio.lowlevel.checkpoint()
            if at_the_end:
                self._start(self._traffic.unfinished())
            while self._asked:
                self._quiet = trio.Event()
                await self._quiet.wait()

    async def end(self) -> None:
        """Read the workers' scripts that are missing, and leave all sessions."""
        if self._undo is not None:
            self._undo()
        self._leaving = True
        for session in self._tab.session.connection.sessions:
            if self._is_ours(session) and _kind(session) in _KEEPS_RUNNING:
                await self._find_source(session)
                if session.target is not None and not self._traffic.knows(session.target.url):
                    self._traffic.note("A worker ran before the recording began; its script is not in it.")
        for left in (self._keeper, *self._sessions.values()):
            with suppress(BrowserError):
                if left is not None:
                    await left.detach()

    # --- attaching ---------------------------------------------------------------------------

    async def _attach(self, target_id: str) -> None:
        targets = self._tab.session.connection.targets
        session = await targets.attach_page(target_id, prepare=self._prepare)
        self._sessions[target_id] = session
        self._nursery.start_soon(self._listen, session)

    async def _attach_keeper(self) -> None:
        """Attach once more, for bodies that outlive their documents.

        Every second page that leads on by a script at once would be lost without (measured). A session
        whose bodies are kept so has no streams, hence one of its own, which is only asked.
        """
        root = self._tab.session.connection.root
        session_id = await root.execute(protocol.Target.attach_to_target(self._tab.target_id, flatten=True))
        for session in self._tab.session.connection.sessions:
            if session.id == session_id:
                self._keeper = session
                sizes = {
                    "maxTotalBufferSize": _TOTAL_BUFFER_BYTES,
                    "maxResourceBufferSize": _RESOURCE_BUFFER_BYTES,
                }
                await session.call("Network.enable", sizes)
                with suppress(CommandFailed):  # older browsers do not know it
                    await session.call("Network.configureDurableMessages", sizes)

    async def _prepare(self, session: Session) -> None:
        if session.parent is not None and session.parent.id and _kind(session) == "page":
            return  # a window that the page opened
        await session.execute(
            protocol.Network.enable(
                max_total_buffer_size=_TOTAL_BUFFER_BYTES,
                max_resource_buffer_size=_RESOURCE_BUFFER_BYTES,
                max_post_data_size=_POST_DATA_BYTES,
            )
        )

    def _created(self, target: protocol.Target.TargetInfo | None) -> None:
        if target is None or target.type != "shared_worker" or target.target_id in self._workers:
            return
        if self._tab.browser_context_id in (None, target.browser_context_id):
            self._workers.add(target.target_id)
            self._nursery.start_soon(self._attach_worker, target.target_id)

    async def _attach_worker(self, target_id: str) -> None:
        # No page brings them along, so they are not held at their start (see the tab's own).
        self._traffic.note(
            "A shared worker is heard only once it runs; what it asked for first may be missing."
        )
        try:
            await self._attach(target_id)
            await self._find_source(self._sessions[target_id])
        except BrowserError:
            self._traffic.note("A shared worker could not be listened to.")

    def _is_ours(self, session: Session) -> bool:
        """Whether the session hangs on one of those that we attached."""
        above: Session | None = session
        while above is not None and above.id:
            if above in self._sessions.values():
                return True
            above = above.parent
        return False

    async def _read_clock(self, session: Session) -> None:
        """Learn what the browser's clock shows, from the quickest of a few readings."""
        best = None
        with suppress(BrowserError):
            await session.execute(protocol.Performance.enable())
            for _ in range(_CLOCK_READINGS):
                before = trio.current_time()
                metrics = await session.execute(protocol.Performance.get_metrics())
                after = trio.current_time()
                shown = [metric.value for metric in metrics or () if metric.name == "Timestamp"]
                if shown and (best is None or after - before < best[0]):
                    best = after - before, shown[0] - ((before + after) / 2 - self.began)
            await session.execute(protocol.Performance.disable())
        if best is not None:
            self.zero = best[1]

    # --- listening ---------------------------------------------------------------------------

    async def _listen(self, session: Session) -> None:
        """Hear a session and its children until it ends; after a crash or a loss go on."""
        while True:
            try:
                await self._hear(session)
            except EventsLost:
                self._traffic.note("The browser told more than could be taken; some of it is missing.")
            except PageCrashed:
                if _kind(session) != "page":
                    return  # so a shared worker ends
                self._traffic.note("The page crashed.")
            except BrowserError as gone:
                if _kind(session) == "page" and not self._leaving:
                    self._traffic.note(f"The recording ended early: {gone.message}")
                return

    async def _hear(self, session: Session) -> None:
        with session.subscribe(*EVENTS, capacity=_QUEUE_EVENTS, tree=True) as events:
            while True:
                event = await events.next()
                owner = events.last_session
                if self.zero is None and "timestamp" in event.raw:
                    self.zero = event.raw["timestamp"] - (trio.current_time() - self.began)
                self._start(self._traffic.take(_kind(owner), owner, event.method, event.raw))
                if len(event.raw.get("data") or "") > _MANY_BYTES:
                    await trio.lowlevel.checkpoint()

    # --- asking ------------------------------------------------------------------------------

    def _start(self, asks: Sequence[Ask]) -> None:
        for ask in asks:
            self._asked += 1
            self._nursery.start_soon(self._ask, ask)

    async def _ask(self, ask: Ask) -> None:
        try:
            match ask.what:
                case "stream":
                    await self._stream(ask)
                case "body":
                    await self._whole(ask)
                case "posted":
                    await self._posted(ask)
        finally:
            self._asked -= 1
            if not self._asked:
                self._quiet.set()

    async def _stream(self, ask: Ask) -> None:
        buffered: bytes | None = None
        with suppress(BrowserError):  # refused, as it has ended already: asked for whole then
            command = protocol.Network.stream_resource_content(ask.entry.id)
            buffered = b64decode(await ask.owner.execute(command) or "")
        self._start(self._traffic.streamed(ask.entry, buffered))

    async def _whole(self, ask: Ask) -> None:
        for session in (ask.owner, self._keeper):
            if session is None:
                continue
            with suppress(BrowserError):
                command = protocol.Network.get_response_body(ask.entry.id)
                answer = await session.execute(command, timeout=_BODY_SECONDS)
                encoded = bool(answer.base64_encoded)
                self._traffic.came_whole(ask.entry, answer.body or "", base64_encoded=encoded)
                return
        self._traffic.came_whole(ask.entry, None)
        if _kind(ask.owner) in _KEEPS_RUNNING:
            await self._find_source(ask.owner)

    async def _posted(self, ask: Ask) -> None:
        assert ask.hop is not None
        try:
            answer = await ask.owner.execute(protocol.Network.get_request_post_data(ask.entry.id))
        except BrowserError:
            self._traffic.posted(ask.hop, None)
        else:
            data = posted_bytes(answer.post_data, base64_encoded=bool(answer.base64_encoded))
            self._traffic.posted(ask.hop, data)

    async def _find_source(self, session: Session) -> None:
        """Ask a worker for its own script, as its answer's body was not to be had."""
        if _kind(session) not in _KEEPS_RUNNING or session.target is None:
            return
        entry = self._traffic.without_source(session.target.url)
        if entry is None:
            return
        with suppress(BrowserError):
            source = await read_source(session, session.target.url)
            if source is not None:
                self._traffic.sourced(entry, source)


def _kind(session: Session) -> str:
    return session.target.type if session.target is not None else ""
