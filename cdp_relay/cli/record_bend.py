"""``cdp-relay record bend``: recordings bent for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import click

from cdp_relay.cli.app import Command
from cdp_relay.cli.output import plain
from cdp_relay.errors import InvalidRequest
from cdp_relay.recording.bending import Bending, Place
from cdp_relay.recording.bending import bend as begin
from cdp_relay.recording.folder import read_recording, write_recording

__all__ = ["bend"]


@attrs.frozen(kw_only=True)
class _Bends:
    """What is to be done, as it was typed."""

    at: str | None
    number: int
    turn: int
    cut: str | None
    end: str | None
    hold: str | None
    delay: float | None
    from_chunk: int
    duplicate: str | None
    drop: str | None
    status: int | None
    body: str
    headers: tuple[str, ...]
    swap: str | None


@click.command(
    cls=Command,
    name="bend",
    examples="""
    cdp-relay record bend FOLDER -o cut --cut 300            # the answer breaks off behind byte 300
    cdp-relay record bend FOLDER -o slow --delay 5 --from-chunk 10
    cdp-relay record bend FOLDER -o refused --status 429 --header 'retry-after: 30'
    cdp-relay record bend FOLDER -o twice --duplicate event:7
    cdp-relay record bend FOLDER -o other --swap 'Another answer.'
    """,
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="NEW",
    help="Where to write the bent recording.",
)
@click.option(
    "--at",
    metavar="REQUEST",
    help="What to bend: 'POST /path', '/path' or HOST/path, with * for anything; the one that brought the "
    "answer when left out.",
)
@click.option("--number", default=1, show_default=True, metavar="K", help="Which of the requests that match.")
@click.option("--turn", default=1, show_default=True, metavar="N", help="Which answer of the recording.")
@click.option(
    "--cut", metavar="PLACE", help="Break the connection at a byte, before chunk:J or before event:J."
)
@click.option("--end", metavar="PLACE", help="The same, as if the answer were whole.")
@click.option("--hold", metavar="PLACE", help="Let the answer come up to there, and never end.")
@click.option("--delay", type=float, metavar="SECONDS", help="Let the answer come so much later.")
@click.option("--from-chunk", default=0, metavar="J", help="Let it come later from this chunk on.")
@click.option(
    "--duplicate", metavar="PART", help="Tell chunk:J or event:J twice; 'request' answers once more."
)
@click.option("--drop", metavar="PART", help="Leave out chunk:J or event:J; 'request' leaves out the whole.")
@click.option("--status", type=int, metavar="CODE", help="Answer with this status.")
@click.option("--body", default="", metavar="TEXT", help="Of the answer with another status.")
@click.option("--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="Of the same; repeatable.")
@click.option("--swap", metavar="TEXT", help="Let the answer be this text, its frames counted anew.")
@click.option("--replace", is_flag=True, help="Replace a recording that is there.")
def bend(folder: Path, output: Path, replace: bool, **bends: Any) -> int:
    """Bend a recording into one of what the site might have done, for tests. Several bends are done in this
    order: swap, status, drop, duplicate, delay, cut, end, hold. Chunks and events are counted from 0.
    """
    session = read_recording(folder)
    bent = _bent(begin(session), _Bends(**bends)).session
    notes = bent.about.notes[len(session.about.notes) :]
    if not notes:
        raise _wrong("Nothing is to be bent; --help lists what can be.", param="bend")
    write_recording(output, bent, replace=replace)
    for note in notes:
        click.echo(f"  {plain(note)}")
    click.echo(f"written to {plain(str(output))}")
    return 0


def _bent(bending: Bending, bends: _Bends) -> Bending:
    if (bends.body or bends.headers) and bends.status is None:
        raise _wrong("--body and --header go with another --status.", param="status")
    if bends.number != 1 and bends.at is None:
        raise _wrong("--number says which of the requests that match --at.", param="at")
    if bends.from_chunk and bends.delay is None:
        raise _wrong("--from-chunk says from where on a --delay counts.", param="delay")
    if bends.swap is not None:
        bending = bending.swap(bends.swap, turn=bends.turn)
    asked = (bends.status, bends.drop, bends.duplicate, bends.delay, bends.cut, bends.end, bends.hold)
    if all(one is None for one in asked):
        return bending
    if bends.drop == "request" and sum(one is not None for one in asked) > 1:
        raise _wrong("A request that is left out cannot be bent as well.", param="drop")
    # Found once: what is bent may not be found by its answer any more.
    first = bending.at(bends.at, bends.number) if bends.at is not None else bending.answer(bends.turn)

    def place() -> Place:
        return Place(bending.session, first.index)

    if bends.status is not None:
        bending = place().status(bends.status, bends.body, tuple(map(_header, bends.headers)))
    if bends.drop is not None:
        bending = place().drop(**_part(bends.drop))
    if bends.duplicate is not None:
        bending = place().duplicate(**_part(bends.duplicate))
    if bends.delay is not None:
        bending = place().delay(bends.delay, chunk=bends.from_chunk)
    if bends.cut is not None:
        bending = place().cut(**_place(bends.cut))
    if bends.end is not None:
        bending = place().cut(**_place(bends.end), breaks=False)
    if bends.hold is not None:
        bending = place().hold(**_place(bends.hold))
    return bending


def _wrong(message: str, *, param: str) -> InvalidRequest:
    return InvalidRequest(message, param=param, next_step="See 'cdp-relay record bend --help'.")


def _place(text: str) -> dict[str, Any]:
    """``300``, ``chunk:4`` or ``event:7``."""
    kind, colon, number = text.rpartition(":")
    if not (number.isascii() and number.isdigit()) or (colon and kind not in ("chunk", "event")):
        raise _wrong(
            f"{text!r} is no place: it is a byte (300), a chunk (chunk:4) or an event (event:7).", param="at"
        )
    return {kind or "at": int(number)}


def _part(text: str) -> dict[str, Any]:
    """``chunk:4``, ``event:7`` or ``request``."""
    if text == "request":
        return {}
    if ":" not in text:
        raise _wrong(
            f"{text!r} is no part: it is a chunk (chunk:4), an event (event:7) or 'request'.", param="at"
        )
    return _place(text)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise _wrong(f"{text!r} is no header: write 'NAME: VALUE'.", param="header")
    return name.strip(), value.strip()
