"""``cdp-relay connect``: what a client needs to use the relay, printed or written."""

from __future__ import annotations

import difflib
from pathlib import Path
from urllib.parse import urlsplit

import click

from cdp_relay.cli.app import Command, program_name
from cdp_relay.cli.clients import (
    CLIENTS,
    Client,
    Endpoint,
    FileEdit,
    Places,
    Plan,
    Unmergeable,
    Unreadable,
    fresh,
    undo_edit,
    write_edit,
)
from cdp_relay.cli.clients.shell import exports
from cdp_relay.cli.clients.writing import read_text
from cdp_relay.errors import SettingsError
from cdp_relay.settings import Home, LoadedSettings, load_settings

__all__ = ["connect"]


@click.command(
    cls=Command,
    examples="""
    cdp-relay connect                          # the clients it knows
    cdp-relay connect opencode                 # what to put where
    cdp-relay connect opencode --write         # puts it there, with a backup beside it
    cdp-relay connect claude-code --write --dir . --model chatgpt
    cdp-relay connect codex --undo             # the newest backup goes back
    """,
)
@click.argument("client", required=False)
@click.option(
    "--model", "-m", metavar="LABEL", help="Model that the client asks for; the default site if not given."
)
@click.option(
    "--write", is_flag=True, help="Write the client's own settings files, with a backup beside them."
)
@click.option("--undo", is_flag=True, help="Put back the newest backup of the client's settings files.")
@click.option(
    "--dir",
    "folder",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Settings of the project in this folder instead of the user's.",
)
@click.option("--no-key", is_flag=True, help="Name the variable CDP_RELAY_API_KEY instead of the key itself.")
@click.option(
    "--base-url", metavar="URL", help="The relay's address, where the client has to use another one."
)
def connect(
    client: str | None,
    model: str | None,
    write: bool,
    undo: bool,
    folder: Path | None,
    no_key: bool,
    base_url: str | None,
) -> None:
    """Print what CLIENT needs to use the relay, or write it into its settings; without CLIENT list them.

    Writing adds to what is there and changes nothing else, comments included. A file that is broken, or
    whose form does not allow that, is left alone.
    """
    if write and undo:
        raise click.UsageError("--write and --undo exclude each other.")
    if client is None:
        if write or undo:
            raise click.UsageError("Which client?")
        _print_clients()
        return
    found = _find(client)
    if folder is not None and not found.project:
        raise click.UsageError(f"{found.title} takes these settings for a user only, not for one folder.")
    places = Places.here(folder and folder.absolute())
    if undo:
        _undo(found, found.plan(Endpoint(root="", key="", model=""), places))
        return
    home = Home.locate()
    loaded = load_settings(home)
    root = _root(home, loaded, base_url)
    plan = found.plan(
        Endpoint(root=root, key=_key(home, no_key), model=_model(home, loaded, model)),
        places,
    )
    if write:
        _write(found, plan)
    else:
        _print_plan(found, plan)
    _print_rest(plan, no_key=no_key)
    if folder is not None and any(edit.secret for edit in plan.edits):
        click.echo(
            "The key is in that folder's files: keep them out of version control, or use --no-key.", err=True
        )


# --- what is known of the relay ------------------------------------------------------------------


