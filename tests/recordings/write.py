"""Record the replicas: ``python -m tests.recordings.write [SITE [SCENARIO]]``.

Each of the contract's scenarios that is recorded plays on the live replica, through the relay, in a tab with
the real recorder; what it heard is redacted, checked, made lean, packed and put in its place.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path
from typing import Any

import attrs
import structlog
import trio

from cdp_relay.chat.relay import open_relay
from cdp_relay.recording.driving.diary import Diary
from cdp_relay.recording.driving.keeping import clean
from cdp_relay.recording.driving.scenarios import Scenario as Driven
from cdp_relay.recording.folder import pack_recording, write_recording
from cdp_relay.recording.recorder import open_recorder
from cdp_relay.recording.session import Keep, Session
from cdp_relay.settings import ChatSettings, ChromeSettings, Home, Settings, SiteSettings
from cdp_relay.testing.served import ServedSite
from cdp_relay.testing.web import LocalWeb, open_local_web
from tests.chat.conftest import LIMITS
from tests.contract.scenarios import RECORDED, SCENARIOS, Scenario
from tests.contract.stage import begin
from tests.recordings.shelf import RECORDED_SITES, folder_of
from tests.recordings.stages import RecordedStage
from tests.sites.kit import ChatSite

__all__ = ["main"]

_KEPT: tuple[Keep, ...] = ("prompt", "answer")
"""They are ours, as the replicas are."""
_LOOKED_AT = "plain_answer"
"""How the definition fits the page is much to tell, and the same in all of a site's scenarios."""


def main() -> None:
    """Record what the command line names, or everything."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("site", nargs="?", choices=[kind.name for kind in RECORDED_SITES])
    arguments.add_argument("scenario", nargs="?", choices=RECORDED)
    wanted = arguments.parse_args()
    kinds = [kind for kind in RECORDED_SITES if wanted.site in (None, kind.name)]
    scenarios = [one for one in SCENARIOS if one.name in RECORDED and wanted.scenario in (None, one.name)]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with open_local_web() as web:
        trio.run(_record_all, web, kinds, scenarios)
        if failures := web.take_failures():
            raise SystemExit(failures)


async def _record_all(web: LocalWeb, kinds: list[type[ChatSite[Any]]], scenarios: list[Scenario]) -> None:
    async with trio.open_nursery() as nursery:
        for kind in kinds:
            nursery.start_soon(_record_site, web, kind, scenarios)


async def _record_site(web: LocalWeb, kind: type[ChatSite[Any]], scenarios: list[Scenario]) -> None:
    kind.bundle_page()
    for scenario in scenarios:
        with tempfile.TemporaryDirectory() as temporary:
            await _record(web, kind(), scenario, Path(temporary))


async def _record(web: LocalWeb, site: ChatSite[Any], scenario: Scenario, folder: Path) -> None:
    home = Home(config=folder, state=folder)
    settings = Settings(
        chrome=ChromeSettings(attach=web.chrome.http_url),
        chat=ChatSettings(sites=(site.name,)),
        limits=LIMITS,
        sites={site.name: SiteSettings(gap_seconds=0, per_hour=0)},
    )
    served = ServedSite(
        name=site.name, site=site, origin=f"https://{site.hosts[0]}", chrome=web.chrome, home=home
    )
    with web.serve(site):
        begin(site.name, site)
        async with (
            served.open_context() as (connection, context),
            open_relay(settings, home, browser_context_id=context) as relay,
            relay.loan(site.name) as loan,
        ):
            async with open_recorder(loan.tab) as recorder:
                driven = Driven(name=scenario.name, title=scenario.title, prompts=())
                diary = Diary(
                    loan=loan,
                    recorder=recorder,
                    scenario=driven,
                    driven_by="relay",
                    on_step=lambda step: print(f"{site.name} {scenario.name}: {step}", flush=True),
                )
                await loan.open()
                await diary.open()
                await diary.step("empty")
                await scenario.act(
                    RecordedStage(
                        name=site.name,
                        site=site,
                        relay=relay,
                        connection=connection,
                        context=context,
                        loan=loan,
                        diary=diary,
                    )
                )
                await recorder.settle()
                await diary.step("done")
            session = diary.session()
            await trio.to_thread.run_sync(_keep, site, scenario, session, relay.providers[site.name])


def _keep(site: ChatSite[Any], scenario: Scenario, session: Session, provider: Any) -> None:
    if scenario.name != _LOOKED_AT:
        session = attrs.evolve(session, looks=())
    cleaned = clean(session, provider, keep=_KEPT, lean=True)
    folder = folder_of(site.name, scenario.name)
    write_recording(folder, cleaned.session, replace=True)
    pack_recording(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {size} bytes", flush=True)


if __name__ == "__main__":
    main()
