"""``cdp-relay doctor --site``: how a site's definition fits the page that it serves today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import click
import trio

from cdp_relay.chat.labels import DEFAULT_PROFILE, split_desk
from cdp_relay.chat.profiles import profile_chrome, settings_of_desk
from cdp_relay.chat.registry import load_provider
from cdp_relay.cli.client import find_service
from cdp_relay.cli.logs import set_up_logs
from cdp_relay.cli.output import plain, print_json
from cdp_relay.settings import Home, LogSettings, Settings

__all__ = ["doctor_site"]

_COLOURS = {"ok": "green", "fallback": "yellow", "several": "yellow", "missing": "red", "unchecked": None}
_WEIGHT_COLOURS = {"breaks": "red", "notable": "yellow", "minor": None}


def doctor_site(home: Home, settings: Settings, site: str, *, ask: bool, as_json: bool) -> int:
    """Look at a site, print what was found, and return the exit code.

    The running service is asked where there is one, because it holds the profile; otherwise a browser
    is started for the look.

    Raises:
      RelayError: there is no such site, or its page could not be opened.
    """
    name, profile = split_desk(site)
    load_provider(name, home)  # a wrong name or file is told before anything is started
    profile_chrome(settings, profile)
    service = find_service(home) if home.key_file.exists() else None
    if service is not None:
        report = service.post(f"/v1/sites/{site}/examine", {"ask": ask})
    else:
        set_up_logs(LogSettings(level="error"))
        report = trio.run(_look, home, settings, site, ask)
    report["reference"] = _against_reference(home, name, report)
    if as_json:
        print_json(report, indent=2)
    else:
        _print_report(home, report)
    return 0 if report["ok"] else 1


async def _look(home: Home, settings: Settings, site: str, ask: bool) -> dict[str, Any]:
    from cdp_relay.chat.relay import open_relay

    name, profile = split_desk(site)
    alone = attrs.evolve(settings_of_desk(settings, name, profile), sites={})
    # The first profile's browser is not needed to look at a site in another one.
    async with open_relay(alone, home, lazy=profile != DEFAULT_PROFILE) as relay:
        report = await relay.examine(site, ask=ask)
    return {**attrs.asdict(report), "ok": report.ok}


def _against_reference(home: Home, site: str, report: Mapping[str, Any]) -> dict[str, Any] | None:
    """How the page differs from the newest recording of the site; None where there is none."""
    from cdp_relay.recording.comparing import compare_report, reference

    found = reference(home, site)
    if found is None:
        return None
    about = found.session.about
    return {
        "folder": str(found.folder),
        "recorded_on": about.recorded_on,
        "scenario": about.scenario,
        "differences": [attrs.asdict(one) for one in compare_report(found.session, report)],
    }


# --- for people ------------------------------------------------------------------------------------


def _print_report(home: Home, report: Mapping[str, Any]) -> None:
    click.echo(f"{report['title']}  {plain(report['url'])}")
    if report["state"] is not None:
        click.echo(f"  {click.style('state', fg='red')}  {report['state']}: {plain(report['message'])}")
    elif report["answered"]:
        click.echo("  the question was answered")
    for name, value in report["stamps"].items():
        click.echo(f"  build  {name} = {plain(value) if value is not None else '(not on the page)'}")
    width = max((len(finding["key"]) for finding in report["findings"]), default=0)
    for finding in report["findings"]:
        word = click.style(f"{finding['verdict']:<9}", fg=_COLOURS[finding["verdict"]])
        click.echo(f"  {word}  {finding['key']:<{width}}  {_explain(finding)}")
    for drift in report["drifts"]:
        word = click.style("unknown  ", fg="yellow")
        click.echo(f"  {word}  {plain(drift['kind'])} ×{drift['count']}: {plain(drift['detail'])}")
    if report["reference"] is not None:
        _print_reference(report["reference"])
    for finding in report["findings"]:
        if finding["verdict"] == "missing":
            _print_mend(home, report["site"], finding)
    click.echo()
    click.echo(
        "The definition fits the page." if report["ok"] else "Mend what is missing and run this again."
    )


def _print_reference(reference: Mapping[str, Any]) -> None:
    click.echo()
    date, scenario = reference["recorded_on"], plain(reference["scenario"])
    differences = reference["differences"]
    if not differences:
        click.echo(f"As it was recorded on {date} ({scenario}).")
        return
    click.echo(f"Since it was recorded on {date} ({scenario}):")
    for one in differences:
        word = click.style(f"{one['weight']:<9}", fg=_WEIGHT_COLOURS[one["weight"]])
        click.echo(f"  {word}  {plain(one['sentence'])}")


def _explain(finding: Mapping[str, Any]) -> str:
    note = plain(finding["note"])
    rank = finding["rank"]
    if rank is None:
        return note or f"none of {len(finding['alternatives'])} alternatives matches"
    matched = finding["alternatives"][rank]
    words = [plain(matched["selector"])]
    if finding["verdict"] != "ok":
        words.append(
            f"(alternative {rank + 1} of {len(finding['alternatives'])}, {matched['usable']} usable)"
        )
    return " ".join([*words, note]).strip()


def _print_mend(home: Home, site: str, finding: Mapping[str, Any]) -> None:
    table, _, key = finding["key"].rpartition(".")
    path = home.providers / f"{site}.toml"
    click.echo()
    mend = click.style("mend:", bold=True)
    if not finding["candidates"]:
        click.echo(f"  {mend} find it with the browser's inspector, and put its selector first in {path}:")
    else:
        click.echo(f"  {mend} one of these may be it; put it first in {path}:")
        for candidate in finding["candidates"]:
            click.echo(f"        {plain(candidate['selector'])}   ({', '.join(candidate['because'])})")
    click.echo()
    click.echo(f"        [{table}]")
    if key.endswith("[0]"):
        # A list of lists, which "..." does not reach into.
        click.echo(f"        {key.removesuffix('[0]')} = ...   # as 'cdp-relay provider show {site}' has it")
        return
    best = next((candidate["selector"] for candidate in finding["candidates"]), "YOUR SELECTOR")
    quotes = "'''"
    click.echo(f'        {key} = [{quotes}{plain(best)}{quotes}, "..."]   # "..." keeps the built-in ones')