def _find(name: str) -> Client:
    wanted = name.lower().replace("_", "-").replace(" ", "-")
    if wanted in CLIENTS:
        return CLIENTS[wanted]
    near = difflib.get_close_matches(wanted, CLIENTS, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise click.UsageError(f"There is no client {name!r}.{hint} There are: {', '.join(CLIENTS)}.")


def _key(home: Home, no_key: bool) -> str | None:
    if no_key:
        return None
    from cdp_relay.api.key import read_or_create_key

    return read_or_create_key(home)[0]


def _root(home: Home, loaded: LoadedSettings, given: str | None) -> str:
    from cdp_relay.cli.running import read_running

    if given is not None:
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise click.UsageError(f"--base-url {given!r} is no address such as http://localhost:3003.")
        return given.rstrip("/").removesuffix("/v1")
    running = read_running(home)
    if running is not None:
        return running.base_url.removesuffix("/v1")
    server = loaded.settings.server
    if server.port == 0:
        raise SettingsError(
            "The service does not run, and server.port = 0 gives it another address at every start.",
            next_step="Start it with 'cdp-relay up' first, or set server.port.",
        )
    host = f"[{server.host}]" if ":" in server.host else server.host
    click.echo("The service does not run now; 'cdp-relay up' starts it.", err=True)
    return f"http://{host}:{server.port}"


def _model(home: Home, loaded: LoadedSettings, given: str | None) -> str:
    from cdp_relay.cli.models import listed_models

    rows = listed_models(home, loaded)
    if given is None:
        return _default_site(home, loaded)
    labels = [row["id"] for row in rows]
    if given not in labels and given.rpartition(":")[0] not in labels:
        near = difflib.get_close_matches(given, labels, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        click.echo(
            f"The relay lists no model {given!r}: such a name goes to the default site, or may be refused."
            f"{hint} 'cdp-relay models' lists them.",
            err=True,
        )
    return given


def _default_site(home: Home, loaded: LoadedSettings) -> str:
    """The site that a label of no site goes to, as the running service says, or would say."""
    from cdp_relay.chat.offering import load_offering
    from cdp_relay.cli.client import find_service

    service = find_service(home)
    if service is not None:
        _, state = service.get("/ready")
        return str(state["default_site"])
    return load_offering(home, loaded.settings).routing.default_label()


# --- doing it --------------------------------------------------------------------------------------


def _write(client: Client, plan: Plan) -> None:
    if not plan.edits:
        raise click.UsageError(
            f"{client.title} has no file to write: 'cdp-relay connect {client.name}' says what to do."
        )
    for edit in plan.edits:
        _checked(client, edit, dry=True)
    for edit in plan.edits:
        _checked(client, edit, dry=False)


def _checked(client: Client, edit: FileEdit, *, dry: bool) -> None:
    """Write one file, or only find out whether it can be, so that of several none is written alone."""
    by_hand = f"add by hand what 'cdp-relay connect {client.name}' prints"
    try:
        written = write_edit(edit, dry=dry)
    except Unreadable as error:
        raise SettingsError(
            f"{edit.path} is broken at {error}. Nothing was written.",
            next_step=f"Mend that place and run this again, or {by_hand}.",
        ) from None
    except Unmergeable as error:
        raise SettingsError(
            f"{edit.path} cannot be added to: {error}. Nothing was written.", next_step=f"Please {by_hand}."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{edit.path} cannot be written: {error.strerror or error}.",
            next_step=f"Check who owns it and its folder, or {by_hand}.",
        ) from None
    if dry:
        return
    if not written.changed:
        click.echo(f"unchanged  {written.path}   (it has all of this already)")
    elif written.backup is None:
        click.echo(f"written    {written.path}   (new)")
    else:
        click.echo(f"written    {written.path}   (before: {written.backup.name})")


def _undo(client: Client, plan: Plan) -> None:
    restored = 0
    for edit in plan.edits:
        try:
            backup = undo_edit(edit.path)
        except OSError as error:
            raise SettingsError(
                f"{edit.path} cannot be written: {error.strerror or error}.",
                next_step="Check who owns it and its folder.",
            ) from None
        if backup is not None:
            restored += 1
            click.echo(f"restored   {edit.path}   (from {backup.name})")
    if not restored:
        raise SettingsError(
            f"There is no backup of {client.title}'s settings here.",
            next_step="A file that was not there before has none: delete what was added by hand.",
        )


# --- what is printed -------------------------------------------------------------------------------


def _print_clients() -> None:
    width = max(map(len, CLIENTS))
    for name, client in CLIENTS.items():
        click.echo(f"{name:<{width}}  {client.title}: {client.about}")
    click.echo("\n'cdp-relay connect CLIENT' says what to put where; with --write it is put there.")


def _print_plan(client: Client, plan: Plan) -> None:
    for edit in plan.edits:
        try:
            there = read_text(edit.path) is not None
        except (OSError, Unreadable):
            there = True
        click.echo(click.style(f"{edit.path}{'   (add to what is there)' if there else ''}", bold=True))
        click.echo("\n" + fresh(edit))
    if plan.edits:
        click.echo(f"'cdp-relay connect {client.name} --write' puts that there.\n")


def _print_rest(plan: Plan, *, no_key: bool) -> None:
    lines = exports(plan.environment, program=program_name() if no_key else None)
    if lines:
        click.echo(click.style("In the shell that it is started from:", bold=True))
        click.echo("".join(f"  {line}\n" for line in lines))
    for index, step in enumerate(plan.steps):
        click.echo(step if index == 0 else f"  {step}")
    if plan.steps:
        click.echo()
    if plan.run:
        click.echo(f"{click.style('start', bold=True)}  {plan.run}")
    click.echo(f"{click.style('check', bold=True)}  {plan.check}")
    for note in plan.notes:
        click.echo(f"{click.style('note', bold=True)}   {note}")
