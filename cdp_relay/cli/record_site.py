"""Record a site: the work of ``cdp-relay record SITE``."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, cast

import attrs
import click
import trio

from cdp_relay.chat.contract import Provider
from cdp_relay.chat.labels import DEFAULT_PROFILE, split_desk
from cdp_relay.chat.profiles import profile_chrome, settings_of_desk
from cdp_relay.chat.registry import load_provider
from cdp_relay.chrome.machine import Machine
from cdp_relay.cli.client import find_service
from cdp_relay.cli.logs import set_up_logs
from cdp_relay.cli.output import print_json
from cdp_relay.cli.record_figures import echo_figures
from cdp_relay.cli.record_person import TerminalPerson
from cdp_relay.errors import ProfileInUse, SettingsError, UnsupportedValue
from cdp_relay.nursery import open_nursery
from cdp_relay.recording.driving.by_hand import record_by_hand
from cdp_relay.recording.driving.driven import record_scenario
from cdp_relay.recording.driving.keeping import Cleaned, clean
from cdp_relay.recording.driving.places import check_place, check_writable, default_folder, put_aside
from cdp_relay.recording.driving.scenarios import Scenario, find_scenario
from cdp_relay.recording.figures import figures_of
from cdp_relay.recording.folder import write_recording
from cdp_relay.recording.session import Keep, Session
from cdp_relay.settings import ChromeSettings, Home, LogSettings, Settings

__all__ = ["RecordWishes", "record_site"]


@attrs.frozen(kw_only=True)
class RecordWishes:
    """What the command line says."""

    site: str
    scenario: str
    output: Path | None
    keep: tuple[str, ...]
    prompt: str | None
    by_hand: bool
    lean: bool
    replace: bool
    as_json: bool


def record_site(home: Home, settings: Settings, wishes: RecordWishes) -> int:
    """Record, redact, check, write, and say what came of it.

    Raises:
      RelayError: a wish makes no sense, the site could not be recorded, or the recording is not clean.
    """
    name, profile = split_desk(wishes.site)
    scenario = _scenario(wishes)
    provider = load_provider(name, home)
    chrome = profile_chrome(settings, profile)
    folder = wishes.output or default_folder(home, name, scenario.name)
    # Before anything is started: what was recorded should not be lost for a wrong word.
    keeps_older = wishes.output is None and not wishes.replace
    if keeps_older:
        check_writable(folder)
    else:
        check_place(folder, replace=wishes.replace)
    _check_free(home, chrome, wishes)
    set_up_logs(LogSettings(level="error"))
    session = trio.run(_record, home, settings, scenario, wishes)
    cleaned = _cleaned(session, provider, settings, wishes)
    older = put_aside(folder) if keeps_older else None
    try:
        write_recording(folder, cleaned.session, replace=wishes.replace)
    except BaseException:
        if older is not None:
            older.rename(folder)
        raise
    _tell(folder, older, cleaned, wishes)
    return 0


def _scenario(wishes: RecordWishes) -> Scenario:
    from cdp_relay.cli.record import SUBCOMMANDS

    site, _ = split_desk(wishes.site)
    if site in SUBCOMMANDS:
        raise SettingsError(
            f"'cdp-relay record {site}' is a command, so a site of that name cannot be recorded.",
            next_step="Give the provider's files another name.",
        )
    scenario = find_scenario(wishes.scenario)
    if not scenario.driven and not wishes.by_hand:
        raise SettingsError(
            f"The relay cannot bring about {scenario.title}; only you can.", next_step="Add --by-hand."
        )
    if wishes.prompt is not None and not wishes.prompt.strip():
        raise SettingsError("The prompt is empty.", next_step="Leave --prompt out, or say something.")
    if wishes.prompt is not None and wishes.by_hand:
        raise SettingsError("By hand you type what you like.", next_step="Leave --prompt or --by-hand out.")
    if wishes.prompt is not None:
        return attrs.evolve(scenario, prompts=(wishes.prompt, *scenario.prompts[1:]))
    return scenario


def _check_free(home: Home, chrome: ChromeSettings, wishes: RecordWishes) -> None:
    """See that the profile is free, and that there can be a window where one is needed."""
    if not chrome.attach and find_service(home) is not None:
        raise ProfileInUse(
            "The service runs on the profile, and a recording needs it for itself.",
            next_step="Stop the service, record, and start it again.",
        )
    if wishes.by_hand and not chrome.attach and (chrome.headless or not Machine().has_display):
        raise UnsupportedValue(
            "There is no display, so there can be no window for you to drive."
            if not chrome.headless
            else "chrome.headless is set, so there is no window for you to drive.",
            param="by_hand",
            next_step="Use a machine with a display and leave chrome.headless unset, or leave --by-hand out.",
        )


# --- recording -----------------------------------------------------------------------------------


async def _record(home: Home, settings: Settings, scenario: Scenario, wishes: RecordWishes) -> Session:
    from cdp_relay.chat.relay import open_relay

    name, profile = split_desk(wishes.site)
    sites = {key: one for key, one in settings.sites.items() if key == name}
    alone = attrs.evolve(settings_of_desk(settings, name, profile), sites=sites)
    interrupted = trio.Event()
    with trio.open_signal_receiver(signal.SIGINT) as signals:
        async with open_nursery() as nursery:

            async def heed_signals() -> None:
                await anext(signals)
                interrupted.set()
                _say("Ending; what was recorded is kept. Once more (Ctrl+C) keeps nothing.")
                await anext(signals)
                raise KeyboardInterrupt

            nursery.start_soon(heed_signals)
            async with open_relay(alone, home, lazy=profile != DEFAULT_PROFILE) as relay:
                if wishes.by_hand:
                    person = TerminalPerson(interrupted)
                    session = await record_by_hand(relay, wishes.site, scenario, person, on_step=_on_step)
                else:
                    session = await record_scenario(
                        relay, wishes.site, scenario, on_step=_on_step, interrupted=interrupted
                    )
            nursery.cancel_scope.cancel()
    return session


def _on_step(step: str) -> None:
    _say(f"recorded  {step}")


def _say(line: str) -> None:
    """Tell the person, beside what programs read."""
    click.echo(line, err=True)


# --- what came of it -----------------------------------------------------------------------------


def _cleaned(session: Session, provider: Provider, settings: Settings, wishes: RecordWishes) -> Cleaned:
    _say("redacting, and checking what is left ...")
    keep = cast(tuple[Keep, ...], wishes.keep)
    return clean(session, provider, keep=keep, own=settings.journal.redact, lean=wishes.lean)


def _tell(folder: Path, older: Path | None, cleaned: Cleaned, wishes: RecordWishes) -> None:
    about, figures = cleaned.session.about, figures_of(cleaned.session)
    if wishes.as_json:
        print_json(
            {
                "folder": str(folder),
                "older": str(older) if older is not None else None,
                "about": attrs.asdict(about),
                "figures": attrs.asdict(figures),
                "redacted": dict(cleaned.counts),
                "clean": True,
            },
            indent=2,
        )
        return
    echo_figures(cleaned.session)
    _echo_counts(cleaned.counts)
    kept = ", ".join(about.kept)
    click.echo(f"  kept       {kept or 'neither prompt, answer nor files'}")
    click.echo("  check      clean: nothing was found that would tell of you")
    if older is not None:
        click.echo(f"  older      moved to {older}")
    click.echo(f"  folder     {folder}")
    click.echo("\nLook at it before you share it: cdp-relay record show, or its files in an editor.")


def _echo_counts(counts: Any) -> None:
    if counts:
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        click.echo(f"  replaced   {told}")
