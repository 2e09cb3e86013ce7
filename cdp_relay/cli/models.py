"""``cdp-relay models``: the labels that a client can name."""

from __future__ import annotations

from typing import Any

import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.settings import Home, Settings

__all__ = ["models"]


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay models
    cdp-relay models --json
    """,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(as_json: bool) -> None:
    """List the models that a client can name, without touching the browser.

    SITE stands for the site's own choice of a model, SITE/MODEL for one of its models. Any other
    name goes to the default site.
    """
    home, loaded = given_settings()
    rows = _running_models(home) or _offered_models(home, loaded.settings)
    if as_json:
        from cdp_relay.cli.output import print_json

        print_json(rows, indent=2)
        return
    width = max((len(row["id"]) for row in rows), default=0)
    for row in rows:
        state = f"   ({row['state']})" if row["state"] not in (None, "unknown", "ready") else ""
        click.echo(f"{row['id']:<{width}}  {row['title']}{state}")


def _running_models(home: Home) -> list[dict[str, Any]]:
    from cdp_relay.cli.client import find_service

    service = find_service(home)
    if service is None:
        return []
    _, listed = service.get("/v1/models")
    return [
        {"id": model["id"], "site": model["owned_by"], **model.get("cdp_relay", {})}
        for model in listed["data"]
    ]


def _offered_models(home: Home, settings: Settings) -> list[dict[str, Any]]:
    from cdp_relay.chat.registry import load_registry

    rows = []
    for name, provider in load_registry(home, settings).providers.items():
        offers = [(name, provider.site.title)]
        offers += [(f"{name}/{offer.id}", offer.label or offer.id) for offer in provider.site.models]
        rows += [{"id": label, "site": name, "title": title, "state": None} for label, title in offers]
    return rows
