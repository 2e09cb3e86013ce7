"""``cdp-relay top``: the running service as it goes, until somebody presses q."""

from __future__ import annotations

import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from cdp_relay.cli.app import Command
from cdp_relay.settings import Home

if TYPE_CHECKING:
    from cdp_relay.cli.client import ServiceClient

__all__ = ["top"]

_AGAIN_SECONDS = 1.0
"""From one try to reach a service that is gone to the next; also how often ages are redrawn."""


@click.command(
    cls=Command,
    examples="""
    cdp-relay top
    cdp-relay top --once
    cdp-relay top --json | jq .turns
    """,
)
@click.option("--once", is_flag=True, help="Print one picture and end; so it is where stdout is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print what there is to see as JSON, once.")
def top(once: bool, as_json: bool) -> int:
    """Watch the running service: its browsers, sites, tabs, queue and turns, and the last that ended.

    q ends it. Exits with 1 when no service runs.
    """
    from cdp_relay.cli.client import find_service_or_say
    from cdp_relay.cli.output import print_json

    home = Home.locate()
    service = find_service_or_say(home, as_json=as_json)
    if service is None:
        return 1
    if as_json:
        print_json({"running": True, **_present(service)}, indent=2)
    elif once or not sys.stdout.isatty():
        from rich.console import Console

        from cdp_relay.cli.top_frame import TopFrame

        frame = TopFrame(status=_present(service), now=time.time(), base_url=service.running.base_url)
        Console(soft_wrap=False).print(frame)
    else:
        _watch(home, service)
    return 0


def _present(service: ServiceClient) -> dict[str, Any]:
    from cdp_relay.cli.client import failure_of

    code, body = service.get("/v1/status")
    if code != 200:
        raise failure_of(body)
    present: dict[str, Any] = body
    return present


def _watch(home: Home, service: ServiceClient) -> None:
    """Draw each push until a key ends it."""
    from rich.console import Console
    from rich.live import Live

    from cdp_relay.cli.keys import pressed_keys
    from cdp_relay.cli.top_frame import TopFrame

    frame = TopFrame(
        status=_present(service),
        now=time.time(),
        base_url=service.running.base_url,
        footer="q ends this view, and nothing else",
    )
    news: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_follow, args=(home, service, news), daemon=True).start()
    console = Console()
    import attrs

    with (
        pressed_keys(lambda key: news.put({"key": key})),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(attrs.evolve(frame, now=time.time(), height=console.height), refresh=True)
            try:
                piece = news.get(timeout=_AGAIN_SECONDS)
            except queue.Empty:
                continue
            if piece.get("key") in ("q", "Q", "\x03"):
                return
            if "key" not in piece:
                frame = attrs.evolve(frame, **piece)


def _follow(home: Home, first: ServiceClient, news: queue.Queue[dict[str, Any]]) -> None:
    """Pass on what the service pushes; when it is gone, wait for the next one."""
    import http.client

    from cdp_relay.cli.client import find_service
    from cdp_relay.errors import RelayError

    service: ServiceClient | None = first
    while True:
        why = "the service does not run"
        if service is not None:
            try:
                for event, body in service.events("/v1/status?stream=1"):
                    if event == "status":
                        news.put({"status": body, "lost": "", "base_url": service.running.base_url})
                why = "the service ended"
            except (OSError, http.client.HTTPException, RelayError) as error:
                why = str(error) or type(error).__name__
        news.put({"lost": f"This is what was: {why}. It is looked for again."})
        time.sleep(_AGAIN_SECONDS)
        service = find_service(home)
