"""``cdp-relay decode``: what a site's decoder makes of a saved answer stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import click

from cdp_relay.cli.app import Command
from cdp_relay.cli.output import print_json
from cdp_relay.settings import Home

__all__ = ["decode"]

_PIECE = 1 << 20


@click.command(
    cls=Command,
    examples="""
    cdp-relay decode chatgpt answer.sse
    cdp-relay decode chatgpt answer.sse --chunk 1       # the same, byte by byte
    cdp-relay decode chatgpt refusal.json --status 403  # a body that came with an error status
    cdp-relay decode practice - < answer.sse
    """,
)
@click.argument("site")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--chunk",
    type=click.IntRange(min=0),
    default=0,
    metavar="BYTES",
    help="Feed the decoder so many bytes at a time; 0 feeds all at once.",
)
@click.option(
    "--status",
    type=click.IntRange(100, 599),
    default=200,
    metavar="CODE",
    help="The HTTP status that the body came with.",
)
def decode(site: str, file: BinaryIO, chunk: int, status: int) -> None:
    """Print, as one JSON object, what SITE's decoder makes of a saved answer stream.

    The object holds text, reasoning, finish_reason, conversation_id, message_id, model, title,
    error and drift (forms that the decoder does not know). How the file is cut never changes it.
    """
    from cdp_relay.chat.decode import decode_stream
    from cdp_relay.chat.registry import load_provider

    provider = load_provider(site, Home.locate())
    decoded = decode_stream(provider, _pieces(file, chunk), status=status)
    print_json(decoded)


def _pieces(file: BinaryIO, chunk: int) -> Iterator[bytes]:
    if chunk == 0:
        yield file.read()
        return
    # Read in larger pieces than are fed: a byte a time is asked of the decoder, not of the disk.
    held = b""
    while piece := file.read(_PIECE):
        held += piece
        whole = len(held) - len(held) % chunk
        for start in range(0, whole, chunk):
            yield held[start : start + chunk]
        held = held[whole:]
    if held:
        yield held
