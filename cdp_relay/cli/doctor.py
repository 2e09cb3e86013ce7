"""``cdp-relay doctor``: check everything that the relay rests on."""

from __future__ import annotations

import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.cli.output import print_json
from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home

__all__ = ["doctor"]

_SIGNS = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "failed": ("FAIL", "red")}


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay doctor
    cdp-relay doctor --json
    cdp-relay doctor --site chatgpt         # does its definition fit today's page?
    cdp-relay doctor --site chatgpt@work    # the same in the profile of [profiles.work]
    cdp-relay doctor --site chatgpt --ask   # the same with one short question, for what comes with an answer
    """,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--site", metavar="NAME", help="Open this site and see how its definition fits the page.")
@click.option("--ask", is_flag=True, help="With --site: also send one short question.")
def doctor(as_json: bool, site: str | None, ask: bool) -> int:
    """Check Python, the settings, the browser and its profile, the ports, the key and a whole turn.

    Each check that fails says how to mend it. Where the service runs, it is asked; otherwise a
    browser is started without a window. Exits with 1 when a check failed; warnings do not count.

    With --site, one site's selectors are looked at instead: which alternative matches, what could
    stand in its place where none does, the page's build, and with --ask the shapes in its stream. What
    differs from the newest recording of the site (see 'cdp-relay record') is told as well.
    """
    if ask and site is None:
        raise click.UsageError("--ask needs --site.")
    if site is not None:
        from cdp_relay.cli.doctor_site import doctor_site

        home, loaded = given_settings()
        return doctor_site(home, loaded.settings, site, ask=ask, as_json=as_json)
    from cdp_relay.cli.checks import Check, check_all

    try:
        home, loaded = given_settings()
    except SettingsError as error:
        home = Home.locate()
        checks = [Check.failed("settings", error)]
    else:
        checks = check_all(home, loaded.settings, show=None if as_json else _print_check)
    healthy = all(check.result != "failed" for check in checks)
    if as_json:
        print_json({"ok": healthy, "checks": [check.to_json() for check in checks]}, indent=2)
        return 0 if healthy else 1
    if len(checks) == 1:
        _print_check(checks[0])
    click.echo()
    click.echo("Everything is in order." if healthy else "Mend what failed and run this again.")
    return 0 if healthy else 1


def _print_check(check: object) -> None:
    from cdp_relay.cli.checks import Check

    assert isinstance(check, Check)
    word, colour = _SIGNS[check.result]
    click.echo(f"{click.style(f'{word:<4}', fg=colour)}  {check.name:<10} {check.message}")
    if check.next_step:
        click.echo(f"      {'':<10} {click.style('mend:', bold=True)} {check.next_step}")
