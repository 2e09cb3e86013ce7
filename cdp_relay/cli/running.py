"""The running service's card in the state folder: who it is and where it listens."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

from cdp_relay.private import write_private
from cdp_relay.settings import Home

__all__ = ["Running", "announce", "read_running"]


@attrs.frozen(kw_only=True)
class Running:
    """A service, or a browser, that was started from this home and still lives."""

    pid: int
    started: float
    """The process's start in unix seconds, as the system tells it: a pid alone may be another's by now."""
    base_url: str


@contextmanager
def announce(home: Home, base_url: str, *, kind: str = "service") -> Generator[Path]:
    """Keep the card for as long as the block lasts; the newest of a kind holds it."""
    import psutil

    path = _path(home, kind)
    pid = os.getpid()
    card = {"pid": pid, "started": psutil.Process(pid).create_time(), "base_url": base_url}
    write_private(path, json.dumps(card))
    try:
        yield path
    finally:
        card_now = _read(path)
        if card_now is not None and card_now.pid == pid:
            path.unlink(missing_ok=True)


def read_running(home: Home, *, kind: str = "service") -> Running | None:
    """Read the card; None when there is none, or when its process is gone."""
    card = _read(_path(home, kind))
    if card is None:
        return None
    import psutil

    try:
        alive = abs(psutil.Process(card.pid).create_time() - card.started) < 1
    except psutil.Error:
        return None
    return card if alive else None


def _path(home: Home, kind: str) -> Path:
    return home.state / f"{kind}.json"


def _read(path: Path) -> Running | None:
    try:
        card = json.loads(path.read_bytes())
        return Running(pid=int(card["pid"]), started=float(card["started"]), base_url=str(card["base_url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
