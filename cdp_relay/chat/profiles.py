"""The browser profiles: the one of ``[chrome]``, and those of ``[profiles]``, each with its own settings.

Each has a folder and a browser of its own. Two on one folder, or on one browser, would be one profile
under two names, and are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from cdp_relay.chat.labels import DEFAULT_PROFILE, desk_name
from cdp_relay.errors import SettingsError
from cdp_relay.settings import ChromeSettings, Home, Settings

__all__ = ["check_profiles", "profile_chrome", "profile_desks", "settings_of_desk"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Names that Windows has taken for itself, in every folder."""


def profile_chrome(settings: Settings, profile: str) -> ChromeSettings:
    """The browser's settings in one profile: its own, over those of ``[chrome]``.

    Raises:
      SettingsError: there is no such profile.
    """
    if profile == DEFAULT_PROFILE:
        return settings.chrome
    own = settings.profiles.get(profile)
    if own is None:
        raise SettingsError(f"There is no profile {profile!r}; {_there_are(settings)}.")
    chrome = settings.chrome
    return attrs.evolve(
        chrome,
        profile=own.profile or profile,
        attach=own.attach,
        executable=chrome.executable if own.executable is None else own.executable,
        headless=chrome.headless if own.headless is None else own.headless,
        args=chrome.args if own.args is None else own.args,
    )


def settings_of_desk(settings: Settings, site: str, profile: str) -> Settings:
    """The settings for one site in one profile alone, whatever else is offered."""
    return attrs.evolve(
        settings,
        chat=attrs.evolve(settings.chat, sites=(site,), default_site="auto"),
        profiles={
            name: attrs.evolve(own, sites=()) for name, own in settings.profiles.items() if name == profile
        },
        chains={},
    )


def profile_desks(settings: Settings, offered: Iterable[str]) -> dict[str, tuple[str, str]]:
    """All desks by name: each offered site in each profile that offers it, the default profile first.

    Args:
      offered: the names of the sites that are offered, in the order of their preference.

    Returns:
      The site and the profile of each.
    """
    sites = tuple(offered)
    desks = {desk_name(site, DEFAULT_PROFILE): (site, DEFAULT_PROFILE) for site in sites}
    for profile, own in settings.profiles.items():
        chosen = (site for site in sites if not own.sites or site in own.sites)
        desks |= {desk_name(site, profile): (site, profile) for site in chosen}
    return desks


def check_profiles(settings: Settings, home: Home, offered: Iterable[str]) -> None:
    """See that each profile stands for itself.

    Args:
      offered: the names of the sites that are offered.

    Raises:
      SettingsError: a name is none, two profiles share a folder or a browser, or a site is not offered.
      ProfileRefused: a folder is somebody's everyday profile.
    """
    sites = set(offered)
    taken = {DEFAULT_PROFILE: DEFAULT_PROFILE}
    for name, own in settings.profiles.items():
        _check_name(name, taken)
        for site in own.sites:
            if site not in sites:
                known = ", ".join(sorted(sites))
                raise SettingsError(f"[profiles.{name}] names the site {site!r}, but there are {known}.")
    names = (DEFAULT_PROFILE, *settings.profiles)
    chromes = {name: profile_chrome(settings, name) for name in names}
    if settings.profiles:
        _check_folders({name: _folder(home, one) for name, one in chromes.items() if not one.attach})
    _check_ports({name: one.attach for name, one in chromes.items() if one.attach})


def _there_are(settings: Settings) -> str:
    return f"there are {', '.join((DEFAULT_PROFILE, *settings.profiles))}"


def _check_name(name: str, taken: dict[str, str]) -> None:
    if not _NAME.fullmatch(name) or _DEVICES.fullmatch(name):
        raise SettingsError(
            f"[profiles.{name}]: a name has letters, digits, '_', '-' and '.' only, begins with a letter "
            "or a digit, and is one that a folder can have on every system."
        )
    other = taken.setdefault(name.lower(), name)
    if name == DEFAULT_PROFILE:
        raise SettingsError(f"[profiles.{name}]: that is the profile of [chrome]; set it there.")
    if other != name:
        raise SettingsError(f"[profiles.{name}]: it differs from {other!r} in the size of letters only.")


def _folder(home: Home, chrome: ChromeSettings) -> Path:
    # Here, as commands that only list models are to start without all that drives a browser.
    from cdp_relay.chrome import profile_folder

    return profile_folder(home, chrome.profile)


def _check_folders(folders: Mapping[str, Path]) -> None:
    seen: dict[str, Path] = {}
    for name, folder in folders.items():
        for other, its in seen.items():
            if _lies_in(folder, its) or _lies_in(its, folder):
                raise SettingsError(
                    f"[profiles.{name}] has the folder {folder}, and the profile {other!r} has {its}: each "
                    "profile needs a folder of its own."
                )
        seen[name] = folder


def _lies_in(folder: Path, other: Path) -> bool:
    """Whether a folder is another one, or lies in it."""
    wanted = os.path.normcase(other)
    return any(os.path.normcase(one) == wanted for one in (folder, *folder.parents))


def _check_ports(addresses: Mapping[str, str]) -> None:
    seen: dict[int | None, str] = {}
    for name, address in addresses.items():
        try:
            port = urlsplit(address).port
        except ValueError:
            continue  # told when it is attached to
        other = seen.setdefault(port, name)
        if other != name:
            raise SettingsError(
                f"[profiles.{name}] attaches to {address}, where the profile {other!r} is: each profile "
                "needs a browser of its own."
            )
