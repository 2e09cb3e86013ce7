"""``cdp-relay up``: the browser and the service."""

from __future__ import annotations

import click

from cdp_relay.cli.options import SettingsCommand, given_settings

__all__ = ["up"]


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay up
    cdp-relay up --headless --port 0
    cdp-relay up --json | head -1                       # one line of JSON when ready
    cdp-relay up --set sites.chatgpt.tabs=2
    CDP_RELAY_HOME=/tmp/relay cdp-relay up              # keeps everything in that folder
    """,
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON when ready, and nothing else on stdout."
)
def up(as_json: bool) -> int:
    """Start Chrome on the relay's own profile, and the service in front of it.

    Prints the base URL, the key (the first time), the models and what to put into your client.
    Ctrl+C lets running answers end, a second one cuts them off.
    """
    home, loaded = given_settings()
    from cdp_relay.cli.service import run_service

    return run_service(home, loaded.settings, as_json=as_json)
