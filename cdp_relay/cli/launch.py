"""``cdp-relay launch``: the dedicated browser alone, on a debugging port."""

from __future__ import annotations

import json

import attrs
import click

from cdp_relay.chat.labels import DEFAULT_PROFILE
from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.cli.profile import given_profile, profile_option
from cdp_relay.settings import ChromeSettings, Home

__all__ = ["launch"]


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay launch                        # on a free port, which 'cdp-relay serve' finds
    cdp-relay launch --debugging-port 9222
    cdp-relay launch --profile work         # the Chrome of [profiles.work]
    """,
)
@click.option(
    "--debugging-port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="NUMBER",
    help="Port of the DevTools protocol; 0 takes a free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready.")
@profile_option
def launch(debugging_port: int, as_json: bool, profile: str | None) -> int:
    """Start the dedicated Chrome in the foreground and print the address of its debugging port.

    Whoever can reach that port can use every site you are signed in to in this profile: it listens
    on this machine only. Exits with 0 when the browser was closed, 1 when it died.
    """
    home, loaded = given_settings()
    import trio

    from cdp_relay.cli.logs import set_up_logs

    set_up_logs(loaded.settings.log)
    name, chosen = given_profile(home, loaded.settings, profile)
    chrome = attrs.evolve(chosen, attach="", keep_running=False)
    kind = "browser" if name == DEFAULT_PROFILE else f"browser@{name}"
    return trio.run(_run, home, chrome, debugging_port, as_json, kind)


async def _run(home: Home, settings: ChromeSettings, port: int, as_json: bool, kind: str) -> int:
    import signal

    import trio

    from cdp_relay.chrome import open_browser
    from cdp_relay.cli.running import announce

    closed = False
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals, trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def stop_at_a_signal() -> None:
                await anext(signals)
                scope.cancel()

            nursery.start_soon(stop_at_a_signal)
            async with open_browser(settings, home, port=port) as browser:
                with announce(home, browser.http_url, kind=kind):
                    if as_json:
                        ready = {"url": browser.http_url, "pid": browser.pid, "version": browser.version}
                        click.echo(json.dumps(ready | {"profile": str(browser.profile)}))
                    else:
                        click.echo(f"Chrome {browser.version} listens at {browser.http_url}")
                        click.echo(f"profile {browser.profile}")
                        click.echo("Start the service with: cdp-relay serve     (Ctrl+C closes this Chrome)")
                    await browser.wait_ended()
                closed = await browser.was_closed_by_hand()
            nursery.cancel_scope.cancel()
    if scope.cancelled_caught or closed:
        return 0
    click.echo(f"Chrome (process {browser.pid}) ended by itself.", err=True)
    return 1
