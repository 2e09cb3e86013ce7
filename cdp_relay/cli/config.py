"""``cdp-relay config``: every setting, its value, its default and where it came from."""

from __future__ import annotations

import json
import os
from typing import Any

import attrs
import click

from cdp_relay.cli.options import SettingsCommand, given_settings
from cdp_relay.cli.output import print_json
from cdp_relay.settings import TABLES, Home, LoadedSettings, setting_fields

__all__ = ["config", "unknown_variables"]

# The second is what clients' settings name for the key: see cli/clients/plan.
_OTHER_VARIABLES = frozenset({"CDP_RELAY_HOME", "CDP_RELAY_API_KEY"})


@click.command(
    cls=SettingsCommand,
    examples="""
    cdp-relay config                       # all settings; those that were set are marked
    cdp-relay config path                  # the file to write them in
    cdp-relay config --port 4000 --json    # what a command would see with this flag
    CDP_RELAY_CHAT_TABS=2 cdp-relay config
    """,
)
@click.argument("what", type=click.Choice(["show", "path"]), default="show", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def config(what: str, as_json: bool) -> None:
    """Show every setting: its value, its default and where it came from.

    A setting can stand in config.toml (under [section]), in the environment
    (CDP_RELAY_SECTION_NAME) or on the command line (--section-name); the later wins.
    """
    if what == "path":
        path = Home.locate().config_file
        if as_json:
            print_json({"path": str(path), "exists": path.exists()})
        else:
            click.echo(path)
        return
    home, loaded = given_settings()
    rows = _rows(loaded)
    unknown = unknown_variables()
    if as_json:
        report = {
            "config_file": str(home.config_file),
            "config_file_exists": home.config_file.exists(),
            "state_folder": str(home.state),
            "settings": {row.pop("name"): row for row in rows},
            "unknown_variables": unknown,
        }
        print_json(report, indent=2)
        return
    _print_table(home, rows)
    for name in unknown:
        click.echo(f"There is no setting for the environment variable {name}.", err=True)


def unknown_variables() -> list[str]:
    """Environment variables that look like settings and are none."""
    known = {field.variable for field in setting_fields()} | _OTHER_VARIABLES
    return sorted(name for name in os.environ if name.startswith("CDP_RELAY_") and name not in known)


def _rows(loaded: LoadedSettings) -> list[dict[str, Any]]:
    rows = []
    for field in setting_fields():
        section, _, name = field.name.partition(".")
        value = getattr(getattr(loaded.settings, section), name)
        rows.append(
            {
                "name": field.name,
                "value": value,
                "default": field.default,
                "origin": loaded.origins[field.name],
                "variable": field.variable,
                "type": field.type_name,
                "doc": field.doc,
            }
        )
    for table in TABLES:
        for name, settings in getattr(loaded.settings, table).items():
            rows += _named_rows(f"{table}.{name}", settings, loaded)
    return rows


def _named_rows(prefix: str, settings: Any, loaded: LoadedSettings) -> list[dict[str, Any]]:
    """What was set under one name of ``[sites]``, ``[profiles]`` or ``[chains]``."""
    return [
        {
            "name": f"{prefix}.{attribute.name}",
            "value": getattr(settings, attribute.name),
            "default": attribute.default,
            "origin": loaded.origins[f"{prefix}.{attribute.name}"],
            "variable": None,
            "type": None,
            "doc": attribute.metadata["doc"],
        }
        for attribute in attrs.fields(type(settings))
        if f"{prefix}.{attribute.name}" in loaded.origins
    ]


def _print_table(home: Home, rows: list[dict[str, Any]]) -> None:
    state = "" if home.config_file.exists() else " (not there)"
    click.echo(f"settings file  {home.config_file}{state}")
    click.echo(f"kept in        {home.state}\n")
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        changed = row["origin"] != "default"
        value = _toml(row["value"])
        note = f"   # {row['origin']}; default {_toml(row['default'])}" if changed else ""
        click.echo(click.style(f"{row['name']:<{width}} = {value}{note}", bold=changed))


def _toml(value: Any) -> str:
    if value is None:
        return "(not set)"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(json.dumps(item, ensure_ascii=False) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
