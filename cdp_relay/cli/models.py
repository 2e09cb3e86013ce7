"""``cdp-relay models``: the labels that a client can name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import attrs
import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.settings import Home, LoadedSettings

__all__ = ["listed_models", "models"]

_REFRESH_SECONDS = 600.0
"""Every site's page is opened, one after the other."""


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay models
    cdp-relay models --json
    cdp-relay models --refresh chatgpt
    cdp-relay models --refresh chatgpt@work
    """,
)
@click.option(
    "--refresh",
    is_flag=False,
    flag_value="all",
    metavar="[SITE]",
    help="First open the sites' own menus (or that of SITE) and read what they offer; nothing is sent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(refresh: str | None, as_json: bool) -> None:
    """List the models that a client can name, without touching the browser unless told to.

    SITE stands for the site's own choice of a model, SITE/MODEL for one of its models, and SITE@PROFILE
    for the site in a further browser profile. A chain stands for several of them. Any other name goes
    to the default site. A model that only the site's own menu had is marked with '+', one
    that the menu does not let choose now with '-'.
    """
    home, loaded = given_settings()
    rows = listed_models(home, loaded, refresh)
    if as_json:
        from cdp_relay.cli.output import print_json

        print_json(rows, indent=2)
        return
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        state = f"   ({row['state']})" if row["state"] not in (None, "unknown", "ready") else ""
        mark = "-" if row.get("available") is False else "+" if row.get("source") == "site" else " "
        click.echo(f"{mark} {row['id']:<{width}}  {row['title']}{state}")


def listed_models(home: Home, loaded: LoadedSettings, refresh: str | None = None) -> list[dict[str, Any]]:
    """What the running service lists, or would list if it ran: the site's label first, then its models.

    Args:
      refresh: the site whose own menu is read first, or ``all``.
    """
    return _running_models(home, refresh) or _offered_models(home, loaded, refresh)


def _running_models(home: Home, refresh: str | None) -> list[dict[str, Any]]:
    from cdp_relay.cli.client import failure_of, find_service

    service = find_service(home)
    if service is None:
        return []
    query = f"?refresh={quote(refresh)}" if refresh else ""
    status, listed = service.get(f"/v1/models{query}", timeout=_REFRESH_SECONDS if refresh else 10.0)
    if status != 200:
        raise failure_of(listed)
    for site, failure in listed.get("cdp_relay", {}).get("not_refreshed", {}).items():
        _say_failed(site, failure["message"])
    return [
        {"id": model["id"], "site": model["owned_by"], **model.get("cdp_relay", {})}
        for model in listed["data"]
    ]


def _offered_models(home: Home, loaded: LoadedSettings, refresh: str | None) -> list[dict[str, Any]]:
    import trio

    from cdp_relay.chat.offering import load_offering

    if refresh:
        trio.run(_look_up, home, loaded, refresh)
    return [
        {
            "id": model.id,
            "site": model.site,
            "title": model.title,
            "state": None,
            "source": model.source,
            "available": model.available,
        }
        for model in load_offering(home, loaded.settings).models()
    ]


async def _look_up(home: Home, loaded: LoadedSettings, refresh: str) -> None:
    from cdp_relay.chat.labels import DEFAULT_PROFILE, split_desk
    from cdp_relay.chat.relay import open_relay
    from cdp_relay.cli.logs import set_up_logs

    set_up_logs(attrs.evolve(loaded.settings.log, level="error"))
    # The first profile's browser is not needed to look at a site in another one.
    lazy = split_desk(refresh)[1] != DEFAULT_PROFILE
    async with open_relay(loaded.settings, home, lazy=lazy) as relay:
        failures = await relay.look_up_models(None if refresh == "all" else refresh)
    for site, error in failures.items():
        _say_failed(site, error.message)


def _say_failed(site: str, message: str) -> None:
    click.echo(f"{site}: {message}", err=True)
