"""Shared workers: they belong to no page, so no page's auto-attachment brings them.

They are attached to one by one when the browser tells of them. Auto-attachment of the browser itself,
even of this one kind, makes a page hang for good that opens a window (Chromium 156, measured). So a
worker is not held at its start, and what it asks for in its first milliseconds may go unheard.
A shared worker serves all tabs of its site, and each of these tabs hears what it does.
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
    _undo: list[Callable[[], None]] = attrs.field(factory=list, init=False)

    async def begin(self) -> None:
        """Attach to the shared workers there are, and to those to come."""
        root = self._connection.root
        self._undo = [
            root.on(protocol.Target.TargetCreated, lambda event: self._created(event.target_info)),
            root.on(protocol.Target.AttachedToTarget, self._attached),
        ]
        for session in self._connection.sessions:
            self._adopt(session)
        for target in await root.execute(protocol.Target.get_targets()) or ():
            self._created(target)

    def end(self) -> None:
        """Take no notice of new ones any more. The sessions stay: other tabs may use them."""
        for undo in self._undo:
            undo()

    def watch(self, watcher: Callable[[Session], None]) -> Callable[[], None]:
        """Call *watcher* with every new session; returns how to undo that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _created(self, target: protocol.Target.TargetInfo | None) -> None:
        if target is not None and self._is_ours(target) and not self._knows(target):
            params = {"targetId": target.target_id, "flatten": True}
            self._connection.root.post("Target.attachToTarget", params)

    def _attached(self, event: protocol.Target.AttachedToTarget) -> None:
        for session in self._connection.sessions:
            if session.id == event.session_id:
                self._adopt(session)

    def _adopt(self, session: Session) -> None:
        target = session.target
        if target is None or not self._is_ours(target) or self._knows(target):
            return
        self.sessions = [known for known in self.sessions if not known.closed.is_set()]
        self.sessions.append(session)
        self._listen(session)
        for watcher in tuple(self._watchers):
            watcher(session)
        # Posted, not awaited: this runs in the reading task.
        session.post("Network.enable", {"maxPostDataSize": 65536})

    def _is_ours(self, target: protocol.Target.TargetInfo) -> bool:
        ours = self._browser_context_id in (None, target.browser_context_id)
        return target.type == _KIND and ours

    def _knows(self, target: protocol.Target.TargetInfo) -> bool:
        """Whether there is a session already: two tabs, or two events, may tell of the same worker."""
        return any(
            known.target is not None
            and known.target.target_id == target.target_id
            and not known.closed.is_set()
            for known in self.sessions
        )
