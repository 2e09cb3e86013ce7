"""Attaching to pages one at a time, and to their workers and frames by themselves."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import trio

from cdp_relay.cdp import protocol
from cdp_relay.cdp.event import JSON
from cdp_relay.errors import CommandFailed, RelayError, TabClosed

if TYPE_CHECKING:
    from cdp_relay.cdp.connection import Connection
    from cdp_relay.cdp.session import Session

__all__ = ["Preparer", "Targets"]

_log = logging.getLogger("cdp_relay.cdp")

_GONE_SECONDS = 1.0
"""From the reply to a page's closing to its end; measured at 12 to 45 ms."""

Preparer: TypeAlias = "Callable[[Session], Awaitable[None]]"
"""Called once for a page and for each of its workers and frames, before they run."""


class Targets:
    """The pages of a browser.

    Pages are attached to by name only, never all at once, so that a sick page of somebody else's
    cannot hold anything up.
    """

    def __init__(self, connection: Connection, nursery: trio.Nursery) -> None:
        self._connection = connection
        self._nursery = nursery
        self._discovering = False
        self.unprepared = 0
        """Workers and frames that were let run although their preparation failed or stalled."""

    async def list_pages(self) -> list[protocol.Target.TargetInfo]:
        """All pages of the browser, attached or not."""
        infos = await self._connection.root.execute(protocol.Target.get_targets())
        return [info for info in infos or () if info.type == "page"]

    async def attach_page(self, target_id: str, *, prepare: Preparer | None = None) -> Session:
        """Attach to a page; its workers and cross-site frames become its children from now on.

        Args:
          prepare: runs for the page before this returns, and for every child before the child
            does; a child's preparation that fails or stalls does not keep the child from running.

        Raises:
          BrowserError: attaching or preparing the page failed; the session is left again.
        """
        await self._discover()
        root = self._connection.root
        # Shielded: an attachment whose answer nobody takes could not be undone. The command has
        # a deadline of its own.
        with trio.CancelScope(shield=True):
            session_id = await root.execute(protocol.Target.attach_to_target(target_id, flatten=True))
        session = self._connection._sessions.get(session_id)
        if session is None:
            raise TabClosed("The tab was closed while it was being attached.", details={"target": target_id})
        try:
            session._preparer = prepare
            await self._attach_children(session)
            if prepare is not None:
                await prepare(session)
        except BaseException:
            root.post("Target.detachFromTarget", {"sessionId": session_id})
            raise
        return session

    async def create_page(
        self,
        url: str = "about:blank",
        *,
        browser_context_id: str | None = None,
        background: bool = True,
        new_window: bool = False,
        prepare: Preparer | None = None,
    ) -> Session:
        """Open a page and attach to it; when attaching fails, the page is closed again.

        *url* loads at once, before *prepare* ran: to see all of a page's life, open
        ``about:blank`` and navigate. A context that has no window yet gets one.
        """
        # Shielded, as otherwise a cancelled caller could leave a page that nobody knows of.
        with trio.CancelScope(shield=True):
            try:
                target_id = await self._create(url, browser_context_id, background, new_window)
            except CommandFailed as refused:
                if new_window or "no browser is open" not in refused.message:
                    raise
                target_id = await self._create(url, browser_context_id, background, new_window=True)
        try:
            return await self.attach_page(target_id, prepare=prepare)
        except BaseException:
            self._connection.root.post("Target.closeTarget", {"targetId": target_id})
            raise

    async def _create(self, url: str, context: str | None, background: bool, new_window: bool) -> str:
        command = protocol.Target.create_target(
            url, browser_context_id=context, background=background, new_window=new_window
        )
        return await self._connection.root.execute(command, late=self._close_late)

    def _close_late(self, made: JSON) -> None:
        """Close a page that a browser made after nobody waited for it any more."""
        self._connection.root.post("Target.closeTarget", {"targetId": made.get("targetId")})

    async def close_page(self, target_id: str) -> None:
        """Close a page without asking it (no ``beforeunload`` question), and see it go.

        The browser's reply comes first and proves nothing; a page that has not gone by the deadline of
        a command is left to go by itself.
        """
        root = self._connection.root
        await self._discover()
        with root.subscribe(protocol.Target.TargetDestroyed) as ends:
            await root.execute(protocol.Target.close_target(target_id))
            with trio.move_on_after(_GONE_SECONDS):
                async for event in ends:
                    if event.target_id == target_id:
                        return

    async def _discover(self) -> None:
        # Without discovery the browser says nothing of crashes and of changed titles and URLs.
        if not self._discovering:
            await self._connection.root.execute(protocol.Target.set_discover_targets(discover=True))
            self._discovering = True

    async def _attach_children(self, session: Session) -> None:
        await session.execute(
            protocol.Target.set_auto_attach(auto_attach=True, wait_for_debugger_on_start=True, flatten=True)
        )

    def _child_attached(self, session: Session, *, waiting: bool) -> None:
        """Called by the reader for every new session."""
        parent = session.parent
        if parent is None or not parent.id:
            return  # attach_page() knows of it
        session._preparer = parent._preparer
        self._nursery.start_soon(self._prepare_child, session, waiting)

    async def _prepare_child(self, session: Session, waiting: bool) -> None:
        prepared = False
        try:
            with trio.move_on_after(self._connection.limits.prepare_seconds):
                await self._attach_children(session)
                if waiting and session.target is not None and session.target.type == "service_worker":
                    # Until it is let run, a service worker answers nothing (Chromium 156,
                    # measured), so the release follows right behind the first command.
                    self._nursery.start_soon(self._release, session)
                    waiting = False
                if session._preparer is not None:
                    await session._preparer(session)
                prepared = True
        except RelayError as error:
            _log.debug("%r is not prepared: %s", session, error)  # most often it has ended already
        except Exception:  # one page's preparer must not end the connection of all pages
            _log.exception("the preparer of %r failed", session)
        finally:
            if not prepared:
                self.unprepared += 1
            if waiting:
                session.post("Runtime.runIfWaitingForDebugger")

    async def _release(self, session: Session) -> None:
        session.post("Runtime.runIfWaitingForDebugger")
