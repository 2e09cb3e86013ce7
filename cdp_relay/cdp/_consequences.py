"""Events that change sessions; they take effect before any handler or subscriber sees them.

A renderer that crashed and a tab that was closed answer nothing any more, so whoever waits for
them must be told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cdp_relay.cdp import protocol
from cdp_relay.cdp.event import JSON
from cdp_relay.errors import TabClosed

if TYPE_CHECKING:
    from cdp_relay.cdp.connection import Connection
    from cdp_relay.cdp.session import Session


def _attached(connection: Connection, session: Session, params: JSON) -> None:
    session_id, info = params.get("sessionId"), params.get("targetInfo")
    if isinstance(session_id, str) and session_id and isinstance(info, dict):
        target = protocol.Target.TargetInfo.from_json(info)
        waiting = bool(params.get("waitingForDebugger"))
        connection._open_session(session, session_id, target, waiting=waiting)


def _detached(connection: Connection, session: Session, params: JSON) -> None:
    child = connection._sessions.get(str(params.get("sessionId")))
    if child is not None and child.id:
        connection._close_session(child, _closed(child))


def _inspector_detached(connection: Connection, session: Session, params: JSON) -> None:
    if session.id:
        connection._close_session(session, _closed(session, str(params.get("reason") or "")))


def _closed(session: Session, reason: str = "") -> TabClosed:
    info = session.target
    kind = info.type if info is not None else "target"
    what = "The tab was closed" if kind == "page" else f"The {str(kind).replace('_', ' ')} ended"
    return TabClosed(
        f"{what}: {reason.rstrip('.')}." if reason else f"{what}.",
        details={"session": session.id, "target": info.target_id if info is not None else None},
    )


def _inspector_crashed(connection: Connection, session: Session, params: JSON) -> None:
    if session.id:
        connection._crash_session(session, "it crashed")


def _inspector_reloaded(connection: Connection, session: Session, params: JSON) -> None:
    if session.crashed:
        session._recover()


def _target_crashed(connection: Connection, session: Session, params: JSON) -> None:
    reason = f"{params.get('status')}, code {params.get('errorCode')}"
    for crashed in tuple(connection._by_target.get(str(params.get("targetId")), ())):
        connection._crash_session(crashed, reason)


def _target_changed(connection: Connection, session: Session, params: JSON) -> None:
    info = params.get("targetInfo")
    if isinstance(info, dict):
        for changed in connection._by_target.get(str(info.get("targetId")), ()):
            changed.target = protocol.Target.TargetInfo.from_json(info)


CONSEQUENCES: Mapping[str, Callable[[Connection, Session, JSON], None]] = {
    "Target.attachedToTarget": _attached,
    "Target.detachedFromTarget": _detached,
    "Target.targetCrashed": _target_crashed,
    "Target.targetInfoChanged": _target_changed,
    "Inspector.detached": _inspector_detached,
    "Inspector.targetCrashed": _inspector_crashed,
    "Inspector.targetReloadedAfterCrash": _inspector_reloaded,
}
