"""``cdp-relay record diff``: two recordings of a site compared."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from cdp_relay.cli.app import Command
from cdp_relay.cli.output import plain, print_json
from cdp_relay.recording.comparing import Difference, compare, is_grave
from cdp_relay.recording.folder import read_recording

__all__ = ["diff", "print_differences"]

_COLOURS = {"breaks": "red", "notable": "yellow", "minor": None}


@click.command(
    cls=Command,
    name="diff",
    examples="""
    cdp-relay record diff recordings/chatgpt/plain-1 recordings/chatgpt/plain
    cdp-relay record diff OLD NEW --json
    """,
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(old: Path, new: Path, as_json: bool) -> int:
    """Say what changed between two recordings of a site's scenario: selectors that no longer match, new
    endpoints, events and fields of the stream, how the answer comes. Exit code 0 where nothing did, or
    nothing that matters; 1 otherwise.
    """
    then, now = read_recording(old), read_recording(new)
    differences = compare(then, now)
    grave = is_grave(differences)
    if as_json:
        print_json({"ok": not grave, "differences": [attrs.asdict(one) for one in differences]}, indent=2)
        return int(grave)
    for word, session in (("old", then), ("new", now)):
        about = session.about
        click.echo(f"{word}  {about.site} {about.scenario}, {about.recorded_on}, {plain(about.browser)}")
    print_differences(differences)
    click.echo()
    if not differences:
        click.echo("Nothing changed.")
    elif not grave:
        click.echo("Nothing that matters changed.")
    else:
        count = sum(one.weight != "minor" for one in differences)
        some = "one change" if count == 1 else f"{count} changes"
        click.echo(f"{some} to look at; docs/drift.md says what each may ask for.")
    return int(grave)


def print_differences(differences: tuple[Difference, ...]) -> None:
    """One difference on a line, with its weight before it."""
    for one in differences:
        click.echo(f"  {click.style(f'{one.weight:<7}', fg=_COLOURS[one.weight])}  {plain(one.sentence)}")
