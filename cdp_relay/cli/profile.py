"""``--profile``, for the commands that work in one browser profile."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from cdp_relay.chat.labels import DEFAULT_PROFILE
from cdp_relay.chat.profiles import check_profiles, profile_chrome
from cdp_relay.errors import SettingsError
from cdp_relay.settings import ChromeSettings, Home, Settings

__all__ = ["given_profile", "profile_option"]

profile_option = click.option(
    "--profile",
    metavar="NAME",
    help="Work in the profile of [profiles.NAME]; where there is none, as --chrome-profile.",
)


def given_profile(home: Home, settings: Settings, name: str | None) -> tuple[str, ChromeSettings]:
    """The profile that a command was given, and its browser's settings.

    Args:
      name: of one of ``[profiles]``; where there are none, what ``chrome.profile`` can be; None for the
        profile of ``[chrome]``.

    Raises:
      SettingsError: there is no such profile, or the profiles are not set up right.
      ProfileRefused: a profile's folder is somebody's everyday profile.
    """
    from cdp_relay.chat.registry import provider_sources

    check_profiles(settings, home, provider_sources(home))
    if name is None or name == DEFAULT_PROFILE or name in settings.profiles:
        profile = name or DEFAULT_PROFILE
        return profile, profile_chrome(settings, profile)
    if settings.profiles and not Path(name).expanduser().is_absolute():
        known = ", ".join((DEFAULT_PROFILE, *settings.profiles))
        raise SettingsError(
            f"There is no [profiles.{name}]; there are {known}.",
            next_step="Name one of them, or give --chrome-profile for another folder.",
        )
    return DEFAULT_PROFILE, attrs.evolve(settings.chrome, profile=name)
