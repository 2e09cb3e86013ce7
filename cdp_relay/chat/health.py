"""What is known of a site: usable, waiting for a person, or cooling down until a stated time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import structlog
import trio

from cdp_relay.chat.contract import Pacing
from cdp_relay.chat.offers import SeenModels
from cdp_relay.chat.pacing import Pace
from cdp_relay.chat.reset_time import seconds_until_reset
from cdp_relay.errors import (
    AccountBlocked,
    AccountChooser,
    CapReached,
    ChallengeShown,
    ConsentNeeded,
    RateLimited,
    RelayError,
    SelectorDrift,
    SignedOut,
    SiteOverloaded,
    StreamDrift,
)
from cdp_relay.private import write_private

__all__ = ["PERSON_STATES", "CoolDown", "SiteHealth", "SiteMemory", "needs_person"]

_log = structlog.stdlib.get_logger("cdp_relay.site")

_RATE_LIMIT_SECONDS = 60.0
"""How long a site rests that says "too many requests" and not until when."""

_CAP_SECONDS = 300.0
"""How long it rests when an allowance is used up and nobody says until when."""

_LOOK_SECONDS = 60.0
"""How long a site that waits for the person is left alone, before a request may look whether it still
does: the person may have acted where nobody watches."""

_STATES: tuple[tuple[type[RelayError], str], ...] = (
    (AccountChooser, "account_chooser"),
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

PERSON_STATES = frozenset({"signed_out", "account_chooser", "challenge", "consent_needed", "account_blocked"})
"""States that only the person who owns the account can end."""


def _state_of(error: RelayError) -> str | None:
    return next((state for kind, state in _STATES if isinstance(error, kind)), None)


def needs_person(error: RelayError) -> bool:
    """Whether only the person can do something about it."""
    return _state_of(error) in PERSON_STATES


def person_step(state: str, site: str, *, has_window: bool) -> str:
    """What the person can do about a state."""
    if not has_window:
        return (
            f"The relay's Chrome has no window: stop the relay, run 'cdp-relay sign-in {site}', "
            "do there what the site asks, and start the relay again."
        )
    if state in ("signed_out", "account_chooser"):
        return (
            f"Sign in in the relay's Chrome window; or stop the relay, run 'cdp-relay sign-in {site}', "
            "and start it again."
        )
    what = {"challenge": "Pass the check", "consent_needed": "Answer the question"}.get(
        state, "Follow what the site asks"
    )
    return f"{what} in the relay's Chrome window, by hand; then send the request again."


@attrs.frozen(kw_only=True)
class CoolDown:
    """A rest that the site asked for."""

    until: float
    """Unix seconds: it has to survive a restart, so the monotonic clock will not do."""
    message: str
    kind: type[RelayError] = CapReached

    def refusal(self, now: float) -> RelayError:
        """The error of a request that comes too early."""
        return self.kind(self.message, retry_after_seconds=self.until - now)


@attrs.define(eq=False)
class SiteHealth:
    """The state of one site, as the last turns found it.

    A cool-down refuses requests until its end: that is known, and asking sooner would be rude. A state
    that needs the person refuses them until somebody saw its end, and lets one request a minute look
    for itself. Every other state is looked at again by the next request.
    """

    name: str
    clock: Callable[[], float] = time.time
    """Unix seconds, for cool-downs."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds, for the time between two looks."""
    has_window: Callable[[], bool] = lambda: True
    """Whether the browser has a window that the person can work in."""
    on_change: Callable[[], None] = lambda: None
    """Called after every change of what is known."""
    state: str = "unknown"
    message: str = ""
    signed_in: bool | None = None
    """Whether the site was last seen signed in; None when it was never seen."""
    cool_down: CoolDown | None = None
    """Of the whole site."""
    model_cool_downs: dict[str, CoolDown] = attrs.field(factory=dict)
    """By model; under the empty name, of the model that the site chooses when none is asked for."""
    error: RelayError | None = attrs.field(default=None, init=False)
    """What brought the state about."""
    _look_at: float = attrs.field(default=0.0, init=False)
    _changed: trio.Event = attrs.field(factory=trio.Event, init=False)

    @property
    def paused(self) -> bool:
        """Whether the site waits for the person."""
        return self.state in PERSON_STATES

    @property
    def until(self) -> float | None:
        """When the site's cool-down ends, in unix seconds."""
        return None if self.cool_down is None else self.cool_down.until

    @property
    def look_in_seconds(self) -> float:
        """How long until a request may look at a paused site for itself; 0 when it may."""
        return max(0.0, self._look_at - self.monotonic()) if self.paused else 0.0

    def check(self, model: str | None = None, *, looking: bool = False) -> bool:
        """Raise why no request can be taken now; returns whether this request looks at a paused site.

        Args:
          model: the model that is asked for, None where the site chooses.
          looking: this request was let through before, to look.
        """
        self.thaw()
        down = self.cool_down or self.model_cool_downs.get(model or "")
        if down is not None:
            raise down.refusal(self.clock())
        if self.paused and self.error is not None and not looking:
            if self.look_in_seconds > 0:
                raise _again(self.error)
            self._look_at = self.monotonic() + _LOOK_SECONDS
            return True
        return looking

    async def changed(self) -> None:
        """Wait for the next change of what is known."""
        await self._changed.wait()

    def clear(self) -> None:
        """Forget a state that is over."""
        was = self.state
        self.state = "ready" if self.signed_in else "unknown"
        self.message, self.cool_down, self.error = "", None, None
        if was != self.state:
            if was not in ("ready", "unknown"):
                _log.info("site_state", site=self.name, state=self.state, before=was)
            self._tell()

    def worked(self, *, looking: bool = True) -> None:
        """A turn came to an answer: somebody is signed in, and the site is fine.

        A cool-down stays, as the turn began before it.

        Args:
          looking: whether the turn began after the pause that lasts now, if one does.
        """
        self.signed_in = True
        if self.cool_down is None and (looking or not self.paused):
            self.clear()

    def mended(self) -> None:
        """The person has ended the state, and the page was seen to be usable."""
        if self.paused:
            self.signed_in = True
            self.clear()

    def look_now(self) -> None:
        """Nobody watches the state any more, so the next request may."""
        if self.paused:
            self._look_at = self.monotonic()
            self._tell()

    def failed(self, error: RelayError, model: str | None = None) -> None:
        """Learn from a turn that failed. Errors that say nothing about the site change nothing.

        Args:
          model: the model that was asked for, None where the site chose. An error whose details name a
            ``model`` speaks of that model, and of the one that was asked for; the others go on.
        """
        state = _state_of(error)
        if state is None:
            return
        down = self._cool_down(error) if state == "cooling_down" else None
        if down is not None and (named := error.details.get("model")):
            for one in {str(named), model or ""}:
                self.model_cool_downs[one] = down
            _log.warning("model_state", site=self.name, model=named, code=error.code, until=down.until)
            self._tell()
            return
        if state in ("signed_out", "account_chooser"):
            self.signed_in = False
        if state in PERSON_STATES:
            error.next_step = person_step(state, self.name, has_window=self.has_window())
        self.state, self.message, self.error, self.cool_down = state, error.message, error, down
        self._look_at = self.monotonic() + _LOOK_SECONDS
        _log.warning("site_state", site=self.name, state=state, code=error.code, until=self.until)
        self._tell()

    def _cool_down(self, error: RelayError) -> CoolDown:
        """How long the site rests; the client that met the error is told so as well."""
        if error.retry_after_seconds is None:
            now = datetime.fromtimestamp(self.clock()).astimezone()
            default = _CAP_SECONDS if isinstance(error, CapReached) else _RATE_LIMIT_SECONDS
            error.retry_after_seconds = seconds_until_reset(error.message, now) or default
        until = self.clock() + error.retry_after_seconds
        return CoolDown(until=until, message=error.message, kind=type(error))

    def thaw(self) -> None:
        """Forget the cool-downs that are over."""
        now = self.clock()
        for model in [model for model, down in self.model_cool_downs.items() if down.until <= now]:
            del self.model_cool_downs[model]
        if self.cool_down is not None and self.cool_down.until <= now:
            self.clear()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
        self.on_change()


