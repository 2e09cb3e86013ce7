"""``cdp-relay key``: print the API key, or replace it."""

from __future__ import annotations

import click

from cdp_relay.api.key import read_or_create_key
from cdp_relay.cli.app import Command
from cdp_relay.cli.running import read_running
from cdp_relay.settings import Home

__all__ = ["key"]


@click.command(
    cls=Command,
    examples="""
    cdp-relay key
    export OPENAI_API_KEY=$(cdp-relay key)
    cdp-relay key --new          # when somebody else may have read the old one
    """,
)
@click.option("--new", is_flag=True, help="Make a new key; the old one stops working at the next start.")
def key(new: bool) -> None:
    """Print the key that clients send as 'Authorization: Bearer KEY'.

    It is made at the first use and kept in a file that only you can read.
    """
    home = Home.locate()
    if new:
        home.key_file.unlink(missing_ok=True)
    value, created = read_or_create_key(home)
    click.echo(value)
    if created:
        click.echo(f"A new key, kept in {home.key_file}.", err=True)
        running = read_running(home) if new else None
        if running is not None:
            click.echo(
                f"The service at {running.base_url} (process {running.pid}) knows the old one until it is "
                "started again.",
                err=True,
            )
