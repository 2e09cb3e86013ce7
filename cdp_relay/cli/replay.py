"""``cdp-relay replay``: a recording, served at its true address on this machine."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdp_relay.cli.app import Command
from cdp_relay.errors import PortTaken

if TYPE_CHECKING:
    from cdp_relay.recording.replay import ReplayedSite
    from cdp_relay.recording.serving import SiteServer
    from cdp_relay.recording.session import Session

__all__ = ["replay"]


def _speed(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """A number above 0, or ``full``, which is 0."""
    if value == "full":
        return 0.0
    try:
        speed = float(value)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise click.BadParameter(f"{value!r} is neither a number above 0 nor 'full'.", ctx, param)
    return speed


@click.command(
    cls=Command,
    examples="""
    cdp-relay replay recordings/chatgpt/plain                   # prints how a Chrome finds it
    cdp-relay replay recordings/chatgpt/plain --open            # opens one, on a profile to throw away
    cdp-relay replay recordings/chatgpt/plain --relay           # the relay's service, on the replayed page
    cdp-relay replay saved.har --speed full
    """,
)
@click.argument("recording", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    callback=_speed,
    default="1",
    show_default=True,
    metavar="NUMBER|full",
    help="1 is as recorded, 2 twice as fast; 'full' waits for nothing.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="NUMBER",
    help="Where the recording is served, on this machine only; 0 takes a free one.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in a Chrome on a profile to throw away.")
@click.option("--relay", "relays", is_flag=True, help="Run the relay's service on the replayed page.")
@click.option("--storage", is_flag=True, help="With --open: put the recorded local storage back first.")
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A whole recording that has the files which a lean one left out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON when ready, and one per request.")
def replay(
    recording: Path,
    speed: float,
    port: int,
    opens: bool,
    relays: bool,
    storage: bool,
    code: Path | None,
    as_json: bool,
) -> int:
    """Serve a recording (FOLDER, or a .har file) so that a Chrome finds it at its true address.

    The recorded page's own scripts run there and hear what they heard. Nothing goes out to the site. Each
    request is printed as it is answered, and what the recording cannot answer is listed with the nearest
    that it has. Ctrl+C ends it.
    """
    if opens and relays:
        raise click.UsageError("--open and --relay each start a Chrome; choose one.")
    if storage and not opens:
        raise click.UsageError("--storage is about the page that --open opens.")
    from cdp_relay.cli.replay_browser import open_page, run_relay, serve_alone
    from cdp_relay.cli.replay_told import ReplayTeller
    from cdp_relay.recording.replay import ReplayedSite, code_from

    session = _read(recording)
    teller = ReplayTeller(as_json=as_json)
    site = ReplayedSite(
        session,
        speed=speed,
        code=code_from(_read(code)) if code is not None else None,
        listen=teller.tell_asked,
    )
    with _serving(site, port) as server:

        def tell_ready() -> None:
            teller.tell_ready(site, server)

        if relays:
            tell_ready()
            result = run_relay(site, server, as_json=as_json)
        elif opens:
            start = site.start_url if storage else site.page_url
            result = open_page(server, start, ready=tell_ready, tell=teller.say)
        else:
            result = serve_alone(tell_ready)
    teller.tell_end(site, server.failures)
    return result


def _read(path: Path) -> Session:
    from cdp_relay.recording.folder import read_recording
    from cdp_relay.recording.har import read_har

    return read_har(path) if path.is_file() else read_recording(path)


@contextmanager
def _serving(site: ReplayedSite, port: int) -> Generator[SiteServer]:
    from cdp_relay.chrome import port_holder
    from cdp_relay.recording.serving import SiteServer

    server = SiteServer([site], port=port)
    try:
        server.start()
    except OSError as error:
        holder = port_holder(port)
        raise PortTaken(f"Port {port} cannot be had: {holder or error.strerror or error}.") from error
    try:
        yield server
    finally:
        server.stop()
