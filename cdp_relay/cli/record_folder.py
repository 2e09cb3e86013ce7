"""``cdp-relay record check|show|pack|unpack``: what is done with a recording's folder."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.registry import load_provider
from cdp_relay.cli.app import Command
from cdp_relay.cli.output import plain, print_json
from cdp_relay.errors import RecordingInvalid, SettingsError
from cdp_relay.recording.session import Session
from cdp_relay.settings import Home, load_settings

__all__ = ["check", "pack", "show", "unpack"]

_folder = click.argument("folder", type=click.Path(path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(
    cls=Command,
    name="check",
    examples="""
    cdp-relay record check recordings/chatgpt/plain
    cdp-relay record check FOLDER --secret 'my name' --secret me@example.org
    """,
)
@_folder
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="VALUE",
    help="A text that must not occur, in whatever spelling; repeatable.",
)
@_json
def check(folder: Path, secrets: tuple[str, ...], as_json: bool) -> int:
    """Look through a recording for what would tell of a person: secrets by their form and by their place,
    names, addresses, texts. Exit code 0 where nothing is found, 1 otherwise.

    It knows nothing of what was replaced when it was written, so that a mistake made then shows here. The
    best check is your own: give your name, e-mail address and the like with --secret.
    """
    from cdp_relay.recording.driving.keeping import leaks_of

    if any(not secret.strip() for secret in secrets):
        raise SettingsError("An empty --secret stands everywhere.", next_step="Name the text.")
    home = Home.locate()
    session, own = _read(folder), load_settings(home).settings.journal.redact
    leaks = leaks_of(session, _provider(session, home), own=own, secrets=secrets)
    if as_json:
        print_json({"clean": not leaks, "leaks": [attrs.asdict(leak) for leak in leaks]}, indent=2)
        return 1 if leaks else 0
    for leak in leaks:
        click.echo(f"{click.style('leak', fg='red')}  {plain(str(leak))}")
    if not leaks:
        click.echo("Clean: nothing was found that would tell of a person.")
        return 0
    click.echo(f"{len(leaks)} found. Do not share this recording; record it again, or report what is named.")
    return 1


def _provider(session: Session, home: Home) -> Provider | None:
    """The provider of a recording's site; a recording may be of one that is not installed here."""
    try:
        return load_provider(session.about.site, home)
    except SettingsError:
        return None


@click.command(
    cls=Command,
    name="show",
    examples="""
    cdp-relay record show recordings/chatgpt/plain
    """,
)
@_folder
@_json
def show(folder: Path, as_json: bool) -> int:
    """Say what is in a recording: when and how it was made, and how much of what it holds."""
    from cdp_relay.cli.record_figures import echo_figures
    from cdp_relay.recording.figures import figures_of

    session = _read(folder)
    if as_json:
        marks = {mark.name: mark.at for mark in session.marks}
        figures = attrs.asdict(figures_of(session))
        print_json({"about": attrs.asdict(session.about), "marks": marks, "figures": figures}, indent=2)
    else:
        echo_figures(session)
    return 0


@click.command(
    cls=Command,
    name="pack",
    examples="""
    cdp-relay record pack recordings/chatgpt/plain
    """,
)
@_folder
def pack(folder: Path) -> int:
    """Pack a recording's files (zstd); every command reads a packed one as well."""
    return _changed(folder, packed=True)


@click.command(
    cls=Command,
    name="unpack",
    examples="""
    cdp-relay record unpack recordings/chatgpt/plain
    """,
)
@_folder
def unpack(folder: Path) -> int:
    """Make a packed recording's files plain, to look at them in an editor or in DevTools."""
    return _changed(folder, packed=False)


def _changed(folder: Path, *, packed: bool) -> int:
    from cdp_relay.recording.folder import pack_recording, unpack_recording

    _check_there(folder)
    before = _size(folder)
    (pack_recording if packed else unpack_recording)(folder)
    click.echo(f"{folder}: {before / 1e6:.2f} MB, now {_size(folder) / 1e6:.2f} MB")
    return 0


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _check_there(folder: Path) -> None:
    if not folder.is_dir():
        raise RecordingInvalid(f"There is no folder {folder}.", next_step="Name the folder of a recording.")


def _read(folder: Path) -> Session:
    from cdp_relay.recording.folder import read_recording

    _check_there(folder)
    return read_recording(folder)
