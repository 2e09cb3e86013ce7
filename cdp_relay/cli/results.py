"""``cdp-relay results``: what became of each request, out of the journal alone."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.errors import InvalidRequest, NotFound, RelayError, SettingsError
from cdp_relay.settings import Home, Settings

if TYPE_CHECKING:
    from cdp_relay.store import JournalReader, StoredTurn, TurnFilter

__all__ = ["results"]

_STATES = ["running", "finished", "stopped", "failed", "lost"]
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


class _Moment(click.ParamType[float]):
    """A moment: so long ago (``2h``), or a date, with a time or without."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Unix seconds."""
        if isinstance(value, float):
            return value
        ago = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", str(value).strip())
        if ago is not None:
            return time.time() - float(ago[1]) * _UNITS[ago[2]]
        try:
            return datetime.fromisoformat(str(value).strip()).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is neither so long ago (90m, 2h, 3d) nor a date (2026-11-21T16:30).", param, ctx
            )


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay results                          # the newest requests
    cdp-relay results --state failed --since 2h
    cdp-relay results --search 'unit test'     # in what was sent and in the answers
    cdp-relay results show 3f9c                # everything of one; the beginning of its id is enough
    cdp-relay results show                     # of the newest
    cdp-relay results show 3f9c --text         # its answer alone
    cdp-relay results export --since 7d > requests.jsonl
    cdp-relay results remove 3f9c
    cdp-relay results remove --before 30d
    """,
)
@click.argument("what", type=click.Choice(["list", "show", "export", "remove"]), default="list")
@click.argument("id_", metavar="ID", required=False)
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@click.option("--site", metavar="SITE", help="Only those of this site; SITE@PROFILE for one profile alone.")
@click.option("--since", type=_Moment(), metavar="WHEN", help="Only those since then: 2h, 3d, or a date.")
@click.option("--before", type=_Moment(), metavar="WHEN", help="Only those before then.")
@click.option("--search", metavar="TEXT", help="Only those with this text in what was sent or answered.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="How many to list; 20 when not given.")
@click.option("--text", "text_only", is_flag=True, help="With show: print the answer alone.")
@click.option("--full", is_flag=True, help="With show: what was sent as a whole, however long.")
@click.option("--all", "everything", is_flag=True, help="With remove: all requests, and all kept responses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def results(
    what: str,
    id_: str | None,
    state: str | None,
    site: str | None,
    since: float | None,
    before: float | None,
    search: str | None,
    limit: int | None,
    text_only: bool,
    full: bool,
    everything: bool,
    as_json: bool,
) -> int:
    """List requests and what became of them, show one with its timeline and its answer, or remove some.

    Reads the journal's file, whether or not the service runs. ID is a request's id as any dialect has it
    (req_..., chatcmpl-..., resp_..., msg_...), or the beginning of its part that all have in common. export
    prints one JSON object a line, the oldest request first.
    """
    from cdp_relay.store import TurnFilter

    home, loaded = given_settings()
    if id_ is not None and what in ("list", "export"):
        raise click.UsageError(f"{what} takes no ID; 'results show {id_}' shows one request.")
    which = TurnFilter(site=site, state=state, since=since, until=before, text=search)
    if what == "remove":
        if everything == (id_ is not None or which != TurnFilter()):
            raise click.UsageError("remove takes an ID, or --all, or what to choose by (--before 30d).")
        return _remove(home, loaded.settings, id_, which, everything=everything, as_json=as_json)
    with _reader(home, loaded.settings) as reader:
        if what == "show":
            return _show(home, _find(reader, id_, which), text_only=text_only, full=full, as_json=as_json)
        if what == "export":
            return _export(reader, which)
        return _list(home, reader, which, limit or 20, as_json=as_json)


@contextmanager
def _reader(home: Home, settings: Settings) -> Generator[JournalReader, None, None]:
    """The journal, or clear words why there is none."""
    from cdp_relay.store import open_reader

    try:
        with open_reader(home.journal_file) as reader:
            yield reader
    except FileNotFoundError:
        if not settings.journal.enabled:
            message = "The journal is turned off (journal.enabled), so nothing is known of past requests."
            raise SettingsError(message, next_step="Set journal.enabled to true.") from None
        raise NotFound(
            f"There is no journal yet ({home.journal_file}).",
            next_step="It is made with the first start of the service: 'cdp-relay up'.",
        ) from None
    except (sqlite3.Error, ValueError) as error:
        raise _unreadable(home, error) from None


def _unreadable(home: Home, error: Exception) -> RelayError:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return RelayError(
            f"Another program holds the journal {home.journal_file}.",
            next_step="Close what has it open, and try again.",
        )
    return RelayError(
        f"The journal {home.journal_file} cannot be read: {error}.",
        next_step="The next start of the service sets a broken file aside and begins a new one.",
    )


def _find(reader: JournalReader, id_: str | None, which: TurnFilter) -> StoredTurn:
    if id_ is None:
        newest = reader.turns(which, limit=1)
        if not newest:
            raise NotFound("No such request is kept.", next_step="'cdp-relay results' lists what is kept.")
        id_ = str(newest[0].id)
    turn = reader.turn(id_, beginning=True)
    if turn is None:
        short = " It takes four characters of an id at least." if len(id_) < 4 else ""
        raise NotFound(
            f"No request {id_!r} is kept.{short}",
            next_step="'cdp-relay results' lists what is kept; old requests are removed (journal.days).",
        )
    return turn


def _show(home: Home, turn: StoredTurn, *, text_only: bool, full: bool, as_json: bool) -> int:
    from cdp_relay.api.requests.shown import request_object
    from cdp_relay.cli.output import print_json
    from cdp_relay.cli.results_page import turn_page
    from cdp_relay.cli.running import read_running

    if as_json:
        print_json(request_object(turn), indent=2)
    elif text_only:
        # As bytes: nothing is left out or translated on the way to a file.
        click.echo(turn.text.encode("utf-8", "replace"), nl=not turn.text.endswith("\n"))
        return 0 if turn.summary.state == "finished" else 1
    else:
        click.echo(turn_page(turn, full=full, in_service=read_running(home) is not None))
    return 0


def _list(home: Home, reader: JournalReader, which: TurnFilter, limit: int, *, as_json: bool) -> int:
    from cdp_relay.api.requests.shown import summary_object
    from cdp_relay.cli.output import print_json
    from cdp_relay.cli.results_page import summary_lines
    from cdp_relay.cli.running import read_running

    found = reader.turns(which, limit=limit + 1)
    shown = found[:limit]
    if as_json:
        print_json([summary_object(summary) for summary in shown], indent=2)
        return 0
    if not shown:
        click.echo("No such request is kept." if reader.turns(limit=1) else "No request is kept yet.")
        return 0
    for line in summary_lines(shown, in_service=read_running(home) is not None):
        click.echo(line)
    if len(found) > limit:
        click.echo(f"(There are more: --limit {limit * 5}, --since, --search, ...)", err=True)
    return 0


def _export(reader: JournalReader, which: TurnFilter) -> int:
    from cdp_relay.api.requests.shown import request_object
    from cdp_relay.cli.output import print_json

    for key in reversed(reader.keys(which)):
        found = reader.row_and_turn(key)
        if found is not None:
            print_json(request_object(found[1]))
    return 0


def _remove(
    home: Home, settings: Settings, id_: str | None, which: TurnFilter, *, everything: bool, as_json: bool
) -> int:
    from cdp_relay.cli.output import print_json
    from cdp_relay.store import open_to_remove, remove_responses, remove_turns

    with _reader(home, settings) as reader:
        if id_ is not None:
            turn = _find(reader, id_, which)
            if turn.summary.ended_at is None:
                raise InvalidRequest(
                    f"{turn.summary.id} is not over.", next_step="Stop it first, or wait for its end."
                )
            keys = [turn.summary.key]
        else:
            keys = reader.keys(which)
    try:
        with open_to_remove(home.journal_file) as connection:
            gone = remove_turns(connection, keys)
            if everything:
                remove_responses(connection)
    except sqlite3.Error as error:
        raise _unreadable(home, error) from None
    if as_json:
        print_json({"removed": gone})
    else:
        click.echo(f"Removed {gone} {'request' if gone == 1 else 'requests'}.")
    return 0
