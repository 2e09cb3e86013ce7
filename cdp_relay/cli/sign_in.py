"""``cdp-relay sign-in``: a person signs in by hand, in the relay's own profile."""

from __future__ import annotations

import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.errors import ProfileInUse
from cdp_relay.settings import Home, Settings

__all__ = ["sign_in"]


@click.command(
    cls=SettingsCommand,
    name="sign-in",
    examples="""
    cdp-relay sign-in chatgpt
    """,
)
@click.argument("site")
def sign_in(site: str) -> int:
    """Open SITE's sign-in page in a plain Chrome on the relay's profile, without a debugging port.

    Sign in as you always do, then close the window. No program can look on: the relay does not run
    on the profile meanwhile, so stop it first.
    """
    home, loaded = given_settings()
    from cdp_relay.chat.registry import load_provider

    provider = load_provider(site, home)
    address = provider.site.pages.sign_in
    if address is None:
        click.echo(f"{provider.site.title} needs no account; it can be used at once.")
        return 0
    import trio

    trio.run(_wait_for_person, home, loaded.settings, address, provider.site.title)
    _remember(home, site)
    click.echo(
        f"Closed. The sign-in is kept in the relay's profile; now run: cdp-relay up --default-site {site}"
    )
    return 0


async def _wait_for_person(home: Home, settings: Settings, address: str, title: str) -> None:
    from cdp_relay.chrome import open_plain
    from cdp_relay.cli.logs import set_up_logs

    set_up_logs(settings.log)
    try:
        async with open_plain(settings.chrome, home, address) as browser:
            click.echo(f"{browser.binary.title} is open on {address}")
            click.echo(f"profile {browser.profile}")
            click.echo(f"Sign in to {title} there, then close the window (quit the browser on a Mac).")
            await browser.wait_closed()
    except ProfileInUse as error:
        raise ProfileInUse(
            error.message, next_step="Stop the process that is named, sign in, and start it again."
        ) from error


def _remember(home: Home, site: str) -> None:
    """Note that the person has signed in; the next turn corrects it if that is not so."""
    from cdp_relay.chat.health import SiteMemory

    memory = SiteMemory(home.sites_file)
    memory.load((site,))
    health = memory.health(site)
    health.signed_in = True
    health.clear()
    memory.save()
