"""One run of the service, and whether another one is still there."""

from __future__ import annotations

import os
import secrets
import time

import attrs

__all__ = ["ServiceRun", "is_process_alive", "this_run"]

_SAME_START_SECONDS = 1.0
"""The system tells a process's start in steps; two processes of one id are further apart."""


@attrs.frozen(kw_only=True)
class ServiceRun:
    """A run: one service, from its start to its end."""

    id: str
    pid: int
    process_started: float
    """The process's start in unix seconds, as the system tells it: an id alone may be another's by now."""
    began_at: float


def this_run() -> ServiceRun:
    """A new run, of this process."""
    import psutil

    pid = os.getpid()
    return ServiceRun(
        id=f"run_{secrets.token_hex(8)}",
        pid=pid,
        process_started=psutil.Process(pid).create_time(),
        began_at=time.time(),
    )


def is_process_alive(pid: int, started: float) -> bool:
    """Whether the process of this id and start still lives."""
    import psutil

    try:
        return abs(psutil.Process(pid).create_time() - started) < _SAME_START_SECONDS
    except psutil.Error:
        return False