def _again(error: RelayError) -> RelayError:
    """The same error for another request: one that is raised twice would gather tracebacks."""
    return type(error)(
        error.message,
        next_step=error.next_step,
        retry_after_seconds=error.retry_after_seconds,
        details=dict(error.details),
    )


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
    _written: dict[str, Any] | None = attrs.field(default=None, init=False)
    """What the file holds of these sites, or is about to."""
    _writing: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    menus: dict[str, SeenModels] = attrs.field(factory=dict, init=False)
    """What the sites' own menus of models had when they were last open."""

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
            signed_in = entry.get("signed_in")
            health.signed_in = signed_in if isinstance(signed_in, bool) else None
            down = _cool_down(entry, health.clock())
            if down is not None:
                health.state, health.message, health.cool_down = "cooling_down", down.message, down
            models = entry.get("models")
            for model, known_of in models.items() if isinstance(models, dict) else ():
                down = _cool_down(known_of, health.clock())
                if down is not None:
                    health.model_cool_downs[model] = down
            menu = SeenModels.from_json(entry.get("menu"))
            if menu is not None:
                self.menus[name] = menu
            sent = entry.get("sent")
            if isinstance(sent, list):
                self._sent[name] = [float(one) for one in sent if isinstance(one, int | float)]
        self._written = self._entries()

    @property
    def is_news(self) -> bool:
        """Whether there is something that the file does not hold."""
        return self._entries() != self._written

    def save(self) -> None:
        """Write the file whole, or leave the old one; nothing when there is no news."""
        if self.is_news:
            self.write(self.news())

    def news(self) -> dict[str, Any]:
        """What :meth:`write` has to write; taken where the sites are looked after, not in a thread."""
        self._written = self._entries()
        return self._written

    def write(self, entries: dict[str, Any]) -> None:
        """Write the file, one writer at a time; what has been overtaken by later news is not written."""
        if self.path is None:
            return
        with self._writing:
            if entries is self._written:
                self._write(self.path, self._read() | entries)

    def _write(self, path: Path, document: dict[str, Any]) -> None:
        try:
            write_private(path, json.dumps(document, indent=1))
        except OSError as error:
            self._written = None
            _log.warning("site_memory_not_written", path=str(path), error=str(error))

    def _entries(self) -> dict[str, Any]:
        return {
            name: {
                "signed_in": health.signed_in,
                **(_of_cool_down(health.cool_down) if health.cool_down else {"until": None}),
                "models": {model: _of_cool_down(down) for model, down in health.model_cool_downs.items()},
                "sent": self._sent_of(name),
                "menu": self.menus[name].to_json() if name in self.menus else None,
            }
            for name, health in self.healths.items()
        }

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


def _of_cool_down(down: CoolDown) -> dict[str, Any]:
    return {"until": down.until, "message": down.message}


def _cool_down(entry: Any, now: float) -> CoolDown | None:
    """Read a cool-down back; None when there is none any more."""
    until = entry.get("until") if isinstance(entry, Mapping) else None
    if isinstance(until, bool) or not isinstance(until, int | float) or until <= now:
        return None
    message = entry.get("message")
    return CoolDown(until=float(until), message=str(message or "The site is cooling down."))
