"""``cdp-relay sign-in``: a person signs in by hand, in the relay's own profile."""

from __future__ import annotations

import click

from cdp_relay.chat.labels import DEFAULT_PROFILE, desk_name, split_desk
from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.cli.profile import given_profile, profile_option
from cdp_relay.errors import ProfileInUse
from cdp_relay.settings import ChromeSettings, Home, LogSettings

__all__ = ["sign_in"]


@click.command(
    cls=SettingsCommand,
    name="sign-in",
    examples="""
    cdp-relay sign-in chatgpt
    cdp-relay sign-in chatgpt --profile work    # in the profile of [profiles.work]
    """,
)
@click.argument("site")
@profile_option
def sign_in(site: str, profile: str | None) -> int:
    """Open SITE's sign-in page in a plain Chrome on the relay's profile, without a debugging port.

    Sign in as you always do, then close the window. No program can look on: the relay does not run
    on the profile meanwhile, so stop it first. SITE@PROFILE says the same as SITE --profile PROFILE.
    """
    home, loaded = given_settings()
    from cdp_relay.chat.profiles import profile_chrome
    from cdp_relay.chat.registry import load_provider

    site, named = split_desk(site)
    if profile is not None and named not in (DEFAULT_PROFILE, profile):
        raise click.UsageError(f"SITE names the profile {named!r}, and --profile {profile!r}.")
    provider = load_provider(site, home)
    if named != DEFAULT_PROFILE:
        profile_chrome(loaded.settings, named)  # there has to be such a one
        profile = named
    profile, chrome = given_profile(home, loaded.settings, profile)
    desk = desk_name(site, profile)
    address = provider.site.pages.sign_in
    if address is None:
        click.echo(f"{provider.site.title} needs no account; it can be used at once.")
        return 0
    import trio

    trio.run(_wait_for_person, home, chrome, loaded.settings.log, address, provider.site.title)
    _remember(home, desk)
    click.echo(
        f"Closed. The sign-in is kept in the relay's profile; now run: cdp-relay up --default-site {desk}"
    )
    return 0


async def _wait_for_person(
    home: Home, chrome: ChromeSettings, log: LogSettings, address: str, title: str
) -> None:
    from cdp_relay.chrome import open_plain
    from cdp_relay.cli.logs import set_up_logs

    set_up_logs(log)
    try:
        async with open_plain(chrome, home, address) as browser:
            click.echo(f"{browser.binary.title} is open on {address}")
            click.echo(f"profile {browser.profile}")
            click.echo(f"Sign in to {title} there, then close the window (quit the browser on a Mac).")
            await browser.wait_closed()
    except ProfileInUse as error:
        raise ProfileInUse(
            error.message, next_step="Stop the process that is named, sign in, and start it again."
        ) from error


def _remember(home: Home, desk: str) -> None:
    """Note that the person has signed in; the next turn corrects it if that is not so."""
    from cdp_relay.chat.health import SiteMemory

    memory = SiteMemory(home.sites_file)
    memory.load((desk,))
    health = memory.health(desk)
    health.signed_in = True
    health.clear()
    memory.save()
