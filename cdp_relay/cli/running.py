"""The running service's card in the state folder: who it is and where it listens."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

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
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{pid}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(card, file)
    draft.replace(path)
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
