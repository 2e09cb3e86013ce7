"""Shared workers: they belong to no page, so no page's auto-attachment brings them.

The browser attaches us to them, to no other kind of target, and holds each until its network events
are on. A shared worker serves all tabs of its site, so each of these tabs hears what it does.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from cdp_relay.cdp import Connection, Session, protocol

__all__ = ["SharedWorkers"]

_KIND = "shared_worker"


@attrs.define(eq=False)
class SharedWorkers:
    """The shared workers of one browser context, as sessions."""

    _connection: Connection
    _browser_context_id: str | None
    _listen: Callable[[Session], None]
    """Called with each new session before its events begin."""
    sessions: list[Session] = attrs.field(factory=list, init=False)
    """Those attached to, among them some that have ended."""
    _watchers: list[Callable[[Session], None]] = attrs.field(factory=list, init=False)
    _undo: Callable[[], None] | None = attrs.field(default=None, init=False)

    async def begin(self) -> None:
        """Attach to the shared workers there are, and to those to come."""
        root = self._connection.root
        self._undo = root.on(protocol.Target.AttachedToTarget, self._attached)
        for session in self._connection.sessions:
            self._adopt(session)
        await root.execute(
            protocol.Target.set_auto_attach(
                auto_attach=True,
                wait_for_debugger_on_start=True,
                flatten=True,
                filter=[{"type": _KIND, "exclude": False}],
            )
        )

    def end(self) -> None:
        """Take no notice of new ones any more. The sessions stay: other tabs may use them."""
        if self._undo is not None:
            self._undo()

    def watch(self, watcher: Callable[[Session], None]) -> Callable[[], None]:
        """Call *watcher* with every new session; returns how to undo that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _attached(self, event: protocol.Target.AttachedToTarget) -> None:
        for session in self._connection.sessions:
            if session.id == event.session_id:
                self._adopt(session)

    def _adopt(self, session: Session) -> None:
        target = session.target
        if target is None or target.type != _KIND or session.closed.is_set():
            return
        if self._browser_context_id not in (None, target.browser_context_id):
            return
        self.sessions = [known for known in self.sessions if not known.closed.is_set()]
        self.sessions.append(session)
        self._listen(session)
        for watcher in tuple(self._watchers):
            watcher(session)
        # Posted, not awaited: this runs in the reading task, and Chrome keeps their order. A second
        # tab repeats both to no effect.
        session.post("Network.enable", {"maxPostDataSize": 65536})
        session.post("Runtime.runIfWaitingForDebugger")
