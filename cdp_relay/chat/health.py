"""What is known of a site: usable, waiting for a person, or cooling down until a stated time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import structlog

from cdp_relay.chat.contract import Pacing
from cdp_relay.chat.pacing import Pace
from cdp_relay.errors import (
    AccountBlocked,
    CapReached,
    ChallengeShown,
    ConsentNeeded,
    RateLimited,
    RelayError,
    SelectorDrift,
    SignedOut,
    SiteError,
    SiteOverloaded,
    StreamDrift,
)

__all__ = ["SiteHealth", "SiteMemory"]

_log = structlog.stdlib.get_logger("cdp_relay.site")

_RATE_LIMIT_SECONDS = 60.0
"""How long a site rests that says "too many requests" and not until when."""


_STATES: tuple[tuple[type[RelayError], str], ...] = (
    (SignedOut, "signed_out"),
    (ChallengeShown, "challenge"),
    (ConsentNeeded, "consent_needed"),
    (AccountBlocked, "account_blocked"),
    (CapReached, "cooling_down"),
    (RateLimited, "cooling_down"),
    (SiteOverloaded, "unavailable"),
    (SelectorDrift, "drift"),
    (StreamDrift, "drift"),
)


@attrs.define(eq=False)
class SiteHealth:
    """The state of one site, as the last turns found it.

    Only a cool-down refuses requests by itself: its end is known, and asking sooner would be rude.
    Every other state is looked at again by the next request, because the person may have mended it
    in the meantime, and the page says so faster than anything else could.
    """

    name: str
    clock: Callable[[], float] = time.time
    """Unix seconds; a cool-down has to survive a restart, so the monotonic clock will not do."""
    state: str = "unknown"
    message: str = ""
    until: float | None = None
    signed_in: bool | None = None
    """Whether the site was last seen signed in; None when it was never seen."""
    _error: RelayError | None = attrs.field(default=None, init=False)

    def check(self) -> None:
        """Raise the error of a cool-down that still lasts."""
        if self.until is None:
            return
        left = self.until - self.clock()
        if left <= 0:
            self.clear()
            return
        kind = type(self._error) if isinstance(self._error, SiteError) else CapReached
        raise kind(self.message, retry_after_seconds=left)

    def clear(self) -> None:
        """Forget a state that is over."""
        self.state = "ready" if self.signed_in else "unknown"
        self.message, self.until, self._error = "", None, None

    def worked(self) -> None:
        """A turn came to an answer: the site is fine and somebody is signed in."""
        self.signed_in = True
        self.clear()

    def failed(self, error: RelayError) -> None:
        """Learn from a turn that failed. Errors that say nothing about the site change nothing."""
        state = next((state for kind, state in _STATES if isinstance(error, kind)), None)
        if state is None:
            return
        if state == "signed_out":
            self.signed_in = False
        self.state, self.message, self._error = state, error.message, error
        self.until = None
        if state == "cooling_down":
            seconds = error.retry_after_seconds
            self.until = self.clock() + (_RATE_LIMIT_SECONDS if seconds is None else seconds)
        _log.warning("site_state", site=self.name, state=state, code=error.code, until=self.until)


@attrs.define(eq=False)
class SiteMemory:
    """Keeps what is known of the sites over a restart: sign-in seen or not, cool-downs, and when they
    were asked.

    A file that cannot be read or written is reported in the log and costs only the memory.
    """

    path: Path | None
    healths: dict[str, SiteHealth] = attrs.field(factory=dict, init=False)
    _paces: dict[str, Pace] = attrs.field(factory=dict, init=False)
    _sent: dict[str, list[float]] = attrs.field(factory=dict, init=False)
    """When the sites were asked before this start, as far as that is known."""

    def pace(self, name: str, pacing: Pacing) -> Pace:
        """Make the pace of a site, which goes on from where the last start left it."""
        pace = self._paces[name] = Pace(pacing)
        pace.remember(self._sent.get(name, ()))
        return pace

    def health(self, name: str) -> SiteHealth:
        """The health of a site, made on first use."""
        return self.healths.setdefault(name, SiteHealth(name=name))

    def load(self, names: tuple[str, ...]) -> None:
        """Read the file, for the sites that are offered."""
        known = self._read()
        for name in names:
            health = self.health(name)
            entry = known.get(name)
            if not isinstance(entry, dict):
                continue
            signed_in, until, message = (entry.get(key) for key in ("signed_in", "until", "message"))
            health.signed_in = signed_in if isinstance(signed_in, bool) else None
            sent = entry.get("sent")
            if isinstance(sent, list):
                self._sent[name] = [float(one) for one in sent if isinstance(one, int | float)]
            if isinstance(until, int | float) and until > health.clock():
                health.state, health.until = "cooling_down", float(until)
                health.message = message if isinstance(message, str) else "The site is cooling down."

    def save(self) -> None:
        """Write the file whole, or leave the old one."""
        if self.path is None:
            return
        document = self._read()
        for name, health in self.healths.items():
            document[name] = {
                "signed_in": health.signed_in,
                "until": health.until,
                "message": health.message if health.until is not None else "",
                "sent": self._sent_of(name),
            }
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.path.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
            fresh.replace(self.path)
        except OSError as error:
            _log.warning("site_memory_not_written", path=str(self.path), error=str(error))

    def _sent_of(self, name: str) -> list[float]:
        pace = self._paces.get(name)
        return self._sent.get(name, []) if pace is None else [round(at, 3) for at in pace.sent]

    def _read(self) -> dict[str, Any]:
        if self.path is None:
            return {}
        try:
            document = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            _log.warning("site_memory_not_read", path=str(self.path), error=str(error))
            return {}
        return dict(document) if isinstance(document, Mapping) else {}
