"""``cdp-relay status``: how the running service, its browser and its sites are."""

from __future__ import annotations

from typing import Any

import click

from cdp_relay.chat.labels import DEFAULT_PROFILE
from cdp_relay.cli.app import Command
from cdp_relay.settings import Home

__all__ = ["status"]


@click.command(
    cls=Command,
    examples="""
    cdp-relay status
    cdp-relay status --json
    """,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> int:
    """Say how the running service, its browser and its sites are. Exits with 1 when none runs."""
    from cdp_relay.cli.client import find_service_or_say
    from cdp_relay.cli.output import print_json

    service = find_service_or_say(Home.locate(), as_json=as_json)
    if service is None:
        return 1
    _, state = service.get("/ready")
    running = service.running
    if as_json:
        print_json({"running": True, "pid": running.pid, "base_url": running.base_url, **state}, indent=2)
    else:
        click.echo(f"service  {running.base_url}, process {running.pid}, {_span(state['uptime_seconds'])}")
        for browser in state["browsers"] or [state["browser"]]:
            click.echo(f"browser  {_browser(browser)}")
        journal = state.get("journal")
        if journal is not None:
            click.echo(f"journal  {_journal(journal)}")
        for site in state["sites"]:
            click.echo(f"{'site':<7}  {_site(site, state['default_site'])}")
    return 0


def _browser(browser: dict[str, Any]) -> str:
    whose = "" if browser["profile"] == DEFAULT_PROFILE else f"of {browser['profile']}: "
    if browser["state"] == "unused":
        return f"{whose}not started, as no request has needed it yet"
    if browser["version"] is None:
        return f"{whose}{browser['state']}"
    window = "no window" if browser["headless"] else "with a window"
    process = f"process {browser['pid']}" if browser["owned"] else "attached"
    return f"{whose}Chrome {browser['version']}, {browser['state']}, {window}, {process}"


def _journal(journal: dict[str, Any]) -> str:
    if journal["state"] == "failing":
        lost = f"; {journal['dropped']} requests were not kept" if journal["dropped"] else ""
        return f"failing since {journal['since']}: {journal['error']}{lost}"
    aside = f"; a broken one is in {journal['set_aside']}" if journal["set_aside"] else ""
    return f"{journal['state']}, {journal['bytes'] / 1e6:.1f} MB{aside}"


def _site(site: dict[str, Any], default: str) -> str:
    words = [f"{site['name']}: {site['state'].replace('_', ' ')}"]
    if site["tabs"]:
        words.append(f"{site['busy']} of {site['tabs']} tabs busy")
    if site["waiting"]:
        words.append(f"{site['waiting']} waiting")
    if site["until"]:
        words.append(f"until {site['until']}")
    if site["next_at"]:
        words.append(f"next prompt at {site['next_at']}")
    if site["name"] == default:
        words.append("default")
    if site["drifts"]:
        words.append("drifted: " + ", ".join(f"{one['kind']} ×{one['count']}" for one in site["drifts"]))
    words += [
        f"{rest['model'] or 'its own choice'} rests until {rest['until']}" for rest in site["resting_models"]
    ]
    return ". ".join([", ".join(words), *(one for one in (site["message"], site["next_step"]) if one)])


def _span(seconds: float) -> str:
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours:
        return f"up {hours} h {minutes % 60} min"
    return f"up {minutes} min" if minutes else f"up {int(seconds)} s"
