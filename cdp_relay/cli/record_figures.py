"""A recording for people, in a few lines."""

from __future__ import annotations

import click

from cdp_relay.cli.output import plain
from cdp_relay.recording.figures import figures_of
from cdp_relay.recording.session import Session

__all__ = ["echo_figures"]

_MOST_HOSTS = 8


def echo_figures(session: Session) -> None:
    """Print what is in a recording."""
    about, figures = session.about, figures_of(session)
    click.echo(f"{about.site}, {about.scenario}: {plain(about.title)}")
    click.echo(
        f"  recorded   {about.recorded_on}, {about.browser}, driven by "
        f"{'the relay ' + about.relay_version if about.driven_by == 'relay' else 'a person'}"
    )
    for name, value in about.stamps.items():
        click.echo(f"  build      {name} = {plain(value) if value is not None else '(not on the page)'}")
    click.echo(
        f"  network    {figures.requests} requests ({figures.failed} failed, {figures.open} still open), "
        f"{figures.chunks} chunks, {figures.messages} messages on {figures.sockets} sockets"
    )
    click.echo(
        f"  size       {figures.bytes / 1e6:.2f} MB unpacked, {figures.left_out} bodies left out, "
        f"{figures.seconds:.1f} s"
    )
    steps = ", ".join(f"{mark.name} {mark.at:.1f} s" for mark in session.marks)
    click.echo(f"  pages      {figures.pages} at: {steps or 'none'}")
    click.echo(f"  events     {figures.events} that the relay told of its turn")
    hosts = list(figures.hosts.items())
    shown = ", ".join(f"{plain(host)} {count}" for host, count in hosts[:_MOST_HOSTS])
    more = f" and {len(hosts) - _MOST_HOSTS} more" if len(hosts) > _MOST_HOSTS else ""
    click.echo(f"  hosts      {shown}{more}")
    for note in about.notes:
        click.echo(f"  note       {plain(note)}")
