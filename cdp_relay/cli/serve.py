"""``cdp-relay serve``: the service alone, on a browser that already runs."""

from __future__ import annotations

import attrs
import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home, ProfileSettings, Settings

__all__ = ["serve"]


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay serve                                     # on the Chrome of 'cdp-relay launch'
    cdp-relay serve --attach http://127.0.0.1:9222
    """,
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON when ready, and nothing else on stdout."
)
def serve(as_json: bool) -> int:
    """Start the service on a Chrome that already runs, and leave that Chrome running at the end.

    Without --attach it takes the Chrome that 'cdp-relay launch' started. Of the further profiles it takes
    those that 'cdp-relay launch --profile NAME' started, and starts the others when they are needed.
    """
    home, loaded = given_settings()
    settings = loaded.settings
    if not settings.chrome.attach:
        from cdp_relay.cli.running import read_running

        browser = read_running(home, kind="browser")
        if browser is None:
            raise SettingsError(
                "There is no Chrome to attach to: chrome.attach is not set, and no 'cdp-relay launch' runs.",
                next_step="Start 'cdp-relay launch' first, or give --attach, or use 'cdp-relay up' for both.",
            )
        settings = attrs.evolve(settings, chrome=attrs.evolve(settings.chrome, attach=browser.base_url))
        settings = attrs.evolve(settings, profiles=_launched_profiles(home, settings))
    from cdp_relay.cli.service import run_service

    return run_service(home, settings, as_json=as_json)


def _launched_profiles(home: Home, settings: Settings) -> dict[str, ProfileSettings]:
    """The further profiles, attached to where 'cdp-relay launch' has started their browsers."""
    from cdp_relay.cli.running import read_running

    profiles = {}
    for name, profile in settings.profiles.items():
        card = None if profile.attach else read_running(home, kind=f"browser@{name}")
        profiles[name] = profile if card is None else attrs.evolve(profile, attach=card.base_url)
    return profiles
