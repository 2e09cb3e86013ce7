"""Chains: labels that stand for several, of which the next one is asked where one can't take work now.

Sans-IO. A chain leads on only while nothing was sent, and only past what is no fault of the request. It
never leads from one account of a site to another: that would be a way around the site's limits.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Mapping, Sequence

import attrs

from cdp_relay.errors import (
    AccountBlocked,
    AttachTargetRefused,
    BrowserError,
    CapReached,
    ChallengeShown,
    ConsentNeeded,
    ControlFailed,
    InsertionFailed,
    ModelUnavailable,
    PaceExceeded,
    ProfileRefused,
    QueueFull,
    QueueTimeout,
    RateLimited,
    RelayError,
    SelectorDrift,
    SettingsError,
    ShuttingDown,
    SignedOut,
    SiteOverloaded,
    SiteTimeout,
    SiteUnreachable,
    StreamDrift,
    SubmitFailed,
)
from cdp_relay.settings import ChainSettings

__all__ = ["Chain", "Refusals", "leads_on", "read_chains"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_PASSABLE = (
    AccountBlocked,
    AttachTargetRefused,
    BrowserError,
    CapReached,
    ChallengeShown,
    ConsentNeeded,
    ControlFailed,
    InsertionFailed,
    ModelUnavailable,
    PaceExceeded,
    ProfileRefused,
    QueueFull,
    QueueTimeout,
    RateLimited,
    SelectorDrift,
    SignedOut,
    SiteOverloaded,
    SiteTimeout,
    SiteUnreachable,
    StreamDrift,
    SubmitFailed,
)
"""What says that one place can't take work now, and nothing about the request."""


def leads_on(error: RelayError) -> bool:
    """Whether another place may still take a request that met *error* before anything was sent."""
    return isinstance(error, _PASSABLE) and not isinstance(error, ShuttingDown)


@attrs.frozen(kw_only=True)
class Chain:
    """A label that stands for several."""

    name: str
    labels: tuple[str, ...]
    """In the order of their preference."""
    least_busy: bool = False
    """Whether the one with the fewest requests is asked first."""

    @property
    def title(self) -> str:
        """What it stands for, in a reader's words."""
        return (
            f"the least busy of {', '.join(self.labels)}" if self.least_busy else ", then ".join(self.labels)
        )


def read_chains(
    settings: Mapping[str, ChainSettings],
    desks: Collection[str],
    sites: Collection[str],
    of_label: Mapping[str, tuple[str, str]],
) -> Mapping[str, Chain]:
    """Check the chains of the settings.

    Args:
      desks: what labels can name: the sites that are offered, with their profiles.
      sites: the names of these sites alone.
      of_label: the site and the profile that each of the chains' labels names; those that name none are
        missing.

    Raises:
      SettingsError: a chain is wrong; the message names it, and what is wrong with it.
    """
    for name, chain in settings.items():
        _check(name, chain, settings, desks, sites, of_label)
    return {
        name: Chain(name=name, labels=chain.models, least_busy=chain.pick == "least_busy")
        for name, chain in settings.items()
    }


def _check(
    name: str,
    chain: ChainSettings,
    settings: Mapping[str, ChainSettings],
    desks: Collection[str],
    sites: Collection[str],
    of_label: Mapping[str, tuple[str, str]],
) -> None:
    where = f"[chains.{name}]"
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{where}: a chain's name has letters, digits, '.', '_' and '-' only.")
    if name in sites:
        raise SettingsError(f"{where}: there is a site of that name; call the chain something else.")
    if not chain.models:
        raise SettingsError(f"{where}: models names no label; a chain needs one at least.")
    seen: dict[str, tuple[str, str]] = {}
    for label in chain.models:
        if label in settings:
            raise SettingsError(f"{where}: {label!r} is a chain itself; a chain names sites and models.")
        if label in seen:
            raise SettingsError(f"{where}: models names {label!r} twice.")
        if label not in of_label:
            known = ", ".join(desks)
            raise SettingsError(f"{where}: {label!r} names no site that is offered; there are {known}.")
        site, profile = seen[label] = of_label[label]
        for other, (its_site, its_profile) in seen.items():
            if its_site == site and its_profile != profile:
                raise SettingsError(
                    f"{where}: {other!r} and {label!r} are one site in two profiles. A chain does not go "
                    "from one account of a site to another, which would be a way around the site's limits.",
                    next_step="Name each site of a chain in one profile only.",
                )


@attrs.define(eq=False)
class Refusals:
    """Why a chain's places could not take a request, as it went from one to the next."""

    chain: str
    _met: list[tuple[str, RelayError]] = attrs.field(factory=list, init=False)

    def __len__(self) -> int:
        return len(self._met)

    def add(self, place: str, error: RelayError) -> None:
        """One more could not."""
        self._met.append((place, error))

    def conclusion(self) -> RelayError:
        """What the client is told when none could: the last one's error, with the reasons of all."""
        _, last = self._met[-1]
        if len(self._met) == 1:
            return last
        error = copy.copy(last)
        reasons = " ".join(f"{name}: {met.message}" for name, met in self._met)
        error.message = f"No model of '{self.chain}' can take this now. {reasons}"
        error.args = (error.message,)
        error.details = {
            **last.details,
            "chain": self.chain,
            "tried": [{"site": name, "code": met.code} for name, met in self._met],
        }
        waits = _waits([met for _, met in self._met])
        if waits:
            error.retry_after_seconds = min(waits)
        return error


def _waits(errors: Sequence[RelayError]) -> list[float]:
    return [error.retry_after_seconds for error in errors if error.retry_after_seconds is not None]
